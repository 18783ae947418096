/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose file is it, of which version: looked at before anything is written. */
#include "chunk.h"
#include "db.h"

#include <stdio.h>
#include <string.h>

extern const char fsc__schema_001[];

static fsc_status pragma(int64_t *out, fsc_store *s, const char *sql, fsc_err *err)
{
    bool row;
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_step(&row, st, err));
    *out = row ? fsc__db_get_int(st, 0) : 0;
    if (row)
        fsc__db_done(st);
    return FSC_OK;
}

static fsc_status create(fsc_store *s, fsc_err *err)
{
    int64_t version;
    FSC_TRY(fsc_store_begin(s, err));
    /* Another process may have done it while we waited. */
    fsc_status status = pragma(&version, s, "PRAGMA user_version", err);
    if (status == FSC_OK && version == 0)
        status = fsc__db_exec(s, fsc__schema_001, err);
    if (status == FSC_OK)
        status =
            fsc__db_exec(s, "PRAGMA application_id = 0x46534331; PRAGMA user_version = 1;", err);
    if (status == FSC_OK)
        return fsc_store_commit(s, err);
    fsc_store_rollback(s);
    return status;
}

fsc_status fsc__store_migrate(fsc_store *s, const char *path, fsc_err *err)
{
    int64_t application, version, tables;
    FSC_TRY(pragma(&application, s, "PRAGMA application_id", err));
    FSC_TRY(pragma(&version, s, "PRAGMA user_version", err));
    FSC_TRY(pragma(&tables, s, "SELECT count(*) FROM sqlite_schema", err));
    if (application == 0 && version == 0 && tables == 0)
        return create(s, err);
    if (application != FSC_APPLICATION_ID)
        return fsc_fail(err, FSC_STORE,
                        "store %s: this is another program's database; name another file", path);
    if (version > FSC_SCHEMA_VERSION)
        return fsc_fail(
            err, FSC_STORE,
            "store %s: its schema %lld is newer than this program's %d; use the newer program",
            path, (long long)version, FSC_SCHEMA_VERSION);
    return FSC_OK;
}

static fsc_status check_chunks(fsc_store *s, const char *sql, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    double v[FSC_CHUNK_POINTS];
    bool row;
    if (!st)
        return FSC_STORE;
    for (;;) {
        size_t n_bytes, n;
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        const void *bytes = fsc__db_get_bytes(&n_bytes, st, 0);
        fsc_status status = fsc_chunk_decode(v, &n, bytes, n_bytes, err);
        if (status != FSC_OK) {
            fsc__db_done(st);
            return status;
        }
    }
}

fsc_status fsc_store_check(fsc_store *s, fsc_err *err)
{
    bool row;
    char finding[200] = "ok";
    fsc_arena *a = NULL;
    fsc_stmt *st = fsc__db_prepare(s, "PRAGMA integrity_check(1)", err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_step(&row, st, err));
    FSC_TRY(fsc_arena_open(&a, 1 << 20, err));
    const char *text = row ? fsc__db_get_text(st, 0, a, err) : finding;
    if (text)
        (void)snprintf(finding, sizeof finding, "%s", text);
    fsc_arena_close(a);
    if (row)
        fsc__db_done(st);
    if (strcmp(finding, "ok"))
        return fsc_fail(
            err, FSC_STORE,
            "the store is damaged: %s; restore a backup, or move it away and collect anew",
            finding);
    FSC_TRY(check_chunks(s, "SELECT bytes FROM chunk", err));
    return check_chunks(s, "SELECT bytes FROM hourly", err);
}
