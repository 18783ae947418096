/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Carrying out a plan, and undoing it. Only one run at a time acts: it holds the lease. */
#ifndef FORESCALE_APPLY_H
#define FORESCALE_APPLY_H

#include "forescale/nodes.h"
#include "forescale/store.h"
#include "forescale/target.h"

typedef struct fsc_apply_input {
    int64_t now;
    const fsc_config *config;
    const fsc_plan *plan;
    const fsc_target_seen *seen;         /* parallel to the workloads */
    const fsc_target_seen *pool_targets; /* parallel to the pools, as what follows */
    const fsc_pool_seen *pool_nodes;
    fsc_dry_run dry;
    const fsc_log *log;
} fsc_apply_input;

typedef struct fsc_apply_counts {
    size_t applied, unchanged, failed;
    size_t held;    /* planned a hold, or the object must be left alone */
    size_t planned; /* mode observe, kind None, or a dry run: journalled only */
} fsc_apply_counts;

/*
 * For each workload and pool: the intent in the ledger, the write, the receipt; what needs no write
 * and stands in the ledger already, said within the hour, is not said again. Lowered caps go
 * first, then nodes, then raised floors; one failure never stops the rest (it is logged, settled as
 * "failed" and counted). An error is returned only where the ledger itself fails: then nothing more
 * is written to the cluster.
 */
fsc_status fsc_apply(fsc_apply_counts *out, fsc_kube *k, fsc_store *s, const fsc_apply_input *in,
                     fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Baselines back, with nothing but the Kubernetes API (planning.md 7). last_runs: when each
 * workload's last run went through (leases tell), 0 where that is not known. For one that is older
 * than missedRuns allows EXPIRED becomes CAPS by itself. */
void fsc_restore(fsc_apply_counts *out, fsc_kube *k, const fsc_config *config,
                 const int64_t *last_runs, int64_t now, fsc_restore_kind kind, fsc_dry_run dry,
                 const fsc_log *log, fsc_arena *a);

/* A coordination.k8s.io Lease in the login's namespace. */
typedef struct fsc_lease_ask {
    const char *name, *holder;
    int64_t now, duration_s;
    int64_t shards; /* of which the holder is one; kept on the lease */
} fsc_lease_ask;

typedef struct fsc_lease {
    fsc_lease_ask ask;
    const char *path, *resource_version;
    int64_t acquired, transitions, last_run;
} fsc_lease;

/* FSC_CONFLICT, retryable, while another holder's lease has not run out by `now`. Taking it again
 * with the same holder renews it. */
fsc_status fsc_lease_take(fsc_lease *out, fsc_kube *k, const fsc_lease_ask *ask, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;
/* When a run last went through under the lease `name`, 0: never, or it is gone; and how many shards
 * its holder was one of, 0: not known. */
fsc_status fsc_lease_last_run(int64_t *at, int64_t *shards, fsc_kube *k, const char *name,
                              fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Gives it back if it is still ours, saying whether the run went through; a failure only delays the
 * next run until it has run out. */
fsc_status fsc_lease_release(fsc_kube *k, const fsc_lease *lease, int64_t now, bool went_through,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
