/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chunk.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

enum {
    DECIMAL = 0x10,
    BITS = 0x11,
    MAX_DECIMALS = 9,
    BLOCK = 32,
    PARAMETER_BITS = 6,
    MAX_PARAMETER = 62,
    ESCAPE = 40,
    CRC_BYTES = 4,
    MIN_BYTES = 5 + CRC_BYTES /* head, points, runs, scale, order */
};

static const double powers[MAX_DECIMALS + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const double largest_exact = 9007199254740992.0; /* 2^53 */

/* ---- writing bits ---- */

/* FSC_CHUNK_MAX_BYTES bounds what is written: see the header. */
typedef struct writer {
    uint8_t *p;
    size_t n;
    uint64_t bits;
    unsigned used;
} writer;

static void put_byte(writer *w, uint8_t b)
{
    w->p[w->n++] = b;
}

static void put_varint(writer *w, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put_byte(w, (uint8_t)(v | 0x80));
    put_byte(w, (uint8_t)v);
}

static void put_bits(writer *w, uint64_t v, unsigned n)
{
    for (; n > 32; n -= 32)
        put_bits(w, v >> (n - 32), 32);
    w->bits = w->bits << n | (v & ((UINT64_C(1) << n) - 1));
    for (w->used += n; w->used >= 8; w->used -= 8)
        put_byte(w, (uint8_t)(w->bits >> (w->used - 8)));
}

static void flush_bits(writer *w)
{
    if (w->used)
        put_byte(w, (uint8_t)(w->bits << (8 - w->used)));
    w->used = 0;
}

/* ---- values as integers ---- */

/* Is v exactly m / 10^k, to the last bit? */
static bool as_decimal(double v, unsigned k, int64_t *m)
{
    double scaled = v * powers[k];
    if (!(fabs(scaled) < largest_exact))
        return false;
    *m = llround(scaled);
    double back = (double)*m / powers[k];
    return memcmp(&back, &v, sizeof v) == 0;
}

/* The fewest decimals that hold every value, if any do. */
static bool find_decimals(unsigned *scale, int64_t *out, const double *v, size_t n)
{
    *scale = 0;
    for (size_t i = 0; i < n;)
        if (as_decimal(v[i], *scale, &out[i]))
            i++;
        else if (++*scale > MAX_DECIMALS)
            return false;
        else
            i = 0; /* those before count in the finer scale as well */
    return true;
}

/* Neighbouring doubles of one sign have neighbouring patterns: their differences are small. */
static void take_bits(unsigned *scale, int64_t *out, const double *v, size_t n)
{
    uint64_t all = 0, bits;
    for (size_t i = 0; i < n; i++) {
        memcpy(&bits, &v[i], sizeof bits);
        all |= bits;
    }
    *scale = 0;
    while (all && !(all >> *scale & 1))
        ++*scale;
    for (size_t i = 0; i < n; i++) {
        memcpy(&bits, &v[i], sizeof bits);
        out[i] = (int64_t)(bits >> *scale);
    }
}

/* ---- encoding ---- */

static uint64_t zigzag(uint64_t d)
{
    return d << 1 ^ (0 - (d >> 63));
}

static uint64_t unzigzag(uint64_t z)
{
    return z >> 1 ^ (0 - (z & 1));
}

static void differences(uint64_t *out, const int64_t *m, size_t n, unsigned order)
{
    uint64_t before = 0, step = 0; /* unsigned: wraps, and wraps back */
    for (size_t i = 0; i < n; i++) {
        uint64_t d = (uint64_t)m[i] - before;
        out[i] = zigzag(order == 2 && i > 1 ? d - step : d);
        step = d;
        before = (uint64_t)m[i];
    }
}

static size_t rice_bits(const uint64_t *z, size_t n, unsigned parameter)
{
    size_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t quotient = z[i] >> parameter;
        bits += quotient < ESCAPE ? (size_t)quotient + 1 + parameter : ESCAPE + 64;
    }
    return bits;
}

static unsigned best_parameter(size_t *least, const uint64_t *z, size_t n)
{
    unsigned best = 0;
    *least = rice_bits(z, n, 0);
    /* A value takes more bits than the parameter: beyond that none is better. */
    for (unsigned r = 1; r <= MAX_PARAMETER && n * (r + 1) < *least; r++) {
        size_t bits = rice_bits(z, n, r);
        if (bits < *least) {
            *least = bits;
            best = r;
        }
    }
    return best;
}

static void put_rice(writer *w, uint64_t z, unsigned parameter)
{
    uint64_t quotient = z >> parameter;
    if (quotient >= ESCAPE) {
        put_bits(w, UINT64_MAX, ESCAPE);
        put_bits(w, z, 64);
        return;
    }
    put_bits(w, UINT64_MAX << 1, (unsigned)quotient + 1);
    put_bits(w, z, parameter);
}

/* The differences of one order, and what they cost. */
typedef struct coding {
    uint64_t z[FSC_CHUNK_POINTS];
    uint8_t parameters[(FSC_CHUNK_POINTS + BLOCK - 1) / BLOCK];
    size_t bits;
} coding;

static size_t block_size(size_t at, size_t n)
{
    return n - at < BLOCK ? n - at : BLOCK;
}

static void plan_coding(coding *c, const int64_t *m, size_t n, unsigned order)
{
    differences(c->z, m, n, order);
    c->bits = 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t least;
        c->parameters[i / BLOCK] = (uint8_t)best_parameter(&least, c->z + i, block_size(i, n));
        c->bits += PARAMETER_BITS + least;
    }
}

static void put_coding(writer *w, const coding *c, size_t n)
{
    for (size_t i = 0; i < n; i += BLOCK) {
        unsigned parameter = c->parameters[i / BLOCK];
        put_bits(w, parameter, PARAMETER_BITS);
        for (size_t k = i; k < i + block_size(i, n); k++)
            put_rice(w, c->z[k], parameter);
    }
    flush_bits(w);
}

/* Gathers the values that are there; returns how many. */
static size_t put_runs(writer *w, double *present, const double *v, size_t n)
{
    size_t lengths[FSC_CHUNK_POINTS + 1], runs = 0, count = 0, kept = 0;
    bool in_gap = false;
    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i]) != in_gap) {
            lengths[runs++] = count;
            count = 0;
            in_gap = !in_gap;
        }
        count++;
        if (!in_gap)
            present[kept++] = v[i];
    }
    lengths[runs++] = count;
    put_varint(w, n);
    put_varint(w, runs);
    for (size_t i = 0; i < runs; i++)
        put_varint(w, lengths[i]);
    return kept;
}

size_t fsc_chunk_encode(uint8_t out[FSC_CHUNK_MAX_BYTES], const double *v, size_t n)
{
    double present[FSC_CHUNK_POINTS];
    int64_t m[FSC_CHUNK_POINTS];
    coding by_order[2];
    unsigned scale;
    writer w = {.p = out, .n = 1};
    size_t kept = put_runs(&w, present, v, n);
    bool decimal = find_decimals(&scale, m, present, kept);
    if (!decimal)
        take_bits(&scale, m, present, kept);
    plan_coding(&by_order[0], m, kept, 1);
    plan_coding(&by_order[1], m, kept, 2);
    unsigned order = by_order[1].bits < by_order[0].bits ? 2 : 1;
    out[0] = decimal ? DECIMAL : BITS;
    put_byte(&w, (uint8_t)scale);
    put_byte(&w, (uint8_t)order);
    put_coding(&w, &by_order[order - 1], kept);
    uint32_t crc = (uint32_t)crc32(0, out, (uInt)w.n);
    for (unsigned b = 0; b < CRC_BYTES; b++)
        put_byte(&w, (uint8_t)(crc >> (8 * b)));
    return w.n;
}

/* ---- decoding ---- */

/* Bits are taken from the top of a window that is filled up by whole bytes. */
typedef struct reader {
    const uint8_t *p, *end;
    uint64_t bits;
    unsigned held; /* of them; what follows in the window are bits of the next byte, or 0 */
    bool bad;
} reader;

enum { WINDOW_BITS = 64, WINDOW_BYTES = 8 };

static uint8_t get_byte(reader *r)
{
    if (r->p < r->end)
        return *r->p++;
    r->bad = true;
    return 0;
}

static uint64_t get_varint(reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = get_byte(r);
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->bad = true;
    return 0;
}

/* At least 56 bits, or all there are. */
static void fill_window(reader *r)
{
    if (r->end - r->p >= WINDOW_BYTES) {
        uint64_t next = 0;
        for (unsigned i = 0; i < WINDOW_BYTES; i++)
            next = next << 8 | r->p[i];
        unsigned bytes = (WINDOW_BITS - 1 - r->held) / 8;
        r->bits |= next >> r->held;
        r->p += bytes;
        r->held += 8 * bytes;
        return;
    }
    for (; r->p < r->end && r->held <= WINDOW_BITS - 8; r->held += 8)
        r->bits |= (uint64_t)*r->p++ << (WINDOW_BITS - 8 - r->held);
}

/* n < 64 */
static void skip_bits(reader *r, unsigned n)
{
    r->bad |= n > r->held;
    r->held = n > r->held ? 0 : r->held - n;
    r->bits <<= n;
}

/* n <= 32 */
static uint64_t get_bits(reader *r, unsigned n)
{
    if (!n)
        return 0;
    if (r->held < n)
        fill_window(r);
    uint64_t v = r->bits >> (WINDOW_BITS - n);
    skip_bits(r, n);
    return v;
}

static uint64_t get_wide(reader *r, unsigned n)
{
    if (n <= 32)
        return get_bits(r, n);
    uint64_t high = get_bits(r, n - 32);
    return high << 32 | get_bits(r, 32);
}

static uint64_t get_rice(reader *r, unsigned parameter)
{
    fill_window(r);
    unsigned ones = ~r->bits ? (unsigned)__builtin_clzll(~r->bits) : WINDOW_BITS;
    if (ones >= ESCAPE) {
        skip_bits(r, ESCAPE);
        return get_wide(r, 64);
    }
    skip_bits(r, ones + 1);
    return (uint64_t)ones << parameter | get_wide(r, parameter);
}

static double to_value(uint64_t m, uint8_t mode, unsigned scale)
{
    double v;
    if (mode == DECIMAL)
        return (double)(int64_t)m / powers[scale];
    m <<= scale;
    memcpy(&v, &m, sizeof v);
    return v;
}

static bool get_values(reader *r, double *out, size_t n, uint8_t mode)
{
    unsigned scale = get_byte(r), order = get_byte(r), parameter = 0;
    uint64_t m = 0, step = 0;
    if (r->bad || scale > (mode == DECIMAL ? MAX_DECIMALS : 63) || order < 1 || order > 2)
        return false;
    for (size_t i = 0; i < n && !r->bad; i++) {
        if (i % BLOCK == 0)
            parameter = (unsigned)get_bits(r, PARAMETER_BITS);
        uint64_t d = unzigzag(get_rice(r, parameter));
        step = order == 2 && i > 1 ? step + d : d;
        m += step;
        out[i] = to_value(m, mode, scale);
    }
    return !r->bad;
}

/* The lengths of the runs, which together are the points; *kept are present. */
static bool get_runs(reader *r, size_t *lengths, size_t *runs, size_t *points, size_t *kept)
{
    uint64_t n = get_varint(r), count = get_varint(r), sum = 0;
    *kept = 0;
    if (r->bad || n > FSC_CHUNK_POINTS || count < 1 || count > n + 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t length = get_varint(r);
        if (r->bad || length > n - sum)
            return false;
        lengths[i] = (size_t)length;
        sum += length;
        *kept += i % 2 ? 0 : (size_t)length;
    }
    *runs = (size_t)count;
    *points = (size_t)n;
    return sum == n;
}

static bool decode(double *v, size_t *n, reader *r, uint8_t mode)
{
    double present[FSC_CHUNK_POINTS];
    size_t lengths[FSC_CHUNK_POINTS + 1], runs, kept, at = 0, used = 0;
    if (!get_runs(r, lengths, &runs, n, &kept) || !get_values(r, present, kept, mode))
        return false;
    for (size_t i = 0; i < runs; i++)
        for (size_t k = 0; k < lengths[i]; k++)
            v[at++] = i % 2 ? NAN : present[used++];
    return r->p == r->end && r->held < 8;
}

fsc_status fsc_chunk_decode(double *v, size_t *n, const void *bytes, size_t n_bytes, fsc_err *err)
{
    const uint8_t *p = bytes;
    uint32_t stored = 0;
    if (n_bytes < MIN_BYTES || (p[0] != DECIMAL && p[0] != BITS))
        return fsc_fail(err, FSC_STORE, "a chunk of history is of another version or broken");
    for (unsigned b = 0; b < CRC_BYTES; b++)
        stored |= (uint32_t)p[n_bytes - CRC_BYTES + b] << (8 * b);
    if (stored != (uint32_t)crc32(0, p, (uInt)(n_bytes - CRC_BYTES)))
        return fsc_fail(err, FSC_STORE, "a chunk of history is broken: its checksum differs");
    reader r = {.p = p + 1, .end = p + n_bytes - CRC_BYTES};
    if (!decode(v, n, &r, p[0]))
        return fsc_fail(err, FSC_STORE, "a chunk of history is broken");
    return FSC_OK;
}
