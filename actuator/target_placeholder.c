/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Deployment of pause pods with a negative priority, each as large as a node: pods push them
 * away. It and its PriorityClass are the user's (or the chart's); only its /scale is written. */
#include "actuator/record.h"

extern const fsc_target_ops fsc_target_placeholder;

static const fsc__kind placeholder = {.write = fsc__write_size,
                                      .group = "/apis/apps/v1",
                                      .resource = "deployments",
                                      .set = fsc__scale_set};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    return fsc__scale_observe(out, NULL, k, &placeholder, ref, a, err);
}

const fsc_target_ops fsc_target_placeholder = {
    .name = "Placeholder",
    .summary =
        "a Deployment of pause pods of the size of a node, that give way to pods: its /scale",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_EXTRA,
    .observe = observe,
    .writer = &placeholder,
};
