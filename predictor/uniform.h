/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_UNIFORM_H
#define FSC_UNIFORM_H

#include <stdint.h>

/* A reproducible number in [0, 1) (splitmix64: Steele, Lea, Flood 2014). */
static inline double uniform(uint64_t seed, uint64_t i, uint64_t j)
{
    uint64_t z =
        seed + (i + 1) * UINT64_C(0x9E3779B97F4A7C15) + (j + 1) * UINT64_C(0xD1B54A32D192ED03);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

#endif
