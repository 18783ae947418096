/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Made-up demand for the closed loop: a weekday spike from 30 to 300 requests/s within 5 minutes,
 * for 2 hours, and what can go wrong with it. Two weeks of history come before what is judged.
 */
#ifndef FSC_TESTS_SCENARIO_H
#define FSC_TESTS_SCENARIO_H

#include "forescale/series.h"

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

#endif
