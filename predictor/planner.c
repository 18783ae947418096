/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "capacity.h"
#include "guard.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    HPA_PERIOD_S = 15,
    GRACE_S = 30,
    MAX_STALE_STEPS = 4,
    BREAK_EVEN_S =
        9 *
        FSC_MINUTE_S, /* beyond the node clock: does demand come back before it pays to let go? */
    SPEND_STEP_S = FSC_HOUR_S, /* of the forecast spend */
    MAX_SPEND_STEPS = 48,
    MAX_PRICE_DOUBLINGS = 12,
    BISECTIONS = 12
};

static const double levels[] = {0.02, 0.05, 0.1, 0.2,   0.3,  0.4,   0.5,  0.6,  0.7,   0.75,
                                0.8,  0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99, 0.995, 0.998};
enum { N_LEVELS = sizeof levels / sizeof *levels };

/* Memory of one workload between runs: flat, part of the saved state. */
typedef struct floor_state {
    int64_t min_replicas, max_replicas; /* in force; 0: none yet */
    int64_t held_since;                 /* 0: not held */
} floor_state;

struct fsc_planner {
    const fsc_config *config;
    floor_state *floors;     /* [n_workloads] */
    fsc_guard_state *guards; /* [n_budgets] */
};

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

fsc_status fsc_planner_open(fsc_planner **out, const fsc_config *config, fsc_arena *a, fsc_err *err)
{
    fsc_planner *p = *out = FSC_NEW(a, 1, fsc_planner, err);
    if (!p)
        return FSC_NOMEM;
    p->config = config;
    p->floors = FSC_NEW(a, config->n_workloads, floor_state, err);
    p->guards = FSC_NEW(a, config->n_budgets, fsc_guard_state, err);
    return p->floors && p->guards ? FSC_OK : FSC_NOMEM;
}

static int64_t tick_s(const fsc_config *c)
{
    return c->interval_s * (1 + c->missed_runs);
}

static int64_t slowest_node_s(const fsc_config *c, const fsc_workload_config *w)
{
    int64_t lead = 0;
    for (size_t i = 0; i < w->pools.n; i++)
        lead = at_least(lead, fsc_config_pool(c, w->pools.v[i])->lead_s);
    return lead;
}

/* ---- what the planner asks of the forecaster
 * -------------------------------------------------------------------- */

static bool has_budget(const fsc_config *c, const fsc_workload_config *w)
{
    for (size_t b = 0; b < c->n_budgets; b++)
        if (fsc_budget_covers(&c->budgets[b], w->name))
            return true;
    return false;
}

static void add_steps(int32_t *h, size_t *n, int64_t from, int64_t to)
{
    for (int64_t k = from > 1 ? from : 1; k <= to; k++)
        if (!*n || h[*n - 1] < k)
            h[(*n)++] = (int32_t)k;
}

fsc_status fsc_planner_request(fsc_forecast_request *out, const fsc_planner *p, size_t w,
                               int32_t step_s, fsc_arena *a, fsc_err *err)
{
    const fsc_workload_config *wl = &p->config->workloads[w];
    int64_t tick = tick_s(p->config), lead = wl->lead_s + slowest_node_s(p->config, wl),
            late = MAX_STALE_STEPS;
    int64_t near_to = (wl->lead_s + tick) / step_s + 1 + late, far_from = lead / step_s,
            far_to = (lead + tick) / step_s + 1 + late;
    int64_t back_from = (lead + tick + 4 * FSC_MINUTE_S) / step_s,
            back_to = (lead + tick + BREAK_EVEN_S) / step_s + 1 + late;
    int32_t *h = FSC_NEW(
        a, (size_t)(near_to + far_to - far_from + back_to - back_from + 4 + MAX_SPEND_STEPS),
        int32_t, err);
    size_t n = 0;
    if (!h)
        return FSC_NOMEM;
    add_steps(h, &n, 1, near_to);
    add_steps(h, &n, far_from, far_to);
    add_steps(h, &n, back_from, back_to);
    for (int64_t k = 1; k <= 24 && has_budget(p->config, wl); k++)
        add_steps(h, &n, k * SPEND_STEP_S / step_s, k * SPEND_STEP_S / step_s);
    *out = (fsc_forecast_request){.n_horizons = n, .horizon = h, .n_q = N_LEVELS, .q = levels};
    return FSC_OK;
}

/* ---- one run's work
 * -----------------------------------------------------------------------------------------------
 */

typedef struct run {
    fsc_planner *p;
    const fsc_plan_input *in;
    fsc_arena *a;
    fsc_err *err;
    fsc_site *sites;
    fsc_choice *choices;
    double *lambda;    /* by workload: the highest of its budgets */
    int64_t *cap_pods; /* by workload: what the guard allows; INT64_MAX: all */
    fsc_workload_plan *workloads;
    fsc_pool_plan *pools;
    fsc_budget_plan *budgets;
} run;

static const char *text(const run *r, const char *fmt, ...) FSC_PRINTF(2, 3);
static const char *text(const run *r, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    const char *copy = fsc_arena_strdup(r->a, line, r->err);
    return copy ? copy : "out of memory";
}

static size_t pool_index(const fsc_config *c, const char *name)
{
    return (size_t)(fsc_config_pool(c, name) - c->pools);
}

static int64_t pool_price(const run *r, size_t pool)
{
    const fsc_pool_now *now = &r->in->pools[pool];
    return now->price.micros ? now->price.micros : r->in->config->pools[pool].price.micros;
}

static bool shares_pools(const fsc_config *c, const fsc_workload_config *w)
{
    for (size_t i = 0; i < c->n_workloads; i++)
        for (size_t k = 0; &c->workloads[i] != w && k < c->workloads[i].pools.n; k++)
            for (size_t j = 0; j < w->pools.n; j++)
                if (!strcmp(c->workloads[i].pools.v[k], w->pools.v[j]))
                    return true;
    return false;
}

/* Nodes of the workload's pools by preference, with the price of each for a second. */
static fsc_status price_nodes(fsc_site *s, const run *r, size_t w)
{
    const fsc_config *c = r->in->config;
    const fsc_workload_config *wl = &c->workloads[w];
    size_t most = wl->pools.n
                      ? (size_t)at_most((s->max_replicas + s->pods_per_node - 1) / s->pods_per_node,
                                        FSC_MAX_NODES)
                      : 0;
    s->node_price_per_s = FSC_NEW(r->a, most, double, r->err);
    if (!s->node_price_per_s)
        return FSC_NOMEM;
    for (size_t i = 0; i < wl->pools.n && s->max_nodes < most; i++) {
        size_t pool = pool_index(c, wl->pools.v[i]);
        size_t room = c->pools[pool].max_nodes_given ? (size_t)c->pools[pool].max_nodes : most;
        fsc_money price = {.micros = pool_price(r, pool)};
        for (size_t k = 0; k < room && s->max_nodes < most; k++)
            s->node_price_per_s[s->max_nodes++] = fsc_money_units(price) / FSC_HOUR_S;
    }
    return FSC_OK;
}

/* Nodes that bill and stay, of the workload's pools; without a count from its pods. */
static int64_t nodes_of(const run *r, const fsc_workload_config *wl, const fsc_site *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < wl->pools.n; i++) {
        const fsc_pool_now *now = &r->in->pools[pool_index(r->in->config, wl->pools.v[i])];
        if (!now->nodes_known)
            return (at_least(s->running, 0) + s->pods_per_node - 1) / s->pods_per_node;
        sum += at_least(now->nodes - now->nodes_leaving, 0);
    }
    return sum;
}

static void set_bounds(fsc_site *s, const fsc_workload_config *wl, const fsc_workload_now *now)
{
    int64_t min = now->baseline_known ? now->baseline_min : now->min_known ? now->min_replicas : 1;
    int64_t max = now->baseline_known ? now->baseline_max
                  : now->max_known    ? now->max_replicas
                                      : 100;
    s->min_replicas = wl->min_given ? wl->min_replicas : min;
    s->max_replicas = wl->max_given ? wl->max_replicas : max;
    s->max_replicas = at_least(s->max_replicas, s->min_replicas);
}

static fsc_status make_site(fsc_site *s, const run *r, size_t w)
{
    const fsc_config *c = r->in->config;
    const fsc_workload_config *wl = &c->workloads[w];
    const fsc_workload_now *now = &r->in->workloads[w];
    int64_t gpus_per_node = wl->pools.n ? fsc_config_pool(c, wl->pools.v[0])->gpus_per_node : 1;
    int64_t lead_node = 0;
    for (size_t i = 0; i < wl->pools.n; i++) {
        size_t pool = pool_index(c, wl->pools.v[i]);
        int64_t learned = r->in->pools[pool].lead_node_s;
        lead_node = at_least(lead_node, learned ? learned : c->pools[pool].lead_s);
        gpus_per_node = at_most(gpus_per_node, c->pools[pool].gpus_per_node);
    }
    *s = (fsc_site){.cfg = wl, .now = r->in->now, .tick_s = tick_s(c), .lead_node_s = lead_node};
    set_bounds(s, wl, now);
    s->per_replica = wl->demand.per_replica > 0 ? wl->demand.per_replica : now->per_replica;
    s->lead_pod_s = now->lead_pod_s ? now->lead_pod_s : wl->lead_s;
    s->pods_per_node = wl->gpus_per_replica ? at_least(gpus_per_node / wl->gpus_per_replica, 1)
                                            : at_least(s->max_replicas, 1);
    s->alone = !shares_pools(c, wl);
    s->running = now->replicas_known ? now->replicas : now->ready_known ? now->ready : -1;
    s->ready = now->ready_known ? now->ready : s->running;
    s->backlog = now->backlog_known ? now->backlog : 0;
    FSC_TRY(price_nodes(s, r, w));
    s->nodes = nodes_of(r, wl, s);
    return FSC_OK;
}

/* ---- holding
 * --------------------------------------------------------------------------------------------------------
 */

/* NULL: nothing stands against acting on the forecast. */
static const char *reason_to_hold(const run *r, size_t w)
{
    const fsc_workload_now *now = &r->in->workloads[w];
    if (now->hold)
        return now->hold;
    if (now->paused)
        return "it is paused";
    if (!r->in->forecasts[w])
        return "there is no demand history";
    if (r->in->forecasts[w]->hold)
        return r->in->forecasts[w]->hold;
    return r->sites[w].per_replica > 0
               ? NULL
               : "perReplica is not known: give demand.perReplica, or a threshold on the trigger";
}

static void hold(run *r, size_t w, const char *why)
{
    fsc_workload_plan *out = &r->workloads[w];
    floor_state *f = &r->p->floors[w];
    const fsc_site *s = &r->sites[w];
    f->held_since = f->held_since ? f->held_since : r->in->now;
    bool keep = f->min_replicas && r->in->now - f->held_since < FSC_DAY_S;
    out->hold = true;
    out->min_replicas = keep ? at_least(f->min_replicas, s->min_replicas) : s->min_replicas;
    out->max_replicas = s->max_replicas;
    out->reason =
        text(r, "%s; %s", why, keep ? "the floor in force stays" : "the user's own bounds stand");
}

static void plan_floor(run *r, size_t w)
{
    fsc_workload_plan *out = &r->workloads[w];
    const fsc_site *s = &r->sites[w];
    const fsc_forecast *f = r->in->forecasts[w];
    fsc_choice *c = &r->choices[w];
    char lead[FSC_TIME_TEXT];
    *c = fsc_capacity_choose(s, f, r->lambda[w]);
    r->p->floors[w].held_since = 0;
    out->min_replicas = c->replicas;
    out->max_replicas = s->cfg->trim ? c->replicas : s->max_replicas;
    out->quantile = c->level;
    out->demand = c->demand;
    out->demand_at = c->demand_at;
    fsc_civil at = fsc_civil_at(r->in->config->zone, c->demand_at);
    out->reason = text(r, "demand %.4g (q%g) by %02d:%02d, lead %s", c->demand, c->level, at.hour,
                       at.minute, fsc_duration_format(lead, s->lead_pod_s + s->lead_node_s));
}

static void plan_workload(run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    fsc_workload_plan *out = &r->workloads[w];
    int64_t life = (2 + r->in->config->missed_runs) * r->in->config->interval_s + s->lead_pod_s +
                   s->lead_node_s;
    *out = (fsc_workload_plan){.name = s->cfg->name,
                               .mode = (fsc_mode)s->cfg->mode,
                               .current_known = s->running >= 0,
                               .current_replicas = s->running,
                               .baseline_min = s->min_replicas,
                               .baseline_max = s->max_replicas,
                               .lead_pod_s = s->lead_pod_s,
                               .lead_node_s = s->lead_node_s,
                               .expires_at = r->in->now + (life + FSC_MINUTE_S - 1) / FSC_MINUTE_S *
                                                              FSC_MINUTE_S};
    const char *why = reason_to_hold(r, w);
    r->choices[w] = (fsc_choice){0};
    if (why)
        hold(r, w, why);
    else
        plan_floor(r, w);
}

/* ---- budgets
 * ---------------------------------------------------------------------------------------------------------
 */

static bool uses_pool(const fsc_workload_config *w, const char *pool)
{
    for (size_t i = 0; i < w->pools.n; i++)
        if (!strcmp(w->pools.v[i], pool))
            return true;
    return false;
}

static void guard_pools(fsc_guard_input *g, const run *r)
{
    const fsc_config *c = r->in->config;
    for (size_t p = 0; p < c->n_pools; p++) {
        bool ours = false;
        for (size_t w = 0; w < c->n_workloads; w++)
            ours |= fsc_budget_covers(g->cfg, c->workloads[w].name) &&
                    uses_pool(&c->workloads[w], c->pools[p].name);
        if (!ours)
            continue;
        int64_t price = pool_price(r, p),
                settle = c->pools[p].lead_s + c->pools[p].idle_s + HPA_PERIOD_S + GRACE_S;
        g->dearest_micros_per_h = at_least(g->dearest_micros_per_h, price);
        g->settle_s = at_least(g->settle_s, settle);
        if (r->in->pools[p].nodes_known) {
            g->nodes += r->in->pools[p].nodes;
            g->rate_micros_per_h += r->in->pools[p].nodes * price;
        }
    }
}

static fsc_guard_input guard_input(const run *r, size_t b)
{
    const fsc_config *c = r->in->config;
    fsc_guard_input g = {.now = r->in->now,
                         .cfg = &c->budgets[b],
                         .zone = c->zone,
                         .seen = &r->in->budgets[b],
                         .pods_per_node = 1,
                         .tick_s = tick_s(c)};
    bool counted = true;
    guard_pools(&g, r);
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        if (!fsc_budget_covers(g.cfg, s->cfg->name))
            continue;
        g.floor_pods += s->min_replicas;
        g.floor_nodes += (s->min_replicas + s->pods_per_node - 1) / s->pods_per_node;
        g.pods_per_node = at_least(g.pods_per_node, s->pods_per_node);
        for (size_t i = 0; i < s->cfg->pools.n; i++)
            counted &= r->in->pools[pool_index(c, s->cfg->pools.v[i])].nodes_known;
    }
    for (size_t w = 0; w < c->n_workloads && !counted; w++)
        if (fsc_budget_covers(g.cfg, r->sites[w].cfg->name)) { /* no count of nodes: each pod's
                                                                  share of one, at the dearest */
            int64_t nodes = r->sites[w].nodes;
            g.nodes += nodes;
            g.rate_micros_per_h += nodes * g.dearest_micros_per_h;
        }
    return g;
}

/* Spend along the plan, an hour at a time: the near future from the plan, later hours from the
 * forecast. */
static int64_t forecast_spend(const run *r, const fsc_guard_state *g, const fsc_guard_input *in,
                              double lambda, double level)
{
    int64_t cost[MAX_SPEND_STEPS] = {0};
    int64_t window =
        in->cfg->window.kind == FSC_WINDOW_ROLLING ? in->cfg->window.length_s : FSC_DAY_S;
    size_t n = (size_t)at_most(at_most(window, FSC_DAY_S) / SPEND_STEP_S + 1, MAX_SPEND_STEPS);
    for (size_t w = 0; w < r->in->config->n_workloads; w++) {
        const fsc_forecast *f = r->in->forecasts[w];
        const fsc_site *s = &r->sites[w];
        if (!fsc_budget_covers(in->cfg, s->cfg->name))
            continue;
        for (size_t i = 0; i < n; i++) {
            size_t h = 0;
            while (f && h + 1 < f->n_horizons &&
                   (int64_t)f->horizon[h] * f->step_s < (int64_t)(i + 1) * SPEND_STEP_S)
                h++;
            int64_t nodes =
                f && s->per_replica > 0 ? fsc_capacity_nodes_at(s, f, h, lambda, level) : s->nodes;
            cost[i] += fsc_money_over(in->dearest_micros_per_h, SPEND_STEP_S, nodes);
        }
    }
    return fsc_guard_along(g, in, cost, n, SPEND_STEP_S);
}

/* The smallest price of money at which the forecast spend fits; doubled, then bisected. */
static double shadow_price(const run *r, const fsc_guard_state *g, const fsc_guard_input *in)
{
    double low = 0, high = 0.25;
    if (forecast_spend(r, g, in, 0, 0.5) <= in->cfg->ceiling.micros)
        return 0;
    for (int i = 0;
         i < MAX_PRICE_DOUBLINGS && forecast_spend(r, g, in, high, 0.5) > in->cfg->ceiling.micros;
         i++) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < BISECTIONS; i++) {
        double mid = 0.5 * (low + high);
        if (forecast_spend(r, g, in, mid, 0.5) > in->cfg->ceiling.micros)
            low = mid;
        else
            high = mid;
    }
    return high;
}

static const char *void_reason(const run *r, const fsc_guard_input *in, int64_t affordable)
{
    const fsc_config *c = r->in->config;
    if (in->cfg->eviction == FSC_EVICTION_NEVER)
        return "eviction: never makes the ceiling a target";
    if (in->dearest_micros_per_h <= 0)
        return "no pool of its workloads has a price";
    for (size_t w = 0; w < c->n_workloads; w++) {
        if (!fsc_budget_covers(in->cfg, c->workloads[w].name))
            continue;
        if (c->workloads[w].mode != FSC_MODE_ENFORCE)
            return text(r, "workload %s is only observed: nothing is written",
                        c->workloads[w].name);
        if (r->in->workloads[w].paused)
            return text(r, "workload %s is paused and left alone", c->workloads[w].name);
    }
    return affordable < 0 ? "the users' own floors and what runs already pass the ceiling" : NULL;
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

static int64_t most_nodes(const run *r, const fsc_guard_input *in)
{
    int64_t sum = 0;
    for (size_t w = 0; w < r->in->config->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        if (fsc_budget_covers(in->cfg, s->cfg->name))
            sum += (s->max_replicas + s->pods_per_node - 1) / s->pods_per_node;
    }
    return sum;
}

static int64_t wanted_nodes(const run *r, const fsc_guard_input *in)
{
    int64_t sum = 0;
    for (size_t w = 0; w < r->in->config->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        const fsc_workload_plan *plan = &r->workloads[w];
        if (fsc_budget_covers(in->cfg, s->cfg->name))
            sum += at_least((plan->max_replicas + s->pods_per_node - 1) / s->pods_per_node,
                            r->choices[w].nodes_wanted);
    }
    return sum;
}

/* Shares nodes by priority, then by order: floors first, then what each wants. */
static void share_cap(run *r, const fsc_guard_input *in, int64_t nodes)
{
    const fsc_config *c = r->in->config;
    int64_t left = at_least(nodes, 0);
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(in->cfg, c->workloads[w].name)) {
            const fsc_site *s = &r->sites[w];
            int64_t floor = (s->min_replicas + s->pods_per_node - 1) / s->pods_per_node;
            left -= floor;
            r->cap_pods[w] = at_most(r->cap_pods[w], at_least(s->min_replicas, 1));
        }
    for (int64_t priority = 1000; priority >= -1000 && left > 0; priority--)
        for (size_t w = 0; w < c->n_workloads && left > 0; w++) {
            const fsc_site *s = &r->sites[w];
            if (c->workloads[w].priority != priority ||
                !fsc_budget_covers(in->cfg, c->workloads[w].name))
                continue;
            int64_t floor = (s->min_replicas + s->pods_per_node - 1) / s->pods_per_node;
            int64_t want =
                (r->workloads[w].max_replicas + s->pods_per_node - 1) / s->pods_per_node - floor;
            int64_t given = at_most(at_least(want, 0), left);
            left -= given;
            r->cap_pods[w] = at_least(r->cap_pods[w], (floor + given) * s->pods_per_node);
        }
}

static void guard_budget(run *r, size_t b)
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
    out->state = (fsc_budget_state)g->state;
    out->state_before = (fsc_budget_state)before;
    out->spent_micros = fsc_guard_spent(g, &in, &out->window_start, &out->window_end);
    out->forecast_p50_micros = forecast_spend(r, g, &in, lambda, 0.5);
    out->forecast_p95_micros =
        at_least(forecast_spend(r, g, &in, lambda, 0.95), out->forecast_p50_micros);
    out->worst_case_micros = fsc_guard_worst(g, &in, cap, cap * in.pods_per_node);
    out->probability_over = out->forecast_p50_micros > out->ceiling.micros   ? 0.5
                            : out->forecast_p95_micros > out->ceiling.micros ? 0.05
                                                                             : 0;
    out->void_why = void_reason(r, &in, affordable);
    fsc_money spent = out->ceiling, p50 = out->ceiling;
    spent.micros = out->spent_micros;
    p50.micros = out->forecast_p50_micros;
    out->reason = text(r, "spent %s, forecast %s of %s; %lld nodes are affordable%s",
                       fsc_money_format(t[0], spent), fsc_money_format(t[1], p50),
                       fsc_money_format(t[2], out->ceiling), (long long)at_least(affordable, 0),
                       lambda > 0 ? text(r, "; money is worth %.1fx", 1 + lambda) : "");
}

/* Before the floors are planned: takes in the spend, and finds each budget's price of money. */
static void price_budget(run *r, size_t b)
{
    const fsc_config *c = r->in->config;
    fsc_guard_state *g = &r->p->guards[b];
    const fsc_guard_input in = guard_input(r, b);
    fsc_budget_plan *out = &r->budgets[b];
    *out = (fsc_budget_plan){
        .name = c->budgets[b].name, .ceiling = c->budgets[b].ceiling, .spent_since = g->at};
    out->spent_since_micros = fsc_guard_advance(g, &in);
    out->shadow_price = shadow_price(r, g, &in);
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(in.cfg, c->workloads[w].name))
            r->lambda[w] = fmax(r->lambda[w], out->shadow_price);
}

/* ---- caps, pools
 * ------------------------------------------------------------------------------------------------------
 */

static void apply_cap(run *r, size_t w)
{
    fsc_workload_plan *out = &r->workloads[w];
    if (r->cap_pods[w] < out->max_replicas) {
        out->max_replicas = at_least(r->cap_pods[w], 1);
        out->min_replicas = at_most(out->min_replicas, out->max_replicas);
        out->reason =
            text(r, "%s; the budget allows %lld", out->reason, (long long)out->max_replicas);
    }
    const fsc_site *s = &r->sites[w];
    int64_t held = (out->max_replicas + s->pods_per_node - 1) / s->pods_per_node;
    if (r->cap_pods[w] != INT64_MAX)
        r->choices[w].nodes_wanted = at_most(r->choices[w].nodes_wanted, held);
    out->safe_max = at_most(out->max_replicas,
                            r->cap_pods[w] == INT64_MAX ? out->baseline_max : out->max_replicas);
    r->p->floors[w].min_replicas = out->min_replicas;
    r->p->floors[w].max_replicas = out->max_replicas;
}

static int64_t wanted_of(const run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    int64_t held = (r->workloads[w].min_replicas + s->pods_per_node - 1) / s->pods_per_node;
    return at_least(r->choices[w].nodes_wanted, held);
}

/* Gives each workload's nodes to its pools in order of preference. */
static void plan_pools(run *r)
{
    const fsc_config *c = r->in->config;
    for (size_t p = 0; p < c->n_pools; p++)
        r->pools[p] = (fsc_pool_plan){
            .name = c->pools[p].name,
            .price = c->pools[p].price,
            .max_nodes = c->pools[p].max_nodes_given ? c->pools[p].max_nodes : FSC_MAX_NODES};
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_site *s = &r->sites[w];
        int64_t left = wanted_of(r, w),
                held = (r->workloads[w].min_replicas + s->pods_per_node - 1) / s->pods_per_node;
        for (size_t i = 0; i < s->cfg->pools.n; i++) {
            fsc_pool_plan *q = &r->pools[pool_index(c, s->cfg->pools.v[i])];
            int64_t given = at_most(left, at_least(q->max_nodes - q->nodes_needed, 0)),
                    used = at_most(given, held);
            q->nodes_needed += given;
            q->warm_nodes += given - used;
            left -= given;
            held -= used;
        }
    }
    for (size_t p = 0; p < c->n_pools; p++) {
        fsc_pool_plan *q = &r->pools[p];
        q->price.micros = pool_price(r, p);
        q->min_nodes = at_most(at_least(q->nodes_needed, c->pools[p].min_nodes) +
                                   r->in->pools[p].nodes_leaving,
                               q->max_nodes);
        q->reason = text(r, "%lld nodes wanted, %lld of them warm ahead of pods",
                         (long long)q->nodes_needed, (long long)q->warm_nodes);
    }
}

/* ---- the run
 * ---------------------------------------------------------------------------------------------------------
 */

static void mix_bytes(uint64_t h[2], const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) { /* FNV-1a, twice with other starts */
        h[0] = (h[0] ^ p[i]) * 1099511628211u;
        h[1] = (h[1] ^ p[i]) * 1099511628211u + 0x9E3779B97F4A7C15u;
    }
}

static void name_run(fsc_plan *out, const run *r)
{
    uint64_t h[2] = {14695981039346656037u, 0x2545F4914F6CDD1Du};
    const fsc_config *c = r->in->config;
    mix_bytes(h, &r->in->now, sizeof r->in->now);
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_forecast *f = r->in->forecasts[w];
        const fsc_workload_plan *p = &r->workloads[w];
        mix_bytes(h, p->name, strlen(p->name));
        mix_bytes(h, &p->min_replicas, sizeof p->min_replicas);
        mix_bytes(h, &p->max_replicas, sizeof p->max_replicas);
        mix_bytes(h, &p->current_replicas, sizeof p->current_replicas);
        if (f)
            mix_bytes(h, f->v, f->n_horizons * f->n_q * sizeof *f->v);
    }
    for (size_t b = 0; b < c->n_budgets; b++)
        mix_bytes(h, &r->budgets[b].spent_micros, sizeof r->budgets[b].spent_micros);
    (void)snprintf(out->run_id, sizeof out->run_id, "%016llx%016llx", (unsigned long long)h[0],
                   (unsigned long long)h[1]);
}

static fsc_status allocate(run *r)
{
    const fsc_config *c = r->in->config;
    r->sites = FSC_NEW(r->a, c->n_workloads, fsc_site, r->err);
    r->choices = FSC_NEW(r->a, c->n_workloads, fsc_choice, r->err);
    r->lambda = FSC_NEW(r->a, c->n_workloads, double, r->err);
    r->cap_pods = FSC_NEW(r->a, c->n_workloads, int64_t, r->err);
    r->workloads = FSC_NEW(r->a, c->n_workloads, fsc_workload_plan, r->err);
    r->pools = FSC_NEW(r->a, c->n_pools, fsc_pool_plan, r->err);
    r->budgets = FSC_NEW(r->a, c->n_budgets, fsc_budget_plan, r->err);
    bool whole = r->sites && r->choices && r->lambda && r->cap_pods && r->workloads && r->pools &&
                 r->budgets;
    return whole ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_planner_run(fsc_plan *out, fsc_planner *p, const fsc_plan_input *in, fsc_arena *a,
                           fsc_err *err)
{
    run r = {.p = p, .in = in, .a = a, .err = err};
    const fsc_config *c = in->config;
    FSC_TRY(allocate(&r));
    for (size_t w = 0; w < c->n_workloads; w++) {
        FSC_TRY(make_site(&r.sites[w], &r, w));
        r.cap_pods[w] = INT64_MAX;
    }
    for (size_t b = 0; b < c->n_budgets; b++)
        price_budget(&r, b);
    for (size_t w = 0; w < c->n_workloads; w++)
        plan_workload(&r, w);
    for (size_t b = 0; b < c->n_budgets; b++)
        guard_budget(&r, b);
    for (size_t w = 0; w < c->n_workloads; w++)
        apply_cap(&r, w);
    plan_pools(&r);
    *out = (fsc_plan){.at = in->now,
                      .n_workloads = c->n_workloads,
                      .n_pools = c->n_pools,
                      .n_budgets = c->n_budgets,
                      .workloads = r.workloads,
                      .pools = r.pools,
                      .budgets = r.budgets};
    name_run(out, &r);
    return FSC_OK;
}

/* ---- keeping
 * -----------------------------------------------------------------------------------------------------------
 */

static const char saved_magic[8] = "FSCPL01";

typedef struct saved_header {
    char magic[8];
    uint64_t n_workloads, n_budgets;
} saved_header;

/* States are kept by name, so that a changed configuration keeps those that it still has. */
typedef struct saved_name {
    char text[208];
} saved_name;

static void save_named(fsc_buf *out, const char *name, const void *bytes, size_t n)
{
    saved_name key = {{0}};
    (void)snprintf(key.text, sizeof key.text, "%s", name);
    fsc_buf_add(out, &key, sizeof key);
    fsc_buf_add(out, bytes, n);
}

fsc_status fsc_planner_save(fsc_buf *out, const fsc_planner *p, fsc_err *err)
{
    const fsc_config *c = p->config;
    saved_header h = {.n_workloads = c->n_workloads, .n_budgets = c->n_budgets};
    memcpy(h.magic, saved_magic, sizeof h.magic);
    fsc_buf_add(out, &h, sizeof h);
    for (size_t w = 0; w < c->n_workloads; w++)
        save_named(out, c->workloads[w].name, &p->floors[w], sizeof p->floors[w]);
    for (size_t b = 0; b < c->n_budgets; b++)
        save_named(out, c->budgets[b].name, &p->guards[b], sizeof p->guards[b]);
    return fsc_buf_status(out, err);
}

fsc_status fsc_planner_load(fsc_planner *p, const void *bytes, size_t n, fsc_err *err)
{
    const fsc_config *c = p->config;
    const char *at = bytes;
    const size_t floor_bytes = sizeof(saved_name) + sizeof(floor_state),
                 guard_bytes = sizeof(saved_name) + sizeof(fsc_guard_state);
    saved_header h;
    if (n < sizeof h || memcmp(at, saved_magic, sizeof saved_magic))
        return fsc_fail(err, FSC_DATA, "the planner state is of another version");
    memcpy(&h, at, sizeof h);
    if (h.n_workloads > n / floor_bytes || h.n_budgets > n / guard_bytes ||
        n != sizeof h + h.n_workloads * floor_bytes + h.n_budgets * guard_bytes)
        return fsc_fail(err, FSC_DATA, "the planner state has another length than it says");
    at += sizeof h;
    for (uint64_t i = 0; i < h.n_workloads; i++, at += floor_bytes) {
        const fsc_workload_config *w =
            memchr(at, 0, sizeof(saved_name)) ? fsc_config_workload(c, at) : NULL;
        if (w)
            memcpy(&p->floors[w - c->workloads], at + sizeof(saved_name), sizeof(floor_state));
    }
    for (uint64_t i = 0; i < h.n_budgets; i++, at += guard_bytes) {
        const fsc_budget_config *b =
            memchr(at, 0, sizeof(saved_name)) ? fsc_config_budget(c, at) : NULL;
        if (b)
            memcpy(&p->guards[b - c->budgets], at + sizeof(saved_name), sizeof(fsc_guard_state));
    }
    return FSC_OK;
}

const char *fsc_budget_state_name(fsc_budget_state s)
{
    static const char *const names[] = {"closed", "throttled", "open", "half_open"};
    return (size_t)s < sizeof names / sizeof *names ? names[s] : "unknown";
}
