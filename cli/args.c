/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "forescale/options.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(fsc_args, field)

static const char *const output_words[] = {"table", "json", "csv", NULL};
static const char *const log_format_words[] = {"text", "json", NULL};
static const char *const log_level_words[] = {"error", "warn", "info", "debug", NULL};

const fsc_arg fsc_global_args[] = {
    {"config", 'c', FSC_ARG_TEXT, AT(config), 0, "FILE", NULL,
     "Configuration; - is standard input."},
    {"store", 0, FSC_ARG_TEXT, AT(store), 0, "FILE", NULL,
     "The SQLite file, instead of the configuration's."},
    {"shard", 0, FSC_ARG_TEXT, AT(shard), 0, "I/N", NULL,
     "Plans one of N parts of the workloads, from 0; N alone takes I from JOB_COMPLETION_INDEX."},
    {"output", 'o', FSC_ARG_TEXT, AT(output), 0, "FORMAT", output_words, "Form of the result."},
    {"at", 0, FSC_ARG_TIME, AT(at), AT(at_given), "TIME", NULL,
     "What counts as now: RFC 3339 or Unix seconds. Replays the past."},
    {"kubeconfig", 0, FSC_ARG_TEXT, AT(kubeconfig), 0, "FILE", NULL,
     "Login of the Kubernetes API."},
    {"context", 0, FSC_ARG_TEXT, AT(context), 0, "NAME", NULL, "The kubeconfig's context to use."},
    {"namespace", 'n', FSC_ARG_TEXT, AT(namespace_), 0, "NAME", NULL, "Namespace of the lease."},
    {"log-format", 0, FSC_ARG_TEXT, AT(log_format), 0, "FORMAT", log_format_words,
     "Form of the log on standard error."},
    {"log-level", 0, FSC_ARG_TEXT, AT(log_level), 0, "LEVEL", log_level_words,
     "The least urgent lines to log (info)."},
    {"help", 'h', FSC_ARG_FLAG, AT(help), 0, NULL, NULL, "Describes the command."},
    {0},
};

static const fsc_arg *find(const fsc_arg *rows, const char *name, size_t n, char letter)
{
    for (; rows->name; rows++)
        if (letter ? rows->letter == letter
                   : strlen(rows->name) == n && !strncmp(rows->name, name, n))
            return rows;
    return NULL;
}

static fsc_status unknown(const fsc_command *command, const char *arg, size_t n, fsc_err *err)
{
    const char *names[64];
    size_t count = 0;
    for (const fsc_arg *r = command->args; r->name && count < 64; r++)
        names[count++] = r->name;
    for (const fsc_arg *r = fsc_global_args; r->name && count < 64; r++)
        names[count++] = r->name;
    char word[64];
    (void)snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), arg);
    const char *near = fsc_suggest(word, names, count);
    if (near)
        return fsc_fail(err, FSC_USAGE, "%s has no option --%s: did you mean --%s?", command->name,
                        word, near);
    return fsc_fail(err, FSC_USAGE, "%s has no option --%s: see forescale %s --help", command->name,
                    word, command->name);
}

static fsc_status check_word(const fsc_arg *row, const char *value, fsc_err *err)
{
    if (!row->words)
        return FSC_OK;
    char list[160] = "";
    size_t used = 0;
    for (const char *const *w = row->words; *w; w++) {
        if (!strcmp(*w, value))
            return FSC_OK;
        int n = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *w);
        used = n > 0 && used + (size_t)n < sizeof list ? used + (size_t)n : used;
    }
    return fsc_fail(err, FSC_USAGE, "--%s cannot be \"%s\": it is one of %s", row->name, value,
                    list);
}

static fsc_status store_value(fsc_args *out, const fsc_arg *row, const char *value, fsc_err *err)
{
    char *field = (char *)out + row->offset;
    fsc_pairs *pairs;
    FSC_TRY(check_word(row, value, err));
    if (row->given)
        *(bool *)((char *)out + row->given) = true;
    switch (row->kind) {
    case FSC_ARG_TIME:
        if (fsc_time_parse((int64_t *)(void *)field, value, err) != FSC_OK)
            break;
        return FSC_OK;
    case FSC_ARG_DURATION:
        if (fsc_duration_parse((int64_t *)(void *)field, value, err) != FSC_OK)
            break;
        return FSC_OK;
    case FSC_ARG_PAIR:
        pairs = (fsc_pairs *)(void *)field;
        if (pairs->n == FSC_MAX_REPEATS)
            return fsc_fail(err, FSC_USAGE, "--%s is given more than %d times", row->name,
                            FSC_MAX_REPEATS);
        pairs->v[pairs->n++] = value;
        return FSC_OK;
    default:
        *(const char **)(void *)field = value;
        return FSC_OK;
    }
    fsc_context(err, "--%s", row->name);
    err->code = FSC_USAGE;
    return FSC_USAGE;
}

/* The row that argv[i] names, and the value that stands in the same word ("--key=v", "-kv"). */
static fsc_status match(const fsc_arg **row, const char **inline_value, const fsc_command *command,
                        const char *word, fsc_err *err)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    const char *equals = is_long ? strchr(name, '=') : NULL;
    size_t n = is_long ? (equals ? (size_t)(equals - name) : strlen(name)) : 1;
    char letter = is_long ? (char)0 : name[0];
    *row = find(command->args, name, n, letter);
    if (!*row)
        *row = find(fsc_global_args, name, n, letter);
    if (!*row)
        return unknown(command, name, n, err);
    *inline_value = equals ? equals + 1 : !is_long && name[1] ? name + 1 : NULL;
    return FSC_OK;
}

static fsc_status take(fsc_args *out, const fsc_command *command, int argc, char *const *argv,
                       int *i, fsc_err *err)
{
    const fsc_arg *row = NULL;
    const char *value = NULL;
    FSC_TRY(match(&row, &value, command, argv[*i], err));
    if (row->kind == FSC_ARG_FLAG) {
        if (value)
            return fsc_fail(err, FSC_USAGE, "--%s takes no value", row->name);
        *(bool *)((char *)out + row->offset) = true;
        return FSC_OK;
    }
    if (!value && row->kind == FSC_ARG_OPTIONAL)
        value = row->words[0];
    if (!value && *i + 1 < argc)
        value = argv[++*i];
    if (!value)
        return fsc_fail(err, FSC_USAGE, "--%s needs a value: --%s %s", row->name, row->name,
                        row->value_name);
    return store_value(out, row, value, err);
}

fsc_status fsc_args_parse(fsc_args *out, const fsc_command *command, int argc, char *const *argv,
                          fsc_arena *a, fsc_err *err)
{
    const char **words = FSC_NEW(a, (size_t)argc + 1, const char *, err);
    if (!words)
        return FSC_NOMEM;
    out->words = words;
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        if (!only_words && !strcmp(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            FSC_TRY(take(out, command, argc, argv, &i, err));
        } else if (!command->words) {
            return fsc_fail(err, FSC_USAGE, "%s takes no argument \"%s\"", command->name, argv[i]);
        } else {
            words[out->n_words++] = argv[i];
        }
    }
    return FSC_OK;
}

void fsc_args_help(FILE *f, const fsc_arg *rows)
{
    for (; rows->name; rows++) {
        char left[64];
        const char *value = rows->value_name ? rows->value_name : "";
        (void)snprintf(left, sizeof left, "%s%c%s--%s%s%s%s", rows->letter ? "-" : "  ",
                       rows->letter ? rows->letter : ' ', rows->letter ? ", " : " ", rows->name,
                       rows->kind == FSC_ARG_OPTIONAL ? "[="
                       : *value                       ? " "
                                                      : "",
                       value, rows->kind == FSC_ARG_OPTIONAL ? "]" : "");
        (void)fprintf(f, "  %-30s %s", left, rows->doc);
        for (const char *const *w = rows->words; w && *w; w++)
            (void)fprintf(f, "%s%s", w == rows->words ? " One of " : ", ", *w);
        (void)fprintf(f, "%s\n", rows->words ? "." : "");
    }
}

fsc_status fsc_pair_split(const char **name, const char **value, const char *pair,
                          const char *option, fsc_arena *a, fsc_err *err)
{
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair || !equals[1])
        return fsc_fail(err, FSC_USAGE, "--%s %s: write NAME=VALUE", option, pair);
    *name = fsc_arena_strndup(a, pair, (size_t)(equals - pair), err);
    *value = equals + 1;
    return *name ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc_args_output(fsc_output *out, const fsc_cli *cli, fsc_err *err)
{
    const char *text = cli->args.output ? cli->args.output : output_words[0];
    for (size_t i = 0; output_words[i]; i++)
        if (!strcmp(text, output_words[i])) {
            *out = (fsc_output)i;
            return FSC_OK;
        }
    return fsc_fail(err, FSC_USAGE, "-o cannot be \"%s\"", text);
}
