/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_IO_AWS_LOGIN_H
#define FSC_IO_AWS_LOGIN_H

#include "forescale/aws.h"

struct fsc_aws {
    fsc_http *http;
    const char *region;
    fsc_http_sigv4 keys; /* service is set for each call */
};

/* aws_login.c: the first place that has credentials; one that has and does not give them is an
 * error. The region must be known. */
fsc_status fsc__aws_login(fsc_aws *aws, fsc_arena *a, fsc_err *err) FSC_CHECKED;
/* Where we run, by the instance's metadata. FSC_MISSING: no instance. */
fsc_status fsc__aws_instance_region(const char **out, fsc_http *http, fsc_arena *a,
                                    fsc_err *err) FSC_CHECKED;

/* aws_profile.c: a key of the profile in the shared files, NULL where it is not given. */
fsc_status fsc__aws_profile_get(const char **out, const char *key, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;
const char *fsc__aws_profile_name(void);

/* aws.c: a Query call, signed unless keys is NULL. */
fsc_status fsc__aws_query(const fsc_node **out, const fsc_aws *aws, const fsc_http_sigv4 *keys,
                          const fsc_aws_api *api, const char *action, fsc_string_map params,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The environment's value; NULL where it is not set or empty. */
const char *fsc__aws_env(const char *name);

#endif
