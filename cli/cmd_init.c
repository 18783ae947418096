/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session.h"

extern const char fsc__sample_config[];

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    (void)cli;
    (void)err;
    (void)fputs(fsc__sample_config, stdout);
    return FSC_EXIT_OK;
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_init = {
    "init", "Writes a commented starting configuration to standard output.",
    NULL,   args,
    run,    "forescale init > config.yaml"};
