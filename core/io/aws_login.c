/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "aws_login.h"
#include "forescale/file.h"
#include "forescale/json.h"

#include <string.h>
#include <unistd.h>

enum { METADATA_MS = 2000 };

static const fsc_aws_api sts = {"sts", "2011-06-15"};

static fsc_status take(fsc_aws *aws, const char *key_id, const char *secret, const char *token,
                       const char *where, fsc_err *err)
{
    if (!key_id || !secret)
        return fsc_fail(err, FSC_CONFIG, "%s gives no whole AWS key: its %s is missing", where,
                        key_id ? "secret" : "id");
    aws->keys.key_id = key_id;
    aws->keys.secret = secret;
    aws->keys.session_token = token;
    return FSC_OK;
}

/* ---- environment and files ------------------------------------------------------------------- */

static fsc_status from_environment(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    const char *id = fsc__aws_env("AWS_ACCESS_KEY_ID"),
               *secret = fsc__aws_env("AWS_SECRET_ACCESS_KEY");
    (void)a;
    if (!id && !secret)
        return FSC_MISSING;
    return take(aws, id, secret, fsc__aws_env("AWS_SESSION_TOKEN"), "the environment", err);
}

/* What other tools get keys by, and this one does not: said where nothing else is in the profile.
 */
static fsc_status refuse_others(fsc_arena *a, fsc_err *err)
{
    static const char *const unserved[] = {"sso_session", "sso_start_url", "credential_process",
                                           "source_profile"};
    for (size_t i = 0; i < sizeof unserved / sizeof unserved[0]; i++) {
        const char *value;
        FSC_TRY(fsc__aws_profile_get(&value, unserved[i], a, err));
        if (value)
            return fsc_fail(err, FSC_CONFIG,
                            "the AWS profile %s has its keys by %s, which is not supported: run "
                            "eval \"$(aws configure export-credentials --format env)\" first",
                            fsc__aws_profile_name(), unserved[i]);
    }
    return FSC_MISSING;
}

static fsc_status from_profile(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    const char *id, *secret, *token;
    FSC_TRY(fsc__aws_profile_get(&id, "aws_access_key_id", a, err));
    FSC_TRY(fsc__aws_profile_get(&secret, "aws_secret_access_key", a, err));
    FSC_TRY(fsc__aws_profile_get(&token, "aws_session_token", a, err));
    if (id || secret)
        return take(aws, id, secret, token, "the AWS profile", err);
    return refuse_others(a, err);
}

/* ---- web identity ---------------------------------------------------------------------------- */

static fsc_status assume(fsc_aws *aws, const char *role, const char *token_file, fsc_arena *a,
                         fsc_err *err)
{
    const char *token, *session = fsc__aws_env("AWS_ROLE_SESSION_NAME");
    const fsc_node *answer;
    FSC_TRY(fsc_file_read_secret(&token, token_file, a, err));
    const char *const k[] = {"RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds"};
    const char *const v[] = {role, session ? session : "forescale", token, "3600"};
    FSC_TRY(fsc__aws_query(&answer, aws, NULL, &sts, "AssumeRoleWithWebIdentity",
                           (fsc_string_map){4, k, v}, a, err));
    const fsc_node *keys =
        fsc_node_at(answer, "AssumeRoleWithWebIdentityResult", "Credentials", NULL);
    return take(aws, fsc_node_text(fsc_node_at(keys, "AccessKeyId", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "SecretAccessKey", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "SessionToken", NULL), NULL), "the web identity",
                err);
}

static fsc_status from_web_identity(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    const char *role = fsc__aws_env("AWS_ROLE_ARN"),
               *file = fsc__aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!role || !file) {
        FSC_TRY(fsc__aws_profile_get(&role, "role_arn", a, err));
        FSC_TRY(fsc__aws_profile_get(&file, "web_identity_token_file", a, err));
    }
    if (!role || !file)
        return FSC_MISSING;
    return assume(aws, role, file, a, err) == FSC_OK
               ? FSC_OK
               : fsc_context(err, "the web identity's role %s", role);
}

/* ---- endpoints that give keys as JSON -------------------------------------------------------- */

static fsc_status ask_keys(fsc_aws *aws, const char *url, const char *header, const char *value,
                           fsc_arena *a, fsc_err *err)
{
    const fsc_node *keys;
    FSC_TRY(fsc_http_json(&keys, aws->http,
                          &(fsc_http_request){.url = url,
                                              .headers = {header && value ? 1 : 0, &header, &value},
                                              .timeout_ms = METADATA_MS},
                          a, err));
    return take(aws, fsc_node_text(fsc_node_at(keys, "AccessKeyId", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "SecretAccessKey", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "Token", NULL), NULL), url, err);
}

/* Keys come in the clear only from this machine or the link's own addresses. */
static bool is_trusted(const char *url)
{
    static const char *const begins[] = {"https://",
                                         "http://127.0.0.1",
                                         "http://localhost",
                                         "http://[::1]",
                                         "http://169.254.170.2",
                                         "http://169.254.170.23",
                                         "http://[fd00:ec2::23]"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        size_t n = strlen(begins[i]);
        if (!strncmp(url, begins[i], n) && (i == 0 || strchr(":/", url[n])))
            return true;
    }
    return false;
}

static fsc_status from_container(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    const char *url = fsc__aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
               *path = fsc__aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *token = fsc__aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
               *file = fsc__aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!url && !path)
        return FSC_MISSING;
    if (path && !(url = fsc_arena_printf(a, err, "http://169.254.170.2%s", path)))
        return FSC_NOMEM;
    if (!is_trusted(url))
        return fsc_fail(err, FSC_CONFIG,
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI: keys are asked for by https, or on "
                        "this host");
    if (file)
        FSC_TRY(fsc_file_read_secret(&token, file, a, err));
    return ask_keys(aws, url, "Authorization", token, a, err);
}

/* ---- the instance ---------------------------------------------------------------------------- */

static fsc_status ask_instance(fsc_http_response *out, fsc_http *http, fsc_http_method method,
                               const char *path, const char *header, const char *value,
                               fsc_arena *a, fsc_err *err)
{
    const char *base = fsc__aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *url =
        fsc_arena_printf(a, err, "%s%s", base ? base : "http://169.254.169.254", path);
    if (!url)
        return FSC_NOMEM;
    return fsc_http_do(http, out,
                       &(fsc_http_request){.method = method,
                                           .url = url,
                                           .headers = {1, &header, &value},
                                           .timeout_ms = METADATA_MS,
                                           .tries = 1},
                       a, err);
}

/* A page of the metadata. FSC_MISSING where there is no instance that answers. */
static fsc_status read_instance(const char **out, fsc_http *http, const char *path, fsc_arena *a,
                                fsc_err *err)
{
    fsc_http_response token, page;
    const char *disabled = fsc__aws_env("AWS_EC2_METADATA_DISABLED");
    fsc_err none = FSC_ERR_INIT;
    if ((disabled && !strcmp(disabled, "true")) ||
        ask_instance(&token, http, FSC_PUT, "/latest/api/token",
                     "X-aws-ec2-metadata-token-ttl-seconds", "300", a, &none) != FSC_OK)
        return FSC_MISSING;
    FSC_TRY(ask_instance(&page, http, FSC_GET, path, "X-aws-ec2-metadata-token",
                         fsc_buf_str(&token.body), a, err));
    *out = fsc_buf_str(&page.body);
    return FSC_OK;
}

fsc_status fsc__aws_instance_region(const char **out, fsc_http *http, fsc_arena *a, fsc_err *err)
{
    return read_instance(out, http, "/latest/meta-data/placement/region", a, err);
}

static fsc_status from_instance(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    static const char folder[] = "/latest/meta-data/iam/security-credentials/";
    const char *role, *text;
    const fsc_node *keys;
    FSC_TRY(read_instance(&role, aws->http, folder, a, err));
    const char *path = fsc_arena_printf(a, err, "%s%.*s", folder, (int)strcspn(role, "\r\n"), role);
    if (!path)
        return FSC_NOMEM;
    FSC_TRY(read_instance(&text, aws->http, path, a, err));
    FSC_TRY(fsc_json_parse(&keys, text, strlen(text), a, err));
    return take(aws, fsc_node_text(fsc_node_at(keys, "AccessKeyId", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "SecretAccessKey", NULL), NULL),
                fsc_node_text(fsc_node_at(keys, "Token", NULL), NULL), "the instance's role", err);
}

fsc_status fsc__aws_login(fsc_aws *aws, fsc_arena *a, fsc_err *err)
{
    static fsc_status (*const places[])(fsc_aws * aws, fsc_arena * a, fsc_err * err) = {
        from_environment, from_profile, from_web_identity, from_container, from_instance};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        fsc_status status = places[i](aws, a, err);
        if (status != FSC_MISSING)
            return status;
    }
    return fsc_fail(err, FSC_CONFIG,
                    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a "
                    "profile by AWS_PROFILE, or give the pod's ServiceAccount a role (EKS Pod "
                    "Identity, IRSA)");
}
