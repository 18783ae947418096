/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store in figures: bytes a sample for each trace, and the rates of writing, appending and
 * reading for many series of 14 days of minutes.
 *   bench_store DEMO.csv FOLDER [SERIES]     FOLDER's traces are left out where it is not there
 */
#include "forescale/source.h"
#include "made.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEP_S = 60, POINTS = 14 * 1440, SERIES = 1000, MINUTES = 20, READS = 101, MAX_FILES = 64 };

typedef struct bench {
    fsc_store *store;
    fsc_arena *a;
    fsc_err err;
    char folder[64], path[80];
    double sum, worst; /* bytes a sample over FOLDER's traces */
    size_t n;
} bench;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(bench *b, fsc_status status)
{
    if (status == FSC_OK)
        return;
    (void)fprintf(stderr, "bench_store: %s\n", b->err.msg);
    exit(1);
}

static void open_store(bench *b)
{
    (void)snprintf(b->folder, sizeof b->folder, "%s/bench_store.XXXXXX",
                   access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp");
    if (!mkdtemp(b->folder)) {
        perror(b->folder);
        exit(1);
    }
    (void)snprintf(b->path, sizeof b->path, "%s/s.db", b->folder);
    must(b, fsc_store_open(&b->store, b->path, FSC_STORE_WRITE, &b->err));
}

static void remove_store(bench *b)
{
    fsc_store_close(b->store);
    (void)unlink(b->path);
    (void)rmdir(b->folder);
}

/* ---- bytes a sample ---- */

static void measure_trace(bench *b, const char *path, bool counts)
{
    fsc_csv csv;
    fsc_history_info *list;
    size_t n;
    open_store(b);
    must(b, fsc_csv_read(&csv, path, 0, b->a, &b->err));
    must(b, fsc_history_write(b->store, &csv.series[0], &b->err));
    must(b, fsc_history_list(&list, &n, b->store, b->a, &b->err));
    double each = (double)list[0].bytes / (double)list[0].samples;
    (void)printf("%-52s %8zu samples at %5d s  %5.2f bytes a sample\n", csv.series[0].id,
                 list[0].samples, (int)list[0].step_s, each);
    b->sum += counts ? each : 0;
    b->n += counts ? 1 : 0;
    b->worst = counts ? fmax(b->worst, each) : b->worst;
    remove_store(b);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void measure_folder(bench *b, const char *folder)
{
    char *paths[MAX_FILES], path[1024];
    size_t n = 0;
    DIR *d = opendir(folder);
    if (!d) {
        (void)printf("SKIPPED: no traces: FORESCALE_SHARED=FOLDER names them\n");
        return;
    }
    for (struct dirent *e; (e = readdir(d)) && n < MAX_FILES;) {
        const char *dot = strrchr(e->d_name, '.');
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (dot && !strcmp(dot, ".csv") && (paths[n] = strdup(path)))
            n++;
    }
    closedir(d);
    qsort(paths, n, sizeof *paths, by_name);
    for (size_t i = 0; i < n; i++) {
        measure_trace(b, paths[i], true);
        free(paths[i]);
    }
    (void)printf("%-52s %.2f (to reach 3.00), worst %.2f (3.50)\n", "mean over the traces",
                 b->sum / (double)b->n, b->worst);
}

/* ---- rates ---- */

static void write_series(bench *b, size_t series, size_t from, size_t n)
{
    static double v[POINTS];
    char id[32];
    (void)snprintf(id, sizeof id, "workload-%05zu", series);
    for (size_t i = 0; i < n; i++)
        v[i] = made_value(series, from + i);
    const fsc_series piece = {.id = id,
                              .start = 1704067200 + (int64_t)from * STEP_S,
                              .step_s = STEP_S,
                              .n = n,
                              .values = v};
    must(b, fsc_history_write(b->store, &piece, &b->err));
}

static void measure_write(bench *b, size_t n_series)
{
    double t0 = seconds();
    for (size_t s = 0; s < n_series; s++) {
        must(b, fsc_store_begin(b->store, &b->err));
        write_series(b, s, 0, POINTS);
        must(b, fsc_store_commit(b->store, &b->err));
    }
    double spent = seconds() - t0, samples = (double)(n_series * POINTS);
    (void)printf("write %zu series of 14 days of minutes: %.2f s, %.2f million samples a second\n",
                 n_series, spent, samples / spent / 1e6);
}

static void measure_append(bench *b, size_t n_series)
{
    double t0 = seconds();
    for (size_t minute = 0; minute < MINUTES; minute++) {
        must(b, fsc_store_begin(b->store, &b->err));
        for (size_t s = 0; s < n_series; s++)
            write_series(b, s, POINTS + minute, 1);
        must(b, fsc_store_commit(b->store, &b->err));
    }
    double spent = seconds() - t0;
    (void)printf("append one minute to each of %zu series: %.3f s, %.0f us a series\n", n_series,
                 spent / MINUTES, 1e6 * spent / MINUTES / (double)n_series);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_read(bench *b, size_t n_series)
{
    double spent[READS];
    for (size_t r = 0; r < READS; r++) {
        char id[32];
        fsc_series out;
        fsc_arena_mark mark = fsc_arena_get_mark(b->a);
        (void)snprintf(id, sizeof id, "workload-%05zu", r * 7 % n_series);
        double t0 = seconds();
        must(b, fsc_history_read(&out, b->store, id, 1704067200,
                                 1704067200 + (int64_t)POINTS * STEP_S, b->a, &b->err));
        spent[r] = seconds() - t0;
        if (out.n != POINTS || fsc_series_gaps(&out)) {
            (void)fprintf(stderr, "bench_store: %zu points came back\n", out.n);
            exit(1);
        }
        fsc_arena_rewind(b->a, mark);
    }
    qsort(spent, READS, sizeof *spent, by_value);
    (void)printf("read a series of %d points: median %.3f ms (to reach 1), worst %.3f ms\n", POINTS,
                 1e3 * spent[READS / 2], 1e3 * spent[READS - 1]);
}

static void measure_rollup(bench *b)
{
    double t0 = seconds();
    must(b, fsc_history_retire(b->store, 1704067200 + 7 * FSC_DAY_S, &b->err));
    (void)printf("retire 7 of 14 days into hourly means: %.2f s\n", seconds() - t0);
}

static void measure_size(bench *b)
{
    struct stat st;
    fsc_history_info *list;
    size_t n, samples = 0, bytes = 0;
    double t0 = seconds();
    must(b, fsc_history_list(&list, &n, b->store, b->a, &b->err));
    double spent = seconds() - t0;
    for (size_t i = 0; i < n; i++) {
        samples += list[i].samples;
        bytes += list[i].bytes;
    }
    fsc_store_close(b->store); /* brings the write-ahead log into the file */
    if (stat(b->path, &st) != 0 || samples == 0)
        exit(1);
    (void)printf("file %.1f MB: %.2f bytes a sample, %.2f of them in chunks; list %.1f ms\n",
                 (double)st.st_size / 1e6, (double)st.st_size / (double)samples,
                 (double)bytes / (double)samples, 1e3 * spent);
    must(b, fsc_store_open(&b->store, b->path, FSC_STORE_WRITE, &b->err));
}

int main(int argc, char **argv)
{
    static bench b;
    size_t n_series = argc == 4 ? (size_t)strtoul(argv[3], NULL, 10) : SERIES;
    if (argc < 3 || argc > 4 || n_series == 0) {
        (void)fprintf(stderr, "usage: bench_store DEMO.csv FOLDER [SERIES]\n");
        return 2;
    }
    must(&b, fsc_arena_open(&b.a, (size_t)1 << 30, &b.err));
    measure_trace(&b, argv[1], false);
    measure_folder(&b, argv[2]);
    open_store(&b);
    measure_write(&b, n_series);
    measure_append(&b, n_series);
    measure_size(&b);
    measure_read(&b, n_series);
    measure_rollup(&b);
    remove_store(&b);
    fsc_arena_close(b.a);
    return 0;
}
