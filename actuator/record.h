/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What we record of an object, and writing it together with that record. On an object with bounds
 * the record is five annotations, changed only together with a bound, a lowered safe max, or a
 * renewed expiry, because KEDA copies them to its HPA:
 *
 *   forescale.dev/baseline    "2-30": the user's own min and max
 *   forescale.dev/written     "6-16": what we wrote last; another spec is a human's edit
 *   forescale.dev/safe-max    "12": the max that is safe if no further run comes
 *   forescale.dev/expires-at  "2026-11-24T09:10:00Z"
 *   forescale.dev/run-id      the run that wrote last
 *
 * What is scaled through /scale, or by another API than Kubernetes', carries none: its record is
 * one entry of the ConfigMap `forescale-record` in the login's namespace (sized.c).
 */
#ifndef FORESCALE_RECORD_H
#define FORESCALE_RECORD_H

#include "forescale/target.h"

/* What an object is to become. */
typedef struct fsc__desired {
    int64_t min, max;
    bool recorded; /* with a record, else without any of ours */
    int64_t baseline_min, baseline_max, safe_max, expires_at;
    const char *run_id;
} fsc__desired;

/* One write from `seen` to `d`, record included; FSC_CONFLICT where the object is no longer what
 * was seen. Never called with FSC_DRY_CLIENT. */
typedef struct fsc__kind fsc__kind;
typedef fsc_status (*fsc__write)(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                                 const fsc_target_seen *seen, const fsc__desired *d,
                                 fsc_dry_run dry, fsc_arena *a, fsc_err *err);

/* How a kind of object is written; the rest of its file reads it. */
struct fsc__kind {
    fsc__write write;             /* fsc__write_bounds, fsc__write_size */
    const char *group, *resource; /* "/apis/autoscaling/v2", "horizontalpodautoscalers"; NULL: it
                                     is no object of Kubernetes' */
    bool is_cluster_wide;         /* it has no namespace */
    /* fsc__write_bounds: names in spec; max_key NULL where there is but one number */
    const char *min_key, *max_key;
    /* fsc__write_size: sets the number; dry is NONE or SERVER (where the API can try) */
    fsc_status (*set)(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                      const fsc_target_seen *seen, int64_t size, fsc_dry_run dry, fsc_arena *a,
                      fsc_err *err);
};

/* The object's path in the API. */
const char *fsc__kind_path(const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

/* Reads the object `ref`; fills a fresh `seen` with what every object has. */
fsc_status fsc__object_read(fsc_target_seen *seen, const fsc_node **object, fsc_kube *k,
                            const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;

/* The value of an annotation, or NULL. */
const char *fsc__annotation(const fsc_node *object, const char *key);

/* Fills what is recorded in the object's annotations, and hold where a human edited it since;
 * min_replicas and max_replicas of `seen` are already those of the spec. */
fsc_status fsc__record_read(fsc_target_seen *seen, const fsc_node *object, fsc_arena *a,
                            fsc_err *err) FSC_CHECKED;
/* The same from the ConfigMap. */
fsc_status fsc__record_map_read(fsc_target_seen *seen, fsc_kube *k, const fsc_target_ref *ref,
                                fsc_arena *a, fsc_err *err) FSC_CHECKED;
fsc_status fsc__record_edited(fsc_target_seen *seen, int64_t min, int64_t max, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

/* What a ScaledObject's triggers ask for: demand's query and threshold, and timetables. */
fsc_status fsc__triggers_read(fsc_target_seen *seen, const fsc_node *object,
                              const fsc_target_ref *ref, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* One merge patch of bounds and annotations. */
fsc_status fsc__write_bounds(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                             const fsc_target_seen *seen, const fsc__desired *d, fsc_dry_run dry,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* The record, the set(), and the record again: killed in between, the object is at one of the two
 * sizes that the record names. */
fsc_status fsc__write_size(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                           const fsc_target_seen *seen, const fsc__desired *d, fsc_dry_run dry,
                           fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* fsc__kind.set through the object's /scale, the only thing that it needs the right to write. */
fsc_status fsc__scale_set(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                          const fsc_target_seen *seen, int64_t size, fsc_dry_run dry, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;
/* Reads an object with spec.replicas and its record; *object (may be NULL) is it. */
fsc_status fsc__scale_observe(fsc_target_seen *seen, const fsc_node **object, fsc_kube *k,
                              const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

/* Sets hold where a ScaledObject or an HPA scales the workload `ref`: that is to be the target. */
fsc_status fsc__scaled_by(fsc_target_seen *seen, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Replicas, ready ones and the wanted number of a scale target (a Deployment or StatefulSet of
 * apps/v1); another kind leaves them unknown and says so in seen->note. *wanted is -1 where
 * unknown. */
fsc_status fsc__scale_target_read(fsc_target_seen *seen, int64_t *wanted, fsc_kube *k,
                                  const char *namespace_, const fsc_node *target_ref, fsc_arena *a,
                                  fsc_err *err) FSC_CHECKED;
/* A label selector of an object (matchLabels, matchExpressions) as the API's labelSelector; NULL
 * in *out where it selects nothing. */
fsc_status fsc__selector_text(const char **out, const fsc_node *selector, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

#endif
