/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/colour.h"
#include "forescale/options.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { ARENA_LIMIT_MIB = 4096 }; /* a wall for hostile input, far above any real run */

const fsc_command *const fsc_commands[] = {
    &fsc_cmd_init,
    &fsc_cmd_check,
    &fsc_cmd_collect,
    &fsc_cmd_forecast,
    &fsc_cmd_backtest,
    &fsc_cmd_plan,
    &fsc_cmd_report,
    &fsc_cmd_run,
    &fsc_cmd_simulate,
    &fsc_cmd_explain,
    &fsc_cmd_status,
    &fsc_cmd_restore,
    &fsc_cmd_history,
    &fsc_cmd_completion,
    &fsc_cmd_version,
    &fsc_cmd_help,
    NULL,
};

fsc_exit fsc_exit_of(fsc_status status, bool retryable)
{
    switch (status) {
    case FSC_OK:
        return FSC_EXIT_OK;
    case FSC_USAGE:
    case FSC_CONFIG:
        return FSC_EXIT_USAGE;
    default:
        return retryable ? FSC_EXIT_TRY_AGAIN_LATER : FSC_EXIT_FAILED;
    }
}

/* The second line of every failure; the same words stand in docs/errors.md. */
static const char *const next_steps[FSC_STATUS_N] = {
    [FSC_USAGE] = "see forescale COMMAND --help",
    [FSC_CONFIG] = "mend the configuration; forescale help option KEY tells what a key means",
    [FSC_DATA] = "mend the file at the line named, or collect more history",
    [FSC_REMOTE] = "see its own words in the message; forescale check asks each part",
    [FSC_DENIED] =
        "check the token, and the Role in cronjobs/rbac.yaml; forescale check lists rights",
    [FSC_MISSING] = "check the name in the configuration",
    [FSC_CONFLICT] = "nothing: the next run looks again",
    [FSC_BUDGET] = "raise the ceiling, or lower the floors",
    [FSC_STORE] = "see the message: disk, rights or damage; the file is left as it is",
    [FSC_IO] = "check the path and its rights",
    [FSC_NOMEM] = "give a smaller input, or more memory",
    [FSC_BUG] = "please report it, with the message and forescale version",
};

static const fsc_command *find_command(const char *name, fsc_err *err)
{
    const char *names[32];
    size_t n = 0;
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        if (!strcmp((*c)->name, name))
            return *c;
        names[n++] = (*c)->name;
    }
    const char *near = fsc_suggest(name, names, n);
    if (near)
        fsc_fail(err, FSC_USAGE, "there is no command %s: did you mean %s?", name, near);
    else
        fsc_fail(err, FSC_USAGE, "there is no command %s: see forescale help", name);
    return NULL;
}

/* A full disk or a closed pipe under standard output is a failure that must not end as success. */
static fsc_exit finish_output(fsc_exit code)
{
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    (void)fprintf(stderr, "forescale: cannot write the result: %s\n", strerror(errno));
    return FSC_EXIT_FAILED;
}

static fsc_exit run_command(fsc_cli *cli, int argc, char **argv, fsc_err *err)
{
    if (fsc_args_parse(&cli->args, cli->command, argc, argv, cli->arena, err) != FSC_OK)
        return fsc_exit_of(err->code, err->retryable);
    fsc_log_to_stderr(cli);
    cli->now = cli->args.at_given ? cli->args.at : (int64_t)time(NULL);
    if (cli->args.help) {
        const char *name = cli->command->name;
        cli->args.words = &name;
        cli->args.n_words = 1;
        return fsc_cmd_help.run(cli, err);
    }
    return cli->command->run(cli, err);
}

int main(int argc, char **argv)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_cli cli = {0};
    const char *name = argc > 1 ? argv[1] : "help";
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    if (!strcmp(name, "--version"))
        name = "version";
    fsc_exit code = FSC_EXIT_FAILED;
    cli.command = find_command(name, &err);
    if (!cli.command)
        code = FSC_EXIT_USAGE;
    else if (fsc_arena_open(&cli.arena, (size_t)ARENA_LIMIT_MIB << 20, &err) == FSC_OK)
        code = finish_output(run_command(&cli, argc > 2 ? argc - 2 : 0, argv + 2, &err));
    if (err.code != FSC_OK) {
        fsc_paint(stderr, FSC_MEANS_OVER, "forescale:");
        (void)fprintf(stderr, " %s\nwhat to do: %s\n", err.msg, next_steps[err.code]);
    }
    fsc_arena_close(cli.arena);
    return (int)code;
}
