/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backtests as a picture: one HTML file that opens offline: what was said, the band, what came, and
 * the errors beside the naive ones. */
#ifndef FSC_BACKTEST_PICTURE_H
#define FSC_BACKTEST_PICTURE_H

#include "cli/cli.h"
#include "forescale/backtest.h"

/* Of those of the n whose results[i] is FSC_OK. */
fsc_status fsc_backtest_picture(const char *path, const fsc_backtest *list,
                                const fsc_status *results, size_t n, const fsc_zone *zone,
                                fsc_cli *cli, fsc_err *err) FSC_CHECKED;

#endif
