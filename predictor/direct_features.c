/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "direct_features.h"
#include "linear.h"

#include <math.h>

enum {
    PROFILE_DAYS = 7,
    PROFILE_WEEKS = 4,
    LEVEL_DAYS = 14,
    LEVEL_WEEKS = 8,
    LIKE_DAYS = 5,       /* of the same class, in the median */
    LOOK_BACK_DAYS = 21, /* for them */
    LEVEL_SAMPLES = 4096,
    N_COLUMNS = 32 /* a power of two over 2 (smooth + smooth_scale) + 2 */
};

/* How much a day (a week) more counts less in a profile. */
static const double keep_day = 0.75, keep_week = 0.5, keep_level = 0.7, keep_level_week = 1;

/* One local time on the days before: z by days, then its profiles before and after smoothing. */
enum { N_PROFILES = PROFILE_DAYS + 1, N_SMOOTHED = N_PROFILES + 3, MAX_BACK = 28 };
enum { WEEK = N_PROFILES, YESTERDAY, LAST_WEEK }; /* behind the day profile as of k days before */

typedef struct fsc_column {
    double z[MAX_BACK + 1];
    double raw[N_SMOOTHED], smooth[N_SMOOTHED];
    double step_size, deviation_size;
} fsc_column;

static size_t power_of_two(size_t least)
{
    size_t n = 1;
    while (n < least)
        n *= 2;
    return n;
}

fsc_status fsc_features_open(fsc_features *f, fsc_transform transform, const fsc_past *past,
                             const fsc_forecast_request *r, size_t n_points, fsc_arena *a,
                             fsc_err *err)
{
    bool coarse = past->step_s >= 300;
    size_t n_short = 0, furthest;
    while (n_short < r->n_horizons &&
           fsc_horizon_is_short(past->step_s, (size_t)r->horizon[n_short]))
        n_short++;
    furthest = n_short ? (size_t)r->horizon[n_short - 1] : 0;
    *f = (fsc_features){.transform = transform, .offset = 1, .unit = 1, .furthest = furthest};
    f->smooth = coarse ? (size_t)(900 / past->step_s) : 2;
    f->smooth_scale = coarse ? (size_t)(1800 / past->step_s) : 4;
    f->mask = power_of_two(n_points + furthest + 2) - 1;
    f->recent = FSC_NEW(a, f->mask + 1, fsc_recent, err);
    f->outlook = FSC_NEW(a, f->mask + 1, fsc_outlook, err);
    f->column = FSC_NEW(a, N_COLUMNS, fsc_column, err);
    if (!f->recent || !f->outlook || !f->column)
        return FSC_NOMEM;
    if (!n_points)
        return FSC_OK;
    f->z = FSC_NEW(a, n_points, double, err);
    if (n_short < r->n_horizons) {
        f->level_day = FSC_NEW(a, n_points + past->day, double, err);
        f->level_week = FSC_NEW(a, n_points + past->week, double, err);
    }
    return f->z && (n_short == r->n_horizons || (f->level_day && f->level_week)) ? FSC_OK
                                                                                 : FSC_NOMEM;
}

double fsc_features_forward(const fsc_features *f, double y)
{
    return f->transform == FSC_LOG ? log(fmax(y, 0) + f->offset) : y / f->unit;
}

double fsc_features_inverse(const fsc_features *f, double z)
{
    return f->transform == FSC_LOG ? exp(fmin(z, 60)) - f->offset : z * f->unit;
}

static double or (double a, double b)
{
    return isnan(a) ? b : a;
}

/* ---- what the days before say
 * ------------------------------------------------------------------------------------------ */

/* Exponentially weighted mean of z[1], z[2] ... up to the first that is not there. */
static double decayed(const double *z, size_t stride, size_t times, double keep)
{
    double sum = 0, weight = 0, share = 1;
    for (size_t k = 1; k <= times && !isnan(z[k * stride]); k++, share *= keep) {
        sum += share * z[k * stride];
        weight += share;
    }
    return weight > 0 ? sum / weight : NAN;
}

static fsc_column *column_at(const fsc_features *f, size_t i)
{
    return &f->column[i % N_COLUMNS];
}

/* i may lie before the beginning, wrapped around: nothing is known there. */
static void open_column(fsc_features *f, const fsc_past *past, size_t i)
{
    fsc_column *c = column_at(f, i);
    bool outside = i >= past->n + past->ahead;
    for (size_t k = 1; k <= MAX_BACK; k++) {
        size_t j = outside ? SIZE_MAX : fsc_past_days_before(past, i, k);
        c->z[k] = j < past->n ? fsc_z_at(f, past, j) : NAN;
    }
    for (size_t k = 0; k < N_PROFILES; k++)
        c->raw[k] = decayed(c->z + k, 1, PROFILE_DAYS, keep_day);
    c->raw[WEEK] = decayed(c->z, 7, PROFILE_WEEKS, keep_week);
    c->raw[YESTERDAY] = c->z[1];
    c->raw[LAST_WEEK] = c->z[7];
}

/* Triangular means over the columns around i, then the sizes that are counted from them. */
static void smooth_column(fsc_features *f, size_t i)
{
    fsc_column *c = column_at(f, i), *before = column_at(f, i - 1);
    size_t w = f->smooth;
    double total = (double)((w + 1) * (w + 1)), step[PROFILE_DAYS + 1], deviation[PROFILE_DAYS + 1];
    for (size_t p = 0; p < N_SMOOTHED; p++)
        c->smooth[p] = (double)(w + 1) / total * c->raw[p];
    for (size_t d = 1; d <= w; d++) {
        const double *left = column_at(f, i - d)->raw, *right = column_at(f, i + d)->raw;
        double share = (double)(w + 1 - d) / total;
        for (size_t p = 0; p < N_SMOOTHED; p++)
            c->smooth[p] += share * (left[p] + right[p]);
    }
    for (size_t k = 1; k <= PROFILE_DAYS; k++) {
        step[k] = fabs(c->z[k] - before->z[k]);
        deviation[k] = fabs(c->z[k] - or (c->smooth[k], c->z[k]));
    }
    c->step_size = decayed(step, 1, PROFILE_DAYS, keep_day);
    c->deviation_size = decayed(deviation, 1, PROFILE_DAYS, keep_day);
}

/* Median, and the newest, of the same local time on the last days of the same class. */
static void like_days(fsc_outlook *o, const fsc_column *c, const fsc_past *past, size_t i)
{
    double v[LIKE_DAYS];
    size_t n = 0;
    o->last_like = o->day;
    for (size_t k = 1; k <= LOOK_BACK_DAYS && n < LIKE_DAYS; k++) {
        size_t j = fsc_past_days_before(past, i, k);
        if (j == SIZE_MAX)
            break;
        if (j >= past->n || past->class_[j] != past->class_[i] || isnan(past->y[j]))
            continue;
        if (!n)
            o->last_like = c->z[k];
        v[n++] = c->z[k];
    }
    o->same_class = n ? fsc_median(v, n) : o->day;
}

static void look_out(fsc_features *f, const fsc_past *past, size_t i)
{
    const fsc_column *c = column_at(f, i);
    fsc_outlook *o = &f->outlook[i & f->mask];
    size_t w = f->smooth_scale;
    double total = (double)((w + 1) * (w + 1));
    o->day = c->smooth[0];
    o->week = or (c->smooth[WEEK], o->day);
    o->yesterday = c->smooth[YESTERDAY];
    o->last_week = c->smooth[LAST_WEEK];
    o->step_size = (double)(w + 1) / total * c->step_size;
    o->deviation_size = (double)(w + 1) / total * c->deviation_size;
    for (size_t d = 1; d <= w; d++) {
        const fsc_column *left = column_at(f, i - d), *right = column_at(f, i + d);
        double share = (double)(w + 1 - d) / total;
        o->step_size += share * (left->step_size + right->step_size);
        o->deviation_size += share * (left->deviation_size + right->deviation_size);
    }
    like_days(o, c, past, i);
}

static void look_from(fsc_features *f, const fsc_past *past, size_t i)
{
    size_t w = f->smooth, scale = f->smooth_scale;
    for (size_t c = i - scale - w - 1; c != i + scale + w; c++)
        open_column(f, past, c);
    for (size_t c = i - scale; c != i + scale; c++)
        smooth_column(f, c);
    f->seen = i;
}

static void look_ahead(fsc_features *f, const fsc_past *past, size_t to)
{
    for (; f->seen < to; f->seen++) {
        open_column(f, past, f->seen + f->smooth_scale + f->smooth);
        smooth_column(f, f->seen + f->smooth_scale);
        look_out(f, past, f->seen);
    }
}

/* ---- one point
 * ------------------------------------------------------------------------------------- */

/* The newest weight of an exponentially weighted mean. */
static double rate(double half_life_s, const fsc_past *past)
{
    return 1 - exp2(-1 / fmax(0.5, half_life_s / past->step_s));
}

typedef struct rates {
    double m5, m15, m30, h1, h6, h12;
} rates;

static void make_recent(fsc_features *f, const fsc_past *past, const rates *r, size_t i)
{
    double z = fsc_z_at(f, past, i), before = i ? fsc_z_at(f, past, i - 1) : z;
    double deviation = z - or (fsc_outlook_at(f, i)->day, z), size = fabs(deviation),
           jump = fabs(z - before);
    fsc_recent *now = &f->recent[i & f->mask];
    const fsc_recent first = {z, z, z, z, z, deviation, deviation, jump, jump, size},
                     b = i ? *fsc_recent_at(f, i - 1) : first;
    *now = (fsc_recent){
        .mean_5m = b.mean_5m + r->m5 * (z - b.mean_5m),
        .mean_15m = b.mean_15m + r->m15 * (z - b.mean_15m),
        .mean_1h = b.mean_1h + r->h1 * (z - b.mean_1h),
        .mean_6h = b.mean_6h + r->h6 * (z - b.mean_6h),
        .mean_12h = b.mean_12h + r->h12 * (z - b.mean_12h),
        .deviation_1h = b.deviation_1h + r->h1 * (deviation - b.deviation_1h),
        .deviation_6h = b.deviation_6h + r->h6 * (deviation - b.deviation_6h),
        .step_short = b.step_short + r->m30 * (jump - b.step_short),
        .step_long = b.step_long + r->h6 * (jump - b.step_long),
        .deviation_size = b.deviation_size + r->h1 * (size - b.deviation_size),
    };
}

void fsc_features_extend(fsc_features *f, const fsc_past *past)
{
    const rates r = {rate(300, past),  rate(900, past),   rate(1800, past),
                     rate(3600, past), rate(21600, past), rate(43200, past)};
    for (; f->done < past->n; f->done++) {
        look_ahead(f, past, f->done + 1);
        make_recent(f, past, &r, f->done);
    }
    look_ahead(f, past, past->n + f->furthest);
}

void fsc_features_resume(fsc_features *f, const fsc_past *past, double offset, double unit,
                         const fsc_recent *newest)
{
    f->offset = offset;
    f->unit = unit;
    f->done = past->n;
    f->recent[(past->n - 1) & f->mask] = *newest;
    look_from(f, past, past->n - 1);
    fsc_features_extend(f, past);
}

static double level_at(const fsc_features *f, const fsc_past *past, size_t i, size_t stride,
                       size_t times, double keep)
{
    double z[LEVEL_DAYS + 1];
    for (size_t k = 1; k <= times; k++) {
        size_t j = fsc_past_days_before(past, i, k * stride);
        z[k] = j < past->n ? fsc_z_at(f, past, j) : NAN;
    }
    return decayed(z, 1, times, keep);
}

static double level_day(const fsc_features *f, const fsc_past *past, size_t i)
{
    return f->level_day ? f->level_day[i] : level_at(f, past, i, 1, LEVEL_DAYS, keep_level);
}

static double level_week(const fsc_features *f, const fsc_past *past, size_t i)
{
    return f->level_week ? f->level_week[i] : level_at(f, past, i, 7, LEVEL_WEEKS, keep_level_week);
}

static void fix_transform(fsc_features *f, const fsc_past *past)
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
    f->offset = 0.05 * level + 1e-9;
    f->unit = level + 1e-9;
}

void fsc_features_rebuild(fsc_features *f, const fsc_past *past)
{
    fix_transform(f, past);
    for (size_t i = 0; i < past->n; i++)
        f->z[i] = fsc_features_forward(f, past->filled[i]);
    look_from(f, past, 0);
    fsc_features_extend(f, past);
    double *day = f->level_day, *week = f->level_week;
    f->level_day = f->level_week = NULL;
    for (size_t i = 0; day && i < past->n + past->day; i++)
        day[i] = level_day(f, past, i);
    for (size_t i = 0; week && i < past->n + past->week; i++)
        week[i] = level_week(f, past, i);
    f->level_day = day;
    f->level_week = week;
}

/* ---- rows
 * -------------------------------------------------------------------------------------------- */

bool fsc_horizon_is_short(int32_t step_s, size_t h)
{
    return step_s <= FSC_SHORT_MAX_STEP_S && (int64_t)h * step_s <= FSC_SHORT_HORIZON_S;
}

static double back(const fsc_features *f, const fsc_past *past, size_t t, size_t steps)
{
    return fsc_z_at(f, past, t >= steps ? t - steps : 0);
}

double fsc_features_short(double *x, const fsc_features *f, const fsc_past *past, size_t t,
                          size_t h)
{
    const fsc_recent *r = fsc_recent_at(f, t);
    const fsc_outlook *o = fsc_outlook_at(f, t), *p = fsc_outlook_at(f, t + h);
    double z = fsc_z_at(f, past, t);
    const double now[] = {o->day, o->week, o->same_class, o->last_like},
                 then[] = {p->day, p->week, p->same_class, p->last_like};
    *x++ = back(f, past, t, 1) - z;
    *x++ = back(f, past, t, 2) - z;
    *x++ = back(f, past, t, 3) - z;
    *x++ = r->mean_5m - z;
    *x++ = r->mean_15m - z;
    *x++ = r->mean_1h - z;
    *x++ = r->mean_6h - z;
    *x++ = r->mean_12h - z;
    for (size_t k = 0; k < 4; k++) {
        double a = or (now[k], z), b = or (then[k], a);
        *x++ = b - a;
        *x++ = a - z;
    }
    double yesterday = or (p->yesterday - o->yesterday, 0);
    *x++ = yesterday;
    *x++ = or (p->last_week - o->last_week, yesterday);
    *x++ = r->deviation_1h;
    *x++ = r->deviation_6h;
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
    double z = fsc_z_at(f, past, t), anchor = d <= t ? fsc_z_at(f, past, d) : z;
    double day_z = t_day != SIZE_MAX ? fsc_z_at(f, past, t_day) : z;
    double week_z = t_week != SIZE_MAX ? fsc_z_at(f, past, t_week) : z,
           w_z = w <= t ? fsc_z_at(f, past, w) : z;
    bool has_week = w <= t && t_week != SIZE_MAX;
    x[0] = (d <= t ? or (level_day(f, past, like_day), anchor) : anchor) - anchor;
    x[1] = (d2 <= t ? fsc_z_at(f, past, d2) : anchor) - anchor;
    x[2] = z - day_z;
    x[3] = z - or (level_day(f, past, t), z);
    x[4] = has_week ? w_z - anchor : 0;
    x[5] = has_week ? or (level_week(f, past, like_week), anchor) - anchor : 0;
    x[6] = has_week ? z - week_z : 0;
    x[7] = has_week ? (w_z - week_z) - (anchor - z) : 0;
    x[8] = t > 0 && t_day != SIZE_MAX && t_day > 0
               ? (z - back(f, past, t, 1)) - (day_z - fsc_z_at(f, past, t_day - 1))
               : 0;
    return anchor;
}

void fsc_features_scale(double *x, const fsc_features *f, const fsc_past *past, size_t t, size_t h,
                        double point)
{
    const fsc_recent *r = fsc_recent_at(f, t);
    const fsc_outlook *o = fsc_outlook_at(f, t + h);
    bool is_short = fsc_horizon_is_short(past->step_s, h);
    x[0] = 1;
    x[1] = r->step_short;
    x[2] = r->step_long;
    x[3] = r->deviation_size;
    x[4] = is_short ? or (o->deviation_size, r->deviation_size) : 0;
    x[5] = is_short ? or (o->step_size, r->step_long) : 0;
    double y = fmax(fsc_features_inverse(f, point), 0);
    x[6] = f->transform == FSC_LOG ? sqrt(f->offset / (y + f->offset)) : fmax(point, 0);
}
