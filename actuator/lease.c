/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/apply.h"

#include <string.h>

enum { BODY_BYTES = 4096 };

typedef struct lease_now {
    const char *resource_version, *holder; /* holder "": free */
    int64_t acquired, renewed, duration_s, transitions;
    int64_t last_run; /* that went through; 0: none */
    int64_t shards;   /* 0: not known */
    const char *name; /* of one to be written */
} lease_now;

#define LAST_RUN FSC_ANNOTATION "last-run"
#define SHARDS   FSC_ANNOTATION "shards"

/* 0 where absent or unreadable: such a lease has run out. */
static int64_t read_time(const fsc_node *spec, const char *key)
{
    int64_t t = 0;
    fsc_err unread = FSC_ERR_INIT;
    const char *text = fsc_node_text(fsc_node_at(spec, key, NULL), NULL);
    return text && fsc_time_parse(&t, text, &unread) == FSC_OK ? t : 0;
}

static lease_now read_lease(const fsc_node *object)
{
    const fsc_node *spec = fsc_node_at(object, "spec", NULL),
                   *notes = fsc_node_at(object, "metadata", "annotations", NULL);
    return (lease_now){
        .resource_version =
            fsc_node_text(fsc_node_at(object, "metadata", "resourceVersion", NULL), ""),
        .holder = fsc_node_text(fsc_node_at(spec, "holderIdentity", NULL), ""),
        .acquired = read_time(spec, "acquireTime"),
        .renewed = read_time(spec, "renewTime"),
        .duration_s = fsc_node_int(fsc_node_at(spec, "leaseDurationSeconds", NULL), 0),
        .transitions = fsc_node_int(fsc_node_at(spec, "leaseTransitions", NULL), 0),
        .last_run = read_time(notes, LAST_RUN),
        .shards = fsc_node_int(fsc_node_at(notes, SHARDS, NULL), 0),
    };
}

/* MicroTime: RFC 3339 with six decimals. */
static void add_time(fsc_buf *b, const char *key, int64_t t)
{
    char text[FSC_TIME_TEXT];
    fsc_time_format(text, t);
    fsc_buf_printf(b, ",\"%s\":\"%.*s.000000Z\"", key, (int)strcspn(text, "Z"), text);
}

static const char *body_of(const lease_now *l, fsc_arena *a, fsc_err *err)
{
    fsc_buf b;
    char at[FSC_TIME_TEXT];
    fsc_buf_init(&b, a, BODY_BYTES);
    fsc_buf_puts(&b, "{\"apiVersion\":\"coordination.k8s.io/"
                     "v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":");
    fsc_json_string(&b, l->name);
    if (*l->resource_version) {
        fsc_buf_puts(&b, ",\"resourceVersion\":");
        fsc_json_string(&b, l->resource_version);
    }
    fsc_buf_printf(&b, ",\"annotations\":{\"" SHARDS "\":\"%lld\"", (long long)l->shards);
    if (l->last_run)
        fsc_buf_printf(&b, ",\"" LAST_RUN "\":\"%s\"", fsc_time_format(at, l->last_run));
    fsc_buf_printf(&b, "}},\"spec\":{\"leaseDurationSeconds\":%lld,\"leaseTransitions\":%lld",
                   (long long)l->duration_s, (long long)l->transitions);
    if (*l->holder) {
        fsc_buf_puts(&b, ",\"holderIdentity\":");
        fsc_json_string(&b, l->holder);
    }
    add_time(&b, "acquireTime", l->acquired);
    add_time(&b, "renewTime", l->renewed);
    fsc_buf_puts(&b, "}}");
    return fsc_buf_status(&b, err) == FSC_OK ? fsc_buf_str(&b) : NULL;
}

static fsc_status write_lease(fsc_lease *out, fsc_kube *k, fsc_http_method method, const char *path,
                              const lease_now *l, fsc_arena *a, fsc_err *err)
{
    const fsc_node *answer = NULL;
    const char *body = body_of(l, a, err);
    if (!body)
        return FSC_NOMEM;
    FSC_TRY(fsc_kube_send(&answer, k, method, path, body, a, err));
    out->resource_version = read_lease(answer).resource_version;
    out->acquired = l->acquired;
    out->transitions = l->transitions;
    out->last_run = l->last_run;
    return FSC_OK;
}

static const char *lease_path(fsc_kube *k, const char *name, fsc_arena *a, fsc_err *err)
{
    return fsc_arena_printf(a, err, "/apis/coordination.k8s.io/v1/namespaces/%s/leases%s",
                            fsc_kube_namespace(k), name);
}

static fsc_status held_by(const lease_now *l, fsc_err *err)
{
    char until[FSC_TIME_TEXT];
    return fsc_fail_retryable(err, FSC_CONFLICT,
                              "another run holds the lease: %s, until %s at the latest", l->holder,
                              fsc_time_format(until, l->renewed + l->duration_s));
}

fsc_status fsc_lease_take(fsc_lease *out, fsc_kube *k, const fsc_lease_ask *ask, fsc_arena *a,
                          fsc_err *err)
{
    const fsc_node *object = NULL;
    lease_now wanted = {.resource_version = "",
                        .holder = ask->holder,
                        .acquired = ask->now,
                        .renewed = ask->now,
                        .duration_s = ask->duration_s,
                        .shards = ask->shards,
                        .name = ask->name};
    fsc_err missing = FSC_ERR_INIT;
    const char *folder = lease_path(k, "", a, err),
               *path = folder ? fsc_arena_printf(a, err, "%s/%s", folder, ask->name) : NULL;
    if (!path)
        return FSC_NOMEM;
    *out = (fsc_lease){.ask = *ask, .path = path};
    fsc_status status = fsc_kube_get(&object, k, path, a, &missing);
    if (status == FSC_MISSING) {
        status = write_lease(out, k, FSC_POST, folder, &wanted, a, err);
    } else if (status == FSC_OK) {
        lease_now found = read_lease(object);
        bool is_ours = !strcmp(found.holder, ask->holder);
        if (*found.holder && !is_ours && found.renewed + found.duration_s > ask->now)
            return held_by(&found, err);
        wanted.resource_version = found.resource_version;
        wanted.transitions = found.transitions + !is_ours;
        wanted.acquired = is_ours ? found.acquired : ask->now;
        wanted.last_run = found.last_run;
        status = write_lease(out, k, FSC_PUT, path, &wanted, a, err);
    } else {
        *err = missing;
    }
    if (status == FSC_CONFLICT) /* between our look and our write */
        return fsc_fail_retryable(err, FSC_CONFLICT, "another run took the lease just now");
    return status;
}

fsc_status fsc_lease_release(fsc_kube *k, const fsc_lease *lease, int64_t now, bool went_through,
                             fsc_arena *a, fsc_err *err)
{
    fsc_lease released = {0};
    lease_now freed = {.resource_version = lease->resource_version,
                       .holder = "",
                       .acquired = lease->acquired,
                       .renewed = now,
                       .duration_s = 1,
                       .transitions = lease->transitions,
                       .last_run = went_through ? now : lease->last_run,
                       .shards = lease->ask.shards,
                       .name = lease->ask.name};
    return write_lease(&released, k, FSC_PUT, lease->path, &freed, a, err);
}

fsc_status fsc_lease_last_run(int64_t *at, int64_t *shards, fsc_kube *k, const char *name,
                              fsc_arena *a, fsc_err *err)
{
    const fsc_node *object = NULL;
    fsc_err one = FSC_ERR_INIT;
    const char *folder = lease_path(k, "", a, err),
               *path = folder ? fsc_arena_printf(a, err, "%s/%s", folder, name) : NULL;
    *at = *shards = 0;
    if (!path)
        return FSC_NOMEM;
    fsc_status status = fsc_kube_get(&object, k, path, a, &one);
    if (status == FSC_MISSING)
        return FSC_OK;
    if (status != FSC_OK) {
        *err = one;
        return status;
    }
    const lease_now found = read_lease(object);
    *at = found.last_run;
    *shards = found.shards;
    return FSC_OK;
}
