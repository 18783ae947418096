/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of what carries no annotations, and setting a size with it. */
#include "actuator/record.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES = 4096, SELECTOR_BYTES = 16 * 1024 };

#define RECORD_MAP "forescale-record"

/* ---- the ConfigMap ----------------------------------------------------------------------------
 */

static const char *map_path(const fsc_kube *k, const char *name, fsc_arena *a, fsc_err *err)
{
    return fsc_arena_printf(a, err, "/api/v1/namespaces/%s/configmaps%s", fsc_kube_namespace(k),
                            name);
}

/* KIND.NAMESPACE.NAME of the letters that a ConfigMap's key may have; others as _XX. */
static const char *entry_key(const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const char *parts[] = {ref->kind_name, ref->namespace_ ? ref->namespace_ : "", ref->name};
    fsc_buf key;
    fsc_buf_init(&key, a, RECORD_BYTES);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        fsc_buf_puts(&key, i ? "." : "");
        for (const unsigned char *p = (const unsigned char *)parts[i]; *p; p++)
            if (isalnum(*p) || *p == '-' || *p == '.')
                fsc_buf_add(&key, p, 1);
            else
                fsc_buf_printf(&key, "_%02X", *p);
    }
    return fsc_buf_status(&key, err) == FSC_OK ? fsc_buf_str(&key) : NULL;
}

static fsc_status read_entry(fsc_target_seen *seen, const char *text, fsc_arena *a, fsc_err *err)
{
    const fsc_node *entry = NULL;
    int64_t from, to;
    fsc_err unread = FSC_ERR_INIT;
    bool whole = fsc_json_parse(&entry, text, strlen(text), a, &unread) == FSC_OK;
    const char *expires = fsc_node_text(fsc_node_at(entry, "expiresAt", NULL), "");
    seen->baseline_min = seen->baseline_max =
        fsc_node_int(fsc_node_at(entry, "baseline", NULL), -1);
    seen->safe_max = fsc_node_int(fsc_node_at(entry, "safe", NULL), -1);
    seen->run_id = fsc_node_text(fsc_node_at(entry, "runId", NULL), "");
    from = fsc_node_int(fsc_node_at(entry, "from", NULL), -1);
    to = fsc_node_int(fsc_node_at(entry, "to", NULL), -1);
    if (!whole || seen->baseline_min < 0 || seen->safe_max < 0 || from < 0 || to < 0 ||
        fsc_time_parse(&seen->expires_at, expires, &unread) != FSC_OK)
        return fsc_fail(err, FSC_REMOTE,
                        "its entry in the ConfigMap " RECORD_MAP " cannot be read: set the size "
                        "that you want and remove the entry");
    seen->ours = true;
    if (seen->min_replicas == from || seen->min_replicas == to)
        return FSC_OK;
    return fsc__record_edited(seen, to, to, a, err);
}

fsc_status fsc__record_map_read(fsc_target_seen *seen, fsc_kube *k, const fsc_target_ref *ref,
                                fsc_arena *a, fsc_err *err)
{
    const fsc_node *map = NULL;
    fsc_err one = FSC_ERR_INIT;
    const char *path = map_path(k, "/" RECORD_MAP, a, err), *key = entry_key(ref, a, err);
    if (!path || !key)
        return FSC_NOMEM;
    fsc_status status = fsc_kube_get(&map, k, path, a, &one);
    if (status == FSC_MISSING)
        return FSC_OK;
    if (status != FSC_OK) {
        *err = one;
        return status;
    }
    seen->record_version = fsc_node_text(fsc_node_at(map, "metadata", "resourceVersion", NULL), "");
    const char *entry = fsc_node_text(fsc_node_at(map, "data", key, NULL), NULL);
    return entry ? read_entry(seen, entry, a, err) : FSC_OK;
}

static fsc_status write_entry(fsc_target_seen *at, fsc_kube *k, const fsc_target_ref *ref,
                              const char *entry, fsc_arena *a, fsc_err *err)
{
    fsc_buf body;
    const fsc_node *answer = NULL;
    const char *key = entry_key(ref, a, err);
    const char *path = map_path(k, at->record_version ? "/" RECORD_MAP : "", a, err);
    if (!path || !key)
        return FSC_NOMEM;
    fsc_buf_init(&body, a, 2 * RECORD_BYTES);
    fsc_buf_puts(&body, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                        "\"" RECORD_MAP "\"");
    if (at->record_version) {
        fsc_buf_puts(&body, ",\"resourceVersion\":");
        fsc_json_string(&body, at->record_version);
    }
    fsc_buf_printf(&body, "},\"data\":{\"%s\":", key);
    if (entry)
        fsc_json_string(&body, entry);
    else
        fsc_buf_puts(&body, "null");
    fsc_buf_puts(&body, "}}");
    FSC_TRY(fsc_buf_status(&body, err));
    FSC_TRY(at->record_version
                ? fsc_kube_merge_patch(&answer, k, path, fsc_buf_str(&body), FSC_DRY_NONE, a, err)
                : fsc_kube_send(&answer, k, FSC_POST, path, fsc_buf_str(&body), a, err));
    at->record_version =
        fsc_node_text(fsc_node_at(answer, "metadata", "resourceVersion", NULL), "");
    return FSC_OK;
}

static fsc_status keep(fsc_target_seen *at, int64_t from, const fsc__desired *d, fsc_kube *k,
                       const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    char expires[FSC_TIME_TEXT];
    fsc_buf entry;
    fsc_buf_init(&entry, a, RECORD_BYTES);
    fsc_buf_printf(&entry,
                   "{\"baseline\":%lld,\"from\":%lld,\"to\":%lld,\"safe\":%lld,"
                   "\"expiresAt\":\"%s\",\"runId\":",
                   (long long)d->baseline_min, (long long)from, (long long)d->min,
                   (long long)d->safe_max, fsc_time_format(expires, d->expires_at));
    fsc_json_string(&entry, d->run_id ? d->run_id : "");
    fsc_buf_puts(&entry, "}");
    FSC_TRY(fsc_buf_status(&entry, err));
    return write_entry(at, k, ref, fsc_buf_str(&entry), a, err);
}

fsc_status fsc__write_size(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                           const fsc_target_seen *seen, const fsc__desired *d, fsc_dry_run dry,
                           fsc_arena *a, fsc_err *err)
{
    fsc_target_seen at = *seen;
    fsc_err unsettled = FSC_ERR_INIT;
    bool moves = d->min != seen->min_replicas;
    if (dry == FSC_DRY_SERVER)
        return moves ? kind->set(k, kind, ref, seen, d->min, dry, a, err) : FSC_OK;
    if (d->recorded)
        FSC_TRY(keep(&at, seen->min_replicas, d, k, ref, a, err));
    if (moves)
        FSC_TRY(kind->set(k, kind, ref, seen, d->min, dry, a, err));
    if (!d->recorded)
        return seen->ours ? write_entry(&at, k, ref, NULL, a, err) : FSC_OK;
    /* Where this fails the record goes on to name both sizes, which only sees fewer edits. */
    if (moves)
        (void)!keep(&at, d->min, d, k, ref, a, &unsettled);
    return FSC_OK;
}

/* ---- /scale -----------------------------------------------------------------------------------
 */

fsc_status fsc__scale_set(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                          const fsc_target_seen *seen, int64_t size, fsc_dry_run dry, fsc_arena *a,
                          fsc_err *err)
{
    fsc_buf patch;
    const fsc_node *answer = NULL;
    const char *object = fsc__kind_path(kind, ref, a, err);
    const char *path = object ? fsc_arena_printf(a, err, "%s/scale", object) : NULL;
    if (!path)
        return FSC_NOMEM;
    fsc_buf_init(&patch, a, RECORD_BYTES);
    fsc_buf_puts(&patch, "{\"metadata\":{\"resourceVersion\":");
    fsc_json_string(&patch, seen->resource_version);
    fsc_buf_printf(&patch, "},\"spec\":{\"replicas\":%lld}}", (long long)size);
    FSC_TRY(fsc_buf_status(&patch, err));
    return fsc_kube_merge_patch(&answer, k, path, fsc_buf_str(&patch), dry, a, err);
}

static void read_replicas(fsc_target_seen *seen, const fsc_node *object)
{
    const fsc_node *status = fsc_node_at(object, "status", NULL);
    seen->replicas_known = seen->ready_known = true;
    seen->replicas = fsc_node_int(fsc_node_at(status, "replicas", NULL), 0);
    seen->ready = fsc_node_int(fsc_node_at(status, "readyReplicas", NULL), 0);
}

/* "25%", or a number of pods; Kubernetes's own default where it is absent. */
static fsc_pod_share part_of(const fsc_node *n)
{
    const char *text = fsc_node_text(n, "25%");
    char *end;
    double v = fmax(strtod(text, &end), 0);
    return *end == '%' ? (fsc_pod_share){.share = v / 100}
                       : (fsc_pod_share){.pods = (int64_t)fmin(v, 1e6)};
}

/* A StatefulSet, and the strategy Recreate, end a pod before they start its successor. */
static void read_rollout(fsc_target_seen *seen, const fsc_node *object, bool is_deployment)
{
    const fsc_node *strategy = fsc_node_at(object, "spec", "strategy", NULL),
                   *rolling = fsc_node_at(strategy, "rollingUpdate", NULL);
    seen->rollout.grace_s = fsc_node_int(
        fsc_node_at(object, "spec", "template", "spec", "terminationGracePeriodSeconds", NULL), 0);
    if (!is_deployment ||
        !strcmp(fsc_node_text(fsc_node_at(strategy, "type", NULL), ""), "Recreate"))
        return;
    seen->rollout.surge = part_of(fsc_node_at(rolling, "maxSurge", NULL));
    seen->rollout.away = part_of(fsc_node_at(rolling, "maxUnavailable", NULL));
}

fsc_status fsc__scale_observe(fsc_target_seen *seen, const fsc_node **object, fsc_kube *k,
                              const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                              fsc_err *err)
{
    const fsc_node *found = NULL;
    FSC_TRY(fsc__object_read(seen, &found, k, kind, ref, a, err));
    seen->min_replicas = seen->max_replicas =
        fsc_node_int(fsc_node_at(found, "spec", "replicas", NULL), 1);
    read_replicas(seen, found);
    read_rollout(seen, found, !strcmp(kind->resource, "deployments"));
    FSC_TRY(fsc__selector_text(&seen->pod_selector, fsc_node_at(found, "spec", "selector", NULL), a,
                               err));
    if (object)
        *object = found;
    return fsc__record_map_read(seen, k, ref, a, err);
}

typedef struct owner_search {
    const fsc_target_ref *ref;
    const char *kind;
    fsc_target_seen *seen;
    fsc_arena *a;
} owner_search;

static fsc_status take_owner(void *ctx, const fsc_node *object, fsc_err *err)
{
    const owner_search *s = ctx;
    const fsc_node *target = fsc_node_at(object, "spec", "scaleTargetRef", NULL);
    if (s->seen->hold ||
        strcmp(fsc_node_text(fsc_node_at(target, "name", NULL), ""), s->ref->name) ||
        strcmp(fsc_node_text(fsc_node_at(target, "kind", NULL), "Deployment"), s->ref->kind_name))
        return FSC_OK;
    const char *name = fsc_node_text(fsc_node_at(object, "metadata", "name", NULL), "");
    s->seen->hold = fsc_arena_printf(
        s->a, err, "%s %s scales it: give that as the target ({kind: %s, name: %s})", s->kind, name,
        s->kind, name);
    return s->seen->hold ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc__scaled_by(fsc_target_seen *seen, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    static const struct {
        const char *group, *resource, *kind;
    } owners[] = {{"/apis/keda.sh/v1alpha1", "scaledobjects", "ScaledObject"},
                  {"/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"}};
    for (size_t i = 0; i < sizeof owners / sizeof owners[0] && !seen->hold; i++) {
        owner_search search = {ref, owners[i].kind, seen, a};
        fsc_err one = FSC_ERR_INIT;
        const char *path = fsc_arena_printf(a, err, "%s/namespaces/%s/%s", owners[i].group,
                                            ref->namespace_, owners[i].resource);
        if (!path)
            return FSC_NOMEM;
        fsc_status status = fsc_kube_list(k, path, NULL, take_owner, &search, &one);
        if (status == FSC_OK || status == FSC_MISSING) /* a cluster without KEDA */
            continue;
        *err = one;
        return status;
    }
    return FSC_OK;
}

/* ---- what is scaled ----------------------------------------------------------------------------
 */

static void add_expression(fsc_buf *b, const fsc_node *e)
{
    static const struct {
        const char *operator, * before, *after;
        bool has_values;
    } forms[] = {{"In", "", " in (", true},
                 {"NotIn", "", " notin (", true},
                 {"Exists", "", "", false},
                 {"DoesNotExist", "!", "", false}};
    const char *operator= fsc_node_text(fsc_node_at(e, "operator", NULL), "");
    const fsc_node *values = fsc_node_at(e, "values", NULL);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].operator, operator))
            continue;
        fsc_buf_printf(b, "%s%s%s%s", b->len ? "," : "", forms[i].before,
                       fsc_node_text(fsc_node_at(e, "key", NULL), ""), forms[i].after);
        for (size_t v = 0; forms[i].has_values && values && v < values->n; v++)
            fsc_buf_printf(b, "%s%s", v ? "," : "", fsc_node_text(values->items[v], ""));
        fsc_buf_puts(b, forms[i].has_values ? ")" : "");
    }
}

fsc_status fsc__selector_text(const char **out, const fsc_node *selector, fsc_arena *a,
                              fsc_err *err)
{
    fsc_buf b;
    const fsc_node *labels = fsc_node_at(selector, "matchLabels", NULL);
    const fsc_node *expressions = fsc_node_at(selector, "matchExpressions", NULL);
    fsc_buf_init(&b, a, SELECTOR_BYTES);
    for (size_t i = 0; labels && labels->kind == FSC_NODE_MAP && i < labels->n; i++)
        fsc_buf_printf(&b, "%s%s=%s", b.len ? "," : "", labels->pairs[i].key,
                       fsc_node_text(labels->pairs[i].value, ""));
    for (size_t i = 0; expressions && expressions->kind == FSC_NODE_LIST && i < expressions->n; i++)
        add_expression(&b, expressions->items[i]);
    FSC_TRY(fsc_buf_status(&b, err));
    *out = b.len ? fsc_buf_str(&b) : NULL;
    return FSC_OK;
}

fsc_status fsc__scale_target_read(fsc_target_seen *seen, int64_t *wanted, fsc_kube *k,
                                  const char *namespace_, const fsc_node *target_ref, fsc_arena *a,
                                  fsc_err *err)
{
    static const struct {
        const char *kind, *resource;
    } known[] = {{"Deployment", "deployments"}, {"StatefulSet", "statefulsets"}};
    const char *kind = fsc_node_text(fsc_node_at(target_ref, "kind", NULL), "Deployment");
    const char *name = fsc_node_text(fsc_node_at(target_ref, "name", NULL), "");
    const fsc_node *object = NULL;
    *wanted = -1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].kind, kind))
            continue;
        const char *path = fsc_arena_printf(a, err, "/apis/apps/v1/namespaces/%s/%s/%s", namespace_,
                                            known[i].resource, name);
        if (!path)
            return FSC_NOMEM;
        fsc_status status = fsc_kube_get(&object, k, path, a, err);
        if (status == FSC_MISSING)
            break;
        FSC_TRY(status);
        read_replicas(seen, object);
        read_rollout(seen, object, i == 0);
        *wanted = fsc_node_int(fsc_node_at(object, "spec", "replicas", NULL), 1);
        return fsc__selector_text(&seen->pod_selector,
                                  fsc_node_at(object, "spec", "selector", NULL), a, err);
    }
    seen->note = fsc_arena_printf(a, err, "the replicas of its scale target, %s %s, cannot be read",
                                  kind, name);
    return seen->note ? FSC_OK : FSC_NOMEM;
}
