/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A planner of one workload on one pool, and forecasts that are made up. */
#ifndef FORESCALE_TESTS_PLANNER_WORLD_H
#define FORESCALE_TESTS_PLANNER_WORLD_H

#include "suite.h"

#include "forescale/plan.h"
#include "forescale/yaml.h"

#include <stdio.h>

enum { STEP_S = 60 };

static const char base_config[] =
    "apiVersion: forescale.dev/v1\nkind: Config\ninterval: 60s\nmissedRuns: %d\n"
    "pools:\n  - {name: gpu, gpusPerNode: 8, price: 96.00 USD/h, lead: 345s, idle: 10m, maxNodes: "
    "20}\n"
    "workloads:\n  - name: w\n    target: {kind: ScaledObject, name: w}\n    mode: enforce\n"
    "    demand: {perReplica: 10}\n    minReplicas: 1\n    maxReplicas: 48\n    lead: 63s\n    "
    "pools: [gpu]\n"
    "    objective: %s\n    trim: %s\n%s";

static inline void load(fsc_config *c, int missed, const char *objective, const char *trim,
                        const char *budgets)
{
    char text[2048];
    int n = snprintf(text, sizeof text, base_config, missed, objective, trim, budgets);
    OK(fsc_config_load_text(c, "config", text, (size_t)n, arena, &err));
}

/* A forecast that says `values` with little doubt, for every horizon that the planner asks for. */
static inline fsc_forecast *certain(const fsc_planner *p, int64_t origin,
                                    double (*demand)(int64_t t))
{
    fsc_forecast_request r;
    fsc_forecast *f = FSC_NEW(arena, 1, fsc_forecast, &err);
    OK(fsc_planner_request(&r, p, 0, STEP_S, arena, &err));
    double *v = FSC_NEW(arena, r.n_horizons * r.n_q, double, &err),
           *mean = FSC_NEW(arena, r.n_horizons, double, &err);
    for (size_t h = 0; h < r.n_horizons; h++) {
        mean[h] = demand(origin + (int64_t)r.horizon[h] * STEP_S);
        for (size_t j = 0; j < r.n_q; j++)
            v[h * r.n_q + j] = mean[h] * (0.98 + 0.04 * r.q[j]);
    }
    *f = (fsc_forecast){.id = "w",
                        .model = "test",
                        .origin = origin,
                        .step_s = STEP_S,
                        .n_horizons = r.n_horizons,
                        .horizon = r.horizon,
                        .n_q = r.n_q,
                        .q = r.q,
                        .mean = mean,
                        .v = v,
                        .newest = demand(origin),
                        .skill = 0.3};
    return f;
}

typedef struct world {
    fsc_config c;
    fsc_planner *p;
    fsc_workload_now w;
    fsc_pool_now pool;
    fsc_budget_now b[2];
    fsc_plan plan;
} world;

static inline void run(world *x, int64_t now, const fsc_forecast *f)
{
    const fsc_plan_past none = {0};
    const fsc_plan_input in = {.now = now,
                               .config = &x->c,
                               .workloads = &x->w,
                               .pools = &x->pool,
                               .budgets = x->b,
                               .forecasts = &f,
                               .pasts = &none};
    OK(fsc_planner_run(&x->plan, x->p, &in, arena, &err));
    const fsc_workload_plan *w = &x->plan.workloads[0];
    ck_assert_int_le(w->min_replicas, w->max_replicas);
    ck_assert_int_ge(w->min_replicas, 1);
    ck_assert_int_le(w->max_replicas, 48);
    ck_assert_ptr_nonnull(w->reason);
}

static inline double flat_30(int64_t t)
{
    (void)t;
    return 30;
}

static inline double nothing(int64_t t)
{
    (void)t;
    return 0;
}

static inline double spike_at_1000(int64_t t)
{
    return t >= 1000 ? 300 : 30;
}

static inline double burst_until_1260(int64_t t)
{
    return t >= 1000 && t < 1260 ? 300 : 30;
}

static double constant_demand;
static inline double as_now(int64_t t)
{
    (void)t;
    return constant_demand;
}

#endif
