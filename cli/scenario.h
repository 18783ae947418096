/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Demand and a configuration that come with the program, for `forescale simulate --scenario`. */
#ifndef FSC_SCENARIO_H
#define FSC_SCENARIO_H

#include "forescale/series.h"

typedef struct fsc_scenario_row {
    const char *name, *summary;
    const char *yaml;
    int64_t replay_s; /* how much of the end is worth a replay; the rest is learned from */
    double (*level)(int day, int minute); /* mean demand */
    int days;
} fsc_scenario_row;

extern const fsc_scenario_row fsc_scenarios[]; /* ends with a NULL name */

/* FSC_USAGE with the nearest name. */
fsc_status fsc_scenario_find(const fsc_scenario_row **out, const char *name,
                             fsc_err *err) FSC_CHECKED;

/* Minutes from Monday 2026-10-05 00:00 UTC; the same each time. */
fsc_status fsc_scenario_series(fsc_series *out, const fsc_scenario_row *row, const char *id,
                               fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
