/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/kube_double.h"

#include <sys/stat.h>

static const char *sent(const fsc_node *n, const char *header)
{
    return fsc_node_text(fsc_node_at(n, "headers", header, NULL), "-");
}

/* ---- logins ---------------------------------------------------------------------------------- */

static const struct {
    const char *user, *header, *value;
} logins[] = {
    {"{token: abc}", "authorization", "Bearer abc"},
    {"{token: abc, tokenFile: token}", "authorization", "Bearer from-file"},
    {"{username: bob, password: hunter2}", "authorization", "Basic Ym9iOmh1bnRlcjI="},
    {"{username: ab, password: c}", "authorization", "Basic YWI6Yw=="},
    {"{username: a, password: bcd}", "authorization", "Basic YTpiY2Q="},
    {"{token: abc, as: jane}", "impersonate-user", "jane"},
    {"{token: abc, as: jane, as-groups: [dev]}", "impersonate-group", "dev"},
    {"{token: abc, as: jane, as-uid: u-1}", "impersonate-uid", "u-1"},
    {"{token: abc, as: jane, as-user-extra: {scopes: [view]}}", "impersonate-extra-scopes", "view"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [abc], env: "
     "[{name: A, value: b}]}}",
     "authorization", "Bearer abc-b"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [plugin, x]}}",
     "authorization", "Bearer x-"},
    {"{}", "authorization", "-"},
};

static void write_plugin(void)
{
    const char *path = write_text(
        "plugin",
        "#!/bin/sh\n"
        "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
        "\"status\":{\"token\":\"%s-%s\"}}' \"$1\" \"$A\"\n");
    ck_assert_int_eq(chmod(path, 0700), 0);
}

START_TEST(every_login_is_sent)
{
    const fsc_node *n;
    write_text("token", "from-file\n");
    write_plugin();
    if (strstr(logins[_i].user, "command: sh"))
        ck_assert_int_eq(chdir(folder), 0);
    fsc_status status = open_kube(write_kubeconfig("c", "/echo/", logins[_i].user), NULL);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    ck_assert_str_eq(fsc_kube_namespace(kube), "ns1");
    ck_assert_int_eq(fsc_kube_get(&n, kube, "/api/x", arena, &err), FSC_OK);
    ck_assert_str_eq(sent(n, logins[_i].header), logins[_i].value);
    ck_assert_str_eq(sent(n, "content-type"), "-");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "path", NULL), ""), "/echo/api/x");
}
END_TEST

START_TEST(a_plugin_is_told_of_the_cluster)
{
    const fsc_node *n;
    write_text("ca.crt", "PEM\n");
    const char *plugin = write_text(
        "plugin",
        "#!/bin/sh\n"
        "case $KUBERNETES_EXEC_INFO in\n"
        "*'\"certificate-authority-data\":\"UEVNCg==\"'*'\"proxy-url\"'*) exit 1 ;;\n"
        "*'\"server\":\"http://127.0.0.1:'*'\"certificate-authority-data\":\"UEVNCg==\"'*) "
        "t=told ;;\nesac\n"
        "echo "
        "'{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"'$t'\"}}'\n");
    ck_assert_int_eq(chmod(plugin, 0700), 0);
    const char *config = fsc_arena_printf(
        arena, &err,
        "current-context: here\ncontexts: [{name: here, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%d/echo/\", "
        "certificate-authority: ca.crt}}]\n"
        "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, "
        "command: ./plugin, provideClusterInfo: true}}}]\n",
        backend.port);
    fsc_status status = open_kube(write_text("told", config), NULL);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    ck_assert_int_eq(fsc_kube_get(&n, kube, "/api/x", arena, &err), FSC_OK);
    ck_assert_str_eq(sent(n, "authorization"), "Bearer told");
}
END_TEST

static const struct {
    const char *user, *says;
} bad_users[] = {
    {"{client-certificate-data: \"!!!\"}", "client-certificate-data of \"u\" is not base64"},
    {"{auth-provider: {name: gcp}}", "exec plugin"},
    {"{exec: {command: x}}", "needs command and apiVersion"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}", "v1alpha1"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, installHint: "
     "get it}}",
     "get it"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: \"false\"}}", "exit status 1"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, args: [hello]}}",
     "not JSON"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, args: [\"{}\"]}}",
     "answers in"},
    {"{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin}}",
     "asks for client.authentication.k8s.io/v1beta1"},
};

START_TEST(a_bad_login_is_said)
{
    write_plugin();
    ck_assert_int_ne(open_kube(write_kubeconfig("c", "", bad_users[_i].user), NULL), FSC_OK);
    ck_assert_msg(strstr(err.msg, bad_users[_i].says) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_missing_or_unknown_place_is_said)
{
    ck_assert_int_eq(open_kube("/nonexistent/config", NULL), FSC_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/config"));
    ck_assert_int_eq(open_kube(in_folder("config"), "hree"), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "did you mean \"here\"?"));
    setenv("KUBECONFIG", "/nonexistent/a", 1);
    unsetenv("KUBERNETES_SERVICE_HOST");
    ck_assert_int_eq(open_kube(NULL, NULL), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "--kubeconfig"));
}
END_TEST

START_TEST(of_several_files_the_first_value_wins)
{
    write_text("first",
               "current-context: here\ncontexts: [{name: here, context: {cluster: c, user: u2}}]\n"
               "users: [{name: u2, user: {token: two}}]\n");
    write_kubeconfig("second", "/echo", "{token: one}");
    const char *list = fsc_arena_printf(arena, &err, "/nonexistent/a:%s:%s:%s", in_folder("first"),
                                        in_folder("second"), in_folder("first"));
    setenv("KUBECONFIG", list, 1);
    ck_assert_msg(open_kube(NULL, NULL) == FSC_OK, "%s", err.msg);
    ck_assert_str_eq(fsc_kube_namespace(kube), "default");
    const fsc_node *n;
    ck_assert_int_eq(fsc_kube_get(&n, kube, "/api/x", arena, &err), FSC_OK);
    ck_assert_str_eq(sent(n, "authorization"), "Bearer two");
}
END_TEST

/* ---- requests -------------------------------------------------------------------------------- */

START_TEST(a_merge_patch_is_one)
{
    const fsc_node *n;
    ck_assert_int_eq(open_kube(write_kubeconfig("c", "/echo", "{token: t}"), NULL), FSC_OK);
    ck_assert_int_eq(
        fsc_kube_merge_patch(&n, kube, "/apis/x", "{\"a\":1}", FSC_DRY_NONE, arena, &err), FSC_OK);
    ck_assert_str_eq(sent(n, "content-type"), "application/merge-patch+json");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "path", NULL), ""),
                     "/echo/apis/x?fieldManager=forescale");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "method", NULL), ""), "PATCH");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "body", NULL), ""), "{\"a\":1}");
    ck_assert_int_eq(fsc_kube_merge_patch(&n, kube, "/apis/x", "{}", FSC_DRY_SERVER, arena, &err),
                     FSC_OK);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "path", NULL), ""),
                     "/echo/apis/x?fieldManager=forescale&dryRun=All");
    ck_assert_int_eq(fsc_kube_merge_patch(&n, kube, "/apis/x", "{}", FSC_DRY_CLIENT, arena, &err),
                     FSC_OK);
    ck_assert_ptr_null(n);
}
END_TEST

static const struct {
    const char *answers;
    fsc_status status;
    bool retryable;
    const char *says;
} refusals[] = {
    {"[403, {\"kind\":\"Status\",\"message\":\"scaledobjects is forbidden\"}]", FSC_DENIED, false,
     "scaledobjects is forbidden (HTTP 403)"},
    {"[404, {\"message\":\"not found\"}]", FSC_MISSING, false, "not found"},
    {"[409, {\"message\":\"the object has been modified\"}]", FSC_CONFLICT, false, "modified"},
    {"[422, {\"message\":\"spec.minReplicas: Invalid value\"}]", FSC_REMOTE, false,
     "Invalid value"},
    {"[400, {\"message\":\"admission webhook \\\"v.keda.sh\\\" denied the request: no\"}]",
     FSC_DENIED, false, "denied the request"},
    {"[500, {\"message\":\"etcdserver: timed out\"}]", FSC_REMOTE, true, "etcdserver"},
    {"[503, {}], [503, {}], [200, {\"a\":1}]", FSC_OK, false, ""},
    {"[429, {}], [200, {\"a\":1}]", FSC_OK, false, ""},
    {"[401, {\"message\":\"Unauthorized\"}]", FSC_DENIED, false, "Unauthorized (HTTP 401)"},
};

START_TEST(a_refusal_says_what_the_server_said)
{
    const fsc_node *n;
    can(refusals[_i].answers);
    fsc_status status = fsc_kube_get(&n, kube, "/api/x", arena, &err);
    ck_assert_msg(status == refusals[_i].status, "%s: %s", fsc_status_name(status), err.msg);
    if (status == FSC_OK)
        return;
    ck_assert_int_eq(err.retryable, refusals[_i].retryable);
    ck_assert_msg(strstr(err.msg, refusals[_i].says) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_401_reads_the_token_anew_once)
{
    const fsc_node *n;
    write_text("token", "old");
    ck_assert_int_eq(open_kube(write_kubeconfig("c", "", "{tokenFile: token}"), NULL), FSC_OK);
    can("[401, {\"message\":\"Unauthorized\"}], [200, {\"a\":1}]");
    ck_assert_int_eq(fsc_kube_get(&n, kube, "/api/x", arena, &err), FSC_OK);
    can("[401, {\"message\":\"Unauthorized\"}], [401, {\"message\":\"Unauthorized\"}], [200, "
        "{\"a\":1}]");
    ck_assert_int_eq(fsc_kube_get(&n, kube, "/api/x", arena, &err), FSC_DENIED);
    ck_assert_str_eq(asked(), "GET /api/x\nGET /api/x");
}
END_TEST

static void add(TCase *tc)
{
    tcase_add_loop_test(tc, every_login_is_sent, 0, (int)(sizeof logins / sizeof logins[0]));
    tcase_add_test(tc, a_plugin_is_told_of_the_cluster);
    tcase_add_loop_test(tc, a_bad_login_is_said, 0, (int)(sizeof bad_users / sizeof bad_users[0]));
    tcase_add_test(tc, a_missing_or_unknown_place_is_said);
    tcase_add_test(tc, of_several_files_the_first_value_wins);
    tcase_add_test(tc, a_merge_patch_is_one);
    tcase_add_loop_test(tc, a_refusal_says_what_the_server_said, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(tc, a_401_reads_the_token_anew_once);
}

int main(void)
{
    return run_kube_suite("kube", add);
}
