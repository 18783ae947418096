/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_suite.h"

#include "core/store/chunk.h"
#include "forescale/source.h"

static uint8_t bytes[FSC_CHUNK_MAX_BYTES];

/* ---- kinds of values, and the most bytes that a full chunk of them may take a sample ---- */

static double count(size_t i)
{
    return (double)(next_random() % 1000 + i / 100);
}

static double decimal(size_t i)
{
    (void)i;
    return (double)((int64_t)(next_random() % 2000000) - 1000000) / 1000;
}

static double any_pattern(size_t i)
{
    (void)i;
    uint64_t r = next_random();
    double v;
    memcpy(&v, &r, sizeof v);
    return v; /* some are NaN, some infinite */
}

static double extreme(size_t i)
{
    static const double extremes[] = {
        0.0, -0.0, 5e-324, 1.7976931348623157e308, -1e-300, 9007199254740993.0, 0.1, 1e22};
    (void)i;
    return extremes[next_random() % 8];
}

static double with_gaps(size_t i)
{
    return next_random() % 3 ? count(i) : NAN;
}

static double every_other(size_t i)
{
    return i % 2 ? any_pattern(i) : NAN;
}

static double rate(size_t i)
{
    return (40 + 10 * sin((double)i / 100)) * (1 + (double)(next_random() % 1000003) / 1e7);
}

static double single_precision(size_t i)
{
    return (double)(float)rate(i);
}

static double negative_zero(size_t i)
{
    (void)i;
    return -0.0;
}

static double line(size_t i)
{
    return 1e6 + 7 * (double)i;
}

static double flat(size_t i)
{
    (void)i;
    return 0.25;
}

static double nothing(size_t i)
{
    (void)i;
    return NAN;
}

static const struct kind {
    const char *name;
    double (*value)(size_t i);
    double most;
} kinds[] = {
    {"count", count, 1.5},
    {"decimal", decimal, 2.9},
    {"any pattern", any_pattern, 8.4},
    {"extreme", extreme, 8.8},
    {"with gaps", with_gaps, 1.6},
    {"every other", every_other, 6.0},
    {"rate", rate, 7.0},
    {"single precision", single_precision, 3.4},
    {"negative zero", negative_zero, 0.3},
    {"line", line, 0.3},
    {"flat", flat, 0.3},
    {"nothing", nothing, 0.03},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void check_round_trip(const struct kind *k, size_t n)
{
    double v[FSC_CHUNK_POINTS] = {0}, back[FSC_CHUNK_POINTS];
    size_t m;
    for (size_t i = 0; i < n; i++)
        v[i] = k->value(i);
    size_t used = fsc_chunk_encode(bytes, v, n);
    ck_assert_uint_le(used, sizeof bytes);
    if (n == FSC_CHUNK_POINTS)
        ck_assert_msg((double)used / (double)n <= k->most, "%s: %.3f bytes a sample", k->name,
                      (double)used / (double)n);
    OK(fsc_chunk_decode(back, &m, bytes, used, &err));
    ck_assert_uint_eq(m, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(same_bits(v[i], back[i]), "%s: %a is back as %a", k->name, v[i], back[i]);
}

START_TEST(a_chunk_is_the_same_to_the_bit)
{
    check_round_trip(&kinds[_i], 0);
    check_round_trip(&kinds[_i], 1);
    check_round_trip(&kinds[_i], 2);
    for (int round = 0; round < 60; round++)
        check_round_trip(&kinds[_i], next_random() % FSC_CHUNK_POINTS);
    for (int round = 0; round < 20; round++)
        check_round_trip(&kinds[_i], FSC_CHUNK_POINTS);
}
END_TEST

/* ---- bytes that are no chunk ---- */

static size_t encode_some(size_t n, size_t kind)
{
    double v[FSC_CHUNK_POINTS] = {0};
    for (size_t i = 0; i < n; i++)
        v[i] = kinds[kind].value(i);
    return fsc_chunk_encode(bytes, v, n);
}

START_TEST(broken_chunks_are_refused)
{
    double back[FSC_CHUNK_POINTS];
    size_t m, used = encode_some(500, (size_t)_i);
    for (int round = 0; round < 1000; round++) {
        size_t at = next_random() % used, cut = round % 3 ? used : next_random() % used;
        uint8_t before = bytes[at];
        bytes[at] ^= (uint8_t)(1 + next_random() % 255);
        ck_assert_int_eq(fsc_chunk_decode(back, &m, bytes, cut, &err), FSC_STORE);
        bytes[at] = before;
    }
    OK(fsc_chunk_decode(back, &m, bytes, used, &err));
}
END_TEST

/* CRC-32 of ISO 3309, bit by bit. */
static void sign(uint8_t *p, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n - 4; i++) {
        crc ^= p[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    for (unsigned b = 0; b < 4; b++)
        p[n - 4 + b] = (uint8_t)(~crc >> (8 * b));
}

/* A right checksum proves nothing: under the sanitizers this finds what trusts the bytes. */
START_TEST(forged_chunks_do_no_harm)
{
    double back[FSC_CHUNK_POINTS];
    size_t m, refused = 0;
    for (int round = 0; round < 3000; round++) {
        size_t used = encode_some(next_random() % 200, next_random() % KINDS);
        for (size_t flips = next_random() % 4; flips--;)
            bytes[next_random() % (used < 40 ? used : 40)] ^= (uint8_t)(1 + next_random() % 255);
        used -= next_random() % 3 ? 0 : next_random() % (used - 8);
        sign(bytes, used);
        fsc_status status = fsc_chunk_decode(back, &m, bytes, used, &err);
        ck_assert(status == FSC_STORE || (status == FSC_OK && m <= FSC_CHUNK_POINTS));
        refused += status == FSC_STORE;
    }
    ck_assert_uint_ge(refused, 1000);
}
END_TEST

/* ---- real traces ---- */

static double bytes_per_sample(const fsc_series *s)
{
    size_t total = 0;
    for (size_t i = 0; i < s->n; i += FSC_CHUNK_POINTS)
        total += fsc_chunk_encode(bytes, s->values + i,
                                  s->n - i < FSC_CHUNK_POINTS ? s->n - i : FSC_CHUNK_POINTS);
    return (double)total / (double)(s->n - fsc_series_gaps(s));
}

START_TEST(real_traces_take_under_three_bytes_a_sample)
{
    const char *shared = getenv("FORESCALE_SHARED");
    char data[512];
    double sum = 0, worst = 0;
    int n = 0;
    (void)snprintf(data, sizeof data, "%s/data", shared ? shared : "../shared");
    DIR *d = getenv("CI") ? NULL : opendir(data);
    if (!d) {
        (void)printf(
            "SKIP real_traces_take_under_three_bytes_a_sample: no traces at %s, or in CI\n", data);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char file[1024];
        fsc_csv csv;
        const char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".csv"))
            continue;
        (void)snprintf(file, sizeof file, "%s/%s", data, e->d_name);
        OK(fsc_csv_read(&csv, file, 0, arena, &err));
        double b = bytes_per_sample(&csv.series[0]);
        sum += b;
        worst = b > worst ? b : worst;
        n++;
    }
    closedir(d);
    ck_assert_int_ge(n, 10);
    ck_assert_msg(sum / n <= 3.0 && worst <= 3.5, "mean %.2f, worst %.2f bytes a sample", sum / n,
                  worst);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_chunk_is_the_same_to_the_bit, 0, KINDS);
    tcase_add_loop_test(t, broken_chunks_are_refused, 0, KINDS);
    tcase_add_test(t, forged_chunks_do_no_harm);
    tcase_add_test(t, real_traces_take_under_three_bytes_a_sample);
}

int main(void)
{
    return run_store_suite("chunk", add);
}
