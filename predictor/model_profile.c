/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The course of the days before alone: see mix.h. */
#include "mix.h"

static const fsc_expert_set experts = {1U << FSC_EXPERT_PROFILE, 1U << FSC_EXPERT_PROFILE};

const fsc_model_ops fsc_model_profile = {
    .name = "profile",
    .summary = "What days of the same kind had at the same local time, their median.",
    .variant = &experts,
    FSC_MIX_FUNCTIONS,
};
