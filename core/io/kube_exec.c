/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/kube_login.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ANSWER_BYTES = 1024 * 1024, LIMIT_S = 60 };

extern char **environ;

static fsc_status check(bool *interactive, const fsc__kube_plugin *p, fsc_err *err)
{
    const char *mode = p->interactive_mode ? p->interactive_mode : "IfAvailable";
    bool terminal = isatty(STDIN_FILENO) == 1;
    if (strcmp(p->api_version, "client.authentication.k8s.io/v1") &&
        strcmp(p->api_version, "client.authentication.k8s.io/v1beta1"))
        return fsc_fail(
            err, FSC_CONFIG,
            "login plugin %s: apiVersion %s is not client.authentication.k8s.io/v1 or v1beta1",
            p->command, p->api_version);
    if (!strcmp(mode, "Always") && !terminal)
        return fsc_fail(
            err, FSC_CONFIG,
            "login plugin %s wants a terminal (interactiveMode: Always) and there is none",
            p->command);
    *interactive = terminal && strcmp(mode, "Never");
    return FSC_OK;
}

static fsc_status build_args(char ***out, const fsc__kube_plugin *p, fsc_arena *a, fsc_err *err)
{
    *out = FSC_NEW(a, p->args.n + 2, char *, err);
    if (!*out)
        return FSC_NOMEM;
    (*out)[0] = fsc_arena_strdup(a, p->command, err);
    for (size_t i = 0; i < p->args.n && (*out)[i]; i++)
        (*out)[i + 1] = fsc_arena_strdup(a, p->args.v[i], err);
    return (*out)[p->args.n] ? FSC_OK : FSC_NOMEM;
}

static bool is_set(const fsc__kube_plugin *p, const char *pair)
{
    size_t n = strcspn(pair, "=");
    for (size_t i = 0; i < p->env.n; i++)
        if (strlen(p->env.k[i]) == n && !strncmp(p->env.k[i], pair, n))
            return true;
    return !strncmp(pair, "KUBERNETES_EXEC_INFO=", 21);
}

static fsc_status build_env(char ***out, const fsc__kube_plugin *p, bool interactive, fsc_arena *a,
                            fsc_err *err)
{
    size_t inherited = 0, n = 0;
    while (environ[inherited])
        inherited++;
    char **env = FSC_NEW(a, inherited + p->env.n + 2, char *, err);
    if (!env)
        return FSC_NOMEM;
    env[n] = fsc_arena_printf(a, err,
                              "KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":"
                              "\"ExecCredential\",\"spec\":{\"interactive\":%s%s%s}}",
                              p->api_version, interactive ? "true" : "false",
                              p->cluster_json ? ",\"cluster\":" : "",
                              p->cluster_json ? p->cluster_json : "");
    for (size_t i = 0; i < p->env.n && env[n]; i++)
        env[++n] = fsc_arena_printf(a, err, "%s=%s", p->env.k[i], p->env.v[i]);
    if (!env[n])
        return FSC_NOMEM;
    for (size_t i = 0; i < inherited; i++)
        if (!is_set(p, environ[i]))
            env[++n] = environ[i];
    *out = env;
    return FSC_OK;
}

static fsc_status start(pid_t *pid, int *fd, const fsc__kube_plugin *p, bool interactive,
                        char **args, char **env, fsc_err *err)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0)
        return fsc_fail(err, FSC_IO, "login plugin %s: %s", p->command, strerror(errno));
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    int bad = posix_spawn_file_actions_init(&actions);
    if (!bad)
        bad = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!bad && !interactive)
        bad = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!bad)
        bad = posix_spawnp(pid, p->command, &actions, NULL, args, env);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    *fd = ends[0];
    if (!bad)
        return FSC_OK;
    (void)close(ends[0]);
    return fsc_fail(err, FSC_CONFIG, "login plugin %s: %s%s%s", p->command, strerror(bad),
                    p->install_hint ? ": " : "", p->install_hint ? p->install_hint : "");
}

static int64_t seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static fsc_status read_answer(fsc_buf *out, int fd, const fsc__kube_plugin *p, fsc_err *err)
{
    char piece[4096];
    for (int64_t end = seconds_now() + LIMIT_S;;) {
        int64_t left_s = end - seconds_now();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left_s <= 0)
            return fsc_fail_retryable(err, FSC_REMOTE, "login plugin %s: no answer within %d s",
                                      p->command, LIMIT_S);
        if (poll(&ready, 1, (int)(left_s * 1000)) <= 0)
            continue;
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fsc_fail(err, FSC_IO, "login plugin %s: %s", p->command, strerror(errno));
        if (n == 0)
            return fsc_buf_status(out, err);
        fsc_buf_add(out, piece, (size_t)n);
    }
}

static fsc_status copy_text(char *out, const fsc_node *status, const char *key,
                            const fsc__kube_plugin *p, fsc_err *err)
{
    const char *value = fsc_node_text(fsc_node_at(status, key, NULL), "");
    if (strlen(value) >= FSC__CREDENTIAL_BYTES)
        return fsc_fail(err, FSC_CONFIG, "login plugin %s: its %s is longer than %d bytes",
                        p->command, key, FSC__CREDENTIAL_BYTES - 1);
    memcpy(out, value, strlen(value) + 1);
    return FSC_OK;
}

static fsc_status take_answer(fsc__kube_credential *out, const fsc_buf *answer,
                              const fsc__kube_plugin *p, fsc_arena *a, fsc_err *err)
{
    const fsc_node *root = NULL;
    if (fsc_json_parse(&root, fsc_buf_str(answer), answer->len, a, err) != FSC_OK)
        return fsc_context(err, "login plugin %s", p->command);
    const fsc_node *status = fsc_node_at(root, "status", NULL);
    const char *version = fsc_node_text(fsc_node_at(root, "apiVersion", NULL), "");
    if (strcmp(version, p->api_version))
        return fsc_fail(err, FSC_CONFIG,
                        "login plugin %s: it answers in \"%s\", the kubeconfig asks for %s",
                        p->command, version, p->api_version);
    FSC_TRY(copy_text(out->token, status, "token", p, err));
    FSC_TRY(copy_text(out->cert_pem, status, "clientCertificateData", p, err));
    FSC_TRY(copy_text(out->key_pem, status, "clientKeyData", p, err));
    if (!*out->token && !*out->cert_pem)
        return fsc_fail(err, FSC_CONFIG,
                        "login plugin %s: its answer has neither a token nor a certificate",
                        p->command);
    return FSC_OK;
}

fsc_status fsc__kube_plugin_run(fsc__kube_credential *out, const fsc__kube_plugin *p, fsc_arena *a,
                                fsc_err *err)
{
    char **args = NULL, **env = NULL;
    bool interactive = false;
    pid_t pid = -1;
    int fd = -1, exit_status = 0;
    fsc_buf answer;
    FSC_TRY(check(&interactive, p, err));
    FSC_TRY(build_args(&args, p, a, err));
    FSC_TRY(build_env(&env, p, interactive, a, err));
    FSC_TRY(start(&pid, &fd, p, interactive, args, env, err));
    fsc_buf_init(&answer, a, MAX_ANSWER_BYTES);
    fsc_status status = read_answer(&answer, fd, p, err);
    (void)close(fd);
    if (status != FSC_OK)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &exit_status, 0) < 0 && errno == EINTR)
        ;
    FSC_TRY(status);
    if (!WIFEXITED(exit_status) || WEXITSTATUS(exit_status) != 0)
        return fsc_fail(err, FSC_DENIED, "login plugin %s failed with exit status %d", p->command,
                        WIFEXITED(exit_status) ? WEXITSTATUS(exit_status)
                                               : 128 + WTERMSIG(exit_status));
    return take_answer(out, &answer, p, a, err);
}
