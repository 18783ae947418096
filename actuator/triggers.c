/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What KEDA's triggers ask for. It runs the most of what each asks: ceil(value / threshold) of an
 * average, and a timetable's replicas. So demand is the most of the triggers' values, each in units
 * of the first one's threshold, and timetables stand beside it.
 */
#include "actuator/record.h"
#include "forescale/promql.h"
#include "forescale/yaml.h"

#include <string.h>

enum { MAX_TRIGGERS = 64 };

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

typedef struct demand {
    const char *query;
    double threshold; /* 0: not one replica's */
} demand;

typedef struct demands {
    demand v[MAX_TRIGGERS];
    size_t n;
} demands;

static const char *meta(const fsc_node *trigger, const char *key)
{
    return fsc_node_text(fsc_node_at(trigger, "metadata", key, NULL), NULL);
}

/* Only an average's threshold is for one replica. */
static bool is_average(const fsc_node *trigger)
{
    return !strcmp(fsc_node_text(fsc_node_at(trigger, "metricType", NULL), "AverageValue"),
                   "AverageValue");
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

static fsc_status add_demand(demands *fit, demands *unfit, const fsc_node *trigger, size_t index,
                             const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const char *type = fsc_node_text(fsc_node_at(trigger, "type", NULL), "");
    size_t row = 0;
    while (row < N_DEMAND_TRIGGERS && strcmp(demand_triggers[row].type, type))
        row++;
    if (row == N_DEMAND_TRIGGERS)
        return FSC_OK;
    const char *query = row ? keda_query(ref, index, a, err) : meta(trigger, "query");
    if (!query)
        return row ? FSC_NOMEM : FSC_OK;
    double threshold =
        is_average(trigger)
            ? fsc_node_real(fsc_node_at(trigger, "metadata", demand_triggers[row].key, NULL),
                            demand_triggers[row].def)
            : 0;
    demands *to = threshold > 0 && (row || !fsc_promql_is_unfit(query)) ? fit : unfit;
    to->v[to->n++] = (demand){query, threshold};
    return FSC_OK;
}

/* KEDA refuses the whole object where a timetable cannot be read: no span is certain then. */
static fsc_status add_timetable(fsc_target_seen *seen, fsc_timetable *out, const fsc_node *trigger,
                                fsc_arena *a, fsc_err *err)
{
    fsc_err one = FSC_ERR_INIT;
    const char *zone = meta(trigger, "timezone"), *start = meta(trigger, "start"),
               *end = meta(trigger, "end");
    out->replicas = fsc_node_int(fsc_node_at(trigger, "metadata", "desiredReplicas", NULL), 0);
    if (zone && start && end && fsc_zone_load(&out->zone, zone, a, &one) == FSC_OK &&
        fsc_cron_parse(&out->start, start, &one) == FSC_OK &&
        fsc_cron_parse(&out->end, end, &one) == FSC_OK) {
        seen->n_timetables++;
        return FSC_OK;
    }
    seen->demand_note = fsc_arena_printf(a, err, "its cron trigger cannot be read: %s",
                                         *one.msg ? one.msg : "timezone, start or end is missing");
    return seen->demand_note ? FSC_OK : FSC_NOMEM;
}

static fsc_status combine(fsc_target_seen *seen, const demands *d, fsc_arena *a, fsc_err *err)
{
    fsc_promql_part parts[MAX_TRIGGERS];
    for (size_t i = 0; i < d->n; i++)
        parts[i] = (fsc_promql_part){
            d->v[i].query, d->v[i].threshold > 0 ? d->v[0].threshold / d->v[i].threshold : 1};
    seen->threshold = d->v[0].threshold;
    return fsc_promql_most(&seen->query, parts, d->n, a, err);
}

/* Without a single trigger that is demand by the looks of it, the only one there is must be. */
static fsc_status choose(fsc_target_seen *seen, const demands *fit, const demands *unfit,
                         fsc_arena *a, fsc_err *err)
{
    if (!fit->n && unfit->n > 1) {
        seen->demand_note = "it has several triggers and none whose value is demand by replicas: "
                            "give demand.query";
        return FSC_OK;
    }
    if (fit->n && unfit->n)
        seen->demand_note = "some of its triggers are no demand by replicas and not planned for: "
                            "forescale check names them";
    return fit->n + unfit->n ? combine(seen, fit->n ? fit : unfit, a, err) : FSC_OK;
}

fsc_status fsc__triggers_read(fsc_target_seen *seen, const fsc_node *object,
                              const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const fsc_node *triggers = fsc_node_at(object, "spec", "triggers", NULL);
    demands fit = {.n = 0}, unfit = {.n = 0};
    size_t n = triggers && triggers->kind == FSC_NODE_LIST ? triggers->n : 0;
    if (n > MAX_TRIGGERS)
        return fsc_fail(err, FSC_CONFIG, "it has more than %d triggers", MAX_TRIGGERS);
    fsc_timetable *tables = FSC_NEW(a, n, fsc_timetable, err);
    if (!tables)
        return FSC_NOMEM;
    seen->timetables = tables;
    for (size_t i = 0; i < n; i++) {
        const fsc_node *t = triggers->items[i];
        if (!strcmp(fsc_node_text(fsc_node_at(t, "type", NULL), ""), "cron"))
            FSC_TRY(add_timetable(seen, &tables[seen->n_timetables], t, a, err));
        else
            FSC_TRY(add_demand(&fit, &unfit, t, i, ref, a, err));
    }
    if (!fsc_node_at(object, "spec", "advanced", "scalingModifiers", "formula", NULL))
        return choose(seen, &fit, &unfit, a, err);
    seen->n_timetables = 0; /* an input of the formula, as all triggers are */
    seen->demand_note =
        "its scalingModifiers' formula decides, not its triggers: give demand.query";
    return FSC_OK;
}
