/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last value stays: what a reactive autoscaler assumes, and the anchor that others must beat.
 */
#include "errors.h"

#include <math.h>

static double point(const fsc_past *past, const void *ctx, size_t t, size_t h)
{
    (void)ctx;
    (void)h;
    return past->filled[t];
}

static size_t state_bytes(const fsc_model_spec *spec)
{
    return spec->request.n_horizons * spec->request.n_q * sizeof(double);
}

static fsc_status fit(void *state, fsc_past *past, const fsc_model_spec *spec, fsc_arena *scratch,
                      fsc_err *err)
{
    return fsc_error_quantiles(state, past, &spec->request, point, NULL, scratch, err);
}

static void observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    (void)state;
    (void)past;
    (void)spec;
}

static void predict(fsc_prediction *out, const void *state, const fsc_past *past,
                    const fsc_model_spec *spec)
{
    fsc_predict_by_errors(out, state, past, &spec->request, point, NULL);
}

static double skill(const void *state, const fsc_model_spec *spec)
{
    (void)state;
    (void)spec;
    return 0.0;
}

const fsc_model_ops fsc_model_last_value = {
    .name = "last_value",
    .summary = "The newest value stays; quantiles from its own errors.",
    .state_bytes = state_bytes,
    .fit = fit,
    .observe = observe,
    .predict = predict,
    .skill = skill,
};
