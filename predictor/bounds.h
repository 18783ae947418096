/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_BOUNDS_H
#define FSC_BOUNDS_H

#include <math.h>
#include <stdint.h>

static inline int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whole pods or nodes for so many of them; demand may be any number, as a source tells it. */
static inline int64_t whole(double x)
{
    const double most = 1e15; /* exact, and far above any real one */
    return (int64_t)ceil(fmin(fmax(x, 0), most) - 1e-9);
}

#endif
