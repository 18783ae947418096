/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files history*.c share: rows of series, and grids that chunks are laid on. */
#ifndef FSC_HISTORY_H
#define FSC_HISTORY_H

#include "db.h"

typedef struct fsc_series_row {
    int64_t id, phase_s, first, newest, samples;
    int64_t raw_from; /* where the first chunk begins, if samples > 0: before are roll-ups only */
    int32_t step_s;
} fsc_series_row;

/* *found tells whether there is such a series; FSC_STORE when its row cannot be right. */
fsc_status fsc__history_find(fsc_series_row *out, bool *found, fsc_store *s, const char *name,
                             fsc_err *err) FSC_CHECKED;
/* FSC_MISSING when there is none. */
fsc_status fsc__history_open(fsc_series_row *row, fsc_store *s, const char *id,
                             fsc_err *err) FSC_CHECKED;
fsc_status fsc__history_update(fsc_store *s, const fsc_series_row *row, fsc_err *err) FSC_CHECKED;

int64_t fsc__history_span_s(const fsc_series_row *row); /* of a chunk */
int64_t fsc__history_chunk_start(const fsc_series_row *row,
                                 int64_t t); /* of the one that holds t */

void fsc__history_clear(double *v);                   /* v[FSC_CHUNK_POINTS] = NaN */
size_t fsc__history_count(const double *v, size_t n); /* values that are no gaps */

/* An empty grid over [from, to) in the arena; *v are its values, to write. */
fsc_status fsc__history_grid(fsc_series *out, double **v, const char *id, int64_t from, int64_t to,
                             int32_t step_s, int64_t phase_s, fsc_arena *a,
                             fsc_err *err) FSC_CHECKED;
/* Lays chunk[n], which begins at start, over the grid; its gaps leave what is there. */
void fsc__history_place(double *v, const fsc_series *grid, const double *chunk, size_t n,
                        int64_t start);
/* Lays stored chunks over the grid: sql selects (start, bytes) by series, from and to. */
fsc_status fsc__history_read_range(double *v, const fsc_series *grid, fsc_store *s, const char *sql,
                                   int64_t series_id, int64_t from, int64_t to,
                                   fsc_err *err) FSC_CHECKED;

static inline int64_t floor_mod(int64_t a, int64_t b)
{
    return (a % b + b) % b;
}

static inline int64_t clip(int64_t t, int64_t low, int64_t high)
{
    return t < low ? low : t > high ? high : t;
}
#endif
