/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of the planner, as planner.c and budgets.c share it. */
#ifndef FSC_PLANNER_RUN_H
#define FSC_PLANNER_RUN_H

#include "capacity.h"
#include "guard.h"

/* Memory of one workload between runs: flat, part of the saved state. */
typedef struct fsc_floor_state {
    int64_t min_replicas, max_replicas; /* in force; 0: none yet */
    int64_t held_since;                 /* 0: not held */
    int64_t nodes_wanted;
} fsc_floor_state;

/* Memory of one pool between runs: what it was asked for, and what came of it. */
typedef struct fsc_pool_state {
    int64_t at;           /* of the run before; 0: none */
    int64_t asked, there; /* nodes, then */
    int64_t short_since;  /* fewer than asked, and none came since; 0: not so */
    int64_t out_until;    /* so long it is not asked for more than it has */
    int64_t undelivered, out_since;
} fsc_pool_state;

struct fsc_planner {
    const fsc_config *config;
    int64_t *lead_pod_s, *lead_node_s; /* [n_workloads], [n_pools]; learned, 0: none */
    fsc_floor_state *floors;           /* [n_workloads] */
    fsc_guard_state *guards;           /* [n_budgets] */
    fsc_pool_state *pools;             /* [n_pools] */
};

typedef struct fsc_plan_run {
    fsc_planner *p;
    const fsc_plan_input *in;
    fsc_arena *a;
    fsc_err *err;
    fsc_site *sites;
    fsc_choice *choices;
    double *lambda;     /* by workload: the highest of its budgets */
    int64_t *cap_pods;  /* by workload: what the guard allows; INT64_MAX: all */
    int64_t *safe_pods; /* by workload: what is safe if no further run comes; INT64_MAX: all */
    int64_t *share;     /* by workload: nodes while one budget's are shared */
    fsc_workload_plan *workloads;
    fsc_pool_plan *pools;
    int64_t *room;  /* by pool: nodes that it may be asked for */
    int64_t *given; /* by pool: of the workload whose nodes are being shared */
    fsc_budget_plan *budgets;
} fsc_plan_run;

/* A line of text in the run's arena. */
const char *fsc__plan_text(const fsc_plan_run *r, const char *fmt, ...) FSC_PRINTF(2, 3);
/* Do two workloads use one pool? Do any of the budget's workloads use that pool? */
bool fsc__shares_pool(const fsc_workload_config *v, const fsc_workload_config *w);
bool fsc__pays_for_pool(const fsc_budget_config *b, const fsc_config *c, const char *pool);
size_t fsc__pool_index(const fsc_config *c, const char *name);
int64_t fsc__pool_price(const fsc_plan_run *r, size_t pool);
/* Until the next chance to write, runs that may be missed included. */
int64_t fsc__tick_s(const fsc_config *c);

/* After the workloads: what each pool is to hold. */
void fsc__plan_pools(fsc_plan_run *r);

/* Before the floors are planned: takes in the spend, and finds budget b's price of money. */
void fsc__budget_price(fsc_plan_run *r, size_t b);
/* After: what of the plan budget b allows, its state, and its figures. */
fsc_status fsc__budget_guard(fsc_plan_run *r, size_t b) FSC_CHECKED;

#endif
