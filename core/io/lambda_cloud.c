/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/lambda_cloud.h"
#include "forescale/file.h"
#include "forescale/json.h"

#include <string.h>

enum { MAX_PAGES = 100, MICROS_A_CENT = 10000, MAX_USER_DATA = 1 << 20, ONCE = 1, OFTEN = 0 };

static const char *text_at(const fsc_node *n, const char *key)
{
    return fsc_node_text(fsc_node_at(n, key, NULL), "");
}

static fsc_status explain(const fsc_http_response *r, const char *path, fsc_status status,
                          fsc_arena *a, fsc_err *err)
{
    const fsc_node *root;
    fsc_err none = FSC_ERR_INIT;
    if (fsc_json_parse(&root, fsc_buf_str(&r->body), r->body.len, a, &none) != FSC_OK ||
        !*text_at(fsc_node_at(root, "error", NULL), "code"))
        return fsc_context(err, "Lambda Cloud %s", path);
    const fsc_node *error = fsc_node_at(root, "error", NULL);
    return (err->retryable ? fsc_fail_retryable
                           : fsc_fail)(err, status, "Lambda Cloud %s: %s: %.200s", path,
                                       text_at(error, "code"), text_at(error, "message"));
}

/* body NULL: GET, else POST. *out is the answer's data, *next_page its page_token or NULL. */
static fsc_status call(const fsc_node **out, const char **next_page, fsc_http *http,
                       const fsc_api_config *api, const char *path, const char *body, int tries,
                       fsc_arena *a, fsc_err *err)
{
    fsc_http_response response;
    const fsc_node *root;
    const char *url = fsc_arena_printf(a, err, "%s%s", api->url, path);
    if (!url)
        return FSC_NOMEM;
    const fsc_http_request req = {.method = body ? FSC_POST : FSC_GET,
                                  .url = url,
                                  .auth = &api->auth,
                                  .content_type = body ? "application/json" : NULL,
                                  .body = body,
                                  .body_n = body ? strlen(body) : 0,
                                  .tries = tries};
    fsc_status status = fsc_http_do(http, &response, &req, a, err);
    if (status != FSC_OK)
        return explain(&response, path, status, a, err);
    if (fsc_json_parse(&root, fsc_buf_str(&response.body), response.body.len, a, err) != FSC_OK)
        return fsc_context(err, "Lambda Cloud %s", path);
    *out = fsc_node_at(root, "data", NULL);
    *next_page = fsc_node_text(fsc_node_at(root, "page_token", NULL), NULL);
    return *out ? FSC_OK : fsc_fail(err, FSC_DATA, "Lambda Cloud %s: the answer has no data", path);
}

static bool price_of(int64_t *micros, const fsc_node *type)
{
    int64_t cents = fsc_node_int(fsc_node_at(type, "price_cents_per_hour", NULL), -1);
    *micros = cents * MICROS_A_CENT;
    return cents >= 0;
}

typedef struct page {
    struct page *before;
    const fsc_node *list;
} page;

static bool bills(const fsc_node *instance)
{
    const char *status = text_at(instance, "status");
    return strcmp(status, "terminated") && strcmp(status, "preempted");
}

static fsc_status take(fsc_lambda_instance *i, const fsc_node *n, fsc_err *err)
{
    *i = (fsc_lambda_instance){.id = text_at(n, "id"),
                               .name = text_at(n, "name"),
                               .status = text_at(n, "status"),
                               .type = text_at(fsc_node_at(n, "instance_type", NULL), "name"),
                               .region = text_at(fsc_node_at(n, "region", NULL), "name"),
                               .ip = text_at(n, "ip"),
                               .private_ip = text_at(n, "private_ip")};
    return price_of(&i->micros_per_h, fsc_node_at(n, "instance_type", NULL))
               ? FSC_OK
               : fsc_fail(err, FSC_DATA, "Lambda Cloud's instance %.60s has no price", i->id);
}

static fsc_status read_pages(page **last, size_t *n, fsc_http *http, const fsc_api_config *api,
                             fsc_arena *a, fsc_err *err)
{
    const char *path = "/instances", *next = NULL;
    *n = 0;
    for (int i = 0; i < MAX_PAGES; i++) {
        page *p = FSC_NEW(a, 1, page, err);
        if (!p)
            return FSC_NOMEM;
        FSC_TRY(call(&p->list, &next, http, api, path, NULL, OFTEN, a, err));
        if (p->list->kind != FSC_NODE_LIST)
            return fsc_fail(err, FSC_DATA, "Lambda Cloud /instances: the answer is no list");
        p->before = *last;
        *last = p;
        *n += p->list->n;
        if (!next || !*next)
            return FSC_OK;
        fsc_buf query;
        fsc_buf_init(&query, a, 4096);
        fsc_http_form_add(&query, "page_token", next);
        FSC_TRY(fsc_buf_status(&query, err));
        path = fsc_arena_printf(a, err, "/instances?%s", fsc_buf_str(&query));
        if (!path)
            return FSC_NOMEM;
    }
    return fsc_fail(err, FSC_DATA, "Lambda Cloud /instances: more than %d pages", MAX_PAGES);
}

fsc_status fsc_lambda_list(fsc_lambda_instance **out, size_t *n, fsc_http *http,
                           const fsc_api_config *api, fsc_arena *a, fsc_err *err)
{
    page *last = NULL;
    size_t most;
    FSC_TRY(read_pages(&last, &most, http, api, a, err));
    *out = FSC_NEW(a, most, fsc_lambda_instance, err);
    *n = 0;
    if (!*out)
        return FSC_NOMEM;
    for (; last; last = last->before)
        for (size_t i = 0; i < last->list->n; i++)
            if (bills(last->list->items[i]))
                FSC_TRY(take(&(*out)[(*n)++], last->list->items[i], err));
    return FSC_OK;
}

fsc_status fsc_lambda_price(int64_t *micros_per_h, fsc_http *http, const fsc_api_config *api,
                            const char *type, fsc_arena *a, fsc_err *err)
{
    const fsc_node *types;
    const char *next;
    FSC_TRY(call(&types, &next, http, api, "/instance-types", NULL, OFTEN, a, err));
    const fsc_node *known = fsc_node_at(types, type, "instance_type", NULL);
    if (!known)
        return fsc_fail(err, FSC_MISSING, "Lambda Cloud has no instance type %.60s", type);
    return price_of(micros_per_h, known)
               ? FSC_OK
               : fsc_fail(err, FSC_DATA, "Lambda Cloud's type %.60s has no price", type);
}

static void add_text(fsc_buf *body, const char *key, const char *value)
{
    fsc_buf_printf(body, "\"%s\":", key);
    fsc_json_string(body, value);
    fsc_buf_puts(body, ",");
}

fsc_status fsc_lambda_launch(fsc_http *http, const fsc_api_config *api,
                             const fsc_lambda_order *order, fsc_arena *a, fsc_err *err)
{
    fsc_buf body;
    const fsc_node *answer;
    const char *user_data, *next;
    size_t n;
    fsc_buf_init(&body, a, 8 * (size_t)MAX_USER_DATA);
    fsc_buf_puts(&body, "{");
    add_text(&body, "region_name", order->region);
    add_text(&body, "instance_type_name", order->type);
    add_text(&body, "name", order->name);
    if (order->user_data_file) {
        FSC_TRY(fsc_file_read(&user_data, &n, order->user_data_file, MAX_USER_DATA, a, err));
        add_text(&body, "user_data", user_data);
    }
    fsc_buf_puts(&body, "\"ssh_key_names\":[");
    fsc_json_string(&body, order->ssh_key);
    fsc_buf_printf(&body, "],\"quantity\":%lld}", (long long)order->count);
    FSC_TRY(fsc_buf_status(&body, err));
    return call(&answer, &next, http, api, "/instance-operations/launch", fsc_buf_str(&body), ONCE,
                a, err);
}

fsc_status fsc_lambda_terminate(fsc_http *http, const fsc_api_config *api, const char *const *ids,
                                size_t n, fsc_arena *a, fsc_err *err)
{
    fsc_buf body;
    const fsc_node *answer;
    const char *next;
    fsc_buf_init(&body, a, (size_t)1 << 20);
    fsc_buf_puts(&body, "{\"instance_ids\":[");
    for (size_t i = 0; i < n; i++) {
        fsc_buf_puts(&body, i ? "," : "");
        fsc_json_string(&body, ids[i]);
    }
    fsc_buf_puts(&body, "]}");
    FSC_TRY(fsc_buf_status(&body, err));
    return call(&answer, &next, http, api, "/instance-operations/terminate", fsc_buf_str(&body),
                OFTEN, a, err);
}
