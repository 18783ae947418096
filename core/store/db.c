/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "db.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static bool is_url(const char *where)
{
    return !strncmp(where, "postgresql://", 13) || !strncmp(where, "postgres://", 11);
}

static fsc_status open_with(fsc_store **out, const fsc_engine *engine, const char *where,
                            const char *password, fsc_store_access access, fsc_err *err)
{
    fsc_store *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->name = strdup(where))) {
        free(s);
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    }
    s->engine = engine;
    fsc_status status = engine->open(s, where, password, access, err);
    if (status == FSC_OK)
        *out = s;
    else
        fsc_store_close(s);
    return status;
}

fsc_status fsc_store_open(fsc_store **out, const char *where, fsc_store_access access, fsc_err *err)
{
    return open_with(out, is_url(where) ? &fsc__pg : &fsc__sqlite, where, NULL, access, err);
}

fsc_status fsc_store_connect(fsc_store **out, const char *url, const char *password,
                             fsc_store_access access, fsc_err *err)
{
    return open_with(out, &fsc__pg, url, password, access, err);
}

void fsc_store_close(fsc_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        s->engine->finalize(&s->statements[i]);
    s->engine->close(s);
    free(s->name);
    free(s);
}

const char *fsc_store_name(const fsc_store *s)
{
    return s->name;
}

/* ---- statements ---- */

fsc_stmt *fsc__db_prepare(fsc_store *s, const char *sql, fsc_err *err)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->statements[i].sql == sql) {
            s->statements[i].next = 1;
            return &s->statements[i];
        }
    if (s->n == FSC_MAX_STATEMENTS) {
        fsc_fail(err, FSC_BUG, "more than %d statements", FSC_MAX_STATEMENTS);
        return NULL;
    }
    fsc_stmt *st = &s->statements[s->n];
    *st = (fsc_stmt){.sql = sql, .next = 1, .store = s};
    if (s->engine->prepare(st, err) != FSC_OK)
        return NULL;
    s->n++;
    return st;
}

void fsc__db_int(fsc_stmt *st, int64_t v)
{
    st->store->engine->bind_int(st, st->next++, v);
}

void fsc__db_text(fsc_stmt *st, const char *v)
{
    st->store->engine->bind_text(st, st->next++, v ? v : "");
}

void fsc__db_bytes(fsc_stmt *st, const void *v, size_t n)
{
    st->store->engine->bind_bytes(st, st->next++, n ? v : "", n);
}

void fsc__db_done(fsc_stmt *st)
{
    st->store->engine->reset(st);
}

fsc_status fsc__db_step(bool *row, fsc_stmt *st, fsc_err *err)
{
    fsc_status status = st->store->engine->step(row, st, err);
    if (!*row)
        fsc__db_done(st);
    return status;
}

/* To the end of the rows: only there SQLite commits a statement of its own, or says that it could
 * not. */
fsc_status fsc__db_run(fsc_stmt *st, fsc_err *err)
{
    bool row = true;
    while (row)
        FSC_TRY(fsc__db_step(&row, st, err));
    return FSC_OK;
}

fsc_status fsc__db_run_int(int64_t *out, fsc_stmt *st, fsc_err *err)
{
    bool row;
    *out = 0;
    FSC_TRY(fsc__db_step(&row, st, err));
    if (!row)
        return FSC_OK;
    *out = fsc__db_get_int(st, 0);
    return fsc__db_run(st, err);
}

int64_t fsc__db_get_int(fsc_stmt *st, int column)
{
    return st->store->engine->get_int(st, column);
}

const char *fsc__db_get_text(fsc_stmt *st, int column, fsc_arena *a, fsc_err *err)
{
    return fsc_arena_strdup(a, st->store->engine->get_text(st, column), err);
}

const void *fsc__db_get_bytes(size_t *n, fsc_stmt *st, int column)
{
    return st->store->engine->get_bytes(n, st, column);
}

/* ---- transactions ---- */

fsc_status fsc__db_exec(fsc_store *s, const char *sql, fsc_err *err)
{
    return s->engine->exec(s, sql, err);
}

fsc_status fsc_store_begin(fsc_store *s, fsc_err *err)
{
    return fsc__db_exec(s, s->engine->begin, err);
}

fsc_status fsc_store_commit(fsc_store *s, fsc_err *err)
{
    fsc_status status = fsc__db_exec(s, "COMMIT", err);
    if (status != FSC_OK)
        fsc_store_rollback(s);
    return status;
}

void fsc_store_rollback(fsc_store *s)
{
    fsc_err failed = FSC_ERR_INIT; /* what could be told was told before */
    if (s->engine->in_transaction(s))
        (void)!fsc__db_exec(s, "ROLLBACK", &failed);
}

fsc_status fsc__db_alone(fsc_store *s, fsc__db_work work, void *ctx, fsc_err *err)
{
    FSC_TRY(fsc_store_begin(s, err));
    fsc_status status = s->engine->alone(s, err);
    if (status == FSC_OK)
        status = work(s, ctx, err);
    if (status == FSC_OK)
        return fsc_store_commit(s, err);
    fsc_store_rollback(s);
    return status;
}

fsc_status fsc__db_whole(fsc_store *s, fsc__db_work work, void *ctx, fsc_err *err)
{
    bool own = !s->engine->in_transaction(s);
    fsc_err back = FSC_ERR_INIT;
    FSC_TRY(own ? fsc_store_begin(s, err) : fsc__db_exec(s, "SAVEPOINT whole", err));
    fsc_status status = work(s, ctx, err);
    if (status == FSC_OK)
        return own ? fsc_store_commit(s, err) : fsc__db_exec(s, "RELEASE whole", err);
    /* A part that cannot be taken back alone takes the caller's transaction with it. */
    if (own || fsc__db_exec(s, "ROLLBACK TO whole; RELEASE whole", &back) != FSC_OK)
        fsc_store_rollback(s);
    return status;
}
