/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seasonal naive models: their option, or their variant (a size_t), is the season in days. */
#ifndef FSC_SEASONAL_H
#define FSC_SEASONAL_H

#include "errors.h"

size_t fsc_seasonal_state_bytes(const fsc_model_spec *spec);
fsc_status fsc_seasonal_fit(void *state, fsc_past *past, const fsc_model_spec *spec,
                            fsc_arena *scratch, fsc_err *err) FSC_CHECKED;
void fsc_seasonal_observe(void *state, fsc_past *past, const fsc_model_spec *spec);
void fsc_seasonal_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                          const fsc_model_spec *spec);

#define FSC_SEASONAL_FUNCTIONS                                                                     \
    .seasonal = true, .state_bytes = fsc_seasonal_state_bytes, .fit = fsc_seasonal_fit,            \
    .observe = fsc_seasonal_observe, .predict = fsc_seasonal_predict

#endif
