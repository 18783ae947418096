/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The recent past of one series as all models see it: a regular grid with gaps, the same with gaps
 * filled causally, and the local calendar of each grid point. One past serves many experts.
 */
#ifndef FSC_PAST_H
#define FSC_PAST_H

#include "forescale/config.h"
#include "forescale/series.h"

/* What a day of the series itself told of the calendar (newest_day.h). */
typedef struct fsc_past_note {
    int64_t from_t;      /* the day's beginning */
    int64_t clock_steps; /* more local offset from then on; 0: an odd day, of which nothing is
                            learned */
} fsc_past_note;

enum { FSC_MAX_NOTES = 16 };

typedef struct fsc_past {
    const char *id;
    const fsc_calendar *calendar; /* NULL: UTC, nothing special */
    int64_t start;                /* time of index 0 */
    int32_t step_s;
    size_t day, week; /* steps in a day and a week; 0 where the step does not divide a day */
    size_t n, cap;
    double *y;       /* [cap] base demand: events' factors divided out; NaN is a gap */
    double *filled;  /* [cap] y, gaps filled from the same local time of the last day of the same
                        class,  or a day before, else the last value */
    size_t ahead;    /* how far behind n the two arrays below are known */
    int16_t *shift;  /* [cap + ahead] local offset in steps: same local time a day before is i - day
                        + shift change */
    uint8_t *class_; /* [cap + ahead] 0 a weekday, 1 a weekend or a holiday */
    fsc_past_note note[FSC_MAX_NOTES]; /* by time */
    size_t n_notes;
    struct fsc_features
        *features; /* NULL, or what direct regressions see of it: [FSC_N_TRANSFORMS] */
} fsc_past;

fsc_status fsc_past_open(fsc_past *w, const char *id, const fsc_calendar *calendar, int32_t step_s,
                         int64_t start, size_t cap, size_t ahead, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;

/* The next n grid points as they were sampled; NaN for a gap. The past must have room for them. */
void fsc_past_append(fsc_past *w, const double *values, size_t n);

/* The same of n saved points of y (base demand; bytes of any alignment). */
void fsc_past_restore(fsc_past *w, const void *y, size_t n);

/* From now on these notes hold: what follows from them is made anew. A day that was odd stays so.
 */
void fsc_past_set_notes(fsc_past *w, const fsc_past_note *note, size_t n);

/* Forgets the oldest `steps` grid points: what is left is as if they had never been. */
void fsc_past_drop(fsc_past *w, size_t steps);

/* Index of the same local time k days before index i; SIZE_MAX before the first. */
static inline size_t fsc_past_days_before(const fsc_past *w, size_t i, size_t k)
{
    if (!w->day || i < k * w->day)
        return SIZE_MAX;
    size_t back = i - k * w->day;
    int64_t j = (int64_t)back + w->shift[i] - w->shift[back];
    return j < 0 ? SIZE_MAX : (size_t)j;
}

static inline int64_t fsc_past_time(const fsc_past *w, size_t i)
{
    return w->start + (int64_t)i * w->step_s;
}

/* Product of the factors of the events that hold t and cover this series. */
double fsc_past_factor(const fsc_past *w, int64_t t);

#endif
