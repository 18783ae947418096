/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What replays share: their world is in replay_world.c, their loop in replay.c. */
#ifndef FSC_REPLAY_WORLD_H
#define FSC_REPLAY_WORLD_H

#include "forescale/replay.h"

/* Of the window that ends at `end`, or of the calendar's that holds `at`. */
int64_t fsc__window_start(const fsc_window *w, const fsc_zone *zone, int64_t end, int64_t at);

#endif
