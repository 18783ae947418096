/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The past of workloads played again, by the autoscaler alone, by a schedule, or by our own
 * forecaster and planner in a closed loop, each with the budgets' guard or without it. Those that
 * share budgets or pools are played together, planned for at once as a run does it. Pure.
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

typedef struct fsc_replay_workload {
    const fsc_series *metric; /* as the metrics told it, gaps and all, from before `from` */
    int64_t told_after_s; /* from a sample's time until it is known; 0: its step, as of a mean */
    const fsc_series *demand; /* as it was; fsc_replay_demand() where only the metric is known */
} fsc_replay_workload;

typedef struct fsc_replay_input {
    const fsc_config *config;             /* fsc_replay_config() */
    const fsc_replay_workload *workloads; /* parallel to the configuration's */
    int64_t from, to;
    fsc_replay_policy policy;
    bool with_budget; /* the guard's caps are obeyed */
    bool meter;       /* the budgets' spend is told, not only estimated */
} fsc_replay_input;

/*
 * The n workloads of c that are numbered in `which` as the only ones: enforced, with their pools,
 * the first one's preferred pool first, and the budgets that cover any of them. FSC_USAGE where the
 * configuration leaves open what a world needs, or mixes currencies.
 */
fsc_status fsc_replay_config(fsc_config *out, const fsc_config *c, const size_t *which, size_t n,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Where workloads of c share a budget or a pool: group[w] is the smallest number of those that hang
 * together with w; only those with wanted[w] count. */
void fsc_replay_group(size_t *group, const fsc_config *c, const bool *wanted);

/* Gaps filled on the line between their ends; *filled counts them. */
fsc_status fsc_replay_demand(fsc_series *out, size_t *filled, const fsc_series *metric,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* What all replays take for granted, beside the autoscaler's defaults. */
typedef struct fsc_replay_rules {
    int64_t notice_s; /* of an interruption, as clouds give it */
    int64_t late_after_s, drop_after_s;
    double late_share;
} fsc_replay_rules;
extern const fsc_replay_rules fsc_replay_rules_default;

/* The world that the configuration describes: leads, prices, bounds; the autoscaler's defaults
 * elsewhere. Lives in the arena, and points into `in`. */
fsc_status fsc_replay_world(fsc_sim_params *out, const fsc_replay_input *in, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;

/* Ticks of the replay: so many forecasts of each workload. */
size_t fsc_replay_ticks(const fsc_replay_input *in);

/*
 * What the forecaster says of workload w at one tick after the other, having seen no more than the
 * metric until then: the same under any policy, so made once. It lives in `a`, the forecasts of the
 * next n ticks in the arena given for them.
 */
typedef struct fsc_replay_forecaster fsc_replay_forecaster;
fsc_status fsc_replay_forecaster_open(fsc_replay_forecaster **out, const fsc_replay_input *in,
                                      size_t w, fsc_arena *a, fsc_err *err) FSC_CHECKED;
fsc_status fsc_replay_forecaster_next(fsc_forecast *out, fsc_replay_forecaster *f, size_t n,
                                      fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Those of all ticks. */
fsc_status fsc_replay_forecasts(const fsc_forecast **out, const fsc_replay_input *in, size_t w,
                                fsc_arena *a, fsc_err *err) FSC_CHECKED;

/*
 * One run of the replay, some ticks after others. It has the arena for itself until it is closed;
 * the result lives there. forecasts[w][i] is workload w's at the i-th of the next n ticks; only
 * FSC_REPLAY_PREDICTIVE looks at them.
 */
typedef struct fsc_replay fsc_replay;
fsc_status fsc_replay_open(fsc_replay **out, const fsc_replay_input *in, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;
fsc_status fsc_replay_next(fsc_replay *r, const fsc_forecast *const *forecasts, size_t n,
                           fsc_err *err) FSC_CHECKED;
void fsc_replay_close(fsc_sim_result *out, fsc_replay *r);

/* All of it at once. */
fsc_status fsc_replay_run(fsc_sim_result *out, const fsc_replay_input *in,
                          const fsc_forecast *const *forecasts, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;

/* The bill by minute of the pools that workloads of budget b use: what counts against it. */
fsc_status fsc_replay_billed(int64_t **minute_micros, const fsc_config *c, size_t b,
                             const fsc_sim_result *r, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The largest bill of any of the budget's windows. */
int64_t fsc_replay_largest_window(const int64_t *minute_micros, size_t n_minutes, int64_t from,
                                  const fsc_window *window, const fsc_zone *zone);

#endif
