/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A world to try plans in: the demand of workloads, the HorizontalPodAutoscaler below each, pods,
 * nodes that they share, and their bill. Pure; the same parameters give the same world. A policy is
 * asked at each tick and orders bounds and nodes, as a run of the program does.
 *
 * What it assumes: the autoscaler's rules as Kubernetes documents them (one metric, a target
 * average value); a pod serves per_replica requests a second, first come first served; a node
 * bills from its order until it is gone; an empty node goes after idle_s; an interrupted one
 * after notice_s, and its pods start anew elsewhere. Pods that wait for room get it in the
 * workloads' order.
 */
#ifndef FORESCALE_SIMULATE_H
#define FORESCALE_SIMULATE_H

#include "forescale/series.h"

enum { FSC_SIM_STEP_S = 5, FSC_SIM_MAX_PODS = 2048 /* of a workload */ };

typedef struct fsc_sim_pool {
    int64_t price_micros_per_h;   /* of a node */
    int64_t gpus;                 /* of a node */
    int64_t min_nodes, max_nodes; /* in force until the first orders */
    int64_t lead_s;               /* ordered -> ready */
    int64_t idle_s;
    double interruptions_per_h; /* of a node */
} fsc_sim_pool;

typedef struct fsc_sim_workload {
    const fsc_series *demand; /* requests/s, the same until the next point */
    const fsc_series *metric; /* what the autoscaler sees: NaN, nothing; NULL: the demand */
    double per_replica, utilization;
    int64_t gpus; /* of a pod; 0: a node holds any number */
    int64_t lead_pod_s;
    size_t n_pools;
    const size_t *pools;                /* [n_pools] numbers of its pools, in order of preference */
    int64_t min_replicas, max_replicas; /* in force until the first orders */
} fsc_sim_workload;

/* Which pods go first when there are too many, and where new ones are put. */
typedef enum fsc_sim_placement {
    FSC_SIM_PACKED,   /* nodes fill up and empty one by one */
    FSC_SIM_SCATTERED /* as Kubernetes ranks them: pods go from the fullest node */
} fsc_sim_placement;

typedef struct fsc_sim_hpa {
    int64_t sync_s, metric_lag_s, stabilization_s;
    double tolerance;
    int64_t up_pods, up_period_s, down_pods, down_period_s; /* rate policies */
} fsc_sim_hpa;

extern const fsc_sim_hpa fsc_sim_hpa_default;

typedef struct fsc_sim_params {
    int64_t from, to, tick_s;
    int64_t act_s; /* from a tick until its orders are in force */
    size_t n_workloads, n_pools;
    const fsc_sim_workload *workloads;
    const fsc_sim_pool *pools;
    fsc_sim_hpa hpa;
    fsc_sim_placement placement;
    int64_t notice_s;     /* before an interruption */
    int64_t late_after_s; /* a request that waited longer is late */
    int64_t drop_after_s; /* one that waited longer goes away, unserved */
    double late_share;    /* a minute with a larger share of late requests is late */
    uint64_t seed;        /* of the interruptions */
    bool running;         /* it begins with the pods that its first demand takes; else with none */
} fsc_sim_params;

typedef struct fsc_sim_pods {
    int64_t replicas, ready;
    double backlog;
} fsc_sim_pods;

typedef struct fsc_sim_nodes {
    int64_t nodes; /* that bill */
    int64_t leaving;
    const int64_t *minute_micros; /* the bill of each minute since `from` */
} fsc_sim_nodes;

typedef struct fsc_sim_seen {
    int64_t now;
    const fsc_sim_pods *workloads;
    const fsc_sim_nodes *pools;
    size_t n_minutes; /* that are over */
} fsc_sim_seen;

typedef struct fsc_sim_bounds {
    int64_t min, max;
} fsc_sim_bounds;

/* Replicas by workload, nodes by pool; they begin as those in force. */
typedef struct fsc_sim_orders {
    fsc_sim_bounds *workloads, *pools;
} fsc_sim_orders;

typedef fsc_status (*fsc_sim_policy)(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                                     fsc_err *err);

/* Of one workload, or of all. A node's bill is shared by the GPUs of the pods on it; an empty one
 * is of the workload that used it last, or that it was ordered for. */
typedef struct fsc_sim_part {
    int64_t cost_micros, peak_micros_per_h;
    double gpu_hours; /* of the nodes, used or not */
    double unserved_share;
    int64_t late_minutes, scale_operations;
    const int64_t *minute_ready; /* [n_minutes] pods that serve at its end, in the arena */
} fsc_sim_part;

typedef struct fsc_sim_result {
    fsc_sim_part all;
    const fsc_sim_part *workloads;
    const int64_t *const *pool_micros; /* [n_pools][n_minutes] the bill by minute */
    const int64_t *minute_micros;      /* [n_minutes] of all pools */
    size_t n_minutes;
    double node_hours;
    int64_t node_starts;
} fsc_sim_result;

/* policy NULL: the autoscaler alone. FSC_DATA where the demand does not cover [from, to), or with
 * more than FSC_SIM_MAX_PODS. The parameters are used, and the world and its result live, in the
 * arena until it goes. */
typedef struct fsc_world fsc_world;
fsc_status fsc_world_open(fsc_world **out, const fsc_sim_params *p, fsc_sim_policy policy,
                          void *ctx, fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Goes on until `to`, or to its end. */
fsc_status fsc_world_until(fsc_world *w, int64_t to, fsc_err *err) FSC_CHECKED;
void fsc_world_close(fsc_sim_result *out, fsc_world *w);

/* All of it at once. */
fsc_status fsc_simulate(fsc_sim_result *out, const fsc_sim_params *p, fsc_sim_policy policy,
                        void *ctx, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The largest bill of any window of length_s, at the world's minutes. */
int64_t fsc_sim_largest_window(const fsc_sim_result *r, int64_t length_s);

/*
 * What somebody who knows the demand would pay: the cheapest path of node counts, each start paid
 * from its order and each stop until it is gone, with late_minute_micros for each minute in which
 * the nodes do not suffice. Dynamic programming over minutes; of the first workload, on nodes of
 * the first pool.
 */
typedef struct fsc_sim_oracle {
    int64_t cost_micros, late_minutes;
} fsc_sim_oracle;
fsc_status fsc_sim_oracle_run(fsc_sim_oracle *out, const fsc_sim_params *p,
                              int64_t late_minute_micros, fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
