/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `simulate` found out, and its forms for people and programs. */
#ifndef FSC_CLI_SIMULATE_H
#define FSC_CLI_SIMULATE_H

#include "cli/session.h"
#include "forescale/replay.h"

enum { FSC_SIMULATE_RUNS = 2 * FSC_REPLAY_POLICIES };

/* One workload under every policy, each without the budgets and with them. */
typedef struct fsc_simulated {
    const char *name;
    fsc_config config; /* the workload's own */
    fsc_series metric, demand;
    size_t filled_gaps;
    int64_t from, to;
    const fsc_forecast *forecasts;
    size_t n_runs; /* without a budget only the first half */
    fsc_sim_result runs[FSC_SIMULATE_RUNS];
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

/* Runs all replays of n workloads (name, metric, from and to are given) over the machine's cores.
 * Results live in the cli's arena. */
fsc_status fsc_simulate_all(fsc_simulated *all, size_t n, fsc_session *s, fsc_err *err) FSC_CHECKED;

/* Largest bill of a window of budget b of the workload's own configuration. */
fsc_money fsc_simulated_window(const fsc_simulated *x, size_t run, size_t b);

/* simulate_print.c */
fsc_status fsc_simulate_print(const fsc_simulated *all, size_t n, fsc_cli *cli,
                              fsc_err *err) FSC_CHECKED;

/* simulate_picture.c: demand, ready pods and the bill of each policy, as one HTML file. */
fsc_status fsc_simulate_picture(const char *path, const fsc_simulated *all, size_t n, fsc_cli *cli,
                                fsc_err *err) FSC_CHECKED;

#endif
