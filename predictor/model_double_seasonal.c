/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two seasons, of the day and of the week, with the first autocorrelation of the errors carried on
 * (Taylor 2003, Short-term electricity demand forecasting using double seasonal exponential
 * smoothing). */
#include "smoothing.h"

static const fsc_smoothing_kind kind = {.weekly = true, .autoregressive = true};

const fsc_model_ops fsc_model_double_seasonal = {
    .name = "double_seasonal",
    .summary = "Holt-Winters with a daily and a weekly season and AR(1) errors (Taylor 2003).",
    .variant = &kind,
    FSC_SMOOTHING_FUNCTIONS,
};

static const fsc_smoothing_kind for_a_day = {
    .weekly = true, .autoregressive = true, .for_a_day = true};

const fsc_model_ops fsc_model_double_seasonal_day = {.variant = &for_a_day};
