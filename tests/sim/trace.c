/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/source.h"
#include "tests/sim/scenario.h"

#include <math.h>

enum { JUDGED_DAYS = 7, MEAN_DEMAND = 120 };

/* The points on both sides of a gap, joined; its ends take what is nearest. */
static double bridged(const fsc_series *s, size_t i)
{
    size_t before = i, after = i;
    while (before > 0 && isnan(s->values[before]))
        before--;
    while (after + 1 < s->n && isnan(s->values[after]))
        after++;
    double low = s->values[before], high = s->values[after];
    low = isnan(low) ? high : low;
    high = isnan(high) ? low : high;
    double share = after > before ? (double)(i - before) / (double)(after - before) : 0;
    return low + share * (high - low);
}

static double mean_of(const fsc_series *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += bridged(s, i);
    return sum / (double)s->n;
}

typedef struct canvas {
    const fsc_series *raw;
    double scale;
    size_t per_point; /* minutes */
} canvas;

static double demand_at(const canvas *c, size_t minute, fsc_trace_view view)
{
    size_t i = minute / c->per_point;
    double here = bridged(c->raw, i), share = (double)(minute % c->per_point);
    if (view != FSC_TRACE_SLOPED || i + 1 == c->raw->n)
        return here * c->scale;
    double next = bridged(c->raw, i + 1);
    return c->scale * (here + (next - here) * share / (double)c->per_point);
}

fsc_status fsc_scenario_trace(fsc_scenario *out, const char *path, fsc_trace_view view,
                              fsc_arena *a, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_csv_read(&csv, path, 0, a, err));
    const fsc_series *raw = &csv.series[0];
    if (raw->step_s % FSC_MINUTE_S)
        return fsc_fail(err, FSC_DATA, "%s: a step of %d s is no whole minutes", path, raw->step_s);
    const canvas c = {raw, MEAN_DEMAND / mean_of(raw), (size_t)(raw->step_s / FSC_MINUTE_S)};
    bool each_minute = view == FSC_TRACE_MINUTES;
    size_t minutes = raw->n * c.per_point, told = each_minute ? minutes : raw->n;
    double *demand = FSC_NEW(a, minutes, double, err), *metric = FSC_NEW(a, told, double, err);
    const char *yaml = fsc_scenario_yaml(FSC_MINUTE_S, a, err);
    if (!demand || !metric || !yaml)
        return FSC_NOMEM;
    for (size_t m = 0; m < minutes; m++)
        demand[m] = demand_at(&c, m, view);
    for (size_t i = 0; i < told; i++)
        metric[i] = raw->values[each_minute ? i / c.per_point : i] * c.scale;
    int64_t end = raw->start + (int64_t)minutes * FSC_MINUTE_S;
    *out = (fsc_scenario){
        .name = raw->id,
        .yaml = yaml,
        .from = end - JUDGED_DAYS * FSC_DAY_S,
        .to = end,
        .demand = {"w", raw->start, FSC_MINUTE_S, minutes, demand},
        .metric = {"w", raw->start, each_minute ? FSC_MINUTE_S : raw->step_s, told, metric}};
    return FSC_OK;
}
