/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One decision as a story with numbers: demand, forecast, quantile, lead, replicas, nodes, money,
 * and what was written. */
#ifndef FSC_STORY_H
#define FSC_STORY_H

#include "cli/colour.h"
#include "cli/session.h"

enum { FSC_STORY_LINES = 64 };

typedef struct fsc_story {
    const char *name; /* of the workload */
    size_t n;
    struct fsc_story_line {
        const char *topic; /* "demand", "forecast", ... */
        const char *text;
        fsc_meaning meaning;
    } lines[FSC_STORY_LINES];
} fsc_story;

/* Of workload w, from a session that has planned; ledger rows (newest first) may be none. Lives in
 * the session's arena. */
fsc_status fsc_story_tell(fsc_story *out, const fsc_session *s, const fsc_plan *plan, size_t w,
                          const fsc_ledger_entry *rows, size_t n_rows, fsc_err *err) FSC_CHECKED;

#endif
