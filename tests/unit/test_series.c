/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/series.h"

#include <math.h>

#define N(a) (sizeof(a) / sizeof *(a))

START_TEST(missing_steps_are_gaps)
{
    static const fsc_sample v[] = {{100, 1}, {160, 2}, {280, NAN}, {340, 4}, {400, INFINITY}};
    fsc_series s;
    OK(fsc_series_from_samples(&s, "x", v, N(v), 0, arena, &err));
    ck_assert_int_eq(s.step_s, 60);
    ck_assert_uint_eq(s.n, 6);
    ck_assert(s.values[0] == 1 && s.values[1] == 2 && s.values[4] == 4);
    ck_assert(isnan(s.values[2]) && isnan(s.values[3]) && isnan(s.values[5]));
    ck_assert_uint_eq(fsc_series_gaps(&s), 3);
    ck_assert_int_eq(fsc_series_newest(&s), 340);
}
END_TEST

START_TEST(disorder_is_refused)
{
    static const fsc_sample doubled[] = {{1, 1}, {1, 2}}, back[] = {{5, 1}, {2, 2}},
                            one[] = {{5, 1}};
    fsc_series s;
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", doubled, 2, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", back, 2, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 0, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 1, 0, arena, &err),
                     FSC_DATA); /* no step to infer */
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 1, 60, arena, &err), FSC_OK);
}
END_TEST

START_TEST(a_cut_shares_the_grid)
{
    static const double v[] = {0, 1, 2, 3, 4};
    const fsc_series s = {.id = "x", .start = 1000, .step_s = 10, .n = 5, .values = v};
    fsc_series c = fsc_series_cut(&s, 1005, 1031);
    ck_assert_int_eq(c.start, 1010);
    ck_assert_uint_eq(c.n, 3);
    ck_assert(c.values[0] == 1);
    ck_assert_uint_eq(fsc_series_cut(&s, INT64_MIN, INT64_MAX).n, 5);
    ck_assert_uint_eq(fsc_series_cut(&s, 2000, 3000).n, 0);
    const fsc_series nothing = {0}, early = {.start = -60, .step_s = 60, .n = 2, .values = v};
    ck_assert_uint_eq(fsc_series_cut(&nothing, 0, INT64_MAX).n, 0);
    ck_assert_uint_eq(fsc_series_cut(&early, INT64_MIN, INT64_MAX).n, 2);
}
END_TEST

START_TEST(a_thin_bucket_is_a_gap)
{
    static const double v[] = {1, 3, NAN, NAN, 5, 7};
    const fsc_series s = {.id = "x", .start = 1200, .step_s = 60, .n = 6, .values = v};
    fsc_series r;
    OK(fsc_series_resample(&r, &s, 120, 0.8, arena, &err));
    ck_assert_uint_eq(r.n, 3);
    ck_assert(r.values[0] == 2 && isnan(r.values[1]) && r.values[2] == 6);
    ck_assert_int_eq(fsc_series_resample(&r, &s, 90, 0.8, arena, &err), FSC_DATA);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, missing_steps_are_gaps);
    tcase_add_test(t, disorder_is_refused);
    tcase_add_test(t, a_cut_shares_the_grid);
    tcase_add_test(t, a_thin_bucket_is_a_gap);
}

int main(void)
{
    return run_suite("series", add);
}
