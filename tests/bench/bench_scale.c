/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stores of very many workloads for scale.sh. Workload k has the demand of shape k modulo SHAPES,
 * so that forecasters learned for the first SHAPES are those of all. bench_scale history STORE N
 * END     14 days of minutes until END (Unix seconds) for each bench_scale metrics N END the hour
 * around END as OpenMetrics, on standard output bench_scale states STORE N          the states of
 * the first SHAPES, given to all bench_scale retire STORE BEFORE     the time of rolling up what is
 * older
 */
#include "forescale/store.h"
#include "made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP_S = 60, POINTS = 14 * 1440, SHAPES = 20, AROUND = 30, BATCH = 500 };

typedef struct bench {
    fsc_store *store;
    fsc_arena *a;
    fsc_err err;
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
    (void)fprintf(stderr, "bench_scale: %s\n", b->err.msg);
    exit(1);
}

static void open_store(bench *b, const char *where)
{
    must(b, fsc_store_open(&b->store, where, FSC_STORE_WRITE, &b->err));
}

static void name_of(char out[32], size_t k)
{
    (void)snprintf(out, 32, "w%05zu", k);
}

/* Minutes are counted from the week's begin: the same of every series. */
static double value_at(size_t k, int64_t t)
{
    return made_value(k % SHAPES, (size_t)(t / STEP_S));
}

static void make_history(bench *b, size_t n, int64_t end)
{
    static double v[POINTS];
    double t0 = seconds();
    for (size_t k = 0; k < n; k++) {
        char id[32];
        name_of(id, k);
        if (k % BATCH == 0)
            must(b, fsc_store_begin(b->store, &b->err));
        for (size_t i = 0; i < POINTS; i++)
            v[i] = value_at(k, end + ((int64_t)i - POINTS) * STEP_S);
        const fsc_series piece = {.id = id,
                                  .start = end - (int64_t)POINTS * STEP_S,
                                  .step_s = STEP_S,
                                  .n = POINTS,
                                  .values = v};
        must(b, fsc_history_write(b->store, &piece, &b->err));
        if (k % BATCH == BATCH - 1 || k == n - 1)
            must(b, fsc_store_commit(b->store, &b->err));
    }
    (void)printf("%6zu workloads: write 14 days of minutes %.1f s\n", n, seconds() - t0);
}

static void print_metrics(size_t n, int64_t end)
{
    (void)puts("# TYPE demand gauge");
    for (size_t k = 0; k < n; k++)
        for (int64_t i = -AROUND; i < AROUND; i++)
            (void)printf("demand{model=\"w%05zu\"} %g %lld\n", k, value_at(k, end + i * STEP_S),
                         (long long)(end + i * STEP_S));
    (void)puts("# EOF");
}

static void copy_state(bench *b, const char *kind, size_t from, size_t to)
{
    const void *bytes;
    size_t n;
    char source[32], key[32];
    fsc_arena_mark mark = fsc_arena_get_mark(b->a);
    name_of(source, from);
    name_of(key, to);
    must(b, fsc_blob_get(&bytes, &n, b->store, kind, source, b->a, &b->err));
    must(b, fsc_blob_put(b->store, kind, key, bytes, n, 0, &b->err));
    fsc_arena_rewind(b->a, mark);
}

static void copy_states(bench *b, size_t n)
{
    for (size_t k = SHAPES; k < n; k += BATCH) {
        must(b, fsc_store_begin(b->store, &b->err));
        for (size_t i = k; i < k + BATCH && i < n; i++) {
            copy_state(b, "forecaster-day", i % SHAPES, i);
            copy_state(b, "forecaster", i % SHAPES, i);
        }
        must(b, fsc_store_commit(b->store, &b->err));
    }
}

static void retire(bench *b, int64_t before)
{
    double t0 = seconds();
    must(b, fsc_history_retire(b->store, before, &b->err));
    (void)printf("retire and roll up %.1f s\n", seconds() - t0);
}

int main(int argc, char **argv)
{
    static bench b;
    const char *what = argc > 3 ? argv[1] : "";
    must(&b, fsc_arena_open(&b.a, (size_t)1 << 30, &b.err));
    if (!strcmp(what, "metrics")) {
        print_metrics(strtoul(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
        return 0;
    }
    if (argc < 4) {
        (void)fprintf(stderr, "usage: bench_scale history|metrics|states|retire ...\n");
        return 2;
    }
    open_store(&b, argv[2]);
    if (!strcmp(what, "history") && argc == 5)
        make_history(&b, strtoul(argv[3], NULL, 10), strtoll(argv[4], NULL, 10));
    if (!strcmp(what, "states"))
        copy_states(&b, strtoul(argv[3], NULL, 10));
    if (!strcmp(what, "retire"))
        retire(&b, strtoll(argv[3], NULL, 10));
    fsc_store_close(b.store);
    fsc_arena_close(b.a);
    return 0;
}
