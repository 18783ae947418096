/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a budget's workloads are going to spend, in two views. A course is one level of demand held
 * throughout: quick, and what the price of money is found by. Futures are joint sample paths of all
 * of them, through the plan and the autoscaler below it: what a plan's figures are.
 *
 * A future's nodes at each hour are those that its demand keeps there: the autoscaler's own, or the
 * plan's margin above demand where that is more, within the bounds, the guard's cap and the price
 * of money; by preference in the pools, whole, with a boot before each rise and the autoscaler's
 * patience and the idle tail behind each fall. The first day is drawn by paths.h; a later day is
 * the same weekday of one of the last weeks, of all workloads the same one.
 */
#ifndef FSC_SPEND_H
#define FSC_SPEND_H

#include "planner_run.h"

/* What money is worth on the way to the window's end: at first another price than later. */
typedef struct fsc_spend_course {
    double first_lambda, lambda;
    int64_t first_s;
    double level;
} fsc_spend_course;

/* The largest window along the plan, a step at a time; days after the first one are taken to be
 * like it. */
int64_t fsc__spend_along(const fsc_plan_run *r, const fsc_guard_state *g, const fsc_guard_input *in,
                         const fsc_spend_course *course);

/* Of the largest windows along the futures. */
typedef struct fsc_spend_figures {
    int64_t p50_micros, p95_micros;
    double over; /* the share that passes the ceiling */
} fsc_spend_figures;

/* After the floors are planned and capped. Without pasts there is one future: the median's course.
 */
fsc_status fsc__spend_futures(fsc_spend_figures *out, const fsc_plan_run *r,
                              const fsc_guard_state *g, const fsc_guard_input *in,
                              double lambda) FSC_CHECKED;

#endif
