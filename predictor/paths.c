/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/paths.h"
#include "uniform.h"

#include <math.h>
#include <stdlib.h>

enum {
    MIN_POINTS = 4,
    JITTER_S = 1800,  /* around the same time of day, within which dates are alike */
    MAX_PAIRS = 2000, /* from which an autocorrelation is estimated */
    PAST_SHARE = 8,   /* a piece is at most this part of the past */
    MAX_DAYS = 128,   /* how far back dates are looked for */
    MAX_TRIES = 64,
    WEEKEND_DAYS = 14 /* of past, from which on weekends have a course of their own */
};
static const double profile_floor = 0.05; /* of the mean demand: where it is less, noise is all */

double fsc_forecast_level(const fsc_forecast *f, size_t h, double level)
{
    const double *v = f->v + h * f->n_q, *q = f->q;
    size_t n = f->n_q, j = 0;
    while (j < n && q[j] < level)
        j++;
    if (j > 0 && j < n)
        return v[j - 1] + (level - q[j - 1]) / (q[j] - q[j - 1]) * (v[j] - v[j - 1]);
    if (n < 2)
        return v[0];
    if (j == 0) /* the density goes on from the first two levels */
        return fmax(0, v[0] + q[0] * (v[1] - v[0]) / (q[1] - q[0]) * log(level / q[0]));
    return v[n - 1] + log((1 - q[n - 1]) / (1 - level)) * (v[n - 1] - v[n - 2]) /
                          log((1 - q[n - 2]) / (1 - q[n - 1]));
}

/* ---- deviations from the usual course
 * ---------------------------------------------------------------------------------------------- */

/* One series on its way to paths. u is NaN in gaps. */
typedef struct course {
    const fsc_paths_source *src;
    const double *u; /* [n] relative deviation of each point of the past */
    size_t n, day;   /* day 0: too short a past, or no place in a day */
    size_t furthest, block;
    size_t n_origins; /* dates (days, or points where day is 0) from which a block can start */
    const double *kept, *block_kept; /* autocorrelation at each horizon's place in its block */
} course;

static void add_profile(double *mean, double *count, const fsc_series *s, const uint32_t *slot)
{
    for (size_t i = 0; i < s->n; i++)
        if (!isnan(s->values[i])) {
            mean[slot[i]] += s->values[i];
            count[slot[i]]++;
        }
}

/* The place in the local day of each point, weekends apart. */
static void find_slots(uint32_t *slot, const fsc_series *s, size_t day, const fsc_zone *zone)
{
    bool apart = s->n >= WEEKEND_DAYS * day;
    int64_t offset = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t t = s->start + (int64_t)i * s->step_s;
        if (i % day == 0)
            offset = fsc_zone_offset_s(zone, t);
        int64_t local = t + offset, number = local / FSC_DAY_S - (local % FSC_DAY_S < 0);
        bool weekend = apart && ((number + 3) % 7 + 7) % 7 >= 5;
        slot[i] =
            (uint32_t)((size_t)((local - number * FSC_DAY_S) / s->step_s) + (weekend ? day : 0));
    }
}

static fsc_status find_deviations(course *c, const fsc_zone *zone, fsc_arena *a, fsc_err *err)
{
    const fsc_series *s = &c->src->past;
    size_t n_slots = 2 * (c->day ? c->day : 1);
    uint32_t *slot = FSC_NEW(a, s->n, uint32_t, err);
    double *u = FSC_NEW(a, s->n, double, err), *mean = FSC_NEW(a, n_slots, double, err),
           *count = FSC_NEW(a, n_slots, double, err), sum = 0, n = 0;
    if (!slot || !u || !mean || !count)
        return FSC_NOMEM;
    if (c->day)
        find_slots(slot, s, c->day, zone);
    add_profile(mean, count, s, slot);
    for (size_t i = 0; i < n_slots; i++) {
        sum += mean[i];
        n += count[i];
    }
    double least = n > 0 ? profile_floor * fabs(sum / n) : 0;
    for (size_t i = 0; i < s->n; i++) {
        double usual = mean[slot[i]] / count[slot[i]];
        u[i] = (s->values[i] - usual) / (fabs(usual) + least);
    }
    c->u = u;
    return FSC_OK;
}

/* The share of a deviation that is left `lag` steps later: the best linear forecast. */
static double autocorrelation(const double *u, size_t n, size_t lag)
{
    size_t stride = (n - lag) / MAX_PAIRS + 1;
    double both = 0, first = 0, second = 0;
    for (size_t i = 0; i + lag < n; i += stride)
        if (isfinite(u[i]) && isfinite(u[i + lag])) {
            both += u[i] * u[i + lag];
            first += u[i] * u[i];
            second += u[i + lag] * u[i + lag];
        }
    double scale = sqrt(first * second);
    return scale > 0 ? both / scale : 0;
}

/* ---- blocks of the past
 * ------------------------------------------------------------------------------------------------------------
 */

static size_t place_in_block(const course *c, size_t horizon)
{
    return (horizon - 1) % c->block + 1;
}

/* How long a piece of the past may be used, and from how many dates. All deviations of a past sum
 * to nothing, so sums over a large part of it vary too little. */
static void set_blocks(course *c)
{
    size_t unit = c->day ? c->day : 1, units = c->n / unit, most = units / PAST_SHARE * unit;
    most = most ? most : unit;
    c->block = c->furthest < most ? c->furthest : most;
    size_t used = (c->block + unit - 1) / unit;
    c->n_origins = units > used ? units - used : 1;
}

static fsc_status open_course(course *c, const fsc_paths_source *src, const fsc_zone *zone,
                              fsc_arena *a, fsc_err *err)
{
    const fsc_forecast *f = src->forecast;
    const int32_t step_s = f->step_s;
    size_t day = FSC_DAY_S % step_s == 0 && step_s < FSC_DAY_S ? (size_t)(FSC_DAY_S / step_s) : 0;
    if (src->past.step_s != step_s)
        return fsc_fail(err, FSC_BUG, "the past of %s is on another grid than its forecast", f->id);
    *c = (course){.src = src,
                  .n = src->past.n,
                  .day = src->past.n >= 3 * day ? day : 0,
                  .furthest = (size_t)f->horizon[f->n_horizons - 1]};
    if (c->n < MIN_POINTS)
        return FSC_OK;
    set_blocks(c);
    FSC_TRY(find_deviations(c, zone, a, err));
    double *kept = FSC_NEW(a, f->n_horizons + 1, double, err);
    if (!kept)
        return FSC_NOMEM;
    for (size_t h = 0; h < f->n_horizons; h++)
        kept[h] = autocorrelation(c->u, c->n, place_in_block(c, (size_t)f->horizon[h]));
    kept[f->n_horizons] = autocorrelation(c->u, c->n, c->block);
    c->kept = kept;
    c->block_kept = kept + f->n_horizons;
    return FSC_OK;
}

/* Days (or points) back to where path k's block number b begins. Every series takes the first date
 * of one common list that it can: the longest pasts share nearly all of them. */
static size_t units_back(const course *c, uint64_t seed, size_t k, size_t b)
{
    size_t unit = c->day ? c->day : 1, least = (c->block + unit - 1) / unit, back = 0;
    if (!c->day)
        return least + (size_t)(uniform(seed, k, b) * (double)c->n_origins);
    for (uint64_t i = 0; i < MAX_TRIES; i++) {
        back = (size_t)(uniform(seed ^ (i << 32), k, b) * MAX_DAYS);
        if (back >= least && back < least + c->n_origins)
            return back;
    }
    return least + back % c->n_origins;
}

/* Whole days before the origin, give or take the jitter. */
static size_t block_origin(const course *c, uint64_t seed, size_t k, size_t b)
{
    int64_t unit = c->day ? (int64_t)c->day : 1, newest = (int64_t)c->n - 1;
    int64_t jitter = c->day ? JITTER_S / c->src->past.step_s : 0;
    int64_t moved = (int64_t)floor((uniform(~seed, k, b) - 0.5) * (double)(2 * jitter + 1) + 0.5);
    int64_t at = newest - (int64_t)units_back(c, seed, k, b) * unit + moved;
    int64_t last = newest - (int64_t)c->block;
    return (size_t)(at < 0 ? 0 : at > last ? last : at);
}

/* A gap in the past says nothing new. */
static double innovation(const course *c, size_t from, size_t lag, double kept)
{
    double r = c->u[from + lag] - kept * c->u[from];
    return isfinite(r) ? r : 0;
}

/* The deviation that path k has at each horizon, from 0 at the origin. */
static void follow(double *out, size_t stride, const course *c, uint64_t seed, size_t k)
{
    const fsc_forecast *f = c->src->forecast;
    size_t b = 0, from = block_origin(c, seed, k, 0);
    double before = 0;
    for (size_t h = 0; h < f->n_horizons; h++) {
        size_t horizon = (size_t)f->horizon[h];
        for (; b < (horizon - 1) / c->block; from = block_origin(c, seed, k, ++b))
            before = *c->block_kept * before + innovation(c, from, c->block, *c->block_kept);
        out[h * stride] =
            c->kept[h] * before + innovation(c, from, place_in_block(c, horizon), c->kept[h]);
    }
}

/* ---- from deviations to levels
 * -------------------------------------------------------------------------------------------------------
 */

typedef struct ranked {
    double deviation, tie;
    size_t path;
} ranked;

static int by_deviation(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->deviation != y->deviation)
        return x->deviation < y->deviation ? -1 : 1;
    return x->tie < y->tie ? -1 : x->tie > y->tie;
}

/* Equal deviations are told apart by the path's own number: the same at every horizon, so that what
 * is not known of the dependence widens sums. */
static void set_values(double *v, const course *c, const double *deviation, size_t h, size_t n,
                       uint64_t seed, ranked *order)
{
    const fsc_forecast *f = c->src->forecast;
    for (size_t k = 0; k < n; k++)
        order[k] =
            (ranked){deviation ? deviation[h * n + k] : 0, uniform(seed, k, UINT64_MAX - 1), k};
    qsort(order, n, sizeof *order, by_deviation);
    for (size_t i = 0; i < n; i++)
        v[order[i].path * f->n_horizons + h] =
            fsc_forecast_level(f, h, ((double)i + 0.5) / (double)n);
}

static fsc_status draw_series(double *v, const fsc_paths_source *src, const fsc_zone *zone,
                              size_t n, uint64_t seed, fsc_arena *a, fsc_err *err)
{
    course c;
    double *deviation = NULL;
    FSC_TRY(open_course(&c, src, zone, a, err));
    ranked *order = FSC_NEW(a, n, ranked, err);
    if (!order)
        return FSC_NOMEM;
    if (c.n >= MIN_POINTS) {
        deviation = FSC_NEW(a, n * src->forecast->n_horizons, double, err);
        if (!deviation)
            return FSC_NOMEM;
        for (size_t k = 0; k < n; k++)
            follow(deviation + k, n, &c, seed, k);
    }
    for (size_t h = 0; h < src->forecast->n_horizons; h++)
        set_values(v, &c, deviation, h, n, seed, order);
    return FSC_OK;
}

fsc_status fsc_paths_draw(fsc_paths *out, const fsc_paths_source *src, size_t n_series,
                          const fsc_zone *zone, size_t n, uint64_t seed, fsc_arena *a, fsc_err *err)
{
    size_t *n_horizons = FSC_NEW(a, n_series, size_t, err);
    double **v = FSC_NEW(a, n_series, double *, err);
    if (!n_horizons || !v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n_series; i++) {
        n_horizons[i] = src[i].forecast->n_horizons;
        v[i] = FSC_NEW(a, n * n_horizons[i], double, err);
        if (!v[i])
            return FSC_NOMEM;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        FSC_TRY(draw_series(v[i], &src[i], zone, n, seed, a, err));
        fsc_arena_rewind(a, mark);
    }
    *out = (fsc_paths){
        .n = n, .n_series = n_series, .n_horizons = n_horizons, .v = (const double *const *)v};
    return FSC_OK;
}
