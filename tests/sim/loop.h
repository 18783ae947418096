/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The closed loop: forecaster and planner as a policy of the simulator. For tests and benchmarks.
 */
#ifndef FSC_TESTS_LOOP_H
#define FSC_TESTS_LOOP_H

#include "forescale/plan.h"
#include "forescale/simulate.h"

enum { FSC_LOOP_MAX_BUDGETS = 2 };

typedef struct fsc_loop {
    fsc_config config;
    fsc_planner *planner;
    fsc_forecaster *forecaster;
    const fsc_series *metric; /* as the metrics tell it, gaps and all */
    bool meter;               /* the budgets' spend is told, not only estimated */
    int64_t from;             /* of the world's minutes */
    fsc_arena *scratch;
    fsc_plan plan; /* the newest, until the next tick */
    size_t states[4];
} fsc_loop;

/* One workload, its pools in order. What the metric says before `now` is fed at once. */
fsc_status fsc_loop_open(fsc_loop *out, const char *yaml, const fsc_series *metric, int64_t now,
                         fsc_arena *a, fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* A fsc_sim_policy; ctx is the loop. */
fsc_status fsc_loop_policy(fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen, fsc_err *err);

/* The world that the loop's configuration describes: leads, prices, bounds, defaults elsewhere. */
fsc_sim_params fsc_loop_world(const fsc_loop *loop, const fsc_series *demand, int64_t from,
                              int64_t to);

#endif
