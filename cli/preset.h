/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How model servers and queues tell their demand: requests in flight and waiting, never what was
 * completed. A further one is one row. */
#ifndef FSC_PRESET_H
#define FSC_PRESET_H

#include "forescale/status.h"

typedef struct fsc_preset {
    const char *name, *server;
    const char *query; /* PromQL */
    const char *unit;  /* of the demand */
    double per_replica;
    const char *note; /* what to know before trusting it */
} fsc_preset;

extern const fsc_preset fsc_presets[]; /* ends with a NULL name */

/* FSC_USAGE with the nearest name, or all of them. */
fsc_status fsc_preset_find(const fsc_preset **out, const char *name, fsc_err *err) FSC_CHECKED;

#endif
