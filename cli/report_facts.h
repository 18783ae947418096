/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts of a report, gathered once from the store, the models and the planner. */
#ifndef FSC_CLI_REPORT_FACTS_H
#define FSC_CLI_REPORT_FACTS_H

#include "cli/parallel.h"
#include "cli/session.h"
#include "forescale/report.h"

typedef struct fsc_report_gathered {
    fsc_report report;
    fsc_parallel *work; /* the facts live in its arenas, and in the command's; close it last */
} fsc_report_gathered;

/* horizon_s: how far ahead, in whole hours; as much of the past is shown. The session's store is
 * opened here. */
fsc_status fsc_report_gather(fsc_report_gathered *out, fsc_session *s, int64_t horizon_s,
                             fsc_err *err) FSC_CHECKED;

#endif
