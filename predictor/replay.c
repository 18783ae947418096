/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/replay.h"
#include "bounds.h"

#include <math.h>
#include <string.h>

enum {
    NO_LIMIT = 1000,
    NOTICE_S = 120, /* what clouds give before they take a spot node */
    LATE_AFTER_S = 10,
    DROP_AFTER_S = 60
};

static const double late_share = 0.01;

const char *fsc_replay_policy_name(fsc_replay_policy p)
{
    static const char *const names[] = {"reactive", "cron", "predictive"};
    return names[p];
}

/* ---- one workload's configuration --------------------------------------------------------- */

static fsc_status copy_pools(fsc_config *out, const fsc_config *c, const fsc_workload_config *w,
                             fsc_arena *a, fsc_err *err)
{
    fsc_pool_config *pools = FSC_NEW(a, w->pools.n, fsc_pool_config, err);
    if (!pools)
        return FSC_NOMEM;
    for (size_t i = 0; i < w->pools.n; i++)
        pools[i] = *fsc_config_pool(c, w->pools.v[i]);
    out->pools = pools;
    out->n_pools = w->pools.n;
    return FSC_OK;
}

static fsc_status copy_budgets(fsc_config *out, const fsc_config *c, const fsc_workload_config *w,
                               const double *share, fsc_arena *a, fsc_err *err)
{
    fsc_budget_config *budgets = FSC_NEW(a, c->n_budgets, fsc_budget_config, err);
    const char **name = FSC_NEW(a, 1, const char *, err);
    if (!budgets || !name)
        return FSC_NOMEM;
    *name = w->name;
    out->budgets = budgets;
    out->n_budgets = 0;
    for (size_t b = 0; b < c->n_budgets; b++) {
        if (!fsc_budget_covers(&c->budgets[b], w->name))
            continue;
        fsc_budget_config *mine = &budgets[out->n_budgets++];
        *mine = c->budgets[b];
        mine->workloads = (fsc_strings){.n = 1, .v = name};
        if (share)
            mine->ceiling.micros = (int64_t)floor(share[b] * (double)mine->ceiling.micros);
    }
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
    if (w->pools.n > FSC_SIM_MAX_POOLS)
        return fsc_fail(err, FSC_USAGE, "a replay has %d pools at most", (int)FSC_SIM_MAX_POOLS);
    return FSC_OK;
}

fsc_status fsc_replay_config(fsc_config *out, const fsc_config *c, size_t w, const double *share,
                             fsc_arena *a, fsc_err *err)
{
    fsc_workload_config *one = FSC_NEW(a, 1, fsc_workload_config, err);
    if (!one)
        return FSC_NOMEM;
    *one = c->workloads[w];
    one->mode = FSC_MODE_ENFORCE;
    FSC_TRY(check_world(c, one, err));
    *out = *c;
    out->workloads = one;
    out->n_workloads = 1;
    FSC_TRY(copy_pools(out, c, one, a, err));
    return copy_budgets(out, c, one, share, a, err);
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

fsc_sim_params fsc_replay_world(const fsc_replay_input *in)
{
    const fsc_config *c = in->config;
    const fsc_workload_config *w = &c->workloads[0];
    fsc_sim_params p = {.demand = in->demand,
                        .metric = in->metric,
                        .from = in->from,
                        .to = in->to,
                        .tick_s = c->interval_s,
                        .per_replica = w->demand.per_replica,
                        .utilization = w->utilization,
                        .pods_per_node = c->pools[0].gpus_per_node / w->gpus_per_replica,
                        .lead_pod_s = w->lead_s,
                        .n_pools = c->n_pools,
                        .min_replicas = w->min_replicas,
                        .max_replicas = w->max_replicas,
                        .hpa = fsc_sim_hpa_default,
                        .notice_s = NOTICE_S,
                        .late_after_s = LATE_AFTER_S,
                        .drop_after_s = DROP_AFTER_S,
                        .late_share = late_share};
    for (size_t i = 0; i < c->n_pools; i++)
        p.pools[i] = (fsc_sim_pool){.price_micros_per_h = c->pools[i].price.micros,
                                    .max_nodes = c->pools[i].max_nodes_given ? c->pools[i].max_nodes
                                                                             : NO_LIMIT,
                                    .lead_s = c->pools[i].lead_s,
                                    .idle_s = c->pools[i].idle_s,
                                    .interruptions_per_h = c->pools[i].interruptions_per_h};
    return p;
}

/* ---- forecasts ---------------------------------------------------------------------------- */

static fsc_status feed(fsc_forecaster *f, const fsc_replay_input *in, int64_t from, int64_t now,
                       fsc_err *err)
{
    int64_t told_after_s = in->told_after_s ? in->told_after_s : in->metric->step_s;
    fsc_series part = fsc_series_cut(in->metric, from, now - told_after_s + 1);
    return part.n ? fsc_forecaster_feed(f, &part, err) : FSC_OK;
}

static fsc_status forecast_ticks(fsc_forecast *out, size_t n, const fsc_replay_input *in,
                                 fsc_arena *a, fsc_err *err)
{
    const fsc_workload_config *w = &in->config->workloads[0];
    fsc_planner *planner;
    fsc_forecaster *f;
    fsc_forecaster_config fc = {.id = w->name,
                                .model = w->model,
                                .step_s = in->metric->step_s,
                                .calendar = &in->config->calendar};
    FSC_TRY(fsc_planner_open(&planner, in->config, a, err));
    FSC_TRY(fsc_planner_request(&fc.request, planner, 0, in->metric->step_s, a, err));
    FSC_TRY(fsc_forecaster_open(&f, &fc, a, err));
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        FSC_TRY(feed(f, in, newest, in->from + (int64_t)i * in->config->interval_s, err));
        FSC_TRY(fsc_forecaster_run(&out[i], f, a, err));
        newest = fsc_forecaster_newest(f) + 1;
    }
    return FSC_OK;
}

fsc_status fsc_replay_forecasts(const fsc_forecast **out, const fsc_replay_input *in, fsc_arena *a,
                                fsc_err *err)
{
    size_t n = (size_t)((in->to - in->from - 1) / in->config->interval_s) + 1;
    fsc_forecast *all = FSC_NEW(a, n, fsc_forecast, err);
    if (!all)
        return FSC_NOMEM;
    *out = all;
    return forecast_ticks(all, n, in, a, err);
}

/* ---- the loop ----------------------------------------------------------------------------- */

typedef struct loop {
    const fsc_replay_input *in;
    fsc_config config; /* the input's, but the guard alone may cap where no plan is followed */
    fsc_workload_config workload;
    fsc_planner *planner;
    fsc_budget_now *budgets;
    fsc_arena *scratch;
} loop;

static fsc_status open_loop(loop *x, const fsc_replay_input *in, fsc_arena *a, fsc_err *err)
{
    x->in = in;
    x->config = *in->config;
    x->workload = in->config->workloads[0];
    x->workload.trim = x->workload.trim && in->policy == FSC_REPLAY_PREDICTIVE;
    x->config.workloads = &x->workload;
    x->config.n_budgets = in->with_budget ? in->config->n_budgets : 0;
    x->budgets = FSC_NEW(a, x->config.n_budgets + 1, fsc_budget_now, err);
    return x->budgets ? fsc_planner_open(&x->planner, &x->config, a, err) : FSC_NOMEM;
}

static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                     [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                     [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};

/* Of the window that ends at `end`, or of the calendar's that holds `at`. */
static int64_t window_start(const fsc_window *w, const fsc_zone *zone, int64_t end, int64_t at)
{
    return w->kind == FSC_WINDOW_ROLLING ? end - w->length_s
                                         : fsc_period_start(zone, periods[w->kind], at);
}

static int64_t spent_until(const fsc_sim_seen *seen, int64_t from, const fsc_window *w,
                           const fsc_zone *zone)
{
    int64_t begin = window_start(w, zone, seen->now, seen->now), sum = 0;
    size_t first = begin > from ? (size_t)((begin - from) / FSC_MINUTE_S) : 0;
    for (size_t m = first; m < seen->n_minutes; m++)
        sum += seen->minute_micros[m];
    return sum;
}

int64_t fsc_replay_largest_window(const int64_t *minute_micros, size_t n_minutes, int64_t from,
                                  const fsc_window *window, const fsc_zone *zone)
{
    int64_t sum = 0, most = 0;
    size_t first = 0;
    for (size_t m = 0; m < n_minutes; m++) {
        int64_t at = from + (int64_t)m * FSC_MINUTE_S;
        int64_t begin = window_start(window, zone, at + FSC_MINUTE_S, at);
        for (; from + (int64_t)first * FSC_MINUTE_S < begin; first++)
            sum -= minute_micros[first];
        sum += minute_micros[m];
        most = at_least(most, sum);
    }
    return most;
}

static fsc_status plan(fsc_plan *out, loop *x, const fsc_sim_seen *seen, fsc_err *err)
{
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
        x->budgets[b] =
            (fsc_budget_now){.spent_known = x->in->meter,
                             .spent_micros = spent_until(
                                 seen, x->in->from, &x->config.budgets[b].window, x->config.zone),
                             .meter_at = seen->now};
    const fsc_forecast *f =
        &x->in->forecasts[(seen->now - x->in->from) / x->in->config->interval_s];
    return fsc_planner_run(out, x->planner,
                           &(fsc_plan_input){.now = seen->now,
                                             .config = &x->config,
                                             .workloads = &w,
                                             .pools = pools,
                                             .budgets = x->budgets,
                                             .forecasts = (const fsc_forecast *[]){f}},
                           x->scratch, err);
}

static fsc_status follow_plan(fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                              fsc_err *err)
{
    loop *x = ctx;
    fsc_plan p;
    fsc_arena_mark mark = fsc_arena_get_mark(x->scratch);
    FSC_TRY(plan(&p, x, seen, err));
    out->min_replicas = p.workloads[0].min_replicas;
    out->max_replicas = p.workloads[0].max_replicas;
    for (size_t i = 0; i < p.n_pools; i++) {
        out->min_nodes[i] = p.pools[i].min_nodes;
        out->max_nodes[i] = p.pools[i].max_nodes;
    }
    fsc_arena_rewind(x->scratch, mark);
    return FSC_OK;
}

static double hour_peak(const fsc_series *s, int64_t hour)
{
    fsc_series part = fsc_series_cut(s, hour, hour + FSC_HOUR_S);
    double peak = NAN;
    for (size_t i = 0; i < part.n; i++)
        peak = fmax(peak, part.values[i]); /* fmax passes over NaN */
    return peak;
}

/* What the hours that begin within a lead from now needed a week ago. */
static int64_t scheduled_floor(const loop *x, int64_t now)
{
    const fsc_workload_config *w = &x->workload;
    int64_t ahead = w->lead_s + x->config.pools[0].lead_s + x->config.interval_s;
    int64_t floor = w->min_replicas, then = now - FSC_WEEK_S;
    for (int64_t h = then - then % FSC_HOUR_S; h < then + ahead; h += FSC_HOUR_S) {
        double peak = hour_peak(x->in->metric, h);
        if (!isnan(peak))
            floor = at_least(floor, whole(peak / (w->utilization * w->demand.per_replica)));
    }
    return at_most(floor, w->max_replicas);
}

static fsc_status follow_caps(fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                              fsc_err *err)
{
    loop *x = ctx;
    fsc_sim_orders caps = *out;
    out->max_replicas = x->workload.max_replicas;
    if (x->in->with_budget) {
        FSC_TRY(follow_plan(&caps, x, seen, err));
        out->max_replicas = caps.max_replicas;
        memcpy(out->max_nodes, caps.max_nodes, sizeof out->max_nodes);
    }
    int64_t floor =
        x->in->policy == FSC_REPLAY_CRON ? scheduled_floor(x, seen->now) : x->workload.min_replicas;
    out->min_replicas = at_most(floor, out->max_replicas);
    return FSC_OK;
}

fsc_status fsc_replay_run(fsc_sim_result *out, const fsc_replay_input *in, fsc_arena *a,
                          fsc_arena *scratch, fsc_err *err)
{
    fsc_sim_params p = fsc_replay_world(in);
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    loop x = {.scratch = scratch};
    if (!in->with_budget && in->policy == FSC_REPLAY_REACTIVE)
        return fsc_simulate(out, &p, NULL, NULL, a, err);
    FSC_TRY(open_loop(&x, in, scratch, err));
    fsc_status status = fsc_simulate(
        out, &p, in->policy == FSC_REPLAY_PREDICTIVE ? follow_plan : follow_caps, &x, a, err);
    fsc_arena_rewind(scratch, mark);
    return status;
}
