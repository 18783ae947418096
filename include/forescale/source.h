/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where demand comes from. A new source is one file in collector/ and one word in its CMakeLists.
 */
#ifndef FORESCALE_SOURCE_H
#define FORESCALE_SOURCE_H

#include "forescale/http.h"
#include "forescale/store.h"

/* Takes samples as they stream in: `series` comes before each series's samples. `label` is its
 * value of the label that the request groups by, or "". Samples come in time order within a series.
 */
typedef struct fsc_sink {
    void *ctx;
    fsc_status (*series)(void *ctx, const char *label, fsc_err *err);
    fsc_status (*sample)(void *ctx, int64_t t, double v, fsc_err *err);
    void (*warning)(void *ctx, const char *text);
    void (*restart)(void *ctx); /* what came so far is void: a broken transfer begins anew */
} fsc_sink;

typedef struct fsc_source_request {
    const char *query;
    const char *by;   /* NULL: exactly one series must come */
    int64_t from, to; /* from <= t < to, both multiples of step_s */
    int32_t step_s;
} fsc_source_request;

/* A source turns a request into HTTP and the answer into samples; collect.c runs many at once. */
typedef struct fsc_source_ops {
    const char *name, *summary;
    /* Fills the HTTP request; what streams in goes to the sink. *state lives in the arena. */
    fsc_status (*prepare)(fsc_http_request *out, void **state, const fsc_config *cfg,
                          const fsc_source_request *req, const fsc_sink *sink, fsc_arena *a,
                          fsc_err *err);
    /* After the transfer, with its status: the final word, with the source's own message in err. */
    fsc_status (*finish)(void *state, fsc_status status, const fsc_http_response *response,
                         fsc_err *err);
} fsc_source_ops;
const fsc_source_ops *const *fsc_sources(void); /* ends with NULL */

/* ---- collect --------------------------------------------------------------------------------- */

typedef struct fsc_collect_query { /* resolved: from the config or the target's trigger */
    const char *series_id;
    const char *query, *by, *value;
} fsc_collect_query;

typedef struct fsc_collect_result {
    const char *series_id;
    fsc_status status;
    fsc_err err;
    size_t samples, gaps;
    int64_t newest;
    char warning[200]; /* the source's first, or that nothing came; "": none */
} fsc_collect_result;

typedef struct fsc_collect_input {
    int64_t now, since_s; /* how far back history is wanted */
    int32_t step_s;
    const fsc_config *config;
    const fsc_collect_query *queries;
    size_t n;
    void (*progress)(void *ctx, size_t done, size_t total);
    void *progress_ctx;
} fsc_collect_input;

/* Pulls what the store lacks; one bad query never stops the rest (see each result). Each window is
 * a transaction of its own, so a killed run loses nothing and the next one goes on. What the source
 * has nothing for stays a gap, and is asked for again: within minutes while it is fresh, then once
 * a day. FSC_CONFIG: no prometheus.url; FSC_STORE, FSC_NOMEM: nothing further is collected. */
fsc_status fsc_collect(fsc_collect_result *results, fsc_store *s, fsc_http *http,
                       const fsc_collect_input *in, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* ---- CSV ------------------------------------------------------------------------------------- */

typedef enum fsc_time_form { FSC_TIME_UNIX, FSC_TIME_RFC3339 } fsc_time_form;
typedef struct fsc_csv {
    size_t n;
    fsc_series *series; /* in the file's order */
    fsc_time_form form; /* in which the timestamps came */
} fsc_csv;
/* path "-" is standard input, .gz is inflated; step_s 0: inferred. FSC_DATA names file:line. */
fsc_status fsc_csv_read(fsc_csv *out, const char *path, int32_t step_s, fsc_arena *a,
                        fsc_err *err) FSC_CHECKED;
/* The same of a text that lies in memory and ends with a NUL; path stands for it in messages. */
fsc_status fsc_csv_parse(fsc_csv *out, const char *path, const char *text, size_t n, int32_t step_s,
                         fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
