/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The planner's memory between runs, as bytes. It may come back damaged or from a stranger: then it
 * is refused whole, and nothing has overflowed. */
#include "planner_run.h"

#include <stdio.h>
#include <string.h>

/* Far above any real number of pods, any real time, and any money of which a sum of all buckets
 * still fits. */
#define MOST_PODS    (INT64_C(1) << 40)
#define MOST_SECONDS (INT64_C(1) << 40)
#define MOST_MICROS  (INT64_C(1) << 50)

static const char saved_magic[8] = "FSCPL04";

typedef struct saved_header {
    char magic[8];
    uint64_t n_workloads, n_budgets, n_pools;
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
    saved_header h = {
        .n_workloads = c->n_workloads, .n_budgets = c->n_budgets, .n_pools = c->n_pools};
    memcpy(h.magic, saved_magic, sizeof h.magic);
    fsc_buf_add(out, &h, sizeof h);
    for (size_t w = 0; w < c->n_workloads; w++)
        save_named(out, c->workloads[w].name, &p->floors[w], sizeof p->floors[w]);
    for (size_t b = 0; b < c->n_budgets; b++)
        save_named(out, c->budgets[b].name, &p->guards[b], sizeof p->guards[b]);
    for (size_t i = 0; i < c->n_pools; i++)
        save_named(out, c->pools[i].name, &p->pools[i], sizeof p->pools[i]);
    return fsc_buf_status(out, err);
}

static bool is_in(int64_t v, int64_t from, int64_t to)
{
    return v >= from && v <= to;
}

static bool take_floor(fsc_floor_state *out, const char *bytes)
{
    memcpy(out, bytes, sizeof *out);
    return is_in(out->min_replicas, 0, MOST_PODS) && is_in(out->max_replicas, 0, MOST_PODS) &&
           is_in(out->nodes_wanted, 0, MOST_PODS) && is_in(out->held_since, 0, MOST_SECONDS);
}

static bool is_spend(const fsc_spend *s)
{
    bool good = is_in(s->bucket_s, 0, MOST_SECONDS / FSC_SPEND_BUCKETS) &&
                is_in(s->newest, -MOST_SECONDS, MOST_SECONDS);
    for (size_t i = 0; i < FSC_SPEND_BUCKETS; i++)
        good = good && is_in(s->micros[i], 0, MOST_MICROS);
    return good;
}

static bool take_guard(fsc_guard_state *out, const char *bytes)
{
    unsigned char known; /* a bool of another value must not even be looked at */
    memcpy(&known, bytes + offsetof(fsc_guard_state, spend.known), 1);
    if (known > 1)
        return false;
    memcpy(out, bytes, sizeof *out);
    bool good = is_spend(&out->spend) && is_in(out->at, 0, MOST_SECONDS) &&
                is_in(out->rate_micros_per_h, 0, MOST_MICROS) &&
                is_in(out->most_micros_per_h, 0, MOST_MICROS) &&
                is_in(out->state, FSC_BUDGET_CLOSED, FSC_BUDGET_HALF_OPEN) &&
                is_in(out->cap_nodes, -MOST_PODS, MOST_PODS) &&
                is_in(out->state_since, 0, MOST_SECONDS) && is_in(out->filling, 0, 1);
    for (size_t i = 0; i < FSC_PRICES_KEPT; i++) /* NaN fails too */
        good = good && out->prices[i] >= 0 && out->prices[i] < (double)MOST_MICROS;
    return good;
}

static bool take_pool(fsc_pool_state *out, const char *bytes)
{
    memcpy(out, bytes, sizeof *out);
    return is_in(out->at, 0, MOST_SECONDS) && is_in(out->short_since, 0, MOST_SECONDS) &&
           is_in(out->out_until, 0, MOST_SECONDS) && is_in(out->out_since, 0, MOST_SECONDS) &&
           is_in(out->asked, 0, MOST_PODS) && is_in(out->there, -MOST_PODS, MOST_PODS) &&
           is_in(out->undelivered, 0, MOST_PODS);
}

/* One kind of named states; of a name that is no longer configured nothing is taken. */
typedef bool (*take_named)(fsc_planner *p, const char *name, const char *bytes);

static bool named_floor(fsc_planner *p, const char *name, const char *bytes)
{
    const fsc_workload_config *w = fsc_config_workload(p->config, name);
    return !w || take_floor(&p->floors[w - p->config->workloads], bytes);
}

static bool named_guard(fsc_planner *p, const char *name, const char *bytes)
{
    const fsc_budget_config *b = fsc_config_budget(p->config, name);
    return !b || take_guard(&p->guards[b - p->config->budgets], bytes);
}

static bool named_pool(fsc_planner *p, const char *name, const char *bytes)
{
    const fsc_pool_config *q = fsc_config_pool(p->config, name);
    return !q || take_pool(&p->pools[q - p->config->pools], bytes);
}

fsc_status fsc_planner_load(fsc_planner *p, const void *bytes, size_t n, fsc_err *err)
{
    const char *at = bytes;
    saved_header h;
    if (n < sizeof h || memcmp(at, saved_magic, sizeof saved_magic))
        return fsc_fail(err, FSC_DATA, "the planner state is of another version");
    memcpy(&h, at, sizeof h);
    const struct {
        uint64_t n;
        size_t bytes;
        take_named take;
    } kinds[] = {{h.n_workloads, sizeof(fsc_floor_state), named_floor},
                 {h.n_budgets, sizeof(fsc_guard_state), named_guard},
                 {h.n_pools, sizeof(fsc_pool_state), named_pool}};
    uint64_t length = sizeof h;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && length <= n; k++)
        length = kinds[k].n > n ? UINT64_MAX
                                : length + kinds[k].n * (sizeof(saved_name) + kinds[k].bytes);
    if (n != length)
        return fsc_fail(err, FSC_DATA, "the planner state has another length than it says");
    at += sizeof h;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint64_t i = 0; i < kinds[k].n; i++, at += sizeof(saved_name) + kinds[k].bytes)
            if (memchr(at, 0, sizeof(saved_name)) && !kinds[k].take(p, at, at + sizeof(saved_name)))
                return fsc_fail(err, FSC_DATA, "the planner state holds a number that cannot be");
    return FSC_OK;
}
