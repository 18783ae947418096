/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes cost, and what was spent. */
#include "cli/stages.h"

#include <stdio.h>
#include <string.h>

static fsc_quote_input quote_input(const fsc_session *s, bool ask)
{
    return (fsc_quote_input){
        .config = &s->config, .http = ask ? s->http : NULL, .store = s->store, .now = s->cli->now};
}

fsc_status fsc_stage_prices(fsc_session *s, bool ask, fsc_err *err)
{
    const fsc_config *c = &s->config;
    for (size_t p = 0; p < c->n_pools && ask; p++)
        if (c->pools[p].price_from.is_read)
            FSC_TRY(fsc_session_http(s, err));
    const fsc_quote_input in = quote_input(s, ask);
    FSC_TRY(fsc_price_quote_all(s->quotes, &in, s->cli->arena, err));
    for (size_t p = 0; p < c->n_pools; p++) {
        s->pools[p].price = s->quotes[p].price;
        if (s->quotes[p].note)
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, s->quotes[p].note, NULL);
    }
    return FSC_OK;
}

fsc_status fsc_stage_prices_journal(fsc_session *s, const char *run_id, fsc_err *err)
{
    const fsc_quote_input in = quote_input(s, false);
    return fsc_price_remember(s->store, &in, s->quotes, run_id, s->cli->arena, err);
}

const char *fsc_quote_origin(char out[FSC_ORIGIN_TEXT], const fsc_quote *q, int64_t now)
{
    char age[FSC_TIME_TEXT];
    if (!*q->source)
        (void)snprintf(out, FSC_ORIGIN_TEXT, "nobody");
    else if (!q->as_of || q->fresh)
        (void)snprintf(out, FSC_ORIGIN_TEXT, "%.80s", q->source);
    else
        (void)snprintf(out, FSC_ORIGIN_TEXT, "%.80s, %s ago", q->source,
                       fsc_duration_format(age, now > q->as_of ? now - q->as_of : 0));
    return out;
}

/* ---- spend ------------------------------------------------------------------------------------
 */

fsc_status fsc_stage_meters(fsc_session *s, size_t *failed, fsc_err *err)
{
    *failed = 0;
    for (size_t b = 0; b < s->config.n_budgets; b++) {
        const fsc_budget_config *cfg = &s->config.budgets[b];
        fsc_err one = FSC_ERR_INIT;
        if (!fsc_meter_given(&cfg->meter))
            continue;
        FSC_TRY(fsc_session_http(s, err));
        if (fsc_meter_collect(&s->config, cfg, s->http, s->store, s->cli->now, s->cli->arena,
                              &one) == FSC_OK)
            continue;
        ++*failed;
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, one.msg, NULL);
    }
    return FSC_OK;
}

int64_t fsc_budget_window_start(const fsc_session *s, const fsc_window *w)
{
    static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                         [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                         [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};
    return w->kind == FSC_WINDOW_ROLLING
               ? s->cli->now - w->length_s
               : fsc_period_start(s->config.zone, periods[w->kind], s->cli->now);
}

static const char *describe(const fsc_session *s, const fsc_budget_config *cfg,
                            const fsc_meter_reading *r, fsc_err *err)
{
    char metered[FSC_MONEY_TEXT], estimate[FSC_MONEY_TEXT], age[FSC_TIME_TEXT];
    fsc_money money = cfg->ceiling;
    if (r->state == FSC_METER_NONE)
        return "the meter has no sample of this window: the own estimate counts";
    money.micros = r->metered_micros;
    (void)fsc_money_format(metered, money);
    money.micros = r->estimate_micros;
    (void)fsc_money_format(estimate, money);
    if (r->state == FSC_METER_STALE)
        return fsc_arena_printf(s->cli->arena, err,
                                "the meter is silent for %s (%s until then, own estimate %s): the "
                                "own estimate counts since",
                                fsc_duration_format(age, s->cli->now - r->newest), metered,
                                estimate);
    if (!r->estimate_micros)
        return fsc_arena_printf(s->cli->arena, err, "metered %s, own estimate %s", metered,
                                estimate);
    return fsc_arena_printf(s->cli->arena, err, "metered %s, own estimate %s (%+.1f %%)", metered,
                            estimate,
                            100 * ((double)r->metered_micros / (double)r->estimate_micros - 1));
}

static fsc_status read_budget(fsc_session *s, size_t b, fsc_err *err)
{
    const fsc_budget_config *cfg = &s->config.budgets[b];
    fsc_budget_now *now = &s->budgets[b];
    fsc_meter_reading *r = &s->meters[b];
    FSC_TRY(fsc_meter_read(r, s->store, &s->config, cfg, fsc_budget_window_start(s, &cfg->window),
                           s->cli->now, s->cli->arena, err));
    if (r->others)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN,
                      "the ledger has spend in another currency in this window: not counted",
                      "budget", cfg->name, "currency", cfg->ceiling.currency, NULL);
    now->spent_micros = r->spent_micros;
    now->spent_known = true;
    now->meter_at = r->newest;
    if (!fsc_meter_given(&cfg->meter))
        return FSC_OK;
    now->meter_note = describe(s, cfg, r, err);
    if (!now->meter_note)
        return FSC_NOMEM;
    if (r->state != FSC_METER_FRESH)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, now->meter_note, "budget", cfg->name, NULL);
    return FSC_OK;
}

fsc_status fsc_stage_spend(fsc_session *s, fsc_err *err)
{
    for (size_t b = 0; b < s->config.n_budgets; b++)
        if (!s->budgets[b].spent_known) /* else the command line says it */
            FSC_TRY(read_budget(s, b, err));
    return FSC_OK;
}

/* When a meter falls silent or speaks again, else once an hour: what it says beside the estimate.
 */
fsc_status fsc_stage_spend_journal(fsc_session *s, const char *run_id, fsc_err *err)
{
    static const char *const states[] = {
        [FSC_METER_NONE] = "absent", [FSC_METER_FRESH] = "fresh", [FSC_METER_STALE] = "stale"};
    for (size_t b = 0; b < s->config.n_budgets; b++) {
        const fsc_budget_config *cfg = &s->config.budgets[b];
        const char *state = states[s->meters[b].state];
        fsc_ledger_entry last = {.row = {.after = ""}};
        int64_t id;
        if (!s->budgets[b].meter_note)
            continue;
        fsc_status status =
            fsc_ledger_newest(&last, s->store, "meter", cfg->name, s->cli->now, s->cli->arena, err);
        if (status != FSC_OK && status != FSC_MISSING)
            return status;
        if (status == FSC_OK && !strcmp(last.row.after, state) &&
            s->cli->now - last.row.at < FSC_LEDGER_REPEAT_S)
            continue;
        FSC_TRY(fsc_ledger_intend(&id, s->store,
                                  &(fsc_ledger_row){.at = s->cli->now,
                                                    .run_id = run_id,
                                                    .kind = "meter",
                                                    .object = cfg->name,
                                                    .op = "reconcile",
                                                    .before = last.row.after,
                                                    .after = state,
                                                    .verdict = FSC_VERDICT_ALLOWED,
                                                    .why = s->budgets[b].meter_note,
                                                    .micros = s->meters[b].metered_micros,
                                                    .currency = cfg->ceiling.currency,
                                                    .key = ""},
                                  err));
        FSC_TRY(fsc_ledger_settle(s->store, id, s->cli->now, "noted", "", err));
    }
    return FSC_OK;
}
