/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CapacityBuffer (autoscaling.x-k8s.io/v1beta1) of cluster-autoscaler and Karpenter: one replica is
 * to be the size of a node. */
#include "actuator/record.h"

extern const fsc_target_ops fsc_target_capacitybuffer;

static const fsc__kind capacitybuffer = {.write = fsc__write_bounds,
                                         .group = "/apis/autoscaling.x-k8s.io/v1beta1",
                                         .resource = "capacitybuffers",
                                         .min_key = "replicas"};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    const fsc_node *object = NULL;
    FSC_TRY(fsc__object_read(out, &object, k, &capacitybuffer, ref, a, err));
    out->min_replicas = out->max_replicas =
        fsc_node_int(fsc_node_at(object, "spec", "replicas", NULL), 0);
    if (fsc_node_at(object, "spec", "percentage", NULL))
        out->note = "percentage is set beside replicas: autoscalers differ in which of the two "
                    "counts; remove it";
    return fsc__record_read(out, object, a, err);
}

const fsc_target_ops fsc_target_capacitybuffer = {
    .name = "CapacityBuffer",
    .summary =
        "CapacityBuffer of cluster-autoscaler or Karpenter: spec.replicas, each the size of a node",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_EXTRA,
    .observe = observe,
    .writer = &capacitybuffer,
};
