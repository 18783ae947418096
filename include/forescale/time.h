/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time is int64_t seconds since 1970-01-01 UTC, durations are int64_t seconds. "now" is an argument
 * everywhere below cli/, so that any past decision can be replayed.
 */
#ifndef FORESCALE_TIME_H
#define FORESCALE_TIME_H

#include "forescale/arena.h"

#include <stdint.h>

#define FSC_MINUTE_S 60
#define FSC_HOUR_S   3600
#define FSC_DAY_S    86400
#define FSC_WEEK_S   604800

/* RFC 3339 ("2026-11-24T09:00:00Z", with an offset, or a fraction that is cut) or Unix seconds. */
fsc_status fsc_time_parse(int64_t *out, const char *text, fsc_err *err) FSC_CHECKED;

/* "2026-11-24T09:00" or "2026-11-24" as the zone's local time, or with an offset of its own. */
struct fsc_zone;
fsc_status fsc_time_parse_local(int64_t *out, const struct fsc_zone *z, const char *text,
                                fsc_err *err) FSC_CHECKED;

#define FSC_TIME_TEXT 32
/* RFC 3339 in UTC; returns out. */
const char *fsc_time_format(char out[FSC_TIME_TEXT], int64_t t);

/* "90s", "5m", "6h", "14d", "1h30m"; a bare number is refused. */
fsc_status fsc_duration_parse(int64_t *out, const char *text, fsc_err *err) FSC_CHECKED;
/* The shortest exact form: 345 -> "5m45s"; returns out. */
const char *fsc_duration_format(char out[FSC_TIME_TEXT], int64_t s);

/* A time zone's offsets as data, so that pure code can use local time (RFC 8536). Immutable. */
typedef struct fsc_zone {
    const char *name;
    size_t n;                /* transitions */
    const int64_t *at;       /* [n] ascending UTC times */
    const int32_t *offset_s; /* [n + 1]: before at[0], then from at[i] on */
} fsc_zone;

extern const fsc_zone fsc_zone_utc;

int32_t fsc_zone_offset_s(const fsc_zone *z, int64_t t); /* z NULL means UTC */

typedef struct fsc_civil {
    int year, month, day; /* 1970.., 1..12, 1..31 */
    int hour, minute, second;
    int weekday; /* 0 = Monday */
} fsc_civil;

fsc_civil fsc_civil_at(const fsc_zone *z, int64_t t);
/* The instant at which the local day (week from Monday, month) that holds t began; next likewise.
 */
typedef enum fsc_period { FSC_PERIOD_DAY, FSC_PERIOD_WEEK, FSC_PERIOD_MONTH } fsc_period;
int64_t fsc_period_start(const fsc_zone *z, fsc_period p, int64_t t);
int64_t fsc_period_end(const fsc_zone *z, fsc_period p, int64_t t);
/* The UTC instant of a local date and time; in a DST gap the instant after it, in a fold the first.
 */
int64_t fsc_zone_local_to_utc(const fsc_zone *z, const fsc_civil *c);

#endif
