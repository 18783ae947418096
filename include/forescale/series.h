/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A time series on a regular grid: values[i] belongs to start + i * step_s. A gap is NaN and never
 * 0; infinities do not occur. Immutable after construction; values live in the arena.
 */
#ifndef FORESCALE_SERIES_H
#define FORESCALE_SERIES_H

#include "forescale/time.h"

#include <stdint.h>

typedef struct fsc_series {
    const char *id;
    int64_t start;  /* UTC seconds, a multiple of nothing in particular */
    int32_t step_s; /* > 0 */
    size_t n;
    const double *values;
} fsc_series;

typedef struct fsc_sample {
    int64_t t;
    double v;
} fsc_sample;

/*
 * Lays n samples (strictly ascending t) on a grid of step_s (0: the most frequent difference).
 * A sample goes to the grid point at or before it; of several in one step the mean counts.
 * Missing, NaN and infinite samples are gaps. FSC_DATA if unsorted, doubled, or empty.
 */
fsc_status fsc_series_from_samples(fsc_series *out, const char *id, const fsc_sample *s, size_t n,
                                   int32_t step_s, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The part of s with from <= t < to; shares s's values. */
fsc_series fsc_series_cut(const fsc_series *s, int64_t from, int64_t to);

/* Means over step_s (a multiple of s->step_s) aligned to multiples of step_s since 1970; a bucket
 * with less than min_fill of its samples is a gap. */
fsc_status fsc_series_resample(fsc_series *out, const fsc_series *s, int32_t step_s,
                               double min_fill, fsc_arena *a, fsc_err *err) FSC_CHECKED;

int64_t fsc_series_end(const fsc_series *s); /* time of the last grid point + step */
size_t fsc_series_gaps(const fsc_series *s); /* NaN values */
int64_t
fsc_series_newest(const fsc_series *s); /* time of the last value that is no gap, or INT64_MIN */

#endif
