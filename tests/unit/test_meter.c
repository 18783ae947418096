/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a meter's samples come to: holes, silence, resets, and the ledger beside them. */
#include "forescale/meter.h"
#include "tests/unit/store_suite.h"

enum { NOW = 1800000000 - 1800000000 % 60, WINDOW_S = 6 * FSC_HOUR_S };

static fsc_store *s;
static fsc_config config = {.interval_s = 60, .missed_runs = 1}; /* patience: seven minutes */
static fsc_budget_config budget;
static fsc_meter_reading r;

static void meter(const char *unit)
{
    s = open_store();
    budget = (fsc_budget_config){
        .name = "gpu", .ceiling = {.currency = "USD"}, .meter = {.query = "cost", .unit = unit}};
}

/* `minutes` samples from a time before now, each more by `slope`. */
static void samples(int64_t ago_s, size_t minutes, double value, double slope)
{
    double v[1440];
    ck_assert_uint_le(minutes, 1440);
    for (size_t i = 0; i < minutes; i++)
        v[i] = value + slope * (double)i;
    OK(fsc_history_write(
        s,
        &(fsc_series){
            .id = "meter:gpu", .start = NOW - ago_s, .step_s = 60, .n = minutes, .values = v},
        &err));
}

static void ledger(int64_t from_ago_s, int64_t to_ago_s, int64_t micros)
{
    OK(fsc_ledger_spend_add(s, "gpu", NOW - from_ago_s, NOW - to_ago_s, micros, "USD", &err));
}

static void read_meter(void)
{
    OK(fsc_meter_read(&r, s, &config, &budget, NOW - WINDOW_S, NOW, arena, &err));
    fsc_store_close(s);
}

START_TEST(a_rate_is_integrated_to_now)
{
    meter("USD/h");
    samples(WINDOW_S + 600, 360 + 10 - 2, 96, 0); /* the newest two minutes are not there yet */
    read_meter();
    ck_assert_int_eq(r.state, FSC_METER_FRESH);
    ck_assert_int_eq(r.metered_micros, 6 * 96000000LL);
    ck_assert_int_eq(r.spent_micros, r.metered_micros);
    ck_assert_int_eq(r.covered_s, WINDOW_S);
}
END_TEST

START_TEST(a_short_hole_is_bridged_at_its_dearer_end)
{
    meter("USD/h");
    samples(WINDOW_S, 180, 60, 0);
    samples(WINDOW_S - 185 * 60, 175, 120, 0); /* six minutes from the last sample to the next */
    read_meter();
    ck_assert_int_eq(r.metered_micros, 179 * 1000000LL + 6 * 2000000LL + 175 * 2000000LL);
    ck_assert_int_eq(r.covered_s, WINDOW_S);
}
END_TEST

START_TEST(a_long_hole_is_filled_by_the_ledger)
{
    meter("USD/h");
    samples(WINDOW_S, 120, 60, 0);
    samples(WINDOW_S - 240 * 60, 120, 60, 0);
    ledger(WINDOW_S, 0, 360 * 500000LL); /* half a dollar a minute, all along */
    read_meter();
    ck_assert_int_eq(r.metered_micros, 239 * 1000000LL);
    ck_assert_int_eq(r.estimate_micros, 239 * 500000LL);
    ck_assert_int_eq(r.spent_micros, 239 * 1000000LL + 121 * 500000LL);
}
END_TEST

START_TEST(the_larger_of_meter_and_ledger_counts)
{
    meter("USD/h");
    samples(WINDOW_S, 360, 60, 0);
    ledger(WINDOW_S, 0, 400 * 1000000LL);
    read_meter();
    ck_assert_int_eq(r.metered_micros, 360 * 1000000LL);
    ck_assert_int_eq(r.spent_micros, 400 * 1000000LL);
}
END_TEST

START_TEST(a_silent_meter_is_stale_and_never_zero)
{
    meter("USD/h");
    samples(WINDOW_S, 300, 60, 0);
    ledger(3600, 0, 70 * 1000000LL);
    read_meter();
    ck_assert_int_eq(r.state, FSC_METER_STALE);
    ck_assert_int_eq(r.newest, NOW - 61 * 60);
    ck_assert_int_eq(r.metered_micros, 299 * 1000000LL);
    ck_assert_int_eq(r.spent_micros, 299 * 1000000LL + 70 * 1000000LL);
}
END_TEST

START_TEST(an_absent_meter_leaves_the_ledger)
{
    meter("USD/h");
    ledger(3600, 0, 70 * 1000000LL);
    read_meter();
    ck_assert_int_eq(r.state, FSC_METER_NONE);
    ck_assert_int_eq(r.spent_micros, 70 * 1000000LL);
}
END_TEST

START_TEST(a_sum_counts_what_it_grew_by)
{
    meter("USD");
    samples(WINDOW_S, 361, 1000, 0.5);
    read_meter();
    ck_assert_int_eq(r.state, FSC_METER_FRESH);
    ck_assert_int_eq(r.spent_micros, 180 * 1000000LL);
}
END_TEST

START_TEST(a_sum_that_begins_anew_loses_nothing)
{
    meter("USD");
    samples(WINDOW_S, 181, 1000, 0.5);            /* +90, to 1090 */
    samples(WINDOW_S - 181 * 60, 180, 0.25, 0.5); /* from nothing: +0.25, then +89.5 */
    read_meter();
    ck_assert_int_eq(r.spent_micros, 90000000LL + 250000LL + 89500000LL);
}
END_TEST

START_TEST(a_sums_growth_over_a_hole_counts_whole)
{
    meter("USD");
    samples(WINDOW_S, 10, 100, 0);
    samples(600, 11, 400, 0);
    read_meter();
    ck_assert_int_eq(r.spent_micros, 300 * 1000000LL);
}
END_TEST

START_TEST(spend_in_another_currency_is_told)
{
    meter("USD/h");
    ledger(3600, 1800, 5);
    OK(fsc_ledger_spend_add(s, "gpu", NOW - 1800, NOW, 7, "EUR", &err));
    read_meter();
    ck_assert(r.others);
    ck_assert_int_eq(r.spent_micros, 5);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_rate_is_integrated_to_now);
    tcase_add_test(t, a_short_hole_is_bridged_at_its_dearer_end);
    tcase_add_test(t, a_long_hole_is_filled_by_the_ledger);
    tcase_add_test(t, the_larger_of_meter_and_ledger_counts);
    tcase_add_test(t, a_silent_meter_is_stale_and_never_zero);
    tcase_add_test(t, an_absent_meter_leaves_the_ledger);
    tcase_add_test(t, a_sum_counts_what_it_grew_by);
    tcase_add_test(t, a_sum_that_begins_anew_loses_nothing);
    tcase_add_test(t, a_sums_growth_over_a_hole_counts_whole);
    tcase_add_test(t, spend_in_another_currency_is_told);
}

int main(void)
{
    return run_store_suite("meter", add);
}
