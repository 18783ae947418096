/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/sim/loop.h"
#include "forescale/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO_LIMIT = 1000 };

static fsc_status load(fsc_config *c, const char *yaml, fsc_arena *a, fsc_err *err)
{
    char path[] = "/tmp/forescale-loop.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        return fsc_fail(err, FSC_IO, "no temporary file");
    bool whole = write(fd, yaml, strlen(yaml)) == (ssize_t)strlen(yaml);
    fsc_status status =
        whole ? fsc_config_load(c, path, a, err) : fsc_fail(err, FSC_IO, "%s", path);
    close(fd);
    unlink(path);
    return status;
}

static fsc_status feed(fsc_loop *x, int64_t from, int64_t now, fsc_err *err)
{
    fsc_series part = fsc_series_cut(x->metric, from, now - x->metric->step_s + 1);
    return part.n ? fsc_forecaster_feed(x->forecaster, &part, err) : FSC_OK;
}

fsc_status fsc_loop_open(fsc_loop *out, const char *yaml, const fsc_series *metric, int64_t now,
                         fsc_arena *a, fsc_arena *scratch, fsc_err *err)
{
    *out = (fsc_loop){.metric = metric, .from = now, .scratch = scratch};
    FSC_TRY(load(&out->config, yaml, a, err));
    FSC_TRY(fsc_planner_open(&out->planner, &out->config, a, err));
    fsc_forecaster_config fc = {.id = out->config.workloads[0].name,
                                .model = out->config.workloads[0].model,
                                .step_s = metric->step_s,
                                .calendar = &out->config.calendar};
    FSC_TRY(fsc_planner_request(&fc.request, out->planner, 0, metric->step_s, a, err));
    FSC_TRY(fsc_forecaster_open(&out->forecaster, &fc, a, err));
    return feed(out, INT64_MIN, now, err);
}

/* The bill inside the budget's window that ends now. */
static int64_t spent_in_window(const fsc_loop *x, const fsc_budget_config *b,
                               const fsc_sim_seen *seen)
{
    static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                         [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                         [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};
    int64_t begin = b->window.kind == FSC_WINDOW_ROLLING
                        ? seen->now - b->window.length_s
                        : fsc_period_start(x->config.zone, periods[b->window.kind], seen->now);
    int64_t first = begin > x->from ? (begin - x->from) / FSC_MINUTE_S : 0, sum = 0;
    for (size_t m = (size_t)first; m < seen->n_minutes; m++)
        sum += seen->minute_micros[m];
    return sum;
}

static fsc_status plan(fsc_loop *x, const fsc_sim_seen *seen, fsc_err *err)
{
    fsc_forecast forecast;
    fsc_budget_now budgets[FSC_LOOP_MAX_BUDGETS] = {{0}};
    fsc_pool_now pools[FSC_SIM_MAX_POOLS] = {{0}};
    fsc_workload_now w = {.replicas_known = true,
                          .replicas = seen->replicas,
                          .ready_known = true,
                          .ready = seen->ready,
                          .backlog_known = true,
                          .backlog = seen->backlog};
    for (size_t i = 0; i < x->config.n_pools; i++)
        pools[i] = (fsc_pool_now){
            .nodes_known = true, .nodes = seen->nodes[i], .nodes_leaving = seen->leaving[i]};
    for (size_t b = 0; b < x->config.n_budgets; b++)
        budgets[b] =
            (fsc_budget_now){.spent_known = x->meter,
                             .spent_micros = spent_in_window(x, &x->config.budgets[b], seen),
                             .meter_at = seen->now};
    int64_t newest = fsc_forecaster_newest(x->forecaster);
    FSC_TRY(feed(x, newest + 1, seen->now, err));
    FSC_TRY(fsc_forecaster_run(&forecast, x->forecaster, x->scratch, err));
    return fsc_planner_run(&x->plan, x->planner,
                           &(fsc_plan_input){.now = seen->now,
                                             .config = &x->config,
                                             .workloads = &w,
                                             .pools = pools,
                                             .budgets = budgets,
                                             .forecasts = (const fsc_forecast *[]){&forecast}},
                           x->scratch, err);
}

fsc_status fsc_loop_policy(fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen, fsc_err *err)
{
    fsc_loop *x = ctx;
    fsc_arena_mark mark = fsc_arena_get_mark(x->scratch);
    FSC_TRY(plan(x, seen, err));
    out->min_replicas = x->plan.workloads[0].min_replicas;
    out->max_replicas = x->plan.workloads[0].max_replicas;
    for (size_t i = 0; i < x->plan.n_pools; i++) {
        out->min_nodes[i] = x->plan.pools[i].min_nodes;
        out->max_nodes[i] = x->plan.pools[i].max_nodes;
    }
    for (size_t b = 0; b < x->plan.n_budgets; b++)
        x->states[x->plan.budgets[b].state]++;
    fsc_arena_rewind(x->scratch, mark);
    return FSC_OK;
}

fsc_sim_params fsc_loop_world(const fsc_loop *loop, const fsc_series *demand, int64_t from,
                              int64_t to)
{
    const fsc_config *c = &loop->config;
    const fsc_workload_config *w = &c->workloads[0];
    fsc_sim_params p = {.demand = demand,
                        .metric = loop->metric,
                        .from = from,
                        .to = to,
                        .tick_s = c->interval_s,
                        .per_replica = w->demand.per_replica,
                        .utilization = w->utilization,
                        .pods_per_node = c->pools[0].gpus_per_node / w->gpus_per_replica,
                        .lead_pod_s = w->lead_s,
                        .n_pools = c->n_pools,
                        .min_replicas = w->min_replicas,
                        .max_replicas = w->max_replicas,
                        .hpa = fsc_sim_hpa_default,
                        .notice_s = 120,
                        .late_after_s = 10,
                        .drop_after_s = 60,
                        .late_share = 0.01};
    for (size_t i = 0; i < c->n_pools; i++)
        p.pools[i] = (fsc_sim_pool){.price_micros_per_h = c->pools[i].price.micros,
                                    .max_nodes = c->pools[i].max_nodes_given ? c->pools[i].max_nodes
                                                                             : NO_LIMIT,
                                    .lead_s = c->pools[i].lead_s,
                                    .idle_s = c->pools[i].idle_s,
                                    .interruptions_per_h = c->pools[i].interruptions_per_h};
    return p;
}
