/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small charts for a terminal: drawn there only, so that what scripts read stays plain. */
#ifndef FSC_CHART_H
#define FSC_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Is standard output a terminal that shows UTF-8? */
bool fsc_chart_wanted(void);

/* One line of n values squeezed into `width` columns, each as high as the largest of its values
 * (NaN: a blank); `top` is a full block. */
void fsc_chart_line(FILE *f, const double *v, size_t n, size_t width, double top);

/* A bar of `width` columns: solid to `part` of `whole`, shaded from there to `upper`, then blank;
 * beyond the whole, full. */
void fsc_chart_band(FILE *f, double part, double upper, double whole, size_t width);

#endif
