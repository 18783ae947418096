/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The direct regression for each horizon, in levels, alone: see mix.h. */
#include "mix.h"

static const fsc_expert_set experts = {1U << FSC_EXPERT_LEVEL, 1U << FSC_EXPERT_LEVEL};

const fsc_model_ops fsc_model_direct_level = {
    .name = "direct_level",
    .summary = "Direct robust regression on seasonal profiles, in levels.",
    .variant = &experts,
    FSC_MIX_FUNCTIONS,
};
