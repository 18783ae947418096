/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/shard.h"
#include "cli/stages.h"
#include "forescale/apply.h"
#include "forescale/hash.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SHARDS = 1000 };

/* ---- which workloads ---- */

static fsc_status parse_count(int64_t *out, const char *text, size_t n, const char *what,
                              fsc_err *err)
{
    int64_t v = 0;
    bool good = n > 0 && n < 5;
    for (size_t i = 0; i < n; i++) {
        good &= text[i] >= '0' && text[i] <= '9';
        v = 10 * v + (text[i] - '0');
    }
    *out = v;
    return good ? FSC_OK
                : fsc_fail(err, FSC_USAGE, "%s: \"%.40s\" is neither I/N, as 0/8, nor N", what,
                           text);
}

static fsc_status parse_shard(fsc_holder *h, const char *text, fsc_err *err)
{
    static const char variable[] = "JOB_COMPLETION_INDEX";
    const char *slash = strchr(text, '/'), *index = getenv(variable);
    if (slash)
        FSC_TRY(parse_count(&h->shard, text, (size_t)(slash - text), "--shard", err));
    else if (!index)
        return fsc_fail(err, FSC_USAGE,
                        "--shard %.20s: write I/N, or set %s as an Indexed Job does", text,
                        variable);
    else
        FSC_TRY(parse_count(&h->shard, index, strlen(index), variable, err));
    text = slash ? slash + 1 : text;
    FSC_TRY(parse_count(&h->shards, text, strlen(text), "--shard", err));
    if (h->shards < 1 || h->shards > MAX_SHARDS || h->shard >= h->shards)
        return fsc_fail(err, FSC_USAGE,
                        "--shard %lld/%lld: shards count from 0, and are %d at most",
                        (long long)h->shard, (long long)h->shards, MAX_SHARDS);
    return FSC_OK;
}

int64_t fsc_shard_of(const char *name, int64_t shards)
{
    int64_t best = 0;
    uint64_t most = 0;
    for (int64_t i = 0; i < shards; i++) {
        uint64_t score = fsc_name_hash(name, (uint64_t)i + 1);
        if (score > most) {
            most = score;
            best = i;
        }
    }
    return best;
}

static bool lists(const fsc_strings *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->v[i], name))
            return true;
    return false;
}

/* Which shards use each pool, while all workloads are still there. */
static fsc_status look_at_pools(fsc_session *s, fsc_err *err)
{
    const fsc_config *c = &s->config;
    s->pool_users = FSC_NEW(s->cli->arena, c->n_pools, fsc_pool_users, err);
    if (!s->pool_users)
        return FSC_NOMEM;
    for (size_t p = 0; p < c->n_pools; p++)
        s->pool_users[p] = (fsc_pool_users){.first = -1};
    for (size_t w = 0; w < c->n_workloads; w++) {
        int64_t shard = fsc_shard_of(c->workloads[w].name, s->holder.shards);
        for (size_t p = 0; p < c->n_pools; p++) {
            fsc_pool_users *u = &s->pool_users[p];
            if (!lists(&c->workloads[w].pools, c->pools[p].name))
                continue;
            u->several |= u->first >= 0 && u->first != shard;
            u->first = u->first < 0 || shard < u->first ? shard : u->first;
        }
    }
    return FSC_OK;
}

/* The first of its shards writes a shared pool, for all of them; nobody else does. */
static fsc_status keep_pools(fsc_session *s, fsc_err *err)
{
    fsc_pool_config *pools = FSC_NEW(s->cli->arena, s->config.n_pools, fsc_pool_config, err);
    if (!pools)
        return FSC_NOMEM;
    for (size_t p = 0; p < s->config.n_pools; p++) {
        pools[p] = s->config.pools[p];
        if (s->pool_users[p].first != s->holder.shard) {
            pools[p].prewarm.kind_name = "None";
            pools[p].min_nodes = 0;
        }
    }
    s->config.pools = pools;
    return FSC_OK;
}

static fsc_status keep_workloads(fsc_session *s, fsc_err *err)
{
    fsc_config *c = &s->config;
    fsc_workload_config *kept = FSC_NEW(s->cli->arena, c->n_workloads, fsc_workload_config, err);
    size_t n = 0;
    if (!kept)
        return FSC_NOMEM;
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_shard_of(c->workloads[w].name, s->holder.shards) == s->holder.shard)
            kept[n++] = c->workloads[w];
    c->workloads = kept;
    c->n_workloads = n;
    return FSC_OK;
}

/* What a budget pays for whatever happens, in pods. */
static double floors_under(const fsc_config *c, const fsc_budget_config *b)
{
    double sum = 0;
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(b, c->workloads[w].name))
            sum += c->workloads[w].min_replicas > 1 ? (double)c->workloads[w].min_replicas : 1;
    return sum;
}

/* Those that pay for a workload of this shard; their ceilings will be parts. */
static fsc_status keep_budgets(fsc_session *s, const fsc_config *all, fsc_err *err)
{
    fsc_config *c = &s->config;
    size_t n = 0;
    s->parts = FSC_NEW(s->cli->arena, c->n_budgets, fsc_budget_config, err);
    s->reservations = FSC_NEW(s->cli->arena, c->n_budgets, fsc_reservation, err);
    s->part_weights = FSC_NEW(s->cli->arena, c->n_budgets, double, err);
    if (!s->parts || !s->reservations || !s->part_weights)
        return FSC_NOMEM;
    for (size_t b = 0; b < c->n_budgets; b++) {
        double own = floors_under(c, &c->budgets[b]);
        if (own > 0) {
            s->part_weights[n] = own / floors_under(all, &c->budgets[b]);
            s->parts[n++] = c->budgets[b];
        }
    }
    c->budgets = s->parts;
    c->n_budgets = n;
    return FSC_OK;
}

fsc_status fsc_shard_narrow(fsc_session *s, fsc_err *err)
{
    s->holder = (fsc_holder){s->config.store.cluster ? s->config.store.cluster : "", 0, 1};
    if (s->cli->args.shard)
        FSC_TRY(parse_shard(&s->holder, s->cli->args.shard, err));
    s->is_part = s->holder.shards > 1 || *s->holder.cluster;
    if (!s->is_part)
        return FSC_OK;
    const fsc_config all = s->config;
    FSC_TRY(look_at_pools(s, err));
    FSC_TRY(keep_pools(s, err));
    FSC_TRY(keep_workloads(s, err));
    return keep_budgets(s, &all, err);
}

const char *fsc_shard_name(const fsc_session *s, const char *alone, fsc_err *err)
{
    if (!s->is_part)
        return alone;
    return fsc_arena_printf(s->cli->arena, err, "%s%s%lld-of-%lld", s->holder.cluster,
                            *s->holder.cluster ? "-" : "", (long long)s->holder.shard,
                            (long long)s->holder.shards);
}

/* ---- leases ---- */

const char *fsc_shard_lease(const fsc_session *s, const fsc_holder *h, fsc_err *err)
{
    if (h->shards == 1)
        return "forescale";
    return fsc_arena_printf(s->cli->arena, err, "forescale-%lld", (long long)h->shard);
}

/* 0 where it cannot be read: then the expiries alone decide. */
static fsc_status last_run_of(int64_t *at, int64_t *shards, fsc_session *s, const fsc_holder *h,
                              fsc_err *err)
{
    fsc_err unread = FSC_ERR_INIT;
    const char *name = fsc_shard_lease(s, h, err);
    if (!name)
        return FSC_NOMEM;
    if (fsc_lease_last_run(at, shards, s->kube, name, s->cli->arena, &unread) != FSC_OK)
        fsc_log_write(&s->cli->log, FSC_LOG_DEBUG, "a lease cannot be read", "why", unread.msg,
                      NULL);
    return FSC_OK;
}

/* The first shard's lease tells how many there are. */
fsc_status fsc_shard_last_runs(int64_t **out, fsc_session *s, fsc_err *err)
{
    int64_t alone = 0, one = 0, shards = 0, unused = 0;
    int64_t last[MAX_SHARDS] = {0};
    *out = FSC_NEW(s->cli->arena, s->config.n_workloads, int64_t, err);
    if (!*out)
        return FSC_NOMEM;
    FSC_TRY(last_run_of(&alone, &unused, s, &(fsc_holder){"", 0, 1}, err));
    if (s->cli->now - alone > s->config.interval_s * (1 + s->config.missed_runs))
        FSC_TRY(last_run_of(&one, &shards, s, &(fsc_holder){"", 0, MAX_SHARDS}, err));
    shards = shards < MAX_SHARDS ? shards : MAX_SHARDS;
    for (int64_t i = 0; i < shards; i++)
        FSC_TRY(last_run_of(&last[i], &unused, s, &(fsc_holder){"", i, MAX_SHARDS}, err));
    if (!alone && !one)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, "no lease tells the age of the last run", NULL);
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        int64_t shard = shards > 0 ? fsc_shard_of(s->config.workloads[w].name, shards) : 0;
        (*out)[w] = last[shard] > alone ? last[shard] : alone;
    }
    return FSC_OK;
}

/* ---- money ---- */

static fsc_reservation_ask ask_for(const fsc_session *s, size_t b)
{
    const fsc_budget_config *cfg = &s->parts[b];
    return (fsc_reservation_ask){.budget = cfg->name,
                                 .currency = cfg->ceiling.currency,
                                 .holder = s->holder,
                                 .ceiling_micros = cfg->ceiling.micros,
                                 .weight = s->part_weights[b],
                                 .metered_micros = s->budgets[b].spent_micros,
                                 .window_from = fsc_budget_window_start(s, &cfg->window),
                                 .now = s->cli->now};
}

fsc_status fsc_shard_reserve(fsc_session *s, fsc_err *err)
{
    for (size_t b = 0; s->is_part && b < s->config.n_budgets; b++) {
        const fsc_reservation_ask ask = ask_for(s, b);
        fsc_reservation *r = &s->reservations[b];
        char part[FSC_MONEY_TEXT], whole[FSC_MONEY_TEXT];
        FSC_TRY(s->keeps_states ? fsc_reservation_take(r, s->store, &ask, err)
                                : fsc_reservation_look(r, s->store, &ask, err));
        fsc_money money = s->parts[b].ceiling;
        (void)fsc_money_format(whole, money);
        money.micros = r->micros;
        fsc_log_write(&s->cli->log, FSC_LOG_INFO, "a part of a budget", "budget", ask.budget,
                      "part", fsc_money_format(part, money), "of", whole, NULL);
        s->parts[b].ceiling.micros = r->micros;
        s->budgets[b].spent_micros = r->spent_micros;
        s->budgets[b].spent_known = true;
    }
    return FSC_OK;
}

const char *fsc_shard_payer(const fsc_session *s, size_t b)
{
    return s->is_part ? s->reservations[b].payer : s->config.budgets[b].name;
}

fsc_status fsc_shard_use(fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    for (size_t b = 0; s->is_part && b < plan->n_budgets; b++)
        FSC_TRY(fsc_reservation_use(s->store, &s->reservations[b],
                                    plan->budgets[b].most_micros_per_h, err));
    return FSC_OK;
}

fsc_status fsc_shard_settle(fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    for (size_t b = 0; s->is_part && b < plan->n_budgets; b++) {
        const fsc_budget_plan *p = &plan->budgets[b];
        int64_t most = p->worst_case_micros > p->forecast_p95_micros ? p->worst_case_micros
                                                                     : p->forecast_p95_micros;
        /* What is limited would like more, and cannot tell how much: it asks for twice as much. */
        const fsc_commitment c = {.micros = p->worst_case_micros,
                                  .wanted_micros = p->state == FSC_BUDGET_CLOSED ? most : 2 * most,
                                  .rate_micros_per_h = p->most_micros_per_h};
        FSC_TRY(fsc_reservation_settle(s->store, &s->reservations[b], &c, plan->at, err));
    }
    return FSC_OK;
}

/* ---- pools that several shards use ---- */

/* Nodes that hold this shard's pods, each workload's for itself. */
static int64_t nodes_of_pods(const fsc_session *s, size_t p)
{
    const fsc_pool_config *pool = &s->config.pools[p];
    int64_t sum = 0;
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        const fsc_workload_config *wl = &s->config.workloads[w];
        int64_t each = wl->gpus_per_replica ? pool->gpus_per_node / wl->gpus_per_replica : 1;
        each = each > 0 ? each : 1;
        if (s->workloads[w].replicas_known && lists(&wl->pools, pool->name))
            sum += (s->workloads[w].replicas + each - 1) / each;
    }
    return sum;
}

fsc_status fsc_shard_count_nodes(fsc_session *s, fsc_err *err)
{
    for (size_t p = 0; s->is_part && p < s->config.n_pools; p++) {
        fsc_pool_now *now = &s->pools[p];
        const fsc_pool_users *u = &s->pool_users[p];
        fsc_claim others;
        if (!u->several || !now->nodes_known)
            continue;
        int64_t own = nodes_of_pods(s, p);
        if (u->first ==
            s->holder.shard) { /* what holds nobody's pods bills too: it is the first's */
            FSC_TRY(fsc_claim_others(&others, s->store, s->config.pools[p].name, s->holder, err));
            own = now->nodes - others.nodes > own ? now->nodes - others.nodes : own;
        } else {
            now->nodes_leaving = now->nodes_leaving < own ? now->nodes_leaving : own;
        }
        now->nodes = own;
        now->ready = now->ready < own ? now->ready : own;
    }
    return FSC_OK;
}

fsc_status fsc_shard_share_pools(fsc_session *s, fsc_plan *plan, fsc_err *err)
{
    if (!s->is_part)
        return FSC_OK;
    fsc_pool_plan *pools = FSC_NEW(s->cli->arena, plan->n_pools, fsc_pool_plan, err);
    if (!pools)
        return FSC_NOMEM;
    for (size_t p = 0; p < plan->n_pools; p++) {
        fsc_claim others;
        pools[p] = plan->pools[p];
        if (!s->pool_users[p].several)
            continue;
        const fsc_claim own = {nodes_of_pods(s, p), pools[p].min_nodes, pools[p].warm_nodes};
        if (s->keeps_states)
            FSC_TRY(fsc_claim_put(s->store, pools[p].name, s->holder, &own, err));
        if (s->pool_users[p].first != s->holder.shard)
            continue;
        FSC_TRY(fsc_claim_others(&others, s->store, pools[p].name, s->holder, err));
        int64_t min = own.min_nodes + others.min_nodes;
        pools[p].min_nodes = min < pools[p].max_nodes ? min : pools[p].max_nodes;
        pools[p].warm_nodes += others.warm_nodes;
    }
    plan->pools = pools;
    return FSC_OK;
}
