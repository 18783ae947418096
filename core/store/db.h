/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small verbs over an SQL engine: bind in order, step, read in order. The SQL is one for all
 * engines: parameters are $1, $2, ... in the order of their first use, and new ids come by
 * RETURNING. An engine is one file (sqlite.c, pg.c), the only one to include its library.
 */
#ifndef FSC_DB_H
#define FSC_DB_H

#include "forescale/store.h"

enum { FSC_MAX_STATEMENTS = 64 };

typedef struct fsc_engine fsc_engine;

typedef struct fsc_stmt {
    const char *sql; /* a literal: its address is the key */
    int next;        /* parameter to bind, from 1 */
    fsc_store *store;
    void *own; /* the engine's */
} fsc_stmt;

struct fsc_store {
    const fsc_engine *engine;
    void *db;   /* the engine's */
    char *name; /* as messages call it: the path, or the URL */
    size_t n;
    fsc_stmt statements[FSC_MAX_STATEMENTS];
};

struct fsc_engine {
    /* Migration i brings schema i to schema i + 1 and says so where `version` reads; a released one
     * never changes. */
    const char *const *migrations;
    int64_t newest_schema;
    const char *begin; /* a transaction in which what is read and then written is of one moment */
    /* s->name is set; on failure `close` is called all the same. */
    fsc_status (*open)(fsc_store *s, const char *where, const char *password,
                       fsc_store_access access, fsc_err *err);
    void (*close)(fsc_store *s);
    fsc_status (*exec)(fsc_store *s, const char *sql, fsc_err *err);
    bool (*in_transaction)(const fsc_store *s);
    /* Of the schema; 0: nothing is there yet. */
    fsc_status (*version)(int64_t *out, fsc_store *s, fsc_err *err);
    /* Until the transaction's end, which began just now, no other process is where this is. */
    fsc_status (*alone)(fsc_store *s, fsc_err *err);
    /* The engine's own look at its files. */
    fsc_status (*check)(fsc_store *s, fsc_err *err);

    fsc_status (*prepare)(fsc_stmt *st, fsc_err *err);
    void (*finalize)(fsc_stmt *st);
    void (*bind_int)(fsc_stmt *st, int i, int64_t v);
    void (*bind_text)(fsc_stmt *st, int i, const char *v);
    void (*bind_bytes)(fsc_stmt *st, int i, const void *v, size_t n);
    fsc_status (*step)(bool *row, fsc_stmt *st, fsc_err *err);
    void (*reset)(fsc_stmt *st);
    int64_t (*get_int)(fsc_stmt *st, int column);
    const char *(*get_text)(fsc_stmt *st, int column); /* valid until the next step */
    const void *(*get_bytes)(size_t *n, fsc_stmt *st, int column);
};
extern const fsc_engine fsc__sqlite, fsc__pg;

/* A statement kept prepared for the store's life; bindings are cleared. NULL with err filled. */
fsc_stmt *fsc__db_prepare(fsc_store *s, const char *sql, fsc_err *err) FSC_CHECKED;
void fsc__db_int(fsc_stmt *st, int64_t v); /* binds the next parameter */
void fsc__db_text(fsc_stmt *st,
                  const char *v); /* NULL binds "" ; the text must live until the step */
void fsc__db_bytes(fsc_stmt *st, const void *v, size_t n);
/* *row tells whether there is a row; at the end the statement is ready for its next use. */
fsc_status fsc__db_step(bool *row, fsc_stmt *st, fsc_err *err) FSC_CHECKED;
/* For statements without rows. */
fsc_status fsc__db_run(fsc_stmt *st, fsc_err *err) FSC_CHECKED;
/* For those that give one whole number (RETURNING id, a sum). */
fsc_status fsc__db_run_int(int64_t *out, fsc_stmt *st, fsc_err *err) FSC_CHECKED;
void fsc__db_done(fsc_stmt *st); /* before the end of the rows */

int64_t fsc__db_get_int(fsc_stmt *st, int column);
const char *fsc__db_get_text(fsc_stmt *st, int column, fsc_arena *a, fsc_err *err); /* copied */
const void *fsc__db_get_bytes(size_t *n, fsc_stmt *st, int column); /* valid until the next step */

/* Any number of statements without parameters; rows are thrown away. */
fsc_status fsc__db_exec(fsc_store *s, const char *sql, fsc_err *err) FSC_CHECKED;
/* Does all of the work or nothing of it: in a transaction of its own or as a part of the caller's.
 */
typedef fsc_status (*fsc__db_work)(fsc_store *s, void *ctx, fsc_err *err);
fsc_status fsc__db_whole(fsc_store *s, fsc__db_work work, void *ctx, fsc_err *err) FSC_CHECKED;
/* The same in a transaction of its own, one process after the other. */
fsc_status fsc__db_alone(fsc_store *s, fsc__db_work work, void *ctx, fsc_err *err) FSC_CHECKED;

/* migrate.c: is the version one that this program knows? */
fsc_status fsc__store_check_version(int64_t version, const fsc_engine *engine, const char *name,
                                    fsc_err *err) FSC_CHECKED;
/* Brings a new or older store to this program's schema; READ only looks. */
fsc_status fsc__store_migrate(fsc_store *s, fsc_store_access access, fsc_err *err) FSC_CHECKED;

#endif
