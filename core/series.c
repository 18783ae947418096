/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/series.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_POINTS = 50 * 1000 * 1000 }; /* a century of minutes */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The most frequent difference; of equally frequent ones the smallest. */
static fsc_status infer_step(int32_t *out, const fsc_sample *s, size_t n, fsc_arena *a,
                             fsc_err *err)
{
    if (n < 2)
        return fsc_fail(err, FSC_DATA, "one sample alone has no step: give one with --step");
    fsc_arena_mark mark = fsc_arena_get_mark(a);
    int64_t *d = FSC_NEW(a, n - 1, int64_t, err);
    if (!d)
        return FSC_NOMEM;
    for (size_t i = 1; i < n; i++)
        d[i - 1] = s[i].t - s[i - 1].t;
    qsort(d, n - 1, sizeof *d, by_value);
    int64_t best = d[0];
    size_t best_run = 0;
    for (size_t i = 0, j; i < n - 1; i = j) {
        for (j = i; j < n - 1 && d[j] == d[i]; j++)
            ;
        if (j - i > best_run) {
            best_run = j - i;
            best = d[i];
        }
    }
    fsc_arena_rewind(a, mark);
    if (best > INT32_MAX)
        return fsc_fail(err, FSC_DATA, "samples are %lld s apart: too far", (long long)best);
    *out = (int32_t)best;
    return FSC_OK;
}

static fsc_status check_order(const char *id, const fsc_sample *s, size_t n, fsc_err *err)
{
    char text[FSC_TIME_TEXT];
    if (n == 0)
        return fsc_fail(err, FSC_DATA, "series %s has no samples", id);
    for (size_t i = 1; i < n; i++)
        if (s[i].t <= s[i - 1].t)
            return fsc_fail(
                err, FSC_DATA, "series %s: timestamp %s %s", id, fsc_time_format(text, s[i].t),
                s[i].t == s[i - 1].t ? "comes twice" : "is older than the one before it");
    return FSC_OK;
}

fsc_status fsc_series_from_samples(fsc_series *out, const char *id, const fsc_sample *s, size_t n,
                                   int32_t step_s, fsc_arena *a, fsc_err *err)
{
    FSC_TRY(check_order(id, s, n, err));
    if (step_s <= 0)
        FSC_TRY(infer_step(&step_s, s, n, a, err));
    int64_t points = (s[n - 1].t - s[0].t) / step_s + 1;
    if (points > MAX_POINTS)
        return fsc_fail(err, FSC_DATA, "series %s: %lld points of %d s are too many", id,
                        (long long)points, (int)step_s);
    double *v = FSC_NEW(a, (size_t)points, double, err);
    if (!v)
        return FSC_NOMEM;
    for (int64_t i = 0; i < points; i++)
        v[i] = NAN;
    for (size_t i = 0, j; i < n; i = j) {
        int64_t slot = (s[i].t - s[0].t) / step_s;
        double sum = 0;
        int good = 0;
        for (j = i; j < n && (s[j].t - s[0].t) / step_s == slot; j++)
            if (isfinite(s[j].v)) {
                sum += s[j].v;
                good++;
            }
        if (good)
            v[slot] = good == 1 && j == i + 1 ? s[i].v : sum / good;
    }
    *out =
        (fsc_series){.id = id, .start = s[0].t, .step_s = step_s, .n = (size_t)points, .values = v};
    return FSC_OK;
}

static size_t index_at(const fsc_series *s, int64_t t)
{
    if (!s->n || t <= s->start)
        return 0;
    /* unsigned, for t may be as far away as INT64_MAX */
    uint64_t i = ((uint64_t)t - (uint64_t)s->start - 1) / (uint64_t)s->step_s + 1;
    return i > s->n ? s->n : (size_t)i;
}

fsc_series fsc_series_cut(const fsc_series *s, int64_t from, int64_t to)
{
    size_t i = index_at(s, from), j = index_at(s, to);
    fsc_series cut = *s;
    cut.start = s->start + (int64_t)i * s->step_s;
    cut.n = j > i ? j - i : 0;
    cut.values = s->values + i;
    return cut;
}

fsc_status fsc_series_resample(fsc_series *out, const fsc_series *s, int32_t step_s,
                               double min_fill, fsc_arena *a, fsc_err *err)
{
    if (step_s < s->step_s || step_s % s->step_s != 0)
        return fsc_fail(err, FSC_DATA, "a step of %d s is no multiple of the series's %d s",
                        (int)step_s, (int)s->step_s);
    int64_t start = s->start - ((s->start % step_s) + step_s) % step_s;
    int64_t end = fsc_series_end(s);
    size_t n = (size_t)((end - start + step_s - 1) / step_s);
    double *v = FSC_NEW(a, n, double, err);
    if (!v)
        return FSC_NOMEM;
    for (size_t b = 0; b < n; b++) {
        int64_t from = start + (int64_t)b * step_s;
        fsc_series cut = fsc_series_cut(s, from, from + step_s);
        double sum = 0;
        int good = 0;
        for (size_t i = 0; i < cut.n; i++)
            if (!isnan(cut.values[i])) {
                sum += cut.values[i];
                good++;
            }
        v[b] = good && good >= min_fill * (step_s / s->step_s) ? sum / good : NAN;
    }
    *out = (fsc_series){.id = s->id, .start = start, .step_s = step_s, .n = n, .values = v};
    return FSC_OK;
}

int64_t fsc_series_end(const fsc_series *s)
{
    return s->start + (int64_t)s->n * s->step_s;
}

size_t fsc_series_gaps(const fsc_series *s)
{
    size_t gaps = 0;
    for (size_t i = 0; i < s->n; i++)
        gaps += isnan(s->values[i]) ? 1 : 0;
    return gaps;
}

int64_t fsc_series_newest(const fsc_series *s)
{
    for (size_t i = s->n; i-- > 0;)
        if (!isnan(s->values[i]))
            return s->start + (int64_t)i * s->step_s;
    return INT64_MIN;
}
