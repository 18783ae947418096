/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store lacks is asked for in windows, several at a time; each window is written whole in
 * one transaction. Queries with the same text are one request.
 */
#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_WINDOW_POINTS = 11000,           /* Prometheus refuses more */
    MAX_WINDOW_VALUES = 4 * 1000 * 1000, /* of all series that one query feeds */
    PARALLEL = 8,
    OVERLAP_STEPS = 2,  /* read again: the newest may have changed */
    OLD_S = FSC_HOUR_S, /* a hole older than this is not filled any moment */
    RETRY_OLD_S = FSC_DAY_S,
    RETRY_NEW_S = 10 * FSC_MINUTE_S
};

/* Queries of one text: members are indexes into the input's queries. */
typedef struct group {
    const char *query, *by;
    size_t n;
    size_t *members;
} group;

typedef struct job {
    const group *g;
    fsc_span window;
    double *values;        /* [g->n][points] */
    size_t points, member; /* member: of the series that comes now; g->n: nobody's */
    const fsc_collect_query *queries;
    fsc_source_request request;
    fsc_sink sink;
    void *state;
    char warning[200];
} job;

typedef struct collector {
    const fsc_collect_input *in;
    fsc_collect_result *results;
    fsc_store *store;
    fsc_http *http;
    fsc_arena *a;
    const fsc_source_ops *source;
    group *groups;
    size_t n_groups, n_done, n_jobs;
} collector;

/* ---- groups
 * ---------------------------------------------------------------------------------------------------
 */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static fsc_status make_groups(collector *c, fsc_err *err)
{
    const fsc_collect_input *in = c->in;
    c->groups = FSC_NEW(c->a, in->n, group, err);
    size_t *members = FSC_NEW(c->a, in->n, size_t, err);
    bool *taken = FSC_NEW(c->a, in->n, bool, err);
    if (!c->groups || !members || !taken)
        return FSC_NOMEM;
    for (size_t i = 0, used = 0; i < in->n; i++) {
        if (taken[i])
            continue;
        group *g = &c->groups[c->n_groups++];
        *g = (group){
            .query = in->queries[i].query, .by = in->queries[i].by, .members = members + used};
        for (size_t k = i; k < in->n && (k == i || g->by); k++)
            if (!taken[k] && same_text(in->queries[k].query, g->query) &&
                same_text(in->queries[k].by, g->by)) {
                taken[k] = true;
                g->members[g->n++] = k;
                used++;
            }
    }
    return FSC_OK;
}

static void fail_group(collector *c, const group *g, fsc_status status, const fsc_err *err)
{
    for (size_t i = 0; i < g->n; i++) {
        c->results[g->members[i]].status = status;
        c->results[g->members[i]].err = *err;
    }
}

/* ---- windows
 * --------------------------------------------------------------------------------------------------
 */

static int by_begin(const void *a, const void *b)
{
    const fsc_span *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static size_t merge(fsc_span *v, size_t n, int64_t slack_s)
{
    size_t kept = 0;
    qsort(v, n, sizeof *v, by_begin);
    for (size_t i = 0; i < n; i++) {
        if (kept && v[i].from <= v[kept - 1].to + slack_s)
            v[kept - 1].to = v[i].to > v[kept - 1].to ? v[i].to : v[kept - 1].to;
        else
            v[kept++] = v[i];
    }
    return kept;
}

/* Spans that any member lacks, and the newest points again. */
static fsc_status lacking(fsc_span **out, size_t *n, collector *c, const group *g, fsc_err *err)
{
    const fsc_collect_input *in = c->in;
    int64_t step = in->step_s, newest = in->now - 2 * in->config->prometheus.scrape_interval_s;
    int64_t to = newest - newest % step + step, from = in->now - in->since_s;
    size_t cap = 0;
    *n = 0;
    *out = NULL;
    from -= from % step;
    for (size_t i = 0; i < g->n; i++) {
        fsc_span *gaps;
        size_t n_gaps;
        FSC_TRY(fsc_history_gaps(&gaps, &n_gaps, c->store, in->queries[g->members[i]].series_id,
                                 in->step_s, from, to, in->now, c->a, err));
        if (*n + n_gaps + 1 > cap) {
            cap = 2 * (*n + n_gaps + 1);
            fsc_span *grown = FSC_NEW(c->a, cap, fsc_span, err);
            if (!grown)
                return FSC_NOMEM;
            if (*n)
                memcpy(grown, *out, *n * sizeof *grown);
            *out = grown;
        }
        memcpy(*out + *n, gaps, n_gaps * sizeof *gaps);
        *n += n_gaps;
    }
    if (*n)
        (*out)[(*n)++] = (fsc_span){to - OVERLAP_STEPS * step, to};
    *n = *n ? merge(*out, *n, 60 * step) : 0;
    return FSC_OK;
}

static size_t window_points(const group *g)
{
    size_t fit = MAX_WINDOW_VALUES / g->n;
    return fit < MAX_WINDOW_POINTS ? (fit ? fit : 1) : MAX_WINDOW_POINTS;
}

/* ---- one window
 * ------------------------------------------------------------------------------------------------
 */

static fsc_status on_series(void *ctx, const char *label, fsc_err *err)
{
    job *j = ctx;
    (void)err;
    j->member = j->g->by ? j->g->n : 0;
    for (size_t i = 0; j->g->by && i < j->g->n; i++)
        if (!strcmp(j->queries[j->g->members[i]].value, label))
            j->member = i;
    return FSC_OK;
}

static fsc_status on_sample(void *ctx, int64_t t, double v, fsc_err *err)
{
    job *j = ctx;
    int64_t at = (t - j->window.from) / j->request.step_s;
    (void)err;
    if (j->member < j->g->n && t >= j->window.from && at < (int64_t)j->points)
        j->values[j->member * j->points + (size_t)at] = isfinite(v) ? v : NAN;
    return FSC_OK;
}

static void on_warning(void *ctx, const char *text)
{
    job *j = ctx;
    if (!j->warning[0])
        (void)snprintf(j->warning, sizeof j->warning, "%s", text);
}

static fsc_status prepare(job *j, fsc_http_request *request, collector *c, fsc_err *err)
{
    j->points = (size_t)((j->window.to - j->window.from) / c->in->step_s);
    j->values = FSC_NEW(c->a, j->g->n * j->points, double, err);
    if (!j->values)
        return FSC_NOMEM;
    for (size_t i = 0; i < j->g->n * j->points; i++)
        j->values[i] = NAN;
    j->member = j->g->n;
    j->request = (fsc_source_request){.query = j->g->query,
                                      .by = j->g->by,
                                      .from = j->window.from,
                                      .to = j->window.to,
                                      .step_s = c->in->step_s};
    j->queries = c->in->queries;
    j->sink = (fsc_sink){.ctx = j, .series = on_series, .sample = on_sample, .warning = on_warning};
    return c->source->prepare(request, &j->state, c->in->config, &j->request, &j->sink, c->a, err);
}

/* Remembers holes, so that a source that has nothing is not asked for it each minute. */
static fsc_status mark_holes(collector *c, const char *id, const fsc_series *piece, size_t *holes,
                             fsc_err *err)
{
    for (size_t i = 0, k; i < piece->n; i = k + 1) {
        for (k = i; k < piece->n && isnan(piece->values[k]); k++)
            ;
        if (k == i)
            continue;
        fsc_span span = {piece->start + (int64_t)i * piece->step_s,
                         piece->start + (int64_t)k * piece->step_s};
        int64_t retry = span.to < c->in->now - OLD_S ? RETRY_OLD_S : RETRY_NEW_S;
        *holes += k - i;
        FSC_TRY(fsc_history_mark_empty(c->store, id, span, c->in->now + retry, err));
    }
    return FSC_OK;
}

static fsc_status write_member(collector *c, const job *j, size_t i, fsc_err *err)
{
    size_t q = j->g->members[i];
    fsc_collect_result *r = &c->results[q];
    const fsc_series piece = {.id = c->in->queries[q].series_id,
                              .start = j->window.from,
                              .step_s = c->in->step_s,
                              .n = j->points,
                              .values = j->values + i * j->points};
    FSC_TRY(fsc_history_write(c->store, &piece, err));
    FSC_TRY(mark_holes(c, piece.id, &piece, &r->gaps, err));
    r->samples += piece.n - fsc_series_gaps(&piece);
    int64_t newest = fsc_series_newest(&piece);
    r->newest = newest > r->newest ? newest : r->newest;
    if (j->warning[0] && !r->warning[0])
        memcpy(r->warning, j->warning, sizeof r->warning);
    return FSC_OK;
}

static fsc_status write_window(collector *c, const job *j, fsc_err *err)
{
    FSC_TRY(fsc_store_begin(c->store, err));
    fsc_status status = FSC_OK;
    for (size_t i = 0; i < j->g->n && status == FSC_OK; i++)
        status = write_member(c, j, i, err);
    if (status == FSC_OK)
        return fsc_store_commit(c->store, err);
    fsc_store_rollback(c->store);
    return status;
}

/* Runs up to PARALLEL windows at once. An error is returned only for the store's: a bad query is
 * its group's. */
static fsc_status run_batch(collector *c, job *jobs, size_t n, fsc_err *err)
{
    fsc_http_request requests[PARALLEL];
    fsc_http_response responses[PARALLEL];
    fsc_status results[PARALLEL];
    fsc_err errs[PARALLEL];
    for (size_t i = 0; i < n; i++) {
        errs[i] = (fsc_err)FSC_ERR_INIT;
        FSC_TRY(prepare(&jobs[i], &requests[i], c, err));
    }
    FSC_TRY(fsc_http_do_all(c->http, responses, requests, results, errs, n, PARALLEL, c->a, err));
    for (size_t i = 0; i < n; i++) {
        results[i] = c->source->finish(jobs[i].state, results[i], &responses[i], &errs[i]);
        if (results[i] != FSC_OK)
            fail_group(c, jobs[i].g, results[i], &errs[i]);
        else
            FSC_TRY(write_window(c, &jobs[i], err));
        if (c->in->progress)
            c->in->progress(c->in->progress_ctx, ++c->n_done, c->n_jobs);
    }
    return FSC_OK;
}

static fsc_status add_jobs(job **jobs, size_t *n, size_t *cap, collector *c, const group *g,
                           fsc_err *err)
{
    fsc_span *spans;
    size_t n_spans;
    FSC_TRY(lacking(&spans, &n_spans, c, g, err));
    int64_t most = (int64_t)window_points(g) * c->in->step_s;
    for (size_t i = 0; i < n_spans; i++)
        for (int64_t from = spans[i].from; from < spans[i].to; from += most) {
            if (*n == *cap) {
                job *grown = realloc(*jobs, 2 * (*cap + 16) * sizeof *grown);
                if (!grown)
                    return fsc_fail(err, FSC_NOMEM, "out of memory");
                *jobs = grown;
                *cap = 2 * (*cap + 16);
            }
            int64_t to = from + most < spans[i].to ? from + most : spans[i].to;
            (*jobs)[(*n)++] = (job){.g = g, .window = {from, to}};
        }
    return FSC_OK;
}

fsc_status fsc_collect(fsc_collect_result *results, fsc_store *s, fsc_http *http,
                       const fsc_collect_input *in, fsc_arena *a, fsc_err *err)
{
    collector c = {
        .in = in, .results = results, .store = s, .http = http, .a = a, .source = fsc_sources()[0]};
    job *jobs = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < in->n; i++)
        results[i] =
            (fsc_collect_result){.series_id = in->queries[i].series_id, .newest = INT64_MIN};
    FSC_TRY(make_groups(&c, err));
    fsc_status status = FSC_OK;
    for (size_t g = 0; g < c.n_groups && status == FSC_OK; g++)
        status = add_jobs(&jobs, &c.n_jobs, &cap, &c, &c.groups[g], err);
    for (size_t i = 0; i < c.n_jobs && status == FSC_OK; i += PARALLEL) {
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        status = run_batch(&c, jobs + i, c.n_jobs - i < PARALLEL ? c.n_jobs - i : PARALLEL, err);
        fsc_arena_rewind(a, mark);
    }
    free(jobs);
    return status;
}
