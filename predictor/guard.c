/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guard.h"
#include "bounds.h"

#include <math.h>
#include <string.h>

enum { NOTICE_S = 120 }; /* of an interruption: the lost node and its successor both bill */

static const double overlaps_margin = 3; /* times as many interruptions as are expected */

static const fsc_period periods[] = {[FSC_WINDOW_DAY] = FSC_PERIOD_DAY,
                                     [FSC_WINDOW_WEEK] = FSC_PERIOD_WEEK,
                                     [FSC_WINDOW_MONTH] = FSC_PERIOD_MONTH};

static int64_t add(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* ---- spend by bucket
 * --------------------------------------------------------------------------------------- */

static int64_t window_length(const fsc_budget_config *b)
{
    static const int64_t longest[] = {[FSC_WINDOW_DAY] = 25 * FSC_HOUR_S,
                                      [FSC_WINDOW_WEEK] = 8 * FSC_DAY_S,
                                      [FSC_WINDOW_MONTH] = 32 * FSC_DAY_S};
    return b->window.kind == FSC_WINDOW_ROLLING ? b->window.length_s : longest[b->window.kind];
}

int64_t fsc_guard_window_s(const fsc_budget_config *b)
{
    static const int64_t shortest[] = {[FSC_WINDOW_DAY] = 23 * FSC_HOUR_S,
                                       [FSC_WINDOW_WEEK] = 7 * FSC_DAY_S - FSC_HOUR_S,
                                       [FSC_WINDOW_MONTH] = 28 * FSC_DAY_S};
    return b->window.kind == FSC_WINDOW_ROLLING ? b->window.length_s : shortest[b->window.kind];
}

static int64_t bucket_length(const fsc_budget_config *b)
{
    int64_t fit = (window_length(b) + FSC_SPEND_BUCKETS - 3) / (FSC_SPEND_BUCKETS - 2);
    return (fit + FSC_MINUTE_S - 1) / FSC_MINUTE_S * FSC_MINUTE_S;
}

static void advance_to(fsc_spend *s, int64_t now)
{
    int64_t bucket = now - (now % s->bucket_s + s->bucket_s) % s->bucket_s;
    int64_t steps = s->known ? (bucket - s->newest) / s->bucket_s : FSC_SPEND_BUCKETS;
    if (s->known && steps <= 0)
        return;
    steps = at_most(steps, FSC_SPEND_BUCKETS);
    memmove(s->micros, s->micros + steps, (size_t)(FSC_SPEND_BUCKETS - steps) * sizeof *s->micros);
    memset(s->micros + FSC_SPEND_BUCKETS - steps, 0, (size_t)steps * sizeof *s->micros);
    s->newest = bucket;
    s->known = true;
}

/* sums[i] is what buckets i and later hold: the windows of one run are asked for thousands of
 * times. */
static void sum_up(int64_t sums[FSC_SPEND_BUCKETS + 1], const fsc_spend *s)
{
    sums[FSC_SPEND_BUCKETS] = 0;
    for (size_t i = FSC_SPEND_BUCKETS; i-- > 0;)
        sums[i] = add(sums[i + 1], s->micros[i]);
}

/* What was spent in (from, now]: a bucket that lies in it only in part counts whole. */
static int64_t summed_since(const int64_t sums[FSC_SPEND_BUCKETS + 1], const fsc_spend *s,
                            int64_t from)
{
    int64_t behind = s->newest + s->bucket_s - from; /* the newest bucket's end */
    int64_t buckets = behind <= 0 ? 0 : (behind + s->bucket_s - 1) / s->bucket_s;
    return sums[FSC_SPEND_BUCKETS - at_most(buckets, FSC_SPEND_BUCKETS)];
}

static int64_t spent_since(const fsc_spend *s, int64_t from)
{
    int64_t sums[FSC_SPEND_BUCKETS + 1];
    sum_up(sums, s);
    return summed_since(sums, s, from);
}

static int64_t window_begin(const fsc_guard_input *in, int64_t end)
{
    const fsc_window *w = &in->cfg->window;
    if (w->kind == FSC_WINDOW_ROLLING)
        return end - w->length_s;
    return fsc_period_start(in->zone, periods[w->kind], end - 1);
}

int64_t fsc_guard_window_end(const fsc_guard_input *in)
{
    const fsc_window *w = &in->cfg->window;
    return w->kind == FSC_WINDOW_ROLLING ? in->now
                                         : fsc_period_end(in->zone, periods[w->kind], in->now);
}

int64_t fsc_guard_spent(const fsc_guard_state *g, const fsc_guard_input *in, int64_t *window_start,
                        int64_t *window_end)
{
    *window_end = fsc_guard_window_end(in);
    *window_start = window_begin(in, *window_end);
    return spent_since(&g->spend, *window_start);
}

int64_t fsc_guard_advance(fsc_guard_state *g, const fsc_guard_input *in)
{
    int64_t start, end, estimate = 0;
    if (!g->spend.bucket_s)
        g->spend.bucket_s = bucket_length(in->cfg);
    advance_to(&g->spend, in->now);
    if (g->at && in->now > g->at) {
        /* Nodes came or went somewhere in between: the dearer of both ends, for all of it. */
        int64_t rate = at_least(g->rate_micros_per_h, in->rate_micros_per_h);
        bool metered = in->seen->spent_known && in->seen->meter_at > g->at;
        if (in->now - g->at > in->unseen_s && !metered)
            rate = at_least(rate, g->most_micros_per_h);
        estimate = fsc_money_over(rate, in->now - g->at, 1);
        /* A long absence lies in many buckets; what is older than the window must leave with its
         * time. */
        int64_t buckets = at_most((in->now - g->at) / g->spend.bucket_s + 1, FSC_SPEND_BUCKETS);
        for (int64_t i = 0; i < buckets; i++)
            g->spend.micros[FSC_SPEND_BUCKETS - 1 - i] +=
                estimate / buckets + (i < estimate % buckets);
    }
    int64_t known = fsc_guard_spent(g, in, &start, &end);
    if (in->seen->spent_known && in->seen->spent_micros > known)
        g->spend.micros[FSC_SPEND_BUCKETS - 1] += in->seen->spent_micros - known;
    g->at = in->now;
    g->rate_micros_per_h = in->rate_micros_per_h;
    return estimate;
}

/* ---- the promise
 * --------------------------------------------------------------------------------------------- */

/* Nodes that may bill, and until when. After a cut each remaining pod may hold a node of its own,
 * and pods that come and go keep empty ones from leaving: below what runs now only the floors are
 * sure to be cheaper. */
typedef struct bill {
    int64_t until_s; /* a cut at the next chance has worked by then */
    int64_t level, rest;
    int64_t price;
} bill;

static int64_t share_of(const fsc_nodes_share *s, int64_t nodes)
{
    return s->nodes + (int64_t)ceil(s->share * (double)nodes - 1e-9);
}

int64_t fsc_guard_beside(const fsc_guard_input *in, int64_t nodes)
{
    return share_of(&in->surge, nodes) + at_most(share_of(&in->replaced, nodes), nodes);
}

int64_t fsc_guard_level(const fsc_guard_input *in, int64_t nodes)
{
    return at_least(in->nodes, nodes + fsc_guard_beside(in, nodes) + in->leaving + in->reserve);
}

static bill bill_of(const fsc_guard_input *in, int64_t nodes)
{
    /* A successor that is ordered again because no run came in time stays for its idle tail. */
    int64_t beside_s = NOTICE_S + (in->tick_s >= NOTICE_S ? in->settle_s : 0);
    double overlap = overlaps_margin * in->interruptions_per_h * (double)beside_s / FSC_HOUR_S;
    bill b = {.price = (int64_t)ceil((double)in->dearest_micros_per_h * (1 + overlap))};
    b.level = fsc_guard_level(in, nodes);
    b.rest = at_least(at_most(in->floor_pods + in->beside_floor + in->reserve, b.level),
                      in->floor_nodes);
    b.until_s = in->tick_s + in->settle_s + (in->interruptions_per_h > 0 ? beside_s : 0);
    /* What is raised now may only be seen at the next chance, and be cut at the one after. */
    if (b.level > in->nodes)
        b.until_s += in->tick_s;
    return b;
}

static int64_t billed_until(const bill *b, int64_t t)
{
    int64_t sum = fsc_money_over(b->price, at_most(t, b->until_s), b->level);
    return t > b->until_s ? add(sum, fsc_money_over(b->price, t - b->until_s, b->rest)) : sum;
}

/* The ends at which a window can close: of a rolling one each bucket's, of a calendar one this and
 * the next. */
typedef struct ends {
    int64_t first, step, last;
} ends;

static ends window_ends(const fsc_guard_state *g, const fsc_guard_input *in)
{
    const fsc_window *w = &in->cfg->window;
    if (w->kind == FSC_WINDOW_ROLLING)
        return (ends){in->now, g->spend.bucket_s, in->now + w->length_s + g->spend.bucket_s};
    int64_t this_end = fsc_period_end(in->zone, periods[w->kind], in->now);
    int64_t after = fsc_period_end(in->zone, periods[w->kind], this_end);
    return (ends){this_end, after - this_end, after};
}

static int64_t worst_of(const fsc_guard_state *g, const fsc_guard_input *in, const bill *b,
                        const int64_t sums[FSC_SPEND_BUCKETS + 1])
{
    int64_t worst = 0;
    const ends e = window_ends(g, in);
    for (int64_t end = e.first; end <= e.last; end += e.step) {
        int64_t begin = window_begin(in, end);
        int64_t before = begin > in->now ? billed_until(b, begin - in->now) : 0;
        int64_t spent = begin > in->now ? 0 : summed_since(sums, &g->spend, begin);
        worst = at_least(worst, add(spent, billed_until(b, end - in->now) - before));
    }
    return worst;
}

int64_t fsc_guard_worst(const fsc_guard_state *g, const fsc_guard_input *in, int64_t nodes)
{
    const bill b = bill_of(in, nodes);
    int64_t sums[FSC_SPEND_BUCKETS + 1];
    sum_up(sums, &g->spend);
    return worst_of(g, in, &b, sums);
}

int64_t fsc_guard_safe_pods(const fsc_guard_state *g, const fsc_guard_input *in, int64_t nodes,
                            int64_t dead_s)
{
    bill b = bill_of(in, nodes);
    const int64_t floors = b.rest, level = b.level;
    int64_t sums[FSC_SPEND_BUCKETS + 1];
    sum_up(sums, &g->spend);
    b.until_s += at_least(dead_s - in->tick_s, 0);
    b.rest = level;
    if (worst_of(g, in, &b, sums) <= in->cfg->ceiling.micros)
        return INT64_MAX;
    int64_t low = floors, high = level;
    while (low < high) {
        b.rest = low + (high - low + 1) / 2;
        if (worst_of(g, in, &b, sums) <= in->cfg->ceiling.micros)
            low = b.rest;
        else
            high = b.rest - 1;
    }
    return at_least(low - in->reserve, in->floor_pods);
}

int64_t fsc_guard_within_rate(const fsc_guard_input *in)
{
    if (!in->cfg->rate_given || in->dearest_micros_per_h <= 0)
        return INT64_MAX;
    int64_t room = in->cfg->rate.micros / in->dearest_micros_per_h - in->reserve;
    int64_t nodes = room; /* with those that rollouts add */
    while (nodes > 0 && nodes + fsc_guard_beside(in, nodes) > room)
        nodes--;
    return nodes;
}

int64_t fsc_guard_affordable(const fsc_guard_state *g, const fsc_guard_input *in, int64_t most)
{
    int64_t low = -1, high = at_most(most, fsc_guard_within_rate(in));
    if (high < at_most(in->floor_nodes, most))
        return -1;
    int64_t sums[FSC_SPEND_BUCKETS + 1];
    sum_up(sums, &g->spend);
    while (low < high) {
        int64_t mid = low + (high - low + 1) / 2;
        const bill b = bill_of(in, mid);
        if (worst_of(g, in, &b, sums) <= in->cfg->ceiling.micros)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

int64_t fsc_guard_along(const fsc_guard_state *g, const fsc_guard_input *in,
                        const int64_t *cost_micros, size_t n, int64_t step_s)
{
    int64_t start, end, worst = fsc_guard_spent(g, in, &start, &end), sum = 0, gone = 0,
                        sums[FSC_SPEND_BUCKETS + 1];
    bool rolling = in->cfg->window.kind == FSC_WINDOW_ROLLING;
    size_t k = 0;
    sum_up(sums, &g->spend);
    for (size_t i = 0; i < n; i++) {
        int64_t at = in->now + (int64_t)(i + 1) * step_s;
        int64_t part_s = rolling ? step_s : at_most(step_s, end - (at - step_s));
        if (part_s <= 0)
            break;
        sum = add(sum, (int64_t)ceil((double)cost_micros[i] * (double)part_s / (double)step_s));
        int64_t begin = rolling ? at - in->cfg->window.length_s : start;
        while (rolling && in->now + (int64_t)(k + 1) * step_s <= begin)
            gone += cost_micros[k++];
        worst = at_least(
            worst, add(begin < in->now ? summed_since(sums, &g->spend, begin) : 0, sum - gone));
    }
    return worst;
}
