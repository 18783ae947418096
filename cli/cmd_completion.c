/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shell completion, generated from the tables that parse the command line. */
#include "cli/cli.h"
#include "forescale/options.h"

#include <string.h>

/* ---- bash --------------------------------------------------------------------------------- */

static void bash_options(const fsc_arg *rows)
{
    for (; rows->name; rows++)
        (void)printf(" --%s", rows->name);
}

static void bash_values(const fsc_arg *rows)
{
    for (; rows->name; rows++) {
        if (!rows->words)
            continue;
        (void)printf("        --%s) COMPREPLY=($(compgen -W \"", rows->name);
        for (const char *const *w = rows->words; *w; w++)
            (void)printf("%s%s", w == rows->words ? "" : " ", *w);
        (void)printf("\" -- \"$word\")); return ;;\n");
    }
}

static void print_bash(void)
{
    (void)printf("# bash completion of forescale: source <(forescale completion bash)\n"
                 "_forescale() {\n    local word=${COMP_WORDS[COMP_CWORD]} before="
                 "${COMP_WORDS[COMP_CWORD-1]} options\n    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
    for (const fsc_command *const *c = fsc_commands; *c; c++)
        (void)printf("%s%s", c == fsc_commands ? "" : " ", (*c)->name);
    (void)printf("\" -- \"$word\"))\n        return\n    fi\n    case $before in\n");
    bash_values(fsc_global_args);
    for (const fsc_command *const *c = fsc_commands; *c; c++)
        bash_values((*c)->args);
    (void)printf("    esac\n    case ${COMP_WORDS[1]} in\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        (void)printf("        %s) options=\"", (*c)->name);
        bash_options((*c)->args);
        (void)printf("\" ;;\n");
    }
    (void)printf("    esac\n    case $word in\n        -*) COMPREPLY=($(compgen -W \"$options");
    bash_options(fsc_global_args);
    (void)printf("\" -- \"$word\")) ;;\n        *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
                 "    esac\n}\ncomplete -o filenames -F _forescale forescale\n");
}

/* ---- zsh ---------------------------------------------------------------------------------- */

/* Text within single quotes, without what _arguments takes for its own. */
static void zsh_text(const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            (void)printf("'\\''");
        else if (strchr("[]:\\", *text))
            (void)printf("\\%c", *text);
        else
            (void)putchar(*text);
}

static void zsh_options(const fsc_arg *rows)
{
    for (; rows->name; rows++) {
        (void)printf(" \\\n                '%s--%s%s[", rows->kind == FSC_ARG_PAIR ? "*" : "",
                     rows->name, rows->kind == FSC_ARG_FLAG ? "" : "=");
        zsh_text(rows->doc);
        (void)printf("]");
        if (rows->kind != FSC_ARG_FLAG) {
            (void)printf(":");
            zsh_text(rows->value_name);
            (void)printf(":%s", rows->words ? "(" : "_files");
            for (const char *const *w = rows->words; w && *w; w++)
                (void)printf("%s%s", w == rows->words ? "" : " ", *w);
            (void)printf("%s", rows->words ? ")" : "");
        }
        (void)printf("'");
    }
}

static void print_zsh(void)
{
    (void)printf("#compdef forescale\n# zsh completion of forescale: source <(forescale completion "
                 "zsh)\n_forescale() {\n    local -a commands\n    commands=(\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        (void)printf("        '%s:", (*c)->name);
        zsh_text((*c)->summary);
        (void)printf("'\n");
    }
    (void)printf("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
                 "        return\n    fi\n    local command=$words[2]\n    shift words\n"
                 "    (( CURRENT-- ))\n    case $command in\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        (void)printf("        %s)\n            _arguments", (*c)->name);
        zsh_options((*c)->args);
        zsh_options(fsc_global_args);
        (void)printf(" \\\n                '*:word:_files' ;;\n");
    }
    (void)printf("    esac\n}\ncompdef _forescale forescale\n");
}

/* ---- fish --------------------------------------------------------------------------------- */

static void fish_text(const char *text)
{
    for (; *text; text++)
        (void)printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void fish_options(const char *command, const fsc_arg *rows)
{
    for (; rows->name; rows++) {
        (void)printf("complete -c forescale");
        if (command)
            (void)printf(" -n '__fish_seen_subcommand_from %s'", command);
        (void)printf(" -l %s", rows->name);
        if (rows->letter)
            (void)printf(" -s %c", rows->letter);
        (void)printf(rows->kind == FSC_ARG_FLAG ? " -f" : " -r");
        if (rows->words) {
            (void)printf(" -f -a '");
            for (const char *const *w = rows->words; *w; w++)
                (void)printf("%s%s", w == rows->words ? "" : " ", *w);
            (void)printf("'");
        }
        (void)printf(" -d '");
        fish_text(rows->doc);
        (void)printf("'\n");
    }
}

static void print_fish(void)
{
    (void)printf("# fish completion of forescale: forescale completion fish | source\n");
    for (const fsc_command *const *c = fsc_commands; *c; c++) {
        (void)printf("complete -c forescale -n __fish_use_subcommand -f -a %s -d '", (*c)->name);
        fish_text((*c)->summary);
        (void)printf("'\n");
        fish_options((*c)->name, (*c)->args);
    }
    fish_options(NULL, fsc_global_args);
}

static const struct shell {
    const char *name;
    void (*print)(void);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    const char *wanted = cli->args.n_words == 1 ? cli->args.words[0] : "";
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(shells[i].name, wanted)) {
            shells[i].print();
            return FSC_EXIT_OK;
        }
    fsc_fail(err, FSC_USAGE, "completion of which shell? bash, zsh or fish");
    return FSC_EXIT_USAGE;
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_completion = {"completion", "Prints a shell's completion script.",
                                        "SHELL",      args,
                                        run,          "forescale completion bash"};
