/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Login by kubeconfig or in-cluster, after client-go's tools/clientcmd: of several files the first
 * that has a value wins, and relative paths are seen from the file that names them. */
#include "core/io/kube_login.h"
#include "forescale/file.h"
#include "forescale/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

enum { MAX_FILES = 32, MAX_FILE_BYTES = 4 * 1024 * 1024, MAX_HEADERS = 128 };

typedef struct source {
    const char *path, *folder; /* the folder ends with a slash */
    const fsc_node *root;
} source;

typedef struct reader {
    fsc_arena *arena;
    fsc_err *err;
    size_t n;
    source files[MAX_FILES];
} reader;

/* An entry of `clusters`, `users` or `contexts`. */
typedef struct entry {
    const char *name;
    const source *from;
    const fsc_node *body;
} entry;

/* ---- files ----------------------------------------------------------------------------------- */

static fsc_status add_file(reader *r, const char *path)
{
    const char *text = NULL;
    size_t length = 0;
    const char *slash = strrchr(path, '/');
    if (r->n == MAX_FILES)
        return fsc_fail(r->err, FSC_CONFIG, "KUBECONFIG names more than %d files", MAX_FILES);
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->files[i].path, path))
            return FSC_OK;
    source *s = &r->files[r->n];
    s->path = path;
    s->folder = slash ? fsc_arena_strndup(r->arena, path, (size_t)(slash - path) + 1, r->err) : "";
    if (!s->folder)
        return FSC_NOMEM;
    FSC_TRY(fsc_file_read(&text, &length, path, MAX_FILE_BYTES, r->arena, r->err));
    FSC_TRY(fsc_yaml_parse(&s->root, path, text, length, r->arena, r->err));
    r->n++;
    return FSC_OK;
}

static fsc_status add_list(reader *r, const char *list)
{
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ":");
        char *path = fsc_arena_strndup(r->arena, p, length, r->err);
        if (!path)
            return FSC_NOMEM;
        if (length && access(path, F_OK) == 0)
            FSC_TRY(add_file(r, path));
        p += length + (p[length] == ':');
    }
    return FSC_OK;
}

static fsc_status add_files(reader *r, const fsc_kube_options *o)
{
    const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
    if (o->kubeconfig)
        return add_file(r, o->kubeconfig);
    if (list && *list)
        return add_list(r, list);
    if (!home)
        return FSC_OK;
    const char *path = fsc_arena_printf(r->arena, r->err, "%s/.kube/config", home);
    if (!path)
        return FSC_NOMEM;
    return access(path, F_OK) == 0 ? add_file(r, path) : FSC_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* client-go's parser knows "cluster" in "clusters" and so on. */
static fsc_status find_entry(entry *out, const reader *r, const char *kind, const char *name)
{
    const char *names[64] = {NULL};
    size_t n = 0;
    char list[16];
    (void)snprintf(list, sizeof list, "%ss", kind);
    for (size_t f = 0; f < r->n; f++) {
        const fsc_node *entries = fsc_node_at(r->files[f].root, list, NULL);
        for (size_t i = 0; entries && entries->kind == FSC_NODE_LIST && i < entries->n; i++) {
            const char *other = fsc_node_text(fsc_node_at(entries->items[i], "name", NULL), "");
            *out = (entry){other, &r->files[f], fsc_node_at(entries->items[i], kind, NULL)};
            if (!strcmp(other, name))
                return FSC_OK;
            if (n < sizeof names / sizeof names[0])
                names[n++] = other;
        }
    }
    const char *near = fsc_suggest(name, names, n);
    return fsc_fail(r->err, FSC_CONFIG, "%s: no %s \"%s\"%s%s%s", r->files[0].path, kind, name,
                    near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static const char *text(const entry *e, const char *key)
{
    const char *value = fsc_node_text(fsc_node_at(e->body, key, NULL), NULL);
    return value && *value ? value : NULL;
}

/* A path as the entry's file means it; *out stays NULL where there is none. */
static fsc_status path_value(const char **out, const reader *r, const entry *e, const char *key)
{
    const char *value = text(e, key);
    if (!value)
        return FSC_OK;
    *out = fsc_arena_printf(r->arena, r->err, "%s%s", *value == '/' ? "" : e->from->folder, value);
    return *out ? FSC_OK : FSC_NOMEM;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 4; blanks between are skipped. */
static bool base64_decode(char *out, size_t *n, const char *in)
{
    unsigned bits = 0;
    int have = 0;
    for (*n = 0; *in && *in != '='; in++) {
        const char *digit = strchr(base64_digits, *in);
        if (strchr(" \r\n\t", *in))
            continue;
        if (!digit)
            return false;
        bits = (bits << 6 | (unsigned)(digit - base64_digits)) & 0xFFFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[(*n)++] = (char)(bits >> have & 0xFF);
        }
    }
    return strspn(in, "= \r\n\t") == strlen(in);
}

static void base64_encode(fsc_buf *out, const char *in, size_t n)
{
    for (; n; n -= n < 3 ? n : 3, in += 3) {
        unsigned bits = (unsigned)(unsigned char)in[0] << 16;
        bits |= n > 1 ? (unsigned)(unsigned char)in[1] << 8 : 0;
        bits |= n > 2 ? (unsigned char)in[2] : 0;
        char four[4] = {base64_digits[bits >> 18], base64_digits[bits >> 12 & 63],
                        n > 1 ? base64_digits[bits >> 6 & 63] : '=',
                        n > 2 ? base64_digits[bits & 63] : '='};
        fsc_buf_add(out, four, 4);
        if (n < 3)
            break;
    }
}

/* KEY-data in memory wins over KEY, a file. */
static fsc_status pem_value(const void **pem, size_t *n, const char **file, const reader *r,
                            const entry *e, const char *key)
{
    char data_key[40];
    (void)snprintf(data_key, sizeof data_key, "%s-data", key);
    const char *data = text(e, data_key);
    if (!data)
        return path_value(file, r, e, key);
    char *bytes = fsc_arena_alloc(r->arena, strlen(data) + 1, 1, r->err);
    if (!bytes)
        return FSC_NOMEM;
    if (!base64_decode(bytes, n, data))
        return fsc_fail(r->err, FSC_CONFIG, "%s: %s of \"%s\" is not base64", e->from->path,
                        data_key, e->name);
    *pem = bytes;
    return FSC_OK;
}

/* ---- cluster and user ------------------------------------------------------------------------ */

static bool flag(const entry *e, const char *key)
{
    const char *value = text(e, key);
    return value && !strcmp(value, "true");
}

static fsc_status read_cluster(fsc__kube_login *out, const reader *r, const entry *e)
{
    const char *server = text(e, "server");
    if (!server)
        return fsc_fail(r->err, FSC_CONFIG, "%s: cluster \"%s\" has no server", e->from->path,
                        e->name);
    size_t length = strlen(server);
    while (length && server[length - 1] == '/')
        length--;
    out->server = fsc_arena_strndup(r->arena, server, length, r->err);
    out->proxy_url = text(e, "proxy-url");
    out->tls.server_name = text(e, "tls-server-name");
    out->auth.insecure_skip_verify = flag(e, "insecure-skip-tls-verify");
    FSC_TRY(pem_value(&out->tls.ca_pem, &out->tls.ca_n, &out->auth.ca_file, r, e,
                      "certificate-authority"));
    return out->server ? FSC_OK : FSC_NOMEM;
}

/* What a cluster has for plugins alone: its extension of that name. */
static const fsc_node *plugin_config(const entry *cluster)
{
    const fsc_node *list = fsc_node_at(cluster->body, "extensions", NULL);
    for (size_t i = 0; list && list->kind == FSC_NODE_LIST && i < list->n; i++)
        if (!strcmp(fsc_node_text(fsc_node_at(list->items[i], "name", NULL), ""),
                    "client.authentication.k8s.io/exec"))
            return fsc_node_at(list->items[i], "extension", NULL);
    return NULL;
}

/* spec.cluster of an ExecCredential, for plugins that ask for it: authorities in a file go inline.
 */
static fsc_status cluster_json(const char **out, const reader *r, const entry *cluster)
{
    static const char *const keys[] = {"server", "tls-server-name", "certificate-authority-data",
                                       "proxy-url"};
    const char *ca_file = NULL, *ca = NULL;
    size_t ca_n = 0;
    fsc_buf b;
    if (!text(cluster, "certificate-authority-data"))
        FSC_TRY(path_value(&ca_file, r, cluster, "certificate-authority"));
    if (ca_file)
        FSC_TRY(fsc_file_read(&ca, &ca_n, ca_file, MAX_FILE_BYTES, r->arena, r->err));
    fsc_buf_init(&b, r->arena, MAX_FILE_BYTES);
    fsc_buf_printf(&b, "{\"insecure-skip-tls-verify\":%s",
                   flag(cluster, "insecure-skip-tls-verify") ? "true" : "false");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!text(cluster, keys[i]))
            continue;
        fsc_buf_printf(&b, ",\"%s\":", keys[i]);
        fsc_json_string(&b, text(cluster, keys[i]));
    }
    if (ca) {
        fsc_buf_puts(&b, ",\"certificate-authority-data\":\"");
        base64_encode(&b, ca, ca_n);
        fsc_buf_puts(&b, "\"");
    }
    const fsc_node *config = plugin_config(cluster);
    if (config) {
        fsc_buf_puts(&b, ",\"config\":");
        fsc_json_node(&b, config);
    }
    fsc_buf_puts(&b, "}");
    *out = fsc_buf_str(&b);
    return fsc_buf_status(&b, r->err);
}

static fsc_status read_list(fsc_strings *out, const reader *r, const fsc_node *list)
{
    if (!list || list->kind != FSC_NODE_LIST)
        return FSC_OK;
    const char **v = FSC_NEW(r->arena, list->n, const char *, r->err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < list->n; i++)
        v[i] = fsc_node_text(list->items[i], "");
    *out = (fsc_strings){list->n, v};
    return FSC_OK;
}

static fsc_status read_env(fsc_string_map *out, const reader *r, const fsc_node *list)
{
    if (!list || list->kind != FSC_NODE_LIST)
        return FSC_OK;
    const char **k = FSC_NEW(r->arena, list->n, const char *, r->err);
    const char **v = FSC_NEW(r->arena, list->n, const char *, r->err);
    if (!k || !v)
        return FSC_NOMEM;
    for (size_t i = 0; i < list->n; i++) {
        k[i] = fsc_node_text(fsc_node_at(list->items[i], "name", NULL), "");
        v[i] = fsc_node_text(fsc_node_at(list->items[i], "value", NULL), "");
    }
    *out = (fsc_string_map){list->n, k, v};
    return FSC_OK;
}

static fsc_status read_plugin(fsc__kube_login *out, const reader *r, const entry *user,
                              const entry *cluster)
{
    entry e = {user->name, user->from, fsc_node_at(user->body, "exec", NULL)};
    const char *command = text(&e, "command"), *version = text(&e, "apiVersion");
    if (!e.body)
        return FSC_OK;
    if (!command || !version)
        return fsc_fail(r->err, FSC_CONFIG, "%s: exec of user \"%s\" needs command and apiVersion",
                        e.from->path, e.name);
    fsc__kube_plugin *p = FSC_NEW(r->arena, 1, fsc__kube_plugin, r->err);
    if (!p)
        return FSC_NOMEM;
    *p = (fsc__kube_plugin){.command = command,
                            .api_version = version,
                            .install_hint = text(&e, "installHint"),
                            .interactive_mode = text(&e, "interactiveMode")};
    if (strchr(command, '/')) /* a bare name is looked for in $PATH */
        FSC_TRY(path_value(&p->command, r, &e, "command"));
    FSC_TRY(read_list(&p->args, r, fsc_node_at(e.body, "args", NULL)));
    FSC_TRY(read_env(&p->env, r, fsc_node_at(e.body, "env", NULL)));
    if (flag(&e, "provideClusterInfo"))
        FSC_TRY(cluster_json(&p->cluster_json, r, cluster));
    out->plugin = p;
    return FSC_OK;
}

typedef struct header_list {
    const reader *r;
    size_t n, room;
    const char **k, **v;
} header_list;

static fsc_status add_header(header_list *h, const char *name, const char *value)
{
    if (!value)
        return FSC_OK;
    if (h->n == h->room)
        return fsc_fail(h->r->err, FSC_CONFIG, "the user needs more than %zu headers", h->room);
    h->k[h->n] = name;
    h->v[h->n++] = value;
    return FSC_OK;
}

static fsc_status add_headers(header_list *h, const char *name, const fsc_node *list)
{
    fsc_strings values = {0};
    FSC_TRY(read_list(&values, h->r, list));
    for (size_t i = 0; i < values.n; i++)
        FSC_TRY(add_header(h, name, values.v[i]));
    return FSC_OK;
}

static fsc_status basic_login(const char **out, const reader *r, const entry *user)
{
    const char *name = text(user, "username");
    if (!name)
        return FSC_OK;
    const char *pair =
        fsc_arena_printf(r->arena, r->err, "%s:%s", name,
                         fsc_node_text(fsc_node_at(user->body, "password", NULL), ""));
    fsc_buf b;
    if (!pair)
        return FSC_NOMEM;
    fsc_buf_init(&b, r->arena, MAX_FILE_BYTES);
    fsc_buf_puts(&b, "Basic ");
    base64_encode(&b, pair, strlen(pair));
    *out = fsc_buf_str(&b);
    return fsc_buf_status(&b, r->err);
}

/* Basic login and impersonation travel as headers. */
static fsc_status read_headers(fsc__kube_login *out, const reader *r, const entry *user)
{
    const char *basic = NULL;
    header_list h = {.r = r, .room = MAX_HEADERS};
    h.k = FSC_NEW(r->arena, h.room, const char *, r->err);
    h.v = FSC_NEW(r->arena, h.room, const char *, r->err);
    if (!h.k || !h.v)
        return FSC_NOMEM;
    FSC_TRY(basic_login(&basic, r, user));
    FSC_TRY(add_header(&h, "Authorization", basic));
    FSC_TRY(add_header(&h, "Impersonate-User", text(user, "as")));
    FSC_TRY(add_header(&h, "Impersonate-Uid", text(user, "as-uid")));
    FSC_TRY(add_headers(&h, "Impersonate-Group", fsc_node_at(user->body, "as-groups", NULL)));
    const fsc_node *extra = fsc_node_at(user->body, "as-user-extra", NULL);
    for (size_t i = 0; extra && extra->kind == FSC_NODE_MAP && i < extra->n; i++) {
        const char *name =
            fsc_arena_printf(r->arena, r->err, "Impersonate-Extra-%s", extra->pairs[i].key);
        if (!name)
            return FSC_NOMEM;
        FSC_TRY(add_headers(&h, name, extra->pairs[i].value));
    }
    out->auth.headers = (fsc_string_map){h.n, h.k, h.v};
    return FSC_OK;
}

static fsc_status read_user(fsc__kube_login *out, const reader *r, const entry *user,
                            const entry *cluster)
{
    if (fsc_node_at(user->body, "auth-provider", NULL))
        return fsc_fail(r->err, FSC_CONFIG,
                        "%s: user \"%s\" has an auth-provider, which Kubernetes 1.26 gave up: use "
                        "its exec plugin",
                        user->from->path, user->name);
    FSC_TRY(pem_value(&out->tls.cert_pem, &out->tls.cert_n, &out->auth.cert_file, r, user,
                      "client-certificate"));
    FSC_TRY(
        pem_value(&out->tls.key_pem, &out->tls.key_n, &out->auth.key_file, r, user, "client-key"));
    FSC_TRY(path_value(&out->auth.bearer_token_file, r, user, "tokenFile"));
    if (!out->auth.bearer_token_file)
        out->token = text(user, "token");
    FSC_TRY(read_headers(out, r, user));
    return read_plugin(out, r, user, cluster);
}

static const char *current_context(const reader *r)
{
    for (size_t f = 0; f < r->n; f++) {
        const char *name =
            fsc_node_text(fsc_node_at(r->files[f].root, "current-context", NULL), "");
        if (*name)
            return name;
    }
    return NULL;
}

static fsc_status read_context(fsc__kube_login *out, const reader *r, const char *name)
{
    entry context = {0}, cluster = {0}, user = {0};
    if (!name)
        return fsc_fail(r->err, FSC_CONFIG, "%s has no current-context: give one with --context",
                        r->files[0].path);
    FSC_TRY(find_entry(&context, r, "context", name));
    const char *cluster_name = text(&context, "cluster"), *user_name = text(&context, "user");
    if (!cluster_name)
        return fsc_fail(r->err, FSC_CONFIG, "%s: context \"%s\" names no cluster",
                        context.from->path, name);
    FSC_TRY(find_entry(&cluster, r, "cluster", cluster_name));
    FSC_TRY(read_cluster(out, r, &cluster));
    out->namespace_ = text(&context, "namespace");
    if (!user_name)
        return FSC_OK;
    FSC_TRY(find_entry(&user, r, "user", user_name));
    return read_user(out, r, &user, &cluster);
}

/* ---- in a pod -------------------------------------------------------------------------------- */

static fsc_status read_account(fsc__kube_login *out, const fsc_kube_options *o, fsc_arena *a,
                               fsc_err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    if (o->context)
        return fsc_fail(err, FSC_CONFIG,
                        "no kubeconfig that could hold context \"%s\": give one with --kubeconfig",
                        o->context);
    if (!host || !port)
        return fsc_fail(err, FSC_CONFIG,
                        "no login to Kubernetes: give --kubeconfig FILE, set KUBECONFIG, or run in "
                        "a pod with a ServiceAccount");
    bool ipv6 = strchr(host, ':') != NULL;
    out->server = fsc_arena_printf(a, err, ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port);
    out->auth.bearer_token_file = ACCOUNT_DIR "/token";
    out->auth.ca_file = ACCOUNT_DIR "/ca.crt";
    if (!out->server)
        return FSC_NOMEM;
    if (access(out->auth.bearer_token_file, R_OK) != 0)
        return fsc_fail(err, FSC_CONFIG,
                        "cannot read " ACCOUNT_DIR
                        "/token: the pod needs automountServiceAccountToken");
    return fsc_file_read_secret(&out->namespace_, ACCOUNT_DIR "/namespace", a, err);
}

fsc_status fsc__kube_login_read(fsc__kube_login *out, const fsc_kube_options *o, fsc_arena *a,
                                fsc_err *err)
{
    reader r = {.arena = a, .err = err};
    *out = (fsc__kube_login){0};
    FSC_TRY(add_files(&r, o));
    if (r.n)
        FSC_TRY(read_context(out, &r, o->context ? o->context : current_context(&r)));
    else
        FSC_TRY(read_account(out, o, a, err));
    if (o->namespace_)
        out->namespace_ = o->namespace_;
    if (!out->namespace_ || !*out->namespace_)
        out->namespace_ = "default";
    return FSC_OK;
}
