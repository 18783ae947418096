/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Days and weeks ahead at steps of an hour: the default model against the same time last week, by
 * the backtest's own protocol. Usage: bench_longrange CSV...
 */
#include "forescale/backtest.h"
#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP_S = 3600, N_AHEAD = 7, N_Q = 3, HOURS = 672 };

static const int32_t hours[N_AHEAD] = {6, 24, 48, 72, 168, 336, HOURS};
static const double levels[N_Q] = {0.5, 0.9, 0.95};
static const int64_t stride_s = 7 * FSC_HOUR_S;

typedef struct sums {
    double log_mae[N_AHEAD], log_p90[N_AHEAD], covered[N_AHEAD], n[N_AHEAD];
} sums;

static void die(const fsc_err *err)
{
    (void)fprintf(stderr, "bench_longrange: %s\n", err->msg);
    exit(1);
}

static fsc_series hourly(const char *path, fsc_arena *a)
{
    fsc_csv csv;
    fsc_series s;
    fsc_err err = FSC_ERR_INIT;
    if (fsc_csv_read(&csv, path, 0, a, &err) != FSC_OK ||
        fsc_series_resample(&s, &csv.series[0], STEP_S, 0.8, a, &err) != FSC_OK)
        die(&err);
    while (s.n && isnan(s.values[s.n - 1]))
        s.n--;
    return s;
}

static void row(sums *sum, const fsc_series *s, fsc_arena *a)
{
    fsc_backtest b;
    fsc_err err = FSC_ERR_INIT;
    fsc_backtest_config cfg = {.request = {0, hours, N_Q, levels}, .stride_s = stride_s};
    size_t room = s->n > 15 * 24 ? s->n - 15 * 24 : 0; /* 14 days to learn from, origins of one */
    while (cfg.request.n_horizons < N_AHEAD && (size_t)hours[cfg.request.n_horizons] <= room)
        cfg.request.n_horizons++;
    (void)printf("%-46s", s->id);
    if (cfg.request.n_horizons && fsc_backtest_run(&b, s, &cfg, a, &err) != FSC_OK)
        die(&err);
    for (size_t k = 0; k < cfg.request.n_horizons; k++) {
        const fsc_scores *own = &b.at[k].by[FSC_METHOD_MODEL],
                         *week = &b.at[k].by[FSC_BASELINE_WEEK];
        (void)printf(" %5.2f/%.2f", own->mase / week->mase, own->coverage[1]);
        sum->log_mae[k] += log(own->mase / week->mase);
        sum->log_p90[k] += log(own->pinball[1] / week->pinball[1]);
        sum->covered[k] += own->coverage[1];
        sum->n[k]++;
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

/* One forecast of 28 days by the hour, from the whole series. */
static double seconds_for_28_days(const fsc_series *s, fsc_arena *a)
{
    int32_t horizon[HOURS];
    fsc_forecast f;
    fsc_err err = FSC_ERR_INIT;
    for (int32_t h = 0; h < HOURS; h++)
        horizon[h] = h + 1;
    const fsc_forecaster_config cfg = {
        .id = s->id, .step_s = STEP_S, .request = {HOURS, horizon, N_Q, levels}};
    clock_t from = clock();
    if (fsc_forecast_series(&f, s, &cfg, a, &err) != FSC_OK)
        die(&err);
    return (double)(clock() - from) / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    sums sum = {{0}, {0}, {0}, {0}};
    double slowest = 0;
    (void)printf("%-46s", "steps of 1 h: MAE over last week's / coverage of P90");
    for (size_t k = 0; k < N_AHEAD; k++)
        (void)printf("  %6dh  ", (int)hours[k]);
    (void)putchar('\n');
    for (int i = 1; i < argc; i++) {
        fsc_arena *a;
        fsc_err err = FSC_ERR_INIT;
        if (fsc_arena_open(&a, (size_t)2 << 30, &err) != FSC_OK)
            die(&err);
        fsc_series s = hourly(argv[i], a);
        row(&sum, &s, a);
        slowest = fmax(slowest, seconds_for_28_days(&s, a));
        fsc_arena_close(a);
    }
    (void)printf("%-46s", "geometric mean");
    for (size_t k = 0; k < N_AHEAD; k++)
        (void)printf(" %5.2f/%.2f", exp(sum.log_mae[k] / sum.n[k]), sum.covered[k] / sum.n[k]);
    (void)printf("\n%-46s", "pinball loss of P90 over last week's");
    for (size_t k = 0; k < N_AHEAD; k++)
        (void)printf(" %5.2f     ", exp(sum.log_p90[k] / sum.n[k]));
    (void)printf("\n28 days by the hour in %.2f s of CPU at most\n", slowest);
    return 0;
}
