/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "direct_features.h"
#include "linear.h"

#include <math.h>

enum {
    PROFILE_DAYS = 7,
    PROFILE_WEEKS = 4,
    LIKE_DAYS = 5,       /* of the same class, in the median */
    LOOK_BACK_DAYS = 21, /* for them */
    LEVEL_SAMPLES = 4096
};

fsc_status fsc_features_open(fsc_features *f, fsc_transform transform, const fsc_past *past,
                             fsc_arena *a, fsc_err *err)
{
    size_t n = past->cap + past->ahead + past->day + 1;
    *f = (fsc_features){.transform = transform, .offset = 1, .unit = 1};
    bool coarse = past->step_s >= 300;
    f->smooth = coarse ? (size_t)(900 / past->step_s) : 2;
    f->smooth_scale = coarse ? (size_t)(1800 / past->step_s) : 4;
    double **arrays[] = {
        &f->z,           &f->known,     &f->smoothed,       &f->mean_5m,       &f->mean_15m,
        &f->mean_1h,     &f->mean_6h,   &f->mean_12h,       &f->deviation_1h,  &f->deviation_6h,
        &f->step_short,  &f->step_long, &f->deviation_size, &f->step_smoothed, &f->size_smoothed,
        &f->day,         &f->week,      &f->same_class,     &f->last_like,     &f->step_profile,
        &f->size_profile};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = FSC_NEW(a, n, double, err);
        if (!*arrays[i])
            return FSC_NOMEM;
    }
    return FSC_OK;
}

double fsc_features_forward(const fsc_features *f, double y)
{
    return f->transform == FSC_LOG ? log(fmax(y, 0) + f->offset) : y / f->unit;
}

double fsc_features_inverse(const fsc_features *f, double z)
{
    return f->transform == FSC_LOG ? exp(fmin(z, 60)) - f->offset : z * f->unit;
}

/* ---- one point
 * ------------------------------------------------------------------------------------- */

static double ewma(double before, double x, double half_life_steps, bool first)
{
    double a = 1 - exp2(-1 / half_life_steps);
    return first ? x : before + a * (x - before);
}

/* Triangular mean of a[j - w .. j + w], cut at the ends of what is known. */
static double triangle(const double *a, size_t n, size_t j, size_t w)
{
    double sum = a[j] * (double)(w + 1), weight = (double)(w + 1);
    for (size_t d = 1; d <= w; d++) {
        double share = (double)(w + 1 - d);
        sum += share * (a[j >= d ? j - d : 0] + a[j + d < n ? j + d : n - 1]);
        weight += 2 * share;
    }
    return sum / weight;
}

/* Exponentially weighted mean of a at the same local time `stride` days, twice, ... before i. */
static double decayed(const double *a, const fsc_features *f, const fsc_past *past, size_t i,
                      size_t stride, size_t times, double keep)
{
    double sum = 0, weight = 0, share = 1;
    for (size_t k = 1; k <= times; k++, share *= keep) {
        size_t j = fsc_past_days_before(past, i, k * stride);
        if (j == SIZE_MAX)
            break;
        if (j >= f->done) /* a clock change moved it into the future */
            continue;
        sum += share * a[j];
        weight += share;
    }
    return weight > 0 ? sum / weight : NAN;
}

/* Median, and the newest, of the same local time on the last days of the same class. */
static void like_days(fsc_features *f, const fsc_past *past, size_t i)
{
    double v[LIKE_DAYS];
    size_t n = 0;
    f->last_like[i] = f->day[i];
    for (size_t k = 1; k <= LOOK_BACK_DAYS && n < LIKE_DAYS; k++) {
        size_t j = fsc_past_days_before(past, i, k);
        if (j == SIZE_MAX)
            break;
        if (j >= f->done || past->class_[j] != past->class_[i] || isnan(f->known[j]))
            continue;
        if (!n)
            f->last_like[i] = f->z[j];
        v[n++] = f->z[j];
    }
    f->same_class[i] = n ? fsc_median(v, n) : f->day[i];
}

/* Profiles at i, from values a day and more before. */
static void make_profiles(fsc_features *f, const fsc_past *past, size_t i)
{
    f->day[i] = decayed(f->smoothed, f, past, i, 1, PROFILE_DAYS, 0.75);
    f->week[i] = decayed(f->smoothed, f, past, i, 7, PROFILE_WEEKS, 0.5);
    f->week[i] = isnan(f->week[i]) ? f->day[i] : f->week[i];
    f->step_profile[i] = decayed(f->step_smoothed, f, past, i, 1, PROFILE_DAYS, 0.75);
    f->size_profile[i] = decayed(f->size_smoothed, f, past, i, 1, PROFILE_DAYS, 0.75);
    like_days(f, past, i);
}

static double or (double a, double b)
{
    return isnan(a) ? b : a;
}

static void make_recent(fsc_features *f, const fsc_past *past, size_t i)
{
    double steps_per_min = 60.0 / past->step_s, z = f->z[i];
    bool first = i == 0;
    size_t b = first ? 0 : i - 1;
    f->mean_5m[i] = ewma(f->mean_5m[b], z, fmax(0.5, 5 * steps_per_min), first);
    f->mean_15m[i] = ewma(f->mean_15m[b], z, fmax(0.5, 15 * steps_per_min), first);
    f->mean_1h[i] = ewma(f->mean_1h[b], z, 60 * steps_per_min, first);
    f->mean_6h[i] = ewma(f->mean_6h[b], z, 360 * steps_per_min, first);
    f->mean_12h[i] = ewma(f->mean_12h[b], z, 720 * steps_per_min, first);
    double deviation = z - or (f->day[i], z), size = fabs(deviation), jump = fabs(z - f->z[b]);
    f->deviation_1h[i] = ewma(f->deviation_1h[b], deviation, 60 * steps_per_min, first);
    f->deviation_6h[i] = ewma(f->deviation_6h[b], deviation, 360 * steps_per_min, first);
    f->step_short[i] = ewma(f->step_short[b], jump, fmax(0.5, 30 * steps_per_min), first);
    f->step_long[i] = ewma(f->step_long[b], jump, 360 * steps_per_min, first);
    f->deviation_size[i] = ewma(f->deviation_size[b], size, 60 * steps_per_min, first);
}

/* What smoothing needs lies up to w points ahead, so smoothed values come w points late. */
static double jump_at(const fsc_features *f, size_t n, size_t j, size_t w, bool of_steps,
                      const double *day)
{
    double sum = 0, weight = 0;
    for (size_t d = j > w ? j - w : 0; d <= j + w && d < n; d++) {
        double share = (double)(w + 1) - fabs((double)d - (double)j);
        double v =
            of_steps ? fabs(f->z[d] - f->z[d ? d - 1 : 0]) : fabs(f->z[d] - or (day[d], f->z[d]));
        sum += share * v;
        weight += share;
    }
    return sum / weight;
}

static void make_smoothed(fsc_features *f, size_t n, size_t j)
{
    f->smoothed[j] = triangle(f->z, n, j, f->smooth);
    f->step_smoothed[j] = jump_at(f, n, j, f->smooth_scale, true, f->day);
    f->size_smoothed[j] = jump_at(f, n, j, f->smooth_scale, false, f->day);
}

/* Takes in point i, the newest of n = i + 1. */
static void take(fsc_features *f, const fsc_past *past, size_t i)
{
    size_t n = i + 1, late = f->smooth > f->smooth_scale ? f->smooth : f->smooth_scale;
    f->z[i] = fsc_features_forward(f, past->filled[i]);
    f->known[i] = past->y[i];
    if (i < past->day)
        make_profiles(f, past, i); /* there is nothing a day before: NaN */
    make_recent(f, past, i);
    make_smoothed(f, n, i); /* one-sided at first ... */
    if (i >= late)
        make_smoothed(f, n, i - late); /* ... and whole when its surroundings are known */
    size_t ready = i >= late ? i - late + past->day : past->day;
    if (past->day)
        make_profiles(f, past, ready);
}

void fsc_features_set_transform(fsc_features *f, double offset, double unit)
{
    f->offset = offset;
    f->unit = unit;
}

void fsc_features_refill(fsc_features *f, const fsc_past *past)
{
    f->start = past->start;
    f->done = 0;
    fsc_features_extend(f, past);
}

void fsc_features_rebuild(fsc_features *f, const fsc_past *past)
{
    double v[LEVEL_SAMPLES], max = 0;
    size_t stride = past->n / LEVEL_SAMPLES + 1, n = 0;
    for (size_t i = 0; i < past->n; i += stride)
        if (!isnan(past->y[i]))
            v[n++] = fabs(past->y[i]);
    for (size_t i = 0; i < n; i++)
        max = fmax(max, v[i]);
    double median = n ? fsc_median(v, n) : 0;
    double level = fmax(median, 1e-3 * max);
    fsc_features_set_transform(f, 0.05 * level + 1e-9, level + 1e-9);
    fsc_features_refill(f, past);
}

void fsc_features_extend(fsc_features *f, const fsc_past *past)
{
    while (f->done < past->n)
        take(f, past, f->done++);
}

/* ---- rows
 * -------------------------------------------------------------------------------------------- */

bool fsc_horizon_is_short(int32_t step_s, size_t h)
{
    return step_s <= FSC_SHORT_MAX_STEP_S && (int64_t)h * step_s <= FSC_SHORT_HORIZON_S;
}

static double back(const double *a, size_t t, size_t steps)
{
    return a[t >= steps ? t - steps : 0];
}

double fsc_features_short(double *x, const fsc_features *f, const fsc_past *past, size_t t,
                          size_t h)
{
    size_t i = t + h;
    double z = f->z[t];
    const double *profiles[] = {f->day, f->week, f->same_class, f->last_like};
    *x++ = back(f->z, t, 1) - z;
    *x++ = back(f->z, t, 2) - z;
    *x++ = back(f->z, t, 3) - z;
    *x++ = f->mean_5m[t] - z;
    *x++ = f->mean_15m[t] - z;
    *x++ = f->mean_1h[t] - z;
    *x++ = f->mean_6h[t] - z;
    *x++ = f->mean_12h[t] - z;
    for (size_t k = 0; k < 4; k++) {
        double now = or (profiles[k][t], z), then = or (profiles[k][i], now);
        *x++ = then - now;
        *x++ = now - z;
    }
    size_t day = fsc_past_days_before(past, i, 1), day_t = fsc_past_days_before(past, t, 1);
    size_t week = fsc_past_days_before(past, i, 7), week_t = fsc_past_days_before(past, t, 7);
    double yesterday =
        day_t != SIZE_MAX && day != SIZE_MAX ? f->smoothed[day] - f->smoothed[day_t] : 0;
    *x++ = yesterday;
    *x++ = week_t != SIZE_MAX && week != SIZE_MAX ? f->smoothed[week] - f->smoothed[week_t]
                                                  : yesterday;
    *x++ = f->deviation_1h[t];
    *x++ = f->deviation_6h[t];
    return z;
}

double fsc_features_long(double *x, const fsc_features *f, const fsc_past *past, size_t t, size_t h)
{
    size_t i = t + h, days = (h + past->day - 1) / past->day,
           weeks = (h + past->week - 1) / past->week;
    size_t d = fsc_past_days_before(past, i, days), d2 = fsc_past_days_before(past, i, days + 1);
    size_t w = fsc_past_days_before(past, i, 7 * weeks), t_day = fsc_past_days_before(past, t, 1);
    size_t t_week = fsc_past_days_before(past, t, 7), like_day = d + past->day,
           like_week = w + past->week;
    double z = f->z[t], anchor = d <= t ? f->z[d] : z;
    bool has_week = w <= t && t_week != SIZE_MAX;
    x[0] = (d <= t && like_day < f->done + past->day
                ? or (decayed(f->z, f, past, like_day, 1, 2 * PROFILE_DAYS, 0.7), anchor)
                : anchor) -
           anchor;
    x[1] = (d2 <= t ? f->z[d2] : anchor) - anchor;
    x[2] = z - (t_day != SIZE_MAX ? f->z[t_day] : z);
    x[3] = z - or (decayed(f->z, f, past, t, 1, 2 * PROFILE_DAYS, 0.7), z);
    x[4] = has_week ? f->z[w] - anchor : 0;
    x[5] = has_week && like_week < f->done + past->week
               ? or (decayed(f->z, f, past, like_week, 7, PROFILE_WEEKS, 0.5), anchor) - anchor
               : 0;
    x[6] = has_week ? z - f->z[t_week] : 0;
    x[7] = has_week ? (f->z[w] - f->z[t_week]) - (anchor - z) : 0;
    x[8] = t > 0 && t_day != SIZE_MAX && t_day > 0
               ? (z - f->z[t - 1]) - (f->z[t_day] - f->z[t_day - 1])
               : 0;
    return anchor;
}

void fsc_features_scale(double *x, const fsc_features *f, const fsc_past *past, size_t t, size_t h,
                        double point)
{
    size_t i = t + h;
    bool is_short = fsc_horizon_is_short(past->step_s, h);
    x[0] = 1;
    x[1] = f->step_short[t];
    x[2] = f->step_long[t];
    x[3] = f->deviation_size[t];
    x[4] = is_short ? or (f->size_profile[i], f->deviation_size[t]) : 0;
    x[5] = is_short ? or (f->step_profile[i], f->step_long[t]) : 0;
    double y = fmax(fsc_features_inverse(f, point), 0);
    x[6] = f->transform == FSC_LOG ? sqrt(f->offset / (y + f->offset)) : fmax(point, 0);
}
