/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "history.h"

#include <math.h>

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
        FSC_TRY(fsc__history_read_range(
            v, &grid, s,
            "SELECT start, bytes FROM chunk WHERE series_id = $1 AND start >= $2 AND start < $3",
            row.id, fsc__history_chunk_start(&row, from), to, err));
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
