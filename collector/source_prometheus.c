/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prometheus's query_range (and what speaks it: Thanos, Mimir, VictoriaMetrics), by POST with a
 * form, so that long queries fit. partial_response=false (Thanos) and
 * deny_partial_response=1 (VictoriaMetrics): half of a demand must not pass for all of it.
 */
#include "prom_instant.h"
#include "prom_scan.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_LIMIT_MIB = 2048,
    RETRIES_MS = 30 * 1000 /* on top of the time for one try */
};

typedef struct request_state {
    fsc_prom_scan scan;
    fsc_sink sink; /* ours, around the caller's */
    const fsc_sink *out;
    bool many_allowed;
    size_t series;
} request_state;

static fsc_status on_series(void *ctx, const char *label, fsc_err *err)
{
    request_state *s = ctx;
    if (++s->series > 1 && !s->many_allowed)
        return fsc_fail(err, FSC_DATA,
                        "the query returns more than one series: aggregate it, as with sum(...), "
                        "or give demand.by");
    return s->out->series(s->out->ctx, label, err);
}

static fsc_status on_sample(void *ctx, int64_t t, double v, fsc_err *err)
{
    request_state *s = ctx;
    return s->out->sample(s->out->ctx, t, v, err);
}

static void on_warning(void *ctx, const char *text)
{
    request_state *s = ctx;
    if (s->out->warning)
        s->out->warning(s->out->ctx, text);
}

static fsc_status on_data(void *ctx, const char *data, size_t n, fsc_err *err)
{
    request_state *s = ctx;
    return fsc_prom_scan_feed(&s->scan, data, n, err);
}

static fsc_status restart(void *ctx, fsc_err *err)
{
    request_state *s = ctx;
    const char *by = s->scan.by;
    (void)err;
    s->series = 0;
    s->out->restart(s->out->ctx);
    fsc_prom_scan_begin(&s->scan, &s->sink, by);
    return FSC_OK;
}

static void add_int(fsc_buf *form, const char *key, int64_t v, const char *unit)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld%s", (long long)v, unit);
    fsc_http_form_add(form, key, text);
}

static fsc_status prepare(fsc_http_request *out, void **state, const fsc_config *cfg,
                          const fsc_source_request *req, const fsc_sink *sink, fsc_arena *a,
                          fsc_err *err)
{
    fsc_buf form;
    request_state *s = FSC_NEW(a, 1, request_state, err);
    int64_t timeout_ms = cfg->prometheus.auth.timeout_s * 1000;
    const char *url = fsc__prom_url(cfg, "/api/v1/query_range", a, err);
    if (!s || !url)
        return FSC_NOMEM;
    s->out = sink;
    s->many_allowed = req->by != NULL;
    s->sink = (fsc_sink){.ctx = s, .series = on_series, .sample = on_sample, .warning = on_warning};
    fsc_prom_scan_begin(&s->scan, &s->sink, req->by);
    fsc_buf_init(&form, a, (size_t)1 << 20);
    fsc_http_form_add(&form, "query", req->query);
    add_int(&form, "start", req->from, "");
    add_int(&form, "end", req->to - req->step_s, "");
    add_int(&form, "step", req->step_s, "");
    add_int(&form, "timeout", cfg->prometheus.auth.timeout_s, "s");
    fsc_http_form_add(&form, "partial_response", "false");
    fsc_http_form_add(&form, "deny_partial_response", "1");
    FSC_TRY(fsc_buf_status(&form, err));
    *out = (fsc_http_request){.method = FSC_POST,
                              .url = url,
                              .auth = &cfg->prometheus.auth,
                              .content_type = "application/x-www-form-urlencoded",
                              .body = fsc_buf_str(&form),
                              .body_n = form.len,
                              .max_bytes = (size_t)ANSWER_LIMIT_MIB << 20,
                              .timeout_ms = timeout_ms,
                              .deadline_ms = timeout_ms + RETRIES_MS,
                              .on_data = on_data,
                              .restart = restart,
                              .ctx = s};
    *state = s;
    return FSC_OK;
}

static fsc_status ignore_series(void *ctx, const char *label, fsc_err *err)
{
    (void)ctx;
    (void)label;
    (void)err;
    return FSC_OK;
}

static fsc_status ignore_sample(void *ctx, int64_t t, double v, fsc_err *err)
{
    (void)ctx;
    (void)t;
    (void)v;
    (void)err;
    return FSC_OK;
}

/* An error answer is JSON of the same shape: its own words say more than the status. */
static fsc_status own_words(const fsc_http_response *response, fsc_status status, fsc_err *err)
{
    static const fsc_sink nothing = {.series = ignore_series, .sample = ignore_sample};
    fsc_prom_scan *scan = NULL;
    fsc_err words = FSC_ERR_INIT;
    if (!response->body.len || strncmp(response->content_type, "application/json", 16))
        return status;
    scan = fsc_arena_alloc(response->body.arena, 1, sizeof *scan, err);
    if (!scan)
        return FSC_NOMEM;
    fsc_prom_scan_begin(scan, &nothing, NULL);
    if (fsc_prom_scan_feed(scan, response->body.data, response->body.len, &words) == FSC_OK &&
        fsc_prom_scan_end(scan, &words) == FSC_REMOTE)
        return (err->retryable ? fsc_fail_retryable : fsc_fail)(
            err, status, "Prometheus answers %d: %.400s", response->code, words.msg);
    return status;
}

static fsc_status finish(void *state, fsc_status status, const fsc_http_response *response,
                         fsc_err *err)
{
    request_state *s = state;
    if (response->code / 100 == 2 && !strncmp(response->content_type, "text/html", 9))
        return fsc_fail(err, FSC_REMOTE,
                        "the answer is a web page, not Prometheus's: check prometheus.url");
    if (status != FSC_OK)
        status = own_words(response, status, err);
    if (status == FSC_MISSING)
        return fsc_context(err, "check prometheus.url");
    if (status != FSC_OK)
        return status;
    return fsc_http_hide(response, fsc_prom_scan_end(&s->scan, err), err);
}

const fsc_source_ops fsc_source_prometheus = {
    .name = "prometheus",
    .summary = "Prometheus, Thanos, Mimir, VictoriaMetrics: query_range.",
    .prepare = prepare,
    .finish = finish,
};
