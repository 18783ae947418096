/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is to come, from joint paths of all workloads' demand: GPUs, nodes and money by hour.
 * Quantiles of sums come from the sums of each path, for quantiles do not add.
 *
 * Replicas serve the hour's peak; GPUs go to a workload's pools in its order while there is room;
 * a node is paid whole, and a budget pays for its workloads' share of a pool's GPUs. The guard's
 * caps are left out: this is what demand would cost.
 */
#ifndef FSC_REPORT_OUTLOOK_H
#define FSC_REPORT_OUTLOOK_H

#include "forescale/report.h"

enum { FSC_OUTLOOK_PATHS = 100 };

typedef struct fsc_outlook_pool {
    const double *gpus50, *gpus95, *nodes50, *nodes95; /* [n_hours] */
    const double *busy; /* [most + 1]: share of hours with at least so many nodes */
    size_t most;
    double gpu_hours, spend50, spend95; /* to the horizon; GPU hours at the mean */
} fsc_outlook_pool;

typedef struct fsc_outlook_budget {
    const double *past;                /* [n_past] spend of the window that ends with the hour */
    const double *window50, *window95; /* [n_hours] likewise */
    const double *passed;              /* [n_hours] probability of having passed the ceiling */
    double spend50, spend95;           /* to the horizon */
    double probability;                /* of passing by the horizon */
    int64_t likely_at;                 /* when half of the paths that pass have; 0: none does */
} fsc_outlook_budget;

typedef struct fsc_outlook {
    int64_t from; /* the first hour */
    size_t n_hours;
    const double *gpus50, *gpus95; /* [n_hours] of all pools */
    double short_share;            /* of hours and paths in which no pool has room for all */
    const fsc_outlook_pool *pools;
    const fsc_outlook_budget *budgets;
} fsc_outlook;

/* Workloads without a forecast of hours or a known per_replica are left out: n_hours 0 when all
 * are. */
fsc_status fsc__outlook_make(fsc_outlook *out, const fsc_report *r, fsc_arena *a,
                             fsc_err *err) FSC_CHECKED;

/* Replicas that serve a demand of an hour's mean within the workload's bounds. */
double fsc__outlook_replicas(const fsc_report *r, size_t w, double mean);

#endif
