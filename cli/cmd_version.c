/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "forescale/version.h"

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    (void)cli;
    (void)err;
    (void)printf("forescale %s\n", FSC_VERSION);
    return FSC_EXIT_OK;
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_version = {"version", "Prints the version.", NULL, args,
                                     run,       "forescale version"};
