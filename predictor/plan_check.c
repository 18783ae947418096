/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "guard.h"

#include <string.h>

/* The pool in which a workload's pods cost least; NULL: one of its pools has no price. */
static const fsc_pool_config *cheapest(const fsc_config *c, const fsc_workload_config *w)
{
    const fsc_pool_config *best = NULL;
    for (size_t i = 0; i < w->pools.n; i++) {
        const fsc_pool_config *p = fsc_config_pool(c, w->pools.v[i]);
        if (!p->price.micros)
            return NULL;
        /* By GPU: a / b < c / d without a division. */
        if (!best || p->price.micros * best->gpus_per_node < best->price.micros * p->gpus_per_node)
            best = p;
    }
    return best;
}

static int64_t floor_nodes(const fsc_config *c, const fsc_budget_config *b,
                           const fsc_pool_config *pool)
{
    int64_t gpus = 0;
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_workload_config *wl = &c->workloads[w];
        if (fsc_budget_covers(b, wl->name) && cheapest(c, wl) == pool)
            gpus += at_least(wl->min_replicas, 1) * wl->gpus_per_replica;
    }
    return (gpus + pool->gpus_per_node - 1) / pool->gpus_per_node;
}

fsc_status fsc_plan_check(const fsc_config *c, fsc_err *err)
{
    for (size_t b = 0; b < c->n_budgets; b++) {
        const fsc_budget_config *budget = &c->budgets[b];
        fsc_money sum = {.micros = 0};
        char floors[FSC_MONEY_TEXT], ceiling[FSC_MONEY_TEXT], window[FSC_TIME_TEXT];
        int64_t window_s = fsc_guard_window_s(budget);
        memcpy(sum.currency, budget->ceiling.currency, sizeof sum.currency);
        for (size_t p = 0; p < c->n_pools; p++)
            sum.micros += fsc_money_over(c->pools[p].price.micros, window_s,
                                         floor_nodes(c, budget, &c->pools[p]));
        if (sum.micros > budget->ceiling.micros)
            return fsc_fail(err, FSC_BUDGET,
                            "budget %s: minReplicas alone cost %s in %s, the ceiling is %s: raise "
                            "it, or lower minReplicas",
                            budget->name, fsc_money_format(floors, sum),
                            fsc_duration_format(window, window_s),
                            fsc_money_format(ceiling, budget->ceiling));
    }
    return FSC_OK;
}
