/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "predictor/gate.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 600, DAY = 144, N = 16 * DAY + 70, N_H = 3, N_Q = 3 };

static const int32_t horizons[N_H] = {1, 2, 3};
static const double levels[N_Q] = {0.5, 0.9, 0.95};
static const fsc_forecast_request request = {
    .n_horizons = N_H, .horizon = horizons, .n_q = N_Q, .q = levels};

/* A reproducible number in [-1, 1) for i (splitmix64). */
static double noise(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

/* Each day the same, and no telling of the next step from the last. */
static double repeated(size_t i)
{
    return 100 + 50 * noise(i % DAY);
}

static double wandering(size_t i)
{
    static double level;
    level = i ? level + noise(i) : 1000;
    return level;
}

static const double *made(double (*at)(size_t i))
{
    double *y = FSC_NEW(arena, N, double, &err);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < N; i++)
        y[i] = at(i);
    return y;
}

static fsc_past past_of(const double *y, size_t n)
{
    fsc_past p;
    OK(fsc_past_open(&p, "s", NULL, STEP_S, 1704067200, N + 1, 7 * DAY, arena, &err));
    for (size_t i = 0; i < n; i++)
        fsc_past_append(&p, &y[i], 1);
    return p;
}

static fsc_forecast said(const char *model, const double *y)
{
    const fsc_forecaster_config cfg = {
        .id = "s", .model = model, .step_s = STEP_S, .request = request};
    const fsc_series s = {.id = "s", .start = 1704067200, .step_s = STEP_S, .n = N, .values = y};
    fsc_forecast f;
    OK(fsc_forecast_series(&f, &s, &cfg, arena, &err));
    return f;
}

START_TEST(naive_forecasts_are_measured_in_the_last_value_s_error)
{
    fsc_past p = past_of(made(repeated), N);
    ck_assert_double_eq_tol(fsc_gate_naive(&p, &request), 0, 1e-12);
    p = past_of(made(wandering), N);
    ck_assert_double_gt(fsc_gate_naive(&p, &request), 2);
    p = past_of(made(repeated), DAY); /* no day before */
    ck_assert_double_nan(fsc_gate_naive(&p, &request));
}
END_TEST

static const struct verdict {
    double skill, naive;
    const char *says; /* NULL: it passes */
} verdicts[] = {
    {0.3, 2, NULL},
    {-0.05, 2, NULL},
    {-0.3, 2, "30% above the last value's"},
    {0.3, 0.5, NULL},
    {0.1, 0.5, "90% of the last value's, those of the same time a day or a week before 50%"},
    {0.2, 0.5, "80% of the last value's, those of the same time a day or a week before 50%"},
    {0.59, 0.16, NULL}, /* far better than to react */
    {0.98, 0, NULL},
    {NAN, 0, NULL},
    {0.3, NAN, NULL},
    {-0.3, NAN, "30% above the last value's"},
};

START_TEST(no_skill_against_any_naive_forecast_is_a_reason)
{
    const struct verdict *v = &verdicts[_i];
    const char *why = fsc_gate_reason(v->skill, v->naive, arena, &err);
    if (!v->says)
        ck_assert_ptr_null(why);
    else
        ck_assert_msg(why && strstr(why, v->says), "%s", why);
}
END_TEST

START_TEST(whichever_model_has_no_skill_is_held)
{
    static const char *const hopeless[] = {"seasonal_naive", "seasonal_naive_week", "profile"};
    const double *y = made(wandering);
    for (size_t i = 0; i < 3; i++) {
        fsc_forecast f = said(hopeless[i], y);
        ck_assert_str_eq(f.model, hopeless[i]);
        ck_assert_double_lt(f.skill, -0.1);
        ck_assert_ptr_nonnull(f.hold);
        ck_assert_ptr_nonnull(strstr(f.hold, "no skill"));
    }
    ck_assert_ptr_null(said(NULL, y).hold);
    ck_assert_ptr_null(said("last_value", made(repeated)).hold);
}
END_TEST

/* A new model too: after some days its skill is known. */
START_TEST(every_model_s_skill_is_known)
{
    const double *y = made(repeated);
    for (const fsc_model_ops *const *m = fsc_models(); *m; m++) {
        fsc_forecast f = said((*m)->name, y);
        ck_assert_str_eq(f.model, (*m)->name);
        ck_assert_msg(!isnan(f.skill), "%s", (*m)->name);
        ck_assert_double_ge(f.skill, *m == &fsc_model_last_value ? 0 : 0.2);
    }
}
END_TEST

START_TEST(a_trial_leaves_the_past_as_it_was_and_looks_at_nothing_newer)
{
    const double *y = made(wandering);
    fsc_past p = past_of(y, N), shorter = past_of(y, 15 * DAY);
    const fsc_model_ops *const *m = fsc_models();
    while (strcmp((*m)->name, "holt_winters"))
        m++;
    const fsc_model_spec spec = {.model = *m, .step_s = STEP_S, .request = request};
    double a, b, c;
    OK(fsc_gate_try(&a, &p, 15 * DAY, &spec, arena, &err));
    OK(fsc_gate_try(&b, &shorter, 15 * DAY, &spec, arena, &err));
    OK(fsc_gate_try(&c, &shorter, 2 * DAY, &spec, arena, &err));
    ck_assert_double_eq(a, b);
    ck_assert_double_nan(c);
    ck_assert_uint_eq(p.n, N);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, naive_forecasts_are_measured_in_the_last_value_s_error);
    tcase_add_loop_test(t, no_skill_against_any_naive_forecast_is_a_reason, 0,
                        sizeof verdicts / sizeof *verdicts);
    tcase_add_test(t, whichever_model_has_no_skill_is_held);
    tcase_add_test(t, every_model_s_skill_is_known);
    tcase_add_test(t, a_trial_leaves_the_past_as_it_was_and_looks_at_nothing_newer);
}

int main(void)
{
    return run_suite("gate", add);
}
