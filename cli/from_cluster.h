/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration from the autoscalers that a cluster has. */
#ifndef FSC_FROM_CLUSTER_H
#define FSC_FROM_CLUSTER_H

#include "cli/cli.h"

/* Appends a whole configuration. namespace_ NULL: all of them. What cannot work is written as a
 * comment with the reason. FSC_MISSING where there is nothing to scale. */
fsc_status fsc_from_cluster(fsc_buf *out, fsc_cli *cli, const char *namespace_,
                            fsc_err *err) FSC_CHECKED;

#endif
