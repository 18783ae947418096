/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "linear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = FSC_MAX_FEATURES + 1 };

/* Solves a x = b for a symmetric positive definite a[n][n] by Cholesky's factorisation, in place.
 */
static bool solve(double a[DIM][DIM], double *b, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double d = a[j][j];
        for (size_t k = 0; k < j; k++)
            d -= a[j][k] * a[j][k];
        if (!(d > 0))
            return false;
        a[j][j] = sqrt(d);
        for (size_t i = j + 1; i < n; i++) {
            double s = a[i][j];
            for (size_t k = 0; k < j; k++)
                s -= a[i][k] * a[j][k];
            a[i][j] = s / a[j][j];
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quickselect (Hoare 1961) with the middle as pivot. */
static double select_nth(double *v, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            double t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return v[k];
}

double fsc_median(double *v, size_t n)
{
    return n ? select_nth(v, n, n / 2) : NAN;
}

/* Weighted spread of each column, so that one ridge fits all. */
static void column_scales(double *scale, const fsc_design *d)
{
    double sum_w = 0;
    for (size_t i = 0; i < d->n; i++)
        sum_w += d->w[i];
    for (size_t j = 0; j < d->p; j++) {
        double mean = 0, var = 0;
        for (size_t i = 0; i < d->n; i++)
            mean += d->w[i] * d->x[i * d->p + j];
        mean /= sum_w;
        for (size_t i = 0; i < d->n; i++) {
            double e = d->x[i * d->p + j] - mean;
            var += d->w[i] * e * e;
        }
        scale[j] = sqrt(var / sum_w) + 1e-9;
    }
}

/* Normal equations of z = [x / scale, 1] under weights w. */
static void accumulate(double a[DIM][DIM], double *b, const double *z, const double *y,
                       const double *w, size_t n, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        b[j] = 0;
        memset(a[j], 0, p * sizeof **a);
    }
    for (size_t i = 0; i < n; i++) {
        const double *row = z + i * p;
        for (size_t j = 0; j < p; j++) {
            double wj = w[i] * row[j];
            b[j] += wj * y[i];
            for (size_t k = 0; k <= j; k++)
                a[j][k] += wj * row[k];
        }
    }
}

fsc_status fsc_linear_robust(double *out, const fsc_design *d, double ridge, double delta,
                             int rounds, fsc_arena *scratch, fsc_err *err)
{
    size_t n = d->n, p = d->p + 1;
    double scale[DIM], a[DIM][DIM], b[DIM] = {0};
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    double *z = FSC_NEW(scratch, n * p, double, err), *w = FSC_NEW(scratch, n, double, err);
    double *residual = FSC_NEW(scratch, 2 * n, double, err);
    if (!z || !w || !residual)
        return FSC_NOMEM;
    column_scales(scale, d);
    double sum_w = 0, mean_w;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d->p; j++)
            z[i * p + j] = d->x[i * d->p + j] / scale[j];
        z[i * p + d->p] = 1.0;
        w[i] = d->w[i];
        sum_w += w[i];
    }
    mean_w = sum_w;
    for (int round = 0; round < rounds; round++) {
        accumulate(a, b, z, d->y, w, n, p);
        for (size_t j = 0; j < p; j++)
            a[j][j] += ridge * mean_w * (j == d->p ? 0.1 : 1.0);
        if (!solve(a, b, p))
            return fsc_fail(err, FSC_DATA, "a regression has no solution");
        for (size_t i = 0; i < n; i++)
            residual[i] = residual[n + i] = fabs(d->y[i] - fsc_dot(z + i * p, b, p));
        double limit = delta * fsc_median(residual + n, n) + 1e-12;
        mean_w = 0;
        for (size_t i = 0; i < n; i++) {
            w[i] = d->w[i] * (residual[i] > limit ? limit / residual[i] : 1.0);
            mean_w += w[i];
        }
    }
    for (size_t j = 0; j < d->p; j++)
        out[j] = b[j] / scale[j];
    out[d->p] = b[d->p];
    fsc_arena_rewind(scratch, mark);
    return FSC_OK;
}

fsc_status fsc_linear_nonnegative(double *out, const fsc_design *d, fsc_err *err)
{
    double full[DIM][DIM], right[DIM], a[DIM][DIM], b[DIM];
    size_t active[DIM], n_active = d->p;
    accumulate(full, right, d->x, d->y, d->w, d->n, d->p);
    for (size_t j = 0; j < d->p; j++)
        active[j] = j;
    while (n_active) {
        double trace = 0;
        for (size_t j = 0; j < n_active; j++)
            trace += full[active[j]][active[j]];
        for (size_t j = 0; j < n_active; j++) {
            b[j] = right[active[j]];
            for (size_t k = 0; k <= j; k++)
                a[j][k] = full[active[j]][active[k]];
            a[j][j] += 1e-9 * trace + 1e-300;
        }
        if (!solve(a, b, n_active))
            return fsc_fail(err, FSC_DATA, "a scale model has no solution");
        size_t kept = 0;
        for (size_t j = 0; j < n_active; j++)
            if (b[j] > 0) {
                b[kept] = b[j];
                active[kept++] = active[j];
            }
        if (kept == n_active)
            break;
        n_active = kept;
    }
    memset(out, 0, d->p * sizeof *out);
    for (size_t j = 0; j < n_active; j++)
        out[active[j]] = b[j];
    return FSC_OK;
}

typedef struct weighted {
    double v, w;
} weighted;

static int by_value(const void *a, const void *b)
{
    return ascending(&((const weighted *)a)->v, &((const weighted *)b)->v);
}

fsc_status fsc_weighted_quantiles(double *out, const double *levels, size_t n_levels, double *v,
                                  double *w, size_t n, fsc_arena *scratch, fsc_err *err)
{
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    weighted *s = FSC_NEW(scratch, n, weighted, err);
    if (!s)
        return FSC_NOMEM;
    double total = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        s[i] = (weighted){v[i], w[i]};
        total += w[i];
    }
    qsort(s, n, sizeof *s, by_value);
    size_t i = 0;
    for (size_t k = 0; k < n_levels; k++) {
        while (i + 1 < n && below + s[i].w + 0.5 * s[i + 1].w < levels[k] * total)
            below += s[i++].w;
        double here = below + 0.5 * s[i].w,
               next = i + 1 < n ? below + s[i].w + 0.5 * s[i + 1].w : here;
        double share = next > here ? (levels[k] * total - here) / (next - here) : 0.0;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        out[k] = i + 1 < n ? s[i].v + share * (s[i + 1].v - s[i].v) : n ? s[i].v : NAN;
    }
    fsc_arena_rewind(scratch, mark);
    return FSC_OK;
}
