/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All-day events of an iCalendar text (RFC 5545): the dates that holidays are made of. */
#ifndef FORESCALE_ICAL_H
#define FORESCALE_ICAL_H

#include "forescale/time.h"

/* Appends every day of every all-day VEVENT (DTSTART to before DTEND), from 2000 to 2100 where
 * RRULE FREQ=YEARLY (with UNTIL or COUNT) repeats it. Events with a time of day and cancelled ones
 * are left out. *n counts on from what it was. FSC_DATA names file and line of another recurrence,
 * or says that there are more than cap days. */
fsc_status fsc_ical_read(fsc_civil *out, size_t *n, size_t cap, const char *file, const char *text,
                         fsc_err *err) FSC_CHECKED;

#endif
