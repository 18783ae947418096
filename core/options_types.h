/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading options and describing them share. */
#ifndef FSC_CORE_OPTIONS_TYPES_H
#define FSC_CORE_OPTIONS_TYPES_H

#include "forescale/options.h"
#include "forescale/time.h"

/* How messages and the reference name a value of each fsc_opt_type. */
extern const char *const fsc__option_labels[];

/* A row's bound as its values are written ("6h" of a duration); returns out. */
const char *fsc__option_bound(char out[FSC_TIME_TEXT], const fsc_opt *row, double bound);

#endif
