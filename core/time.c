/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/time.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, and back: Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (2013). */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, fsc_civil *c)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c->year = (int)(yoe + era * 400 + (c->month <= 2));
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool digits(const char **p, int n, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        v = 10 * v + (**p - '0');
    }
    *out = v;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_offset(const char **p, int *offset_s)
{
    int h, m;
    *offset_s = 0;
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        return true;
    }
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    if (!sign)
        return false;
    (*p)++;
    if (!digits(p, 2, &h) || *(*p)++ != ':' || !digits(p, 2, &m) || h > 23 || m > 59)
        return false;
    *offset_s = sign * (3600 * h + 60 * m);
    return true;
}

static bool date_parse(fsc_civil *c, const char **p)
{
    if (!digits(p, 4, &c->year) || *(*p)++ != '-' || !digits(p, 2, &c->month) || *(*p)++ != '-' ||
        !digits(p, 2, &c->day))
        return false;
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month);
}

static bool clock_parse(fsc_civil *c, const char **p)
{
    if (!digits(p, 2, &c->hour) || *(*p)++ != ':' || !digits(p, 2, &c->minute))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!digits(p, 2, &c->second))
            return false;
    }
    if (**p == '.')
        for ((*p)++; **p >= '0' && **p <= '9'; (*p)++)
            ;
    return c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

static bool civil_parse(fsc_civil *c, const char **p)
{
    if (!date_parse(c, p))
        return false;
    if (**p != 'T' && **p != 't' && **p != ' ')
        return true; /* a date alone: midnight */
    (*p)++;
    return clock_parse(c, p);
}

static int64_t civil_seconds(const fsc_civil *c)
{
    return FSC_DAY_S * days_from_civil(c->year, c->month, c->day) + 3600 * c->hour +
           60 * c->minute + c->second;
}

static bool parse_unix(int64_t *out, const char *text)
{
    const char *p = text + (*text == '-');
    int64_t v = 0;
    for (; *p >= '0' && *p <= '9' && v < (int64_t)1e15; p++)
        v = 10 * v + (*p - '0');
    if (p == text + (*text == '-'))
        return false;
    if (*p == '.' && p[1])
        for (p++; *p >= '0' && *p <= '9'; p++)
            ;
    *out = *text == '-' ? -v : v;
    return !*p;
}

fsc_status fsc_time_parse(int64_t *out, const char *text, fsc_err *err)
{
    fsc_civil c = {0};
    const char *p = text;
    int offset_s;
    if (parse_unix(out, text))
        return FSC_OK;
    if (!civil_parse(&c, &p) || !parse_offset(&p, &offset_s) || *p)
        return fsc_fail(err, FSC_DATA,
                        "\"%.40s\" is no time: write 2026-11-24T09:00:00Z or Unix seconds", text);
    *out = civil_seconds(&c) - offset_s;
    return FSC_OK;
}

fsc_status fsc_time_parse_local(int64_t *out, const fsc_zone *z, const char *text, fsc_err *err)
{
    fsc_civil c = {0};
    const char *p = text;
    int offset_s;
    if (!civil_parse(&c, &p))
        return fsc_fail(
            err, FSC_DATA,
            "\"%.40s\" is no time: write 2026-11-24T09:00, with Z or an offset if it is not local",
            text);
    if (!*p) {
        *out = fsc_zone_local_to_utc(z, &c);
        return FSC_OK;
    }
    if (!parse_offset(&p, &offset_s) || *p)
        return fsc_fail(
            err, FSC_DATA,
            "\"%.40s\" is no time: write 2026-11-24T09:00, with Z or an offset if it is not local",
            text);
    *out = civil_seconds(&c) - offset_s;
    return FSC_OK;
}

const char *fsc_time_format(char out[FSC_TIME_TEXT], int64_t t)
{
    fsc_civil c = fsc_civil_at(NULL, t);
    if (t == INT64_MIN || t == INT64_MAX || c.year < 0 || c.year > 9999)
        (void)snprintf(out, FSC_TIME_TEXT, "-");
    else
        (void)snprintf(out, FSC_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
                       c.hour, c.minute, c.second);
    return out;
}

static const struct unit {
    char letter;
    int64_t seconds;
} units[] = {{'w', FSC_WEEK_S}, {'d', FSC_DAY_S}, {'h', FSC_HOUR_S}, {'m', FSC_MINUTE_S}, {'s', 1}};
enum { N_UNITS = sizeof units / sizeof *units };

fsc_status fsc_duration_parse(int64_t *out, const char *text, fsc_err *err)
{
    int64_t sum = 0;
    const char *p = text;
    size_t next_unit = 0;
    if (!*p)
        return fsc_fail(err, FSC_DATA, "an empty duration: write 90s, 5m, 6h or 14d");
    while (*p) {
        int64_t v = 0;
        const char *start = p;
        for (; *p >= '0' && *p <= '9' && v < (int64_t)1e9; p++)
            v = 10 * v + (*p - '0');
        if (p == start)
            return fsc_fail(err, FSC_DATA, "\"%.40s\" is no duration: write 90s, 5m, 6h or 14d",
                            text);
        if (!*p)
            return fsc_fail(err, FSC_DATA, "%.40s has no unit: write %.40ss, or with m, h, d, w",
                            text, text);
        while (next_unit < N_UNITS && units[next_unit].letter != *p)
            next_unit++;
        if (next_unit == N_UNITS)
            return fsc_fail(err, FSC_DATA, "\"%.40s\" is no duration: write 90s, 5m, 6h or 14d",
                            text);
        sum += v * units[next_unit++].seconds;
        p++;
    }
    *out = sum;
    return FSC_OK;
}

const char *fsc_duration_format(char out[FSC_TIME_TEXT], int64_t s)
{
    size_t used = 0;
    if (s <= 0) {
        (void)snprintf(out, FSC_TIME_TEXT, "%llds", (long long)s);
        return out;
    }
    for (size_t i = 1; i < N_UNITS; i++) { /* weeks are written as days */
        if (s / units[i].seconds == 0)
            continue;
        int n = snprintf(out + used, FSC_TIME_TEXT - used, "%lld%c",
                         (long long)(s / units[i].seconds), units[i].letter);
        used += n > 0 ? (size_t)n : 0;
        s %= units[i].seconds;
    }
    return out;
}

fsc_civil fsc_civil_at(const fsc_zone *z, int64_t t)
{
    fsc_civil c = {0};
    if (t == INT64_MIN || t == INT64_MAX)
        return c;
    int64_t local = t + fsc_zone_offset_s(z, t);
    int64_t day = floor_div(local, FSC_DAY_S);
    int second = (int)(local - day * FSC_DAY_S);
    civil_from_days(day, &c);
    c.hour = second / 3600;
    c.minute = second / 60 % 60;
    c.second = second % 60;
    c.weekday = (int)((day + 3) - 7 * floor_div(day + 3, 7));
    return c;
}

int64_t fsc_zone_local_to_utc(const fsc_zone *z, const fsc_civil *c)
{
    int64_t local = civil_seconds(c);
    /* Offsets stay within a day: the two that can apply are those just before and after. */
    int32_t before = fsc_zone_offset_s(z, local - FSC_DAY_S),
            after = fsc_zone_offset_s(z, local + FSC_DAY_S);
    int32_t first = before > after ? before : after, second = before > after ? after : before;
    if (fsc_zone_offset_s(z, local - first) == first)
        return local - first; /* in a fold the larger offset is the earlier instant */
    if (fsc_zone_offset_s(z, local - second) == second)
        return local - second;
    /* In a gap: the transition itself lies between. */
    int64_t low = local - first, high = local - second;
    while (low + 1 < high) {
        int64_t mid = low + (high - low) / 2;
        if (fsc_zone_offset_s(z, mid) == before)
            low = mid;
        else
            high = mid;
    }
    return high;
}

static void add_period(fsc_civil *c, fsc_period p)
{
    if (p == FSC_PERIOD_MONTH) {
        c->day = 1;
        c->year += c->month == 12;
        c->month = c->month % 12 + 1;
        return;
    }
    int64_t days = days_from_civil(c->year, c->month, c->day) + (p == FSC_PERIOD_WEEK ? 7 : 1);
    civil_from_days(days, c);
}

static fsc_civil period_start(const fsc_zone *z, fsc_period p, int64_t t)
{
    fsc_civil c = fsc_civil_at(z, t);
    c.hour = c.minute = c.second = 0;
    if (p == FSC_PERIOD_MONTH)
        c.day = 1;
    if (p == FSC_PERIOD_WEEK)
        civil_from_days(days_from_civil(c.year, c.month, c.day) - c.weekday, &c);
    return c;
}

int64_t fsc_period_start(const fsc_zone *z, fsc_period p, int64_t t)
{
    fsc_civil c = period_start(z, p, t);
    return fsc_zone_local_to_utc(z, &c);
}

int64_t fsc_period_end(const fsc_zone *z, fsc_period p, int64_t t)
{
    fsc_civil c = period_start(z, p, t);
    add_period(&c, p);
    return fsc_zone_local_to_utc(z, &c);
}
