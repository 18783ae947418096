/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "planner_run.h"
#include "replay_world.h"

#include <math.h>

const char *fsc_replay_policy_name(fsc_replay_policy p)
{
    static const char *const names[] = {"reactive", "cron", "predictive"};
    return names[p];
}

/* ---- forecasts ---------------------------------------------------------------------------- */

static fsc_status feed(fsc_forecaster *f, const fsc_replay_workload *of, int64_t from, int64_t now,
                       fsc_err *err)
{
    int64_t told_after_s = of->told_after_s ? of->told_after_s : of->metric->step_s;
    fsc_series part = fsc_series_cut(of->metric, from, now - told_after_s + 1);
    return part.n ? fsc_forecaster_feed(f, &part, err) : FSC_OK;
}

size_t fsc_replay_ticks(const fsc_replay_input *in)
{
    return (size_t)((in->to - in->from - 1) / in->config->interval_s) + 1;
}

struct fsc_replay_forecaster {
    const fsc_replay_input *in;
    const fsc_replay_workload *of;
    fsc_forecaster *f;
    int64_t now, newest;
};

fsc_status fsc_replay_forecaster_open(fsc_replay_forecaster **out, const fsc_replay_input *in,
                                      size_t w, fsc_arena *a, fsc_err *err)
{
    const fsc_workload_config *c = &in->config->workloads[w];
    fsc_replay_forecaster *r = *out = FSC_NEW(a, 1, fsc_replay_forecaster, err);
    fsc_planner *planner;
    if (!r)
        return FSC_NOMEM;
    *r = (fsc_replay_forecaster){
        .in = in, .of = &in->workloads[w], .now = in->from, .newest = INT64_MIN};
    int32_t step_s = r->of->metric->step_s;
    fsc_forecaster_config fc = {
        .id = c->name, .model = c->model, .step_s = step_s, .calendar = &in->config->calendar};
    FSC_TRY(fsc_planner_open(&planner, in->config, a, err));
    FSC_TRY(fsc_planner_request(&fc.request, planner, w, step_s, a, err));
    return fsc_forecaster_open(&r->f, &fc, a, err);
}

fsc_status fsc_replay_forecaster_next(fsc_forecast *out, fsc_replay_forecaster *r, size_t n,
                                      fsc_arena *a, fsc_err *err)
{
    for (size_t i = 0; i < n; i++) {
        FSC_TRY(feed(r->f, r->of, r->newest, r->now, err));
        FSC_TRY(fsc_forecaster_run(&out[i], r->f, a, err));
        r->newest = fsc_forecaster_newest(r->f) + 1;
        r->now += r->in->config->interval_s;
    }
    return FSC_OK;
}

fsc_status fsc_replay_forecasts(const fsc_forecast **out, const fsc_replay_input *in, size_t w,
                                fsc_arena *a, fsc_err *err)
{
    size_t n = fsc_replay_ticks(in);
    fsc_forecast *all = FSC_NEW(a, n, fsc_forecast, err);
    fsc_replay_forecaster *f;
    if (!all)
        return FSC_NOMEM;
    *out = all;
    FSC_TRY(fsc_replay_forecaster_open(&f, in, w, a, err));
    return fsc_replay_forecaster_next(all, f, n, a, err);
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* What a budget was billed until each minute's begin: windows are asked for at each tick. */
typedef struct billed {
    bool *pool; /* [n_pools] that it pays for */
    int64_t *until;
    size_t n; /* minutes that are over */
} billed;

struct fsc_replay {
    const fsc_replay_input *in;
    fsc_sim_params params;
    fsc_world *world;
    fsc_config config; /* the input's, but the guard alone may cap where no plan is followed */
    fsc_planner *planner;
    fsc_workload_now *workloads;
    fsc_pool_now *pools;
    fsc_budget_now *budgets;
    const fsc_forecast **forecasts;    /* [n_workloads] of one tick */
    const fsc_forecast *const *coming; /* [n_workloads] of the ticks from number `first` on */
    size_t tick, first;
    billed *billed;
    fsc_arena *arena; /* beyond what the replay keeps in it, scratch */
};

static fsc_status open_workloads(fsc_replay *x, fsc_arena *a, fsc_err *err)
{
    size_t n = x->config.n_workloads;
    fsc_workload_config *workloads = FSC_NEW(a, n, fsc_workload_config, err);
    x->workloads = FSC_NEW(a, n, fsc_workload_now, err);
    x->forecasts = FSC_NEW(a, n, const fsc_forecast *, err);
    if (!workloads || !x->workloads || !x->forecasts)
        return FSC_NOMEM;
    for (size_t w = 0; w < n; w++) {
        workloads[w] = x->config.workloads[w];
        workloads[w].trim = workloads[w].trim && x->in->policy == FSC_REPLAY_PREDICTIVE;
    }
    x->config.workloads = workloads;
    return FSC_OK;
}

static fsc_status open_budgets(fsc_replay *x, fsc_arena *a, fsc_err *err)
{
    size_t minutes = (size_t)((x->in->to - x->in->from) / FSC_MINUTE_S) + 1;
    x->config.n_budgets = x->in->with_budget ? x->config.n_budgets : 0;
    x->budgets = FSC_NEW(a, x->config.n_budgets, fsc_budget_now, err);
    x->billed = FSC_NEW(a, x->config.n_budgets, billed, err);
    if (!x->budgets || !x->billed)
        return FSC_NOMEM;
    for (size_t b = 0; b < x->config.n_budgets; b++) {
        billed *s = &x->billed[b];
        s->pool = FSC_NEW(a, x->config.n_pools, bool, err);
        s->until = FSC_NEW(a, minutes + 1, int64_t, err);
        if (!s->pool || !s->until)
            return FSC_NOMEM;
        for (size_t p = 0; p < x->config.n_pools; p++)
            s->pool[p] =
                fsc__pays_for_pool(&x->config.budgets[b], &x->config, x->config.pools[p].name);
    }
    return FSC_OK;
}

static int64_t spent_until(fsc_replay *x, size_t b, const fsc_sim_seen *seen)
{
    billed *s = &x->billed[b];
    const fsc_window *w = &x->config.budgets[b].window;
    for (; s->n < seen->n_minutes; s->n++) {
        s->until[s->n + 1] = s->until[s->n];
        for (size_t p = 0; p < x->config.n_pools; p++)
            s->until[s->n + 1] += s->pool[p] ? seen->pools[p].minute_micros[s->n] : 0;
    }
    int64_t begin = fsc__window_start(w, x->config.zone, seen->now, seen->now) - x->in->from;
    int64_t first = begin > 0 ? begin / FSC_MINUTE_S : 0;
    return s->until[s->n] - s->until[at_most(first, (int64_t)s->n)];
}

static void look(fsc_replay *x, const fsc_sim_seen *seen)
{
    for (size_t w = 0; w < x->config.n_workloads; w++)
        x->workloads[w] = (fsc_workload_now){.replicas_known = true,
                                             .replicas = seen->workloads[w].replicas,
                                             .ready_known = true,
                                             .ready = seen->workloads[w].ready,
                                             .backlog_known = true,
                                             .backlog = seen->workloads[w].backlog};
    for (size_t p = 0; p < x->config.n_pools; p++)
        x->pools[p] = (fsc_pool_now){.nodes_known = true,
                                     .nodes = seen->pools[p].nodes,
                                     .nodes_leaving = seen->pools[p].leaving};
    for (size_t b = 0; b < x->config.n_budgets; b++)
        x->budgets[b] = (fsc_budget_now){.spent_known = x->in->meter,
                                         .spent_micros = spent_until(x, b, seen),
                                         .meter_at = seen->now};
}

static fsc_status plan(const fsc_sim_orders *out, fsc_replay *x, const fsc_sim_seen *seen,
                       fsc_err *err)
{
    fsc_plan p;
    fsc_arena_mark mark = fsc_arena_get_mark(x->arena);
    look(x, seen);
    FSC_TRY(fsc_planner_run(&p, x->planner,
                            &(fsc_plan_input){.now = seen->now,
                                              .config = &x->config,
                                              .workloads = x->workloads,
                                              .pools = x->pools,
                                              .budgets = x->budgets,
                                              .forecasts = x->forecasts},
                            x->arena, err));
    for (size_t w = 0; w < p.n_workloads; w++)
        out->workloads[w] =
            (fsc_sim_bounds){p.workloads[w].min_replicas, p.workloads[w].max_replicas};
    for (size_t i = 0; i < p.n_pools; i++)
        out->pools[i] = (fsc_sim_bounds){p.pools[i].min_nodes, p.pools[i].max_nodes};
    fsc_arena_rewind(x->arena, mark);
    return FSC_OK;
}

static fsc_status follow_plan(const fsc_sim_orders *out, fsc_replay *x, const fsc_sim_seen *seen,
                              fsc_err *err)
{
    for (size_t w = 0; w < x->config.n_workloads; w++)
        x->forecasts[w] = &x->coming[w][x->tick - x->first];
    return plan(out, x, seen, err);
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
static int64_t scheduled_floor(const fsc_replay *x, size_t w, int64_t now)
{
    const fsc_workload_config *c = &x->config.workloads[w];
    int64_t ahead =
        c->lead_s + fsc_config_pool(&x->config, c->pools.v[0])->lead_s + x->config.interval_s;
    int64_t floor = c->min_replicas, then = now - FSC_WEEK_S;
    for (int64_t h = then - then % FSC_HOUR_S; h < then + ahead; h += FSC_HOUR_S) {
        double peak = hour_peak(x->in->workloads[w].metric, h);
        if (!isnan(peak))
            floor = at_least(floor, whole(peak / (c->utilization * c->demand.per_replica)));
    }
    return at_most(floor, c->max_replicas);
}

/* The guard knows money alone: it is asked without forecasts, and only its caps are obeyed. */
static fsc_status follow_caps(const fsc_sim_orders *out, fsc_replay *x, const fsc_sim_seen *seen,
                              fsc_err *err)
{
    if (x->in->with_budget)
        FSC_TRY(plan(out, x, seen, err));
    for (size_t p = 0; p < x->config.n_pools; p++)
        out->pools[p].min = x->config.pools[p].min_nodes;
    for (size_t w = 0; w < x->config.n_workloads; w++) {
        int64_t floor = x->in->policy == FSC_REPLAY_CRON ? scheduled_floor(x, w, seen->now)
                                                         : x->config.workloads[w].min_replicas;
        out->workloads[w].min = at_most(floor, out->workloads[w].max);
    }
    return FSC_OK;
}

static fsc_status follow(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                         fsc_err *err)
{
    fsc_replay *x = ctx;
    FSC_TRY(x->in->policy == FSC_REPLAY_PREDICTIVE ? follow_plan(out, x, seen, err)
                                                   : follow_caps(out, x, seen, err));
    x->tick++;
    return FSC_OK;
}

fsc_status fsc_replay_open(fsc_replay **out, const fsc_replay_input *in, fsc_arena *a, fsc_err *err)
{
    fsc_replay *x = *out = FSC_NEW(a, 1, fsc_replay, err);
    if (!x)
        return FSC_NOMEM;
    x->in = in;
    x->config = *in->config;
    x->arena = a;
    x->pools = FSC_NEW(a, x->config.n_pools, fsc_pool_now, err);
    if (!x->pools)
        return FSC_NOMEM;
    FSC_TRY(open_workloads(x, a, err));
    FSC_TRY(open_budgets(x, a, err));
    FSC_TRY(fsc_planner_open(&x->planner, &x->config, a, err));
    FSC_TRY(fsc_replay_world(&x->params, in, a, err));
    return fsc_world_open(&x->world, &x->params, follow, x, a, err);
}

fsc_status fsc_replay_next(fsc_replay *x, const fsc_forecast *const *forecasts, size_t n,
                           fsc_err *err)
{
    x->first = x->tick;
    x->coming = forecasts;
    return fsc_world_until(x->world, x->in->from + (int64_t)(x->tick + n) * x->params.tick_s, err);
}

void fsc_replay_close(fsc_sim_result *out, fsc_replay *x)
{
    fsc_world_close(out, x->world);
}

fsc_status fsc_replay_run(fsc_sim_result *out, const fsc_replay_input *in,
                          const fsc_forecast *const *forecasts, fsc_arena *a, fsc_err *err)
{
    fsc_replay *x;
    FSC_TRY(fsc_replay_open(&x, in, a, err));
    FSC_TRY(fsc_replay_next(x, forecasts, fsc_replay_ticks(in), err));
    fsc_replay_close(out, x);
    return FSC_OK;
}
