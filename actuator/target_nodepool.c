/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Karpenter's static NodePool (karpenter.sh/v1, with spec.replicas): all nodes of the pool. */
#include "actuator/record.h"

extern const fsc_target_ops fsc_target_nodepool;

static const fsc__kind nodepool = {.write = fsc__write_size,
                                   .group = "/apis/karpenter.sh/v1",
                                   .resource = "nodepools",
                                   .is_cluster_wide = true,
                                   .set = fsc__scale_set};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    const fsc_node *object = NULL;
    FSC_TRY(fsc__scale_observe(out, &object, k, &nodepool, ref, a, err));
    if (!fsc_node_at(object, "spec", "replicas", NULL))
        out->hold = "it is no static NodePool: it has no spec.replicas, and Karpenter forbids to "
                    "add them later; use a CapacityBuffer or a Placeholder";
    /* Its status counts late or not at all: what is ordered is what its spec says. */
    out->ready_known = false;
    out->replicas = out->min_replicas;
    return FSC_OK;
}

static fsc_status orders(fsc_pods_seen *out, fsc_kube *k, const fsc_target_ref *ref, fsc_arena *a,
                         fsc_err *err)
{
    return fsc_claims_read(out, k, ref->name, a, err);
}

const fsc_target_ops fsc_target_nodepool = {
    .name = "NodePool",
    .summary = "Karpenter's static NodePool: its /scale",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_WHOLE,
    .node_label = "karpenter.sh/nodepool",
    .observe = observe,
    .orders = orders,
    .writer = &nodepool,
};
