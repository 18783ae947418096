/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exponential smoothing in the innovations form (Hyndman, Koehler, Ord, Snyder 2008, chapters 2 and
 * 3), one engine for the models that are variants of it:
 *   additive         e = y - (l + phi b + s);   l' = l + phi b + alpha e;    b' = phi b + beta e;
 *                    s' = s + gamma e
 *   multiplicative   e = y - (l + phi b) s;     l' = l + phi b + alpha e/s;  b' = phi b + beta e/s;
 *                    s' = s + gamma e/(l + phi b)
 *   weekly           a second season w, added, w' = w + omega e (Taylor 2003, in the form of Taylor
 *                    2010), once there are FSC_WEEKLY_DAYS of history
 *   autoregressive   what is forecast and scored is e less rho times the e before (Taylor 2003)
 * Parameters minimise the squared one-step error of the last days. Intervals are those of the
 * model: standardised one-step errors, times the root of 1 + the squared weights with which
 * later points take up an error (table 6.1 there); a multiplicative model's in units of its season.
 */
#ifndef FSC_SMOOTHING_H
#define FSC_SMOOTHING_H

#include "forescale/model.h"
#include "past.h"

typedef struct fsc_smoothing_kind { /* a model's variant */
    bool multiplicative, weekly, autoregressive;
    bool for_a_day; /* keeps of the (added) seasons their sum for the day after the fit alone, and
                       leaves it as it is: where fits are daily, later values are never asked for */
} fsc_smoothing_kind;

/* Below so much history a week is not told from chance. */
enum { FSC_WEEKLY_DAYS = 15 };

enum { FSC_ALPHA, FSC_BETA, FSC_GAMMA, FSC_PHI, FSC_OMEGA, FSC_RHO, FSC_N_PARAMETERS };

/* A state: this, seasons and error quantiles; then what moves fastest. */
typedef struct fsc_smoothing {
    double parameter[FSC_N_PARAMETERS];
    double least_level;           /* that an error is divided by */
    size_t day_phase, week_phase; /* in the seasons, of the first point after the fit */
} fsc_smoothing;

typedef struct fsc_smoothing_now {
    double level, trend, before; /* before: the last e, where it is carried on */
    size_t age;                  /* points since the fit */
} fsc_smoothing_now;

size_t fsc_smoothing_state_bytes(const fsc_model_spec *spec);
size_t fsc_smoothing_day_bytes(const fsc_model_spec *spec); /* without fsc_smoothing_now */
fsc_status fsc_smoothing_fit(void *state, fsc_past *past, const fsc_model_spec *spec,
                             fsc_arena *scratch, fsc_err *err) FSC_CHECKED;
void fsc_smoothing_observe(void *state, fsc_past *past, const fsc_model_spec *spec);
void fsc_smoothing_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                           const fsc_model_spec *spec);
/* The forecast h steps ahead, and what standardised errors are multiplied with there. */
void fsc_smoothing_ahead(double *mean, double *unit, const void *state, const fsc_model_spec *spec,
                         size_t h);
/* Quantiles of standardised errors at the levels of the request. */
const double *fsc_smoothing_quantiles(const void *state, const fsc_model_spec *spec);

#define FSC_SMOOTHING_FUNCTIONS                                                                    \
    .seasonal = true, .min_days = 3, .state_bytes = fsc_smoothing_state_bytes,                     \
    .fit = fsc_smoothing_fit, .observe = fsc_smoothing_observe, .predict = fsc_smoothing_predict

#endif
