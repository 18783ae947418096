/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "history.h"
#include "chunk.h"

#include <math.h>
#include <string.h>

enum { MAX_SPAN_POINTS = 50 * 1000 * 1000 };

/* Times beyond the year 30000 are mistakes (milliseconds, damage); sums of such do not overflow. */
static const int64_t time_limit = INT64_C(1) << 40;

/* ---- series ---- */

static bool is_sound(const fsc_series_row *row)
{
    return row->step_s > 0 && row->phase_s >= 0 && row->phase_s < row->step_s &&
           row->first > -time_limit && row->first <= row->newest && row->newest < time_limit &&
           (row->samples == 0 || row->raw_from <= row->newest);
}

fsc_status fsc__history_find(fsc_series_row *out, bool *found, fsc_store *s, const char *name,
                             fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "SELECT id, step_s, phase_s, first, newest, samples, (SELECT min(start) FROM chunk WHERE "
        "series_id = series.id) FROM series WHERE name = $1",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, name);
    FSC_TRY(fsc__db_step(found, st, err));
    if (!*found)
        return FSC_OK;
    *out = (fsc_series_row){.id = fsc__db_get_int(st, 0),
                            .step_s = (int32_t)fsc__db_get_int(st, 1),
                            .phase_s = fsc__db_get_int(st, 2),
                            .first = fsc__db_get_int(st, 3),
                            .newest = fsc__db_get_int(st, 4),
                            .samples = fsc__db_get_int(st, 5),
                            .raw_from = fsc__db_get_int(st, 6)};
    fsc__db_done(st);
    return is_sound(out)
               ? FSC_OK
               : fsc_fail(err, FSC_STORE,
                          "the store is damaged: series %s has impossible times; restore a backup, "
                          "or move it away and collect anew",
                          name);
}

static fsc_status create_series(fsc_series_row *out, fsc_store *s, const fsc_series *piece,
                                fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "INSERT INTO series (name, step_s, phase_s, first, newest, "
                                   "samples) VALUES ($1, $2, $3, $4, $5, 0) RETURNING id",
                                   err);
    if (!st)
        return FSC_STORE;
    int64_t newest = fsc_series_newest(piece); /* widened by what is written next */
    *out = (fsc_series_row){.step_s = piece->step_s,
                            .phase_s = floor_mod(piece->start, piece->step_s),
                            .first = newest,
                            .newest = newest};
    fsc__db_text(st, piece->id);
    fsc__db_int(st, out->step_s);
    fsc__db_int(st, out->phase_s);
    fsc__db_int(st, out->first);
    fsc__db_int(st, out->newest);
    return fsc__db_run_int(&out->id, st, err);
}

fsc_status fsc__history_update(fsc_store *s, const fsc_series_row *row, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s, "UPDATE series SET first = $1, newest = $2, samples = $3 WHERE id = $4", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->first);
    fsc__db_int(st, row->newest);
    fsc__db_int(st, row->samples);
    fsc__db_int(st, row->id);
    return fsc__db_run(st, err);
}

int64_t fsc__history_span_s(const fsc_series_row *row)
{
    return (int64_t)FSC_CHUNK_POINTS * row->step_s;
}

int64_t fsc__history_chunk_start(const fsc_series_row *row, int64_t t)
{
    return t - floor_mod(t - row->phase_s, fsc__history_span_s(row));
}

/* ---- chunks ---- */

void fsc__history_clear(double *v)
{
    for (size_t i = 0; i < FSC_CHUNK_POINTS; i++)
        v[i] = NAN;
}

/* v[FSC_CHUNK_POINTS]: NaN where nothing is stored. */
static fsc_status read_chunk(double *v, fsc_store *s, const fsc_series_row *row, int64_t start,
                             fsc_err *err)
{
    bool found;
    size_t n_bytes, n;
    fsc_stmt *st =
        fsc__db_prepare(s, "SELECT bytes FROM chunk WHERE series_id = $1 AND start = $2", err);
    fsc__history_clear(v);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->id);
    fsc__db_int(st, start);
    FSC_TRY(fsc__db_step(&found, st, err));
    if (!found)
        return FSC_OK;
    const void *bytes = fsc__db_get_bytes(&n_bytes, st, 0);
    fsc_status status = fsc_chunk_decode(v, &n, bytes, n_bytes, err);
    fsc__db_done(st);
    return status;
}

size_t fsc__history_count(const double *v, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += isnan(v[i]) ? 0 : 1;
    return count;
}

static fsc_status write_chunk(fsc_store *s, const fsc_series_row *row, int64_t start,
                              const double *v, fsc_err *err)
{
    uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    size_t n = FSC_CHUNK_POINTS;
    while (n > 0 && isnan(v[n - 1]))
        n--;
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO chunk (series_id, start, samples, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT "
        "(series_id, start) DO UPDATE SET samples = excluded.samples, bytes = excluded.bytes",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->id);
    fsc__db_int(st, start);
    fsc__db_int(st, (int64_t)fsc__history_count(v, n));
    fsc__db_bytes(st, bytes, fsc_chunk_encode(bytes, v, n));
    return fsc__db_run(st, err);
}

/* ---- writing ---- */

static fsc_status write_part(fsc_store *s, fsc_series_row *row, const fsc_series *part,
                             int64_t start, fsc_err *err)
{
    double v[FSC_CHUNK_POINTS];
    bool changed = false;
    FSC_TRY(read_chunk(v, s, row, start, err));
    for (size_t i = 0; i < part->n; i++) {
        int64_t t = part->start + (int64_t)i * part->step_s;
        double *slot = &v[(t - start) / row->step_s];
        if (isnan(part->values[i]) || memcmp(slot, &part->values[i], sizeof *slot) == 0)
            continue;
        row->samples += isnan(*slot) ? 1 : 0;
        row->first = t < row->first ? t : row->first;
        row->newest = t > row->newest ? t : row->newest;
        *slot = part->values[i];
        changed = true;
    }
    return changed ? write_chunk(s, row, start, v, err) : FSC_OK;
}

/* Does the piece stand on the stored grid, in times that can be? */
static fsc_status check_piece(const fsc_series_row *row, const fsc_series *piece, fsc_err *err)
{
    if (row->step_s != piece->step_s)
        return fsc_fail(err, FSC_DATA,
                        "series %s is stored at a step of %d s: a piece of %d s does not fit; keep "
                        "the step, or name another store",
                        piece->id, (int)row->step_s, (int)piece->step_s);
    if (floor_mod(piece->start - row->phase_s, row->step_s))
        return fsc_fail(err, FSC_DATA,
                        "series %s: the piece begins %d s beside the stored grid; align it to the "
                        "step of %d s",
                        piece->id, (int)floor_mod(piece->start - row->phase_s, row->step_s),
                        (int)row->step_s);
    return FSC_OK;
}

static fsc_status write_all(fsc_store *s, void *ctx, fsc_err *err)
{
    const fsc_series *piece = ctx;
    fsc_series_row row;
    bool found;
    FSC_TRY(fsc__history_find(&row, &found, s, piece->id, err));
    if (!found)
        FSC_TRY(create_series(&row, s, piece, err));
    FSC_TRY(check_piece(&row, piece, err));
    const fsc_series_row before = row;
    for (int64_t start = fsc__history_chunk_start(&row, piece->start);
         start < fsc_series_end(piece); start += fsc__history_span_s(&row)) {
        fsc_series part = fsc_series_cut(piece, start, start + fsc__history_span_s(&row));
        FSC_TRY(write_part(s, &row, &part, start, err));
    }
    bool same =
        before.first == row.first && before.newest == row.newest && before.samples == row.samples;
    return same ? FSC_OK : fsc__history_update(s, &row, err);
}

fsc_status fsc_history_write(fsc_store *s, const fsc_series *piece, fsc_err *err)
{
    fsc_series copy = *piece;
    if (!fsc__history_count(piece->values, piece->n))
        return FSC_OK;
    if (piece->start <= -time_limit || piece->start >= time_limit ||
        (int64_t)piece->n >= time_limit / piece->step_s || fsc_series_end(piece) >= time_limit)
        return fsc_fail(err, FSC_DATA, "series %s: time %lld is out of range; give seconds",
                        piece->id, (long long)piece->start);
    return fsc__db_whole(s, write_all, &copy, err);
}

/* ---- reading ---- */

fsc_status fsc__history_open(fsc_series_row *row, fsc_store *s, const char *id, fsc_err *err)
{
    bool found;
    FSC_TRY(fsc__history_find(row, &found, s, id, err));
    return found
               ? FSC_OK
               : fsc_fail(
                     err, FSC_MISSING,
                     "the store has no series %s: run forescale collect, or import with --from-csv",
                     id);
}

/* An empty grid of `step_s` over [from, to), clipped to what can be there. */
fsc_status fsc__history_grid(fsc_series *out, double **v, const char *id, int64_t from, int64_t to,
                             int32_t step_s, int64_t phase_s, fsc_arena *a, fsc_err *err)
{
    int64_t start = from + floor_mod(phase_s - from, step_s);
    int64_t n = to > start ? (to - start + step_s - 1) / step_s : 0;
    if (n > MAX_SPAN_POINTS)
        return fsc_fail(err, FSC_DATA, "series %s: %lld points are too many at once", id,
                        (long long)n);
    *v = FSC_NEW(a, (size_t)n, double, err);
    if (!*v)
        return FSC_NOMEM;
    for (int64_t i = 0; i < n; i++)
        (*v)[i] = NAN;
    *out = (fsc_series){.id = id, .start = start, .step_s = step_s, .n = (size_t)n, .values = *v};
    return FSC_OK;
}

void fsc__history_place(double *v, const fsc_series *grid, const double *chunk, size_t n,
                        int64_t start)
{
    int64_t first = (start - grid->start) / grid->step_s, from = first < 0 ? -first : 0,
            to = clip((int64_t)grid->n - first, 0, (int64_t)n);
    for (int64_t i = from; i < to; i++)
        v[first + i] = isnan(chunk[i]) ? v[first + i] : chunk[i];
}

/* sql selects (start, bytes) by series and a range of starts. */
fsc_status fsc__history_read_range(double *v, const fsc_series *grid, fsc_store *s, const char *sql,
                                   int64_t series_id, int64_t from, int64_t to, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    double chunk[FSC_CHUNK_POINTS];
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, series_id);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    for (bool row;;) {
        size_t n, n_bytes;
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        int64_t start = fsc__db_get_int(st, 0);
        const void *bytes = fsc__db_get_bytes(&n_bytes, st, 1);
        fsc_status status = fsc_chunk_decode(chunk, &n, bytes, n_bytes, err);
        if (status != FSC_OK) {
            fsc__db_done(st);
            return status;
        }
        fsc__history_place(v, grid, chunk, n, start);
    }
}

fsc_status fsc_history_read(fsc_series *out, fsc_store *s, const char *id, int64_t from, int64_t to,
                            fsc_arena *a, fsc_err *err)
{
    fsc_series_row row;
    double *v;
    FSC_TRY(fsc__history_open(&row, s, id, err));
    int64_t first = row.first > row.raw_from ? row.first : row.raw_from;
    from = clip(from, first, row.newest + row.step_s);
    to = row.samples ? clip(to, first, row.newest + row.step_s) : from;
    FSC_TRY(fsc__history_grid(out, &v, id, from, to, row.step_s, row.phase_s, a, err));
    return fsc__history_read_range(
        v, out, s,
        "SELECT start, bytes FROM chunk WHERE series_id = $1 AND start >= $2 AND start "
        "< $3 ORDER BY start",
        row.id, fsc__history_chunk_start(&row, from), to, err);
}

/* ---- what there is ---- */

fsc_status fsc_history_list(fsc_history_info **out, size_t *n, fsc_store *s, fsc_arena *a,
                            fsc_err *err)
{
    bool row;
    int64_t count;
    *n = 0;
    fsc_stmt *st = fsc__db_prepare(s, "SELECT count(*) FROM series", err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_run_int(&count, st, err));
    size_t cap = (size_t)count;
    *out = FSC_NEW(a, cap, fsc_history_info, err);
    st = fsc__db_prepare(s,
                         "SELECT name, step_s, first, newest, samples, (SELECT "
                         "coalesce(sum(length(bytes)), 0) FROM chunk "
                         "WHERE series_id = series.id) FROM series ORDER BY name",
                         err);
    if (!*out || !st)
        return *out ? FSC_STORE : FSC_NOMEM;
    for (;;) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        if (*n == cap)
            break;
        const char *name = fsc__db_get_text(st, 0, a, err);
        if (!name)
            break;
        (*out)[(*n)++] = (fsc_history_info){.id = name,
                                            .step_s = (int32_t)fsc__db_get_int(st, 1),
                                            .first = fsc__db_get_int(st, 2),
                                            .newest = fsc__db_get_int(st, 3),
                                            .samples = (size_t)fsc__db_get_int(st, 4),
                                            .bytes = (size_t)fsc__db_get_int(st, 5)};
    }
    fsc__db_done(st);
    return *n == cap ? FSC_OK : FSC_NOMEM;
}
