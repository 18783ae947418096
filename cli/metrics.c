/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/metrics.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BYTES_LIMIT = 256 << 20 };

typedef struct destination {
    bool to_stdout;
    const char *file, *url;    /* NULL: none */
    const fsc_http_auth *auth; /* only for the URL that it was configured for */
} destination;

static bool is_url(const char *text)
{
    return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
}

static destination destination_of(const fsc_session *s)
{
    const char *arg = s->cli->args.metrics;
    if (!arg)
        return (destination){.file = s->config.metrics.file,
                             .url = s->config.metrics.pushgateway,
                             .auth = &s->config.metrics.auth};
    if (!strcmp(arg, "-"))
        return (destination){.to_stdout = true};
    return is_url(arg) ? (destination){.url = arg} : (destination){.file = arg};
}

bool fsc_metrics_take_stdout(const fsc_cli *cli)
{
    return cli->args.metrics && !strcmp(cli->args.metrics, "-");
}

/* What an earlier run wrote and this one does not know stays, as in a Pushgateway. */
static fsc_status write_file(const char *path, const char *text, fsc_arena *a, fsc_err *err)
{
    const char *old = NULL;
    size_t n = 0;
    fsc_buf merged;
    if (access(path, F_OK) == 0 || errno != ENOENT)
        FSC_TRY(fsc_file_read(&old, &n, path, BYTES_LIMIT, a, err));
    fsc_buf_init(&merged, a, BYTES_LIMIT);
    fsc_metrics_merge(&merged, old, text);
    FSC_TRY(fsc_buf_status(&merged, err));
    return fsc_file_publish(path, fsc_buf_str(&merged), merged.len, err);
}

/* A value may hold a slash or be empty: every label but the job goes in base64, where a lone "=" is
 * nothing. */
static fsc_status push(fsc_session *s, const destination *d, const char *text, size_t n,
                       fsc_err *err)
{
    fsc_buf url;
    fsc_http_response answer;
    const fsc_string_map *labels = &s->config.metrics.labels;
    size_t base = strlen(d->url);
    while (base && d->url[base - 1] == '/')
        base--;
    fsc_buf_init(&url, s->cli->arena, 1 << 16);
    fsc_buf_add(&url, d->url, base);
    fsc_buf_puts(&url, "/metrics/job/forescale");
    for (size_t i = 0; i < labels->n; i++) {
        fsc_buf_printf(&url, "/%s@base64/", labels->k[i]);
        if (*labels->v[i])
            fsc_buf_base64(&url, labels->v[i], "-_");
        else
            fsc_buf_puts(&url, "=");
    }
    if (s->holder.shards > 1) /* or each push would take the place of the other shards' */
        fsc_buf_printf(&url, "/shard/%lld", (long long)s->holder.shard);
    FSC_TRY(fsc_buf_status(&url, err));
    FSC_TRY(fsc_session_http(s, err));
    return fsc_http_do(
        s->http, &answer,
        &(fsc_http_request){.method = FSC_POST,
                            .url = fsc_buf_str(&url),
                            .auth = d->auth,
                            .content_type = "text/plain; version=0.0.4; charset=utf-8",
                            .body = text,
                            .body_n = n},
        s->cli->arena, err);
}

static void log_failure(const fsc_session *s, const char *to, const fsc_err *err)
{
    fsc_log_write(&s->cli->log, FSC_LOG_ERROR, err->msg, "metrics", to, NULL);
}

void fsc_metrics_send(fsc_session *s, const fsc_metrics_run *r, bool dry)
{
    destination d = destination_of(s);
    fsc_buf text;
    fsc_err err = FSC_ERR_INIT;
    fsc_buf_init(&text, s->cli->arena, BYTES_LIMIT);
    fsc_metrics_text(&text, r);
    if (fsc_buf_status(&text, &err) != FSC_OK) {
        log_failure(s, "text", &err);
        return;
    }
    if (d.to_stdout)
        (void)fputs(fsc_buf_str(&text), stdout);
    if (dry)
        return;
    if (d.file && write_file(d.file, fsc_buf_str(&text), s->cli->arena, &err) != FSC_OK)
        log_failure(s, d.file, &err);
    if (d.url && push(s, &d, fsc_buf_str(&text), text.len, &err) != FSC_OK)
        log_failure(s, "Pushgateway", &err);
}
