/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One of several processes that plan a part of the workloads each (rendezvous hashing: D. Thaler,
 * C. Ravishankar, IEEE/ACM Trans. Networking 6(1), 1998: another number of shards moves few of
 * them), or one of several clusters that spend the same budgets. Their parts of a budget are
 * reserved in the store; a pool that several use is written by the first of them, for all.
 */
#ifndef FSC_SHARD_H
#define FSC_SHARD_H

#include "cli/session.h"

/* Reads --shard and store.cluster, and leaves of the configuration what is this process's. */
fsc_status fsc_shard_narrow(fsc_session *s, fsc_err *err) FSC_CHECKED;
/* Which of `shards` has the workload. */
int64_t fsc_shard_of(const char *name, int64_t shards);
/* A name of its own, or `alone` where there is no other; NULL: no memory. */
const char *fsc_shard_name(const fsc_session *s, const char *alone, fsc_err *err);

/* After the spend was read: budgets become parts. A run takes them, others look. */
fsc_status fsc_shard_reserve(fsc_session *s, fsc_err *err) FSC_CHECKED;
/* Under which budget b's spend is written. */
const char *fsc_shard_payer(const fsc_session *s, size_t b);
/* Before the plan is carried out: FSC_CONFLICT when a later run of this shard has begun. */
fsc_status fsc_shard_use(fsc_session *s, const fsc_plan *plan, fsc_err *err) FSC_CHECKED;
/* After all of it is in force. */
fsc_status fsc_shard_settle(fsc_session *s, const fsc_plan *plan, fsc_err *err) FSC_CHECKED;

/* After the cluster was read: of a shared pool's nodes only this shard's count. */
fsc_status fsc_shard_count_nodes(fsc_session *s, fsc_err *err) FSC_CHECKED;
/* After planning: what it wants of shared pools is told, and the first of them wants it for all. */
fsc_status fsc_shard_share_pools(fsc_session *s, fsc_plan *plan, fsc_err *err) FSC_CHECKED;

/* The name of a holder's lease: shards run side by side, each under its own. NULL: no memory. */
const char *fsc_shard_lease(const fsc_session *s, const fsc_holder *h, fsc_err *err);

/* When each workload's last run went through, as the leases say; 0: not known (told). */
fsc_status fsc_shard_last_runs(int64_t **out, fsc_session *s, fsc_err *err) FSC_CHECKED;

#endif
