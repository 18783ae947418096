/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A forecaster, as forecast.c feeds and runs it and forecast_state.c keeps it. */
#ifndef FSC_FORECASTER_H
#define FSC_FORECASTER_H

#include "forescale/model.h"
#include "past.h"

struct fsc_forecaster {
    fsc_forecaster_config cfg;
    fsc_arena *arena;
    const fsc_model_ops *model;
    fsc_model_spec spec;
    fsc_past past;
    bool opened;     /* the past has a grid */
    size_t day_n;    /* points of the past before its newest local day */
    bool day_stored; /* the day's part of the state is as it was loaded */
    bool fitted;
    bool fits_daily; /* else, for horizons far ahead alone, at each run: nothing is learned in
                        between */
    size_t tried_n;  /* day_n for which `skill` of a model that keeps no scores is known */
    double skill;
    size_t state_bytes;
    void *state;
};

/* Its past begins at `start`. */
fsc_status fsc__forecaster_open_past(fsc_forecaster *f, int64_t start, fsc_err *err) FSC_CHECKED;

#endif
