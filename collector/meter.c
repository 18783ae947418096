/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/meter.h"

#include <math.h>
#include <string.h>

/* A sample counts for so long beyond the runs that may be missed: scrapes are late, and the newest
 * are left out. */
enum { PATIENCE_S = 5 * FSC_MINUTE_S };

static const char *series_of(const fsc_budget_config *budget, fsc_arena *a, fsc_err *err)
{
    return fsc_arena_printf(a, err, "meter:%s", budget->name);
}

fsc_status fsc_meter_collect(const fsc_config *c, const fsc_budget_config *budget, fsc_http *http,
                             fsc_store *s, int64_t now, fsc_arena *a, fsc_err *err)
{
    const fsc_meter_ops *const *m = fsc_meters();
    const fsc_meter_input in = {.config = c,
                                .budget = budget,
                                .http = http,
                                .store = s,
                                .now = now,
                                .series_id = series_of(budget, a, err)};
    if (!in.series_id)
        return FSC_NOMEM;
    while (*m && (int)(*m)->source != budget->meter.source)
        m++;
    if (!*m)
        return fsc_fail(err, FSC_BUG, "budget %s has a meter that nothing reads", budget->name);
    return (*m)->collect(&in, a, err) == FSC_OK
               ? FSC_OK
               : fsc_context(err, "the meter of budget %s", budget->name);
}

/* ---- integration -------------------------------------------------------------------------------
 */

typedef struct integral {
    fsc_meter_reading *out;
    fsc_store *store;
    const fsc_budget_config *budget;
    int64_t from, to;   /* the window */
    int64_t patience_s; /* a hole up to this is bridged */
    double units;       /* metered so far */
    int64_t filled_micros;
    fsc_err *err;
} integral;

static int64_t within(const integral *x, int64_t t)
{
    return t < x->from ? x->from : t > x->to ? x->to : t;
}

/* The meter says that `units` were spent from a to b. */
static void metered(integral *x, int64_t a, int64_t b, double units)
{
    int64_t begin = within(x, a), end = within(x, b);
    if (end <= begin)
        return;
    x->units += units * (double)(end - begin) / (double)(b - a);
    x->out->covered_s += end - begin;
}

/* The meter says nothing from a to b: the ledger does. */
static fsc_status unmetered(integral *x, int64_t a, int64_t b)
{
    int64_t begin = within(x, a), end = within(x, b), micros = 0;
    bool others;
    if (end <= begin)
        return FSC_OK;
    FSC_TRY(fsc_ledger_spend_sum(&micros, &others, x->store, x->budget->name,
                                 x->budget->ceiling.currency, begin, end, x->err));
    x->filled_micros += micros;
    return FSC_OK;
}

/* Of a rate the larger end counts in between: nobody knows when it changed. */
static fsc_status between(integral *x, bool is_rate, int64_t a, double va, int64_t b, double vb)
{
    if (!is_rate) { /* a sum that became smaller began anew */
        metered(x, a, b, vb >= va ? vb - va : vb);
        return FSC_OK;
    }
    if (b - a > x->patience_s)
        return unmetered(x, a, b);
    double rate = b - a <= FSC_METER_STEP_S ? va : fmax(va, vb);
    metered(x, a, b, rate * (double)(b - a) / FSC_HOUR_S);
    return FSC_OK;
}

static fsc_status tail(integral *x, bool is_rate, int64_t last, double value)
{
    bool fresh = x->to - last <= x->patience_s;
    x->out->newest = last;
    x->out->state = fresh ? FSC_METER_FRESH : FSC_METER_STALE;
    if (!is_rate || !fresh)
        return unmetered(x, last, x->to);
    metered(x, last, x->to, value * (double)(x->to - last) / FSC_HOUR_S);
    return FSC_OK;
}

static fsc_status integrate(integral *x, const fsc_series *samples, bool is_rate)
{
    int64_t last = x->from;
    double value = NAN;
    for (size_t i = 0; i < samples->n; i++) {
        int64_t t = samples->start + (int64_t)i * samples->step_s;
        double v = samples->values[i];
        if (!isfinite(v) || v < 0)
            continue;
        FSC_TRY(isnan(value) ? unmetered(x, x->from, t) : between(x, is_rate, last, value, t, v));
        last = t;
        value = v;
    }
    return isnan(value) ? unmetered(x, x->from, x->to) : tail(x, is_rate, last, value);
}

static fsc_status read_samples(fsc_series *out, integral *x, fsc_arena *a)
{
    const char *id = series_of(x->budget, a, x->err);
    fsc_err missing = FSC_ERR_INIT;
    *out = (fsc_series){0};
    if (!id)
        return FSC_NOMEM;
    fsc_status status =
        fsc_history_read(out, x->store, id, x->from - x->patience_s, x->to + 1, a, &missing);
    if (status == FSC_OK || status == FSC_MISSING)
        return FSC_OK;
    *x->err = missing;
    return status;
}

fsc_status fsc_meter_read(fsc_meter_reading *out, fsc_store *s, const fsc_config *c,
                          const fsc_budget_config *budget, int64_t from, int64_t now, fsc_arena *a,
                          fsc_err *err)
{
    const fsc_meter_config *m = &budget->meter;
    integral x = {.out = out,
                  .store = s,
                  .budget = budget,
                  .from = from,
                  .to = now,
                  .patience_s = PATIENCE_S + (1 + c->missed_runs) * c->interval_s,
                  .err = err};
    fsc_series samples = {0};
    *out = (fsc_meter_reading){0};
    FSC_TRY(fsc_ledger_spend_sum(&out->whole_micros, &out->others, s, budget->name,
                                 budget->ceiling.currency, from, now, err));
    out->spent_micros = out->whole_micros;
    if (!fsc_meter_given(m))
        return FSC_OK;
    FSC_TRY(read_samples(&samples, &x, a));
    FSC_TRY(integrate(&x, &samples, !m->unit || strchr(m->unit, '/')));
    double micros = ceil(x.units * 1e6 - 1e-3);
    if (micros > 9e15)
        return fsc_fail(err, FSC_DATA, "the meter of budget %s says %g: check its query and unit",
                        budget->name, x.units);
    out->metered_micros = (int64_t)micros;
    out->estimate_micros =
        out->whole_micros > x.filled_micros ? out->whole_micros - x.filled_micros : 0;
    if (out->metered_micros + x.filled_micros > out->spent_micros)
        out->spent_micros = out->metered_micros + x.filled_micros;
    return FSC_OK;
}
