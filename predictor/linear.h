/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small robust linear fits: what the direct regressions and their scale models are made of. Sums go
 * over FSC_LANES rows at once, in the same order on every machine: equal to the last bit.
 */
#ifndef FSC_LINEAR_H
#define FSC_LINEAR_H

#include "forescale/arena.h"
#include "lanes.h"

enum { FSC_MAX_FEATURES = 24 };

/* Columns of features, then the target's: column j is x[j * stride ...], n rows of it count. The
 * rest up to the stride, a multiple of FSC_LANES, is 0, the weights' too. */
typedef struct fsc_design {
    size_t n, stride, p; /* p features, at most FSC_MAX_FEATURES, an intercept's ones included */
    const double *x;     /* [(p + 1) * stride] */
    const double *w;     /* [stride] weights > 0 */
} fsc_design;

static inline size_t fsc_stride(size_t n)
{
    return (n + FSC_LANES - 1) / FSC_LANES * FSC_LANES;
}

/*
 * Ridge with Huber's weights, by iteratively reweighted least squares (Huber 1964; Holland and
 * Welsch 1977): coefficients out[p], the last of them the intercept's. ridge is relative to the sum
 * of weights, delta to the median residual: near least absolute deviations when small. Features are
 * scaled inside. near[p]: coefficients of a like problem, whose residuals make the first weights;
 * NULL: all rows begin with their own.
 */
typedef struct fsc_robust {
    double ridge, delta;
    int rounds;
    const double *near;
} fsc_robust;
fsc_status fsc_linear_robust(double *out, const fsc_design *d, const fsc_robust *how,
                             fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* Non-negative least squares by dropping columns that turn negative. */
fsc_status fsc_linear_nonnegative(double *out, const fsc_design *d, fsc_err *err) FSC_CHECKED;

/* r[stride] = target - features * coef */
void fsc_linear_residuals(double *r, const fsc_design *d, const double *coef);

/* Weighted quantiles at ascending levels (mid-point rule). */
fsc_status fsc_weighted_quantiles(double *out, const double *levels, size_t n_levels,
                                  const double *v, const double *w, size_t n, fsc_arena *scratch,
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
