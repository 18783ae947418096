/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "db.h"

fsc_status fsc_ledger_intend(int64_t *id, fsc_store *s, const fsc_ledger_row *row, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO ledger (at, run_id, kind, object, op, before, after, verdict, why, micros, "
        "currency, dry_run, key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
        "RETURNING id",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, row->at);
    fsc__db_text(st, row->run_id);
    fsc__db_text(st, row->kind);
    fsc__db_text(st, row->object);
    fsc__db_text(st, row->op);
    fsc__db_text(st, row->before);
    fsc__db_text(st, row->after);
    fsc__db_int(st, row->verdict);
    fsc__db_text(st, row->why);
    fsc__db_int(st, row->micros);
    fsc__db_text(st, row->currency);
    fsc__db_int(st, row->dry_run);
    fsc__db_text(st, row->key);
    return fsc__db_run_int(id, st, err);
}

fsc_status fsc_ledger_settle(fsc_store *s, int64_t intent_id, int64_t at, const char *outcome,
                             const char *receipt, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s, "INSERT INTO receipt (ledger_id, at, outcome, receipt) VALUES ($1, $2, $3, $4)", err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, intent_id);
    fsc__db_int(st, at);
    fsc__db_text(st, outcome);
    fsc__db_text(st, receipt);
    return fsc__db_run(st, err);
}

/* An entry and those before it, until the list is whole. */
typedef struct link {
    struct link *older;
    fsc_ledger_entry entry;
} link;

static fsc_status read_entry(fsc_ledger_entry *e, fsc_stmt *st, fsc_arena *a, fsc_err *err)
{
    const char *texts[11];
    static const int columns[11] = {2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 15};
    for (size_t i = 0; i < 11; i++) {
        texts[i] = fsc__db_get_text(st, columns[i], a, err);
        if (!texts[i])
            return FSC_NOMEM;
    }
    int64_t verdict = fsc__db_get_int(st, 8);
    bool settled = fsc__db_get_int(st, 16) != 0;
    if (verdict < 0 || verdict > FSC_VERDICT_HELD)
        return fsc_fail(err, FSC_STORE, "the store is damaged: ledger row %lld has no such verdict",
                        (long long)fsc__db_get_int(st, 0));
    e->row = (fsc_ledger_row){.id = fsc__db_get_int(st, 0),
                              .at = fsc__db_get_int(st, 1),
                              .run_id = texts[0],
                              .kind = texts[1],
                              .object = texts[2],
                              .op = texts[3],
                              .before = texts[4],
                              .after = texts[5],
                              .verdict = (fsc_verdict)verdict,
                              .why = texts[6],
                              .micros = fsc__db_get_int(st, 10),
                              .currency = texts[7],
                              .dry_run = fsc__db_get_int(st, 12) != 0,
                              .key = texts[8]};
    e->outcome = settled ? texts[9] : NULL;
    e->receipt = settled ? texts[10] : NULL;
    e->settled_at = fsc__db_get_int(st, 17);
    return FSC_OK;
}

static fsc_status gather(link **newest, size_t *n, fsc_stmt *st, fsc_arena *a, fsc_err *err)
{
    for (bool row;;) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        link *one = FSC_NEW(a, 1, link, err);
        fsc_status status = one ? read_entry(&one->entry, st, a, err) : FSC_NOMEM;
        if (status != FSC_OK) {
            fsc__db_done(st);
            return status;
        }
        one->older = *newest;
        *newest = one;
        ++*n;
    }
}

#define SELECT_ENTRIES                                                                             \
    "SELECT l.id, l.at, run_id, kind, object, op, before, after, verdict, why, micros, "           \
    "currency, dry_run, key, outcome, receipt, r.ledger_id IS NOT NULL, r.at FROM ledger l "       \
    "LEFT JOIN receipt r ON r.ledger_id = l.id WHERE "

fsc_status fsc_ledger_read(fsc_ledger_entry **out, size_t *n, fsc_store *s, const char *run_id,
                           const char *object, int64_t from, int64_t to, size_t limit, fsc_arena *a,
                           fsc_err *err)
{
    link *last = NULL;
    /* An object's rows, and a run's, are found by their index: there may be very many others. */
    static const char of_any[] = SELECT_ENTRIES
        "($1 = '' OR run_id = $1) AND ($2 = '' OR object = $2) AND l.at >= $3 AND l.at <= $4 "
        "ORDER BY l.id DESC LIMIT $5",
                      of_run[] = SELECT_ENTRIES
                      "run_id = $1 AND ($2 = '' OR object = $2) AND l.at >= $3 AND l.at <= $4 "
                      "ORDER BY l.id DESC LIMIT $5",
                      of_object[] = SELECT_ENTRIES
                      "($1 = '' OR run_id = $1) AND object = $2 AND l.at >= $3 AND l.at <= $4 "
                      "ORDER BY l.at DESC, l.id DESC LIMIT $5";
    fsc_stmt *st = fsc__db_prepare(s, run_id ? of_run : object ? of_object : of_any, err);
    *n = 0;
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, run_id);
    fsc__db_text(st, object);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    fsc__db_int(st, (int64_t)limit);
    FSC_TRY(gather(&last, n, st, a, err));
    *out = FSC_NEW(a, *n, fsc_ledger_entry, err);
    if (!*out)
        return FSC_NOMEM;
    for (size_t i = *n; i-- > 0; last = last->older)
        (*out)[i] = last->entry;
    return FSC_OK;
}

fsc_status fsc_ledger_newest(fsc_ledger_entry *out, fsc_store *s, const char *kind,
                             const char *object, int64_t to, fsc_arena *a, fsc_err *err)
{
    link *last = NULL;
    size_t n = 0;
    fsc_stmt *st = fsc__db_prepare(
        s,
        SELECT_ENTRIES
        "kind = $1 AND object = $2 AND l.at <= $3 ORDER BY l.at DESC, l.id DESC LIMIT 1",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, kind);
    fsc__db_text(st, object);
    fsc__db_int(st, to);
    FSC_TRY(gather(&last, &n, st, a, err));
    if (!n)
        return fsc_fail(err, FSC_MISSING, "the ledger has no %s of %s", kind, object);
    *out = last->entry;
    return FSC_OK;
}

fsc_status fsc_ledger_spend_add(fsc_store *s, const char *budget, int64_t from, int64_t to,
                                int64_t micros, const char *currency, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO spend (budget, from_t, to_t, micros, currency) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (budget, to_t) DO NOTHING",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, budget);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    fsc__db_int(st, micros);
    fsc__db_text(st, currency);
    return fsc__db_run(st, err);
}

/* A row that reaches over an edge counts by its share of time, rounded up. */
fsc_status fsc_ledger_spend_sum(int64_t *micros, bool *others, fsc_store *s, const char *budget,
                                const char *currency, int64_t from, int64_t to, fsc_err *err)
{
    bool row;
    fsc_stmt *st = fsc__db_prepare(
        s,
        "SELECT CAST(coalesce(sum(CASE WHEN currency <> $1 THEN 0 "
        "WHEN from_t >= $2 AND to_t <= $3 THEN micros "
        "ELSE (micros * ((CASE WHEN to_t < $3 THEN to_t ELSE $3 END) - "
        "(CASE WHEN from_t > $2 THEN from_t ELSE $2 END)) + to_t - from_t - 1) / (to_t - from_t) "
        "END), 0) AS BIGINT), "
        "CAST(coalesce(sum(CASE WHEN currency <> $1 THEN 1 ELSE 0 END), 0) AS BIGINT) "
        "FROM spend WHERE budget = $4 AND to_t > $2 AND from_t < $3",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, currency);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    fsc__db_text(st, budget);
    FSC_TRY(fsc__db_step(&row, st, err));
    *micros = row ? fsc__db_get_int(st, 0) : 0;
    *others = row && fsc__db_get_int(st, 1) > 0;
    if (row)
        fsc__db_done(st);
    return FSC_OK;
}
