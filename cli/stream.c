/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/tick.h"
#include "forescale/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCRATCH_LIMIT_MIB = 1024,
    MIN_SAMPLES_FOR_STEP = 3 /* fewer do not tell the step from a gap */
};

/* Samples of a workload whose step is not known yet. */
typedef struct waiting {
    fsc_sample *v; /* malloc */
    size_t n;
} waiting;

static fsc_status wait_for_step(waiting *w, const fsc_tick_samples *new, fsc_err *err)
{
    fsc_sample *v = realloc(w->v, (w->n + new->n + 1) * sizeof *v);
    if (!v)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    w->v = v;
    for (size_t i = 0; i < new->n; i++)
        if (!w->n || new->v[i].t > w->v[w->n - 1].t)
            w->v[w->n++] = new->v[i];
    return FSC_OK;
}

/* Moves the samples to the forecaster's grid points at or before them; of several in one step the
 * last counts. */
static size_t to_grid(fsc_sample *v, size_t n, int64_t grid, int32_t step_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t ahead = v[i].t - grid, steps = ahead / step_s - (ahead % step_s < 0 ? 1 : 0);
        fsc_sample moved = {grid + steps * step_s, v[i].v};
        if (kept && v[kept - 1].t == moved.t)
            kept--;
        v[kept++] = moved;
    }
    return kept;
}

static fsc_status feed(fsc_session *s, size_t w, waiting *wait, const fsc_tick_samples *new,
                       fsc_arena *a, fsc_err *err)
{
    fsc_series series;
    fsc_sample *v = new->v;
    size_t n = new->n;
    if (!n)
        return FSC_OK;
    if (!s->forecasters[w]) {
        FSC_TRY(wait_for_step(wait, new, err));
        if (wait->n < MIN_SAMPLES_FOR_STEP)
            return FSC_OK;
        v = wait->v;
        n = wait->n;
    } else {
        n = to_grid(v, n, fsc_forecaster_newest(s->forecasters[w]), s->step_s[w]);
    }
    FSC_TRY(
        fsc_series_from_samples(&series, s->config.workloads[w].name, v, n, s->step_s[w], a, err));
    FSC_TRY(fsc_session_feed(s, w, &series, err));
    free(wait->v);
    *wait = (waiting){0};
    return FSC_OK;
}

static fsc_status take_line(fsc_buf *out, fsc_session *s, waiting *wait, int64_t *newest,
                            const char *line, size_t n, fsc_err *err)
{
    fsc_tick tick;
    fsc_plan plan;
    fsc_arena *a = out->arena;
    FSC_TRY(fsc_tick_read(&tick, s, line, n, a, err));
    if (tick.at < *newest)
        return fsc_fail(err, FSC_DATA, "\"at\" goes back in time");
    *newest = tick.at;
    memcpy(s->workloads, tick.workloads, s->config.n_workloads * sizeof *tick.workloads);
    memcpy(s->pools, tick.pools, s->config.n_pools * sizeof *tick.pools);
    memcpy(s->budgets, tick.budgets, s->config.n_budgets * sizeof *tick.budgets);
    for (size_t w = 0; w < s->config.n_workloads; w++)
        FSC_TRY(feed(s, w, &wait[w], &tick.samples[w], a, err));
    FSC_TRY(fsc_session_plan(&plan, s, tick.at, a, err));
    fsc_plan_json(out, &plan);
    return fsc_buf_status(out, err);
}

static void write_error(fsc_buf *out, const fsc_err *err)
{
    fsc_buf_puts(out, "{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Error\",\"code\":");
    fsc_json_string(out, fsc_status_name(err->code));
    fsc_buf_puts(out, ",\"message\":");
    fsc_json_string(out, err->msg);
    fsc_buf_puts(out, "}");
}

static fsc_status answer(fsc_session *s, waiting *wait, int64_t *newest, const char *line, size_t n,
                         FILE *out, fsc_arena *scratch, fsc_err *err)
{
    fsc_buf buf;
    fsc_err bad = FSC_ERR_INIT;
    fsc_buf_init(&buf, scratch, (size_t)64 << 20);
    if (take_line(&buf, s, wait, newest, line, n, &bad) != FSC_OK) {
        fsc_buf_init(&buf, scratch, (size_t)64 << 20);
        write_error(&buf, &bad);
    }
    FSC_TRY(fsc_buf_status(&buf, err));
    if (fprintf(out, "%s\n", fsc_buf_str(&buf)) < 0 || fflush(out))
        return fsc_fail(err, FSC_IO, "cannot write the plan: standard output is closed or full");
    return FSC_OK;
}

fsc_exit fsc_stream(fsc_session *s, FILE *in, FILE *out, fsc_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    int64_t newest = INT64_MIN;
    fsc_arena *scratch = NULL;
    fsc_status status = fsc_arena_open(&scratch, (size_t)SCRATCH_LIMIT_MIB << 20, err);
    waiting *wait = calloc(s->config.n_workloads + 1, sizeof *wait);
    if (status == FSC_OK && !wait)
        status = fsc_fail(err, FSC_NOMEM, "out of memory");
    for (ssize_t n; status == FSC_OK && (n = getline(&line, &cap, in)) >= 0;) {
        fsc_arena_mark mark = fsc_arena_get_mark(scratch);
        if (strspn(line, " \t\r\n") < (size_t)n)
            status = answer(s, wait, &newest, line, (size_t)n, out, scratch, err);
        fsc_arena_rewind(scratch, mark);
    }
    for (size_t w = 0; wait && w < s->config.n_workloads; w++)
        free(wait[w].v);
    free(wait);
    free(line);
    fsc_arena_close(scratch);
    return fsc_exit_of(status, err->retryable);
}
