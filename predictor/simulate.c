/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/simulate.h"
#include "bounds.h"
#include "forescale/money.h"

#include <math.h>

const fsc_sim_hpa fsc_sim_hpa_default = {.sync_s = 15,
                                         .metric_lag_s = 15,
                                         .stabilization_s = 300,
                                         .tolerance = 0.1,
                                         .up_pods = 4,
                                         .up_period_s = 90,
                                         .down_pods = 1,
                                         .down_period_s = 60};

typedef struct node {
    size_t pool;
    int64_t ready_at, busy_at; /* last time that it held a pod */
    int64_t gone_at;           /* INT64_MAX: nobody wants it back */
    int64_t pods;
} node;

typedef struct pod {
    size_t node;
    int64_t ready_at;
} pod;

typedef struct sync {
    int64_t wanted, change;
} sync;

typedef struct world {
    const fsc_sim_params *p;
    int64_t now;
    fsc_sim_orders orders, coming;
    int64_t coming_at;
    node *nodes;
    pod *pods;
    size_t n_nodes, n_pods, most_nodes;
    int64_t pending; /* pods without a node */
    sync *syncs;     /* the newest n_syncs of them, a ring */
    size_t n_syncs, next_sync;
    double *waiting; /* requests by the step they came in, a ring */
    size_t n_waiting;
    double *late, arrived, unserved; /* late: by minute */
    double *minute_arrived;
    uint64_t random;
    int64_t *minute_micros, *minute_ready;
    fsc_sim_result *out;
} world;

static double uniform(world *w) /* xorshift64* (Vigna 2016) */
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (double)((w->random * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

static double value_of(const fsc_series *s, int64_t t)
{
    int64_t i = (t - s->start) / s->step_s;
    return t < s->start || (size_t)i >= s->n ? NAN : s->values[i];
}

/* ---- nodes and pods ----------------------------------------------------------------------- */

static int64_t nodes_in(const world *w, size_t pool)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->n_nodes; i++)
        n += w->nodes[i].pool == pool;
    return n;
}

static bool order_node(world *w, size_t pool)
{
    if (w->n_nodes == w->most_nodes || nodes_in(w, pool) >= w->orders.max_nodes[pool])
        return false;
    int64_t ready_at = w->now + w->p->pools[pool].lead_s;
    w->nodes[w->n_nodes++] =
        (node){.pool = pool, .ready_at = ready_at, .busy_at = ready_at, .gone_at = INT64_MAX};
    w->out->node_starts++;
    return true;
}

static bool is_better_place(const world *w, const node *a, const node *b)
{
    bool a_up = a->ready_at <= w->now, b_up = b->ready_at <= w->now;
    if (a_up != b_up)
        return a_up;
    return w->p->placement == FSC_SIM_PACKED ? a->pods > b->pods : a->pods < b->pods;
}

static bool place_pod(world *w)
{
    node *best = NULL;
    for (size_t i = 0; i < w->n_nodes; i++) {
        node *n = &w->nodes[i];
        if (n->pods < w->p->pods_per_node && n->gone_at == INT64_MAX &&
            (!best || is_better_place(w, n, best)))
            best = n;
    }
    if (!best)
        return false;
    best->pods++;
    w->pods[w->n_pods++] = (pod){.node = (size_t)(best - w->nodes),
                                 .ready_at = at_least(best->ready_at, w->now) + w->p->lead_pod_s};
    w->pending--;
    return true;
}

static void place_pending(world *w)
{
    while (w->pending > 0 && place_pod(w))
        ;
    for (size_t pool = 0; w->pending > 0 && pool < w->p->n_pools;)
        if (!order_node(w, pool))
            pool++;
        else
            while (w->pending > 0 && place_pod(w))
                ;
}

/* Those that do not serve go first, as the ReplicaSet controller has it. */
static bool goes_before(const world *w, const pod *a, const pod *b)
{
    bool a_up = a->ready_at <= w->now, b_up = b->ready_at <= w->now;
    if (a_up != b_up)
        return b_up;
    int64_t on_a = w->nodes[a->node].pods, on_b = w->nodes[b->node].pods;
    if (on_a != on_b)
        return w->p->placement == FSC_SIM_PACKED ? on_a < on_b : on_a > on_b;
    return a->ready_at > b->ready_at;
}

static void remove_pod(world *w, size_t i)
{
    w->nodes[w->pods[i].node].pods--;
    w->pods[i] = w->pods[--w->n_pods];
}

static void scale_to(world *w, int64_t replicas)
{
    int64_t now = (int64_t)w->n_pods + w->pending;
    w->out->scale_operations += replicas != now;
    w->pending += at_least(replicas - now, 0);
    int64_t surplus = at_least(now - replicas, 0), unplaced = at_most(surplus, w->pending);
    w->pending -= unplaced;
    for (surplus -= unplaced; surplus > 0; surplus--) {
        size_t first = 0;
        for (size_t i = 1; i < w->n_pods; i++)
            first = goes_before(w, &w->pods[i], &w->pods[first]) ? i : first;
        remove_pod(w, first);
    }
}

static void remove_node(world *w, size_t i)
{
    for (size_t k = 0; k < w->n_pods;)
        if (w->pods[k].node == i) {
            remove_pod(w, k);
            w->pending++;
        } else {
            k++;
        }
    size_t last = --w->n_nodes;
    w->nodes[i] = w->nodes[last];
    for (size_t k = 0; k < w->n_pods; k++)
        if (w->pods[k].node == last)
            w->pods[k].node = i;
}

static void interrupt_nodes(world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        double each = w->p->pools[w->nodes[i].pool].interruptions_per_h;
        if (each > 0 && w->nodes[i].gone_at == INT64_MAX &&
            uniform(w) < each * FSC_SIM_STEP_S / FSC_HOUR_S)
            w->nodes[i].gone_at = w->now + w->p->notice_s;
    }
}

static bool is_over(const world *w, const node *n)
{
    if (w->now >= n->gone_at)
        return true;
    return !n->pods && w->now - n->busy_at >= w->p->pools[n->pool].idle_s &&
           nodes_in(w, n->pool) > w->orders.min_nodes[n->pool];
}

static void settle_nodes(world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        node *n = &w->nodes[i];
        if (n->pods)
            n->busy_at = at_least(w->now, n->ready_at);
        if (is_over(w, n))
            remove_node(w, i--);
    }
    for (size_t pool = 0; pool < w->p->n_pools; pool++)
        while (nodes_in(w, pool) < w->orders.min_nodes[pool] && order_node(w, pool))
            ;
}

static int64_t ready_pods(const world *w)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->n_pods; i++)
        n += w->pods[i].ready_at <= w->now;
    return n;
}

/* ---- the autoscaler ----------------------------------------------------------------------- */

static sync *sync_before(const world *w, size_t back)
{
    return &w->syncs[(w->next_sync + w->n_syncs - back) % w->n_syncs];
}

static int64_t changed_within(const world *w, int64_t span_s, int sign)
{
    int64_t sum = 0;
    for (size_t k = 1; (int64_t)k * w->p->hpa.sync_s < span_s; k++)
        sum += at_least(sign * sync_before(w, k)->change, 0);
    return sum;
}

static int64_t recommended(const world *w, int64_t current)
{
    const fsc_sim_params *p = w->p;
    double metric = value_of(p->metric ? p->metric : p->demand, w->now - p->hpa.metric_lag_s);
    double target = p->utilization * p->per_replica;
    if (isnan(metric) || !current ||
        fabs(metric / (target * (double)current) - 1) <= p->hpa.tolerance)
        return current;
    return whole(metric / target);
}

static void autoscale(world *w)
{
    const fsc_sim_hpa *h = &w->p->hpa;
    int64_t current = (int64_t)w->n_pods + w->pending, wanted = recommended(w, current), to;
    int64_t stable = wanted;
    for (size_t k = 1; (int64_t)k * h->sync_s < h->stabilization_s; k++)
        stable = at_least(stable, sync_before(w, k)->wanted);
    if (current > w->orders.max_replicas || current < w->orders.min_replicas) {
        to = current; /* bounds go before rates */
    } else if (wanted > current) {
        int64_t room = h->up_pods - changed_within(w, h->up_period_s, 1);
        to = at_most(wanted, current + at_least(room, 0));
    } else {
        int64_t room = h->down_pods - changed_within(w, h->down_period_s, -1);
        to = at_least(at_most(stable, current), current - at_least(room, 0));
    }
    to = at_least(at_most(to, w->orders.max_replicas), w->orders.min_replicas);
    w->syncs[w->next_sync] = (sync){wanted, to - current};
    w->next_sync = (w->next_sync + 1) % w->n_syncs;
    scale_to(w, to);
}

/* ---- requests ----------------------------------------------------------------------------- */

static size_t minute_of(const world *w, int64_t t)
{
    return (size_t)((t - w->p->from) / FSC_MINUTE_S);
}

/* First come, first served; slot 0 of the ages is the step that runs now. */
static void serve(world *w)
{
    double room = (double)ready_pods(w) * w->p->per_replica * FSC_SIM_STEP_S;
    int64_t step = (w->now - w->p->from) / FSC_SIM_STEP_S;
    size_t n = w->n_waiting;
    double came = fmax(value_of(w->p->demand, w->now), 0) * FSC_SIM_STEP_S;
    came = isnan(came) ? 0 : came;
    w->waiting[(size_t)step % n] = came;
    w->arrived += came;
    w->minute_arrived[minute_of(w, w->now)] += came;
    for (int64_t age = at_most((int64_t)n - 1, step); age >= 0; age--) {
        double *slot = &w->waiting[(size_t)(step - age) % n];
        int64_t waited = age * FSC_SIM_STEP_S;
        size_t minute = minute_of(w, w->now - waited);
        double served = fmin(*slot, room);
        room -= served;
        *slot -= served;
        bool dropped = waited >= w->p->drop_after_s;
        w->late[minute] += (waited > w->p->late_after_s ? served : 0) + (dropped ? *slot : 0);
        w->unserved += dropped ? *slot : 0;
        *slot = dropped ? 0 : *slot;
    }
}

static double backlog(const world *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->n_waiting; i++)
        sum += w->waiting[i];
    return sum;
}

/* ---- the run ------------------------------------------------------------------------------ */

static void bill(world *w)
{
    int64_t rate = 0;
    for (size_t i = 0; i < w->n_nodes; i++) {
        rate += w->p->pools[w->nodes[i].pool].price_micros_per_h;
        w->out->pool_hours[w->nodes[i].pool] += (double)FSC_SIM_STEP_S / FSC_HOUR_S;
    }
    int64_t cost = fsc_money_over(rate, FSC_SIM_STEP_S, 1);
    w->minute_micros[minute_of(w, w->now)] += cost;
    w->out->cost_micros += cost;
    w->out->peak_micros_per_h = at_least(w->out->peak_micros_per_h, rate);
    w->out->node_hours += (double)w->n_nodes * FSC_SIM_STEP_S / FSC_HOUR_S;
}

static fsc_status ask(world *w, fsc_sim_policy policy, void *ctx, fsc_err *err)
{
    fsc_sim_seen seen = {.now = w->now,
                         .replicas = (int64_t)w->n_pods + w->pending,
                         .ready = ready_pods(w),
                         .backlog = backlog(w),
                         .minute_micros = w->minute_micros,
                         .n_minutes = minute_of(w, w->now)};
    for (size_t i = 0; i < w->n_nodes; i++) {
        seen.nodes[w->nodes[i].pool]++;
        seen.leaving[w->nodes[i].pool] += w->nodes[i].gone_at != INT64_MAX;
    }
    w->coming = w->orders;
    w->coming_at = w->now + w->p->act_s;
    return policy(&w->coming, ctx, &seen, err);
}

static fsc_status open_world(world *w, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    int64_t span =
        at_least(at_least(p->hpa.stabilization_s, p->hpa.up_period_s), p->hpa.down_period_s);
    size_t minutes = (size_t)((p->to - p->from) / FSC_MINUTE_S) + 1;
    w->most_nodes = 2 * FSC_SIM_MAX_PODS;
    w->n_syncs = (size_t)(span / p->hpa.sync_s) + 2;
    w->n_waiting = (size_t)(p->drop_after_s / FSC_SIM_STEP_S) + 1;
    w->nodes = FSC_NEW(a, w->most_nodes, node, err);
    w->pods = FSC_NEW(a, FSC_SIM_MAX_PODS, pod, err);
    w->syncs = FSC_NEW(a, w->n_syncs, sync, err);
    w->waiting = FSC_NEW(a, w->n_waiting, double, err);
    w->late = FSC_NEW(a, minutes, double, err);
    w->minute_arrived = FSC_NEW(a, minutes, double, err);
    w->minute_micros = FSC_NEW(a, minutes, int64_t, err);
    w->minute_ready = FSC_NEW(a, minutes, int64_t, err);
    if (!w->nodes || !w->pods || !w->syncs || !w->waiting || !w->late || !w->minute_arrived ||
        !w->minute_micros || !w->minute_ready)
        return FSC_NOMEM;
    w->random = p->seed * 2654435769u + 88172645463325252u;
    w->orders = (fsc_sim_orders){.min_replicas = p->min_replicas, .max_replicas = p->max_replicas};
    for (size_t i = 0; i < p->n_pools; i++)
        w->orders.max_nodes[i] = p->pools[i].max_nodes;
    w->pending = p->min_replicas;
    w->coming_at = INT64_MAX;
    return FSC_OK;
}

static fsc_status step(world *w, fsc_sim_policy policy, void *ctx, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    int64_t since = w->now - p->from;
    interrupt_nodes(w);
    if (policy && since % p->tick_s == 0)
        FSC_TRY(ask(w, policy, ctx, err));
    if (w->now >= w->coming_at) {
        w->orders = w->coming;
        w->orders.max_replicas = at_most(w->orders.max_replicas, FSC_SIM_MAX_PODS);
        w->coming_at = INT64_MAX;
    }
    if (since % p->hpa.sync_s == 0)
        autoscale(w);
    settle_nodes(w);
    place_pending(w);
    serve(w);
    w->minute_ready[minute_of(w, w->now)] = ready_pods(w);
    bill(w);
    return FSC_OK;
}

static void close_world(world *w)
{
    fsc_sim_result *r = w->out;
    r->n_minutes = minute_of(w, w->p->to);
    r->minute_micros = w->minute_micros;
    r->minute_ready = w->minute_ready;
    for (size_t m = 0; m < r->n_minutes; m++)
        r->late_minutes += w->late[m] > w->p->late_share * w->minute_arrived[m];
    r->unserved_share = w->arrived > 0 ? w->unserved / w->arrived : 0;
}

fsc_status fsc_simulate(fsc_sim_result *out, const fsc_sim_params *p, fsc_sim_policy policy,
                        void *ctx, fsc_arena *a, fsc_err *err)
{
    world w = {.p = p, .out = out};
    *out = (fsc_sim_result){0};
    if (p->demand->start > p->from || fsc_series_end(p->demand) < p->to)
        return fsc_fail(err, FSC_DATA, "the demand does not cover the time to simulate");
    if (p->max_replicas > FSC_SIM_MAX_PODS)
        return fsc_fail(err, FSC_DATA, "a world has %d pods at most", (int)FSC_SIM_MAX_PODS);
    FSC_TRY(open_world(&w, a, err));
    for (w.now = p->from; w.now < p->to; w.now += FSC_SIM_STEP_S)
        FSC_TRY(step(&w, policy, ctx, err));
    close_world(&w);
    return FSC_OK;
}

int64_t fsc_sim_largest_window(const fsc_sim_result *r, int64_t length_s)
{
    size_t length = (size_t)(length_s / FSC_MINUTE_S);
    int64_t sum = 0, most = 0;
    for (size_t m = 0; m < r->n_minutes; m++) {
        sum += r->minute_micros[m] - (m >= length ? r->minute_micros[m - length] : 0);
        most = at_least(most, sum);
    }
    return most;
}

/* ---- foresight ---------------------------------------------------------------------------- */

typedef struct path {
    int64_t cost, late;
} path;

static int64_t nodes_needed(const fsc_sim_params *p, int64_t minute)
{
    double worst = 0;
    for (int64_t t = minute; t < minute + FSC_MINUTE_S; t += FSC_SIM_STEP_S)
        worst = fmax(worst, value_of(p->demand, t));
    return whole(worst / (p->per_replica * (double)p->pods_per_node));
}

/* The cheapest way to have `to` nodes in the next minute; starting pays the boot, stopping the
 * idle tail. */
static path cheapest_into(const path *before, int64_t most, int64_t to, int64_t start, int64_t stop)
{
    path best = before[to];
    for (int64_t k = 1; k <= most; k++) {
        int64_t move = k < to ? (to - k) * start : (k - to) * stop;
        if (before[k].cost + move < best.cost)
            best = (path){before[k].cost + move, before[k].late};
    }
    return best;
}

fsc_status fsc_sim_oracle_run(fsc_sim_oracle *out, const fsc_sim_params *p,
                              int64_t late_minute_micros, fsc_arena *a, fsc_err *err)
{
    const fsc_sim_pool *pool = &p->pools[0];
    int64_t most = (p->max_replicas + p->pods_per_node - 1) / p->pods_per_node;
    int64_t start = fsc_money_over(pool->price_micros_per_h, pool->lead_s + p->lead_pod_s, 1),
            stop = fsc_money_over(pool->price_micros_per_h, pool->idle_s, 1),
            minute = fsc_money_over(pool->price_micros_per_h, FSC_MINUTE_S, 1);
    path *best = FSC_NEW(a, (size_t)most + 1, path, err),
         *next = FSC_NEW(a, (size_t)most + 1, path, err);
    if (!best || !next)
        return FSC_NOMEM;
    for (int64_t k = 1; k <= most; k++)
        best[k].cost = k * start;
    for (int64_t t = p->from; t < p->to; t += FSC_MINUTE_S) {
        int64_t needed = nodes_needed(p, t);
        for (int64_t k = 1; k <= most; k++) {
            next[k] = cheapest_into(best, most, k, start, stop);
            next[k].cost += k * minute + (k < needed ? late_minute_micros : 0);
            next[k].late += k < needed;
        }
        path *swap = best;
        best = next;
        next = swap;
    }
    path least = best[1];
    for (int64_t k = 2; k <= most; k++)
        least = best[k].cost < least.cost ? best[k] : least;
    *out = (fsc_sim_oracle){least.cost - least.late * late_minute_micros, least.late};
    return FSC_OK;
}
