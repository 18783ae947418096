/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line. A command is one row in main.c, one cmd_NAME.c, and a table of the options it
 * takes; the rows parse, document and complete them.
 */
#ifndef FSC_CLI_H
#define FSC_CLI_H

#include "forescale/buf.h"
#include "forescale/log.h"
#include "forescale/plan.h"
#include "forescale/time.h"

#include <stdio.h>

/* Exit codes are API: a Job's podFailurePolicy acts on them. */
typedef enum fsc_exit {
    FSC_EXIT_OK = 0,
    FSC_EXIT_FAILED = 1,
    FSC_EXIT_USAGE = 2,
    FSC_EXIT_HELD = 3,   /* --detailed-exitcode */
    FSC_EXIT_BUDGET = 4, /* --detailed-exitcode */
    FSC_EXIT_PARTLY = 6,
    FSC_EXIT_CHANGES = 10, /* --detailed-exitcode */
    FSC_EXIT_TRY_AGAIN_LATER = 75
} fsc_exit;

typedef enum fsc_output { FSC_OUT_TABLE, FSC_OUT_JSON, FSC_OUT_CSV } fsc_output;

enum { FSC_MAX_REPEATS = 64 };

/* NAME=VALUE options that may be given many times, in order. */
typedef struct fsc_pairs {
    size_t n;
    const char *v[FSC_MAX_REPEATS];
} fsc_pairs;

/* The values of every option of every command; zero means not given. */
typedef struct fsc_args {
    /* everywhere */
    const char *config, *store, *shard, *kubeconfig, *context, *namespace_, *log_format, *log_level,
        *output;
    int64_t at;
    bool at_given, help;
    /* of single commands */
    const char *input, *from_csv, *model, *quantiles, *horizon, *step, *state, *dry_run, *picture,
        *metrics, *scenario, *run, *preset, *format;
    int64_t since_s;
    bool from_cluster, gitops;
    bool since_given, stream, all, expired, detailed_exitcode;
    fsc_pairs replicas, ready, nodes, spent;
    /* what is left over, in order */
    size_t n_words;
    const char *const *words;
} fsc_args;

typedef enum fsc_arg_kind {
    FSC_ARG_FLAG,
    FSC_ARG_TEXT,
    FSC_ARG_TIME,
    FSC_ARG_DURATION,
    FSC_ARG_PAIR,    /* repeatable */
    FSC_ARG_OPTIONAL /* --key or --key=VALUE; without a value it is the first of `words` */
} fsc_arg_kind;

typedef struct fsc_arg {
    const char *name;
    char letter; /* 0: none */
    fsc_arg_kind kind;
    size_t offset;
    size_t given; /* offset of a bool that tells, or 0 */
    const char *value_name;
    const char *const *words; /* the values it can have; NULL: any */
    const char *doc;
} fsc_arg;

typedef struct fsc_cli fsc_cli;

typedef struct fsc_command {
    const char *name, *summary;
    const char *words;   /* "[WORKLOAD...]"; NULL: it takes none */
    const fsc_arg *args; /* ends with a NULL name */
    fsc_exit (*run)(fsc_cli *cli, fsc_err *err);
    const char *example;
} fsc_command;

/* One invocation: everything a command needs. */
struct fsc_cli {
    fsc_args args;
    const fsc_command *command;
    fsc_arena *arena;
    fsc_log log;
    bool log_json;
    int64_t now; /* --at, else the clock: read once */
};

extern const fsc_command *const fsc_commands[]; /* ends with NULL */
extern const fsc_arg fsc_global_args[];

/* args.c */
fsc_status fsc_args_parse(fsc_args *out, const fsc_command *command, int argc, char *const *argv,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;
void fsc_args_help(FILE *f, const fsc_arg *rows);
/* Splits "NAME=VALUE"; FSC_USAGE without a name or a value. */
fsc_status fsc_pair_split(const char **name, const char **value, const char *pair,
                          const char *option, fsc_arena *a, fsc_err *err) FSC_CHECKED;
fsc_status fsc_args_output(fsc_output *out, const fsc_cli *cli, fsc_err *err) FSC_CHECKED;

/* log_stderr.c: text, or JSON lines, on standard error */
void fsc_log_to_stderr(fsc_cli *cli);

/* The exit code that a failure maps to. */
fsc_exit fsc_exit_of(fsc_status status, bool retryable);

/* Commands, one file each. */
extern const fsc_command fsc_cmd_init, fsc_cmd_check, fsc_cmd_collect, fsc_cmd_forecast,
    fsc_cmd_backtest, fsc_cmd_explain, fsc_cmd_plan, fsc_cmd_report, fsc_cmd_run, fsc_cmd_simulate,
    fsc_cmd_status, fsc_cmd_restore, fsc_cmd_history, fsc_cmd_completion, fsc_cmd_version,
    fsc_cmd_help;

#endif
