/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual pages as roff on standard output. */
#ifndef FSC_MAN_H
#define FSC_MAN_H

#include "cli/cli.h"

void fsc_man_overview(void);                /* forescale(1) */
void fsc_man_command(const fsc_command *c); /* forescale-COMMAND(1) */
void fsc_man_config(void);                  /* forescale-config(5) */

#endif
