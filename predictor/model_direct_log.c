/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The direct regression for each horizon, in logs, alone: see mix.h. */
#include "mix.h"

static const fsc_expert_set experts = {1U << FSC_EXPERT_LOG, 1U << FSC_EXPERT_LOG};

const fsc_model_ops fsc_model_direct_log = {
    .name = "direct_log",
    .summary = "Direct robust regression on seasonal profiles, in logs.",
    .variant = &experts,
    FSC_MIX_FUNCTIONS,
};
