/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the direct regressions see at each grid point, in one transform of demand: level, steps and
 * means of the recent past, and an outlook: what the same local time of the days before says.
 * Everything at index t comes from points up to t. The newest points alone are kept (a ring), or
 * all of them for a fit. Outlooks are functions of the past alone, so they are made anew where a
 * state is resumed, for the few points that a forecast asks for; of the recent means the last ones
 * are part of a saved state.
 */
#ifndef FSC_DIRECT_FEATURES_H
#define FSC_DIRECT_FEATURES_H

#include "forescale/forecast.h"
#include "past.h"

typedef enum fsc_transform { FSC_LOG, FSC_LINEAR, FSC_N_TRANSFORMS } fsc_transform;

/* The longest horizon, as a share of a day, that is forecast from the last value; beyond it the
 * anchor is the same time one or more seasons before. */
enum { FSC_SHORT_HORIZON_S = 7200, FSC_SHORT_MAX_STEP_S = 1800 };

typedef struct fsc_recent { /* exponentially weighted, by half-life */
    double mean_5m, mean_15m, mean_1h, mean_6h, mean_12h;
    double deviation_1h, deviation_6h; /* from the day profile */
    double step_short, step_long, deviation_size;
} fsc_recent;

typedef struct fsc_outlook { /* profiles: NaN before there is a day before */
    double day, week, same_class, last_like;
    double step_size, deviation_size;
    double yesterday, last_week; /* smoothed values */
} fsc_outlook;

struct fsc_column;

typedef struct fsc_features {
    fsc_transform transform;
    double offset;               /* LOG: log(y + offset) */
    double unit;                 /* LINEAR: y / unit */
    size_t smooth, smooth_scale; /* half widths of the triangular smoothing, in steps */
    size_t furthest;             /* outlooks are made so far behind the newest point */
    size_t mask;                 /* of the rings' indices */
    size_t done, seen;           /* points that are in recent, in outlook */
    fsc_recent *recent;
    fsc_outlook *outlook;
    struct fsc_column *column;      /* a ring of what smoothing needs around a point */
    double *z;                      /* of each point; NULL: computed where it is asked for */
    double *level_day, *level_week; /* with z: of z itself, for long horizons */
} fsc_features;

enum { FSC_N_SHORT = 20, FSC_N_SHORT_NO_CALENDAR = 8, FSC_N_LONG = 9, FSC_N_SCALE = 7 };

/* For the horizons of r. n_points 0: of the newest points alone; else of so many, for a fit. */
fsc_status fsc_features_open(fsc_features *f, fsc_transform transform, const fsc_past *past,
                             const fsc_forecast_request *r, size_t n_points, fsc_arena *a,
                             fsc_err *err) FSC_CHECKED;

/* Fixes the transform by the past's level and takes in every point: f is open for all of them. */
void fsc_features_rebuild(fsc_features *f, const fsc_past *past);

/* Goes on from the recent means of the past's newest point, under a transform that is known. */
void fsc_features_resume(fsc_features *f, const fsc_past *past, double offset, double unit,
                         const fsc_recent *newest);

/* Takes in the past's new points. */
void fsc_features_extend(fsc_features *f, const fsc_past *past);

double fsc_features_forward(const fsc_features *f, double y);
double fsc_features_inverse(const fsc_features *f, double z);

static inline const fsc_recent *fsc_recent_at(const fsc_features *f, size_t i)
{
    return &f->recent[i & f->mask];
}

static inline const fsc_outlook *fsc_outlook_at(const fsc_features *f, size_t i)
{
    return &f->outlook[i & f->mask];
}

static inline double fsc_z_at(const fsc_features *f, const fsc_past *past, size_t i)
{
    return f->z ? f->z[i] : fsc_features_forward(f, past->filled[i]);
}

/* x[FSC_N_SHORT] at t for t + h; returns the anchor z[t]. The first FSC_N_SHORT_NO_CALENDAR know no
 * season. */
double fsc_features_short(double *x, const fsc_features *f, const fsc_past *past, size_t t,
                          size_t h);
/* x[FSC_N_LONG]; returns the anchor, the same time whole seasons before. */
double fsc_features_long(double *x, const fsc_features *f, const fsc_past *past, size_t t,
                         size_t h);
/* x[FSC_N_SCALE] >= 0: what the size of the error may depend on. */
void fsc_features_scale(double *x, const fsc_features *f, const fsc_past *past, size_t t, size_t h,
                        double point);

bool fsc_horizon_is_short(int32_t step_s, size_t h);

#endif
