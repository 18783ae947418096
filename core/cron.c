/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/cron.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_AHEAD_S = 5 * 366 * FSC_DAY_S, NAME_LETTERS = 3 };

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

typedef struct field {
    const char *name;
    int low, high;
    const char *const *names; /* NULL, or those of low, low + 1, ... */
} field;

static const field fields[] = {{"minute", 0, 59, NULL},
                               {"hour", 0, 23, NULL},
                               {"day", 1, 31, NULL},
                               {"month", 1, 12, months},
                               {"weekday", 0, 6, weekdays}};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static bool read_value(int *out, const char **p, const field *f)
{
    const char *s = *p;
    for (int i = 0; f->names && f->names[i]; i++)
        if (!strncasecmp(s, f->names[i], NAME_LETTERS)) {
            *out = f->low + i;
            *p = s + NAME_LETTERS;
            return true;
        }
    int v = 0;
    for (; isdigit((unsigned char)*s) && v < 1000; s++)
        v = 10 * v + (*s - '0');
    bool any = s > *p;
    *out = v;
    *p = s;
    return any;
}

static bool read_range(uint64_t *bits, const char **p, const field *f)
{
    int low = f->low, high = f->high, step = 1;
    bool starred = **p == '*' || **p == '?';
    if (starred)
        ++*p;
    else if (!read_value(&low, p, f))
        return false;
    else
        high = low;
    if (!starred && **p == '-' && (++*p, !read_value(&high, p, f)))
        return false;
    if (**p == '/') {
        const field count = {.low = 0};
        ++*p;
        if (!read_value(&step, p, &count))
            return false;
        if (high == low) /* 5/15: from 5 on */
            high = f->high;
    }
    if (low < f->low || high > f->high || low > high || step < 1)
        return false;
    for (int v = low; v <= high; v += step)
        *bits |= (uint64_t)1 << v;
    return true;
}

static bool read_field(uint64_t *bits, const char **p, const field *f)
{
    do {
        if (!read_range(bits, p, f))
            return false;
    } while (**p == ',' && *++*p);
    return !**p || isspace((unsigned char)**p);
}

fsc_status fsc_cron_parse(fsc_cron *out, const char *text, fsc_err *err)
{
    uint64_t bits[N_FIELDS] = {0};
    bool any[N_FIELDS] = {false};
    const char *p = text;
    for (size_t i = 0; i < N_FIELDS; i++) {
        while (isspace((unsigned char)*p))
            p++;
        any[i] = *p == '*' || *p == '?';
        if (!read_field(&bits[i], &p, &fields[i]))
            return fsc_fail(err, FSC_DATA, "\"%.60s\" is no timetable: its %s cannot be read", text,
                            fields[i].name);
    }
    while (isspace((unsigned char)*p))
        p++;
    if (*p)
        return fsc_fail(err, FSC_DATA, "\"%.60s\" is no timetable: it has more than five fields",
                        text);
    *out = (fsc_cron){bits[0], bits[1], bits[2], bits[3], bits[4], any[2], any[4]};
    return FSC_OK;
}

static bool has(uint64_t bits, int value)
{
    return bits >> value & 1;
}

static bool is_day(const fsc_cron *c, const fsc_civil *at)
{
    bool day = has(c->days, at->day), weekday = has(c->weekdays, (at->weekday + 1) % 7);
    return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

int64_t fsc_cron_next(const fsc_cron *c, const fsc_zone *z, int64_t t)
{
    int64_t last = t + MAX_AHEAD_S;
    for (t += FSC_MINUTE_S - (t % FSC_MINUTE_S + FSC_MINUTE_S) % FSC_MINUTE_S; t < last;) {
        const fsc_civil at = fsc_civil_at(z, t);
        if (!has(c->months, at.month) || !is_day(c, &at))
            t = fsc_period_end(z, FSC_PERIOD_DAY, t);
        else if (!has(c->hours, at.hour))
            t += FSC_HOUR_S - at.minute * FSC_MINUTE_S;
        else if (!has(c->minutes, at.minute))
            t += FSC_MINUTE_S;
        else
            return t;
    }
    return INT64_MAX;
}

/* As KEDA reads it: active where the next thing to come is an end. */
size_t fsc_timetable_spans(fsc_timed_replicas *out, size_t room, const fsc_timetable *t,
                           int64_t from, int64_t to)
{
    size_t n = 0;
    while (from < to) {
        int64_t start = fsc_cron_next(&t->start, t->zone, from),
                end = fsc_cron_next(&t->end, t->zone, from);
        int64_t next = end <= start ? end : start;
        if (end <= start && end != INT64_MAX) {
            if (n && out[n - 1].to == from)
                out[n - 1].to = end;
            else if (n < room)
                out[n++] = (fsc_timed_replicas){from, end, t->replicas};
            else
                break;
        }
        from = next;
    }
    return n;
}
