/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chunk.h"
#include "history.h"

#include <math.h>
#include <string.h>

static fsc_status clear_known_empty(double *v, const fsc_series *grid, fsc_store *s, const char *id,
                                    int64_t now, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "SELECT from_t, to_t FROM empty_span WHERE name = $1 AND "
                                   "retry_at > $2 AND to_t > $3 AND from_t < $4",
                                   err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, id);
    fsc__db_int(st, now);
    fsc__db_int(st, grid->start);
    fsc__db_int(st, fsc_series_end(grid));
    for (bool row;;) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        fsc_series known = fsc_series_cut(grid, fsc__db_get_int(st, 0), fsc__db_get_int(st, 1));
        for (size_t i = (size_t)(known.values - v), k = 0; k < known.n; k++)
            v[i + k] = isnan(v[i + k]) ? 0 : v[i + k];
    }
}

/* A full chunk needs no decoding: it has no gaps. */
static fsc_status clear_stored(double *v, const fsc_series *grid, fsc_store *s,
                               const fsc_series_row *row, fsc_err *err)
{
    double chunk[FSC_CHUNK_POINTS];
    fsc_stmt *st = fsc__db_prepare(s,
                                   "SELECT start, CASE WHEN samples < $1 THEN bytes END FROM chunk "
                                   "WHERE series_id = $2 AND start >= $3 AND start < $4",
                                   err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, FSC_CHUNK_POINTS);
    fsc__db_int(st, row->id);
    fsc__db_int(st, fsc__history_chunk_start(row, grid->start));
    fsc__db_int(st, fsc_series_end(grid));
    for (bool found;;) {
        size_t n = FSC_CHUNK_POINTS, n_bytes;
        FSC_TRY(fsc__db_step(&found, st, err));
        if (!found)
            return FSC_OK;
        int64_t start = fsc__db_get_int(st, 0);
        const void *bytes = fsc__db_get_bytes(&n_bytes, st, 1);
        memset(chunk, 0, sizeof chunk);
        fsc_status status = n_bytes ? fsc_chunk_decode(chunk, &n, bytes, n_bytes, err) : FSC_OK;
        if (status != FSC_OK) {
            fsc__db_done(st);
            return status;
        }
        fsc__history_place(v, grid, chunk, n, start);
    }
}

fsc_status fsc_history_gaps(fsc_span **out, size_t *n, fsc_store *s, const char *id, int32_t step_s,
                            int64_t from, int64_t to, int64_t now, fsc_arena *a, fsc_err *err)
{
    fsc_series_row row;
    bool found;
    double *v;
    fsc_series grid;
    *n = 0;
    FSC_TRY(fsc__history_find(&row, &found, s, id, err));
    FSC_TRY(fsc__history_grid(&grid, &v, id, from, to, step_s, found ? row.phase_s : 0, a, err));
    if (found && row.step_s == step_s)
        FSC_TRY(clear_stored(v, &grid, s, &row, err));
    FSC_TRY(clear_known_empty(v, &grid, s, id, now, err));
    *out = FSC_NEW(a, grid.n / 2 + 1, fsc_span, err);
    if (!*out)
        return FSC_NOMEM;
    for (size_t i = 0; i < grid.n; i++) {
        int64_t t = grid.start + (int64_t)i * step_s;
        if (!isnan(v[i]))
            continue;
        if (*n && (*out)[*n - 1].to == t)
            (*out)[*n - 1].to = t + step_s;
        else
            (*out)[(*n)++] = (fsc_span){t, t + step_s};
    }
    return FSC_OK;
}

static fsc_status bind_span(fsc_stmt *st, const char *id, fsc_span span)
{
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, id);
    fsc__db_int(st, span.from);
    fsc__db_int(st, span.to);
    return FSC_OK;
}

/* What lies within says nothing more: a series that is silent for months is a few rows. */
fsc_status fsc_history_mark_empty(fsc_store *s, const char *id, fsc_span span, int64_t retry_at,
                                  fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s, "DELETE FROM empty_span WHERE name = $1 AND from_t >= $2 AND to_t <= $3", err);
    FSC_TRY(bind_span(st, id, span));
    FSC_TRY(fsc__db_run(st, err));
    st = fsc__db_prepare(
        s, "INSERT INTO empty_span (name, from_t, to_t, retry_at) VALUES ($1, $2, $3, $4)", err);
    FSC_TRY(bind_span(st, id, span));
    fsc__db_int(st, retry_at);
    return fsc__db_run(st, err);
}
