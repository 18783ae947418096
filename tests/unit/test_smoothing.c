/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exponential smoothing on series made by its own equations, whose parameters are known. */
#include "predictor/smoothing.h"
#include "tests/unit/suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 1800, DAY = 48, WEEK = 7 * DAY, N = 28 * DAY, RUNS = 12, AHEAD = 3 };

static const int32_t horizons[AHEAD] = {1, 4, DAY};
static const double levels[] = {0.05, 0.5, 0.95};

static const struct truth {
    const char *model;
    double alpha, gamma, omega, rho;
} truths[] = {
    {"holt_winters", 0.5, 0.1, 0, 0},
    {"holt_winters", 0.1, 0.15, 0, 0},
    {"holt_winters_mul", 0.4, 0.1, 0, 0},
    {"double_seasonal", 0.1, 0.05, 0.05, 0.7},
};
enum { N_TRUTHS = sizeof truths / sizeof *truths };

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

static void simulate(double *y, size_t n, const struct truth *t, uint64_t seed)
{
    const double turn = 6.283185307179586, sigma = 5;
    bool times = !strcmp(t->model, "holt_winters_mul");
    double level = 1000, before = 0, day[DAY], week[WEEK];
    for (size_t i = 0; i < DAY; i++)
        day[i] = times ? 1 + 0.4 * sin(turn * (double)i / DAY) : 200 * sin(turn * (double)i / DAY);
    for (size_t i = 0; i < WEEK; i++)
        week[i] = t->omega > 0 ? 100 * sin(turn * (double)i / WEEK) : 0;
    for (size_t i = 0; i < n; i++) {
        double *d = &day[i % DAY], *w = &week[i % WEEK], unit = times ? *d : 1;
        double e = unit * sigma * innovation(&seed) + t->rho * before, l = level;
        y[i] = times ? l * *d + e : l + *d + *w + e;
        level += t->alpha * e / unit;
        *d += t->gamma * e / (times ? l : 1);
        *w += t->omega * e;
        before = e;
    }
}

static const fsc_model_ops *model(const char *name)
{
    for (const fsc_model_ops *const *m = fsc_models(); *m; m++)
        if (!strcmp((*m)->name, name))
            return *m;
    ck_abort_msg("there is no model %s", name);
}

static fsc_past past_of(const double *y, size_t n)
{
    fsc_past past;
    OK(fsc_past_open(&past, "s", NULL, STEP_S, 1704067200, n + 2, WEEK + 2, arena, &err));
    fsc_past_append(&past, y, n);
    return past;
}

START_TEST(parameters_are_found_again)
{
    const struct truth *t = &truths[_i];
    const fsc_model_ops *m = model(t->model);
    const fsc_model_spec spec = {
        .model = m, .request = {AHEAD, horizons, 3, levels}, .step_s = STEP_S};
    double mean[FSC_N_PARAMETERS] = {0}, *y = FSC_NEW(arena, N, double, &err);
    for (uint64_t run = 1; run <= RUNS; run++) {
        simulate(y, N, t, run);
        fsc_past past = past_of(y, N);
        fsc_smoothing *s = fsc_arena_alloc(arena, 1, m->state_bytes(&spec), &err);
        OK(m->fit(s, &past, &spec, arena, &err));
        for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
            mean[p] += s->parameter[p] / RUNS;
    }
    ck_assert_double_eq_tol(mean[FSC_ALPHA], t->alpha, 0.05);
    ck_assert_double_eq_tol(mean[FSC_GAMMA], t->gamma, 0.06);
    ck_assert_double_eq_tol(mean[FSC_OMEGA], t->omega, 0.06);
    ck_assert_double_eq_tol(mean[FSC_RHO], t->rho, 0.1);
}
END_TEST

/* Of the values that came, 90 % lie between the levels 0.05 and 0.95, near and far. */
START_TEST(intervals_hold_what_they_promise)
{
    enum { WORLDS = 150 };
    const struct truth *t = &truths[_i];
    double held[AHEAD] = {0}, *y = FSC_NEW(arena, N + DAY, double, &err);
    for (uint64_t run = 1; run <= WORLDS; run++) {
        fsc_arena_mark mark = fsc_arena_get_mark(arena);
        fsc_forecast f;
        simulate(y, N + DAY, t, run);
        const fsc_forecaster_config cfg = {.id = "s",
                                           .model = t->model,
                                           .step_s = STEP_S,
                                           .request = {AHEAD, horizons, 3, levels}};
        const fsc_series s = {
            .id = "s", .start = 1704067200, .step_s = STEP_S, .n = N, .values = y};
        OK(fsc_forecast_series(&f, &s, &cfg, arena, &err));
        for (size_t h = 0; h < AHEAD; h++) {
            double came = y[N - 1 + (size_t)horizons[h]];
            held[h] += (came >= f.v[h * 3] && came <= f.v[h * 3 + 2]) / (double)WORLDS;
        }
        fsc_arena_rewind(arena, mark);
    }
    for (size_t h = 0; h < AHEAD; h++)
        ck_assert_msg(held[h] > 0.8 && held[h] < 0.97, "%d steps ahead %.3f held", (int)horizons[h],
                      held[h]);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_loop_test(t, parameters_are_found_again, 0, N_TRUTHS);
    tcase_add_loop_test(t, intervals_hold_what_they_promise, 0, N_TRUTHS);
}

int main(void)
{
    return run_suite("smoothing", add_tests);
}
