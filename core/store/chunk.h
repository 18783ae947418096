/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chunk: up to FSC_CHUNK_POINTS values of a regular grid, without loss, in a few bytes a sample.
 *
 *   1 byte   version and mode
 *   varint   points; varint number of runs; the runs' lengths, present and gap in turn, present
 * first DECIMAL  (every value is an integer / 10^k): 1 byte k, 1 byte order (1 or 2: differences of
 * that order); differences in zigzag form, in blocks of 32: 6 bits Rice parameter, then quotients
 * in unary and remainders (Rice 1979); a quotient of ESCAPE stands for 64 plain bits XOR      (any
 * doubles): each value xor the one before, as 1 byte (leading, trailing zero bytes) and the rest 4
 * bytes  CRC-32 of everything before
 *
 * Decoding is safe on any bytes.
 */
#ifndef FSC_CHUNK_H
#define FSC_CHUNK_H

#include "forescale/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FSC_CHUNK_POINTS = 1024,
    FSC_CHUNK_MAX_BYTES = 16 + 5 * FSC_CHUNK_POINTS + 10 * FSC_CHUNK_POINTS
};

/* Encodes v[n] (n <= FSC_CHUNK_POINTS, NaN is a gap) into out; returns the bytes used. */
size_t fsc_chunk_encode(uint8_t out[FSC_CHUNK_MAX_BYTES], const double *v, size_t n);

/* Decodes into v[FSC_CHUNK_POINTS]; *n points. FSC_STORE when the bytes are no chunk. */
fsc_status fsc_chunk_decode(double *v, size_t *n, const void *bytes, size_t n_bytes,
                            fsc_err *err) FSC_CHECKED;

#endif
