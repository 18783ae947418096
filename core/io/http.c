/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/http_words.h"
#include "forescale/file.h"
#include "forescale/version.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

enum {
    DEFAULT_MAX_MIB = 64,
    ERROR_BODY_BYTES = 64 * 1024,
    DEFAULT_TIMEOUT_MS = 30000,
    DEFAULT_DEADLINE_MS = 60000,
    CONNECT_TIMEOUT_MS = 10000,
    DEFAULT_TRIES = 4,
    FIRST_PAUSE_MS = 200,
    MAX_REDIRECTS = 5,
    MAX_RETRY_AFTER_S = 86400,
    MAX_POLL_MS = 1000
};

struct fsc_http {
    CURLM *multi; /* keeps connections open between requests */
    const fsc_log *log;
    uint64_t random;
    bool warned_insecure;
};

typedef enum phase { PHASE_WAITING, PHASE_UNDER_WAY, PHASE_DONE } phase;

/* One request with all its tries. */
typedef struct call {
    fsc_http *http;
    const fsc_http_request *req;
    fsc_http_response *out;
    fsc_arena *arena;
    fsc_err *err;
    phase phase;
    fsc_status status;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    fsc__secret *secrets; /* what of the request no message repeats */
    const char *what;     /* "GET host:port/path": what messages name; no query, no user */
    int64_t deadline_ms, next_try_ms, started_ms;
    int tries_left, tries_done;
    size_t bytes; /* of this try's body */
    bool delivered;
    fsc_status body_status; /* why the write callback ended the transfer */
    char curl_error[CURL_ERROR_SIZE];
} call;

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* xorshift64*: spreads retries of many jobs, needs no more quality than that. */
static uint64_t random_below(fsc_http *h, uint64_t n)
{
    h->random ^= h->random >> 12;
    h->random ^= h->random << 25;
    h->random ^= h->random >> 27;
    return (h->random * 0x2545F4914F6CDD1DULL >> 33) % n;
}

fsc_status fsc_http_open(fsc_http **out, const fsc_log *log, fsc_err *err)
{
    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fsc_fail(err, FSC_NOMEM, "libcurl cannot start");
    fsc_http *h = calloc(1, sizeof *h);
    if (h)
        h->multi = curl_multi_init();
    if (!h || !h->multi || getrandom(&h->random, sizeof h->random, 0) != sizeof h->random) {
        fsc_http_close(h);
        return fsc_fail(err, FSC_NOMEM, "libcurl cannot start");
    }
    h->random |= 1;
    h->log = log;
    *out = h;
    return FSC_OK;
}

void fsc_http_close(fsc_http *h)
{
    if (!h)
        return;
    curl_multi_cleanup(h->multi);
    free(h);
    curl_global_cleanup();
}

/* ---- a request's options --------------------------------------------------------------------- */

static fsc_status add_line(struct curl_slist **list, const char *line, fsc_err *err)
{
    struct curl_slist *grown = curl_slist_append(*list, line);
    if (!grown)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    *list = grown;
    return FSC_OK;
}

static fsc_status add_header(call *c, const char *key, const char *value)
{
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 && *p != '\t')
            return fsc_fail(c->err, FSC_CONFIG,
                            "%s: the value of header %s has a control character", c->what, key);
    const fsc__secret *known = c->secrets;
    FSC_TRY(fsc__secret_add_header(&c->secrets, key, value, c->arena, c->err));
    if (c->secrets != known && strcasecmp(key, "Authorization"))
        curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L); /* it would go to the next host */
    const char *line = fsc_arena_printf(c->arena, c->err, *value ? "%s: %s" : "%s;", key, value);
    return line ? add_line(&c->headers, line, c->err) : FSC_NOMEM;
}

static fsc_status set_signature(call *c)
{
    const fsc_http_sigv4 *by = c->req->sigv4;
    const char *scope =
        fsc_arena_printf(c->arena, c->err, "aws:amz:%s:%s", by->region, by->service);
    if (!scope)
        return FSC_NOMEM;
    curl_easy_setopt(c->easy, CURLOPT_AWS_SIGV4, scope);
    curl_easy_setopt(c->easy, CURLOPT_USERNAME, by->key_id);
    curl_easy_setopt(c->easy, CURLOPT_PASSWORD, by->secret);
    return by->session_token ? add_header(c, "X-Amz-Security-Token", by->session_token) : FSC_OK;
}

static fsc_status set_login(call *c)
{
    if (c->req->sigv4)
        return set_signature(c);
    const fsc_http_auth *auth = c->req->auth;
    const char *bearer = c->req->bearer, *password = "";
    if (!bearer && auth && auth->bearer_token_file)
        FSC_TRY(fsc_file_read_secret(&bearer, auth->bearer_token_file, c->arena, c->err));
    if (bearer) {
        const char *value = fsc_arena_printf(c->arena, c->err, "Bearer %s", bearer);
        return value ? add_header(c, "Authorization", value) : FSC_NOMEM;
    }
    if (!auth || !auth->username)
        return FSC_OK;
    if (auth->password_file)
        FSC_TRY(fsc_file_read_secret(&password, auth->password_file, c->arena, c->err));
    curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(c->easy, CURLOPT_USERNAME, auth->username);
    curl_easy_setopt(c->easy, CURLOPT_PASSWORD, password);
    return fsc__secret_add_login(&c->secrets, auth->username, password, c->arena, c->err);
}

static void set_blob(CURL *easy, CURLoption option, const void *data, size_t n)
{
    /* libcurl only reads it, its type has no const */
    union {
        const void *in;
        void *out;
    } pointer = {.in = data};
    struct curl_blob blob = {.data = pointer.out, .len = n, .flags = CURL_BLOB_COPY};
    if (data)
        curl_easy_setopt(easy, option, &blob);
}

static void set_tls(call *c)
{
    const fsc_http_auth *auth = c->req->auth;
    const fsc_http_tls *tls = c->req->tls;
    if (auth && auth->ca_file)
        curl_easy_setopt(c->easy, CURLOPT_CAINFO, auth->ca_file);
    if (auth && auth->cert_file)
        curl_easy_setopt(c->easy, CURLOPT_SSLCERT, auth->cert_file);
    if (auth && auth->key_file)
        curl_easy_setopt(c->easy, CURLOPT_SSLKEY, auth->key_file);
    if (tls) {
        set_blob(c->easy, CURLOPT_CAINFO_BLOB, tls->ca_pem, tls->ca_n);
        set_blob(c->easy, CURLOPT_SSLCERT_BLOB, tls->cert_pem, tls->cert_n);
        set_blob(c->easy, CURLOPT_SSLKEY_BLOB, tls->key_pem, tls->key_n);
    }
    if (!auth || !auth->insecure_skip_verify)
        return;
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    if (!c->http->warned_insecure)
        fsc_log_write(c->http->log, FSC_LOG_WARN, "TLS certificates are not verified", "request",
                      c->what, NULL);
    c->http->warned_insecure = true;
}

static fsc_status set_headers(call *c)
{
    if (!c->req->sigv4) /* a header left out would be signed for all that; bodies are small there */
        FSC_TRY(add_line(&c->headers, "Expect:", c->err));
    if (c->req->content_type)
        FSC_TRY(add_header(c, "Content-Type", c->req->content_type));
    for (size_t i = 0; c->req->auth && i < c->req->auth->headers.n; i++)
        FSC_TRY(add_header(c, c->req->auth->headers.k[i], c->req->auth->headers.v[i]));
    for (size_t i = 0; i < c->req->headers.n; i++)
        FSC_TRY(add_header(c, c->req->headers.k[i], c->req->headers.v[i]));
    return set_login(c);
}

static void set_body(call *c)
{
    if (c->req->method == FSC_GET)
        return;
    if (c->req->body || c->req->method == FSC_POST) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->req->body_n);
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->req->body ? c->req->body : "");
    }
    if (c->req->method != FSC_POST)
        curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method_names[c->req->method]);
}

/* Only what reads follows redirects (Prometheus takes queries by POST, too). A login stays with the
 * first host, which is libcurl's own rule; for other secret headers see add_header. */
static void set_redirects(call *c, bool https)
{
    bool reads = (c->req->method == FSC_GET || c->req->method == FSC_POST) && !c->req->sigv4;
    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->easy, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
    curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, reads ? 1L : 0L);
    curl_easy_setopt(c->easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(c->easy, CURLOPT_POSTREDIR, (long)(CURL_REDIR_POST_301 | CURL_REDIR_POST_302));
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    call *c = ctx;
    long code = 0;
    size_t bytes = size * n;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
    c->bytes += bytes;
    if (code / 100 != 2) {
        size_t room = ERROR_BODY_BYTES - c->out->body.len;
        fsc_buf_add(&c->out->body, data, bytes < room ? bytes : room);
        return bytes;
    }
    size_t limit = c->req->max_bytes ? c->req->max_bytes : (size_t)DEFAULT_MAX_MIB << 20;
    if (c->bytes > limit) {
        c->body_status =
            fsc_fail(c->err, FSC_REMOTE, "%s: the answer has more than %zu bytes", c->what, limit);
        return 0;
    }
    if (c->req->on_data) {
        c->delivered = true;
        c->body_status = c->req->on_data(c->req->ctx, data, bytes, c->err);
    } else {
        fsc_buf_add(&c->out->body, data, bytes);
        c->body_status = fsc_buf_status(&c->out->body, c->err);
    }
    return c->body_status == FSC_OK ? bytes : 0;
}

/* The client has no option for `tls-server-name`: the name goes into the URL, the connection
 * elsewhere. */
static fsc_status set_server_name(call *c, CURLU *url, const char *host, const char *port)
{
    const char *name = c->req->tls->server_name;
    const char *connect = fsc_arena_printf(c->arena, c->err, "%s:%s:%s:%s", name, port, host, port);
    const char *host_header = fsc_arena_printf(c->arena, c->err, "%s:%s", host, port);
    if (!connect || !host_header)
        return FSC_NOMEM;
    if (curl_url_set(url, CURLUPART_HOST, name, 0) != CURLUE_OK)
        return fsc_fail(c->err, FSC_CONFIG, "%s: \"%s\" is no server name", c->what, name);
    FSC_TRY(add_header(c, "Host", host_header));
    FSC_TRY(add_line(&c->connect_to, connect, c->err));
    curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->connect_to);
    return FSC_OK;
}

/* The URL is not named: it may hold a password. */
static fsc_status no_url(CURLUcode bad, fsc_err *err)
{
    if (bad == CURLUE_OUT_OF_MEMORY)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    return fsc_fail(err, FSC_CONFIG, "not a URL that can be asked: %s", curl_url_strerror(bad));
}

static fsc_status url_part(const char **out, call *c, CURLU *url, CURLUPart part)
{
    char *text = NULL;
    CURLUcode bad = curl_url_get(url, part, &text, CURLU_DEFAULT_PORT);
    if (bad)
        return no_url(bad, c->err);
    *out = fsc_arena_strdup(c->arena, text, c->err);
    curl_free(text);
    return *out ? FSC_OK : FSC_NOMEM;
}

static fsc_status use_url(call *c, CURLU *url)
{
    const char *scheme = "", *host = "", *port = "", *path = "", *whole = "";
    CURLUcode bad = curl_url_set(url, CURLUPART_URL, c->req->url, 0);
    if (bad)
        return no_url(bad, c->err);
    FSC_TRY(url_part(&scheme, c, url, CURLUPART_SCHEME));
    FSC_TRY(url_part(&host, c, url, CURLUPART_HOST));
    FSC_TRY(url_part(&port, c, url, CURLUPART_PORT));
    FSC_TRY(url_part(&path, c, url, CURLUPART_PATH));
    c->what = fsc_arena_printf(c->arena, c->err, "%s %s:%s%s", method_names[c->req->method], host,
                               port, path);
    if (!c->what)
        return FSC_NOMEM;
    if (c->req->tls && c->req->tls->server_name)
        FSC_TRY(set_server_name(c, url, host, port));
    FSC_TRY(url_part(&whole, c, url, CURLUPART_URL));
    curl_easy_setopt(c->easy, CURLOPT_URL, whole);
    set_redirects(c, !strcmp(scheme, "https"));
    return FSC_OK;
}

static fsc_status prepare(call *c)
{
    CURLU *url = curl_url();
    c->easy = curl_easy_init();
    fsc_status status =
        url && c->easy ? use_url(c, url) : fsc_fail(c->err, FSC_NOMEM, "out of memory");
    curl_url_cleanup(url);
    FSC_TRY(status);
    FSC_TRY(set_headers(c));
    set_tls(c);
    set_body(c);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "forescale/" FSC_VERSION);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->curl_error);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    if (c->req->proxy_url) { /* one that is named is used whatever the environment excepts */
        curl_easy_setopt(c->easy, CURLOPT_PROXY, c->req->proxy_url);
        curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "");
    }
    return FSC_OK;
}

/* ---- one try --------------------------------------------------------------------------------- */

static fsc_status start_try(call *c, int64_t now_ms)
{
    int64_t timeout_ms = c->req->timeout_ms ? c->req->timeout_ms : DEFAULT_TIMEOUT_MS;
    if (timeout_ms > c->deadline_ms - now_ms)
        timeout_ms = c->deadline_ms - now_ms;
    int64_t connect_ms = timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS;
    if (c->tries_done && c->req->restart)
        FSC_TRY(c->req->restart(c->req->ctx, c->err));
    *c->out = (fsc_http_response){.retry_after_s = -1, .secrets = c->secrets};
    fsc_buf_init(&c->out->body, c->arena, SIZE_MAX - 1);
    c->bytes = 0;
    c->delivered = false;
    c->body_status = FSC_OK;
    c->curl_error[0] = '\0';
    c->started_ms = now_ms;
    c->tries_done++;
    c->tries_left--;
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ms > 0 ? timeout_ms : 1));
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_ms > 0 ? connect_ms : 1));
    if (curl_multi_add_handle(c->http->multi, c->easy) != CURLM_OK)
        return fsc_fail(c->err, FSC_NOMEM, "%s: libcurl cannot start it", c->what);
    c->phase = PHASE_UNDER_WAY;
    return FSC_OK;
}

static void copy_header(char *out, size_t n, CURL *easy, const char *name)
{
    struct curl_header *h = NULL;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        (void)snprintf(out, n, "%s", h->value);
}

static void take_answer(call *c)
{
    long code = 0;
    curl_off_t retry_after = 0;
    fsc_http_response *r = c->out;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
    r->code = (int)code;
    r->retry_after_s = retry_after > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S
                       : retry_after > 0               ? (int64_t)retry_after
                                                       : -1;
    copy_header(r->content_type, sizeof r->content_type, c->easy, "Content-Type");
    copy_header(r->warning, sizeof r->warning, c->easy, "Warning");
    copy_header(r->date, sizeof r->date, c->easy, "Date");
}

static fsc_status fail_by_code(call *c)
{
    char line[240];
    int code = c->out->code;
    fsc_status status = code == 401 || code == 403 ? FSC_DENIED
                        : code == 404              ? FSC_MISSING
                        : code == 409              ? FSC_CONFLICT
                                                   : FSC_REMOTE;
    if (code / 100 == 3)
        (void)snprintf(line, sizeof line, "a redirect; give the URL that it leads to");
    else
        fsc__http_first_line(line, sizeof line, c->out);
    fsc_fail(c->err, status, "%s: HTTP %d%s%s", c->what, code, *line ? ": " : "", line);
    c->err->retryable = code == 408 || code == 429 || (code >= 500 && code != 501);
    return status;
}

/* What to do about a transfer that failed; those not listed may pass by themselves, later. */
typedef enum again { AGAIN_LATER, AGAIN_NOW, AGAIN_NEVER } again;

static again again_after(CURLcode code)
{
    static const struct {
        CURLcode code;
        again when;
    } known[] = {{CURLE_COULDNT_RESOLVE_HOST, AGAIN_NOW},
                 {CURLE_COULDNT_RESOLVE_PROXY, AGAIN_NOW},
                 {CURLE_COULDNT_CONNECT, AGAIN_NOW},
                 {CURLE_GOT_NOTHING, AGAIN_NOW},
                 {CURLE_SEND_ERROR, AGAIN_NOW},
                 {CURLE_RECV_ERROR, AGAIN_NOW},
                 {CURLE_PARTIAL_FILE, AGAIN_NOW},
                 {CURLE_HTTP2, AGAIN_NOW},
                 {CURLE_HTTP2_STREAM, AGAIN_NOW},
                 {CURLE_TOO_MANY_REDIRECTS, AGAIN_NEVER},
                 {CURLE_PEER_FAILED_VERIFICATION, AGAIN_NEVER},
                 {CURLE_SSL_CACERT_BADFILE, AGAIN_NEVER},
                 {CURLE_SSL_CERTPROBLEM, AGAIN_NEVER},
                 {CURLE_UNSUPPORTED_PROTOCOL, AGAIN_NEVER}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].code == code)
            return known[i].when;
    return AGAIN_LATER;
}

static fsc_status fail_by_curl(call *c, CURLcode code)
{
    if (c->body_status != FSC_OK)
        return c->body_status;
    fsc_fail(c->err, FSC_REMOTE, "%s: %s", c->what,
             c->curl_error[0] ? c->curl_error : curl_easy_strerror(code));
    c->err->retryable = again_after(code) != AGAIN_NEVER;
    return FSC_REMOTE;
}

/* An overloaded or absent server, or a connection that broke; not a slow answer, which a further
 * try would only make slower. */
static bool worth_another_try(const call *c, CURLcode code)
{
    curl_off_t sent_us = 0;
    if (c->body_status != FSC_OK || (c->delivered && !c->req->restart))
        return false;
    if (code == CURLE_OK)
        return c->out->code == 429 || (c->out->code >= 502 && c->out->code <= 504);
    if (code != CURLE_OPERATION_TIMEDOUT)
        return again_after(code) == AGAIN_NOW;
    curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    return sent_us == 0;
}

/* Doubling pauses, each spread from half to one and a half of its length. A Retry-After past the
 * deadline ends it now: the answer will not change before then. */
static bool plan_next_try(call *c, int64_t now_ms)
{
    int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << (c->tries_done < 8 ? c->tries_done - 1 : 7);
    pause_ms = pause_ms / 2 + (int64_t)random_below(c->http, (uint64_t)pause_ms);
    if (c->out->retry_after_s > 0)
        pause_ms += c->out->retry_after_s * 1000;
    c->next_try_ms = now_ms + pause_ms;
    return c->tries_left > 0 && c->next_try_ms < c->deadline_ms;
}

static void finish_try(call *c, CURLcode code)
{
    int64_t now_ms = monotonic_ms();
    char took[24], answer[16];
    curl_multi_remove_handle(c->http->multi, c->easy);
    take_answer(c);
    (void)snprintf(took, sizeof took, "%lld", (long long)(now_ms - c->started_ms));
    (void)snprintf(answer, sizeof answer, "%d", c->out->code);
    fsc_log_write(c->http->log, FSC_LOG_DEBUG, "asked", "request", c->what, "answer", answer, "ms",
                  took, NULL);
    c->phase = PHASE_DONE;
    c->status = code != CURLE_OK          ? fail_by_curl(c, code)
                : c->out->code / 100 != 2 ? fail_by_code(c)
                                          : FSC_OK;
    fsc__secrets_hide(c->out, c->status, c->err);
    if (*c->out->warning)
        fsc_log_write(c->http->log, FSC_LOG_WARN, c->out->warning, "request", c->what, NULL);
    if (c->status == FSC_OK)
        return;
    if (worth_another_try(c, code) && plan_next_try(c, now_ms)) {
        c->phase = PHASE_WAITING;
        fsc_log_write(c->http->log, FSC_LOG_INFO, "trying again", "why", c->err->msg, NULL);
    }
}

/* ---- many calls ------------------------------------------------------------------------------ */

static void start_ready(call *calls, size_t n, size_t parallel)
{
    size_t under_way = 0;
    int64_t now_ms = monotonic_ms();
    for (size_t i = 0; i < n; i++)
        under_way += calls[i].phase == PHASE_UNDER_WAY;
    for (size_t i = 0; i < n && under_way < parallel; i++) {
        call *c = &calls[i];
        if (c->phase != PHASE_WAITING || c->next_try_ms > now_ms)
            continue;
        if (!c->tries_done) {
            c->deadline_ms =
                now_ms + (c->req->deadline_ms ? c->req->deadline_ms : DEFAULT_DEADLINE_MS);
            c->status = prepare(c);
        }
        if (!c->easy || (!c->tries_done && c->status != FSC_OK) ||
            (c->status = start_try(c, now_ms)) != FSC_OK)
            c->phase = PHASE_DONE;
        under_way += c->phase == PHASE_UNDER_WAY;
    }
}

/* How long nothing can happen; -1 when all is done. */
static int idle_ms(const call *calls, size_t n)
{
    int64_t now_ms = monotonic_ms(), wait_ms = -1;
    for (size_t i = 0; i < n; i++) {
        if (calls[i].phase == PHASE_DONE)
            continue;
        int64_t due = calls[i].phase == PHASE_WAITING ? calls[i].next_try_ms - now_ms : MAX_POLL_MS;
        due = due < 0 ? 0 : due;
        wait_ms = wait_ms < 0 || due < wait_ms ? due : wait_ms;
    }
    return (int)(wait_ms > MAX_POLL_MS ? MAX_POLL_MS : wait_ms);
}

static fsc_status drive(fsc_http *h, call *calls, size_t n, size_t parallel, fsc_err *err)
{
    for (;;) {
        int running = 0, queued = 0;
        CURLMsg *msg = NULL;
        start_ready(calls, n, parallel);
        CURLMcode bad = curl_multi_perform(h->multi, &running);
        while (!bad && (msg = curl_multi_info_read(h->multi, &queued))) {
            call *c = NULL;
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&c);
            if (msg->msg == CURLMSG_DONE)
                finish_try(c, msg->data.result);
        }
        int wait_ms = idle_ms(calls, n);
        if (!bad && wait_ms < 0)
            return FSC_OK;
        if (!bad)
            bad = curl_multi_poll(h->multi, NULL, 0, wait_ms, NULL);
        if (bad)
            return fsc_fail(err, FSC_BUG, "libcurl: %s", curl_multi_strerror(bad));
    }
}

static void clean(call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (calls[i].phase == PHASE_UNDER_WAY)
            curl_multi_remove_handle(calls[i].http->multi, calls[i].easy);
        curl_easy_cleanup(calls[i].easy);
        curl_slist_free_all(calls[i].headers);
        curl_slist_free_all(calls[i].connect_to);
    }
}

fsc_status fsc_http_do_all(fsc_http *h, fsc_http_response *out, const fsc_http_request *reqs,
                           fsc_status *results, fsc_err *errs, size_t n, size_t parallel,
                           fsc_arena *a, fsc_err *err)
{
    call *calls = FSC_NEW(a, n, call, err);
    if (!calls)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        out[i] = (fsc_http_response){.retry_after_s = -1};
        calls[i] = (call){.http = h,
                          .req = &reqs[i],
                          .out = &out[i],
                          .arena = a,
                          .err = &errs[i],
                          .what = method_names[reqs[i].method],
                          .tries_left = reqs[i].tries ? reqs[i].tries : DEFAULT_TRIES};
    }
    fsc_status status = drive(h, calls, n, parallel ? parallel : 1, err);
    for (size_t i = 0; i < n; i++)
        results[i] = status == FSC_OK ? calls[i].status : status;
    clean(calls, n);
    return status;
}
