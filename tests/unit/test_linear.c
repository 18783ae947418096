/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fits on lanes against the same sums written plainly, and against known truth. */
#include "predictor/linear.h"
#include "tests/unit/suite.h"

#include <math.h>
#include <string.h>

enum { N = 1003, P = 6, STRIDE = (N + FSC_LANES - 1) / FSC_LANES * FSC_LANES };

static double x[(P + 1) * STRIDE], w[STRIDE];
static const double truth[P] = {2, -1, 0.5, 0, 30, 7}; /* the last is the intercept */

static double noise(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

static void make(void)
{
    for (size_t i = 0; i < N; i++) {
        double y = 0;
        for (size_t j = 0; j < P; j++) {
            x[j * STRIDE + i] = j == P - 1 ? 1 : noise(i * P + j) * pow(10, (double)j - 2);
            y += truth[j] * x[j * STRIDE + i];
        }
        x[P * STRIDE + i] = y;
        w[i] = 1.5 + noise(i + 77);
    }
}

static fsc_design design(void)
{
    return (fsc_design){.n = N, .stride = STRIDE, .p = P, .x = x, .w = w};
}

START_TEST(a_robust_fit_finds_the_truth_through_outliers)
{
    double coef[P];
    const fsc_design d = design();
    for (size_t i = 0; i < N; i += 7)
        x[P * STRIDE + i] += 1000;
    ck_assert_int_eq(fsc_linear_robust(coef, &d, &(fsc_robust){1e-12, 0.1, 30, NULL}, arena, &err),
                     FSC_OK);
    for (size_t j = 0; j < P; j++)
        ck_assert_double_eq_tol(coef[j], truth[j], 1e-6);
}
END_TEST

/* Gauss and Jordan on plainly summed normal equations. */
static void plain_least_squares(double *out)
{
    double a[P][P + 1];
    for (size_t j = 0; j < P; j++)
        for (size_t k = 0; k <= P; k++) {
            a[j][k] = 0;
            for (size_t i = 0; i < N; i++)
                a[j][k] += w[i] * x[j * STRIDE + i] * x[k * STRIDE + i];
        }
    for (size_t j = 0; j < P; j++)
        for (size_t i = 0; i < P; i++) {
            double f = i == j ? 0 : a[i][j] / a[j][j];
            for (size_t k = j; k <= P; k++)
                a[i][k] -= f * a[j][k];
        }
    for (size_t j = 0; j < P; j++)
        out[j] = a[j][P] / a[j][j];
}

START_TEST(sums_on_lanes_equal_plain_ones)
{
    double coef[P], plain[P];
    const fsc_design d = design();
    for (size_t i = 0; i < N; i++)
        x[P * STRIDE + i] += noise(i + 12345);
    ck_assert_int_eq(fsc_linear_robust(coef, &d, &(fsc_robust){0, 0.1, 1, NULL}, arena, &err),
                     FSC_OK);
    plain_least_squares(plain);
    for (size_t j = 0; j < P; j++)
        ck_assert_double_eq_tol(coef[j], plain[j], 1e-9 * (1 + fabs(plain[j])));
}
END_TEST

START_TEST(residuals_are_target_minus_fit)
{
    double r[STRIDE];
    const fsc_design d = design();
    fsc_linear_residuals(r, &d, truth);
    for (size_t i = 0; i < STRIDE; i++)
        ck_assert_double_eq_tol(r[i], 0, 1e-11);
}
END_TEST

START_TEST(a_column_that_would_turn_negative_is_dropped)
{
    double coef[P];
    const fsc_design d = design();
    ck_assert_int_eq(fsc_linear_nonnegative(coef, &d, &err), FSC_OK);
    for (size_t j = 0; j < P; j++)
        ck_assert_double_ge(coef[j], 0);
    ck_assert_double_eq(coef[1], 0);
    ck_assert_double_eq_tol(coef[4], truth[4], 0.2);
}
END_TEST

static int by_size(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

static double pattern(size_t which, size_t i)
{
    return which == 0   ? noise(i)
           : which == 1 ? (double)i
           : which == 2 ? (double)(i % 3)
                        : -noise(i / 9);
}

START_TEST(the_median_is_that_of_the_sorted_values)
{
    enum { MOST = 700, PATTERNS = 4 };
    double v[MOST], sorted[MOST];
    for (size_t n = 1; n <= MOST; n++)
        for (size_t which = 0; which < PATTERNS; which++) {
            for (size_t i = 0; i < n; i++)
                v[i] = sorted[i] = pattern(which, i);
            qsort(sorted, n, sizeof *sorted, by_size);
            ck_assert_double_eq(fsc_median(v, n), sorted[n / 2]);
        }
    ck_assert_double_nan(fsc_median(v, 0));
}
END_TEST

START_TEST(quantiles_are_those_of_the_sorted_values)
{
    static const double levels[] = {0.001, 0.1, 0.5, 0.95, 0.999};
    double v[N], equal[N], out[5], median[N];
    for (size_t i = 0; i < N; i++) {
        v[i] = i % 5 == 0 ? 0 : noise(i) * pow(10, (double)(i % 9) - 4);
        equal[i] = 0.25;
    }
    memcpy(median, v, sizeof v);
    ck_assert_int_eq(fsc_weighted_quantiles(out, levels, 5, v, equal, N, arena, &err), FSC_OK);
    qsort(v, N, sizeof *v, by_size);
    for (size_t k = 0; k < 5; k++) {
        double at = fmin(fmax(levels[k] * N - 0.5, 0), N - 1);
        size_t i = (size_t)at;
        double next = v[i + 1 < N ? i + 1 : i];
        ck_assert_double_eq_tol(out[k], v[i] + (at - (double)i) * (next - v[i]), 1e-9);
    }
    ck_assert_double_eq(fsc_median(median, N), v[N / 2]);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, make, NULL);
    tcase_add_test(t, a_robust_fit_finds_the_truth_through_outliers);
    tcase_add_test(t, sums_on_lanes_equal_plain_ones);
    tcase_add_test(t, residuals_are_target_minus_fit);
    tcase_add_test(t, a_column_that_would_turn_negative_is_dropped);
    tcase_add_test(t, the_median_is_that_of_the_sorted_values);
    tcase_add_test(t, quantiles_are_those_of_the_sorted_values);
}

int main(void)
{
    return run_suite("linear", add_tests);
}
