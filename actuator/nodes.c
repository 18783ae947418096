/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/nodes.h"
#include "forescale/time.h"

#include <string.h>

enum { SELECTOR_BYTES = 16 * 1024, FIRST_ROOM = 64 };

/* A list that grows in the caller's arena while pages come and go. */
typedef struct rows {
    fsc_arena *a;
    size_t n, room, size;
    void *v;
} rows;

static void *add_row(rows *r, fsc_err *err)
{
    if (r->n == r->room) {
        size_t room = r->room ? 2 * r->room : FIRST_ROOM;
        void *v = fsc_arena_alloc(r->a, room, r->size, err);
        if (!v)
            return NULL;
        if (r->n)
            memcpy(v, r->v, r->n * r->size);
        r->v = v;
        r->room = room;
    }
    return (char *)r->v + r->size * r->n++;
}

/* 0 where absent or unreadable. */
static int64_t time_of(const fsc_node *n)
{
    int64_t t = 0;
    fsc_err unread = FSC_ERR_INIT;
    const char *text = fsc_node_text(n, NULL);
    return text && fsc_time_parse(&t, text, &unread) == FSC_OK ? t : 0;
}

/* When a condition of the object's status became true; 0: it is not. */
static int64_t true_since(const fsc_node *object, const char *type)
{
    const fsc_node *list = fsc_node_at(object, "status", "conditions", NULL);
    for (size_t i = 0; list && list->kind == FSC_NODE_LIST && i < list->n; i++) {
        const fsc_node *c = list->items[i];
        if (!strcmp(fsc_node_text(fsc_node_at(c, "type", NULL), ""), type) &&
            !strcmp(fsc_node_text(fsc_node_at(c, "status", NULL), ""), "True"))
            return time_of(fsc_node_at(c, "lastTransitionTime", NULL));
    }
    return 0;
}

static const char *copy_of(const fsc_node *object, const char *part, const char *key, fsc_arena *a,
                           fsc_err *err)
{
    return fsc_arena_strdup(a, fsc_node_text(fsc_node_at(object, part, key, NULL), ""), err);
}

static fsc_status take_pod(void *ctx, const fsc_node *object, fsc_err *err)
{
    rows *r = ctx;
    const char *phase = fsc_node_text(fsc_node_at(object, "status", "phase", NULL), "");
    if (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"))
        return FSC_OK;
    fsc_pod_seen *p = add_row(r, err);
    if (!p)
        return FSC_NOMEM;
    *p = (fsc_pod_seen){.uid = copy_of(object, "metadata", "uid", r->a, err),
                        .node = copy_of(object, "spec", "nodeName", r->a, err),
                        .created =
                            time_of(fsc_node_at(object, "metadata", "creationTimestamp", NULL)),
                        .scheduled = true_since(object, "PodScheduled"),
                        .ready_at = true_since(object, "Ready"),
                        .terminating = fsc_node_at(object, "metadata", "deletionTimestamp", NULL)};
    return p->uid && p->node ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_pods_read(fsc_pods_seen *out, fsc_kube *k, const char *namespace_,
                         const char *selector, fsc_arena *a, fsc_err *err)
{
    rows r = {.a = a, .size = sizeof(fsc_pod_seen)};
    const char *path = fsc_arena_printf(a, err, "/api/v1/namespaces/%s/pods", namespace_);
    if (!path)
        return FSC_NOMEM;
    FSC_TRY(fsc_kube_list(k, path, selector, take_pod, &r, err));
    *out = (fsc_pods_seen){r.n, r.v};
    return FSC_OK;
}

static fsc_status take_claim(void *ctx, const fsc_node *object, fsc_err *err)
{
    rows *r = ctx;
    fsc_pod_seen *p = add_row(r, err);
    if (!p)
        return FSC_NOMEM;
    *p = (fsc_pod_seen){.uid = copy_of(object, "metadata", "uid", r->a, err),
                        .node = copy_of(object, "status", "nodeName", r->a, err),
                        .created =
                            time_of(fsc_node_at(object, "metadata", "creationTimestamp", NULL))};
    return p->uid && p->node ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_claims_read(fsc_pods_seen *out, fsc_kube *k, const char *pool, fsc_arena *a,
                           fsc_err *err)
{
    rows r = {.a = a, .size = sizeof(fsc_pod_seen)};
    const char *selector = fsc_arena_printf(a, err, "karpenter.sh/nodepool=%s", pool);
    if (!selector)
        return FSC_NOMEM;
    FSC_TRY(fsc_kube_list(k, "/apis/karpenter.sh/v1/nodeclaims", selector, take_claim, &r, err));
    *out = (fsc_pods_seen){r.n, r.v};
    return FSC_OK;
}

/* Taints of a node that is about to go: cordoned or shut down, drained by cluster-autoscaler or
 * Karpenter, under a cloud's notice (aws-node-termination-handler, GKE). */
static bool is_leaving(const fsc_node *object)
{
    static const char *const signs[] = {
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/out-of-service",
        "node.cloudprovider.kubernetes.io/shutdown",
        "ToBeDeletedByClusterAutoscaler",
        "karpenter.sh/disrupted",
        "karpenter.sh/disruption",
        "aws-node-termination-handler/spot-itn",
        "aws-node-termination-handler/scheduled-maintenance",
        "aws-node-termination-handler/asg-lifecycle-termination",
        "cloud.google.com/impending-node-termination",
    };
    const fsc_node *taints = fsc_node_at(object, "spec", "taints", NULL);
    if (fsc_node_at(object, "metadata", "deletionTimestamp", NULL) ||
        !strcmp(fsc_node_text(fsc_node_at(object, "spec", "unschedulable", NULL), ""), "true"))
        return true;
    for (size_t i = 0; taints && taints->kind == FSC_NODE_LIST && i < taints->n; i++)
        for (size_t s = 0; s < sizeof signs / sizeof signs[0]; s++)
            if (!strcmp(fsc_node_text(fsc_node_at(taints->items[i], "key", NULL), ""), signs[s]))
                return true;
    return false;
}

static fsc_status take_node(void *ctx, const fsc_node *object, fsc_err *err)
{
    rows *r = ctx;
    fsc_node_seen *n = add_row(r, err);
    if (!n)
        return FSC_NOMEM;
    *n = (fsc_node_seen){
        .uid = copy_of(object, "metadata", "uid", r->a, err),
        .name = copy_of(object, "metadata", "name", r->a, err),
        .created = time_of(fsc_node_at(object, "metadata", "creationTimestamp", NULL)),
        .ready_at = true_since(object, "Ready"),
        .gpus =
            fsc_node_int(fsc_node_at(object, "status", "allocatable", "nvidia.com/gpu", NULL), 0),
        .leaving = is_leaving(object)};
    return n->uid && n->name ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_nodes_read(fsc_nodes_seen *out, fsc_kube *k, const fsc_string_map *labels,
                          fsc_arena *a, fsc_err *err)
{
    rows r = {.a = a, .size = sizeof(fsc_node_seen)};
    fsc_buf selector;
    fsc_buf_init(&selector, a, SELECTOR_BYTES);
    for (size_t i = 0; i < labels->n; i++)
        fsc_buf_printf(&selector, "%s%s=%s", i ? "," : "", labels->k[i], labels->v[i]);
    FSC_TRY(fsc_buf_status(&selector, err));
    FSC_TRY(fsc_kube_list(k, "/api/v1/nodes", fsc_buf_str(&selector), take_node, &r, err));
    *out = (fsc_nodes_seen){r.n, r.v};
    return FSC_OK;
}

static bool holds_pod(const fsc_node_seen *node, const fsc_pods_seen *pods, size_t n_pods)
{
    for (size_t w = 0; w < n_pods; w++)
        for (size_t i = 0; i < pods[w].n; i++)
            if (!strcmp(pods[w].v[i].node, node->name))
                return true;
    return false;
}

fsc_pool_seen fsc_pool_count(const fsc_nodes_seen *nodes, const fsc_pods_seen *pods, size_t n_pods)
{
    fsc_pool_seen s = {.known = true, .nodes = (int64_t)nodes->n};
    for (size_t i = 0; i < nodes->n; i++) {
        const fsc_node_seen *n = &nodes->v[i];
        s.ready += n->ready_at && !n->leaving;
        s.leaving += n->leaving;
        s.used += !n->leaving && holds_pod(n, pods, n_pods);
    }
    return s;
}
