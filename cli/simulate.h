/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `simulate` found out, and its forms for people and programs. */
#ifndef FSC_CLI_SIMULATE_H
#define FSC_CLI_SIMULATE_H

#include "cli/session.h"
#include "forescale/replay.h"

enum { FSC_SIMULATE_RUNS = 2 * FSC_REPLAY_POLICIES };

typedef struct fsc_simulated_workload {
    const char *name;
    size_t number; /* in the session's configuration */
    fsc_series metric, demand;
    size_t filled_gaps;
} fsc_simulated_workload;

/* Workloads that share budgets or pools, played together under every policy, each without the
 * budgets and with them. */
typedef struct fsc_simulated {
    size_t n;
    fsc_simulated_workload *workloads; /* parallel to its own configuration's */
    fsc_config config;
    int64_t from, to;
    size_t n_runs; /* without a budget only the first half */
    fsc_sim_result runs[FSC_SIMULATE_RUNS];
    int64_t *windows[FSC_SIMULATE_RUNS]; /* [n_budgets] largest bill of a window of each */
} fsc_simulated;

/* Of the runs by number: first every policy without budgets, then with them. */
static inline fsc_replay_policy fsc_simulated_policy(size_t run)
{
    return (fsc_replay_policy)(run % FSC_REPLAY_POLICIES);
}

static inline bool fsc_simulated_budgeted(size_t run)
{
    return run >= FSC_REPLAY_POLICIES;
}

/* "reactive", or "reactive, budget". */
const char *fsc_simulated_name(char out[32], size_t run);

/* Workload w's part of a run; that of all where w is their number. */
const fsc_sim_part *fsc_simulated_part(const fsc_simulated *x, size_t run, size_t w);

/* Their names joined by `between`; in the cli's arena. NULL: out of memory. */
const char *fsc_simulated_names(const fsc_simulated *x, const char *between, fsc_arena *a,
                                fsc_err *err);

/* Runs all replays of n groups (workloads, from and to are given) over the machine's cores. Results
 * live in the cli's arena. */
fsc_status fsc_simulate_all(fsc_simulated *all, size_t n, fsc_session *s, fsc_err *err) FSC_CHECKED;

/* simulate_print.c */
fsc_status fsc_simulate_print(const fsc_simulated *all, size_t n, fsc_cli *cli,
                              fsc_err *err) FSC_CHECKED;

/* simulate_picture.c: demand and ready pods of each workload, and the bills, as one HTML file. */
fsc_status fsc_simulate_picture(const char *path, const fsc_simulated *all, size_t n, fsc_cli *cli,
                                fsc_err *err) FSC_CHECKED;

#endif
