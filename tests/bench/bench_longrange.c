/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Days and weeks ahead at steps of an hour: the default model against the same time last week, by
 * the backtest's own protocol; and what a whole day sums up to, by joint paths, beside sums of
 * quantiles and of independent hours. Usage: bench_longrange CSV...
 */
#include "forescale/backtest.h"
#include "forescale/paths.h"
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
    if (!cfg.request.n_horizons)
        return;
    (void)printf("%-46s", s->id);
    if (fsc_backtest_run(&b, s, &cfg, a, &err) != FSC_OK)
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

/* ---- sums over a day ----------------------------------------------------------------------- */

enum { DAY_H = 24, N_LEVELS = 13, PATHS = 400, MIN_WARM = 14 * DAY_H };

static const double path_levels[N_LEVELS] = {0.02, 0.05, 0.1, 0.2, 0.3,  0.4, 0.5,
                                             0.6,  0.7,  0.8, 0.9, 0.95, 0.98};

typedef enum way { BY_PATHS, BY_QUANTILES, BY_INDEPENDENCE, N_WAYS } way;
static const char *const way_names[N_WAYS] = {"joint paths", "sums of the quantiles",
                                              "hours taken for independent"};

typedef struct held {
    double n, below90[N_WAYS], between[N_WAYS]; /* sums under P90; within P10 to P90 */
} held;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void bounds_by_paths(double bound[2], const fsc_forecast *f, fsc_series past, fsc_arena *a)
{
    static double total[PATHS];
    fsc_paths p;
    fsc_err err = FSC_ERR_INIT;
    const fsc_paths_source src = {f, past};
    if (fsc_paths_draw(&p, &src, 1, NULL, PATHS, 1, a, &err) != FSC_OK)
        die(&err);
    for (size_t k = 0; k < PATHS; k++) {
        total[k] = 0;
        for (size_t h = 0; h < DAY_H; h++)
            total[k] += fsc_paths_of(&p, 0, k)[h];
    }
    qsort(total, PATHS, sizeof *total, by_value);
    bound[0] = total[PATHS / 10];
    bound[1] = total[PATHS - PATHS / 10 - 1];
}

static void bounds_by_marginals(double bounds[N_WAYS][2], const fsc_forecast *f)
{
    double median = 0, square[2] = {0, 0};
    for (size_t h = 0; h < DAY_H; h++) {
        const double *v = f->v + h * N_LEVELS, low = v[2], mid = v[6], high = v[10];
        bounds[BY_QUANTILES][0] += low;
        bounds[BY_QUANTILES][1] += high;
        median += mid;
        square[0] += (mid - low) * (mid - low);
        square[1] += (high - mid) * (high - mid);
    }
    bounds[BY_INDEPENDENCE][0] = median - sqrt(square[0]);
    bounds[BY_INDEPENDENCE][1] = median + sqrt(square[1]);
}

static void score_sum(held *t, const fsc_forecast *f, const fsc_forecaster *from,
                      const double *actual, fsc_arena *a)
{
    double bounds[N_WAYS][2] = {{0}}, sum = 0;
    for (size_t h = 0; h < DAY_H; h++)
        sum += actual[h];
    if (isnan(sum))
        return;
    bounds_by_paths(bounds[BY_PATHS], f, fsc_forecaster_past(from), a);
    bounds_by_marginals(bounds, f);
    t->n++;
    for (size_t i = 0; i < N_WAYS; i++) {
        t->below90[i] += sum <= bounds[i][1];
        t->between[i] += sum <= bounds[i][1] && sum >= bounds[i][0];
    }
}

static void sum_days(held *t, const fsc_series *s, fsc_arena *a)
{
    int32_t horizon[DAY_H];
    fsc_forecaster *f;
    fsc_err err = FSC_ERR_INIT;
    for (int32_t h = 0; h < DAY_H; h++)
        horizon[h] = h + 1;
    const fsc_forecaster_config cfg = {
        .id = s->id, .step_s = STEP_S, .request = {DAY_H, horizon, N_LEVELS, path_levels}};
    if (fsc_forecaster_open(&f, &cfg, a, &err) != FSC_OK)
        die(&err);
    for (size_t origin = MIN_WARM; origin + DAY_H < s->n; origin += 7) {
        fsc_forecast said;
        fsc_series until = *s;
        until.n = origin + 1;
        if (fsc_forecaster_feed(f, &until, &err) != FSC_OK)
            die(&err);
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        if (fsc_forecaster_run(&said, f, a, &err) != FSC_OK)
            die(&err);
        score_sum(t, &said, f, s->values + origin + 1, a);
        fsc_arena_rewind(a, mark);
    }
}

static void print_held(const held *t)
{
    (void)printf("sums of the 24 hours to come, %.0f of them: P90 held 0.90 / P10 to P90 held 0.80 "
                 "asked\n",
                 t->n);
    for (size_t i = 0; i < N_WAYS; i++)
        (void)printf("  %-44s %5.2f / %.2f\n", way_names[i], t->below90[i] / t->n,
                     t->between[i] / t->n);
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
    held sum_held = {0};
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
        sum_days(&sum_held, &s, a);
        slowest = fmax(slowest, seconds_for_28_days(&s, a));
        fsc_arena_close(a);
    }
    (void)printf("%-46s", "geometric mean");
    for (size_t k = 0; k < N_AHEAD; k++)
        (void)printf(" %5.2f/%.2f", exp(sum.log_mae[k] / sum.n[k]), sum.covered[k] / sum.n[k]);
    (void)printf("\n%-46s", "pinball loss of P90 over last week's");
    for (size_t k = 0; k < N_AHEAD; k++)
        (void)printf(" %5.2f     ", exp(sum.log_p90[k] / sum.n[k]));
    (void)putchar('\n');
    print_held(&sum_held);
    (void)printf("28 days by the hour in %.2f s of CPU at most\n", slowest);
    return 0;
}
