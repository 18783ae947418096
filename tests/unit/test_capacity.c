/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole nodes for forecasts in doubt, where a late minute has a price. */
#include "suite.h"

#include "predictor/capacity.h"

enum { STEP_S = 1800, STEPS = 6, LEVELS = 40, LOW = 60, HIGH = 150 };

/* Of demand that one node of 8 pods serves, and now and then, for a step, two: with `chance` in
 * each step to come, and by the value known now, of a step that ends in five minutes. */
static fsc_choice choose(int64_t nodes, double newest, double chance)
{
    static const fsc_workload_config workload = {
        .objective = {.late_minute_given = true, .late_minute = {.micros = 30000000}},
        .trim = true};
    static double price[] = {96. / FSC_HOUR_S, 96. / FSC_HOUR_S, 96. / FSC_HOUR_S};
    int32_t horizon[STEPS];
    double q[LEVELS], mean[STEPS], v[STEPS * LEVELS];
    for (int j = 0; j < LEVELS; j++)
        q[j] = (j + 0.5) / LEVELS;
    for (int h = 0; h < STEPS; h++) {
        horizon[h] = h + 1;
        mean[h] = LOW;
        for (int j = 0; j < LEVELS; j++)
            v[h * LEVELS + j] = q[j] < 1 - chance ? LOW : HIGH;
    }
    const fsc_forecast f = {.origin = 0,
                            .step_s = STEP_S,
                            .n_horizons = STEPS,
                            .horizon = horizon,
                            .n_q = LEVELS,
                            .q = q,
                            .mean = mean,
                            .v = v,
                            .newest = newest};
    const fsc_site site = {.cfg = &workload,
                           .min_replicas = 1,
                           .max_replicas = 24,
                           .per_replica = 10,
                           .lead_pod_s = 63,
                           .lead_node_s = 345,
                           .idle_s = 600,
                           .pods_per_node = 8,
                           .alone = true,
                           .max_nodes = 3,
                           .node_price_per_s = price,
                           .running = 8 * nodes,
                           .ready = 8 * nodes,
                           .nodes = nodes,
                           .nodes_kept = nodes,
                           .tick_s = 60,
                           .now = STEP_S - 300};
    fsc_choice c;
    OK(fsc_capacity_choose(&c, &site, &f, 0, arena, &err));
    return c;
}

/* A minute of a node is 1.60 and of being late 30: at 8 % a fixed fleet would keep the second
 * node. But the shortage shows, and calls it back. */
START_TEST(a_node_is_let_go_that_can_be_called_in_time)
{
    ck_assert_int_eq(choose(2, LOW, 0.075).nodes_wanted, 1);
    ck_assert_int_eq(choose(2, LOW, 0.4).nodes_wanted, 2);
}
END_TEST

START_TEST(what_is_short_now_is_ordered_now)
{
    fsc_choice c = choose(1, HIGH, 0.6);
    ck_assert_int_eq(c.nodes_wanted, 2);
    ck_assert_int_eq(choose(2, HIGH, 0.6).replicas, 16);
}
END_TEST

START_TEST(a_step_up_that_is_rare_is_not_stocked_for)
{
    ck_assert_int_eq(choose(1, LOW, 0.075).nodes_wanted, 1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_node_is_let_go_that_can_be_called_in_time);
    tcase_add_test(t, what_is_short_now_is_ordered_now);
    tcase_add_test(t, a_step_up_that_is_rare_is_not_stocked_for);
}

int main(void)
{
    return run_suite("capacity", add);
}
