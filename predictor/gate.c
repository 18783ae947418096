/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gate.h"
#include "direct_features.h"

#include <math.h>

/* FEWEST: pairs, below which nothing is known. MOST_HORIZONS: of many, for a run's sake. */
enum { DAYS = 3, FEWEST = 12, MOST_HORIZONS = 4 };

/* A loss within it is no proof against a model: where a naive forecast is the best one a good model
 * comes close to it, now a little above and now below. */
static const double noise = 0.1;

/* In the last value's loss: what saves more of it is worth acting on whatever a season that repeats
 * itself would save, since to hold is to react; and what a season must save beyond a forecast's. */
static const double season_noise = 0.25;

static size_t count_short(const fsc_past *past, const fsc_forecast_request *r)
{
    size_t n = 0;
    while (n < r->n_horizons && fsc_horizon_is_short(past->step_s, (size_t)r->horizon[n]))
        n++;
    return n;
}

typedef struct sums {
    double n, naive, last;
} sums;

/* Of one seasonal naive forecast for the newest days, where it and the last value are known. */
static double ratio_of(const fsc_past *past, const fsc_forecast_request *r, size_t days_before)
{
    sums s = {0};
    size_t n_h = count_short(past, r), stride = (n_h + MOST_HORIZONS - 1) / MOST_HORIZONS,
           span = DAYS * past->day;
    for (size_t i = past->n > span ? past->n - span : 0; i < past->n; i++) {
        size_t j = fsc_past_days_before(past, i, days_before);
        double naive = j < i ? fabs(past->y[i] - past->y[j]) : NAN;
        for (size_t k = 0; k < n_h && !isnan(naive); k += stride) {
            size_t h = (size_t)r->horizon[k];
            double last = i >= h ? fabs(past->y[i] - past->y[i - h]) : NAN;
            if (isnan(last))
                continue;
            s.n++;
            s.naive += naive;
            s.last += last;
        }
    }
    return s.n >= FEWEST && s.last > 0 ? s.naive / s.last : NAN;
}

double fsc_gate_naive(const fsc_past *past, const fsc_forecast_request *r)
{
    return past->day ? fmin(ratio_of(past, r, 1), ratio_of(past, r, 7)) : NAN; /* of numbers */
}

static double walk(void *state, fsc_past *past, size_t end, const fsc_model_spec *spec,
                   fsc_prediction *said)
{
    const fsc_forecast_request *r = &spec->request;
    size_t n_h = count_short(past, r);
    double own = 0, last = 0;
    while (past->n < end) {
        spec->model->predict(said, state, past, spec);
        for (size_t k = 0; k < n_h; k++) {
            size_t now = past->n - 1, then = now + (size_t)r->horizon[k];
            double naive = then < end ? fabs(past->y[then] - past->filled[now]) : NAN;
            if (isnan(naive))
                continue;
            own += fabs(past->y[then] - fmax(said->mean[k], 0));
            last += naive;
        }
        past->n++;
        spec->model->observe(state, past, spec);
    }
    return last > 0 ? 1 - own / last : NAN;
}

fsc_status fsc_gate_try(double *skill, fsc_past *past, size_t day_n, const fsc_model_spec *spec,
                        fsc_arena *scratch, fsc_err *err)
{
    const fsc_model_ops *m = spec->model;
    const fsc_forecast_request *r = &spec->request;
    size_t n = past->n, least = (m->min_days > 1 ? m->min_days : 1) * past->day;
    *skill = NAN;
    if (!past->day || day_n < least + past->day)
        return FSC_OK;
    void *state = fsc_arena_alloc(scratch, 1, m->state_bytes(spec), err);
    fsc_prediction said = {.mean = FSC_NEW(scratch, r->n_horizons, double, err),
                           .v = FSC_NEW(scratch, r->n_horizons * r->n_q, double, err)};
    if (!state || !said.mean || !said.v)
        return FSC_NOMEM;
    past->n = day_n - past->day;
    fsc_status status = m->fit(state, past, spec, scratch, err);
    if (status == FSC_OK)
        *skill = walk(state, past, day_n, spec, &said);
    past->n = n;
    return status;
}

const char *fsc_gate_reason(double skill, double naive, fsc_arena *a, fsc_err *err)
{
    if (skill < -noise)
        return fsc_arena_printf(
            a, err, "no skill: its recent losses are %.0f%% above the last value's", -100 * skill);
    if (skill < season_noise && 1 - skill > naive + season_noise)
        return fsc_arena_printf(a, err,
                                "no skill: its recent losses are %.0f%% of the last value's, those "
                                "of the same time a day or a week before %.0f%%",
                                100 * (1 - skill), 100 * naive);
    return NULL;
}
