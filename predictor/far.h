/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Weeks ahead: what capacity planning asks. A regression for each horizon has hardly a row to learn
 * from there, so the course of the week (the same weekday and time, other days of its kind counting
 * less) is put on the level of the last weeks. Its errors are those that it would have made up to a
 * week ahead on the past; further ahead they grow as the weekly level has wandered.
 */
#ifndef FSC_FAR_H
#define FSC_FAR_H

#include "forescale/model.h"
#include "past.h"

/* From here on it counts more and more; a week ahead nothing else does. Measured on public traces
 * at steps of an hour (./dev bench forecast): 7, 14 and 28 days ahead the regressions' P90 held
 * 0.72, 0.57 and 0.46 of the values, this 0.92, 0.96 and 0.87. */
enum { FSC_FAR_S = 2 * FSC_DAY_S };

/* Blends a model's prediction over into the one of weeks, where horizons reach so far and the past
 * has a week. */
fsc_status fsc_far_blend(fsc_prediction *p, const fsc_past *past, const fsc_forecast_request *r,
                         fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

#endif
