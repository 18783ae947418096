/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What we record on an object, and writing its bounds together with it. Five annotations, changed
 * only together with a bound, a lowered safe max, or a renewed expiry, because KEDA copies them to
 * its HPA:
 *
 *   forescale.dev/baseline    "2-30": the user's own min and max
 *   forescale.dev/written     "6-16": what we wrote last; another spec is a human's edit
 *   forescale.dev/safe-max    "12": the max that is safe if no further run comes
 *   forescale.dev/expires-at  "2026-11-24T09:10:00Z"
 *   forescale.dev/run-id      the run that wrote last
 */
#ifndef FORESCALE_RECORD_H
#define FORESCALE_RECORD_H

#include "forescale/target.h"

/* A kind of object that has a min and a max: where it lives and what its fields are called. */
typedef struct fsc__bounded {
    const fsc_target_ops *ops;
    const char *group, *resource;  /* "/apis/autoscaling/v2", "horizontalpodautoscalers" */
    const char *min_key, *max_key; /* in spec */
} fsc__bounded;

/* The object's path in the API. */
const char *fsc__bounded_path(const fsc__bounded *b, const fsc_target_ref *ref, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

/* The value of an annotation, or NULL. */
const char *fsc__annotation(const fsc_node *object, const char *key);

/* Fills what is recorded on the object, and hold where a human edited it since; min_replicas and
 * max_replicas of `seen` are already those of the spec. */
fsc_status fsc__record_read(fsc_target_seen *seen, const fsc_node *object, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;

/* fsc_target_ops.apply and .restore of every bounded kind. */
fsc_status fsc__record_apply(fsc_outcome *out, fsc_kube *k, const fsc__bounded *b,
                             const fsc_target_ref *ref, const fsc_target_seen *seen,
                             const fsc_target_write *w, fsc_arena *a, fsc_err *err) FSC_CHECKED;
fsc_status fsc__record_restore(fsc_outcome *out, fsc_kube *k, const fsc__bounded *b,
                               const fsc_target_ref *ref, int64_t now, bool all, fsc_dry_run dry,
                               fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Replicas, ready ones and the wanted number of a scale target (a Deployment or StatefulSet of
 * apps/v1); another kind leaves them unknown and says so in seen->note. *wanted is -1 where
 * unknown. */
fsc_status fsc__scale_target_read(fsc_target_seen *seen, int64_t *wanted, fsc_kube *k,
                                  const char *namespace_, const fsc_node *target_ref, fsc_arena *a,
                                  fsc_err *err) FSC_CHECKED;

#endif
