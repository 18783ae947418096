/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cheapest path of node counts over the next slots of time, by dynamic programming (Bellman
 * 1957): each slot costs what its count costs there, a start pays the node's boot, a stop its idle
 * tail. It is planned anew in each run and only its begin is carried out.
 */
#ifndef FSC_NODE_PATH_H
#define FSC_NODE_PATH_H

#include "forescale/arena.h"

typedef struct fsc_node_costs {
    size_t n_slots, most;    /* counts go from 0 to `most` */
    const double *slot;      /* [n_slots * (most + 1)]; INFINITY: such a count is not allowed */
    const double *price_sum; /* [most + 1] of the first k nodes, a second */
    double boot_s, idle_s;   /* billed by a start, by a stop */
    double refill_s;         /* billed by one that was on its way out and is had back */
    size_t first_start;      /* slot in which a node that is ordered now first serves */
} fsc_node_costs;

/*
 * path[n_slots]. Of the `there` nodes that bill now `kept` were wanted in the run before; the
 * others are on their way out and can be had back.
 */
fsc_status fsc_node_path(size_t *path, const fsc_node_costs *costs, size_t there, size_t kept,
                         fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

#endif
