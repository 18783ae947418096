/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The series that forecast and backtest work on, from a CSV or from the store, and the options that
 * say which, how far ahead, on which grid and at which levels.
 */
#ifndef FSC_INPUT_H
#define FSC_INPUT_H

#include "cli/session.h"

enum { FSC_MAX_LEVELS = 32 };

typedef struct fsc_input {
    size_t n;
    fsc_series *series;
    const char **model; /* [n] the command line's, else the workload's own; NULL: the default */
    fsc_time_form form; /* in which times came */
    const fsc_calendar *calendar;
    size_t n_q;
    double q[FSC_MAX_LEVELS];
} fsc_input;

/* Opens the session where the configuration or the store is needed; close it either way. Keeps the
 * series that the command line names, in its order. A step that the data does not have is made of
 * means, without the bucket that is not over. */
fsc_status fsc_input_read(fsc_input *out, fsc_session *s, fsc_cli *cli, fsc_err *err) FSC_CHECKED;

/* The CSV that the command line names, on the grid that it names or on its own. */
fsc_status fsc_input_csv(fsc_csv *out, fsc_cli *cli, fsc_err *err) FSC_CHECKED;
/* The series that feeds workload w: the file's only one where w is the only workload, else the one
 * of its name. NULL: there is none. */
const fsc_series *fsc_input_of(const fsc_csv *csv, const fsc_config *c, size_t w);

/* What the store keeps of a series, up to now. */
fsc_status fsc_input_stored(fsc_series *out, fsc_session *s, const char *id,
                            fsc_err *err) FSC_CHECKED;

/* --horizon in steps: "48" counts them, "30m" is a time; default 30m, at least 6 steps. */
fsc_status fsc_input_steps(size_t *out, const char *horizon, int32_t step_s,
                           fsc_err *err) FSC_CHECKED;

#define FSC_INPUT_ARGS                                                                             \
    {"input",                                                                                      \
     0,                                                                                            \
     FSC_ARG_TEXT,                                                                                 \
     offsetof(fsc_args, input),                                                                    \
     0,                                                                                            \
     "CSV",                                                                                        \
     NULL,                                                                                         \
     "History from a file (- for standard input), not from the store."},                           \
        {"horizon",                                                                                \
         0,                                                                                        \
         FSC_ARG_TEXT,                                                                             \
         offsetof(fsc_args, horizon),                                                              \
         0,                                                                                        \
         "TIME",                                                                                   \
         NULL,                                                                                     \
         "How far ahead: 30m, or a count of steps (30m, at least 6 steps)."},                      \
        {"step", 0,      FSC_ARG_TEXT, offsetof(fsc_args, step),                                   \
         0,      "TIME", NULL,         "The grid's step (the data's own)."},                       \
        {"quantiles", 0,      FSC_ARG_TEXT, offsetof(fsc_args, quantiles),                         \
         0,           "LIST", NULL,         "Levels to print (0.5,0.9,0.95)."},                    \
    {                                                                                              \
        "model", 0, FSC_ARG_TEXT, offsetof(fsc_args, model), 0, "NAME", NULL,                      \
            "The model: see forescale help model."                                                 \
    }

#endif
