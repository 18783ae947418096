/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Minimisation, by GSL's Nelder-Mead simplex (nmsimplex2): the only user of GSL's minimisers. */
#ifndef FSC_FIT_H
#define FSC_FIT_H

#include "forescale/status.h"

#include <stddef.h>

typedef double (*fsc_objective_fn)(const double *x, void *ctx);

/* Improves x[n] in place from its value; unbounded, so bounded parameters come transformed. */
fsc_status fsc_fit_simplex(double *x, size_t n, double first_step, int max_rounds, double tolerance,
                           fsc_objective_fn f, void *ctx, fsc_err *err) FSC_CHECKED;

/* (low, high) to the line and back, by the logistic function. */
double fsc_fit_bound(double free_value, double low, double high);
double fsc_fit_free(double bounded, double low, double high);

#endif
