/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The document that forecast and backtest print: one object for each series that has a result. */
#ifndef FSC_SERIES_JSON_H
#define FSC_SERIES_JSON_H

#include "forescale/buf.h"

/* Adds the object of series i. */
typedef void (*fsc_series_json_add)(fsc_buf *out, const void *ctx, size_t i);

/* Of the n series those with results[i] == FSC_OK, to standard output one by one. */
fsc_status fsc_series_json_print(const char *kind, const fsc_status *results, size_t n,
                                 fsc_series_json_add add, const void *ctx, fsc_arena *a,
                                 fsc_err *err) FSC_CHECKED;

#endif
