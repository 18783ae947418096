/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is scaled. A new kind is one file in actuator/ and one word in its CMakeLists (and the word
 * of its `kind` in core/config.c). Three forms share one set of operations:
 *
 *   bounds   a workload's autoscaler: a min and a max (ScaledObject, HorizontalPodAutoscaler)
 *   size     a workload that nothing else scales: is_sized, min and max are both its size
 *   pool     a node pool's prewarm: is_pool and is_sized; its size is what `pool_size` says
 *
 * observe() reads the object. fsc_target_apply() writes by compare-and-set and records baseline,
 * expiry and run id: on the object itself where it has annotations, else in the ConfigMap
 * `forescale-record`, so that fsc_target_restore() needs nothing but the Kubernetes API and the
 * object's own. Both are the same for every kind (actuator/record.h): a new sized kind is its
 * observe(), which ends with fsc__record_map_read(), and a set() of one number.
 */
#ifndef FORESCALE_TARGET_H
#define FORESCALE_TARGET_H

#include "forescale/cron.h"
#include "forescale/nodes.h"
#include "forescale/plan.h"

#define FSC_ANNOTATION "forescale.dev/"

typedef struct fsc_target_seen {
    bool exists;
    const char *api_version, *kind, *uid; /* of the object itself; NULL where it is none */
    int64_t min_replicas, max_replicas;   /* of a sized kind both are its size */
    int64_t replicas, ready;              /* of a pool: nodes it has ordered, nodes that serve */
    bool replicas_known, ready_known;
    bool paused;
    const char *paused_why;
    const char *resource_version; /* "" where its API has none */
    const char *
        hold; /* NULL, or why it must be left alone (a human's edit, owned by another controller) */
    const char *note; /* NULL, or what weakens a write's effect; for check and the log */
    bool never_lower; /* a human paused scale-in: neither bound may go down */
    /* what we recorded on it */
    bool ours; /* a baseline is recorded: it, not the bounds above, is the user's own */
    int64_t baseline_min, baseline_max, safe_max, expires_at;
    const char *run_id;
    const char *record_version; /* of the ConfigMap that keeps the record; NULL: there is none */
    /* its own demand triggers: of several the most that any asks for, in units of the first */
    const char *query;
    double threshold;        /* T, for one replica; 0: none found */
    const char *demand_note; /* NULL, or what of its triggers is not in the query */
    size_t n_timetables;     /* of its cron triggers */
    const fsc_timetable *timetables;
    /* its pods' labels, as the API's labelSelector; NULL: not known */
    const char *pod_selector;
    fsc_rollout rollout; /* how its pods are replaced */
} fsc_target_seen;

typedef struct fsc_target_write {
    int64_t now;
    int64_t min_replicas, max_replicas;
    int64_t baseline_min, baseline_max, safe_max, expires_at;
    int64_t renew_s; /* the recorded expiry is renewed when less than this is left of it */
    const char *run_id;
    fsc_dry_run dry;
} fsc_target_write;

typedef enum fsc_outcome { FSC_APPLIED, FSC_UNCHANGED, FSC_PLANNED } fsc_outcome;

/* What the number is that a pool's object holds. */
typedef enum fsc_pool_size {
    FSC_SIZE_EXTRA, /* nodes beyond those that hold pods: it shrinks as pods arrive */
    FSC_SIZE_WHOLE  /* all nodes of the pool: never below those that hold pods */
} fsc_pool_size;

typedef struct fsc_target_ops {
    const char *name, *summary; /* name is the `kind` of the configuration */
    bool is_pool;               /* a node pool's prewarm, else a workload's target */
    bool is_sized;              /* one number instead of a min and a max */
    fsc_pool_size pool_size;
    const char *node_label; /* NULL, or the label whose value on its nodes is the object's name: the
                               node selector of a pool that gives none */
    fsc_status (*observe)(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err);
    /* NULL, or what ordered the pool's nodes (one entry a node), from which its lead is learned;
     * where it has pods (pod_selector), those are taken. */
    fsc_status (*orders)(fsc_pods_seen *out, fsc_kube *k, const fsc_target_ref *ref, fsc_arena *a,
                         fsc_err *err);
    const struct fsc__kind *writer; /* how it is written (actuator/record.h); NULL: never */
} fsc_target_ops;
const fsc_target_ops *const *fsc_targets(void); /* ends with NULL */
const fsc_target_ops *fsc_target_find(const char *kind);

/* The object itself, as the API gives it. FSC_CONFIG: a kind that is no object of Kubernetes'. */
fsc_status fsc_target_object(const fsc_node **out, fsc_kube *k, const fsc_target_ref *ref,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Writes only what differs from the object and its record. FSC_CONFLICT: somebody else changed the
 * object since `seen`; retryable where that may settle, else it must be left alone. */
fsc_status fsc_target_apply(fsc_outcome *out, fsc_kube *k, const fsc_target_ops *ops,
                            const fsc_target_ref *ref, const fsc_target_seen *seen,
                            const fsc_target_write *w, fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Would such a write find its object as it is to be? Then it is none. */
bool fsc_target_stands(const fsc_target_seen *seen, const fsc_target_write *w);
typedef enum fsc_restore_kind {
    FSC_RESTORE_EXPIRED, /* past its expiry: the floor to the baseline, the max never above the
                            recorded safe one */
    FSC_RESTORE_CAPS,    /* that, and every max to its recorded safe one if that is lower */
    FSC_RESTORE_ALL      /* the baseline, without our record */
} fsc_restore_kind;

/* The record goes with the baseline's return. What a human changed since our last write stays as it
 * is, without our record. *seen is the object as it was before. */
fsc_status fsc_target_restore(fsc_outcome *out, fsc_target_seen *seen, fsc_kube *k,
                              const fsc_target_ops *ops, const fsc_target_ref *ref, int64_t now,
                              fsc_restore_kind kind, fsc_dry_run dry, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

#endif
