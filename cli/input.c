/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_HORIZON_S = 1800,
    MIN_DEFAULT_STEPS = 6,
    MAX_STEPS = 100000,
    HOURLY_PAST_S = 115 * FSC_DAY_S /* what a forecaster remembers of hours, and a little */
};

static const double default_levels[] = {0.5, 0.9, 0.95};
static const double min_fill = 0.8; /* of a bucket, below which it is a gap */

static fsc_status read_levels(fsc_input *in, const char *text, fsc_err *err)
{
    if (!text) {
        in->n_q = sizeof default_levels / sizeof *default_levels;
        memcpy(in->q, default_levels, sizeof default_levels);
        return FSC_OK;
    }
    for (const char *p = text; in->n_q < FSC_MAX_LEVELS; p++) {
        char *end;
        double v = strtod(p, &end);
        if (end == p || !(v > 0 && v < 1) || (in->n_q && v <= in->q[in->n_q - 1]) ||
            (*end && *end != ','))
            return fsc_fail(
                err, FSC_USAGE,
                "--quantiles %s: write ascending levels between 0 and 1, as 0.5,0.9,0.95", text);
        in->q[in->n_q++] = v;
        if (!*end)
            return FSC_OK;
        p = end;
    }
    return fsc_fail(err, FSC_USAGE, "--quantiles: more than %d levels", FSC_MAX_LEVELS);
}

fsc_status fsc_input_steps(size_t *out, const char *horizon, int32_t step_s, fsc_err *err)
{
    char *end = NULL;
    int64_t horizon_s = DEFAULT_HORIZON_S, steps;
    if (!horizon) {
        steps = (horizon_s + step_s - 1) / step_s;
        steps = steps < MIN_DEFAULT_STEPS ? MIN_DEFAULT_STEPS : steps;
    } else {
        steps = strtoll(horizon, &end, 10);
        if (*end) {
            if (fsc_duration_parse(&horizon_s, horizon, err) != FSC_OK)
                return fsc_fail(err, FSC_USAGE,
                                "--horizon %s: write a time as 30m, or a count of steps", horizon);
            steps = horizon_s / step_s;
        }
    }
    if (steps < 1 || steps > MAX_STEPS)
        return fsc_fail(err, FSC_USAGE, "--horizon %s is %lld steps of %d s: it must be 1 to %d",
                        horizon, (long long)steps, (int)step_s, MAX_STEPS);
    *out = (size_t)steps;
    return FSC_OK;
}

/* ---- grids ----------------------------------------------------------------------------------- */

/* The newest bucket counts once it is over. */
static void drop_unfinished(fsc_series *s, int64_t data_end)
{
    while (s->n && fsc_series_end(s) > data_end)
        s->n--;
}

static fsc_status lay_anew(fsc_series *s, int32_t step_s, fsc_arena *a, fsc_err *err)
{
    fsc_sample *sample = FSC_NEW(a, s->n, fsc_sample, err);
    size_t n = 0;
    if (!sample)
        return FSC_NOMEM;
    for (size_t i = 0; i < s->n; i++)
        if (!isnan(s->values[i]))
            sample[n++] = (fsc_sample){s->start + (int64_t)i * s->step_s, s->values[i]};
    return fsc_series_from_samples(s, s->id, sample, n, step_s, a, err);
}

static fsc_status set_step(fsc_series *s, int32_t step_s, fsc_arena *a, fsc_err *err)
{
    if (!step_s || step_s == s->step_s || !s->n)
        return FSC_OK;
    int64_t end = fsc_series_end(s);
    if (step_s % s->step_s != 0)
        return lay_anew(s, step_s, a, err);
    const fsc_series fine = *s;
    FSC_TRY(fsc_series_resample(s, &fine, step_s, min_fill, a, err));
    drop_unfinished(s, end);
    return FSC_OK;
}

/* ---- sources --------------------------------------------------------------------------------- */

fsc_status fsc_input_csv(fsc_csv *out, fsc_cli *cli, fsc_err *err)
{
    int64_t step_s = 0;
    if (cli->args.step)
        FSC_TRY(fsc_duration_parse(&step_s, cli->args.step, err));
    return fsc_csv_read(out, cli->args.input, (int32_t)step_s, cli->arena, err);
}

const fsc_series *fsc_input_of(const fsc_csv *csv, const fsc_config *c, size_t w)
{
    if (csv->n == 1 && c->n_workloads == 1)
        return &csv->series[0];
    for (size_t i = 0; i < csv->n; i++)
        if (!strcmp(csv->series[i].id, c->workloads[w].name))
            return &csv->series[i];
    return NULL;
}

fsc_status fsc_input_stored(fsc_series *out, fsc_session *s, const char *id, fsc_err *err)
{
    int64_t now = s->cli->now;
    return fsc_history_read(out, s->store, id, now - s->config.store.retention_s, now + 1,
                            s->cli->arena, err);
}

static fsc_status from_csv(fsc_input *in, fsc_cli *cli, int32_t step_s, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_csv_read(&csv, cli->args.input, 0, cli->arena, err));
    in->series = csv.series;
    in->n = csv.n;
    in->form = csv.form;
    in->model = FSC_NEW(cli->arena, in->n, const char *, err);
    if (!in->model)
        return FSC_NOMEM;
    for (size_t i = 0; i < in->n; i++) {
        if (cli->args.at_given)
            in->series[i] = fsc_series_cut(&in->series[i], INT64_MIN, cli->now + 1);
        FSC_TRY(set_step(&in->series[i], step_s, cli->arena, err));
        in->model[i] = cli->args.model;
    }
    return FSC_OK;
}

/* Steps of whole hours reach further back than raw samples do. */
static fsc_status read_hours(fsc_series *out, fsc_session *s, const char *id, fsc_err *err)
{
    fsc_series recent;
    fsc_arena *a = s->cli->arena;
    int64_t now = s->cli->now;
    FSC_TRY(fsc_history_read_hourly(out, s->store, id, now - HOURLY_PAST_S, now + 1, a, err));
    FSC_TRY(fsc_history_read(&recent, s->store, id, now - FSC_DAY_S, now + 1, a, err));
    drop_unfinished(out, recent.n ? fsc_series_end(&recent) : INT64_MAX);
    return FSC_OK;
}

/* A grid that no hour is made of has no hourly means: it stays as it was sampled. */
static fsc_status read_one(fsc_series *out, fsc_session *s, const char *id, int32_t step_s,
                           fsc_err *err)
{
    *out = (fsc_series){0};
    if (step_s && step_s % FSC_HOUR_S == 0)
        FSC_TRY(read_hours(out, s, id, err));
    if (!out->n || fsc_series_newest(out) == INT64_MIN)
        FSC_TRY(fsc_input_stored(out, s, id, err));
    return set_step(out, step_s, s->cli->arena, err);
}

static fsc_status from_store(fsc_input *in, fsc_session *s, int32_t step_s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    in->form = FSC_TIME_RFC3339;
    in->n = s->config.n_workloads;
    in->series = FSC_NEW(a, in->n, fsc_series, err);
    in->model = FSC_NEW(a, in->n, const char *, err);
    if (!in->series || !in->model)
        return FSC_NOMEM;
    for (size_t i = 0; i < in->n; i++) {
        const fsc_workload_config *w = &s->config.workloads[i];
        in->model[i] = s->cli->args.model ? s->cli->args.model : w->model;
        FSC_TRY(read_one(&in->series[i], s, w->name, step_s, err));
    }
    return FSC_OK;
}

static fsc_status keep_named(fsc_input *in, fsc_cli *cli, fsc_err *err)
{
    const fsc_args *args = &cli->args;
    if (!args->n_words)
        return FSC_OK;
    fsc_series *series = FSC_NEW(cli->arena, args->n_words, fsc_series, err);
    const char **model = FSC_NEW(cli->arena, args->n_words, const char *, err);
    if (!series || !model)
        return FSC_NOMEM;
    for (size_t k = 0; k < args->n_words; k++) {
        size_t i = 0;
        while (i < in->n && strcmp(in->series[i].id, args->words[k]))
            i++;
        if (i == in->n)
            return fsc_fail(err, FSC_USAGE, "there is no series %s", args->words[k]);
        series[k] = in->series[i];
        model[k] = in->model[i];
    }
    in->series = series;
    in->model = model;
    in->n = args->n_words;
    return FSC_OK;
}

fsc_status fsc_input_read(fsc_input *out, fsc_session *s, fsc_cli *cli, fsc_err *err)
{
    const fsc_args *args = &cli->args;
    int64_t step_s = 0;
    *out = (fsc_input){0};
    if (args->step)
        FSC_TRY(fsc_duration_parse(&step_s, args->step, err));
    if (step_s > FSC_DAY_S * 7)
        return fsc_fail(err, FSC_USAGE, "--step %s: at most a week", args->step);
    FSC_TRY(read_levels(out, args->quantiles, err));
    if (args->config || !args->input) {
        FSC_TRY(fsc_session_open(s, cli, args->input ? 0 : FSC_NEED_STORE, err));
        out->calendar = &s->config.calendar;
    }
    if (!args->input)
        FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    FSC_TRY(args->input ? from_csv(out, cli, (int32_t)step_s, err)
                        : from_store(out, s, (int32_t)step_s, err));
    return keep_named(out, cli, err);
}
