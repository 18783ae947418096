/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KEDA's ScaledObject (keda.sh/v1alpha1). KEDA owns the HPA that it makes from it and puts a
 * patched one back at once, so the bounds are written here. */
#include "actuator/record.h"

#include <string.h>

enum { KEDA_DEFAULT_MIN = 0, KEDA_DEFAULT_MAX = 100 };

#define KEDA "autoscaling.keda.sh/"

extern const fsc_target_ops fsc_target_scaledobject;

static const fsc__kind scaledobject = {.write = fsc__write_bounds,
                                       .group = "/apis/keda.sh/v1alpha1",
                                       .resource = "scaledobjects",
                                       .min_key = "minReplicaCount",
                                       .max_key = "maxReplicaCount"};

/* KEDA takes every value that is not a boolean "false" of Go's ParseBool for a yes. */
static bool is_on(const fsc_node *object, const char *key)
{
    static const char *const no[] = {"false", "False", "FALSE", "f", "F", "0"};
    const char *value = fsc__annotation(object, key);
    for (size_t i = 0; value && i < sizeof no / sizeof no[0]; i++)
        if (!strcmp(value, no[i]))
            return false;
    return value != NULL;
}

static void read_pauses(fsc_target_seen *out, const fsc_node *object)
{
    out->never_lower = is_on(object, KEDA "paused-scale-in");
    if (is_on(object, KEDA "paused"))
        out->paused_why = "paused by the annotation " KEDA "paused";
    else if (fsc__annotation(object, KEDA "paused-replicas"))
        out->paused_why = "paused by the annotation " KEDA "paused-replicas";
    else if (is_on(object, KEDA "paused-scale-out")) /* KEDA would let a raised minimum through */
        out->paused_why = "scale-out is paused by the annotation " KEDA "paused-scale-out";
    out->paused = out->paused_why != NULL;
}

static bool is_average(const fsc_node *trigger)
{
    return !strcmp(fsc_node_text(fsc_node_at(trigger, "metricType", NULL), "AverageValue"),
                   "AverageValue");
}

/* Triggers whose value is a demand, and their key for what one replica takes. What Prometheus does
 * not measure itself it knows from KEDA. */
static const struct {
    const char *type, *key;
    double def; /* KEDA's own */
} demand_triggers[] = {
    {"prometheus", "threshold", 0},
    {"redis", "listLength", 5},
    {"redis-cluster", "listLength", 5},
    {"redis-sentinel", "listLength", 5},
    {"rabbitmq", "value", 0},
    {"kafka", "lagThreshold", 10},
    {"apache-kafka", "lagThreshold", 10},
    {"nats-jetstream", "lagThreshold", 10},
    {"aws-sqs-queue", "queueLength", 5},
    {"azure-queue", "queueLength", 5},
    {"azure-servicebus", "messageCount", 5},
};
enum { N_DEMAND_TRIGGERS = sizeof demand_triggers / sizeof *demand_triggers };

/* Its row; N_DEMAND_TRIGGERS: none. */
static size_t row_of(const fsc_node *trigger)
{
    size_t i = 0;
    const char *type = fsc_node_text(fsc_node_at(trigger, "type", NULL), "");
    while (i < N_DEMAND_TRIGGERS && strcmp(demand_triggers[i].type, type))
        i++;
    return i;
}

/* Only an average's threshold is for one replica; then, Prometheus keeps its own series longest. */
static int worth(const fsc_node *trigger)
{
    size_t row = row_of(trigger);
    return row == N_DEMAND_TRIGGERS ? 0 : 1 + 2 * is_average(trigger) + (row == 0);
}

/* What KEDA measured, as its operator exports it. A scrape that keeps its own labels renames the
 * namespace. */
static const char *keda_query(const fsc_target_ref *ref, size_t index, fsc_arena *a, fsc_err *err)
{
    return fsc_arena_printf(
        a, err,
        "max(keda_scaler_metrics_value{scaledObject=\"%s\",triggerIndex=\"%zu\","
        "exported_namespace=\"%s\"} or keda_scaler_metrics_value{scaledObject=\"%s\","
        "triggerIndex=\"%zu\",namespace=\"%s\"})",
        ref->name, index, ref->namespace_, ref->name, index, ref->namespace_);
}

static fsc_status read_trigger(fsc_target_seen *out, const fsc_node *object,
                               const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const fsc_node *triggers = fsc_node_at(object, "spec", "triggers", NULL), *best = NULL;
    size_t index = 0, demands = 0;
    for (size_t i = 0; triggers && triggers->kind == FSC_NODE_LIST && i < triggers->n; i++) {
        const fsc_node *t = triggers->items[i];
        demands += worth(t) > 0;
        if (worth(t) > (best ? worth(best) : 0)) {
            best = t;
            index = i;
        }
    }
    if (!best)
        return FSC_OK;
    if (demands > 1 && !out->note)
        out->note =
            "it has several demand triggers: KEDA takes the most of all, the forecast is of "
            "one; give demand.query to choose it";
    size_t row = row_of(best);
    const fsc_node *metadata = fsc_node_at(best, "metadata", NULL);
    out->query = fsc_node_text(fsc_node_at(metadata, "query", NULL), NULL);
    out->server_address = fsc_node_text(fsc_node_at(metadata, "serverAddress", NULL), NULL);
    if (is_average(best))
        out->threshold = fsc_node_real(fsc_node_at(metadata, demand_triggers[row].key, NULL),
                                       demand_triggers[row].def);
    if (row == 0)
        return FSC_OK;
    out->query = keda_query(ref, index, a, err);
    return out->query ? FSC_OK : FSC_NOMEM;
}

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    const fsc_node *object = NULL;
    int64_t wanted = -1;
    FSC_TRY(fsc__object_read(out, &object, k, &scaledobject, ref, a, err));
    out->min_replicas =
        fsc_node_int(fsc_node_at(object, "spec", "minReplicaCount", NULL), KEDA_DEFAULT_MIN);
    out->max_replicas =
        fsc_node_int(fsc_node_at(object, "spec", "maxReplicaCount", NULL), KEDA_DEFAULT_MAX);
    if (fsc_node_at(object, "spec", "idleReplicaCount", NULL))
        out->note =
            "idleReplicaCount is set: KEDA ignores a raised minimum while no trigger is active";
    read_pauses(out, object);
    FSC_TRY(read_trigger(out, object, ref, a, err));
    FSC_TRY(fsc__record_read(out, object, a, err));
    return fsc__scale_target_read(out, &wanted, k, ref->namespace_,
                                  fsc_node_at(object, "spec", "scaleTargetRef", NULL), a, err);
}

const fsc_target_ops fsc_target_scaledobject = {
    .name = "ScaledObject",
    .summary = "KEDA's ScaledObject: minReplicaCount and maxReplicaCount",
    .observe = observe,
    .writer = &scaledobject,
};
