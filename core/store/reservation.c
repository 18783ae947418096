/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "db.h"

#include "forescale/time.h"

#include <stdio.h>

/* Under which a holder's spend stands in the ledger: no budget can be called so, for a name has no
 * blanks. */
static void payer_of(char out[FSC_PAYER_TEXT], const char *budget, fsc_holder h)
{
    (void)snprintf(out, FSC_PAYER_TEXT, "%s %s%s%lld/%lld", budget, h.cluster,
                   *h.cluster ? " " : "", (long long)h.shard, (long long)h.shards);
}

typedef struct own_row {
    int64_t committed, wanted, token;
    bool found;
} own_row;

typedef struct taking {
    fsc_reservation *out;
    const fsc_reservation_ask *ask;
    own_row own;
    int64_t others, others_reserved, others_wanted;
    int64_t siblings, far_reserved; /* others of this cluster; reserved by those of other ones */
    int64_t far_silent;             /* those have not told yet what they want */
    bool silent;                    /* nor has one of this cluster */
    int64_t gone_spent, all_spent;  /* by holders that are no more; by all */
} taking;

static fsc_status conflict(const fsc_reservation *r, fsc_err *err)
{
    return fsc_fail_retryable(err, FSC_CONFLICT,
                              "budget %s: a later run of this shard has begun; this one stops",
                              r->budget);
}

/* ---- shards of another number ---- */

/* The spend that they did not come to write is written for them, at the most that it can be. */
static fsc_status write_last_spend(fsc_store *s, const fsc_reservation_ask *ask, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "SELECT payer, at, rate FROM reservation WHERE budget = $1 AND "
                                   "cluster = $2 AND shards <> $3 AND at < $4",
                                   err);
    fsc_arena *a = NULL;
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, ask->budget);
    fsc__db_text(st, ask->holder.cluster);
    fsc__db_int(st, ask->holder.shards);
    fsc__db_int(st, ask->now);
    FSC_TRY(fsc_arena_open(&a, 1 << 20, err));
    fsc_status status = FSC_OK;
    for (bool row = true; status == FSC_OK;) {
        status = fsc__db_step(&row, st, err);
        if (status != FSC_OK || !row)
            break;
        int64_t at = fsc__db_get_int(st, 1), rate = fsc__db_get_int(st, 2);
        const char *payer = fsc__db_get_text(st, 0, a, err);
        at = at < ask->window_from ? ask->window_from : at;
        int64_t micros = (int64_t)((double)rate * (double)(ask->now - at) / FSC_HOUR_S) + 1;
        status = payer ? fsc_ledger_spend_add(s, payer, at, ask->now, micros, ask->currency, err)
                       : FSC_NOMEM;
        if (status != FSC_OK)
            fsc__db_done(st);
    }
    fsc_arena_close(a);
    return status;
}

static fsc_status drop_other_numbers(fsc_store *s, const fsc_reservation_ask *ask, fsc_err *err)
{
    FSC_TRY(write_last_spend(s, ask, err));
    fsc_stmt *st = fsc__db_prepare(
        s, "DELETE FROM reservation WHERE budget = $1 AND cluster = $2 AND shards <> $3", err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, ask->budget);
    fsc__db_text(st, ask->holder.cluster);
    fsc__db_int(st, ask->holder.shards);
    return fsc__db_run(st, err);
}

/* ---- taking a part ---- */

static void add_other(taking *t, int64_t micros, int64_t wanted, bool is_sibling)
{
    t->others++;
    t->others_reserved += micros;
    t->others_wanted += wanted;
    t->siblings += is_sibling;
    t->far_reserved += is_sibling ? 0 : micros;
    t->far_silent += !is_sibling && !wanted;
    t->silent |= is_sibling && !wanted;
}

static fsc_status read_rows(taking *t, fsc_store *s, fsc_err *err)
{
    fsc_stmt *st =
        fsc__db_prepare(s,
                        "SELECT micros, committed, wanted, token, payer = $1, cluster = $2 "
                        "FROM reservation WHERE budget = $3",
                        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, t->out->payer);
    fsc__db_text(st, t->ask->holder.cluster);
    fsc__db_text(st, t->ask->budget);
    for (bool row;;) {
        FSC_TRY(fsc__db_step(&row, st, err));
        if (!row)
            return FSC_OK;
        if (fsc__db_get_int(st, 4)) {
            t->own = (own_row){fsc__db_get_int(st, 1), fsc__db_get_int(st, 2),
                               fsc__db_get_int(st, 3), true};
            continue;
        }
        add_other(t, fsc__db_get_int(st, 0), fsc__db_get_int(st, 2), fsc__db_get_int(st, 5) != 0);
    }
}

static fsc_status sum_spend(int64_t *out, fsc_store *s, const char *sql, const taking *t,
                            fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s, sql, err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, t->ask->budget);
    fsc__db_int(st, t->ask->window_from);
    fsc__db_int(st, t->ask->now);
    fsc__db_text(st, t->out->payer);
    return fsc__db_run_int(out, st, err);
}

#define SPEND_OF_ALL                                                                               \
    "SELECT CAST(coalesce(sum(micros), 0) AS BIGINT) FROM spend WHERE substr(budget, 1, "          \
    "length($1) + 1) = $1 || ' ' AND to_t > $2 AND to_t <= $3"

static fsc_status read_spend(taking *t, fsc_store *s, fsc_err *err)
{
    FSC_TRY(sum_spend(&t->all_spent, s, SPEND_OF_ALL " AND $4 <> ''", t, err));
    FSC_TRY(sum_spend(&t->out->spent_micros, s, SPEND_OF_ALL " AND budget = $4", t, err));
    return sum_spend(&t->gone_spent, s,
                     SPEND_OF_ALL " AND budget <> $4 AND budget NOT IN (SELECT payer FROM "
                                  "reservation WHERE budget = $1)",
                     t, err);
}

/* What is fair: until each shard has told what it wants, by the weight of what it plans; then to
 * each what it wants, and the rest in equal parts; where that is too much, in proportion. Another
 * cluster that has not told yet is taken to want as much as this shard. */
static int64_t fair_part(const taking *t, int64_t money)
{
    const fsc_reservation_ask *ask = t->ask;
    double own = (double)t->own.wanted, holders = (double)(t->others + 1);
    bool all_told = !t->silent && own > 0 && t->siblings + 1 >= ask->holder.shards;
    double all = (double)t->others_wanted + (1 + (double)t->far_silent) * own;
    double spare = (double)money - all;
    double part = !all_told    ? (double)(money - t->far_reserved) * ask->weight
                  : spare >= 0 ? own + spare / holders
                               : own * (double)money / all;
    return part > 0 ? (int64_t)part : 0;
}

static fsc_status write_row(const taking *t, fsc_store *s, fsc_err *err)
{
    const fsc_reservation_ask *ask = t->ask;
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO reservation (budget, payer, cluster, shard, shards, micros, committed, "
        "wanted, "
        "rate, token, at) VALUES ($1, $2, $3, $4, $5, $6, $6, 0, 0, $7, $8) ON CONFLICT (budget, "
        "payer) DO UPDATE SET micros = excluded.micros, committed = excluded.committed, token = "
        "excluded.token",
        err);
    if (!st)
        return FSC_STORE;
    fsc__db_text(st, ask->budget);
    fsc__db_text(st, t->out->payer);
    fsc__db_text(st, ask->holder.cluster);
    fsc__db_int(st, ask->holder.shard);
    fsc__db_int(st, ask->holder.shards);
    fsc__db_int(st, t->out->micros);
    fsc__db_int(st, t->out->token);
    fsc__db_int(st, ask->now);
    return fsc__db_run(st, err);
}

static fsc_status find_part(taking *t, fsc_store *s, fsc_err *err)
{
    const fsc_reservation_ask *ask = t->ask;
    payer_of(t->out->payer, ask->budget, ask->holder);
    FSC_TRY(read_rows(t, s, err));
    FSC_TRY(read_spend(t, s, err));
    /* What a meter saw and no holder knows of is nobody's: it is taken from all. */
    int64_t unknown = ask->metered_micros > t->all_spent ? ask->metered_micros - t->all_spent : 0;
    int64_t money = ask->ceiling_micros - t->gone_spent - unknown;
    int64_t left = money - t->others_reserved, part = fair_part(t, money);
    part = part < t->own.committed ? t->own.committed : part;
    part = part > left ? left : part;
    t->out->micros = part > 0 ? part : 0;
    return FSC_OK;
}

static fsc_status take(fsc_store *s, void *ctx, fsc_err *err)
{
    taking *t = ctx;
    const fsc_reservation_ask *ask = t->ask;
    FSC_TRY(drop_other_numbers(s, ask, err));
    FSC_TRY(find_part(t, s, err));
    /* Of a holder that comes back after it was dropped, no token of before comes again. */
    t->out->token = t->own.found ? t->own.token + 1 : ask->now;
    return write_row(t, s, err);
}

fsc_status fsc_reservation_take(fsc_reservation *out, fsc_store *s, const fsc_reservation_ask *ask,
                                fsc_err *err)
{
    taking t = {.out = out, .ask = ask};
    *out = (fsc_reservation){.budget = ask->budget};
    return fsc__db_alone(s, take, &t, err);
}

fsc_status fsc_reservation_look(fsc_reservation *out, fsc_store *s, const fsc_reservation_ask *ask,
                                fsc_err *err)
{
    taking t = {.out = out, .ask = ask};
    *out = (fsc_reservation){.budget = ask->budget};
    return find_part(&t, s, err);
}

/* ---- using it ---- */

/* RETURNING tells whether the row was still this run's. */
static fsc_status still_ours(fsc_stmt *st, const fsc_reservation *r, fsc_err *err)
{
    int64_t token;
    fsc__db_text(st, r->budget);
    fsc__db_text(st, r->payer);
    fsc__db_int(st, r->token);
    FSC_TRY(fsc__db_run_int(&token, st, err));
    return token == r->token ? FSC_OK : conflict(r, err);
}

fsc_status fsc_reservation_use(fsc_store *s, const fsc_reservation *r, int64_t rate_micros_per_h,
                               fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "UPDATE reservation SET rate = CASE WHEN rate > $1 THEN rate "
                                   "ELSE $1 END WHERE budget = $2 AND payer = $3 AND token = $4 "
                                   "RETURNING token",
                                   err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, rate_micros_per_h);
    return still_ours(st, r, err);
}

fsc_status fsc_reservation_settle(fsc_store *s, const fsc_reservation *r, const fsc_commitment *c,
                                  int64_t now, fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(s,
                                   "UPDATE reservation SET committed = CASE WHEN $1 < micros THEN "
                                   "$1 ELSE micros END, wanted = $2, rate = $3, at = $4 WHERE "
                                   "budget = $5 AND payer = $6 AND token = $7 RETURNING token",
                                   err);
    if (!st)
        return FSC_STORE;
    fsc__db_int(st, c->micros);
    fsc__db_int(st, c->wanted_micros);
    fsc__db_int(st, c->rate_micros_per_h);
    fsc__db_int(st, now);
    return still_ours(st, r, err);
}

/* ---- claims on nodes ---- */

static void bind_holder(fsc_stmt *st, const char *pool, fsc_holder h)
{
    fsc__db_text(st, pool);
    fsc__db_text(st, h.cluster);
    fsc__db_int(st, h.shard);
    fsc__db_int(st, h.shards);
}

fsc_status fsc_claim_put(fsc_store *s, const char *pool, fsc_holder h, const fsc_claim *c,
                         fsc_err *err)
{
    fsc_stmt *st = fsc__db_prepare(
        s,
        "INSERT INTO claim (pool, cluster, shard, shards, nodes, min_nodes, warm_nodes) VALUES "
        "($1, "
        "$2, $3, $4, $5, $6, $7) ON CONFLICT (pool, cluster, shard, shards) DO UPDATE SET nodes = "
        "excluded.nodes, min_nodes = excluded.min_nodes, warm_nodes = excluded.warm_nodes",
        err);
    if (!st)
        return FSC_STORE;
    bind_holder(st, pool, h);
    fsc__db_int(st, c->nodes);
    fsc__db_int(st, c->min_nodes);
    fsc__db_int(st, c->warm_nodes);
    return fsc__db_run(st, err);
}

fsc_status fsc_claim_others(fsc_claim *out, fsc_store *s, const char *pool, fsc_holder h,
                            fsc_err *err)
{
    bool row;
    fsc_stmt *st =
        fsc__db_prepare(s,
                        "SELECT CAST(coalesce(sum(nodes), 0) AS BIGINT), CAST(coalesce("
                        "sum(min_nodes), 0) AS BIGINT), CAST(coalesce(sum(warm_nodes), 0) AS "
                        "BIGINT) FROM claim WHERE pool = $1 AND NOT (cluster = $2 AND (shard = $3 "
                        "OR shards <> $4))",
                        err);
    if (!st)
        return FSC_STORE;
    bind_holder(st, pool, h);
    FSC_TRY(fsc__db_step(&row, st, err));
    *out = row ? (fsc_claim){fsc__db_get_int(st, 0), fsc__db_get_int(st, 1), fsc__db_get_int(st, 2)}
               : (fsc_claim){0};
    if (row)
        fsc__db_done(st);
    return FSC_OK;
}
