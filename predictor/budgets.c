/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "spend.h"

#include <math.h>

enum {
    HPA_PERIOD_S = 15,
    GRACE_S = 30,
    START_WORTH_S = 45 * FSC_MINUTE_S,
    MAX_PRICE_DOUBLINGS = 12,
    BISECTIONS = 12
};

static void guard_pools(fsc_guard_input *g, const fsc_plan_run *r)
{
    const fsc_config *c = r->in->config;
    for (size_t p = 0; p < c->n_pools; p++) {
        const fsc_pool_config *pool = &c->pools[p];
        const fsc_pool_now *now = &r->in->pools[p];
        if (!fsc__pays_for_pool(g->cfg, c, pool->name))
            continue;
        int64_t price = fsc__pool_price(r, p), lead = at_least(pool->lead_s, now->lead_node_s);
        g->dearest_micros_per_h = at_least(g->dearest_micros_per_h, price);
        g->settle_s = at_least(g->settle_s, lead + pool->idle_s + HPA_PERIOD_S);
        g->unseen_s = at_most(g->unseen_s, lead + pool->idle_s);
        g->interruptions_per_h = fmax(g->interruptions_per_h, pool->interruptions_per_h);
        g->reserve += pool->min_nodes;
        if (now->nodes_known) {
            g->nodes += now->nodes;
            g->leaving += now->nodes_leaving;
            g->rate_micros_per_h += now->nodes * price;
        }
    }
}

/* Why nothing that the plan says of a workload is written; NULL: it is. */
static const char *left_alone(const fsc_plan_run *r, size_t w)
{
    const fsc_workload_now *now = &r->in->workloads[w];
    return now->hold ? now->hold : now->paused ? "it is paused" : NULL;
}

/* Pods that no cap of ours takes away. One stays: an autoscaler knows no maximum of none. */
static int64_t floor_of(const fsc_plan_run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    const fsc_workload_now *now = &r->in->workloads[w];
    int64_t floor = at_least(s->min_replicas, 1);
    if (now->hold)
        return at_least(floor, now->max_known ? now->max_replicas : s->max_replicas);
    return now->paused ? at_least(floor, s->running) : floor;
}

static int64_t nodes_for(const fsc_site *s, int64_t pods)
{
    return (pods + s->pods_per_node - 1) / s->pods_per_node;
}

static int64_t share_of(const fsc_pod_share *p, int64_t pods)
{
    return p->pods + (int64_t)ceil(p->share * (double)pods - 1e-9);
}

/* A share of each workload's pods, each rounded up to a node. */
static void add_share(fsc_nodes_share *sum, const fsc_site *s, const fsc_pod_share *p)
{
    sum->nodes += nodes_for(s, p->pods) + (p->share > 0 && sum->share > 0);
    sum->share = fmax(sum->share, p->share);
}

/* A rollout's pods in surge run beside the others; those that it replaces, wave by wave of a pod's
 * start, hold their GPUs until their grace period is over. Its surge is rounded up in each wave. */
static void guard_rollouts(fsc_guard_input *g, const fsc_plan_run *r, size_t w)
{
    const fsc_workload_now *now = &r->in->workloads[w];
    const fsc_site *s = &r->sites[w];
    const fsc_pod_share *surge = &now->rollout.surge, *away = &now->rollout.away;
    int64_t grace_s = now->rollout.grace_s ? now->rollout.grace_s : GRACE_S,
            waves = 1 + grace_s / at_least(s->lead_pod_s, 1), floor = floor_of(r, w);
    const fsc_pod_share replaced = {.share = (double)waves * (surge->share + away->share),
                                    .pods =
                                        waves * (surge->pods + away->pods + (surge->share > 0))};
    add_share(&g->surge, s, surge);
    add_share(&g->replaced, s, &replaced);
    g->beside_floor += share_of(surge, floor) + at_most(share_of(&replaced, floor), floor);
    g->grace_s = at_least(g->grace_s, grace_s);
    g->leaving += now->terminating;
}

static fsc_guard_input guard_input(const fsc_plan_run *r, size_t b)
{
    const fsc_config *c = r->in->config;
    fsc_guard_input g = {.now = r->in->now,
                         .cfg = &c->budgets[b],
                         .zone = c->zone,
                         .seen = &r->in->budgets[b],
                         .tick_s = fsc__tick_s(c),
                         .unseen_s = INT64_MAX};
    bool counted = true;
    int64_t by_pods = 0;
    guard_pools(&g, r);
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        if (!fsc_budget_covers(g.cfg, s->cfg->name))
            continue;
        g.floor_pods += floor_of(r, w);
        g.floor_nodes += nodes_for(s, floor_of(r, w));
        by_pods += nodes_for(s, at_least(s->running, 0));
        guard_rollouts(&g, r, w);
        for (size_t i = 0; i < s->cfg->pools.n; i++)
            counted &= r->in->pools[fsc__pool_index(c, s->cfg->pools.v[i])].nodes_known;
    }
    g.settle_s += g.grace_s;
    g.leaving = at_most(g.leaving, at_least(g.nodes, 0));
    /* Pods that no node holds yet will have one, at the dearest. */
    int64_t more = counted ? at_least(by_pods - g.nodes, 0) : by_pods;
    g.nodes += more;
    g.rate_micros_per_h += more * g.dearest_micros_per_h;
    return g;
}

static bool fits(const fsc_plan_run *r, const fsc_guard_state *g, const fsc_guard_input *in,
                 const fsc_spend_course *path)
{
    return fsc__spend_along(r, g, in, path) <= in->cfg->ceiling.micros;
}

static fsc_spend_course at_price(double lambda)
{
    return (fsc_spend_course){.lambda = lambda, .level = 0.5};
}

/*
 * The smallest price of money at which the forecast spend fits; doubled, then bisected. Just below
 * it whole nodes for whole hours are too many, at it too few: what is left over goes to the hours
 * that come first, as they are worth the same. A start must be worth its boot and its idle tail;
 * what is served already goes on as long as there is something left.
 */
static double shadow_price(const fsc_plan_run *r, fsc_guard_state *g, const fsc_guard_input *in)
{
    double low = 0, high = 0.25;
    fsc_spend_course path = at_price(0);
    if (fits(r, g, in, &path))
        return 0;
    for (int i = 0; i < MAX_PRICE_DOUBLINGS && (path = at_price(high), !fits(r, g, in, &path));
         i++) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < BISECTIONS; i++) {
        path = at_price(0.5 * (low + high));
        *(fits(r, g, in, &path) ? &high : &low) = path.lambda;
    }
    path =
        (fsc_spend_course){.lambda = high,
                           .first_lambda = low,
                           .first_s = in->tick_s + (g->filling ? 0 : in->settle_s + START_WORTH_S),
                           .level = 0.5};
    g->filling = fits(r, g, in, &path);
    return g->filling ? low : high;
}

/* NULL, or why a cap on workload w would not be written. */
static const char *uncapped_why(const fsc_plan_run *r, size_t w)
{
    const fsc_workload_config *wl = &r->in->config->workloads[w];
    if (wl->mode == FSC_MODE_NO_DRIFT)
        return fsc__plan_text(r, "workload %s is in no-drift mode: its max is never written",
                              wl->name);
    if (wl->mode == FSC_MODE_OBSERVE)
        return fsc__plan_text(r, "workload %s is only observed: nothing is written", wl->name);
    const char *alone = left_alone(r, w);
    return alone ? fsc__plan_text(r, "workload %s is not capped: %s", wl->name, alone) : NULL;
}

static const char *void_reason(const fsc_plan_run *r, const fsc_guard_input *in, int64_t affordable)
{
    const fsc_config *c = r->in->config;
    if (in->cfg->eviction == FSC_EVICTION_NEVER)
        return "eviction: never makes the ceiling a target";
    if (in->dearest_micros_per_h <= 0)
        return "no pool of its workloads has a price";
    for (size_t w = 0; w < c->n_workloads; w++) {
        if (!fsc_budget_covers(in->cfg, c->workloads[w].name))
            continue;
        const char *why = uncapped_why(r, w);
        if (why)
            return why;
    }
    int64_t before = r->budgets[in->cfg - c->budgets].spent_since;
    if (before && in->now - before > in->tick_s + c->interval_s / 2)
        return fsc__plan_text(r, "no run came for %lld s: more than missedRuns allows",
                              (long long)(in->now - before));
    if (fsc_guard_within_rate(in) < in->floor_nodes)
        return fsc__plan_text(
            r, "the floors alone need %lld nodes at once, the rate allows %lld",
            (long long)(in->floor_nodes + fsc_guard_beside(in, in->floor_nodes) + in->reserve),
            (long long)(in->cfg->rate.micros / in->dearest_micros_per_h));
    if (affordable < 0)
        return "the users' own floors and what runs already pass the ceiling";
    for (size_t p = 0; p < c->n_pools; p++)
        if (!r->in->pools[p].nodes_known && fsc__pays_for_pool(in->cfg, c, c->pools[p].name))
            return fsc__plan_text(r, "the nodes of pool %s are not counted: idle ones bill unseen",
                                  c->pools[p].name);
    return NULL;
}

/* Open while the promise binds below what is wanted; half open while the cap climbs back, a node a
 * run. */
static void change_state(fsc_guard_state *g, int64_t affordable, int64_t wanted, bool throttled,
                         int64_t now)
{
    int before = g->state;
    if (affordable < wanted) {
        g->state = FSC_BUDGET_OPEN;
        g->cap_nodes = affordable;
    } else if (before == FSC_BUDGET_OPEN || before == FSC_BUDGET_HALF_OPEN) {
        g->state = FSC_BUDGET_HALF_OPEN;
        g->cap_nodes = at_most(at_least(g->cap_nodes, 0) + 1, affordable);
        if (g->cap_nodes >= wanted)
            g->state = throttled ? FSC_BUDGET_THROTTLED : FSC_BUDGET_CLOSED;
    } else {
        g->state = throttled ? FSC_BUDGET_THROTTLED : FSC_BUDGET_CLOSED;
    }
    g->state_since = g->state != before ? now : g->state_since;
}

static int64_t most_nodes(const fsc_plan_run *r, const fsc_guard_input *in)
{
    int64_t sum = 0;
    for (size_t w = 0; w < r->in->config->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        if (fsc_budget_covers(in->cfg, s->cfg->name))
            sum += nodes_for(s, s->max_replicas);
    }
    return sum;
}

static int64_t wanted_nodes(const fsc_plan_run *r, const fsc_guard_input *in)
{
    int64_t sum = 0;
    for (size_t w = 0; w < r->in->config->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        const fsc_workload_plan *plan = &r->workloads[w];
        if (fsc_budget_covers(in->cfg, s->cfg->name))
            sum += at_least(nodes_for(s, plan->max_replicas), r->choices[w].nodes_wanted);
    }
    return sum;
}

static int64_t floor_nodes_of(const fsc_site *s)
{
    return nodes_for(s, at_least(s->min_replicas, 1));
}

/* Who gets the next node: of those with the highest priority the one whose pods fill most of it.
 * SIZE_MAX: nobody wants one. */
static size_t best_claim(const fsc_plan_run *r, const fsc_guard_input *in)
{
    const fsc_config *c = r->in->config;
    size_t best = SIZE_MAX;
    int64_t most = 0;
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        const fsc_workload_config *wl = &c->workloads[w];
        int64_t wanted = r->workloads[w].max_replicas - r->share[w] * s->pods_per_node;
        int64_t fills = at_most(wanted, s->pods_per_node) * at_least(wl->gpus_per_replica, 1);
        if (wanted <= 0 || !fsc_budget_covers(in->cfg, wl->name))
            continue;
        if (best == SIZE_MAX || wl->priority > c->workloads[best].priority ||
            (wl->priority == c->workloads[best].priority && fills > most)) {
            best = w;
            most = fills;
        }
    }
    return best;
}

/* Shares nodes: the floors first, then one by one. A node after the first serves no more than the
 * one before, so no other sharing of as many serves more. Of several budgets the strictest wins. */
static void share_cap(fsc_plan_run *r, const fsc_guard_input *in, int64_t nodes)
{
    const fsc_config *c = r->in->config;
    int64_t left = at_least(nodes, 0);
    for (size_t w = 0; w < c->n_workloads; w++) {
        r->share[w] = floor_nodes_of(&r->sites[w]);
        left -= fsc_budget_covers(in->cfg, c->workloads[w].name) ? r->share[w] : 0;
    }
    bool floors_alone = left < 0;
    for (size_t w; left > 0 && (w = best_claim(r, in)) != SIZE_MAX; left--)
        r->share[w]++;
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        int64_t pods = floors_alone ? at_least(s->min_replicas, 1) : r->share[w] * s->pods_per_node;
        if (fsc_budget_covers(in->cfg, c->workloads[w].name))
            r->cap_pods[w] = at_most(r->cap_pods[w], pods);
    }
}

/* Beyond the floors safe pods go to those that may run more, in proportion: sums stay below. */
static void share_safe(fsc_plan_run *r, const fsc_guard_input *in, int64_t nodes)
{
    const fsc_config *c = r->in->config;
    int64_t expires_at = in->now, more = 0;
    for (size_t w = 0; w < c->n_workloads; w++) {
        if (!fsc_budget_covers(in->cfg, c->workloads[w].name))
            continue;
        expires_at = at_least(expires_at, r->workloads[w].expires_at);
        more += at_least(r->workloads[w].max_replicas - floor_of(r, w), 0);
    }
    /* Restored by a job of its own that comes as often as a run. */
    int64_t safe = fsc_guard_safe_pods(&r->p->guards[in->cfg - c->budgets], in, nodes,
                                       expires_at - in->now + c->interval_s);
    for (size_t w = 0; safe < INT64_MAX && more && w < c->n_workloads; w++) {
        int64_t own = at_least(r->workloads[w].max_replicas - floor_of(r, w), 0);
        if (fsc_budget_covers(in->cfg, c->workloads[w].name))
            r->safe_pods[w] =
                at_most(r->safe_pods[w], floor_of(r, w) + (safe - in->floor_pods) * own / more);
    }
}

fsc_status fsc__budget_guard(fsc_plan_run *r, size_t b)
{
    fsc_guard_state *g = &r->p->guards[b];
    const fsc_guard_input in = guard_input(r, b);
    fsc_budget_plan *out = &r->budgets[b];
    char t[3][FSC_MONEY_TEXT];
    int before = g->state;
    int64_t affordable = fsc_guard_affordable(g, &in, at_least(most_nodes(r, &in), in.nodes));
    double lambda = out->shadow_price;
    change_state(g, affordable, wanted_nodes(r, &in), lambda > 0, in.now);
    bool caps = g->state == FSC_BUDGET_OPEN || g->state == FSC_BUDGET_HALF_OPEN;
    if (caps && in.cfg->eviction == FSC_EVICTION_AT_CEILING)
        share_cap(r, &in, g->cap_nodes);
    int64_t cap = caps ? at_least(g->cap_nodes, 0) : wanted_nodes(r, &in);
    if (in.cfg->eviction == FSC_EVICTION_AT_CEILING)
        share_safe(r, &in, cap);
    out->state = (fsc_budget_state)g->state;
    out->state_before = (fsc_budget_state)before;
    out->spent_micros = fsc_guard_spent(g, &in, &out->window_start, &out->window_end);
    fsc_spend_figures ahead;
    FSC_TRY(fsc__spend_futures(&ahead, r, g, &in, lambda));
    out->forecast_p50_micros = ahead.p50_micros;
    out->forecast_p95_micros = ahead.p95_micros;
    out->probability_over = ahead.over;
    out->worst_case_micros = fsc_guard_worst(g, &in, cap);
    out->most_micros_per_h = g->most_micros_per_h =
        fsc_money_over(in.dearest_micros_per_h, FSC_HOUR_S, fsc_guard_level(&in, cap));
    out->void_why = void_reason(r, &in, affordable);
    int64_t beside = fsc_guard_beside(&in, at_least(affordable, 0));
    fsc_money spent = out->ceiling, p50 = out->ceiling;
    spent.micros = out->spent_micros;
    p50.micros = out->forecast_p50_micros;
    out->reason = fsc__plan_text(
        r, "spent %s, forecast %s of %s; %lld nodes are affordable%s%s%s%s%s",
        fsc_money_format(t[0], spent), fsc_money_format(t[1], p50),
        fsc_money_format(t[2], out->ceiling), (long long)at_least(affordable, 0),
        fsc_guard_within_rate(&in) <= affordable ? " by the rate" : "",
        beside > 0 ? fsc__plan_text(r, " and %lld more of rollouts", (long long)beside) : "",
        lambda > 0 ? fsc__plan_text(r, "; money is worth %.1fx", 1 + lambda) : "",
        in.seen->meter_note ? "; " : "", in.seen->meter_note ? in.seen->meter_note : "");
    return FSC_OK;
}

/* A price counts once it has stood for some runs: it is found from hours of a forecast that wavers,
 * and a node that loses its pods for one run bills on. */
static double lasting_price(fsc_guard_state *g, double price)
{
    double least = price;
    for (size_t i = 0; i < FSC_PRICES_KEPT; i++) {
        double before = g->prices[i];
        least = fmin(least, before);
        g->prices[i] = price;
        price = before;
    }
    return least;
}

void fsc__budget_price(fsc_plan_run *r, size_t b)
{
    const fsc_config *c = r->in->config;
    fsc_guard_state *g = &r->p->guards[b];
    const fsc_guard_input in = guard_input(r, b);
    fsc_budget_plan *out = &r->budgets[b];
    *out = (fsc_budget_plan){.name = c->budgets[b].name,
                             .ceiling = c->budgets[b].ceiling,
                             .rate = c->budgets[b].rate,
                             .rate_micros_per_h = in.rate_micros_per_h,
                             .spent_since = g->at};
    out->spent_since_micros = fsc_guard_advance(g, &in);
    out->shadow_price = lasting_price(g, shadow_price(r, g, &in));
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(in.cfg, c->workloads[w].name))
            r->lambda[w] = fmax(r->lambda[w], out->shadow_price);
}
