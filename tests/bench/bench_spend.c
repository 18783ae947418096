/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Are the p50 and p95 of a plan's spend true? Demand is replayed through forecaster, planner and
 * autoscaler; each six hours the plan's figures for three windows are noted, and compared with what
 * was then spent: p95 should hold in about 95 of 100 cases, p50 in about half of them.
 */
#include "forescale/replay.h"
#include "forescale/yaml.h"
#include "tests/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 3, ASK_S = 6 * FSC_HOUR_S, MAX_ASKED = 200, PLAIN_SCENARIOS = 2 };

static const char budgets[] = "budgets:\n"
                              "  - {name: h6, ceiling: 1000000 USD, window: 6h}\n"
                              "  - {name: h24, ceiling: 1000000 USD, window: 24h}\n"
                              "  - {name: day, ceiling: 1000000 USD, window: day}\n";
static const char *const names[WINDOWS] = {"6h", "24h", "day"};

typedef struct asked {
    int64_t at;
    int64_t p50[WINDOWS], p95[WINDOWS];
} asked;

typedef struct loop {
    const fsc_replay_input *in;
    const fsc_forecast *forecasts;
    fsc_planner *planner;
    fsc_arena *scratch;
    asked v[MAX_ASKED];
    size_t n;
} loop;

typedef struct score {
    size_t n, within50, within95;
    double ratio; /* sum of spent / p50 */
} score;

/* Of the window that ends then, or of the calendar's that holds `at`. */
static int64_t window_start(const fsc_config *c, size_t b, int64_t end, int64_t at)
{
    const fsc_window *w = &c->budgets[b].window;
    return w->kind == FSC_WINDOW_ROLLING ? end - w->length_s
                                         : fsc_period_start(c->zone, FSC_PERIOD_DAY, at);
}

static int64_t spent_between(const int64_t *minutes, size_t n, int64_t begin, int64_t from,
                             int64_t to)
{
    int64_t sum = 0;
    for (int64_t m = from > begin ? (from - begin) / 60 : 0; m < (int64_t)n && begin + m * 60 < to;
         m++)
        sum += minutes[m];
    return sum;
}

static fsc_status act(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen, fsc_err *err)
{
    loop *x = ctx;
    const fsc_config *c = x->in->config;
    fsc_plan plan;
    fsc_plan_past past = {0};
    fsc_arena_mark mark = fsc_arena_get_mark(x->scratch);
    const fsc_forecast *f = &x->forecasts[(seen->now - x->in->from) / c->interval_s];
    bool ask = (seen->now - x->in->from) % ASK_S == 0 && x->n < MAX_ASKED;
    const fsc_workload_now w = {.replicas_known = true,
                                .replicas = seen->workloads[0].replicas,
                                .ready_known = true,
                                .ready = seen->workloads[0].ready,
                                .backlog_known = true,
                                .backlog = seen->workloads[0].backlog};
    fsc_pool_now *pools = FSC_NEW(x->scratch, c->n_pools, fsc_pool_now, err);
    fsc_budget_now now[WINDOWS] = {{0}};
    if (!pools)
        return FSC_NOMEM;
    for (size_t i = 0; i < c->n_pools; i++)
        pools[i] = (fsc_pool_now){.nodes_known = true,
                                  .nodes = seen->pools[i].nodes,
                                  .nodes_leaving = seen->pools[i].leaving};
    for (size_t b = 0; b < WINDOWS; b++) {
        now[b] = (fsc_budget_now){.spent_known = true, .meter_at = seen->now};
        for (size_t i = 0; i < c->n_pools; i++)
            now[b].spent_micros +=
                spent_between(seen->pools[i].minute_micros, seen->n_minutes, x->in->from,
                              window_start(c, b, seen->now, seen->now), seen->now);
    }
    if (ask) {
        fsc_series until = fsc_series_cut(x->in->workloads[0].metric, INT64_MIN, f->origin + 1);
        FSC_TRY(fsc_plan_past_of(&past, &until, x->scratch, err));
    }
    FSC_TRY(fsc_planner_run(&plan, x->planner,
                            &(fsc_plan_input){.now = seen->now,
                                              .config = c,
                                              .workloads = &w,
                                              .pools = pools,
                                              .budgets = now,
                                              .forecasts = &f,
                                              .pasts = ask ? &past : NULL},
                            x->scratch, err));
    if (ask) {
        asked *q = &x->v[x->n++];
        q->at = seen->now;
        for (size_t b = 0; b < WINDOWS; b++) {
            q->p50[b] = plan.budgets[b].forecast_p50_micros;
            q->p95[b] = plan.budgets[b].forecast_p95_micros;
        }
    }
    out->workloads[0] =
        (fsc_sim_bounds){plan.workloads[0].min_replicas, plan.workloads[0].max_replicas};
    for (size_t i = 0; i < plan.n_pools; i++)
        out->pools[i] = (fsc_sim_bounds){plan.pools[i].min_nodes, plan.pools[i].max_nodes};
    fsc_arena_rewind(x->scratch, mark);
    return FSC_OK;
}

/* The largest bill of any window that ends from `at` to where the budget's figures look; -1: the
 * replay ends before. */
static int64_t came_to(const fsc_sim_result *r, const fsc_replay_input *in, size_t b, int64_t at)
{
    const fsc_window *w = &in->config->budgets[b].window;
    if (w->kind != FSC_WINDOW_ROLLING) {
        int64_t end = fsc_period_end(in->config->zone, FSC_PERIOD_DAY, at);
        return end > in->to ? -1
                            : spent_between(r->minute_micros, r->n_minutes, in->from,
                                            window_start(in->config, b, end, at), end);
    }
    if (at + w->length_s > in->to)
        return -1;
    int64_t most = 0;
    for (int64_t end = at; end <= at + w->length_s; end += 15 * FSC_MINUTE_S) {
        int64_t sum =
            spent_between(r->minute_micros, r->n_minutes, in->from, end - w->length_s, end);
        most = sum > most ? sum : most;
    }
    return most;
}

static void compare(score scores[WINDOWS], const loop *x, const fsc_sim_result *r)
{
    for (size_t i = 0; i < x->n; i++)
        for (size_t b = 0; b < WINDOWS; b++) {
            int64_t spent = came_to(r, x->in, b, x->v[i].at);
            if (spent < 0 || x->v[i].at < x->in->from + FSC_DAY_S) /* windows are whole from then */
                continue;
            scores[b].n++;
            scores[b].within50 += spent <= x->v[i].p50[b];
            scores[b].within95 += spent <= x->v[i].p95[b];
            scores[b].ratio += (double)spent / (double)x->v[i].p50[b];
        }
}

static void print_scores(const char *name, const score scores[WINDOWS])
{
    printf("%-44.44s", name);
    for (size_t b = 0; b < WINDOWS; b++) {
        double n = (double)scores[b].n;
        printf("  %s: %3.0f %% <= p95, %3.0f %% <= p50, %.3f of p50", names[b],
               100 * (double)scores[b].within95 / n, 100 * (double)scores[b].within50 / n,
               scores[b].ratio / n);
    }
    printf("\n");
    (void)fflush(stdout);
}

static fsc_status run(score all[WINDOWS], const fsc_scenario *s, fsc_arena *a, fsc_arena *scratch,
                      fsc_err *err)
{
    fsc_config config;
    fsc_sim_result r;
    score own[WINDOWS] = {{0}};
    const char *yaml = fsc_arena_printf(a, err, "%s%s", s->yaml, budgets);
    loop *x = FSC_NEW(a, 1, loop, err);
    if (!yaml || !x)
        return FSC_NOMEM;
    FSC_TRY(fsc_config_load_text(&config, s->name, yaml, strlen(yaml), a, err));
    const fsc_replay_workload w = {
        .metric = &s->metric, .told_after_s = FSC_MINUTE_S, .demand = &s->demand};
    const fsc_replay_input in = {.config = &config, .workloads = &w, .from = s->from, .to = s->to};
    fsc_sim_params p;
    *x = (loop){.in = &in, .scratch = scratch};
    FSC_TRY(fsc_replay_world(&p, &in, a, err));
    FSC_TRY(fsc_replay_forecasts(&x->forecasts, &in, 0, a, err));
    FSC_TRY(fsc_planner_open(&x->planner, &config, a, err));
    FSC_TRY(fsc_simulate(&r, &p, act, x, a, err));
    compare(own, x, &r);
    print_scores(s->name, own);
    for (size_t b = 0; b < WINDOWS; b++) {
        all[b].n += own[b].n;
        all[b].within50 += own[b].within50;
        all[b].within95 += own[b].within95;
        all[b].ratio += own[b].ratio;
    }
    return FSC_OK;
}

static fsc_status run_all(int n_files, char **files, fsc_arena *a, fsc_arena *scratch, fsc_err *err)
{
    score all[WINDOWS] = {{0}};
    for (size_t i = 0; i < PLAIN_SCENARIOS + (size_t)n_files; i++) {
        fsc_scenario s;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        FSC_TRY(i < PLAIN_SCENARIOS
                    ? fsc_scenario_make(&s, i, a, err)
                    : fsc_scenario_trace(&s, files[i - PLAIN_SCENARIOS], FSC_TRACE_HELD, a, err));
        FSC_TRY(run(all, &s, a, scratch, err));
        fsc_arena_rewind(a, mark);
    }
    print_scores("all", all);
    return FSC_OK;
}

int main(int argc, char **argv)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_arena *a, *scratch;
    if (fsc_arena_open(&a, (size_t)2 << 30, &err) != FSC_OK ||
        fsc_arena_open(&scratch, (size_t)1 << 30, &err) != FSC_OK)
        return EXIT_FAILURE;
    fsc_status status = run_all(argc - 1, argv + 1, a, scratch, &err);
    if (status != FSC_OK)
        (void)fprintf(stderr, "%s\n", err.msg);
    fsc_arena_close(scratch);
    fsc_arena_close(a);
    return status == FSC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
