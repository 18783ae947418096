/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/parallel.h"
#include "cli/session.h"
#include "forescale/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_QUANTILES = 32, DEFAULT_HORIZON_S = 1800, MIN_DEFAULT_STEPS = 6, MAX_STEPS = 100000 };

static const double default_quantiles[] = {0.5, 0.9, 0.95};

typedef struct job {
    size_t n;
    fsc_series *series;
    fsc_forecast *forecasts;
    fsc_status *results;
    fsc_err *errs;
    fsc_time_form form;
    size_t n_q;
    double q[MAX_QUANTILES];
    const char *horizon; /* NULL: the default; a duration or a count of steps */
    const char *model;
    const fsc_calendar *calendar;
} job;

static fsc_status read_quantiles(job *j, const char *text, fsc_err *err)
{
    if (!text) {
        j->n_q = sizeof default_quantiles / sizeof *default_quantiles;
        memcpy(j->q, default_quantiles, sizeof default_quantiles);
        return FSC_OK;
    }
    for (const char *p = text; j->n_q < MAX_QUANTILES; p++) {
        char *end;
        double v = strtod(p, &end);
        if (end == p || !(v > 0 && v < 1) || (j->n_q && v <= j->q[j->n_q - 1]) ||
            (*end && *end != ','))
            return fsc_fail(
                err, FSC_USAGE,
                "--quantiles %s: write ascending levels between 0 and 1, as 0.5,0.9,0.95", text);
        j->q[j->n_q++] = v;
        if (!*end)
            return FSC_OK;
        p = end;
    }
    return fsc_fail(err, FSC_USAGE, "--quantiles: more than %d levels", MAX_QUANTILES);
}

/* "48" counts steps; "30m" is a time, and must hold at least one step. */
static fsc_status count_steps(size_t *out, const char *horizon, int32_t step_s, fsc_err *err)
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

static fsc_status forecast_one(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    job *j = ctx;
    const fsc_series *s = &j->series[i];
    fsc_forecaster_config cfg = {
        .id = s->id, .model = j->model, .step_s = s->step_s, .calendar = j->calendar};
    FSC_TRY(count_steps(&cfg.request.n_horizons, j->horizon, s->step_s, err));
    int32_t *h = FSC_NEW(a, cfg.request.n_horizons, int32_t, err);
    if (!h)
        return FSC_NOMEM;
    for (size_t k = 0; k < cfg.request.n_horizons; k++)
        h[k] = (int32_t)k + 1;
    cfg.request.horizon = h;
    cfg.request.n_q = j->n_q;
    cfg.request.q = j->q;
    if (fsc_forecast_series(&j->forecasts[i], s, &cfg, a, err) != FSC_OK)
        return fsc_context(err, "series %s", s->id);
    return FSC_OK;
}

/* ---- input ---------------------------------------------------------------------------------- */

static fsc_status from_csv(job *j, fsc_cli *cli, int32_t step_s, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_csv_read(&csv, cli->args.input, step_s, cli->arena, err));
    j->series = csv.series;
    j->n = csv.n;
    j->form = csv.form;
    for (size_t i = 0; i < j->n && cli->args.at_given; i++)
        j->series[i] = fsc_series_cut(&j->series[i], INT64_MIN, cli->now + 1);
    return FSC_OK;
}

static fsc_status from_store(job *j, fsc_session *s, int32_t step_s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    j->form = FSC_TIME_RFC3339;
    j->calendar = &s->config.calendar;
    j->n = s->config.n_workloads;
    j->series = FSC_NEW(a, j->n, fsc_series, err);
    if (!j->series)
        return FSC_NOMEM;
    for (size_t i = 0; i < j->n; i++) {
        FSC_TRY(fsc_history_read(&j->series[i], s->store, s->config.workloads[i].name,
                                 s->cli->now - s->config.store.retention_s, s->cli->now + 1, a,
                                 err));
        if (step_s)
            FSC_TRY(fsc_series_resample(&j->series[i], &j->series[i], step_s, 0.8, a, err));
    }
    return FSC_OK;
}

/* Keeps the series that the command line names, in its order. */
static fsc_status keep_named(job *j, fsc_cli *cli, fsc_err *err)
{
    const fsc_args *args = &cli->args;
    if (!args->n_words)
        return FSC_OK;
    fsc_series *kept = FSC_NEW(cli->arena, args->n_words, fsc_series, err);
    if (!kept)
        return FSC_NOMEM;
    for (size_t k = 0; k < args->n_words; k++) {
        size_t i = 0;
        while (i < j->n && strcmp(j->series[i].id, args->words[k]))
            i++;
        if (i == j->n)
            return fsc_fail(err, FSC_USAGE, "there is no series %s", args->words[k]);
        kept[k] = j->series[i];
    }
    j->series = kept;
    j->n = args->n_words;
    return FSC_OK;
}

/* ---- output --------------------------------------------------------------------------------- */

static const char *time_text(char out[FSC_TIME_TEXT], fsc_time_form form, int64_t t)
{
    if (form == FSC_TIME_RFC3339)
        return fsc_time_format(out, t);
    (void)snprintf(out, FSC_TIME_TEXT, "%lld", (long long)t);
    return out;
}

static int64_t row_time(const fsc_forecast *f, size_t h)
{
    return f->origin + (int64_t)f->horizon[h] * f->step_s;
}

static void print_csv(const job *j)
{
    char at[FSC_TIME_TEXT];
    (void)printf("series,timestamp,mean");
    for (size_t k = 0; k < j->n_q; k++)
        (void)printf(",q%g", j->q[k]);
    (void)putchar('\n');
    for (size_t i = 0; i < j->n; i++) {
        const fsc_forecast *f = &j->forecasts[i];
        for (size_t h = 0; h < f->n_horizons && j->results[i] == FSC_OK; h++) {
            (void)printf("%s,%s,%.10g", f->id, time_text(at, j->form, row_time(f, h)), f->mean[h]);
            for (size_t k = 0; k < f->n_q; k++)
                (void)printf(",%.10g", f->v[h * f->n_q + k]);
            (void)putchar('\n');
        }
    }
}

static void print_table(const job *j)
{
    char at[FSC_TIME_TEXT];
    for (size_t i = 0; i < j->n; i++) {
        const fsc_forecast *f = &j->forecasts[i];
        if (j->results[i] != FSC_OK)
            continue;
        (void)printf("%s%s: model %s, from %s", i ? "\n" : "", f->id, f->model,
                     fsc_time_format(at, f->origin));
        (void)printf(isnan(f->skill) ? "\n" : ", skill %.2f against the last value\n", f->skill);
        (void)printf("%-22s %12s", "TIME", "MEAN");
        for (size_t k = 0; k < f->n_q; k++) {
            char head[16];
            (void)snprintf(head, sizeof head, "P%g", 100 * f->q[k]);
            (void)printf(" %12s", head);
        }
        (void)putchar('\n');
        for (size_t h = 0; h < f->n_horizons; h++) {
            (void)printf("%-22s %12.6g", fsc_time_format(at, row_time(f, h)), f->mean[h]);
            for (size_t k = 0; k < f->n_q; k++)
                (void)printf(" %12.6g", f->v[h * f->n_q + k]);
            (void)putchar('\n');
        }
    }
}

static void add_numbers(fsc_buf *b, const char *key, const double *v, size_t n, size_t stride)
{
    fsc_buf_printf(b, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        fsc_buf_puts(b, i ? "," : "");
        fsc_json_number(b, v[i * stride]);
    }
    fsc_buf_puts(b, "]");
}

static void add_json(fsc_buf *b, const job *j, const fsc_forecast *f)
{
    char text[FSC_TIME_TEXT];
    fsc_buf_puts(b, "{\"series\":");
    fsc_json_string(b, f->id);
    fsc_buf_puts(b, ",\"model\":");
    fsc_json_string(b, f->model);
    fsc_buf_printf(b, ",\"origin\":\"%s\",\"stepSeconds\":%d,\"skill\":",
                   fsc_time_format(text, f->origin), (int)f->step_s);
    fsc_json_number(b, f->skill);
    fsc_buf_puts(b, ",\"hold\":");
    if (f->hold)
        fsc_json_string(b, f->hold);
    else
        fsc_buf_puts(b, "null");
    fsc_buf_puts(b, ",\"timestamps\":[");
    for (size_t h = 0; h < f->n_horizons; h++)
        fsc_buf_printf(b, j->form == FSC_TIME_UNIX ? "%s%s" : "%s\"%s\"", h ? "," : "",
                       time_text(text, j->form, row_time(f, h)));
    fsc_buf_puts(b, "]");
    add_numbers(b, "mean", f->mean, f->n_horizons, 1);
    for (size_t k = 0; k < f->n_q; k++) {
        char key[24];
        (void)snprintf(key, sizeof key, "q%g", f->q[k]);
        add_numbers(b, key, f->v + k, f->n_horizons, f->n_q);
    }
    fsc_buf_puts(b, "}");
}

static fsc_status print_json(const job *j, fsc_arena *a, fsc_err *err)
{
    fsc_buf b;
    bool first = true;
    (void)printf("{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Forecast\",\"series\":[");
    for (size_t i = 0; i < j->n; i++) {
        if (j->results[i] != FSC_OK)
            continue;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        fsc_buf_init(&b, a, (size_t)256 << 20);
        add_json(&b, j, &j->forecasts[i]);
        FSC_TRY(fsc_buf_status(&b, err));
        (void)printf("%s%s", first ? "" : ",", fsc_buf_str(&b));
        fsc_arena_rewind(a, mark);
        first = false;
    }
    (void)printf("]}\n");
    return FSC_OK;
}

static fsc_status print(const job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    FSC_TRY(fsc_args_output(&form, cli, err));
    if (form == FSC_OUT_JSON)
        return print_json(j, cli->arena, err);
    (form == FSC_OUT_CSV ? print_csv : print_table)(j);
    return FSC_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static fsc_status report_failures(const job *j, const fsc_cli *cli, fsc_err *err)
{
    fsc_status status = FSC_OK;
    for (size_t i = 0; i < j->n; i++) {
        if (j->results[i] != FSC_OK) {
            status = j->results[i];
            *err = j->errs[i];
        } else if (j->forecasts[i].hold) {
            fsc_log_write(&cli->log, FSC_LOG_WARN, j->forecasts[i].hold, "series", j->series[i].id,
                          NULL);
        }
    }
    return status;
}

static fsc_status forecast_all(job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_parallel *workers = NULL;
    j->forecasts = FSC_NEW(cli->arena, j->n, fsc_forecast, err);
    j->results = FSC_NEW(cli->arena, j->n, fsc_status, err);
    j->errs = FSC_NEW(cli->arena, j->n, fsc_err, err);
    if (!j->forecasts || !j->results || !j->errs)
        return FSC_NOMEM;
    fsc_status status = fsc_parallel_run(&workers, j->n, forecast_one, j, j->results, j->errs, err);
    if (status == FSC_OK)
        status = print(j, cli, err);
    if (status == FSC_OK)
        status = report_failures(j, cli, err);
    fsc_parallel_close(workers);
    return status;
}

static fsc_status read_input(job *j, fsc_session *s, fsc_cli *cli, fsc_err *err)
{
    int64_t step_s = 0;
    if (cli->args.step)
        FSC_TRY(fsc_duration_parse(&step_s, cli->args.step, err));
    FSC_TRY(read_quantiles(j, cli->args.quantiles, err));
    j->horizon = cli->args.horizon;
    j->model = cli->args.model;
    if (cli->args.config || !cli->args.input)
        FSC_TRY(fsc_session_open(s, cli, cli->args.input ? 0 : FSC_NEED_STORE, err));
    if (cli->args.input)
        j->calendar = cli->args.config ? &s->config.calendar : NULL;
    else
        FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    FSC_TRY(cli->args.input ? from_csv(j, cli, (int32_t)step_s, err)
                            : from_store(j, s, (int32_t)step_s, err));
    return keep_named(j, cli, err);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    job j = {0};
    fsc_session s = {0};
    fsc_status status = read_input(&j, &s, cli, err);
    if (status == FSC_OK)
        status = forecast_all(&j, cli, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    {"input", 0, FSC_ARG_TEXT, offsetof(fsc_args, input), 0, "CSV", NULL,
     "History from a file (- for standard input), not from the store."},
    {"horizon", 0, FSC_ARG_TEXT, offsetof(fsc_args, horizon), 0, "TIME", NULL,
     "How far ahead: 30m, or a count of steps (30m, at least 6 steps)."},
    {"step", 0, FSC_ARG_TEXT, offsetof(fsc_args, step), 0, "TIME", NULL,
     "The grid's step (the data's own)."},
    {"quantiles", 0, FSC_ARG_TEXT, offsetof(fsc_args, quantiles), 0, "LIST", NULL,
     "Levels to print (0.5,0.9,0.95)."},
    {"model", 0, FSC_ARG_TEXT, offsetof(fsc_args, model), 0, "NAME", NULL,
     "The model: see forescale help model."},
    {0},
};
const fsc_command fsc_cmd_forecast = {"forecast",
                                      "Forecasts demand, with quantiles.",
                                      "[WORKLOAD...]",
                                      args,
                                      run,
                                      "forescale forecast --input demand.csv --horizon 30m"};
