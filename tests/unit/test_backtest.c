/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/backtest.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 600, DAY = 144, WEEK = 7 * DAY, N_Q = 3, N_H = 3 };

static const double levels[N_Q] = {0.5, 0.9, 0.95};
static const int32_t horizons[N_H] = {1, 2, 3};
static const fsc_backtest_config plain = {.request = {N_H, horizons, N_Q, levels}};

static double noise(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53 - 0.5;
}

static fsc_series made(double (*at)(size_t i), size_t n)
{
    double *y = FSC_NEW(arena, n, double, &err);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < n; i++)
        y[i] = at(i);
    return (fsc_series){.id = "s", .start = 1704067200, .step_s = STEP_S, .n = n, .values = y};
}

static double daily(size_t i)
{
    return 100 + 60 * sin(6.283185307179586 * (double)i / DAY) + 4 * noise(i);
}

static double random_walk(size_t i)
{
    static double level;
    level = i ? level + noise(i) : 1000;
    return level;
}

static double weekly(size_t i)
{
    return 100 + 50 * sin(6.283185307179586 * (double)i / WEEK * 13) + noise(i);
}

static fsc_backtest run(const fsc_series *s, const fsc_backtest_config *cfg)
{
    fsc_backtest b;
    OK(fsc_backtest_run(&b, s, cfg, arena, &err));
    return b;
}

START_TEST(the_last_value_s_scores_are_those_of_plain_arithmetic)
{
    fsc_series s = made(daily, 20 * DAY);
    fsc_backtest b = run(&s, &plain);
    size_t from = 7 * DAY, n = 0;
    double absolute = 0, actual = 0, symmetric = 0, scale = 0;
    for (size_t i = DAY; i < from; i++)
        scale += fabs(s.values[i] - s.values[i - DAY]) / (double)(from - DAY);
    for (size_t o = from; o + 3 < s.n; o++, n++) {
        double e = fabs(s.values[o + 2] - s.values[o]);
        absolute += e;
        actual += s.values[o + 2];
        symmetric += 200 * e / (s.values[o + 2] + s.values[o]);
    }
    const fsc_scores *last = &b.at[1].by[FSC_BASELINE_LAST_VALUE];
    ck_assert_uint_eq(last->n, n);
    ck_assert_int_eq(b.first, s.start + 7 * FSC_DAY_S);
    ck_assert_double_eq_tol(b.scale, scale, 1e-9);
    /* The quantiles are past errors, whose median is near 0 but not it. */
    ck_assert_double_eq_tol(last->mase, absolute / (double)n / scale, 0.05 * last->mase);
    ck_assert_double_eq_tol(last->wape, absolute / actual, 0.05 * last->wape);
    ck_assert_double_eq_tol(last->smape, symmetric / (double)n, 0.05 * last->smape);
    ck_assert_double_eq_tol(last->coverage[1], 0.9, 0.03);
}
END_TEST

START_TEST(the_best_baseline_is_the_one_that_fits)
{
    static const struct world {
        double (*at)(size_t i);
        fsc_baseline best;
    } worlds[] = {{random_walk, FSC_BASELINE_LAST_VALUE}, {weekly, FSC_BASELINE_WEEK}};
    fsc_series s = made(worlds[_i].at, 30 * DAY);
    fsc_backtest b = run(&s, &plain);
    ck_assert_int_eq(b.all.best, worlds[_i].best);
    for (size_t k = 0; k < b.n_horizons; k++) {
        const fsc_backtest_at *at = &b.at[k];
        ck_assert_double_eq_tol(at->skill,
                                1 - at->by[FSC_METHOD_MODEL].mase / at->by[at->best].mase, 1e-12);
    }
}
END_TEST

START_TEST(a_model_that_is_a_baseline_has_its_scores)
{
    fsc_series s = made(random_walk, 20 * DAY);
    fsc_backtest_config cfg = plain;
    cfg.model = "last_value";
    fsc_backtest b = run(&s, &cfg);
    ck_assert_str_eq(b.method[FSC_METHOD_MODEL], "last_value");
    for (size_t k = 0; k < b.n_horizons; k++) {
        const fsc_scores *own = &b.at[k].by[FSC_METHOD_MODEL],
                         *last = &b.at[k].by[FSC_BASELINE_LAST_VALUE];
        ck_assert_double_eq(own->mase, last->mase);
        ck_assert_mem_eq(own->pinball, last->pinball, N_Q * sizeof(double));
        ck_assert_double_eq(b.at[k].skill, 0);
    }
}
END_TEST

START_TEST(the_default_model_has_skill_on_a_daily_course_and_its_levels_hold)
{
    fsc_series s = made(daily, 30 * DAY);
    fsc_backtest b = run(&s, &plain);
    ck_assert_str_eq(b.method[FSC_METHOD_MODEL], "mix");
    ck_assert_double_gt(b.all.skill, 0.1);
    ck_assert_double_eq_tol(b.all.by[FSC_METHOD_MODEL].coverage[2], 0.95, 0.03);
    ck_assert_ptr_null(b.hold);
    ck_assert_double_gt(b.gate_skill, 0.1);
    fsc_buf text;
    fsc_buf_init(&text, arena, 1024);
    fsc_backtest_say(&text, &b);
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&text), "mix beats the "));
}
END_TEST

START_TEST(the_future_does_not_count)
{
    fsc_series s = made(daily, 30 * DAY), cut = s;
    fsc_backtest whole = run(&s, &plain);
    cut.n -= DAY;
    fsc_backtest part = run(&cut, &plain);
    size_t offset = DAY; /* the shorter one begins a day sooner */
    for (size_t i = 0; i + offset < part.n_origins; i++) {
        ck_assert_int_eq(part.record[i + offset].t, whole.record[i].t);
        ck_assert_mem_eq(part.record[i + offset].v, whole.record[i].v, N_Q * sizeof(double));
    }
}
END_TEST

START_TEST(gaps_are_not_scored)
{
    fsc_series s = made(daily, 20 * DAY);
    double *y = FSC_NEW(arena, s.n, double, &err);
    size_t gaps = 0;
    memcpy(y, s.values, s.n * sizeof *y);
    for (size_t i = 8 * DAY; i < 9 * DAY; i += 3, gaps++)
        y[i] = NAN;
    s.values = y;
    fsc_backtest b = run(&s, &plain);
    ck_assert_uint_eq(b.at[0].by[FSC_METHOD_MODEL].n, b.n_origins - gaps);
    ck_assert_double_finite(b.at[0].by[FSC_METHOD_MODEL].mase);
}
END_TEST

START_TEST(a_week_is_no_baseline_before_there_is_one)
{
    fsc_series s = made(daily, 8 * DAY);
    fsc_backtest b = run(&s, &plain);
    ck_assert_int_eq(b.first, s.start + 5 * FSC_DAY_S);
    ck_assert_uint_eq(b.at[0].by[FSC_BASELINE_WEEK].n, 0);
    ck_assert_double_nan(b.at[0].by[FSC_BASELINE_WEEK].mase);
    ck_assert_double_finite(b.at[0].skill);
}
END_TEST

START_TEST(too_short_a_series_says_what_it_needs)
{
    fsc_series s = made(daily, 5 * DAY);
    fsc_backtest b;
    ck_assert_int_eq(fsc_backtest_run(&b, &s, &plain, arena, &err), FSC_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "5d of history is too short"));
    ck_assert_ptr_nonnull(strstr(err.msg, "it needs 5d40m"));
}
END_TEST

START_TEST(a_constant_series_is_scored_without_a_scale)
{
    fsc_series s = made(daily, 20 * DAY);
    double *y = FSC_NEW(arena, s.n, double, &err);
    for (size_t i = 0; i < s.n; i++)
        y[i] = 7;
    s.values = y;
    fsc_backtest b = run(&s, &plain);
    ck_assert_double_nan(b.all.by[FSC_METHOD_MODEL].mase);
    ck_assert_double_eq_tol(b.all.by[FSC_METHOD_MODEL].wape, 0, 1e-9);
    fsc_buf text;
    fsc_buf_init(&text, arena, 1024);
    fsc_backtest_say(&text, &b);
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&text), "cannot be compared"));
}
END_TEST

START_TEST(horizons_to_show_ascend_to_the_furthest)
{
    static const struct shown {
        int32_t step_s;
        size_t to, n;
    } cases[] = {{60, 30, 7}, {300, 6, 6}, {300, 7, 7}, {600, 3, 3}, {3600, 672, 11}, {7000, 2, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fsc_forecast_request r = {0};
        OK(fsc_backtest_horizons(&r, cases[i].step_s, cases[i].to, arena, &err));
        ck_assert_uint_eq(r.n_horizons, cases[i].n);
        for (size_t k = 1; k < r.n_horizons; k++)
            ck_assert_int_gt(r.horizon[k], r.horizon[k - 1]);
        ck_assert_int_eq(r.horizon[r.n_horizons - 1], (int32_t)cases[i].to);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_last_value_s_scores_are_those_of_plain_arithmetic);
    tcase_add_loop_test(t, the_best_baseline_is_the_one_that_fits, 0, 2);
    tcase_add_test(t, a_model_that_is_a_baseline_has_its_scores);
    tcase_add_test(t, the_default_model_has_skill_on_a_daily_course_and_its_levels_hold);
    tcase_add_test(t, the_future_does_not_count);
    tcase_add_test(t, gaps_are_not_scored);
    tcase_add_test(t, a_week_is_no_baseline_before_there_is_one);
    tcase_add_test(t, too_short_a_series_says_what_it_needs);
    tcase_add_test(t, a_constant_series_is_scored_without_a_scale);
    tcase_add_test(t, horizons_to_show_ascend_to_the_furthest);
}

int main(void)
{
    return run_suite("backtest", add);
}
