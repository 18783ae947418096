/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "linear.h"

#include <math.h>
#include <stdint.h>
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

/* Quickselect (Hoare 1961) with the middle as pivot. */
static double select_few(double *v, size_t n, size_t k)
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

enum { SAMPLE = 32, MARGIN = 5, FEW = 4 * SAMPLE, A_FEW = 8 };

FSC_CLONES static size_t count_below(const double *v, size_t n, double limit)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += v[i] < limit;
    return count;
}

/* The k-th of many: a sample bounds it from both sides (Floyd and Rivest 1975), and without a jump
 * that a processor would have to guess, what lies between is gathered. */
static double select_nth(double *v, size_t n, size_t k)
{
    while (n > FEW) {
        double sample[SAMPLE], low = -INFINITY, high = INFINITY;
        size_t rank = k * SAMPLE / n, below = 0, above, kept = 0;
        for (size_t i = 0; i < SAMPLE; i++)
            sample[i] = v[i * n / SAMPLE];
        if (rank >= MARGIN)
            low = select_few(sample, SAMPLE, rank - MARGIN);
        if (rank + MARGIN < SAMPLE)
            high = select_few(sample, SAMPLE, rank + MARGIN);
        below = count_below(v, n, low);
        above = count_below(v, n, high);
        if (k < below || k >= above)
            break; /* seldom: out of the sample's bounds */
        for (size_t i = 0; i < n; i++) {
            double x = v[i];
            v[kept] = x;
            kept += (size_t)(x >= low) & (size_t)(x < high);
        }
        if (kept == n)
            break;
        k -= below;
        n = kept;
    }
    return select_few(v, n, k);
}

double fsc_median(double *v, size_t n)
{
    if (n > A_FEW)
        return select_nth(v, n, n / 2);
    for (size_t i = 1; i < n; i++) {
        double one = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1] > one; k--)
            v[k] = v[k - 1];
        v[k] = one;
    }
    return n ? v[n / 2] : NAN;
}

/* ---- sums over rows
 * ----------------------------------------------------------------------------------------- */

enum { BLOCK = 256, AT_ONCE = 4 }; /* rows that stay in the nearest cache; columns in registers */

/* Adds w times the products of column j with columns 0 .. j, over the rows of one block. */
FSC_CLONES static void add_products(double *sums, const double *x, size_t stride, size_t j,
                                    const double *w, size_t n)
{
    double weighted[BLOCK];
    for (size_t i = 0; i < n; i += FSC_LANES)
        FSC_LANES_AT(weighted + i) = FSC_LANES_AT(w + i) * FSC_LANES_AT(x + j * stride + i);
    for (size_t k = 0; k <= j; k += AT_ONCE) {
        const double *c[AT_ONCE];
        fsc_lanes s[AT_ONCE] = {{0}};
        for (size_t q = 0; q < AT_ONCE; q++)
            c[q] = x + (k + q < j ? k + q : j) * stride;
        for (size_t i = 0; i < n; i += FSC_LANES) {
            fsc_lanes v = FSC_LANES_AT(weighted + i);
            s[0] += v * FSC_LANES_AT(c[0] + i);
            s[1] += v * FSC_LANES_AT(c[1] + i);
            s[2] += v * FSC_LANES_AT(c[2] + i);
            s[3] += v * FSC_LANES_AT(c[3] + i);
        }
        for (size_t q = 0; q < AT_ONCE && k + q <= j; q++)
            for (size_t lane = 0; lane < FSC_LANES; lane++)
                sums[k + q] += s[q][lane];
    }
}

/* The lower triangle of the products of all columns, the target's last, under weights w. */
static void accumulate(double a[DIM][DIM], const fsc_design *d, const double *w)
{
    memset(a, 0, DIM * sizeof *a);
    for (size_t from = 0; from < d->stride; from += BLOCK)
        for (size_t j = 0; j <= d->p; j++)
            add_products(a[j], d->x + from, d->stride, j, w + from,
                         d->stride - from < BLOCK ? d->stride - from : BLOCK);
}

FSC_CLONES void fsc_linear_residuals(double *r, const fsc_design *d, const double *coef)
{
    for (size_t i = 0; i < d->stride; i += FSC_LANES) {
        fsc_lanes v = FSC_LANES_AT(d->x + d->p * d->stride + i);
        for (size_t j = 0; j < d->p; j++)
            v -= coef[j] * FSC_LANES_AT(d->x + j * d->stride + i);
        FSC_LANES_AT(r + i) = v;
    }
}

/* ---- fits
 * ---------------------------------------------------------------------------------------------------
 */

/* Weighted spread of each column, so that one ridge fits all; the intercept, the last, is as it is.
 */
static void column_scales(double *scale, double a[DIM][DIM], size_t p)
{
    const double *sums = a[p - 1];
    for (size_t j = 0; j < p; j++) {
        double mean = sums[j] / sums[p - 1], var = a[j][j] / sums[p - 1] - mean * mean;
        scale[j] = j + 1 < p ? sqrt(fmax(var, 0)) + 1e-9 : 1;
    }
}

/* Huber's weights from residuals (made positive in place); returns their sum. */
static double reweigh(double *w, double *residual, double *order, const fsc_design *d, double delta)
{
    double sum = 0;
    for (size_t i = 0; i < d->n; i++)
        order[i] = residual[i] = fabs(residual[i]);
    double limit = delta * fsc_median(order, d->n) + 1e-12;
    for (size_t i = 0; i < d->n; i++) {
        w[i] = d->w[i] * limit / fmax(limit, residual[i]);
        sum += w[i];
    }
    return sum;
}

fsc_status fsc_linear_robust(double *out, const fsc_design *d, const fsc_robust *how,
                             fsc_arena *scratch, fsc_err *err)
{
    size_t p = d->p;
    double scale[DIM], a[DIM][DIM], b[DIM], sum_w = 0;
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    double *w = FSC_NEW(scratch, d->stride, double, err),
           *residual = FSC_NEW(scratch, 2 * d->stride, double, err);
    if (!w || !residual)
        return FSC_NOMEM;
    memcpy(w, d->w, d->n * sizeof *w);
    for (size_t i = 0; i < d->n; i++)
        sum_w += w[i];
    if (how->near) {
        fsc_linear_residuals(residual, d, how->near);
        sum_w = reweigh(w, residual, residual + d->stride, d, how->delta);
    }
    for (int round = 0; round < how->rounds; round++) {
        accumulate(a, d, w);
        if (round == 0)
            column_scales(scale, a, p);
        for (size_t j = 0; j < p; j++) {
            for (size_t k = 0; k <= j; k++)
                a[j][k] /= scale[j] * scale[k];
            a[j][j] += how->ridge * sum_w * (j + 1 < p ? 1.0 : 0.1);
            b[j] = a[p][j] / scale[j];
        }
        if (!solve(a, b, p))
            return fsc_fail(err, FSC_DATA, "a regression has no solution");
        for (size_t j = 0; j < p; j++)
            out[j] = b[j] / scale[j];
        if (round + 1 == how->rounds)
            break;
        fsc_linear_residuals(residual, d, out);
        sum_w = reweigh(w, residual, residual + d->stride, d, how->delta);
    }
    fsc_arena_rewind(scratch, mark);
    return FSC_OK;
}

fsc_status fsc_linear_nonnegative(double *out, const fsc_design *d, fsc_err *err)
{
    double full[DIM][DIM], a[DIM][DIM], b[DIM];
    size_t active[DIM], n_active = d->p;
    accumulate(full, d, d->w);
    for (size_t j = 0; j < d->p; j++)
        active[j] = j;
    while (n_active) {
        double trace = 0;
        for (size_t j = 0; j < n_active; j++)
            trace += full[active[j]][active[j]];
        for (size_t j = 0; j < n_active; j++) {
            b[j] = full[d->p][active[j]];
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

/* ---- order
 * --------------------------------------------------------------------------------------------------
 */

typedef struct weighted {
    uint64_t key; /* ascends with v */
    double v, w;
} weighted;

static uint64_t sort_key(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

enum { MOST_BITS = 11, FEWER_BITS = 8, N_DIGITS = 3, MANY = 3000 };

/* By digits from the 33 (of few values 24) highest bits of the key (Knuth, volume 3, 5.2.5), then
 * by insertion: little is left to do. spare holds as many; the result is where the pointer says. */
static weighted *sort(weighted *s, weighted *spare, size_t n)
{
    const unsigned bits = n < MANY ? FEWER_BITS : MOST_BITS;
    const size_t values = (size_t)1 << bits;
    for (unsigned digit = 0; digit < N_DIGITS; digit++) {
        unsigned shift = 64 - bits * (N_DIGITS - digit);
        uint32_t place[1 << MOST_BITS], sum = 0;
        memset(place, 0, values * sizeof *place);
        for (size_t i = 0; i < n; i++)
            place[s[i].key >> shift & (values - 1)]++;
        for (size_t k = 0; k < values; k++) {
            uint32_t count = place[k];
            place[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            spare[place[s[i].key >> shift & (values - 1)]++] = s[i];
        weighted *t = s;
        s = spare;
        spare = t;
    }
    for (size_t i = 1; i < n; i++) {
        weighted one = s[i];
        size_t k = i;
        for (; k > 0 && s[k - 1].key > one.key; k--)
            s[k] = s[k - 1];
        s[k] = one;
    }
    return s;
}

fsc_status fsc_weighted_quantiles(double *out, const double *levels, size_t n_levels,
                                  const double *v, const double *w, size_t n, fsc_arena *scratch,
                                  fsc_err *err)
{
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    weighted *s = FSC_NEW(scratch, n, weighted, err), *spare = FSC_NEW(scratch, n, weighted, err);
    if (!s || !spare)
        return FSC_NOMEM;
    double total = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        s[i] = (weighted){sort_key(v[i]), v[i], w[i]};
        total += w[i];
    }
    s = sort(s, spare, n);
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
