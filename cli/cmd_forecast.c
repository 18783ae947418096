/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/colour.h"
#include "cli/input.h"
#include "cli/parallel.h"
#include "cli/series_json.h"
#include "forescale/json.h"

#include <math.h>
#include <string.h>

enum { MANY_STEPS = 4096, BAR_WIDTH = 40 };

typedef struct job {
    fsc_input in;
    const char *horizon;
    fsc_forecast *forecasts;
    fsc_status *results;
    fsc_err *errs;
} job;

static fsc_status forecast_one(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    job *j = ctx;
    const fsc_series *s = &j->in.series[i];
    fsc_forecaster_config cfg = {
        .id = s->id, .model = j->in.model[i], .step_s = s->step_s, .calendar = j->in.calendar};
    FSC_TRY(fsc_input_steps(&cfg.request.n_horizons, j->horizon, s->step_s, err));
    int32_t *h = FSC_NEW(a, cfg.request.n_horizons, int32_t, err);
    if (!h)
        return FSC_NOMEM;
    for (size_t k = 0; k < cfg.request.n_horizons; k++)
        h[k] = (int32_t)k + 1;
    cfg.request.horizon = h;
    cfg.request.n_q = j->in.n_q;
    cfg.request.q = j->in.q;
    if (fsc_forecast_series(&j->forecasts[i], s, &cfg, a, err) != FSC_OK)
        return fsc_context(err, "series %s", s->id);
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
    for (size_t k = 0; k < j->in.n_q; k++)
        (void)printf(",q%g", j->in.q[k]);
    (void)putchar('\n');
    for (size_t i = 0; i < j->in.n; i++) {
        const fsc_forecast *f = &j->forecasts[i];
        for (size_t h = 0; h < f->n_horizons && j->results[i] == FSC_OK; h++) {
            (void)printf("%s,%s,%.10g", f->id, time_text(at, j->in.form, row_time(f, h)),
                         f->mean[h]);
            for (size_t k = 0; k < f->n_q; k++)
                (void)printf(",%.10g", f->v[h * f->n_q + k]);
            (void)putchar('\n');
        }
    }
}

static void print_table(const job *j)
{
    char at[FSC_TIME_TEXT];
    bool charts = fsc_chart_wanted();
    for (size_t i = 0; i < j->in.n; i++) {
        const fsc_forecast *f = &j->forecasts[i];
        if (j->results[i] != FSC_OK)
            continue;
        (void)printf("%s%s: model %s, from %s", i ? "\n" : "", f->id, f->model,
                     fsc_time_format(at, f->origin));
        if (!isnan(f->skill))
            fsc_paint(stdout, f->hold ? FSC_MEANS_HELD : FSC_MEANS_OK,
                      ", skill %.2f against the last value", f->skill);
        (void)putchar('\n');
        (void)printf("%-22s %12s", "TIME", "MEAN");
        for (size_t k = 0; k < f->n_q; k++) {
            char head[16];
            (void)snprintf(head, sizeof head, "P%g", 100 * f->q[k]);
            (void)printf(" %12s", head);
        }
        (void)putchar('\n');
        double top = 0; /* of the highest level, for bars beside the rows */
        for (size_t h = 0; h < f->n_horizons; h++)
            top = fmax(top, f->v[h * f->n_q + f->n_q - 1]);
        for (size_t h = 0; h < f->n_horizons; h++) {
            (void)printf("%-22s %12.6g", fsc_time_format(at, row_time(f, h)), f->mean[h]);
            for (size_t k = 0; k < f->n_q; k++)
                (void)printf(" %12.6g", f->v[h * f->n_q + k]);
            if (charts) {
                (void)printf("  ");
                fsc_chart_band(stdout, f->mean[h], f->v[h * f->n_q + f->n_q - 1], top, BAR_WIDTH);
            }
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

static void add_json(fsc_buf *b, const void *ctx, size_t i)
{
    const job *j = ctx;
    const fsc_forecast *f = &j->forecasts[i];
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
        fsc_buf_printf(b, j->in.form == FSC_TIME_UNIX ? "%s%s" : "%s\"%s\"", h ? "," : "",
                       time_text(text, j->in.form, row_time(f, h)));
    fsc_buf_puts(b, "]");
    add_numbers(b, "mean", f->mean, f->n_horizons, 1);
    for (size_t k = 0; k < f->n_q; k++) {
        char key[24];
        (void)snprintf(key, sizeof key, "q%g", f->q[k]);
        add_numbers(b, key, f->v + k, f->n_horizons, f->n_q);
    }
    fsc_buf_puts(b, "}");
}

static fsc_status print(const job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    FSC_TRY(fsc_args_output(&form, cli, err));
    if (form == FSC_OUT_JSON)
        return fsc_series_json_print("Forecast", j->results, j->in.n, add_json, j, cli->arena, err);
    (form == FSC_OUT_CSV ? print_csv : print_table)(j);
    return FSC_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static fsc_status report_failures(const job *j, const fsc_cli *cli, fsc_err *err)
{
    fsc_status status = FSC_OK;
    for (size_t i = 0; i < j->in.n; i++) {
        if (j->results[i] != FSC_OK) {
            status = j->results[i];
            *err = j->errs[i];
        } else if (j->forecasts[i].hold) {
            fsc_log_write(&cli->log, FSC_LOG_WARN, j->forecasts[i].hold, "series",
                          j->in.series[i].id, NULL);
        }
    }
    return status;
}

/* Weeks in steps of a minute are slow, and no better than those of an hour. */
static void hint(const job *j, const fsc_cli *cli)
{
    size_t steps = 0;
    fsc_err ignored = FSC_ERR_INIT;
    for (size_t i = 0; i < j->in.n; i++)
        if (fsc_input_steps(&steps, j->horizon, j->in.series[i].step_s, &ignored) == FSC_OK &&
            steps > MANY_STEPS && !cli->args.step) {
            fsc_log_write(&cli->log, FSC_LOG_WARN, "so many steps: --step 1h is quicker", "series",
                          j->in.series[i].id, "steps",
                          fsc_arena_printf(cli->arena, &ignored, "%zu", steps), NULL);
            return;
        }
}

static fsc_status forecast_all(job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_parallel *workers = NULL;
    j->forecasts = FSC_NEW(cli->arena, j->in.n, fsc_forecast, err);
    j->results = FSC_NEW(cli->arena, j->in.n, fsc_status, err);
    j->errs = FSC_NEW(cli->arena, j->in.n, fsc_err, err);
    if (!j->forecasts || !j->results || !j->errs)
        return FSC_NOMEM;
    fsc_status status =
        fsc_parallel_run(&workers, j->in.n, forecast_one, j, j->results, j->errs, err);
    hint(j, cli);
    if (status == FSC_OK)
        status = print(j, cli, err);
    if (status == FSC_OK)
        status = report_failures(j, cli, err);
    fsc_parallel_close(workers);
    return status;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    job j = {.horizon = cli->args.horizon};
    fsc_session s = {0};
    fsc_status status = fsc_input_read(&j.in, &s, cli, err);
    if (status == FSC_OK)
        status = forecast_all(&j, cli, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {FSC_INPUT_ARGS, {0}};
const fsc_command fsc_cmd_forecast = {"forecast",
                                      "Forecasts demand, with quantiles.",
                                      "[WORKLOAD...]",
                                      args,
                                      run,
                                      "forescale forecast --input demand.csv --horizon 30m"};
