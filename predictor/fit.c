/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <math.h>

typedef struct problem {
    fsc_objective_fn f;
    void *ctx;
} problem;

static double call(const gsl_vector *v, void *p)
{
    const problem *q = p;
    double y = q->f(v->data, q->ctx); /* our vectors have stride 1 */
    return isfinite(y) ? y : 1e300;
}

double fsc_fit_bound(double free_value, double low, double high)
{
    return low + (high - low) / (1.0 + exp(-free_value));
}

double fsc_fit_free(double bounded, double low, double high)
{
    double share = (bounded - low) / (high - low);
    return log(share / (1.0 - share));
}

fsc_status fsc_fit_simplex(double *x, size_t n, double first_step, int max_rounds, double tolerance,
                           fsc_objective_fn f, void *ctx, fsc_err *err)
{
    problem p = {f, ctx};
    gsl_multimin_function fn = {call, n, &p};
    gsl_set_error_handler_off(); /* its default aborts the process */
    gsl_multimin_fminimizer *m =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, n);
    gsl_vector *start = gsl_vector_alloc(n), *step = gsl_vector_alloc(n);
    fsc_status status = FSC_OK;
    if (!m || !start || !step) {
        status = fsc_fail(err, FSC_NOMEM, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        gsl_vector_set(start, i, x[i]);
        gsl_vector_set(step, i, first_step);
    }
    int code = gsl_multimin_fminimizer_set(m, &fn, start, step);
    for (int round = 0; code == GSL_SUCCESS && round < max_rounds; round++) {
        code = gsl_multimin_fminimizer_iterate(m);
        if (gsl_multimin_test_size(gsl_multimin_fminimizer_size(m), tolerance) == GSL_SUCCESS)
            break;
    }
    if (code != GSL_SUCCESS && code != GSL_ENOPROG) {
        status = fsc_fail(err, FSC_DATA, "the fit failed: %s", gsl_strerror(code));
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = gsl_vector_get(gsl_multimin_fminimizer_x(m), i);
out:
    if (m)
        gsl_multimin_fminimizer_free(m);
    if (start)
        gsl_vector_free(start);
    if (step)
        gsl_vector_free(step);
    return status;
}
