/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/forecast.h"
#include "forescale/time.h"
#include "predictor/newest_day.h"
#include "suite.h"

#include <math.h>

/* A Monday; a rush of two hours on weekdays, seen each 5 minutes. */
enum {
    START = 1791158400,
    STEP_S = 300,
    DAY = 288,
    DAYS = 24,
    LONG_DAYS = FSC_LEARNS_FROM_DAYS + 6,
    MOVED_DAY = 20,
    HOLIDAY = 15,
    RUSH = 9 * 12
};
enum { QUIET = 30, BUSY = 300 };
enum { NOTHING = -1000 };

static const int32_t horizons[] = {1, 2};
static const double levels[] = {0.5, 0.95};
static double y[LONG_DAYS * DAY];

static double ripple(size_t i)
{
    return 1 + 0.05 * sin(12.9898 * (double)i);
}

/* later: steps, from MOVED_DAY on; jitter: in place of it the rush wanders on all days. */
static fsc_series rush(int later, int jitter)
{
    for (int i = 0; i < DAYS * DAY; i++) {
        int day = i / DAY, start = RUSH + (day >= MOVED_DAY ? later : 0);
        start += jitter * (day * 7 % 5 - 2);
        bool busy = day % 7 < 5 && i % DAY >= start && i % DAY < start + 24;
        y[i] = (busy ? BUSY : QUIET) * ripple((size_t)i);
    }
    return (fsc_series){.id = "w", .start = START, .step_s = STEP_S, .n = DAYS * DAY, .values = y};
}

static fsc_forecaster *opened(void)
{
    fsc_forecaster *f;
    const fsc_forecaster_config c = {
        .id = "w", .step_s = STEP_S, .request = {2, horizons, 2, levels}};
    OK(fsc_forecaster_open(&f, &c, arena, &err));
    return f;
}

/* The given level one step behind sample n - 1. */
static double next(const fsc_series *s, size_t n, size_t level)
{
    fsc_forecast out;
    fsc_series part = *s;
    fsc_forecaster *f = opened();
    part.n = n;
    OK(fsc_forecaster_feed(f, &part, &err));
    OK(fsc_forecaster_run(&out, f, arena, &err));
    return out.v[level];
}

static const int moves[] = {12, -12};

/* The second day of the new clock, a step before the rush begins by each. */
START_TEST(a_clock_that_was_moved_is_followed_from_the_second_day)
{
    const int later = moves[_i];
    fsc_series s = rush(later, 0);
    size_t second = (MOVED_DAY + 2) * DAY;
    size_t old = second + RUSH, new = (size_t)((ptrdiff_t)old + later);
    ck_assert_double_gt(next(&s, new, 1), 0.8 * BUSY);
    ck_assert_double_lt(next(&s, later > 0 ? old : new - 6, 0), 2 * QUIET);
}
END_TEST

static fsc_past past_after(const fsc_series *s, size_t days)
{
    fsc_past p;
    OK(fsc_past_open(&p, "w", NULL, STEP_S, START, DAYS * DAY + 1, 7 * DAY, arena, &err));
    fsc_past_append(&p, s->values, days * DAY);
    return p;
}

static int64_t found_after(const fsc_series *s, size_t days)
{
    fsc_past p = past_after(s, days);
    fsc_past_note note;
    return fsc_newest_day_note(&note, &p) ? note.clock_steps : NOTHING;
}

START_TEST(one_day_shows_it_and_no_other_does)
{
    const int later = moves[_i];
    fsc_series s = rush(later, 0);
    for (size_t days = 1; days <= MOVED_DAY; days++)
        ck_assert_int_eq(found_after(&s, days), NOTHING);
    ck_assert_int_eq(found_after(&s, MOVED_DAY + 2), -later);
}
END_TEST

START_TEST(a_rush_that_wanders_moves_no_clock)
{
    fsc_series s = rush(0, 6);
    for (size_t days = 1; days <= DAYS; days++)
        ck_assert_int_eq(found_after(&s, days), NOTHING);
}
END_TEST

static void keep_holiday(void)
{
    for (size_t i = HOLIDAY * DAY; i < (HOLIDAY + 1) * DAY; i++)
        y[i] = QUIET * ripple(i);
}

START_TEST(a_holiday_that_nobody_told_is_odd_and_not_learned)
{
    fsc_series s = rush(0, 0);
    keep_holiday();
    for (size_t days = 1; days <= HOLIDAY + 1; days++)
        ck_assert_int_eq(found_after(&s, days), days == HOLIDAY + 1 ? 0 : NOTHING);
    ck_assert_double_gt(next(&s, (HOLIDAY + 1) * DAY + RUSH, 1), 0.8 * BUSY);
}
END_TEST

START_TEST(of_two_odd_days_the_second_is_learned)
{
    fsc_series s = rush(0, 0);
    keep_holiday();
    for (size_t i = 0; i < DAY; i++)
        y[(HOLIDAY + 1) * DAY + i] = y[HOLIDAY * DAY + i];
    fsc_past p = past_after(&s, HOLIDAY + 1);
    fsc_past_note note[2];
    ck_assert(fsc_newest_day_note(note, &p));
    p = past_after(&s, HOLIDAY + 2);
    fsc_past_set_notes(&p, note, 1);
    ck_assert(!fsc_newest_day_note(note, &p));
}
END_TEST

static fsc_buf state_of(const fsc_forecaster *f)
{
    fsc_buf b;
    fsc_buf_init(&b, arena, (size_t)64 << 20);
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++)
        OK(fsc_forecaster_save(&b, f, k, &err));
    return b;
}

static fsc_forecaster *saved_and_loaded(const fsc_forecaster *f, const fsc_series *history)
{
    fsc_buf b[FSC_N_STATE_PARTS];
    fsc_saved_part saved[FSC_N_STATE_PARTS];
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++) {
        fsc_buf_init(&b[k], arena, (size_t)64 << 20);
        OK(fsc_forecaster_save(&b[k], f, k, &err));
        saved[k] = (fsc_saved_part){fsc_buf_str(&b[k]), b[k].len};
    }
    fsc_forecaster *out = opened();
    OK(fsc_forecaster_load(out, saved, history, &err));
    return out;
}

START_TEST(notes_are_kept_in_the_state)
{
    const fsc_series s = rush(12, 0);
    keep_holiday();
    fsc_forecaster *whole = opened(), *pieces = opened();
    OK(fsc_forecaster_feed(whole, &s, &err));
    for (size_t to = 100; to < s.n + 100; to += 100) {
        fsc_series part = fsc_series_cut(&s, 0, s.start + (int64_t)to * STEP_S);
        OK(fsc_forecaster_feed(pieces, &part, &err));
        pieces = saved_and_loaded(pieces, to % 200 ? &s : NULL);
    }
    fsc_buf a = state_of(whole), b = state_of(pieces);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert_mem_eq(fsc_buf_str(&a), fsc_buf_str(&b), a.len);
}
END_TEST

/* Of irregular days, with a holiday each third week. */
START_TEST(a_history_as_long_as_it_learns_from_is_as_good_as_a_longer_one)
{
    for (int i = 0; i < LONG_DAYS * DAY; i++) {
        int day = i / DAY;
        bool busy = day % 7 < 5 && day % 21 != HOLIDAY && i % DAY >= RUSH && i % DAY < RUSH + 24;
        y[i] = (busy ? BUSY : QUIET) * ripple((size_t)i * (size_t)(1 + i % 7));
    }
    for (size_t n = (LONG_DAYS - 5) * DAY + 100; n < LONG_DAYS * DAY; n += DAY) {
        fsc_series all = {.id = "w", .start = START, .step_s = STEP_S, .n = n, .values = y};
        fsc_series part = fsc_series_cut(
            &all, START + (int64_t)n * STEP_S - FSC_LEARNS_FROM_DAYS * FSC_DAY_S, INT64_MAX);
        ck_assert_uint_lt(part.n, all.n);
        double a = next(&all, all.n, 1), b = next(&part, part.n, 1);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_clock_that_was_moved_is_followed_from_the_second_day, 0, 2);
    tcase_add_loop_test(t, one_day_shows_it_and_no_other_does, 0, 2);
    tcase_add_test(t, a_holiday_that_nobody_told_is_odd_and_not_learned);
    tcase_add_test(t, of_two_odd_days_the_second_is_learned);
    tcase_add_test(t, a_rush_that_wanders_moves_no_clock);
    tcase_add_test(t, notes_are_kept_in_the_state);
    tcase_add_test(t, a_history_as_long_as_it_learns_from_is_as_good_as_a_longer_one);
}

int main(void)
{
    return run_suite("newest_day", add);
}
