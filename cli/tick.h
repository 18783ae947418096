/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of `plan --stream`: read and checked as a whole before anything of it is applied. */
#ifndef FSC_TICK_H
#define FSC_TICK_H

#include "cli/session.h"

typedef struct fsc_tick_samples {
    size_t n;
    fsc_sample *v;
} fsc_tick_samples;

typedef struct fsc_tick {
    int64_t at;
    /* parallel to the configuration's workloads, pools and budgets */
    fsc_tick_samples *samples;
    fsc_workload_now *workloads; /* the session's, with what the line says */
    fsc_pool_now *pools;
    fsc_budget_now *budgets;
} fsc_tick;

/* Everything lives in the arena; the session is not touched. */
fsc_status fsc_tick_read(fsc_tick *out, const fsc_session *s, const char *line, size_t n,
                         fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
