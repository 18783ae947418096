/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forecasts of one series: pure. The history goes in, quantiles by horizon come out. The handle
 * keeps a model's state, which advances by new samples only; feeding a series in pieces or at once,
 * or saving and loading in between, gives the same bytes.
 */
#ifndef FORESCALE_FORECAST_H
#define FORESCALE_FORECAST_H

#include "forescale/config.h"
#include "forescale/series.h"

typedef struct fsc_forecast {
    const char *id;
    const char *model; /* that made it; a fallback is named here */
    int64_t origin;    /* time of the newest grid point used */
    int32_t step_s;
    size_t n_horizons;
    const int32_t *horizon; /* [n_horizons] in steps after origin, ascending, >= 1 */
    size_t n_q;
    const double *q;    /* [n_q] ascending levels in (0,1) */
    const double *mean; /* [n_horizons]; NULL: not asked for */
    const double *v;    /* [n_horizons * n_q]: v[h * n_q + j]; never negative, never crossing */
    double newest;      /* value at origin; NaN: a gap */
    double skill;       /* 1 - own loss / last value's loss on the recent past; NaN: not known */
    const char *hold;   /* NULL, or why nobody should act on this forecast */
} fsc_forecast;

typedef struct fsc_forecast_request {
    size_t n_horizons;
    const int32_t *horizon; /* as above */
    size_t n_q;
    const double *q;
    bool quantiles_only; /* no mean, which costs as much as ten levels */
} fsc_forecast_request;

typedef struct fsc_forecaster fsc_forecaster;

/* Fed from so far back a forecaster of minutes is as if it had been fed for ever: it remembers 28
 * days, was the same three days ago, and compared each of its days with two weeks before. */
enum { FSC_LEARNS_FROM_DAYS = 28 + 3 + 14 + 1 };

typedef struct fsc_forecaster_config {
    const char *id;
    const char *model;      /* a registered model's name; NULL: the default */
    const void *model_opts; /* NULL: the model's defaults */
    int32_t step_s;
    fsc_forecast_request request; /* horizons and levels that will be asked for */
    const fsc_calendar *calendar; /* NULL: UTC, no holidays */
    int64_t max_history_s;        /* 0: 28 days, 112 at steps of an hour and more */
    int32_t day_starts_s;         /* its days begin, with a refit, so long after local midnight */
} fsc_forecaster_config;

/* Lives in the arena; nothing to close. */
fsc_status fsc_forecaster_open(fsc_forecaster **out, const fsc_forecaster_config *cfg, fsc_arena *a,
                               fsc_err *err) FSC_CHECKED;

/* Appends what s has after the newest grid point fed so far (the rest is ignored); s must be on the
 * same grid. Grid points left out in between are gaps. Refits happen inside, where a day begins. */
fsc_status fsc_forecaster_feed(fsc_forecaster *f, const fsc_series *s, fsc_err *err) FSC_CHECKED;

/* Time of the newest grid point fed; INT64_MIN before the first. */
int64_t fsc_forecaster_newest(const fsc_forecaster *f);

/* What it remembers, on its grid, events' factors divided out; gaps NaN. Shares the forecaster's
 * memory: good until the next feed. For fsc_paths_draw(). */
fsc_series fsc_forecaster_past(const fsc_forecaster *f);

/* From the newest grid point fed. With too little history it still answers, by the simplest model
 * that can, and says so in `model` and `hold`. */
fsc_status fsc_forecaster_run(fsc_forecast *out, fsc_forecaster *f, fsc_arena *a,
                              fsc_err *err) FSC_CHECKED;

/* The state as bytes (versioned, checked on load), in parts. */
typedef enum fsc_state_part {
    FSC_STATE_PAST, /* what it remembers of the samples: for those who do not keep them */
    FSC_STATE_DAY,  /* changes when a local day begins, or more exactly whenever the loaded one is
                       no longer the stored one */
    FSC_STATE_NOW,  /* changes with each sample */
    FSC_N_STATE_PARTS
} fsc_state_part;

typedef struct fsc_saved_part {
    const void *bytes;
    size_t n;
} fsc_saved_part;

fsc_status fsc_forecaster_save(fsc_buf *out, const fsc_forecaster *f, fsc_state_part part,
                               fsc_err *err) FSC_CHECKED;
bool fsc_forecaster_day_is_stored(const fsc_forecaster *f);

/* When the past of a saved state begins: by its day and now. */
fsc_status fsc_forecaster_saved_from(int64_t *from, const fsc_saved_part saved[FSC_N_STATE_PARTS],
                                     fsc_err *err) FSC_CHECKED;
/* Into a freshly opened forecaster; all is copied. The past is its part of the state or, with
 * history not NULL, the samples themselves: what they no longer reach back to is a gap, and what is
 * newer than the state is left to be fed. */
fsc_status fsc_forecaster_load(fsc_forecaster *f, const fsc_saved_part saved[FSC_N_STATE_PARTS],
                               const fsc_series *history, fsc_err *err) FSC_CHECKED;

/* Open, feed, run: the whole history at once. */
fsc_status fsc_forecast_series(fsc_forecast *out, const fsc_series *s,
                               const fsc_forecaster_config *cfg, fsc_arena *a,
                               fsc_err *err) FSC_CHECKED;

/* P(demand at horizon index h > x), by interpolation in the quantiles and an exponential tail. */
double fsc_forecast_exceed(const fsc_forecast *f, size_t h, double x);

/* Pinball loss of v, forecast for a level, where `actual` came (Koenker and Bassett 1978). */
static inline double fsc_pinball(double actual, double v, double level)
{
    return actual > v ? level * (actual - v) : (1 - level) * (v - actual);
}

/* Registered models, for help and --model; ends with NULL. */
typedef struct fsc_model_ops fsc_model_ops;
const fsc_model_ops *const *fsc_models(void);

#endif
