/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "guard.h"

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

/* What the minima cost, packed at best into the cheapest of their pools. */
static int64_t cost_of_floors(const fsc_config *c, const fsc_budget_config *b, int64_t seconds)
{
    int64_t sum = 0;
    for (size_t p = 0; p < c->n_pools; p++)
        sum += fsc_money_over(c->pools[p].price.micros, seconds, floor_nodes(c, b, &c->pools[p]));
    return sum;
}

static fsc_status check_limit(const fsc_config *c, const fsc_budget_config *b, int64_t seconds,
                              const fsc_money *limit, const char *what, fsc_err *err)
{
    fsc_money sum = *limit;
    char floors[FSC_MONEY_TEXT], most[FSC_MONEY_TEXT], span[FSC_TIME_TEXT];
    sum.micros = cost_of_floors(c, b, seconds);
    if (sum.micros <= limit->micros)
        return FSC_OK;
    return fsc_fail(err, FSC_BUDGET,
                    "budget %s: minReplicas alone cost %s in %s, the %s is %s: raise it, or lower "
                    "minReplicas",
                    b->name, fsc_money_format(floors, sum), fsc_duration_format(span, seconds),
                    what, fsc_money_format(most, *limit));
}

fsc_status fsc_plan_check(const fsc_config *c, fsc_err *err)
{
    for (size_t i = 0; i < c->n_budgets; i++) {
        const fsc_budget_config *b = &c->budgets[i];
        FSC_TRY(check_limit(c, b, fsc_guard_window_s(b), &b->ceiling, "ceiling", err));
        if (b->rate_given)
            FSC_TRY(check_limit(c, b, FSC_HOUR_S, &b->rate, "rate for an hour", err));
    }
    return FSC_OK;
}
