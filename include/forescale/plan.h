/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan of one run: pure. What is observed and forecast goes in; replicas, nodes and budget
 * states come out, each with its reason. The planner's memory between runs (floors in force, guard
 * states, spend by minute) is a state that is saved and loaded as bytes.
 */
#ifndef FORESCALE_PLAN_H
#define FORESCALE_PLAN_H

#include "forescale/cron.h"
#include "forescale/forecast.h"

/* A share of some pods, rounded up, and some more. */
typedef struct fsc_pod_share {
    double share;
    int64_t pods;
} fsc_pod_share;

/* What a rollout of new pods may do at any time, whoever starts it. */
typedef struct fsc_rollout {
    fsc_pod_share surge; /* pods beside all that the autoscaler asks for */
    fsc_pod_share away;  /* pods that it takes away before others serve */
    int64_t grace_s;     /* from a pod's end until its GPUs are free; 0: Kubernetes's own 30 s */
} fsc_rollout;

typedef struct fsc_workload_now {
    bool replicas_known, ready_known, backlog_known;
    int64_t replicas, ready; /* pods that exist, pods that serve */
    double backlog;          /* requests waiting */
    int64_t terminating;     /* pods that exist no more for the autoscaler, and still hold GPUs */
    fsc_rollout rollout;
    bool min_known, max_known;
    int64_t min_replicas, max_replicas; /* on the object now */
    bool baseline_known;
    int64_t baseline_min,
        baseline_max;   /* the user's own, as recorded before our first write; else the object's */
    double per_replica; /* read from the trigger; 0: the configured one */
    bool paused;        /* a human paused it: planned, not written, counted in full */
    const char *hold;   /* NULL, or why it must not be acted on (a human's edit, no data) */
    int64_t lead_pod_s; /* learned high quantile; 0: the configured one */
    size_t n_timed;     /* spans in which its autoscaler runs so many at least, by a timetable */
    const fsc_timed_replicas *timed;
} fsc_workload_now;

/* How far ahead of now spans are looked at. */
enum { FSC_TIMED_AHEAD_S = 27 * FSC_HOUR_S };

typedef struct fsc_pool_now {
    bool nodes_known;
    int64_t nodes;         /* that bill: booting, ready, draining */
    int64_t nodes_leaving; /* of these under a termination notice */
    bool ready_known;
    int64_t ready;       /* of these, those that serve and stay */
    fsc_money price;     /* of a node for an hour, micros 0: the configured one */
    int64_t lead_node_s; /* learned; 0: the configured one */
    int64_t lead_most_s; /* learned, in 99 of 100 cases; 0: twice the configured one */
} fsc_pool_now;

typedef struct fsc_budget_now {
    bool spent_known; /* a meter (or the caller) says what was spent in the window that ends now */
    int64_t spent_micros;
    int64_t meter_at;       /* time of the meter's newest sample; 0: only the ledger says it */
    const char *meter_note; /* NULL, or what the plan is to say of the meter */
} fsc_budget_now;

/* A workload's past by the hour, from which joint futures are drawn: small, and outlives the
 * forecaster that it comes from. */
enum { FSC_DAY_HOURS = 24 };
typedef struct fsc_plan_past {
    fsc_series hours; /* its samples at whole hours before the newest, up to 28 days; n 0: none */
    double held[FSC_DAY_HOURS]; /* by hours back: what the quarters around them peaked at, in such
                                   samples */
} fsc_plan_past;

/* past: as fsc_forecaster_past() gives it. Steps that do not divide an hour give none. */
fsc_status fsc_plan_past_of(fsc_plan_past *out, const fsc_series *past, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;
/* `held` so many hours ahead; 1 where there is no past. */
double fsc_plan_past_held(const fsc_plan_past *p, size_t hours_ahead);

typedef struct fsc_plan_input { /* arrays run parallel to the configuration's */
    int64_t now;
    const fsc_config *config;
    const fsc_workload_now *workloads;
    const fsc_pool_now *pools;
    const fsc_budget_now *budgets;
    const fsc_forecast *const *forecasts; /* NULL entries: no forecast, hold */
    /* Beside the forecasts, for the budgets' figures. NULL (a replay, which reads none): p50 and
     * p95 are both of the median's course. */
    const fsc_plan_past *pasts;
} fsc_plan_input;

typedef enum fsc_budget_state {
    FSC_BUDGET_CLOSED,    /* nothing limited */
    FSC_BUDGET_THROTTLED, /* forecast over the ceiling: money has a price, running pods are kept */
    FSC_BUDGET_OPEN,      /* the guarantee binds: max falls to what is affordable */
    FSC_BUDGET_HALF_OPEN  /* the window moved on: raised in steps */
} fsc_budget_state;
const char *fsc_budget_state_name(fsc_budget_state s);

typedef struct fsc_workload_plan {
    const char *name;
    fsc_mode mode;
    int64_t min_replicas, max_replicas; /* what would be written */
    bool current_known;
    int64_t current_replicas;
    int64_t baseline_min, baseline_max;
    int64_t safe_max; /* what spend can bear if no further run comes: restore --expired writes it
                         once runs are overdue; never above max_replicas */
    bool hold;
    const char *reason; /* one line, with numbers */
    double quantile;    /* level that the floor corresponds to */
    double demand;      /* at that level, at its worst moment */
    int64_t demand_at;
    int64_t lead_pod_s, lead_node_s;
    int64_t expires_at;
} fsc_workload_plan;

typedef struct fsc_pool_plan {
    const char *name;
    int64_t warm_nodes, min_nodes, max_nodes;
    fsc_money price;
    int64_t nodes_needed; /* by present and forecast demand */
    /* min_nodes for the workloads that are not only observed, the others having what they have:
     * what is written; and of these the nodes that pods fill, by floors or as they are */
    int64_t enforced_nodes, enforced_held;
    /* Nodes asked for that were not ready within lead_most_s: what is missing is asked of the next
     * pool for a while; before: as of the run before. */
    int64_t undelivered, undelivered_before;
    const char *reason;
} fsc_pool_plan;

typedef struct fsc_budget_plan {
    const char *name;
    fsc_budget_state state, state_before;
    fsc_money ceiling;
    fsc_money rate;            /* what may bill at once, an hour; micros 0: no limit */
    int64_t rate_micros_per_h; /* of what bills now */
    int64_t window_start, window_end;
    int64_t spent_micros, forecast_p50_micros, forecast_p95_micros, worst_case_micros;
    int64_t spent_since,
        spent_since_micros;    /* the estimate of what was spent since the run before */
    int64_t most_micros_per_h; /* of all nodes that may bill under the bounds planned */
    double probability_over;   /* of passing the ceiling by the window's end */
    double shadow_price;       /* lambda */
    const char *reason;
    const char *void_why; /* NULL, or the condition of the guarantee that does not hold now */
} fsc_budget_plan;

typedef struct fsc_plan {
    int64_t at;
    char run_id[33]; /* hex hash of the inputs */
    size_t n_workloads, n_pools, n_budgets;
    const fsc_workload_plan *workloads;
    const fsc_pool_plan *pools;
    const fsc_budget_plan *budgets;
} fsc_plan;

typedef struct fsc_planner fsc_planner;

/* Lives in the arena. */
fsc_status fsc_planner_open(fsc_planner **out, const fsc_config *config, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;

/* Learned leads (0: none) of workloads and pools, before forecasters open: what is asked of them
 * follows. The arrays are read now. */
void fsc_planner_leads(fsc_planner *p, const fsc_workload_now *workloads,
                       const fsc_pool_now *pools);

/* The horizons (in steps of step_s) and levels at which the planner wants workload w's forecast. */
fsc_status fsc_planner_request(fsc_forecast_request *out, const fsc_planner *p, size_t w,
                               int32_t step_s, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* One run. Advances the planner's state; the plan lives in the arena. */
fsc_status fsc_planner_run(fsc_plan *out, fsc_planner *p, const fsc_plan_input *in, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

fsc_status fsc_planner_save(fsc_buf *out, const fsc_planner *p, fsc_err *err) FSC_CHECKED;
fsc_status fsc_planner_load(fsc_planner *p, const void *bytes, size_t n, fsc_err *err) FSC_CHECKED;

/* FSC_BUDGET with the sum where the configured minima alone, packed at best into the cheapest of
 * their pools, pass a ceiling: no plan can keep it. */
fsc_status fsc_plan_check(const fsc_config *config, fsc_err *err) FSC_CHECKED;

/* The documents of interface.md: kind Plan as one JSON object without a newline at its end. */
void fsc_plan_json(fsc_buf *out, const fsc_plan *p);

#endif
