/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"
#include "forescale/plan.h"

static void key_text(fsc_buf *b, const char *key, const char *value)
{
    fsc_buf_printf(b, ",\"%s\":", key);
    if (value)
        fsc_json_string(b, value);
    else
        fsc_buf_puts(b, "null");
}

static void key_int(fsc_buf *b, const char *key, int64_t value)
{
    fsc_buf_printf(b, ",\"%s\":%lld", key, (long long)value);
}

static void key_time(fsc_buf *b, const char *key, int64_t t)
{
    char text[FSC_TIME_TEXT];
    fsc_buf_printf(b, ",\"%s\":\"%s\"", key, fsc_time_format(text, t));
}

/* Exact: money leaves as the decimal that it is. */
static void money(fsc_buf *b, const char *key, int64_t micros)
{
    uint64_t size = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
    fsc_buf_printf(b, "\"%s\":%s%llu.%06llu", key, micros < 0 ? "-" : "",
                   (unsigned long long)(size / 1000000), (unsigned long long)(size % 1000000));
}

static void key_money(fsc_buf *b, const char *key, int64_t micros)
{
    fsc_buf_puts(b, ",");
    money(b, key, micros);
}

static void add_workload(fsc_buf *b, const fsc_workload_plan *w)
{
    static const char *const modes[] = {"observe", "enforce", "no-drift"};
    fsc_buf_puts(b, "{\"name\":");
    fsc_json_string(b, w->name);
    key_text(b, "mode", modes[w->mode]);
    key_int(b, "minReplicas", w->min_replicas);
    key_int(b, "maxReplicas", w->max_replicas);
    key_int(b, "safeMaxReplicas", w->safe_max);
    if (w->current_known)
        key_int(b, "currentReplicas", w->current_replicas);
    else
        fsc_buf_puts(b, ",\"currentReplicas\":null");
    fsc_buf_printf(b, ",\"baseline\":{\"minReplicas\":%lld,\"maxReplicas\":%lld},\"hold\":%s",
                   (long long)w->baseline_min, (long long)w->baseline_max,
                   w->hold ? "true" : "false");
    key_text(b, "reason", w->reason);
    if (w->hold)
        fsc_buf_puts(b, ",\"quantile\":null");
    else
        fsc_buf_printf(b, ",\"quantile\":%g", w->quantile);
    fsc_buf_printf(b, ",\"leadSeconds\":{\"pod\":%lld,\"node\":%lld}", (long long)w->lead_pod_s,
                   (long long)w->lead_node_s);
    key_time(b, "expiresAt", w->expires_at);
    fsc_buf_puts(b, "}");
}

static void add_pool(fsc_buf *b, const fsc_pool_plan *p)
{
    fsc_buf_puts(b, "{\"name\":");
    fsc_json_string(b, p->name);
    key_int(b, "warmNodes", p->warm_nodes);
    key_int(b, "minNodes", p->min_nodes);
    key_int(b, "maxNodes", p->max_nodes);
    key_money(b, "pricePerNodeHour", p->price.micros);
    key_text(b, "currency", p->price.currency[0] ? p->price.currency : NULL);
    key_int(b, "undeliveredNodes", p->undelivered);
    key_text(b, "reason", p->reason);
    fsc_buf_puts(b, "}");
}

static void add_budget(fsc_buf *b, const fsc_budget_plan *p)
{
    fsc_buf_puts(b, "{\"name\":");
    fsc_json_string(b, p->name);
    key_text(b, "state", fsc_budget_state_name(p->state));
    key_money(b, "ceiling", p->ceiling.micros);
    key_text(b, "currency", p->ceiling.currency);
    key_time(b, "windowStart", p->window_start);
    key_time(b, "windowEnd", p->window_end);
    key_money(b, "spent", p->spent_micros);
    fsc_buf_puts(b, ",\"forecast\":{");
    money(b, "p50", p->forecast_p50_micros);
    key_money(b, "p95", p->forecast_p95_micros);
    fsc_buf_puts(b, "}");
    key_money(b, "worstCase", p->worst_case_micros);
    key_money(b, "ratePerHour", p->rate_micros_per_h);
    if (p->rate.micros)
        key_money(b, "rateLimit", p->rate.micros);
    fsc_buf_printf(b, ",\"probabilityOver\":%.4g", p->probability_over);
    fsc_buf_printf(b, ",\"shadowPrice\":%.6g", p->shadow_price);
    key_text(b, "reason", p->reason);
    key_text(b, "promiseVoid", p->void_why);
    fsc_buf_puts(b, "}");
}

void fsc_plan_json(fsc_buf *b, const fsc_plan *p)
{
    fsc_buf_puts(b, "{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Plan\"");
    key_time(b, "at", p->at);
    key_text(b, "runId", p->run_id);
    fsc_buf_puts(b, ",\"workloads\":[");
    for (size_t i = 0; i < p->n_workloads; i++) {
        fsc_buf_puts(b, i ? "," : "");
        add_workload(b, &p->workloads[i]);
    }
    fsc_buf_puts(b, "],\"pools\":[");
    for (size_t i = 0; i < p->n_pools; i++) {
        fsc_buf_puts(b, i ? "," : "");
        add_pool(b, &p->pools[i]);
    }
    fsc_buf_puts(b, "],\"budgets\":[");
    for (size_t i = 0; i < p->n_budgets; i++) {
        fsc_buf_puts(b, i ? "," : "");
        add_budget(b, &p->budgets[i]);
    }
    fsc_buf_puts(b, "]}");
}
