/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/kube_login.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_ITEMS = 500, PATH_BYTES = 64 * 1024, LIST_LIMIT_MIB = 256 };

struct fsc_kube {
    fsc_http *http;
    fsc__kube_login login;
    fsc__kube_credential *credential; /* NULL: no plugin */
};

/* What a plugin answered goes where a kubeconfig's own token and certificate would. */
static fsc_status renew(fsc_kube *k, fsc_arena *a, fsc_err *err)
{
    fsc__kube_credential *c = k->credential;
    FSC_TRY(fsc__kube_plugin_run(c, k->login.plugin, a, err));
    k->login.token = *c->token ? c->token : NULL;
    if (*c->cert_pem) {
        k->login.tls.cert_pem = c->cert_pem;
        k->login.tls.cert_n = strlen(c->cert_pem);
        k->login.tls.key_pem = c->key_pem;
        k->login.tls.key_n = strlen(c->key_pem);
    }
    return FSC_OK;
}

fsc_status fsc_kube_open(fsc_kube **out, fsc_http *http, const fsc_kube_options *o, fsc_arena *a,
                         fsc_err *err)
{
    fsc_kube *k = FSC_NEW(a, 1, fsc_kube, err);
    if (!k)
        return FSC_NOMEM;
    k->http = http;
    FSC_TRY(fsc__kube_login_read(&k->login, o, a, err));
    if (k->login.plugin) {
        k->credential = FSC_NEW(a, 1, fsc__kube_credential, err);
        if (!k->credential)
            return FSC_NOMEM;
        FSC_TRY(renew(k, a, err));
    }
    *out = k;
    return FSC_OK;
}

const char *fsc_kube_server(const fsc_kube *k)
{
    return k->login.server;
}

const char *fsc_kube_namespace(const fsc_kube *k)
{
    return k->login.namespace_;
}

fsc_http *fsc_kube_http(const fsc_kube *k)
{
    return k->http;
}

typedef struct ask {
    fsc_http_method method;
    const char *path, *json, *content_type;
} ask;

static fsc_status ask_once(fsc_http_response *out, fsc_kube *k, const ask *q, fsc_arena *a,
                           fsc_err *err)
{
    static const char *const keys[] = {"Accept"}, *const values[] = {"application/json"};
    const char *url = fsc_arena_printf(a, err, "%s%s", k->login.server, q->path);
    if (!url)
        return FSC_NOMEM;
    return fsc_http_do(k->http, out,
                       &(fsc_http_request){.method = q->method,
                                           .url = url,
                                           .auth = &k->login.auth,
                                           .tls = &k->login.tls,
                                           .bearer = k->login.token,
                                           .proxy_url = k->login.proxy_url,
                                           .headers = {1, keys, values},
                                           .content_type = q->content_type,
                                           .body = q->json,
                                           .body_n = q->json ? strlen(q->json) : 0},
                       a, err);
}

/* The API's Status says more than the start of its JSON. */
static fsc_status explain(const fsc_http_response *r, const ask *q, fsc_status status, fsc_arena *a,
                          fsc_err *err)
{
    const fsc_node *root = NULL;
    fsc_err no_json = FSC_ERR_INIT;
    if (!r->code)
        return status;
    bool is_json = fsc_json_parse(&root, fsc_buf_str(&r->body), r->body.len, a, &no_json) == FSC_OK;
    if (!is_json && r->code == 404) /* a plain page: not the object, its whole API is missing */
        return fsc_fail(err, status,
                        "Kubernetes, %s: the server has no such API: install its CRD, or name "
                        "another kind (HTTP 404)",
                        q->path);
    const char *message = fsc_node_text(fsc_node_at(root, "message", NULL), NULL);
    bool retryable = err && err->retryable;
    if (!message)
        return status;
    if (strstr(message, "admission webhook") && strstr(message, "denied the request"))
        status = FSC_DENIED;
    return (retryable ? fsc_fail_retryable : fsc_fail)(err, status, "Kubernetes, %s: %s (HTTP %d)",
                                                       q->path, message, r->code);
}

static fsc_status perform(const fsc_node **out, fsc_kube *k, const ask *q, fsc_arena *a,
                          fsc_err *err)
{
    fsc_http_response r = {0};
    fsc_status status = ask_once(&r, k, q, a, err);
    /* A token file is read anew with each request, a plugin must be asked again. */
    bool can_renew = k->login.plugin || k->login.auth.bearer_token_file;
    if (r.code == 401 && can_renew) {
        if (k->login.plugin)
            FSC_TRY(renew(k, a, err));
        status = ask_once(&r, k, q, a, err);
    }
    if (status != FSC_OK)
        return explain(&r, q, status, a, err);
    if (fsc_json_parse(out, fsc_buf_str(&r.body), r.body.len, a, err) != FSC_OK)
        return fsc_context(err, "Kubernetes, %s", q->path);
    return FSC_OK;
}

fsc_status fsc_kube_get(const fsc_node **out, fsc_kube *k, const char *path, fsc_arena *a,
                        fsc_err *err)
{
    return perform(out, k, &(ask){.method = FSC_GET, .path = path}, a, err);
}

fsc_status fsc_kube_merge_patch(const fsc_node **out, fsc_kube *k, const char *path,
                                const char *json, fsc_dry_run dry, fsc_arena *a, fsc_err *err)
{
    const char *query =
        dry == FSC_DRY_SERVER ? "?fieldManager=forescale&dryRun=All" : "?fieldManager=forescale";
    const char *whole = fsc_arena_printf(a, err, "%s%s", path, query);
    *out = NULL;
    if (dry == FSC_DRY_CLIENT)
        return FSC_OK;
    if (!whole)
        return FSC_NOMEM;
    return perform(out, k, &(ask){FSC_PATCH, whole, json, "application/merge-patch+json"}, a, err);
}

fsc_status fsc_kube_send(const fsc_node **out, fsc_kube *k, fsc_http_method method,
                         const char *path, const char *json, fsc_arena *a, fsc_err *err)
{
    return perform(out, k, &(ask){method, path, json, json ? "application/json" : NULL}, a, err);
}

static fsc_status page_path(const char **out, const char *path, const char *selector,
                            const char *next, fsc_arena *a, fsc_err *err)
{
    fsc_buf form;
    char limit[16];
    (void)snprintf(limit, sizeof limit, "%d", PAGE_ITEMS);
    fsc_buf_init(&form, a, PATH_BYTES);
    fsc_http_form_add(&form, "limit", limit);
    if (selector)
        fsc_http_form_add(&form, "labelSelector", selector);
    if (*next)
        fsc_http_form_add(&form, "continue", next);
    FSC_TRY(fsc_buf_status(&form, err));
    *out = fsc_arena_printf(a, err, "%s?%s", path, fsc_buf_str(&form));
    return *out ? FSC_OK : FSC_NOMEM;
}

static fsc_status list_pages(fsc_kube *k, const char *path, const char *selector,
                             fsc_kube_item each, void *ctx, fsc_arena *a, fsc_err *err)
{
    char next[PATH_BYTES / 16] = "";
    fsc_arena_mark mark = fsc_arena_get_mark(a);
    do {
        const fsc_node *page = NULL;
        const char *whole = NULL;
        FSC_TRY(page_path(&whole, path, selector, next, a, err));
        FSC_TRY(fsc_kube_get(&page, k, whole, a, err));
        const fsc_node *items = fsc_node_at(page, "items", NULL);
        for (size_t i = 0; items && items->kind == FSC_NODE_LIST && i < items->n; i++)
            FSC_TRY(each(ctx, items->items[i], err));
        const char *token = fsc_node_text(fsc_node_at(page, "metadata", "continue", NULL), "");
        if (strlen(token) >= sizeof next)
            return fsc_fail(err, FSC_REMOTE, "Kubernetes, %s: its pages cannot be followed", path);
        memcpy(next, token, strlen(token) + 1);
        fsc_arena_rewind(a, mark);
    } while (*next);
    return FSC_OK;
}

/* Pages have an arena of their own: only what each() keeps stays. */
fsc_status fsc_kube_list(fsc_kube *k, const char *path, const char *selector, fsc_kube_item each,
                         void *ctx, fsc_err *err)
{
    fsc_arena *pages;
    FSC_TRY(fsc_arena_open(&pages, (size_t)LIST_LIMIT_MIB << 20, err));
    fsc_status status = list_pages(k, path, selector, each, ctx, pages, err);
    fsc_arena_close(pages);
    return status;
}
