/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chunk.h"
#include "db.h"

#include <math.h>
#include <string.h>

enum { MAX_SPAN_POINTS = 50 * 1000 * 1000 };

/* ---- series
 * ------------------------------------------------------------------------------------------------
 */

typedef struct series_row {
    int64_t id, phase_s, first, newest, samples;
    int32_t step_s;
} series_row;

static fsc_status find_series(series_row *out, bool *found, fsc_store *s, const char *name,
                              fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s, "SELECT id, step_s, phase_s, first, newest, samples FROM series WHERE name = ?", err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, name);
    FSC_TRY(fsc__db_step(found, st, err));
    if (!*found)
        return FSC_OK;
    *out = (series_row){.id = fsc__db_get_int(st, 0),
                        .step_s = (int32_t)fsc__db_get_int(st, 1),
                        .phase_s = fsc__db_get_int(st, 2),
                        .first = fsc__db_get_int(st, 3),
                        .newest = fsc__db_get_int(st, 4),
                        .samples = fsc__db_get_int(st, 5)};
    fsc__db_done(st);
    return out->step_s > 0
               ? FSC_OK
               : fsc_fail(err, FSC_STORE, "series %s has a broken row in the store", name);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    return (a % b + b) % b;
}

static fsc_status create_series(series_row *out, fsc_store *s, const fsc_series *piece,
                                fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "INSERT INTO series (name, step_s, phase_s, first, newest, "
                                   "samples) VALUES (?, ?, ?, ?, ?, 0)",
                                   err);
    if (!st)
        return FSC_STORE;
    *out = (series_row){.step_s = piece->step_s,
                        .phase_s = floor_mod(piece->start, piece->step_s),
                        .first = INT64_MAX,
                        .newest = INT64_MIN};
    fsc__db_text(st, piece->id);
    fsc__db_int(st, out->step_s);
    fsc__db_int(st, out->phase_s);
    fsc__db_int(st, out->first);
    fsc__db_int(st, out->newest);
    FSC_TRY(fsc__db_run(st, err));
    out->id = fsc__db_last_id(s);
    return FSC_OK;
}

static fsc_status update_series(fsc_store *s, const series_row *row, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s, "UPDATE series SET first = ?, newest = ?, samples = ? WHERE id = ?", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->first);
    fsc__db_int(st, row->newest);
    fsc__db_int(st, row->samples);
    fsc__db_int(st, row->id);
    return fsc__db_run(st, err);
}

static int64_t chunk_span_s(const series_row *row)
{
    return (int64_t)FSC_CHUNK_POINTS * row->step_s;
}

static int64_t chunk_start(const series_row *row, int64_t t)
{
    return t - floor_mod(t - row->phase_s, chunk_span_s(row));
}

/* ---- chunks
 * -------------------------------------------------------------------------------------------------
 */

/* v[FSC_CHUNK_POINTS]: NaN where nothing is stored. */
static fsc_status read_chunk(double *v, fsc_store *s, const series_row *row, int64_t start,
                             fsc_err *err)
{
    bool found;
    size_t n_bytes, n;
    fsc_stmt *st =
        fsc__db_prepare(s, "SELECT bytes FROM chunk WHERE series_id = ? AND start = ?", err);
    for (size_t i = 0; i < FSC_CHUNK_POINTS; i++)
        v[i] = NAN;
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

static size_t count_present(const double *v, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += isnan(v[i]) ? 0 : 1;
    return count;
}

static fsc_status write_chunk(fsc_store *s, const series_row *row, int64_t start, const double *v,
                              fsc_err *err)
{
    uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    size_t n = FSC_CHUNK_POINTS;
    while (n > 0 && isnan(v[n - 1]))
        n--;
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO chunk (series_id, start, samples, bytes) VALUES (?, ?, ?, ?) ON CONFLICT "
        "(series_id, start) DO UPDATE SET samples = excluded.samples, bytes = excluded.bytes",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->id);
    fsc__db_int(st, start);
    fsc__db_int(st, (int64_t)count_present(v, n));
    fsc__db_bytes(st, bytes, fsc_chunk_encode(bytes, v, n));
    return fsc__db_run(st, err);
}

/* ---- writing
 * -------------------------------------------------------------------------------------------------
 */

static fsc_status write_part(fsc_store *s, series_row *row, const fsc_series *part, int64_t start,
                             fsc_err *err)
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

static fsc_status write_all(fsc_store *s, const fsc_series *piece, fsc_err *err)
{
    series_row row;
    bool found;
    FSC_TRY(find_series(&row, &found, s, piece->id, err));
    if (!found)
        FSC_TRY(create_series(&row, s, piece, err));
    if (row.step_s != piece->step_s)
        return fsc_fail(err, FSC_DATA,
                        "series %s is stored with a step of %d s: a piece of %d s does not fit",
                        piece->id, (int)row.step_s, (int)piece->step_s);
    if (floor_mod(piece->start - row.phase_s, row.step_s))
        return fsc_fail(err, FSC_DATA, "series %s: the piece does not stand on the stored grid",
                        piece->id);
    const series_row before = row;
    for (int64_t start = chunk_start(&row, piece->start); start < fsc_series_end(piece);
         start += chunk_span_s(&row)) {
        fsc_series part = fsc_series_cut(piece, start, start + chunk_span_s(&row));
        FSC_TRY(write_part(s, &row, &part, start, err));
    }
    return memcmp(&before, &row, sizeof row) ? update_series(s, &row, err) : FSC_OK;
}

fsc_status fsc_history_write(fsc_store *s, const fsc_series *piece, fsc_err *err)
{
    if (!count_present(piece->values, piece->n))
        return FSC_OK;
    FSC_TRY(fsc__db_exec(s, "SAVEPOINT piece", err));
    fsc_status status = write_all(s, piece, err);
    if (status == FSC_OK)
        return fsc__db_exec(s, "RELEASE piece", err);
    fsc_err undo = FSC_ERR_INIT; /* the first failure is the one to tell */
    if (fsc__db_exec(s, "ROLLBACK TO piece; RELEASE piece", &undo) != FSC_OK)
        return fsc_context(err, "%s; then", undo.msg);
    return status;
}

/* ---- reading
 * -------------------------------------------------------------------------------------------------
 */

static fsc_status open_series(series_row *row, fsc_store *s, const char *id, fsc_err *err)
{
    bool found;
    FSC_TRY(find_series(row, &found, s, id, err));
    return found ? FSC_OK : fsc_fail(err, FSC_MISSING, "the store has no series %s", id);
}

/* An empty grid of `step_s` over [from, to), clipped to what can be there. */
static fsc_status make_grid(fsc_series *out, double **v, const char *id, int64_t from, int64_t to,
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

static void place(double *v, const fsc_series *grid, const double *chunk, size_t n, int64_t start)
{
    int64_t first = (start - grid->start) / grid->step_s;
    for (size_t i = 0; i < n; i++) {
        int64_t at = first + (int64_t)i;
        if (at >= 0 && at < (int64_t)grid->n && !isnan(chunk[i]))
            v[at] = chunk[i];
    }
}

/* sql selects (start, bytes) by series and a range of starts. */
static fsc_status read_range(double *v, const fsc_series *grid, fsc_store *s, const char *sql,
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
        place(v, grid, chunk, n, start);
    }
}

static int64_t clip(int64_t t, int64_t low, int64_t high)
{
    return t < low ? low : t > high ? high : t;
}

fsc_status fsc_history_read(fsc_series *out, fsc_store *s, const char *id, int64_t from, int64_t to,
                            fsc_arena *a, fsc_err *err)
{
    series_row row;
    double *v;
    FSC_TRY(open_series(&row, s, id, err));
    if (row.newest < row.first) {
        *out = (fsc_series){.id = id, .start = from, .step_s = row.step_s};
        return FSC_OK;
    }
    from = clip(from, row.first, row.newest + row.step_s);
    to = clip(to, row.first, row.newest + row.step_s);
    FSC_TRY(make_grid(out, &v, id, from, to, row.step_s, row.phase_s, a, err));
    return read_range(v, out, s,
                      "SELECT start, bytes FROM chunk WHERE series_id = ? AND start >= ? AND start "
                      "< ? ORDER BY start",
                      row.id, chunk_start(&row, from), to, err);
}

/* ---- roll-ups
 * --------------------------------------------------------------------------------------------------
 */

static const char hourly_select[] = "SELECT start, bytes FROM hourly WHERE series_id = ? AND start "
                                    ">= ? AND start < ? ORDER BY start";

static int64_t hourly_span_s(void)
{
    return (int64_t)FSC_CHUNK_POINTS * FSC_HOUR_S;
}

fsc_status fsc_history_read_hourly(fsc_series *out, fsc_store *s, const char *id, int64_t from,
                                   int64_t to, fsc_arena *a, fsc_err *err)
{
    series_row row;
    double *v;
    fsc_series raw, means;
    FSC_TRY(open_series(&row, s, id, err));
    from = clip(from, row.first, row.newest + row.step_s);
    to = clip(to, row.first, row.newest + row.step_s);
    from -= floor_mod(from, FSC_HOUR_S);
    FSC_TRY(make_grid(out, &v, id, from, to, FSC_HOUR_S, 0, a, err));
    FSC_TRY(read_range(v, out, s, hourly_select, row.id, from - floor_mod(from, hourly_span_s()),
                       to, err));
    FSC_TRY(fsc_history_read(&raw, s, id, from, to, a, err));
    if (!raw.n || row.step_s > FSC_HOUR_S || FSC_HOUR_S % row.step_s)
        return FSC_OK;
    FSC_TRY(fsc_series_resample(&means, &raw, FSC_HOUR_S, 0, a, err));
    place(v, out, means.values, means.n, means.start);
    return FSC_OK;
}

static fsc_status write_hourly(fsc_store *s, const series_row *row, const fsc_series *means,
                               fsc_arena *a, fsc_err *err)
{
    for (int64_t start = means->start - floor_mod(means->start, hourly_span_s());
         start < fsc_series_end(means); start += hourly_span_s()) {
        uint8_t bytes[FSC_CHUNK_MAX_BYTES];
        double *v;
        fsc_series grid, part = fsc_series_cut(means, start, start + hourly_span_s());
        FSC_TRY(make_grid(&grid, &v, "", start, start + hourly_span_s(), FSC_HOUR_S, 0, a, err));
        FSC_TRY(read_range(v, &grid, s, hourly_select, row->id, start, start + 1, err));
        place(v, &grid, part.values, part.n, part.start);
        fsc_stmt *st = fsc__db_prepare(s,
                                       "INSERT INTO hourly (series_id, start, bytes) VALUES (?, ?, "
                                       "?) ON CONFLICT (series_id, start) "
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

static fsc_status retire_series(fsc_store *s, const char *name, int64_t before, fsc_arena *a,
                                fsc_err *err)
{
    series_row row;
    fsc_series raw, means;
    FSC_TRY(open_series(&row, s, name, err));
    int64_t limit = chunk_start(&row, before);
    if (row.first >= limit)
        return FSC_OK;
    FSC_TRY(fsc_history_read(&raw, s, name, row.first, limit, a, err));
    if (raw.n && row.step_s <= FSC_HOUR_S && FSC_HOUR_S % row.step_s == 0) {
        FSC_TRY(fsc_series_resample(&means, &raw, FSC_HOUR_S, 0, a, err));
        FSC_TRY(write_hourly(s, &row, &means, a, err));
    }
    fsc_stmt *st = fsc__db_prepare(s, "DELETE FROM chunk WHERE series_id = ? AND start < ?", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row.id);
    fsc__db_int(st, limit);
    FSC_TRY(fsc__db_run(st, err));
    row.samples -= (int64_t)count_present(raw.values, raw.n);
    return update_series(s, &row, err);
}

fsc_status fsc_history_retire(fsc_store *s, int64_t before, fsc_err *err)
{
    fsc_arena *a;
    fsc_history_info *list;
    size_t n = 0;
    FSC_TRY(fsc_arena_open(&a, (size_t)1 << 30, err));
    fsc_status status = fsc_history_list(&list, &n, s, a, err);
    for (size_t i = 0; i < n && status == FSC_OK; i++) {
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        status = retire_series(s, list[i].id, before, a, err);
        fsc_arena_rewind(a, mark);
    }
    fsc_arena_close(a);
    return status;
}

/* ---- what there is
 * -----------------------------------------------------------------------------------------------
 */

fsc_status fsc_history_list(fsc_history_info **out, size_t *n, fsc_store *s, fsc_arena *a,
                            fsc_err *err)
{
    bool row;
    size_t cap;
    *n = 0;
    fsc_stmt *count = fsc__db_prepare(s, "SELECT count(*) FROM series", err);
    if (!count)
        return FSC_STORE;
    FSC_TRY(fsc__db_step(&row, count, err));
    cap = row ? (size_t)fsc__db_get_int(count, 0) : 0;
    fsc__db_done(count);
    *out = FSC_NEW(a, cap, fsc_history_info, err);
    fsc_stmt *st = fsc__db_prepare(s,
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

static fsc_status clear_known_empty(double *v, const fsc_series *grid, fsc_store *s, const char *id,
                                    int64_t now, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "SELECT from_t, to_t FROM empty_span WHERE name = ? AND "
                                   "retry_at > ? AND to_t > ? AND from_t < ?",
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
        int64_t from = fsc__db_get_int(st, 0), to = fsc__db_get_int(st, 1);
        for (size_t i = 0; i < grid->n; i++) {
            int64_t t = grid->start + (int64_t)i * grid->step_s;
            v[i] = t >= from && t < to && isnan(v[i]) ? 0 : v[i];
        }
    }
}

fsc_status fsc_history_gaps(fsc_span **out, size_t *n, fsc_store *s, const char *id, int32_t step_s,
                            int64_t from, int64_t to, int64_t now, fsc_arena *a, fsc_err *err)
{
    series_row row;
    bool found;
    double *v;
    fsc_series grid;
    *n = 0;
    FSC_TRY(find_series(&row, &found, s, id, err));
    FSC_TRY(make_grid(&grid, &v, id, from, to, step_s, found ? row.phase_s : 0, a, err));
    if (found && row.step_s == step_s)
        FSC_TRY(read_range(
            v, &grid, s,
            "SELECT start, bytes FROM chunk WHERE series_id = ? AND start >= ? AND start < ?",
            row.id, chunk_start(&row, from), to, err));
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

fsc_status fsc_history_mark_empty(fsc_store *s, const char *id, fsc_span span, int64_t retry_at,
                                  fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO empty_span (name, from_t, to_t, retry_at) VALUES (?, ?, ?, ?) ON CONFLICT "
        "(name, from_t, to_t) DO UPDATE SET retry_at = excluded.retry_at",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, id);
    fsc__db_int(st, span.from);
    fsc__db_int(st, span.to);
    fsc__db_int(st, retry_at);
    return fsc__db_run(st, err);
}
