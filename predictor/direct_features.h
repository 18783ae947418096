/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the direct regressions see at each grid point, in one transform of demand: level, steps and
 * means of the recent past, and seasonal profiles of the same local time. Everything at index t
 * comes from points up to t. Arrays are derived from the past alone and never saved.
 */
#ifndef FSC_DIRECT_FEATURES_H
#define FSC_DIRECT_FEATURES_H

#include "past.h"

typedef enum fsc_transform { FSC_LOG, FSC_LINEAR } fsc_transform;

/* The longest horizon, as a share of a day, that is forecast from the last value; beyond it the
 * anchor is the same time one or more seasons before. */
enum { FSC_SHORT_HORIZON_S = 7200, FSC_SHORT_MAX_STEP_S = 1800 };

typedef struct fsc_features {
    fsc_transform transform;
    double offset;                /* LOG: log(y + offset) */
    double unit;                  /* LINEAR: y / unit */
    size_t smooth, smooth_scale;  /* half widths of the triangular smoothing, in steps */
    size_t done;                  /* points of the past that are in the arrays */
    int64_t start;                /* of the past that they were made from */
    double *z, *known, *smoothed; /* of point i */
    double *mean_5m, *mean_15m, *mean_1h, *mean_6h, *mean_12h; /* exponentially weighted */
    double *deviation_1h, *deviation_6h;                       /* from the day profile */
    double *step_short, *step_long, *deviation_size; /* mean sizes of steps and deviations */
    double *step_smoothed, *size_smoothed;
    /* profiles, known up to n + ahead */
    double *day, *week, *same_class, *last_like, *step_profile, *size_profile;
} fsc_features;

enum { FSC_N_SHORT = 20, FSC_N_SHORT_NO_CALENDAR = 8, FSC_N_LONG = 9, FSC_N_SCALE = 7 };

fsc_status fsc_features_open(fsc_features *f, fsc_transform transform, const fsc_past *past,
                             fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Fixes the transform by the past's level and makes every array anew (at a refit). */
void fsc_features_rebuild(fsc_features *f, const fsc_past *past);
void fsc_features_set_transform(fsc_features *f, double offset, double unit);
/* Makes the arrays anew under the transform that is set. */
void fsc_features_refill(fsc_features *f, const fsc_past *past);
/* Takes in the past's new points. */
void fsc_features_extend(fsc_features *f, const fsc_past *past);

double fsc_features_forward(const fsc_features *f, double y);
double fsc_features_inverse(const fsc_features *f, double z);

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
