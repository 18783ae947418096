/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual pages, from the rows that parse the command line and the configuration. */
#include "cli/man.h"
#include "forescale/config.h"
#include "forescale/version.h"

#include <string.h>

/* A dot or a quote at a line's beginning, and a backslash anywhere, mean something to roff. */
static void text(const char *t)
{
    if (*t == '.' || *t == '\'')
        (void)printf("\\&");
    for (; *t; t++)
        if (*t == '\\')
            (void)printf("\\e");
        else if (*t == '-')
            (void)printf("\\-");
        else
            (void)putchar(*t);
}

static void line(const char *t)
{
    text(t);
    (void)putchar('\n');
}

static void title(const char *page, int section)
{
    (void)printf(".TH \"%s\" %d \"\" \"forescale %s\" \"forescale\"\n", page, section, FSC_VERSION);
}

static void options(const fsc_arg *rows)
{
    for (; rows->name; rows++) {
        (void)printf(".TP\n\\fB");
        if (rows->letter)
            (void)printf("\\-%c\\fR, \\fB", rows->letter);
        (void)printf("\\-\\-");
        text(rows->name);
        (void)printf("\\fR");
        if (rows->value_name) {
            (void)printf(rows->kind == FSC_ARG_OPTIONAL ? "[=\\fI" : " \\fI");
            text(rows->value_name);
            (void)printf(rows->kind == FSC_ARG_OPTIONAL ? "\\fR]" : "\\fR");
        }
        (void)putchar('\n');
        line(rows->doc);
    }
}

static const char exit_codes[] =
    ".SH EXIT STATUS\n.TP\n.B 0\ndone, also when held or limited by a budget\n.TP\n.B 1\nfailed, "
    "nothing applied\n.TP\n.B 2\nusage or configuration\n.TP\n.B 6\npartly applied\n.TP\n.B 75\n"
    "try again later: another run holds the lease, or a remote part is down\n.PP\nWith "
    "\\-\\-detailed\\-exitcode: 3 held, 4 limited by a budget, 10 changes pending.\n";

void fsc_man_command(const fsc_command *c)
{
    char page[64];
    (void)snprintf(page, sizeof page, "forescale-%s", c->name);
    title(page, 1);
    (void)printf(".SH NAME\nforescale\\-%s \\- ", c->name);
    line(c->summary);
    (void)printf(".SH SYNOPSIS\n.B forescale %s\n[\\fIOPTION\\fR...] ", c->name);
    line(c->words ? c->words : "");
    if (c->args->name) {
        (void)printf(".SH OPTIONS\n");
        options(c->args);
    }
    (void)printf(".SH OPTIONS OF EVERY COMMAND\n");
    options(fsc_global_args);
    (void)printf("%s.SH EXAMPLE\n.nf\n", exit_codes);
    line(c->example);
    (void)printf(".fi\n.SH SEE ALSO\n.BR forescale (1),\n.BR forescale\\-config (5)\n");
}

void fsc_man_overview(void)
{
    title("forescale", 1);
    (void)printf(".SH NAME\nforescale \\- raises GPU replicas and warms nodes before demand comes, "
                 "under a ceiling of money\n.SH SYNOPSIS\n.B forescale\n\\fICOMMAND\\fR "
                 "[\\fIOPTION\\fR...]\n.SH DESCRIPTION\nA batch job: it reads demand from "
                 "Prometheus, forecasts it, plans replicas and nodes, and raises the floors of the "
                 "autoscaler that is there, while no window of a budget passes its ceiling.\n"
                 ".SH COMMANDS\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        (void)printf(".TP\n.BR forescale\\-%s (1)\n", (*c)->name);
        line((*c)->summary);
    }
    (void)printf(".SH OPTIONS OF EVERY COMMAND\n");
    options(fsc_global_args);
    (void)printf("%s.SH ENVIRONMENT\n.TP\n.B KUBECONFIG\nLogin files of the Kubernetes "
                 "API.\n.TP\n.B NO_COLOR\nSet, or CLICOLOR=0, or "
                 "TERM=dumb: no colours. Elsewhere, and on a terminal alone, green is fine, yellow "
                 "held or a warning, magenta limited by a budget, red late, bold red over the "
                 "ceiling or failed. Words say as much.\n"
                 ".SH SEE ALSO\n"
                 ".BR forescale\\-config (5)\n",
                 exit_codes);
}

static void keys(const char *path, const fsc_opt *rows)
{
    for (const fsc_opt *row = rows; row->key; row++) {
        char full[200];
        (void)snprintf(full, sizeof full, "%s%s%s%s", path, *path ? "." : "", row->key,
                       row->type == FSC_OPT_SECTIONS ? "[]" : "");
        (void)printf(".TP\n\\fB");
        text(full);
        (void)printf("\\fR");
        for (size_t i = 0; row->words && row->words[i]; i++)
            (void)printf("%s\\fI%s\\fR", i ? ", " : " ", row->words[i]);
        if (row->def)
            (void)printf(" (%s)", row->def);
        (void)putchar('\n');
        line(row->doc);
        if (row->rows)
            keys(full, row->rows);
    }
}

void fsc_man_config(void)
{
    title("forescale-config", 5);
    (void)printf(".SH NAME\nforescale\\-config \\- the configuration of forescale\n"
                 ".SH DESCRIPTION\nOne YAML file, read strictly: a key that is not known, a unit "
                 "that is missing or a value beyond its bounds is an error with its line. "
                 "Durations are written 90s, 5m, 6h, 14d, money with its currency. Defaults stand "
                 "in parentheses.\n.SH KEYS\n");
    keys("", fsc_config_rows());
    (void)printf(".SH SEE ALSO\n.BR forescale (1)\n");
}
