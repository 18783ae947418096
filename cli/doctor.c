/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor.h"
#include "forescale/json.h"
#include "forescale/promql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules on triggers -------------------------------------------------------------------- */

typedef struct trigger {
    const fsc_node *one;
    const char *query;
    const fsc_node *scaler;
} trigger;

static bool is_blind_breaker(const trigger *t)
{
    return fsc_promql_is_money(t->query) &&
           !fsc_node_at(t->scaler, "spec", "advanced", "scalingModifiers", "formula", NULL);
}

static bool filters(const trigger *t)
{
    return fsc_promql_filters(t->query);
}

static bool is_share(const trigger *t)
{
    return fsc_promql_is_share(t->query);
}

static bool counts_completions(const trigger *t)
{
    return fsc_promql_counts_completions(t->query);
}

static bool has_idle_threshold(const trigger *t)
{
    return fsc_node_at(t->one, "metadata", "activationThreshold", NULL) &&
           fsc_node_int(fsc_node_at(t->scaler, "spec", "minReplicaCount", NULL), 0) >= 1;
}

static bool has_stray_window(const trigger *t)
{
    return fsc_node_at(t->one, "metadata", "stabilizationWindowSeconds", NULL) != NULL;
}

static const struct trigger_rule {
    bool (*applies)(const trigger *t);
    const char *wrong, *why, *remedy;
    bool unfit;
} trigger_rules[] = {
    {is_blind_breaker, "a cost trigger cannot block",
     "KEDA activates when any trigger is active and the HPA takes the largest of them, so a cost "
     "query only ever adds replicas, and a failing one keeps them",
     "remove the trigger; give forescale a budget with a ceiling and a window", true},
    {filters, "its query filters by a comparison without bool",
     "a filter returns nothing when it is false and the value itself when it is true, never 0 or 1",
     "write `< bool`, or ask for the number itself", true},
    {is_share, "its query is a share, not demand",
     "a share of what is there cannot be divided by replicas and does not grow past 1",
     "ask for requests in flight and waiting, as forescale init --preset shows", true},
    {counts_completions, "its query counts what was completed",
     "completions flatten at capacity: a saturated past teaches too low a peak",
     "ask for running plus waiting requests, or for arrivals", true},
    {has_idle_threshold, "activationThreshold does nothing here",
     "it only decides between 0 and 1 replicas, and minReplicaCount is 1 or more",
     "remove it, or set minReplicaCount: 0", false},
    {has_stray_window, "stabilizationWindowSeconds stands in a trigger's metadata",
     "KEDA ignores it there, so replicas fall after the default 300 s",
     "move it to spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown", false},
};

static void examine_triggers(const fsc_doctor_object *o, fsc_doctor_tell tell, void *ctx)
{
    const fsc_node *triggers = fsc_node_at(o->scaler, "spec", "triggers", NULL);
    for (size_t i = 0; triggers && triggers->kind == FSC_NODE_LIST && i < triggers->n; i++) {
        const fsc_node *one = triggers->items[i];
        const trigger t = {one, fsc_node_text(fsc_node_at(one, "metadata", "query", NULL), ""),
                           o->scaler};
        char what[32];
        (void)snprintf(what, sizeof what, "trigger %zu", i);
        for (size_t r = 0; r < sizeof trigger_rules / sizeof *trigger_rules; r++)
            if (trigger_rules[r].applies(&t))
                tell(ctx, &(fsc_finding){what, trigger_rules[r].wrong, trigger_rules[r].why,
                                         trigger_rules[r].remedy, trigger_rules[r].unfit});
    }
}

/* ---- rules on the scaler ------------------------------------------------------------------ */

/* The API server drops a key that the schema does not know; what was applied still shows it. */
static bool has_misplaced_window(const fsc_doctor_object *o)
{
    static const char *const places[][4] = {
        {"spec", "stabilizationWindowSeconds", NULL, NULL},
        {"spec", "advanced", "stabilizationWindowSeconds", NULL},
        {"spec", "advanced", "horizontalPodAutoscalerConfig", "stabilizationWindowSeconds"},
        {"spec", "behavior", "stabilizationWindowSeconds", NULL}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (fsc_node_at(o->scaler, places[i][0], places[i][1], places[i][2], places[i][3], NULL))
            return true;
    const char *applied =
        fsc_node_text(fsc_node_at(o->scaler, "metadata", "annotations",
                                  "kubectl.kubernetes.io/last-applied-configuration", NULL),
                      "");
    return strstr(applied, "stabilizationWindowSeconds") && !strstr(applied, "\"behavior\"");
}

/* ---- rules on pods ------------------------------------------------------------------------ */

static const fsc_node *pod_spec(const fsc_doctor_object *o)
{
    return fsc_node_at(o->scaled, "spec", "template", "spec", NULL);
}

static const fsc_node *container(const fsc_doctor_object *o, size_t i)
{
    const fsc_node *list = fsc_node_at(pod_spec(o), "containers", NULL);
    return list && list->kind == FSC_NODE_LIST && i < list->n ? list->items[i] : NULL;
}

static bool asks_for_no_gpu(const fsc_doctor_object *o)
{
    const fsc_node *c;
    for (size_t i = 0; (c = container(o, i)); i++)
        if (fsc_node_at(c, "resources", "limits", "nvidia.com/gpu", NULL) ||
            fsc_node_at(c, "resources", "requests", "nvidia.com/gpu", NULL))
            return false;
    return container(o, 0) && o->workload->gpus_per_replica > 0;
}

static bool waits_to_be_ready(const fsc_doctor_object *o)
{
    const fsc_node *c;
    for (size_t i = 0; (c = container(o, i)); i++)
        if (fsc_node_int(fsc_node_at(c, "readinessProbe", "initialDelaySeconds", NULL), 0) >
            o->workload->lead_s)
            return true;
    return false;
}

static bool spreads_softly(const fsc_doctor_object *o)
{
    const fsc_node *list = fsc_node_at(pod_spec(o), "topologySpreadConstraints", NULL);
    for (size_t i = 0; list && list->kind == FSC_NODE_LIST && i < list->n; i++)
        if (!strcmp(fsc_node_text(fsc_node_at(list->items[i], "whenUnsatisfiable", NULL), ""),
                    "ScheduleAnyway"))
            return true;
    return false;
}

/* Of preStop: `sleep: {seconds: N}`, or a command that is `sleep N`. */
static int64_t sleep_s(const fsc_node *c)
{
    const fsc_node *stop = fsc_node_at(c, "lifecycle", "preStop", NULL);
    const fsc_node *command = fsc_node_at(stop, "exec", "command", NULL);
    int64_t seconds = fsc_node_int(fsc_node_at(stop, "sleep", "seconds", NULL), 0);
    for (size_t i = 0; command && command->kind == FSC_NODE_LIST && i < command->n; i++) {
        const char *word = fsc_node_text(command->items[i], "");
        const char *at = strstr(word, "sleep ");
        const char *number = at ? at + 6
                             : !strcmp(word, "sleep") && i + 1 < command->n
                                 ? fsc_node_text(command->items[i + 1], "0")
                                 : "0";
        int64_t said = strtoll(number, NULL, 10);
        seconds = said > seconds ? said : seconds;
    }
    return seconds;
}

static bool is_killed_in_its_sleep(const fsc_doctor_object *o)
{
    int64_t grace =
        fsc_node_int(fsc_node_at(pod_spec(o), "terminationGracePeriodSeconds", NULL), 30);
    const fsc_node *c;
    for (size_t i = 0; (c = container(o, i)); i++)
        if (sleep_s(c) >= grace)
            return true;
    return false;
}

static const struct object_rule {
    bool (*applies)(const fsc_doctor_object *o);
    const char *what, *wrong, *why, *remedy;
} object_rules[] = {
    {has_misplaced_window, "scaler", "stabilizationWindowSeconds stands at the wrong place",
     "it is ignored there, so replicas fall after the default 300 s",
     "move it under behavior.scaleDown (of KEDA: "
     "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown)"},
    {asks_for_no_gpu, "pods", "no container asks for nvidia.com/gpu",
     "pods land on any node, so that nodes are neither warmed nor billed as planned",
     "set resources.limits nvidia.com/gpu, or gpusPerReplica: 0"},
    {waits_to_be_ready, "pods", "readinessProbe.initialDelaySeconds is longer than the lead",
     "a pod that is loaded sooner still waits it out: every start is late by the difference",
     "use a startupProbe, and no initial delay"},
    {spreads_softly, "pods", "topologySpreadConstraints with ScheduleAnyway are a wish",
     "the scheduler may put every pod into one pool or zone: it is no firm floor of either",
     "use DoNotSchedule where the spread must hold, or minNodes of each pool"},
    {is_killed_in_its_sleep, "pods", "the grace period is no longer than the preStop sleep",
     "the pod is killed before its requests are drained",
     "set terminationGracePeriodSeconds above the sleep and the longest request"},
};

void fsc_doctor_examine(const fsc_doctor_object *o, fsc_doctor_tell tell, void *ctx)
{
    examine_triggers(o, tell, ctx);
    for (size_t r = 0; r < sizeof object_rules / sizeof *object_rules; r++)
        if (object_rules[r].applies(o))
            tell(ctx, &(fsc_finding){object_rules[r].what, object_rules[r].wrong,
                                     object_rules[r].why, object_rules[r].remedy, false});
}
