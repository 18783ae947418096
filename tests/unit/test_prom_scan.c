/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "collector/prom_scan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What came out, as text: "series LABEL; t=v; ..." */
typedef struct seen {
    char text[4096];
    char warning[256];
    int samples;
} seen;

static fsc_status on_series(void *ctx, const char *label, fsc_err *e)
{
    seen *s = ctx;
    (void)e;
    size_t n = strlen(s->text);
    (void)snprintf(s->text + n, sizeof s->text - n, "[%s]", label);
    return FSC_OK;
}

static fsc_status on_sample(void *ctx, int64_t t, double v, fsc_err *e)
{
    seen *s = ctx;
    (void)e;
    size_t n = strlen(s->text);
    (void)snprintf(s->text + n, sizeof s->text - n, "%lld=%.17g;", (long long)t, v);
    s->samples++;
    return FSC_OK;
}

static void on_warning(void *ctx, const char *text)
{
    seen *s = ctx;
    (void)snprintf(s->warning, sizeof s->warning, "%s", text);
}

/* Feeds the text in pieces of `size` bytes. */
static fsc_status scan(seen *out, const char *text, size_t size, const char *by)
{
    static fsc_prom_scan s;
    const fsc_sink sink = {
        .ctx = out, .series = on_series, .sample = on_sample, .warning = on_warning};
    size_t n = strlen(text);
    *out = (seen){.samples = 0};
    fsc_prom_scan_begin(&s, &sink, by);
    for (size_t i = 0; i < n; i += size) {
        fsc_status status = fsc_prom_scan_feed(&s, text + i, n - i < size ? n - i : size, &err);
        if (status != FSC_OK)
            return status;
    }
    return fsc_prom_scan_end(&s, &err);
}

#define MATRIX(result)                                                                             \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":" result "}}"

static const struct scan_case {
    const char *text, *by, *wanted; /* wanted NULL: refused with `words` */
    const char *words;
} cases[] = {
    {MATRIX("[]"), NULL, "", NULL},
    {MATRIX("[{\"metric\":{},\"values\":[[60,\"1\"],[120.5,\"2.5\"]]}]"), NULL, "[]60=1;120=2.5;",
     NULL},
    {MATRIX("[{\"metric\":{\"m\":\"a\\u00e9\\\"\"},\"values\":[[0,\"-1e-300\"]]},{\"metric\":{"
            "\"m\":\"b\"},\"values\":[[0,\"5e+22\"]]}]"),
     "m", "[a\xc3\xa9\"]0=-1e-300;[b]0=4.9999999999999996e+22;", NULL},
    {MATRIX("[{\"metric\":{\"m\":\"\\ud83d\\ude00\"},\"values\":[[0,\"0\"]]}]"), "m",
     "[\xf0\x9f\x98\x80]0=0;", NULL},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"NaN\"],[60,\"+Inf\"],[120,\"-Inf\"]]}]"), NULL,
     "[]0=nan;60=inf;120=-inf;", NULL},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"0.1\"],[60,\"0.30000000000000004\"]]}]"), NULL,
     "[]0=0.10000000000000001;60=0.30000000000000004;", NULL},
    {"{\"x\":[{\"y\":[1,true,null,{\"z\":-2e5}]}],\"status\":\"success\",\"data\":{\"result\":[{"
     "\"metric\":{},\"value\":[1,\"7\"]}]}}",
     NULL, "[]1=7;", NULL},
    {" { \"status\" : \"success\" , \"data\" : { \"result\" : [ ] } } \n", NULL, "", NULL},
    {"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid \\\"x\\\"\"}", NULL,
     NULL, "bad_data: invalid \"x\""},
    {MATRIX("[{\"metric\":{},\"histograms\":[[0,{}]]}]"), NULL, NULL, "native histograms"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"1\"]],\"histograms\":[[60,{\"count\":\"3\"}]]}]"),
     NULL, "[]0=1;", NULL},
    {MATRIX("[{\"metric\":{\"m\":\"\\ud83dx\\ude00\\u0000\\ud83d\"},\"values\":[]}]"), "m",
     "[\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd]", NULL},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"999999999999999\"],[1,\"9999999999999999\"],"
            "[2,\"0.000000000000001\"],[3,\"123456789012345e-22\"]]}]"),
     NULL,
     "[]0=999999999999999;1=10000000000000000;2=1.0000000000000001e-15;3=1.23456789012345e-08;",
     NULL},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\" 1\"]]}]"), NULL, NULL, "holds no number"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"0x1\"]]}]"), NULL, NULL, "holds no number"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"infinity\"]]}]"), NULL, NULL, "holds no number"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"\"]]}]"), NULL, NULL, "holds no number"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"1\",\"2\"]]}]"), NULL, NULL, "a sample is not"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,{}]]}]"), NULL, NULL, "a sample is not"},
    {"{\"x\":01,\"status\":\"success\"}", NULL, NULL, "no number at byte 7"},
    {"{\"x\":-}", NULL, NULL, "no number"},
    {"{\"x\":1.e5}", NULL, NULL, "no number"},
    {"{\"x\":[1,]}", NULL, NULL, "no value"},
    {"{\"x\":1,}", NULL, NULL, "no key"},
    {"{\"x\" 1}", NULL, NULL, "no colon"},
    {"{\"status\":\"success\"}", NULL, NULL, "no status and result"},
    {"{\"status\":\"success\",\"data\":null}", NULL, NULL, "no status and result"},
    {MATRIX("[{\"values\":[[0,\"1\"]],\"metric\":{}}]"), NULL, NULL, "labels come after"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,1]]}]"), NULL, NULL, "a sample is not"},
    {MATRIX("[{\"metric\":{},\"values\":[[\"0\",\"1\"]]}]"), NULL, NULL, "a sample is not"},
    {MATRIX("[{\"metric\":{},\"values\":[[0,\"one\"]]}]"), NULL, NULL, "holds no number"},
    {MATRIX("[{\"metric\":{},\"values\":[[0]]}]"), NULL, NULL, "a sample is not"},
    {"{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[0,\"x\"]}}", NULL,
     NULL, "returns a string"},
    {"<html>no</html>", NULL, NULL, "no object (check prometheus.url) at byte 1"},
    {"[1,2]", NULL, NULL, "no object"},
    {"{\"status\":\"success\"", NULL, NULL, "cut off"},
    {"", NULL, NULL, "empty"},
    {"{\"status\":\"success\"} x", NULL, NULL, "after the end"},
    {"{\"status\":tru}", NULL, NULL, "no value"},
    {"{\"a\":\"\\q\"}", NULL, NULL, "wrong escape"},
    {"{\"a\":\"\n\"}", NULL, NULL, "control character"},
    {"{}", NULL, NULL, "no status and result"},
    {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", NULL, NULL,
     "too deep"},
};

START_TEST(an_answer_is_read_in_any_pieces)
{
    const struct scan_case *c = &cases[_i];
    for (size_t size = 1; size <= strlen(c->text) + 1; size++) {
        seen s;
        fsc_status status = scan(&s, c->text, size, c->by);
        if (c->wanted) {
            ck_assert_msg(status == FSC_OK, "case %d, pieces of %zu: %s", _i, size, err.msg);
            ck_assert_str_eq(s.text, c->wanted);
        } else {
            ck_assert_int_ne(status, FSC_OK);
            ck_assert_msg(strstr(err.msg, c->words) != NULL, "case %d: %s", _i, err.msg);
        }
    }
}
END_TEST

static fsc_status compare(void *ctx, int64_t t, double v, fsc_err *e)
{
    const double *wanted = ctx;
    (void)e;
    ck_assert_msg(memcmp(&wanted[t], &v, sizeof v) == 0, "number %d: %.17g", (int)t, v);
    return FSC_OK;
}

/* Around the limits of the short path: 15 digits, leading zeros, decimals, exponents. */
START_TEST(numbers_are_what_strtod_says)
{
    enum { N = 20000 };
    static double wanted[N];
    static fsc_prom_scan s;
    const fsc_sink sink = {.ctx = wanted, .series = on_series, .sample = compare};
    static seen ignored;
    const fsc_sink begin = {.ctx = &ignored, .series = on_series, .sample = on_sample};
    char text[80], digits[24];
    srand(11);
    fsc_prom_scan_begin(&s, &begin, NULL);
    (void)snprintf(text, sizeof text, "{\"data\":{\"result\":[{\"values\":[");
    OK(fsc_prom_scan_feed(&s, text, strlen(text), &err));
    s.sink = &sink;
    for (int i = 0; i < N; i++) {
        int n = 1 + rand() % 19, dot = rand() % 20;
        for (int k = 0; k < n; k++)
            digits[k] = (char)('0' + (rand() % 4 ? rand() % 10 : 0));
        digits[n] = '\0';
        (void)snprintf(text, sizeof text, "%s%.*s%s%s%s", rand() % 2 ? "-" : "", dot, digits,
                       dot < n ? "." : "", dot < n ? digits + dot : "", rand() % 5 ? "" : "e-7");
        wanted[i] = strtod(text, NULL);
        char sample[128];
        (void)snprintf(sample, sizeof sample, "%s[%d,\"%s\"]", i ? "," : "", i, text);
        OK(fsc_prom_scan_feed(&s, sample, strlen(sample), &err));
    }
}
END_TEST

START_TEST(warnings_are_kept)
{
    seen s;
    OK(scan(&s,
            "{\"status\":\"success\",\"warnings\":[\"store x is down\"],\"data\":{\"result\":[]}}",
            5, NULL));
    ck_assert_str_eq(s.warning, "store x is down");
}
END_TEST

/* As VictoriaMetrics's cluster answers while a storage node is away, and else. */
START_TEST(half_an_answer_is_no_answer)
{
    static const char form[] = "{\"status\":\"success\",\"isPartial\":%s,\"data\":{\"resultType\":"
                               "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"2\"]]}]},"
                               "\"stats\":{\"seriesFetched\":\"1\",\"executionTimeMsec\":0}}";
    char text[300];
    seen s;
    (void)snprintf(text, sizeof text, form, "false");
    OK(scan(&s, text, 7, NULL));
    (void)snprintf(text, sizeof text, form, "true");
    ck_assert_int_eq(scan(&s, text, 7, NULL), FSC_REMOTE);
    ck_assert(err.retryable);
    ck_assert_msg(strstr(err.msg, "did not answer") != NULL, "%s", err.msg);
}
END_TEST

START_TEST(mutations_never_crash)
{
    char text[512];
    int good = 0;
    srand(3);
    for (int round = 0; round < 20000; round++) {
        seen s;
        (void)snprintf(text, sizeof text, "%s", cases[2].text);
        size_t n = strlen(text);
        for (int k = rand() % 4; k >= 0; k--)
            text[(size_t)rand() % n] = (char)(1 + rand() % 255);
        good += scan(&s, text, 1 + (size_t)rand() % 40, "m") == FSC_OK;
    }
    ck_assert_int_lt(good, 20000);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, an_answer_is_read_in_any_pieces, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, numbers_are_what_strtod_says);
    tcase_add_test(t, warnings_are_kept);
    tcase_add_test(t, half_an_answer_is_no_answer);
    tcase_add_test(t, mutations_never_crash);
}

int main(void)
{
    return run_suite("Prometheus scanner", add);
}
