/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spend.h"
#include "bounds.h"
#include "forescale/paths.h"
#include "uniform.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPEND_HOURS = 24, /* that are forecast */
    MAX_SPEND_HOURS = 32 * 24,
    WEEK_HOURS = 7 * 24,
    PATHS = 64,
    SEED = 20240517,
    WEEKS = 4,       /* of which one is drawn for a later day */
    PATIENCE_S = 300 /* of an autoscaler before it scales in */
};

static const double most_margin = 3;

/* An hour, or a whole window that is shorter. */
static int64_t spend_step_s(const fsc_guard_input *in)
{
    const fsc_window *w = &in->cfg->window;
    return w->kind == FSC_WINDOW_ROLLING ? at_most(w->length_s, FSC_HOUR_S) : FSC_HOUR_S;
}

static int64_t steps_ahead(const fsc_guard_input *in)
{
    const fsc_window *w = &in->cfg->window;
    int64_t end = w->kind == FSC_WINDOW_ROLLING ? in->now + w->length_s : fsc_guard_window_end(in);
    return at_most((end - in->now) / spend_step_s(in) + 1, MAX_SPEND_HOURS);
}

/* ---- one level of demand ------------------------------------------------------------------- */

/* Nodes that workload w will hold some hours from now; 0: the most within half an hour. */
static int64_t nodes_ahead(const fsc_plan_run *r, size_t w, size_t hours, double lambda,
                           double level)
{
    const fsc_forecast *f = r->in->forecasts[w];
    const fsc_site *s = &r->sites[w];
    int64_t from = (int64_t)hours * FSC_HOUR_S, most = 0;
    if (!f || s->per_replica <= 0)
        return s->nodes;
    for (size_t h = 0; h < f->n_horizons; h++) {
        int64_t ahead = (int64_t)f->horizon[h] * f->step_s;
        if (ahead >= from && (!most || ahead < from + FSC_HOUR_S / 2))
            most = at_least(most, fsc_capacity_nodes_at(s, f, h, lambda, level));
    }
    return most ? most : fsc_capacity_nodes_at(s, f, f->n_horizons - 1, lambda, level);
}

/* The most nodes within the hour. */
static int64_t nodes_soon(const fsc_plan_run *r, size_t w, double lambda, double level)
{
    return at_least(nodes_ahead(r, w, 0, lambda, level), nodes_ahead(r, w, 1, lambda, level));
}

static void add_spend(int64_t cost[SPEND_HOURS], const fsc_plan_run *r, const fsc_guard_input *in,
                      size_t w, const fsc_spend_course *path)
{
    int64_t price = in->dearest_micros_per_h;
    int64_t at = nodes_ahead(r, w, 0, path->lambda, path->level);
    for (size_t i = 0; i < SPEND_HOURS; i++) {
        int64_t next = nodes_ahead(r, w, i + 1, path->lambda, path->level);
        cost[i] += fsc_money_over(price, FSC_HOUR_S / 2, at + next);
        at = next;
    }
    if (path->first_s)
        cost[0] += fsc_money_over(price, path->first_s,
                                  at_least(nodes_soon(r, w, path->first_lambda, path->level) -
                                               nodes_soon(r, w, path->lambda, path->level),
                                           0));
}

int64_t fsc__spend_along(const fsc_plan_run *r, const fsc_guard_state *g, const fsc_guard_input *in,
                         const fsc_spend_course *path)
{
    int64_t day[SPEND_HOURS] = {0}, cost[MAX_SPEND_HOURS], n = steps_ahead(in),
            step_s = spend_step_s(in);
    for (size_t w = 0; w < r->in->config->n_workloads; w++)
        if (fsc_budget_covers(in->cfg, r->sites[w].cfg->name))
            add_spend(day, r, in, w, path);
    for (int64_t i = 0; i < n; i++)
        cost[i] = fsc_money_over(day[i * step_s / FSC_HOUR_S % SPEND_HOURS], step_s, 1);
    return fsc_guard_along(g, in, cost, (size_t)n, step_s);
}

/* ---- futures ------------------------------------------------------------------------------- */

typedef struct futures {
    const fsc_plan_run *r;
    const fsc_guard_input *in;
    double lambda;
    size_t n_steps;
    int64_t step_s;
    double *nodes; /* [PATHS][n_steps + 1][n_pools]: at the steps' ends, from now on */
} futures;

static double *nodes_at(const futures *x, size_t path, size_t step)
{
    return x->nodes + (path * (x->n_steps + 1) + step) * x->r->in->config->n_pools;
}

/* One workload's demand in the futures. */
typedef struct demand {
    const fsc_forecast *f;
    const fsc_plan_past *past;
    fsc_paths paths;
    double level[WEEKS]; /* mean of the week that ended so many weeks ago */
} demand;

static size_t horizon_of(const fsc_forecast *f, int64_t ahead_s)
{
    size_t h = 0;
    while (h + 1 < f->n_horizons && (int64_t)f->horizon[h] * f->step_s < ahead_s)
        h++;
    return h;
}

/* The forecast at whole hours: the grid that paths are drawn on. */
static fsc_status hourly(fsc_forecast *out, const fsc_forecast *f, fsc_arena *a, fsc_err *err)
{
    int32_t *hours = FSC_NEW(a, SPEND_HOURS, int32_t, err);
    double *v = FSC_NEW(a, SPEND_HOURS * f->n_q, double, err);
    if (!hours || !v)
        return FSC_NOMEM;
    for (int32_t k = 0; k < SPEND_HOURS; k++) {
        hours[k] = k + 1;
        memcpy(v + (size_t)k * f->n_q,
               f->v + horizon_of(f, (int64_t)hours[k] * FSC_HOUR_S) * f->n_q, f->n_q * sizeof *v);
    }
    *out = (fsc_forecast){.id = f->id,
                          .origin = f->origin,
                          .step_s = FSC_HOUR_S,
                          .n_horizons = SPEND_HOURS,
                          .horizon = hours,
                          .n_q = f->n_q,
                          .q = f->q,
                          .v = v,
                          .newest = f->newest};
    return FSC_OK;
}

static void find_levels(demand *d)
{
    const fsc_series *s = &d->past->hours;
    for (size_t m = 0; m < WEEKS; m++) {
        double sum = 0, n = 0;
        for (size_t k = m * WEEK_HOURS; k < (m + 1) * WEEK_HOURS && k < s->n; k++)
            if (!isnan(s->values[s->n - 1 - k])) {
                sum += s->values[s->n - 1 - k];
                n++;
            }
        d->level[m] = n > 0 ? sum / n : NAN;
    }
}

static fsc_status draw(demand *d, const futures *x, size_t w)
{
    const fsc_plan_run *r = x->r;
    fsc_forecast *f = FSC_NEW(r->a, 1, fsc_forecast, r->err);
    if (!f)
        return FSC_NOMEM;
    FSC_TRY(hourly(f, r->in->forecasts[w], r->a, r->err));
    *d = (demand){.f = f, .past = &r->in->pasts[w]};
    find_levels(d);
    fsc_paths_source source = {.forecast = f, .past = d->past->hours};
    source.past.step_s = FSC_HOUR_S;
    return fsc_paths_draw(&d->paths, &source, 1, r->in->config->zone, PATHS, SEED, r->a, r->err);
}

/* Demand at a later day's hour: that of the same weekday in one of the last weeks, brought to the
 * level of now. NAN: no week before knows it. */
static double later(const demand *d, size_t path, size_t hour)
{
    const fsc_series *s = &d->past->hours;
    size_t first = (hour + WEEK_HOURS - 1) / WEEK_HOURS;
    size_t known = s->n ? (s->n - 1 + hour) / WEEK_HOURS : 0;
    if (known < first)
        return NAN;
    size_t choices = known - first + 1 < WEEKS ? known - first + 1 : WEEKS;
    size_t back = first + (size_t)(uniform(SEED, path, hour / SPEND_HOURS) * (double)choices);
    double then = s->values[s->n - 1 + hour - back * WEEK_HOURS];
    double level = d->level[0] / d->level[back - first];
    return level > 0 ? then * fmin(fmax(level, 0.5), 2) : then;
}

static double demand_at(const demand *d, size_t path, size_t hour)
{
    if (!hour)
        return d->f->newest;
    if (hour > SPEND_HOURS) {
        double v = later(d, path, hour);
        if (!isnan(v))
            return v;
    }
    return fsc_paths_of(&d->paths, 0, path)[(hour - 1) % SPEND_HOURS];
}

/* Replicas by unit of demand: what the autoscaler keeps through an hour, or the plan's margin. */
typedef struct by_demand {
    double reactive, plan;
} by_demand;

static by_demand replicas_by_demand(const fsc_plan_run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    const fsc_choice *c = &r->choices[w];
    const fsc_forecast *f = r->in->forecasts[w];
    by_demand by = {.reactive = 1 / (s->per_replica * s->cfg->utilization)};
    if (r->workloads[w].hold)
        return by;
    double median = fsc_forecast_level(f, horizon_of(f, c->demand_at - f->origin), 0.5);
    by.plan = median > 0 ? fmin(c->demand / median, most_margin) / s->per_replica : 0;
    if (s->cfg->trim) /* max follows the plan, which uses pods whole */
        by.reactive = 1 / s->per_replica;
    return by;
}

typedef struct preference {
    size_t n, *v; /* of pools */
} preference;

static fsc_status find_pools(preference *out, const fsc_plan_run *r, size_t w)
{
    const fsc_strings *names = &r->sites[w].cfg->pools;
    *out = (preference){names->n, FSC_NEW(r->a, names->n, size_t, r->err)};
    if (!out->v)
        return FSC_NOMEM;
    for (size_t i = 0; i < names->n; i++)
        out->v[i] = fsc__pool_index(r->in->config, names->v[i]);
    return FSC_OK;
}

/* Nodes into the pools by preference, as far as there is room. */
static void place(const futures *x, const preference *pools, double *in_pools, double nodes)
{
    const fsc_config *c = x->r->in->config;
    for (size_t i = 0; i < pools->n && nodes > 0; i++) {
        size_t p = pools->v[i];
        double room = c->pools[p].max_nodes_given ? (double)c->pools[p].max_nodes : INFINITY;
        double taken = fmin(nodes, fmax(room - in_pools[p], 0));
        in_pools[p] += taken;
        nodes -= taken;
    }
}

/* A later day's hour is taken to be like the first day's. */
static int64_t ahead_s(size_t hour)
{
    return (int64_t)((hour - 1) % SPEND_HOURS + 1) * FSC_HOUR_S;
}

static int64_t most_pods(const futures *x, size_t w, const fsc_forecast *f, size_t hour)
{
    const fsc_site *s = &x->r->sites[w];
    int64_t most = at_most(s->max_replicas, at_least(x->r->cap_pods[w], 1));
    if (x->lambda <= 0 || !hour)
        return most;
    size_t h = horizon_of(f, ahead_s(hour));
    return at_most(most, s->pods_per_node * fsc_capacity_nodes_at(s, f, h, x->lambda, 1));
}

/* What the user and the autoscaler's timetable ask for, whatever demand is. */
static int64_t least_pods(const fsc_site *s, size_t hour)
{
    int64_t at = s->now + (hour ? ahead_s(hour) : 0);
    return at_least(s->min_replicas, fsc_capacity_timed(s, at, at, NULL));
}

static double whole_or_shared(const fsc_site *s, double pods)
{
    double nodes = pods / (double)s->pods_per_node;
    return s->alone ? ceil(nodes - 1e-9) : nodes;
}

/* Without a forecast what runs now goes on. */
static void add_constant(const futures *x, size_t w, const preference *pools)
{
    for (size_t k = 0; k < PATHS; k++)
        for (size_t i = 0; i <= x->n_steps; i++)
            place(x, pools, nodes_at(x, k, i), (double)x->r->sites[w].nodes_kept);
}

static fsc_status add_workload(const futures *x, size_t w)
{
    const fsc_plan_run *r = x->r;
    const fsc_site *s = &r->sites[w];
    preference pools;
    demand d;
    FSC_TRY(find_pools(&pools, r, w));
    if (!r->in->forecasts[w] || s->per_replica <= 0) {
        add_constant(x, w, &pools);
        return FSC_OK;
    }
    FSC_TRY(draw(&d, x, w));
    const by_demand by = replicas_by_demand(r, w);
    for (size_t i = 0; i <= x->n_steps; i++) {
        size_t hour = (size_t)(((int64_t)i * x->step_s + FSC_HOUR_S / 2) / FSC_HOUR_S);
        double least = (double)least_pods(s, hour),
               most = (double)most_pods(x, w, r->in->forecasts[w], hour),
               held = fmax(fsc_plan_past_held(d.past, hour) * by.reactive, by.plan);
        for (size_t k = 0; k < PATHS; k++) {
            double v = demand_at(&d, k, hour),
                   pods = isnan(v) ? (double)at_least(s->running, 0) : ceil(v * held - 1e-9);
            pods = fmin(fmax(pods, least), most);
            place(x, &pools, nodes_at(x, k, i), whole_or_shared(s, pods));
        }
    }
    return FSC_OK;
}

/* What one pool bills in a step in which its nodes become b from a. */
static double step_bill(const futures *x, size_t p, double a, double b)
{
    const fsc_pool_config *pool = &x->r->in->config->pools[p];
    int64_t learned = x->r->in->pools[p].lead_node_s;
    double boots = fmax(b - a, 0) * (double)(learned ? learned : pool->lead_s),
           tails = fmax(a - b, 0) * (double)(pool->idle_s + PATIENCE_S);
    return (0.5 * (a + b) * (double)x->step_s + boots + tails) * (double)fsc__pool_price(x->r, p) /
           FSC_HOUR_S;
}

static void add_bills(double *bills, const futures *x, size_t path, size_t p)
{
    const fsc_pool_config *pool = &x->r->in->config->pools[p];
    const fsc_pool_now *now = &x->r->in->pools[p];
    double before = 0;
    for (size_t i = 0; i <= x->n_steps; i++) {
        double nodes = fmax(ceil(nodes_at(x, path, i)[p] - 1e-9), (double)pool->min_nodes);
        if (!i && now->nodes_known)
            nodes = (double)now->nodes;
        if (i)
            bills[i - 1] += step_bill(x, p, before, nodes);
        before = nodes;
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sum_up(fsc_spend_figures *out, const futures *x, const fsc_guard_state *g)
{
    const fsc_config *c = x->r->in->config;
    int64_t total[PATHS], bills[MAX_SPEND_HOURS];
    size_t over = 0;
    for (size_t k = 0; k < PATHS; k++) {
        double sum[MAX_SPEND_HOURS] = {0};
        for (size_t p = 0; p < c->n_pools; p++)
            if (fsc__pays_for_pool(x->in->cfg, c, c->pools[p].name))
                add_bills(sum, x, k, p);
        for (size_t i = 0; i < x->n_steps; i++)
            bills[i] = (int64_t)ceil(fmin(sum[i], 9e15));
        total[k] = fsc_guard_along(g, x->in, bills, x->n_steps, x->step_s);
        over += total[k] > x->in->cfg->ceiling.micros;
    }
    qsort(total, PATHS, sizeof *total, by_size);
    *out = (fsc_spend_figures){.p50_micros = total[PATHS / 2 - 1],
                               .p95_micros = total[PATHS * 95 / 100],
                               .over = (double)over / PATHS};
}

static fsc_status draw_all(fsc_spend_figures *out, futures *x, const fsc_guard_state *g)
{
    const fsc_config *c = x->r->in->config;
    fsc_arena *a = x->r->a;
    x->nodes = FSC_NEW(a, PATHS * (x->n_steps + 1) * c->n_pools, double, x->r->err);
    if (!x->nodes)
        return FSC_NOMEM;
    for (size_t w = 0; w < c->n_workloads; w++) {
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        if (fsc_budget_covers(x->in->cfg, c->workloads[w].name))
            FSC_TRY(add_workload(x, w));
        fsc_arena_rewind(a, mark);
    }
    sum_up(out, x, g);
    return FSC_OK;
}

fsc_status fsc__spend_futures(fsc_spend_figures *out, const fsc_plan_run *r,
                              const fsc_guard_state *g, const fsc_guard_input *in, double lambda)
{
    if (!r->in->pasts) {
        const fsc_spend_course median = {.lambda = lambda, .level = 0.5};
        int64_t spend = fsc__spend_along(r, g, in, &median);
        *out = (fsc_spend_figures){spend, spend, spend > in->cfg->ceiling.micros};
        return FSC_OK;
    }
    futures x = {.r = r,
                 .in = in,
                 .lambda = lambda,
                 .n_steps = (size_t)steps_ahead(in),
                 .step_s = spend_step_s(in)};
    fsc_arena_mark mark = fsc_arena_get_mark(r->a);
    fsc_status status = draw_all(out, &x, g);
    fsc_arena_rewind(r->a, mark);
    return status;
}
