/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_STATEMENTS = 48, BUSY_MS = 5000 };

struct fsc_stmt {
    sqlite3_stmt *st;
    const char *sql; /* a literal: its address is the key */
    int next;        /* parameter to bind */
    fsc_store *store;
};

struct fsc_store {
    sqlite3 *db;
    char *path;
    size_t n;
    fsc_stmt statements[MAX_STATEMENTS];
};

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
                err, FSC_STORE, "store %s: %s (%s)", s->path, advices[i].text, message);
    if ((code & 0xFF) == SQLITE_NOMEM)
        return fsc_fail(err, FSC_NOMEM, "store %s: out of memory", s->path);
    return fsc_fail(err, FSC_STORE, "store %s: %s", s->path, message);
}

/* ---- statements ---- */

fsc_stmt *fsc__db_prepare(fsc_store *s, const char *sql, fsc_err *err)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->statements[i].sql == sql) {
            s->statements[i].next = 1;
            return &s->statements[i];
        }
    if (s->n == MAX_STATEMENTS) {
        fsc_fail(err, FSC_BUG, "more than %d statements", MAX_STATEMENTS);
        return NULL;
    }
    fsc_stmt *st = &s->statements[s->n];
    *st = (fsc_stmt){.sql = sql, .next = 1, .store = s};
    int code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->st, NULL);
    if (code != SQLITE_OK) {
        fail(s, code, err);
        return NULL;
    }
    s->n++;
    return st;
}

void fsc__db_int(fsc_stmt *st, int64_t v)
{
    sqlite3_bind_int64(st->st, st->next++, v);
}

void fsc__db_text(fsc_stmt *st, const char *v)
{
    sqlite3_bind_text(st->st, st->next++, v ? v : "", -1, SQLITE_STATIC);
}

void fsc__db_bytes(fsc_stmt *st, const void *v, size_t n)
{
    sqlite3_bind_blob64(st->st, st->next++, n ? v : "", n, SQLITE_STATIC);
}

void fsc__db_done(fsc_stmt *st)
{
    sqlite3_reset(st->st);
    sqlite3_clear_bindings(st->st);
}

fsc_status fsc__db_step(bool *row, fsc_stmt *st, fsc_err *err)
{
    int code = sqlite3_step(st->st);
    *row = code == SQLITE_ROW;
    if (*row)
        return FSC_OK;
    fsc_status status = code == SQLITE_DONE ? FSC_OK : fail(st->store, code, err);
    fsc__db_done(st);
    return status;
}

fsc_status fsc__db_run(fsc_stmt *st, fsc_err *err)
{
    bool row;
    FSC_TRY(fsc__db_step(&row, st, err));
    if (row)
        fsc__db_done(st);
    return FSC_OK;
}

int64_t fsc__db_get_int(fsc_stmt *st, int column)
{
    return sqlite3_column_int64(st->st, column);
}

const char *fsc__db_get_text(fsc_stmt *st, int column, fsc_arena *a, fsc_err *err)
{
    const unsigned char *text = sqlite3_column_text(st->st, column);
    return fsc_arena_strdup(a, text ? (const char *)text : "", err);
}

const void *fsc__db_get_bytes(size_t *n, fsc_stmt *st, int column)
{
    const void *bytes = sqlite3_column_blob(st->st, column);
    *n = (size_t)sqlite3_column_bytes(st->st, column);
    return bytes;
}

int64_t fsc__db_last_id(fsc_store *s)
{
    return sqlite3_last_insert_rowid(s->db);
}

fsc_status fsc__db_exec(fsc_store *s, const char *sql, fsc_err *err)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? FSC_OK : fail(s, code, err);
}

static fsc_status run_literal(fsc_store *s, const char *sql, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    return st ? fsc__db_run(st, err) : FSC_STORE;
}

/* ---- opening ---- */

/* SQLite would make the file with the umask's rights: it holds what a company spends. */
static fsc_status create_private(const fsc_store *s, fsc_err *err)
{
    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(s, SQLITE_CANTOPEN, err);
    close(fd);
    return FSC_OK;
}

static fsc_status connect(fsc_store *s, fsc_store_access access, fsc_err *err)
{
    bool write = access == FSC_STORE_WRITE;
    FSC_TRY(fsc__store_recognize(s->path, access, err));
    if (write)
        FSC_TRY(create_private(s, err));
    int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (code != SQLITE_OK)
        return fail(s, code, err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    /* A damaged or hostile file must do no more than give errors. */
    FSC_TRY(fsc__db_exec(s, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", err));
    FSC_TRY(fsc__store_migrate(s, s->path, access, err));
    /* FULL: an intent must be on the disk before the cluster is touched. */
    return write ? fsc__db_exec(s,
                                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                                "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON",
                                err)
                 : FSC_OK;
}

fsc_status fsc_store_open(fsc_store **out, const char *path, fsc_store_access access, fsc_err *err)
{
    fsc_store *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->path = strdup(path))) {
        free(s);
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    }
    fsc_status status = connect(s, access, err);
    if (status == FSC_OK)
        *out = s;
    else
        fsc_store_close(s);
    return status;
}

void fsc_store_close(fsc_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        sqlite3_finalize(s->statements[i].st);
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}

fsc_status fsc_store_begin(fsc_store *s, fsc_err *err)
{
    return run_literal(s, "BEGIN IMMEDIATE", err);
}

fsc_status fsc_store_commit(fsc_store *s, fsc_err *err)
{
    fsc_status status = run_literal(s, "COMMIT", err);
    if (status != FSC_OK)
        fsc_store_rollback(s);
    return status;
}

void fsc_store_rollback(fsc_store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

fsc_status fsc__db_whole(fsc_store *s, fsc_status (*work)(fsc_store *, void *, fsc_err *),
                         void *ctx, fsc_err *err)
{
    bool own = sqlite3_get_autocommit(s->db) != 0;
    FSC_TRY(own ? fsc_store_begin(s, err) : run_literal(s, "SAVEPOINT whole", err));
    fsc_status status = work(s, ctx, err);
    if (status == FSC_OK)
        return own ? fsc_store_commit(s, err) : run_literal(s, "RELEASE whole", err);
    /* A part that cannot be taken back alone takes the caller's transaction with it. */
    if (own || run_literal(s, "ROLLBACK TO whole", NULL) != FSC_OK ||
        run_literal(s, "RELEASE whole", NULL) != FSC_OK)
        fsc_store_rollback(s);
    return status;
}
