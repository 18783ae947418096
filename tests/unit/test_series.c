/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/series.h"
#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N(a) (sizeof(a) / sizeof *(a))

START_TEST(missing_steps_are_gaps)
{
    static const fsc_sample v[] = {{100, 1}, {160, 2}, {280, NAN}, {340, 4}, {400, INFINITY}};
    fsc_series s;
    OK(fsc_series_from_samples(&s, "x", v, N(v), 0, arena, &err));
    ck_assert_int_eq(s.step_s, 60);
    ck_assert_uint_eq(s.n, 6);
    ck_assert(s.values[0] == 1 && s.values[1] == 2 && s.values[4] == 4);
    ck_assert(isnan(s.values[2]) && isnan(s.values[3]) && isnan(s.values[5]));
    ck_assert_uint_eq(fsc_series_gaps(&s), 3);
    ck_assert_int_eq(fsc_series_newest(&s), 340);
}
END_TEST

START_TEST(disorder_is_refused)
{
    static const fsc_sample doubled[] = {{1, 1}, {1, 2}}, back[] = {{5, 1}, {2, 2}},
                            one[] = {{5, 1}};
    fsc_series s;
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", doubled, 2, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", back, 2, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 0, 1, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 1, 0, arena, &err),
                     FSC_DATA); /* no step to infer */
    ck_assert_int_eq(fsc_series_from_samples(&s, "x", one, 1, 60, arena, &err), FSC_OK);
}
END_TEST

START_TEST(a_cut_shares_the_grid)
{
    static const double v[] = {0, 1, 2, 3, 4};
    const fsc_series s = {.id = "x", .start = 1000, .step_s = 10, .n = 5, .values = v};
    fsc_series c = fsc_series_cut(&s, 1005, 1031);
    ck_assert_int_eq(c.start, 1010);
    ck_assert_uint_eq(c.n, 3);
    ck_assert(c.values[0] == 1);
    ck_assert_uint_eq(fsc_series_cut(&s, INT64_MIN, INT64_MAX).n, 5);
    ck_assert_uint_eq(fsc_series_cut(&s, 2000, 3000).n, 0);
}
END_TEST

START_TEST(a_thin_bucket_is_a_gap)
{
    static const double v[] = {1, 3, NAN, NAN, 5, 7};
    const fsc_series s = {.id = "x", .start = 1200, .step_s = 60, .n = 6, .values = v};
    fsc_series r;
    OK(fsc_series_resample(&r, &s, 120, 0.8, arena, &err));
    ck_assert_uint_eq(r.n, 3);
    ck_assert(r.values[0] == 2 && isnan(r.values[1]) && r.values[2] == 6);
    ck_assert_int_eq(fsc_series_resample(&r, &s, 90, 0.8, arena, &err), FSC_DATA);
}
END_TEST

/* ---- CSV
 * -------------------------------------------------------------------------------------------------------
 */

static fsc_status read_text(fsc_csv *out, const char *text, size_t n)
{
    char path[] = "/tmp/demand.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
    close(fd);
    fsc_status status = fsc_csv_read(out, path, 0, arena, &err);
    unlink(path);
    return status;
}

static const struct csv_case {
    const char *text;
    size_t series, points;
    const char *words; /* of the refusal, or NULL */
} csvs[] = {
    {"timestamp,value\n0,1\n60,2\n120,3\n", 1, 3, NULL},
    {"timestamp,value\n0,1\n60,\n120,NaN\n180,4", 1, 4, NULL},
    {"\xEF\xBB\xBFtimestamp,value\r\n0,1\r\n60,2\r\n", 1, 2, NULL},
    {"series,timestamp,value\na,0,1\nb,0,5\na,60,2\nb,60,6\n", 2, 2, NULL},
    {"unique_id,ds,y\nH1,2026-11-24T09:00:00Z,1\nH1,2026-11-24T10:00:00Z,1e3\n", 1, 2, NULL},
    {"series,timestamp,value\n\"a, \"\"b\"\"\",0,1\n\"a, \"\"b\"\"\",60,1\n", 1, 2, NULL},
    {"timestamp,value\n0,1\n60,2\n\n", 1, 2, NULL},
    {"", 0, 0, "is empty"},
    {"timestamp,value\n", 0, 0, "no rows"},
    {"time,v\n0,1\n", 0, 0, ":1: the header is none of"},
    {"timestamp,value\n0,1\n60,two\n", 0, 0, ":3: the value \"two\" is no number"},
    {"timestamp,value\n0,1\n60,0x10\n", 0, 0, ":3: the value"},
    {"timestamp,value\n0,1\n0,2\n", 0, 0, ":3: this timestamp comes twice"},
    {"timestamp,value\n60,1\n0,2\n", 0, 0, ":3: this timestamp is older"},
    {"timestamp,value\nyesterday,1\n", 0, 0, ":2: \"yesterday\" is no time"},
    {"timestamp,value\n0,1,2\n", 0, 0, ":2: more fields"},
    {"timestamp,value\n0\n", 0, 0, ":2: fewer fields"},
    {"series,timestamp,value\n,0,1\n", 0, 0, ":2: the series has no name"},
    {"series,timestamp,value\n\"a,0,1\n", 0, 0, ":2: a quote is not closed"},
};

START_TEST(a_csv_is_read_or_refused_with_its_line)
{
    const struct csv_case *c = &csvs[_i];
    fsc_csv csv;
    fsc_status status = read_text(&csv, c->text, strlen(c->text));
    ck_assert_msg((status == FSC_OK) == (c->words == NULL), "case %d: %s", _i, err.msg);
    if (c->words) {
        ck_assert_msg(strstr(err.msg, c->words) != NULL, "case %d: %s", _i, err.msg);
        return;
    }
    ck_assert_uint_eq(csv.n, c->series);
    ck_assert_uint_eq(csv.series[0].n, c->points);
}
END_TEST

START_TEST(numbers_are_what_strtod_says)
{
    char text[200000];
    static double wanted[2000];
    size_t used = (size_t)snprintf(text, sizeof text, "timestamp,value\n");
    srand(7);
    for (int i = 0; i < 2000; i++) {
        char number[40];
        double v = (rand() % 2 ? 1.0 : -1.0) * rand() / (1.0 + rand() % 100000);
        (void)snprintf(number, sizeof number, i % 3 ? "%.17g" : "%.4f", v);
        wanted[i] = strtod(number, NULL);
        used += (size_t)snprintf(text + used, sizeof text - used, "%d,%s\n", 60 * i, number);
    }
    fsc_csv csv;
    ck_assert_msg(read_text(&csv, text, used) == FSC_OK, "%s", err.msg);
    for (int i = 0; i < 2000; i++)
        ck_assert_msg(csv.series[0].values[i] == wanted[i], "row %d", i);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    fsc_csv csv;
    ck_assert_int_eq(fsc_csv_read(&csv, "tests/nowhere.csv", 0, arena, &err), FSC_IO);
    ck_assert_msg(strstr(err.msg, "tests/nowhere.csv") != NULL, "%s", err.msg);
    ck_assert_int_eq(fsc_csv_read(&csv, "tests", 0, arena, &err), FSC_IO);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, missing_steps_are_gaps);
    tcase_add_test(t, disorder_is_refused);
    tcase_add_test(t, a_cut_shares_the_grid);
    tcase_add_test(t, a_thin_bucket_is_a_gap);
    tcase_add_loop_test(t, a_csv_is_read_or_refused_with_its_line, 0, (int)N(csvs));
    tcase_add_test(t, numbers_are_what_strtod_says);
    tcase_add_test(t, a_missing_file_is_named);
}

int main(void)
{
    return run_suite("series and CSV", add);
}
