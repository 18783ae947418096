/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "aws_login.h"
#include "forescale/json.h"
#include "forescale/xml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ANSWER_MIB = 16, FORM_KIB = 256 };

const fsc_aws_api fsc_aws_ec2 = {"ec2", "2016-11-15"};
const fsc_aws_api fsc_aws_autoscaling = {"autoscaling", "2011-01-01"};

static bool is_region(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n && !text[n];
}

static fsc_status find_region(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    if (!aws->region)
        aws->region = fsc__aws_env("AWS_REGION");
    if (!aws->region)
        aws->region = fsc__aws_env("AWS_DEFAULT_REGION");
    if (!aws->region)
        FSC_TRY(fsc__aws_profile_get(&aws->region, "region", a, err));
    if (!aws->region && fsc__aws_instance_region(&aws->region, aws->http, a, err) != FSC_OK)
        return fsc_fail(err, FSC_CONFIG,
                        "no AWS region: give region in the configuration, or set AWS_REGION");
    return is_region(aws->region)
               ? FSC_OK
               : fsc_fail(err, FSC_CONFIG, "\"%.60s\" is no AWS region", aws->region);
}

fsc_status fsc_aws_open(fsc_aws **out, fsc_http *http, const char *region, fsc_arena *a,
                        fsc_err *err)
{
    fsc_aws *aws = FSC_NEW(a, 1, fsc_aws, err);
    if (!aws)
        return FSC_NOMEM;
    aws->http = http;
    aws->region = region;
    FSC_TRY(find_region(aws, a, err));
    FSC_TRY(fsc__aws_login(aws, a, err));
    aws->keys.region = aws->region;
    *out = aws;
    return FSC_OK;
}

/* ---- where to ask ---------------------------------------------------------------------------- */

/* The variables name services by their identifiers, hosts by their endpoint prefixes. */
static const char *override_of(const char *service)
{
    char name[64] = "AWS_ENDPOINT_URL_";
    size_t n = strlen(name);
    const char *id = !strcmp(service, "autoscaling") ? "auto_scaling" : service;
    for (; *id && n + 1 < sizeof name; id++)
        name[n++] = (char)toupper((unsigned char)*id);
    name[n] = '\0';
    const char *own = fsc__aws_env(name);
    return own ? own : fsc__aws_env("AWS_ENDPOINT_URL");
}

static const char *url_of(const fsc_aws *aws, const char *service, const char *path, fsc_arena *a,
                          fsc_err *err)
{
    const char *base = override_of(service);
    if (!base)
        return fsc_arena_printf(a, err, "https://%s.%s.amazonaws.com%s%s", service, aws->region,
                                strncmp(aws->region, "cn-", 3) ? "" : ".cn", path);
    size_t n = strlen(base);
    while (n && base[n - 1] == '/')
        n--;
    return fsc_arena_printf(a, err, "%.*s%s", (int)n, base, path);
}

/* ---- what went wrong ------------------------------------------------------------------------- */

static bool is_throttling(const char *code)
{
    return strstr(code, "Throttl") || !strcmp(code, "RequestLimitExceeded") ||
           !strcmp(code, "TooManyRequestsException") || !strcmp(code, "ScalingActivityInProgress");
}

static fsc_status status_of(const char *code, fsc_status status)
{
    static const char *const denied[] = {"AccessDenied",          "AuthFailure",
                                         "UnauthorizedOperation", "AccessDeniedException",
                                         "InvalidClientTokenId",  "SignatureDoesNotMatch",
                                         "ExpiredToken",          "UnrecognizedClientException"};
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
        if (!strcmp(code, denied[i]))
            return FSC_DENIED;
    return !strcmp(code, "ResourceInUseException") ? FSC_CONFLICT : status;
}

/* Puts the service's own code and words into err, where the answer has them. */
static fsc_status explain(const fsc_node *code, const fsc_node *message, const char *what,
                          fsc_status status, fsc_err *err)
{
    const char *name = fsc_node_text(code, ""), *words = fsc_node_text(message, "");
    if (!*name && !*words)
        return fsc_context(err, "%s", what);
    bool retryable = err->retryable || is_throttling(name);
    (retryable ? fsc_fail_retryable : fsc_fail)(err, status_of(name, status), "%s: %.100s%s%.300s",
                                                what, name, *name ? ": " : "", words);
    return err->code;
}

static fsc_status explain_xml(const fsc_http_response *r, const char *action, fsc_status status,
                              fsc_arena *a, fsc_err *err)
{
    const fsc_node *root, *error;
    fsc_err none = FSC_ERR_INIT;
    if (fsc_xml_parse(&root, fsc_buf_str(&r->body), r->body.len, a, &none) != FSC_OK)
        return fsc_context(err, "%s", action);
    root = root->n ? root->pairs[0].value : root;
    error = fsc_node_at(root, "Error", NULL);
    if (!error)
        error = fsc_node_at(root, "Errors", "Error", NULL); /* EC2's form */
    return explain(fsc_node_at(error, "Code", NULL), fsc_node_at(error, "Message", NULL), action,
                   status, err);
}

static fsc_status explain_json(const fsc_http_response *r, const char *path, fsc_status status,
                               fsc_arena *a, fsc_err *err)
{
    const fsc_node *root, *code;
    fsc_err none = FSC_ERR_INIT;
    if (fsc_json_parse(&root, fsc_buf_str(&r->body), r->body.len, a, &none) != FSC_OK)
        return fsc_context(err, "%s", path);
    code = fsc_node_at(root, "__type", NULL);
    return explain(code ? code : fsc_node_at(root, "code", NULL),
                   fsc_node_at(root, "message", NULL), path, status, err);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static fsc_http_request request_of(const fsc_http_sigv4 *signed_by, const char *url,
                                   const char *content_type, const char *body)
{
    return (fsc_http_request){.method = body ? FSC_POST : FSC_GET,
                              .url = url,
                              .sigv4 = signed_by,
                              .content_type = body ? content_type : NULL,
                              .body = body,
                              .body_n = body ? strlen(body) : 0,
                              .max_bytes = (size_t)MAX_ANSWER_MIB << 20};
}

fsc_status fsc__aws_query(const fsc_node **out, const fsc_aws *aws, const fsc_http_sigv4 *keys,
                          const fsc_aws_api *api, const char *action, fsc_string_map params,
                          fsc_arena *a, fsc_err *err)
{
    fsc_buf form;
    fsc_http_response response;
    const char *url = url_of(aws, api->service, "/", a, err);
    fsc_buf_init(&form, a, (size_t)FORM_KIB << 10);
    fsc_http_form_add(&form, "Action", action);
    fsc_http_form_add(&form, "Version", api->version);
    for (size_t i = 0; i < params.n; i++)
        fsc_http_form_add(&form, params.k[i], params.v[i]);
    FSC_TRY(fsc_buf_status(&form, err));
    if (!url)
        return FSC_NOMEM;
    fsc_http_sigv4 signed_by = keys ? *keys : (fsc_http_sigv4){0};
    signed_by.service = api->service;
    const fsc_http_request req =
        request_of(keys ? &signed_by : NULL, url,
                   "application/x-www-form-urlencoded; charset=utf-8", fsc_buf_str(&form));
    fsc_status status = fsc_http_do(aws->http, &response, &req, a, err);
    if (status != FSC_OK)
        return explain_xml(&response, action, status, a, err);
    const fsc_node *root;
    if (fsc_xml_parse(&root, fsc_buf_str(&response.body), response.body.len, a, err) != FSC_OK)
        return fsc_context(err, "%s", action);
    *out = root->n ? root->pairs[0].value : root;
    return FSC_OK;
}

fsc_status fsc_aws_query(const fsc_node **out, fsc_aws *aws, const fsc_aws_api *api,
                         const char *action, fsc_string_map params, fsc_arena *a, fsc_err *err)
{
    return fsc__aws_query(out, aws, &aws->keys, api, action, params, a, err);
}

fsc_status fsc_aws_json(const fsc_node **out, fsc_aws *aws, const char *service, const char *path,
                        const char *body, fsc_arena *a, fsc_err *err)
{
    fsc_http_response response;
    const char *url = url_of(aws, service, path, a, err);
    if (!url)
        return FSC_NOMEM;
    fsc_http_sigv4 signed_by = aws->keys;
    signed_by.service = service;
    const fsc_http_request req = request_of(&signed_by, url, "application/json", body);
    fsc_status status = fsc_http_do(aws->http, &response, &req, a, err);
    if (status != FSC_OK)
        return explain_json(&response, path, status, a, err);
    if (fsc_json_parse(out, fsc_buf_str(&response.body), response.body.len, a, err) != FSC_OK)
        return fsc_context(err, "%s", path);
    return FSC_OK;
}
