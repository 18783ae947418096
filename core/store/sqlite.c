/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine SQLite: one file, whose rights are its owner's alone. */
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

extern const char fsc__schema_001[], fsc__schema_002[];
static const char *const migrations[] = {fsc__schema_001, fsc__schema_002};

/* What the user can do about it, by SQLite's primary code. */
static const struct advice {
    int code;
    bool retryable;
    const char *text;
} advices[] = {
    {SQLITE_BUSY, true, "another process holds the store; try again"},
    {SQLITE_LOCKED, true, "another process holds the store; try again"},
    {SQLITE_FULL, false, "the disk is full; free some space, nothing was lost"},
    {SQLITE_READONLY, false,
     "the store is read-only; check the file's and its folder's permissions"},
    {SQLITE_IOERR, false, "the disk failed; check it, and the space left"},
    {SQLITE_CANTOPEN, false, "the file cannot be opened; check the path and its permissions"},
    {SQLITE_CORRUPT, false,
     "the file is damaged; restore a backup, or move it away and collect anew"},
    {SQLITE_NOTADB, false, "this is no forescale store; name another file"},
};

static fsc_status fail(const fsc_store *s, int code, fsc_err *err)
{
    const char *message = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code);
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (advices[i].code == (code & 0xFF))
            return (advices[i].retryable ? fsc_fail_retryable : fsc_fail)(
                err, FSC_STORE, "store %s: %s (%s)", s->name, advices[i].text, message);
    if ((code & 0xFF) == SQLITE_NOMEM)
        return fsc_fail(err, FSC_NOMEM, "store %s: out of memory", s->name);
    return fsc_fail(err, FSC_STORE, "store %s: %s", s->name, message);
}

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

/* Is the file ours, or not there yet? Reads a few bytes and changes nothing. */
static fsc_status recognize(const char *path, fsc_store_access access, fsc_err *err)
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
    return fsc__store_check_version(version, &fsc__sqlite, path, err);
}

/* ---- statements ---- */

static fsc_status prepare(fsc_stmt *st, fsc_err *err)
{
    sqlite3_stmt *own = NULL;
    int code =
        sqlite3_prepare_v3(st->store->db, st->sql, -1, SQLITE_PREPARE_PERSISTENT, &own, NULL);
    st->own = own;
    return code == SQLITE_OK ? FSC_OK : fail(st->store, code, err);
}

static void finalize(fsc_stmt *st)
{
    sqlite3_finalize(st->own);
}

static void bind_int(fsc_stmt *st, int i, int64_t v)
{
    sqlite3_bind_int64(st->own, i, v);
}

static void bind_text(fsc_stmt *st, int i, const char *v)
{
    sqlite3_bind_text(st->own, i, v, -1, SQLITE_STATIC);
}

static void bind_bytes(fsc_stmt *st, int i, const void *v, size_t n)
{
    sqlite3_bind_blob64(st->own, i, v, n, SQLITE_STATIC);
}

static void reset(fsc_stmt *st)
{
    sqlite3_reset(st->own);
    sqlite3_clear_bindings(st->own);
}

static fsc_status step(bool *row, fsc_stmt *st, fsc_err *err)
{
    int code = sqlite3_step(st->own);
    *row = code == SQLITE_ROW;
    return *row || code == SQLITE_DONE ? FSC_OK : fail(st->store, code, err);
}

static int64_t get_int(fsc_stmt *st, int column)
{
    return sqlite3_column_int64(st->own, column);
}

static const char *get_text(fsc_stmt *st, int column)
{
    const unsigned char *text = sqlite3_column_text(st->own, column);
    return text ? (const char *)text : "";
}

static const void *get_bytes(size_t *n, fsc_stmt *st, int column)
{
    const void *bytes = sqlite3_column_blob(st->own, column);
    *n = (size_t)sqlite3_column_bytes(st->own, column);
    return bytes;
}

static fsc_status exec(fsc_store *s, const char *sql, fsc_err *err)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? FSC_OK : fail(s, code, err);
}

static bool in_transaction(const fsc_store *s)
{
    return !sqlite3_get_autocommit(s->db);
}

static fsc_status version(int64_t *out, fsc_store *s, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, "PRAGMA user_version", err);
    return st ? fsc__db_run_int(out, st, err) : FSC_STORE;
}

/* BEGIN IMMEDIATE has seen to it. */
static fsc_status alone(fsc_store *s, fsc_err *err)
{
    (void)s;
    (void)err;
    return FSC_OK;
}

static fsc_status check(fsc_store *s, fsc_err *err)
{
    bool row;
    fsc_stmt *st = fsc__db_prepare(s, "PRAGMA integrity_check(1)", err);
    if (!st)
        return FSC_STORE;
    FSC_TRY(fsc__db_step(&row, st, err));
    if (!row)
        return FSC_OK;
    fsc_status status = FSC_OK;
    if (strcmp(get_text(st, 0), "ok"))
        status =
            fsc_fail(err, FSC_STORE,
                     "the store is damaged: %s; restore a backup, or move it away and collect anew",
                     get_text(st, 0));
    fsc__db_done(st);
    return status;
}

/* ---- opening ---- */

/* SQLite would make the file with the umask's rights: it holds what a company spends. */
static fsc_status create_private(const fsc_store *s, const char *path, fsc_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(s, SQLITE_CANTOPEN, err);
    close(fd);
    return FSC_OK;
}

static fsc_status open_file(fsc_store *s, const char *path, const char *password,
                            fsc_store_access access, fsc_err *err)
{
    bool write = access == FSC_STORE_WRITE;
    sqlite3 *db = NULL;
    (void)password; /* files have owners instead */
    FSC_TRY(recognize(path, access, err));
    if (write)
        FSC_TRY(create_private(s, path, err));
    int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &db, flags, NULL);
    s->db = db;
    if (code != SQLITE_OK)
        return fail(s, code, err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    /* A damaged or hostile file must do no more than give errors. */
    FSC_TRY(fsc__db_exec(s, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", err));
    FSC_TRY(fsc__store_migrate(s, access, err));
    /* FULL: an intent must be on the disk before the cluster is touched. */
    return write ? fsc__db_exec(s,
                                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                                "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON",
                                err)
                 : FSC_OK;
}

static void close_file(fsc_store *s)
{
    sqlite3_close(s->db);
}

const fsc_engine fsc__sqlite = {
    .migrations = migrations,
    .newest_schema = sizeof migrations / sizeof *migrations,
    .begin = "BEGIN IMMEDIATE",
    .open = open_file,
    .close = close_file,
    .exec = exec,
    .in_transaction = in_transaction,
    .version = version,
    .alone = alone,
    .check = check,
    .prepare = prepare,
    .finalize = finalize,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .step = step,
    .reset = reset,
    .get_int = get_int,
    .get_text = get_text,
    .get_bytes = get_bytes,
};
