/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/backtest_picture.h"
#include "cli/input.h"
#include "cli/parallel.h"
#include "cli/progress.h"
#include "cli/series_json.h"
#include "forescale/backtest.h"
#include "forescale/json.h"

#include <math.h>
#include <string.h>

typedef struct job {
    fsc_input in;
    const char *horizon;
    fsc_backtest *done;
    fsc_status *results;
    fsc_err *errs;
    atomic_size_t *steps; /* [n] thousandths of each series */
    fsc_progress progress;
} job;

typedef struct watcher {
    job *j;
    size_t i;
} watcher;

static void advance(void *ctx, size_t done, size_t total)
{
    const watcher *w = ctx;
    double sum = 0;
    atomic_store(&w->j->steps[w->i], 1000 * done / total);
    for (size_t i = 0; i < w->j->in.n; i++)
        sum += (double)atomic_load(&w->j->steps[i]);
    fsc_progress_at(&w->j->progress, sum / 1000 / (double)w->j->in.n);
}

static fsc_status backtest_one(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    job *j = ctx;
    const fsc_series *s = &j->in.series[i];
    watcher w = {j, i};
    size_t steps;
    fsc_backtest_config cfg = {.model = j->in.model[i],
                               .request = {.n_q = j->in.n_q, .q = j->in.q},
                               .calendar = j->in.calendar,
                               .progress = advance,
                               .progress_ctx = &w};
    fsc_status status = fsc_input_steps(&steps, j->horizon, s->step_s, err);
    if (status == FSC_OK)
        status = fsc_backtest_horizons(&cfg.request, s->step_s, steps, a, err);
    if (status == FSC_OK)
        status = fsc_backtest_run(&j->done[i], s, &cfg, a, err);
    advance(&w, 1, 1);
    return status == FSC_OK ? FSC_OK : fsc_context(err, "series %s", s->id);
}

static fsc_status add_level(fsc_input *in, double level, fsc_err *err)
{
    size_t j = 0;
    while (j < in->n_q && in->q[j] < level)
        j++;
    if (j < in->n_q && in->q[j] == level)
        return FSC_OK;
    if (in->n_q == FSC_MAX_LEVELS)
        return fsc_fail(err, FSC_USAGE, "--quantiles: with %g, more than %d levels", level,
                        FSC_MAX_LEVELS);
    memmove(in->q + j + 1, in->q + j, (in->n_q - j) * sizeof *in->q);
    in->q[j] = level;
    in->n_q++;
    return FSC_OK;
}

/* The point forecast that is judged is the median; a picture shows a band on both sides of it. */
static fsc_status add_levels_needed(fsc_input *in, bool picture, fsc_err *err)
{
    static const double needed[] = {0.5, 0.05, 0.95};
    for (size_t i = 0; i < (picture ? 3 : 1); i++)
        FSC_TRY(add_level(in, needed[i], err));
    return FSC_OK;
}

/* ---- a table --------------------------------------------------------------------------------- */

static void print_scores(const fsc_backtest *b, const char *ahead, size_t m, const fsc_scores *s)
{
    (void)printf("%-8s %-15s %7.3f %6.1f%% %6.1f%%", ahead, b->method[m], s->mase, 100 * s->wape,
                 s->smape);
    for (size_t j = 0; j < b->n_q; j++)
        (void)printf(" %8.4f %6.1f%%", s->pinball[j], 100 * s->coverage[j]);
}

static void print_at(const fsc_backtest *b, const char *ahead, const fsc_backtest_at *at)
{
    print_scores(b, ahead, FSC_METHOD_MODEL, &at->by[FSC_METHOD_MODEL]);
    (void)printf(" %6.2f\n", at->skill);
    for (size_t m = 0; m < FSC_N_BASELINES; m++)
        if (at->by[m].n) {
            print_scores(b, "", m, &at->by[m]);
            (void)putchar('\n');
        }
}

static void print_verdict(const fsc_backtest *b)
{
    (void)printf("A run would %s", b->hold ? "hold: " : "act on it");
    if (b->hold)
        (void)printf("%s", b->hold);
    else if (!isnan(b->gate_skill))
        (void)printf(" (skill %.2f against the last value on the recent past)", b->gate_skill);
    (void)printf(".\n");
}

static fsc_status print_series(const fsc_backtest *b, fsc_arena *a, fsc_err *err)
{
    char first[FSC_TIME_TEXT], last[FSC_TIME_TEXT], every[FSC_TIME_TEXT], ahead[FSC_TIME_TEXT];
    fsc_buf say;
    fsc_buf_init(&say, a, 4096);
    fsc_backtest_say(&say, b);
    FSC_TRY(fsc_buf_status(&say, err));
    (void)printf("%s: %s\n", b->id, fsc_buf_str(&say));
    print_verdict(b);
    (void)printf(
        "%zu origins from %s to %s, every %s; errors over %.6g, the mean change in a day\n",
        b->n_origins, fsc_time_format(first, b->first), fsc_time_format(last, b->last),
        fsc_duration_format(every, b->stride_s), b->scale);
    (void)printf("%-8s %-15s %7s %7s %7s", "AHEAD", "METHOD", "MASE", "WAPE", "SMAPE");
    for (size_t j = 0; j < b->n_q; j++) {
        char loss[24], share[24];
        (void)snprintf(loss, sizeof loss, "LOSS%g", 100 * b->q[j]);
        (void)snprintf(share, sizeof share, "COV%g", 100 * b->q[j]);
        (void)printf(" %8s %7s", loss, share);
    }
    (void)printf(" %6s\n", "SKILL");
    for (size_t k = 0; k < b->n_horizons; k++)
        print_at(b, fsc_duration_format(ahead, b->at[k].ahead_s), &b->at[k]);
    if (b->n_horizons > 1)
        print_at(b, "all", &b->all);
    return FSC_OK;
}

static void print_sum(const job *j)
{
    size_t n = 0, better = 0, held = 0;
    double sum = 0;
    for (size_t i = 0; i < j->in.n; i++) {
        const fsc_backtest *b = &j->done[i];
        if (j->results[i] != FSC_OK || isnan(b->all.skill))
            continue;
        n++;
        better += b->all.skill > 0;
        held += b->hold != NULL;
        sum += log(1 - b->all.skill);
    }
    if (n > 1)
        (void)printf("\n%zu series: better than the best naive forecast on %zu, %.0f%% less error "
                     "in the geometric mean; a run would hold %zu\n",
                     n, better, 100 * (1 - exp(sum / (double)n)), held);
}

static fsc_status print_table(const job *j, fsc_arena *a, fsc_err *err)
{
    for (size_t i = 0; i < j->in.n; i++) {
        if (j->results[i] != FSC_OK)
            continue;
        (void)printf("%s", i ? "\n" : "");
        FSC_TRY(print_series(&j->done[i], a, err));
    }
    print_sum(j);
    return FSC_OK;
}

/* ---- for machines ---------------------------------------------------------------------------- */

/* A method is named once: the model's own row stands for a baseline that it is. */
static bool is_shown(const fsc_backtest *b, const fsc_backtest_at *at, size_t m)
{
    return m == FSC_METHOD_MODEL ||
           (at->by[m].n && strcmp(b->method[m], b->method[FSC_METHOD_MODEL]));
}

static void csv_number(double v)
{
    if (isnan(v))
        (void)putchar(',');
    else
        (void)printf(",%.6g", v);
}

static void csv_row(const fsc_backtest *b, const fsc_backtest_at *at, size_t m)
{
    const fsc_scores *s = &at->by[m];
    (void)printf("%s,%lld,%s,%zu", b->id, (long long)at->ahead_s, b->method[m], s->n);
    csv_number(s->mase);
    csv_number(s->wape);
    csv_number(s->smape);
    for (size_t j = 0; j < b->n_q; j++)
        csv_number(s->pinball[j]);
    for (size_t j = 0; j < b->n_q; j++)
        csv_number(s->coverage[j]);
    csv_number(m == FSC_METHOD_MODEL ? at->skill : NAN);
    (void)putchar('\n');
}

static void print_csv(const job *j)
{
    (void)printf("series,ahead_seconds,method,n,mase,wape,smape");
    for (size_t k = 0; k < j->in.n_q; k++)
        (void)printf(",pinball_q%g", j->in.q[k]);
    for (size_t k = 0; k < j->in.n_q; k++)
        (void)printf(",coverage_q%g", j->in.q[k]);
    (void)printf(",skill\n");
    for (size_t i = 0; i < j->in.n; i++)
        for (size_t k = 0; j->results[i] == FSC_OK && k < j->done[i].n_horizons; k++)
            for (size_t m = FSC_N_METHODS; m-- > 0;)
                if (is_shown(&j->done[i], &j->done[i].at[k], m))
                    csv_row(&j->done[i], &j->done[i].at[k], m);
}

static void add_number(fsc_buf *o, const char *key, double v)
{
    fsc_buf_printf(o, ",\"%s\":", key);
    fsc_json_number(o, v);
}

static void add_levels(fsc_buf *o, const char *key, const fsc_backtest *b, const double *v)
{
    fsc_buf_printf(o, ",\"%s\":{", key);
    for (size_t j = 0; j < b->n_q; j++) {
        fsc_buf_printf(o, "%s\"%g\":", j ? "," : "", b->q[j]);
        fsc_json_number(o, v[j]);
    }
    fsc_buf_puts(o, "}");
}

static void add_at(fsc_buf *o, const fsc_backtest *b, const fsc_backtest_at *at)
{
    fsc_buf_printf(o, "{\"aheadSeconds\":%lld", (long long)at->ahead_s);
    add_number(o, "skill", at->skill);
    fsc_buf_printf(o, ",\"bestBaseline\":\"%s\"", b->method[at->best]);
    add_levels(o, "pinballSkill", b, at->pinball_skill);
    fsc_buf_puts(o, ",\"methods\":{");
    for (size_t m = FSC_N_METHODS; m-- > 0;) {
        const fsc_scores *s = &at->by[m];
        if (!is_shown(b, at, m))
            continue;
        fsc_buf_printf(o, "%s\"%s\":{\"n\":%zu", m == FSC_METHOD_MODEL ? "" : ",", b->method[m],
                       s->n);
        add_number(o, "mase", s->mase);
        add_number(o, "wape", s->wape);
        add_number(o, "smape", s->smape);
        add_levels(o, "pinball", b, s->pinball);
        add_levels(o, "coverage", b, s->coverage);
        fsc_buf_puts(o, "}");
    }
    fsc_buf_puts(o, "}}");
}

static void add_time(fsc_buf *o, const char *key, int64_t t)
{
    char text[FSC_TIME_TEXT];
    fsc_buf_printf(o, ",\"%s\":\"%s\"", key, fsc_time_format(text, t));
}

static void add_series(fsc_buf *o, const void *ctx, size_t i)
{
    const fsc_backtest *b = &((const job *)ctx)->done[i];
    fsc_buf say;
    fsc_buf_init(&say, o->arena, 4096);
    fsc_backtest_say(&say, b);
    fsc_buf_puts(o, "{\"series\":");
    fsc_json_string(o, b->id);
    fsc_buf_printf(o, ",\"model\":\"%s\",\"stepSeconds\":%d,\"points\":%zu,\"origins\":%zu",
                   b->method[FSC_METHOD_MODEL], (int)b->step_s, b->n_points, b->n_origins);
    add_time(o, "from", b->first);
    add_time(o, "to", b->last);
    fsc_buf_printf(o, ",\"strideSeconds\":%lld", (long long)b->stride_s);
    add_number(o, "scale", b->scale);
    add_number(o, "gateSkill", b->gate_skill);
    fsc_buf_puts(o, ",\"hold\":");
    if (b->hold)
        fsc_json_string(o, b->hold);
    else
        fsc_buf_puts(o, "null");
    fsc_buf_puts(o, ",\"summary\":");
    fsc_json_string(o, fsc_buf_str(&say));
    fsc_buf_puts(o, ",\"horizons\":[");
    for (size_t k = 0; k < b->n_horizons; k++) {
        fsc_buf_puts(o, k ? "," : "");
        add_at(o, b, &b->at[k]);
    }
    fsc_buf_puts(o, "],\"all\":");
    add_at(o, b, &b->all);
    fsc_buf_puts(o, "}");
}

static fsc_status print(const job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    FSC_TRY(fsc_args_output(&form, cli, err));
    if (form == FSC_OUT_JSON)
        return fsc_series_json_print("Backtest", j->results, j->in.n, add_series, j, cli->arena,
                                     err);
    if (form == FSC_OUT_TABLE)
        return print_table(j, cli->arena, err);
    print_csv(j);
    return FSC_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* One series that cannot be judged stops no other; the last such failure is the command's. */
static fsc_status report_failures(const job *j, const fsc_cli *cli, fsc_err *err)
{
    size_t last = j->in.n;
    for (size_t i = 0; i < j->in.n; i++) {
        if (j->results[i] == FSC_OK)
            continue;
        if (last < j->in.n)
            fsc_log_write(&cli->log, FSC_LOG_ERROR, j->errs[last].msg, NULL);
        last = i;
    }
    if (last == j->in.n)
        return FSC_OK;
    *err = j->errs[last];
    return j->results[last];
}

static fsc_status backtest_all(job *j, fsc_cli *cli, fsc_err *err)
{
    fsc_parallel *workers = NULL;
    size_t n = j->in.n;
    FSC_TRY(add_levels_needed(&j->in, cli->args.picture != NULL, err));
    j->done = FSC_NEW(cli->arena, n, fsc_backtest, err);
    j->results = FSC_NEW(cli->arena, n, fsc_status, err);
    j->errs = FSC_NEW(cli->arena, n, fsc_err, err);
    j->steps = FSC_NEW(cli->arena, n, atomic_size_t, err);
    if (!j->done || !j->results || !j->errs || !j->steps)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        atomic_init(&j->steps[i], 0);
    fsc_progress_begin(&j->progress, "backtest");
    fsc_status status = fsc_parallel_run(&workers, n, backtest_one, j, j->results, j->errs, err);
    fsc_progress_end(&j->progress);
    if (status == FSC_OK)
        status = print(j, cli, err);
    if (status == FSC_OK && cli->args.picture)
        status = fsc_backtest_picture(cli->args.picture, j->done, j->results, n,
                                      j->in.calendar ? j->in.calendar->zone : NULL, cli, err);
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
        status = backtest_all(&j, cli, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    FSC_INPUT_ARGS,
    {"picture", 0, FSC_ARG_TEXT, offsetof(fsc_args, picture), 0, "FILE", NULL,
     "Draws forecasts against what came into one HTML file (with the levels 0.05 and 0.95)."},
    {0},
};
const fsc_command fsc_cmd_backtest = {
    "backtest", "Scores forecasts of the recent past against naive ones.", "[WORKLOAD...]", args,
    run,        "forescale backtest --input demand.csv --horizon 30m"};
