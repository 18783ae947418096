/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A forecasting model: one file predictor/model_NAME.c and one word in its CMakeLists. A model is a
 * fit (daily, on the past), an observation of each new grid point, and a prediction. Its state is
 * flat: a block of bytes without pointers, of a size fixed at opening, so that it can be kept and
 * resumed; what lasts a day comes first.
 */
#ifndef FORESCALE_MODEL_H
#define FORESCALE_MODEL_H

#include "forescale/forecast.h"

struct fsc_past;

typedef struct fsc_model_spec {
    const fsc_model_ops *model;
    fsc_forecast_request request;
    int32_t step_s;
    const void *opts; /* the model's option struct */
} fsc_model_spec;

/* Where a prediction goes: mean[h] and v[h * n_q + j]; the forecaster makes them monotone and >= 0.
 */
typedef struct fsc_prediction {
    double *mean, *v;
} fsc_prediction;

struct fsc_model_ops {
    const char *name, *summary;
    const fsc_opt *opts; /* NULL: none */
    size_t opts_size;
    const void
        *variant;       /* what sets it apart from models that share its functions; NULL: nothing */
    size_t min_days;    /* of history, below which it does not fit */
    bool seasonal;      /* needs a step that divides a day */
    bool uses_features; /* wants past->features */
    size_t warm_days;   /* what it learned before so many local midnights ago is forgotten */
    size_t (*state_bytes)(const fsc_model_spec *spec);
    size_t (*day_bytes)(const fsc_model_spec *spec); /* the first of them, which
                                                         fit alone changes; NULL: none */
    /* Estimates everything from past->n points. scratch is rewound by the caller. */
    fsc_status (*fit)(void *state, struct fsc_past *past, const fsc_model_spec *spec,
                      fsc_arena *scratch, fsc_err *err);
    /* The newest point of the past has just been appended. Costs no more with a longer past. */
    void (*observe)(void *state, struct fsc_past *past, const fsc_model_spec *spec);
    void (*predict)(fsc_prediction *out, const void *state, const struct fsc_past *past,
                    const fsc_model_spec *spec);
    /* After a state was loaded beside a past that was restored: what the past's features need of
     * it. NULL: nothing. */
    void (*resume)(const void *state, struct fsc_past *past, const fsc_model_spec *spec);
    /* 1 - own loss / last value's loss on the recent past, NaN where it is not known. NULL: the
     * model keeps no scores, and is tried out on the day before. */
    double (*skill)(const void *state, const fsc_model_spec *spec);
};

/* The fallback, the default, and what one of its experts is a state of: no model of its own. */
extern const fsc_model_ops fsc_model_last_value, fsc_model_mix, fsc_model_double_seasonal_day;

#endif
