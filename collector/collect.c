/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store lacks is asked for in windows, several at a time; each window is written whole in
 * one transaction. Queries with the same text are one request.
 */
#include "forescale/hash.h"
#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_WINDOW_POINTS = 11000,       /* Prometheus refuses more */
    MAX_WINDOW_VALUES = 1000 * 1000, /* of all series that one query feeds */
    PARALLEL = 8,
    OVERLAP_STEPS = 2,  /* read again: the newest may have changed */
    JOINED_STEPS = 60,  /* gaps that are nearer are one request */
    OLD_S = FSC_HOUR_S, /* a hole older than this is not filled any moment */
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
    bool *seen;            /* [g->n]: its series came */
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
    fsc_span *spans; /* malloc */
    job *jobs;       /* malloc */
    size_t n_groups, n_spans, spans_cap, n_jobs, jobs_cap, n_done;
    bool unreachable; /* the newest requests got no answer at all */
} collector;

/* Makes room for one more; these two vectors grow between uses of the arena. */
static fsc_status grow(void **v, size_t *cap, size_t n, size_t size, fsc_err *err)
{
    if (n < *cap)
        return FSC_OK;
    size_t more = 2 * (*cap + 16);
    void *grown = realloc(*v, more * size);
    if (!grown)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    *v = grown;
    *cap = more;
    return FSC_OK;
}

/* ---- groups ---- */

static int compare_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* What is asked together stands together, each group by its label's values. */
static int by_question(const void *a, const void *b)
{
    const fsc_collect_query *x = *(const fsc_collect_query *const *)a,
                            *y = *(const fsc_collect_query *const *)b;
    int order = compare_text(x->query, y->query);
    order = order ? order : compare_text(x->by, y->by);
    order = order ? order : compare_text(x->value, y->value);
    return order ? order : (x > y) - (x < y);
}

static bool same_question(const fsc_collect_query *x, const fsc_collect_query *y)
{
    return !compare_text(x->query, y->query) && !compare_text(x->by, y->by);
}

static fsc_status make_groups(collector *c, fsc_err *err)
{
    const fsc_collect_input *in = c->in;
    const fsc_collect_query **sorted = FSC_NEW(c->a, in->n, const fsc_collect_query *, err);
    c->groups = FSC_NEW(c->a, in->n, group, err);
    size_t *members = FSC_NEW(c->a, in->n, size_t, err);
    if (!sorted || !c->groups || !members)
        return FSC_NOMEM;
    for (size_t i = 0; i < in->n; i++)
        sorted[i] = &in->queries[i];
    qsort(sorted, in->n, sizeof *sorted, by_question);
    for (size_t i = 0; i < in->n; i++) {
        if (!i || !same_question(sorted[i - 1], sorted[i]))
            c->groups[c->n_groups++] =
                (group){.query = sorted[i]->query, .by = sorted[i]->by, .members = members + i};
        members[i] = (size_t)(sorted[i] - in->queries);
        c->groups[c->n_groups - 1].n++;
    }
    return FSC_OK;
}

/* The first failure counts: others follow from it. */
static void fail_member(collector *c, size_t query, fsc_status status, const fsc_err *err)
{
    fsc_collect_result *r = &c->results[query];
    if (r->status != FSC_OK)
        return;
    r->status = status;
    r->err = *err;
}

/* ---- windows ---- */

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

static fsc_status add_span(collector *c, int64_t from, int64_t to, fsc_err *err)
{
    int64_t step = c->in->step_s;
    void *v = c->spans;
    FSC_TRY(grow(&v, &c->spans_cap, c->n_spans, sizeof *c->spans, err));
    c->spans = v;
    c->spans[c->n_spans++] = (fsc_span){from - from % step, to + (step - to % step) % step};
    return FSC_OK;
}

static fsc_status add_gaps(collector *c, size_t query, int64_t from, int64_t to, fsc_err *err)
{
    fsc_span *gaps;
    size_t n;
    FSC_TRY(fsc_history_gaps(&gaps, &n, c->store, c->in->queries[query].series_id, c->in->step_s,
                             from, to, c->in->now, c->a, err));
    for (size_t i = 0; i < n; i++)
        FSC_TRY(add_span(c, gaps[i].from, gaps[i].to, err));
    return FSC_OK;
}

/* Fills c->spans with what any member lacks, and the newest points again. */
static fsc_status find_spans(collector *c, const group *g, fsc_err *err)
{
    const fsc_collect_input *in = c->in;
    int64_t step = in->step_s, newest = in->now - 2 * in->config->prometheus.scrape_interval_s;
    int64_t to = newest - newest % step + step, from = in->now - in->since_s;
    c->n_spans = 0;
    for (size_t i = 0; i < g->n; i++) {
        fsc_arena_mark mark = fsc_arena_get_mark(c->a);
        FSC_TRY(add_gaps(c, g->members[i], from - from % step, to, err));
        fsc_arena_rewind(c->a, mark);
    }
    if (!c->n_spans)
        return FSC_OK;
    FSC_TRY(add_span(c, to - OVERLAP_STEPS * step, to, err));
    c->n_spans = merge(c->spans, c->n_spans, JOINED_STEPS * step);
    return FSC_OK;
}

static size_t window_points(const group *g)
{
    size_t fit = MAX_WINDOW_VALUES / g->n;
    return fit < MAX_WINDOW_POINTS ? (fit ? fit : 1) : MAX_WINDOW_POINTS;
}

/* ---- one window ---- */

static const char *value_of(const job *j, size_t member)
{
    return j->queries[j->g->members[member]].value;
}

/* The first member that wants this value of the label; those behind it may want it too. */
static size_t find_member(const job *j, const char *value)
{
    size_t low = 0, high = j->g->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_text(value_of(j, mid), value) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < j->g->n && !compare_text(value_of(j, low), value) ? low : j->g->n;
}

static fsc_status on_series(void *ctx, const char *label, fsc_err *err)
{
    job *j = ctx;
    const group *g = j->g;
    j->member = find_member(j, label);
    if (j->member == g->n)
        return FSC_OK;
    if (j->seen[j->member])
        return fsc_fail(err, FSC_DATA,
                        "the query returns more than one series with %s=\"%s\": aggregate it, as "
                        "with sum by (%s) (...)",
                        g->by, label, g->by);
    j->seen[j->member] = true;
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

static void on_restart(void *ctx)
{
    job *j = ctx;
    for (size_t i = 0; i < j->g->n * j->points; i++)
        j->values[i] = NAN;
    memset(j->seen, 0, j->g->n * sizeof *j->seen);
    j->member = j->g->n;
    j->warning[0] = '\0';
}

static fsc_status prepare(job *j, fsc_http_request *request, collector *c, fsc_err *err)
{
    j->points = (size_t)((j->window.to - j->window.from) / c->in->step_s);
    j->values = FSC_NEW(c->a, j->g->n * j->points, double, err);
    j->seen = FSC_NEW(c->a, j->g->n, bool, err);
    if (!j->values || !j->seen)
        return FSC_NOMEM;
    on_restart(j);
    j->request = (fsc_source_request){.query = j->g->query,
                                      .by = j->g->by,
                                      .from = j->window.from,
                                      .to = j->window.to,
                                      .step_s = c->in->step_s};
    j->queries = c->in->queries;
    j->sink = (fsc_sink){.ctx = j,
                         .series = on_series,
                         .sample = on_sample,
                         .warning = on_warning,
                         .restart = on_restart};
    FSC_TRY(
        c->source->prepare(request, &j->state, c->in->config, &j->request, &j->sink, c->a, err));
    request->tries = c->unreachable ? 1 : 0; /* a source that is down was waited for before */
    return FSC_OK;
}

/* All old holes of a series come due at one time of the day, which differs by series: single holes
 * of each minute are then one request again. */
static int64_t daily_retry(const char *id, int64_t now)
{
    int64_t shifted = now - (int64_t)(fsc_name_hash(id, 0) % FSC_DAY_S);
    return now + FSC_DAY_S - (shifted % FSC_DAY_S + FSC_DAY_S) % FSC_DAY_S;
}

/* A fresh hole may be filled any moment, an old one hardly. */
static fsc_status mark_hole(collector *c, const char *id, fsc_span hole, fsc_err *err)
{
    int64_t now = c->in->now, fresh = now - OLD_S - (now - OLD_S) % c->in->step_s;
    fsc_span old = {hole.from, hole.to < fresh ? hole.to : fresh};
    if (hole.from < fresh)
        FSC_TRY(fsc_history_mark_empty(c->store, id, old, daily_retry(id, now), err));
    if (hole.to <= fresh)
        return FSC_OK;
    hole.from = hole.from > fresh ? hole.from : fresh;
    return fsc_history_mark_empty(c->store, id, hole, now + RETRY_NEW_S, err);
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
        fsc_span hole = {piece->start + (int64_t)i * piece->step_s,
                         piece->start + (int64_t)k * piece->step_s};
        *holes += k - i;
        FSC_TRY(mark_hole(c, id, hole, err));
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
                              .values = j->values + find_member(j, value_of(j, i)) * j->points};
    FSC_TRY(fsc_history_write(c->store, &piece, err));
    FSC_TRY(mark_holes(c, piece.id, &piece, &r->gaps, err));
    r->samples += piece.n - fsc_series_gaps(&piece);
    int64_t newest = fsc_series_newest(&piece);
    r->newest = newest > r->newest ? newest : r->newest;
    if (j->warning[0] && !r->warning[0])
        memcpy(r->warning, j->warning, sizeof r->warning);
    return FSC_OK;
}

/* A series that does not fit what is stored of it is alone in that: only the store's own failures
 * are returned. */
static fsc_status write_window(collector *c, const job *j, fsc_err *err)
{
    FSC_TRY(fsc_store_begin(c->store, err));
    for (size_t i = 0; i < j->g->n; i++) {
        fsc_err one = FSC_ERR_INIT;
        fsc_status status = write_member(c, j, i, &one);
        if (status == FSC_DATA)
            fail_member(c, j->g->members[i], status, &one);
        if (status == FSC_OK || status == FSC_DATA)
            continue;
        fsc_store_rollback(c->store);
        *err = one;
        return status;
    }
    return fsc_store_commit(c->store, err);
}

static fsc_status take_answer(collector *c, job *j, fsc_status status,
                              const fsc_http_response *response, fsc_err *job_err, fsc_err *err)
{
    status = c->source->finish(j->state, status, response, job_err);
    if (status == FSC_OK)
        FSC_TRY(write_window(c, j, err));
    for (size_t i = 0; i < j->g->n && status != FSC_OK; i++)
        fail_member(c, j->g->members[i], status, job_err);
    c->n_done++;
    if (c->in->progress)
        c->in->progress(c->in->progress_ctx, c->n_done, c->n_jobs);
    return FSC_OK;
}

/* Runs up to PARALLEL windows at once. An error is returned only for the store's: a bad query is
 * its group's. */
static fsc_status run_batch(collector *c, job *jobs, size_t n, fsc_err *err)
{
    fsc_http_request requests[PARALLEL] = {{0}};
    fsc_http_response responses[PARALLEL];
    fsc_status results[PARALLEL];
    fsc_err errs[PARALLEL];
    for (size_t i = 0; i < n; i++) {
        errs[i] = (fsc_err)FSC_ERR_INIT;
        FSC_TRY(prepare(&jobs[i], &requests[i], c, err));
    }
    FSC_TRY(fsc_http_do_all(c->http, responses, requests, results, errs, n, PARALLEL, c->a, err));
    c->unreachable = true;
    for (size_t i = 0; i < n; i++) {
        c->unreachable &= responses[i].code == 0;
        FSC_TRY(take_answer(c, &jobs[i], results[i], &responses[i], &errs[i], err));
    }
    return FSC_OK;
}

static fsc_status add_jobs(collector *c, const group *g, fsc_err *err)
{
    FSC_TRY(find_spans(c, g, err));
    int64_t most = (int64_t)window_points(g) * c->in->step_s;
    for (size_t i = 0; i < c->n_spans; i++)
        for (int64_t from = c->spans[i].from; from < c->spans[i].to; from += most) {
            int64_t to = from + most < c->spans[i].to ? from + most : c->spans[i].to;
            void *v = c->jobs;
            FSC_TRY(grow(&v, &c->jobs_cap, c->n_jobs, sizeof *c->jobs, err));
            c->jobs = v;
            c->jobs[c->n_jobs++] = (job){.g = g, .window = {from, to}};
        }
    return FSC_OK;
}

static fsc_status run_all(collector *c, fsc_err *err)
{
    FSC_TRY(make_groups(c, err));
    for (size_t g = 0; g < c->n_groups; g++)
        FSC_TRY(add_jobs(c, &c->groups[g], err));
    for (size_t i = 0; i < c->n_jobs; i += PARALLEL) {
        fsc_arena_mark mark = fsc_arena_get_mark(c->a);
        FSC_TRY(
            run_batch(c, c->jobs + i, c->n_jobs - i < PARALLEL ? c->n_jobs - i : PARALLEL, err));
        fsc_arena_rewind(c->a, mark);
    }
    return FSC_OK;
}

/* Silence is no failure: the metric may begin later. But nobody should have to guess. */
static void tell_silence(fsc_collect_result *r, const fsc_collect_query *q)
{
    if (r->status != FSC_OK || r->samples || !r->gaps || r->warning[0])
        return;
    if (q->by)
        (void)snprintf(r->warning, sizeof r->warning,
                       "the query returns nothing for %.60s=\"%.60s\"", q->by, q->value);
    else
        (void)snprintf(r->warning, sizeof r->warning, "the query returns nothing");
}

fsc_status fsc_collect(fsc_collect_result *results, fsc_store *s, fsc_http *http,
                       const fsc_collect_input *in, fsc_arena *a, fsc_err *err)
{
    collector c = {
        .in = in, .results = results, .store = s, .http = http, .a = a, .source = fsc_sources()[0]};
    if (!in->config->prometheus.url)
        return fsc_fail(err, FSC_CONFIG, "prometheus.url is not given: there is nothing to ask");
    for (size_t i = 0; i < in->n; i++)
        results[i] =
            (fsc_collect_result){.series_id = in->queries[i].series_id, .newest = INT64_MIN};
    fsc_status status = run_all(&c, err);
    for (size_t i = 0; i < in->n; i++)
        tell_silence(&results[i], &in->queries[i]);
    free(c.spans);
    free(c.jobs);
    return status;
}
