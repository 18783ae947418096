/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replays: one workload's own configuration, windows worked out by hand, and no look ahead. */
#include "suite.h"

#include "forescale/replay.h"
#include "forescale/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS = 10, FROM_DAY = 8, N = DAYS * 1440, START = 1791158400 };

static double values[N];
static const fsc_series metric = {
    .id = "b", .start = START, .step_s = 60, .n = N, .values = values};

static const char yaml[] =
    "apiVersion: forescale.dev/v1\nkind: Config\ninterval: 60s\nmissedRuns: 0\n"
    "pools:\n"
    "- {name: spot, gpusPerNode: 8, price: 16 USD/h, lead: 300s, idle: 10m, maxNodes: 9}\n"
    "- {name: sure, gpusPerNode: 4, price: 48 USD/h, lead: 300s, idle: 10m, maxNodes: 9}\n"
    "workloads:\n"
    "- {name: a, target: {kind: None}, minReplicas: 1, maxReplicas: 9, demand: {perReplica: 5},"
    " pools: [spot]}\n"
    "- {name: b, target: {kind: None}, minReplicas: 1, maxReplicas: 40, demand: {perReplica: 10},"
    " utilization: 0.8, lead: 60s, pools: [sure, spot], objective: {lateMinute: 30 USD}, trim: "
    "true}\n"
    "budgets:\n"
    "- {name: both, ceiling: 900 USD, window: 6h, workloads: [a, b]}\n"
    "- {name: other, ceiling: 10 USD, window: 6h, workloads: [a]}\n";

static fsc_config load(void)
{
    fsc_config c;
    OK(fsc_config_load_text(&c, "test", yaml, strlen(yaml), arena, &err));
    return c;
}

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        int minute = i % 1440;
        values[i] = minute >= 540 && minute < 660 ? 200 : 20;
    }
}

START_TEST(a_workloads_own_configuration_has_its_pools_and_budgets)
{
    fsc_config all = load(), c;
    OK(fsc_replay_config(&c, &all, (const size_t[]){1}, 1, arena, &err));
    ck_assert_uint_eq(c.n_workloads, 1);
    ck_assert_str_eq(c.workloads[0].name, "b");
    ck_assert_int_eq(c.workloads[0].mode, FSC_MODE_ENFORCE);
    ck_assert_uint_eq(c.n_pools, 2);
    ck_assert_str_eq(c.pools[0].name, "sure");
    ck_assert_uint_eq(c.n_budgets, 1);
    ck_assert_str_eq(c.budgets[0].name, "both");
}
END_TEST

START_TEST(what_shares_budgets_or_pools_hangs_together)
{
    fsc_config all = load(), c;
    size_t group[5];
    fsc_workload_config w[5];
    fsc_budget_config b = all.budgets[0];
    const char *covered[] = {"w0", "w3"}, *pool[] = {"spot", "sure"};
    static const char *const names[] = {"w0", "w1", "w2", "w3", "w4"};
    const bool every[] = {true, true, true, true, true};
    for (size_t i = 0; i < 5; i++) {
        w[i] = all.workloads[0];
        w[i].name = names[i];
        w[i].pools = (fsc_strings){.n = i != 4, .v = pool + (i == 2 || i == 3)};
    }
    all.workloads = w;
    all.n_workloads = 5;
    all.n_budgets = 0;
    fsc_replay_group(group, &all, every);
    ck_assert_mem_eq(group, ((size_t[]){0, 0, 2, 2, 4}), sizeof group);
    b.workloads = (fsc_strings){.n = 2, .v = covered};
    all.budgets = &b;
    all.n_budgets = 1;
    fsc_replay_group(group, &all, every);
    ck_assert_mem_eq(group, ((size_t[]){0, 0, 0, 0, 4}), sizeof group);
    fsc_replay_group(group, &all, (const bool[]){false, true, true, true, true});
    ck_assert_mem_eq(group, ((size_t[]){0, 1, 2, 2, 4}), sizeof group);
    all = load();
    OK(fsc_replay_config(&c, &all, (const size_t[]){0, 1}, 2, arena, &err));
    ck_assert_uint_eq(c.n_pools, 2);
    ck_assert_uint_eq(c.n_budgets, 2);
}
END_TEST

START_TEST(currencies_are_not_added_up)
{
    fsc_config all = load(), c;
    fsc_pool_config pools[] = {all.pools[0], all.pools[1]};
    memcpy(pools[1].price.currency, "EUR", 4);
    all.pools = pools;
    ck_assert_int_eq(fsc_replay_config(&c, &all, (const size_t[]){1}, 1, arena, &err), FSC_USAGE);
    ck_assert_msg(strstr(err.msg, "one currency") != NULL, "%s", err.msg);
    OK(fsc_replay_config(&c, &all, (const size_t[]){0}, 1, arena, &err));
}
END_TEST

START_TEST(gaps_lie_on_the_line_between_their_ends)
{
    double v[] = {NAN, 2, NAN, NAN, 8, NAN};
    fsc_series s = {.id = "s", .step_s = 60, .n = 6, .values = v}, out;
    size_t filled;
    OK(fsc_replay_demand(&out, &filled, &s, arena, &err));
    const double want[] = {2, 2, 4, 6, 8, 8};
    for (size_t i = 0; i < 6; i++)
        ck_assert_double_eq_tol(out.values[i], want[i], 1e-12);
    ck_assert_uint_eq(filled, 4);
}
END_TEST

START_TEST(windows_are_summed_as_the_budget_says)
{
    enum { MINUTES = 2880 };
    static int64_t bill[MINUTES];
    for (int m = 0; m < MINUTES; m++)
        bill[m] = m >= 1380 && m < 1500 ? 2 : 1; /* dear from 23:00 to 01:00 */
    fsc_window rolling = {FSC_WINDOW_ROLLING, 2 * FSC_HOUR_S}, day = {FSC_WINDOW_DAY, 0};
    int64_t start = START;
    ck_assert_int_eq(fsc_replay_largest_window(bill, MINUTES, start, &rolling, &fsc_zone_utc), 240);
    ck_assert_int_eq(fsc_replay_largest_window(bill, MINUTES, start, &day, &fsc_zone_utc), 1500);
}
END_TEST

static const fsc_forecast *forecasts_of(const fsc_replay_input *in)
{
    const fsc_forecast *out;
    OK(fsc_replay_forecasts(&out, in, 0, arena, &err));
    return out;
}

static fsc_sim_result replay_of(fsc_replay_policy policy, bool budget, const fsc_config *c)
{
    fsc_sim_result r;
    const fsc_replay_workload past = {.metric = &metric, .demand = &metric};
    const fsc_replay_input in = {.config = c,
                                 .workloads = &past,
                                 .from = START + FROM_DAY * FSC_DAY_S,
                                 .to = START + DAYS * FSC_DAY_S,
                                 .policy = policy,
                                 .with_budget = budget,
                                 .meter = true};
    const fsc_forecast *forecasts[] = {forecasts_of(&in)};
    OK(fsc_replay_run(&r, &in, forecasts, arena, &err));
    return r;
}

static fsc_sim_result replay(fsc_replay_policy policy, bool budget, fsc_config *c)
{
    fsc_config all = load();
    OK(fsc_replay_config(c, &all, (const size_t[]){1}, 1, arena, &err));
    return replay_of(policy, budget, c);
}

START_TEST(what_is_foreseen_is_not_late_and_a_budget_holds)
{
    fsc_config c;
    fill();
    fsc_sim_result reactive = replay(FSC_REPLAY_REACTIVE, false, &c),
                   ours = replay(FSC_REPLAY_PREDICTIVE, false, &c),
                   kept = replay(FSC_REPLAY_PREDICTIVE, true, &c);
    ck_assert_int_gt(reactive.all.late_minutes, 5);
    ck_assert_int_lt(ours.all.late_minutes, reactive.all.late_minutes / 4);
    int64_t window =
        fsc_replay_largest_window(kept.minute_micros, kept.n_minutes, START + FROM_DAY * FSC_DAY_S,
                                  &c.budgets[0].window, c.zone);
    ck_assert_int_le(window, c.budgets[0].ceiling.micros);
}
END_TEST

/* A spike that nobody foresaw, and late minutes cheaper than the pods for it. */
START_TEST(without_a_budget_nobody_chooses_to_be_late)
{
    fsc_config all = load(), c;
    for (int i = 0; i < N; i++)
        values[i] = i >= 9 * 1440 + 600 && i < 9 * 1440 + 840 ? 380 : 20;
    OK(fsc_replay_config(&c, &all, (const size_t[]){1}, 1, arena, &err));
    fsc_workload_config w = c.workloads[0];
    w.objective.late_minute.micros = 1000000;
    c.workloads = &w;
    fsc_sim_result reactive = replay_of(FSC_REPLAY_REACTIVE, false, &c),
                   ours = replay_of(FSC_REPLAY_PREDICTIVE, false, &c);
    ck_assert_int_gt(reactive.all.late_minutes, 20);
    ck_assert_int_le(ours.all.late_minutes, reactive.all.late_minutes);
    ck_assert_double_le(ours.all.unserved_share, reactive.all.unserved_share);
}
END_TEST

START_TEST(a_timetable_warms_what_a_week_before_needed)
{
    fsc_config c;
    fill();
    fsc_sim_result reactive = replay(FSC_REPLAY_REACTIVE, false, &c),
                   cron = replay(FSC_REPLAY_CRON, false, &c);
    ck_assert_int_lt(cron.all.late_minutes, reactive.all.late_minutes);
    ck_assert_int_gt(cron.all.cost_micros, reactive.all.cost_micros);
}
END_TEST

START_TEST(the_future_changes_no_forecast)
{
    fsc_config all = load(), c;
    fill();
    OK(fsc_replay_config(&c, &all, (const size_t[]){1}, 1, arena, &err));
    const fsc_replay_workload past = {.metric = &metric, .demand = &metric};
    const fsc_replay_input in = {.config = &c,
                                 .workloads = &past,
                                 .from = START + FROM_DAY * FSC_DAY_S,
                                 .to = START + FROM_DAY * FSC_DAY_S + 2 * FSC_HOUR_S};
    const fsc_forecast *before = forecasts_of(&in);
    for (int i = FROM_DAY * 1440 + 120; i < N; i++)
        values[i] = 999;
    const fsc_forecast *after = forecasts_of(&in);
    for (size_t i = 0; i < 120; i++)
        ck_assert_mem_eq(before[i].v, after[i].v,
                         before[i].n_horizons * before[i].n_q * sizeof(double));
}
END_TEST

/* The same world, forecasts and all, an odd number of ticks after the other. */
START_TEST(parts_of_a_replay_are_the_whole)
{
    enum { TICKS = 1440, PART = 101 };
    fsc_config all = load(), c;
    fsc_replay *x;
    fsc_replay_forecaster *f;
    fsc_forecast part[PART];
    fsc_sim_result whole, in_parts;
    fill();
    OK(fsc_replay_config(&c, &all, (const size_t[]){1}, 1, arena, &err));
    const fsc_replay_workload past = {.metric = &metric, .demand = &metric};
    const fsc_replay_input in = {.config = &c,
                                 .workloads = &past,
                                 .from = START + FROM_DAY * FSC_DAY_S,
                                 .to = START + (FROM_DAY + 1) * FSC_DAY_S,
                                 .policy = FSC_REPLAY_PREDICTIVE,
                                 .with_budget = true};
    const fsc_forecast *forecasts[] = {forecasts_of(&in)}, *coming[] = {part};
    OK(fsc_replay_run(&whole, &in, forecasts, arena, &err));
    fsc_arena *own;
    OK(fsc_arena_open(&own, (size_t)1 << 30, &err));
    OK(fsc_replay_open(&x, &in, own, &err));
    OK(fsc_replay_forecaster_open(&f, &in, 0, arena, &err));
    for (size_t done = 0; done < TICKS; done += PART) {
        size_t n = done + PART < TICKS ? PART : TICKS - done;
        OK(fsc_replay_forecaster_next(part, f, n, arena, &err));
        OK(fsc_replay_next(x, coming, n, &err));
    }
    fsc_replay_close(&in_parts, x);
    ck_assert_uint_eq(in_parts.n_minutes, whole.n_minutes);
    ck_assert_mem_eq(in_parts.minute_micros, whole.minute_micros,
                     whole.n_minutes * sizeof *whole.minute_micros);
    ck_assert_mem_eq(in_parts.all.minute_ready, whole.all.minute_ready,
                     whole.n_minutes * sizeof *whole.all.minute_ready);
    ck_assert_int_eq(in_parts.all.late_minutes, whole.all.late_minutes);
    fsc_arena_close(own);
}
END_TEST

/* Two workloads on one pool, whose peaks coincide, under one ceiling: one planner for both. */
START_TEST(a_shared_ceiling_holds_for_the_sum)
{
    static const char shared[] =
        "apiVersion: forescale.dev/v1\nkind: Config\ninterval: 60s\nmissedRuns: 0\n"
        "pools:\n"
        "- {name: gpu, gpusPerNode: 4, price: 48 USD/h, lead: 300s, idle: 10m, maxNodes: 20}\n"
        "workloads:\n"
        "- {name: a, target: {kind: None}, minReplicas: 1, maxReplicas: 30, lead: 60s,"
        " demand: {perReplica: 10}, utilization: 0.8, pools: [gpu]}\n"
        "- {name: b, target: {kind: None}, minReplicas: 1, maxReplicas: 30, lead: 60s,"
        " demand: {perReplica: 10}, utilization: 0.8, pools: [gpu], gpusPerReplica: 2}\n"
        "budgets: [{name: both, ceiling: 1300 USD, window: 6h, workloads: [a, b]}]\n";
    fsc_config all, c;
    fsc_sim_result r;
    int64_t *billed;
    fill();
    OK(fsc_config_load_text(&all, "test", shared, strlen(shared), arena, &err));
    OK(fsc_replay_config(&c, &all, (const size_t[]){0, 1}, 2, arena, &err));
    const fsc_replay_workload past[] = {{.metric = &metric, .demand = &metric},
                                        {.metric = &metric, .demand = &metric}};
    fsc_replay_input in = {.config = &c,
                           .workloads = past,
                           .from = START + FROM_DAY * FSC_DAY_S,
                           .to = START + DAYS * FSC_DAY_S,
                           .policy = FSC_REPLAY_REACTIVE,
                           .meter = true};
    for (int kept = 0; kept < 2; kept++) {
        in.with_budget = kept;
        OK(fsc_replay_run(&r, &in, NULL, arena, &err));
        OK(fsc_replay_billed(&billed, &c, 0, &r, arena, &err));
        ck_assert_mem_eq(billed, r.minute_micros, r.n_minutes * sizeof *billed);
        int64_t most =
            fsc_replay_largest_window(billed, r.n_minutes, in.from, &c.budgets[0].window, c.zone);
        ck_assert((most <= c.budgets[0].ceiling.micros) == (kept == 1));
        ck_assert_int_le(
            llabs(r.workloads[0].cost_micros + r.workloads[1].cost_micros - r.all.cost_micros), 1);
    }
}
END_TEST

START_TEST(a_world_that_is_left_open_is_refused)
{
    fsc_config all = load(), c;
    fsc_workload_config w = all.workloads[0];
    all.workloads = &w;
    w.pools.n = 0;
    ck_assert_int_eq(fsc_replay_config(&c, &all, (const size_t[]){0}, 1, arena, &err), FSC_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "pools"));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_workloads_own_configuration_has_its_pools_and_budgets);
    tcase_add_test(t, what_shares_budgets_or_pools_hangs_together);
    tcase_add_test(t, currencies_are_not_added_up);
    tcase_add_test(t, gaps_lie_on_the_line_between_their_ends);
    tcase_add_test(t, windows_are_summed_as_the_budget_says);
    tcase_add_test(t, what_is_foreseen_is_not_late_and_a_budget_holds);
    tcase_add_test(t, without_a_budget_nobody_chooses_to_be_late);
    tcase_add_test(t, a_timetable_warms_what_a_week_before_needed);
    tcase_add_test(t, the_future_changes_no_forecast);
    tcase_add_test(t, parts_of_a_replay_are_the_whole);
    tcase_add_test(t, a_shared_ceiling_holds_for_the_sum);
    tcase_add_test(t, a_world_that_is_left_open_is_refused);
}

int main(void)
{
    return run_suite("replay", add);
}
