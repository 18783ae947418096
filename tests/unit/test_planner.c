/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The planner on forecasts that are made up. */
#include "tests/unit/planner_world.h"

#include "forescale/json.h"

#include <math.h>
#include <string.h>

START_TEST(a_quantile_becomes_replicas)
{
    world x = {0};
    load(&x.c, 0, "{quantile: 0.95}", "false", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    run(&x, 60, certain(x.p, 60, flat_30));
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4); /* ceil(30.5 / 10) */
    ck_assert_int_eq(x.plan.workloads[0].max_replicas, 48);
    ck_assert_double_eq(x.plan.workloads[0].quantile, 0.95);
}
END_TEST

START_TEST(nodes_come_first_and_pods_just_in_time)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 1};
    x.w =
        (fsc_workload_now){.replicas_known = true, .replicas = 8, .ready_known = true, .ready = 8};
    int64_t nodes_at = 0, pods_at = 0;
    for (int64_t now = 120; now < 1000; now += 60) {
        run(&x, now, certain(x.p, now, spike_at_1000));
        if (!nodes_at && x.plan.pools[0].min_nodes >= 4)
            nodes_at = now;
        if (!pods_at && x.plan.workloads[0].min_replicas >= 30)
            pods_at = now;
    }
    /* A node takes 345 + 63 s, a pod 63 s; a run comes every 60 s; on the grid it is 1020. */
    ck_assert_msg(nodes_at >= 1020 - 408 - 180 && nodes_at <= 1020 - 408, "nodes at %lld",
                  (long long)nodes_at);
    ck_assert_msg(pods_at >= 1020 - 63 - 180 && pods_at <= 1020 - 63, "pods at %lld",
                  (long long)pods_at);
}
END_TEST

START_TEST(after_the_peak_everything_follows_down_with_trim)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 5};
    x.w = (fsc_workload_now){
        .replicas_known = true, .replicas = 40, .ready_known = true, .ready = 40};
    run(&x, 5000, certain(x.p, 5000, flat_30));
    ck_assert_int_eq(x.plan.workloads[0].max_replicas, 8);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 8); /* pods on a paid node are free */
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
}
END_TEST

START_TEST(a_hold_keeps_the_floor_for_a_day_and_says_why)
{
    world x = {0};
    load(&x.c, 0, "{quantile: 0.95}", "false", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    run(&x, 60, certain(x.p, 60, flat_30));
    run(&x, 120, NULL);
    ck_assert(x.plan.workloads[0].hold);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4);
    ck_assert_msg(strstr(x.plan.workloads[0].reason, "no demand history") != NULL, "%s",
                  x.plan.workloads[0].reason);
    run(&x, 120 + 2 * FSC_DAY_S, NULL);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 1);
    x.w.paused = true;
    run(&x, 200000, certain(x.p, 200000, flat_30));
    ck_assert(x.plan.workloads[0].hold);
}
END_TEST

START_TEST(a_hold_lets_go_what_known_demand_does_not_need)
{
    world x = {0};
    load(&x.c, 0, "{quantile: 0.95}", "false", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    constant_demand = 300;
    run(&x, 60, certain(x.p, 60, as_now));
    ck_assert_int_ge(x.plan.workloads[0].min_replicas, 30);
    fsc_forecast *doubtful = certain(x.p, 120, flat_30);
    doubtful->hold = "no skill";
    run(&x, 120, doubtful);
    ck_assert(x.plan.workloads[0].hold);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4); /* ceil(30 / 8) */
    doubtful = certain(x.p, 180, as_now);
    doubtful->hold = "no skill";
    run(&x, 180, doubtful);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4); /* a hold raises nothing */
    doubtful->newest = NAN;
    run(&x, 240, doubtful);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4); /* a gap lowers nothing */
}
END_TEST

START_TEST(without_a_price_there_is_no_objective_in_money)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    ((fsc_pool_config *)(uintptr_t)x.c.pools)->price.micros = 0;
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    run(&x, 60, certain(x.p, 60, flat_30));
    ck_assert(x.plan.workloads[0].hold);
    ck_assert_msg(strstr(x.plan.workloads[0].reason, "pool gpu has no price") != NULL, "%s",
                  x.plan.workloads[0].reason);
    x.pool.price.micros = 96000000; /* a source that knows it */
    run(&x, 120, certain(x.p, 120, flat_30));
    ck_assert(!x.plan.workloads[0].hold);
}
END_TEST

START_TEST(our_own_raise_is_no_baseline)
{
    world x = {0};
    load(&x.c, 0, "{quantile: 0.95}", "false", "");
    ((fsc_workload_config *)(uintptr_t)x.c.workloads)->min_given = false;
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.w = (fsc_workload_now){.min_known = true,
                             .min_replicas = 20,
                             .max_known = true,
                             .max_replicas = 48,
                             .baseline_known = true,
                             .baseline_min = 2,
                             .baseline_max = 48};
    run(&x, 60, certain(x.p, 60, flat_30));
    ck_assert_int_eq(x.plan.workloads[0].baseline_min, 2);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4);
}
END_TEST

START_TEST(a_saved_planner_goes_on_as_if_nothing_was)
{
    world x = {0}, y = {0};
    fsc_buf saved, again;
    static const char budget[] = "budgets: [{name: b, ceiling: 800 USD, window: 6h}]\n";
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", budget);
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 3};
    for (int64_t now = 60; now < 1200; now += 60)
        run(&x, now, certain(x.p, now, spike_at_1000));
    fsc_buf_init(&saved, arena, 1 << 24);
    OK(fsc_planner_save(&saved, x.p, &err));
    y = x;
    OK(fsc_planner_open(&y.p, &y.c, arena, &err));
    OK(fsc_planner_load(y.p, saved.data, saved.len, &err));
    run(&x, 1200, certain(x.p, 1200, spike_at_1000));
    run(&y, 1200, certain(y.p, 1200, spike_at_1000));
    fsc_buf_init(&again, arena, 1 << 24);
    fsc_plan_json(&again, &x.plan);
    fsc_buf_init(&saved, arena, 1 << 24);
    fsc_plan_json(&saved, &y.plan);
    ck_assert_str_eq(fsc_buf_str(&again), fsc_buf_str(&saved));
    ck_assert_int_eq(fsc_planner_load(y.p, "FSCPL04", 7, &err), FSC_DATA);
}
END_TEST

/* Under the sanitizers: what is loaded is planned with. */
START_TEST(a_damaged_planner_is_refused_or_plans_on)
{
    fsc_buf saved;
    size_t refused = 0;
    world x = {0};
    load(&x.c, 2, "{quantile: 0.9}", "false", "budgets: [{name: b, ceiling: 900 USD, window: 6h}]");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 3};
    run(&x, 60, certain(x.p, 60, flat_30));
    run(&x, 120, certain(x.p, 120, flat_30));
    fsc_buf_init(&saved, arena, 1 << 20);
    OK(fsc_planner_save(&saved, x.p, &err));
    for (size_t i = 0; i < saved.len; i += 1 + i / 512) {
        fsc_arena_mark mark = fsc_arena_get_mark(arena);
        char *bytes = fsc_arena_strndup(arena, saved.data, saved.len, &err);
        bytes[i] = (char)(i % 2 ? 0x7F : 0xFF);
        OK(fsc_planner_open(&x.p, &x.c, arena, &err));
        if (fsc_planner_load(x.p, bytes, saved.len, &err) == FSC_OK)
            run(&x, 180, certain(x.p, 180, flat_30));
        else
            refused++;
        fsc_arena_rewind(arena, mark);
    }
    ck_assert_uint_ge(refused, 100);
}
END_TEST

START_TEST(a_plan_is_json_with_exact_money)
{
    world x = {0};
    fsc_buf b;
    load(&x.c, 0, "{quantile: 0.95}", "false",
         "budgets: [{name: b, ceiling: 800.05 USD, window: 6h}]\n");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.b[0] = (fsc_budget_now){.spent_known = true, .spent_micros = 120500001};
    run(&x, 60, certain(x.p, 60, flat_30));
    fsc_buf_init(&b, arena, 1 << 20);
    fsc_plan_json(&b, &x.plan);
    OK(fsc_buf_status(&b, &err));
    ck_assert_msg(strstr(fsc_buf_str(&b), "\"ceiling\":800.050000") != NULL, "%s", fsc_buf_str(&b));
    ck_assert_msg(strstr(fsc_buf_str(&b), "\"spent\":120.500001") != NULL, "%s", fsc_buf_str(&b));
    ck_assert_msg(strstr(fsc_buf_str(&b), "\"kind\":\"Plan\"") != NULL, "%s", fsc_buf_str(&b));
}
END_TEST

START_TEST(minima_that_cannot_fit_are_refused_with_their_sum)
{
    static const struct {
        const char *budget;
        bool fits;
    } cases[] = {
        {"{name: b, ceiling: 576 USD, window: 6h}", true}, /* one node for six hours */
        {"{name: b, ceiling: 575.99 USD, window: 6h}", false},
        {"{name: b, ceiling: 2208 USD, window: day}", true}, /* a day may have 23 hours */
        {"{name: b, ceiling: 2207 USD, window: day}", false},
        {"{name: b, ceiling: 2400 USD, window: day, rate: 96 USD/h}", true},
        {"{name: b, ceiling: 2400 USD, window: day, rate: 95 USD/h}", false},
    };
    fsc_config c;
    char text[160];
    (void)snprintf(text, sizeof text, "budgets: [%s]\n", cases[_i].budget);
    load(&c, 0, "{quantile: 0.95}", "false", text);
    fsc_status status = fsc_plan_check(&c, &err);
    ck_assert_int_eq(status, cases[_i].fits ? FSC_OK : FSC_BUDGET);
    ck_assert_msg(cases[_i].fits || strstr(err.msg, "minReplicas alone cost") != NULL, "%s",
                  err.msg);
}
END_TEST

START_TEST(a_leaving_node_gets_one_successor)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 1, .nodes_leaving = 1};
    run(&x, 60, certain(x.p, 60, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 2);
    x.pool.nodes = 2;
    run(&x, 120, certain(x.p, 120, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
}
END_TEST

START_TEST(a_timetable_s_nodes_are_ordered_before_its_pods_come)
{
    world x = {0};
    const char *const objectives[] = {"{quantile: 0.95}", "{lateMinute: 30 USD}"};
    const fsc_timed_replicas nine = {.from = 1000, .to = 5000, .replicas = 20};
    load(&x.c, 0, objectives[_i], "false",
         "budgets: [{name: b, ceiling: 9000 USD, window: 6h, workloads: [w]}]\n");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.w.timed = &nine;
    x.w.n_timed = 1;
    run(&x, 480, certain(x.p, 480, flat_30)); /* 1000 lies beyond 345 + 63 + 60 s */
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
    ck_assert_ptr_null(strstr(x.plan.workloads[0].reason, "timetable"));
    int64_t spend = x.plan.budgets[0].forecast_p50_micros;
    run(&x, 540, certain(x.p, 540, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 3);         /* 20 pods, 8 a node */
    ck_assert_int_lt(x.plan.workloads[0].min_replicas, 20); /* the autoscaler runs them itself */
    ck_assert_msg(strstr(x.plan.workloads[0].reason, "its timetable asks for 20 from 00:16"), "%s",
                  x.plan.workloads[0].reason);
    x.w.n_timed = 0;
    run(&x, 600, certain(x.p, 600, flat_30));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
    ck_assert_int_lt(x.plan.budgets[0].forecast_p50_micros, spend); /* its hour is reckoned with */
}
END_TEST

START_TEST(a_trim_does_not_undercut_a_timetable)
{
    world x = {0};
    const fsc_timed_replicas eight = {.from = 0, .to = 5000, .replicas = 20};
    load(&x.c, 0, "{quantile: 0.95}", "true", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.w.timed = &eight;
    x.w.n_timed = 1;
    run(&x, 480, certain(x.p, 480, flat_30));
    ck_assert_int_eq(x.plan.workloads[0].max_replicas, 20);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 4);
}
END_TEST

START_TEST(a_rate_bounds_what_bills_at_once)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true",
         "budgets: [{name: b, ceiling: 9000 USD, window: day, rate: 200 USD/h}]\n");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 1};
    for (int64_t now = 60; now <= 1200; now += 60)
        run(&x, now, certain(x.p, now, spike_at_1000)); /* 300 wants four nodes of 96 USD/h */
    ck_assert_int_eq(x.plan.workloads[0].max_replicas, 16);
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 2);
    ck_assert_int_eq(x.plan.budgets[0].state, FSC_BUDGET_OPEN);
    ck_assert_msg(strstr(x.plan.budgets[0].reason, "2 nodes are affordable by the rate") != NULL,
                  "%s", x.plan.budgets[0].reason);
}
END_TEST

START_TEST(the_chance_of_passing_a_ceiling_is_that_of_the_demand_that_passes_it)
{
    static const struct {
        double demand, least, most;
    } cases[] = {{150, 0, 0}, {160, 0.45, 0.55}, {170, 1, 1}}; /* above 160 it takes three nodes */
    world x = {0};
    load(&x.c, 0, "{quantile: 0.5}", "true",
         "budgets: [{name: b, ceiling: 1440 USD, window: 6h}]\n");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 2};
    constant_demand = cases[_i].demand;
    run(&x, 60, certain(x.p, 60, as_now)); /* 2 nodes cost 1,152 USD, 3 cost 1,728 */
    ck_assert_double_ge(x.plan.budgets[0].probability_over, cases[_i].least);
    ck_assert_double_le(x.plan.budgets[0].probability_over, cases[_i].most);
}
END_TEST

enum { SHARERS = 3 };

static void load_sharers(fsc_config *c, int rate_nodes, const char *more)
{
    char text[2048];
    int n = snprintf(
        text, sizeof text,
        "apiVersion: forescale.dev/v1\nkind: Config\nmissedRuns: 0\npools:\n"
        "  - {name: a, gpusPerNode: 8, price: 96.00 USD/h}\n"
        "  - {name: b, gpusPerNode: 8, price: 96.00 USD/h}\n"
        "  - {name: c, gpusPerNode: 8, price: 96.00 USD/h}\nworkloads:\n"
        "  - {name: a, mode: enforce, demand: {perReplica: 10}, minReplicas: 1, maxReplicas: 64, "
        "pools: [a], trim: true}\n"
        "  - {name: b, mode: enforce, demand: {perReplica: 10}, minReplicas: 1, maxReplicas: 64, "
        "pools: [b], trim: true}\n"
        "  - {name: c, mode: enforce, demand: {perReplica: 10}, minReplicas: 1, maxReplicas: 64, "
        "pools: [c], trim: true}\n"
        "budgets:\n  - {name: all, ceiling: 90000 USD, window: day, rate: %d USD/h}\n%s",
        96 * rate_nodes, more);
    ck_assert_int_lt(n, (int)sizeof text);
    ck_assert_msg(fsc_config_load_text(c, "sharers", text, strlen(text), arena, &err) == FSC_OK,
                  "%s", err.msg);
}

/* Pods that each of the sharers may have at most, at demands that are certain. */
static void share(int64_t pods[SHARERS], const fsc_config *c, const double demand[SHARERS])
{
    fsc_planner *p;
    fsc_plan plan;
    const fsc_workload_now w[SHARERS] = {{0}};
    const fsc_budget_now b[2] = {{0}};
    fsc_pool_now pools[SHARERS];
    const fsc_forecast *f[SHARERS];
    OK(fsc_planner_open(&p, c, arena, &err));
    for (size_t i = 0; i < SHARERS; i++) {
        constant_demand = demand[i];
        f[i] = certain(p, 0, as_now);
        pools[i] = (fsc_pool_now){.nodes_known = true, .nodes = 1};
    }
    OK(fsc_planner_run(
        &plan, p,
        &(fsc_plan_input){
            .now = 60, .config = c, .workloads = w, .pools = pools, .budgets = b, .forecasts = f},
        arena, &err));
    for (size_t i = 0; i < SHARERS; i++)
        pods[i] = plan.workloads[i].max_replicas;
}

static int64_t served(const int64_t want[SHARERS], int a, int b, int c)
{
    const int nodes[SHARERS] = {a, b, c};
    int64_t sum = 0;
    for (size_t i = 0; i < SHARERS; i++)
        sum += want[i] < 8 * nodes[i] ? want[i] : 8 * nodes[i];
    return sum;
}

START_TEST(no_sharing_of_the_same_nodes_serves_more)
{
    uint64_t random = (uint64_t)_i + 1;
    fsc_config c;
    double demand[SHARERS];
    int64_t want[SHARERS], got[SHARERS], best = 0, sum = 0;
    for (size_t i = 0; i < SHARERS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        demand[i] = (double)(random >> 40) / (1 << 24) * 400;
    }
    int nodes = SHARERS + _i % 6;
    load_sharers(&c, 100, "");
    share(want, &c, demand);
    load_sharers(&c, nodes, "");
    share(got, &c, demand);
    for (int a = 1; a <= nodes - 2; a++)
        for (int b = 1; a + b <= nodes - 1; b++) {
            int64_t all = served(want, a, b, nodes - a - b);
            best = all > best ? all : best;
        }
    for (size_t i = 0; i < SHARERS; i++)
        sum += got[i] < want[i] ? got[i] : want[i];
    ck_assert_int_eq(sum, best);
}
END_TEST

START_TEST(of_several_budgets_the_strictest_wins)
{
    fsc_config c;
    int64_t pods[SHARERS];
    const double demand[SHARERS] = {400, 400, 400};
    load_sharers(&c, 4,
                 "  - {name: two, ceiling: 90000 USD, window: day, rate: 672 USD/h, "
                 "workloads: [a, b]}\n");
    share(pods, &c, demand);
    ck_assert_int_le(pods[0] + pods[1] + pods[2], 4 * 8);
    load_sharers(&c, 7,
                 "  - {name: two, ceiling: 90000 USD, window: day, rate: 192 USD/h, "
                 "workloads: [a, b]}\n");
    share(pods, &c, demand);
    ck_assert_int_eq(pods[0], 8);
    ck_assert_int_eq(pods[1], 8);
}
END_TEST

START_TEST(pods_that_no_node_can_hold_in_time_are_not_ordered)
{
    world x = {0};
    load(&x.c, 0, "{lateMinute: 30 USD}", "true", "");
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    x.pool = (fsc_pool_now){.nodes_known = true, .nodes = 1};
    /* 300 for the next five minutes: over before a node is there */
    run(&x, 960, certain(x.p, 960, burst_until_1260));
    ck_assert_int_eq(x.plan.pools[0].min_nodes, 1);
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 8);
}
END_TEST

START_TEST(no_plan_says_a_maximum_of_none)
{
    world x = {0};
    load(&x.c, 0, "{quantile: 0.9}", "true", "");
    ((fsc_workload_config *)(uintptr_t)x.c.workloads)->min_replicas = 0;
    OK(fsc_planner_open(&x.p, &x.c, arena, &err));
    const fsc_plan_input in = {.now = 60,
                               .config = &x.c,
                               .workloads = &x.w,
                               .pools = &x.pool,
                               .budgets = x.b,
                               .forecasts = (const fsc_forecast *[]){certain(x.p, 60, nothing)}};
    OK(fsc_planner_run(&x.plan, x.p, &in, arena, &err));
    ck_assert_int_eq(x.plan.workloads[0].min_replicas, 0);
    ck_assert_int_eq(x.plan.workloads[0].max_replicas, 1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_quantile_becomes_replicas);
    tcase_add_test(t, nodes_come_first_and_pods_just_in_time);
    tcase_add_test(t, after_the_peak_everything_follows_down_with_trim);
    tcase_add_test(t, a_hold_keeps_the_floor_for_a_day_and_says_why);
    tcase_add_test(t, a_hold_lets_go_what_known_demand_does_not_need);
    tcase_add_test(t, without_a_price_there_is_no_objective_in_money);
    tcase_add_test(t, our_own_raise_is_no_baseline);
    tcase_add_test(t, a_saved_planner_goes_on_as_if_nothing_was);
    tcase_add_test(t, a_damaged_planner_is_refused_or_plans_on);
    tcase_add_test(t, a_plan_is_json_with_exact_money);
    tcase_add_loop_test(t, minima_that_cannot_fit_are_refused_with_their_sum, 0, 6);
    tcase_add_test(t, a_leaving_node_gets_one_successor);
    tcase_add_loop_test(t, a_timetable_s_nodes_are_ordered_before_its_pods_come, 0, 2);
    tcase_add_test(t, a_trim_does_not_undercut_a_timetable);
    tcase_add_test(t, a_rate_bounds_what_bills_at_once);
    tcase_add_loop_test(t, the_chance_of_passing_a_ceiling_is_that_of_the_demand_that_passes_it, 0,
                        3);
    tcase_add_loop_test(t, no_sharing_of_the_same_nodes_serves_more, 0, 60);
    tcase_add_test(t, of_several_budgets_the_strictest_wins);
    tcase_add_test(t, pods_that_no_node_can_hold_in_time_are_not_ordered);
    tcase_add_test(t, no_plan_says_a_maximum_of_none);
}

int main(void)
{
    return run_suite("planner", add);
}
