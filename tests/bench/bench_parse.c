/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a Prometheus matrix of 50 MB: our streaming scanner beside cJSON, each in a process of
 * its own, so that peak memory is its own. Half of the values are integers, half have 17 digits.
 */
#include "collector/prom_scan.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SERIES = 96, POINTS = 20160, ROUNDS = 3, PIECE = 16 * 1024 };

static char path[] = "/tmp/matrix.XXXXXX";

static long generate(void)
{
    FILE *f = fdopen(mkstemp(path), "w");
    uint64_t r = 88172645463325252u;
    if (!f)
        exit(1);
    (void)fputs("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[", f);
    for (int s = 0; s < SERIES; s++) {
        (void)fprintf(f, "%s{\"metric\":{\"pod\":\"p%d\"},\"values\":[", s ? "," : "", s);
        for (int i = 0; i < POINTS; i++) {
            r ^= r << 13;
            r ^= r >> 7;
            r ^= r << 17;
            (void)fprintf(f, i % 2 ? "%s[%d,\"%.17g\"]" : "%s[%d,\"%.0f\"]", i ? "," : "",
                          1700000000 + 60 * i, i % 2 ? (double)r / 3e17 : (double)(r % 1000));
        }
        (void)fputs("]}", f);
    }
    (void)fputs("]}}", f);
    long n = ftell(f);
    (void)fclose(f);
    return n;
}

static fsc_status on_series(void *ctx, const char *label, fsc_err *err)
{
    (void)ctx;
    (void)label;
    (void)err;
    return FSC_OK;
}

static fsc_status on_sample(void *ctx, int64_t t, double v, fsc_err *err)
{
    (void)t;
    (void)err;
    *(double *)ctx += v;
    return FSC_OK;
}

static double scan(long n)
{
    static fsc_prom_scan s;
    static char piece[PIECE];
    double sum = 0;
    fsc_err err = FSC_ERR_INIT;
    const fsc_sink sink = {.ctx = &sum, .series = on_series, .sample = on_sample};
    FILE *f = fopen(path, "r");
    (void)n;
    fsc_prom_scan_begin(&s, &sink, "pod");
    for (size_t got; f && (got = fread(piece, 1, sizeof piece, f)) > 0;)
        if (fsc_prom_scan_feed(&s, piece, got, &err) != FSC_OK)
            return NAN;
    if (!f || fclose(f) || fsc_prom_scan_end(&s, &err) != FSC_OK)
        return NAN;
    return sum;
}

static double parse_cjson(long n)
{
    char *body = malloc((size_t)n + 1);
    FILE *f = fopen(path, "r");
    double sum = 0;
    const cJSON *series, *sample;
    if (!body || !f || fread(body, 1, (size_t)n, f) != (size_t)n)
        return NAN;
    (void)fclose(f);
    body[n] = '\0';
    cJSON *root = cJSON_Parse(body);
    const cJSON *result = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "data"), "result");
    cJSON_ArrayForEach(series, result)
    {
        cJSON_ArrayForEach(sample, cJSON_GetObjectItem(series, "values")) sum +=
            strtod(sample->child->next->valuestring, NULL);
    }
    cJSON_Delete(root);
    free(body);
    return sum;
}

typedef struct figures {
    double seconds, sum;
    long rss_kib;
} figures;

/* Runs one contender in a child; its figures come back through a pipe. */
static figures measure(double (*contender)(long n), long n)
{
    int ends[2];
    figures best = {.seconds = 1e9};
    for (int round = 0; round < ROUNDS; round++) {
        figures one = {0};
        if (pipe(ends))
            exit(1);
        pid_t child = fork();
        if (child == 0) {
            struct timespec a, b;
            struct rusage usage;
            clock_gettime(CLOCK_MONOTONIC, &a);
            one.sum = contender(n);
            clock_gettime(CLOCK_MONOTONIC, &b);
            getrusage(RUSAGE_SELF, &usage);
            one.seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
            one.rss_kib = usage.ru_maxrss;
            _exit(write(ends[1], &one, sizeof one) == (ssize_t)sizeof one ? 0 : 1);
        }
        if (read(ends[0], &one, sizeof one) != (ssize_t)sizeof one)
            exit(1);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)waitpid(child, NULL, 0);
        best = one.seconds < best.seconds ? one : best;
    }
    return best;
}

int main(void)
{
    long n = generate();
    figures ours = measure(scan, n), theirs = measure(parse_cjson, n);
    (void)unlink(path);
    (void)printf("a matrix of %.1f MB, %d points       seconds   peak RSS   to reach\n",
                 (double)n / 1e6, SERIES * POINTS);
    (void)printf("%-36s %10.3f %7.1f MB   under 16 MB\n", "forescale's streaming scanner",
                 ours.seconds, (double)ours.rss_kib / 1024);
    (void)printf("%-36s %10.3f %7.1f MB\n", "cJSON, parse and extract", theirs.seconds,
                 (double)theirs.rss_kib / 1024);
    (void)printf("%-36s %9.1fx               at least 2x; sums %s\n", "speed",
                 theirs.seconds / ours.seconds, ours.sum == theirs.sum ? "are equal" : "DIFFER");
    return ours.sum == theirs.sum ? 0 : 1;
}
