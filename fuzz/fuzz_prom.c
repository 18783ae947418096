/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scanner of Prometheus's answers: nothing crashes it, and how a body is cut changes nothing.
 */
#include "collector/prom_scan.h"

#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    fsc_status status;
    uint64_t hash; /* of all that came out, in its order */
} outcome;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void mix(outcome *o, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ p[i]) * 1099511628211u;
}

static fsc_status on_series(void *ctx, const char *label, fsc_err *err)
{
    (void)err;
    mix(ctx, label, strlen(label) + 1);
    return FSC_OK;
}

static fsc_status on_sample(void *ctx, int64_t t, double v, fsc_err *err)
{
    (void)err;
    mix(ctx, &t, sizeof t);
    mix(ctx, &v, sizeof v);
    return FSC_OK;
}

static void on_warning(void *ctx, const char *text)
{
    mix(ctx, text, strlen(text) + 1);
}

static outcome scan(const char *body, size_t n, size_t piece)
{
    outcome o = {.status = FSC_OK};
    const fsc_sink sink = {
        .ctx = &o, .series = on_series, .sample = on_sample, .warning = on_warning};
    fsc_err err = FSC_ERR_INIT;
    fsc_prom_scan s;
    fsc_prom_scan_begin(&s, &sink, "a");
    for (size_t at = 0; at < n && o.status == FSC_OK; at += piece)
        o.status = fsc_prom_scan_feed(&s, body + at, n - at < piece ? n - at : piece, &err);
    if (o.status == FSC_OK)
        o.status = fsc_prom_scan_end(&s, &err);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    const char *body = (const char *)data + 1;
    outcome whole = scan(body, n - 1, n - 1), pieces = scan(body, n - 1, 1 + data[0] % 16u);
    if (whole.status != pieces.status || whole.hash != pieces.hash)
        abort();
    return 0;
}
