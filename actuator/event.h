/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events (events.k8s.io/v1) on the scaled object: few, only on change. */
#ifndef FORESCALE_EVENT_H
#define FORESCALE_EVENT_H

#include "forescale/log.h"
#include "forescale/target.h"

typedef struct fsc__event {
    int64_t at;
    const char *run_id; /* "" or NULL: a restore's */
    const char *reason, *action, *note;
    bool is_warning;
} fsc__event;

/* A failure is logged and changes nothing. Where the target is no object of Kubernetes': nothing.
 */
void fsc__event_post(fsc_kube *k, const fsc_target_ref *ref, const fsc_target_seen *seen,
                     const fsc__event *e, const fsc_log *log, fsc_arena *a);

/* Fills reason and action of a write from `seen` to these bounds; NULL where none changes (a
 * renewal). */
const fsc__event *fsc__event_of_change(fsc__event *e, const fsc_target_ops *ops,
                                       const fsc_target_seen *seen, int64_t min, int64_t max);

#endif
