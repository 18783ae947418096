/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value of the same local time a week before. */
#include "seasonal.h"

static const size_t days = 7;

const fsc_model_ops fsc_model_seasonal_naive_week = {
    .name = "seasonal_naive_week",
    .summary = "The value of the same time a week before.",
    .variant = &days,
    .min_days = 8,
    FSC_SEASONAL_FUNCTIONS,
};
