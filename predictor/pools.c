/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workloads' nodes, given to their pools. */
#include "bounds.h"
#include "planner_run.h"

/* Nodes to be ordered or kept for a workload. Under a cap pods alone hold nodes where there are
 * several pools: a node kept in one while the pods are in another would pass what was allowed. */
static int64_t wanted_of(const fsc_plan_run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    int64_t held = (r->workloads[w].min_replicas + s->pods_per_node - 1) / s->pods_per_node;
    if (r->cap_pods[w] != INT64_MAX && s->cfg->pools.n > 1)
        return 0;
    return at_least(r->choices[w].nodes_wanted, held);
}

/* A node under notice still counts in its pool until it is gone: its successor is ordered above
 * it, once. */
static int64_t kept_nodes(const fsc_pool_plan *q, const fsc_pool_config *pool,
                          const fsc_pool_now *now)
{
    int64_t kept = at_least(q->nodes_needed, pool->min_nodes);
    bool replaced = now->nodes_known && now->nodes - now->nodes_leaving >= kept;
    return replaced ? kept : kept + now->nodes_leaving;
}

typedef struct share {
    int64_t left, held; /* nodes still to be given, of them those that hold pods */
} share;

static void give(share *s, fsc_pool_plan *q, int64_t room)
{
    int64_t given = at_most(s->left, at_least(room - q->nodes_needed, 0)),
            used = at_most(given, s->held);
    q->nodes_needed += given;
    q->warm_nodes += given - used;
    s->left -= given;
    s->held -= used;
}

/* Gives a workload's nodes to its pools in order of preference: those that are there first, since
 * pods do not move to a better pool by themselves. */
static void share_nodes(fsc_plan_run *r, size_t w, share part)
{
    const fsc_strings *names = &r->sites[w].cfg->pools;
    for (size_t i = 0; i < names->n; i++) {
        size_t p = fsc__pool_index(r->in->config, names->v[i]);
        const fsc_pool_now *now = &r->in->pools[p];
        if (now->nodes_known)
            give(&part, &r->pools[p],
                 at_most(now->nodes - now->nodes_leaving, r->pools[p].max_nodes));
    }
    for (size_t i = 0; i < names->n; i++) {
        fsc_pool_plan *q = &r->pools[fsc__pool_index(r->in->config, names->v[i])];
        give(&part, q, q->max_nodes);
    }
}

/* An observed workload has the nodes that its pods hold; what it would be given is not ordered. */
static void share_all(fsc_plan_run *r, bool enforced_only)
{
    const fsc_config *c = r->in->config;
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        bool observed = enforced_only && s->cfg->mode == FSC_MODE_OBSERVE;
        int64_t pods = observed ? at_least(s->running, 0) : r->workloads[w].min_replicas;
        int64_t held = (pods + s->pods_per_node - 1) / s->pods_per_node;
        share_nodes(r, w, (share){observed ? held : wanted_of(r, w), held});
    }
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->min_nodes = at_most(kept_nodes(q, &c->pools[p], &r->in->pools[p]), q->max_nodes);
    }
}

void fsc__plan_pools(fsc_plan_run *r)
{
    const fsc_config *c = r->in->config;
    for (size_t p = 0; p < c->n_pools; p++)
        r->pools[p] = (fsc_pool_plan){
            .name = c->pools[p].name,
            .price = c->pools[p].price,
            .max_nodes = c->pools[p].max_nodes_given ? c->pools[p].max_nodes : FSC_MAX_NODES};
    share_all(r, true);
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->enforced_nodes = q->min_nodes;
        q->enforced_warm = q->warm_nodes;
        q->nodes_needed = q->warm_nodes = 0;
    }
    share_all(r, false);
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->price.micros = fsc__pool_price(r, p);
        q->reason = fsc__plan_text(r, "%lld nodes wanted, %lld of them warm ahead of pods",
                                   (long long)q->nodes_needed, (long long)q->warm_nodes);
    }
}
