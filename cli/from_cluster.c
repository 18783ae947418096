/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/from_cluster.h"
#include "cli/doctor.h"
#include "forescale/json.h"
#include "forescale/target.h"

#include <string.h>

enum { MAX_FOUND = 10000, MAX_POOLS = 64, TEXT = 512 };

static const double utilization = 0.8;

typedef struct found {
    const char *kind, *namespace_, *name;
    const char *query, *server, *refused; /* query NULL: none that works, as refused says */
    double threshold;                     /* T, for one replica; 0: not known */
    size_t demands; /* triggers that are demand: of several a run reads the most */
    int64_t min, max, gpus;
} found;

typedef struct found_pool {
    const char *label, *value;
    int64_t gpus;
} found_pool;

typedef struct finder {
    fsc_kube *k;
    fsc_arena *a;
    found *v;
    size_t n;
    found_pool pools[MAX_POOLS];
    size_t n_pools;
} finder;

/* ---- the demand of a ScaledObject --------------------------------------------------------- */

typedef struct judge {
    size_t trigger;
    const char *unfit; /* why its query cannot be demand; NULL: it can */
} judge;

static void hear(void *ctx, const fsc_finding *f)
{
    judge *j = ctx;
    char what[32];
    (void)snprintf(what, sizeof what, "trigger %zu", j->trigger);
    if (f->unfit && !j->unfit && !strcmp(f->what, what))
        j->unfit = f->wrong;
}

static const char *keep(const finder *f, const char *text, fsc_err *err)
{
    return text ? fsc_arena_strdup(f->a, text, err) : NULL;
}

static const char *redis_query(const finder *f, const fsc_node *trigger, fsc_err *err)
{
    fsc_buf b;
    const char *list = fsc_node_text(fsc_node_at(trigger, "metadata", "listName", NULL), NULL);
    if (!list)
        return NULL;
    fsc_buf_init(&b, f->a, TEXT);
    fsc_buf_puts(&b, "sum(redis_key_size{key=");
    fsc_json_string(&b, list);
    fsc_buf_puts(&b, "})");
    return fsc_buf_status(&b, err) == FSC_OK ? fsc_buf_str(&b) : NULL;
}

/* The first trigger whose query is demand. */
static void take_trigger(const finder *f, found *out, const fsc_node *object, size_t i,
                         const fsc_node *trigger, fsc_err *err)
{
    static const fsc_workload_config any = {.name = ""};
    const fsc_doctor_object o = {.workload = &any, .scaler = object};
    const char *type = fsc_node_text(fsc_node_at(trigger, "type", NULL), "");
    const fsc_node *m = fsc_node_at(trigger, "metadata", NULL);
    judge j = {.trigger = i};
    if (!strcmp(type, "prometheus")) {
        fsc_doctor_examine(&o, hear, &j);
        if (j.unfit) {
            out->refused = j.unfit;
            return;
        }
        out->query = keep(f, fsc_node_text(fsc_node_at(m, "query", NULL), NULL), err);
        out->server = keep(f, fsc_node_text(fsc_node_at(m, "serverAddress", NULL), NULL), err);
        if (!strcmp(fsc_node_text(fsc_node_at(trigger, "metricType", NULL), "AverageValue"),
                    "AverageValue"))
            out->threshold = fsc_node_real(fsc_node_at(m, "threshold", NULL), 0);
    } else if (!strcmp(type, "redis")) {
        out->query = redis_query(f, trigger, err);
        out->threshold = fsc_node_real(fsc_node_at(m, "listLength", NULL), 5);
    }
}

static void take_triggers(const finder *f, found *out, const fsc_node *object, fsc_err *err)
{
    const fsc_node *triggers = fsc_node_at(object, "spec", "triggers", NULL);
    out->refused = "it has no prometheus or redis trigger to read demand from";
    for (size_t i = 0; triggers && triggers->kind == FSC_NODE_LIST && i < triggers->n; i++) {
        found one = {0};
        take_trigger(f, &one, object, i, triggers->items[i], err);
        out->demands += one.query != NULL;
        out->refused = one.refused ? one.refused : out->refused;
        if (out->query || !one.query)
            continue;
        out->query = one.query;
        out->server = one.server;
        out->threshold = one.threshold;
    }
}

/* ---- objects ------------------------------------------------------------------------------ */

static bool is_controlled(const fsc_node *object)
{
    const fsc_node *owners = fsc_node_at(object, "metadata", "ownerReferences", NULL);
    for (size_t i = 0; owners && owners->kind == FSC_NODE_LIST && i < owners->n; i++)
        if (!strcmp(fsc_node_text(fsc_node_at(owners->items[i], "controller", NULL), ""), "true"))
            return true;
    return false;
}

static int64_t gpus_of(const finder *f, const fsc_node *object, const char *namespace_)
{
    const fsc_node *ref = fsc_node_at(object, "spec", "scaleTargetRef", NULL), *scaled = NULL;
    fsc_err ignored = FSC_ERR_INIT; /* what cannot be read is asked of the user */
    int64_t sum = 0;
    const fsc_target_ref below = {.kind_name =
                                      fsc_node_text(fsc_node_at(ref, "kind", NULL), "Deployment"),
                                  .namespace_ = namespace_,
                                  .name = fsc_node_text(fsc_node_at(ref, "name", NULL), "")};
    if (fsc_target_object(&scaled, f->k, &below, f->a, &ignored) != FSC_OK)
        return 0;
    const fsc_node *list = fsc_node_at(scaled, "spec", "template", "spec", "containers", NULL);
    for (size_t i = 0; list && list->kind == FSC_NODE_LIST && i < list->n; i++)
        sum += fsc_node_int(
            fsc_node_at(list->items[i], "resources", "limits", "nvidia.com/gpu", NULL), 0);
    return sum;
}

static fsc_status take_object(finder *f, const char *kind, const fsc_node *object,
                              const char *min_key, const char *max_key, fsc_err *err)
{
    if (f->n == MAX_FOUND)
        return fsc_fail(err, FSC_DATA, "more than %d autoscalers: give a namespace with -n",
                        (int)MAX_FOUND);
    found *x = &f->v[f->n];
    *x = (found){.kind = kind};
    x->namespace_ =
        keep(f, fsc_node_text(fsc_node_at(object, "metadata", "namespace", NULL), ""), err);
    x->name = keep(f, fsc_node_text(fsc_node_at(object, "metadata", "name", NULL), ""), err);
    if (!x->namespace_ || !x->name)
        return FSC_NOMEM;
    x->min = fsc_node_int(fsc_node_at(object, "spec", min_key, NULL), 1);
    x->max = fsc_node_int(fsc_node_at(object, "spec", max_key, NULL), 0);
    x->gpus = gpus_of(f, object, x->namespace_);
    f->n++;
    return FSC_OK;
}

static fsc_status take_scaledobject(void *ctx, const fsc_node *object, fsc_err *err)
{
    finder *f = ctx;
    FSC_TRY(take_object(f, "ScaledObject", object, "minReplicaCount", "maxReplicaCount", err));
    found *x = &f->v[f->n - 1]; /* where nothing is given KEDA has 0 to 100 */
    x->min = fsc_node_int(fsc_node_at(object, "spec", "minReplicaCount", NULL), 0);
    x->max = fsc_node_int(fsc_node_at(object, "spec", "maxReplicaCount", NULL), 100);
    take_triggers(f, x, object, err);
    return FSC_OK;
}

static fsc_status take_hpa(void *ctx, const fsc_node *object, fsc_err *err)
{
    finder *f = ctx;
    if (is_controlled(object)) /* KEDA's: its ScaledObject is the one to name */
        return FSC_OK;
    FSC_TRY(take_object(f, "HorizontalPodAutoscaler", object, "minReplicas", "maxReplicas", err));
    f->v[f->n - 1].refused = "an HPA's metrics name no query: give demand.query and perReplica";
    return FSC_OK;
}

static fsc_status take_node(void *ctx, const fsc_node *node, fsc_err *err)
{
    static const char *const labels[] = {"karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup",
                                         "cloud.google.com/gke-nodepool", "agentpool",
                                         "node.kubernetes.io/instance-type"};
    finder *f = ctx;
    int64_t gpus =
        fsc_node_int(fsc_node_at(node, "status", "allocatable", "nvidia.com/gpu", NULL), 0);
    for (size_t i = 0; gpus > 0 && i < sizeof labels / sizeof *labels; i++) {
        const char *value =
            fsc_node_text(fsc_node_at(node, "metadata", "labels", labels[i], NULL), NULL);
        if (!value)
            continue;
        for (size_t p = 0; p < f->n_pools; p++)
            if (!strcmp(f->pools[p].value, value))
                return FSC_OK;
        if (f->n_pools == MAX_POOLS)
            return FSC_OK;
        f->pools[f->n_pools] = (found_pool){labels[i], keep(f, value, err), gpus};
        return f->pools[f->n_pools++].value ? FSC_OK : FSC_NOMEM;
    }
    return FSC_OK;
}

static fsc_status list(finder *f, const char *group, const char *namespace_, const char *resource,
                       fsc_kube_item each, fsc_err *err)
{
    const char *path =
        namespace_ ? fsc_arena_printf(f->a, err, "%s/namespaces/%s/%s", group, namespace_, resource)
                   : fsc_arena_printf(f->a, err, "%s/%s", group, resource);
    return path ? fsc_kube_list(f->k, path, NULL, each, f, err) : FSC_NOMEM;
}

/* ---- the text ----------------------------------------------------------------------------- */

static void add_pools(fsc_buf *out, const finder *f)
{
    fsc_buf_puts(out, "pools:\n");
    for (size_t p = 0; p < f->n_pools; p++) {
        const found_pool *x = &f->pools[p];
        fsc_buf_puts(out, "  - name: ");
        fsc_json_string(out, x->value);
        fsc_buf_puts(out, "\n    nodeSelector: {");
        fsc_json_string(out, x->label);
        fsc_buf_puts(out, ": ");
        fsc_json_string(out, x->value);
        fsc_buf_printf(out, "}\n    gpusPerNode: %lld\n", (long long)x->gpus);
        fsc_buf_puts(out,
                     "    price: 32.00 USD/h            # CHANGE: one node\n"
                     "    lead: 6m                      # ordered to ready; learned from starts\n"
                     "    idle: 10m\n    prewarm: {kind: None}\n");
    }
    if (!f->n_pools)
        fsc_buf_puts(out, "  - name: gpu                     # no node with GPUs could be read\n"
                          "    gpusPerNode: 8                # CHANGE\n"
                          "    price: 32.00 USD/h            # CHANGE: one node\n"
                          "    lead: 6m\n    idle: 10m\n    prewarm: {kind: None}\n");
}

static bool is_repeated(const finder *f, size_t i)
{
    for (size_t k = 0; k < f->n; k++)
        if (k != i && !strcmp(f->v[k].name, f->v[i].name))
            return true;
    return false;
}

static void add_lines(fsc_buf *out, const char *mark, const found *x, const char *pool)
{
    fsc_buf_printf(out, "%s    target: {kind: %s, namespace: %s, name: %s}\n", mark, x->kind,
                   x->namespace_, x->name);
    fsc_buf_printf(out, "%s    mode: observe                 # enforce writes\n", mark);
    if (x->demands > 1)
        fsc_buf_printf(out,
                       "    # It has %zu demand triggers: without a query the most that any asks "
                       "for is read.\n",
                       x->demands);
    fsc_buf_printf(out, "%s    demand: {", mark);
    if (x->demands < 2) {
        fsc_buf_puts(out, "query: ");
        fsc_json_string(out, x->query ? x->query : "CHANGE");
        fsc_buf_puts(out, ", ");
    }
    fsc_buf_puts(out, "perReplica: ");
    fsc_json_number(out, x->threshold > 0 ? x->threshold / utilization : 8);
    fsc_buf_printf(out, "}%s\n", x->threshold > 0 ? "" : "   # CHANGE: what one replica serves");
    fsc_buf_printf(out, "%s    utilization: %g\n", mark, utilization);
    fsc_buf_printf(out, "%s    gpusPerReplica: %lld%s\n", mark,
                   (long long)(x->gpus > 0 ? x->gpus : 1),
                   x->gpus > 0 ? "" : "             # CHANGE: its pods ask for no nvidia.com/gpu");
    fsc_buf_printf(
        out, "%s    lead: 60s                     # pod on a warm node to Ready; learned\n", mark);
    fsc_buf_printf(out, "%s    pools: [", mark);
    fsc_json_string(out, pool);
    fsc_buf_printf(out, "]\n%s    objective: {quantile: 0.95}   # or {lateMinute: 30 USD}\n", mark);
}

static void add_workload(fsc_buf *out, const finder *f, size_t i)
{
    const found *x = &f->v[i];
    const char *mark = x->query ? "" : "# ";
    if (!x->query)
        fsc_buf_printf(out, "# Left out: %s.\n", x->refused);
    fsc_buf_printf(out, "%s  - name: %s%s%s                  # now min %lld, max %lld\n", mark,
                   is_repeated(f, i) ? x->namespace_ : "", is_repeated(f, i) ? "-" : "", x->name,
                   (long long)x->min, (long long)x->max);
    add_lines(out, mark, x, f->n_pools ? f->pools[0].value : "gpu");
}

static void add_config(fsc_buf *out, const finder *f)
{
    const char *server = NULL;
    for (size_t i = 0; i < f->n && !server; i++)
        server = f->v[i].query ? f->v[i].server : NULL;
    fsc_buf_puts(out, "# What this cluster's autoscalers say, as a configuration that only "
                      "observes. Change what is\n"
                      "# marked, then: forescale check -c FILE, collect --since 14d, plan, and "
                      "mode: enforce at last.\n"
                      "apiVersion: forescale.dev/v1\nkind: Config\n"
                      "store: {path: forescale.db, retention: 90d}\ninterval: 60s\nmissedRuns: 1\n"
                      "timeZone: Etc/UTC                 # CHANGE: days and budgets follow it\n"
                      "prometheus:\n  url: ");
    fsc_json_string(out, server ? server : "http://prometheus-server.monitoring.svc:9090");
    fsc_buf_puts(out, server ? "\n" : "   # CHANGE\n");
    add_pools(out, f);
    fsc_buf_puts(out, "workloads:\n");
    for (size_t i = 0; i < f->n; i++)
        add_workload(out, f, i);
    fsc_buf_puts(out, "# budgets:\n#   - {name: gpu, ceiling: 800 USD, window: 6h}\n");
}

fsc_status fsc_from_cluster(fsc_buf *out, fsc_cli *cli, const char *namespace_, fsc_err *err)
{
    fsc_http *http = NULL;
    fsc_err missing = FSC_ERR_INIT;
    finder f = {.a = cli->arena};
    size_t usable = 0;
    f.v = FSC_NEW(cli->arena, MAX_FOUND, found, err);
    if (!f.v)
        return FSC_NOMEM;
    FSC_TRY(fsc_http_open(&http, &cli->log, err));
    const fsc_kube_options login = {
        .kubeconfig = cli->args.kubeconfig, .context = cli->args.context, .namespace_ = namespace_};
    fsc_status status = fsc_kube_open(&f.k, http, &login, cli->arena, err);
    /* A cluster without KEDA has no such list, and may have HPAs. */
    if (status == FSC_OK && list(&f, "/apis/keda.sh/v1alpha1", namespace_, "scaledobjects",
                                 take_scaledobject, &missing) != FSC_OK)
        fsc_log_write(&cli->log, FSC_LOG_WARN, missing.msg, NULL);
    if (status == FSC_OK)
        status =
            list(&f, "/apis/autoscaling/v2", namespace_, "horizontalpodautoscalers", take_hpa, err);
    if (status == FSC_OK && list(&f, "/api/v1", NULL, "nodes", take_node, &missing) != FSC_OK)
        fsc_log_write(&cli->log, FSC_LOG_WARN, missing.msg, NULL);
    fsc_http_close(http);
    if (status != FSC_OK)
        return status;
    for (size_t i = 0; i < f.n; i++)
        usable += f.v[i].query != NULL;
    add_config(out, &f);
    return usable ? FSC_OK
                  : fsc_fail(err, FSC_MISSING,
                             "%zu autoscalers, and none whose demand can be read: see the comments",
                             f.n);
}
