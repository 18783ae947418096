/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's chunks: any bytes decode or are refused, also under a sum that fits them; what is
 * encoded comes back bit by bit. */
#include "core/store/chunk.h"
#include "fuzz/fuzz.h"

#include <zlib.h>

enum { SUM_BYTES = 4 };

static void decode(const uint8_t *bytes, size_t n)
{
    static double v[FSC_CHUNK_POINTS];
    size_t points = 0;
    fsc_err err = FSC_ERR_INIT;
    fsc_status status = fsc_chunk_decode(v, &points, bytes, n, &err);
    if (status == FSC_OK ? points > FSC_CHUNK_POINTS : !err.msg[0])
        abort();
}

static void with_sum(const uint8_t *data, size_t n)
{
    static uint8_t bytes[1 << 16];
    if (n + SUM_BYTES > sizeof bytes)
        return;
    memcpy(bytes, data, n);
    uint32_t sum = (uint32_t)crc32(0, data, (uInt)n);
    for (int i = 0; i < SUM_BYTES; i++)
        bytes[n + (size_t)i] = (uint8_t)(sum >> 8 * i);
    decode(bytes, n + SUM_BYTES);
}

static bool is_same(double a, double b)
{
    return (a != a && b != b) || !memcmp(&a, &b, sizeof a);
}

static void round_trip(const uint8_t *data, size_t n)
{
    static double v[FSC_CHUNK_POINTS], back[FSC_CHUNK_POINTS];
    static uint8_t bytes[FSC_CHUNK_MAX_BYTES];
    size_t points = n / sizeof *v < FSC_CHUNK_POINTS ? n / sizeof *v : FSC_CHUNK_POINTS, got = 0;
    fsc_err err = FSC_ERR_INIT;
    memcpy(v, data, points * sizeof *v);
    if (fsc_chunk_decode(back, &got, bytes, fsc_chunk_encode(bytes, v, points), &err) != FSC_OK ||
        got != points)
        abort();
    for (size_t i = 0; i < points; i++)
        if (!is_same(v[i], back[i]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    decode(data, n);
    with_sum(data, n);
    round_trip(data, n);
    return 0;
}
