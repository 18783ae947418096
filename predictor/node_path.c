/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node_path.h"

#include <math.h>

static const double tie = 1e-9;

static double move_cost(const fsc_node_costs *c, size_t from, size_t to, double up_s)
{
    double change = c->price_sum[to] - c->price_sum[from];
    return change > 0 ? change * up_s : -change * c->idle_s;
}

/* v[k]: what is cheapest from a slot's begin with k nodes; becomes what it costs to come into it
 * with k. Moves cost by the node, so two sweeps find the best one. */
static void allow_moves(double *v, const fsc_node_costs *c, bool may_start)
{
    for (size_t k = 1; k <= c->most; k++)
        v[k] = fmin(v[k], v[k - 1] + move_cost(c, k, k - 1, 0));
    for (size_t k = c->most; may_start && k-- > 0;)
        v[k] = fmin(v[k], v[k + 1] + move_cost(c, k, k + 1, c->boot_s));
}

/* The best count among 0 .. most for one who comes with `from`. */
static size_t best_from(const double *v, const fsc_node_costs *c, size_t from, size_t most,
                        double up_s)
{
    size_t best = from < most ? from : most;
    double least = v[best] + move_cost(c, from, best, up_s);
    for (size_t k = 0; k <= most; k++) {
        double cost = v[k] + move_cost(c, from, k, up_s);
        if (cost < least - tie) {
            least = cost;
            best = k;
        }
    }
    return best;
}

fsc_status fsc_node_path(size_t *path, const fsc_node_costs *costs, size_t there, size_t kept,
                         fsc_arena *scratch, fsc_err *err)
{
    size_t width = costs->most + 1;
    double *from_here = FSC_NEW(scratch, (costs->n_slots + 1) * width, double, err);
    if (!from_here)
        return FSC_NOMEM;
    for (size_t i = costs->n_slots; i-- > 0;) {
        double *v = from_here + i * width, *next = v + width;
        for (size_t k = 0; k < width; k++)
            v[k] = next[k];
        if (i + 1 < costs->n_slots)
            allow_moves(v, costs, i + 1 >= costs->first_start);
        for (size_t k = 0; k < width; k++)
            v[k] += costs->slot[i * width + k];
    }
    there = there < costs->most ? there : costs->most;
    kept = kept < there ? kept : there;
    path[0] = best_from(from_here, costs, kept, there, costs->refill_s);
    for (size_t i = 1; i < costs->n_slots; i++)
        path[i] = best_from(from_here + i * width, costs, path[i - 1],
                            i >= costs->first_start ? costs->most : path[i - 1], costs->boot_s);
    return FSC_OK;
}
