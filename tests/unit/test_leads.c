/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/leads.h"
#include "tests/unit/suite.h"

#include <stdio.h>

enum { T0 = 1795510800 };

static void take(fsc_leads *l, int64_t now, const fsc_start *starts, size_t n)
{
    OK(fsc_leads_take(l, starts, n, now, arena, &err));
}

START_TEST(a_start_counts_once_and_only_since_the_first_look)
{
    fsc_leads l = {0};
    const fsc_start old = {"old", T0 - 500, T0 - 400}, fresh = {"fresh", T0 + 10, T0 + 70};
    const fsc_start booting = {"booting", T0 + 20, 0}, unknown = {"unknown", 0, T0 + 60};
    const fsc_start flapped = {"fresh", T0 + 10, T0 + 900}, late = {"booting", T0 + 20, T0 + 110};
    take(&l, T0, &old, 1);
    ck_assert_int_eq(l.n, 0);
    take(&l, T0 + 80, (const fsc_start[]){old, fresh, booting, unknown}, 4);
    ck_assert_int_eq(l.n, 1);
    ck_assert_int_eq(l.seconds[0], 60);
    take(&l, T0 + 950, (const fsc_start[]){old, flapped, late}, 3);
    ck_assert_int_eq(l.n, 2);
    ck_assert_int_eq(l.seconds[1], 90);
    ck_assert_int_eq(l.in_force, 0); /* too few */
}
END_TEST

static void starts_of(fsc_leads *l, int from, int count, int seconds)
{
    for (int i = 0; i < count; i++) {
        char uid[32];
        (void)snprintf(uid, sizeof uid, "u%d", from + i);
        take(l, T0 + 1000, &(fsc_start){uid, T0, T0 + seconds}, 1);
    }
}

START_TEST(the_high_percentile_of_the_newest_is_in_force_and_does_not_flutter)
{
    fsc_leads l = {.since = T0};
    starts_of(&l, 0, 8, 60);
    starts_of(&l, 8, 1, 100);
    ck_assert_int_eq(l.in_force, 0);
    starts_of(&l, 9, 1, 300);
    ck_assert_int_eq(l.in_force, 100); /* nine of ten */
    starts_of(&l, 10, 20, 104);
    ck_assert_int_eq(l.in_force, 100);
    starts_of(&l, 30, 200, 40);
    ck_assert_int_eq(l.n, FSC_LEADS_KEPT);
    ck_assert_int_eq(l.in_force, 40); /* the old ones have left the ring */
}
END_TEST

START_TEST(what_is_kept_reads_back_and_what_is_broken_is_refused)
{
    fsc_leads l = {.since = T0}, back = {0};
    fsc_buf bytes;
    starts_of(&l, 0, 12, 63);
    fsc_buf_init(&bytes, arena, 1 << 20);
    fsc_leads_save(&bytes, &l);
    ck_assert_int_eq(fsc_leads_load(&back, fsc_buf_str(&bytes), bytes.len, arena, &err), FSC_OK);
    ck_assert_int_eq(back.in_force, 63);
    ck_assert_int_eq(back.n, 12);
    ck_assert_int_eq(back.seconds[fsc_leads_at(&back, 0)], 63);
    ck_assert_int_eq(back.ready[fsc_leads_at(&back, 11)], T0 + 63);
    starts_of(&back, 11, 1, 999); /* the one that is still there was counted before */
    ck_assert_int_eq(back.n, 12);
    for (size_t n = 0; n < bytes.len; n += 97)
        ck_assert_int_eq(fsc_leads_load(&back, fsc_buf_str(&bytes), n, arena, &err), FSC_DATA);
}
END_TEST

START_TEST(leads_of_the_first_version_count_on_without_their_times)
{
    enum { HEAD = 8 + 2 * 8 + 2 * 4 + 4 * FSC_LEADS_KEPT + 8, TIMES = 8 * FSC_LEADS_KEPT };
    fsc_leads l = {.since = T0}, back = {0};
    fsc_buf bytes, first;
    starts_of(&l, 0, 12, 63);
    fsc_buf_init(&bytes, arena, 1 << 20);
    fsc_buf_init(&first, arena, 1 << 20);
    fsc_leads_save(&bytes, &l);
    fsc_buf_add(&first, "FSCLD01", 8);
    fsc_buf_add(&first, fsc_buf_str(&bytes) + 8, HEAD - 8);
    fsc_buf_add(&first, fsc_buf_str(&bytes) + HEAD + TIMES, bytes.len - HEAD - TIMES);
    OK(fsc_leads_load(&back, fsc_buf_str(&first), first.len, arena, &err));
    ck_assert_int_eq(back.in_force, 63);
    ck_assert_int_eq(back.n, 12);
    ck_assert_int_eq(back.ready[0], 0);
    starts_of(&back, 11, 1, 999);
    ck_assert_int_eq(back.n, 12);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, a_start_counts_once_and_only_since_the_first_look);
    tcase_add_test(t, the_high_percentile_of_the_newest_is_in_force_and_does_not_flutter);
    tcase_add_test(t, what_is_kept_reads_back_and_what_is_broken_is_refused);
    tcase_add_test(t, leads_of_the_first_version_count_on_without_their_times);
}

int main(void)
{
    return run_suite("leads", add_tests);
}
