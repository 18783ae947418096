/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The budget guard. Its promise, for every end s at which a window can close:
 *   spent in (s - W, now] + worst bill from now until a cap lowered at the next chance has taken
 * effect everywhere + the users' own floors from then to s <= ceiling. The guard knows money and
 * nodes, no forecast: it holds whatever the forecast says.
 *
 * Beside the pods that a cap allows, a rollout of new ones may run at any time: in surge, and as
 * many as it takes away in each wave until their grace period is over. They may need nodes of
 * their own. Pods that are going now, and nodes under notice, have their successors beside them.
 */
#ifndef FSC_GUARD_H
#define FSC_GUARD_H

#include "forescale/plan.h"

enum { FSC_SPEND_BUCKETS = 1536, FSC_PRICES_KEPT = 2 };

/* Spend by bucket of time, newest last: part of the planner's saved state. */
typedef struct fsc_spend {
    int64_t bucket_s;
    int64_t newest; /* begin of the last bucket; meaningless while `known` is false */
    bool known;
    int64_t micros[FSC_SPEND_BUCKETS]; /* [FSC_SPEND_BUCKETS - 1] is the newest */
} fsc_spend;

/* Memory of one budget. */
typedef struct fsc_guard_state {
    fsc_spend spend;
    int64_t at;                /* of the run before; 0: none */
    int64_t rate_micros_per_h; /* of all nodes that billed then, at the prices then */
    int64_t most_micros_per_h; /* of all that might bill under the bounds written then */
    int state;                 /* fsc_budget_state */
    int64_t cap_nodes;         /* while open or half open */
    int64_t state_since;
    double prices[FSC_PRICES_KEPT]; /* of money, in the runs before */
    int filling; /* money that the price leaves over is being spent on what comes first */
} fsc_guard_state;

/* A share of the nodes of a cap, rounded up, and some more. */
typedef struct fsc_nodes_share {
    double share;
    int64_t nodes;
} fsc_nodes_share;

/* The nodes that one budget pays for, and the clocks of a cut. */
typedef struct fsc_guard_input {
    int64_t now;
    const fsc_budget_config *cfg;
    const fsc_zone *zone;
    const fsc_budget_now *seen;
    int64_t nodes;   /* that bill now, or will for the pods that wait */
    int64_t leaving; /* of these under notice, or held by pods that are going: each may have its
                        successor beside it */
    fsc_nodes_share surge, replaced; /* nodes that rollouts may add to those of a cap */
    int64_t beside_floor;            /* pods that they may add to floor_pods */
    int64_t reserve;                 /* the pools' own minima */
    int64_t rate_micros_per_h;       /* of the nodes */
    int64_t dearest_micros_per_h;    /* a node of the dearest pool that a pod may reach */
    int64_t floor_pods;              /* the users' own minima, and what may not be capped */
    int64_t floor_nodes;             /* into which they fit at best */
    double interruptions_per_h;      /* of a node, in the pool that loses most */
    int64_t tick_s;                  /* until the next chance to write a cap */
    int64_t settle_s; /* from a written cap until the last node it frees has stopped billing */
    int64_t grace_s;  /* of it the longest in which a pod goes */
    int64_t unseen_s; /* a node may come and go between two runs that lie further apart */
} fsc_guard_input;

/* Takes in what was spent since the run before. Returns the estimate of it. */
int64_t fsc_guard_advance(fsc_guard_state *g, const fsc_guard_input *in);

/* A window's length; of a calendar one the shortest that it can have. */
int64_t fsc_guard_window_s(const fsc_budget_config *b);

/* When the calendar window that now lies in ends; of a rolling one, now. */
int64_t fsc_guard_window_end(const fsc_guard_input *in);

/* Spend in the window that ends now, and that window's begin and end. */
int64_t fsc_guard_spent(const fsc_guard_state *g, const fsc_guard_input *in, int64_t *window_start,
                        int64_t *window_end);

/* The largest spend of any window if the pods that are allowed fit into `nodes` nodes. */
int64_t fsc_guard_worst(const fsc_guard_state *g, const fsc_guard_input *in, int64_t nodes);

/* Nodes that rollouts may add to so many. */
int64_t fsc_guard_beside(const fsc_guard_input *in, int64_t nodes);

/* That many nodes at most bill under such a cap. */
int64_t fsc_guard_level(const fsc_guard_input *in, int64_t nodes);

/* The most nodes that may bill at once by the budget's rate, beside the pools' own minima; a node
 * under notice and its successor, which bills already, count as one. INT64_MAX: it has none. */
int64_t fsc_guard_within_rate(const fsc_guard_input *in);

/* The most nodes that keep the promise; -1: even the floors alone do not. */
int64_t fsc_guard_affordable(const fsc_guard_state *g, const fsc_guard_input *in, int64_t most);

/* The most pods that may stay if no further run comes, where such a cap lets that many nodes in
 * until the dead run's bounds are put back, dead_s from now at the latest: then each pod may hold a
 * node of its own. INT64_MAX: all; never below the floors, which nothing takes away. */
int64_t fsc_guard_safe_pods(const fsc_guard_state *g, const fsc_guard_input *in, int64_t nodes,
                            int64_t dead_s);

/* Largest window spend along a path: cost_micros[i] is spent in the i-th of n steps of step_s from
 * now. */
int64_t fsc_guard_along(const fsc_guard_state *g, const fsc_guard_input *in,
                        const int64_t *cost_micros, size_t n, int64_t step_s);

#endif
