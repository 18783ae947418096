/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small robust linear fits: what the direct regressions and their scale models are made of. */
#ifndef FSC_LINEAR_H
#define FSC_LINEAR_H

#include "forescale/arena.h"

enum { FSC_MAX_FEATURES = 24 };

/* Rows of features, column p is the intercept (all ones, added by the fit). x is row-major [n][p].
 */
typedef struct fsc_design {
    size_t n, p;
    const double *x; /* [n * p] */
    const double *y; /* [n] */
    const double *w; /* [n] weights > 0 */
} fsc_design;

/*
 * Ridge with Huber's weights, by iteratively reweighted least squares (Huber 1964; Holland and
 * Welsch 1977): coefficients out[p] and the intercept out[p]. ridge is relative to the sum of
 * weights, delta to the median residual: near least absolute deviations when small. Features are
 * scaled inside.
 */
fsc_status fsc_linear_robust(double *out, const fsc_design *d, double ridge, double delta,
                             int rounds, fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* Non-negative least squares of y on x by dropping columns that turn negative; no intercept is
 * added. */
fsc_status fsc_linear_nonnegative(double *out, const fsc_design *d, fsc_err *err) FSC_CHECKED;

/* Weighted quantiles at ascending levels (mid-point rule); v and w are sorted in place, together.
 */
fsc_status fsc_weighted_quantiles(double *out, const double *levels, size_t n_levels, double *v,
                                  double *w, size_t n, fsc_arena *scratch,
                                  fsc_err *err) FSC_CHECKED;

double fsc_median(double *v, size_t n); /* reorders v; NaN for n = 0 */

static inline double fsc_dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

#endif
