/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forecasts are made once for all policies, a few hours ahead of the replays that follow them: each
 * round forecasts one part while the part before is played, over the machine's cores. So memory
 * holds two parts of forecasts, however long the replay is.
 */
#include "cli/simulate.h"
#include "cli/parallel.h"
#include "cli/progress.h"

#include <string.h>

enum { ARENA_LIMIT_MIB = 1024, PART_S = 6 * FSC_HOUR_S, PARTS_KEPT = 2 };

/* What one thread works with at a time. */
typedef struct seer {
    fsc_arena *arena, *kept[PARTS_KEPT];
    fsc_replay_forecaster *forecaster;
    fsc_forecast *forecasts[PARTS_KEPT];
} seer;

typedef struct player {
    fsc_arena *arena;
    fsc_replay_input in;
    fsc_replay *replay;
} player;

typedef struct group {
    fsc_simulated *out;
    fsc_replay_workload *past;
    seer *seers;                             /* [out->n] */
    const fsc_forecast **coming[PARTS_KEPT]; /* [out->n] */
    player players[FSC_SIMULATE_RUNS];
    size_t ticks, part; /* of all, of one part */
} group;

/* One thing to do in a round: workload `one`'s next forecasts, or a run's next part. */
typedef struct task {
    group *g;
    bool forecasts;
    size_t one;
} task;

typedef struct game {
    group *groups;
    task *tasks;
    fsc_status *results;
    fsc_err *errs;
    size_t n_groups, n_tasks, round, rounds;
} game;

static size_t ticks_of(const group *g, size_t part)
{
    size_t begin = part * g->part;
    return begin >= g->ticks ? 0 : begin + g->part < g->ticks ? g->part : g->ticks - begin;
}

static fsc_status do_task(void *ctx, size_t i, fsc_arena *unused, fsc_err *err)
{
    const game *x = ctx;
    const task *t = &x->tasks[i];
    (void)unused;
    if (t->forecasts) {
        seer *s = &t->g->seers[t->one];
        size_t slot = x->round % PARTS_KEPT;
        fsc_arena_rewind(s->kept[slot], (fsc_arena_mark){0});
        return fsc_replay_forecaster_next(s->forecasts[slot], s->forecaster,
                                          ticks_of(t->g, x->round), s->kept[slot], err);
    }
    if (!x->round)
        return FSC_OK;
    return fsc_replay_next(t->g->players[t->one].replay, t->g->coming[(x->round - 1) % PARTS_KEPT],
                           ticks_of(t->g, x->round - 1), err);
}

/* ---- begin and end -------------------------------------------------------------------------- */

static fsc_status open_arena(fsc_arena **out, fsc_err *err)
{
    return fsc_arena_open(out, (size_t)ARENA_LIMIT_MIB << 20, err);
}

static fsc_status open_seer(group *g, size_t w, fsc_arena *a, fsc_err *err)
{
    seer *s = &g->seers[w];
    FSC_TRY(open_arena(&s->arena, err));
    for (size_t k = 0; k < PARTS_KEPT; k++) {
        FSC_TRY(open_arena(&s->kept[k], err));
        s->forecasts[k] = FSC_NEW(a, g->part, fsc_forecast, err);
        if (!s->forecasts[k])
            return FSC_NOMEM;
        g->coming[k][w] = s->forecasts[k];
    }
    return fsc_replay_forecaster_open(&s->forecaster, &g->players[0].in, w, s->arena, err);
}

static fsc_status open_past(group *g, fsc_arena *a, fsc_err *err)
{
    for (size_t w = 0; w < g->out->n; w++) {
        fsc_simulated_workload *one = &g->out->workloads[w];
        FSC_TRY(fsc_replay_demand(&one->demand, &one->filled_gaps, &one->metric, a, err));
        g->past[w] = (fsc_replay_workload){.metric = &one->metric, .demand = &one->demand};
    }
    return FSC_OK;
}

static fsc_status open_config(fsc_simulated *x, const fsc_config *c, fsc_arena *a, fsc_err *err)
{
    size_t *which = FSC_NEW(a, x->n, size_t, err);
    if (!which)
        return FSC_NOMEM;
    for (size_t w = 0; w < x->n; w++)
        which[w] = x->workloads[w].number;
    return fsc_replay_config(&x->config, c, which, x->n, a, err);
}

static fsc_status open_group(group *g, fsc_simulated *x, const fsc_config *c, fsc_arena *a,
                             fsc_err *err)
{
    g->out = x;
    g->past = FSC_NEW(a, x->n, fsc_replay_workload, err);
    g->seers = FSC_NEW(a, x->n, seer, err);
    for (size_t k = 0; k < PARTS_KEPT; k++) {
        g->coming[k] = FSC_NEW(a, x->n, const fsc_forecast *, err);
        if (!g->coming[k])
            return FSC_NOMEM;
    }
    if (!g->past || !g->seers)
        return FSC_NOMEM;
    FSC_TRY(open_config(x, c, a, err));
    FSC_TRY(open_past(g, a, err));
    x->n_runs = x->config.n_budgets ? FSC_SIMULATE_RUNS : FSC_REPLAY_POLICIES;
    for (size_t run = 0; run < x->n_runs; run++) {
        player *p = &g->players[run];
        p->in = (fsc_replay_input){.config = &x->config,
                                   .workloads = g->past,
                                   .from = x->from,
                                   .to = x->to,
                                   .policy = fsc_simulated_policy(run),
                                   .with_budget = fsc_simulated_budgeted(run),
                                   .meter = true};
        FSC_TRY(open_arena(&p->arena, err));
        FSC_TRY(fsc_replay_open(&p->replay, &p->in, p->arena, err));
    }
    g->ticks = fsc_replay_ticks(&g->players[0].in);
    g->part = 1 + (size_t)((PART_S - 1) / x->config.interval_s);
    for (size_t w = 0; w < x->n; w++)
        FSC_TRY(open_seer(g, w, a, err));
    return FSC_OK;
}

/* What takes longest comes first: forecasts, then what plans with them. */
static fsc_status list_tasks(game *x, fsc_arena *a, fsc_err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < x->n_groups; i++)
        most += x->groups[i].out->n + FSC_SIMULATE_RUNS;
    x->tasks = FSC_NEW(a, most, task, err);
    x->results = FSC_NEW(a, most, fsc_status, err);
    x->errs = FSC_NEW(a, most, fsc_err, err);
    if (!x->tasks || !x->results || !x->errs)
        return FSC_NOMEM;
    for (size_t i = 0; i < x->n_groups; i++)
        for (size_t w = 0; w < x->groups[i].out->n; w++)
            x->tasks[x->n_tasks++] = (task){&x->groups[i], true, w};
    for (size_t i = 0; i < x->n_groups; i++) {
        group *g = &x->groups[i];
        size_t parts = (g->ticks + g->part - 1) / g->part;
        x->rounds = x->rounds > parts ? x->rounds : parts;
        for (size_t run = g->out->n_runs; run-- > 0;)
            x->tasks[x->n_tasks++] = (task){g, false, run};
    }
    return FSC_OK;
}

static void close_group(group *g)
{
    for (size_t w = 0; g->seers && w < g->out->n; w++) {
        fsc_arena_close(g->seers[w].arena);
        for (size_t k = 0; k < PARTS_KEPT; k++)
            fsc_arena_close(g->seers[w].kept[k]);
    }
    for (size_t run = 0; run < FSC_SIMULATE_RUNS; run++)
        fsc_arena_close(g->players[run].arena);
}

/* ---- results --------------------------------------------------------------------------------- */

static fsc_status keep(const int64_t **minutes, size_t n, fsc_arena *a, fsc_err *err)
{
    int64_t *copy = FSC_NEW(a, n, int64_t, err);
    if (!copy)
        return FSC_NOMEM;
    memcpy(copy, *minutes, n * sizeof *copy);
    *minutes = copy;
    return FSC_OK;
}

/* The run's arena goes with it: what outlives it is copied. */
static fsc_status keep_result(fsc_simulated *x, size_t run, fsc_arena *a, fsc_err *err)
{
    fsc_sim_result *r = &x->runs[run];
    fsc_sim_part *parts = FSC_NEW(a, x->n, fsc_sim_part, err);
    if (!parts)
        return FSC_NOMEM;
    memcpy(parts, r->workloads, x->n * sizeof *parts);
    r->workloads = parts;
    for (size_t w = 0; w < x->n; w++)
        FSC_TRY(keep(&parts[w].minute_ready, r->n_minutes, a, err));
    FSC_TRY(keep(&r->all.minute_ready, r->n_minutes, a, err));
    return keep(&r->minute_micros, r->n_minutes, a, err);
}

static fsc_status measure_windows(fsc_simulated *x, size_t run, fsc_arena *a, fsc_err *err)
{
    const fsc_config *c = &x->config;
    const fsc_sim_result *r = &x->runs[run];
    x->windows[run] = FSC_NEW(a, c->n_budgets, int64_t, err);
    if (!x->windows[run])
        return FSC_NOMEM;
    for (size_t b = 0; b < c->n_budgets; b++) {
        int64_t *billed;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        FSC_TRY(fsc_replay_billed(&billed, c, b, r, a, err));
        x->windows[run][b] = fsc_replay_largest_window(billed, r->n_minutes, x->from,
                                                       &c->budgets[b].window, c->zone);
        fsc_arena_rewind(a, mark);
    }
    return FSC_OK;
}

static fsc_status finish(group *g, fsc_arena *a, fsc_err *err)
{
    for (size_t run = 0; run < g->out->n_runs; run++) {
        fsc_replay_close(&g->out->runs[run], g->players[run].replay);
        FSC_TRY(measure_windows(g->out, run, a, err));
        FSC_TRY(keep_result(g->out, run, a, err));
    }
    return FSC_OK;
}

/* ---- the rounds ------------------------------------------------------------------------------ */

static fsc_status play_round(game *x, fsc_err *err)
{
    fsc_parallel *workers = NULL;
    fsc_status status =
        fsc_parallel_run(&workers, x->n_tasks, do_task, x, x->results, x->errs, err);
    fsc_parallel_close(workers);
    for (size_t i = 0; status == FSC_OK && i < x->n_tasks; i++)
        if (x->results[i] != FSC_OK) {
            status = x->results[i];
            *err = x->errs[i];
        }
    return status;
}

static fsc_status play(game *x, fsc_simulated *all, fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    fsc_progress progress;
    fsc_status status = FSC_OK;
    for (size_t i = 0; i < x->n_groups; i++)
        FSC_TRY(open_group(&x->groups[i], &all[i], &s->config, a, err));
    FSC_TRY(list_tasks(x, a, err));
    fsc_progress_begin(&progress, "simulate");
    for (x->round = 0; status == FSC_OK && x->round <= x->rounds; x->round++) {
        status = play_round(x, err);
        fsc_progress_at(&progress, (double)x->round / (double)x->rounds);
    }
    fsc_progress_end(&progress);
    for (size_t i = 0; status == FSC_OK && i < x->n_groups; i++)
        status = finish(&x->groups[i], a, err);
    return status;
}

fsc_status fsc_simulate_all(fsc_simulated *all, size_t n, fsc_session *s, fsc_err *err)
{
    game x = {.groups = FSC_NEW(s->cli->arena, n, group, err), .n_groups = n};
    if (!x.groups)
        return FSC_NOMEM;
    fsc_status status = play(&x, all, s, err);
    for (size_t i = 0; i < n; i++)
        close_group(&x.groups[i]);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

const char *fsc_simulated_name(char out[32], size_t run)
{
    (void)snprintf(out, 32, "%s%s", fsc_replay_policy_name(fsc_simulated_policy(run)),
                   fsc_simulated_budgeted(run) ? ", budget" : "");
    return out;
}

const fsc_sim_part *fsc_simulated_part(const fsc_simulated *x, size_t run, size_t w)
{
    return w == x->n ? &x->runs[run].all : &x->runs[run].workloads[w];
}

const char *fsc_simulated_names(const fsc_simulated *x, const char *between, fsc_arena *a,
                                fsc_err *err)
{
    const char *names = x->workloads[0].name;
    for (size_t w = 1; names && w < x->n; w++)
        names = fsc_arena_printf(a, err, "%s%s%s", names, between, x->workloads[w].name);
    return names;
}
