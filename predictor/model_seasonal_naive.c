/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value of the same local time one season before (Hyndman and Athanasopoulos, Forecasting 3rd
 * ed., 5.2). */
#include "seasonal.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    int season;
} options;

static const size_t season_days[] = {1, 7};
static const char *const season_words[] = {"day", "week", NULL};
static const fsc_opt rows[] = {
    {"season", FSC_OPT_ENUM, offsetof(options, season), .def = "day", .words = season_words,
     .doc = "Length of the season."},
    {0},
};

static double point(const fsc_past *past, const void *ctx, size_t t, size_t h)
{
    size_t days = *(const size_t *)ctx;
    size_t season = days * past->day, whole = (h + season - 1) / season;
    size_t i = fsc_past_days_before(past, t + h, whole * days);
    return i <= t ? past->filled[i] : NAN;
}

static const size_t *days_of(const fsc_model_spec *spec)
{
    const options *o = spec->opts;
    return o ? &season_days[o->season] : spec->model->variant;
}

size_t fsc_seasonal_state_bytes(const fsc_model_spec *spec)
{
    return spec->request.n_horizons * spec->request.n_q * sizeof(double);
}

fsc_status fsc_seasonal_fit(void *state, fsc_past *past, const fsc_model_spec *spec,
                            fsc_arena *scratch, fsc_err *err)
{
    return fsc_error_quantiles(state, past, &spec->request, point, days_of(spec), scratch, err);
}

void fsc_seasonal_observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    (void)state;
    (void)past;
    (void)spec;
}

void fsc_seasonal_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                          const fsc_model_spec *spec)
{
    fsc_predict_by_errors(out, state, past, &spec->request, point, days_of(spec));
}

const fsc_model_ops fsc_model_seasonal_naive = {
    .name = "seasonal_naive",
    .summary = "The value of the same time a day before.",
    .opts = rows,
    .opts_size = sizeof(options),
    .min_days = 2,
    FSC_SEASONAL_FUNCTIONS,
};
