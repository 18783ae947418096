/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_BOUNDS_H
#define FSC_BOUNDS_H

#include <stdint.h>

static inline int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
