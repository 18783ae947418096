/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prom_instant.h"
#include "forescale/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_KIB = 64, ANSWER_MIB = 4 };

const char *fsc__prom_url(const fsc_config *cfg, const char *path, fsc_arena *a, fsc_err *err)
{
    const char *base = cfg->prometheus.url;
    size_t n = strlen(base);
    while (n && base[n - 1] == '/')
        n--;
    return fsc_arena_printf(a, err, "%.*s%s", (int)n, base, path);
}

void fsc__prom_matcher(fsc_buf *out, const char *name, const char *value)
{
    fsc_buf_printf(out, "%s=\"", name);
    for (; *value; value++)
        fsc_buf_printf(out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    fsc_buf_puts(out, "\"");
}

/* [time, "value"] */
static double value_of(const fsc_node *pair)
{
    bool is_pair = pair && pair->kind == FSC_NODE_LIST && pair->n == 2;
    return is_pair ? fsc_node_real(pair->items[1], NAN) : NAN;
}

static double largest(const fsc_node *data)
{
    double most = NAN;
    const fsc_node *result = fsc_node_at(data, "result", NULL);
    if (!strcmp(fsc_node_text(fsc_node_at(data, "resultType", NULL), ""), "scalar"))
        return value_of(result);
    for (size_t i = 0; result && result->kind == FSC_NODE_LIST && i < result->n; i++) {
        double v = value_of(fsc_node_at(result->items[i], "value", NULL));
        if (isfinite(v) && !(v <= most))
            most = v;
    }
    return most;
}

fsc_status fsc__prom_largest(double *out, fsc_http *http, const fsc_config *cfg, const char *query,
                             int64_t at, fsc_arena *a, fsc_err *err)
{
    fsc_buf form;
    char time[32];
    const fsc_node *answer;
    const char *url = fsc__prom_url(cfg, "/api/v1/query", a, err);
    if (!url)
        return FSC_NOMEM;
    (void)snprintf(time, sizeof time, "%lld", (long long)at);
    fsc_buf_init(&form, a, (size_t)FORM_KIB << 10);
    fsc_http_form_add(&form, "query", query);
    fsc_http_form_add(&form, "time", time);
    FSC_TRY(fsc_buf_status(&form, err));
    FSC_TRY(fsc_http_json(&answer, http,
                          &(fsc_http_request){.method = FSC_POST,
                                              .url = url,
                                              .auth = &cfg->prometheus.auth,
                                              .content_type = "application/x-www-form-urlencoded",
                                              .body = fsc_buf_str(&form),
                                              .body_n = form.len,
                                              .max_bytes = (size_t)ANSWER_MIB << 20,
                                              .timeout_ms = cfg->prometheus.auth.timeout_s * 1000},
                          a, err));
    *out = largest(fsc_node_at(answer, "data", NULL));
    return isfinite(*out) ? FSC_OK
                          : fsc_fail(err, FSC_MISSING, "Prometheus has no value of %.200s", query);
}
