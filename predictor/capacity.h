/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a forecast to replicas and nodes, on two clocks: pods for what a pod ordered now or in the
 * next run will meet, nodes likewise. With a price on a late minute, and pools of its own, nodes
 * take the cheapest path (node_path.h) through expected bills and late minutes, where the runs to
 * come answer the shortages that show (a recourse; Dantzig 1955); pods, and nodes
 * that are shared, are the newsvendor's choice (Arrow, Harris, Marschak 1951) at each moment.
 */
#ifndef FSC_CAPACITY_H
#define FSC_CAPACITY_H

#include "forescale/plan.h"

enum { FSC_MAX_NODES = 4096 };

/* One workload as the planner sees it: configuration, observation and learned figures in one. */
typedef struct fsc_site {
    const fsc_workload_config *cfg;
    int64_t min_replicas, max_replicas; /* the user's own */
    double per_replica;                 /* C */
    int64_t lead_pod_s, lead_node_s, idle_s;
    int64_t pods_per_node;
    bool alone;               /* no other workload uses its pools: whole nodes are its own */
    size_t max_nodes;         /* that its max_replicas can fill */
    double *node_price_per_s; /* [max_nodes] of the k-th node, pools in order of preference */
    double lost_share;        /* of the time in which a node is away after an interruption */
    int64_t running, ready;   /* pods; -1 unknown */
    int64_t nodes;            /* that bill for it, and stay */
    int64_t nodes_kept;       /* of these, wanted in the run before */
    double backlog;
    int64_t tick_s; /* until the next chance to order */
    int64_t now;
    size_t n_timed; /* what the autoscaler below runs by its timetable, whatever demand is */
    const fsc_timed_replicas *timed;
} fsc_site;

typedef struct fsc_choice {
    int64_t replicas;     /* floor for the pod clock */
    int64_t nodes_held;   /* nodes that hold them */
    int64_t nodes_wanted; /* to be ordered or kept */
    double demand;        /* at `level`, at its worst moment in the pod window or the node window */
    int64_t demand_at;
    double level;
} fsc_choice;

/* How far beyond the node clock demand is looked at: a node that it asks back by then may stay. */
enum { FSC_LOOK_BEYOND_S = 30 * FSC_MINUTE_S };

/* Price of money: cost counts (1 + lambda) times. */
fsc_status fsc_capacity_choose(fsc_choice *out, const fsc_site *site, const fsc_forecast *f,
                               double lambda, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The most that the timetable asks for within [from, to], as far as max lets it; *since (may be
 * NULL) is when that begins. */
int64_t fsc_capacity_timed(const fsc_site *s, int64_t from, int64_t to, int64_t *since);

/* Nodes that the plan will hold at horizon index h of the forecast, at price lambda and for the
 * median or a high level of demand: what forecast spend is made of. */
int64_t fsc_capacity_nodes_at(const fsc_site *site, const fsc_forecast *f, size_t h, double lambda,
                              double level);

#endif
