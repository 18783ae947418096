/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours with a meaning, the same in every command. Words beside them say as much: a colour never
 * tells alone. */
#ifndef FSC_COLOUR_H
#define FSC_COLOUR_H

#include "forescale/plan.h"
#include "forescale/status.h"

#include <stdio.h>

typedef enum fsc_meaning {
    FSC_MEANS_NOTHING,
    FSC_MEANS_OK,      /* works, written, far below its ceiling */
    FSC_MEANS_HELD,    /* not acted on, or a warning */
    FSC_MEANS_LIMITED, /* by a budget */
    FSC_MEANS_LATE,    /* too late, too old */
    FSC_MEANS_OVER,    /* over the ceiling, a promise that is void, a failure */
    FSC_MEANS_N
} fsc_meaning;

/* Prints to f, in the meaning's colour where f is a terminal that shows colours and nobody said
 * NO_COLOR or CLICOLOR=0. */
void fsc_paint(FILE *f, fsc_meaning m, const char *fmt, ...) FSC_PRINTF(3, 4);

fsc_meaning fsc_budget_meaning(fsc_budget_state s);
fsc_meaning fsc_outcome_meaning(const char *outcome); /* of a ledger's row; NULL: not settled */

#endif
