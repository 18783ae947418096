/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every model owes, and what the default makes of worlds that go wrong: each world is a plain
 * one, whose forecast is known, with one thing broken in it. */
#include "forescale/forecast.h"
#include "forescale/model.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 300, DAY = 288, WEEK = 7 * DAY, HOUR = 12, N_H = 3, N_Q = 5 };
enum { Q50 = 1, Q95, Q99, Q998 };

static const int64_t monday = 1704067200; /* 2024-01-01T00:00:00Z */
static const int32_t horizons[N_H] = {1, 3, 6};
static const double levels[N_Q] = {0.1, 0.5, 0.95, 0.99, 0.998};

/* A reproducible number in [-1, 1) for i (splitmix64). */
static double noise(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

/* 100, and 300 from 9:00 to 17:00 local time on weekdays, reached within half an hour. */
static double plain(const fsc_zone *zone, int64_t t)
{
    fsc_civil at = fsc_civil_at(zone, t);
    double hours = at.hour + at.minute / 60.0;
    double share = fmin(fmax(2 * (hours - 9), 0), 1) * fmin(fmax(2 * (17 - hours), 0), 1);
    return 100 + (at.weekday >= 5 ? 0 : 200 * share);
}

static double *world(size_t n, const fsc_zone *zone)
{
    double *y = FSC_NEW(arena, n, double, &err);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < n; i++)
        y[i] = plain(zone, monday + (int64_t)i * STEP_S) * (1 + 0.05 * noise(i));
    return y;
}

static fsc_forecast said(const char *model, const double *y, size_t n, const fsc_calendar *calendar)
{
    const fsc_forecaster_config cfg = {.id = "s",
                                       .model = model,
                                       .step_s = STEP_S,
                                       .request = {N_H, horizons, N_Q, levels},
                                       .calendar = calendar};
    const fsc_series s = {.id = "s", .start = monday, .step_s = STEP_S, .n = n, .values = y};
    fsc_forecast f;
    OK(fsc_forecast_series(&f, &s, &cfg, arena, &err));
    return f;
}

static double at(const fsc_forecast *f, size_t h, size_t q)
{
    return f->v[h * N_Q + q];
}

static void check_median(const fsc_forecast *f, size_t h, double expected, double share)
{
    ck_assert_double_eq_tol(at(f, h, Q50) / expected, 1, share);
}

/* Everywhere is it right about what plainly comes. */
static void check_plain(const fsc_forecast *f, const fsc_zone *zone)
{
    ck_assert_str_eq(f->model, "mix");
    for (size_t h = 0; h < N_H; h++) {
        double comes = plain(zone, f->origin + (int64_t)horizons[h] * STEP_S);
        check_median(f, h, comes, 0.12);
        ck_assert_double_lt(at(f, h, Q95), 1.3 * comes);
    }
}

/* Points up to a time of a day, the first being 0. */
static size_t until(size_t day, double hour)
{
    return day * DAY + (size_t)(hour * HOUR);
}

/* ---- every model ------------------------------------------------------------------------------
 */

static const char *const additive[] = {"last_value", "seasonal_naive", "seasonal_naive_week",
                                       "holt_winters", "double_seasonal"};
enum { N_ADDITIVE = sizeof additive / sizeof *additive };

START_TEST(an_additive_model_s_forecast_moves_with_its_series)
{
    const double shift = 4096;
    size_t n = until(18, 8.75);
    double *y = world(n, NULL);
    fsc_forecast a = said(additive[_i], y, n, NULL);
    for (size_t i = 0; i < n; i++)
        y[i] += shift;
    fsc_forecast b = said(additive[_i], y, n, NULL);
    ck_assert_str_eq(a.model, additive[_i]);
    for (size_t h = 0; h < N_H; h++)
        for (size_t j = 1; j < N_Q; j++) /* the lowest level may be held at 0 */
            ck_assert_double_eq_tol(at(&b, h, j) - shift, at(&a, h, j), 0.5);
}
END_TEST

static int model_count(void)
{
    int n = 0;
    while (fsc_models()[n])
        n++;
    return n;
}

/* A sample that is missing says nothing: any model's forecast stays near the one without the gap.
 */
START_TEST(single_gaps_do_not_mislead)
{
    const char *model = fsc_models()[_i]->name;
    size_t n = until(18, 13);
    double *y = world(n, NULL);
    fsc_forecast whole = said(model, y, n, NULL);
    for (size_t i = 5; i + 2 < n; i += 7)
        y[i] = NAN;
    fsc_forecast f = said(model, y, n, NULL);
    for (size_t h = 0; h < N_H; h++) {
        ck_assert_double_finite(f.mean[h]);
        ck_assert_double_eq_tol(at(&f, h, Q50) / at(&whole, h, Q50), 1, 0.15);
    }
}
END_TEST

/* The default's forecasts from the last origins of a series. However wild the past, no level lies
 * beyond 2.5 times its largest value (experts.h). */
typedef struct walked {
    double n, held[N_Q], mean_median;
} walked;

static walked walk(const double *y, size_t n, size_t origins)
{
    const fsc_forecaster_config cfg = {
        .id = "s", .step_s = STEP_S, .request = {N_H, horizons, N_Q, levels}};
    fsc_series s = {.id = "s", .start = monday, .step_s = STEP_S, .values = y};
    double top = 0;
    walked out = {0};
    fsc_forecaster *f;
    OK(fsc_forecaster_open(&f, &cfg, arena, &err));
    for (size_t i = n - origins - (size_t)horizons[N_H - 1]; origins--; i++) {
        fsc_forecast now;
        for (; s.n <= i; s.n++)
            top = fmax(top, y[s.n]);
        OK(fsc_forecaster_feed(f, &s, &err));
        OK(fsc_forecaster_run(&now, f, arena, &err));
        for (size_t h = 0; h < N_H; h++) {
            out.mean_median += at(&now, h, Q50);
            ck_assert_double_le(at(&now, h, Q998), 2.5 * top);
            for (size_t j = 0; j < N_Q; j++)
                out.held[j] += y[i + (size_t)horizons[h]] <= at(&now, h, j);
        }
        out.n += N_H;
    }
    out.mean_median /= out.n;
    for (size_t j = 0; j < N_Q; j++)
        out.held[j] /= out.n;
    return out;
}

/* ---- the default, in worlds that go wrong -----------------------------------------------------
 */

START_TEST(the_plain_world_is_foreseen)
{
    static const double hours[] = {4, 8.75, 9.25, 13, 16.75, 21};
    double *y = world(until(19, 0), NULL);
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        fsc_forecast f = said(NULL, y, until(18, hours[i]), NULL);
        check_plain(&f, NULL);
        ck_assert_ptr_null(f.hold);
    }
}
END_TEST

START_TEST(three_points_are_held_at_the_last)
{
    double *y = world(3, NULL);
    fsc_forecast f = said(NULL, y, 3, NULL);
    ck_assert_str_eq(f.model, "last_value");
    ck_assert_ptr_nonnull(f.hold);
    ck_assert_double_eq(f.mean[0], y[2]);
}
END_TEST

START_TEST(three_days_are_enough_for_a_day)
{
    size_t n = until(3, 8.75);
    double *y = world(n, NULL);
    fsc_forecast f = said(NULL, y, n, NULL);
    check_plain(&f, NULL);
}
END_TEST

START_TEST(zeros_are_forecast_as_zeros)
{
    size_t n = until(18, 9);
    double *y = world(n, NULL);
    memset(y, 0, n * sizeof *y);
    fsc_forecast f = said(NULL, y, n, NULL);
    for (size_t h = 0; h < N_H; h++)
        ck_assert_double_lt(at(&f, h, Q998), 1e-6);
}
END_TEST

START_TEST(sparse_demand_is_mostly_nothing)
{
    enum { ORIGINS = 200 };
    size_t n = until(18, 9);
    double *y = world(n, NULL);
    for (size_t i = 0; i < n; i++)
        y[i] = noise(i) > 0.94 ? 50 : 0; /* three in a hundred */
    walked w = walk(y, n, ORIGINS);
    ck_assert_double_lt(w.mean_median, 1);
    ck_assert_double_gt(w.held[Q95], 0.93);
}
END_TEST

START_TEST(a_step_is_followed_at_once)
{
    size_t n = until(18, 13), step = n - 6;
    double *y = world(n, NULL);
    for (size_t i = step; i < n; i++)
        y[i] *= 4;
    fsc_forecast f = said(NULL, y, n, NULL);
    check_median(&f, 0, 4 * 300, 0.2);
    ck_assert_double_le(at(&f, N_H - 1, Q998), 2.5 * 4 * 320);
}
END_TEST

START_TEST(a_gap_of_a_day_leaves_the_days_known)
{
    size_t n = until(18, 8.75);
    double *y = world(n, NULL);
    for (size_t i = until(17, 6); i < until(18, 6); i++)
        y[i] = NAN;
    fsc_forecast f = said(NULL, y, n, NULL);
    check_plain(&f, NULL);
}
END_TEST

START_TEST(a_clock_change_moves_the_day)
{
    const int64_t change = monday + 17 * FSC_DAY_S + FSC_HOUR_S;
    const int32_t offsets[] = {0, 3600};
    const fsc_zone zone = {.name = "Test/Zone", .n = 1, .at = &change, .offset_s = offsets};
    const fsc_calendar calendar = {.zone = &zone};
    /* The first morning and the second, 8:45 local time: an hour sooner than before. */
    for (size_t day = 17; day <= 18; day++) {
        size_t n = until(day, 7.75);
        double *y = world(n, &zone);
        fsc_forecast f = said(NULL, y, n, &calendar), untold = said(NULL, y, n, NULL);
        check_plain(&f, &zone);
        if (day == 17) /* who is not told foresees nothing */
            check_median(&untold, N_H - 1, 100, 0.2);
    }
}
END_TEST

START_TEST(a_holiday_is_no_working_day)
{
    const int64_t holiday = monday + 17 * FSC_DAY_S; /* a Thursday */
    const fsc_calendar calendar = {.n_holidays = 1, .holidays = &holiday};
    size_t n = until(17, 9);
    double *y = world(n, NULL);
    fsc_forecast f = said(NULL, y, n, &calendar), untold = said(NULL, y, n, NULL);
    check_plain(&untold, NULL);
    /* On a morning of which it has seen no like, nearer to a weekend's than to a working day's. */
    ck_assert_double_lt(at(&f, N_H - 1, Q50), 100 + 0.5 * (at(&untold, N_H - 1, Q50) - 100));
}
END_TEST

/* What a counter's reset leaves in a rate: one sample far off. */
START_TEST(one_absurd_sample_is_not_believed)
{
    static const double absurd[] = {0, 1e4, 1e6};
    size_t n = until(18, 13);
    double *y = world(n, NULL);
    y[n - 4] = absurd[_i];
    fsc_forecast f = said(NULL, y, n, NULL);
    for (size_t h = 0; h < N_H; h++)
        check_median(&f, h, 300, 0.25);
}
END_TEST

START_TEST(a_flash_crowd_is_not_expected_again)
{
    double *y = world(until(19, 0), NULL);
    for (size_t i = until(16, 12); i < until(16, 12.75); i++)
        y[i] *= 10;
    for (size_t day = 17; day <= 18; day++) {
        fsc_forecast f = said(NULL, y, until(day, 11.75), NULL);
        for (size_t h = 0; h < N_H; h++)
            check_median(&f, h, 300, 0.12);
        ck_assert_double_lt(at(&f, N_H - 1, Q95), 1.5 * 300);
    }
}
END_TEST

START_TEST(the_upper_levels_hold_in_wild_worlds)
{
    enum { ORIGINS = 400 };
    size_t n = until(20, 0);
    double *y = world(n, NULL);
    for (size_t i = 0; i < n; i++) { /* heavy tails: bursts of a few points, by orders of size */
        double burst = pow(fmax(1 - fabs(noise(i / 5 + (size_t)_i * n)), 1e-6), -0.7);
        y[i] *= _i % 2 || noise(i / 40) > 0 ? burst : 0;
    }
    walked w = walk(y, n, ORIGINS);
    ck_assert_double_eq_tol(w.held[Q95], 0.95, 0.04);
    ck_assert_double_ge(w.held[Q99], 0.97);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, an_additive_model_s_forecast_moves_with_its_series, 0, N_ADDITIVE);
    tcase_add_loop_test(t, single_gaps_do_not_mislead, 0, model_count());
    tcase_add_test(t, the_plain_world_is_foreseen);
    tcase_add_test(t, three_points_are_held_at_the_last);
    tcase_add_test(t, three_days_are_enough_for_a_day);
    tcase_add_test(t, zeros_are_forecast_as_zeros);
    tcase_add_test(t, sparse_demand_is_mostly_nothing);
    tcase_add_test(t, a_step_is_followed_at_once);
    tcase_add_test(t, a_gap_of_a_day_leaves_the_days_known);
    tcase_add_test(t, a_clock_change_moves_the_day);
    tcase_add_test(t, a_holiday_is_no_working_day);
    tcase_add_loop_test(t, one_absurd_sample_is_not_believed, 0, 3);
    tcase_add_test(t, a_flash_crowd_is_not_expected_again);
    tcase_add_loop_test(t, the_upper_levels_hold_in_wild_worlds, 0, 4);
}

int main(void)
{
    return run_suite("models", add);
}
