/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Against values that published libraries gave: tests/golden/make_golden.py made the files. */
#include "forescale/backtest.h"
#include "forescale/file.h"
#include "forescale/json.h"
#include "forescale/model.h"
#include "predictor/smoothing.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { STEP_S = 3600, DAY = 24, AHEAD = 48 };

static const fsc_node *golden(const char *name)
{
    const char *bytes;
    const fsc_node *root;
    size_t n;
    OK(fsc_file_read(&bytes, &n, fsc_arena_printf(arena, &err, "tests/golden/%s", name), 1 << 20,
                     arena, &err));
    OK(fsc_json_parse(&root, bytes, n, arena, &err));
    return root;
}

static double number(const fsc_node *root, const char *key)
{
    const fsc_node *n = fsc_node_at(root, key, NULL);
    ck_assert_msg(n != NULL, "no %s in the golden file", key);
    return fsc_node_real(n, NAN);
}

static const double *numbers(size_t *n, const fsc_node *root, const char *key)
{
    const fsc_node *list = fsc_node_at(root, key, NULL);
    ck_assert_msg(list != NULL, "no %s in the golden file", key);
    double *v = FSC_NEW(arena, list->n, double, &err);
    ck_assert_ptr_nonnull(v);
    for (size_t i = 0; i < list->n; i++)
        v[i] = fsc_node_real(list->items[i], NAN);
    *n = list->n;
    return v;
}

static fsc_forecast forecast(const char *model, const void *opts, const double *y, size_t n,
                             size_t n_q, const double *levels)
{
    static int32_t horizon[AHEAD];
    const fsc_series s = {
        .id = "golden", .start = 1704067200, .step_s = STEP_S, .n = n, .values = y};
    for (int32_t h = 0; h < AHEAD; h++)
        horizon[h] = h + 1;
    const fsc_forecaster_config cfg = {.id = "golden",
                                       .model = model,
                                       .model_opts = opts,
                                       .step_s = STEP_S,
                                       .request = {AHEAD, horizon, n_q, levels}};
    fsc_forecast f;
    OK(fsc_forecast_series(&f, &s, &cfg, arena, &err));
    ck_assert_str_eq(f.model, model);
    return f;
}

static const fsc_model_ops *model_named(const char *name)
{
    const fsc_model_ops *const *m = fsc_models();
    while (strcmp((*m)->name, name))
        m++;
    return *m;
}

static const void *weekly_options(void)
{
    static const fsc_node week = {.kind = FSC_NODE_SCALAR, .scalar = "week"};
    static const fsc_pair pair = {.key = "season", .value = &week};
    static const fsc_node map = {.kind = FSC_NODE_MAP, .n = 1, .pairs = &pair};
    const fsc_opt_ctx ctx = {.file = "test", .arena = arena};
    const fsc_model_ops *m = model_named("seasonal_naive");
    void *opts = fsc_arena_alloc(arena, 1, m->opts_size, &err);
    OK(fsc_options_read(opts, m->opts, &map, &ctx, &err));
    return opts;
}

START_TEST(the_naive_models_are_those_of_statsforecast)
{
    static const double levels[] = {0.5};
    static const char *const keys[] = {"last_value", "day", "week"};
    const fsc_node *root = golden("naive.json");
    size_t n, n_expected;
    const double *y = numbers(&n, root, "y"), *expected = numbers(&n_expected, root, keys[_i]);
    fsc_forecast f = forecast(_i ? "seasonal_naive" : "last_value",
                              _i == 2 ? weekly_options() : NULL, y, n, 1, levels);
    ck_assert_uint_eq(n_expected, AHEAD);
    for (size_t h = 0; h < AHEAD; h++)
        ck_assert_double_eq_tol(f.mean[h], expected[h], 1e-9);
}
END_TEST

typedef struct scored {
    double mase, smape;
} scored;

static scored score(const fsc_node *root, const char *key)
{
    size_t n, n_past;
    const double *actual = numbers(&n, root, "actual"), *f = numbers(&n, root, key),
                 *past = numbers(&n_past, root, "past");
    fsc_tally t = {0};
    for (size_t i = 0; i < n; i++)
        fsc_tally_add(&t, actual[i], f[i], NULL, NULL, 0);
    return (scored){t.absolute / (double)n / fsc_seasonal_scale(past, n_past, DAY),
                    t.symmetric / (double)n};
}

START_TEST(scores_are_those_of_utilsforecast)
{
    const fsc_node *root = golden("metrics.json");
    scored ours = score(root, "ours"), other = score(root, "other");
    ck_assert_double_eq_tol(ours.mase, number(root, "mase"), 1e-9);
    ck_assert_double_eq_tol(other.mase, number(root, "mase_other"), 1e-9);
    ck_assert_double_eq_tol(ours.smape, number(root, "smape"), 1e-9);
    ck_assert_double_eq_tol(other.smape, number(root, "smape_other"), 1e-9);
    ck_assert_double_eq_tol(0.5 * (ours.mase / other.mase + ours.smape / other.smape),
                            number(root, "owa"), 1e-9);
}
END_TEST

START_TEST(quantile_losses_are_those_of_utilsforecast)
{
    const fsc_node *root = golden("metrics.json");
    size_t n, n_q, n_v;
    const double *actual = numbers(&n, root, "actual"), *ours = numbers(&n, root, "ours"),
                 *levels = numbers(&n_q, root, "levels"), *v = numbers(&n_v, root, "quantiles"),
                 *pinball = numbers(&n_q, root, "pinball"),
                 *covered = numbers(&n_q, root, "covered");
    fsc_tally t = {0};
    ck_assert_uint_eq(n_v, n * n_q);
    for (size_t i = 0; i < n; i++)
        fsc_tally_add(&t, actual[i], ours[i], v + i * n_q, levels, n_q);
    for (size_t j = 0; j < n_q; j++) {
        ck_assert_double_eq_tol(t.pinball[j] / (double)n, pinball[j], 1e-9);
        ck_assert_double_eq_tol(t.covered[j] / (double)n, covered[j], 1e-9);
    }
    ck_assert_double_eq_tol(t.absolute / t.actual, number(root, "wape"), 1e-9);
}
END_TEST

static fsc_smoothing_now *end_of(void *state, const fsc_model_spec *spec)
{
    return (fsc_smoothing_now *)(void *)((char *)state + fsc_smoothing_day_bytes(spec));
}

/* A state of Holt-Winters as the file says that it began. */
static void *begin_holt_winters(const fsc_node *root, const fsc_model_spec *spec)
{
    size_t n;
    const double *p = numbers(&n, root, "parameters"), *season = numbers(&n, root, "first_season");
    fsc_smoothing *s = fsc_arena_alloc(arena, 1, spec->model->state_bytes(spec), &err);
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_eq(n, DAY);
    s->parameter[FSC_ALPHA] = p[0];
    s->parameter[FSC_BETA] = p[1];
    s->parameter[FSC_GAMMA] = p[2];
    s->parameter[FSC_PHI] = p[3];
    end_of(s, spec)->level = number(root, "first_level");
    end_of(s, spec)->trend = number(root, "first_trend");
    double *rest = (double *)(void *)(s + 1); /* the season, then quantiles of an error */
    memcpy(rest, season, DAY * sizeof *season);
    for (size_t j = 0; j < spec->request.n_q; j++)
        rest[DAY + j] = (double)j; /* so that a level's distance from the mean is its unit */
    return s;
}

START_TEST(holt_winters_is_statsmodels_at_the_same_parameters)
{
    static const double levels[] = {0.4, 0.6};
    const fsc_node *root = golden("holt_winters.json");
    size_t n, n_h;
    const double *y = numbers(&n, root, "y"), *mean = numbers(&n_h, root, "mean"),
                 *low = numbers(&n_h, root, "low"), *high = numbers(&n_h, root, "high");
    int32_t horizon[DAY];
    double own_mean[DAY], v[2 * DAY];
    for (int32_t h = 0; h < DAY; h++)
        horizon[h] = h + 1;
    const fsc_model_spec spec = {.model = model_named("holt_winters"),
                                 .request = {DAY, horizon, 2, levels},
                                 .step_s = STEP_S};
    fsc_smoothing *s = begin_holt_winters(root, &spec);
    fsc_past past;
    OK(fsc_past_open(&past, "golden", NULL, STEP_S, 1704067200, n + 1, DAY, arena, &err));
    for (size_t i = 0; i < n; i++) {
        fsc_past_append(&past, &y[i], 1);
        spec.model->observe(s, &past, &spec);
    }
    ck_assert_double_eq_tol(end_of(s, &spec)->level, number(root, "level"), 1e-8);
    ck_assert_double_eq_tol(end_of(s, &spec)->trend, number(root, "trend"), 1e-8);
    fsc_prediction out = {own_mean, v};
    spec.model->predict(&out, s, &past, &spec);
    ck_assert_uint_eq(n_h, DAY);
    for (size_t h = 0; h < DAY; h++) {
        ck_assert_double_eq_tol(own_mean[h], mean[h], 1e-8);
        ck_assert_double_eq_tol(v[2 * h + 1] - v[2 * h], (high[h] - low[h]) / (high[0] - low[0]),
                                1e-8);
    }
}
END_TEST

/* The file has what statsmodels knows with the parameters that made the series; ours are fitted. */
START_TEST(holt_winters_comes_near_to_statsmodels_at_the_true_parameters)
{
    static const double levels[] = {0.05, 0.5, 0.95};
    const fsc_node *root = golden("holt_winters.json");
    size_t n, n_h;
    const double *y = numbers(&n, root, "y"), *mean = numbers(&n_h, root, "mean"),
                 *low = numbers(&n_h, root, "low"), *high = numbers(&n_h, root, "high");
    fsc_forecast f = forecast("holt_winters", NULL, y, n, 3, levels);
    double squares = 0, width = 0, true_width = 0, sigma = number(root, "sigma");
    for (size_t h = 0; h < n_h; h++) {
        squares += pow(f.mean[h] - mean[h], 2) / (double)n_h;
        width += f.v[3 * h + 2] - f.v[3 * h];
        true_width += high[h] - low[h];
    }
    ck_assert_msg(sqrt(squares) < 0.6 * sigma, "off by %.3f of the noise", sqrt(squares) / sigma);
    ck_assert_msg(fabs(width / true_width - 1) < 0.2, "bands %.3f as wide", width / true_width);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, the_naive_models_are_those_of_statsforecast, 0, 3);
    tcase_add_test(t, scores_are_those_of_utilsforecast);
    tcase_add_test(t, quantile_losses_are_those_of_utilsforecast);
    tcase_add_test(t, holt_winters_is_statsmodels_at_the_same_parameters);
    tcase_add_test(t, holt_winters_comes_near_to_statsmodels_at_the_true_parameters);
}

int main(void)
{
    return run_suite("golden", add);
}
