/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/forecast.h"
#include "forescale/model.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { START = 1704067200, N_H = 3, N_Q = 4, ARENA_MIB = 512 };

static const int32_t horizons[N_H] = {1, 2, 6};
static const double levels[N_Q] = {0.1, 0.5, 0.9, 0.95};

static fsc_arena *arena;
static fsc_err err;

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, (size_t)ARENA_MIB << 20, &err), FSC_OK);
}

static void teardown(void)
{
    fsc_arena_close(arena);
}

/* A reproducible number in [0, 1) for i (splitmix64). */
static double noise(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Demand with a daily peak, a quieter weekend, and noise. */
static double demand(size_t i, int32_t step_s)
{
    double hours = (double)i * step_s / 3600.0;
    bool weekend = (size_t)(hours / 24) % 7 >= 5;
    double peak = 40 * exp(-0.5 * pow((fmod(hours, 24) - 13) / 2.5, 2));
    return (10 + peak) * (weekend ? 0.5 : 1) * (0.9 + 0.2 * noise(i));
}

static double *make(size_t n, int32_t step_s)
{
    double *y = FSC_NEW(arena, n, double, &err);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < n; i++)
        y[i] = demand(i, step_s);
    return y;
}

static fsc_series series(const double *y, size_t n, int32_t step_s)
{
    return (fsc_series){.id = "s", .start = START, .step_s = step_s, .n = n, .values = y};
}

static fsc_forecaster_config config(const char *model, int32_t step_s)
{
    return (fsc_forecaster_config){
        .id = "s", .model = model, .step_s = step_s, .request = {N_H, horizons, N_Q, levels}};
}

static fsc_forecaster *opened(const fsc_forecaster_config *cfg)
{
    fsc_forecaster *f;
    ck_assert_msg(fsc_forecaster_open(&f, cfg, arena, &err) == FSC_OK, "%s", err.msg);
    return f;
}

static void feed(fsc_forecaster *f, const fsc_series *s, size_t from, size_t to)
{
    fsc_series part = *s;
    part.start += (int64_t)from * s->step_s;
    part.values += from;
    part.n = to - from;
    ck_assert_msg(fsc_forecaster_feed(f, &part, &err) == FSC_OK, "%s", err.msg);
}

static fsc_forecast run(fsc_forecaster *f)
{
    fsc_forecast out;
    ck_assert_msg(fsc_forecaster_run(&out, f, arena, &err) == FSC_OK, "%s", err.msg);
    return out;
}

static fsc_forecast forecast(const char *model, const double *y, size_t n, int32_t step_s)
{
    const fsc_series s = series(y, n, step_s);
    const fsc_forecaster_config cfg = config(model, step_s);
    fsc_forecaster *f = opened(&cfg);
    feed(f, &s, 0, n);
    return run(f);
}

static void check_sound(const fsc_forecast *f)
{
    for (size_t h = 0; h < f->n_horizons; h++) {
        ck_assert_double_finite(f->mean[h]);
        ck_assert_double_ge(f->mean[h], 0);
        for (size_t j = 0; j < f->n_q; j++) {
            double v = f->v[h * f->n_q + j];
            ck_assert_double_finite(v);
            ck_assert_double_ge(v, j ? f->v[h * f->n_q + j - 1] : 0);
        }
    }
}

static void check_same(const fsc_forecast *a, const fsc_forecast *b)
{
    ck_assert_int_eq(a->origin, b->origin);
    ck_assert_mem_eq(a->mean, b->mean, a->n_horizons * sizeof *a->mean);
    ck_assert_mem_eq(a->v, b->v, a->n_horizons * a->n_q * sizeof *a->v);
    ck_assert_mem_eq(&a->skill, &b->skill, sizeof a->skill);
}

typedef struct saved {
    fsc_buf part[FSC_N_STATE_PARTS];
} saved;

static saved saved_state(const fsc_forecaster *f)
{
    saved s;
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++) {
        fsc_buf_init(&s.part[k], arena, (size_t)64 << 20);
        ck_assert_int_eq(fsc_forecaster_save(&s.part[k], f, k, &err), FSC_OK);
    }
    return s;
}

static fsc_status load_beside(fsc_forecaster *f, const saved *s, const fsc_series *history)
{
    fsc_saved_part parts[FSC_N_STATE_PARTS];
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++)
        parts[k] = (fsc_saved_part){fsc_buf_str(&s->part[k]), s->part[k].len};
    return fsc_forecaster_load(f, parts, history, &err);
}

static fsc_status load(fsc_forecaster *f, const saved *s)
{
    return load_beside(f, s, NULL);
}

static void check_same_bytes(const fsc_buf *x, const fsc_buf *y)
{
    ck_assert_uint_eq(x->len, y->len);
    ck_assert_mem_eq(fsc_buf_str(x), fsc_buf_str(y), x->len);
}

static void check_same_state(const fsc_forecaster *a, const fsc_forecaster *b)
{
    saved x = saved_state(a), y = saved_state(b);
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++)
        check_same_bytes(&x.part[k], &y.part[k]);
}

static const fsc_model_ops *model_at(int i)
{
    return fsc_models()[i];
}

static int model_count(void)
{
    int n = 0;
    while (model_at(n))
        n++;
    return n;
}

/* ---- every model on hard input ------------------------------------------------------------------
 */

enum { HARD_N = 3000 };

static void hard_zeros(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] = 0;
}

static void hard_sparse(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] = i % 97 == 0 ? 50 : 0;
}

static void hard_constant(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] = 7;
}

static void hard_step(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] = i < HARD_N - 100 ? 5 : 5000;
}

static void hard_gap(double *y)
{
    for (size_t i = 1000; i < 2200; i++)
        y[i] = NAN;
}

static void hard_fresh_gap(double *y)
{
    for (size_t i = HARD_N - 50; i < HARD_N; i++)
        y[i] = NAN;
}

static void hard_nan(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] = NAN;
}

static void hard_tiny(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] *= 1e-200;
}

static void hard_huge(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] *= 1e200;
}

static void hard_negative(double *y)
{
    for (size_t i = 0; i < HARD_N; i++)
        y[i] -= 30;
}

static void (*const hard[])(double *) = {
    hard_zeros,     hard_sparse, hard_constant, hard_step, hard_gap,
    hard_fresh_gap, hard_nan,    hard_tiny,     hard_huge, hard_negative,
};
enum { N_HARD = sizeof hard / sizeof *hard };
static const int32_t steps_s[] = {60, 300, 600, 1800, 3600, 7000, 86400};
enum { N_STEPS = sizeof steps_s / sizeof *steps_s };

START_TEST(every_model_is_sound_on_hard_input)
{
    int32_t step_s = steps_s[_i % N_STEPS];
    for (int m = 0; m < model_count(); m++) {
        double *y = make(HARD_N, step_s);
        hard[_i / N_STEPS](y);
        fsc_forecast f = forecast(model_at(m)->name, y, HARD_N, step_s);
        check_sound(&f);
    }
}
END_TEST

START_TEST(every_model_is_sound_on_short_input)
{
    static const size_t lengths[] = {1, 2, 3, 50, 288, 289, 600, 863, 864, 865, 2100};
    for (int m = 0; m < model_count(); m++) {
        double *y = make(lengths[_i], 300);
        fsc_forecast f = forecast(model_at(m)->name, y, lengths[_i], 300);
        check_sound(&f);
    }
}
END_TEST

START_TEST(constant_demand_is_forecast_as_it_is)
{
    double *y = make(HARD_N, 300);
    hard_constant(y);
    fsc_forecast f = forecast(model_at(_i)->name, y, HARD_N, 300);
    for (size_t h = 0; h < N_H; h++) {
        ck_assert_double_eq_tol(f.mean[h], 7, 0.01);
        ck_assert_double_eq_tol(f.v[h * N_Q + 3], 7, 0.05);
    }
}
END_TEST

/* ---- the state is a function of the history -----------------------------------------------------
 */

enum { LONG_N = 35 * 144 + 77, STEP_S = 600 };

START_TEST(pieces_and_saving_give_the_same_bytes)
{
    double *y = make(LONG_N, STEP_S);
    for (size_t i = 1500; i < 1700; i++)
        y[i] = NAN;
    const fsc_series s = series(y, LONG_N, STEP_S);
    const fsc_forecaster_config cfg = config(model_at(_i)->name, STEP_S);
    fsc_forecaster *whole = opened(&cfg), *pieces = opened(&cfg);
    saved stored = saved_state(pieces);
    feed(whole, &s, 0, LONG_N);
    for (size_t at = 0, n; at < LONG_N; at += n) {
        n = at < 3000 ? 250 : 37;
        n = at + n > LONG_N ? LONG_N - at : n;
        feed(pieces, &s, at, at + n);
        saved before = stored;
        stored = saved_state(pieces);
        if (fsc_forecaster_day_is_stored(pieces))
            check_same_bytes(&before.part[FSC_STATE_DAY], &stored.part[FSC_STATE_DAY]);
        pieces = opened(&cfg);
        ck_assert_msg(load_beside(pieces, &stored, at / n % 2 ? &s : NULL) == FSC_OK, "%s",
                      err.msg);
    }
    check_same_state(whole, pieces);
    fsc_forecast a = run(whole), b = run(pieces);
    check_same(&a, &b);
}
END_TEST

START_TEST(quantiles_are_the_same_without_a_mean)
{
    enum { N = 5 * 288 };
    const double *y = make(N, 300);
    const fsc_series s = series(y, N, 300);
    fsc_forecaster_config cfg = config(NULL, 300);
    const fsc_forecast with = forecast(NULL, y, N, 300);
    cfg.request.quantiles_only = true;
    fsc_forecaster *f = opened(&cfg);
    feed(f, &s, 0, N);
    const fsc_forecast without = run(f);
    ck_assert_ptr_nonnull(with.mean);
    ck_assert_ptr_null(without.mean);
    ck_assert_mem_eq(with.v, without.v, with.n_horizons * with.n_q * sizeof *with.v);
}
END_TEST

START_TEST(old_samples_are_ignored_and_left_out_ones_are_gaps)
{
    double *y = make(1000, STEP_S), *with_gap = make(1000, STEP_S);
    const fsc_series s = series(y, 1000, STEP_S), g = series(with_gap, 1000, STEP_S);
    const fsc_forecaster_config cfg = config("last_value", STEP_S);
    fsc_forecaster *a = opened(&cfg), *b = opened(&cfg);
    for (size_t i = 500; i < 600; i++)
        with_gap[i] = NAN;
    feed(a, &s, 0, 500);
    feed(a, &s, 300, 500);
    feed(a, &s, 600, 1000);
    feed(b, &g, 0, 1000);
    ck_assert_int_eq(fsc_forecaster_newest(a), START + 999 * STEP_S);
    check_same_state(a, b);
}
END_TEST

START_TEST(nothing_after_the_origin_counts)
{
    const size_t n = 20 * 144 + 50, origin = 18 * 144 + 31;
    double *y = make(n, STEP_S);
    const fsc_series s = series(y, n, STEP_S);
    const fsc_forecaster_config cfg = config(model_at(_i)->name, STEP_S);
    fsc_forecaster *walking = opened(&cfg), *cut = opened(&cfg);
    feed(walking, &s, 0, origin);
    fsc_forecast a = run(walking);
    feed(walking, &s, origin, n);
    feed(cut, &s, 0, origin);
    fsc_forecast b = run(cut);
    check_same(&a, &b);
}
END_TEST

START_TEST(a_scaled_series_has_a_scaled_forecast)
{
    const size_t n = 14 * 144 + 60;
    double *y = make(n, STEP_S);
    fsc_forecast a = forecast(model_at(_i)->name, y, n, STEP_S);
    for (size_t i = 0; i < n; i++)
        y[i] *= 1024;
    fsc_forecast b = forecast(model_at(_i)->name, y, n, STEP_S);
    for (size_t k = 0; k < N_H * N_Q; k++)
        ck_assert_double_eq_tol(b.v[k] / 1024, a.v[k], 1e-4 * (1 + a.v[k]));
}
END_TEST

START_TEST(states_of_another_kind_are_refused)
{
    double *y = make(700, STEP_S);
    const fsc_series s = series(y, 700, STEP_S);
    const fsc_forecaster_config cfg = config("last_value", STEP_S), other = config("mix", STEP_S);
    fsc_forecaster *f = opened(&cfg);
    feed(f, &s, 0, 500);
    saved state = saved_state(f), cut = state;
    ck_assert_int_eq(load(opened(&other), &state), FSC_DATA);
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++) {
        cut = state;
        for (cut.part[k].len = 0; cut.part[k].len < state.part[k].len; cut.part[k].len += 97)
            ck_assert_int_eq(load(opened(&cfg), &cut), FSC_DATA);
    }
    feed(f, &s, 500, 700);
    cut = saved_state(f);
    cut.part[FSC_STATE_DAY] = state.part[FSC_STATE_DAY];
    ck_assert_int_eq(load(opened(&cfg), &cut), FSC_DATA);
    const fsc_series later = {.start = START + (int64_t)700 * STEP_S, .step_s = STEP_S};
    ck_assert_int_eq(load_beside(opened(&cfg), &state, &later), FSC_DATA);
}
END_TEST

/* A store that keeps samples for less than a forecaster looks back. */
START_TEST(what_history_no_longer_reaches_back_to_is_a_gap)
{
    const size_t n = 20 * 144 + 50, first = 9 * 144 + 5, more = n + 3 * 144;
    double *y = make(more, STEP_S);
    const fsc_series s = series(y, more, STEP_S),
                     kept = fsc_series_cut(&s, START + (int64_t)first * STEP_S, INT64_MAX);
    const fsc_forecaster_config cfg = config(NULL, STEP_S);
    fsc_forecaster *f = opened(&cfg), *g = opened(&cfg), *anew = opened(&cfg);
    feed(f, &s, 0, n);
    saved state = saved_state(f);
    ck_assert_msg(load_beside(g, &state, &kept) == FSC_OK, "%s", err.msg);
    ck_assert_int_eq(fsc_forecaster_newest(g), fsc_forecaster_newest(f));
    fsc_forecast out = run(g);
    check_sound(&out);
    ck_assert_int_eq(fsc_forecaster_feed(g, &kept, &err), FSC_OK);
    ck_assert_int_eq(fsc_forecaster_feed(anew, &kept, &err), FSC_OK);
    saved a = saved_state(g), b = saved_state(anew);
    check_same_bytes(&a.part[FSC_STATE_PAST], &b.part[FSC_STATE_PAST]);
    check_same_bytes(&a.part[FSC_STATE_DAY], &b.part[FSC_STATE_DAY]);
}
END_TEST

/* ---- what it says -------------------------------------------------------------------------------
 */

START_TEST(too_little_history_holds_and_names_the_fallback)
{
    double *y = make(200, STEP_S);
    fsc_forecast f = forecast(NULL, y, 200, STEP_S);
    ck_assert_str_eq(f.model, "last_value");
    ck_assert_ptr_nonnull(f.hold);
    ck_assert_ptr_nonnull(strstr(f.hold, "only"));
    ck_assert_double_eq(f.mean[0], y[199]);
}
END_TEST

START_TEST(a_long_silence_holds)
{
    const size_t n = 10 * 144;
    double *y = make(n, STEP_S);
    for (size_t i = n - 150; i < n; i++)
        y[i] = NAN;
    fsc_forecast f = forecast(NULL, y, n, STEP_S);
    ck_assert_ptr_nonnull(f.hold);
    ck_assert_ptr_nonnull(strstr(f.hold, "more than a day"));
}
END_TEST

START_TEST(seasonal_demand_is_forecast_with_skill)
{
    const size_t n = 21 * 144 + 70;
    double *y = make(n, STEP_S);
    fsc_forecast f = forecast(NULL, y, n, STEP_S);
    ck_assert_str_eq(f.model, "mix");
    ck_assert_ptr_null(f.hold);
    ck_assert_double_gt(f.skill, 0.2);
}
END_TEST

START_TEST(an_event_multiplies_its_time_alone)
{
    const size_t n = 14 * 144 + 60;
    int64_t newest = START + (int64_t)(n - 1) * STEP_S;
    double *y = make(n, STEP_S);
    const fsc_event_config event = {
        .from_t = newest + 2 * STEP_S, .to_t = newest + 3 * STEP_S, .factor = 3};
    const fsc_calendar with = {.n_events = 1, .events = &event};
    fsc_forecast plain = forecast(NULL, y, n, STEP_S), f;
    fsc_forecaster_config cfg = config(NULL, STEP_S);
    const fsc_series s = series(y, n, STEP_S);
    cfg.calendar = &with;
    ck_assert_int_eq(fsc_forecast_series(&f, &s, &cfg, arena, &err), FSC_OK);
    for (size_t h = 0; h < N_H; h++)
        ck_assert_double_eq(f.v[h * N_Q + 1], plain.v[h * N_Q + 1] * (horizons[h] == 2 ? 3 : 1));
}
END_TEST

START_TEST(an_excluded_window_is_not_learned)
{
    const size_t n = 14 * 144 + 60, from = 12 * 144, to = from + 30;
    double *y = make(n, STEP_S);
    const fsc_exclude_config window = {.from_t = START + (int64_t)from * STEP_S,
                                       .to_t = START + (int64_t)to * STEP_S};
    const fsc_calendar with = {.n_excludes = 1, .excludes = &window};
    fsc_forecaster_config cfg = config(NULL, STEP_S);
    const fsc_series s = series(y, n, STEP_S);
    fsc_forecast a, b;
    cfg.calendar = &with;
    ck_assert_int_eq(fsc_forecast_series(&a, &s, &cfg, arena, &err), FSC_OK);
    for (size_t i = from; i < to; i++)
        y[i] = 1e6;
    ck_assert_int_eq(fsc_forecast_series(&b, &s, &cfg, arena, &err), FSC_OK);
    check_same(&a, &b);
}
END_TEST

START_TEST(two_days_ahead_follow_the_day_and_the_weekend)
{
    enum { AHEAD = 48, N = 28 * 24 };
    static const double median[] = {0.5};
    int32_t h[AHEAD];
    double *y = make(N + AHEAD, 3600), error = 0, naive = 0;
    for (int32_t i = 0; i < AHEAD; i++)
        h[i] = i + 1;
    const fsc_forecaster_config cfg = {.id = "s", .step_s = 3600, .request = {AHEAD, h, 1, median}};
    /* From Friday's end on: a daily pattern alone would miss the weekend. */
    const fsc_series s = {.id = "s", .start = START, .step_s = 3600, .n = N - 48, .values = y};
    fsc_forecast f;
    ck_assert_int_eq(fsc_forecast_series(&f, &s, &cfg, arena, &err), FSC_OK);
    for (size_t i = 0; i < AHEAD; i++) {
        error += fabs(f.v[i] - y[s.n + i]);
        naive += fabs(y[s.n + i - 24 * (1 + i / 24)] - y[s.n + i]);
    }
    ck_assert_str_eq(f.model, "mix");
    ck_assert_double_lt(error, 0.25 * naive);
}
END_TEST

START_TEST(exceedance_falls_from_one_to_nothing)
{
    double v[] = {1, 2, 4, 8}, before = 1;
    const fsc_forecast f = {.n_horizons = 1, .n_q = 4, .q = levels, .v = v};
    ck_assert_double_eq(fsc_forecast_exceed(&f, 0, 0), 1);
    ck_assert_double_eq_tol(fsc_forecast_exceed(&f, 0, 2), 0.5, 1e-12);
    ck_assert_double_eq_tol(fsc_forecast_exceed(&f, 0, 3), 0.3, 1e-12);
    ck_assert_double_eq_tol(fsc_forecast_exceed(&f, 0, 8), 0.05, 1e-12);
    for (double x = 0; x < 40; x += 0.25) {
        double p = fsc_forecast_exceed(&f, 0, x);
        ck_assert_double_le(p, before);
        ck_assert_double_ge(p, 0);
        before = p;
    }
    ck_assert_double_lt(before, 1e-3);
}
END_TEST

START_TEST(unknown_models_are_named_with_the_nearest)
{
    fsc_forecaster *f;
    const fsc_forecaster_config cfg = config("holt_winter", STEP_S);
    ck_assert_int_eq(fsc_forecaster_open(&f, &cfg, arena, &err), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "holt_winters"));
}
END_TEST

START_TEST(samples_off_the_grid_are_refused)
{
    double *y = make(10, STEP_S);
    const fsc_forecaster_config cfg = config(NULL, STEP_S);
    fsc_forecaster *f = opened(&cfg);
    fsc_series s = series(y, 10, STEP_S);
    feed(f, &s, 0, 10);
    s.start += 1;
    ck_assert_int_eq(fsc_forecaster_feed(f, &s, &err), FSC_DATA);
    s.step_s = 300;
    ck_assert_int_eq(fsc_forecaster_feed(f, &s, &err), FSC_DATA);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forecast");
    TCase *t = tcase_create("forecast");
    int models = model_count();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_model_is_sound_on_hard_input, 0, N_HARD * N_STEPS);
    tcase_add_loop_test(t, every_model_is_sound_on_short_input, 0, 11);
    tcase_add_loop_test(t, constant_demand_is_forecast_as_it_is, 0, models);
    tcase_add_loop_test(t, pieces_and_saving_give_the_same_bytes, 0, models);
    tcase_add_test(t, quantiles_are_the_same_without_a_mean);
    tcase_add_test(t, old_samples_are_ignored_and_left_out_ones_are_gaps);
    tcase_add_loop_test(t, nothing_after_the_origin_counts, 0, models);
    tcase_add_loop_test(t, a_scaled_series_has_a_scaled_forecast, 0, models);
    tcase_add_test(t, states_of_another_kind_are_refused);
    tcase_add_test(t, what_history_no_longer_reaches_back_to_is_a_gap);
    tcase_add_test(t, too_little_history_holds_and_names_the_fallback);
    tcase_add_test(t, a_long_silence_holds);
    tcase_add_test(t, seasonal_demand_is_forecast_with_skill);
    tcase_add_test(t, an_event_multiplies_its_time_alone);
    tcase_add_test(t, an_excluded_window_is_not_learned);
    tcase_add_test(t, two_days_ahead_follow_the_day_and_the_weekend);
    tcase_add_test(t, exceedance_falls_from_one_to_nothing);
    tcase_add_test(t, unknown_models_are_named_with_the_nearest);
    tcase_add_test(t, samples_off_the_grid_are_refused);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
