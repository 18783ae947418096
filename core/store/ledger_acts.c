/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of many decisions, summed up by the store: a row each would be a row a run. */
#include "db.h"

fsc_status fsc_ledger_count(fsc_ledger_sums *out, fsc_store *s, const char *kind,
                            const char *object, int64_t from, int64_t to, fsc_err *err)
{
    *out = (fsc_ledger_sums){0};
    fsc_stmt *st = fsc__db_prepare(
        s,
        "SELECT coalesce(sum(CASE WHEN r.outcome = 'applied' THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN r.outcome = 'planned' THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN l.verdict = $1 THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN r.outcome = 'failed' THEN 1 ELSE 0 END), 0), count(*), "
        "coalesce(max(l.at), 0) "
        "FROM ledger l LEFT JOIN receipt r ON r.ledger_id = l.id "
        "WHERE l.kind = $2 AND l.object = $3 AND l.at >= $4 AND l.at <= $5",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, FSC_VERDICT_HELD);
    fsc__db_text(st, kind);
    fsc__db_text(st, object);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    bool row;
    FSC_TRY(fsc__db_step(&row, st, err));
    size_t *const fields[] = {&out->applied, &out->planned, &out->held, &out->failed, &out->rows};
    for (int i = 0; row && i < 5; i++)
        *fields[i] = (size_t)fsc__db_get_int(st, i);
    out->newest = row ? fsc__db_get_int(st, 5) : 0;
    fsc__db_done(st);
    return FSC_OK;
}

/* A change and those before it, until the list is whole. */
typedef struct link {
    struct link *older;
    fsc_ledger_change change;
} link;

static fsc_status gather(link **newest, size_t *n, fsc_stmt *st, fsc_arena *a, fsc_err *err)
{
    for (bool row;;) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        link *one = FSC_NEW(a, 1, link, err);
        const char *after = one ? fsc__db_get_text(st, 1, a, err) : NULL;
        if (!after) {
            fsc__db_done(st);
            return FSC_NOMEM;
        }
        *one = (link){*newest, {fsc__db_get_int(st, 0), fsc__db_get_int(st, 2), after}};
        *newest = one;
        ++*n;
    }
}

fsc_status fsc_ledger_changes(fsc_ledger_change **out, size_t *n, fsc_store *s, const char *object,
                              int64_t from, int64_t to, int64_t lasting_s, fsc_arena *a,
                              fsc_err *err)
{
    link *last = NULL;
    *n = 0;
    fsc_stmt *st = fsc__db_prepare(
        s,
        "SELECT at, after, coalesce(CASE WHEN run_at > before_at THEN run_at ELSE before_at END, "
        "0) "
        "FROM (SELECT l.id, l.at, l.after, lag(l.after) OVER (ORDER BY l.id) AS before_after, "
        "lag(l.at) OVER (ORDER BY l.id) AS before_at, (SELECT max(h.at) FROM ledger h WHERE "
        "h.object = $1 AND h.kind = 'run' AND h.at < l.at) AS run_at FROM "
        "ledger l JOIN receipt r ON r.ledger_id = l.id WHERE l.kind = 'act' AND l.object = $2 AND "
        "l.at >= $3 AND l.at <= $4 AND r.outcome IN ('applied', 'unchanged', 'planned')) AS acts "
        "WHERE before_at IS NULL OR before_after <> after OR (at - before_at > $5 AND "
        "(run_at IS NULL OR at - run_at > $5)) ORDER BY id",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, FSC_LEDGER_RUNS);
    fsc__db_text(st, object);
    fsc__db_int(st, from);
    fsc__db_int(st, to);
    fsc__db_int(st, lasting_s);
    FSC_TRY(gather(&last, n, st, a, err));
    *out = FSC_NEW(a, *n, fsc_ledger_change, err);
    if (!*out)
        return FSC_NOMEM;
    for (size_t i = *n; i-- > 0; last = last->older)
        (*out)[i] = last->change;
    return FSC_OK;
}
