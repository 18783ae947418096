/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The long range: raw samples become hourly means when they retire. */
#include "chunk.h"
#include "history.h"

enum { RETIRE_BATCH = 64 };

static const char hourly_select[] =
    "SELECT start, bytes FROM hourly WHERE series_id = $1 AND start "
    ">= $2 AND start < $3 ORDER BY start";

static int64_t hourly_span_s(void)
{
    return (int64_t)FSC_CHUNK_POINTS * FSC_HOUR_S;
}

static bool has_hours(const fsc_series_row *row)
{
    return FSC_HOUR_S % row->step_s == 0;
}

/* Means of the raw samples under what is rolled up already: late samples of an hour that has a
 * mean do not change it, since the samples that made it are gone. */
fsc_status fsc_history_read_hourly(fsc_series *out, fsc_store *s, const char *id, int64_t from,
                                   int64_t to, fsc_arena *a, fsc_err *err)
{
    fsc_series_row row;
    double *v;
    fsc_series raw, means;
    FSC_TRY(fsc__history_open(&row, s, id, err));
    from = clip(from, row.first, row.newest + 1);
    to = clip(to, row.first, row.newest + 1);
    from -= floor_mod(from, FSC_HOUR_S);
    FSC_TRY(fsc__history_grid(out, &v, id, from, to, FSC_HOUR_S, 0, a, err));
    FSC_TRY(fsc_history_read(&raw, s, id, from, to, a, err));
    if (raw.n && has_hours(&row)) {
        FSC_TRY(fsc_series_resample(&means, &raw, FSC_HOUR_S, 0, a, err));
        fsc__history_place(v, out, means.values, means.n, means.start);
    }
    return fsc__history_read_range(v, out, s, hourly_select, row.id,
                                   from - floor_mod(from, hourly_span_s()), to, err);
}

static fsc_status write_hourly(fsc_store *s, const fsc_series_row *row, const fsc_series *means,
                               fsc_err *err)
{
    for (int64_t start = means->start - floor_mod(means->start, hourly_span_s());
         start < fsc_series_end(means); start += hourly_span_s()) {
        uint8_t bytes[FSC_CHUNK_MAX_BYTES];
        double v[FSC_CHUNK_POINTS];
        fsc_series part = fsc_series_cut(means, start, start + hourly_span_s());
        const fsc_series grid = {
            .start = start, .step_s = FSC_HOUR_S, .n = FSC_CHUNK_POINTS, .values = v};
        fsc__history_clear(v);
        fsc__history_place(v, &grid, part.values, part.n, part.start);
        FSC_TRY(
            fsc__history_read_range(v, &grid, s, hourly_select, row->id, start, start + 1, err));
        fsc_stmt *st =
            fsc__db_prepare(s,
                            "INSERT INTO hourly (series_id, start, bytes) VALUES ($1, $2, "
                            "$3) ON CONFLICT (series_id, start) "
                            "DO UPDATE SET bytes = excluded.bytes",
                            err);
        if (!st)
            return FSC_STORE;
        fsc__db_int(st, row->id);
        fsc__db_int(st, start);
        fsc__db_bytes(st, bytes, fsc_chunk_encode(bytes, v, FSC_CHUNK_POINTS));
        FSC_TRY(fsc__db_run(st, err));
    }
    return FSC_OK;
}

/* Where a chunk and an hour begin together: no hour's mean is made of a part of its samples. */
static int64_t retire_limit(const fsc_series_row *row, int64_t before)
{
    int64_t limit = fsc__history_chunk_start(row, before);
    while (floor_mod(limit - row->phase_s, FSC_HOUR_S))
        limit -= fsc__history_span_s(row);
    return limit;
}

static fsc_status retire_series(fsc_store *s, const char *name, int64_t before, fsc_arena *a,
                                fsc_err *err)
{
    fsc_series_row row;
    fsc_series raw, means;
    FSC_TRY(fsc__history_open(&row, s, name, err));
    if (!row.samples || !has_hours(&row)) /* longer steps than an hour's are few: they stay */
        return FSC_OK;
    int64_t limit = retire_limit(&row, before);
    if (row.raw_from >= limit)
        return FSC_OK;
    FSC_TRY(fsc_history_read(&raw, s, name, row.raw_from, limit, a, err));
    if (!raw.n)
        return FSC_OK;
    FSC_TRY(fsc_series_resample(&means, &raw, FSC_HOUR_S, 0, a, err));
    FSC_TRY(write_hourly(s, &row, &means, err));
    fsc_stmt *st = fsc__db_prepare(s, "DELETE FROM chunk WHERE series_id = $1 AND start < $2", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row.id);
    fsc__db_int(st, limit);
    FSC_TRY(fsc__db_run(st, err));
    row.samples -= (int64_t)fsc__history_count(raw.values, raw.n);
    return fsc__history_update(s, &row, err);
}

typedef struct retirement {
    const char *names[RETIRE_BATCH];
    size_t n;
    int64_t before;
    fsc_arena *a;
} retirement;

/* The next series behind the last of the batch before that hold something older. */
static fsc_status next_batch(retirement *r, fsc_store *s, const char *behind, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "SELECT name FROM series WHERE name > $1 AND (SELECT min(start) "
                                   "FROM chunk WHERE series_id = series.id) < $2 ORDER BY name "
                                   "LIMIT $3",
                                   err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, behind);
    fsc__db_int(st, r->before);
    fsc__db_int(st, RETIRE_BATCH);
    for (bool row;; r->n++) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        r->names[r->n] = fsc__db_get_text(st, 0, r->a, err);
        if (!r->names[r->n])
            break;
    }
    fsc__db_done(st);
    return FSC_NOMEM;
}

static fsc_status retire_batch(fsc_store *s, void *ctx, fsc_err *err)
{
    const retirement *r = ctx;
    for (size_t i = 0; i < r->n; i++) {
        fsc_arena_mark mark = fsc_arena_get_mark(r->a);
        FSC_TRY(retire_series(s, r->names[i], r->before, r->a, err));
        fsc_arena_rewind(r->a, mark);
    }
    return FSC_OK;
}

static fsc_status forget_empty(fsc_store *s, int64_t before, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, "DELETE FROM empty_span WHERE to_t <= $1", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, before);
    return fsc__db_run(st, err);
}

/* In batches: one commit a series would wait for the disk each time, one for all would lock out
 * other processes. */
fsc_status fsc_history_retire(fsc_store *s, int64_t before, fsc_err *err)
{
    retirement r = {.before = before};
    fsc_status status = forget_empty(s, before, err);
    if (status == FSC_OK)
        status = fsc_arena_open(&r.a, (size_t)1 << 30, err);
    for (const char *behind = ""; status == FSC_OK; behind = r.names[r.n - 1]) {
        r.n = 0;
        status = next_batch(&r, s, behind, err);
        if (status != FSC_OK || !r.n)
            break;
        status = fsc__db_whole(s, retire_batch, &r, err);
    }
    fsc_arena_close(r.a);
    return status;
}
