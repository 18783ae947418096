/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/simulate.h"
#include "cli/parallel.h"

#include <string.h>

enum { SCRATCH_LIMIT_MIB = 1024 };

static fsc_replay_input input_of(const fsc_simulated *x, size_t run)
{
    return (fsc_replay_input){.config = &x->config,
                              .metric = &x->metric,
                              .demand = &x->demand,
                              .from = x->from,
                              .to = x->to,
                              .forecasts = x->forecasts,
                              .policy = fsc_simulated_policy(run),
                              .with_budget = fsc_simulated_budgeted(run),
                              .meter = true};
}

static fsc_status forecast_one(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    fsc_simulated *x = &((fsc_simulated *)ctx)[i];
    fsc_replay_input in = input_of(x, FSC_REPLAY_PREDICTIVE);
    return fsc_replay_forecasts(&x->forecasts, &in, a, err);
}

static fsc_status replay_one(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    fsc_simulated *x = &((fsc_simulated *)ctx)[i / FSC_SIMULATE_RUNS];
    size_t run = i % FSC_SIMULATE_RUNS;
    fsc_arena *scratch;
    if (run >= x->n_runs)
        return FSC_OK;
    fsc_replay_input in = input_of(x, run);
    FSC_TRY(fsc_arena_open(&scratch, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = fsc_replay_run(&x->runs[run], &in, a, scratch, err);
    fsc_arena_close(scratch);
    return status;
}

/* Runs n items and reports the first failure. */
static fsc_status run_all(fsc_parallel **out, size_t n, fsc_parallel_work work, fsc_simulated *all,
                          fsc_arena *a, fsc_err *err)
{
    fsc_status *results = FSC_NEW(a, n, fsc_status, err);
    fsc_err *errs = FSC_NEW(a, n, fsc_err, err);
    if (!results || !errs)
        return FSC_NOMEM;
    FSC_TRY(fsc_parallel_run(out, n, work, all, results, errs, err));
    for (size_t i = 0; i < n; i++)
        if (results[i] != FSC_OK) {
            *err = errs[i];
            return results[i];
        }
    return FSC_OK;
}

static fsc_status keep(const int64_t **minutes, size_t n, fsc_arena *a, fsc_err *err)
{
    int64_t *copy = FSC_NEW(a, n, int64_t, err);
    if (!copy)
        return FSC_NOMEM;
    memcpy(copy, *minutes, n * sizeof *copy);
    *minutes = copy;
    return FSC_OK;
}

/* The workers' arenas go with them: what outlives them is copied. */
static fsc_status keep_results(fsc_simulated *all, size_t n, fsc_arena *a, fsc_err *err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t run = 0; run < all[i].n_runs; run++) {
            fsc_sim_result *r = &all[i].runs[run];
            FSC_TRY(keep(&r->minute_micros, r->n_minutes, a, err));
            FSC_TRY(keep(&r->minute_ready, r->n_minutes, a, err));
        }
    return FSC_OK;
}

/* A ceiling over several workloads is shared among their replays as the autoscaler alone would
 * have spent, so that the sum keeps it. */
static fsc_status share_ceilings(fsc_simulated *all, size_t n, fsc_session *s, fsc_arena *scratch,
                                 fsc_err *err)
{
    const fsc_config *c = &s->config;
    fsc_arena *a = s->cli->arena;
    double *share = FSC_NEW(a, c->n_budgets + 1, double, err), *cost = FSC_NEW(a, n, double, err);
    if (!share || !cost)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        fsc_sim_result alone;
        fsc_replay_input in = input_of(&all[i], FSC_REPLAY_REACTIVE);
        fsc_arena_mark mark = fsc_arena_get_mark(scratch);
        FSC_TRY(fsc_replay_run(&alone, &in, scratch, scratch, err));
        cost[i] = (double)alone.cost_micros;
        fsc_arena_rewind(scratch, mark);
    }
    for (size_t i = 0; i < n; i++) {
        size_t w;
        for (size_t b = 0; b < c->n_budgets; b++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += fsc_budget_covers(&c->budgets[b], all[k].name) ? cost[k] : 0;
            share[b] = sum > 0 ? cost[i] / sum : 1;
        }
        FSC_TRY(fsc_session_workload(&w, s, all[i].name, err));
        FSC_TRY(fsc_replay_config(&all[i].config, c, w, share, a, err));
    }
    return FSC_OK;
}

static fsc_status prepare(fsc_simulated *all, size_t n, fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena, *scratch;
    for (size_t i = 0; i < n; i++) {
        size_t w;
        FSC_TRY(fsc_session_workload(&w, s, all[i].name, err));
        FSC_TRY(fsc_replay_config(&all[i].config, &s->config, w, NULL, a, err));
        FSC_TRY(fsc_replay_demand(&all[i].demand, &all[i].filled_gaps, &all[i].metric, a, err));
        all[i].n_runs = all[i].config.n_budgets ? FSC_SIMULATE_RUNS : FSC_REPLAY_POLICIES;
    }
    if (n == 1)
        return FSC_OK;
    FSC_TRY(fsc_arena_open(&scratch, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = share_ceilings(all, n, s, scratch, err);
    fsc_arena_close(scratch);
    return status;
}

fsc_status fsc_simulate_all(fsc_simulated *all, size_t n, fsc_session *s, fsc_err *err)
{
    fsc_parallel *forecasts = NULL, *replays = NULL;
    fsc_arena *a = s->cli->arena;
    FSC_TRY(prepare(all, n, s, err));
    fsc_status status = run_all(&forecasts, n, forecast_one, all, a, err);
    if (status == FSC_OK)
        status = run_all(&replays, n * FSC_SIMULATE_RUNS, replay_one, all, a, err);
    if (status == FSC_OK)
        status = keep_results(all, n, a, err);
    fsc_parallel_close(replays);
    fsc_parallel_close(forecasts);
    return status;
}

fsc_money fsc_simulated_window(const fsc_simulated *x, size_t run, size_t b)
{
    const fsc_budget_config *budget = &x->config.budgets[b];
    fsc_money m = budget->ceiling;
    m.micros = fsc_replay_largest_window(x->runs[run].minute_micros, x->runs[run].n_minutes,
                                         x->from, &budget->window, x->config.zone);
    return m;
}
