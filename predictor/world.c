/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "world.h"
#include "bounds.h"

#include <math.h>

static fsc_status open_app(fsc_world_app *x, const fsc_world *w, size_t minutes, fsc_sim_part *out,
                           fsc_arena *a, fsc_err *err)
{
    x->out = out;
    x->may_use = FSC_NEW(a, w->p->n_pools, bool, err);
    x->syncs = FSC_NEW(a, w->n_syncs, fsc_world_sync, err);
    x->waiting = FSC_NEW(a, w->n_waiting, double, err);
    x->late = FSC_NEW(a, minutes, double, err);
    x->minute_arrived = FSC_NEW(a, minutes, double, err);
    x->minute_ready = FSC_NEW(a, minutes, int64_t, err);
    if (!x->may_use || !x->syncs || !x->waiting || !x->late || !x->minute_arrived ||
        !x->minute_ready)
        return FSC_NOMEM;
    for (size_t k = 0; k < x->p->n_pools; k++)
        x->may_use[x->p->pools[k]] = true;
    x->pending = x->p->min_replicas;
    out->minute_ready = x->minute_ready;
    return FSC_OK;
}

static fsc_status open_apps(fsc_world *w, size_t minutes, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    fsc_sim_part *parts = FSC_NEW(a, p->n_workloads, fsc_sim_part, err);
    w->apps = FSC_NEW(a, p->n_workloads, fsc_world_app, err);
    w->seen_pods = FSC_NEW(a, p->n_workloads, fsc_sim_pods, err);
    w->orders.workloads = FSC_NEW(a, p->n_workloads, fsc_sim_bounds, err);
    w->coming.workloads = FSC_NEW(a, p->n_workloads, fsc_sim_bounds, err);
    if (!parts || !w->apps || !w->seen_pods || !w->orders.workloads || !w->coming.workloads)
        return FSC_NOMEM;
    for (size_t i = 0; i < p->n_workloads; i++) {
        const fsc_sim_workload *x = w->apps[i].p = &p->workloads[i];
        w->orders.workloads[i] = (fsc_sim_bounds){x->min_replicas, x->max_replicas};
        FSC_TRY(open_app(&w->apps[i], w, minutes, &parts[i], a, err));
    }
    w->out.workloads = parts;
    return FSC_OK;
}

static fsc_status open_pools(fsc_world *w, size_t minutes, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    w->in_pool = FSC_NEW(a, p->n_pools, int64_t, err);
    w->seen_nodes = FSC_NEW(a, p->n_pools, fsc_sim_nodes, err);
    w->orders.pools = FSC_NEW(a, p->n_pools, fsc_sim_bounds, err);
    w->coming.pools = FSC_NEW(a, p->n_pools, fsc_sim_bounds, err);
    w->pool_micros = FSC_NEW(a, p->n_pools, int64_t *, err);
    if (!w->in_pool || !w->seen_nodes || !w->orders.pools || !w->coming.pools || !w->pool_micros)
        return FSC_NOMEM;
    for (size_t i = 0; i < p->n_pools; i++) {
        w->orders.pools[i] = (fsc_sim_bounds){p->pools[i].min_nodes, p->pools[i].max_nodes};
        w->pool_micros[i] = FSC_NEW(a, minutes, int64_t, err);
        if (!w->pool_micros[i])
            return FSC_NOMEM;
    }
    w->out.pool_micros = (const int64_t *const *)w->pool_micros;
    return FSC_OK;
}

static fsc_status open_all(fsc_world *w, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    int64_t span =
        at_least(at_least(p->hpa.stabilization_s, p->hpa.up_period_s), p->hpa.down_period_s);
    size_t minutes = (size_t)((p->to - p->from) / FSC_MINUTE_S) + 1,
           most_pods = p->n_workloads * FSC_SIM_MAX_PODS;
    w->most_nodes = 2 * most_pods;
    w->n_syncs = (size_t)(span / p->hpa.sync_s) + 2;
    w->n_waiting = (size_t)(p->drop_after_s / FSC_SIM_STEP_S) + 1;
    w->nodes = FSC_NEW(a, w->most_nodes, fsc_world_node, err);
    w->pods = FSC_NEW(a, most_pods, fsc_world_pod, err);
    w->minute_micros = FSC_NEW(a, minutes, int64_t, err);
    w->minute_ready = FSC_NEW(a, minutes, int64_t, err);
    if (!w->nodes || !w->pods || !w->minute_micros || !w->minute_ready)
        return FSC_NOMEM;
    FSC_TRY(open_apps(w, minutes, a, err));
    FSC_TRY(open_pools(w, minutes, a, err));
    w->random = p->seed * 2654435769u + 88172645463325252u;
    w->coming_at = INT64_MAX;
    return FSC_OK;
}

static fsc_status check(const fsc_sim_params *p, fsc_err *err)
{
    for (size_t i = 0; i < p->n_workloads; i++) {
        const fsc_sim_workload *x = &p->workloads[i];
        if (x->demand->start > p->from || fsc_series_end(x->demand) < p->to)
            return fsc_fail(err, FSC_DATA, "the demand does not cover the time to simulate");
        if (x->max_replicas > FSC_SIM_MAX_PODS)
            return fsc_fail(err, FSC_DATA, "a world has %d pods of a workload at most",
                            (int)FSC_SIM_MAX_PODS);
    }
    return FSC_OK;
}

fsc_status fsc_world_open(fsc_world **out, const fsc_sim_params *p, fsc_sim_policy policy,
                          void *ctx, fsc_arena *a, fsc_err *err)
{
    FSC_TRY(check(p, err));
    fsc_world *w = *out = FSC_NEW(a, 1, fsc_world, err);
    if (!w)
        return FSC_NOMEM;
    w->p = p;
    w->policy = policy;
    w->ctx = ctx;
    w->now = p->from;
    return open_all(w, a, err);
}

static void close_app(fsc_world *w, const fsc_world_app *x, double all_shares)
{
    fsc_sim_part *out = x->out, *all = &w->out.all;
    for (size_t m = 0; m < w->out.n_minutes; m++)
        out->late_minutes += x->late[m] > w->p->late_share * x->minute_arrived[m];
    out->unserved_share = x->arrived > 0 ? x->unserved / x->arrived : 0;
    out->gpu_hours = x->gpu_steps * FSC_SIM_STEP_S / FSC_HOUR_S;
    if (all_shares > 0)
        out->cost_micros = llround((double)all->cost_micros * x->share / all_shares);
    all->late_minutes += out->late_minutes;
    all->scale_operations += out->scale_operations;
}

void fsc_world_close(fsc_sim_result *out, fsc_world *w)
{
    fsc_sim_result *r = &w->out;
    double shares = 0, arrived = 0, unserved = 0;
    r->n_minutes = fsc__world_minute(w, w->p->to);
    r->minute_micros = w->minute_micros;
    r->all.minute_ready = w->minute_ready;
    for (size_t a = 0; a < w->p->n_workloads; a++) {
        shares += w->apps[a].share;
        arrived += w->apps[a].arrived;
        unserved += w->apps[a].unserved;
    }
    r->all.gpu_hours = (double)(w->gpu_steps * FSC_SIM_STEP_S) / FSC_HOUR_S;
    r->all.unserved_share = arrived > 0 ? unserved / arrived : 0;
    for (size_t a = 0; a < w->p->n_workloads; a++)
        close_app(w, &w->apps[a], shares);
    *out = *r;
}
