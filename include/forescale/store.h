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
    const char *kind;           /* "run", "act", "budget", "price", "meter" */
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
/* The newest entry of a kind about an object, not after `to`. FSC_MISSING: there is none. */
fsc_status fsc_ledger_newest(fsc_ledger_entry *out, fsc_store *s, const char *kind,
                             const char *object, int64_t to, fsc_arena *a,
                             fsc_err *err) FSC_CHECKED;

/* Each run's own row: kind "run". What runs decide stands in the ledger when it changes, and again
 * once FSC_LEDGER_REPEAT_S have passed; that it stood in between is what these rows say. */
#define FSC_LEDGER_RUNS "runs"
enum { FSC_LEDGER_REPEAT_S = 3600 };

/* How many of an object's rows of a kind, from <= at <= to, came to what. */
typedef struct fsc_ledger_sums {
    size_t rows, applied, planned, held, failed;
    int64_t newest; /* time of the last; 0: none */
} fsc_ledger_sums;
fsc_status fsc_ledger_count(fsc_ledger_sums *out, fsc_store *s, const char *kind,
                            const char *object, int64_t from, int64_t to, fsc_err *err) FSC_CHECKED;

/* Acts on an object that were in force or journalled, oldest first: those that differ from the act
 * before, or come more than lasting_s after it and after any run. */
typedef struct fsc_ledger_change {
    int64_t at, before_at; /* of the act before, or the run that let it stand; 0: none */
    const char *after;
} fsc_ledger_change;
fsc_status fsc_ledger_changes(fsc_ledger_change **out, size_t *n, fsc_store *s, const char *object,
                              int64_t from, int64_t to, int64_t lasting_s, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

/* Estimated spend: one row a run and budget (nodes x price since the run before). */
fsc_status fsc_ledger_spend_add(fsc_store *s, const char *budget, int64_t from, int64_t to,
                                int64_t micros, const char *currency, fsc_err *err) FSC_CHECKED;
/* What was spent in (from, to] in one currency; *others: there is spend in another, not counted. */
fsc_status fsc_ledger_spend_sum(int64_t *micros, bool *others, fsc_store *s, const char *budget,
                                const char *currency, int64_t from, int64_t to,
                                fsc_err *err) FSC_CHECKED;

/* ---- budgets that several processes spend ------------------------------------------------------
 *
 * A holder is a shard of a cluster's workloads. What all holders of a budget have reserved is never
 * more than its ceiling: each keeps its own spend, in any window, under what it has. Nothing that
 * is committed is given away, so a holder that is killed costs the others nothing but its part, and
 * one that comes back finds it. When a cluster's number of shards changes, the new holders take the
 * place of the old ones, whose spend counts until it has left the window.
 */

typedef struct fsc_holder {
    const char *cluster; /* "": the only one */
    int64_t shard, shards;
} fsc_holder;

enum { FSC_PAYER_TEXT = 480 };

typedef struct fsc_reservation_ask {
    const char *budget, *currency;
    fsc_holder holder;
    int64_t ceiling_micros;
    double weight; /* of what it plans, of all that its cluster plans under this budget: 0 to 1 */
    int64_t metered_micros; /* spend of all holders by a meter, in (window_from, now]; 0: none */
    int64_t window_from, now;
} fsc_reservation_ask;

typedef struct fsc_reservation {
    const char *budget;
    char payer[FSC_PAYER_TEXT]; /* the holder's name in fsc_ledger_spend_add() and _sum() */
    int64_t micros;             /* the holder's ceiling */
    int64_t spent_micros;       /* of it in the window until now, by the ledger */
    int64_t token;
} fsc_reservation;

/* Takes this run's part: by what each wants, above what is committed, under what is left. Until it
 * is settled all of it counts as committed. */
fsc_status fsc_reservation_take(fsc_reservation *out, fsc_store *s, const fsc_reservation_ask *ask,
                                fsc_err *err) FSC_CHECKED;
/* What it would take now; changes nothing. */
fsc_status fsc_reservation_look(fsc_reservation *out, fsc_store *s, const fsc_reservation_ask *ask,
                                fsc_err *err) FSC_CHECKED;
/* Before anything is written to the cluster: FSC_CONFLICT when a later run of the same holder has
 * begun. rate_micros_per_h is what may bill at most from now on. */
fsc_status fsc_reservation_use(fsc_store *s, const fsc_reservation *r, int64_t rate_micros_per_h,
                               fsc_err *err) FSC_CHECKED;
typedef struct fsc_commitment {
    int64_t micros;            /* the largest window's spend under what is in force */
    int64_t wanted_micros;     /* what it would like to have */
    int64_t rate_micros_per_h; /* as above */
} fsc_commitment;
/* After all of a plan is in force, and its spend up to `now` in the ledger. FSC_CONFLICT as above.
 */
fsc_status fsc_reservation_settle(fsc_store *s, const fsc_reservation *r, const fsc_commitment *c,
                                  int64_t now, fsc_err *err) FSC_CHECKED;

/* A holder's nodes in a pool that several use. */
typedef struct fsc_claim {
    int64_t nodes;                 /* that its pods hold */
    int64_t min_nodes, warm_nodes; /* that it wants */
} fsc_claim;
fsc_status fsc_claim_put(fsc_store *s, const char *pool, fsc_holder h, const fsc_claim *c,
                         fsc_err *err) FSC_CHECKED;
/* The sum of all other holders' claims, without those of another number of this cluster's shards.
 */
fsc_status fsc_claim_others(fsc_claim *out, fsc_store *s, const char *pool, fsc_holder h,
                            fsc_err *err) FSC_CHECKED;

#endif
