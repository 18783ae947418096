/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/money.h"

#include <stdio.h>
#include <string.h>

enum { MICROS = 1000000, MAX_WHOLE_DIGITS = 12 };

/* Digits with at most six decimals, straight into micros: no double in between. */
static bool parse_amount(int64_t *micros, const char **p)
{
    int64_t v = 0;
    int whole = 0, decimals = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, whole++)
        v = whole < MAX_WHOLE_DIGITS ? 10 * v + (**p - '0') : v;
    if (**p == '.')
        for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, decimals++)
            v = decimals < 6 ? 10 * v + (**p - '0') : v;
    if (whole < 1 || whole > MAX_WHOLE_DIGITS || decimals > 6)
        return false;
    for (; decimals < 6; decimals++)
        v *= 10;
    *micros = v;
    return true;
}

static fsc_status parse(fsc_money *out, const char *text, const char *suffix, const char *form,
                        fsc_err *err)
{
    const char *p = text;
    if (!parse_amount(&out->micros, &p))
        return fsc_fail(err, FSC_DATA, "\"%.40s\" is no amount of money: write %s", text, form);
    if (!*p)
        return fsc_fail(err, FSC_DATA, "%.40s has no currency: write %.40s USD%s", text, text,
                        suffix);
    while (*p == ' ')
        p++;
    for (int i = 0; i < 3; i++, p++) {
        if (*p < 'A' || *p > 'Z')
            return fsc_fail(err, FSC_DATA,
                            "\"%.40s\": a currency is three capital letters: write %s", text, form);
        out->currency[i] = *p;
    }
    out->currency[3] = '\0';
    if (strcmp(p, suffix))
        return fsc_fail(err, FSC_DATA, "\"%.40s\": write %s", text, form);
    return FSC_OK;
}

fsc_status fsc_money_parse(fsc_money *out, const char *text, fsc_err *err)
{
    return parse(out, text, "", "800 USD", err);
}

fsc_status fsc_money_rate_parse(fsc_money *out, const char *text, fsc_err *err)
{
    return parse(out, text, "/h", "16.00 USD/h", err);
}

const char *fsc_money_format(char out[FSC_MONEY_TEXT], fsc_money m)
{
    char digits[24], grouped[32];
    uint64_t magnitude = m.micros < 0 ? 0 - (uint64_t)m.micros : (uint64_t)m.micros;
    uint64_t cents = (magnitude + MICROS / 200) / (MICROS / 100);
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)(cents / 100)), k = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            grouped[k++] = ',';
        grouped[k++] = digits[i];
    }
    (void)snprintf(out, FSC_MONEY_TEXT, "%s%.*s.%02u%s%s", m.micros < 0 && cents ? "-" : "", k,
                   grouped, (unsigned)(cents % 100), m.currency[0] ? " " : "", m.currency);
    return out;
}

double fsc_money_units(fsc_money m)
{
    return (double)m.micros / MICROS;
}

static int64_t saturating_mul(int64_t a, int64_t b)
{
    const int64_t small = INT32_MAX; /* no product of two overflows, and no division is needed */
    if (a >= 0 && a <= small && b >= 0 && b <= small)
        return a * b;
    if (a > 0 && b > INT64_MAX / a)
        return INT64_MAX;
    return a * b;
}

int64_t fsc_money_over(int64_t micros_per_h, int64_t seconds, int64_t count)
{
    if (micros_per_h <= 0 || seconds <= 0 || count <= 0)
        return 0;
    int64_t node_seconds = saturating_mul(seconds, count);
    int64_t hours = node_seconds / 3600, rest = node_seconds % 3600;
    int64_t whole = saturating_mul(micros_per_h, hours);
    int64_t part = saturating_mul(micros_per_h, rest);
    part = part == INT64_MAX ? part : part / 3600 + (part % 3600 != 0);
    return whole > INT64_MAX - part ? INT64_MAX : whole + part;
}
