/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Machines of Lambda's cloud that bear the pool's name. There is no number to set: they are
 * launched and terminated, one call of each a run at most, as the API's limits want it. Only a
 * machine whose node holds no pod is let go. One that disappears is launched again by the next run,
 * so another count is no human's edit.
 */
#include "actuator/record.h"
#include "forescale/lambda_cloud.h"

#include <string.h>

extern const fsc_target_ops fsc_target_lambdacloud;

typedef struct machines {
    size_t n;
    fsc_lambda_instance *v;
} machines;

static fsc_status list_machines(machines *out, fsc_kube *k, const fsc_target_ref *ref, fsc_arena *a,
                                fsc_err *err)
{
    size_t n, kept = 0;
    FSC_TRY(fsc_lambda_list(&out->v, &n, fsc_kube_http(k), ref->cloud.lambda_cloud, a, err));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(out->v[i].name, ref->name))
            out->v[kept++] = out->v[i];
    out->n = kept;
    return FSC_OK;
}

/* ---- which may go: what holds no pod but a DaemonSet's, which are on every node ----------------
 */

typedef struct occupancy { /* parallel to the machines */
    const machines *m;
    const char **nodes; /* NULL: it joined as none */
    bool *holds_pods;
    fsc_arena *a;
} occupancy;

static fsc_status take_address(occupancy *o, const char *address, const char *node, fsc_err *err)
{
    for (size_t i = 0; i < o->m->n && *address; i++) {
        if (strcmp(address, o->m->v[i].ip) && strcmp(address, o->m->v[i].private_ip))
            continue;
        o->nodes[i] = fsc_arena_strdup(o->a, node, err);
        if (!o->nodes[i])
            return FSC_NOMEM;
    }
    return FSC_OK;
}

static fsc_status take_node(void *ctx, const fsc_node *object, fsc_err *err)
{
    const char *name = fsc_node_text(fsc_node_at(object, "metadata", "name", NULL), "");
    const fsc_node *addresses = fsc_node_at(object, "status", "addresses", NULL);
    for (size_t i = 0; addresses && addresses->kind == FSC_NODE_LIST && i < addresses->n; i++)
        FSC_TRY(take_address(
            ctx, fsc_node_text(fsc_node_at(addresses->items[i], "address", NULL), ""), name, err));
    return FSC_OK;
}

static bool is_of_daemonset(const fsc_node *pod)
{
    const fsc_node *owners = fsc_node_at(pod, "metadata", "ownerReferences", NULL);
    for (size_t i = 0; owners && owners->kind == FSC_NODE_LIST && i < owners->n; i++)
        if (!strcmp(fsc_node_text(fsc_node_at(owners->items[i], "kind", NULL), ""), "DaemonSet"))
            return true;
    return false;
}

static fsc_status take_pod(void *ctx, const fsc_node *object, fsc_err *err)
{
    occupancy *o = ctx;
    const char *phase = fsc_node_text(fsc_node_at(object, "status", "phase", NULL), "");
    const char *node = fsc_node_text(fsc_node_at(object, "spec", "nodeName", NULL), "");
    (void)err;
    if (is_of_daemonset(object) || !strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"))
        return FSC_OK;
    for (size_t i = 0; i < o->m->n; i++)
        o->holds_pods[i] |= o->nodes[i] && !strcmp(o->nodes[i], node);
    return FSC_OK;
}

static fsc_status let_go(fsc_kube *k, const fsc_target_ref *ref, const machines *m, size_t surplus,
                         fsc_arena *a, fsc_err *err)
{
    size_t n = 0;
    occupancy o = {.m = m,
                   .nodes = FSC_NEW(a, m->n, const char *, err),
                   .holds_pods = FSC_NEW(a, m->n, bool, err),
                   .a = a};
    const char **ids = FSC_NEW(a, surplus, const char *, err);
    if (!o.nodes || !o.holds_pods || !ids)
        return FSC_NOMEM;
    FSC_TRY(fsc_kube_list(k, "/api/v1/nodes", NULL, take_node, &o, err));
    FSC_TRY(fsc_kube_list(k, "/api/v1/pods", NULL, take_pod, &o, err));
    for (size_t i = 0; i < m->n && n < surplus; i++)
        if (!o.holds_pods[i])
            ids[n++] = m->v[i].id;
    if (n)
        FSC_TRY(fsc_lambda_terminate(fsc_kube_http(k), ref->cloud.lambda_cloud, ids, n, a, err));
    if (n < surplus)
        return fsc_fail_retryable(err, FSC_REMOTE,
                                  "%zu of %zu machines were let go: the others' nodes hold pods", n,
                                  surplus);
    return FSC_OK;
}

static fsc_status set_count(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                            const fsc_target_seen *seen, int64_t size, fsc_dry_run dry,
                            fsc_arena *a, fsc_err *err)
{
    machines m;
    (void)kind;
    (void)seen;
    FSC_TRY(list_machines(&m, k, ref, a, err));
    int64_t more = size - (int64_t)m.n;
    if (dry != FSC_DRY_NONE || !more) /* the API cannot try */
        return FSC_OK;
    if (more < 0)
        return let_go(k, ref, &m, (size_t)-more, a, err);
    return fsc_lambda_launch(fsc_kube_http(k), ref->cloud.lambda_cloud,
                             &(fsc_lambda_order){.name = ref->name,
                                                 .type = ref->cloud.instance_type,
                                                 .region = ref->cloud.region,
                                                 .ssh_key = ref->cloud.ssh_key,
                                                 .user_data_file = ref->cloud.user_data_file,
                                                 .count = more},
                             a, err);
}

static const fsc__kind lambdacloud = {.write = fsc__write_size, .set = set_count};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    machines m;
    *out = (fsc_target_seen){.resource_version = ""};
    FSC_TRY(list_machines(&m, k, ref, a, err));
    out->exists = true;
    out->min_replicas = out->max_replicas = out->replicas = (int64_t)m.n;
    out->replicas_known = out->ready_known = true;
    for (size_t i = 0; i < m.n; i++)
        out->ready += !strcmp(m.v[i].status, "active");
    FSC_TRY(fsc__record_map_read(out, k, ref, a, err));
    out->hold = NULL;
    return FSC_OK;
}

const fsc_target_ops fsc_target_lambdacloud = {
    .name = "LambdaCloud",
    .summary = "machines of Lambda's cloud, launched and let go by name",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_WHOLE,
    .observe = observe,
    .writer = &lambdacloud,
};
