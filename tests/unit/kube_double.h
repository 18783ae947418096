/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An API server of recorded answers (tests/unit/http_server.py) and a login to it. */
#ifndef FORESCALE_TESTS_KUBE_DOUBLE_H
#define FORESCALE_TESTS_KUBE_DOUBLE_H

#include "forescale/kube.h"
#include "tests/unit/server.h"

#include <string.h>

static server backend;
static fsc_arena *arena;
static fsc_http *http;
static fsc_kube *kube;
static fsc_err err;
static char folder[64];

static void start_server(void)
{
    backend = server_start("tests/unit/http_server.py");
}

static void stop_server(void)
{
    server_stop(&backend);
}

static const char *in_folder(const char *name)
{
    const char *path = fsc_arena_printf(arena, &err, "%s/%s", folder, name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    const char *path = in_folder(name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

/* A kubeconfig of one context; user is the body of its user in flow style. */
static const char *write_kubeconfig(const char *name, const char *server_path, const char *user)
{
    const char *text = fsc_arena_printf(
        arena, &err,
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
        "clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%d%s\"}}]\n"
        "contexts: [{name: here, context: {cluster: c, user: u, namespace: ns1}}]\n"
        "users: [{name: u, user: %s}]\n",
        backend.port, server_path, user);
    ck_assert_ptr_nonnull(text);
    return write_text(name, text);
}

static fsc_status open_kube(const char *kubeconfig, const char *context)
{
    return fsc_kube_open(&kube, http, &(fsc_kube_options){kubeconfig, context, NULL}, arena, &err);
}

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    strcpy(folder, "/tmp/forescale-kube-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(fsc_arena_open(&arena, 64 << 20, &err), FSC_OK);
    ck_assert_int_eq(fsc_http_open(&http, NULL, &err), FSC_OK);
    ck_assert_int_eq(open_kube(write_kubeconfig("config", "", "{token: t}"), NULL), FSC_OK);
}

static void teardown(void)
{
    fsc_http_close(http);
    fsc_arena_close(arena);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *server_text(const char *path, const char *body)
{
    fsc_http_response r;
    const char *url = fsc_arena_printf(arena, &err, "http://127.0.0.1:%d%s", backend.port, path);
    fsc_http_request req = {.method = body ? FSC_POST : FSC_GET,
                            .url = url,
                            .body = body,
                            .body_n = body ? strlen(body) : 0};
    ck_assert_int_eq(fsc_http_do(http, &r, &req, arena, &err), FSC_OK);
    return fsc_buf_str(&r.body);
}

/* The next answers: "[200, {...}], [409, {...}]". */
static inline void can(const char *answers)
{
    const char *list = fsc_arena_printf(arena, &err, "[%s]", answers);
    ck_assert_ptr_nonnull(list);
    (void)server_text("/can", list);
}

/* What was asked since: a line for each request, "METHOD PATH BODY". */
static inline const char *asked(void)
{
    return server_text("/asked", NULL);
}

static inline int run_kube_suite(const char *name, void (*add)(TCase *t))
{
    setenv("no_proxy", "*", 1);
    Suite *suite = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_add_unchecked_fixture(t, start_server, stop_server);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 30);
    add(t);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
