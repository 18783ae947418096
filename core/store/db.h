/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small verbs over SQLite, which only db.c includes: bind in order, step, read in order. */
#ifndef FSC_DB_H
#define FSC_DB_H

#include "forescale/store.h"

typedef struct fsc_stmt fsc_stmt;

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
void fsc__db_done(fsc_stmt *st); /* before the end of the rows */

int64_t fsc__db_get_int(fsc_stmt *st, int column);
const char *fsc__db_get_text(fsc_stmt *st, int column, fsc_arena *a, fsc_err *err); /* copied */
const void *fsc__db_get_bytes(size_t *n, fsc_stmt *st, int column); /* valid until the next step */
int64_t fsc__db_last_id(fsc_store *s);

fsc_status fsc__db_exec(fsc_store *s, const char *sql, fsc_err *err) FSC_CHECKED;
/* Does all of the work or nothing of it: in a transaction of its own or as a part of the caller's.
 */
fsc_status fsc__db_whole(fsc_store *s, fsc_status (*work)(fsc_store *, void *, fsc_err *),
                         void *ctx, fsc_err *err) FSC_CHECKED;

/* migrate.c: is the file ours, or not there yet? Reads a few bytes and changes nothing. */
fsc_status fsc__store_recognize(const char *path, fsc_store_access access,
                                fsc_err *err) FSC_CHECKED;
/* Brings a new or older file to this program's schema; READ only looks. */
fsc_status fsc__store_migrate(fsc_store *s, const char *path, fsc_store_access access,
                              fsc_err *err) FSC_CHECKED;

#endif
