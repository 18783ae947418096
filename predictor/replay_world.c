/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay_world.h"
#include "bounds.h"
#include "planner_run.h"

#include <math.h>
#include <string.h>

enum { NO_LIMIT = 1000 };

const fsc_replay_rules fsc_replay_rules_default = {
    .notice_s = 120, .late_after_s = 10, .drop_after_s = 60, .late_share = 0.01};

/* ---- some workloads' configuration -------------------------------------------------------- */

static fsc_status copy_pools(fsc_config *out, const fsc_config *c, fsc_arena *a, fsc_err *err)
{
    fsc_pool_config *pools = FSC_NEW(a, c->n_pools, fsc_pool_config, err);
    if (!pools)
        return FSC_NOMEM;
    out->pools = pools;
    out->n_pools = 0;
    for (size_t w = 0; w < out->n_workloads; w++)
        for (size_t i = 0; i < out->workloads[w].pools.n; i++)
            if (!fsc_config_pool(out, out->workloads[w].pools.v[i]))
                pools[out->n_pools++] = *fsc_config_pool(c, out->workloads[w].pools.v[i]);
    for (size_t i = 1; i < out->n_pools; i++)
        if (strcmp(pools[i].price.currency, pools[0].price.currency) != 0)
            return fsc_fail(err, FSC_USAGE,
                            "a replay counts in one currency: pool %s has %s, %s %s", pools[0].name,
                            pools[0].price.currency, pools[i].name, pools[i].price.currency);
    return FSC_OK;
}

static bool covers_any(const fsc_budget_config *b, const fsc_config *c)
{
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(b, c->workloads[w].name))
            return true;
    return false;
}

static fsc_status copy_budgets(fsc_config *out, const fsc_config *c, fsc_arena *a, fsc_err *err)
{
    fsc_budget_config *budgets = FSC_NEW(a, c->n_budgets, fsc_budget_config, err);
    if (!budgets)
        return FSC_NOMEM;
    out->budgets = budgets;
    out->n_budgets = 0;
    for (size_t b = 0; b < c->n_budgets; b++)
        if (covers_any(&c->budgets[b], out))
            budgets[out->n_budgets++] = c->budgets[b];
    return FSC_OK;
}

static fsc_status check_world(const fsc_config *c, const fsc_workload_config *w, fsc_err *err)
{
    const struct {
        bool missing;
        const char *what;
    } needs[] = {{!w->min_given || !w->max_given, "minReplicas and maxReplicas"},
                 {!(w->demand.per_replica > 0), "demand.perReplica"},
                 {!w->pools.n, "pools"}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (needs[i].missing)
            return fsc_fail(err, FSC_USAGE,
                            "a replay of workload %s needs its %s in the configuration", w->name,
                            needs[i].what);
    for (size_t i = 0; i < w->pools.n; i++)
        if (fsc_config_pool(c, w->pools.v[i])->gpus_per_node < w->gpus_per_replica)
            return fsc_fail(err, FSC_USAGE, "a node of pool %s cannot hold a replica of %s",
                            w->pools.v[i], w->name);
    return FSC_OK;
}

fsc_status fsc_replay_config(fsc_config *out, const fsc_config *c, const size_t *which, size_t n,
                             fsc_arena *a, fsc_err *err)
{
    fsc_workload_config *some = FSC_NEW(a, n, fsc_workload_config, err);
    if (!some)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        some[i] = c->workloads[which[i]];
        some[i].mode = FSC_MODE_ENFORCE;
        FSC_TRY(check_world(c, &some[i], err));
    }
    *out = *c;
    out->workloads = some;
    out->n_workloads = n;
    FSC_TRY(copy_pools(out, c, a, err));
    return copy_budgets(out, c, a, err);
}

static bool hang_together(const fsc_config *c, const fsc_workload_config *v,
                          const fsc_workload_config *w)
{
    for (size_t b = 0; b < c->n_budgets; b++)
        if (fsc_budget_covers(&c->budgets[b], v->name) &&
            fsc_budget_covers(&c->budgets[b], w->name))
            return true;
    return fsc__shares_pool(v, w);
}

void fsc_replay_group(size_t *group, const fsc_config *c, const bool *wanted)
{
    for (size_t w = 0; w < c->n_workloads; w++) {
        group[w] = w;
        for (size_t v = 0; v < w; v++) {
            size_t from = group[v];
            if (!wanted[v] || !wanted[w] || from == group[w] ||
                !hang_together(c, &c->workloads[v], &c->workloads[w]))
                continue;
            size_t low = from < group[w] ? from : group[w], high = from + group[w] - low;
            for (size_t k = 0; k <= w; k++)
                group[k] = group[k] == high ? low : group[k];
        }
    }
}

/* ---- the world ---------------------------------------------------------------------------- */

fsc_status fsc_replay_demand(fsc_series *out, size_t *filled, const fsc_series *metric,
                             fsc_arena *a, fsc_err *err)
{
    double *v = FSC_NEW(a, metric->n, double, err);
    if (!v)
        return FSC_NOMEM;
    size_t known = metric->n; /* the last one that is no gap */
    *filled = fsc_series_gaps(metric);
    if (*filled == metric->n)
        return fsc_fail(err, FSC_DATA, "%s: nothing but gaps", metric->id);
    for (size_t i = 0; i < metric->n; i++) {
        v[i] = metric->values[i];
        if (isnan(v[i]))
            continue;
        double before = known < metric->n ? v[known] : v[i];
        size_t first = known < metric->n ? known + 1 : 0;
        for (size_t k = first; k < i; k++)
            v[k] = before + (v[i] - before) * (double)(k - first + 1) / (double)(i - first + 1);
        known = i;
    }
    for (size_t k = known + 1; k < metric->n; k++)
        v[k] = v[known];
    *out = *metric;
    out->values = v;
    return FSC_OK;
}

static fsc_status build_workload(fsc_sim_workload *out, const fsc_replay_input *in, size_t w,
                                 fsc_arena *a, fsc_err *err)
{
    const fsc_workload_config *c = &in->config->workloads[w];
    size_t *pools = FSC_NEW(a, c->pools.n, size_t, err);
    if (!pools)
        return FSC_NOMEM;
    for (size_t i = 0; i < c->pools.n; i++)
        pools[i] = fsc__pool_index(in->config, c->pools.v[i]);
    *out = (fsc_sim_workload){.demand = in->workloads[w].demand,
                              .metric = in->workloads[w].metric,
                              .per_replica = c->demand.per_replica,
                              .utilization = c->utilization,
                              .gpus = c->gpus_per_replica,
                              .lead_pod_s = c->lead_s,
                              .n_pools = c->pools.n,
                              .pools = pools,
                              .min_replicas = c->min_replicas,
                              .max_replicas = c->max_replicas};
    return FSC_OK;
}

fsc_status fsc_replay_world(fsc_sim_params *out, const fsc_replay_input *in, fsc_arena *a,
                            fsc_err *err)
{
    const fsc_config *c = in->config;
    fsc_sim_workload *workloads = FSC_NEW(a, c->n_workloads, fsc_sim_workload, err);
    fsc_sim_pool *pools = FSC_NEW(a, c->n_pools, fsc_sim_pool, err);
    if (!workloads || !pools)
        return FSC_NOMEM;
    *out = (fsc_sim_params){.from = in->from,
                            .to = in->to,
                            .tick_s = c->interval_s,
                            .n_workloads = c->n_workloads,
                            .n_pools = c->n_pools,
                            .workloads = workloads,
                            .pools = pools,
                            .hpa = fsc_sim_hpa_default,
                            .notice_s = fsc_replay_rules_default.notice_s,
                            .late_after_s = fsc_replay_rules_default.late_after_s,
                            .drop_after_s = fsc_replay_rules_default.drop_after_s,
                            .running = true,
                            .late_share = fsc_replay_rules_default.late_share};
    for (size_t w = 0; w < c->n_workloads; w++)
        FSC_TRY(build_workload(&workloads[w], in, w, a, err));
    for (size_t i = 0; i < c->n_pools; i++)
        pools[i] = (fsc_sim_pool){.price_micros_per_h = c->pools[i].price.micros,
                                  .gpus = c->pools[i].gpus_per_node,
                                  .min_nodes = c->pools[i].min_nodes,
                                  .max_nodes = c->pools[i].max_nodes_given ? c->pools[i].max_nodes
                                                                           : NO_LIMIT,
                                  .lead_s = c->pools[i].lead_s,
                                  .idle_s = c->pools[i].idle_s,
                                  .interruptions_per_h = c->pools[i].interruptions_per_h};
    return FSC_OK;
}

/* ---- the budgets' bills ------------------------------------------------------------------- */

static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                     [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                     [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};

int64_t fsc__window_start(const fsc_window *w, const fsc_zone *zone, int64_t end, int64_t at)
{
    return w->kind == FSC_WINDOW_ROLLING ? end - w->length_s
                                         : fsc_period_start(zone, periods[w->kind], at);
}

int64_t fsc_replay_largest_window(const int64_t *minute_micros, size_t n_minutes, int64_t from,
                                  const fsc_window *window, const fsc_zone *zone)
{
    int64_t sum = 0, most = 0;
    size_t first = 0;
    for (size_t m = 0; m < n_minutes; m++) {
        int64_t at = from + (int64_t)m * FSC_MINUTE_S;
        int64_t begin = fsc__window_start(window, zone, at + FSC_MINUTE_S, at);
        for (; from + (int64_t)first * FSC_MINUTE_S < begin; first++)
            sum -= minute_micros[first];
        sum += minute_micros[m];
        most = at_least(most, sum);
    }
    return most;
}

fsc_status fsc_replay_billed(int64_t **minute_micros, const fsc_config *c, size_t b,
                             const fsc_sim_result *r, fsc_arena *a, fsc_err *err)
{
    int64_t *sum = *minute_micros = FSC_NEW(a, r->n_minutes, int64_t, err);
    if (!sum)
        return FSC_NOMEM;
    for (size_t p = 0; p < c->n_pools; p++)
        for (size_t m = 0;
             fsc__pays_for_pool(&c->budgets[b], c, c->pools[p].name) && m < r->n_minutes; m++)
            sum[m] += r->pool_micros[p][m];
    return FSC_OK;
}
