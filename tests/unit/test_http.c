/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/http.h"
#include "forescale/json.h"
#include "tests/unit/server.h"

#include <string.h>
#include <time.h>

static server backend;
static fsc_arena *arena;
static fsc_http *http;
static fsc_err err;
static fsc_http_response response;

static void start_server(void)
{
    backend = server_start("tests/unit/http_server.py");
}

static void stop_server(void)
{
    server_stop(&backend);
}

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, 64 << 20, &err), FSC_OK);
    ck_assert_int_eq(fsc_http_open(&http, NULL, &err), FSC_OK);
}

static void teardown(void)
{
    fsc_http_close(http);
    fsc_arena_close(arena);
}

static const char *url(const char *path)
{
    char *text = fsc_arena_printf(arena, &err, "http://127.0.0.1:%d%s", backend.port, path);
    ck_assert_ptr_nonnull(text);
    return text;
}

static fsc_status ask(fsc_http_request req)
{
    return fsc_http_do(http, &response, &req, arena, &err);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t count_of(const char *path)
{
    fsc_buf form;
    fsc_buf_init(&form, arena, 4096);
    fsc_http_form_add(&form, "of", path);
    const char *count = fsc_arena_printf(arena, &err, "/count?%s", fsc_buf_str(&form));
    ck_assert_int_eq(ask((fsc_http_request){.url = url(count)}), FSC_OK);
    return atoll(fsc_buf_str(&response.body));
}

/* ---- answers --------------------------------------------------------------------------------- */

static const struct {
    const char *path;
    int code;
    fsc_status status;
    bool retryable;
    const char *says;
} answers[] = {
    {"/ok", 200, FSC_OK, false, ""},
    {"/chunked", 200, FSC_OK, false, ""},
    {"/status/204", 204, FSC_OK, false, ""},
    {"/status/400", 400, FSC_REMOTE, false, "/status/400: HTTP 400: code 400 it is"},
    {"/status/401", 401, FSC_DENIED, false, "HTTP 401"},
    {"/status/403", 403, FSC_DENIED, false, "HTTP 403"},
    {"/missing?secret=hunter2", 404, FSC_MISSING, false, "/missing: HTTP 404: no such page"},
    {"/status/409", 409, FSC_CONFLICT, false, "HTTP 409"},
    {"/status/422", 422, FSC_REMOTE, false, "HTTP 422"},
    {"/status/500", 500, FSC_REMOTE, true, "HTTP 500"},
    {"/html/502", 502, FSC_REMOTE, true, "HTTP 502: an HTML page"},
    {"/status/503", 503, FSC_REMOTE, true, "HTTP 503"},
    {"/status/429", 429, FSC_REMOTE, true, "HTTP 429"},
    {"/half/99/a", 200, FSC_REMOTE, true, "/half/99/a: "},
    {"/redirect/5", 200, FSC_OK, false, ""},
    {"/redirect/6", 307, FSC_REMOTE, false, "redirects"},
    {"/file", 302, FSC_REMOTE, false, "/file: "},
};

START_TEST(every_answer_has_its_status)
{
    const char *path = answers[_i].path;
    fsc_status status = ask((fsc_http_request){.url = url(path), .tries = 2});
    ck_assert_msg(status == answers[_i].status, "%s: %s: %s", path, fsc_status_name(status),
                  err.msg);
    ck_assert_int_eq(response.code, answers[_i].code);
    if (status == FSC_OK)
        return;
    ck_assert_int_eq(err.code, status);
    ck_assert_int_eq(err.retryable, answers[_i].retryable);
    ck_assert_msg(strstr(err.msg, answers[_i].says) != NULL, "%s", err.msg);
    ck_assert_msg(strstr(err.msg, "127.0.0.1:") != NULL, "%s", err.msg);
    ck_assert_ptr_null(strstr(err.msg, "hunter2"));
    ck_assert_ptr_null(strstr(err.msg, "second line"));
}
END_TEST

START_TEST(an_answer_comes_whole_with_its_headers)
{
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/ok")}), FSC_OK);
    ck_assert_str_eq(fsc_buf_str(&response.body), "hello");
    ck_assert_str_eq(response.content_type, "text/plain");
    ck_assert_str_eq(response.warning, "299 - \"careful\"");
    ck_assert_uint_gt(strlen(response.date), 20);
    ck_assert_int_eq(response.retry_after_s, -1);
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/chunked")}), FSC_OK);
    ck_assert_str_eq(fsc_buf_str(&response.body), "one two three");
}
END_TEST

START_TEST(a_refused_connection_is_retryable_and_names_the_host)
{
    fsc_http_request req = {.url = "http://127.0.0.1:1/x?token=hunter2", .tries = 2};
    ck_assert_int_eq(ask(req), FSC_REMOTE);
    ck_assert(err.retryable);
    ck_assert_int_eq(response.code, 0);
    ck_assert_ptr_nonnull(strstr(err.msg, "GET 127.0.0.1:1/x: "));
    ck_assert_ptr_null(strstr(err.msg, "hunter2"));
}
END_TEST

START_TEST(a_bad_url_is_refused_without_its_password)
{
    static const char *const urls[] = {"not a url", "", "http://bob:hunter2@/x",
                                       "ftp://bob:hunter2@127.0.0.1/x", "http://127.0.0.1:99999/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ck_assert_int_ne(ask((fsc_http_request){.url = urls[i]}), FSC_OK);
        ck_assert_msg(!strstr(err.msg, "hunter2"), "%s", err.msg);
        ck_assert(!err.retryable);
    }
}
END_TEST

/* ---- trying again ---------------------------------------------------------------------------- */

START_TEST(a_storm_is_survived)
{
    static const char *const paths[] = {"/flaky/503/2", "/flaky/502/1", "/flaky/504/1",
                                        "/flaky/429/2"};
    ck_assert_int_eq(ask((fsc_http_request){.url = url(paths[_i])}), FSC_OK);
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&response.body), "tries "));
}
END_TEST

START_TEST(tries_end)
{
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/flaky/503/50?tries"), .tries = 3}),
                     FSC_REMOTE);
    ck_assert_int_eq(count_of("/flaky/503/50?tries"), 3);
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/status/500?tries"), .tries = 3}),
                     FSC_REMOTE);
    ck_assert_int_eq(count_of("/status/500?tries"), 1);
}
END_TEST

START_TEST(retry_after_is_waited_for)
{
    int64_t start = now_ms();
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/flaky/429/1?retry=1")}), FSC_OK);
    ck_assert_int_ge(now_ms() - start, 1000);
}
END_TEST

START_TEST(retry_after_past_the_deadline_ends_it_now)
{
    int64_t start = now_ms();
    fsc_http_request req = {.url = url("/flaky/503/9?retry=600"), .deadline_ms = 5000};
    ck_assert_int_eq(ask(req), FSC_REMOTE);
    ck_assert(err.retryable);
    ck_assert_int_eq(response.retry_after_s, 600);
    ck_assert_int_lt(now_ms() - start, 1000);
}
END_TEST

START_TEST(a_slow_answer_ends_in_time)
{
    int64_t start = now_ms();
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/drip"), .timeout_ms = 300}), FSC_REMOTE);
    ck_assert(err.retryable);
    ck_assert_int_lt(now_ms() - start, 1500);
    start = now_ms();
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/drip"), .deadline_ms = 300}), FSC_REMOTE);
    ck_assert_int_lt(now_ms() - start, 1500);
}
END_TEST

START_TEST(an_endless_answer_is_cut)
{
    fsc_http_request req = {.url = url("/endless"), .max_bytes = 100000};
    ck_assert_int_eq(ask(req), FSC_REMOTE);
    ck_assert(!err.retryable);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than 100000 bytes"));
    ck_assert_uint_le(response.body.len, 100000);
}
END_TEST

/* ---- streaming ------------------------------------------------------------------------------- */

typedef struct sink {
    char text[64];
    size_t n;
    int restarts;
    fsc_status answer;
} sink;

static fsc_status on_data(void *ctx, const char *data, size_t n, fsc_err *e)
{
    sink *s = ctx;
    if (s->answer != FSC_OK)
        return fsc_fail(e, s->answer, "enough");
    ck_assert_uint_lt(s->n + n, sizeof s->text);
    memcpy(s->text + s->n, data, n);
    s->n += n;
    return FSC_OK;
}

static fsc_status restart(void *ctx, fsc_err *e)
{
    (void)e;
    sink *s = ctx;
    s->n = 0;
    s->restarts++;
    return FSC_OK;
}

START_TEST(a_stream_that_broke_off_is_restarted)
{
    sink s = {.n = 0};
    fsc_http_request req = {
        .url = url("/half/2/b"), .on_data = on_data, .restart = restart, .ctx = &s};
    ck_assert_int_eq(ask(req), FSC_OK);
    ck_assert_int_eq(s.restarts, 2);
    ck_assert_mem_eq(s.text, "0123456789", 10);
    ck_assert_uint_eq(s.n, 10);
}
END_TEST

START_TEST(a_stream_that_cannot_restart_is_not_tried_again)
{
    sink s = {.n = 0};
    ck_assert_int_eq(
        ask((fsc_http_request){.url = url("/half/2/c"), .on_data = on_data, .ctx = &s}),
        FSC_REMOTE);
    ck_assert_int_eq(count_of("/half/2/c"), 1);
}
END_TEST

START_TEST(a_callback_ends_the_transfer_with_its_own_error)
{
    sink s = {.answer = FSC_DATA};
    fsc_http_request req = {
        .url = url("/endless"), .on_data = on_data, .restart = restart, .ctx = &s};
    ck_assert_int_eq(ask(req), FSC_DATA);
    ck_assert_str_eq(err.msg, "enough");
    ck_assert_int_eq(s.restarts, 0);
}
END_TEST

START_TEST(an_error_page_never_reaches_the_stream)
{
    sink s = {.n = 0};
    ck_assert_int_eq(
        ask((fsc_http_request){.url = url("/status/400"), .on_data = on_data, .ctx = &s}),
        FSC_REMOTE);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&response.body), "second line"));
}
END_TEST

/* ---- what is sent ---------------------------------------------------------------------------- */

static const fsc_node *echo(fsc_http_request req)
{
    const fsc_node *n = NULL;
    fsc_status status = ask(req);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    ck_assert_int_eq(
        fsc_json_parse(&n, fsc_buf_str(&response.body), response.body.len, arena, &err), FSC_OK);
    return n;
}

static const char *sent(const fsc_node *n, const char *header)
{
    return fsc_node_text(fsc_node_at(n, "headers", header, NULL), "-");
}

START_TEST(methods_bodies_and_types_arrive)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *body = _i == FSC_GET ? NULL : "{\"a\":1}";
    const fsc_node *n = echo((fsc_http_request){.method = (fsc_http_method)_i,
                                                .url = url("/echo"),
                                                .content_type = body ? "application/json" : NULL,
                                                .body = body,
                                                .body_n = body ? strlen(body) : 0});
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "method", NULL), ""), names[_i]);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "body", NULL), ""), body ? body : "");
    ck_assert_str_eq(sent(n, "content-type"), body ? "application/json" : "-");
    ck_assert_str_eq(sent(n, "accept-encoding"), "-");
    ck_assert_int_eq(strncmp(sent(n, "user-agent"), "forescale/", 10), 0);
}
END_TEST

static void write_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/forescale-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
}

START_TEST(logins_are_read_anew_and_stay_with_their_host)
{
    char token[32], password[32];
    static const char *const k[] = {"X-Scope-OrgID"}, *const v[] = {"team-a"};
    write_file(token, "first\n");
    write_file(password, "hunter2\r\n");
    fsc_http_auth auth = {.bearer_token_file = token, .headers = {1, k, v}};
    const fsc_node *n = echo((fsc_http_request){.url = url("/echo"), .auth = &auth});
    ck_assert_str_eq(sent(n, "authorization"), "Bearer first");
    ck_assert_str_eq(sent(n, "x-scope-orgid"), "team-a");
    unlink(token);
    write_file(token, "second");
    auth.bearer_token_file = token;
    n = echo((fsc_http_request){.url = url("/redirect/2"), .auth = &auth});
    ck_assert_str_eq(sent(n, "authorization"), "Bearer second");
    n = echo((fsc_http_request){.url = url("/elsewhere"), .auth = &auth});
    ck_assert_str_eq(sent(n, "authorization"), "-");
    n = echo((fsc_http_request){.url = url("/echo"), .auth = &auth, .bearer = "given"});
    ck_assert_str_eq(sent(n, "authorization"), "Bearer given");
    auth = (fsc_http_auth){.username = "bob", .password_file = password};
    n = echo((fsc_http_request){.url = url("/echo"), .auth = &auth});
    ck_assert_str_eq(sent(n, "authorization"), "Basic Ym9iOmh1bnRlcjI=");
    unlink(token);
    unlink(password);
}
END_TEST

static void secret_is_hidden(fsc_http_request req, const char *secret)
{
    ck_assert_int_eq(ask(req), FSC_DENIED);
    ck_assert_ptr_null(strstr(err.msg, secret));
    ck_assert_ptr_null(strstr(response.warning, secret));
    ck_assert_ptr_null(strstr(fsc_buf_str(&response.body), secret));
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&response.body), "******"));
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&response.body), "forescale/"));
}

START_TEST(an_echoed_secret_is_not_repeated)
{
    char password[32];
    static const char *const k[] = {"X-Api-Key"}, *const v[] = {"planted-key"};
    write_file(password, "hunter2\n");
    fsc_http_request req = {.url = url("/denied"), .bearer = "planted-token"};
    secret_is_hidden(req, "planted-token");
    const fsc_http_auth basic = {.username = "bob", .password_file = password};
    req = (fsc_http_request){.url = url("/denied"), .auth = &basic};
    secret_is_hidden(req, "Ym9iOmh1bnRlcjI=");
    req = (fsc_http_request){.url = url("/denied"), .headers = {1, k, v}};
    secret_is_hidden(req, "planted-key");
    unlink(password);
}
END_TEST

START_TEST(a_secret_header_follows_no_redirect)
{
    static const char *const k[] = {"X-Api-Key"}, *const v[] = {"planted-key"};
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/elsewhere"), .headers = {1, k, v}}),
                     FSC_REMOTE);
    ck_assert_int_eq(response.code, 302);
    ck_assert_ptr_nonnull(strstr(err.msg, "give the URL that it leads to"));
}
END_TEST

START_TEST(a_header_cannot_be_smuggled_in)
{
    static const char *const k[] = {"X-A"}, *const v[] = {"a\r\nX-B: b"};
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/echo"), .headers = {1, k, v}}),
                     FSC_CONFIG);
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/echo"), .bearer = "a\nX-B: b"}),
                     FSC_CONFIG);
    ck_assert_ptr_null(strstr(err.msg, "X-B"));
}
END_TEST

START_TEST(a_missing_token_file_is_named)
{
    fsc_http_auth auth = {.bearer_token_file = "/nonexistent/token"};
    ck_assert_int_eq(ask((fsc_http_request){.url = url("/echo"), .auth = &auth}), FSC_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/token"));
}
END_TEST

START_TEST(forms_are_encoded)
{
    fsc_buf form;
    fsc_buf_init(&form, arena, 4096);
    fsc_http_form_add(&form, "query", "sum(a{b=\"c d\"}) + 1 & \xc3\xa9%");
    fsc_http_form_add(&form, "step", "60");
    ck_assert_str_eq(fsc_buf_str(&form),
                     "query=sum%28a%7Bb%3D%22c%20d%22%7D%29%20%2B%201%20%26%20%C3%A9%25&step=60");
}
END_TEST

/* ---- many at once ---------------------------------------------------------------------------- */

START_TEST(many_run_side_by_side_and_fail_alone)
{
    enum { N = 40 };
    fsc_http_request reqs[N] = {{.url = NULL}};
    fsc_http_response outs[N];
    fsc_status results[N];
    fsc_err errs[N];
    for (size_t i = 0; i < N; i++) {
        const char *path = i % 4 == 0   ? "/status/404"
                           : i % 4 == 1 ? "/ok"
                           : i % 4 == 2 ? fsc_arena_printf(arena, &err, "/flaky/503/1?id=%zu", i)
                                        : fsc_arena_printf(arena, &err, "/half/1/%zu", i);
        reqs[i] = (fsc_http_request){.url = url(path)};
        errs[i] = (fsc_err)FSC_ERR_INIT;
    }
    ck_assert_int_eq(fsc_http_do_all(http, outs, reqs, results, errs, N, 8, arena, &err), FSC_OK);
    for (size_t i = 0; i < N; i++) {
        ck_assert_msg(results[i] == (i % 4 == 0 ? FSC_MISSING : FSC_OK), "%zu: %s", i, errs[i].msg);
        ck_assert_int_eq(errs[i].code == FSC_MISSING, i % 4 == 0);
    }
    ck_assert_str_eq(fsc_buf_str(&outs[1].body), "hello");
    ck_assert_str_eq(fsc_buf_str(&outs[3].body), "0123456789");
}
END_TEST

START_TEST(side_by_side_is_quicker_than_in_a_row)
{
    enum { N = 6 };
    fsc_http_request reqs[N];
    fsc_http_response outs[N];
    fsc_status results[N];
    fsc_err errs[N];
    int64_t start = now_ms();
    for (size_t i = 0; i < N; i++)
        reqs[i] = (fsc_http_request){.url = url("/drip"), .timeout_ms = 500};
    ck_assert_int_eq(fsc_http_do_all(http, outs, reqs, results, errs, N, N, arena, &err), FSC_OK);
    ck_assert_int_lt(now_ms() - start, 1500);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(results[i], FSC_REMOTE);
}
END_TEST

START_TEST(memory_is_bounded)
{
    fsc_arena *small;
    ck_assert_int_eq(fsc_arena_open(&small, 256 * 1024, &err), FSC_OK);
    fsc_http_request req = {.url = url("/endless")};
    ck_assert_int_eq(fsc_http_do(http, &response, &req, small, &err), FSC_NOMEM);
    fsc_arena_close(small);
}
END_TEST

int main(void)
{
    setenv("no_proxy", "*", 1);
    Suite *suite = suite_create("http");
    TCase *tc = tcase_create("http");
    tcase_add_unchecked_fixture(tc, start_server, stop_server);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, every_answer_has_its_status, 0,
                        (int)(sizeof answers / sizeof answers[0]));
    tcase_add_test(tc, an_answer_comes_whole_with_its_headers);
    tcase_add_test(tc, a_refused_connection_is_retryable_and_names_the_host);
    tcase_add_test(tc, a_bad_url_is_refused_without_its_password);
    tcase_add_loop_test(tc, a_storm_is_survived, 0, 4);
    tcase_add_test(tc, tries_end);
    tcase_add_test(tc, retry_after_is_waited_for);
    tcase_add_test(tc, retry_after_past_the_deadline_ends_it_now);
    tcase_add_test(tc, a_slow_answer_ends_in_time);
    tcase_add_test(tc, an_endless_answer_is_cut);
    tcase_add_test(tc, a_stream_that_broke_off_is_restarted);
    tcase_add_test(tc, a_stream_that_cannot_restart_is_not_tried_again);
    tcase_add_test(tc, a_callback_ends_the_transfer_with_its_own_error);
    tcase_add_test(tc, an_error_page_never_reaches_the_stream);
    tcase_add_loop_test(tc, methods_bodies_and_types_arrive, 0, FSC_DELETE + 1);
    tcase_add_test(tc, logins_are_read_anew_and_stay_with_their_host);
    tcase_add_test(tc, an_echoed_secret_is_not_repeated);
    tcase_add_test(tc, a_secret_header_follows_no_redirect);
    tcase_add_test(tc, a_header_cannot_be_smuggled_in);
    tcase_add_test(tc, a_missing_token_file_is_named);
    tcase_add_test(tc, forms_are_encoded);
    tcase_add_test(tc, many_run_side_by_side_and_fail_alone);
    tcase_add_test(tc, side_by_side_is_quicker_than_in_a_row);
    tcase_add_test(tc, memory_is_bounded);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
