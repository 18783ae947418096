/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AWS: who we are, where, and calls of the two protocols that we need, each signed (SigV4) and by
 * POST, or GET without a query. Credentials come from the first of: the environment, the profile
 * (AWS_PROFILE) of the shared files, a web identity (EKS service accounts), a container's endpoint
 * (EKS Pod Identity, ECS), the instance (IMDSv2). AWS_ENDPOINT_URL, or that of one service
 * (AWS_ENDPOINT_URL_EC2), replaces Amazon's own addresses.
 */
#ifndef FORESCALE_AWS_H
#define FORESCALE_AWS_H

#include "forescale/http.h"

typedef struct fsc_aws fsc_aws;

/* region NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's. FSC_CONFIG where
 * there are no credentials or no region, with what to do. Lives in the arena. */
fsc_status fsc_aws_open(fsc_aws **out, fsc_http *http, const char *region, fsc_arena *a,
                        fsc_err *err) FSC_CHECKED;

typedef struct fsc_aws_api { /* of the Query protocol */
    const char *service, *version;
} fsc_aws_api;
extern const fsc_aws_api fsc_aws_ec2, fsc_aws_autoscaling;

/* An action of the Query protocol. *out is the answer's root element. An error answer's code stands
 * at the beginning of err's message; throttling is retryable. */
fsc_status fsc_aws_query(const fsc_node **out, fsc_aws *aws, const fsc_aws_api *api,
                         const char *action, fsc_string_map params, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;

/* A call of a service that speaks JSON; path begins with '/' and has plain names alone. body NULL:
 * GET, else POST. */
fsc_status fsc_aws_json(const fsc_node **out, fsc_aws *aws, const char *service, const char *path,
                        const char *body, fsc_arena *a, fsc_err *err) FSC_CHECKED;

#endif
