/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of which version is a store, and is it whole. */
#include "chunk.h"
#include "db.h"

fsc_status fsc__store_check_version(int64_t version, const fsc_engine *engine, const char *name,
                                    fsc_err *err)
{
    if (version >= 0 && version <= engine->newest_schema)
        return FSC_OK;
    return fsc_fail(err, FSC_STORE,
                    "store %s: its schema %lld is newer than this program's %lld; use the newer "
                    "program",
                    name, (long long)version, (long long)engine->newest_schema);
}

static fsc_status upgrade(fsc_store *s, void *unused, fsc_err *err)
{
    int64_t version; /* again: another process may have done it while we waited */
    (void)unused;
    FSC_TRY(s->engine->version(&version, s, err));
    for (int64_t i = version; i < s->engine->newest_schema; i++)
        FSC_TRY(fsc__db_exec(s, s->engine->migrations[i], err));
    return FSC_OK;
}

fsc_status fsc__store_migrate(fsc_store *s, fsc_store_access access, fsc_err *err)
{
    int64_t version;
    FSC_TRY(s->engine->version(&version, s, err));
    FSC_TRY(fsc__store_check_version(version, s->engine, s->name, err));
    if (version == s->engine->newest_schema)
        return FSC_OK;
    if (access == FSC_STORE_READ)
        return fsc_fail(err, FSC_STORE, "store %s: %s; run forescale collect, which mends that",
                        s->name,
                        version ? "its schema is of an older program" : "it is still empty");
    return fsc__db_alone(s, upgrade, NULL, err);
}

/* ---- is it whole ---- */

/* sql selects (series_id, start, bytes) behind a series and a start, in order, some at a time: an
 * engine may keep all rows of an answer in memory. */
static fsc_status check_some(size_t *n, int64_t *series, int64_t *start, fsc_store *s,
                             const char *sql, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    double v[FSC_CHUNK_POINTS];
    *n = 0;
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, *series);
    fsc__db_int(st, *start);
    for (bool row;; ++*n) {
        size_t n_bytes, points;
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        *series = fsc__db_get_int(st, 0);
        *start = fsc__db_get_int(st, 1);
        const void *bytes = fsc__db_get_bytes(&n_bytes, st, 2);
        fsc_status status = fsc_chunk_decode(v, &points, bytes, n_bytes, err);
        if (status != FSC_OK) {
            fsc__db_done(st);
            return status;
        }
    }
}

static fsc_status check_chunks(fsc_store *s, const char *sql, fsc_err *err)
{
    int64_t series = INT64_MIN, start = INT64_MIN;
    for (size_t n = 1; n;)
        FSC_TRY(check_some(&n, &series, &start, s, sql, err));
    return FSC_OK;
}

fsc_status fsc_store_check(fsc_store *s, fsc_err *err)
{
    FSC_TRY(s->engine->check(s, err));
    FSC_TRY(check_chunks(s,
                         "SELECT series_id, start, bytes FROM chunk WHERE (series_id, start) > "
                         "($1, $2) ORDER BY series_id, start LIMIT 1000",
                         err));
    return check_chunks(s,
                        "SELECT series_id, start, bytes FROM hourly WHERE (series_id, start) > "
                        "($1, $2) ORDER BY series_id, start LIMIT 1000",
                        err);
}
