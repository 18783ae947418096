/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as a picture: one HTML file that opens offline, drawn as SVG, without scripts. */
#ifndef FSC_PICTURE_H
#define FSC_PICTURE_H

#include "cli/session.h"

fsc_status fsc_picture_write(const char *path, fsc_session *s, const fsc_plan *plan,
                             fsc_err *err) FSC_CHECKED;

#endif
