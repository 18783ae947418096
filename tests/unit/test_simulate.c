/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated world against the autoscaler's documented rules and bills worked out by hand. */
#include "suite.h"

#include "forescale/simulate.h"

#include <string.h>

enum { MINUTES = 240 };

static double demand[MINUTES];
static const fsc_series series = {
    .id = "w", .start = 0, .step_s = 60, .n = MINUTES, .values = demand};

enum { FIRST, SECOND, N_MOST };
static fsc_sim_workload workloads[N_MOST];
static fsc_sim_pool pools[N_MOST];

/* One workload on one pool. */
static fsc_sim_params world(void)
{
    static const size_t preferred[] = {FIRST, SECOND};
    for (size_t i = 0; i < N_MOST; i++) {
        workloads[i] = (fsc_sim_workload){.demand = &series,
                                          .per_replica = 10,
                                          .utilization = 0.8,
                                          .gpus = 1,
                                          .lead_pod_s = 60,
                                          .n_pools = 1,
                                          .pools = preferred,
                                          .min_replicas = 1,
                                          .max_replicas = 48};
        pools[i] = (fsc_sim_pool){.price_micros_per_h = 96000000,
                                  .gpus = 8,
                                  .max_nodes = 20,
                                  .lead_s = 345,
                                  .idle_s = 600};
    }
    return (fsc_sim_params){.to = MINUTES * 60,
                            .tick_s = 60,
                            .n_workloads = 1,
                            .n_pools = 1,
                            .workloads = workloads,
                            .pools = pools,
                            .hpa = fsc_sim_hpa_default,
                            .notice_s = 120,
                            .late_after_s = 10,
                            .drop_after_s = 60,
                            .late_share = 0.01};
}

static void set_demand(int from, int to, double value)
{
    for (int m = from; m < to; m++)
        demand[m] = value;
}

/* What a policy saw at each tick, and the orders that it gives. */
typedef struct watcher {
    fsc_sim_bounds replicas_ordered, nodes_ordered;
    bool orders_given;
    int64_t replicas[MINUTES], ready[MINUTES], nodes[MINUTES];
    double backlog[MINUTES];
} watcher;

static fsc_status watch(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen, fsc_err *e)
{
    watcher *w = ctx;
    (void)e;
    w->replicas[seen->n_minutes] = seen->workloads[0].replicas;
    w->ready[seen->n_minutes] = seen->workloads[0].ready;
    w->nodes[seen->n_minutes] = seen->pools[0].nodes;
    w->backlog[seen->n_minutes] = seen->workloads[0].backlog;
    if (w->orders_given) {
        out->workloads[0] = w->replicas_ordered;
        out->pools[0] = w->nodes_ordered;
    }
    return FSC_OK;
}

static watcher run(fsc_sim_result *r, const fsc_sim_params *p)
{
    watcher w = {.orders_given = false};
    OK(fsc_simulate(r, p, watch, &w, arena, &err));
    return w;
}

START_TEST(a_running_world_begins_with_the_pods_that_demand_takes)
{
    fsc_sim_result r;
    set_demand(0, MINUTES, 155);
    fsc_sim_params p = world();
    p.running = true;
    watcher w = run(&r, &p);
    ck_assert_int_eq(w.ready[0], 20); /* 155 / (10 x 0.8), whole */
    ck_assert_int_eq(w.nodes[0], 3);
    ck_assert_int_eq(r.all.late_minutes, 0);
    ck_assert_int_eq(r.node_starts, 0);
}
END_TEST

START_TEST(a_steady_world_costs_its_nodes)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    set_demand(0, MINUTES, 24);
    watcher w = run(&r, &p);
    ck_assert_int_eq(w.replicas[60], 3);                /* ceil(24 / 8) */
    ck_assert_int_eq(r.all.cost_micros, 2880 * 133334); /* each step of 5 s rounded up */
    ck_assert_int_eq(r.node_starts, 1);
    ck_assert_double_eq_tol(r.node_hours, 4, 1e-9);
    ck_assert_int_eq(fsc_sim_largest_window(&r, 3600), r.all.cost_micros / 4);
}
END_TEST

START_TEST(a_first_pod_waits_for_its_node)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    set_demand(0, MINUTES, 5);
    watcher w = run(&r, &p);
    ck_assert_int_eq(w.ready[6], 0); /* 345 + 60 s */
    ck_assert_int_eq(w.ready[7], 1);
    ck_assert_double_eq_tol(w.backlog[6], 5 * 60, 1e-9); /* older ones went away */
    ck_assert_int_ge(r.all.late_minutes, 7);
    ck_assert_int_le(r.all.late_minutes, 9);
}
END_TEST

START_TEST(rates_bound_the_way_up_and_down)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    set_demand(0, 60, 7.9);
    set_demand(60, 120, 300);
    set_demand(120, MINUTES, 7.9);
    watcher w = run(&r, &p);
    ck_assert_int_eq(w.replicas[60], 1);
    ck_assert_int_eq(w.replicas[61], 5); /* 4 pods in 90 s, and then 4 more */
    ck_assert_int_eq(w.replicas[64], 13);
    ck_assert_int_eq(w.replicas[90], 37);  /* 300 / 8 is within its tolerance */
    ck_assert_int_eq(w.replicas[124], 37); /* the peak's recommendation stands for 300 s */
    ck_assert_int_eq(w.replicas[126], 36);
    ck_assert_int_eq(w.replicas[136], 26); /* 1 pod in 60 s */
}
END_TEST

START_TEST(what_is_within_the_tolerance_changes_nothing)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    workloads[FIRST].min_replicas = 10;
    set_demand(0, 100, 80);
    set_demand(100, MINUTES, 87.9);
    watcher w = run(&r, &p);
    ck_assert_int_eq(w.replicas[MINUTES - 1], 10);
    set_demand(100, MINUTES, 88.1);
    w = run(&r, &p);
    ck_assert_int_eq(w.replicas[MINUTES - 1], 12);
}
END_TEST

static fsc_status raise_and_cut(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                                fsc_err *e)
{
    int64_t *replicas = ctx;
    (void)e;
    replicas[seen->n_minutes] = seen->workloads[0].replicas;
    out->workloads[0] = (fsc_sim_bounds){seen->n_minutes >= 60 && seen->n_minutes < 120 ? 40 : 1,
                                         seen->n_minutes >= 120 ? 2 : 48};
    return FSC_OK;
}

START_TEST(bounds_go_before_rates)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    int64_t replicas[MINUTES];
    set_demand(0, MINUTES, 4);
    OK(fsc_simulate(&r, &p, raise_and_cut, replicas, arena, &err));
    ck_assert_int_eq(replicas[60], 1);
    ck_assert_int_eq(replicas[61], 40);
    ck_assert_int_eq(replicas[120], 40);
    ck_assert_int_eq(replicas[121], 2);
    ck_assert_int_eq(r.node_starts, 5);
}
END_TEST

START_TEST(an_empty_node_bills_its_idle_time)
{
    fsc_sim_result packed, scattered;
    fsc_sim_params p = world();
    int64_t replicas[MINUTES];
    set_demand(0, MINUTES, 12);
    OK(fsc_simulate(&packed, &p, raise_and_cut, replicas, arena, &err));
    /* One node for 4 h; four for the hour and 10 idle minutes. */
    ck_assert_double_eq_tol((double)packed.all.cost_micros / 96e6, 4 + 4 * 70 / 60.0, 0.02);
    p.placement = FSC_SIM_SCATTERED;
    OK(fsc_simulate(&scattered, &p, raise_and_cut, replicas, arena, &err));
    /* The two pods that are left hold a node each. */
    ck_assert_double_eq_tol((double)scattered.all.cost_micros / 96e6, 4 + 3 + 3 * 70 / 60.0, 0.02);
}
END_TEST

START_TEST(minimum_nodes_are_kept_and_interrupted_ones_replaced)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    watcher w = {.orders_given = true, .replicas_ordered = {1, 48}, .nodes_ordered = {3, 20}};
    set_demand(0, MINUTES, 4);
    OK(fsc_simulate(&r, &p, watch, &w, arena, &err));
    ck_assert_int_eq(w.nodes[MINUTES - 1], 3);
    pools[FIRST].interruptions_per_h = 2;
    OK(fsc_simulate(&r, &p, watch, &w, arena, &err));
    ck_assert_int_gt(r.node_starts, 10);
    ck_assert_int_eq(w.nodes[MINUTES - 1], 3);
}
END_TEST

/* Notice comes in the step after each order: a node lives for 5 s and its 120 s of notice. */
START_TEST(an_interrupted_node_goes_after_its_notice)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    pools[FIRST].interruptions_per_h = 3600.0 / FSC_SIM_STEP_S;
    set_demand(0, MINUTES, 4);
    OK(fsc_simulate(&r, &p, NULL, NULL, arena, &err));
    ck_assert_int_eq(r.node_starts, (MINUTES * 60 + 124) / 125);
    ck_assert_double_eq_tol(r.node_hours, 4, 1e-9);
    /* No pod was ever ready; those who came in the last minute wait. */
    ck_assert_double_eq_tol(r.all.unserved_share, 1 - 60.0 / (MINUTES * 60), 1e-9);
}
END_TEST

START_TEST(workloads_share_a_node_and_its_bill)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    p.n_workloads = 2;
    set_demand(0, MINUTES, 15);
    workloads[SECOND].gpus = 3; /* of its two pods; the first has two of one */
    OK(fsc_simulate(&r, &p, NULL, NULL, arena, &err));
    ck_assert_int_eq(r.node_starts, 1);
    ck_assert_int_eq(r.workloads[FIRST].minute_ready[MINUTES - 1], 2);
    ck_assert_int_eq(r.workloads[SECOND].minute_ready[MINUTES - 1], 2);
    ck_assert_int_eq(r.all.minute_ready[MINUTES - 1], 4);
    ck_assert_double_eq_tol(r.all.gpu_hours, 32, 1e-9);
    /* 1 and 3 GPUs of the node's 8 for the first minute, 2 and 6 from then on. */
    ck_assert_double_eq_tol(r.workloads[SECOND].gpu_hours, 24, 1e-9);
    ck_assert_double_eq_tol((double)r.workloads[FIRST].cost_micros, (double)r.all.cost_micros / 4,
                            1);
    ck_assert_int_eq(r.all.late_minutes,
                     r.workloads[FIRST].late_minutes + r.workloads[SECOND].late_minutes);
}
END_TEST

START_TEST(a_pod_goes_where_it_may_and_fits)
{
    static const size_t second_alone[] = {SECOND}, both[] = {FIRST, SECOND};
    fsc_sim_result r;
    fsc_sim_params p = world();
    p.n_workloads = p.n_pools = 2;
    set_demand(0, MINUTES, 15);
    workloads[FIRST].pools = both;
    workloads[FIRST].n_pools = 2;
    workloads[SECOND].pools = second_alone;
    workloads[SECOND].gpus = 8;
    pools[FIRST].max_nodes = 1;
    pools[FIRST].gpus = 1;
    OK(fsc_simulate(&r, &p, NULL, NULL, arena, &err));
    /* The first pod fills the preferred pool; the next one takes a node of the second, and the
     * other workload's two a whole node each. */
    ck_assert_int_eq(r.node_starts, 4);
    ck_assert_int_eq(r.pool_micros[FIRST][MINUTES - 1], 12 * 133334);
    ck_assert_int_eq(r.pool_micros[SECOND][MINUTES - 1], 12 * 400000);
}
END_TEST

START_TEST(pods_without_gpus_fit_on_one_node)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    workloads[FIRST].gpus = 0;
    set_demand(0, MINUTES, 300);
    OK(fsc_simulate(&r, &p, NULL, NULL, arena, &err));
    ck_assert_int_eq(r.node_starts, 1);
    ck_assert_int_eq(r.all.minute_ready[MINUTES - 1], 37); /* 38 is within the tolerance */
    ck_assert_int_eq(r.workloads[FIRST].cost_micros, r.all.cost_micros);
}
END_TEST

START_TEST(foresight_pays_boots_and_tails)
{
    fsc_sim_oracle o;
    fsc_sim_params p = world();
    set_demand(0, 60, 30);
    set_demand(60, 180, 300);
    set_demand(180, MINUTES, 30);
    OK(fsc_sim_oracle_run(&o, &p, 30000000, arena, &err));
    /* The first boots and stays for 4 h; three boot, stay 2 h and idle. */
    double hours = 4 + 405 / 3600.0 + 3 * (2 + (405 + 600) / 3600.0);
    ck_assert_double_eq_tol((double)o.cost_micros / 96e6, hours, 1e-4);
    ck_assert_int_eq(o.late_minutes, 0);
    OK(fsc_sim_oracle_run(&o, &p, 1000000, arena, &err)); /* late minutes are cheaper than nodes */
    ck_assert_int_eq(o.late_minutes, 120);
}
END_TEST

START_TEST(demand_must_cover_the_time)
{
    fsc_sim_result r;
    fsc_sim_params p = world();
    p.to += 60;
    ck_assert_int_eq(fsc_simulate(&r, &p, NULL, NULL, arena, &err), FSC_DATA);
    ck_assert_msg(strstr(err.msg, "cover") != NULL, "%s", err.msg);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_running_world_begins_with_the_pods_that_demand_takes);
    tcase_add_test(t, a_steady_world_costs_its_nodes);
    tcase_add_test(t, a_first_pod_waits_for_its_node);
    tcase_add_test(t, rates_bound_the_way_up_and_down);
    tcase_add_test(t, what_is_within_the_tolerance_changes_nothing);
    tcase_add_test(t, bounds_go_before_rates);
    tcase_add_test(t, an_empty_node_bills_its_idle_time);
    tcase_add_test(t, minimum_nodes_are_kept_and_interrupted_ones_replaced);
    tcase_add_test(t, an_interrupted_node_goes_after_its_notice);
    tcase_add_test(t, workloads_share_a_node_and_its_bill);
    tcase_add_test(t, a_pod_goes_where_it_may_and_fits);
    tcase_add_test(t, pods_without_gpus_fit_on_one_node);
    tcase_add_test(t, foresight_pays_boots_and_tails);
    tcase_add_test(t, demand_must_cover_the_time);
}

int main(void)
{
    return run_suite("simulate", add);
}
