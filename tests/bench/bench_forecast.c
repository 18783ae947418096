/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The forecaster beside its anchors:
 *   bench_forecast m4 FOLDER     M4 Hourly, published protocol (h = 48, m = 24, OWA against Naive2)
 *   bench_forecast speed FOLDER  fits, ticks and states
 * FOLDER holds m4_hourly_{train,test}.csv.gz.
 */
#include "cli/parallel.h"
#include "forescale/file.h"
#include "forescale/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { H = 48, M = 24, MAX_SERIES = 500, MAX_LENGTH = 1024 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const fsc_err *err)
{
    (void)fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

/* ---- M4
 * ------------------------------------------------------------------------------------------------
 */

typedef struct table {
    size_t n, length[MAX_SERIES];
    double v[MAX_SERIES][MAX_LENGTH];
} table;

static void read_table(table *t, const char *folder, const char *name, fsc_arena *a)
{
    char path[1024];
    const char *bytes;
    size_t n;
    fsc_err err = FSC_ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (fsc_file_read(&bytes, &n, path, (size_t)64 << 20, a, &err) != FSC_OK)
        die(&err);
    const char *p = strchr(bytes, '\n');
    while (p && *++p && t->n < MAX_SERIES) {
        const char *eol = strchr(p, '\n');
        size_t k = 0;
        for (const char *comma = strchr(p, ','); comma && comma < eol;
             comma = strchr(comma + 1, ',')) {
            char *end;
            double v = strtod(comma + 1 + (comma[1] == '"'), &end);
            if (end > comma + 1 + (comma[1] == '"') && k < MAX_LENGTH)
                t->v[t->n][k++] = v;
        }
        t->length[t->n++] = k;
        p = eol;
    }
}

/* The M4 organisers' test of seasonality at 90 %, then classical multiplicative decomposition. */
static bool is_seasonal(const double *y, size_t n)
{
    double mean = 0, var = 0, sum = 0, last = 0;
    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        var += (y[i] - mean) * (y[i] - mean);
    for (size_t k = 1; k <= M; k++) {
        double c = 0;
        for (size_t i = k; i < n; i++)
            c += (y[i] - mean) * (y[i - k] - mean);
        last = c / var;
        sum += k < M ? last * last : 0;
    }
    return fabs(last) > 1.645 * sqrt((1 + 2 * sum) / (double)n);
}

static void naive2(double *out, const double *y, size_t n)
{
    double index[M] = {0}, count[M] = {0}, mean = 0;
    for (size_t h = 0; h < H; h++)
        out[h] = y[n - 1];
    if (!is_seasonal(y, n))
        return;
    for (size_t i = M / 2; i + M / 2 < n; i++) {
        double ma = 0.5 * (y[i - M / 2] + y[i + M / 2]);
        for (size_t k = i - M / 2 + 1; k < i + M / 2; k++)
            ma += y[k];
        index[i % M] += y[i] / (ma / M);
        count[i % M]++;
    }
    for (size_t k = 0; k < M; k++)
        mean += (index[k] /= count[k]) / M;
    double level = y[n - 1] / (index[(n - 1) % M] / mean);
    for (size_t h = 0; h < H; h++)
        out[h] = level * index[(n + h) % M] / mean;
}

typedef struct score {
    double smape, mase;
} score;

static void add_score(score *s, const double *f, const double *actual, const double *y, size_t n)
{
    double scale = 0;
    for (size_t i = M; i < n; i++)
        scale += fabs(y[i] - y[i - M]) / (double)(n - M);
    for (size_t h = 0; h < H; h++) {
        s->smape += 200 * fabs(f[h] - actual[h]) / (fabs(f[h]) + fabs(actual[h])) / H;
        s->mase += fabs(f[h] - actual[h]) / scale / H;
    }
}

static table train, test;

typedef struct m4_sums {
    score ours, base, snaive;
    double covered[3];
} m4_sums;

static const double m4_levels[] = {0.5, 0.9, 0.95};

static fsc_status m4_forecast(void *ctx, size_t i, fsc_arena *a, fsc_err *err)
{
    int32_t horizon[H];
    for (int32_t h = 0; h < H; h++)
        horizon[h] = h + 1;
    const fsc_series s = {.id = "m4",
                          .start = 1704067200,
                          .step_s = 3600,
                          .n = train.length[i],
                          .values = train.v[i]};
    const fsc_forecaster_config cfg = {.id = "m4",
                                       .step_s = 3600,
                                       .request = {H, horizon, 3, m4_levels},
                                       .max_history_s = 100 * FSC_DAY_S};
    return fsc_forecast_series((fsc_forecast *)ctx + i, &s, &cfg, a, err);
}

static void m4_score(m4_sums *sums, const fsc_forecast *fc, size_t i)
{
    const double *y = train.v[i], *actual = test.v[i];
    size_t n = train.length[i];
    double f[H];
    for (size_t h = 0; h < H; h++) {
        f[h] = fc->v[3 * h];
        for (size_t j = 0; j < 3; j++)
            sums->covered[j] += actual[h] <= fc->v[3 * h + j];
    }
    add_score(&sums->ours, f, actual, y, n);
    naive2(f, y, n);
    add_score(&sums->base, f, actual, y, n);
    for (size_t h = 0; h < H; h++)
        f[h] = y[n - M + h % M];
    add_score(&sums->snaive, f, actual, y, n);
}

static int run_m4(const char *folder)
{
    fsc_arena *a;
    fsc_err err = FSC_ERR_INIT;
    fsc_parallel *all;
    m4_sums sums = {.covered = {0}};
    double t0 = seconds(), cpu0 = cpu_seconds();
    if (fsc_arena_open(&a, (size_t)1 << 30, &err) != FSC_OK)
        die(&err);
    read_table(&train, folder, "m4_hourly_train.csv.gz", a);
    read_table(&test, folder, "m4_hourly_test.csv.gz", a);
    fsc_forecast *forecasts = FSC_NEW(a, train.n, fsc_forecast, &err);
    fsc_status *results = FSC_NEW(a, train.n, fsc_status, &err);
    fsc_err *errs = FSC_NEW(a, train.n, fsc_err, &err);
    if (!forecasts || !results || !errs ||
        fsc_parallel_run(&all, train.n, m4_forecast, forecasts, results, errs, &err) != FSC_OK)
        die(&err);
    double spent = seconds() - t0, cpu = cpu_seconds() - cpu0;
    for (size_t i = 0; i < train.n; i++) {
        if (results[i] != FSC_OK)
            die(&errs[i]);
        m4_score(&sums, &forecasts[i], i);
    }
    fsc_parallel_close(all);
    const score *ours = &sums.ours, *base = &sums.base, *snaive = &sums.snaive;
    double n = (double)train.n, cells = n * H;
    (void)printf("M4 Hourly, %zu series, h = 48     sMAPE   MASE   OWA    to reach\n", train.n);
    (void)printf("%-32s %6.3f  %5.3f  %5.3f  < 0.390 (0.410 published best)\n", "forescale mix",
                 ours->smape / n, ours->mase / n,
                 0.5 * (ours->smape / base->smape + ours->mase / base->mase));
    (void)printf("%-32s %6.3f  %5.3f  %5.3f  (published 13.912 / 1.193 / 0.628)\n",
                 "seasonal naive", snaive->smape / n, snaive->mase / n,
                 0.5 * (snaive->smape / base->smape + snaive->mase / base->mase));
    (void)printf("%-32s %6.3f  %5.3f  %5.3f  (published 18.383 / 2.395 / 1)\n", "Naive2",
                 base->smape / n, base->mase / n, 1.0);
    (void)printf("coverage P50 %.3f, P90 %.3f, P95 %.3f\n", sums.covered[0] / cells,
                 sums.covered[1] / cells, sums.covered[2] / cells);
    (void)printf("%.0f series/s, start and reading included, %.0f a second of processor time "
                 "(to reach: 20 times MSTL of the same run)\n",
                 n / spent, n / cpu);
    fsc_arena_close(a);
    return 0;
}

/* ---- speed
 * ---------------------------------------------------------------------------------------------- */

enum { SPEED_H = 10, SPEED_Q = 20, SPEED_TICKS = 100 };

static fsc_forecaster_config speed_config(int32_t step_s)
{
    static int32_t horizon[SPEED_H];
    static double q[SPEED_Q];
    for (int32_t i = 0; i < SPEED_H; i++)
        horizon[i] = 1 + i * (step_s < 300 ? 3 : 1);
    for (int i = 0; i < SPEED_Q; i++)
        q[i] = 0.02 + 0.978 * i / (SPEED_Q - 1);
    return (fsc_forecaster_config){
        .id = "speed", .step_s = step_s, .request = {SPEED_H, horizon, SPEED_Q, q}};
}

/* Days of a made series: only its length and step count here. */
static fsc_series made_series(int32_t step_s, size_t n, fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    double *y = FSC_NEW(a, n, double, &err);
    if (!y)
        die(&err);
    for (size_t i = 0; i < n; i++) {
        double hours = (double)i * step_s / 3600;
        y[i] =
            20 + 30 * exp(-0.5 * pow((fmod(hours, 24) - 13) / 2.5, 2)) + 5 * sin((double)(i * i));
    }
    return (fsc_series){.id = "speed", .start = 1704067200, .step_s = step_s, .n = n, .values = y};
}

static void feed_or_die(fsc_forecaster *f, fsc_series s, size_t from, size_t n)
{
    fsc_err err = FSC_ERR_INIT;
    s.start += (int64_t)from * s.step_s;
    s.values += from;
    s.n = n;
    if (fsc_forecaster_feed(f, &s, &err) != FSC_OK)
        die(&err);
}

static double time_ticks(fsc_forecaster *f, const fsc_series *s, size_t from, fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_forecast out;
    double t0 = cpu_seconds();
    for (size_t i = from; i < from + SPEED_TICKS; i++) {
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        feed_or_die(f, *s, i, 1);
        if (fsc_forecaster_run(&out, f, a, &err) != FSC_OK)
            die(&err);
        fsc_arena_rewind(a, mark);
    }
    return (cpu_seconds() - t0) / SPEED_TICKS;
}

/* What a tick costs from a stored state: open, load, feed one point, run, save; the bytes lie in
 * memory. */
static double time_resumed(const fsc_forecaster_config *cfg, fsc_forecaster *f, const fsc_series *s,
                           size_t from, size_t bytes[FSC_N_STATE_PARTS], fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_buf part[FSC_N_STATE_PARTS];
    fsc_saved_part saved[FSC_N_STATE_PARTS];
    fsc_forecast out;
    fsc_arena *b;
    double spent = 0;
    if (fsc_arena_open(&b, (size_t)64 << 20, &err) != FSC_OK)
        die(&err);
    for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++) {
        fsc_buf_init(&part[k], a, (size_t)64 << 20);
        if (fsc_forecaster_save(&part[k], f, k, &err) != FSC_OK)
            die(&err);
        saved[k] = (fsc_saved_part){fsc_buf_str(&part[k]), bytes[k] = part[k].len};
    }
    for (size_t i = from; i < from + SPEED_TICKS; i++) {
        fsc_forecaster *g;
        fsc_arena_mark mark = fsc_arena_get_mark(b);
        double t0 = cpu_seconds();
        if (fsc_forecaster_open(&g, cfg, b, &err) != FSC_OK ||
            fsc_forecaster_load(g, saved, s, &err) != FSC_OK)
            die(&err);
        feed_or_die(g, *s, i, 1);
        part[FSC_STATE_NOW].len = 0;
        if (fsc_forecaster_run(&out, g, b, &err) != FSC_OK ||
            fsc_forecaster_save(&part[FSC_STATE_NOW], g, FSC_STATE_NOW, &err) != FSC_OK)
            die(&err);
        spent += cpu_seconds() - t0;
        fsc_arena_rewind(b, mark);
    }
    fsc_arena_close(b);
    return spent / SPEED_TICKS;
}

static void run_speed_at(int32_t step_s, double refit_bound_s)
{
    fsc_arena *a;
    fsc_err err = FSC_ERR_INIT;
    fsc_forecaster *f;
    size_t day = (size_t)(FSC_DAY_S / step_s), bytes[FSC_N_STATE_PARTS];
    if (fsc_arena_open(&a, (size_t)4 << 30, &err) != FSC_OK)
        die(&err);
    const fsc_forecaster_config cfg = speed_config(step_s);
    const fsc_series s = made_series(step_s, 31 * day, a);
    if (fsc_forecaster_open(&f, &cfg, a, &err) != FSC_OK)
        die(&err);
    double t0 = cpu_seconds();
    feed_or_die(f, s, 0, 29 * day);
    double first = cpu_seconds() - t0;
    t0 = cpu_seconds();
    feed_or_die(f, s, 29 * day, 1);
    double refit = cpu_seconds() - t0, tick = time_ticks(f, &s, 29 * day + 1, a);
    double resumed = time_resumed(&cfg, f, &s, 29 * day + 1 + SPEED_TICKS, bytes, a);
    (void)printf("28 days at %3d s, %d horizons, %d levels: refit %.3f s (to reach %.1f), tick "
                 "%.3f ms, from a stored state %.3f ms (1.2), first feed %.2f s; state %.0f kB a "
                 "day, %.0f kB a tick\n",
                 (int)step_s, SPEED_H, SPEED_Q, refit, refit_bound_s, 1e3 * tick, 1e3 * resumed,
                 first, (double)bytes[FSC_STATE_DAY] / 1e3, (double)bytes[FSC_STATE_NOW] / 1e3);
    fsc_arena_close(a);
}

/* Fits of ETS(A,Ad,A) and their forecasts, by processor time of one core. */
static double time_holt_winters(const fsc_series *s, size_t n, const fsc_forecast_request *r,
                                fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    double t0 = cpu_seconds();
    for (size_t i = 0; i < n; i++) {
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        fsc_forecast f;
        const fsc_forecaster_config cfg = {.id = s[i].id,
                                           .model = "holt_winters",
                                           .step_s = s[i].step_s,
                                           .request = *r,
                                           .max_history_s = 100 * FSC_DAY_S};
        if (fsc_forecast_series(&f, &s[i], &cfg, a, &err) != FSC_OK)
            die(&err);
        fsc_arena_rewind(a, mark);
    }
    return cpu_seconds() - t0;
}

static void run_speed_of_holt_winters(const char *folder)
{
    static const double median[] = {0.5};
    static const int32_t day_ahead[] = {1440};
    static fsc_series series[MAX_SERIES];
    int32_t horizon[H];
    fsc_arena *a;
    fsc_err err = FSC_ERR_INIT;
    for (int32_t h = 0; h < H; h++)
        horizon[h] = M + h + 1; /* far ones alone: one fit, at the end */
    if (fsc_arena_open(&a, (size_t)1 << 30, &err) != FSC_OK)
        die(&err);
    read_table(&train, folder, "m4_hourly_train.csv.gz", a);
    for (size_t i = 0; i < train.n; i++)
        series[i] = (fsc_series){.id = "m4",
                                 .start = 1704067200,
                                 .step_s = 3600,
                                 .n = train.length[i],
                                 .values = train.v[i]};
    double hours = time_holt_winters(series, train.n,
                                     &(fsc_forecast_request){H, horizon, 1, median, false}, a);
    const fsc_series minutes = made_series(60, 14 * 1440, a);
    double one =
        time_holt_winters(&minutes, 1, &(fsc_forecast_request){1, day_ahead, 1, median, false}, a);
    (void)printf("Holt-Winters (A,Ad,A), fit and forecast: m = 24 %.0f/s (to reach: 100 times "
                 "statsforecast's ETS, which makes 13.6); n = 20160, m = 1440 %.3f s (0.1)\n",
                 (double)train.n / hours, one);
    fsc_arena_close(a);
}

static int run_speed(const char *folder)
{
    run_speed_at(300, 0.1);
    run_speed_at(60, 0.5);
    run_speed_of_holt_winters(folder);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "m4"))
        return run_m4(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "speed"))
        return run_speed(argv[2]);
    (void)fprintf(stderr, "usage: bench_forecast m4|speed FOLDER\n");
    return 2;
}
