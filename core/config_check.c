/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/config_check.h"
#include "core/config_sources.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 200, MAX_DNS_LABEL = 63, MAX_DNS_NAME = 253 };

typedef struct checker {
    const fsc_config *c;
    const fsc_opt_ctx *ctx;
    const fsc_node *root;
    fsc_err *err;
} checker;

static const fsc_node *below(const fsc_node *n, const char *key)
{
    for (size_t i = 0; n->kind == FSC_NODE_MAP && i < n->n; i++)
        if (!strcmp(n->pairs[i].key, key))
            return n->pairs[i].value;
    return n;
}

/* The value of a key in entry i of a list of the root, or what is nearest to it in the file. */
static const fsc_node *at(const checker *k, const char *list, size_t i, const char *key)
{
    return below(below(k->root, list)->items[i], key);
}

/* ---- names and references ----------------------------------------------------------------------
 */

static const char *workload_name(const fsc_config *c, size_t i)
{
    return i < c->n_workloads ? c->workloads[i].name : NULL;
}
static const char *pool_name(const fsc_config *c, size_t i)
{
    return i < c->n_pools ? c->pools[i].name : NULL;
}
static const char *budget_name(const fsc_config *c, size_t i)
{
    return i < c->n_budgets ? c->budgets[i].name : NULL;
}

typedef struct named_list {
    const char *key, *one;
    const char *(*name)(const fsc_config *c, size_t i); /* NULL behind the last */
} named_list;

static const named_list pools = {"pools", "pool", pool_name};
static const named_list workloads = {"workloads", "workload", workload_name};
static const named_list budgets = {"budgets", "budget", budget_name};

/* Names are keys of CSV series, of metrics' labels and of --replicas W=N: no blanks, no "=". */
static bool is_name(const char *s)
{
    size_t n = strlen(s);
    bool good = n > 0 && n <= MAX_NAME;
    for (; *s; s++)
        good &= (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
                strchr("._-/", *s) != NULL;
    return good;
}

typedef struct named {
    const char *name;
    size_t i;
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->i > y->i) - (x->i < y->i);
}

static size_t count_of(const checker *k, const named_list *list)
{
    size_t n = 0;
    while (list->name(k->c, n))
        n++;
    return n;
}

static fsc_status check_names(const checker *k, const named_list *list)
{
    size_t n = count_of(k, list);
    named *v = FSC_NEW(k->ctx->arena, n, named, k->err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        v[i] = (named){list->name(k->c, i), i};
        if (!is_name(v[i].name))
            return fsc_options_fail(k->err, k->ctx, at(k, list->key, i, "name"),
                                    "name \"%.60s\": letters, digits, . _ - /", v[i].name);
    }
    qsort(v, n, sizeof *v, by_name);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(v[i].name, v[i - 1].name))
            return fsc_options_fail(k->err, k->ctx, at(k, list->key, v[i].i, "name"),
                                    "two %s are named %s", list->key, v[i].name);
    return FSC_OK;
}

static fsc_status no_such(const checker *k, const fsc_node *n, const named_list *list,
                          const char *name)
{
    size_t count = count_of(k, list);
    const char **names = FSC_NEW(k->ctx->arena, count, const char *, k->err);
    if (!names)
        return FSC_NOMEM;
    for (size_t i = 0; i < count; i++)
        names[i] = list->name(k->c, i);
    const char *near = fsc_suggest(name, names, count);
    return fsc_options_fail(k->err, k->ctx, n, "there is no %s %.60s%s%s%s", list->one, name,
                            near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Each name once, and each of something that there is. */
static fsc_status check_refs(const checker *k, const fsc_node *n, const fsc_strings *refs,
                             const named_list *list)
{
    for (size_t i = 0; i < refs->n; i++) {
        const char *name;
        size_t j = 0;
        while ((name = list->name(k->c, j)) && strcmp(name, refs->v[i]))
            j++;
        if (!name)
            return no_such(k, n->items[i], list, refs->v[i]);
        for (j = 0; j < i; j++)
            if (!strcmp(refs->v[j], refs->v[i]))
                return fsc_options_fail(k->err, k->ctx, n->items[i], "%s %.60s comes twice",
                                        list->one, refs->v[i]);
    }
    return FSC_OK;
}

/* A DNS-1123 name as Kubernetes takes it: labels of a-z, 0-9 and "-" between dots. */
static bool is_dns_name(const char *s, size_t limit)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        bool inner = s[i] == '-' || (s[i] == '.' && limit == MAX_DNS_NAME);
        bool edge = i == 0 || i + 1 == n || s[i - 1] == '.' || s[i + 1] == '.';
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || (inner && !edge)))
            return false;
    }
    return n > 0 && n <= limit;
}

static fsc_status check_object(const checker *k, const fsc_node *n, const fsc_target_ref *o)
{
    if (o->name && !is_dns_name(o->name, MAX_DNS_NAME))
        return fsc_options_fail(k->err, k->ctx, below(n, "name"),
                                "\"%.60s\" is no name of a Kubernetes object: a-z, 0-9, - and .",
                                o->name);
    if (o->namespace_ && !is_dns_name(o->namespace_, MAX_DNS_LABEL))
        return fsc_options_fail(k->err, k->ctx, below(n, "namespace"),
                                "\"%.60s\" is no namespace: a-z, 0-9 and -", o->namespace_);
    return FSC_OK;
}

/* ---- sections ----------------------------------------------------------------------------------
 */

static bool is_in_cluster(const char *prewarm_kind)
{
    return !strcmp(prewarm_kind, "CapacityBuffer") || !strcmp(prewarm_kind, "Placeholder") ||
           !strcmp(prewarm_kind, "NodePool");
}

static fsc_status check_pool(const checker *k, size_t i)
{
    const fsc_pool_config *p = &k->c->pools[i];
    const fsc_node *prewarm = at(k, "pools", i, "prewarm");
    fsc_err cause = FSC_ERR_INIT;
    if (fsc__price_check(k->c, p, &cause) != FSC_OK)
        return fsc_options_fail(k->err, k->ctx, at(k, "pools", i, "price"), "pool %s: %.300s",
                                p->name, cause.msg);
    if (p->max_nodes_given && p->min_nodes > p->max_nodes)
        return fsc_options_fail(k->err, k->ctx, at(k, "pools", i, "minNodes"),
                                "pool %s: minNodes is above maxNodes", p->name);
    if (strcmp(p->prewarm.kind_name, "None") && !p->prewarm.name)
        return fsc_options_fail(k->err, k->ctx, prewarm, "pool %s: prewarm needs a name", p->name);
    if (fsc__prewarm_check(&p->prewarm, &cause) != FSC_OK)
        return fsc_options_fail(k->err, k->ctx, prewarm, "pool %s: %.200s", p->name, cause.msg);
    return is_in_cluster(p->prewarm.kind_name) ? check_object(k, prewarm, &p->prewarm) : FSC_OK;
}

static fsc_status check_target(const checker *k, size_t i)
{
    const fsc_workload_config *w = &k->c->workloads[i];
    const fsc_node *n = at(k, "workloads", i, "target");
    bool has_target = strcmp(w->target.kind_name, "None") != 0;
    bool has_bounds = has_target && strcmp(w->target.kind_name, "Deployment") &&
                      strcmp(w->target.kind_name, "StatefulSet");
    if (has_target && !w->target.name)
        return fsc_options_fail(k->err, k->ctx, n, "workload %s: target needs a name", w->name);
    if (has_target)
        FSC_TRY(check_object(k, n, &w->target));
    if (has_bounds)
        return FSC_OK;
    if (w->demand.per_replica <= 0)
        return fsc_options_fail(
            k->err, k->ctx, n,
            "workload %s: demand.perReplica is missing: with no autoscaler as its target it cannot "
            "be read",
            w->name);
    if (!w->max_given || !w->min_given)
        return fsc_options_fail(k->err, k->ctx, n,
                                "workload %s: minReplicas and maxReplicas are missing: with no "
                                "autoscaler as its target they cannot be read",
                                w->name);
    return FSC_OK;
}

/* Money of two currencies cannot be added: cost and lateness of a workload are. */
static fsc_status check_workload_currency(const checker *k, size_t i)
{
    const fsc_workload_config *w = &k->c->workloads[i];
    const char *currency = w->objective.late_minute_given ? w->objective.late_minute.currency : "";
    for (size_t p = 0; p < w->pools.n; p++) {
        const fsc_pool_config *pool = fsc_config_pool(k->c, w->pools.v[p]);
        if (!pool->price.currency[0])
            continue;
        if (*currency && strcmp(currency, pool->price.currency))
            return fsc_options_fail(
                k->err, k->ctx, at(k, "workloads", i, "pools")->items[p],
                "workload %s: pool %s is priced in %s, %s in %s: use one currency", w->name,
                pool->name, pool->price.currency,
                w->objective.late_minute_given ? "lateMinute" : "the pool before it", currency);
        currency = pool->price.currency;
    }
    return FSC_OK;
}

static fsc_status check_workload(const checker *k, size_t i)
{
    const fsc_workload_config *w = &k->c->workloads[i];
    if (w->pools.n)
        FSC_TRY(check_refs(k, at(k, "workloads", i, "pools"), &w->pools, &pools));
    if (w->min_given && w->max_given && w->min_replicas > w->max_replicas)
        return fsc_options_fail(k->err, k->ctx, at(k, "workloads", i, "minReplicas"),
                                "workload %s: minReplicas is above maxReplicas", w->name);
    if (w->objective.late_minute_given && w->objective.quantile_given)
        return fsc_options_fail(k->err, k->ctx, at(k, "workloads", i, "objective"),
                                "workload %s: objective is lateMinute or quantile, not both",
                                w->name);
    if (!w->demand.by != !w->demand.value)
        return fsc_options_fail(k->err, k->ctx, at(k, "workloads", i, "demand"),
                                "workload %s: demand.by and demand.value go together", w->name);
    FSC_TRY(check_target(k, i));
    return check_workload_currency(k, i);
}

static fsc_status check_budget_currency(const checker *k, size_t i, const fsc_workload_config *w)
{
    const fsc_budget_config *b = &k->c->budgets[i];
    for (size_t p = 0; p < w->pools.n; p++) {
        const fsc_pool_config *pool = fsc_config_pool(k->c, w->pools.v[p]);
        if (pool->price.currency[0] && strcmp(pool->price.currency, b->ceiling.currency))
            return fsc_options_fail(
                k->err, k->ctx, at(k, "budgets", i, "ceiling"),
                "budget %s is in %s, but pool %s of workload %s is priced in %s", b->name,
                b->ceiling.currency, pool->name, w->name, pool->price.currency);
    }
    return FSC_OK;
}

static fsc_status check_budget(const checker *k, size_t i)
{
    const fsc_budget_config *b = &k->c->budgets[i];
    const fsc_node *meter = at(k, "budgets", i, "meter");
    if (b->workloads.n)
        FSC_TRY(check_refs(k, at(k, "budgets", i, "workloads"), &b->workloads, &workloads));
    if (b->rate_given && strcmp(b->rate.currency, b->ceiling.currency))
        return fsc_options_fail(k->err, k->ctx, at(k, "budgets", i, "rate"),
                                "budget %s: the rate is in %s, the ceiling in %s: use one currency",
                                b->name, b->rate.currency, b->ceiling.currency);
    fsc_err cause = FSC_ERR_INIT;
    if (fsc__meter_check(k->c, b, &cause) != FSC_OK)
        return fsc_options_fail(k->err, k->ctx, meter, "budget %s: %.300s", b->name, cause.msg);
    for (size_t w = 0; w < k->c->n_workloads; w++)
        if (fsc_budget_covers(b, k->c->workloads[w].name))
            FSC_TRY(check_budget_currency(k, i, &k->c->workloads[w]));
    return FSC_OK;
}

static fsc_status check_span(const checker *k, const fsc_node *n, int64_t from_t, int64_t to_t)
{
    return from_t < to_t ? FSC_OK
                         : fsc_options_fail(k->err, k->ctx, n, "from does not come before to");
}

static fsc_status check_calendar(const checker *k)
{
    const fsc_calendar *c = &k->c->calendar;
    const fsc_node *events = below(below(k->root, "calendar"), "events");
    const fsc_node *excludes = below(below(k->root, "calendar"), "exclude");
    for (size_t i = 0; i < c->n_events; i++) {
        const fsc_event_config *e = &c->events[i];
        FSC_TRY(check_span(k, events->items[i], e->from_t, e->to_t));
        if (e->workloads.n)
            FSC_TRY(check_refs(k, below(events->items[i], "workloads"), &e->workloads, &workloads));
    }
    for (size_t i = 0; i < c->n_excludes; i++)
        FSC_TRY(check_span(k, excludes->items[i], c->excludes[i].from_t, c->excludes[i].to_t));
    return FSC_OK;
}

/* As Prometheus wants them; "job" is ours. */
static bool is_label(const char *s)
{
    bool good = *s && !(*s >= '0' && *s <= '9') && strcmp(s, "job") != 0;
    for (; *s; s++)
        good &= (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
                *s == '_';
    return good;
}

static fsc_status check_metrics(const checker *k)
{
    const fsc_string_map *labels = &k->c->metrics.labels;
    for (size_t i = 0; i < labels->n; i++)
        if (!is_label(labels->k[i]))
            return fsc_options_fail(
                k->err, k->ctx, below(below(k->root, "metrics"), "labels"),
                "labels: \"%.60s\": letters, digits and _, no digit first, and not job",
                labels->k[i]);
    return FSC_OK;
}

static fsc_status check_store(const checker *k)
{
    const fsc_store_config *s = &k->c->store;
    const fsc_node *at_store = below(k->root, "store");
    if (s->path && s->url)
        return fsc_options_fail(k->err, k->ctx, below(at_store, "url"),
                                "store is a path or a url, not both");
    if (s->password_file && !s->url)
        return fsc_options_fail(k->err, k->ctx, below(at_store, "passwordFile"),
                                "store.passwordFile belongs to store.url, which is missing");
    return FSC_OK;
}

fsc_status fsc__config_check(const fsc_config *c, const fsc_node *root, const fsc_opt_ctx *ctx,
                             fsc_err *err)
{
    const checker k = {c, ctx, root, err};
    if (!c->n_workloads)
        return fsc_options_fail(err, ctx, below(root, "workloads"),
                                "workloads is empty: there is nothing to scale");
    FSC_TRY(check_store(&k));
    FSC_TRY(check_names(&k, &pools));
    FSC_TRY(check_names(&k, &workloads));
    FSC_TRY(check_names(&k, &budgets));
    for (size_t i = 0; i < c->n_pools; i++)
        FSC_TRY(check_pool(&k, i));
    for (size_t i = 0; i < c->n_workloads; i++)
        FSC_TRY(check_workload(&k, i));
    for (size_t i = 0; i < c->n_budgets; i++)
        FSC_TRY(check_budget(&k, i));
    FSC_TRY(check_metrics(&k));
    return check_calendar(&k);
}
