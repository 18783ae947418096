/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/price.h"

#include <math.h>
#include <string.h>

enum { STALE_AMOUNT_S = 30 * FSC_DAY_S };
static const double most_units = 1e6; /* an hour of a node */

fsc_status fsc_price_micros(int64_t *micros, double units, fsc_err *err)
{
    if (!(units >= 0) || units > most_units)
        return fsc_fail(err, FSC_DATA, "%g is no price of a node", units);
    *micros = (int64_t)ceil(units * 1e6 - 1e-3);
    return FSC_OK;
}

static fsc_status newest(fsc_ledger_row *out, fsc_store *s, const char *pool, int64_t now,
                         fsc_arena *a, fsc_err *err)
{
    if (!s)
        return FSC_MISSING;
    fsc_ledger_entry last;
    FSC_TRY(fsc_ledger_newest(&last, s, "price", pool, now, a, err));
    *out = last.row;
    return FSC_OK;
}

static fsc_status ask(fsc_quote *q, const fsc_quote_input *in, const fsc_pool_config *pool,
                      fsc_arena *a, fsc_err *err)
{
    const fsc_price_ops *const *p = fsc_prices();
    while (*p && strcmp((*p)->name, pool->price_from.source))
        p++;
    if (!*p)
        return fsc_fail(err, FSC_CONFIG, "this build cannot read prices of %s",
                        pool->price_from.source);
    FSC_TRY((*p)->quote(&q->price.micros, in->http, in->config, pool, in->now, a, err));
    if (!q->price.micros)
        return fsc_fail(err, FSC_DATA, "it says that a node costs nothing");
    q->fresh = true;
    q->as_of = in->now;
    q->source = (*p)->name;
    return FSC_OK;
}

static const char *age(char out[FSC_TIME_TEXT], int64_t now, int64_t then)
{
    return fsc_duration_format(out, now > then ? now - then : 0);
}

static fsc_status use_amount(fsc_quote *q, const fsc_quote_input *in, const fsc_pool_config *pool,
                             fsc_arena *a, fsc_err *err)
{
    char old[FSC_TIME_TEXT];
    const fsc_price_config *from = &pool->price_from;
    q->price.micros = pool->price.micros;
    q->source = from->source && !from->is_read ? from->source : "configuration";
    q->as_of = from->as_of ? from->as_of_t : 0;
    if (!from->as_of || in->now - from->as_of_t <= STALE_AMOUNT_S)
        return FSC_OK;
    q->note =
        fsc_arena_printf(a, err, "the price of pool %s was looked up %s ago: renew it, and asOf",
                         pool->name, age(old, in->now, from->as_of_t));
    return q->note ? FSC_OK : FSC_NOMEM;
}

/* The reader is silent, or is not asked. */
static fsc_status fall_back(fsc_quote *q, const fsc_quote_input *in, const fsc_pool_config *pool,
                            const char *why, fsc_arena *a, fsc_err *err)
{
    char old[FSC_TIME_TEXT], price[FSC_MONEY_TEXT];
    fsc_ledger_row last;
    fsc_status status = newest(&last, in->store, pool->name, in->now, a, err);
    bool heard = status == FSC_OK && !strcmp(last.currency, pool->price.currency);
    if (status != FSC_OK && status != FSC_MISSING)
        return status;
    if (heard) {
        q->price.micros = last.micros;
        q->source = last.after;
        q->as_of = last.at;
    } else if (pool->price_given) {
        FSC_TRY(use_amount(q, in, pool, a, err));
    }
    if (!why && q->price.micros)
        return FSC_OK;
    why = why ? why : "its price is not asked for here";
    q->note = heard ? fsc_arena_printf(a, err, "pool %s: %.300s; its price of %s ago counts: %s/h",
                                       pool->name, why, age(old, in->now, last.at),
                                       fsc_money_format(price, q->price))
                    : fsc_arena_printf(a, err, "pool %s: %.300s; %s", pool->name, why,
                                       pool->price_given ? "the configured amount counts"
                                                         : "nothing was ever heard of its price");
    return q->note ? FSC_OK : FSC_NOMEM;
}

static fsc_status quote_one(fsc_quote *q, const fsc_quote_input *in, const fsc_pool_config *pool,
                            fsc_arena *a, fsc_err *err)
{
    fsc_err silent = FSC_ERR_INIT;
    *q = (fsc_quote){.price = pool->price, .source = ""};
    q->price.micros = 0;
    if (!pool->price_from.is_read && pool->price_given)
        return use_amount(q, in, pool, a, err);
    if (!pool->price_from.is_read) {
        q->note = fsc_arena_printf(a, err, "pool %s has no price: give pools.price", pool->name);
        return q->note ? FSC_OK : FSC_NOMEM;
    }
    if (in->http && ask(q, in, pool, a, &silent) == FSC_OK)
        return FSC_OK;
    return fall_back(q, in, pool, in->http ? silent.msg : NULL, a, err);
}

/* A pool whose reader was never heard costs what a GPU costs at worst elsewhere. */
static fsc_status use_dearest(fsc_quote *quotes, size_t p, const fsc_config *c, fsc_arena *a,
                              fsc_err *err)
{
    const fsc_quote *dearest = NULL;
    int64_t gpu_micros = 0;
    fsc_quote *q = &quotes[p];
    for (size_t i = 0; i < c->n_pools; i++) {
        int64_t gpus = c->pools[i].gpus_per_node, share = quotes[i].price.micros / gpus;
        if (i == p || strcmp(quotes[i].price.currency, q->price.currency) || share <= gpu_micros)
            continue;
        gpu_micros = share + (quotes[i].price.micros % gpus != 0);
        dearest = &quotes[i];
    }
    if (!dearest)
        return FSC_OK;
    const char *other = c->pools[dearest - quotes].name;
    q->price.micros = gpu_micros * c->pools[p].gpus_per_node;
    q->source = "dearest pool";
    q->note =
        fsc_arena_printf(a, err, "%s%spool %s is counted as dear as pool %s",
                         q->note ? q->note : "", q->note ? ": " : "", c->pools[p].name, other);
    return q->note ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_price_quote_all(fsc_quote *out, const fsc_quote_input *in, fsc_arena *a,
                               fsc_err *err)
{
    const fsc_config *c = in->config;
    bool *unheard = FSC_NEW(a, c->n_pools, bool, err);
    if (!unheard)
        return FSC_NOMEM;
    for (size_t p = 0; p < c->n_pools; p++) {
        FSC_TRY(quote_one(&out[p], in, &c->pools[p], a, err));
        unheard[p] = c->pools[p].price_from.is_read && !out[p].price.micros;
    }
    for (size_t p = 0; p < c->n_pools; p++)
        if (unheard[p])
            FSC_TRY(use_dearest(out, p, c, a, err));
    return FSC_OK;
}

fsc_status fsc_price_remember(fsc_store *s, const fsc_quote_input *in, const fsc_quote *quotes,
                              const char *run_id, fsc_arena *a, fsc_err *err)
{
    for (size_t p = 0; p < in->config->n_pools; p++) {
        const fsc_quote *q = &quotes[p];
        const char *pool = in->config->pools[p].name;
        char price[FSC_MONEY_TEXT];
        fsc_ledger_row last;
        int64_t id;
        if (!q->fresh)
            continue;
        fsc_status status = newest(&last, s, pool, in->now, a, err);
        if (status != FSC_OK && status != FSC_MISSING)
            return status;
        if (status == FSC_OK && last.micros == q->price.micros &&
            in->now - last.at < FSC_LEDGER_REPEAT_S && !strcmp(last.currency, q->price.currency))
            continue;
        const char *why =
            fsc_arena_printf(a, err, "%s: %s/h", q->source, fsc_money_format(price, q->price));
        if (!why)
            return FSC_NOMEM;
        FSC_TRY(fsc_ledger_intend(&id, s,
                                  &(fsc_ledger_row){.at = in->now,
                                                    .run_id = run_id,
                                                    .kind = "price",
                                                    .object = pool,
                                                    .op = "quote",
                                                    .before = status == FSC_OK ? last.after : "",
                                                    .after = q->source,
                                                    .verdict = FSC_VERDICT_ALLOWED,
                                                    .why = why,
                                                    .micros = q->price.micros,
                                                    .currency = q->price.currency,
                                                    .key = ""},
                                  err));
        FSC_TRY(fsc_ledger_settle(s, id, in->now, "noted", "", err));
    }
    return FSC_OK;
}
