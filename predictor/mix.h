/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mix of experts, and the models that are one of its experts alone: a variant is the sets of
 * those that may weigh. */
#ifndef FSC_MIX_H
#define FSC_MIX_H

#include "experts.h"
#include "forescale/model.h"

enum { FSC_MIX_WARM_DAYS = 3 };

typedef struct fsc_expert_set { /* by bit */
    unsigned near, far;         /* at short horizons, at others */
} fsc_expert_set;

size_t fsc_mix_state_bytes(const fsc_model_spec *spec);
size_t fsc_mix_day_bytes(const fsc_model_spec *spec);
fsc_status fsc_mix_fit(void *state, fsc_past *past, const fsc_model_spec *spec, fsc_arena *scratch,
                       fsc_err *err) FSC_CHECKED;
void fsc_mix_observe(void *state, fsc_past *past, const fsc_model_spec *spec);
void fsc_mix_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                     const fsc_model_spec *spec);
void fsc_mix_resume(const void *state, fsc_past *past, const fsc_model_spec *spec);
double fsc_mix_skill(const void *state, const fsc_model_spec *spec);

#define FSC_MIX_FUNCTIONS                                                                          \
    .min_days = 2, .seasonal = true, .uses_features = true, .warm_days = FSC_MIX_WARM_DAYS,        \
    .state_bytes = fsc_mix_state_bytes, .day_bytes = fsc_mix_day_bytes, .fit = fsc_mix_fit,        \
    .observe = fsc_mix_observe, .predict = fsc_mix_predict, .resume = fsc_mix_resume,              \
    .skill = fsc_mix_skill

#endif
