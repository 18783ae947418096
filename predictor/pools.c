/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workloads' nodes, given to their pools: the pools' own minima first (an on-demand floor),
 * then nodes that are there, then by preference. A pool that does not deliver is passed by.
 */
#include "bounds.h"
#include "planner_run.h"

#include <string.h>

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

/* ---- what a pool delivers ----------------------------------------------------------------- */

enum { OUT_S = 15 * FSC_MINUTE_S }; /* at least, until a pool that did not deliver is asked again */

static int64_t most_lead_s(const fsc_plan_run *r, size_t p)
{
    int64_t learned = r->in->pools[p].lead_most_s;
    return learned ? learned : 2 * r->in->config->pools[p].lead_s;
}

static int64_t there_of(const fsc_pool_now *now)
{
    return now->ready_known ? now->ready : now->nodes - now->nodes_leaving;
}

/* Short is what has fewer nodes than the run before asked for; each that comes starts the clock
 * anew. Where no run came for long, nobody knows what was asked for meanwhile. */
static void look_at_delivery(fsc_plan_run *r, size_t p)
{
    fsc_pool_state *s = &r->p->pools[p];
    const fsc_pool_now *now = &r->in->pools[p];
    int64_t t = r->in->now, there = there_of(now),
            limit_s = most_lead_s(r, p) + fsc__tick_s(r->in->config);
    bool followed = s->at && t - s->at <= 2 * fsc__tick_s(r->in->config);
    bool is_short = now->nodes_known && followed && there < s->asked;
    s->short_since = !is_short ? 0 : there > s->there || !s->short_since ? s->at : s->short_since;
    r->pools[p].undelivered_before = s->undelivered;
    if (is_short && t - s->short_since > limit_s) {
        s->undelivered = s->asked - there;
        s->out_since = s->short_since;
        s->out_until = t + at_least(limit_s, OUT_S);
        s->short_since = 0;
    } else if (s->undelivered && (t >= s->out_until || !now->nodes_known)) {
        s->undelivered = 0;
    }
    r->pools[p].undelivered = s->undelivered;
    r->room[p] = s->undelivered ? at_most(there, r->pools[p].max_nodes) : r->pools[p].max_nodes;
}

/* Nodes that nobody prewarms are asked for by pods alone; a warm pool's machines are none yet. */
static bool orders_nodes(const char *kind)
{
    return strcmp(kind, "None") && strcmp(kind, "WarmPool");
}

static void note_asked(fsc_plan_run *r, size_t p)
{
    const fsc_pool_plan *q = &r->pools[p];
    bool orders = orders_nodes(r->in->config->pools[p].prewarm.kind_name);
    fsc_pool_state *s = &r->p->pools[p];
    s->at = r->in->now;
    s->there = there_of(&r->in->pools[p]);
    s->asked = orders ? q->enforced_nodes : q->enforced_held;
}

static const char *reason_of(const fsc_plan_run *r, size_t p)
{
    const fsc_pool_plan *q = &r->pools[p];
    const fsc_pool_state *s = &r->p->pools[p];
    const char *wanted = fsc__plan_text(r, "%lld nodes wanted, %lld of them warm ahead of pods",
                                        (long long)q->nodes_needed, (long long)q->warm_nodes);
    if (!q->undelivered)
        return wanted;
    fsc_civil from = fsc_civil_at(r->in->config->zone, s->out_since),
              to = fsc_civil_at(r->in->config->zone, s->out_until);
    return fsc__plan_text(r,
                          "%s; %lld asked for at %02d:%02d did not come: until %02d:%02d they are "
                          "asked of the next pool",
                          wanted, (long long)q->undelivered, from.hour, from.minute, to.hour,
                          to.minute);
}

/* ---- sharing ------------------------------------------------------------------------------ */

typedef struct share {
    int64_t left, held; /* nodes still to be given, of them those that hold pods */
} share;

static void give(share *s, fsc_pool_plan *q, int64_t n)
{
    int64_t given = at_most(s->left, n), used = at_most(given, s->held);
    q->nodes_needed += given;
    q->warm_nodes += given - used;
    s->left -= given;
    s->held -= used;
}

typedef int64_t (*limit)(const fsc_plan_run *r, size_t p);

static int64_t own_minimum(const fsc_plan_run *r, size_t p)
{
    return at_most(r->in->config->pools[p].min_nodes, r->room[p]);
}

static int64_t those_there(const fsc_plan_run *r, size_t p)
{
    const fsc_pool_now *now = &r->in->pools[p];
    return now->nodes_known ? at_most(now->nodes - now->nodes_leaving, r->room[p]) : 0;
}

static int64_t all_that_it_delivers(const fsc_plan_run *r, size_t p)
{
    return r->room[p];
}

static int64_t all(const fsc_plan_run *r, size_t p)
{
    return r->pools[p].max_nodes;
}

/* Pods do not move to a better pool by themselves: nodes that are there come before others. The
 * last is for what no pool delivers. */
static const limit passes[] = {own_minimum, those_there, all_that_it_delivers, all};

/* The fewest that a pool with room was given of this workload's nodes. */
static int64_t fewest(const fsc_plan_run *r, const fsc_workload_config *wl, limit most)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < wl->pools.n; i++) {
        size_t p = fsc__pool_index(r->in->config, wl->pools.v[i]);
        if (r->pools[p].nodes_needed < most(r, p))
            least = at_most(least, r->given[p]);
    }
    return least;
}

/* To each pool in order of preference; under maxSkew one node, to the first that may have it. */
static bool go_round(fsc_plan_run *r, const fsc_workload_config *wl, share *part, limit upto,
                     limit most)
{
    int64_t before = part->left;
    for (size_t i = 0; i < wl->pools.n; i++) {
        size_t p = fsc__pool_index(r->in->config, wl->pools.v[i]);
        int64_t had = part->left, n = upto(r, p) - r->pools[p].nodes_needed;
        if (wl->max_skew && n > 0)
            n = fewest(r, wl, most) + wl->max_skew > r->given[p];
        give(part, &r->pools[p], at_least(n, 0));
        r->given[p] += had - part->left;
        if (wl->max_skew && part->left < had)
            return true;
    }
    return part->left < before;
}

static void share_nodes(fsc_plan_run *r, size_t w, share part)
{
    const fsc_workload_config *wl = r->sites[w].cfg;
    for (size_t i = 0; i < wl->pools.n; i++)
        r->given[fsc__pool_index(r->in->config, wl->pools.v[i])] = 0;
    for (size_t k = 0; k < sizeof passes / sizeof *passes; k++)
        while (part.left > 0 &&
               go_round(r, wl, &part, passes[k], passes[k] == all ? all : all_that_it_delivers))
            ;
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
    for (size_t p = 0; p < c->n_pools; p++)
        look_at_delivery(r, p);
    share_all(r, true);
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->enforced_nodes = q->min_nodes;
        q->enforced_held = q->nodes_needed - q->warm_nodes;
        q->nodes_needed = q->warm_nodes = 0;
    }
    share_all(r, false);
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->price.micros = fsc__pool_price(r, p);
        q->reason = reason_of(r, p);
        note_asked(r, p);
    }
}
