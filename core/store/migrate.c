/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose file is it, of which version, and is it whole: looked at before anything is written. */
#include "chunk.h"
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char fsc__schema_001[];

/* Migration i brings schema i to schema i + 1 and says so in user_version; a released one never
 * changes. */
static const char *const migrations[] = {fsc__schema_001};
enum { NEWEST_SCHEMA = sizeof migrations / sizeof *migrations };

/* ---- whose file ---- */

/* SQLite's file format, section 1.3: the database header. */
enum { HEADER_BYTES = 100, VERSION_AT = 60, APPLICATION_ID_AT = 68 };
static const char magic[16] = "SQLite format 3";
static const uint8_t application_id[4] = {'F', 'S', 'C', '1'};

static bool is_new(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && errno == ENOENT;
}

static fsc_status read_header(uint8_t *header, ssize_t *n, const char *path, fsc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *n = fd < 0 ? -1 : read(fd, header, HEADER_BYTES);
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (*n >= 0)
        return FSC_OK;
    return fsc_fail(err, FSC_STORE, "store %s: %s; check the path and its permissions", path,
                    strerror(cause));
}

static fsc_status check_version(int64_t version, const char *path, fsc_err *err)
{
    if (version >= 0 && version <= NEWEST_SCHEMA)
        return FSC_OK;
    return fsc_fail(err, FSC_STORE,
                    "store %s: its schema %lld is newer than this program's %d; use the newer "
                    "program",
                    path, (long long)version, (int)NEWEST_SCHEMA);
}

fsc_status fsc__store_recognize(const char *path, fsc_store_access access, fsc_err *err)
{
    uint8_t header[HEADER_BYTES];
    ssize_t n;
    if (access == FSC_STORE_WRITE && is_new(path))
        return FSC_OK;
    FSC_TRY(read_header(header, &n, path, err));
    if (n == 0) /* made by a run that was killed before it wrote anything */
        return FSC_OK;
    if (n < HEADER_BYTES || memcmp(header, magic, sizeof magic))
        return fsc_fail(err, FSC_STORE, "store %s: this is no forescale store; name another file",
                        path);
    if (memcmp(header + APPLICATION_ID_AT, application_id, sizeof application_id))
        return fsc_fail(err, FSC_STORE,
                        "store %s: this is another program's database; name another file", path);
    int64_t version = 0; /* big-endian; a log may hold a newer one, which the migration sees */
    for (int i = 0; i < 4; i++)
        version = version << 8 | header[VERSION_AT + i];
    return check_version(version, path, err);
}

/* ---- schema ---- */

static fsc_status get_version(int64_t *out, fsc_store *s, fsc_err *err)
{
    bool row;
    fsc_stmt *st = fsc__db_prepare(s, "PRAGMA user_version", err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_step(&row, st, err));
    *out = row ? fsc__db_get_int(st, 0) : 0;
    if (row)
        fsc__db_done(st);
    return FSC_OK;
}

static fsc_status upgrade(fsc_store *s, void *unused, fsc_err *err)
{
    int64_t version; /* again: another process may have done it while we waited */
    (void)unused;
    FSC_TRY(get_version(&version, s, err));
    for (int64_t i = version; i < NEWEST_SCHEMA; i++)
        FSC_TRY(fsc__db_exec(s, migrations[i], err));
    return FSC_OK;
}

fsc_status fsc__store_migrate(fsc_store *s, const char *path, fsc_store_access access, fsc_err *err)
{
    int64_t version;
    FSC_TRY(get_version(&version, s, err));
    FSC_TRY(check_version(version, path, err));
    if (version == NEWEST_SCHEMA)
        return FSC_OK;
    if (access == FSC_STORE_READ)
        return fsc_fail(err, FSC_STORE, "store %s: %s; run forescale collect, which mends that",
                        path, version ? "its schema is of an older program" : "it is still empty");
    return fsc__db_whole(s, upgrade, NULL, err);
}

/* ---- is it whole ---- */

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
