/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_suite.h"

static const int64_t ever_from = INT64_MIN / 2, ever_to = INT64_MAX / 2;

static void write_piece(fsc_store *s, int64_t start, int32_t step_s, size_t n, const double *v)
{
    const fsc_series p = piece(start, step_s, n, v);
    OK(fsc_history_write(s, &p, &err));
}

static fsc_series read_back(fsc_store *s, int64_t from, int64_t to)
{
    fsc_series back;
    OK(fsc_history_read(&back, s, "x", from, to, arena, &err));
    return back;
}

static fsc_series read_hourly(fsc_store *s)
{
    fsc_series back;
    OK(fsc_history_read_hourly(&back, s, "x", ever_from, ever_to, arena, &err));
    return back;
}

static fsc_history_info only_series(fsc_store *s)
{
    fsc_history_info *list;
    size_t n;
    OK(fsc_history_list(&list, &n, s, arena, &err));
    ck_assert_uint_eq(n, 1);
    return list[0];
}

/* ---- writing and reading ---- */

START_TEST(pieces_in_any_order_make_the_same_history)
{
    enum { POINTS = 5000 };
    static double v[POINTS];
    fsc_store *s = open_store();
    for (size_t i = 0; i < POINTS; i++)
        v[i] = i % 97 ? (double)(i * 7 % 1000) / 10 : NAN;
    for (int round = 0; round < 300; round++) {
        size_t from = next_random() % POINTS, n = 1 + next_random() % 700;
        write_piece(s, 6000 + 60 * (int64_t)from, 60, from + n < POINTS ? n : POINTS - from,
                    v + from);
    }
    write_piece(s, 6000, 60, POINTS, v);
    write_piece(s, 6000, 60, POINTS, v);
    fsc_series back = read_back(s, ever_from, ever_to);
    ck_assert_int_eq(back.start, 6060); /* the first value is a gap */
    ck_assert_uint_eq(back.n, POINTS - 1);
    for (size_t i = 0; i < back.n; i++)
        ck_assert(same_bits(v[i + 1], back.values[i]));
    ck_assert_uint_eq(read_back(s, 6000 + 600, 6000 + 1200).n, 10);
    ck_assert_uint_eq(read_back(s, 0, 6000).n, 0);
    ck_assert_uint_eq(only_series(s).samples, POINTS - (POINTS + 96) / 97);
    ck_assert_int_eq(only_series(s).newest, 6000 + 60 * (POINTS - 1));
    OK(fsc_store_check(s, &err));
    fsc_store_close(s);
}
END_TEST

START_TEST(a_gap_leaves_what_is_stored_and_a_value_replaces_it)
{
    static const double first[] = {1, 2, 3}, second[] = {NAN, 20, NAN};
    fsc_store *s = open_store();
    write_piece(s, 600, 60, 3, first);
    write_piece(s, 600, 60, 3, second);
    fsc_series back = read_back(s, ever_from, ever_to);
    ck_assert(back.values[0] == 1 && back.values[1] == 20 && back.values[2] == 3);
    ck_assert_uint_eq(only_series(s).samples, 3);
    fsc_store_close(s);
}
END_TEST

START_TEST(times_before_1970_and_grids_beside_the_minute_are_kept)
{
    static double v[2000];
    fsc_store *s = open_store();
    for (size_t i = 0; i < 2000; i++)
        v[i] = (double)i;
    write_piece(s, -60007, 60, 2000, v);
    fsc_series back = read_back(s, ever_from, ever_to);
    ck_assert_int_eq(back.start, -60007);
    ck_assert_uint_eq(back.n, 2000);
    ck_assert_int_eq(memcmp(back.values, v, sizeof v), 0);
    fsc_store_close(s);
}
END_TEST

static const struct misfit {
    int64_t start;
    int32_t step_s;
    const char *says;
} misfits[] = {
    {600, 30, "step of 60 s"},
    {610, 60, "10 s beside the stored grid"},
    {INT64_C(1704067200000) * 1000, 60, "give seconds"},
    {INT64_MAX - 60, 60, "give seconds"},
    {INT64_MIN, 60, "give seconds"},
    {(INT64_C(1) << 40) - 136, 60, "give seconds"}, /* begins in time and ends beyond it */
};

START_TEST(what_does_not_fit_is_refused)
{
    static const double v[] = {1, 2, 3};
    fsc_store *s = open_store();
    write_piece(s, 600, 60, 3, v);
    const fsc_series p = piece(misfits[_i].start, misfits[_i].step_s, 3, v);
    ck_assert_int_eq(fsc_history_write(s, &p, &err), FSC_DATA);
    ck_assert_msg(strstr(err.msg, misfits[_i].says) != NULL, "%s", err.msg);
    ck_assert_uint_eq(read_back(s, ever_from, ever_to).n, 3);
    fsc_series back;
    ck_assert_int_eq(fsc_history_read(&back, s, "y", 0, 1, arena, &err), FSC_MISSING);
    fsc_store_close(s);
}
END_TEST

START_TEST(a_refused_piece_leaves_the_transaction_around_it)
{
    static const double v[] = {1, 2, 3};
    const fsc_series bad = piece(601, 60, 3, v);
    fsc_store *s = open_store();
    OK(fsc_store_begin(s, &err));
    write_piece(s, 600, 60, 3, v);
    ck_assert_int_eq(fsc_history_write(s, &bad, &err), FSC_DATA);
    OK(fsc_store_commit(s, &err));
    ck_assert_uint_eq(read_back(s, ever_from, ever_to).n, 3);
    OK(fsc_store_begin(s, &err));
    write_piece(s, 6000, 60, 3, v);
    fsc_store_rollback(s);
    ck_assert_uint_eq(read_back(s, ever_from, ever_to).n, 3);
    fsc_store_close(s);
}
END_TEST

/* ---- gaps ---- */

START_TEST(gaps_are_listed_until_marked)
{
    static const double v[] = {1, NAN, NAN, 4, 5};
    fsc_store *s = open_store();
    fsc_span *gaps;
    size_t n;
    write_piece(s, 600, 60, 5, v);
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 540, 1020, 5000, arena, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(gaps[0].from, 540);
    ck_assert_int_eq(gaps[0].to, 600);
    ck_assert_int_eq(gaps[1].from, 660);
    ck_assert_int_eq(gaps[1].to, 780);
    ck_assert_int_eq(gaps[2].from, 900);
    OK(fsc_history_mark_empty(s, "x", gaps[1], 6000, &err));
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 600, 900, 5000, arena, &err));
    ck_assert_uint_eq(n, 0);
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 600, 900, 6001, arena, &err)); /* asked again */
    ck_assert_uint_eq(n, 1);
    OK(fsc_history_mark_empty(s, "x", (fsc_span){0, 720}, 9000, &err)); /* a part of the gap */
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 600, 900, 6001, arena, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(gaps[0].from, 720);
    OK(fsc_history_gaps(&gaps, &n, s, "nobody", 60, 600, 900, 0, arena, &err));
    ck_assert_uint_eq(n, 1);
    fsc_store_close(s);
}
END_TEST

/* ---- roll-ups ---- */

static const struct rollup {
    const char *name;
    int32_t step_s;
    int64_t phase_s;
} rollups[] = {
    {"minutes", 60, 0}, {"minutes at :07", 60, 7},    {"5 minutes", 300, 0},    {"12 s", 12, 0},
    {"hours", 3600, 0}, {"hours at :30", 3600, 1800}, {"20 minutes", 1200, 60},
};

/* No hour is made of a part of its samples, wherever the limit falls. */
START_TEST(retired_samples_stay_as_hourly_means)
{
    enum { POINTS = 20000 };
    static double v[POINTS], sum[POINTS];
    static size_t n[POINTS];
    const struct rollup *r = &rollups[_i];
    fsc_store *s = open_store();
    const int64_t start = 3600 * 5 + r->phase_s, span_s = (int64_t)POINTS * r->step_s;
    memset(sum, 0, sizeof sum);
    memset(n, 0, sizeof n);
    for (size_t i = 0; i < POINTS; i++) {
        size_t hour = (size_t)((r->phase_s + (int64_t)i * r->step_s) / 3600);
        v[i] = (double)(next_random() % 1000);
        sum[hour] += v[i];
        n[hour]++;
    }
    write_piece(s, start, r->step_s, POINTS, v);
    for (int64_t part = 3; part < 10; part++) {
        OK(fsc_history_retire(s, start + span_s * part / 10 + 1234, &err));
        fsc_series raw = read_back(s, ever_from, ever_to), means = read_hourly(s);
        ck_assert_int_le(raw.start, start + span_s * part / 10 + 1234);
        ck_assert_uint_eq(only_series(s).samples, raw.n);
        ck_assert_int_eq(means.start, 3600 * 5);
        ck_assert_uint_eq(means.n, (size_t)((r->phase_s + span_s - r->step_s) / 3600 + 1));
        for (size_t h = 0; h < means.n; h++)
            ck_assert_msg(fabs(means.values[h] - sum[h] / (double)n[h]) < 1e-9, "%s: hour %zu",
                          r->name, h);
    }
    ck_assert_uint_lt(only_series(s).samples, POINTS);
    OK(fsc_store_check(s, &err));
    fsc_store_close(s);
}
END_TEST

START_TEST(a_late_sample_does_not_change_a_retired_hour)
{
    enum { POINTS = 10 * 1440 };
    static double v[POINTS];
    static const double late = 1e6;
    fsc_store *s = open_store();
    for (size_t i = 0; i < POINTS; i++)
        v[i] = i / 60 == 3 ? NAN : 10;
    write_piece(s, 0, 60, POINTS, v);
    OK(fsc_history_retire(s, 5 * FSC_DAY_S, &err));
    write_piece(s, 600, 60, 1, &late);
    write_piece(s, 3 * 3600 + 600, 60, 1, &late); /* that hour was a gap */
    for (int round = 0; round < 2; round++) {
        fsc_series means = read_hourly(s);
        ck_assert(means.values[0] == 10);
        ck_assert(means.values[3] == late);
        OK(fsc_history_retire(s, 5 * FSC_DAY_S, &err));
    }
    ck_assert_int_eq(read_back(s, ever_from, ever_to).start, 5 * FSC_DAY_S);
    fsc_store_close(s);
}
END_TEST

START_TEST(steps_that_do_not_divide_an_hour_stay_raw)
{
    static double v[3000];
    fsc_store *s = open_store();
    write_piece(s, 0, 7200, 3000, v);
    OK(fsc_history_retire(s, INT64_C(3000) * 7200, &err));
    ck_assert_uint_eq(read_back(s, ever_from, ever_to).n, 3000);
    fsc_store_close(s);
}
END_TEST

/* ---- blobs ---- */

START_TEST(blobs_come_back)
{
    fsc_store *s = open_store();
    const void *bytes;
    size_t n;
    ck_assert_int_eq(fsc_blob_get(&bytes, &n, s, "planner", "-", arena, &err), FSC_MISSING);
    OK(fsc_blob_put(s, "planner", "-", "a\0b", 3, 1, &err));
    OK(fsc_blob_put(s, "planner", "-", "c\0de", 4, 2, &err));
    OK(fsc_blob_put(s, "planner", "none", NULL, 0, 2, &err));
    OK(fsc_blob_get(&bytes, &n, s, "planner", "-", arena, &err));
    ck_assert_uint_eq(n, 4);
    ck_assert_int_eq(memcmp(bytes, "c\0de", 4), 0);
    OK(fsc_blob_get(&bytes, &n, s, "planner", "none", arena, &err));
    ck_assert_uint_eq(n, 0);
    fsc_store_close(s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, pieces_in_any_order_make_the_same_history);
    tcase_add_test(t, a_gap_leaves_what_is_stored_and_a_value_replaces_it);
    tcase_add_test(t, times_before_1970_and_grids_beside_the_minute_are_kept);
    tcase_add_loop_test(t, what_does_not_fit_is_refused, 0, sizeof misfits / sizeof *misfits);
    tcase_add_test(t, a_refused_piece_leaves_the_transaction_around_it);
    tcase_add_test(t, gaps_are_listed_until_marked);
    tcase_add_loop_test(t, retired_samples_stay_as_hourly_means, 0,
                        sizeof rollups / sizeof *rollups);
    tcase_add_test(t, a_late_sample_does_not_change_a_retired_hour);
    tcase_add_test(t, steps_that_do_not_divide_an_hour_stay_raw);
    tcase_add_test(t, blobs_come_back);
}

int main(void)
{
    return run_store_suite("history", add);
}
