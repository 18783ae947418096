/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plain HorizontalPodAutoscaler (autoscaling/v2). */
#include "actuator/record.h"

#include <string.h>

extern const fsc_target_ops fsc_target_hpa;

static const fsc__kind hpa = {.write = fsc__write_bounds,
                              .group = "/apis/autoscaling/v2",
                              .resource = "horizontalpodautoscalers",
                              .min_key = "minReplicas",
                              .max_key = "maxReplicas"};

/* Who controls an HPA (KEDA, for one) puts it back after each write. */
static fsc_status refuse_owned(fsc_target_seen *out, const fsc_node *object, fsc_arena *a,
                               fsc_err *err)
{
    const fsc_node *owners = fsc_node_at(object, "metadata", "ownerReferences", NULL);
    for (size_t i = 0; owners && owners->kind == FSC_NODE_LIST && i < owners->n; i++) {
        const fsc_node *o = owners->items[i];
        if (strcmp(fsc_node_text(fsc_node_at(o, "controller", NULL), ""), "true"))
            continue;
        const char *kind = fsc_node_text(fsc_node_at(o, "kind", NULL), "");
        const char *name = fsc_node_text(fsc_node_at(o, "name", NULL), "");
        out->hold = fsc_arena_printf(
            a, err,
            "it belongs to %s %s, which undoes every change: give that as the target "
            "({kind: %s, name: %s})",
            kind, name, kind, name);
        return out->hold ? FSC_OK : FSC_NOMEM;
    }
    return FSC_OK;
}

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    const fsc_node *object = NULL;
    int64_t wanted = -1;
    FSC_TRY(fsc__object_read(out, &object, k, &hpa, ref, a, err));
    out->min_replicas = fsc_node_int(fsc_node_at(object, "spec", "minReplicas", NULL), 1);
    out->max_replicas = fsc_node_int(fsc_node_at(object, "spec", "maxReplicas", NULL), 1);
    FSC_TRY(refuse_owned(out, object, a, err));
    if (!out->hold) /* KEDA copies its ScaledObject's annotations: they are no record of this object
                     */
        FSC_TRY(fsc__record_read(out, object, a, err));
    FSC_TRY(fsc__scale_target_read(out, &wanted, k, ref->namespace_,
                                   fsc_node_at(object, "spec", "scaleTargetRef", NULL), a, err));
    out->paused = wanted == 0 && out->min_replicas > 0;
    if (out->paused)
        out->paused_why = "its target was scaled to 0, which switches an HPA off";
    return FSC_OK;
}

const fsc_target_ops fsc_target_hpa = {
    .name = "HorizontalPodAutoscaler",
    .summary = "a plain HorizontalPodAutoscaler: minReplicas and maxReplicas",
    .observe = observe,
    .writer = &hpa,
};
