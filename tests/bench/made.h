/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made demand for figures. */
#ifndef FSC_BENCH_MADE_H
#define FSC_BENCH_MADE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Requests in minute i of one of many services: a day's shape and the noise of a count. */
static inline double made_value(size_t series, size_t i)
{
    uint64_t x = (series + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ i * UINT64_C(0xD1342543DE82EF95);
    x ^= x >> 29;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    x ^= x >> 32;
    double day = sin(6.283185307179586 * (double)((i + 37 * series) % 1440) / 1440);
    double mean = (1.2 + day) * (double)(20 + series % 500);
    double noise = (double)(x & 0xFFFF) / 65536 + (double)(x >> 16 & 0xFFFF) / 65536 +
                   (double)(x >> 32 & 0xFFFF) / 65536 - 1.5;
    return floor(fmax(0, mean + 2 * noise * sqrt(mean)));
}

#endif
