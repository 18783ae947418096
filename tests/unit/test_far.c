/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weeks ahead at steps of an hour, by the default model. */
#include "forescale/forecast.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 3600, DAY = 24, WEEK = 7 * DAY, AHEAD = 28 * DAY, N_Q = 3, WORLDS = 12 };

static const int64_t monday = 1704067200; /* 2024-01-01T00:00:00Z */
static const double levels[N_Q] = {0.1, 0.5, 0.9};

/* Nearly normal, unit variance. */
static double innovation(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(*state >> 11) * 0x1p-53;
    }
    return sum;
}

/* A peak at 13:00 local time, half of it at weekends. */
static double course(const fsc_zone *zone, int64_t t)
{
    fsc_civil at = fsc_civil_at(zone, t);
    double peak = 80 * exp(-0.5 * pow((at.hour - 13) / 2.5, 2));
    return 20 + peak * (at.weekday >= 5 ? 0.5 : 1);
}

/* The course times a weekly level that wanders, and noise. */
static fsc_series make(const fsc_zone *zone, size_t n, double wander, double noise, uint64_t seed)
{
    double *y = FSC_NEW(arena, n, double, &err), level = 1;
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < n; i++) {
        level *= exp(wander / sqrt(WEEK) * innovation(&seed));
        y[i] = course(zone, monday + (int64_t)i * STEP_S) * level *
               fmax(1 + noise * innovation(&seed), 0);
    }
    return (fsc_series){.id = "s", .start = monday, .step_s = STEP_S, .n = n, .values = y};
}

static fsc_forecast forecast(const fsc_series *s, const fsc_calendar *calendar, size_t n_h)
{
    int32_t *h = FSC_NEW(arena, n_h, int32_t, &err);
    fsc_forecast f;
    ck_assert_ptr_nonnull(h);
    for (size_t i = 0; i < n_h; i++)
        h[i] = (int32_t)i + 1;
    const fsc_forecaster_config cfg = {
        .id = "s", .step_s = STEP_S, .request = {n_h, h, N_Q, levels}, .calendar = calendar};
    OK(fsc_forecast_series(&f, s, &cfg, arena, &err));
    ck_assert_str_eq(f.model, "mix");
    return f;
}

static int64_t time_of(const fsc_forecast *f, size_t h)
{
    return f->origin + (int64_t)f->horizon[h] * STEP_S;
}

static double width(const fsc_forecast *f, size_t from, size_t to)
{
    double sum = 0;
    for (size_t h = from; h < to; h++)
        sum += (f->v[h * N_Q + 2] - f->v[h * N_Q]) / f->v[h * N_Q + 1] / (double)(to - from);
    return sum;
}

START_TEST(a_plain_week_goes_on_as_it_is)
{
    fsc_series s = make(NULL, 6 * WEEK + 5, 0, 0.02, 1);
    fsc_forecast f = forecast(&s, NULL, AHEAD);
    for (size_t h = 2 * DAY; h < AHEAD; h++)
        ck_assert_double_eq_tol(f.v[h * N_Q + 1] / course(NULL, time_of(&f, h)), 1, 0.08);
}
END_TEST

START_TEST(the_bands_hold_and_grow_where_the_level_wanders)
{
    double covered = 0, near = 0, far = 0;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        fsc_series whole = make(NULL, 12 * WEEK, 0.1, 0.05, seed), s = whole;
        s.n -= AHEAD;
        fsc_forecast f = forecast(&s, NULL, AHEAD);
        near += width(&f, 3 * DAY, 7 * DAY) / WORLDS;
        far += width(&f, 24 * DAY, AHEAD) / WORLDS;
        for (size_t h = 3 * DAY; h < AHEAD; h++)
            covered +=
                whole.values[s.n + h] <= f.v[h * N_Q + 2] && whole.values[s.n + h] >= f.v[h * N_Q];
    }
    covered /= WORLDS * (AHEAD - 3 * DAY);
    ck_assert_msg(far > 1.25 * near, "width %.3f near, %.3f far", near, far);
    ck_assert_msg(covered > 0.65 && covered < 0.93, "0.8 of values asked, %.3f held", covered);
}
END_TEST

START_TEST(seasons_follow_local_time_across_a_clock_change)
{
    const int64_t change = monday + 7 * 7 * FSC_DAY_S + 2 * FSC_DAY_S; /* in the week to come */
    const int32_t offsets[] = {3600, 7200};
    const fsc_zone zone = {.name = "Test/Zone", .n = 1, .at = &change, .offset_s = offsets};
    const fsc_calendar calendar = {.zone = &zone};
    fsc_series s = make(&zone, 7 * WEEK, 0, 0.02, 1);
    fsc_forecast f = forecast(&s, &calendar, AHEAD);
    for (size_t h = 4 * DAY; h < AHEAD; h++)
        ck_assert_double_eq_tol(f.v[h * N_Q + 1] / course(&zone, time_of(&f, h)), 1, 0.12);
}
END_TEST

START_TEST(a_holiday_is_like_a_weekend)
{
    const int64_t holiday = monday + 8 * 7 * FSC_DAY_S + 2 * FSC_DAY_S; /* a Wednesday, 9 days on */
    const fsc_calendar calendar = {.n_holidays = 1, .holidays = &holiday};
    fsc_series s = make(NULL, 7 * WEEK, 0, 0.02, 1);
    fsc_forecast f = forecast(&s, &calendar, AHEAD);
    size_t noon = 9 * DAY + 13;
    ck_assert_int_eq(time_of(&f, noon), holiday + 13 * FSC_HOUR_S);
    ck_assert_double_eq_tol(f.v[noon * N_Q + 1], 60, 6);
    ck_assert_double_eq_tol(f.v[(noon + DAY) * N_Q + 1], 100, 8);
}
END_TEST

START_TEST(days_ahead_are_the_regressions_own_whatever_else_is_asked)
{
    fsc_series s = make(NULL, 6 * WEEK, 0.1, 0.05, 1);
    fsc_forecast near = forecast(&s, NULL, 2 * DAY);
    fsc_forecast with_a_week = forecast(&s, NULL, 64); /* as many as are fitted one by one */
    ck_assert_mem_eq(near.v, with_a_week.v, 2 * DAY * N_Q * sizeof(double));
}
END_TEST

START_TEST(gaps_zeros_and_short_pasts_give_sound_bands)
{
    static const size_t lengths[] = {3 * DAY, 8 * DAY, 9 * DAY + 1, 10 * DAY, 3 * WEEK};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int kind = 0; kind < 3; kind++) {
            fsc_series s = make(NULL, lengths[i], 0.1, 0.05, 1);
            double *y = FSC_NEW(arena, s.n, double, &err);
            for (size_t k = 0; k < s.n; k++)
                y[k] = kind == 0                  ? 0
                       : kind == 1 && k % 5       ? NAN
                       : kind == 2 && k > s.n / 2 ? NAN
                                                  : s.values[k];
            s.values = y;
            fsc_forecast f = forecast(&s, NULL, AHEAD);
            for (size_t h = 0; h < AHEAD; h++)
                for (size_t j = 0; j < N_Q; j++) {
                    ck_assert_double_finite(f.v[h * N_Q + j]);
                    ck_assert_double_ge(f.v[h * N_Q + j], j ? f.v[h * N_Q + j - 1] : 0);
                }
        }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_plain_week_goes_on_as_it_is);
    tcase_add_test(t, the_bands_hold_and_grow_where_the_level_wanders);
    tcase_add_test(t, seasons_follow_local_time_across_a_clock_change);
    tcase_add_test(t, a_holiday_is_like_a_weekend);
    tcase_add_test(t, days_ahead_are_the_regressions_own_whatever_else_is_asked);
    tcase_add_test(t, gaps_zeros_and_short_pasts_give_sound_bands);
}

int main(void)
{
    return run_suite("far", add);
}
