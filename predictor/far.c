/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "far.h"
#include "experts.h"
#include "linear.h"

#include <math.h>

enum {
    MAX_BACK_DAYS = 56,
    ORIGINS_PER_DAY = 1,
    MAX_ORIGINS = 42,
    TARGETS = 48, /* of a day ahead, that errors are taken of */
    MIN_ERRORS = 50
};

static const double day_keep = 0.97; /* weight of a day by its age */
static const double kind_weight =
    0.2; /* of another day of the same kind, the same weekday's being 1 */
static const double week_keep = 0.5; /* of a week's level by its age */
static const double size_floor =
    0.1; /* of the level: errors are relative to the course, but not to less */
static const double prior_wander = 0.05; /* of the level in a week, before any is seen */
static const double prior_pairs = 3;

typedef struct far {
    const fsc_past *past;
    const double *sum, *count; /* [n + 1] of the values before each point */
    double top;
} far;

static fsc_status add_up(far *f, const fsc_past *past, fsc_arena *a, fsc_err *err)
{
    double *sum = FSC_NEW(a, past->n + 1, double, err),
           *count = FSC_NEW(a, past->n + 1, double, err);
    if (!sum || !count)
        return FSC_NOMEM;
    *f = (far){.past = past, .sum = sum, .count = count};
    for (size_t i = 0; i < past->n; i++) {
        bool known = !isnan(past->y[i]);
        f->top = fmax(f->top, past->y[i]);
        sum[i + 1] = sum[i] + (known ? past->y[i] : 0);
        count[i + 1] = count[i] + (known ? 1 : 0);
    }
    return FSC_OK;
}

/* Mean of the b-th week back from `end` (points before it), NaN where under half of it is known. */
static double week_level(const far *f, size_t end, size_t b)
{
    size_t week = f->past->week;
    if (end < (b + 1) * week)
        return NAN;
    size_t to = end - b * week, from = to - week;
    double n = f->count[to] - f->count[from];
    return n >= 0.5 * (double)week ? (f->sum[to] - f->sum[from]) / n : NAN;
}

static double level_at(const far *f, size_t end)
{
    double sum = 0, weight = 0, w = 1;
    for (size_t b = 0; end >= (b + 1) * f->past->week; b++, w *= week_keep) {
        double level = week_level(f, end, b);
        if (isnan(level))
            continue;
        sum += w * level;
        weight += w;
    }
    return weight > 0 ? sum / weight : NAN;
}

typedef struct point {
    double value, size; /* size: what an error of 1 is */
} point;

/* Made before point `end` for the point i. */
static point look(const far *f, size_t end, size_t i)
{
    const fsc_past *p = f->past;
    size_t first = (i - end) / p->day + 1;
    double sum = 0, base = 0, w = 1, level = level_at(f, end);
    for (size_t k = first; k < first + MAX_BACK_DAYS; k++, w *= day_keep) {
        size_t j = fsc_past_days_before(p, i, k);
        if (j == SIZE_MAX)
            break;
        if (j >= end || isnan(p->y[j]) || p->class_[j] != p->class_[i])
            continue;
        double then = week_level(f, end, (end - 1 - j) / p->week);
        if (isnan(then))
            continue;
        double weight = w * (k % 7 ? kind_weight : 1);
        sum += weight * p->y[j];
        base += weight * then;
    }
    point out = {.value = base > 0 ? level * sum / base : level};
    out.size = fabs(out.value) + size_floor * fabs(level);
    return out;
}

/* ---- errors
 * --------------------------------------------------------------------------------------------------------------------------------
 */

typedef struct errors {
    size_t n;
    double *e, *w;
    double mean;
    fsc_reach reach;
} errors;

static void add_errors(errors *out, const far *f, size_t end)
{
    const fsc_past *p = f->past;
    size_t stride = p->day / TARGETS + 1;
    for (size_t i = end; i < p->n && i < end + p->week; i += stride) {
        point at = look(f, end, i);
        if (isnan(p->y[i]) || !(at.size > 0))
            continue;
        out->e[out->n] = (p->y[i] - at.value) / at.size;
        out->mean += out->e[out->n];
        out->w[out->n++] = 1;
        fsc_reach_add(&out->reach, at.value, p->y[i], f->top);
    }
}

static fsc_status find_errors(errors *out, const far *f, fsc_arena *a, fsc_err *err)
{
    const fsc_past *p = f->past;
    size_t per_origin = p->week / (p->day / TARGETS + 1) + 2, used = 0;
    *out = (errors){.e = FSC_NEW(a, MAX_ORIGINS * per_origin, double, err),
                    .w = FSC_NEW(a, MAX_ORIGINS * per_origin, double, err)};
    if (!out->e || !out->w)
        return FSC_NOMEM;
    for (size_t end = p->n - p->day / 2; end >= p->week + p->day && used < MAX_ORIGINS;
         end -= p->day, used++)
        add_errors(out, f, end);
    out->mean = out->n ? out->mean / (double)out->n : 0;
    return FSC_OK;
}

/* Variance of the relative level's change over a day, as a random walk would have it. */
static double wander(const far *f)
{
    const fsc_past *p = f->past;
    double sum = prior_pairs * prior_wander * prior_wander / 7, n = prior_pairs;
    for (size_t end = p->n; end >= 2 * p->week; end -= p->day) {
        double now = week_level(f, end, 0), before = week_level(f, end, 1);
        if (isnan(now) || isnan(before) || !(now + before > 0))
            continue;
        double change = 2 * (now - before) / (now + before);
        sum += change * change / 7 / 7; /* pairs a day apart say the same seven times */
        n += 1.0 / 7;
    }
    return sum / n;
}

/* ---- blending
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

static double blended(double a, double b, double share)
{
    return isfinite(b) ? a + share * (b - a) : a;
}

fsc_status fsc_far_blend(fsc_prediction *p, const fsc_past *past, const fsc_forecast_request *r,
                         fsc_arena *scratch, fsc_err *err)
{
    far f;
    errors e;
    int64_t furthest_s = (int64_t)r->horizon[r->n_horizons - 1] * past->step_s;
    if (furthest_s <= FSC_FAR_S || !past->week || past->n < past->week + 2 * past->day)
        return FSC_OK;
    double *q = FSC_NEW(scratch, r->n_q + 1, double, err), base, daily, median;
    const double half = 0.5;
    FSC_TRY(add_up(&f, past, scratch, err));
    FSC_TRY(find_errors(&e, &f, scratch, err));
    if (!q || e.n < MIN_ERRORS)
        return q ? FSC_OK : FSC_NOMEM;
    FSC_TRY(fsc_weighted_quantiles(q, r->q, r->n_q, e.e, e.w, e.n, scratch, err));
    FSC_TRY(fsc_weighted_quantiles(&median, &half, 1, e.e, e.w, e.n, scratch, err));
    daily = wander(&f);
    base = 0;
    for (size_t i = 0; i < e.n; i++)
        base += (e.e[i] - e.mean) * (e.e[i] - e.mean) / (double)e.n;
    for (size_t k = 0; k < r->n_horizons; k++) {
        double days = (double)r->horizon[k] / (double)past->day;
        double share = fmin((days * FSC_DAY_S - FSC_FAR_S) / (7 * FSC_DAY_S - FSC_FAR_S), 1);
        if (share <= 0)
            continue;
        point at = look(&f, past->n, past->n - 1 + (size_t)r->horizon[k]);
        double growth = sqrt(1 + daily * fmax(days - 3.5, 0) / (base + 1e-12)),
               furthest = fsc_reach_limit(&e.reach, at.value) - at.value;
        p->mean[k] = blended(p->mean[k], at.value + at.size * e.mean, share);
        for (size_t j = 0; j < r->n_q; j++)
            p->v[k * r->n_q + j] = blended(
                p->v[k * r->n_q + j],
                at.value + fmin(at.size * (median + (q[j] - median) * growth), furthest * growth),
                share);
    }
    return FSC_OK;
}
