/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chunk: up to FSC_CHUNK_POINTS values of a regular grid, without loss, in one to three bytes a
 * sample for counts and short decimals. Its bytes, in order:
 *
 * - 1 byte: version in the high four bits (1), mode in the low four.
 *
 * - Varints (LEB128): points, number of runs, and each run's length. Runs are present and missing
 *   samples in turn; the first is of present ones and may be empty.
 *
 * - 1 byte: scale. The present values become 64-bit integers: mode DECIMAL, value = integer /
 *   10^scale, for values of which that is true to the last bit; mode BITS, the IEEE 754 pattern of
 *   value = integer << scale, for all others.
 *
 * - 1 byte: order, 1 or 2. The integers' differences of that order, zigzag-coded, follow in blocks
 *   of 32: a Rice parameter in 6 bits, then for each the quotient in unary and the remainder (R. F.
 *   Rice, JPL 79-22, 1979). A quotient of 40 ones stands for 64 plain bits. Zero bits fill the last
 *   byte.
 *
 * - 4 bytes: CRC-32 of all before, little-endian.
 *
 * Decoding is safe on any bytes and takes no memory beside the caller's.
 */
#ifndef FSC_CHUNK_H
#define FSC_CHUNK_H

#include "forescale/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FSC_CHUNK_POINTS = 720,
    /* At most 66 bits a value (parameter 62), 6 bits a block, and two bytes a run. */
    FSC_CHUNK_MAX_BYTES = 16 + 11 * FSC_CHUNK_POINTS
};

/* Encodes v[n] (n <= FSC_CHUNK_POINTS; NaN is a gap) into out; returns the bytes used. */
size_t fsc_chunk_encode(uint8_t out[FSC_CHUNK_MAX_BYTES], const double *v, size_t n);

/* Decodes into v[FSC_CHUNK_POINTS], of which the first *n are set. FSC_STORE, with v and *n as they
 * were or partly written, when the bytes are no chunk. */
fsc_status fsc_chunk_decode(double *v, size_t *n, const void *bytes, size_t n_bytes,
                            fsc_err *err) FSC_CHECKED;

#endif
