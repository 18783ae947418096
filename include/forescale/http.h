/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP for every remote part (the only user of libcurl). TLS is verified; redirects stay on the
 * protocol; bytes are counted in the callback, after decompression; 429, 502, 503, 504 and failed
 * connections are tried again with jitter, honouring Retry-After, within the request's deadline.
 */
#ifndef FORESCALE_HTTP_H
#define FORESCALE_HTTP_H

#include "forescale/buf.h"
#include "forescale/config.h"
#include "forescale/log.h"

typedef struct fsc_http fsc_http;

fsc_status fsc_http_open(fsc_http **out, const fsc_log *log, fsc_err *err) FSC_CHECKED;
void fsc_http_close(fsc_http *h);

typedef enum fsc_http_method { FSC_GET, FSC_POST, FSC_PUT, FSC_PATCH, FSC_DELETE } fsc_http_method;

typedef struct fsc_http_tls { /* beside fsc_http_auth's files: in memory, for kubeconfig */
    const void *ca_pem, *cert_pem, *key_pem;
    size_t ca_n, cert_n, key_n;
    const char *server_name; /* NULL: the URL's host */
} fsc_http_tls;

typedef struct fsc_http_sigv4 { /* AWS Signature Version 4; only POST, and GET without a query */
    const char *region, *service, *key_id, *secret;
    const char *session_token; /* NULL: none */
} fsc_http_sigv4;

typedef struct fsc_http_request {
    fsc_http_method method;
    const char *url;
    const fsc_http_auth *auth;   /* NULL: none; files are read anew for each request */
    const fsc_http_tls *tls;     /* NULL: none */
    const char *bearer;          /* NULL, or a token that wins over auth's */
    const fsc_http_sigv4 *sigv4; /* NULL, or what signs it instead; then no redirect is followed */
    const char *proxy_url;
    fsc_string_map headers;   /* further ones */
    const char *content_type; /* of the body */
    const void *body;
    size_t body_n;
    size_t max_bytes;    /* of the answer; 0: 64 MiB */
    int64_t timeout_ms;  /* for one try; 0: 30 s */
    int64_t deadline_ms; /* for all tries; 0: one minute */
    int tries;           /* 0: 4 */
    /* Called with each piece of a 2xx body; a status other than FSC_OK ends the transfer with err.
     * Before a further try `restart` is called. NULL: the body is collected in the response. */
    fsc_status (*on_data)(void *ctx, const char *data, size_t n, fsc_err *err);
    fsc_status (*restart)(void *ctx, fsc_err *err);
    void *ctx;
} fsc_http_request;

typedef struct fsc_http_response {
    int code;     /* HTTP status of the last try; 0: none came */
    fsc_buf body; /* of an error answer too, cut at 64 KiB there */
    char content_type[96], warning[160], date[64];
    int64_t retry_after_s; /* -1: not given */
    const struct fsc__secret *secrets;
} fsc_http_response;

/* Stars over each of the request's secrets in *err, for whoever makes an error of the words of a
 * complete answer: a server may repeat what it was sent. Those of a failed one are hidden already.
 * Returns status. */
fsc_status fsc_http_hide(const fsc_http_response *r, fsc_status status, fsc_err *err);

/* FSC_OK for every complete 2xx answer. Else: FSC_DENIED 401/403, FSC_MISSING 404, FSC_CONFLICT
 * 409, FSC_REMOTE the rest (retryable set); the response is filled as far as it came. */
fsc_status fsc_http_do(fsc_http *h, fsc_http_response *out, const fsc_http_request *req,
                       fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* As above, for an answer of JSON. */
fsc_status fsc_http_json(const fsc_node **out, fsc_http *h, const fsc_http_request *req,
                         fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Runs n requests with at most `parallel` under way (curl_multi); result i and errs[i] are i's. */
fsc_status fsc_http_do_all(fsc_http *h, fsc_http_response *out, const fsc_http_request *reqs,
                           fsc_status *results, fsc_err *errs, size_t n, size_t parallel,
                           fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* application/x-www-form-urlencoded: appends "key=value" with '&' where needed. */
void fsc_http_form_add(fsc_buf *form, const char *key, const char *value);

#endif
