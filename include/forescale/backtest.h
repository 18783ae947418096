/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How good a forecast would have been: a model and the naive ones, run causally over the recent
 * past from many origins, scored by horizon. Pure.
 *
 * The protocol: 14 days come before the first origin (7 where there are under 28 days, 5 under 9);
 * origins cover at most the last 14 days, every 10 minutes for horizons up to 2 hours (every hour
 * up to a day, every 7 hours beyond, which meets all times of the day). The point forecast is the
 * median. Absolute errors and pinball losses are divided by the mean absolute change over a day
 * before the first origin (MASE: Hyndman and Koehler 2006). Gaps are not scored.
 */
#ifndef FORESCALE_BACKTEST_H
#define FORESCALE_BACKTEST_H

#include "forescale/forecast.h"

/* Losses of single forecasts, summed up; zero it first. All add up over tallies. */
enum { FSC_MAX_SCORED_LEVELS = 32 };
typedef struct fsc_tally {
    size_t n;
    double absolute, actual, symmetric;
    double pinball[FSC_MAX_SCORED_LEVELS], covered[FSC_MAX_SCORED_LEVELS];
} fsc_tally;

/* v[n_q]: the forecast at ascending levels q; point: judged by absolute errors. */
void fsc_tally_add(fsc_tally *t, double actual, double point, const double *v, const double *q,
                   size_t n_q);
/* Mean absolute change over a season of m points, of n values; NaN where there is none. */
double fsc_seasonal_scale(const double *y, size_t n, size_t m);

/* NaN where nothing was scored. */
typedef struct fsc_scores {
    size_t n;               /* forecasts scored */
    double mase, wape;      /* absolute error over the scale; over the demand */
    double smape;           /* in percent, 0 to 200, as the M4 competition has it */
    const double *pinball;  /* [n_q] over the scale */
    const double *coverage; /* [n_q] share of values at or below the quantile */
} fsc_scores;

typedef enum fsc_baseline {
    FSC_BASELINE_LAST_VALUE,
    FSC_BASELINE_DAY, /* seasonal naive */
    FSC_BASELINE_WEEK,
    FSC_N_BASELINES
} fsc_baseline;
enum { FSC_N_METHODS = FSC_N_BASELINES + 1, FSC_METHOD_MODEL = FSC_N_BASELINES };

typedef struct fsc_backtest_at { /* one horizon */
    int64_t ahead_s;
    fsc_scores by[FSC_N_METHODS];
    double skill;                /* 1 - absolute error / the best baseline's */
    const double *pinball_skill; /* [n_q] the same of pinball losses, each against its best one */
    fsc_baseline best;           /* by absolute error */
} fsc_backtest_at;

/* What was said and what came, at one horizon, for a picture. */
typedef struct fsc_backtest_record {
    int64_t t; /* of the value */
    double actual;
    const double *v; /* [n_q] the model's */
} fsc_backtest_record;

typedef struct fsc_backtest {
    const char *id;
    const char *method[FSC_N_METHODS]; /* last_value, seasonal_naive, last_week; the model's name */
    int32_t step_s;
    size_t n_points, n_origins;
    int64_t first, last, stride_s; /* origins */
    double scale;
    size_t n_q;
    const double *q;
    size_t n_horizons;
    const fsc_backtest_at *at; /* [n_horizons] */
    fsc_backtest_at all;       /* over all horizons; ahead_s is the furthest */
    /* the gate, as a run from the newest point would have it */
    double gate_skill;
    const char *hold;                  /* NULL: it would be acted on */
    size_t recorded;                   /* index of the horizon that the records are of */
    const fsc_backtest_record *record; /* [n_origins] in time order */
} fsc_backtest;

typedef struct fsc_backtest_config {
    const char *model; /* NULL: the default */
    /* Ascending horizons; levels, the median among them (at most FSC_MAX_SCORED_LEVELS). */
    fsc_forecast_request request;
    const fsc_calendar *calendar;                           /* NULL: UTC, no holidays */
    int64_t max_history_s;                                  /* 0: the forecaster's own */
    int64_t stride_s;                                       /* between origins; 0: the protocol's */
    void (*progress)(void *ctx, size_t done, size_t total); /* NULL: nobody watches */
    void *progress_ctx;
} fsc_backtest_config;

/* FSC_DATA where the series is too short, with what it needs. */
fsc_status fsc_backtest_run(fsc_backtest *out, const fsc_series *s, const fsc_backtest_config *cfg,
                            fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The horizons to show up to `to` steps: some minutes, hours, days, and `to` itself. */
fsc_status fsc_backtest_horizons(fsc_forecast_request *out, int32_t step_s, size_t to, fsc_arena *a,
                                 fsc_err *err) FSC_CHECKED;

/* A method as people name it: "the last value", or the model's name. */
const char *fsc_method_words(const fsc_backtest *b, size_t method);

/* One or two sentences: how much better or worse than what, how far ahead, and how well covered. */
void fsc_backtest_say(fsc_buf *out, const fsc_backtest *b);

#endif
