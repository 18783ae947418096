/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "planner_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NOTICE_S = 120, /* before an interruption */
    MAX_STALE_STEPS = 4,
    LOOK_EVERY_S = 3 * FSC_MINUTE_S, /* beyond the node clock */
    SPEND_STEPS = 24
};

static const double levels[] = {0.02, 0.05, 0.1, 0.2,   0.3,  0.4,   0.5,  0.6,  0.7,   0.75,
                                0.8,  0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99, 0.995, 0.998};
enum { N_LEVELS = sizeof levels / sizeof *levels };

fsc_status fsc_planner_open(fsc_planner **out, const fsc_config *config, fsc_arena *a, fsc_err *err)
{
    fsc_planner *p = *out = FSC_NEW(a, 1, fsc_planner, err);
    if (!p)
        return FSC_NOMEM;
    p->config = config;
    p->floors = FSC_NEW(a, config->n_workloads, fsc_floor_state, err);
    p->guards = FSC_NEW(a, config->n_budgets, fsc_guard_state, err);
    p->pools = FSC_NEW(a, config->n_pools, fsc_pool_state, err);
    p->lead_pod_s = FSC_NEW(a, config->n_workloads, int64_t, err);
    p->lead_node_s = FSC_NEW(a, config->n_pools, int64_t, err);
    return p->floors && p->guards && p->pools && p->lead_pod_s && p->lead_node_s ? FSC_OK
                                                                                 : FSC_NOMEM;
}

void fsc_planner_leads(fsc_planner *p, const fsc_workload_now *workloads, const fsc_pool_now *pools)
{
    for (size_t w = 0; w < p->config->n_workloads; w++)
        p->lead_pod_s[w] = workloads[w].lead_pod_s;
    for (size_t i = 0; i < p->config->n_pools; i++)
        p->lead_node_s[i] = pools[i].lead_node_s;
}

static int64_t slowest_node_s(const fsc_planner *p, const fsc_workload_config *w)
{
    int64_t lead = 0;
    for (size_t i = 0; i < w->pools.n; i++) {
        size_t pool = fsc__pool_index(p->config, w->pools.v[i]);
        int64_t learned = p->lead_node_s[pool];
        lead = at_least(lead, learned ? learned : p->config->pools[pool].lead_s);
    }
    return lead;
}

/* ---- what the planner asks of the forecaster
 * -------------------------------------------------------------------- */

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
    int64_t pod = p->lead_pod_s[w] ? p->lead_pod_s[w] : wl->lead_s;
    int64_t tick = fsc__tick_s(p->config), lead = pod + slowest_node_s(p, wl),
            late = MAX_STALE_STEPS;
    int64_t near_to = (pod + tick) / step_s + 1 + late, far_from = lead / step_s,
            far_to = (lead + tick) / step_s + 1 + late;
    int32_t *h = FSC_NEW(
        a,
        (size_t)(near_to + far_to - far_from + 4 + SPEND_STEPS + FSC_LOOK_BEYOND_S / LOOK_EVERY_S),
        int32_t, err);
    size_t n = 0;
    if (!h)
        return FSC_NOMEM;
    add_steps(h, &n, 1, near_to);
    add_steps(h, &n, far_from, far_to);
    for (int64_t ahead = LOOK_EVERY_S; ahead < FSC_LOOK_BEYOND_S + LOOK_EVERY_S;
         ahead += LOOK_EVERY_S)
        add_steps(h, &n, far_to + ahead / step_s, far_to + ahead / step_s);
    for (int64_t k = 1; k <= SPEND_STEPS && fsc_config_has_budget(p->config, wl->name); k++)
        add_steps(h, &n, k * FSC_HOUR_S / step_s, k * FSC_HOUR_S / step_s);
    *out = (fsc_forecast_request){
        .n_horizons = n, .horizon = h, .n_q = N_LEVELS, .q = levels, .quantiles_only = true};
    return FSC_OK;
}

static bool shares_pools(const fsc_config *c, const fsc_workload_config *w)
{
    for (size_t i = 0; i < c->n_workloads; i++)
        if (&c->workloads[i] != w && fsc__shares_pool(&c->workloads[i], w))
            return true;
    return false;
}

/* Nodes of the workload's pools by preference, with the price of each for a second. */
static fsc_status price_nodes(fsc_site *s, const fsc_plan_run *r, size_t w)
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
        size_t pool = fsc__pool_index(c, wl->pools.v[i]);
        size_t room = c->pools[pool].max_nodes_given ? (size_t)c->pools[pool].max_nodes : most;
        fsc_money price = {.micros = fsc__pool_price(r, pool)};
        for (size_t k = 0; k < room && s->max_nodes < most; k++)
            s->node_price_per_s[s->max_nodes++] = fsc_money_units(price) / FSC_HOUR_S;
    }
    return FSC_OK;
}

/* Nodes that bill and stay, of the workload's pools; without a count from its pods. */
static int64_t nodes_of(const fsc_plan_run *r, const fsc_workload_config *wl, const fsc_site *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < wl->pools.n; i++) {
        const fsc_pool_now *now = &r->in->pools[fsc__pool_index(r->in->config, wl->pools.v[i])];
        if (!now->nodes_known)
            return (at_least(s->running, 0) + s->pods_per_node - 1) / s->pods_per_node;
        sum += at_least(now->nodes - now->nodes_leaving, 0);
    }
    return sum;
}

/* Where the target could not be read, what the run before left there still stands. */
static void set_bounds(fsc_site *s, const fsc_workload_config *wl, const fsc_workload_now *now,
                       const fsc_floor_state *before)
{
    bool stands = now->hold && before->max_replicas;
    int64_t min = now->baseline_known ? now->baseline_min
                  : now->min_known    ? now->min_replicas
                  : stands            ? before->min_replicas
                                      : 1;
    int64_t max = now->baseline_known ? now->baseline_max
                  : now->max_known    ? now->max_replicas
                  : stands            ? before->max_replicas
                                      : 100;
    s->min_replicas = wl->min_given ? wl->min_replicas : min;
    s->max_replicas = wl->max_given ? wl->max_replicas : max;
    s->max_replicas = at_least(s->max_replicas, s->min_replicas);
}

/* From its notice, seen half a run later, to its successor's pods; the notice's time is served. */
static double lost_share(const fsc_site *s, const fsc_pool_config *pool)
{
    int64_t away = s->lead_node_s + s->lead_pod_s + s->tick_s / 2 - NOTICE_S;
    return pool ? fmin(pool->interruptions_per_h * (double)at_least(away, 0) / FSC_HOUR_S, 0.5) : 0;
}

static fsc_status make_site(fsc_site *s, const fsc_plan_run *r, size_t w)
{
    const fsc_config *c = r->in->config;
    const fsc_workload_config *wl = &c->workloads[w];
    const fsc_workload_now *now = &r->in->workloads[w];
    int64_t gpus_per_node = wl->pools.n ? fsc_config_pool(c, wl->pools.v[0])->gpus_per_node : 1;
    int64_t lead_node = 0, idle = 0;
    for (size_t i = 0; i < wl->pools.n; i++) {
        size_t pool = fsc__pool_index(c, wl->pools.v[i]);
        idle = at_least(idle, c->pools[pool].idle_s);
        int64_t learned = r->in->pools[pool].lead_node_s;
        lead_node = at_least(lead_node, learned ? learned : c->pools[pool].lead_s);
        gpus_per_node = at_most(gpus_per_node, c->pools[pool].gpus_per_node);
    }
    *s = (fsc_site){.cfg = wl,
                    .now = r->in->now,
                    .tick_s = fsc__tick_s(c),
                    .lead_node_s = lead_node,
                    .idle_s = idle};
    set_bounds(s, wl, now, &r->p->floors[w]);
    s->per_replica = wl->demand.per_replica > 0 ? wl->demand.per_replica : now->per_replica;
    s->lead_pod_s = now->lead_pod_s ? now->lead_pod_s : wl->lead_s;
    s->pods_per_node = wl->gpus_per_replica ? at_least(gpus_per_node / wl->gpus_per_replica, 1)
                                            : at_least(s->max_replicas, 1);
    s->alone = !shares_pools(c, wl);
    s->lost_share = lost_share(s, wl->pools.n ? fsc_config_pool(c, wl->pools.v[0]) : NULL);
    s->running = now->replicas_known ? now->replicas : now->ready_known ? now->ready : -1;
    s->ready = now->ready_known ? now->ready : s->running;
    s->backlog = now->backlog_known ? now->backlog : 0;
    s->n_timed = now->n_timed;
    s->timed = now->timed;
    FSC_TRY(price_nodes(s, r, w));
    s->nodes = nodes_of(r, wl, s);
    int64_t wanted = r->p->floors[w].nodes_wanted;
    s->nodes_kept =
        wanted ? wanted : (at_least(s->running, 0) + s->pods_per_node - 1) / s->pods_per_node;
    return FSC_OK;
}

/* ---- holding
 * --------------------------------------------------------------------------------------------------------
 */

/* NULL, or the first pool whose price an objective in money needs and nobody knows. */
static const char *priceless_pool(const fsc_plan_run *r, size_t w)
{
    const fsc_workload_config *wl = r->sites[w].cfg;
    for (size_t i = 0; wl->objective.late_minute_given && i < wl->pools.n; i++)
        if (!fsc__pool_price(r, fsc__pool_index(r->in->config, wl->pools.v[i])))
            return wl->pools.v[i];
    return NULL;
}

/* NULL: nothing stands against acting on the forecast. */
static const char *reason_to_hold(const fsc_plan_run *r, size_t w)
{
    const fsc_workload_now *now = &r->in->workloads[w];
    if (now->hold)
        return now->hold;
    if (now->paused)
        return "it is paused";
    const char *priceless = priceless_pool(r, w);
    if (priceless)
        return fsc__plan_text(r, "pool %s has no price", priceless);
    if (!r->in->forecasts[w])
        return "there is no demand history";
    if (r->in->forecasts[w]->hold)
        return r->in->forecasts[w]->hold;
    return r->sites[w].per_replica > 0
               ? NULL
               : "perReplica is not known: give demand.perReplica, or a threshold on the trigger";
}

/* The floor in force, for a day. Where demand is known, what it does not need is let go: the
 * autoscaler below follows it, and an idle floor for a day is dear. Missing demand lowers nothing.
 */
static int64_t held_floor(const fsc_plan_run *r, size_t w)
{
    const fsc_site *s = &r->sites[w];
    const fsc_floor_state *f = &r->p->floors[w];
    const fsc_forecast *fc = r->in->forecasts[w];
    if (!f->min_replicas || r->in->now - f->held_since >= FSC_DAY_S)
        return s->min_replicas;
    int64_t floor = at_least(f->min_replicas, s->min_replicas);
    bool known = fc && s->per_replica > 0 && isfinite(fc->newest) &&
                 r->in->now - fc->origin <= MAX_STALE_STEPS * fc->step_s;
    if (!known)
        return floor;
    int64_t need = whole(fc->newest / (s->per_replica * s->cfg->utilization));
    return at_most(floor, at_least(need, s->min_replicas));
}

static void hold(fsc_plan_run *r, size_t w, const char *why)
{
    fsc_workload_plan *out = &r->workloads[w];
    fsc_floor_state *f = &r->p->floors[w];
    const fsc_site *s = &r->sites[w];
    f->held_since = f->held_since ? f->held_since : r->in->now;
    out->hold = true;
    out->min_replicas = held_floor(r, w);
    out->max_replicas = s->max_replicas;
    out->reason =
        fsc__plan_text(r, "%s; %s", why,
                       out->min_replicas == s->min_replicas ? "the user's own bounds stand"
                       : out->min_replicas == f->min_replicas
                           ? "the floor in force stays"
                           : "of the floor in force, what present demand needs stays");
}

static void plan_floor(fsc_plan_run *r, size_t w)
{
    fsc_workload_plan *out = &r->workloads[w];
    const fsc_site *s = &r->sites[w];
    const fsc_choice *c = &r->choices[w];
    char lead[FSC_TIME_TEXT];
    r->p->floors[w].held_since = 0;
    out->min_replicas = c->replicas;
    int64_t starts = 0, soon = r->in->now + s->tick_s, lead_s = s->lead_pod_s + s->lead_node_s,
            timed = fsc_capacity_timed(s, r->in->now, soon + lead_s, &starts);
    out->max_replicas = s->cfg->trim ? at_least(at_least(c->replicas, 1),
                                                fsc_capacity_timed(s, r->in->now, soon, NULL))
                                     : s->max_replicas;
    out->quantile = c->level;
    out->demand = c->demand;
    out->demand_at = c->demand_at;
    fsc_civil at = fsc_civil_at(r->in->config->zone, c->demand_at);
    out->reason = fsc__plan_text(r, "demand %.4g (q%g) by %02d:%02d, lead %s", c->demand, c->level,
                                 at.hour, at.minute, fsc_duration_format(lead, lead_s));
    if (timed <= c->replicas)
        return;
    at = fsc_civil_at(r->in->config->zone, starts);
    out->reason = fsc__plan_text(r, "%s; its timetable asks for %lld from %02d:%02d", out->reason,
                                 (long long)timed, at.hour, at.minute);
}

static fsc_status plan_workload(fsc_plan_run *r, size_t w)
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
    if (why) {
        hold(r, w, why);
        return FSC_OK;
    }
    FSC_TRY(
        fsc_capacity_choose(&r->choices[w], s, r->in->forecasts[w], r->lambda[w], r->a, r->err));
    plan_floor(r, w);
    return FSC_OK;
}

/* ---- caps
 * ------------------------------------------------------------------------------------------------------
 */

static void apply_cap(fsc_plan_run *r, size_t w)
{
    fsc_workload_plan *out = &r->workloads[w];
    if (r->cap_pods[w] < out->max_replicas) {
        out->max_replicas = at_least(r->cap_pods[w], 1);
        out->min_replicas = at_most(out->min_replicas, out->max_replicas);
        out->reason = fsc__plan_text(r, "%s; the budget allows %lld", out->reason,
                                     (long long)out->max_replicas);
    }
    const fsc_site *s = &r->sites[w];
    int64_t held = (out->max_replicas + s->pods_per_node - 1) / s->pods_per_node;
    if (r->cap_pods[w] != INT64_MAX)
        r->choices[w].nodes_wanted = at_most(r->choices[w].nodes_wanted, held);
    out->safe_max = at_most(out->max_replicas, at_least(r->safe_pods[w], 1));
    r->p->floors[w].min_replicas = out->min_replicas;
    r->p->floors[w].max_replicas = out->max_replicas;
    r->p->floors[w].nodes_wanted = r->choices[w].nodes_wanted;
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

static void name_run(fsc_plan *out, const fsc_plan_run *r)
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

static fsc_status allocate(fsc_plan_run *r)
{
    const fsc_config *c = r->in->config;
    r->sites = FSC_NEW(r->a, c->n_workloads, fsc_site, r->err);
    r->choices = FSC_NEW(r->a, c->n_workloads, fsc_choice, r->err);
    r->lambda = FSC_NEW(r->a, c->n_workloads, double, r->err);
    r->cap_pods = FSC_NEW(r->a, c->n_workloads, int64_t, r->err);
    r->safe_pods = FSC_NEW(r->a, c->n_workloads, int64_t, r->err);
    r->share = FSC_NEW(r->a, c->n_workloads, int64_t, r->err);
    r->workloads = FSC_NEW(r->a, c->n_workloads, fsc_workload_plan, r->err);
    r->pools = FSC_NEW(r->a, c->n_pools, fsc_pool_plan, r->err);
    r->room = FSC_NEW(r->a, c->n_pools, int64_t, r->err);
    r->given = FSC_NEW(r->a, c->n_pools, int64_t, r->err);
    r->budgets = FSC_NEW(r->a, c->n_budgets, fsc_budget_plan, r->err);
    bool whole = r->sites && r->choices && r->lambda && r->cap_pods && r->safe_pods && r->share &&
                 r->workloads && r->pools && r->room && r->given && r->budgets;
    return whole ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_planner_run(fsc_plan *out, fsc_planner *p, const fsc_plan_input *in, fsc_arena *a,
                           fsc_err *err)
{
    fsc_plan_run r = {.p = p, .in = in, .a = a, .err = err};
    const fsc_config *c = in->config;
    FSC_TRY(allocate(&r));
    for (size_t w = 0; w < c->n_workloads; w++) {
        FSC_TRY(make_site(&r.sites[w], &r, w));
        r.cap_pods[w] = r.safe_pods[w] = INT64_MAX;
    }
    for (size_t b = 0; b < c->n_budgets; b++)
        fsc__budget_price(&r, b);
    for (size_t w = 0; w < c->n_workloads; w++)
        FSC_TRY(plan_workload(&r, w));
    for (size_t b = 0; b < c->n_budgets; b++)
        FSC_TRY(fsc__budget_guard(&r, b));
    for (size_t w = 0; w < c->n_workloads; w++)
        apply_cap(&r, w);
    fsc__plan_pools(&r);
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

const char *fsc_budget_state_name(fsc_budget_state s)
{
    static const char *const names[] = {"closed", "throttled", "open", "half_open"};
    return (size_t)s < sizeof names / sizeof *names ? names[s] : "unknown";
}
