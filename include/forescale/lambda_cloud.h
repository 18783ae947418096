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
    const char *ip, *private_ip; /* "" while it has none */
    int64_t micros_per_h;
} fsc_lambda_instance;

/* All instances that bill (booting, active and unhealthy ones), page by page. FSC_DATA where one
 * has no price: it must not count as nothing. */
fsc_status fsc_lambda_list(fsc_lambda_instance **out, size_t *n, fsc_http *http,
                           const fsc_api_config *api, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The price of an instance of a type for an hour. FSC_MISSING: there is no such type. */
fsc_status fsc_lambda_price(int64_t *micros_per_h, fsc_http *http, const fsc_api_config *api,
                            const char *type, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* What is to be launched. The script of user_data_file is what makes a machine join a cluster. */
typedef struct fsc_lambda_order {
    const char *name, *type, *region, *ssh_key;
    const char *user_data_file; /* NULL: none */
    int64_t count;
} fsc_lambda_order;

/* One call, sent once: a launch whose answer is lost may have happened, and the next run counts. */
fsc_status fsc_lambda_launch(fsc_http *http, const fsc_api_config *api,
                             const fsc_lambda_order *order, fsc_arena *a, fsc_err *err) FSC_CHECKED;
fsc_status fsc_lambda_terminate(fsc_http *http, const fsc_api_config *api, const char *const *ids,
                                size_t n, fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
