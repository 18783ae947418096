/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantiles of a point forecaster by its own past errors at each horizon. */
#ifndef FSC_ERRORS_H
#define FSC_ERRORS_H

#include "forescale/model.h"
#include "past.h"

enum { FSC_ERROR_DAYS = 14 };

/* The point forecast made at index t for t + h, from nothing newer than t. */
typedef double (*fsc_point)(const fsc_past *past, const void *ctx, size_t t, size_t h);

/* out[h * n_q + j]: quantile q[j] of (value - point) over the last FSC_ERROR_DAYS; 0 where none is
 * known. */
fsc_status fsc_error_quantiles(double *out, const fsc_past *past, const fsc_forecast_request *r,
                               fsc_point point, const void *ctx, fsc_arena *scratch,
                               fsc_err *err) FSC_CHECKED;

/* mean and v from a point and its error quantiles. */
void fsc_predict_by_errors(fsc_prediction *out, const double *quantiles, const fsc_past *past,
                           const fsc_forecast_request *r, fsc_point point, const void *ctx);

#endif
