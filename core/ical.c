/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/ical.h"

#include <stdio.h>
#include <string.h>

enum { LAST_YEAR = 2100, LINE_BYTES = 512 };

typedef struct event {
    bool inside, has_date, yearly;
    fsc_civil date;
} event;

typedef struct lines {
    const char *p;
    int number;
    char text[LINE_BYTES]; /* unfolded, cut where longer: what matters is short */
} lines;

/* A line that begins with a blank continues the one before it (RFC 5545, 3.1). */
static bool next_line(lines *l)
{
    size_t n = 0;
    if (!*l->p)
        return false;
    do {
        l->p += n && (*l->p == ' ' || *l->p == '\t') ? 1 : 0;
        for (; *l->p && *l->p != '\n'; l->p++)
            if (*l->p != '\r' && n + 1 < sizeof l->text)
                l->text[n++] = *l->p;
        l->p += *l->p == '\n';
        l->number++;
    } while (n && (*l->p == ' ' || *l->p == '\t'));
    l->text[n] = '\0';
    return true;
}

static bool read_date(fsc_civil *c, const char *p)
{
    int digits[8];
    for (int i = 0; i < 8; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        digits[i] = p[i] - '0';
    }
    *c = (fsc_civil){.year = 1000 * digits[0] + 100 * digits[1] + 10 * digits[2] + digits[3],
                     .month = 10 * digits[4] + digits[5],
                     .day = 10 * digits[6] + digits[7]};
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= 31;
}

static fsc_status add_event(fsc_civil *out, size_t *n, size_t cap, const event *e)
{
    fsc_civil c = e->date;
    for (; c.year <= (e->yearly ? LAST_YEAR : e->date.year) && *n < cap; c.year++)
        out[(*n)++] = c;
    return FSC_OK;
}

static fsc_status read_line(event *e, const lines *l, const char *file, fsc_err *err)
{
    const char *value = strchr(l->text, ':');
    if (!e->inside || !value)
        return FSC_OK;
    if (!strncmp(l->text, "DTSTART", 7)) {
        e->has_date = read_date(&e->date, value + 1);
        if (!e->has_date)
            return fsc_fail(err, FSC_DATA, "%s:%d: DTSTART holds no date", file, l->number);
    }
    if (!strncmp(l->text, "RRULE", 5)) {
        e->yearly =
            strstr(value, "FREQ=YEARLY") && !strstr(value, "BYDAY") && !strstr(value, "INTERVAL");
        if (!e->yearly)
            return fsc_fail(
                err, FSC_DATA,
                "%s:%d: only RRULE:FREQ=YEARLY is understood: list the other dates one by one",
                file, l->number);
    }
    return FSC_OK;
}

fsc_status fsc_ical_read(fsc_civil *out, size_t *n, size_t cap, const char *file, const char *text,
                         fsc_err *err)
{
    lines l = {.p = text};
    event e = {0};
    bool calendar = false;
    while (next_line(&l)) {
        if (!strcmp(l.text, "BEGIN:VCALENDAR"))
            calendar = true;
        else if (!strcmp(l.text, "BEGIN:VEVENT"))
            e = (event){.inside = true};
        else if (!strcmp(l.text, "END:VEVENT")) {
            if (e.inside && e.has_date)
                FSC_TRY(add_event(out, n, cap, &e));
            e.inside = false;
        } else {
            FSC_TRY(read_line(&e, &l, file, err));
        }
    }
    return calendar ? FSC_OK
                    : fsc_fail(err, FSC_DATA, "%s is no iCalendar file: it has no BEGIN:VCALENDAR",
                               file);
}
