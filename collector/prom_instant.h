/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_COLLECTOR_PROM_INSTANT_H
#define FSC_COLLECTOR_PROM_INSTANT_H

#include "forescale/http.h"

/* The URL of a path of Prometheus's API, behind whatever slashes end prometheus.url. */
const char *fsc__prom_url(const fsc_config *cfg, const char *path, fsc_arena *a, fsc_err *err);

/* The largest value of an instant query at a time. FSC_MISSING: it has none. */
fsc_status fsc__prom_largest(double *out, fsc_http *http, const fsc_config *cfg, const char *query,
                             int64_t at, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The label matcher `name="value"`, escaped as PromQL wants it. */
void fsc__prom_matcher(fsc_buf *out, const char *name, const char *value);

#endif
