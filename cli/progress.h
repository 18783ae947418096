/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bar on standard error, only where that is a terminal. Any thread may advance it. */
#ifndef FSC_PROGRESS_H
#define FSC_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct fsc_progress {
    bool on;
    const char *what;
    atomic_int percent; /* shown */
} fsc_progress;

void fsc_progress_begin(fsc_progress *p, const char *what);
void fsc_progress_at(fsc_progress *p, double share); /* 0 to 1 */
void fsc_progress_end(fsc_progress *p);              /* the line is gone */

#endif
