/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins in their order, and signatures that a second implementation computes anew. */
#include "forescale/aws.h"
#include "forescale/file.h"
#include "forescale/json.h"
#include "tests/unit/server.h"

#include <string.h>

static server backend;
static fsc_arena *arena;
static fsc_http *http;
static fsc_aws *aws;
static fsc_err err;
static char folder[] = "/tmp/forescale-aws-XXXXXX";

#define OK(call) ck_assert_msg((call) == FSC_OK, "%s", err.msg)

static void start_server(void)
{
    backend = server_start("tests/unit/aws_server.py");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void stop_server(void)
{
    server_stop(&backend);
    rmdir(folder);
}

static const char *text(const char *a, const char *b)
{
    char *t = fsc_arena_printf(arena, &err, "%s%s", a, b);
    ck_assert_ptr_nonnull(t);
    return t;
}

static const char *url(const char *path)
{
    char *t = fsc_arena_printf(arena, &err, "http://127.0.0.1:%d%s", backend.port, path);
    ck_assert_ptr_nonnull(t);
    return t;
}

/* Each test is a process of its own: what it sets ends with it. */
static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, 64 << 20, &err), FSC_OK);
    ck_assert_int_eq(fsc_http_open(&http, NULL, &err), FSC_OK);
    setenv("HOME", folder, 1);
    setenv("AWS_ENDPOINT_URL", url("/"), 1);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url(""), 1);
}

static void teardown(void)
{
    fsc_http_close(http);
    fsc_arena_close(arena);
}

static const char *write_file(const char *name, const char *content)
{
    const char *path = text(text(folder, "/"), name);
    OK(fsc_file_write(path, content, strlen(content), &err));
    return path;
}

static const fsc_node *ask(const char *region)
{
    const fsc_node *answer;
    const char *const k[] = {"A.1", "A.2"}, *const v[] = {"a b/c+d=~é", "*"};
    OK(fsc_aws_open(&aws, http, region, arena, &err));
    OK(fsc_aws_query(&answer, aws, &fsc_aws_ec2, "Describe", (fsc_string_map){2, k, v}, arena,
                     &err));
    return answer;
}

static const char *at(const fsc_node *n, const char *key)
{
    return fsc_node_text(fsc_node_at(n, key, NULL), "");
}

START_TEST(a_form_is_signed_as_aws_computes_it)
{
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret/env", 1);
    const fsc_node *answer = ask("us-west-2");
    ck_assert_str_eq(at(answer, "who"), "AKENV");
    ck_assert_str_eq(answer->pairs[2].value->scalar, "a b/c+d=~é");
    ck_assert_msg(strstr(at(answer, "scope"), "/us-west-2/ec2/aws4_request") != NULL, "%s",
                  at(answer, "scope"));
}
END_TEST

START_TEST(json_is_signed_by_post_and_get)
{
    const fsc_node *answer;
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret/env", 1);
    OK(fsc_aws_open(&aws, http, "us-west-2", arena, &err));
    OK(fsc_aws_json(&answer, aws, "eks", "/clusters/c", NULL, arena, &err));
    ck_assert_str_eq(at(answer, "method"), "GET");
    OK(fsc_aws_json(&answer, aws, "eks", "/clusters/c", "{\"a\":\"\\u00e9\"}", arena, &err));
    ck_assert_str_eq(at(answer, "method"), "POST");
    ck_assert_int_eq(fsc_aws_json(&answer, aws, "eks", "/clusters/gone", NULL, arena, &err),
                     FSC_MISSING);
    ck_assert_str_eq(err.msg, "/clusters/gone: ResourceNotFoundException: No cluster found");
}
END_TEST

START_TEST(errors_tell_the_services_own_words)
{
    const fsc_node *answer;
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wrong", 1);
    OK(fsc_aws_open(&aws, http, "us-west-2", arena, &err));
    ck_assert_int_eq(
        fsc_aws_query(&answer, aws, &fsc_aws_ec2, "Any", (fsc_string_map){0}, arena, &err),
        FSC_DENIED);
    ck_assert_str_eq(err.msg, "Any: AuthFailure: not by us");
    setenv("AWS_SECRET_ACCESS_KEY", "secret/env", 1);
    OK(fsc_aws_open(&aws, http, "us-west-2", arena, &err));
    ck_assert_int_eq(
        fsc_aws_query(&answer, aws, &fsc_aws_ec2, "Busy", (fsc_string_map){0}, arena, &err),
        FSC_REMOTE);
    ck_assert(err.retryable);
}
END_TEST

START_TEST(a_profile_comes_from_the_shared_files)
{
    const char *a = write_file("credentials", "[default]\naws_access_key_id = no\n"
                                              "aws_secret_access_key = no\n\n[other]\n# a remark\n"
                                              "aws_access_key_id=AKFILE\r\n");
    const char *b = write_file("config", "[profile other]\nregion = eu-west-1\ns3 =\n  region = x\n"
                                         "aws_secret_access_key = secret+file\n");
    setenv("AWS_SHARED_CREDENTIALS_FILE", a, 1);
    setenv("AWS_CONFIG_FILE", b, 1);
    setenv("AWS_PROFILE", "other", 1);
    const fsc_node *answer = ask(NULL);
    ck_assert_str_eq(at(answer, "who"), "AKFILE");
    ck_assert_msg(strstr(at(answer, "scope"), "/eu-west-1/") != NULL, "%s", at(answer, "scope"));
    unlink(a);
    unlink(b);
}
END_TEST

START_TEST(a_profile_that_needs_another_tool_says_which)
{
    const char *path = write_file("config", "[default]\nregion=eu-west-1\nsso_session = corp\n");
    setenv("AWS_CONFIG_FILE", path, 1);
    ck_assert_int_eq(fsc_aws_open(&aws, http, NULL, arena, &err), FSC_CONFIG);
    ck_assert_msg(strstr(err.msg, "export-credentials") != NULL, "%s", err.msg);
    unlink(path);
}
END_TEST

START_TEST(a_web_identity_is_exchanged_without_a_signature)
{
    const char *path = write_file("token", "jwt\n");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/forescale", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    ck_assert_str_eq(at(ask("us-east-1"), "who"), "AKWEB");
    (void)write_file("token", "expired");
    ck_assert_int_eq(fsc_aws_open(&aws, http, "us-east-1", arena, &err), FSC_REMOTE);
    ck_assert_msg(strstr(err.msg, "role/forescale: AssumeRoleWithWebIdentity: "
                                  "InvalidIdentityToken") != NULL,
                  "%s", err.msg);
    unlink(path);
}
END_TEST

START_TEST(a_containers_endpoint_gives_keys)
{
    const char *path = write_file("pod", "pod-secret");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/pod-keys"), 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    ck_assert_str_eq(at(ask("us-east-1"), "who"), "AKPOD");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/keys", 1);
    ck_assert_int_eq(fsc_aws_open(&aws, http, "us-east-1", arena, &err), FSC_CONFIG);
    unlink(path);
}
END_TEST

START_TEST(the_instance_gives_keys_and_region)
{
    const fsc_node *answer = ask(NULL);
    ck_assert_str_eq(at(answer, "who"), "AKIMDS");
    ck_assert_msg(strstr(at(answer, "scope"), "/eu-central-1/") != NULL, "%s", at(answer, "scope"));
}
END_TEST

START_TEST(no_keys_anywhere_says_what_to_do)
{
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    ck_assert_int_eq(fsc_aws_open(&aws, http, "us-east-1", arena, &err), FSC_CONFIG);
    ck_assert_msg(strstr(err.msg, "AWS_ACCESS_KEY_ID") != NULL, "%s", err.msg);
    ck_assert_int_eq(fsc_aws_open(&aws, http, NULL, arena, &err), FSC_CONFIG);
    ck_assert_msg(strstr(err.msg, "AWS_REGION") != NULL, "%s", err.msg);
    ck_assert_int_eq(fsc_aws_open(&aws, http, "evil.example/", arena, &err), FSC_CONFIG);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("aws");
    TCase *t = tcase_create("aws");
    tcase_set_timeout(t, 60);
    tcase_add_unchecked_fixture(t, start_server, stop_server);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_form_is_signed_as_aws_computes_it);
    tcase_add_test(t, json_is_signed_by_post_and_get);
    tcase_add_test(t, errors_tell_the_services_own_words);
    tcase_add_test(t, a_profile_comes_from_the_shared_files);
    tcase_add_test(t, a_profile_that_needs_another_tool_says_which);
    tcase_add_test(t, a_web_identity_is_exchanged_without_a_signature);
    tcase_add_test(t, a_containers_endpoint_gives_keys);
    tcase_add_test(t, the_instance_gives_keys_and_region);
    tcase_add_test(t, no_keys_anywhere_says_what_to_do);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
