/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/outlook.h"

#include "forescale/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 7, PATHS = FSC_OUTLOOK_PATHS };
static const double units_per_micro = 1e-6;

/* By path: gpus[p][path * n + h], spend[b][path * n + h]. */
typedef struct work {
    const fsc_report *r;
    fsc_arena *a;
    fsc_err *err;
    fsc_paths paths;
    const size_t *series; /* [n_workloads] in `paths`; n_workloads: none */
    size_t n;             /* hours */
    double **gpus, **spend;
    double *all_gpus;
    size_t shorts;
    double *scratch; /* [PATHS] */
} work;

static double bound(int64_t given, bool is_given, double fallback)
{
    return is_given ? (double)given : fallback;
}

double fsc__outlook_replicas(const fsc_report *r, size_t w, double mean)
{
    const fsc_workload_config *wl = &r->config->workloads[w];
    const fsc_report_workload *f = &r->workloads[w];
    const fsc_workload_plan *p = &r->plan->workloads[w];
    double need = ceil(mean * f->peak / f->per_replica - 1e-9);
    double most = bound(wl->max_replicas, wl->max_given, (double)p->baseline_max);
    double least = bound(wl->min_replicas, wl->min_given, (double)p->baseline_min);
    return fmax(least, most > 0 ? fmin(need, most) : need);
}

/* ---- placing GPUs and money ------------------------------------------------------------------ */

static size_t pool_index(const fsc_config *c, const char *name)
{
    return (size_t)(fsc_config_pool(c, name) - c->pools);
}

static double room(const fsc_pool_config *p, double used)
{
    return p->max_nodes_given ? fmax(0, (double)(p->max_nodes * p->gpus_per_node) - used)
                              : INFINITY;
}

/* One hour of one path: used[p] GPUs of each pool, share[p][b] of them for each budget. */
typedef struct hour {
    double *used, *by_budget;
    bool is_short;
} hour;

static void place(const work *x, hour *h, size_t w, double gpus)
{
    const fsc_config *c = x->r->config;
    const fsc_workload_config *wl = &c->workloads[w];
    for (size_t k = 0; k < wl->pools.n && gpus > 0; k++) {
        size_t p = pool_index(c, wl->pools.v[k]);
        double take = fmin(gpus, room(&c->pools[p], h->used[p]));
        h->used[p] += take;
        gpus -= take;
        for (size_t b = 0; b < c->n_budgets; b++)
            if (fsc_budget_covers(&c->budgets[b], wl->name))
                h->by_budget[p * c->n_budgets + b] += take;
    }
    h->is_short |= gpus > 0;
}

static double nodes_of(const fsc_pool_config *p, double gpus)
{
    double per_node = (double)(p->gpus_per_node > 0 ? p->gpus_per_node : 1);
    return fmax((double)p->min_nodes, ceil(gpus / per_node - 1e-9));
}

static void settle(work *x, const hour *h, size_t at)
{
    const fsc_config *c = x->r->config;
    double all = 0;
    for (size_t p = 0; p < c->n_pools; p++) {
        double cost = nodes_of(&c->pools[p], h->used[p]) *
                      (double)x->r->plan->pools[p].price.micros * units_per_micro;
        x->gpus[p][at] = h->used[p];
        all += h->used[p];
        for (size_t b = 0; b < c->n_budgets && h->used[p] > 0; b++)
            x->spend[b][at] += cost * h->by_budget[p * c->n_budgets + b] / h->used[p];
    }
    x->all_gpus[at] = all;
    x->shorts += h->is_short;
}

static fsc_status walk(work *x)
{
    const fsc_config *c = x->r->config;
    hour h = {FSC_NEW(x->a, c->n_pools + 1, double, x->err),
              FSC_NEW(x->a, c->n_pools * c->n_budgets + 1, double, x->err), false};
    if (!h.used || !h.by_budget)
        return FSC_NOMEM;
    for (size_t path = 0; path < PATHS; path++)
        for (size_t i = 0; i < x->n; i++) {
            memset(h.used, 0, c->n_pools * sizeof *h.used);
            memset(h.by_budget, 0, c->n_pools * c->n_budgets * sizeof *h.by_budget);
            h.is_short = false;
            for (size_t w = 0; w < c->n_workloads; w++) {
                if (x->series[w] == c->n_workloads)
                    continue;
                double demand = fsc_paths_of(&x->paths, x->series[w], path)[i];
                place(x, &h, w,
                      fsc__outlook_replicas(x->r, w, demand) *
                          (double)c->workloads[w].gpus_per_replica);
            }
            settle(x, &h, path * x->n + i);
        }
    return FSC_OK;
}

/* ---- quantiles over paths -------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *v, size_t n, double level)
{
    qsort(v, n, sizeof *v, compare);
    return v[(size_t)ceil(level * (double)n) - 1];
}

static fsc_status by_hour(const double **p50, const double **p95, const work *x, const double *v)
{
    double *middle = FSC_NEW(x->a, x->n, double, x->err),
           *high = FSC_NEW(x->a, x->n, double, x->err);
    if (!middle || !high)
        return FSC_NOMEM;
    for (size_t i = 0; i < x->n; i++) {
        for (size_t path = 0; path < PATHS; path++)
            x->scratch[path] = v[path * x->n + i];
        middle[i] = quantile(x->scratch, PATHS, 0.5);
        high[i] = quantile(x->scratch, PATHS, 0.95); /* sorted by now: the second is cheap */
    }
    *p50 = middle;
    *p95 = high;
    return FSC_OK;
}

static void totals(double *p50, double *p95, const work *x, const double *v)
{
    for (size_t path = 0; path < PATHS; path++) {
        x->scratch[path] = 0;
        for (size_t i = 0; i < x->n; i++)
            x->scratch[path] += v[path * x->n + i];
    }
    *p50 = quantile(x->scratch, PATHS, 0.5);
    *p95 = quantile(x->scratch, PATHS, 0.95);
}

static fsc_status finish_pool(fsc_outlook_pool *out, const work *x, size_t p)
{
    const fsc_pool_config *pool = &x->r->config->pools[p];
    double price = (double)x->r->plan->pools[p].price.micros * units_per_micro, sum = 0, most = 0;
    size_t n = PATHS * x->n;
    double *nodes = FSC_NEW(x->a, n, double, x->err);
    if (!nodes)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        nodes[i] = nodes_of(pool, x->gpus[p][i]);
        most = fmax(most, nodes[i]);
        sum += x->gpus[p][i];
    }
    out->most = (size_t)most;
    double *busy = FSC_NEW(x->a, out->most + 1, double, x->err);
    if (!busy)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        busy[(size_t)nodes[i]] += 1 / (double)n;
    for (size_t k = out->most; k-- > 0;)
        busy[k] += busy[k + 1];
    out->busy = busy;
    out->gpu_hours = sum / PATHS;
    FSC_TRY(by_hour(&out->gpus50, &out->gpus95, x, x->gpus[p]));
    FSC_TRY(by_hour(&out->nodes50, &out->nodes95, x, nodes));
    totals(&out->spend50, &out->spend95, x, nodes);
    out->spend50 *= price;
    out->spend95 *= price;
    return FSC_OK;
}

/* ---- windows of money ------------------------------------------------------------------------ */

/* The first hour of the window that ends with hour i (0: the report's first). A rolling window of
 * part of an hour counts as the whole. */
static size_t window_begin(const fsc_report *r, const fsc_window *w, size_t i)
{
    static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                         [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                         [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};
    int64_t t = r->from + (int64_t)i * FSC_REPORT_STEP_S, begin;
    if (w->kind == FSC_WINDOW_ROLLING)
        begin = t + FSC_REPORT_STEP_S -
                (w->length_s + FSC_REPORT_STEP_S - 1) / FSC_REPORT_STEP_S * FSC_REPORT_STEP_S;
    else
        begin = fsc_period_start(r->config->zone, periods[w->kind], t);
    return begin <= r->from ? 0 : (size_t)((begin - r->from) / FSC_REPORT_STEP_S);
}

/* sums[i]: what the window that ends with hour i holds; begins[i] never goes back. */
static void slide(double *sums, const size_t *begins, const double *past, size_t n_past,
                  const double *future, size_t n)
{
    double sum = 0;
    size_t first = 0;
    for (size_t i = 0; i < n_past + n; i++) {
        sum += i < n_past ? past[i] : future[i - n_past];
        for (; first < begins[i]; first++)
            sum -= first < n_past ? past[first] : future[first - n_past];
        sums[i] = sum;
    }
}

/* The hour by which half of the paths that pass at all have passed. */
static size_t half_way(const double *passed, size_t n)
{
    size_t i = 0;
    while (passed[i] < passed[n - 1] / 2)
        i++;
    return i;
}

static fsc_status finish_budget(fsc_outlook_budget *out, const work *x, size_t b)
{
    const fsc_report *r = x->r;
    size_t n = r->n_past + x->n;
    double ceiling = fsc_money_units(r->config->budgets[b].ceiling);
    double *sums = FSC_NEW(x->a, n, double, x->err), *past = FSC_NEW(x->a, n, double, x->err),
           *windows = FSC_NEW(x->a, PATHS * x->n, double, x->err),
           *passed = FSC_NEW(x->a, x->n, double, x->err);
    size_t *begins = FSC_NEW(x->a, n, size_t, x->err);
    if (!sums || !past || !windows || !passed || !begins)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        begins[i] = window_begin(r, &r->config->budgets[b].window, i);
    for (size_t path = 0; path < PATHS; path++) {
        size_t i = 0;
        slide(sums, begins, r->budgets[b].spent, r->n_past, x->spend[b] + path * x->n, x->n);
        memcpy(windows + path * x->n, sums + r->n_past, x->n * sizeof *sums);
        while (i < x->n && sums[r->n_past + i] <= ceiling)
            i++;
        for (; i < x->n; i++)
            passed[i] += 1.0 / PATHS;
    }
    memcpy(past, sums, r->n_past * sizeof *sums);
    out->past = past;
    out->passed = passed;
    out->probability = passed[x->n - 1];
    if (out->probability > 0)
        out->likely_at =
            r->from + (int64_t)(r->n_past + half_way(passed, x->n)) * FSC_REPORT_STEP_S;
    totals(&out->spend50, &out->spend95, x, x->spend[b]);
    return by_hour(&out->window50, &out->window95, x, windows);
}

/* ---- all --------------------------------------------------------------------------------------
 */

/* Paths of the workloads that can be told; x->n becomes their hours. */
static fsc_status draw(work *x)
{
    const fsc_report *r = x->r;
    size_t n_workloads = r->config->n_workloads, n = 0;
    fsc_paths_source *sources = FSC_NEW(x->a, n_workloads, fsc_paths_source, x->err);
    size_t *series = FSC_NEW(x->a, n_workloads, size_t, x->err);
    if (!sources || !series)
        return FSC_NOMEM;
    x->n = SIZE_MAX;
    for (size_t w = 0; w < n_workloads; w++) {
        const fsc_report_workload *f = &r->workloads[w];
        series[w] = n_workloads;
        if (!f->hours || !(f->per_replica > 0) || !r->config->workloads[w].pools.n)
            continue;
        series[w] = n;
        sources[n++] = (fsc_paths_source){f->hours, f->hourly};
        x->n = f->hours->n_horizons < x->n ? f->hours->n_horizons : x->n;
    }
    x->series = series;
    x->n = n ? x->n : 0;
    return n ? fsc_paths_draw(&x->paths, sources, n, r->config->zone, PATHS, SEED, x->a, x->err)
             : FSC_OK;
}

static fsc_status rows(double ***out, const work *x, size_t n)
{
    *out = FSC_NEW(x->a, n + 1, double *, x->err);
    for (size_t i = 0; *out && i < n; i++)
        if (!((*out)[i] = FSC_NEW(x->a, PATHS * x->n, double, x->err)))
            return FSC_NOMEM;
    return *out ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc__outlook_make(fsc_outlook *out, const fsc_report *r, fsc_arena *a, fsc_err *err)
{
    const fsc_config *c = r->config;
    work x = {.r = r, .a = a, .err = err};
    fsc_outlook_pool *pools = FSC_NEW(a, c->n_pools + 1, fsc_outlook_pool, err);
    fsc_outlook_budget *budgets = FSC_NEW(a, c->n_budgets + 1, fsc_outlook_budget, err);
    x.scratch = FSC_NEW(a, PATHS, double, err);
    if (!pools || !budgets || !x.scratch)
        return FSC_NOMEM;
    FSC_TRY(draw(&x));
    *out = (fsc_outlook){.from = r->from + (int64_t)r->n_past * FSC_REPORT_STEP_S,
                         .n_hours = x.n,
                         .pools = pools,
                         .budgets = budgets};
    if (!x.n)
        return FSC_OK;
    FSC_TRY(rows(&x.gpus, &x, c->n_pools));
    FSC_TRY(rows(&x.spend, &x, c->n_budgets));
    x.all_gpus = FSC_NEW(a, PATHS * x.n, double, err);
    if (!x.all_gpus)
        return FSC_NOMEM;
    FSC_TRY(walk(&x));
    out->short_share = (double)x.shorts / (double)(PATHS * x.n);
    for (size_t p = 0; p < c->n_pools; p++)
        FSC_TRY(finish_pool(&pools[p], &x, p));
    for (size_t b = 0; b < c->n_budgets; b++)
        FSC_TRY(finish_budget(&budgets[b], &x, b));
    return by_hour(&out->gpus50, &out->gpus95, &x, x.all_gpus);
}
