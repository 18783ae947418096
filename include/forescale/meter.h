/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was spent, as somebody else counts it. A meter's samples are a series of the store like any
 * other, named "meter:BUDGET": a rate in currency units an hour, or a sum that grows. A new source
 * of samples is one file in collector/ and one word in its CMakeLists.
 */
#ifndef FORESCALE_METER_H
#define FORESCALE_METER_H

#include "forescale/http.h"
#include "forescale/store.h"

typedef struct fsc_meter_input {
    const fsc_config *config;
    const fsc_budget_config *budget;
    fsc_http *http;
    fsc_store *store;
    int64_t now;
    const char *series_id;
} fsc_meter_input;

typedef struct fsc_meter_ops {
    const char *name, *summary;
    fsc_meter_source source;
    /* Writes the samples that the store lacks into the series. */
    fsc_status (*collect)(const fsc_meter_input *in, fsc_arena *a, fsc_err *err);
} fsc_meter_ops;
const fsc_meter_ops *const *fsc_meters(void); /* ends with NULL */

enum { FSC_METER_STEP_S = 60 };

/* Reads what the meter of a budget says into the store. */
fsc_status fsc_meter_collect(const fsc_config *c, const fsc_budget_config *budget, fsc_http *http,
                             fsc_store *s, int64_t now, fsc_arena *a, fsc_err *err) FSC_CHECKED;

typedef enum fsc_meter_state { FSC_METER_NONE, FSC_METER_FRESH, FSC_METER_STALE } fsc_meter_state;

/* A window's spend. Where the meter has no samples, the own estimate in the ledger stands in for
 * it; of the whole window the larger of both counts. */
typedef struct fsc_meter_reading {
    fsc_meter_state state; /* NONE: no sample in the window */
    int64_t spent_micros;
    int64_t newest;          /* time of the newest sample; 0: none */
    int64_t covered_s;       /* of the window, by the meter */
    int64_t metered_micros;  /* in that time */
    int64_t estimate_micros; /* the ledger's, in that time */
    int64_t whole_micros;    /* the ledger's, of the whole window */
    bool others;             /* the ledger has spend in another currency: not counted */
} fsc_meter_reading;

fsc_status fsc_meter_read(fsc_meter_reading *out, fsc_store *s, const fsc_config *c,
                          const fsc_budget_config *budget, int64_t from, int64_t now, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;

#endif
