/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/ical.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_YEAR = 2000, LAST_YEAR = 2100, LINE_BYTES = 512, MAX_EVENT_DAYS = 366 };

typedef struct event {
    bool inside, all_day, yearly, cancelled;
    fsc_civil first;
    int64_t end_t, until_t; /* midnights of UTC; 0: not given */
    int count, month, day;  /* of the rule; 0: not given */
    int odd_line;           /* of what is not understood; 0: none */
    const char *odd;
} event;

typedef struct lines {
    const char *p;
    int number, next_number; /* where the line began, where the one after it does */
    char text[LINE_BYTES];   /* unfolded, cut where longer: what matters is short */
} lines;

/* A line that begins with a blank continues the one before it (RFC 5545, 3.1). */
static bool next_line(lines *l)
{
    size_t n = 0;
    if (!*l->p)
        return false;
    l->number = l->next_number;
    do {
        l->p += n && (*l->p == ' ' || *l->p == '\t') ? 1 : 0;
        for (; *l->p && *l->p != '\n'; l->p++)
            if (*l->p != '\r' && n + 1 < sizeof l->text)
                l->text[n++] = *l->p;
        l->p += *l->p == '\n';
        l->next_number++;
    } while (n && (*l->p == ' ' || *l->p == '\t'));
    l->text[n] = '\0';
    return true;
}

/* False for a 29 February that the year does not have. */
static bool midnight(int64_t *t, fsc_civil c)
{
    *t = fsc_zone_local_to_utc(&fsc_zone_utc, &c);
    fsc_civil back = fsc_civil_at(NULL, *t);
    return back.month == c.month && back.day == c.day;
}

/* "20261225"; *rest is what follows: a "T" begins the time of an event that is not all-day. */
static bool read_date(fsc_civil *c, const char *p, const char **rest)
{
    int64_t t;
    int v[8];
    for (int i = 0; i < 8; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v[i] = p[i] - '0';
    }
    *rest = p + 8;
    *c = (fsc_civil){.year = 1000 * v[0] + 100 * v[1] + 10 * v[2] + v[3],
                     .month = 10 * v[4] + v[5],
                     .day = 10 * v[6] + v[7]};
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && midnight(&t, *c);
}

/* ---- the properties of an event ----------------------------------------------------------------
 */

typedef bool (*reader)(event *e, const char *value); /* false: not understood */

static bool read_start(event *e, const char *value)
{
    const char *rest;
    if (!read_date(&e->first, value, &rest))
        return false;
    e->all_day = !*rest;
    return true;
}

static bool read_end(event *e, const char *value)
{
    fsc_civil c;
    const char *rest;
    return read_date(&c, value, &rest) && midnight(&e->end_t, c);
}

static bool read_status(event *e, const char *value)
{
    e->cancelled = !strcmp(value, "CANCELLED");
    return true;
}

static bool read_until(event *e, const char *value)
{
    fsc_civil c;
    const char *rest;
    return read_date(&c, value, &rest) && midnight(&e->until_t, c);
}

static bool read_positive(int *out, const char *value)
{
    char *end;
    long v = strtol(value, &end, 10);
    *out = v > 0 && v <= 10000 ? (int)v : 0;
    return *out && !*end;
}

static bool read_frequency(event *e, const char *value)
{
    e->yearly = !strcmp(value, "YEARLY");
    return e->yearly;
}

static bool read_interval(event *e, const char *value)
{
    (void)e;
    return !strcmp(value, "1");
}

static bool read_count(event *e, const char *value)
{
    return read_positive(&e->count, value);
}

static bool read_month(event *e, const char *value)
{
    return read_positive(&e->month, value);
}

static bool read_day(event *e, const char *value)
{
    return read_positive(&e->day, value);
}

static bool read_nothing(event *e, const char *value)
{
    (void)e;
    (void)value;
    return true;
}

static bool refuse(event *e, const char *value)
{
    (void)e;
    (void)value;
    return false;
}

typedef struct word {
    const char *name;
    reader read;
} word;

static const word rule_parts[] = {
    {"FREQ", read_frequency}, {"UNTIL", read_until},    {"COUNT", read_count},
    {"BYMONTH", read_month},  {"BYMONTHDAY", read_day}, {"INTERVAL", read_interval},
    {"WKST", read_nothing},
};
enum { N_RULE_PARTS = sizeof rule_parts / sizeof *rule_parts };

static bool read_rule(event *e, const char *value)
{
    char parts[LINE_BYTES]; /* a part of a line is no longer than one */
    memcpy(parts, value, strlen(value) + 1);
    for (char *p = parts, *next; p; p = next) {
        next = strchr(p, ';');
        if (next)
            *next++ = '\0';
        char *equals = strchr(p, '=');
        size_t i = 0;
        if (!equals)
            return false;
        *equals = '\0';
        while (i < N_RULE_PARTS && strcmp(rule_parts[i].name, p))
            i++;
        if (i == N_RULE_PARTS || !rule_parts[i].read(e, equals + 1))
            return false;
    }
    return e->yearly;
}

static const word properties[] = {
    {"DTSTART", read_start}, {"DTEND", read_end}, {"STATUS", read_status}, {"RRULE", read_rule},
    {"DURATION", refuse},    {"RDATE", refuse},   {"EXDATE", refuse},
};
enum { N_PROPERTIES = sizeof properties / sizeof *properties };

static void read_property(event *e, const lines *l)
{
    const char *value = strchr(l->text, ':');
    size_t n = strcspn(l->text, ":;");
    for (size_t i = 0; value && i < N_PROPERTIES; i++) {
        const word *w = &properties[i];
        if (strlen(w->name) != n || strncmp(w->name, l->text, n) || w->read(e, value + 1))
            continue;
        e->odd_line = l->number;
        e->odd = w->name;
    }
}

/* ---- its days ----------------------------------------------------------------------------------
 */

typedef struct days {
    fsc_civil *v;
    size_t *n;
    size_t cap;
} days;

static bool add_days(const days *out, int64_t from_t, int64_t n_days)
{
    for (int64_t d = 0; d < n_days; d++) {
        if (*out->n == out->cap)
            return false;
        out->v[(*out->n)++] = fsc_civil_at(NULL, from_t + d * FSC_DAY_S);
    }
    return true;
}

static bool add_event(const days *out, const event *e, int64_t n_days)
{
    fsc_civil c = e->first;
    int64_t t;
    int left = !e->yearly ? 1 : e->count ? e->count : LAST_YEAR;
    for (; c.year <= LAST_YEAR && left; c.year++) {
        if (!midnight(&t, c))
            continue;
        if (e->until_t && t > e->until_t)
            break;
        left--;
        if (c.year >= FIRST_YEAR && !add_days(out, t, n_days))
            return false;
    }
    return true;
}

static fsc_status finish_event(const days *out, const event *e, const char *file, const lines *l,
                               fsc_err *err)
{
    int64_t first_t;
    bool differs = (e->month && e->month != e->first.month) || (e->day && e->day != e->first.day);
    if (e->odd_line && (e->all_day || !strcmp(e->odd, "DTSTART")))
        return fsc_fail(err, FSC_DATA,
                        "%s:%d: this %s is not understood: all-day events, at most repeated by "
                        "RRULE:FREQ=YEARLY, are; list other dates one by one",
                        file, e->odd_line, e->odd);
    if (!e->all_day || e->cancelled)
        return FSC_OK;
    (void)midnight(&first_t, e->first);
    int64_t n_days = e->end_t > first_t ? (e->end_t - first_t) / FSC_DAY_S : 1;
    if (n_days > MAX_EVENT_DAYS || differs)
        return fsc_fail(err, FSC_DATA, "%s:%d: the event that ends here %s", file, l->number,
                        differs ? "does not begin on the day of its rule"
                                : "lasts longer than a year");
    return add_event(out, e, n_days)
               ? FSC_OK
               : fsc_fail(err, FSC_DATA, "%s: more than %zu days", file, out->cap);
}

fsc_status fsc_ical_read(fsc_civil *out, size_t *n, size_t cap, const char *file, const char *text,
                         fsc_err *err)
{
    lines l = {.p = text, .next_number = 1};
    const days d = {out, n, cap};
    event e = {0};
    bool begun = false, ended = false;
    while (next_line(&l)) {
        begun |= !strcmp(l.text, "BEGIN:VCALENDAR");
        ended |= !strcmp(l.text, "END:VCALENDAR");
        if (!strcmp(l.text, "BEGIN:VEVENT")) {
            e = (event){.inside = true};
        } else if (e.inside && !strcmp(l.text, "END:VEVENT")) {
            FSC_TRY(finish_event(&d, &e, file, &l, err));
            e.inside = false;
        } else if (e.inside) {
            read_property(&e, &l);
        }
    }
    if (begun && ended)
        return FSC_OK;
    return fsc_fail(err, FSC_DATA, "%s is no whole iCalendar file: it has no %s:VCALENDAR", file,
                    begun ? "END" : "BEGIN");
}
