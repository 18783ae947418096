/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store: history, ledger, learned leads and model states, in an SQLite file or a PostgreSQL
 * database. A handle belongs to one process and thread. A foreign, newer or corrupted store is
 * refused and left untouched.
 */
#ifndef FORESCALE_STORE_H
#define FORESCALE_STORE_H

#include "forescale/buf.h"
#include "forescale/series.h"

typedef struct fsc_store fsc_store;

typedef enum fsc_store_access { FSC_STORE_READ, FSC_STORE_WRITE } fsc_store_access;

/* `where` is a file's path or postgresql://USER@HOST/DATABASE. WRITE creates the file (0600) or the
 * tables, and migrates the schema. FSC_STORE, with what to do, when it cannot; retryable where
 * another process or a server that is down is the cause. */
fsc_status fsc_store_open(fsc_store **out, const char *where, fsc_store_access access,
                          fsc_err *err) FSC_CHECKED;
/* A database with its password (NULL: by libpq's own ways); a URL that holds one is FSC_CONFIG. */
fsc_status fsc_store_connect(fsc_store **out, const char *url, const char *password,
                             fsc_store_access access, fsc_err *err) FSC_CHECKED;
/* The path, or the URL without what a message should not hold; lives as long as the store. */
const char *fsc_store_name(const fsc_store *s);
void fsc_store_close(fsc_store *s);
fsc_status fsc_store_check(fsc_store *s, fsc_err *err) FSC_CHECKED; /* the file, and chunk sums */

/* One transaction; they do not nest. */
fsc_status fsc_store_begin(fsc_store *s, fsc_err *err) FSC_CHECKED;
fsc_status fsc_store_commit(fsc_store *s, fsc_err *err) FSC_CHECKED;
void fsc_store_rollback(fsc_store *s);

/* ---- history ------------------------------------------------------------------------------- */

/* Writes a piece of a series: an upsert, so the same piece twice changes nothing. NaN values say
 * nothing and leave what is stored. The series is created at its first piece; a piece of another
 * step, off the grid or of impossible times is FSC_DATA. All of a piece is written or nothing. */
fsc_status fsc_history_write(fsc_store *s, const fsc_series *piece, fsc_err *err) FSC_CHECKED;

/* Raw samples with from <= t < to, from the first that is stored to the newest; n = 0 where nothing
 * is. FSC_MISSING: no such series. */
fsc_status fsc_history_read(fsc_series *out, fsc_store *s, const char *id, int64_t from, int64_t to,
                            fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Hourly means (long-range reports): from roll-ups where raw samples were retired. */
fsc_status fsc_history_read_hourly(fsc_series *out, fsc_store *s, const char *id, int64_t from,
                                   int64_t to, fsc_arena *a, fsc_err *err) FSC_CHECKED;

typedef struct fsc_history_info {
    const char *id;
    int32_t step_s;
    int64_t first, newest; /* times of the first and the newest sample */
    size_t samples;
    size_t bytes; /* of chunks */
} fsc_history_info;
fsc_status fsc_history_list(fsc_history_info **out, size_t *n, fsc_store *s, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;

typedef struct fsc_span {
    int64_t from, to; /* from <= t < to */
} fsc_span;
/* Spans within [from, to) without samples, in order; those marked empty until after `now` are left
 * out. */
fsc_status fsc_history_gaps(fsc_span **out, size_t *n, fsc_store *s, const char *id, int32_t step_s,
                            int64_t from, int64_t to, int64_t now, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;
/* Spans that a source was asked for and has nothing in: not asked again until `retry_at`. */
fsc_status fsc_history_mark_empty(fsc_store *s, const char *id, fsc_span span, int64_t retry_at,
                                  fsc_err *err) FSC_CHECKED;

/* Rolls raw samples before `before` up into hourly means and removes them: whole chunks up to a
 * full hour, so some (of minutes: half a day) stay longer. An hour that has a mean keeps it
 * whatever comes late. Series whose step does not divide an hour stay raw. Commits in batches. */
fsc_status fsc_history_retire(fsc_store *s, int64_t before, fsc_err *err) FSC_CHECKED;

/* ---- blobs: model and planner states, learned leads ------------------------------------------ */

fsc_status fsc_blob_put(fsc_store *s, const char *kind, const char *key, const void *bytes,
                        size_t n, int64_t at, fsc_err *err) FSC_CHECKED;
/* FSC_MISSING when there is none. */
fsc_status fsc_blob_get(const void **bytes, size_t *n, fsc_store *s, const char *kind,
                        const char *key, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* ---- ledger: append-only ----------------------------------------------------------------------
 */

typedef enum fsc_verdict {
    FSC_VERDICT_ALLOWED,
    FSC_VERDICT_CLAMPED,
    FSC_VERDICT_DENIED,
    FSC_VERDICT_HELD
} fsc_verdict;

typedef struct fsc_ledger_row {
    int64_t id; /* given by the store */
    int64_t at;
    const char *run_id;
    const char *kind;           /* "run", "act", "budget", "spend" */
    const char *object;         /* workload, pool or budget */
    const char *op;             /* "set-bounds", "transition", ... */
    const char *before, *after; /* small JSON texts */
    fsc_verdict verdict;
    const char *why;
    int64_t micros; /* money that the row is about */
    const char *currency;
    bool dry_run;    /* never counts as spend */
    const char *key; /* of an intent: the same again is the same action */
} fsc_ledger_row;

/* Appends a row; for an action this is the intent, written before the cluster is touched. */
fsc_status fsc_ledger_intend(int64_t *id, fsc_store *s, const fsc_ledger_row *row,
                             fsc_err *err) FSC_CHECKED;
/* The receipt: what came of it ("applied", "failed", "unchanged") and the answer; a row of its own.
 */
fsc_status fsc_ledger_settle(fsc_store *s, int64_t intent_id, int64_t at, const char *outcome,
                             const char *receipt, fsc_err *err) FSC_CHECKED;
typedef struct fsc_ledger_entry {
    fsc_ledger_row row;
    const char *outcome, *receipt; /* NULL: not settled (a run was killed in between) */
    int64_t settled_at;
} fsc_ledger_entry;
/* Newest first, at most `limit`; run_id and object NULL: any. */
fsc_status fsc_ledger_read(fsc_ledger_entry **out, size_t *n, fsc_store *s, const char *run_id,
                           const char *object, int64_t from, int64_t to, size_t limit, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;
/* The newest row of a kind about an object, not after `to`. FSC_MISSING: there is none. */
fsc_status fsc_ledger_newest(fsc_ledger_row *out, fsc_store *s, const char *kind,
                             const char *object, int64_t to, fsc_arena *a,
                             fsc_err *err) FSC_CHECKED;

/* Estimated spend: one row a run and budget (nodes x price since the run before). */
fsc_status fsc_ledger_spend_add(fsc_store *s, const char *budget, int64_t from, int64_t to,
                                int64_t micros, const char *currency, fsc_err *err) FSC_CHECKED;
/* What was spent in (from, to] in one currency; *others: there is spend in another, not counted. */
fsc_status fsc_ledger_spend_sum(int64_t *micros, bool *others, fsc_store *s, const char *budget,
                                const char *currency, int64_t from, int64_t to,
                                fsc_err *err) FSC_CHECKED;

#endif
