/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked for, what is stored and what is told: against a Prometheus of functions. The
 * transfers themselves are replaced below (fsc_http_do_all), everything above them is the real one.
 */
#include "store_suite.h"

#include "forescale/source.h"

enum { STEP = 60, MAX_ASKED = 4096, SCRAPE_S = 15 };
static const int64_t now = 1795510830; /* half a minute past */
static const int64_t newest = 1795510800;

/* ---- the double ---- */

typedef struct asked {
    char query[64];
    int64_t from, end, step;
    int tries;
} asked;

static struct {
    bool down;             /* no answer at all */
    bool broken_once;      /* the first try of each transfer ends in the middle */
    const char *labels[4]; /* of the series of each answer; NULL: one without labels */
    int64_t hole_from, hole_to;
    int64_t begins;
    const char *refused; /* the query that is answered with 400 */
    size_t n, parallel;
    asked v[MAX_ASKED];
} prometheus;

static const char *form_value(char out[64], const fsc_http_request *r, const char *key)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%s=", key);
    const char *p = strstr(r->body, name);
    ck_assert_msg(p != NULL && (p == (const char *)r->body || p[-1] == '&'), "%s is not sent", key);
    size_t n = 0;
    for (p += strlen(name); *p && *p != '&' && n < 63; p++)
        out[n++] = *p;
    out[n] = '\0';
    return out;
}

static double demand(size_t series, int64_t t)
{
    return (double)(t / STEP % 1000) + 0.25 * (double)series;
}

static fsc_status send(const fsc_http_request *r, const char *text, fsc_err *e)
{
    return r->on_data(r->ctx, text, strlen(text), e);
}

static fsc_status send_series(const fsc_http_request *r, const asked *q, size_t i, fsc_err *e)
{
    static const char *const no_numbers[] = {"NaN", "+Inf", "-Inf"};
    char text[128];
    const char *label = prometheus.labels[i];
    bool first = true;
    (void)snprintf(text, sizeof text, "%s{\"metric\":{%s%s%s},\"values\":[", i ? "," : "",
                   label ? "\"model\":\"" : "", label ? label : "", label ? "\"" : "");
    FSC_TRY(send(r, text, e));
    for (int64_t t = q->from; t <= q->end; t += q->step) {
        bool in_hole = t >= prometheus.hole_from && t < prometheus.hole_to;
        if (t < prometheus.begins || (in_hole && t / STEP % 4 == 3))
            continue; /* of a hole a quarter is not sent, the rest is no number */
        (void)snprintf(text, sizeof text, "%s[%lld,\"%.17g\"]", first ? "" : ",", (long long)t,
                       demand(i, t));
        if (in_hole)
            (void)snprintf(text, sizeof text, "%s[%lld,\"%s\"]", first ? "" : ",", (long long)t,
                           no_numbers[t / STEP % 4]);
        FSC_TRY(send(r, text, e));
        first = false;
    }
    return send(r, "]}", e);
}

static fsc_status send_matrix(const fsc_http_request *r, const asked *q, fsc_err *e)
{
    static const char head[] = "{\"status\":\"success\",\"warnings\":[\"half of the stores\"],"
                               "\"data\":{\"resultType\":\"matrix\",\"result\":[";
    if (prometheus.broken_once) {
        FSC_TRY(send(r, head, e));
        FSC_TRY(send(r, "{\"metric\":{},\"values\":[[", e));
        FSC_TRY(r->restart(r->ctx, e));
    }
    FSC_TRY(send(r, head, e));
    for (size_t i = 0; i == 0 || (i < 4 && prometheus.labels[i]); i++)
        FSC_TRY(send_series(r, q, i, e));
    return send(r, "]}}", e);
}

static fsc_status answer(fsc_http_response *out, const fsc_http_request *r, fsc_arena *a,
                         fsc_err *e)
{
    static const char refusal[] = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":"
                                  "\"parse error\"}";
    char text[64];
    ck_assert_uint_lt(prometheus.n, MAX_ASKED);
    asked *q = &prometheus.v[prometheus.n++];
    *q = (asked){.tries = r->tries};
    memcpy(q->query, form_value(text, r, "query"), sizeof q->query);
    q->from = strtoll(form_value(text, r, "start"), NULL, 10);
    q->end = strtoll(form_value(text, r, "end"), NULL, 10);
    q->step = strtoll(form_value(text, r, "step"), NULL, 10);
    ck_assert_str_eq(form_value(text, r, "partial_response"), "false");
    ck_assert_str_eq(form_value(text, r, "deny_partial_response"), "1");
    ck_assert_str_eq(form_value(text, r, "timeout"), "30s");
    ck_assert_str_eq(r->url, "http://prometheus:9090/base/api/v1/query_range");
    if (prometheus.down)
        return fsc_fail_retryable(e, FSC_REMOTE, "connection refused");
    out->code = 200;
    (void)snprintf(out->content_type, sizeof out->content_type, "application/json");
    fsc_buf_init(&out->body, a, 4096);
    if (!prometheus.refused || strcmp(prometheus.refused, q->query))
        return send_matrix(r, q, e);
    out->code = 400;
    fsc_buf_puts(&out->body, refusal);
    return fsc_fail(e, FSC_REMOTE, "HTTP 400");
}

fsc_status fsc_http_do_all(fsc_http *h, fsc_http_response *out, const fsc_http_request *reqs,
                           fsc_status *results, fsc_err *errs, size_t n, size_t parallel,
                           fsc_arena *a, fsc_err *e)
{
    (void)h;
    (void)e;
    prometheus.parallel = parallel;
    for (size_t i = 0; i < n; i++) {
        out[i] = (fsc_http_response){.retry_after_s = -1};
        results[i] = answer(&out[i], &reqs[i], a, &errs[i]);
    }
    return FSC_OK;
}

/* ---- helpers ---- */

static fsc_store *store;
static fsc_config config;

static void enter(void)
{
    store_setup();
    memset(&prometheus, 0, sizeof prometheus);
    config = (fsc_config){.prometheus = {.url = "http://prometheus:9090/base/",
                                         .scrape_interval_s = SCRAPE_S,
                                         .auth = {.timeout_s = 30}}};
    store = open_store();
}

static void leave(void)
{
    fsc_store_close(store);
    store_teardown();
}

static void collect_at(fsc_collect_result *r, int64_t at, int64_t since_s,
                       const fsc_collect_query *q, size_t n)
{
    prometheus.n = 0;
    OK(fsc_collect(
        r, store, NULL,
        &(fsc_collect_input){
            .now = at, .since_s = since_s, .step_s = STEP, .config = &config, .queries = q, .n = n},
        arena, &err));
}

/* All points from..newest are stored and right, but for the double's hole. */
static void check_stored(const char *id, size_t series, int64_t from, int64_t to)
{
    fsc_series s;
    OK(fsc_history_read(&s, store, id, from, to + STEP, arena, &err));
    ck_assert_int_eq(s.start, from);
    ck_assert_uint_eq(s.n, (size_t)((to - from) / STEP + 1));
    for (size_t i = 0; i < s.n; i++) {
        int64_t t = s.start + (int64_t)i * STEP;
        if (t >= prometheus.hole_from && t < prometheus.hole_to)
            ck_assert_msg(isnan(s.values[i]), "point %zu is no gap", i);
        else
            ck_assert_msg(s.values[i] == demand(series, t), "point %zu: %g", i, s.values[i]);
    }
}

static const fsc_collect_query one[] = {{.series_id = "llama", .query = "demand"}};

/* ---- tests ---- */

START_TEST(weeks_come_in_windows_under_the_limit)
{
    fsc_collect_result r[1];
    collect_at(r, now, 14 * FSC_DAY_S, one, 1);
    ck_assert_msg(r[0].status == FSC_OK, "%s", r[0].err.msg);
    ck_assert_uint_eq(prometheus.n, 2);
    int64_t next = now - 14 * FSC_DAY_S - (now - 14 * FSC_DAY_S) % STEP;
    for (size_t i = 0; i < prometheus.n; i++) {
        const asked *q = &prometheus.v[i];
        ck_assert_int_eq(q->from, next);
        ck_assert_int_eq(q->step, STEP);
        ck_assert_int_eq(q->from % STEP, 0);
        ck_assert_int_eq(q->end % STEP, 0);
        ck_assert_int_le((q->end - q->from) / STEP + 1, 11000);
        next = q->end + STEP;
    }
    ck_assert_int_eq(next, newest + STEP);
    ck_assert_uint_eq(r[0].samples, 14 * FSC_DAY_S / STEP + 1);
    ck_assert_uint_eq(r[0].gaps, 0);
    ck_assert_int_eq(r[0].newest, newest);
    ck_assert_str_eq(r[0].warning, "half of the stores");
    ck_assert_uint_eq(prometheus.parallel, 8);
    check_stored("llama", 0, newest - 14 * FSC_DAY_S, newest);
}
END_TEST

START_TEST(the_newest_scrapes_are_left_out_and_read_again)
{
    fsc_collect_result r[1];
    collect_at(r, newest + 2 * SCRAPE_S - 1, FSC_HOUR_S, one, 1);
    ck_assert_int_eq(r[0].newest, newest - STEP);
    collect_at(r, newest + 2 * SCRAPE_S - 1, FSC_HOUR_S, one, 1);
    ck_assert_uint_eq(prometheus.n, 0); /* nothing is lacking */
    ck_assert_uint_eq(r[0].samples, 0);
    ck_assert_str_eq(r[0].warning, "");
    collect_at(r, newest + 2 * SCRAPE_S, FSC_HOUR_S, one, 1);
    ck_assert_uint_eq(prometheus.n, 1);
    ck_assert_int_eq(prometheus.v[0].from, newest - STEP);
    ck_assert_int_eq(prometheus.v[0].end, newest);
    check_stored("llama", 0, newest - FSC_HOUR_S, newest);
}
END_TEST

START_TEST(a_hole_stays_a_gap_and_is_asked_for_later)
{
    fsc_collect_result r[1];
    prometheus.hole_from = newest - 3 * FSC_DAY_S;
    prometheus.hole_to = newest - 2 * FSC_DAY_S;
    collect_at(r, now, 7 * FSC_DAY_S, one, 1);
    ck_assert_uint_eq(r[0].gaps, FSC_DAY_S / STEP);
    check_stored("llama", 0, newest - 6 * FSC_DAY_S, newest);
    collect_at(r, now, 7 * FSC_DAY_S, one, 1);
    ck_assert_uint_eq(prometheus.n, 0);
    prometheus.hole_from = prometheus.hole_to = 0; /* somebody backfilled it */
    collect_at(r, now + FSC_DAY_S, 7 * FSC_DAY_S, one, 1);
    ck_assert_uint_eq(prometheus.n, 2);
    ck_assert_int_eq(prometheus.v[0].from, newest - 3 * FSC_DAY_S);
    ck_assert_int_eq(prometheus.v[0].end, newest - 2 * FSC_DAY_S - STEP);
    check_stored("llama", 0, newest - 6 * FSC_DAY_S, newest + FSC_DAY_S);
}
END_TEST

START_TEST(fresh_silence_is_asked_again_within_minutes)
{
    fsc_collect_result r[1];
    prometheus.begins = newest + FSC_DAY_S;
    collect_at(r, now, 30 * FSC_MINUTE_S, one, 1);
    ck_assert_int_eq(r[0].status, FSC_OK);
    ck_assert_uint_eq(r[0].samples, 0);
    ck_assert_uint_eq(r[0].gaps, 31);
    fsc_series s;
    ck_assert_int_eq(fsc_history_read(&s, store, "llama", 0, now, arena, &err), FSC_MISSING);
    prometheus.begins = 0;
    collect_at(r, now + 10 * FSC_MINUTE_S, 30 * FSC_MINUTE_S, one, 1);
    ck_assert_uint_eq(prometheus.n, 1);
    ck_assert_uint_eq(r[0].samples, 31);
}
END_TEST

/* A metric that is not there, a run each minute for two days: about a request a run, nearly all of
 * them short. */
START_TEST(long_silence_costs_little)
{
    fsc_collect_result r[1];
    size_t requests = 0;
    int64_t points = 0;
    prometheus.begins = INT64_MAX;
    for (int minute = 0; minute < 2 * 1440; minute++) {
        fsc_arena_mark mark = fsc_arena_get_mark(arena);
        collect_at(r, now + minute * FSC_MINUTE_S, 14 * FSC_DAY_S, one, 1);
        requests += prometheus.n;
        for (size_t i = 0; i < prometheus.n; i++)
            points += (prometheus.v[i].end - prometheus.v[i].from) / STEP + 1;
        fsc_arena_rewind(arena, mark);
    }
    ck_assert_uint_le(requests, 2 * 1440 + 20);
    ck_assert_int_le(points, 4 * 20161 + 2 * 1440 * 10); /* all of it a few times, else minutes */
}
END_TEST

START_TEST(a_gap_in_between_is_filled)
{
    fsc_collect_result r[1];
    collect_at(r, now - 5 * FSC_DAY_S, FSC_DAY_S, one, 1);
    collect_at(r, now, 7 * FSC_DAY_S, one, 1);
    check_stored("llama", 0, newest - 7 * FSC_DAY_S, newest);
    ck_assert_uint_eq(prometheus.n, 2);                    /* before and behind what was there */
    collect_at(r, now - 3 * FSC_DAY_S, FSC_DAY_S, one, 1); /* a clock that went back */
    ck_assert_uint_eq(prometheus.n, 0);
}
END_TEST

START_TEST(one_query_feeds_many_workloads)
{
    static const fsc_collect_query q[] = {
        {.series_id = "b", .query = "all", .by = "model", .value = "qwen"},
        {.series_id = "x", .query = "other"},
        {.series_id = "a", .query = "all", .by = "model", .value = "llama"},
        {.series_id = "c", .query = "all", .by = "model", .value = "gone"},
    };
    fsc_collect_result r[4];
    prometheus.labels[0] = "llama";
    collect_at(r, now, FSC_DAY_S, q, 4);
    ck_assert_uint_eq(prometheus.n, 2);
    ck_assert_str_eq(prometheus.v[0].query, "all");
    check_stored("a", 0, newest - FSC_DAY_S, newest);
    check_stored("x", 0, newest - FSC_DAY_S, newest);
    ck_assert_uint_eq(r[0].samples, 0);
    ck_assert_int_eq(r[0].status, FSC_OK);
    prometheus.labels[1] = "qwen";
    collect_at(r, now + FSC_DAY_S, FSC_DAY_S, q, 4);
    check_stored("b", 1, newest, newest + FSC_DAY_S);
    ck_assert_uint_eq(r[3].samples, 0);
}
END_TEST

START_TEST(workloads_of_one_demand_are_one_request)
{
    static const fsc_collect_query q[] = {
        {.series_id = "a", .query = "all", .by = "model", .value = "llama"},
        {.series_id = "b", .query = "all"},
        {.series_id = "c", .query = "all", .by = "model", .value = "llama"},
        {.series_id = "d", .query = "all"}};
    fsc_collect_result r[4];
    prometheus.labels[0] = "llama";
    collect_at(r, now, FSC_HOUR_S, q, 4);
    ck_assert_uint_eq(prometheus.n, 2);
    check_stored("a", 0, newest - FSC_HOUR_S, newest);
    check_stored("c", 0, newest - FSC_HOUR_S, newest);
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(r[i].status == FSC_OK && r[i].samples == r[0].samples, "%s", r[i].err.msg);
}
END_TEST

START_TEST(two_series_for_one_workload_are_refused)
{
    static const fsc_collect_query q[] = {
        {.series_id = "a", .query = "all", .by = "model", .value = "llama"}};
    fsc_collect_result r[1];
    fsc_series s;
    prometheus.labels[0] = prometheus.labels[1] = "llama";
    collect_at(r, now, FSC_HOUR_S, q, 1);
    ck_assert_int_eq(r[0].status, FSC_DATA);
    ck_assert_msg(strstr(r[0].err.msg, "sum by (model)") != NULL, "%s", r[0].err.msg);
    collect_at(r, now, FSC_HOUR_S, one, 1);
    ck_assert_int_eq(r[0].status, FSC_DATA);
    ck_assert_msg(strstr(r[0].err.msg, "sum(...)") != NULL, "%s", r[0].err.msg);
    ck_assert_int_eq(fsc_history_read(&s, store, "llama", 0, now, arena, &err), FSC_MISSING);
}
END_TEST

START_TEST(a_bad_query_does_not_stop_the_others)
{
    static const fsc_collect_query q[] = {{.series_id = "bad", .query = "wrong"},
                                          {.series_id = "llama", .query = "demand"}};
    fsc_collect_result r[2];
    prometheus.refused = "wrong";
    collect_at(r, now, FSC_DAY_S, q, 2);
    ck_assert_int_eq(r[0].status, FSC_REMOTE);
    ck_assert(!r[0].err.retryable);
    ck_assert_str_eq(r[0].err.msg, "Prometheus answers 400: bad_data: parse error");
    ck_assert_int_eq(r[1].status, FSC_OK);
    check_stored("llama", 0, newest - FSC_DAY_S, newest);
}
END_TEST

START_TEST(a_series_stored_otherwise_fails_alone)
{
    static const double v[] = {1, 2};
    const fsc_series halves = {
        .id = "odd", .start = newest - 600, .step_s = 30, .n = 2, .values = v};
    static const fsc_collect_query q[] = {
        {.series_id = "odd", .query = "all", .by = "model", .value = "a"},
        {.series_id = "even", .query = "all", .by = "model", .value = "b"}};
    fsc_collect_result r[2];
    OK(fsc_history_write(store, &halves, &err));
    prometheus.labels[0] = "a";
    prometheus.labels[1] = "b";
    collect_at(r, now, FSC_HOUR_S, q, 2);
    ck_assert_int_eq(r[0].status, FSC_DATA);
    ck_assert_int_eq(r[1].status, FSC_OK);
    check_stored("even", 1, newest - FSC_HOUR_S, newest);
}
END_TEST

START_TEST(a_dead_source_is_waited_for_once)
{
    fsc_collect_query q[20];
    fsc_collect_result r[20];
    for (int i = 0; i < 20; i++)
        q[i] = (fsc_collect_query){.series_id = fsc_arena_printf(arena, &err, "w%d", i),
                                   .query = fsc_arena_printf(arena, &err, "demand%d", i)};
    prometheus.down = true;
    collect_at(r, now, FSC_HOUR_S, q, 20);
    ck_assert_uint_eq(prometheus.n, 20);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(r[i].status, FSC_REMOTE);
        ck_assert(r[i].err.retryable);
        ck_assert_int_eq(prometheus.v[i].tries, i < 8 ? 0 : 1);
    }
}
END_TEST

START_TEST(a_broken_transfer_begins_anew)
{
    fsc_collect_result r[1];
    prometheus.broken_once = true;
    collect_at(r, now, FSC_DAY_S, one, 1);
    ck_assert_msg(r[0].status == FSC_OK, "%s", r[0].err.msg);
    check_stored("llama", 0, newest - FSC_DAY_S, newest);
}
END_TEST

START_TEST(without_a_url_there_is_nothing_to_ask)
{
    fsc_collect_result r[1];
    config.prometheus.url = NULL;
    ck_assert_int_eq(fsc_collect(r, store, NULL,
                                 &(fsc_collect_input){.now = now,
                                                      .since_s = FSC_DAY_S,
                                                      .step_s = STEP,
                                                      .config = &config,
                                                      .queries = one,
                                                      .n = 1},
                                 arena, &err),
                     FSC_CONFIG);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("collect");
    TCase *t = tcase_create("collect");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, enter, leave);
    tcase_add_test(t, weeks_come_in_windows_under_the_limit);
    tcase_add_test(t, the_newest_scrapes_are_left_out_and_read_again);
    tcase_add_test(t, a_hole_stays_a_gap_and_is_asked_for_later);
    tcase_add_test(t, fresh_silence_is_asked_again_within_minutes);
    tcase_add_test(t, long_silence_costs_little);
    tcase_add_test(t, a_gap_in_between_is_filled);
    tcase_add_test(t, one_query_feeds_many_workloads);
    tcase_add_test(t, workloads_of_one_demand_are_one_request);
    tcase_add_test(t, two_series_for_one_workload_are_refused);
    tcase_add_test(t, a_bad_query_does_not_stop_the_others);
    tcase_add_test(t, a_series_stored_otherwise_fails_alone);
    tcase_add_test(t, a_dead_source_is_waited_for_once);
    tcase_add_test(t, a_broken_transfer_begins_anew);
    tcase_add_test(t, without_a_url_there_is_nothing_to_ask);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
