/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pools a plan asks for nodes, and for how many that stand by. */
#include "tests/unit/planner_world.h"

#include <string.h>

/* One workload that may use spot before on-demand. */
static const char two_pools[] =
    "apiVersion: forescale.dev/v1\nkind: Config\ninterval: 60s\nmissedRuns: 0\npools:\n"
    "  - {name: spot, gpusPerNode: 8, price: 16.00 USD/h, lead: 300s, maxNodes: %d, prewarm: "
    "{kind: "
    "Placeholder, name: s}}\n"
    "  - {name: steady, gpusPerNode: 8, price: 96.00 USD/h, lead: 300s, minNodes: %d, prewarm: "
    "{kind: Placeholder, name: o}}\n"
    "workloads:\n  - {name: w, target: {kind: ScaledObject, name: w}, mode: enforce, demand: "
    "{perReplica: 10}, minReplicas: 1, maxReplicas: 48, lead: 60s, pools: [spot, steady], "
    "objective: "
    "{quantile: 0.95}, maxSkew: %d}\n";

typedef struct mixed {
    fsc_config c;
    fsc_planner *p;
    fsc_pool_now pools[2];
    fsc_plan plan;
} mixed;

static void mix(mixed *x, int most_spot, int steady, int skew)
{
    char text[sizeof two_pools + 64];
    *x = (mixed){.pools = {{.nodes_known = true, .ready_known = true},
                           {.nodes_known = true, .ready_known = true}}};
    (void)snprintf(text, sizeof text, two_pools, most_spot, steady, skew);
    OK(fsc_config_load_text(&x->c, "mixed", text, strlen(text), arena, &err));
    OK(fsc_planner_open(&x->p, &x->c, arena, &err));
}

static void has(mixed *x, int64_t spot, int64_t steady)
{
    x->pools[0].nodes = x->pools[0].ready = spot;
    x->pools[1].nodes = x->pools[1].ready = steady;
}

static void plan_mixed(mixed *x, int64_t now)
{
    const fsc_workload_now w = {0};
    const fsc_forecast *f = certain(x->p, now, as_now);
    OK(fsc_planner_run(
        &x->plan, x->p,
        &(fsc_plan_input){
            .now = now, .config = &x->c, .workloads = &w, .pools = x->pools, .forecasts = &f},
        arena, &err));
}

static void ck_nodes(const mixed *x, int64_t spot, int64_t steady)
{
    ck_assert_int_eq(x->plan.pools[0].min_nodes, spot);
    ck_assert_int_eq(x->plan.pools[1].min_nodes, steady);
}

START_TEST(the_surge_goes_to_spot_above_an_on_demand_floor)
{
    mixed x;
    constant_demand = 300; /* 31 pods, 4 nodes */
    mix(&x, 20, 1, 0);
    plan_mixed(&x, 60);
    ck_nodes(&x, 3, 1);
    has(&x, 3, 1);
    plan_mixed(&x, 120);
    ck_nodes(&x, 3, 1);
    constant_demand = 20;
    plan_mixed(&x, 180);
    ck_nodes(&x, 0, 1);
}
END_TEST

START_TEST(a_skew_limit_keeps_pools_alike)
{
    mixed x;
    constant_demand = 300;
    mix(&x, 20, 0, 1);
    plan_mixed(&x, 60);
    ck_nodes(&x, 2, 2);
    mix(&x, 20, 0, 2);
    plan_mixed(&x, 60);
    ck_nodes(&x, 3, 1);
    has(&x, 4, 0); /* pods do not move, but what comes is spread */
    constant_demand = 450;
    plan_mixed(&x, 120);
    ck_nodes(&x, 4, 2);
    mix(&x, 1, 0, 1); /* a pool that is full keeps nobody back */
    plan_mixed(&x, 60);
    ck_nodes(&x, 1, 5);
}
END_TEST

START_TEST(a_pool_that_does_not_deliver_is_passed_by_for_a_while)
{
    mixed x;
    constant_demand = 300;
    mix(&x, 20, 0, 0);
    int64_t now = 60, out_at = 0;
    has(&x, 1, 0);
    for (; now <= 1200 && !out_at; now += 60) {
        plan_mixed(&x, now);
        out_at = x.plan.pools[0].undelivered ? now : 0;
        if (!out_at)
            ck_nodes(&x, 4, 0);
        if (now == 300) /* one comes: the pool delivers */
            has(&x, 2, 0);
    }
    /* Since the run before it came: twice the lead, and a run. */
    ck_assert_int_eq(out_at, 300 + 2 * 300 + 60 + 60);
    ck_assert_int_eq(x.plan.pools[0].undelivered, 2);
    ck_assert_int_eq(x.plan.pools[0].undelivered_before, 0);
    ck_assert_ptr_nonnull(
        strstr(x.plan.pools[0].reason, "2 asked for at 00:05 did not come: until "));
    ck_nodes(&x, 2, 2);
    has(&x, 2, 2);
    for (int64_t end = out_at + 900; now < end; now += 60) {
        plan_mixed(&x, now);
        ck_nodes(&x, 2, 2);
        ck_assert_int_eq(x.plan.pools[0].undelivered, 2);
    }
    plan_mixed(&x, now); /* asked again, for what is more than is there */
    ck_assert_int_eq(x.plan.pools[0].undelivered, 0);
    ck_nodes(&x, 2, 2);
    constant_demand = 400;
    plan_mixed(&x, now + 60);
    ck_nodes(&x, 4, 2);
}
END_TEST

START_TEST(where_nothing_delivers_the_first_pool_is_asked_on)
{
    mixed x;
    constant_demand = 300;
    mix(&x, 20, 0, 0);
    for (int64_t now = 60; now <= 2000 && !(now > 60 && x.plan.pools[1].undelivered); now += 60)
        plan_mixed(&x, now);
    ck_assert_int_eq(x.plan.pools[0].undelivered, 4);
    ck_assert_int_eq(x.plan.pools[1].undelivered, 4);
    ck_nodes(&x, 4, 0);
}
END_TEST

START_TEST(what_was_asked_for_and_did_not_come_outlives_the_process)
{
    mixed x;
    fsc_buf saved;
    constant_demand = 300;
    mix(&x, 20, 0, 0);
    for (int64_t now = 60; now <= 900; now += 60) {
        plan_mixed(&x, now);
        fsc_buf_init(&saved, arena, 1 << 20);
        OK(fsc_planner_save(&saved, x.p, &err));
        OK(fsc_planner_open(&x.p, &x.c, arena, &err));
        OK(fsc_planner_load(x.p, fsc_buf_str(&saved), saved.len, &err));
    }
    ck_assert_int_eq(x.plan.pools[0].undelivered, 4);
    plan_mixed(&x, 100000); /* what was asked for meanwhile nobody knows */
    ck_assert_int_eq(x.plan.pools[0].undelivered, 0);
    ck_nodes(&x, 4, 0);
}
END_TEST

static const struct {
    double interruptions_per_h;
    const char *objective;
    int64_t nodes;
} spares[] = {
    {0, "{quantile: 0.95}", 4},
    {0.05, "{quantile: 0.95}", 4}, /* away for 318 s each: none of 4 is, in 98 of 100 cases */
    {0.3, "{quantile: 0.95}", 5},  /* none in 90, at most one in 99.6 */
    {0.3, "{quantile: 0.85}", 4},
    {3, "{quantile: 0.95}", 7}, /* at most two in 94 */
};

START_TEST(spares_stand_by_for_as_many_nodes_as_may_be_away)
{
    world x = {0};
    load(&x.c, 0, spares[_i].objective, "false", "");
    ((fsc_pool_config *)(uintptr_t)x.c.pools)->interruptions_per_h = spares[_i].interruptions_per_h;
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    constant_demand = 300;
    run(&x, 60, certain(x.p, 60, as_now));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, spares[_i].nodes);
    ck_assert_int_le(x.plan.workloads[0].min_replicas, 32); /* spares are nodes, not pods */
}
END_TEST

START_TEST(a_cheap_spare_stands_by_where_nodes_are_interrupted)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    fsc_pool_config *pool = (fsc_pool_config *)(uintptr_t)x.c.pools;
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    pool->interruptions_per_h = 0.3; /* away for 318 s each: 0.79 USD a minute for the one node */
    pool->price.micros = 96000000;
    run(&x, 60, certain(x.p, 60, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
    pool->price.micros = 4000000;
    run(&x, 120, certain(x.p, 120, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 2);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_surge_goes_to_spot_above_an_on_demand_floor);
    tcase_add_test(t, a_skew_limit_keeps_pools_alike);
    tcase_add_test(t, a_pool_that_does_not_deliver_is_passed_by_for_a_while);
    tcase_add_test(t, where_nothing_delivers_the_first_pool_is_asked_on);
    tcase_add_test(t, what_was_asked_for_and_did_not_come_outlives_the_process);
    tcase_add_loop_test(t, spares_stand_by_for_as_many_nodes_as_may_be_away, 0,
                        sizeof spares / sizeof *spares);
    tcase_add_test(t, a_cheap_spare_stands_by_where_nodes_are_interrupted);
}

int main(void)
{
    return run_suite("pools", add);
}
