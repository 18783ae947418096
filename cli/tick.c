/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/tick.h"
#include "forescale/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fsc_status number(double *out, const fsc_node *n, const char *what, fsc_err *err)
{
    char *end = NULL;
    if (n->kind == FSC_NODE_SCALAR && !n->quoted) {
        double v = strtod(n->scalar, &end);
        if (end != n->scalar && !*end && isfinite(v)) {
            *out = v;
            return FSC_OK;
        }
    }
    return fsc_fail(err, FSC_DATA, "%s is no number", what);
}

static fsc_status count(int64_t *out, const fsc_node *n, const char *what, fsc_err *err)
{
    double v;
    FSC_TRY(number(&v, n, what, err));
    if (v < 0 || v > 1e6 || v != floor(v))
        return fsc_fail(err, FSC_DATA, "%s is %s: it must be a whole number from 0", what,
                        n->scalar);
    *out = (int64_t)v;
    return FSC_OK;
}

static fsc_status sample(fsc_sample *out, const fsc_node *n, fsc_err *err)
{
    double t;
    if (n->kind != FSC_NODE_LIST || n->n != 2)
        return fsc_fail(err, FSC_DATA, "samples: a sample is [time, value]");
    FSC_TRY(number(&t, n->items[0], "samples: a time", err));
    const fsc_node *v = n->items[1];
    bool is_gap =
        v->kind == FSC_NODE_SCALAR && (!strcmp(v->scalar, "null") || !strcmp(v->scalar, "NaN"));
    out->t = (int64_t)floor(t);
    out->v = NAN;
    return is_gap ? FSC_OK : number(&out->v, v, "samples: a value", err);
}

static fsc_status read_samples(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                               fsc_err *err)
{
    size_t w;
    FSC_TRY(fsc_session_workload(&w, s, p->key, err));
    if (p->value->kind != FSC_NODE_LIST)
        return fsc_fail(err, FSC_DATA, "samples: %s is no list of [time, value]", p->key);
    fsc_tick_samples *out = &t->samples[w];
    out->n = p->value->n;
    out->v = FSC_NEW(a, out->n, fsc_sample, err);
    if (!out->v)
        return FSC_NOMEM;
    for (size_t i = 0; i < out->n; i++) {
        FSC_TRY(sample(&out->v[i], p->value->items[i], err));
        if (i && out->v[i].t <= out->v[i - 1].t)
            return fsc_fail(err, FSC_DATA,
                            "samples: %s: time %lld does not come after the one before it", p->key,
                            (long long)out->v[i].t);
    }
    return FSC_OK;
}

static fsc_status read_replicas(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                                fsc_err *err)
{
    size_t w;
    (void)a;
    FSC_TRY(fsc_session_workload(&w, s, p->key, err));
    t->workloads[w].replicas_known = true;
    return count(&t->workloads[w].replicas, p->value, "replicas", err);
}

static fsc_status read_ready(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                             fsc_err *err)
{
    size_t w;
    (void)a;
    FSC_TRY(fsc_session_workload(&w, s, p->key, err));
    t->workloads[w].ready_known = true;
    return count(&t->workloads[w].ready, p->value, "ready", err);
}

static fsc_status read_backlog(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                               fsc_err *err)
{
    size_t w;
    (void)a;
    FSC_TRY(fsc_session_workload(&w, s, p->key, err));
    t->workloads[w].backlog_known = true;
    FSC_TRY(number(&t->workloads[w].backlog, p->value, "backlog", err));
    return t->workloads[w].backlog < 0 ? fsc_fail(err, FSC_DATA, "backlog is negative") : FSC_OK;
}

static fsc_status read_nodes(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                             fsc_err *err)
{
    size_t i;
    (void)a;
    FSC_TRY(fsc_session_pool(&i, s, p->key, err));
    t->pools[i].nodes_known = true;
    return count(&t->pools[i].nodes, p->value, "nodes", err);
}

static fsc_status read_leaving(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                               fsc_err *err)
{
    size_t i;
    (void)a;
    FSC_TRY(fsc_session_pool(&i, s, p->key, err));
    return count(&t->pools[i].nodes_leaving, p->value, "leaving", err);
}

static fsc_status read_spent(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                             fsc_err *err)
{
    size_t b;
    double v;
    (void)a;
    FSC_TRY(fsc_session_budget(&b, s, p->key, err));
    FSC_TRY(number(&v, p->value, "spent", err));
    if (v < 0 || v > 1e12)
        return fsc_fail(err, FSC_DATA, "spent: %s is no amount", p->key);
    t->budgets[b].spent_known = true;
    t->budgets[b].spent_micros = (int64_t)ceil(v * 1e6);
    t->budgets[b].meter_at = t->at;
    return FSC_OK;
}

static const struct section {
    const char *key;
    fsc_status (*read)(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                       fsc_err *err);
} sections[] = {
    {"samples", read_samples}, {"replicas", read_replicas}, {"ready", read_ready},
    {"backlog", read_backlog}, {"nodes", read_nodes},       {"leaving", read_leaving},
    {"spent", read_spent},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

static fsc_status read_section(fsc_tick *t, const fsc_session *s, const fsc_pair *p, fsc_arena *a,
                               fsc_err *err)
{
    const char *keys[N_SECTIONS + 1] = {"at"};
    for (size_t i = 0; i < N_SECTIONS; i++) {
        keys[i + 1] = sections[i].key;
        if (strcmp(p->key, sections[i].key))
            continue;
        if (p->value->kind != FSC_NODE_MAP)
            return fsc_fail(err, FSC_DATA, "%s is no object", p->key);
        for (size_t j = 0; j < p->value->n; j++)
            FSC_TRY(sections[i].read(t, s, &p->value->pairs[j], a, err));
        return FSC_OK;
    }
    const char *near = fsc_suggest(p->key, keys, N_SECTIONS + 1);
    return fsc_fail(err, FSC_DATA, "unknown key \"%s\"%s%s%s", p->key,
                    near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static fsc_status copy_now(fsc_tick *t, const fsc_session *s, fsc_arena *a, fsc_err *err)
{
    const fsc_config *c = &s->config;
    t->samples = FSC_NEW(a, c->n_workloads, fsc_tick_samples, err);
    t->workloads = FSC_NEW(a, c->n_workloads, fsc_workload_now, err);
    t->pools = FSC_NEW(a, c->n_pools, fsc_pool_now, err);
    t->budgets = FSC_NEW(a, c->n_budgets, fsc_budget_now, err);
    if (!t->samples || !t->workloads || !t->pools || !t->budgets)
        return FSC_NOMEM;
    memcpy(t->workloads, s->workloads, c->n_workloads * sizeof *t->workloads);
    memcpy(t->pools, s->pools, c->n_pools * sizeof *t->pools);
    /* What was measured at the last line says nothing of this one. */
    for (size_t w = 0; w < c->n_workloads; w++)
        t->workloads[w].backlog_known = false;
    for (size_t p = 0; p < c->n_pools; p++)
        t->pools[p].nodes_leaving = 0;
    return FSC_OK;
}

static fsc_status read_at(int64_t *out, const fsc_node *n, fsc_err *err)
{
    if (!n || n->kind != FSC_NODE_SCALAR)
        return fsc_fail(err, FSC_DATA, "\"at\" is missing: {\"at\":\"2026-11-24T09:00:00Z\", ...}");
    return fsc_time_parse(out, n->scalar, err);
}

fsc_status fsc_tick_read(fsc_tick *out, const fsc_session *s, const char *line, size_t n,
                         fsc_arena *a, fsc_err *err)
{
    const fsc_node *root;
    FSC_TRY(fsc_json_parse(&root, line, n, a, err));
    if (root->kind != FSC_NODE_MAP)
        return fsc_fail(err, FSC_DATA, "a line is one JSON object");
    FSC_TRY(copy_now(out, s, a, err));
    FSC_TRY(read_at(&out->at, fsc_node_at(root, "at", NULL), err));
    for (size_t i = 0; i < root->n; i++)
        if (strcmp(root->pairs[i].key, "at"))
            FSC_TRY(read_section(out, s, &root->pairs[i], a, err));
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        const fsc_tick_samples *v = &out->samples[w];
        if (v->n && v->v[v->n - 1].t > out->at)
            return fsc_fail(err, FSC_DATA, "samples: %s has a sample later than \"at\"",
                            s->config.workloads[w].name);
    }
    return FSC_OK;
}
