/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "db.h"

#include <string.h>

fsc_status fsc_blob_put(fsc_store *s, const char *kind, const char *key, const void *bytes,
                        size_t n, int64_t at, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO blob (kind, key, at, bytes) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at, bytes = excluded.bytes",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, kind);
    fsc__db_text(st, key);
    fsc__db_int(st, at);
    fsc__db_bytes(st, bytes, n);
    return fsc__db_run(st, err);
}

fsc_status fsc_blob_get(const void **bytes, size_t *n, fsc_store *s, const char *kind,
                        const char *key, fsc_arena *a, fsc_err *err)
{
    bool row;
    fsc_stmt *st = fsc__db_prepare(s, "SELECT bytes FROM blob WHERE kind = $1 AND key = $2", err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, kind);
    fsc__db_text(st, key);
    FSC_TRY(fsc__db_step(&row, st, err));
    if (!row)
        return fsc_fail(err, FSC_MISSING, "the store has no %s of %s", kind, key);
    const void *stored = fsc__db_get_bytes(n, st, 0);
    *bytes = fsc_arena_strndup(a, *n ? stored : "", *n, err);
    fsc__db_done(st);
    return *bytes ? FSC_OK : FSC_NOMEM;
}
