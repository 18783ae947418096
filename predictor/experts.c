/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "experts.h"

#include <math.h>
#include <string.h>

enum { MAX_ROWS = 6000, MIN_ROWS = 48, ROUNDS = 6, ROUNDS_ON = 1 };

const double fsc_expert_levels[FSC_N_KNOTS] = {
    0.005, 0.01, 0.02,  0.03, 0.05, 0.075, 0.1,  0.15,  0.2,  0.25,  0.3,
    0.35,  0.4,  0.45,  0.5,  0.55, 0.6,   0.65, 0.7,   0.75, 0.8,   0.85,
    0.875, 0.9,  0.925, 0.95, 0.96, 0.97,  0.98, 0.985, 0.99, 0.995, 0.998,
};

typedef enum point_kind { REGRESSION, LAST_VALUE, PROFILE, OWN } point_kind;

static const struct expert_kind {
    point_kind point;
    fsc_transform transform;
    size_t n_short, n_long; /* features used; n_long 0: not a long-range expert */
    double prior_short, prior_long;
} kinds[FSC_N_EXPERTS] = {
    {REGRESSION, FSC_LOG, FSC_N_SHORT, FSC_N_LONG, 0.40, 0.5},
    {REGRESSION, FSC_LINEAR, FSC_N_SHORT, FSC_N_LONG, 0.25, 0.2},
    {REGRESSION, FSC_LOG, FSC_N_SHORT_NO_CALENDAR, 0, 0.15, 0},
    {REGRESSION, FSC_LINEAR, FSC_N_SHORT_NO_CALENDAR, 0, 0.15, 0},
    {LAST_VALUE, FSC_LINEAR, 0, 0, 0.30, 0},
    {PROFILE, FSC_LINEAR, 0, 0, 0.10, 0.1},
    {OWN, FSC_LINEAR, 0, 0, 0.30, 0},
};

static const double level_weight = 0.25; /* of a row without a ramp */

/* Ridge, Huber's delta and the half-life of age, by the kind of horizon. */
static const struct tuning {
    double ridge, delta, half_life_days;
} tunings[2] = {{8e-3, 0.3, 14}, {1e-4, 0.1, 6}};

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

/* The rows that all experts of a horizon are estimated on. Horizons that share a fit take turns, by
 * time and day, so that each meets every time of day. */
typedef struct rows {
    size_t n, stride;
    size_t *t, *h;
    double *age; /* weight of its age */
} rows;

/* What one expert sees of them. */
typedef struct sight {
    double *x, *scale; /* designs: of features and target; of scale features and |residual| */
    double *steep;     /* weights: of its age, and of what its ramp says too */
    double *residual;  /* [2 * stride] */
} sight;

/* The few minutes of a ramp decide about capacity, and a robust fit would take them for outliers: a
 * row weighs more where its profiles rise or fall. */
static double steepness(const fsc_features *f, size_t t, size_t h)
{
    const fsc_outlook *now = fsc_outlook_at(f, t), *then = fsc_outlook_at(f, t + h);
    double day = fabs(then->day - now->day), like = fabs(then->same_class - now->same_class);
    return fmax(isnan(day) ? 0 : day, isnan(like) ? 0 : like);
}

static size_t taken_at(const fsc_past *past, size_t t, const int32_t *h, size_t n_h)
{
    return (size_t)h[(t + t / past->day) % n_h];
}

static fsc_status gather(rows *r, const fsc_past *past, const int32_t *h, size_t n_h,
                         fsc_arena *scratch, fsc_err *err)
{
    bool is_short = fsc_horizon_is_short(past->step_s, (size_t)h[n_h - 1]);
    size_t long_from = past->n >= 2 * past->week ? past->week + past->day : 3 * past->day;
    size_t furthest = (size_t)h[n_h - 1], to = past->n > furthest ? past->n - furthest : 0;
    size_t from = is_short ? past->day + 1 : long_from;
    size_t stride = row_stride(to > from ? to - from : 1, past->day);
    size_t cap = to > from ? (to - from) / stride + 1 : 0;
    double half_life = tunings[is_short].half_life_days * (double)past->day;
    r->t = FSC_NEW(scratch, cap, size_t, err);
    r->h = FSC_NEW(scratch, cap, size_t, err);
    r->age = FSC_NEW(scratch, fsc_stride(cap), double, err);
    if (!r->t || !r->h || !r->age)
        return FSC_NOMEM;
    for (size_t t = from; t < to; t += stride) {
        size_t ahead = taken_at(past, t, h, n_h);
        if (isnan(past->y[t]) || isnan(past->y[t + ahead]))
            continue;
        r->t[r->n] = t;
        r->h[r->n] = ahead;
        r->age[r->n++] = exp2(-(double)(past->n - t) / half_life);
    }
    r->stride = fsc_stride(r->n);
    return FSC_OK;
}

static fsc_status look_at(sight *s, size_t e, const rows *r, const fsc_features *f,
                          const fsc_past *past, bool is_short, fsc_arena *scratch, fsc_err *err)
{
    double row[FSC_MAX_FEATURES];
    size_t p = is_short ? kinds[e].n_short : kinds[e].n_long;
    s->x = FSC_NEW(scratch, (p + 2) * r->stride, double, err);
    s->scale = FSC_NEW(scratch, (FSC_N_SCALE + 1) * r->stride, double, err);
    s->steep = FSC_NEW(scratch, r->stride, double, err);
    s->residual = FSC_NEW(scratch, 2 * r->stride, double, err);
    if (!s->x || !s->scale || !s->steep || !s->residual)
        return FSC_NOMEM;
    for (size_t i = 0; i < r->n; i++) {
        size_t t = r->t[i], h = r->h[i];
        double anchor = row_of(row, e, f, past, t, h, is_short);
        for (size_t j = 0; j < p; j++)
            s->x[j * r->stride + i] = row[j];
        s->x[p * r->stride + i] = 1;
        s->x[(p + 1) * r->stride + i] = fsc_z_at(f, past, t + h) - anchor;
        s->steep[i] = r->age[i] * (is_short ? level_weight + steepness(f, t, h) : 1);
    }
    return FSC_OK;
}

static double scale_of(const fsc_expert *x, const double *row)
{
    double s = fsc_dot(x->scale, row, FSC_N_SCALE);
    return s > x->scale_floor ? s : x->scale_floor;
}

/* |residual| on the scale features; then the sorted residuals over their scale. */
static fsc_status fit_distribution(fsc_expert *out, const sight *s, const rows *r,
                                   const fsc_features *f, const fsc_past *past, fsc_arena *scratch,
                                   fsc_err *err)
{
    double *size = s->scale + FSC_N_SCALE * r->stride, *order = s->residual + r->stride,
           row[FSC_N_SCALE];
    for (size_t i = 0; i < r->n; i++) {
        size_t t = r->t[i], h = r->h[i];
        size[i] = order[i] = fabs(s->residual[i]);
        fsc_features_scale(row, f, past, t, h, fsc_z_at(f, past, t + h) - s->residual[i]);
        for (size_t j = 0; j < FSC_N_SCALE; j++)
            s->scale[j * r->stride + i] = row[j];
    }
    const fsc_design d = {
        .n = r->n, .stride = r->stride, .p = FSC_N_SCALE, .x = s->scale, .w = r->age};
    FSC_TRY(fsc_linear_nonnegative(out->scale, &d, err));
    out->scale_floor = 0.3 * fsc_median(order, r->n) + 1e-9;
    for (size_t i = 0; i < r->n; i++) {
        for (size_t j = 0; j < FSC_N_SCALE; j++)
            row[j] = s->scale[j * r->stride + i];
        s->residual[i] /= scale_of(out, row);
    }
    return fsc_weighted_quantiles(out->knot, fsc_expert_levels, FSC_N_KNOTS, s->residual, r->age,
                                  r->n, scratch, err);
}

/* near: the same expert of nearer horizons, or NULL. */
static fsc_status fit_one(fsc_expert *out, size_t e, const fsc_expert *near, const rows *r,
                          const fsc_features *f, const fsc_past *past, bool is_short,
                          fsc_arena *scratch, fsc_err *err)
{
    const struct tuning *tuning = &tunings[is_short];
    sight s = {0};
    FSC_TRY(look_at(&s, e, r, f, past, is_short, scratch, err));
    const fsc_design d = {.n = r->n,
                          .stride = r->stride,
                          .p = 1 + (is_short ? kinds[e].n_short : kinds[e].n_long),
                          .x = s.x,
                          .w = s.steep};
    const fsc_robust how = {.ridge = tuning->ridge,
                            .delta = tuning->delta,
                            .rounds = near ? ROUNDS_ON : ROUNDS,
                            .near = near ? near->coef : NULL};
    if (kinds[e].point == REGRESSION)
        FSC_TRY(fsc_linear_robust(out->coef, &d, &how, scratch, err));
    fsc_linear_residuals(s.residual, &d, out->coef);
    FSC_TRY(fit_distribution(out, &s, r, f, past, scratch, err));
    out->usable = true;
    return FSC_OK;
}

/* ---- how far it reaches
 * -------------------------------------------------------------------------------------------- */

void fsc_reach_add(fsc_reach *r, double from, double to, double top)
{
    double rise = to - from;
    r->rise = rise > r->rise ? rise : r->rise;
    if (from >= 0.5 * top && rise > r->relative * from)
        r->relative = rise / from;
}

double fsc_reach_limit(const fsc_reach *r, double from)
{
    /* The next largest rise is larger than any before, but of their kind. */
    static const double margin = 1.5;
    return from + margin * fmax(r->rise, r->relative * from);
}

static fsc_reach find_reach(const fsc_past *past, double top, const int32_t *h, size_t n_h)
{
    fsc_reach r = {0, 0};
    for (size_t t = 0; t < past->n; t++) {
        size_t later = t + taken_at(past, t, h, n_h);
        fsc_reach_add(&r, past->y[t], later < past->n ? past->y[later] : NAN, top);
    }
    return r;
}

fsc_status fsc_experts_fit(fsc_expert *out, fsc_reach *reach, const fsc_expert_task *task,
                           fsc_arena *scratch, fsc_err *err)
{
    const fsc_past *past = task->past;
    bool is_short = fsc_horizon_is_short(past->step_s, (size_t)task->h[task->n_h - 1]);
    unsigned set = task->set | 1U << FSC_EXPERT_LAST; /* skill is against it */
    fsc_arena_mark mark = fsc_arena_get_mark(scratch);
    rows r = {0};
    *reach = find_reach(past, task->top, task->h, task->n_h);
    memset(out, 0, FSC_N_EXPERTS * sizeof *out); /* padding too: states are compared as bytes */
    FSC_TRY(gather(&r, past, task->h, task->n_h, scratch, err));
    for (size_t e = 0; e < FSC_N_EXPERTS && r.n >= MIN_ROWS; e++) {
        fsc_arena_mark one = fsc_arena_get_mark(scratch);
        const fsc_expert *near = task->near && task->near[e].usable ? &task->near[e] : NULL;
        if (set >> e & 1 && fsc_expert_prior(e, is_short) > 0 && kinds[e].point != OWN)
            FSC_TRY(fit_one(&out[e], e, near, &r, features_of(task->features, e), past, is_short,
                            scratch, err));
        fsc_arena_rewind(scratch, one);
    }
    fsc_arena_rewind(scratch, mark);
    return FSC_OK;
}

/* A regression in logs times a steep profile can explode, and one wild sample in its recent means
 * throws any: a point lies between the least and the largest of now and the profiles, far ahead of
 * nothing and `top`, by a margin, and under `top` by it. */
static double bounded(double point, const fsc_features *f, const fsc_past *past, size_t t, size_t h,
                      double top)
{
    static const double margin = 1.15;
    double low = fsc_z_at(f, past, t), high = low;
    if (fsc_horizon_is_short(past->step_s, h)) {
        const fsc_outlook *o = fsc_outlook_at(f, t + h);
        const double profiles[] = {o->day, o->week, o->same_class, o->last_like};
        for (size_t k = 0; k < 4; k++) {
            low = profiles[k] < low ? profiles[k] : low;
            high = profiles[k] > high ? profiles[k] : high;
        }
    } else {
        low = fsc_features_forward(f, 0);
        high = fsc_features_forward(f, top);
    }
    double least = fmax(fsc_features_inverse(f, low), 0) / margin,
           most = fmin(fmax(fsc_features_inverse(f, high), 0), top) * margin;
    return fmin(fmax(point, fsc_features_forward(f, least)), fsc_features_forward(f, most));
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
    v.point = bounded(anchor + fsc_dot(expert->coef, row, p) + expert->coef[p], f, past, t, h, top);
    fsc_features_scale(scale, f, past, t, h, v.point);
    v.scale = scale_of(expert, scale);
    return v;
}

fsc_expert_view fsc_expert_tell(const fsc_expert *expert, size_t e, const fsc_past *past, size_t h,
                                double top, double point, double unit)
{
    const fsc_features *f = features_of(past->features, e);
    return (fsc_expert_view){
        .f = f,
        .expert = expert,
        .point = bounded(fsc_features_forward(f, point), f, past, past->n - 1, h, top),
        .scale = unit / f->unit};
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
