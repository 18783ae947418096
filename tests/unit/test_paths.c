/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joint paths against processes whose sums have a known spread. */
#include "forescale/paths.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 300, DAY = 288, DAYS = 28, N = DAYS * DAY, PATHS = 1000, N_Q = 9 };

static const double levels[N_Q] = {0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.98};
static const double normal[N_Q] = {-2.053749, -1.281552, -0.674490, -0.253347, 0,
                                   0.253347,  0.674490,  1.281552,  2.053749};

/* Nearly normal, unit variance: the sum of twelve uniform numbers. */
static double innovation(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(*state >> 11) * 0x1p-53;
    }
    return sum;
}

static double course_at(size_t i)
{
    return 100 + 40 * sin(6.283185307179586 * (double)i / DAY);
}

/* The daily course times 1 + an AR(1) deviation; `common` is its share of innovations that two
 * series of the same seed have in common. */
static fsc_series simulate(const char *id, double phi, double sigma, double common,
                           uint64_t own_seed, size_t n)
{
    double *y = FSC_NEW(arena, n, double, &err), x = 0;
    uint64_t shared = 7, own = own_seed;
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < n; i++) {
        x = phi * x +
            sigma * (sqrt(common) * innovation(&shared) + sqrt(1 - common) * innovation(&own));
        y[i] = course_at(i) * (1 + x);
    }
    return (fsc_series){.id = id, .start = 1704067200, .step_s = STEP_S, .n = n, .values = y};
}

/* Marginals as the process has them from its usual course at the origin. */
static fsc_forecast truth(const fsc_series *s, double phi, double sigma, size_t n_h, int32_t stride)
{
    int32_t *horizon = FSC_NEW(arena, n_h, int32_t, &err);
    double *v = FSC_NEW(arena, n_h * N_Q, double, &err), *mean = FSC_NEW(arena, n_h, double, &err);
    ck_assert(horizon && v && mean);
    for (size_t h = 0; h < n_h; h++) {
        horizon[h] = (int32_t)(h + 1) * stride;
        double sd = sigma * sqrt((1 - pow(phi, 2.0 * horizon[h])) / (1 - phi * phi));
        mean[h] = course_at(s->n - 1 + (size_t)horizon[h]);
        for (size_t j = 0; j < N_Q; j++)
            v[h * N_Q + j] = mean[h] * fmax(1 + sd * normal[j], 0);
    }
    return (fsc_forecast){.id = s->id,
                          .step_s = STEP_S,
                          .n_horizons = n_h,
                          .horizon = horizon,
                          .n_q = N_Q,
                          .q = levels,
                          .mean = mean,
                          .v = v};
}

static double sum_of(const fsc_paths *p, size_t series, size_t path)
{
    double sum = 0;
    for (size_t h = 0; h < p->n_horizons[series]; h++)
        sum += fsc_paths_of(p, series, path)[h];
    return sum;
}

typedef struct moments {
    double mean, variance;
} moments;

static moments moments_of_sums(const fsc_paths *p)
{
    moments m = {0, 0};
    for (size_t k = 0; k < p->n; k++)
        m.mean += sum_of(p, 0, k) / (double)p->n;
    for (size_t k = 0; k < p->n; k++)
        m.variance += pow(sum_of(p, 0, k) - m.mean, 2) / (double)p->n;
    return m;
}

/* The variance of the sum over the horizons, from the process's own covariances. */
static double true_variance(const fsc_forecast *f, double phi, double sigma)
{
    double sum = 0;
    for (size_t i = 0; i < f->n_horizons; i++)
        for (size_t j = 0; j < f->n_horizons; j++) {
            double a = f->horizon[i], b = f->horizon[j], first = a < b ? a : b;
            sum += f->mean[i] * f->mean[j] * sigma * sigma * pow(phi, fabs(a - b)) *
                   (1 - pow(phi, 2 * first)) / (1 - phi * phi);
        }
    return sum;
}

static fsc_paths draw(const fsc_series *s, const fsc_forecast *f, size_t n, uint64_t seed)
{
    fsc_paths p;
    fsc_paths_source src = {f, *s};
    OK(fsc_paths_draw(&p, &src, 1, NULL, n, seed, arena, &err));
    return p;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static const struct process {
    double phi, sigma;
    size_t n_horizons;
    int32_t stride;
} processes[] = {
    {0.0, 0.05, 24, 12},    /* white noise: errors cancel */
    {0.9, 0.02, 24, 1},     /* two hours, every step */
    {0.99, 0.01, 24, 12},   /* a day, every hour */
    {0.995, 0.005, 28, 72}, /* a week, a quarter of a day at a time */
    {0.9, 0.02, 80, 72},    /* 20 days: longer than any piece of the past */
};

START_TEST(sums_over_time_have_the_spread_of_the_process)
{
    const struct process *q = &processes[_i];
    fsc_series s = simulate("s", q->phi, q->sigma, 0, 11, N);
    fsc_forecast f = truth(&s, q->phi, q->sigma, q->n_horizons, q->stride);
    fsc_paths p = draw(&s, &f, PATHS, 1);
    double expected = 0;
    for (size_t h = 0; h < f.n_horizons; h++)
        expected += f.mean[h];
    moments m = moments_of_sums(&p);
    ck_assert_double_eq_tol(m.mean / expected, 1, 0.01);
    double ratio = sqrt(m.variance / true_variance(&f, q->phi, q->sigma));
    ck_assert_msg(ratio > 0.8 && ratio < 1.25, "phi %g, %zu horizons: spread %.3f of the true one",
                  q->phi, f.n_horizons, ratio);
}
END_TEST

START_TEST(each_horizon_keeps_its_marginal)
{
    fsc_series s = simulate("s", 0.9, 0.02, 0, 11, N);
    fsc_forecast f = truth(&s, 0.9, 0.02, 6, 12);
    fsc_paths p = draw(&s, &f, PATHS, 1);
    double v[PATHS];
    for (size_t h = 0; h < f.n_horizons; h++) {
        for (size_t k = 0; k < PATHS; k++)
            v[k] = fsc_paths_of(&p, 0, k)[h];
        qsort(v, PATHS, sizeof *v, by_value);
        for (size_t k = 0; k < PATHS; k++)
            ck_assert_double_eq(v[k], fsc_forecast_level(&f, h, ((double)k + 0.5) / PATHS));
    }
}
END_TEST

static double correlation_of_sums(const fsc_paths *p)
{
    double ab = 0, aa = 0, bb = 0, ma = 0, mb = 0;
    for (size_t k = 0; k < p->n; k++) {
        ma += sum_of(p, 0, k) / (double)p->n;
        mb += sum_of(p, 1, k) / (double)p->n;
    }
    for (size_t k = 0; k < p->n; k++) {
        double x = sum_of(p, 0, k) - ma, y = sum_of(p, 1, k) - mb;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

static const struct pair {
    double common;
    size_t younger_by; /* days */
    double least, most;
} pairs[] = {{0.8, 0, 0.65, 0.95}, {0.8, 14, 0.3, 0.95}, {0, 0, -0.2, 0.2}, {1, 0, 0.99, 1}};

START_TEST(workloads_that_move_together_keep_doing_so)
{
    const struct pair *q = &pairs[_i];
    fsc_series a = simulate("a", 0.95, 0.02, q->common, 11, N),
               b = simulate("b", 0.95, 0.02, q->common, 13, N);
    b.values += q->younger_by * DAY;
    b.start += (int64_t)q->younger_by * FSC_DAY_S;
    b.n -= q->younger_by * DAY;
    fsc_forecast fa = truth(&a, 0.95, 0.02, 24, 3), fb = truth(&b, 0.95, 0.02, 24, 3);
    fsc_paths_source src[2] = {{&fa, a}, {&fb, b}};
    fsc_paths p;
    OK(fsc_paths_draw(&p, src, 2, NULL, PATHS, 5, arena, &err));
    double r = correlation_of_sums(&p);
    ck_assert_msg(r >= q->least && r <= q->most, "correlation %.3f", r);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_paths_whoever_else_is_there)
{
    fsc_series a = simulate("a", 0.9, 0.02, 0, 11, N), b = simulate("b", 0.9, 0.02, 0, 13, N / 2);
    fsc_forecast fa = truth(&a, 0.9, 0.02, 12, 12), fb = truth(&b, 0.9, 0.02, 12, 12);
    fsc_paths_source src[2] = {{&fb, b}, {&fa, a}};
    fsc_paths both, alone = draw(&a, &fa, 200, 5), other = draw(&a, &fa, 200, 6);
    OK(fsc_paths_draw(&both, src, 2, NULL, 200, 5, arena, &err));
    ck_assert_mem_eq(alone.v[0], both.v[1], 200 * 12 * sizeof(double));
    ck_assert_mem_ne(alone.v[0], other.v[0], 200 * 12 * sizeof(double));
}
END_TEST

START_TEST(gaps_short_pasts_and_zeros_give_sound_paths)
{
    static const size_t lengths[] = {0, 1, 3, 4, 50, DAY, 2 * DAY + 7, 3 * DAY, 20 * DAY};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int kind = 0; kind < 3; kind++) {
            fsc_series s = simulate("s", 0.9, 0.02, 0, 11, lengths[i]);
            double *y = FSC_NEW(arena, s.n, double, &err);
            for (size_t k = 0; k < s.n; k++)
                y[k] = kind == 0 ? 0 : kind == 1 ? NAN : k % 7 ? s.values[k] : NAN;
            s.values = y;
            fsc_forecast f = truth(&s, 0.9, 0.5, 40, 24);
            fsc_paths p = draw(&s, &f, 50, 1);
            for (size_t k = 0; k < 50 * f.n_horizons; k++) {
                ck_assert_double_finite(p.v[0][k]);
                ck_assert_double_ge(p.v[0][k], 0);
            }
        }
}
END_TEST

START_TEST(without_a_past_a_path_keeps_its_level)
{
    fsc_series s = simulate("s", 0.9, 0.02, 0, 11, 3);
    fsc_forecast f = truth(&s, 0.9, 0.02, 6, 12);
    fsc_paths p = draw(&s, &f, 100, 1);
    for (size_t k = 0; k < 100; k++)
        for (size_t j = 0; j < 100; j++)
            for (size_t h = 1; h < 6; h++)
                ck_assert((fsc_paths_of(&p, 0, k)[h] < fsc_paths_of(&p, 0, j)[h]) ==
                          (fsc_paths_of(&p, 0, k)[0] < fsc_paths_of(&p, 0, j)[0]));
}
END_TEST

START_TEST(levels_beyond_the_forecast_s_own_are_the_exceedance_turned_round)
{
    fsc_series s = simulate("s", 0.9, 0.02, 0, 11, 3);
    fsc_forecast f = truth(&s, 0.9, 0.02, 2, 1);
    for (double level = 0.03; level < 0.9995; level += 0.01)
        ck_assert_double_eq_tol(1 - fsc_forecast_exceed(&f, 1, fsc_forecast_level(&f, 1, level)),
                                level, 1e-9);
    ck_assert_double_lt(fsc_forecast_level(&f, 1, 0.001), fsc_forecast_level(&f, 1, 0.02));
    const double wide[N_Q] = {1, 2, 50, 60, 70, 80, 90, 100, 200};
    f.v = wide;
    ck_assert_double_eq(fsc_forecast_level(&f, 0, 1e-9), 0);
}
END_TEST

START_TEST(a_past_on_another_grid_is_refused)
{
    fsc_series s = simulate("s", 0.9, 0.02, 0, 11, N);
    fsc_forecast f = truth(&s, 0.9, 0.02, 6, 12);
    fsc_paths_source src = {&f, s};
    fsc_paths p;
    src.past.step_s = 60;
    ck_assert_int_eq(fsc_paths_draw(&p, &src, 1, NULL, 10, 1, arena, &err), FSC_BUG);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, sums_over_time_have_the_spread_of_the_process, 0,
                        sizeof processes / sizeof *processes);
    tcase_add_test(t, each_horizon_keeps_its_marginal);
    tcase_add_loop_test(t, workloads_that_move_together_keep_doing_so, 0,
                        sizeof pairs / sizeof *pairs);
    tcase_add_test(t, the_same_seed_gives_the_same_paths_whoever_else_is_there);
    tcase_add_test(t, gaps_short_pasts_and_zeros_give_sound_paths);
    tcase_add_test(t, without_a_past_a_path_keeps_its_level);
    tcase_add_test(t, levels_beyond_the_forecast_s_own_are_the_exceedance_turned_round);
    tcase_add_test(t, a_past_on_another_grid_is_refused);
}

int main(void)
{
    return run_suite("paths", add);
}
