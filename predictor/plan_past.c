/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/plan.h"

#include <math.h>

enum {
    QUARTER_S = 15 * FSC_MINUTE_S,
    HELD_DAYS = 7, /* of which the lift is learned */
    MAX_HOURS = 28 * 24
};
static const double least_share = 0.05; /* of the mean: below it, ratios say nothing */

/* The most of each quarter of an hour around point i, on the mean. */
static double held_around(const fsc_series *s, size_t i, size_t hour, size_t quarter)
{
    size_t first = i >= hour / 2 ? i - hour / 2 : 0,
           end = first + hour < s->n ? first + hour : s->n;
    double sum = 0, n = 0;
    for (size_t q = first; q < end; q += quarter) {
        double most = NAN;
        for (size_t k = q; k < q + quarter && k < end; k++)
            most = fmax(most, s->values[k]); /* fmax passes over NaN */
        if (!isnan(most)) {
            sum += most;
            n++;
        }
    }
    return n > 0 ? sum / n : NAN;
}

static void learn_held(fsc_plan_past *out, const fsc_series *s, size_t hour)
{
    size_t quarter = s->step_s < QUARTER_S ? (size_t)(QUARTER_S / s->step_s) : 1;
    double held[FSC_DAY_HOURS] = {0}, point[FSC_DAY_HOURS] = {0}, sum = 0, n = 0;
    for (size_t k = 0; k < HELD_DAYS * FSC_DAY_HOURS && k * hour < s->n; k++) {
        size_t i = s->n - 1 - k * hour;
        double around = held_around(s, i, hour, quarter);
        if (isnan(s->values[i]) || isnan(around))
            continue;
        held[k % FSC_DAY_HOURS] += around;
        point[k % FSC_DAY_HOURS] += s->values[i];
        sum += s->values[i];
        n++;
    }
    double least = n > 0 ? least_share * sum / n : 0;
    for (size_t h = 0; h < FSC_DAY_HOURS; h++)
        out->held[h] = point[h] + least > 0 ? (held[h] + least) / (point[h] + least) : 1;
}

double fsc_plan_past_held(const fsc_plan_past *p, size_t hours_ahead)
{
    return p->hours.n ? p->held[(FSC_DAY_HOURS - hours_ahead % FSC_DAY_HOURS) % FSC_DAY_HOURS] : 1;
}

fsc_status fsc_plan_past_of(fsc_plan_past *out, const fsc_series *past, fsc_arena *a, fsc_err *err)
{
    *out = (fsc_plan_past){0};
    if (!past->n || past->step_s > FSC_HOUR_S || FSC_HOUR_S % past->step_s)
        return FSC_OK;
    size_t hour = (size_t)(FSC_HOUR_S / past->step_s), n = (past->n - 1) / hour + 1;
    n = n < MAX_HOURS ? n : MAX_HOURS;
    double *v = FSC_NEW(a, n, double, err);
    if (!v)
        return FSC_NOMEM;
    for (size_t k = 0; k < n; k++)
        v[n - 1 - k] = past->values[past->n - 1 - k * hour];
    out->hours = (fsc_series){.id = past->id,
                              .start = past->start + (int64_t)(past->n - 1) * past->step_s -
                                       (int64_t)(n - 1) * FSC_HOUR_S,
                              .step_s = FSC_HOUR_S,
                              .n = n,
                              .values = v};
    learn_held(out, past, hour);
    return FSC_OK;
}
