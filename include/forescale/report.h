/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The capacity report: pure. Facts, gathered once, become a document of sections; its numbers are
 * the same in every form (document.h). Arrays run parallel to the configuration's workloads, pools
 * and budgets.
 */
#ifndef FORESCALE_REPORT_H
#define FORESCALE_REPORT_H

#include "forescale/backtest.h"
#include "forescale/document.h"
#include "forescale/plan.h"

enum { FSC_REPORT_STEP_S = FSC_HOUR_S };

/* What the ledger tells of a workload in the report's past. */
typedef struct fsc_report_acts {
    size_t raised, lowered; /* floors that went up, down */
    size_t applied, planned, held, failed;
    size_t transitions; /* of a budget */
} fsc_report_acts;

/* The past played again: the autoscaler alone, and with the floors that were written or journalled.
 */
typedef struct fsc_report_replay {
    bool known;
    int64_t from, to;
    int64_t reactive_micros, ours_micros;
    int64_t reactive_late_minutes, ours_late_minutes;
} fsc_report_replay;

typedef struct fsc_report_workload {
    fsc_series recent;            /* minutes of the last hours; n = 0: none */
    const fsc_forecast *near;     /* the run's own; NULL: none */
    fsc_series hourly;            /* means of the past's hours */
    const fsc_forecast *hours;    /* of the hours to come, from the end of `hourly`; NULL: none */
    double peak;                  /* the hour's highest minute by its mean, over the past; >= 1 */
    double per_replica;           /* 0: not known, and nothing can be said of replicas */
    const fsc_backtest *backtest; /* of hours; NULL: too little history */
    const char *backtest_why;     /* then */
    int64_t first, newest;        /* of what is stored */
    size_t samples, gaps;         /* minutes of the past with and without a value */
    size_t gap_spans;
    int64_t longest_gap_s;
    fsc_report_acts acts;
    fsc_report_replay replay;
    size_t leads_seen; /* starts, of which enough replace the configured lead */
} fsc_report_workload;

typedef struct fsc_report_pool {
    int64_t lead_s; /* that counts: learned or configured */
    size_t leads_seen;
} fsc_report_pool;

typedef struct fsc_report_budget {
    const double *spent; /* [n_past] in each hour of the past, in units of its currency */
    size_t transitions;
} fsc_report_budget;

typedef struct fsc_report {
    int64_t at, from, to; /* past from `from`, future until `to`; whole hours around `at` */
    size_t n_past;        /* hours from `from` to the hour of `at` */
    const fsc_config *config;
    const fsc_plan *plan;
    const fsc_report_workload *workloads;
    const fsc_report_pool *pools;
    const fsc_report_budget *budgets;
} fsc_report;

/* Fills an initialised document. A workload without history or forecast is named, not left out. */
fsc_status fsc_report_build(fsc_doc *d, const fsc_report *r, fsc_err *err) FSC_CHECKED;

#endif
