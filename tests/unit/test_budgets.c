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
    "pools: [b], trim: true, objective: {quantile: 0.5}, priority: %d}\n"
    "budgets: [{name: all, ceiling: %d USD, window: 24h%s}]\n";

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
    fsc_workload_now now[2];
    fsc_planner *p;
    double values[2][HOURS];
    fsc_plan_past pasts[2];
    fsc_forecast forecasts[2];
    int64_t spent_micros;
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

static void open_with(world *x, int priority, int ceiling, const char *more)
{
    char text[1024];
    int n = snprintf(text, sizeof text, config_text, priority, ceiling, more);
    ck_assert_int_lt(n, (int)sizeof text);
    ck_assert_msg(fsc_config_load_text(&x->c, "test", text, (size_t)n, arena, &err) == FSC_OK, "%s",
                  err.msg);
    OK(fsc_planner_open(&x->p, &x->c, arena, &err));
    for (size_t w = 0; w < 2; w++)
        forecast_of(x, w);
}

static void open_world(world *x, int ceiling)
{
    open_with(x, 0, ceiling, "");
}

static const fsc_budget_plan *plan(world *x)
{
    const fsc_pool_now pools[2] = {{.nodes_known = true, .nodes = 100},
                                   {.nodes_known = true, .nodes = 100}};
    const fsc_budget_now b = {
        .spent_known = true, .spent_micros = x->spent_micros, .meter_at = NOW};
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
                          .workloads = x->now,
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

/* ---- what the guard does ---------------------------------------------------------------------
 */

/* Both want a hundred nodes; the rate allows so many of both. */
static void open_short(world *x, int priority, const char *more)
{
    char limit[80];
    *x = (world){0};
    (void)snprintf(limit, sizeof limit, ", rate: 120 USD/h%s", more);
    open_with(x, priority, 100000, limit);
    for (size_t i = 0; i < HOURS; i++)
        x->values[0][i] = x->values[1][i] = 100;
    for (size_t w = 0; w < 2; w++)
        x->now[w] = (fsc_workload_now){.replicas_known = true,
                                       .replicas = 100,
                                       .max_known = true,
                                       .max_replicas = 1000,
                                       .min_known = true,
                                       .min_replicas = 1};
}

START_TEST(what_is_paused_is_left_alone_and_counts_in_full)
{
    static world x;
    open_short(&x, 0, "");
    x.now[0].paused = true;
    const fsc_budget_plan *b = plan(&x);
    ck_assert(x.plan.workloads[0].hold);
    ck_assert_msg(strstr(x.plan.workloads[0].reason, "it is paused") != NULL, "%s",
                  x.plan.workloads[0].reason);
    ck_assert_ptr_nonnull(b->void_why);
    ck_assert_str_eq(b->void_why, "workload a is not capped: it is paused");
    ck_assert_int_eq(b->state, FSC_BUDGET_OPEN);
    /* Its hundred nodes are taken; of the 120 that the rate allows the other has what is left. */
    ck_assert_int_le(x.plan.workloads[1].max_replicas, 20);
    ck_assert_int_ge(b->worst_case_micros, 24 * 100 * INT64_C(1000000));
}
END_TEST

START_TEST(eviction_never_keeps_running_pods_and_says_what_it_voids)
{
    static world x;
    open_short(&x, 0, ", eviction: never");
    const fsc_budget_plan *b = plan(&x);
    ck_assert_str_eq(b->void_why, "eviction: never makes the ceiling a target");
    ck_assert_int_eq(b->state, FSC_BUDGET_OPEN);
    for (size_t w = 0; w < 2; w++)
        ck_assert_int_ge(x.plan.workloads[w].max_replicas, 100);
    open_short(&x, 0, "");
    b = plan(&x);
    ck_assert_ptr_null(b->void_why);
    ck_assert_int_le(x.plan.workloads[0].max_replicas + x.plan.workloads[1].max_replicas, 120);
}
END_TEST

START_TEST(who_comes_first_is_served_first)
{
    static world x;
    open_short(&x, 5, "");
    (void)plan(&x);
    ck_assert_int_ge(x.plan.workloads[1].max_replicas, 100);
    ck_assert_int_le(x.plan.workloads[0].max_replicas, 20);
    open_short(&x, -5, "");
    (void)plan(&x);
    ck_assert_int_ge(x.plan.workloads[0].max_replicas, 100);
    ck_assert_int_le(x.plan.workloads[1].max_replicas, 20);
}
END_TEST

START_TEST(pods_of_rollouts_are_part_of_the_worst_bill)
{
    static world x;
    open_short(&x, 0, "");
    int64_t plain = plan(&x)->worst_case_micros, pods[2];
    for (size_t w = 0; w < 2; w++)
        pods[w] = x.plan.workloads[w].max_replicas;
    ck_assert_int_eq(pods[0] + pods[1], 120);
    open_short(&x, 0, "");
    for (size_t w = 0; w < 2; w++)
        x.now[w].rollout = (fsc_rollout){.surge = {0.25, 0}, .away = {0, 0}, .grace_s = 30};
    const fsc_budget_plan *b = plan(&x);
    /* A quarter in surge, and once more as much that is going: a half more, rounded up. */
    ck_assert_int_le(x.plan.workloads[0].max_replicas + x.plan.workloads[1].max_replicas, 80);
    ck_assert_int_ge(x.plan.workloads[0].max_replicas + x.plan.workloads[1].max_replicas, 70);
    ck_assert_msg(strstr(b->reason, "more of rollouts") != NULL, "%s", b->reason);
    ck_assert_int_ge(b->worst_case_micros, plain);
}
END_TEST

/* A rolling window still holds a spend of nearly all of the ceiling. It leaves the window in 20
 * hours: what comes before then is paid from what is left, and made dear now. */
START_TEST(a_window_that_holds_a_spike_is_planned_for)
{
    static world x;
    const fsc_budget_plan *b;
    x = (world){0};
    open_world(&x, 6000);
    for (size_t i = 0; i < HOURS; i++)
        x.values[0][i] = x.values[1][i] = 100;
    b = plan(&x);
    ck_assert_double_eq(b->shadow_price, 0);
    ck_assert_int_eq(b->state, FSC_BUDGET_CLOSED);
    x = (world){0};
    open_world(&x, 6000);
    for (size_t i = 0; i < HOURS; i++)
        x.values[0][i] = x.values[1][i] = 100;
    x.spent_micros = 2500 * INT64_C(1000000);
    for (int run = 0; run < 3; run++) /* a price counts once it has stood for some */
        b = plan(&x);
    ck_assert_double_ge(b->shadow_price, 0.01);
    ck_assert_int_eq(b->state, FSC_BUDGET_THROTTLED);
    ck_assert_int_lt(x.plan.workloads[0].max_replicas, 100);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_days_spend_varies_as_its_hours_and_workloads_go_together);
    tcase_add_loop_test(t, the_chance_of_passing_a_ceiling_is_the_share_of_futures_that_do, 0, 3);
    tcase_add_test(t, what_is_paused_is_left_alone_and_counts_in_full);
    tcase_add_test(t, eviction_never_keeps_running_pods_and_says_what_it_voids);
    tcase_add_test(t, who_comes_first_is_served_first);
    tcase_add_test(t, pods_of_rollouts_are_part_of_the_worst_bill);
    tcase_add_test(t, a_window_that_holds_a_spike_is_planned_for);
}

int main(void)
{
    return run_suite("budgets", add);
}
