/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What budgets of a plan say and do: figures from joint futures, states, who is left alone. */
#include "suite.h"

#include "forescale/plan.h"
#include "forescale/yaml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HOURS = 28 * 24, HOUR = 3600, NOW = HOURS * HOUR };

/* Two workloads of about a hundred nodes at 1 USD an hour each. */
static const char config_text[] =
    "apiVersion: forescale.dev/v1\nkind: Config\ninterval: 60s\nmissedRuns: 0\npools:\n"
    "  - {name: a, gpusPerNode: 1, price: 1.00 USD/h, lead: 0s, idle: 0s}\n"
    "  - {name: b, gpusPerNode: 1, price: 1.00 USD/h, lead: 0s, idle: 0s}\nworkloads:\n"
    "  - {name: a, mode: enforce, demand: {perReplica: 1}, minReplicas: 1, maxReplicas: 1000, "
    "pools: [a], trim: true, objective: {quantile: 0.5}}\n"
    "  - {name: b, mode: enforce, demand: {perReplica: 1}, minReplicas: 1, maxReplicas: 1000, "
    "pools: [b], trim: true, objective: {quantile: 0.5}}\n"
    "budgets: [{name: all, ceiling: %d USD, window: 24h}]\n";

static uint64_t random_state;

/* About normal, of a deviation of 1. */
static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(random_state >> 11) / 9007199254740992.0;
    }
    return sum;
}

typedef struct world {
    fsc_config c;
    fsc_planner *p;
    double values[2][HOURS];
    fsc_plan_past pasts[2];
    fsc_forecast forecasts[2];
    fsc_plan plan;
} world;

/* The marginals of demand around 100 with a deviation of 30, at every horizon. */
static void forecast_of(world *x, size_t w)
{
    static const double quantiles[][2] = {{0.02, 38.4},  {0.1, 61.6},   {0.25, 79.8},
                                          {0.5, 100},    {0.75, 120.2}, {0.9, 138.4},
                                          {0.95, 149.3}, {0.98, 161.6}};
    enum { N_Q = sizeof quantiles / sizeof *quantiles };
    fsc_forecast_request r;
    OK(fsc_planner_request(&r, x->p, w, HOUR, arena, &err));
    double *v = FSC_NEW(arena, r.n_horizons * N_Q, double, &err),
           *q = FSC_NEW(arena, N_Q, double, &err);
    for (size_t j = 0; j < N_Q; j++) {
        q[j] = quantiles[j][0];
        for (size_t h = 0; h < r.n_horizons; h++)
            v[h * N_Q + j] = quantiles[j][1];
    }
    x->forecasts[w] = (fsc_forecast){.id = x->c.workloads[w].name,
                                     .model = "test",
                                     .origin = NOW,
                                     .step_s = HOUR,
                                     .n_horizons = r.n_horizons,
                                     .horizon = r.horizon,
                                     .n_q = N_Q,
                                     .q = q,
                                     .v = v,
                                     .newest = 100,
                                     .skill = 0.3};
}

static void open_world(world *x, int ceiling)
{
    char text[1024];
    int n = snprintf(text, sizeof text, config_text, ceiling);
    ck_assert_int_lt(n, (int)sizeof text);
    ck_assert_msg(fsc_config_load_text(&x->c, "test", text, (size_t)n, arena, &err) == FSC_OK, "%s",
                  err.msg);
    OK(fsc_planner_open(&x->p, &x->c, arena, &err));
    for (size_t w = 0; w < 2; w++)
        forecast_of(x, w);
}

static const fsc_budget_plan *plan(world *x)
{
    const fsc_workload_now w[2] = {{0}};
    const fsc_pool_now pools[2] = {{.nodes_known = true, .nodes = 100},
                                   {.nodes_known = true, .nodes = 100}};
    const fsc_budget_now b = {.spent_known = true, .meter_at = NOW};
    for (size_t i = 0; i < 2; i++) {
        const fsc_series past = {.id = x->c.workloads[i].name,
                                 .start = HOUR,
                                 .step_s = HOUR,
                                 .n = HOURS,
                                 .values = x->values[i]};
        OK(fsc_plan_past_of(&x->pasts[i], &past, arena, &err));
    }
    OK(fsc_planner_run(
        &x->plan, x->p,
        &(fsc_plan_input){.now = NOW,
                          .config = &x->c,
                          .workloads = w,
                          .pools = pools,
                          .budgets = &b,
                          .forecasts = (const fsc_forecast *[]){&x->forecasts[0], &x->forecasts[1]},
                          .pasts = x->pasts},
        arena, &err));
    return &x->plan.budgets[0];
}

/* How the pasts go: each hour by itself, or a day at a time; both workloads together, or one up
 * while the other is down. */
static double spread(bool by_day, double other)
{
    static world x;
    double z = 0;
    x = (world){0};
    random_state = 7;
    open_world(&x, 100000);
    for (size_t i = 0; i < HOURS; i++) {
        z = !by_day || i % 24 == 0 ? normal() : z;
        x.values[0][i] = fmax(100 + 30 * z, 0);
        x.values[1][i] = fmax(100 + 30 * other * z, 0);
    }
    const fsc_budget_plan *b = plan(&x);
    ck_assert_double_ge((double)b->forecast_p50_micros, 24 * 190e6);
    ck_assert_double_le((double)b->forecast_p50_micros, 24 * 215e6);
    return (double)(b->forecast_p95_micros - b->forecast_p50_micros) / (24 * 200e6);
}

/* Of one hour the 95th of 100 is 0.49 above the median; so is that of a day whose hours go
 * together. Of 24 hours that know nothing of each other it is a fifth of that. */
START_TEST(a_days_spend_varies_as_its_hours_and_workloads_go_together)
{
    double together = spread(true, 1), hours_alone = spread(false, 1), opposed = spread(true, -1);
    ck_assert_double_ge(together, 0.35);
    ck_assert_double_le(together, 0.6);
    ck_assert_double_le(hours_alone, 0.2);
    ck_assert_double_ge(hours_alone, 0.03);
    ck_assert_double_le(opposed, 0.15);
}
END_TEST

START_TEST(the_chance_of_passing_a_ceiling_is_the_share_of_futures_that_do)
{
    static world x;
    const int ceilings[] = {4900, 6500, 9000};
    const double least[] = {0.3, 0.02, 0}, most[] = {0.6, 0.2, 0};
    random_state = 7;
    x = (world){0};
    open_world(&x, ceilings[_i]);
    for (size_t i = 0; i < HOURS; i++)
        x.values[0][i] = x.values[1][i] =
            i % 24 ? x.values[0][i - 1] : fmax(100 + 30 * normal(), 0);
    const fsc_budget_plan *b = plan(&x);
    ck_assert_double_ge(b->probability_over, least[_i]);
    ck_assert_double_le(b->probability_over, most[_i]);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_days_spend_varies_as_its_hours_and_workloads_go_together);
    tcase_add_loop_test(t, the_chance_of_passing_a_ceiling_is_the_share_of_futures_that_do, 0, 3);
}

int main(void)
{
    return run_suite("budgets", add);
}
