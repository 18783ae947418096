/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of an API server about one ScaledObject and its Deployment. */
#ifndef FORESCALE_TESTS_SCALED_OBJECT_H
#define FORESCALE_TESTS_SCALED_OBJECT_H

#include "tests/unit/kube_double.h"

static const fsc_target_ref ref = {
    .kind_name = "ScaledObject", .namespace_ = "inference", .name = "llama"};
enum { NOW = 1795510800 }; /* 2026-11-24T09:00:00Z */

#define SO_PATH     "/apis/keda.sh/v1alpha1/namespaces/inference/scaledobjects/llama"
#define DEPLOY_PATH "/apis/apps/v1/namespaces/inference/deployments/llama"
#define DEPLOY                                                                                     \
    "[200, {\"spec\": {\"replicas\": 5}, \"status\": {\"replicas\": 5, \"readyReplicas\": 4}}]"
#define CONFLICT "[409, {\"message\": \"the object has been modified\"}]"
#define WRITTEN  "[200, {}]"
/* A record of 6-16 over a baseline of 2-30, safe 12, until 09:10. */
#define RECORD                                                                                     \
    "{\"forescale.dev/baseline\": \"2-30\", \"forescale.dev/written\": \"6-16\", "                 \
    "\"forescale.dev/safe-max\": \"12\", "                                                         \
    "\"forescale.dev/expires-at\": \"2026-11-24T09:10:00Z\", \"forescale.dev/run-id\": \"r0\"}"

static inline const char *scaled_object(const char *annotations, const char *spec)
{
    const char *text = fsc_arena_printf(
        arena, &err,
        "[200, {\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": %s}, \"spec\": "
        "{\"scaleTargetRef\": {\"name\": \"llama\"}%s}}]",
        annotations, spec);
    ck_assert_ptr_nonnull(text);
    return text;
}

static inline const char *bounds(int min, int max)
{
    return fsc_arena_printf(arena, &err, ", \"minReplicaCount\": %d, \"maxReplicaCount\": %d", min,
                            max);
}

static inline const char *join(const char *a, const char *b)
{
    return fsc_arena_printf(arena, &err, "%s, %s", a, b);
}

#endif
