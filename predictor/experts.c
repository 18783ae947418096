/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "experts.h"

#include <math.h>
#include <string.h>

enum { MAX_ROWS = 6000, MIN_ROWS = 48, ROUNDS = 6 };

const double fsc_expert_levels[FSC_N_KNOTS] = {
    0.005, 0.01, 0.02,  0.03, 0.05, 0.075, 0.1,  0.15,  0.2,  0.25,  0.3,
    0.35,  0.4,  0.45,  0.5,  0.55, 0.6,   0.65, 0.7,   0.75, 0.8,   0.85,
    0.875, 0.9,  0.925, 0.95, 0.96, 0.97,  0.98, 0.985, 0.99, 0.995, 0.998,
};

typedef enum point_kind { REGRESSION, LAST_VALUE, PROFILE } point_kind;

static const struct expert_kind {
    point_kind point;
    fsc_transform transform;
    size_t n_short, n_long; /* features used; n_long 0: not a long-range expert */
    double prior_short, prior_long;
} kinds[FSC_N_EXPERTS] = {
    {REGRESSION, FSC_LOG, FSC_N_SHORT, FSC_N_LONG, 0.40, 0.5},
    {REGRESSION, FSC_LINEAR, FSC_N_SHORT, FSC_N_LONG, 0.25, 0.3},
    {REGRESSION, FSC_LOG, FSC_N_SHORT_NO_CALENDAR, 0, 0.15, 0},
    {REGRESSION, FSC_LINEAR, FSC_N_SHORT_NO_CALENDAR, 0, 0.15, 0},
    {LAST_VALUE, FSC_LINEAR, 0, 0, 0.10, 0},
    {PROFILE, FSC_LINEAR, 0, 0, 0.10, 1e-9},
};

static const double level_weight = 0.25; /* of a row without a ramp */

/* Ridge, Huber's delta and the half-life of age, by the kind of horizon. */
static const struct tuning {
    double ridge, delta, half_life_days;
} tunings[2] = {{2e-3, 0.3, 14}, {1e-4, 0.1, 6}};

double fsc_expert_prior(size_t e, bool is_short)
{
    return is_short ? kinds[e].prior_short : kinds[e].prior_long;
}

static const fsc_features *features_of(const fsc_features *features, size_t e)
{
    return &features[kinds[e].transform];
}

/* The row of expert e at t; returns the anchor that its target is counted from. */
static double row_of(double *x, size_t e, const fsc_features *f, const fsc_past *past, size_t t,
                     size_t h, bool is_short)
{
    if (kinds[e].point == PROFILE && !is_short) {
        double anchor = fsc_features_long(x, f, past, t, h);
        return anchor + x[0];
    }
    if (kinds[e].point == PROFILE) {
        double profile = fsc_outlook_at(f, t + h)->same_class;
        return isnan(profile) ? fsc_z_at(f, past, t) : profile;
    }
    if (kinds[e].point == LAST_VALUE)
        return fsc_z_at(f, past, t);
    return is_short ? fsc_features_short(x, f, past, t, h) : fsc_features_long(x, f, past, t, h);
}

static size_t gcd(size_t a, size_t b)
{
    while (b) {
        size_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* A stride that meets every minute of the day in turn. */
static size_t row_stride(size_t span, size_t day)
{
    size_t stride = span / MAX_ROWS + 1;
    while (stride > 1 && gcd(stride, day) > 1)
        stride++;
    return stride;
}

typedef struct rows {
    size_t n, p;
    double *x, *y, *scale, *residual;
    double *age, *steep; /* weights: of its age, and of what its ramp says too */
    size_t *t;
} rows;

/* The few minutes of a ramp decide about capacity, and a robust fit would take them for outliers: a
 * row weighs more where its profiles rise or fall. */
static double steepness(const fsc_features *f, size_t t, size_t h)
{
    const fsc_outlook *now = fsc_outlook_at(f, t), *then = fsc_outlook_at(f, t + h);
    double day = fabs(then->day - now->day), like = fabs(then->same_class - now->same_class);
    return fmax(isnan(day) ? 0 : day, isnan(like) ? 0 : like);
}

static fsc_status rows_make(rows *r, size_t cap, fsc_arena *scratch, fsc_err *err)
{
    r->x = FSC_NEW(scratch, cap * (r->p + 1), double, err);
    r->y = FSC_NEW(scratch, cap, double, err);
    r->age = FSC_NEW(scratch, cap, double, err);
    r->steep = FSC_NEW(scratch, cap, double, err);
    r->scale = FSC_NEW(scratch, cap * FSC_N_SCALE, double, err);
    r->residual = FSC_NEW(scratch, 3 * cap, double, err);
    r->t = FSC_NEW(scratch, cap, size_t, err);
    return r->x && r->y && r->age && r->steep && r->scale && r->residual && r->t ? FSC_OK
                                                                                 : FSC_NOMEM;
}

static fsc_status gather(rows *r, size_t e, const fsc_features *f, const fsc_past *past, size_t h,
                         fsc_arena *scratch, fsc_err *err)
{
    bool is_short = fsc_horizon_is_short(past->step_s, h);
    size_t long_from = past->n >= 2 * past->week ? past->week + past->day : 3 * past->day;
    size_t from = is_short ? past->day + 1 : long_from, to = past->n > h ? past->n - h : 0;
    size_t stride = row_stride(to > from ? to - from : 1, past->day);
    size_t cap = to > from ? (to - from) / stride + 1 : 0;
    double half_life = tunings[is_short].half_life_days * (double)past->day, row[FSC_MAX_FEATURES];
    r->p = is_short ? kinds[e].n_short : kinds[e].n_long;
    FSC_TRY(rows_make(r, cap, scratch, err));
    for (size_t t = from; t < to; t += stride) {
        if (isnan(past->y[t]) || isnan(past->y[t + h]))
            continue;
        double anchor = row_of(row, e, f, past, t, h, is_short);
        memcpy(r->x + r->n * r->p, row, r->p * sizeof *row);
        r->y[r->n] = fsc_z_at(f, past, t + h) - anchor;
        r->age[r->n] = exp2(-(double)(past->n - t) / half_life);
        r->steep[r->n] = r->age[r->n] * (is_short ? level_weight + steepness(f, t, h) : 1);
        r->t[r->n++] = t;
    }
    return FSC_OK;
}

static double scale_of(const fsc_expert *x, const double *row)
{
    double s = fsc_dot(x->scale, row, FSC_N_SCALE);
    return s > x->scale_floor ? s : x->scale_floor;
}

/* |residual| on the scale features; then the sorted residuals over their scale. */
static fsc_status fit_distribution(fsc_expert *out, const rows *r, const fsc_features *f,
                                   const fsc_past *past, size_t h, fsc_arena *scratch, fsc_err *err)
{
    double *size = r->residual + r->n, *order = size + r->n;
    for (size_t i = 0; i < r->n; i++) {
        double shift = fsc_dot(out->coef, r->x + i * r->p, r->p) + out->coef[r->p];
        r->residual[i] = r->y[i] - shift;
        size[i] = order[i] = fabs(r->residual[i]);
        fsc_features_scale(r->scale + i * FSC_N_SCALE, f, past, r->t[i], h,
                           fsc_z_at(f, past, r->t[i] + h) - r->residual[i]);
    }
    const fsc_design d = {.n = r->n, .p = FSC_N_SCALE, .x = r->scale, .y = size, .w = r->age};
    FSC_TRY(fsc_linear_nonnegative(out->scale, &d, err));
    out->scale_floor = 0.3 * fsc_median(order, r->n) + 1e-9;
    for (size_t i = 0; i < r->n; i++)
        r->residual[i] /= scale_of(out, r->scale + i * FSC_N_SCALE);
    return fsc_weighted_quantiles(out->knot, fsc_expert_levels, FSC_N_KNOTS, r->residual, r->age,
                                  r->n, scratch, err);
}

fsc_status fsc_expert_fit(fsc_expert *out, size_t e, const fsc_features *features,
                          const fsc_past *past, size_t h, fsc_arena *scratch, fsc_err *err)
{
    const fsc_features *f = features_of(features, e);
    bool is_short = fsc_horizon_is_short(past->step_s, h);
    const struct tuning *tuning = &tunings[is_short];
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    rows r = {0};
    memset(out, 0, sizeof *out); /* its padding too: states are compared as bytes */
    if (!(fsc_expert_prior(e, is_short) > 0))
        return FSC_OK;
    FSC_TRY(gather(&r, e, f, past, h, scratch, err));
    if (r.n >= MIN_ROWS) {
        const fsc_design d = {.n = r.n, .p = r.p, .x = r.x, .y = r.y, .w = r.steep};
        if (kinds[e].point == REGRESSION)
            FSC_TRY(fsc_linear_robust(out->coef, &d, tuning->ridge, tuning->delta, ROUNDS, scratch,
                                      err));
        FSC_TRY(fit_distribution(out, &r, f, past, h, scratch, err));
        out->usable = true;
    }
    fsc_arena_rewind(scratch, mark);
    return FSC_OK;
}

/* A regression in logs times a steep profile can explode: it stays under the largest of now, the
 * profiles, and `top`, by the margin that the caller chose. */
static double capped(double point, const fsc_features *f, const fsc_past *past, size_t t, size_t h,
                     double top)
{
    double high = fsc_z_at(f, past, t);
    if (fsc_horizon_is_short(past->step_s, h)) {
        const fsc_outlook *o = fsc_outlook_at(f, t + h);
        const double profiles[] = {o->day, o->week, o->same_class, o->last_like};
        for (size_t k = 0; k < 4; k++)
            high = profiles[k] > high ? profiles[k] : high;
    } else {
        high = fsc_features_forward(f, top);
    }
    double limit =
        fsc_features_forward(f, fmin(1.15 * fmax(fsc_features_inverse(f, high), 0), 1.15 * top));
    return point > limit ? limit : point;
}

fsc_expert_view fsc_expert_look(const fsc_expert *expert, size_t e, const fsc_past *past, size_t h,
                                double top)
{
    double row[FSC_MAX_FEATURES] = {0}, scale[FSC_N_SCALE];
    bool is_short = fsc_horizon_is_short(past->step_s, h);
    const fsc_features *f = features_of(past->features, e);
    size_t t = past->n - 1, p = is_short ? kinds[e].n_short : kinds[e].n_long;
    double anchor = row_of(row, e, f, past, t, h, is_short);
    fsc_expert_view v = {.f = f, .expert = expert};
    v.point = capped(anchor + fsc_dot(expert->coef, row, p) + expert->coef[p], f, past, t, h, top);
    fsc_features_scale(scale, f, past, t, h, v.point);
    v.scale = scale_of(expert, scale);
    return v;
}

double fsc_expert_quantile(const fsc_expert_view *v, double level)
{
    const double *levels = fsc_expert_levels, *knot = v->expert->knot;
    size_t i = 0;
    while (i + 2 < FSC_N_KNOTS && levels[i + 1] < level)
        i++;
    double share = (level - levels[i]) / (levels[i + 1] - levels[i]);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    double e = knot[i] + share * (knot[i + 1] - knot[i]);
    double y = fsc_features_inverse(v->f, v->point + v->scale * e);
    return y > 0 ? y : 0;
}
