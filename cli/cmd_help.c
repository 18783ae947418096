/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/man.h"
#include "cli/session.h"
#include "forescale/model.h"

#include <string.h>

static void print_overview(void)
{
    (void)printf("forescale: raises GPU replicas and warms nodes before demand comes, under a "
                 "ceiling of money\n\n"
                 "Usage: forescale COMMAND [OPTION...]\n\nCommands:\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++)
        (void)printf("  %-10s %s\n", (*c)->name, (*c)->summary);
    (void)printf("\nOptions of every command:\n");
    fsc_args_help(stdout, fsc_global_args);
    (void)printf("\nExit codes: 0 done, also when held or limited; 1 failed, nothing applied; 2 "
                 "usage or configuration;\n"
                 "6 partly applied; 75 try again later. With --detailed-exitcode: 3 held, 4 "
                 "limited by a budget,\n"
                 "10 changes pending.\n\n"
                 "forescale help COMMAND, help model [NAME], help option [KEY] and help schema "
                 "tell more.\n");
}

static void print_command(const fsc_command *c)
{
    (void)printf("%s\n\nUsage: forescale %s [OPTION...]%s%s\n", c->summary, c->name,
                 c->words ? " " : "", c->words ? c->words : "");
    if (c->args->name) {
        (void)printf("\nOptions:\n");
        fsc_args_help(stdout, c->args);
    }
    (void)printf("\nOptions of every command:\n");
    fsc_args_help(stdout, fsc_global_args);
    (void)printf("\nExample: %s\n", c->example);
}

static fsc_status print_rows(fsc_cli *cli, const char *title, const fsc_opt *rows, fsc_err *err)
{
    fsc_buf b;
    fsc_buf_init(&b, cli->arena, (size_t)16 << 20);
    fsc_options_markdown(&b, title, rows);
    FSC_TRY(fsc_buf_status(&b, err));
    (void)fputs(fsc_buf_str(&b), stdout);
    return FSC_OK;
}

static fsc_status help_model(fsc_cli *cli, const char *name, fsc_err *err)
{
    const char *names[64];
    size_t n = 0;
    for (const fsc_model_ops *const *m = fsc_models(); *m && n < 64; m++) {
        names[n++] = (*m)->name;
        if (!name)
            (void)printf("%-20s %s\n", (*m)->name, (*m)->summary);
        else if (!strcmp((*m)->name, name)) {
            (void)printf("%s: %s\n", (*m)->name, (*m)->summary);
            return (*m)->opts ? print_rows(cli, (*m)->name, (*m)->opts, err) : FSC_OK;
        }
    }
    if (!name)
        return FSC_OK;
    const char *near = fsc_suggest(name, names, n);
    return fsc_fail(err, FSC_USAGE, "there is no model %s%s%s", name, near ? ": did you mean " : "",
                    near ? near : "");
}

/* The row of a key at any depth: "ceiling", or "budgets.ceiling". */
static const fsc_opt *find_row(const fsc_opt *rows, const char *key)
{
    const char *dot = strchr(key, '.');
    size_t n = dot ? (size_t)(dot - key) : strlen(key);
    for (const fsc_opt *r = rows; r->key; r++) {
        bool same = strlen(r->key) == n && !strncmp(r->key, key, n);
        if (same && !dot)
            return r;
        const fsc_opt *below = !r->rows ? NULL
                               : same   ? find_row(r->rows, dot + 1)
                               : dot    ? NULL
                                        : find_row(r->rows, key);
        if (below)
            return below;
    }
    return NULL;
}

static fsc_status help_option(fsc_cli *cli, const char *key, fsc_err *err)
{
    if (!key)
        return print_rows(cli, "Options of the configuration", fsc_config_rows(), err);
    const fsc_opt *row = find_row(fsc_config_rows(), key);
    if (!row)
        return fsc_fail(err, FSC_USAGE,
                        "the configuration has no key %s: see forescale help option", key);
    const fsc_opt rows[] = {*row, {0}};
    return print_rows(cli, key, rows, err);
}

static fsc_status help_schema(fsc_cli *cli, fsc_err *err)
{
    fsc_buf b;
    fsc_buf_init(&b, cli->arena, (size_t)16 << 20);
    fsc_options_json_schema(&b, fsc_config_rows());
    FSC_TRY(fsc_buf_status(&b, err));
    (void)puts(fsc_buf_str(&b));
    return FSC_OK;
}

static fsc_status help_man(const char *name, fsc_err *err)
{
    if (!name) {
        fsc_man_overview();
        return FSC_OK;
    }
    if (!strcmp(name, "config")) {
        fsc_man_config();
        return FSC_OK;
    }
    for (const fsc_command *const *c = fsc_commands; *c; c++)
        if (!strcmp((*c)->name, name)) {
            fsc_man_command(*c);
            return FSC_OK;
        }
    return fsc_fail(err, FSC_USAGE, "there is no manual page of %s", name);
}

static fsc_status help_on(fsc_cli *cli, const char *topic, const char *name, fsc_err *err)
{
    if (!strcmp(topic, "model"))
        return help_model(cli, name, err);
    if (!strcmp(topic, "option"))
        return help_option(cli, name, err);
    if (!strcmp(topic, "schema"))
        return help_schema(cli, err);
    if (!strcmp(topic, "man"))
        return help_man(name, err);
    for (const fsc_command *const *c = fsc_commands; *c; c++)
        if (!strcmp((*c)->name, topic)) {
            print_command(*c);
            return FSC_OK;
        }
    return fsc_fail(err, FSC_USAGE, "there is no help on %s: see forescale help", topic);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    if (!cli->args.n_words) {
        print_overview();
        return FSC_EXIT_OK;
    }
    const char *name = cli->args.n_words > 1 ? cli->args.words[1] : NULL;
    return fsc_exit_of(help_on(cli, cli->args.words[0], name, err), false);
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_help = {"help",
                                  "Describes commands, models and options.",
                                  "[COMMAND|model [NAME]|option [KEY]|schema|man [COMMAND|config]]",
                                  args,
                                  run,
                                  "forescale help plan"};
