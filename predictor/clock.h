/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds that the clock which a demand follows was moved by an hour: its users have summer time, and
 * the configuration told no zone, or another. A day that is out of step with the days of its class
 * before, and in step an hour earlier or later, is believed at once where those days were in step:
 * a demand that is irregular anyway moves no clock.
 */
#ifndef FSC_CLOCK_H
#define FSC_CLOCK_H

#include "past.h"

/* The move that the newest whole day of the past shows, against the clock in force before it, or
 * one of 0 steps. */
fsc_clock_move fsc_clock_find_move(const fsc_past *w);

#endif
