/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The past of one workload played again, by the autoscaler alone, by a schedule, or by our own
 * forecaster and planner in a closed loop, each with the budgets' guard or without it. Pure.
 */
#ifndef FORESCALE_REPLAY_H
#define FORESCALE_REPLAY_H

#include "forescale/plan.h"
#include "forescale/simulate.h"

typedef enum fsc_replay_policy {
    FSC_REPLAY_REACTIVE, /* the autoscaler alone */
    /* Floors from a timetable: what the same hours a week before needed, a lead ahead. */
    FSC_REPLAY_CRON,
    FSC_REPLAY_PREDICTIVE,
    FSC_REPLAY_POLICIES
} fsc_replay_policy;
const char *fsc_replay_policy_name(fsc_replay_policy p);

typedef struct fsc_replay_input {
    const fsc_config *config; /* of one workload: fsc_replay_config() */
    const fsc_series *metric; /* as the metrics told it, gaps and all, from before `from` */
    int64_t told_after_s; /* from a sample's time until it is known; 0: its step, as of a mean */
    const fsc_series *demand; /* as it was; fsc_replay_demand() where only the metric is known */
    int64_t from, to;
    const fsc_forecast *forecasts; /* fsc_replay_forecasts(): one for each tick */
    fsc_replay_policy policy;
    bool with_budget; /* the guard's caps are obeyed */
    bool meter;       /* the budgets' spend is told, not only estimated */
} fsc_replay_input;

/*
 * Workload w as the only one: enforced, with its own pools in its order of preference, and the
 * budgets that cover it. share: its part of the ceilings, by budget of c; NULL: the whole.
 * FSC_USAGE where the configuration leaves open what a world needs.
 */
fsc_status fsc_replay_config(fsc_config *out, const fsc_config *c, size_t w, const double *share,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Gaps filled on the line between their ends; *filled counts them. */
fsc_status fsc_replay_demand(fsc_series *out, size_t *filled, const fsc_series *metric,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The world that a configuration of one workload describes: leads, prices, bounds; the
 * autoscaler's defaults elsewhere. Points into `in`. */
fsc_sim_params fsc_replay_world(const fsc_replay_input *in);

/* What the forecaster says at each tick, having seen no more than the metric until then: the same
 * under any policy, so made once. They live in `a`,
 * with the forecaster. */
fsc_status fsc_replay_forecasts(const fsc_forecast **out, const fsc_replay_input *in, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;

/* The result lives in `a`; scratch is rewound. */
fsc_status fsc_replay_run(fsc_sim_result *out, const fsc_replay_input *in, fsc_arena *a,
                          fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* The largest bill of any of the budget's windows. */
int64_t fsc_replay_largest_window(const int64_t *minute_micros, size_t n_minutes, int64_t from,
                                  const fsc_window *window, const fsc_zone *zone);

#endif
