/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Independent items over the machine's cores; threads start nowhere else. */
#ifndef FSC_PARALLEL_H
#define FSC_PARALLEL_H

#include "forescale/arena.h"

typedef struct fsc_parallel fsc_parallel;

/* Calls work(ctx, i, arena, &errs[i]) for each i below n; the arenas, one a worker, live until the
 * close. A failed item stops no other: results[i] tells. */
typedef fsc_status (*fsc_parallel_work)(void *ctx, size_t i, fsc_arena *a, fsc_err *err);
fsc_status fsc_parallel_run(fsc_parallel **out, size_t n, fsc_parallel_work work, void *ctx,
                            fsc_status *results, fsc_err *errs, fsc_err *err) FSC_CHECKED;
void fsc_parallel_close(fsc_parallel *p);

#endif
