/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands that plan have in common: the configuration, the handles, and for each workload
 * its forecaster; then the stages of a run, each a function that may be called alone.
 */
#ifndef FSC_SESSION_H
#define FSC_SESSION_H

#include "cli/cli.h"
#include "forescale/file.h"
#include "forescale/kube.h"
#include "forescale/leads.h"
#include "forescale/meter.h"
#include "forescale/nodes.h"
#include "forescale/price.h"
#include "forescale/source.h"
#include "forescale/store.h"
#include "forescale/target.h"
#include "forescale/yaml.h"

enum { FSC_COLLECT_STEP_S = 60 }; /* the grid on which history is stored */

/* Which shards have a pool among their workloads'. */
typedef struct fsc_pool_users {
    int64_t first; /* -1: none */
    bool several;
} fsc_pool_users;

typedef struct fsc_session {
    fsc_cli *cli;
    fsc_config config;
    fsc_http *http;
    fsc_store *store;
    fsc_kube *kube;
    fsc_planner *planner;
    /* parallel to the configuration's workloads, pools and budgets */
    fsc_arena *forecaster_arena;  /* where those live */
    fsc_forecaster **forecasters; /* NULL until the workload's step is known */
    int32_t *step_s;
    fsc_workload_now *workloads;
    fsc_pool_now *pools;
    fsc_quote *quotes; /* of pools, since the stage of prices */
    fsc_budget_now *budgets;
    fsc_meter_reading *meters; /* of budgets, since the stage of spend */
    const fsc_forecast **forecasts;
    fsc_plan_past *pasts; /* beside them, of workloads under a budget */
    fsc_series *history;  /* what was fed last, for pictures */
    fsc_target_seen *seen;
    fsc_target_seen *pool_targets;
    fsc_pool_seen *pool_nodes;
    fsc_leads *pod_leads, *node_leads;
    /* shard.c: one of several processes, or of several clusters, that spend the same budgets */
    fsc_holder holder;
    bool is_part;
    fsc_budget_config *parts; /* the configuration's budgets: their ceilings become parts */
    double *part_weights;
    fsc_reservation *reservations; /* parallel to the budgets */
    fsc_pool_users *pool_users;    /* parallel to the pools */
    bool keeps_states;             /* what forecasters learn goes into the store */
    bool keeps_history;            /* a month of it is read into `history`, to be shown */
    bool failed_for_good;          /* a part failed in a way that trying again does not mend */
} fsc_session;

/* Loads the configuration (needs: FSC_NEED_* of yaml.h) and allocates the arrays. */
fsc_status fsc_session_open(fsc_session *s, fsc_cli *cli, unsigned needs, fsc_err *err) FSC_CHECKED;
void fsc_session_close(fsc_session *s);

/* Opens the store that the command line or the configuration names. */
fsc_status fsc_session_store(fsc_session *s, fsc_store_access access, fsc_err *err) FSC_CHECKED;
fsc_status fsc_session_http(fsc_session *s, fsc_err *err) FSC_CHECKED;
fsc_status fsc_session_kube(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* --replicas, --ready, --nodes, --spent */
fsc_status fsc_session_overrides(fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Index of a name in the configuration; FSC_USAGE with the nearest name else. */
fsc_status fsc_session_workload(size_t *i, const fsc_session *s, const char *name,
                                fsc_err *err) FSC_CHECKED;
fsc_status fsc_session_pool(size_t *i, const fsc_session *s, const char *name,
                            fsc_err *err) FSC_CHECKED;
fsc_status fsc_session_budget(size_t *i, const fsc_session *s, const char *name,
                              fsc_err *err) FSC_CHECKED;

/* Opens workload w's forecaster at a step, unless it is open. */
fsc_status fsc_session_step(fsc_session *s, size_t w, int32_t step_s, fsc_err *err) FSC_CHECKED;

/* Appends samples (ascending) to workload w's forecaster, opening it at a known step. */
fsc_status fsc_session_feed(fsc_session *s, size_t w, const fsc_series *series,
                            fsc_err *err) FSC_CHECKED;
/* Tells a forecaster that time has passed without samples: what is late beyond doubt is a gap. */
fsc_status fsc_session_feed_gap(fsc_session *s, size_t w, int64_t now, fsc_err *err) FSC_CHECKED;

/* Workload w's forecast, if it has a forecaster: NULL, and said, where that fails. The forecast is
 * gone with its forecaster. */
fsc_status fsc_session_forecast(fsc_session *s, size_t w, int64_t now, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;

/* Forecasts of every workload that has a forecaster, then the plan; both live in `scratch`. */
fsc_status fsc_session_plan(fsc_plan *out, fsc_session *s, int64_t now, fsc_arena *scratch,
                            fsc_err *err) FSC_CHECKED;

/* The planner's and the forecasters' states as one document; loading into a fresh session. */
fsc_status fsc_session_save(fsc_buf *out, const fsc_session *s, fsc_err *err) FSC_CHECKED;
fsc_status fsc_session_load(fsc_session *s, const void *bytes, size_t n, fsc_err *err) FSC_CHECKED;

/* Names of a forecaster's parts there, and as kinds of blobs in the store. */
extern const char *const fsc_state_names[FSC_N_STATE_PARTS];

/* stream.c: one JSON object a line in, one Plan a line out. */
fsc_exit fsc_stream(fsc_session *s, FILE *in, FILE *out, fsc_err *err);

/* amount.c: "120.50" or "120.50 USD" in the budget's currency, to micros. */
fsc_status fsc_amount_parse(int64_t *micros, const char *text, const char *currency,
                            fsc_err *err) FSC_CHECKED;

#endif
