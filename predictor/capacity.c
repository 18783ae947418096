/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "capacity.h"
#include "bounds.h"
#include "node_path.h"

#include <math.h>

enum { MOST_AWAY = 3, SLOT_S = FSC_MINUTE_S };

static const double slack = 1.02;       /* demand within it is served, a little late */
static const double start_weight = 2.0; /* a node not yet there pays a boot, and may be in vain */
static const double refill_share = 0.5; /* of an idle tail: what has run of it on average */
static const double persistence = 0.5;  /* of a shortage; 0: pure noise, 1: it stays */
static const double kept_weight = 0.1;  /* a node that stays anyhow pays its idle tail anew */
static const double drain_s = 120;      /* in which a backlog should be gone */
static const double backlog_s = 3;      /* a queue of less than this much capacity is no shortage */

static double capacity_of(const fsc_site *s, int64_t replicas)
{
    return (double)replicas * s->per_replica;
}

static int64_t pods_on(const fsc_site *s, int64_t nodes)
{
    int64_t pods = nodes * s->pods_per_node;
    return pods < s->max_replicas ? pods : s->max_replicas;
}

static int64_t nodes_for(const fsc_site *s, int64_t pods)
{
    return (pods + s->pods_per_node - 1) / s->pods_per_node;
}

int64_t fsc_capacity_timed(const fsc_site *s, int64_t from, int64_t to, int64_t *since)
{
    int64_t most = 0;
    for (size_t i = 0; i < s->n_timed; i++) {
        const fsc_timed_replicas *t = &s->timed[i];
        if (t->from > to || t->to <= from || t->replicas <= most)
            continue;
        most = t->replicas;
        if (since)
            *since = t->from;
    }
    return at_most(most, s->max_replicas);
}

/* What the queue asks for beside the arrivals. */
static double backlog_demand(const fsc_site *s)
{
    double served = capacity_of(s, at_least(s->ready, 1));
    return s->backlog > backlog_s * served ? s->backlog / drain_s : 0;
}

/* ---- one horizon
 * ----------------------------------------------------------------------------------------- */

static double value_at(const fsc_forecast *f, size_t h, double level)
{
    const double *v = f->v + h * f->n_q;
    size_t j = 0;
    if (level <= f->q[0])
        return v[0];
    while (j + 2 < f->n_q && f->q[j + 1] < level)
        j++;
    double share = (level - f->q[j]) / (f->q[j + 1] - f->q[j]);
    return v[j] + fmin(share, 1) * (v[j + 1] - v[j]);
}

/* P(short) with `pods` on as many nodes as they fill, each of which is away with probability
 * lost_share: a binomial mixture, as far as three are away. */
static double short_with(const fsc_site *s, const fsc_forecast *f, size_t h, int64_t pods,
                         double extra)
{
    int64_t nodes = nodes_for(s, pods);
    double lost = s->lost_share, sum = 0, rest = 1;
    if (lost <= 0)
        return fsc_forecast_exceed(f, h, fmax(capacity_of(s, pods) * slack - extra, 0));
    double weight = pow(1 - lost, (double)nodes);
    for (int64_t away = 0; away <= MOST_AWAY && away < nodes && weight > 0; away++) {
        double capacity = capacity_of(s, pods - away * s->pods_per_node) * slack - extra;
        sum += weight * fsc_forecast_exceed(f, h, fmax(capacity, 0));
        rest -= weight;
        weight *= lost / (1 - lost) * (double)(nodes - away) / (double)(away + 1);
    }
    return sum + fmax(rest, 0);
}

/* argmin over k of price x k + lateMinute x P(demand > capacity of k), a minute each. */
static double weight_of(const fsc_site *s, int64_t node, int64_t kept)
{
    return node < kept ? kept_weight : node < s->nodes ? 1 : start_weight;
}

static int64_t newsvendor(const fsc_site *s, const fsc_forecast *f, size_t h, double lambda,
                          double extra, int64_t kept)
{
    double late = fsc_money_units(s->cfg->objective.late_minute), spent = 0, best = INFINITY;
    int64_t steps = s->alone ? (int64_t)s->max_nodes : s->max_replicas, choice = 1;
    double share = s->alone ? 1 : 1 / (double)s->pods_per_node;
    for (int64_t k = 1; k <= steps; k++) {
        size_t node = (size_t)at_most(s->alone ? k - 1 : (k - 1) / s->pods_per_node,
                                      (int64_t)s->max_nodes - 1);
        spent += FSC_MINUTE_S * s->node_price_per_s[node] * share *
                 weight_of(s, (int64_t)node, kept) * (1 + lambda);
        int64_t pods = s->alone ? pods_on(s, k) : k;
        double cost = spent + late * short_with(s, f, h, pods, extra);
        if (cost < best) {
            best = cost;
            choice = k;
        }
    }
    return s->alone ? pods_on(s, choice) : choice;
}

static double effective_level(const fsc_site *s, double lambda)
{
    double level = 1 - (1 - s->cfg->objective.quantile) * (1 + lambda);
    return level > 0 ? level : 0;
}

static bool weighs_money(const fsc_site *s)
{
    return s->cfg->objective.late_minute_given && s->max_nodes;
}

/* Pods for half of what may come, and for the queue. Less is a choice to be late, as money would
 * have it where a late minute is cheaper than its pods; but the autoscaler below would serve it, so
 * only a budget may choose that. */
static int64_t least_at(const fsc_site *s, const fsc_forecast *f, size_t h, double lambda,
                        double extra)
{
    double demand = value_at(f, h, 0.5) + extra;
    int64_t pods = whole(demand / (s->per_replica * slack));
    return lambda > 0 ? 0 : at_most(pods, s->max_replicas);
}

/* Of the nodes `kept` stay whatever the pods do. */
static int64_t replicas_at(const fsc_site *s, const fsc_forecast *f, size_t h, double lambda,
                           double extra, int64_t kept)
{
    int64_t replicas;
    if (weighs_money(s))
        replicas =
            at_least(newsvendor(s, f, h, lambda, extra, kept), least_at(s, f, h, lambda, extra));
    else
        replicas = whole((value_at(f, h, effective_level(s, lambda)) + extra) / s->per_replica);
    return at_most(at_least(replicas, s->min_replicas), s->max_replicas);
}

int64_t fsc_capacity_nodes_at(const fsc_site *site, const fsc_forecast *f, size_t h, double lambda,
                              double level)
{
    /* Under trim max follows the plan, and the autoscaler below cannot pass it. */
    double served = site->per_replica * (site->cfg->trim ? 1 : site->cfg->utilization);
    int64_t pods = whole(value_at(f, h, level) / served);
    if (lambda > 0)
        pods = at_most(pods, replicas_at(site, f, h, lambda, 0, 0));
    int64_t at = f->origin + (int64_t)f->horizon[h] * f->step_s;
    pods = at_least(pods, fsc_capacity_timed(site, at, at, NULL));
    return nodes_for(site, at_most(at_least(pods, site->min_replicas), site->max_replicas));
}

/* ---- the two clocks
 * --------------------------------------------------------------------------------------- */

typedef struct span {
    size_t from, to; /* horizon indexes, inclusive */
} span;

/* Horizon indexes of the grid steps that hold [now + from_s, now + to_s]. The step that runs now is
 * the first after the newest one known. */
static span steps_within(const fsc_site *s, const fsc_forecast *f, int64_t from_s, int64_t to_s)
{
    int64_t age = at_least(s->now - f->origin, f->step_s);
    int64_t first = at_least((age + from_s) / f->step_s, 1),
            last = at_least((age + to_s) / f->step_s, first);
    span r = {f->n_horizons - 1, 0};
    for (size_t h = 0; h < f->n_horizons; h++) {
        if (f->horizon[h] >= first && h < r.from)
            r.from = h;
        if (f->horizon[h] <= last)
            r.to = h;
    }
    r.to = r.to < r.from ? r.from : r.to;
    return r;
}

static int64_t largest(const fsc_site *s, const fsc_forecast *f, span r, double lambda,
                       double extra, int64_t kept, size_t *where)
{
    int64_t most = 0;
    *where = r.from;
    for (size_t h = r.from; h <= r.to; h++) {
        int64_t n = replicas_at(s, f, h, lambda, extra, kept);
        *where = n > most ? h : *where;
        most = at_least(most, n);
    }
    return most;
}

/* What serves the newest value, where that value still stands. */
static int64_t present_need(const fsc_site *s, double newest, int64_t origin, int32_t step_s)
{
    if (s->now - origin >= step_s || isnan(newest))
        return 0;
    return at_most(whole(newest / (s->per_replica * slack)), s->max_replicas);
}

/* What is decided of nodes: those that stay of the ones that are there, and all that are wanted
 * once one ordered now is ready. */
typedef struct nodes_choice {
    int64_t kept, wanted;
} nodes_choice;

/* ---- nodes by the clocks: a level of demand, or pools that others use too
 * ------------------------------------------------------------------------ */

static nodes_choice nodes_by_clock(const fsc_site *s, const fsc_forecast *f, double lambda,
                                   double extra, int64_t near_nodes)
{
    size_t at;
    int64_t lead = s->lead_node_s + s->lead_pod_s;
    /* Removing a node and starting it again costs its idle tail and its boot: it stays when asked
     * back sooner. */
    int64_t back_s = lead + s->tick_s + 4 * FSC_MINUTE_S;
    int64_t far = nodes_for(
        s, largest(s, f, steps_within(s, f, lead, lead + s->tick_s), lambda, extra, 0, &at));
    int64_t back = nodes_for(s, largest(s, f, steps_within(s, f, back_s, back_s + 5 * FSC_MINUTE_S),
                                        lambda, extra, 0, &at));
    int64_t wanted = near_nodes <= s->nodes ? at_least(near_nodes, far) : far;
    if (near_nodes > s->nodes) /* short already: what is still needed when it comes */
        wanted = at_least(wanted, at_most(near_nodes, far));
    else if (s->nodes > near_nodes)
        wanted = at_least(wanted, at_most(s->nodes, back));
    return (nodes_choice){at_most(wanted, s->nodes), wanted};
}

/* ---- nodes by the cheapest path
 * ------------------------------------------------------------------------------------- */

/* P(short with `pods`) that many seconds from now: a step's forecast holds until the next one. */
static double short_at(const fsc_site *s, const fsc_forecast *f, int64_t ahead_s, int64_t pods,
                       double extra)
{
    int64_t steps = (s->now - f->origin + ahead_s) / f->step_s;
    size_t h = 0;
    if (steps < 1 && isfinite(f->newest)) /* within the newest step: it is known */
        return f->newest > capacity_of(s, pods) * slack - extra;
    while (h + 1 < f->n_horizons && f->horizon[h] < steps)
        h++;
    double p = short_with(s, f, h, pods, extra);
    if (h == 0 || f->horizon[h] <= steps)
        return p;
    double share = (double)(f->horizon[h] - steps) / (double)(f->horizon[h] - f->horizon[h - 1]);
    return p + share * (short_with(s, f, h - 1, pods, extra) - p);
}

/* By slot and count: what it costs, and P(short), also of a fleet that nobody interrupts. `shown`
 * is by count, of the newest slot filled: P(answered). */
typedef struct slots {
    const fsc_site *site;
    const fsc_forecast *f;
    size_t n, width; /* slots, counts */
    double *cost, *short_p, *steady_p, *shown;
    const double *price_sum;
} slots;

static void fill_short(double *p, const slots *x, const fsc_site *s, double extra)
{
    for (size_t i = 0; i < x->n; i++) {
        double least = 1;
        for (size_t k = 0; k < x->width; k++) {
            if (least > 0) /* more nodes are not short where fewer are not */
                least = short_at(s, x->f, (int64_t)i * SLOT_S, pods_on(s, (int64_t)k), extra);
            *p++ = least;
        }
    }
}

/* A node that leaves can be had back for a while. */
static bool returns(const fsc_site *s, size_t slot, size_t node)
{
    return (int64_t)node < s->nodes && (int64_t)slot * SLOT_S < s->idle_s;
}

/* P(short of `node` in the slot, and it serves by then): a later run calls it once a shortage shows
 * within a tick. What is short within one step of the forecast stays so; from step to step it does
 * as far as `persistence` says. */
static double answered(const slots *x, size_t slot, size_t node)
{
    const fsc_site *s = x->site;
    int64_t lead = s->tick_s + s->lead_pod_s + (returns(s, slot, node) ? 0 : s->lead_node_s);
    size_t back = (size_t)((lead + SLOT_S - 1) / SLOT_S);
    if (slot < back)
        return 0;
    double now = x->steady_p[slot * x->width + node],
           then = x->steady_p[(slot - back) * x->width + node];
    int64_t age = s->now - x->f->origin, at = age + (int64_t)slot * SLOT_S;
    if (at / x->f->step_s == (at - (int64_t)back * SLOT_S) / x->f->step_s)
        return now;
    return persistence * fmin(now, then) + (1 - persistence) * now * then;
}

/* A count pays for its nodes, for those that later runs add to it, and for the minutes in which one
 * that is needed was not added yet. */
static void fill_slot(slots *x, size_t slot)
{
    const fsc_site *s = x->site;
    double late = fsc_money_units(s->cfg->objective.late_minute) * SLOT_S / FSC_MINUTE_S, added = 0,
           waits = 0;
    for (size_t k = x->width; k-- > 0;) {
        size_t at = slot * x->width + k;
        bool last = k + 1 == x->width;
        double p = last ? 0 : answered(x, slot, k);
        double again = returns(s, slot, k) ? refill_share * (double)s->idle_s
                                           : (double)(s->lead_node_s + s->lead_pod_s);
        if (!last)
            added += (x->price_sum[k + 1] - x->price_sum[k]) *
                     (SLOT_S * p + again * fmax(p - x->shown[k], 0));
        x->shown[k] = p;
        waits = fmax(waits, x->short_p[at] - p);
        x->cost[at] = SLOT_S * x->price_sum[k] + late * waits + added;
    }
}

static fsc_status fill_slots(slots *x, double extra, fsc_arena *a, fsc_err *err)
{
    size_t n = x->n * x->width;
    x->cost = FSC_NEW(a, n, double, err);
    x->short_p = x->steady_p = FSC_NEW(a, n, double, err);
    x->shown = FSC_NEW(a, x->width, double, err);
    if (x->site->lost_share > 0)
        x->steady_p = FSC_NEW(a, n, double, err);
    if (!x->cost || !x->short_p || !x->steady_p || !x->shown)
        return FSC_NOMEM;
    fill_short(x->short_p, x, x->site, extra);
    fsc_site steady = *x->site;
    steady.lost_share = 0;
    if (x->site->lost_share > 0)
        fill_short(x->steady_p, x, &steady, extra);
    for (size_t i = 0; i < x->n; i++)
        fill_slot(x, i);
    return FSC_OK;
}

static fsc_status nodes_by_path(nodes_choice *out, const fsc_site *s, const fsc_forecast *f,
                                double lambda, double extra, fsc_arena *a, fsc_err *err)
{
    int64_t lead = s->lead_node_s + s->lead_pod_s, clock = lead + s->tick_s;
    size_t n = (size_t)((clock + FSC_LOOK_BEYOND_S) / SLOT_S), first = (size_t)(lead / SLOT_S);
    double *price_sum = FSC_NEW(a, s->max_nodes + 1, double, err);
    size_t *path = FSC_NEW(a, n, size_t, err);
    if (!price_sum || !path)
        return FSC_NOMEM;
    for (size_t k = 0; k < s->max_nodes; k++)
        price_sum[k + 1] = price_sum[k] + s->node_price_per_s[k] * (1 + lambda);
    slots x = {.site = s, .f = f, .n = n, .width = s->max_nodes + 1, .price_sum = price_sum};
    FSC_TRY(fill_slots(&x, extra, a, err));
    const fsc_node_costs costs = {.n_slots = n,
                                  .most = s->max_nodes,
                                  .slot = x.cost,
                                  .price_sum = price_sum,
                                  .boot_s = (double)lead,
                                  .idle_s = (double)s->idle_s,
                                  .refill_s = refill_share * (double)s->idle_s,
                                  .first_start = first ? first : 1};
    FSC_TRY(fsc_node_path(path, &costs, (size_t)at_least(s->nodes, 0),
                          (size_t)at_least(s->nodes_kept, 0), a, err));
    out->wanted = out->kept = (int64_t)path[0];
    for (size_t i = first; i < n && (int64_t)i * SLOT_S < clock; i++)
        out->wanted = at_least(out->wanted, (int64_t)path[i]);
    const span far = steps_within(s, f, lead, clock);
    for (size_t h = far.from; h <= far.to; h++)
        out->wanted = at_least(out->wanted, nodes_for(s, least_at(s, f, h, lambda, extra)));
    return FSC_OK;
}

/* Beside the nodes wanted, those that may be away at the level asked for: a quantile of the
 * binomial distribution. Where a late minute has a price, that weighs them by itself. */
static int64_t spares_of(const fsc_site *s, int64_t nodes, double level)
{
    double lost = s->lost_share, weight = pow(1 - lost, (double)nodes), sum = weight;
    int64_t spares = 0;
    for (; !weighs_money(s) && sum < level && spares < nodes; spares++) {
        weight *= lost / (1 - lost) * (double)(nodes - spares) / (double)(spares + 1);
        sum += weight;
    }
    return spares;
}

/* ---- the choice
 * -------------------------------------------------------------------------------------------------
 */

fsc_status fsc_capacity_choose(fsc_choice *out, const fsc_site *site, const fsc_forecast *f,
                               double lambda, fsc_arena *a, fsc_err *err)
{
    size_t near_at, far_at;
    /* Where money is short no queue is drained beside the arrivals. */
    double extra = lambda > 0 ? 0 : backlog_demand(site);
    int64_t lead = site->lead_node_s + site->lead_pod_s;
    bool by_path = weighs_money(site) && site->alone;
    nodes_choice nodes = {0};
    if (by_path)
        FSC_TRY(nodes_by_path(&nodes, site, f, lambda, extra, a, err));
    int64_t near = largest(site, f, steps_within(site, f, 0, site->lead_pod_s + site->tick_s),
                           lambda, extra, nodes.kept, &near_at);
    int64_t far = largest(site, f, steps_within(site, f, lead, lead + site->tick_s), lambda, extra,
                          nodes.kept, &far_at);
    near = at_least(near, present_need(site, f->newest, f->origin, f->step_s));
    if (by_path) /* pods beyond would order nodes that come too late for them */
        near = at_most(
            near, at_least(pods_on(site, at_least(nodes.wanted, site->nodes)), site->min_replicas));
    else
        nodes = nodes_by_clock(site, f, lambda, extra, nodes_for(site, near));
    /* A timetable brings its pods by itself; the nodes that these will wait for are ordered now. */
    int64_t timed = fsc_capacity_timed(site, site->now, site->now + lead + site->tick_s, NULL);
    nodes.wanted = at_least(nodes.wanted, nodes_for(site, timed));
    nodes.wanted += spares_of(site, nodes.wanted, effective_level(site, lambda));
    size_t worst = far > near ? far_at : near_at;
    double level = site->cfg->objective.late_minute_given ? 0.95 : site->cfg->objective.quantile;
    *out = (fsc_choice){.replicas = near,
                        .nodes_held = nodes_for(site, near),
                        .nodes_wanted = nodes.wanted,
                        .level = level,
                        .demand = value_at(f, worst, level),
                        .demand_at = f->origin + (int64_t)f->horizon[worst] * f->step_s};
    return FSC_OK;
}
