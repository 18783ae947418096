/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor_cluster.h"
#include "forescale/json.h"
#include "forescale/nodes.h"

#include <stdlib.h>
#include <string.h>

enum { SKEW_S = 30, BODY_BYTES = 4096 };

/* ---- rights ------------------------------------------------------------------------------- */

static const struct right {
    const char *kind; /* of a target or a pool's prewarm */
    const char *group, *resource, *subresource;
    const char *verbs[3];
} rights[] = {
    {"ScaledObject", "keda.sh", "scaledobjects", "", {"get", "patch"}},
    {"HorizontalPodAutoscaler", "autoscaling", "horizontalpodautoscalers", "", {"get", "patch"}},
    {"Deployment", "apps", "deployments", "", {"get"}},
    {"Deployment", "apps", "deployments", "scale", {"patch"}},
    {"StatefulSet", "apps", "statefulsets", "", {"get"}},
    {"StatefulSet", "apps", "statefulsets", "scale", {"patch"}},
    {"Placeholder", "apps", "deployments", "", {"get"}},
    {"Placeholder", "apps", "deployments", "scale", {"patch"}},
    {"CapacityBuffer", "autoscaling.x-k8s.io", "capacitybuffers", "", {"get", "patch"}},
    {"NodePool", "karpenter.sh", "nodepools", "", {"get"}},
    {"NodePool", "karpenter.sh", "nodepools", "scale", {"patch"}},
};

typedef struct asker {
    fsc_session *s;
    fsc_doctor_tell tell;
    void *ctx;
    size_t asked;
} asker;

static void tell(const asker *k, const char *what, const char *wrong, const char *why,
                 const char *remedy)
{
    k->tell(k->ctx, &(fsc_finding){what, wrong, why, remedy, false});
}

static void add_pair(fsc_buf *b, const char *key, const char *value)
{
    fsc_buf_printf(b, ",\"%s\":", key);
    fsc_json_string(b, value);
}

static void ask(asker *k, const struct right *r, const char *verb, const char *namespace_,
                const char *name)
{
    fsc_buf b;
    const fsc_node *answer = NULL;
    fsc_err err = FSC_ERR_INIT;
    char wrong[256];
    fsc_buf_init(&b, k->s->cli->arena, BODY_BYTES);
    fsc_buf_printf(&b,
                   "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":"
                   "\"SelfSubjectAccessReview\",\"spec\":{\"resourceAttributes\":{\"verb\":\"%s\"",
                   verb);
    add_pair(&b, "group", r->group);
    add_pair(&b, "resource", r->resource);
    add_pair(&b, "subresource", r->subresource);
    add_pair(&b, "namespace", namespace_ ? namespace_ : "");
    add_pair(&b, "name", name ? name : "");
    fsc_buf_puts(&b, "}}}");
    k->asked++;
    (void)snprintf(wrong, sizeof wrong, "may not %s %s%s%s %s in %s", verb, r->resource,
                   *r->subresource ? "/" : "", r->subresource, name ? name : "",
                   namespace_ && *namespace_ ? namespace_ : "the cluster");
    if (fsc_kube_send(&answer, k->s->kube, FSC_POST,
                      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", fsc_buf_str(&b),
                      k->s->cli->arena, &err) != FSC_OK)
        tell(k, "rights", err.msg, "the API server does not say what we may do",
             "see that authorization.k8s.io/v1 is served");
    else if (strcmp(fsc_node_text(fsc_node_at(answer, "status", "allowed", NULL), ""), "true"))
        tell(k, "rights", wrong, "a run needs it for this target",
             "bind the Roles of cronjobs/rbac.yaml, with the target's namespace");
}

static void ask_for(asker *k, const fsc_target_ref *ref)
{
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        for (size_t v = 0; v < 3 && rights[i].verbs[v]; v++)
            if (!strcmp(rights[i].kind, ref->kind_name))
                ask(k, &rights[i], rights[i].verbs[v], ref->namespace_, ref->name);
}

void fsc_doctor_rights(fsc_session *s, size_t *asked, fsc_doctor_tell told, void *ctx)
{
    static const struct right lease = {.group = "coordination.k8s.io",
                                       .resource = "leases",
                                       .subresource = ""},
                              nodes = {.group = "", .resource = "nodes", .subresource = ""};
    static const char *const lease_verbs[] = {"create", "get", "update"};
    asker k = {.s = s, .tell = told, .ctx = ctx};
    bool counts = false;
    for (size_t w = 0; w < s->config.n_workloads; w++)
        ask_for(&k, &s->config.workloads[w].target);
    for (size_t p = 0; p < s->config.n_pools; p++) {
        ask_for(&k, &s->config.pools[p].prewarm);
        counts |= s->config.pools[p].node_selector.n > 0;
    }
    for (size_t v = 0; v < 3; v++)
        ask(&k, &lease, lease_verbs[v], fsc_kube_namespace(s->kube), v ? "forescale" : NULL);
    if (counts)
        ask(&k, &nodes, "list", NULL, NULL);
    *asked = k.asked;
}

/* ---- APIs --------------------------------------------------------------------------------- */

static const struct api {
    const char *kind, *path, *wrong, *remedy;
} apis[] = {
    {"ScaledObject", "/apis/keda.sh/v1alpha1", "the API keda.sh/v1alpha1 is not served",
     "install KEDA 2.x, or name an HPA as the target"},
    {"CapacityBuffer", "/apis/autoscaling.x-k8s.io/v1beta1",
     "the API autoscaling.x-k8s.io/v1beta1 is not served",
     "install the CapacityBuffer CRD of cluster-autoscaler or Karpenter, or prewarm by a "
     "Placeholder"},
    {"NodePool", "/apis/karpenter.sh/v1", "the API karpenter.sh/v1 is not served",
     "install Karpenter 1.x, or prewarm by a Placeholder"},
};

static bool uses_kind(const fsc_config *c, const char *kind)
{
    for (size_t w = 0; w < c->n_workloads; w++)
        if (!strcmp(c->workloads[w].target.kind_name, kind))
            return true;
    for (size_t p = 0; p < c->n_pools; p++)
        if (!strcmp(c->pools[p].prewarm.kind_name, kind))
            return true;
    return false;
}

void fsc_doctor_apis(fsc_session *s, fsc_doctor_tell told, void *ctx)
{
    for (size_t i = 0; i < sizeof apis / sizeof *apis; i++) {
        const fsc_node *answer;
        fsc_err err = FSC_ERR_INIT;
        if (uses_kind(&s->config, apis[i].kind) &&
            fsc_kube_get(&answer, s->kube, apis[i].path, s->cli->arena, &err) != FSC_OK)
            told(ctx, &(fsc_finding){"api", apis[i].wrong, err.msg, apis[i].remedy, false});
    }
}

/* ---- clock -------------------------------------------------------------------------------- */

void fsc_doctor_clock(fsc_session *s, int64_t now, fsc_doctor_tell told, void *ctx)
{
    const fsc_node *answer = NULL;
    fsc_err err = FSC_ERR_INIT;
    int64_t theirs;
    char wrong[96], skew[FSC_TIME_TEXT];
    if (fsc_kube_send(
            &answer, s->kube, FSC_POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}",
            s->cli->arena, &err) != FSC_OK ||
        fsc_time_parse(
            &theirs, fsc_node_text(fsc_node_at(answer, "metadata", "creationTimestamp", NULL), ""),
            &err) != FSC_OK) {
        told(ctx, &(fsc_finding){"clock", err.msg, "the API server's clock cannot be read",
                                 "see that authentication.k8s.io/v1 is served (Kubernetes 1.28)",
                                 false});
        return;
    }
    if (llabs((long long)(theirs - now)) <= SKEW_S)
        return;
    (void)snprintf(wrong, sizeof wrong, "the API server's clock is %s %s of ours",
                   fsc_duration_format(skew, llabs((long long)(theirs - now))),
                   theirs > now ? "ahead" : "behind");
    told(ctx, &(fsc_finding){"clock", wrong, "expiries, leases and samples are in absolute time",
                             "run an NTP client on both", false});
}

/* ---- nodes and disruption ----------------------------------------------------------------- */

static size_t without_gpus(const fsc_nodes_seen *nodes)
{
    size_t n = 0;
    for (size_t i = 0; i < nodes->n; i++)
        n += nodes->v[i].gpus < 1;
    return n;
}

void fsc_doctor_nodes(fsc_session *s, fsc_doctor_tell told, void *ctx)
{
    for (size_t p = 0; p < s->config.n_pools; p++) {
        const fsc_pool_config *pool = &s->config.pools[p];
        fsc_nodes_seen nodes;
        fsc_err err = FSC_ERR_INIT;
        char wrong[160];
        if (!pool->node_selector.n)
            continue;
        if (fsc_nodes_read(&nodes, s->kube, &pool->node_selector, s->cli->arena, &err) != FSC_OK) {
            told(ctx, &(fsc_finding){"nodes", err.msg, "the pool's nodes could not be examined",
                                     "grant list on nodes", false});
            continue;
        }
        if (!without_gpus(&nodes))
            continue;
        (void)snprintf(wrong, sizeof wrong,
                       "%zu of %zu nodes of pool %s advertise no nvidia.com/gpu",
                       without_gpus(&nodes), nodes.n, pool->name);
        told(ctx,
             &(fsc_finding){"nodes", wrong,
                            "pods that ask for GPUs stay Pending there: Insufficient "
                            "nvidia.com/gpu",
                            "run NVIDIA's device plugin (or GPU operator) on them, and see its "
                            "tolerations",
                            false});
    }
}

static fsc_status is_absolute(void *ctx, const fsc_node *item, fsc_err *err)
{
    const fsc_node *spec = fsc_node_at(item, "spec", NULL);
    const char *may = fsc_node_text(fsc_node_at(spec, "maxUnavailable", NULL), ""),
               *must = fsc_node_text(fsc_node_at(spec, "minAvailable", NULL), "");
    (void)err;
    *(size_t *)ctx += !strcmp(may, "0") || !strcmp(may, "0%") || !strcmp(must, "100%");
    return FSC_OK;
}

static bool is_first_of_its_namespace(const fsc_config *c, size_t w)
{
    const char *namespace_ = c->workloads[w].target.namespace_;
    for (size_t k = 0; k < w && namespace_; k++) {
        const char *other = c->workloads[k].target.namespace_;
        if (other && !strcmp(other, namespace_))
            return false;
    }
    return namespace_ != NULL;
}

static void examine_disruption(fsc_session *s, const char *namespace_, fsc_doctor_tell told,
                               void *ctx)
{
    size_t absolute = 0;
    fsc_err err = FSC_ERR_INIT;
    const char *path = fsc_arena_printf(
        s->cli->arena, &err, "/apis/policy/v1/namespaces/%s/poddisruptionbudgets", namespace_);
    if (!path || fsc_kube_list(s->kube, path, NULL, is_absolute, &absolute, &err) != FSC_OK)
        told(ctx, &(fsc_finding){"pods", err.msg,
                                 "whether a PodDisruptionBudget slows a release is not known",
                                 "run check with a login that may list poddisruptionbudgets; a run "
                                 "needs it not",
                                 false});
    else if (absolute)
        told(ctx, &(fsc_finding){
                      "pods", "a PodDisruptionBudget allows no eviction in the target's namespace",
                      "a node with such a pod is not drained, and bills until it is empty "
                      "(scale-in by the HPA is not bound by it)",
                      "allow maxUnavailable: 1, or reckon with the slower release in idle", false});
}

void fsc_doctor_disruption(fsc_session *s, fsc_doctor_tell told, void *ctx)
{
    for (size_t w = 0; w < s->config.n_workloads; w++)
        if (is_first_of_its_namespace(&s->config, w))
            examine_disruption(s, s->config.workloads[w].target.namespace_, told, ctx);
}

/* ---- workloads ---------------------------------------------------------------------------- */

void fsc_doctor_workload(fsc_session *s, size_t w, fsc_doctor_tell told, void *ctx)
{
    const fsc_target_ref *ref = &s->config.workloads[w].target;
    fsc_doctor_object o = {.workload = &s->config.workloads[w]};
    fsc_arena *a = s->cli->arena;
    fsc_err err = FSC_ERR_INIT;
    const fsc_node *object = NULL;
    if (fsc_target_object(&object, s->kube, ref, a, &err) != FSC_OK)
        return; /* the target's own check has said why */
    const fsc_node *scaled = fsc_node_at(object, "spec", "scaleTargetRef", NULL);
    if (scaled) {
        const fsc_target_ref below = {
            .kind_name = fsc_node_text(fsc_node_at(scaled, "kind", NULL), "Deployment"),
            .namespace_ = ref->namespace_,
            .name = fsc_node_text(fsc_node_at(scaled, "name", NULL), "")};
        o.scaler = object;
        if (fsc_target_object(&o.scaled, s->kube, &below, a, &err) != FSC_OK)
            told(ctx, &(fsc_finding){"pods", err.msg, "its pods' template could not be read",
                                     "grant get on deployments and statefulsets", false});
    } else {
        o.scaled = object;
    }
    fsc_doctor_examine(&o, told, ctx);
}
