/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Planned and reported in full, never written. */
#include "forescale/target.h"

extern const fsc_target_ops fsc_target_none;

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    (void)k, (void)ref, (void)a, (void)err;
    *out = (fsc_target_seen){0};
    return FSC_OK;
}

const fsc_target_ops fsc_target_none = {
    .name = "None",
    .summary = "planned and reported in full, never written",
    .observe = observe,
};
