/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the newest whole day says about the calendar, by comparison with the days of its class
 * before. A day that is far out of step with days that were in step with each other is either in
 * step an hour earlier or later: its users have summer time, and the configuration told no zone, or
 * another; or it is odd: a holiday that nobody told, an incident, a flash crowd. Nothing is learned
 * of an odd day, but of the second one in a row: it may be the new order. Irregular demand has no
 * odd days.
 */
#ifndef FSC_NEWEST_DAY_H
#define FSC_NEWEST_DAY_H

#include "past.h"

/* Writes a note, or returns false where the day is like others. */
bool fsc_newest_day_note(fsc_past_note *out, const fsc_past *w);

#endif
