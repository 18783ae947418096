/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All-day events of an iCalendar text (RFC 5545): the dates that holidays are made of. */
#ifndef FORESCALE_ICAL_H
#define FORESCALE_ICAL_H

#include "forescale/time.h"

/* Appends local midnights of every VEVENT with a DTSTART date; RRULE FREQ=YEARLY repeats it until
 * 2100. *n counts on from what it was; at most cap dates. Other recurrences are FSC_DATA with the
 * line. */
fsc_status fsc_ical_read(fsc_civil *out, size_t *n, size_t cap, const char *file, const char *text,
                         fsc_err *err) FSC_CHECKED;

#endif
