/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the doctor knows of objects that are known to disappoint. Rules look at objects alone, so
 * that they are tested without a cluster; cmd_check.c fetches. */
#ifndef FSC_DOCTOR_H
#define FSC_DOCTOR_H

#include "forescale/config.h"

typedef struct fsc_doctor_object {
    const fsc_workload_config *workload;
    const fsc_node *scaler; /* the ScaledObject or HPA; NULL: none */
    const fsc_node *scaled; /* the Deployment or StatefulSet; NULL: not read */
} fsc_doctor_object;

typedef struct fsc_finding {
    const char *what; /* "trigger 1", "pods" */
    const char *wrong, *why, *remedy;
    bool unfit; /* a query that cannot be taken for demand */
} fsc_finding;

typedef void (*fsc_doctor_tell)(void *ctx, const fsc_finding *f);

void fsc_doctor_examine(const fsc_doctor_object *o, fsc_doctor_tell tell, void *ctx);

#endif
