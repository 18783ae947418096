/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "forescale/money.h"
#include "forescale/simulate.h"

#include <math.h>

typedef struct path {
    int64_t cost, late;
} path;

static int64_t nodes_needed(const fsc_sim_workload *x, int64_t pods_per_node, int64_t minute)
{
    double worst = 0;
    for (int64_t t = minute; t < minute + FSC_MINUTE_S; t += FSC_SIM_STEP_S)
        worst = fmax(worst, x->demand->values[(t - x->demand->start) / x->demand->step_s]);
    return whole(worst / (x->per_replica * (double)pods_per_node));
}

/* The cheapest way to have `to` nodes in the next minute; starting pays the boot, stopping the
 * idle tail. */
static path cheapest_into(const path *before, int64_t most, int64_t to, int64_t start, int64_t stop)
{
    path best = before[to];
    for (int64_t k = 1; k <= most; k++) {
        int64_t move = k < to ? (to - k) * start : (k - to) * stop;
        if (before[k].cost + move < best.cost)
            best = (path){before[k].cost + move, before[k].late};
    }
    return best;
}

fsc_status fsc_sim_oracle_run(fsc_sim_oracle *out, const fsc_sim_params *p,
                              int64_t late_minute_micros, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_workload *x = &p->workloads[0];
    const fsc_sim_pool *pool = &p->pools[0];
    int64_t pods_per_node = x->gpus ? pool->gpus / x->gpus : x->max_replicas;
    int64_t most = (x->max_replicas + pods_per_node - 1) / pods_per_node;
    int64_t start = fsc_money_over(pool->price_micros_per_h, pool->lead_s + x->lead_pod_s, 1),
            stop = fsc_money_over(pool->price_micros_per_h, pool->idle_s, 1),
            minute = fsc_money_over(pool->price_micros_per_h, FSC_MINUTE_S, 1);
    path *best = FSC_NEW(a, (size_t)most + 1, path, err),
         *next = FSC_NEW(a, (size_t)most + 1, path, err);
    if (!best || !next)
        return FSC_NOMEM;
    for (int64_t k = 1; k <= most; k++)
        best[k].cost = k * start;
    for (int64_t t = p->from; t < p->to; t += FSC_MINUTE_S) {
        int64_t needed = nodes_needed(x, pods_per_node, t);
        for (int64_t k = 1; k <= most; k++) {
            next[k] = cheapest_into(best, most, k, start, stop);
            next[k].cost += k * minute + (k < needed ? late_minute_micros : 0);
            next[k].late += k < needed;
        }
        path *swap = best;
        best = next;
        next = swap;
    }
    path least = best[1];
    for (int64_t k = 2; k <= most; k++)
        least = best[k].cost < least.cost ? best[k] : least;
    *out = (fsc_sim_oracle){least.cost - least.late * late_minute_micros, least.late};
    return FSC_OK;
}
