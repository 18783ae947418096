/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bounds.h"
#include "forescale/money.h"
#include "world.h"

#include <math.h>
#include <string.h>

const fsc_sim_hpa fsc_sim_hpa_default = {.sync_s = 15,
                                         .metric_lag_s = 15,
                                         .stabilization_s = 300,
                                         .tolerance = 0.1,
                                         .up_pods = 4,
                                         .up_period_s = 90,
                                         .down_pods = 1,
                                         .down_period_s = 60};

static double uniform(fsc_world *w) /* xorshift64* (Vigna 2016) */
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

static bool order_node(fsc_world *w, size_t pool, size_t for_app)
{
    if (w->n_nodes == w->most_nodes || w->in_pool[pool] >= w->orders.pools[pool].max)
        return false;
    int64_t ready_at = w->now + w->p->pools[pool].lead_s;
    w->nodes[w->n_nodes++] = (fsc_world_node){.pool = pool,
                                              .app = for_app,
                                              .ready_at = ready_at,
                                              .busy_at = ready_at,
                                              .gone_at = INT64_MAX};
    w->in_pool[pool]++;
    w->out.node_starts++;
    return true;
}

static bool has_room(const fsc_world *w, const fsc_world_node *n, const fsc_world_app *x)
{
    return x->may_use[n->pool] && n->used + x->p->gpus <= w->p->pools[n->pool].gpus &&
           n->gone_at == INT64_MAX;
}

static bool is_better_place(const fsc_world *w, const fsc_world_node *a, const fsc_world_node *b)
{
    bool a_up = a->ready_at <= w->now, b_up = b->ready_at <= w->now;
    if (a_up != b_up)
        return a_up;
    return w->p->placement == FSC_SIM_PACKED ? a->pods > b->pods : a->pods < b->pods;
}

static bool place_pod(fsc_world *w, fsc_world_app *x)
{
    fsc_world_node *best = NULL;
    for (size_t i = 0; i < w->n_nodes; i++) {
        fsc_world_node *n = &w->nodes[i];
        if (has_room(w, n, x) && (!best || is_better_place(w, n, best)))
            best = n;
    }
    if (!best)
        return false;
    best->pods++;
    best->used += x->p->gpus;
    best->app = (size_t)(x - w->apps);
    w->pods[w->n_pods++] =
        (fsc_world_pod){.node = (size_t)(best - w->nodes),
                        .app = best->app,
                        .ready_at = at_least(best->ready_at, w->now) + x->p->lead_pod_s};
    x->pods++;
    x->pending--;
    return true;
}

static void place_pending(fsc_world *w, fsc_world_app *x)
{
    while (x->pending > 0 && place_pod(w, x))
        ;
    for (size_t k = 0; x->pending > 0 && k < x->p->n_pools;)
        if (!order_node(w, x->p->pools[k], (size_t)(x - w->apps)))
            k++;
        else
            while (x->pending > 0 && place_pod(w, x))
                ;
}

/* Those that do not serve go first, as the ReplicaSet controller has it. */
static bool goes_before(const fsc_world *w, const fsc_world_pod *a, const fsc_world_pod *b)
{
    bool a_up = a->ready_at <= w->now, b_up = b->ready_at <= w->now;
    if (a_up != b_up)
        return b_up;
    int64_t on_a = w->nodes[a->node].pods, on_b = w->nodes[b->node].pods;
    if (on_a != on_b)
        return w->p->placement == FSC_SIM_PACKED ? on_a < on_b : on_a > on_b;
    return a->ready_at > b->ready_at;
}

static void remove_pod(fsc_world *w, size_t i)
{
    fsc_world_app *x = &w->apps[w->pods[i].app];
    fsc_world_node *n = &w->nodes[w->pods[i].node];
    n->pods--;
    n->used -= x->p->gpus;
    x->pods--;
    w->pods[i] = w->pods[--w->n_pods];
}

static void remove_first(fsc_world *w, const fsc_world_app *x)
{
    const fsc_world_pod *first = NULL;
    for (size_t i = 0; i < w->n_pods; i++)
        if (&w->apps[w->pods[i].app] == x && (!first || goes_before(w, &w->pods[i], first)))
            first = &w->pods[i];
    if (first)
        remove_pod(w, (size_t)(first - w->pods));
}

static void scale_to(fsc_world *w, fsc_world_app *x, int64_t replicas)
{
    int64_t now = x->pods + x->pending;
    x->out->scale_operations += replicas != now;
    x->pending += at_least(replicas - now, 0);
    int64_t surplus = at_least(now - replicas, 0), unplaced = at_most(surplus, x->pending);
    x->pending -= unplaced;
    for (surplus -= unplaced; surplus > 0; surplus--)
        remove_first(w, x);
}

static void remove_node(fsc_world *w, size_t i)
{
    for (size_t k = 0; k < w->n_pods;)
        if (w->pods[k].node == i) {
            w->apps[w->pods[k].app].pending++;
            remove_pod(w, k);
        } else {
            k++;
        }
    size_t last = --w->n_nodes;
    w->in_pool[w->nodes[i].pool]--;
    w->nodes[i] = w->nodes[last];
    for (size_t k = 0; k < w->n_pods; k++)
        if (w->pods[k].node == last)
            w->pods[k].node = i;
}

static void interrupt_nodes(fsc_world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        double each = w->p->pools[w->nodes[i].pool].interruptions_per_h;
        if (each > 0 && w->nodes[i].gone_at == INT64_MAX &&
            uniform(w) < each * FSC_SIM_STEP_S / FSC_HOUR_S)
            w->nodes[i].gone_at = w->now + w->p->notice_s;
    }
}

static bool is_over(const fsc_world *w, const fsc_world_node *n)
{
    if (w->now >= n->gone_at)
        return true;
    return !n->pods && w->now - n->busy_at >= w->p->pools[n->pool].idle_s &&
           w->in_pool[n->pool] > w->orders.pools[n->pool].min;
}

/* The first workload that may use it. */
static size_t user_of(const fsc_world *w, size_t pool)
{
    size_t a = 0;
    while (a + 1 < w->p->n_workloads && !w->apps[a].may_use[pool])
        a++;
    return a;
}

static void settle_nodes(fsc_world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        fsc_world_node *n = &w->nodes[i];
        if (n->pods)
            n->busy_at = at_least(w->now, n->ready_at);
        if (is_over(w, n))
            remove_node(w, i--);
    }
    for (size_t pool = 0; pool < w->p->n_pools; pool++)
        while (w->in_pool[pool] < w->orders.pools[pool].min &&
               order_node(w, pool, user_of(w, pool)))
            ;
}

static void count_ready(fsc_world *w)
{
    for (size_t a = 0; a < w->p->n_workloads; a++)
        w->apps[a].ready = 0;
    for (size_t i = 0; i < w->n_pods; i++)
        w->apps[w->pods[i].app].ready += w->pods[i].ready_at <= w->now;
}

/* ---- the autoscaler ----------------------------------------------------------------------- */

static fsc_world_sync *sync_before(const fsc_world *w, const fsc_world_app *x, size_t back)
{
    return &x->syncs[(w->next_sync + w->n_syncs - back) % w->n_syncs];
}

static int64_t changed_within(const fsc_world *w, const fsc_world_app *x, int64_t span_s, int sign)
{
    int64_t sum = 0;
    for (size_t k = 1; (int64_t)k * w->p->hpa.sync_s < span_s; k++)
        sum += at_least(sign * sync_before(w, x, k)->change, 0);
    return sum;
}

static int64_t recommended(const fsc_world *w, const fsc_sim_workload *p, int64_t current)
{
    double metric = value_of(p->metric ? p->metric : p->demand, w->now - w->p->hpa.metric_lag_s);
    double target = p->utilization * p->per_replica;
    if (isnan(metric) || !current ||
        fabs(metric / (target * (double)current) - 1) <= w->p->hpa.tolerance)
        return current;
    return whole(metric / target);
}

static void autoscale(fsc_world *w, fsc_world_app *x)
{
    const fsc_sim_hpa *h = &w->p->hpa;
    const fsc_sim_bounds *bounds = &w->orders.workloads[x - w->apps];
    int64_t current = x->pods + x->pending, wanted = recommended(w, x->p, current), to;
    int64_t stable = wanted;
    for (size_t k = 1; (int64_t)k * h->sync_s < h->stabilization_s; k++)
        stable = at_least(stable, sync_before(w, x, k)->wanted);
    if (current > bounds->max || current < bounds->min) {
        to = current; /* bounds go before rates */
    } else if (wanted > current) {
        int64_t room = h->up_pods - changed_within(w, x, h->up_period_s, 1);
        to = at_most(wanted, current + at_least(room, 0));
    } else {
        int64_t room = h->down_pods - changed_within(w, x, h->down_period_s, -1);
        to = at_least(at_most(stable, current), current - at_least(room, 0));
    }
    to = at_least(at_most(to, bounds->max), bounds->min);
    *sync_before(w, x, 0) = (fsc_world_sync){wanted, to - current};
    scale_to(w, x, to);
}

static void autoscale_all(fsc_world *w)
{
    for (size_t a = 0; a < w->p->n_workloads; a++)
        autoscale(w, &w->apps[a]);
    w->next_sync = (w->next_sync + 1) % w->n_syncs;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* First come, first served; slot 0 of the ages is the step that runs now. */
static void serve(fsc_world *w, fsc_world_app *x)
{
    double room = (double)x->ready * x->p->per_replica * FSC_SIM_STEP_S;
    int64_t step = (w->now - w->p->from) / FSC_SIM_STEP_S;
    size_t n = w->n_waiting;
    double came = fmax(value_of(x->p->demand, w->now), 0) * FSC_SIM_STEP_S;
    came = isnan(came) ? 0 : came;
    x->waiting[(size_t)step % n] = came;
    x->arrived += came;
    x->minute_arrived[fsc__world_minute(w, w->now)] += came;
    for (int64_t age = at_most((int64_t)n - 1, step); age >= 0; age--) {
        double *slot = &x->waiting[(size_t)(step - age) % n];
        int64_t waited = age * FSC_SIM_STEP_S;
        size_t minute = fsc__world_minute(w, w->now - waited);
        double served = fmin(*slot, room);
        room -= served;
        *slot -= served;
        bool dropped = waited >= w->p->drop_after_s;
        x->late[minute] += (waited > w->p->late_after_s ? served : 0) + (dropped ? *slot : 0);
        x->unserved += dropped ? *slot : 0;
        *slot = dropped ? 0 : *slot;
    }
}

static double backlog(const fsc_world *w, const fsc_world_app *x)
{
    double sum = 0;
    for (size_t i = 0; i < w->n_waiting; i++)
        sum += x->waiting[i];
    return sum;
}

/* ---- the bill ----------------------------------------------------------------------------- */

static void charge(const fsc_world *w, fsc_world_app *x, const fsc_world_node *n, double share)
{
    const fsc_sim_pool *pool = &w->p->pools[n->pool];
    x->rate += share * (double)pool->price_micros_per_h;
    x->gpu_steps += share * (double)pool->gpus;
}

static void share_bill(fsc_world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++)
        if (!w->nodes[i].used)
            charge(w, &w->apps[w->nodes[i].app], &w->nodes[i], 1);
    for (size_t i = 0; i < w->n_pods; i++) {
        fsc_world_app *x = &w->apps[w->pods[i].app];
        const fsc_world_node *n = &w->nodes[w->pods[i].node];
        if (n->used)
            charge(w, x, n, (double)x->p->gpus / (double)n->used);
    }
    for (size_t a = 0; a < w->p->n_workloads; a++) {
        fsc_world_app *x = &w->apps[a];
        x->share += x->rate;
        x->out->peak_micros_per_h =
            at_least(x->out->peak_micros_per_h, (int64_t)ceil(x->rate - 0.5));
        x->rate = 0;
    }
}

static void bill(fsc_world *w)
{
    fsc_sim_part *all = &w->out.all;
    size_t minute = fsc__world_minute(w, w->now);
    int64_t sum = 0;
    for (size_t pool = 0; pool < w->p->n_pools; pool++) {
        int64_t rate = w->in_pool[pool] * w->p->pools[pool].price_micros_per_h,
                cost = fsc_money_over(rate, FSC_SIM_STEP_S, 1);
        sum += rate;
        w->gpu_steps += w->in_pool[pool] * w->p->pools[pool].gpus;
        all->cost_micros += cost;
        w->pool_micros[pool][minute] += cost;
        w->minute_micros[minute] += cost;
    }
    all->peak_micros_per_h = at_least(all->peak_micros_per_h, sum);
    w->out.node_hours += (double)w->n_nodes * FSC_SIM_STEP_S / FSC_HOUR_S;
    share_bill(w);
}

/* ---- the run ------------------------------------------------------------------------------ */

static fsc_status ask(fsc_world *w, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    const fsc_sim_seen seen = {.now = w->now,
                               .workloads = w->seen_pods,
                               .pools = w->seen_nodes,
                               .n_minutes = fsc__world_minute(w, w->now)};
    count_ready(w);
    for (size_t a = 0; a < p->n_workloads; a++) {
        const fsc_world_app *x = &w->apps[a];
        w->seen_pods[a] = (fsc_sim_pods){x->pods + x->pending, x->ready, backlog(w, x)};
    }
    for (size_t pool = 0; pool < p->n_pools; pool++)
        w->seen_nodes[pool] = (fsc_sim_nodes){w->in_pool[pool], 0, w->pool_micros[pool]};
    for (size_t i = 0; i < w->n_nodes; i++)
        w->seen_nodes[w->nodes[i].pool].leaving += w->nodes[i].gone_at != INT64_MAX;
    memcpy(w->coming.workloads, w->orders.workloads, p->n_workloads * sizeof *w->orders.workloads);
    memcpy(w->coming.pools, w->orders.pools, p->n_pools * sizeof *w->orders.pools);
    w->coming_at = w->now + p->act_s;
    return w->policy(&w->coming, w->ctx, &seen, err);
}

static void obey(fsc_world *w)
{
    fsc_sim_orders before = w->orders;
    w->orders = w->coming;
    w->coming = before;
    w->coming_at = INT64_MAX;
    for (size_t a = 0; a < w->p->n_workloads; a++)
        w->orders.workloads[a].max = at_most(w->orders.workloads[a].max, FSC_SIM_MAX_PODS);
}

static fsc_status step(fsc_world *w, fsc_err *err)
{
    const fsc_sim_params *p = w->p;
    int64_t since = w->now - p->from;
    interrupt_nodes(w);
    if (w->policy && since % p->tick_s == 0)
        FSC_TRY(ask(w, err));
    if (w->now >= w->coming_at)
        obey(w);
    if (since % p->hpa.sync_s == 0)
        autoscale_all(w);
    settle_nodes(w);
    for (size_t a = 0; a < p->n_workloads; a++)
        place_pending(w, &w->apps[a]);
    count_ready(w);
    int64_t *ready = &w->minute_ready[fsc__world_minute(w, w->now)];
    *ready = 0;
    for (size_t a = 0; a < p->n_workloads; a++) {
        fsc_world_app *x = &w->apps[a];
        serve(w, x);
        x->minute_ready[fsc__world_minute(w, w->now)] = x->ready;
        *ready += x->ready;
    }
    bill(w);
    return FSC_OK;
}

/* As if it had long been so: none of it is counted as a start. */
static void begin_running(fsc_world *w)
{
    for (size_t a = 0; a < w->p->n_workloads; a++) {
        fsc_world_app *x = &w->apps[a];
        int64_t pods =
            whole(value_of(x->p->demand, w->now) / (x->p->utilization * x->p->per_replica));
        x->pending = at_most(at_least(pods, x->p->min_replicas), x->p->max_replicas);
        place_pending(w, x);
    }
    for (size_t i = 0; i < w->n_nodes; i++)
        w->nodes[i].ready_at = w->nodes[i].busy_at = w->now;
    for (size_t i = 0; i < w->n_pods; i++)
        w->pods[i].ready_at = w->now;
    w->out.node_starts = 0;
    count_ready(w);
}

fsc_status fsc_world_until(fsc_world *w, int64_t to, fsc_err *err)
{
    if (w->p->running && w->now == w->p->from)
        begin_running(w);
    for (; w->now < at_most(to, w->p->to); w->now += FSC_SIM_STEP_S)
        FSC_TRY(step(w, err));
    return FSC_OK;
}

fsc_status fsc_simulate(fsc_sim_result *out, const fsc_sim_params *p, fsc_sim_policy policy,
                        void *ctx, fsc_arena *a, fsc_err *err)
{
    fsc_world *w;
    FSC_TRY(fsc_world_open(&w, p, policy, ctx, a, err));
    FSC_TRY(fsc_world_until(w, p->to, err));
    fsc_world_close(out, w);
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
