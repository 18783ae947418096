/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chunk.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

enum { DECIMAL = 0x10, XOR = 0x11, BLOCK = 32, ESCAPE = 40, MAX_DECIMALS = 9, CRC_BYTES = 4 };

static const double powers[MAX_DECIMALS + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const double largest_exact = 9007199254740992.0; /* 2^53 */

/* ---- writing bits
 * ------------------------------------------------------------------------------------ */

typedef struct writer {
    uint8_t *p;
    size_t n, cap;
    uint64_t bits;
    unsigned used;
    bool full;
} writer;

static void put_byte(writer *w, uint8_t b)
{
    if (w->n < w->cap)
        w->p[w->n++] = b;
    else
        w->full = true;
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
        put_bits(w, v >> (n - 32) & 0xFFFFFFFFu, 32);
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

/* ---- decimals
 * ------------------------------------------------------------------------------------------ */

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

static bool find_decimals(int64_t *out, unsigned *k, const double *v, size_t n)
{
    *k = 0;
    for (size_t i = 0; i < n; i++)
        while (!as_decimal(v[i], *k, &out[i])) {
            if (++*k > MAX_DECIMALS)
                return false;
            i = 0; /* those before count in the finer scale as well */
        }
    return true;
}

static uint64_t zigzag(uint64_t d)
{
    return d << 1 ^ (uint64_t) - (int64_t)(d >> 63);
}

static uint64_t unzigzag(uint64_t z)
{
    return z >> 1 ^ (uint64_t) - (int64_t)(z & 1);
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

static size_t rice_bits(const uint64_t *z, size_t n, unsigned r)
{
    size_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits += z[i] >> r < ESCAPE ? (size_t)(z[i] >> r) + 1 + r : ESCAPE + 64;
    return bits;
}

static unsigned best_parameter(const uint64_t *z, size_t n)
{
    unsigned best = 0;
    size_t least = rice_bits(z, n, 0);
    for (unsigned r = 1; r < 63; r++) {
        size_t bits = rice_bits(z, n, r);
        if (bits < least) {
            least = bits;
            best = r;
        }
    }
    return best;
}

static void put_rice(writer *w, uint64_t z, unsigned r)
{
    uint64_t quotient = z >> r;
    if (quotient >= ESCAPE) {
        put_bits(w, (UINT64_C(1) << ESCAPE) - 1, ESCAPE);
        put_bits(w, z, 64);
        return;
    }
    put_bits(w, ((UINT64_C(1) << quotient) - 1) << 1, (unsigned)quotient + 1);
    put_bits(w, z, r);
}

static void put_order(writer *w, const int64_t *m, size_t n, unsigned order)
{
    uint64_t z[FSC_CHUNK_POINTS];
    differences(z, m, n, order);
    put_byte(w, (uint8_t)order);
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        unsigned r = best_parameter(z + i, count);
        put_bits(w, r, 6);
        for (size_t k = 0; k < count; k++)
            put_rice(w, z[i + k], r);
    }
    flush_bits(w);
}

/* ---- any doubles
 * ------------------------------------------------------------------------------------------ */

static void put_xor(writer *w, const double *v, size_t n)
{
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits, x;
        memcpy(&bits, &v[i], sizeof bits);
        x = bits ^ before;
        before = bits;
        unsigned lead = 0, trail = 0;
        while (lead < 8 && !(x >> (56 - 8 * lead) & 0xFF))
            lead++;
        while (lead + trail < 8 && !(x >> (8 * trail) & 0xFF))
            trail++;
        put_byte(w, (uint8_t)(lead << 4 | trail));
        for (unsigned b = trail; b < 8 - lead; b++)
            put_byte(w, (uint8_t)(x >> (8 * b)));
    }
}

/* ---- encoding
 * ---------------------------------------------------------------------------------------------- */

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
    unsigned k = 0;
    writer w = {.p = out, .cap = FSC_CHUNK_MAX_BYTES};
    put_byte(&w, DECIMAL);
    size_t kept = put_runs(&w, present, v, n);
    const writer body = w;
    bool decimal = find_decimals(m, &k, present, kept);
    if (decimal) {
        uint8_t second[FSC_CHUNK_MAX_BYTES];
        put_byte(&w, (uint8_t)k);
        writer other = {.p = second, .cap = sizeof second};
        put_order(&other, m, kept, 2);
        size_t before = w.n;
        put_order(&w, m, kept, 1);
        if (other.n < w.n - before) {
            memcpy(out + before, second, other.n);
            w.n = before + other.n;
        }
    }
    if (!decimal || w.n - body.n > 9 * kept) { /* the plain form is never longer than this */
        w = body;
        out[0] = XOR;
        put_xor(&w, present, kept);
    }
    uint32_t crc = (uint32_t)crc32(0, out, (uInt)w.n);
    for (unsigned b = 0; b < CRC_BYTES; b++)
        put_byte(&w, (uint8_t)(crc >> (8 * b)));
    return w.n;
}

/* ---- decoding
 * ---------------------------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *p, *end;
    uint64_t bits;
    unsigned held;
    bool bad;
} reader;

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

/* n <= 32 */
static uint64_t get_bits(reader *r, unsigned n)
{
    while (r->held < n) {
        r->bits = r->bits << 8 | get_byte(r);
        r->held += 8;
    }
    r->held -= n;
    return r->bits >> r->held & ((UINT64_C(1) << n) - 1);
}

static uint64_t get_wide(reader *r, unsigned n)
{
    return n > 32 ? get_bits(r, n - 32) << 32 | get_bits(r, 32) : get_bits(r, n);
}

static uint64_t get_rice(reader *r, unsigned parameter)
{
    unsigned quotient = 0;
    while (quotient < ESCAPE && get_bits(r, 1))
        quotient++;
    if (quotient == ESCAPE)
        return get_wide(r, 64);
    return (uint64_t)quotient << parameter | get_wide(r, parameter);
}

static void get_decimals(reader *r, double *out, size_t n)
{
    unsigned k = get_byte(r), order = get_byte(r), parameter = 0;
    uint64_t value = 0, step = 0;
    r->bad |= k > MAX_DECIMALS || order < 1 || order > 2;
    double scale = r->bad ? 1 : powers[k];
    for (size_t i = 0; i < n && !r->bad; i++) {
        if (i % BLOCK == 0)
            parameter = (unsigned)get_bits(r, 6);
        uint64_t d = unzigzag(get_rice(r, parameter));
        step = order == 2 && i > 1 ? step + d : d;
        value += step;
        out[i] = (double)(int64_t)value / scale;
    }
}

static void get_xor(reader *r, double *out, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n && !r->bad; i++) {
        uint8_t head = get_byte(r);
        unsigned lead = head >> 4, trail = head & 15;
        r->bad |= lead + trail > 8;
        for (unsigned b = trail; b + lead < 8 && !r->bad; b++)
            bits ^= (uint64_t)get_byte(r) << (8 * b);
        memcpy(&out[i], &bits, sizeof bits);
    }
}

static bool decode(double *v, size_t *n, reader *r, uint8_t mode)
{
    double present[FSC_CHUNK_POINTS];
    size_t lengths[FSC_CHUNK_POINTS + 1], kept = 0, sum = 0;
    uint64_t points = get_varint(r), runs = get_varint(r);
    if (r->bad || points > FSC_CHUNK_POINTS || runs > points + 1 || runs < 1)
        return false;
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t length = get_varint(r);
        if (r->bad || length > points - sum)
            return false;
        lengths[i] = (size_t)length;
        sum += (size_t)length;
        kept += i % 2 ? 0 : (size_t)length;
    }
    if (sum != points)
        return false;
    (mode == XOR ? get_xor : get_decimals)(r, present, kept);
    for (size_t i = 0, at = 0, used = 0; i < runs; i++)
        for (size_t k = 0; k < lengths[i]; k++)
            v[at++] = i % 2 ? NAN : present[used++];
    *n = (size_t)points;
    return !r->bad;
}

fsc_status fsc_chunk_decode(double *v, size_t *n, const void *bytes, size_t n_bytes, fsc_err *err)
{
    const uint8_t *p = bytes;
    uint32_t stored = 0;
    if (n_bytes < 3 + CRC_BYTES || (p[0] != DECIMAL && p[0] != XOR))
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
