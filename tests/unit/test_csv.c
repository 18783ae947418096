/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N(a) (sizeof(a) / sizeof *(a))

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
    {"timestamp,value\n1795424340000,1\n", 0, 0, ":2: this timestamp is no second of our age"},
    {"timestamp,value\n0,1\r60,2\n", 0, 0, ":2: text behind"},
    {"series,timestamp,value\n\"a\"b,0,1\n", 0, 0, ":2: text behind"},
    {"series,timestamp,value\nb,60,1\na,0,1\nb,0,1\n", 0, 0, ":4: this timestamp is older"},
    {"series,timestamp,value,note\n", 0, 0, ":1: the header is none of"},
    {"timestamp,value\n0,1\n", 0, 0, "one sample alone has no step"},
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

START_TEST(interleaved_series_keep_their_order_and_their_gaps)
{
    static const char text[] = "unique_id,ds,y\n\"b\",2026-11-24T09:00:00Z,1\n"
                               "a,2026-11-24T10:00:00+01:00,5\nb,2026-11-24T09:01:00Z,\n"
                               "b,2026-11-24T09:03:00.5Z,-0\na,2026-11-24T09:01:00Z,6e-1\n";
    fsc_csv csv;
    OK(read_text(&csv, text, sizeof text - 1));
    ck_assert_uint_eq(csv.n, 2);
    ck_assert_int_eq(csv.form, FSC_TIME_RFC3339);
    const fsc_series *b = &csv.series[0], *a = &csv.series[1];
    ck_assert_str_eq(b->id, "b");
    ck_assert_str_eq(a->id, "a");
    ck_assert_int_eq(b->start, 1795510800);
    ck_assert_int_eq(a->start, 1795510800);
    ck_assert_int_eq(b->step_s, 60);
    ck_assert_uint_eq(b->n, 4);
    ck_assert(b->values[0] == 1 && isnan(b->values[1]) && isnan(b->values[2]));
    ck_assert(b->values[3] == 0 && signbit(b->values[3]));
    ck_assert_uint_eq(a->n, 2);
    ck_assert(a->values[0] == 5 && a->values[1] == 0.6);
}
END_TEST

START_TEST(one_series_is_named_after_its_file)
{
    static const unsigned char gz[] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xc9, 0xcc, 0x4d, 0x2d,
        0x2e, 0x49, 0xcc, 0x2d, 0xd0, 0x29, 0x4b, 0xcc, 0x29, 0x4d, 0xe5, 0x32, 0xd0, 0x31, 0xe4,
        0x32, 0x33, 0xd0, 0x31, 0xe2, 0x02, 0x00, 0xee, 0x51, 0x54, 0x17, 0x19, 0x00, 0x00, 0x00};
    char folder[] = "/tmp/fsc-csv-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/llama.v2.csv.gz", folder);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(gz, 1, sizeof gz, f), sizeof gz);
    ck_assert_int_eq(fclose(f), 0);
    fsc_csv csv;
    OK(fsc_csv_read(&csv, path, 30, arena, &err));
    (void)remove(path);
    (void)remove(folder);
    ck_assert_str_eq(csv.series[0].id, "llama.v2");
    ck_assert_int_eq(csv.form, FSC_TIME_UNIX);
    ck_assert_int_eq(csv.series[0].step_s, 30); /* as asked for */
    ck_assert_uint_eq(csv.series[0].n, 3);
    ck_assert(csv.series[0].values[2] == 2);
}
END_TEST

START_TEST(many_series_are_found_again)
{
    static char text[400000];
    size_t used = (size_t)snprintf(text, sizeof text, "series,timestamp,value\n");
    for (int t = 0; t < 10; t++)
        for (int s = 0; s < 2000; s++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "w%d,%d,%d\n", s, 60 * t, s + t);
    fsc_csv csv;
    OK(read_text(&csv, text, used));
    ck_assert_uint_eq(csv.n, 2000);
    for (int s = 0; s < 2000; s++) {
        ck_assert_uint_eq(csv.series[s].n, 10);
        ck_assert(csv.series[s].values[9] == s + 9);
    }
}
END_TEST

START_TEST(mutations_never_crash)
{
    static const char good[] = "series,timestamp,value\n\"a\"\"\",0,1.5\nb,60,NaN\r\n";
    int read = 0;
    srand(5);
    for (int round = 0; round < 3000; round++) {
        char text[sizeof good];
        fsc_csv csv;
        memcpy(text, good, sizeof good);
        for (int k = rand() % 3; k >= 0; k--)
            text[(size_t)rand() % (sizeof good - 1)] = (char)(rand() % 256);
        read += read_text(&csv, text, sizeof good - 1 - (size_t)rand() % 8) == FSC_OK;
    }
    ck_assert_int_lt(read, 3000);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_csv_is_read_or_refused_with_its_line, 0, (int)N(csvs));
    tcase_add_test(t, interleaved_series_keep_their_order_and_their_gaps);
    tcase_add_test(t, one_series_is_named_after_its_file);
    tcase_add_test(t, many_series_are_found_again);
    tcase_add_test(t, numbers_are_what_strtod_says);
    tcase_add_test(t, mutations_never_crash);
    tcase_add_test(t, a_missing_file_is_named);
}

int main(void)
{
    return run_suite("CSV", add);
}
