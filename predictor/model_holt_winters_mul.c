/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holt-Winters' method with a damped trend and a daily season that multiplies, ETS(A,Ad,M). */
#include "smoothing.h"

static const fsc_smoothing_kind kind = {.multiplicative = true};

const fsc_model_ops fsc_model_holt_winters_mul = {
    .name = "holt_winters_mul",
    .summary = "Holt-Winters with a damped trend and a daily season that multiplies, ETS(A,Ad,M).",
    .variant = &kind,
    FSC_SMOOTHING_FUNCTIONS,
};
