/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lambda's cloud: instances and what they cost. The API allows about one request a second, and one
 * launch in ten seconds; a 429 is tried again as http.h says. Prices are whole cents of USD.
 */
#ifndef FORESCALE_LAMBDA_CLOUD_H
#define FORESCALE_LAMBDA_CLOUD_H

#include "forescale/http.h"

typedef struct fsc_lambda_instance {
    const char *id, *name, *status, *type, *region;
    int64_t micros_per_h;
} fsc_lambda_instance;

/* All instances that bill (booting, active and unhealthy ones), page by page. FSC_DATA where one
 * has no price: it must not count as nothing. */
fsc_status fsc_lambda_list(fsc_lambda_instance **out, size_t *n, fsc_http *http,
                           const fsc_config *cfg, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The price of an instance of a type for an hour. FSC_MISSING: there is no such type. */
fsc_status fsc_lambda_price(int64_t *micros_per_h, fsc_http *http, const fsc_config *cfg,
                            const char *type, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* A call of the API; body NULL: GET, else POST. *out is the answer's `data`, *next_page its
 * `page_token` or NULL. Errors begin with the API's own code. */
fsc_status fsc_lambda_call(const fsc_node **out, const char **next_page, fsc_http *http,
                           const fsc_config *cfg, const char *path, const char *body, int tries,
                           fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
