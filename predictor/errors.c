/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"
#include "linear.h"

#include <math.h>

fsc_status fsc_error_quantiles(double *out, const fsc_past *past, const fsc_forecast_request *r,
                               fsc_point point, const void *ctx, fsc_arena *scratch, fsc_err *err)
{
    size_t span = past->day ? FSC_ERROR_DAYS * past->day : 1000;
    double *e = FSC_NEW(scratch, span, double, err), *w = FSC_NEW(scratch, span, double, err);
    if (!e || !w)
        return FSC_NOMEM;
    for (size_t k = 0; k < r->n_horizons; k++) {
        size_t h = (size_t)r->horizon[k], n = 0;
        size_t from = past->n > span + h ? past->n - span : h;
        for (size_t i = from; i < past->n; i++) {
            double p = isnan(past->y[i]) ? NAN : point(past, ctx, i - h, h);
            if (isnan(p))
                continue;
            e[n] = past->y[i] - p;
            w[n++] = 1.0;
        }
        for (size_t j = 0; j < r->n_q; j++)
            out[k * r->n_q + j] = 0;
        if (n)
            FSC_TRY(fsc_weighted_quantiles(out + k * r->n_q, r->q, r->n_q, e, w, n, scratch, err));
    }
    return FSC_OK;
}

void fsc_predict_by_errors(fsc_prediction *out, const double *quantiles, const fsc_past *past,
                           const fsc_forecast_request *r, fsc_point point, const void *ctx)
{
    for (size_t k = 0; k < r->n_horizons; k++) {
        double p = point(past, ctx, past->n - 1, (size_t)r->horizon[k]);
        p = isnan(p) ? past->filled[past->n - 1] : p;
        out->mean[k] = p;
        for (size_t j = 0; j < r->n_q; j++)
            out->v[k * r->n_q + j] = p + quantiles[k * r->n_q + j];
    }
}
