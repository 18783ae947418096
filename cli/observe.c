/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the cluster: targets, pods, nodes, and from both how long a start takes. */
#include "cli/stages.h"

#include <string.h>

enum { MAX_SPANS = 64 }; /* of one timetable */

bool fsc_session_has_targets(const fsc_session *s)
{
    for (size_t w = 0; w < s->config.n_workloads; w++)
        if (strcmp(s->config.workloads[w].target.kind_name, "None"))
            return true;
    for (size_t p = 0; p < s->config.n_pools; p++)
        if (strcmp(s->config.pools[p].prewarm.kind_name, "None") ||
            s->config.pools[p].node_selector.n)
            return true;
    return false;
}

/* What its cron triggers will have its autoscaler run, whatever demand is. */
static fsc_status take_timetables(fsc_session *s, size_t w, fsc_err *err)
{
    const fsc_target_seen *seen = &s->seen[w];
    fsc_workload_now *now = &s->workloads[w];
    fsc_timed_replicas *spans =
        FSC_NEW(s->cli->arena, seen->n_timetables * MAX_SPANS, fsc_timed_replicas, err);
    if (!spans)
        return FSC_NOMEM;
    now->timed = spans;
    for (size_t i = 0; i < seen->n_timetables; i++)
        now->n_timed += fsc_timetable_spans(spans + now->n_timed, MAX_SPANS, &seen->timetables[i],
                                            s->cli->now, s->cli->now + FSC_TIMED_AHEAD_S);
    return FSC_OK;
}

static void take_seen(fsc_workload_now *now, const fsc_workload_config *wl,
                      const fsc_target_seen *seen)
{
    /* Bounds that we raised are no baseline: the next plan would build on them. */
    now->baseline_known = true;
    now->baseline_min = seen->ours ? seen->baseline_min : seen->min_replicas;
    now->baseline_max = seen->ours ? seen->baseline_max : seen->max_replicas;
    now->per_replica = seen->threshold / wl->utilization;
    now->replicas_known = seen->replicas_known;
    now->replicas = seen->replicas;
    now->ready_known = seen->ready_known;
    now->ready = seen->ready;
    now->min_known = now->max_known = true;
    now->min_replicas = seen->min_replicas;
    now->max_replicas = seen->max_replicas;
    now->paused = seen->paused;
    now->rollout = seen->rollout;
    now->hold = seen->hold;
}

static void observe_one(fsc_session *s, size_t w, size_t *failed)
{
    const fsc_workload_config *wl = &s->config.workloads[w];
    const fsc_target_ops *ops = fsc_target_find(wl->target.kind_name);
    fsc_err err = FSC_ERR_INIT;
    fsc_status status = ops ? ops->observe(&s->seen[w], s->kube, &wl->target, s->cli->arena, &err)
                            : fsc_fail(&err, FSC_CONFIG, "this version cannot scale a %s yet",
                                       wl->target.kind_name);
    if (status == FSC_OK)
        status = take_timetables(s, w, &err);
    if (status == FSC_OK) {
        take_seen(&s->workloads[w], wl, &s->seen[w]);
        if (s->seen[w].demand_note && !wl->demand.query)
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, s->seen[w].demand_note, "workload", wl->name,
                          NULL);
        return;
    }
    ++*failed;
    s->failed_for_good |= !err.retryable;
    s->seen[w] = (fsc_target_seen){0}; /* half of what is to be known is written over by nobody */
    fsc_log_write(&s->cli->log, FSC_LOG_ERROR, err.msg, "workload", wl->name, NULL);
    s->workloads[w].hold = fsc_arena_strdup(s->cli->arena, err.msg, NULL);
    if (!s->workloads[w].hold)
        s->workloads[w].hold = "its target could not be read";
}

/* ---- lead times --------------------------------------------------------------------------------
 */

/* Learned leads that cannot be read are learned anew. */
static void load_leads(fsc_session *s, const char *what, const char *name, fsc_leads *leads)
{
    const void *bytes;
    size_t n;
    fsc_err err = FSC_ERR_INIT;
    fsc_arena *a = s->cli->arena;
    const char *key = fsc_arena_printf(a, &err, "%s/%s", what, name);
    if (!key || !s->store || fsc_blob_get(&bytes, &n, s->store, "leads", key, a, &err) != FSC_OK)
        return;
    if (fsc_leads_load(leads, bytes, n, a, &err) != FSC_OK)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, err.msg, what, name, NULL);
}

/* On a warm node: from the node, found at once, until Ready. */
static fsc_status learn_pods(fsc_session *s, size_t w, const fsc_pods_seen *pods, fsc_err *err)
{
    fsc_start *starts = FSC_NEW(s->cli->arena, pods->n, fsc_start, err);
    if (!starts)
        return FSC_NOMEM;
    for (size_t i = 0; i < pods->n; i++)
        starts[i] = (fsc_start){pods->v[i].uid, pods->v[i].scheduled, pods->v[i].ready_at};
    load_leads(s, "pod", s->config.workloads[w].name, &s->pod_leads[w]);
    FSC_TRY(fsc_leads_take(&s->pod_leads[w], starts, pods->n, s->cli->now, s->cli->arena, err));
    s->workloads[w].lead_pod_s = s->pod_leads[w].in_force;
    return FSC_OK;
}

/* A node is ordered by the first pod (or claim) that waited for it, and serves once that pod found
 * its GPUs on it. The node's own age begins with its boot's end and tells nothing. */
static fsc_start start_of(const fsc_node_seen *node, const fsc_pods_seen *orders, size_t n)
{
    const fsc_pod_seen *first = NULL;
    for (size_t l = 0; l < n; l++)
        for (size_t i = 0; i < orders[l].n; i++) {
            const fsc_pod_seen *p = &orders[l].v[i];
            if (!strcmp(p->node, node->name) && p->created <= node->created &&
                (!first || p->created < first->created))
                first = p;
        }
    if (!first)
        return (fsc_start){.uid = node->uid, .ready = node->ready_at};
    return (fsc_start){node->uid, first->created,
                       node->ready_at && node->ready_at < first->scheduled ? first->scheduled
                                                                           : node->ready_at};
}

static fsc_status learn_nodes(fsc_session *s, size_t p, const fsc_nodes_seen *nodes,
                              const fsc_pods_seen *orders, fsc_err *err)
{
    fsc_start *starts = FSC_NEW(s->cli->arena, nodes->n, fsc_start, err);
    if (!starts)
        return FSC_NOMEM;
    for (size_t i = 0; i < nodes->n; i++)
        starts[i] = start_of(&nodes->v[i], orders, s->config.n_workloads + 1);
    load_leads(s, "node", s->config.pools[p].name, &s->node_leads[p]);
    FSC_TRY(fsc_leads_take(&s->node_leads[p], starts, nodes->n, s->cli->now, s->cli->arena, err));
    s->pools[p].lead_node_s = s->node_leads[p].in_force;
    s->pools[p].lead_most_s = s->node_leads[p].most;
    return FSC_OK;
}

/* ---- pods and nodes ----------------------------------------------------------------------------
 */

/* Pods of the workloads tell which nodes are empty; those of a workload that cannot be listed are
 * not known. */
static fsc_status read_pods(fsc_session *s, fsc_pods_seen *pods, bool *known, fsc_err *err)
{
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        const fsc_workload_config *wl = &s->config.workloads[w];
        fsc_err one = FSC_ERR_INIT;
        if (!s->seen[w].pod_selector)
            continue;
        known[w] = fsc_pods_read(&pods[w], s->kube, wl->target.namespace_, s->seen[w].pod_selector,
                                 s->cli->arena, &one) == FSC_OK;
        for (size_t i = 0; known[w] && i < pods[w].n; i++)
            s->workloads[w].terminating += pods[w].v[i].terminating && *pods[w].v[i].node;
        if (known[w])
            FSC_TRY(learn_pods(s, w, &pods[w], err));
        else
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, one.msg, "workload", wl->name, NULL);
    }
    return FSC_OK;
}

static bool all_known(const fsc_session *s, size_t p, const bool *known)
{
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        const fsc_strings *pools = &s->config.workloads[w].pools;
        for (size_t i = 0; i < pools->n; i++)
            if (!known[w] && !strcmp(pools->v[i], s->config.pools[p].name))
                return false;
    }
    return true;
}

/* What ordered the pool's nodes besides the workloads' own pods. */
static void read_orders(fsc_session *s, size_t p, const fsc_target_ops *ops, fsc_pods_seen *out)
{
    const fsc_target_ref *ref = &s->config.pools[p].prewarm;
    const char *selector = s->pool_targets[p].pod_selector;
    fsc_err err = FSC_ERR_INIT;
    fsc_status status = FSC_OK;
    *out = (fsc_pods_seen){0};
    if (ops && ops->orders)
        status = ops->orders(out, s->kube, ref, s->cli->arena, &err);
    else if (selector)
        status = fsc_pods_read(out, s->kube, ref->namespace_, selector, s->cli->arena, &err);
    if (status != FSC_OK)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, err.msg, "pool", s->config.pools[p].name, NULL);
}

/* Nodes that are ordered bill before the API lists them. */
static void take_pool(fsc_session *s, size_t p, const fsc_target_ops *ops)
{
    const fsc_target_seen *target = &s->pool_targets[p];
    const fsc_pool_seen *seen = &s->pool_nodes[p];
    fsc_pool_now *now = &s->pools[p];
    now->nodes_known = now->ready_known = true;
    now->ready = seen->ready;
    now->nodes = seen->nodes;
    now->nodes_leaving = seen->leaving;
    if (ops && ops->pool_size == FSC_SIZE_WHOLE && target->replicas_known &&
        target->replicas > now->nodes)
        now->nodes = target->replicas;
}

static fsc_status observe_pool(fsc_session *s, size_t p, fsc_pods_seen *pods, const bool *known,
                               fsc_err *err)
{
    const fsc_pool_config *pool = &s->config.pools[p];
    const fsc_target_ops *ops = fsc_target_find(pool->prewarm.kind_name);
    fsc_string_map labels = pool->node_selector;
    fsc_nodes_seen nodes;
    if (ops && strcmp(ops->name, "None"))
        FSC_TRY(ops->observe(&s->pool_targets[p], s->kube, &pool->prewarm, s->cli->arena, err));
    if (!labels.n && ops && ops->node_label)
        labels = (fsc_string_map){1, &ops->node_label, &pool->prewarm.name};
    if (!labels.n)
        return FSC_OK;
    FSC_TRY(fsc_nodes_read(&nodes, s->kube, &labels, s->cli->arena, err));
    s->pool_nodes[p] = fsc_pool_count(&nodes, pods, s->config.n_workloads);
    s->pool_nodes[p].used_known = all_known(s, p, known);
    take_pool(s, p, ops);
    read_orders(s, p, ops, &pods[s->config.n_workloads]);
    return learn_nodes(s, p, &nodes, pods, err);
}

static fsc_status observe_pools(fsc_session *s, size_t *failed, fsc_err *err)
{
    /* the last entry is a pool's own */
    fsc_pods_seen *pods = FSC_NEW(s->cli->arena, s->config.n_workloads + 1, fsc_pods_seen, err);
    bool *known = FSC_NEW(s->cli->arena, s->config.n_workloads, bool, err);
    if (!pods || !known)
        return FSC_NOMEM;
    FSC_TRY(read_pods(s, pods, known, err));
    for (size_t p = 0; p < s->config.n_pools; p++) {
        fsc_err one = FSC_ERR_INIT;
        if (observe_pool(s, p, pods, known, &one) == FSC_OK)
            continue;
        s->pool_targets[p] = (fsc_target_seen){0};
        ++*failed;
        s->failed_for_good |= !one.retryable;
        fsc_log_write(&s->cli->log, FSC_LOG_ERROR, one.msg, "pool", s->config.pools[p].name, NULL);
    }
    fsc_planner_leads(s->planner, s->workloads, s->pools);
    return FSC_OK;
}

fsc_status fsc_stage_observe(fsc_session *s, size_t *failed, fsc_err *err)
{
    *failed = 0;
    if (!fsc_session_has_targets(s))
        return FSC_OK;
    FSC_TRY(fsc_session_kube(s, err));
    for (size_t w = 0; w < s->config.n_workloads; w++)
        if (strcmp(s->config.workloads[w].target.kind_name, "None"))
            observe_one(s, w, failed);
    return observe_pools(s, failed, err);
}
