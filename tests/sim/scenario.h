/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Made-up demand for the closed loop: a weekday spike from 30 to 300 requests/s within 5 minutes,
 * for 2 hours, and what can go wrong with it. Two weeks of history come before what is judged.
 */
#ifndef FSC_TESTS_SCENARIO_H
#define FSC_TESTS_SCENARIO_H

#include "forescale/series.h"

/* How demand goes between the samples of a coarse trace, and when they are told. */
typedef enum fsc_trace_view {
    FSC_TRACE_HELD,    /* it stays; each sample is told once */
    FSC_TRACE_MINUTES, /* it stays; its value is told again each minute */
    FSC_TRACE_SLOPED,  /* it goes straight to the next sample; each is told once */
    FSC_TRACE_VIEWS
} fsc_trace_view;

typedef struct fsc_scenario {
    const char *name;
    const char *yaml;
    int64_t from, to;
    fsc_series demand;
    fsc_series metric; /* the demand as it was seen */
    int64_t window_s;  /* of the budget; 0: none */
    int64_t ceiling;   /* in whole units */
} fsc_scenario;

size_t fsc_scenario_count(void);
/* FSC_USAGE when there is no i-th. */
fsc_status fsc_scenario_make(fsc_scenario *out, size_t i, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/*
 * The last week of a recorded trace, a CSV file, with all before it as history. It is scaled so
 * that its mean keeps 12 of the 48 pods busy; gaps are bridged in the demand, and stay gaps in the
 * metric.
 */
fsc_status fsc_scenario_trace(fsc_scenario *out, const char *path, fsc_trace_view view,
                              fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The configuration of every scenario without a budget and on demand; text in the arena. */
const char *fsc_scenario_yaml(int interval_s, fsc_arena *a, fsc_err *err);

#endif
