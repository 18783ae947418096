/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/scenario.h"
#include "cli/simulate.h"

#include <string.h>

enum { LEARN_S = 14 * FSC_DAY_S, LEAST_S = FSC_HOUR_S };

static bool is_wanted(const fsc_args *args, const char *name)
{
    for (size_t i = 0; i < args->n_words; i++)
        if (!strcmp(args->words[i], name))
            return true;
    return !args->n_words;
}

/* The metric's whole minutes up to now, of which the end is replayed. */
static fsc_status cut(fsc_simulated *x, const fsc_cli *cli, int64_t replay_s, fsc_err *err)
{
    fsc_series *m = &x->metric;
    *m = fsc_series_cut(m, INT64_MIN, cli->now + 1);
    if (!m->n)
        return fsc_fail(err, FSC_DATA, "workload %s has no history to replay", x->name);
    int64_t begin = m->start + (FSC_MINUTE_S - m->start % FSC_MINUTE_S) % FSC_MINUTE_S,
            end = fsc_series_end(m);
    int64_t span = end - begin, half = span / 2;
    if (!replay_s)
        replay_s = span - (half < LEARN_S ? half : LEARN_S);
    replay_s = (replay_s < span ? replay_s : span) / FSC_MINUTE_S * FSC_MINUTE_S;
    x->to = end / FSC_MINUTE_S * FSC_MINUTE_S;
    x->from = x->to - replay_s > begin ? x->to - replay_s : begin;
    if (x->to - x->from < LEAST_S)
        return fsc_fail(err, FSC_DATA,
                        "workload %s has %lld minutes to replay: an hour is the least", x->name,
                        (long long)((x->to - x->from) / FSC_MINUTE_S));
    return FSC_OK;
}

/* NULL where the file has none of that name. */
static const fsc_series *from_csv(const fsc_csv *csv, const fsc_session *s, const char *name)
{
    if (csv->n == 1 && s->config.n_workloads == 1)
        return &csv->series[0];
    for (size_t i = 0; i < csv->n; i++)
        if (!strcmp(csv->series[i].id, name))
            return &csv->series[i];
    return NULL;
}

static fsc_status from_store(fsc_series *out, bool *found, fsc_session *s, const char *name,
                             fsc_err *err)
{
    fsc_err read = FSC_ERR_INIT;
    fsc_status status =
        fsc_history_read(out, s->store, name, INT64_MIN / 2, s->cli->now + 1, s->cli->arena, &read);
    *found = status == FSC_OK && out->n;
    if (status == FSC_OK || status == FSC_MISSING)
        return FSC_OK;
    *err = read;
    return status;
}

typedef struct source {
    const fsc_scenario_row *scenario;
    fsc_csv csv;
} source;

static fsc_status open_source(source *src, fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    int64_t step_s = 0;
    if (args->scenario)
        return fsc_scenario_find(&src->scenario, args->scenario, err);
    if (!args->input)
        return fsc_session_store(s, FSC_STORE_READ, err);
    if (args->step)
        FSC_TRY(fsc_duration_parse(&step_s, args->step, err));
    return fsc_csv_read(&src->csv, args->input, (int32_t)step_s, s->cli->arena, err);
}

static fsc_status read_metric(fsc_simulated *x, bool *found, const source *src, fsc_session *s,
                              fsc_err *err)
{
    *found = true;
    if (src->scenario)
        return fsc_scenario_series(&x->metric, src->scenario, x->name, s->cli->arena, err);
    if (s->cli->args.input) {
        const fsc_series *of_file = from_csv(&src->csv, s, x->name);
        *found = of_file != NULL;
        x->metric = of_file ? *of_file : x->metric;
        return FSC_OK;
    }
    return from_store(&x->metric, found, s, x->name, err);
}

static fsc_status gather(fsc_simulated **out, size_t *n, fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    source src = {0};
    fsc_simulated *all = FSC_NEW(s->cli->arena, s->config.n_workloads, fsc_simulated, err);
    if (!all)
        return FSC_NOMEM;
    for (size_t i = 0; i < args->n_words; i++) {
        size_t w;
        FSC_TRY(fsc_session_workload(&w, s, args->words[i], err));
    }
    FSC_TRY(open_source(&src, s, err));
    *out = all;
    *n = 0;
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        fsc_simulated *x = &all[*n];
        bool found;
        x->name = s->config.workloads[w].name;
        if (!is_wanted(args, x->name))
            continue;
        FSC_TRY(read_metric(x, &found, &src, s, err));
        if (!found) {
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, "no history: not replayed", "workload",
                          x->name, NULL);
            continue;
        }
        int64_t replay_s = args->since_given ? args->since_s
                           : src.scenario    ? src.scenario->replay_s
                                             : 0;
        FSC_TRY(cut(x, s->cli, replay_s, err));
        ++*n;
    }
    return *n ? FSC_OK
              : fsc_fail(err, FSC_DATA,
                         "there is no history to replay: collect some, or give --input CSV");
}

static fsc_status simulate(fsc_session *s, fsc_err *err)
{
    fsc_simulated *all;
    size_t n;
    FSC_TRY(gather(&all, &n, s, err));
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
