/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holt-Winters' additive method with a damped trend and a daily season, ETS(A,Ad,A). */
#include "smoothing.h"

static const fsc_smoothing_kind kind = {.multiplicative = false};

const fsc_model_ops fsc_model_holt_winters = {
    .name = "holt_winters",
    .summary = "Additive Holt-Winters with a damped trend and a daily season, ETS(A,Ad,A).",
    .variant = &kind,
    FSC_SMOOTHING_FUNCTIONS,
};
