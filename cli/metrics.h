/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics of a run on their way: to a file, standard output, or a Pushgateway. */
#ifndef FSC_CLI_METRICS_H
#define FSC_CLI_METRICS_H

#include "cli/session.h"
#include "forescale/metrics.h"

/* --metrics -: standard output carries the metrics and nothing else. */
bool fsc_metrics_take_stdout(const fsc_cli *cli);

/* Sends to where --metrics or the configuration says. A dry run tells standard output alone: what
 * it planned is not in force. A failure is logged and changes no exit code, for what the run did is
 * done; the gauges that stay old tell. */
void fsc_metrics_send(fsc_session *s, const fsc_metrics_run *r, bool dry);

#endif
