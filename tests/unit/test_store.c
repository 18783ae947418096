/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "core/store/chunk.h"
#include "forescale/file.h"
#include "forescale/source.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[64], path[96];

static void store_setup(void)
{
    setup();
    (void)snprintf(folder, sizeof folder, "/tmp/store.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s.db", folder);
}

static void store_teardown(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            (void)unlink(name);
    }
    if (d)
        closedir(d);
    (void)rmdir(folder);
    teardown();
}

static fsc_store *open_store(void)
{
    fsc_store *s;
    ck_assert_msg(fsc_store_open(&s, path, FSC_STORE_WRITE, &err) == FSC_OK, "%s", err.msg);
    return s;
}

/* ---- chunks
 * ------------------------------------------------------------------------------------------------------
 */

static uint64_t random_state = 1;
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* Values of every kind: small counts, decimals, any bits, extremes, gaps. */
static double some_value(int kind)
{
    static const double extremes[] = {
        0.0, -0.0, 5e-324, 1.7976931348623157e308, -1e-300, 9007199254740993.0, 0.1, 1e22};
    uint64_t r = next_random();
    double v;
    switch (kind) {
    case 0:
        return (double)(r % 1000);
    case 1:
        return (double)(int64_t)(r % 2000000 - 1000000) / 1000;
    case 2:
        memcpy(&v, &r, sizeof v);
        return isfinite(v) ? v : 0;
    case 3:
        return extremes[r % 8];
    default:
        return r % 3 ? (double)(r % 100) : NAN;
    }
}

START_TEST(a_chunk_is_the_same_to_the_bit)
{
    static uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    double v[FSC_CHUNK_POINTS], back[FSC_CHUNK_POINTS];
    for (int round = 0; round < 400; round++) {
        size_t n = next_random() % (FSC_CHUNK_POINTS + 1), m;
        for (size_t i = 0; i < n; i++)
            v[i] = some_value(round % 5);
        size_t used = fsc_chunk_encode(bytes, v, n);
        ck_assert_uint_le(used, sizeof bytes);
        OK(fsc_chunk_decode(back, &m, bytes, used, &err));
        ck_assert_uint_eq(m, n);
        for (size_t i = 0; i < n; i++)
            ck_assert((isnan(v[i]) && isnan(back[i])) || !memcmp(&v[i], &back[i], sizeof v[i]));
    }
}
END_TEST

START_TEST(broken_chunks_are_refused)
{
    static uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    double v[FSC_CHUNK_POINTS], back[FSC_CHUNK_POINTS];
    size_t m, refused = 0;
    for (size_t i = 0; i < 500; i++)
        v[i] = some_value((int)(i % 5));
    size_t used = fsc_chunk_encode(bytes, v, 500);
    for (int round = 0; round < 3000; round++) {
        size_t at = next_random() % used, cut = round % 3 ? used : next_random() % used;
        uint8_t before = bytes[at];
        bytes[at] ^= (uint8_t)(1 + next_random() % 255);
        refused += fsc_chunk_decode(back, &m, bytes, cut, &err) == FSC_STORE;
        bytes[at] = before;
    }
    ck_assert_uint_eq(refused, 3000);
}
END_TEST

static double bytes_per_sample(const fsc_series *s)
{
    static uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    size_t total = 0, samples = s->n - fsc_series_gaps(s);
    for (size_t i = 0; i < s->n; i += FSC_CHUNK_POINTS)
        total += fsc_chunk_encode(bytes, s->values + i,
                                  s->n - i < FSC_CHUNK_POINTS ? s->n - i : FSC_CHUNK_POINTS);
    return (double)total / (double)samples;
}

START_TEST(real_traces_take_under_three_bytes_a_sample)
{
    const char *shared = getenv("FORESCALE_SHARED");
    char data[512];
    double sum = 0, worst = 0;
    int n = 0;
    (void)snprintf(data, sizeof data, "%s/data", shared ? shared : "../shared");
    DIR *d = getenv("CI") ? NULL : opendir(data);
    if (!d) {
        (void)printf(
            "SKIP real_traces_take_under_three_bytes_a_sample: no traces at %s, or in CI\n", data);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char file[1024];
        fsc_csv csv;
        const char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".csv"))
            continue;
        (void)snprintf(file, sizeof file, "%s/%s", data, e->d_name);
        OK(fsc_csv_read(&csv, file, 0, arena, &err));
        double b = bytes_per_sample(&csv.series[0]);
        sum += b;
        worst = b > worst ? b : worst;
        n++;
    }
    closedir(d);
    ck_assert_int_ge(n, 10);
    ck_assert_msg(sum / n <= 3.0 && worst <= 3.5, "mean %.2f, worst %.2f bytes a sample", sum / n,
                  worst);
}
END_TEST

/* ---- history
 * -------------------------------------------------------------------------------------------------------
 */

static fsc_series piece(int64_t start, size_t n, const double *v)
{
    return (fsc_series){.id = "x", .start = start, .step_s = 60, .n = n, .values = v};
}

START_TEST(pieces_in_any_order_make_the_same_history)
{
    enum { POINTS = 5000 };
    static double v[POINTS];
    fsc_store *s = open_store();
    fsc_series back;
    for (size_t i = 0; i < POINTS; i++)
        v[i] = i % 97 ? (double)(i * 7 % 1000) / 10 : NAN;
    for (int round = 0; round < 300; round++) {
        size_t from = next_random() % POINTS, n = 1 + next_random() % 700;
        fsc_series p =
            piece(6000 + 60 * (int64_t)from, from + n < POINTS ? n : POINTS - from, v + from);
        OK(fsc_history_write(s, &p, &err));
    }
    fsc_series all = piece(6000, POINTS, v);
    OK(fsc_history_write(s, &all, &err));
    OK(fsc_history_write(s, &all, &err));
    OK(fsc_history_read(&back, s, "x", INT64_MIN / 2, INT64_MAX / 2, arena, &err));
    ck_assert_int_eq(back.start, 6060); /* the first value is a gap */
    for (size_t i = 0; i < back.n; i++)
        ck_assert((isnan(v[i + 1]) && isnan(back.values[i])) || v[i + 1] == back.values[i]);
    OK(fsc_history_read(&back, s, "x", 6000 + 600, 6000 + 1200, arena, &err));
    ck_assert_uint_eq(back.n, 10);
    fsc_history_info *list;
    size_t n;
    OK(fsc_history_list(&list, &n, s, arena, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(list[0].samples, POINTS - (POINTS + 96) / 97);
    OK(fsc_store_check(s, &err));
    fsc_store_close(s);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    static const double v[] = {1, 2, 3};
    fsc_store *s = open_store();
    fsc_series p = piece(600, 3, v), other = p, back;
    OK(fsc_history_write(s, &p, &err));
    other.step_s = 30;
    ck_assert_int_eq(fsc_history_write(s, &other, &err), FSC_DATA);
    other = p;
    other.start = 610;
    ck_assert_int_eq(fsc_history_write(s, &other, &err), FSC_DATA);
    ck_assert_int_eq(fsc_history_read(&back, s, "y", 0, 1, arena, &err), FSC_MISSING);
    fsc_store_close(s);
}
END_TEST

START_TEST(gaps_are_listed_until_marked)
{
    static const double v[] = {1, NAN, NAN, 4, 5};
    fsc_store *s = open_store();
    fsc_series p = piece(600, 5, v);
    fsc_span *gaps;
    size_t n;
    OK(fsc_history_write(s, &p, &err));
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 540, 1020, 5000, arena, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(gaps[0].from, 540);
    ck_assert_int_eq(gaps[0].to, 600);
    ck_assert_int_eq(gaps[1].from, 660);
    ck_assert_int_eq(gaps[1].to, 780);
    ck_assert_int_eq(gaps[2].from, 900);
    OK(fsc_history_mark_empty(s, "x", gaps[1], 6000, &err));
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 600, 900, 5000, arena, &err));
    ck_assert_uint_eq(n, 0);
    OK(fsc_history_gaps(&gaps, &n, s, "x", 60, 600, 900, 6001, arena,
                        &err)); /* asked again later */
    ck_assert_uint_eq(n, 1);
    OK(fsc_history_gaps(&gaps, &n, s, "nobody", 60, 600, 900, 0, arena, &err));
    ck_assert_uint_eq(n, 1);
    fsc_store_close(s);
}
END_TEST

START_TEST(retired_samples_stay_as_hourly_means)
{
    enum { POINTS = 20 * 1440 };
    static double v[POINTS];
    fsc_store *s = open_store();
    fsc_series raw, means;
    for (size_t i = 0; i < POINTS; i++)
        v[i] = (double)(i / 60); /* the hour's number */
    fsc_series p = piece(0, POINTS, v);
    OK(fsc_history_write(s, &p, &err));
    OK(fsc_history_retire(s, 10 * FSC_DAY_S, &err));
    OK(fsc_history_read(&raw, s, "x", 0, POINTS * 60, arena, &err));
    ck_assert(isnan(raw.values[0]) && raw.values[11 * 1440] == 11 * 24);
    OK(fsc_history_read_hourly(&means, s, "x", 0, POINTS * 60, arena, &err));
    ck_assert_uint_eq(means.n, POINTS / 60);
    for (size_t i = 0; i < means.n; i++)
        ck_assert_msg(means.values[i] == (double)i, "hour %zu: %g", i, means.values[i]);
    OK(fsc_history_retire(s, 10 * FSC_DAY_S, &err)); /* twice changes nothing */
    OK(fsc_history_read_hourly(&means, s, "x", 0, POINTS * 60, arena, &err));
    ck_assert(means.values[5] == 5);
    fsc_store_close(s);
}
END_TEST

/* ---- ledger
 * ----------------------------------------------------------------------------------------------------------
 */

START_TEST(the_ledger_is_append_only)
{
    fsc_store *s = open_store();
    int64_t id, micros;
    fsc_ledger_entry *rows;
    size_t n;
    const fsc_ledger_row row = {.at = 100,
                                .run_id = "r1",
                                .kind = "act",
                                .object = "llama",
                                .op = "set-bounds",
                                .before = "{}",
                                .after = "{}",
                                .why = "spike",
                                .micros = 5,
                                .currency = "USD",
                                .key = "k"};
    OK(fsc_ledger_intend(&id, s, &row, &err));
    OK(fsc_ledger_read(&rows, &n, s, "r1", NULL, 0, 1000, 10, arena, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_ptr_null(rows[0].outcome); /* not settled: a run that was killed in between */
    OK(fsc_ledger_settle(s, id, 101, "applied", "ok", &err));
    ck_assert_int_eq(fsc_ledger_settle(s, id, 102, "failed", "", &err), FSC_STORE);
    OK(fsc_ledger_read(&rows, &n, s, NULL, "llama", 0, 1000, 10, arena, &err));
    ck_assert_str_eq(rows[0].outcome, "applied");
    ck_assert_str_eq(rows[0].row.why, "spike");
    OK(fsc_ledger_read(&rows, &n, s, NULL, "nobody", 0, 1000, 10, arena, &err));
    ck_assert_uint_eq(n, 0);
    OK(fsc_ledger_spend_add(s, "gpu", 0, 60, 1000, "USD", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 60, 120, 500, "USD", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 60, 120, 999, "USD", &err)); /* the same run again */
    OK(fsc_ledger_spend_sum(&micros, s, "gpu", 60, 120, &err));
    ck_assert_int_eq(micros, 500);
    OK(fsc_ledger_spend_sum(&micros, s, "gpu", 0, 120, &err));
    ck_assert_int_eq(micros, 1500);
    fsc_store_close(s);
}
END_TEST

START_TEST(blobs_come_back)
{
    fsc_store *s = open_store();
    const void *bytes;
    size_t n;
    ck_assert_int_eq(fsc_blob_get(&bytes, &n, s, "planner", "-", arena, &err), FSC_MISSING);
    OK(fsc_blob_put(s, "planner", "-", "a\0b", 3, 1, &err));
    OK(fsc_blob_put(s, "planner", "-", "c\0de", 4, 2, &err));
    OK(fsc_blob_get(&bytes, &n, s, "planner", "-", arena, &err));
    ck_assert_uint_eq(n, 4);
    ck_assert_int_eq(memcmp(bytes, "c\0de", 4), 0);
    fsc_store_close(s);
}
END_TEST

/* ---- what can go wrong
 * ------------------------------------------------------------------------------------------------
 */

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, n, f), n);
    fclose(f);
}

START_TEST(a_foreign_file_is_refused_and_left_alone)
{
    static const char text[] = "these are my precious notes, and they are longer than one hundred "
                               "bytes, so that the header of "
                               "a database would fit\n";
    fsc_store *s;
    const char *bytes;
    size_t n;
    write_file(text, sizeof text - 1);
    ck_assert_int_eq(fsc_store_open(&s, path, FSC_STORE_WRITE, &err), FSC_STORE);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(err.msg, "no forescale store") != NULL, "%s", err.msg);
    OK(fsc_file_read(&bytes, &n, path, 1 << 20, arena, &err));
    ck_assert_str_eq(bytes, text);
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
    fsc_store *s = open_store();
    fsc_store_close(s);
    FILE *f = fopen(path, "r+");
    ck_assert_int_eq(fseek(f, 60, SEEK_SET), 0); /* user_version, big endian */
    ck_assert_int_eq(fputc(0, f) | fputc(0, f) | fputc(0, f), 0);
    (void)fputc(9, f);
    fclose(f);
    ck_assert_int_eq(fsc_store_open(&s, path, FSC_STORE_WRITE, &err), FSC_STORE);
    ck_assert_msg(strstr(err.msg, "newer") != NULL, "%s", err.msg);
}
END_TEST

START_TEST(the_file_is_private)
{
    struct stat st;
    fsc_store *s = open_store();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    fsc_store_close(s);
    ck_assert_int_eq(fsc_store_open(&s, "/nowhere/at/all.db", FSC_STORE_WRITE, &err), FSC_STORE);
    ck_assert_int_eq(fsc_store_open(&s, "/nowhere/at/all.db", FSC_STORE_READ, &err), FSC_STORE);
}
END_TEST

START_TEST(damage_in_any_page_is_an_error_and_no_crash)
{
    static double v[20000];
    fsc_store *s = open_store();
    size_t n, found = 0;
    const char *whole;
    for (size_t i = 0; i < 20000; i++)
        v[i] = (double)(next_random() % 100000);
    fsc_series p = piece(0, 20000, v);
    OK(fsc_history_write(s, &p, &err));
    fsc_store_close(s);
    OK(fsc_file_read(&whole, &n, path, 1 << 26, arena, &err));
    char *copy = fsc_arena_strndup(arena, whole, n, &err);
    for (size_t page = 1; page < n / 4096; page++) {
        memcpy(copy, whole, n);
        for (size_t i = 0; i < 64; i++)
            copy[page * 4096 + next_random() % 4096] ^= (char)(1 + next_random() % 255);
        write_file(copy, n);
        if (fsc_store_open(&s, path, FSC_STORE_WRITE, &err) != FSC_OK ||
            fsc_store_check(s, &err) != FSC_OK) {
            found++;
        } else { /* damage that is not found has hit nothing that counts */
            fsc_series back;
            OK(fsc_history_read(&back, s, "x", 0, 20000 * 60, arena, &err));
            ck_assert_uint_eq(back.n, 20000);
            ck_assert_int_eq(memcmp(back.values, v, sizeof v), 0);
        }
        fsc_store_close(s);
    }
    ck_assert_uint_ge(2 * found, n / 4096 - 1);
}
END_TEST

/* Writes forever: the parent kills it. Piece k holds the value k everywhere. */
static void write_forever(void)
{
    fsc_store *s = open_store();
    static double v[100];
    for (int64_t k = 0;; k++) {
        for (size_t i = 0; i < 100; i++)
            v[i] = (double)k;
        fsc_series p = piece(6000 * k, 100, v);
        if (fsc_store_begin(s, &err) != FSC_OK || fsc_history_write(s, &p, &err) != FSC_OK ||
            fsc_store_commit(s, &err) != FSC_OK)
            _exit(1);
    }
}

START_TEST(a_killed_writer_leaves_whole_pieces)
{
    for (int round = 0; round < 12; round++) {
        fsc_series back;
        pid_t child = fork();
        if (child == 0)
            write_forever();
        const struct timespec a_while = {0, (long)(20 + next_random() % 60) * 1000 * 1000};
        (void)nanosleep(&a_while, NULL);
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        fsc_store *s = open_store();
        OK(fsc_store_check(s, &err));
        if (fsc_history_read(&back, s, "x", INT64_MIN / 2, INT64_MAX / 2, arena, &err) == FSC_OK) {
            ck_assert_uint_eq(back.n % 100, 0);
            for (size_t i = 0; i < back.n; i++)
                ck_assert_msg(back.values[i] == (double)(i / 100), "point %zu is %g", i,
                              back.values[i]);
        }
        fsc_store_close(s);
    }
}
END_TEST

START_TEST(a_full_disk_is_said_and_loses_nothing)
{
    static double v[20000];
    fsc_store *s = open_store();
    fsc_series first = piece(0, 100, v), back, big = piece(60000, 19000, v);
    OK(fsc_history_write(s, &first, &err));
    fsc_store_close(s);
    for (size_t i = 0; i < 20000; i++)
        v[i] = sqrt((double)i); /* no decimals: eight bytes each */
    pid_t child = fork();
    if (child == 0) { /* a limit on the file's size stands in for the disk */
        struct rlimit limit = {120 * 1024, 120 * 1024};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        fsc_store *t = open_store();
        fsc_status status = fsc_history_write(t, &big, &err);
        bool said = status == FSC_STORE && (strstr(err.msg, "disk") != NULL);
        fsc_store_close(t);
        _exit(said ? 0 : 1);
    }
    int code;
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert_int_eq(code, 0);
    s = open_store();
    OK(fsc_store_check(s, &err));
    OK(fsc_history_read(&back, s, "x", 0, 6000, arena, &err));
    ck_assert_uint_eq(back.n, 100);
    fsc_store_close(s);
}
END_TEST

START_TEST(two_writers_wait_for_each_other)
{
    const struct timespec soon = {0, 100 * 1000 * 1000}, later = {0, 400 * 1000 * 1000};
    fsc_store_close(open_store());
    pid_t child = fork(); /* before any connection: SQLite's do not survive a fork */
    if (child == 0) {
        (void)nanosleep(&soon, NULL);
        fsc_store *c = open_store();
        _exit(fsc_store_begin(c, &err) == FSC_OK && fsc_store_commit(c, &err) == FSC_OK ? 0 : 1);
    }
    fsc_store *a = open_store();
    OK(fsc_store_begin(a, &err));
    (void)nanosleep(&later, NULL);
    OK(fsc_store_commit(a, &err));
    int code;
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert_int_eq(code, 0);
    fsc_store_close(a);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_chunk_is_the_same_to_the_bit);
    tcase_add_test(t, broken_chunks_are_refused);
    tcase_add_test(t, real_traces_take_under_three_bytes_a_sample);
    tcase_add_test(t, pieces_in_any_order_make_the_same_history);
    tcase_add_test(t, what_does_not_fit_is_refused);
    tcase_add_test(t, gaps_are_listed_until_marked);
    tcase_add_test(t, retired_samples_stay_as_hourly_means);
    tcase_add_test(t, the_ledger_is_append_only);
    tcase_add_test(t, blobs_come_back);
    tcase_add_test(t, a_foreign_file_is_refused_and_left_alone);
    tcase_add_test(t, a_newer_schema_is_refused);
    tcase_add_test(t, the_file_is_private);
    tcase_add_test(t, damage_in_any_page_is_an_error_and_no_crash);
    tcase_add_test(t, a_killed_writer_leaves_whole_pieces);
    tcase_add_test(t, a_full_disk_is_said_and_loses_nothing);
    tcase_add_test(t, two_writers_wait_for_each_other);
}

int main(void)
{
    Suite *s = suite_create("store");
    TCase *t = tcase_create("store");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, store_setup, store_teardown);
    add(t);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
