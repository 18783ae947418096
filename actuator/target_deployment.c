/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Deployment that nothing else scales, through its /scale. */
#include "actuator/record.h"

extern const fsc_target_ops fsc_target_deployment;

static const fsc__kind deployment = {.write = fsc__write_size,
                                     .group = "/apis/apps/v1",
                                     .resource = "deployments",
                                     .set = fsc__scale_set};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    FSC_TRY(fsc__scale_observe(out, NULL, k, &deployment, ref, a, err));
    return fsc__scaled_by(out, k, ref, a, err);
}

const fsc_target_ops fsc_target_deployment = {
    .name = "Deployment",
    .summary = "a Deployment without an autoscaler: its /scale",
    .is_sized = true,
    .observe = observe,
    .writer = &deployment,
};
