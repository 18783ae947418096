/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a forecast is good enough to be acted on: it is held where it has no skill against the
 * naive forecasts (the last value; the same local time a day and a week before) on the workload's
 * own recent past. Losses are counted in the last value's. A held workload is left to react, which
 * is no better than the last value: a season that is nearly never wrong does not condemn a forecast
 * that beats the last value by far.
 */
#ifndef FSC_GATE_H
#define FSC_GATE_H

#include "forescale/model.h"
#include "past.h"

/* Absolute error of the better seasonal naive forecast over the last value's, on the newest days,
 * as long as the mix's own scores go back, over the request's short horizons; NaN: not known. */
double fsc_gate_naive(const fsc_past *past, const fsc_forecast_request *r);

/* The skill of a model that keeps no scores, on the day before point day_n: it is fitted on what
 * was before that day and walked through it. NaN: too short a past. The past is left as it was. */
fsc_status fsc_gate_try(double *skill, fsc_past *past, size_t day_n, const fsc_model_spec *spec,
                        fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* NULL, or why nobody should act: skill is 1 - own loss / last value's loss. */
const char *fsc_gate_reason(double skill, double naive, fsc_arena *a, fsc_err *err);

#endif
