/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timetables of five cron fields (minute hour day month weekday), as KEDA's cron trigger has them:
 * lists, ranges, steps, names of months and days. Where day and weekday are both limited, either
 * matches.
 */
#ifndef FORESCALE_CRON_H
#define FORESCALE_CRON_H

#include "forescale/time.h"

typedef struct fsc_cron {
    uint64_t minutes, hours, days, months, weekdays; /* bit i: value i */
    bool any_day, any_weekday;
} fsc_cron;

/* FSC_DATA names the field. */
fsc_status fsc_cron_parse(fsc_cron *out, const char *text, fsc_err *err) FSC_CHECKED;

/* The first minute after t that matches in the zone; INT64_MAX: none within five years. */
int64_t fsc_cron_next(const fsc_cron *c, const fsc_zone *z, int64_t t);

/* Replicas that are asked for while an `end` is the next to come of both. */
typedef struct fsc_timetable {
    fsc_cron start, end;
    const fsc_zone *zone;
    int64_t replicas;
} fsc_timetable;

typedef struct fsc_timed_replicas {
    int64_t from, to; /* [from, to) */
    int64_t replicas;
} fsc_timed_replicas;

/* Writes the spans in which the timetable is active within [from, to), the first `room` of them;
 * returns how many. One that has begun before starts at `from`, one may end after `to`. */
size_t fsc_timetable_spans(fsc_timed_replicas *out, size_t room, const fsc_timetable *t,
                           int64_t from, int64_t to);

#endif
