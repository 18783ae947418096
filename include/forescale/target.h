/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is scaled. A new kind is one file in actuator/ and one word in its CMakeLists. observe()
 * reads the object; apply() writes bounds by compare-and-set and records baseline, expiry and run
 * id on it.
 */
#ifndef FORESCALE_TARGET_H
#define FORESCALE_TARGET_H

#include "forescale/kube.h"
#include "forescale/plan.h"

#define FSC_ANNOTATION "forescale.dev/"

typedef struct fsc_target_seen {
    bool exists;
    int64_t min_replicas, max_replicas, replicas, ready;
    bool replicas_known, ready_known;
    bool paused;
    const char *paused_why;
    const char *resource_version;
    const char *
        hold; /* NULL, or why it must be left alone (a human's edit, owned by another controller) */
    const char *note; /* NULL, or what weakens a write's effect; for check and the log */
    bool never_lower; /* a human paused scale-in: neither bound may go down */
    /* what we recorded on it, in annotations (actuator/record.h) */
    bool ours; /* a baseline is recorded: it, not the bounds above, is the user's own */
    int64_t baseline_min, baseline_max, safe_max, expires_at;
    const char *run_id;
    /* its own demand trigger */
    const char *query, *server_address;
    double threshold; /* T, for one replica; 0: none found */
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

typedef struct fsc_target_ops {
    const char *name, *summary; /* name is the `kind` of the configuration */
    bool is_pool;               /* a node pool's prewarm, else a workload's target */
    fsc_status (*observe)(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err);
    /* Writes only what differs from the object and its record. FSC_CONFLICT: somebody else changed
     * the object since `seen`; retryable where that may settle, else it must be left alone. */
    fsc_status (*apply)(fsc_outcome *out, fsc_kube *k, const fsc_target_ref *ref,
                        const fsc_target_seen *seen, const fsc_target_write *w, fsc_arena *a,
                        fsc_err *err);
    /* Writes the baseline back (all) or what is safe once expired; removes our record when whole.
     * What a human changed since our last write stays as it is, without our record. */
    fsc_status (*restore)(fsc_outcome *out, fsc_kube *k, const fsc_target_ref *ref, int64_t now,
                          bool all, fsc_dry_run dry, fsc_arena *a, fsc_err *err);
} fsc_target_ops;
const fsc_target_ops *const *fsc_targets(void); /* ends with NULL */
const fsc_target_ops *fsc_target_find(const char *kind);

#endif
