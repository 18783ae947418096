/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Minutes ahead, relative to the last value, by the protocol of backtest.h on means of five
 * minutes: the public traces that settings were chosen on, then made from them what no setting ever
 * saw. Usage: bench_traces FOLDER [each]
 * With "each" the made ones are printed one by one, too. bench_traces --losses CSV prints the
 * losses of the default model and of the last value on one series of minutes: absolute, P90, P95.
 */
#include "forescale/backtest.h"
#include "forescale/source.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_Q = 3, MAX_H = 30, MAX_TRACES = 64, LEAST_STEP_S = 300 };

static const double levels[N_Q] = {0.5, 0.9, 0.95};

static void die(const fsc_err *err)
{
    (void)fprintf(stderr, "bench_traces: %s\n", err->msg);
    exit(1);
}

static double *room(size_t n, fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    double *y = FSC_NEW(a, n, double, &err);
    if (!y)
        die(&err);
    return y;
}

static fsc_series resampled(const fsc_series *s, int32_t step_s, fsc_arena *a)
{
    fsc_series out;
    fsc_err err = FSC_ERR_INIT;
    if (fsc_series_resample(&out, s, step_s, 0.8, a, &err) != FSC_OK)
        die(&err);
    return out;
}

/* ---- what no setting saw ----------------------------------------------------------------------
 */

typedef struct traces {
    size_t n;
    fsc_series raw[MAX_TRACES], s[MAX_TRACES]; /* as published; at five minutes or more */
} traces;

/* Makes one of trace i; n 0: it cannot. */
typedef fsc_series (*maker)(const traces *t, size_t i, fsc_arena *a);

static size_t day_of(const fsc_series *s)
{
    return (size_t)(FSC_DAY_S / s->step_s);
}

static fsc_series as_published(const traces *t, size_t i, fsc_arena *a)
{
    (void)a;
    return t->s[i];
}

/* Without the days on which settings were scored. */
static fsc_series earlier(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    size_t last = 14 * day_of(&s);
    (void)a;
    s.n = s.n > 2 * last ? s.n - last : 0;
    return s;
}

static fsc_series backwards(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    double *y = room(s.n, a);
    for (size_t k = 0; k < s.n; k++)
        y[k] = s.values[s.n - 1 - k];
    s.values = y;
    return s;
}

static fsc_series coarser(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    s.n = s.step_s > 600 ? 0 : s.n;
    return s.n ? resampled(&s, s.step_s == 300 ? 900 : 1800, a) : s;
}

static fsc_series single_minutes(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->raw[i];
    (void)a;
    s.n = s.step_s < LEAST_STEP_S ? s.n : 0;
    return s;
}

static double mean_of(const fsc_series *s)
{
    double sum = 0, n = 0;
    for (size_t k = 0; k < s->n; k++)
        if (!isnan(s->values[k])) {
            sum += s->values[k];
            n++;
        }
    return n > 0 && sum > 0 ? sum / n : 1;
}

/* The sum with the next trace of the same step, each over its mean. */
static fsc_series two_together(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    size_t j = (i + 1) % t->n;
    while (t->s[j].step_s != s.step_s)
        j = (j + 1) % t->n;
    const fsc_series *other = &t->s[j];
    double mine = mean_of(&s), its = mean_of(other), *y;
    s.n = j == i ? 0 : s.n < other->n ? s.n : other->n;
    y = room(s.n + 1, a);
    for (size_t k = 0; k < s.n; k++)
        y[k] = s.values[k] / mine + other->values[k] / its;
    s.values = y;
    return s;
}

/* A reproducible number in (0, 1) (splitmix64: Steele, Lea, Flood 2014). */
static double uniform(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* A Poisson count, by multiplied uniforms where it is small (Knuth), else by the normal law. */
static double counted(double rate, uint64_t seed)
{
    double product = 1, n = -1;
    if (rate > 50)
        return round(fmax(0, rate + sqrt(-2 * rate * log(uniform(seed))) *
                                        cos(6.283185307179586 * uniform(seed + 1))));
    for (; product > exp(-rate); n++)
        product *= uniform(seed++);
    return n;
}

/* So few requests that counts are small: a mean of five. */
static fsc_series thinned(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    double mean = mean_of(&s), *y = room(s.n, a);
    for (size_t k = 0; k < s.n; k++)
        y[k] = isnan(s.values[k]) ? NAN : counted(5 * s.values[k] / mean, 1024 * (uint64_t)k);
    s.values = y;
    return s;
}

static fsc_series steeper(const traces *t, size_t i, fsc_arena *a)
{
    fsc_series s = t->s[i];
    double mean = mean_of(&s), *y = room(s.n, a);
    for (size_t k = 0; k < s.n; k++)
        y[k] = pow(s.values[k] / mean, 1.5);
    s.values = y;
    return s;
}

static const struct family {
    const char *name;
    maker make;
} families[] = {
    {"public, on which settings were chosen", as_published},
    {"weeks before the scored ones", earlier},
    {"backwards in time", backwards},
    {"steps of 15 and 30 minutes", coarser},
    {"single minutes", single_minutes},
    {"thinned to counts about five", thinned},
    {"to the power of 1.5", steeper},
    {"two added up", two_together},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* ---- scores -----------------------------------------------------------------------------------
 */

typedef struct means {
    double mae, p90, p95, in90, in95, n, worst;
    const char *worst_of;
} means;

static void add(means *m, double mae, double p90, double p95, double in90, double in95,
                const char *id)
{
    m->mae += log(mae);
    m->p90 += log(p90);
    m->p95 += log(p95);
    m->in90 += in90;
    m->in95 += in95;
    m->n++;
    if (mae > m->worst) {
        m->worst = mae;
        m->worst_of = id;
    }
}

static void print(const char *name, const means *m)
{
    (void)printf("%-46s %6.3f %6.3f %6.3f   %5.3f/%5.3f  worst %.3f (%s)\n", name,
                 exp(m->mae / m->n), exp(m->p90 / m->n), exp(m->p95 / m->n), m->in90 / m->n,
                 m->in95 / m->n, m->worst, m->worst_of);
    (void)fflush(stdout);
}

/* Adds one series to both; false where it is too short. */
static void score(means *m, means *all, const fsc_series *s, bool alone)
{
    int32_t horizon[MAX_H];
    size_t n_h = (size_t)(1800 / s->step_s > 2 ? 1800 / s->step_s : 2);
    fsc_arena *a;
    fsc_backtest b;
    fsc_err err = FSC_ERR_INIT;
    clock_t from = clock();
    for (size_t h = 0; h < n_h; h++)
        horizon[h] = (int32_t)h + 1;
    const fsc_backtest_config cfg = {.request = {n_h, horizon, N_Q, levels}};
    if (fsc_arena_open(&a, (size_t)2 << 30, &err) != FSC_OK ||
        fsc_backtest_run(&b, s, &cfg, a, &err) != FSC_OK)
        die(&err);
    const fsc_scores *own = &b.all.by[FSC_METHOD_MODEL], *last = &b.all.by[FSC_BASELINE_LAST_VALUE];
    double mae = own->mase / last->mase, p90 = own->pinball[1] / last->pinball[1],
           p95 = own->pinball[2] / last->pinball[2], in90 = own->coverage[1],
           in95 = own->coverage[2];
    if (alone)
        (void)printf("%-46s %6.3f %6.3f %6.3f   %5.3f/%5.3f  %5.1f s\n", s->id, mae, p90, p95, in90,
                     in95, (double)(clock() - from) / CLOCKS_PER_SEC);
    (void)fflush(stdout);
    add(m, mae, p90, p95, in90, in95, s->id);
    if (all)
        add(all, mae, p90, p95, in90, in95, s->id);
    fsc_arena_close(a);
}

/* ---- in and out -------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const fsc_series *)a)->id, ((const fsc_series *)b)->id);
}

static void read_all(traces *t, const char *folder, fsc_arena *a)
{
    DIR *d = opendir(folder);
    fsc_err err = FSC_ERR_INIT;
    for (struct dirent *e; d && (e = readdir(d)) && t->n < MAX_TRACES;) {
        char path[1024];
        fsc_csv csv;
        size_t length = strlen(e->d_name);
        if (length < 5 || strcmp(e->d_name + length - 4, ".csv"))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (fsc_csv_read(&csv, path, 0, a, &err) != FSC_OK)
            die(&err);
        t->raw[t->n++] = csv.series[0];
    }
    if (d)
        closedir(d);
    qsort(t->raw, t->n, sizeof *t->raw, by_name);
    for (size_t i = 0; i < t->n; i++)
        t->s[i] =
            t->raw[i].step_s < LEAST_STEP_S ? resampled(&t->raw[i], LEAST_STEP_S, a) : t->raw[i];
}

/* From origins that meet every minute of an hour. */
static int print_losses(const char *path, fsc_arena *a)
{
    static const int32_t horizon[] = {1, 5, 10, 15, 20, 25, 30};
    static const int64_t stride_s = 420;
    fsc_csv csv;
    fsc_backtest b;
    fsc_err err = FSC_ERR_INIT;
    const fsc_backtest_config cfg = {.request = {7, horizon, N_Q, levels}, .stride_s = stride_s};
    if (fsc_csv_read(&csv, path, 0, a, &err) != FSC_OK ||
        fsc_backtest_run(&b, &csv.series[0], &cfg, a, &err) != FSC_OK)
        die(&err);
    static const size_t methods[] = {FSC_METHOD_MODEL, FSC_BASELINE_LAST_VALUE};
    for (size_t i = 0; i < 2; i++) {
        const fsc_scores *s = &b.all.by[methods[i]];
        (void)printf("%.9g %.9g %.9g\n", s->mase * b.scale, s->pinball[1] * b.scale,
                     s->pinball[2] * b.scale);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static traces t;
    fsc_arena *a;
    fsc_err err = FSC_ERR_INIT;
    means unseen = {0};
    bool one = argc == 3 && !strcmp(argv[1], "--losses"),
         each = argc == 3 && !strcmp(argv[2], "each");
    if (argc != 2 + (one || each) || fsc_arena_open(&a, (size_t)1 << 30, &err) != FSC_OK) {
        (void)fprintf(stderr, "usage: bench_traces FOLDER [each] | --losses CSV\n");
        return 2;
    }
    if (one)
        return print_losses(argv[2], a);
    read_all(&t, argv[1], a);
    (void)printf("%-46s %6s %6s %6s   %s\n", "relative to the last value", "MAE", "P90", "P95",
                 "coverage 90/95");
    for (size_t f = 0; f < N_FAMILIES; f++) {
        means m = {0};
        for (size_t i = 0; i < t.n; i++) {
            fsc_series s = families[f].make(&t, i, a);
            if (s.n)
                score(&m, f ? &unseen : NULL, &s, f == 0 || each);
        }
        print(families[f].name, &m);
        if (f)
            continue;
        (void)printf("%-46s %6s %6s %6s   %s\n", "to reach", "0.700", "0.600", "0.580",
                     "0.88-0.92/0.93-0.97  worst 1.03");
        (void)printf("%-46s %6.3f %6.3f %6.3f   anchors, measured\n",
                     "prototype / LightGBM 0.87 0.87 0.93", 0.706, 0.608, 0.590);
    }
    print("all that no setting saw", &unseen);
    (void)printf("%-46s %6s %6s %6s   %s\n", "to reach on traces that are held out", "0.760",
                 "0.730", "0.700", "0.88-0.92/0.93-0.97  worst 1.03");
    fsc_arena_close(a);
    return 0;
}
