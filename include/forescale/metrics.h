/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a run tells monitoring, as text exposition 0.0.4 of gauges: pure. A gauge whose value is not
 * known in this run has no sample. A run that fails before it plans writes the families of the run
 * alone, so that the numbers of the last good one stay where they were sent.
 */
#ifndef FORESCALE_METRICS_H
#define FORESCALE_METRICS_H

#include "forescale/plan.h"

typedef enum fsc_run_phase {
    FSC_PHASE_OBSERVE,
    FSC_PHASE_COLLECT,
    FSC_PHASE_PLAN,
    FSC_PHASE_ACT,
    FSC_PHASE_N
} fsc_run_phase;

/* What became of the workloads and pools of a run. */
typedef enum fsc_run_outcome {
    FSC_RUN_APPLIED,
    FSC_RUN_UNCHANGED,
    FSC_RUN_FAILED,
    FSC_RUN_HELD,
    FSC_RUN_PLANNED,
    FSC_RUN_OUTCOME_N
} fsc_run_outcome;

typedef struct fsc_metrics_run {
    int64_t at;
    int exit_code;
    double phase_s[FSC_PHASE_N]; /* how long each took */
    size_t outcomes[FSC_RUN_OUTCOME_N], failed_queries;
    const fsc_config *config;
    const fsc_plan *plan; /* NULL: the run ended before it had one; then the rest is not read */
    const fsc_forecast *const *forecasts; /* parallel to the configuration; NULL entries */
    const fsc_workload_now *workloads;
    const fsc_pool_now *pools;
} fsc_metrics_run;

/* Appends every family that has a sample; the text ends with a newline. */
void fsc_metrics_text(fsc_buf *out, const fsc_metrics_run *r);

/* Appends `fresh`, then each family of `old` that fresh has not: what POST does in a Pushgateway.
 * old NULL: none. Text that is no exposition is dropped. */
void fsc_metrics_merge(fsc_buf *out, const char *old, const char *fresh);

#endif
