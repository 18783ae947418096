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
    FSC_TRY(fsc__triggers_read(out, object, ref, a, err));
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
