/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated world's state, as world.c opens and closes it and simulate.c moves it on. */
#ifndef FSC_WORLD_H
#define FSC_WORLD_H

#include "forescale/simulate.h"

typedef struct fsc_world_node {
    size_t pool, app;          /* whose pods it held last, or whom it was ordered for */
    int64_t ready_at, busy_at; /* last time that it held a pod */
    int64_t gone_at;           /* INT64_MAX: nobody wants it back */
    int64_t pods, used;        /* GPUs that they hold */
} fsc_world_node;

typedef struct fsc_world_pod {
    size_t node, app;
    int64_t ready_at;
} fsc_world_pod;

typedef struct fsc_world_sync {
    int64_t wanted, change;
} fsc_world_sync;

/* One workload: its pods by number, its autoscaler's memory, its requests. */
typedef struct fsc_world_app {
    const fsc_sim_workload *p;
    bool *may_use;                 /* [n_pools] */
    int64_t pods, ready, pending;  /* with a node, of these serving, without a node */
    fsc_world_sync *syncs;         /* the newest of them, a ring */
    double *waiting;               /* requests by the step they came in, a ring */
    double *late, *minute_arrived; /* by minute */
    double arrived, unserved;
    double rate, share; /* micros an hour in this step, and the sum over all steps */
    double gpu_steps;
    int64_t *minute_ready;
    fsc_sim_part *out;
} fsc_world_app;

struct fsc_world {
    const fsc_sim_params *p;
    fsc_sim_policy policy;
    void *ctx;
    int64_t now;
    fsc_sim_orders orders, coming;
    int64_t coming_at;
    fsc_world_app *apps;
    fsc_world_node *nodes;
    fsc_world_pod *pods;
    size_t n_nodes, n_pods, most_nodes;
    int64_t *in_pool; /* nodes */
    int64_t gpu_steps;
    size_t n_syncs, next_sync, n_waiting;
    uint64_t random;
    fsc_sim_pods *seen_pods;
    fsc_sim_nodes *seen_nodes;
    int64_t **pool_micros, *minute_micros, *minute_ready;
    fsc_sim_result out;
};

static inline size_t fsc__world_minute(const fsc_world *w, int64_t t)
{
    return (size_t)((t - w->p->from) / FSC_MINUTE_S);
}

#endif
