/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/input.h"
#include "cli/scenario.h"
#include "cli/simulate.h"

enum { LEARN_S = 14 * FSC_DAY_S, LEAST_S = FSC_HOUR_S };

/* ---- the past of each workload ----------------------------------------------------------------
 */

typedef struct source {
    const fsc_scenario_row *scenario;
    fsc_csv csv;
} source;

static fsc_status open_source(source *src, fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    if (args->scenario)
        return fsc_scenario_find(&src->scenario, args->scenario, err);
    return args->input ? fsc_input_csv(&src->csv, s->cli, err)
                       : fsc_session_store(s, FSC_STORE_READ, err);
}

/* Without samples where there is no history. */
static fsc_status read_metric(fsc_series *out, const source *src, fsc_session *s, size_t w,
                              fsc_err *err)
{
    const char *name = s->config.workloads[w].name;
    if (src->scenario)
        return fsc_scenario_series(out, src->scenario, name, s->cli->arena, err);
    if (s->cli->args.input) {
        const fsc_series *found = fsc_input_of(&src->csv, &s->config, w);
        if (found)
            *out = *found;
    } else {
        fsc_err missing = FSC_ERR_INIT;
        fsc_status status = fsc_input_stored(out, s, name, &missing);
        if (status != FSC_OK && status != FSC_MISSING) {
            *err = missing;
            return status;
        }
    }
    if (out->n)
        *out = fsc_series_cut(out, INT64_MIN, s->cli->now + 1);
    return FSC_OK;
}

/* ---- what is replayed of it -------------------------------------------------------------------
 */

typedef struct span {
    int64_t from, to;
} span;

/* The end of its whole minutes; what is older is learned from. replay_s 0: two weeks of learning,
 * or half of what there is. */
static span end_of(const fsc_series *m, int64_t replay_s)
{
    int64_t begin = m->start + (FSC_MINUTE_S - m->start % FSC_MINUTE_S) % FSC_MINUTE_S,
            end = fsc_series_end(m);
    int64_t whole = end - begin, half = whole / 2;
    if (!replay_s)
        replay_s = whole - (half < LEARN_S ? half : LEARN_S);
    replay_s = (replay_s < whole ? replay_s : whole) / FSC_MINUTE_S * FSC_MINUTE_S;
    end = end / FSC_MINUTE_S * FSC_MINUTE_S;
    return (span){end - replay_s > begin ? end - replay_s : begin, end};
}

/* Those played together have their time in common. */
static fsc_status cut(fsc_simulated *x, int64_t replay_s, fsc_arena *a, fsc_err *err)
{
    x->from = INT64_MIN;
    x->to = INT64_MAX;
    for (size_t w = 0; w < x->n; w++) {
        span one = end_of(&x->workloads[w].metric, replay_s);
        x->from = one.from > x->from ? one.from : x->from;
        x->to = one.to < x->to ? one.to : x->to;
    }
    if (x->to - x->from >= LEAST_S)
        return FSC_OK;
    const char *names = fsc_simulated_names(x, ", ", a, err);
    long long minutes = x->to > x->from ? (x->to - x->from) / FSC_MINUTE_S : 0;
    if (!names)
        return FSC_NOMEM;
    if (x->n == 1)
        return fsc_fail(err, FSC_DATA,
                        "workload %s has %lld minutes to replay: an hour is the least", names,
                        minutes);
    return fsc_fail(err, FSC_DATA,
                    "workloads %s share budgets or pools, and have %lld minutes to replay in "
                    "common: an hour is the least; name those that have more",
                    names, minutes);
}

/* Numbers the workloads that are wanted and have a history. */
static fsc_status gather(fsc_series *metric, bool *wanted, const source *src, fsc_session *s,
                         fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    bool any = false;
    for (size_t i = 0; i < args->n_words; i++) {
        size_t w;
        FSC_TRY(fsc_session_workload(&w, s, args->words[i], err));
        wanted[w] = true;
    }
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        wanted[w] |= !args->n_words;
        if (!wanted[w])
            continue;
        FSC_TRY(read_metric(&metric[w], src, s, w, err));
        wanted[w] = metric[w].n > 0;
        any |= wanted[w];
        if (!wanted[w])
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, "no history: not replayed", "workload",
                          s->config.workloads[w].name, NULL);
    }
    return any ? FSC_OK
               : fsc_fail(err, FSC_DATA,
                          "there is no history to replay: collect some, or give --input CSV");
}

static fsc_status make_groups(fsc_simulated *all, size_t *n, const fsc_series *metric,
                              const bool *wanted, fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    size_t n_workloads = s->config.n_workloads, *group = FSC_NEW(a, n_workloads, size_t, err);
    if (!group)
        return FSC_NOMEM;
    fsc_replay_group(group, &s->config, wanted);
    for (size_t first = 0; first < n_workloads; first++) {
        if (!wanted[first] || group[first] != first)
            continue;
        fsc_simulated *x = &all[(*n)++];
        x->workloads = FSC_NEW(a, n_workloads - first, fsc_simulated_workload, err);
        if (!x->workloads)
            return FSC_NOMEM;
        for (size_t w = first; w < n_workloads; w++)
            if (wanted[w] && group[w] == first)
                x->workloads[x->n++] =
                    (fsc_simulated_workload){s->config.workloads[w].name, w, .metric = metric[w]};
    }
    return FSC_OK;
}

/* A ceiling that others are spending too is given to those that are replayed. */
static void tell_left_out(const fsc_session *s, const bool *wanted)
{
    const fsc_config *c = &s->config;
    for (size_t b = 0; b < c->n_budgets; b++) {
        bool some = false;
        const char *left_out = NULL;
        for (size_t w = 0; w < c->n_workloads; w++)
            if (fsc_budget_covers(&c->budgets[b], c->workloads[w].name)) {
                some |= wanted[w];
                left_out = wanted[w] ? left_out : c->workloads[w].name;
            }
        if (some && left_out)
            fsc_log_write(&s->cli->log, FSC_LOG_WARN,
                          "the whole ceiling is for the workloads replayed: one that it covers is "
                          "not among them",
                          "budget", c->budgets[b].name, "workload", left_out, NULL);
    }
}

static fsc_status prepare(fsc_simulated **all, size_t *n, fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    source src = {0};
    size_t n_workloads = s->config.n_workloads;
    fsc_series *metric = FSC_NEW(a, n_workloads, fsc_series, err);
    bool *wanted = FSC_NEW(a, n_workloads, bool, err);
    *all = FSC_NEW(a, n_workloads, fsc_simulated, err);
    *n = 0;
    if (!metric || !wanted || !*all)
        return FSC_NOMEM;
    FSC_TRY(open_source(&src, s, err));
    FSC_TRY(gather(metric, wanted, &src, s, err));
    tell_left_out(s, wanted);
    FSC_TRY(make_groups(*all, n, metric, wanted, s, err));
    int64_t replay_s = s->cli->args.since_given ? s->cli->args.since_s
                       : src.scenario           ? src.scenario->replay_s
                                                : 0;
    for (size_t i = 0; i < *n; i++)
        FSC_TRY(cut(&(*all)[i], replay_s, a, err));
    return FSC_OK;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static fsc_status simulate(fsc_session *s, fsc_err *err)
{
    fsc_simulated *all;
    size_t n;
    FSC_TRY(prepare(&all, &n, s, err));
    FSC_TRY(fsc_simulate_all(all, n, s, err));
    if (s->cli->args.picture)
        FSC_TRY(fsc_simulate_picture(s->cli->args.picture, all, n, s->cli, err));
    return fsc_simulate_print(all, n, s->cli, err);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s = {0};
    bool alone = cli->args.input || cli->args.scenario;
    fsc_status status = fsc_session_open(&s, cli, alone ? 0 : FSC_NEED_STORE, err);
    if (status == FSC_OK && cli->args.scenario && !cli->args.at_given)
        cli->now = INT64_MAX - 1; /* the whole of it, whatever the clock says */
    if (status == FSC_OK)
        status = simulate(&s, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    {"input", 0, FSC_ARG_TEXT, offsetof(fsc_args, input), 0, "CSV", NULL,
     "History from a file (- for standard input) instead of the store."},
    {"step", 0, FSC_ARG_TEXT, offsetof(fsc_args, step), 0, "TIME", NULL,
     "The input's step (inferred)."},
    {"since", 0, FSC_ARG_DURATION, offsetof(fsc_args, since_s), offsetof(fsc_args, since_given),
     "TIME", NULL, "Replays the newest so much; what is older is learned from (up to 14d)."},
    {"scenario", 0, FSC_ARG_TEXT, offsetof(fsc_args, scenario), 0, "NAME", NULL,
     "Demand and configuration that come with the program: bill, foreseen."},
    {"picture", 0, FSC_ARG_TEXT, offsetof(fsc_args, picture), 0, "FILE", NULL,
     "Draws demand, ready pods and the bill of each policy into one HTML file."},
    {0},
};
const fsc_command fsc_cmd_simulate = {
    "simulate",
    "Replays history through the autoscaler: reactive, cron, predictive, with and without budget.",
    "[WORKLOAD...]",
    args,
    run,
    "forescale simulate --scenario bill"};
