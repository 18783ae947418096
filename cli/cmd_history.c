/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session.h"

#include <math.h>
#include <string.h>

static void print_samples(const fsc_series *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!isnan(s->values[i]))
            (void)printf("%s,%lld,%.17g\n", s->id, (long long)(s->start + (int64_t)i * s->step_s),
                         s->values[i]);
}

static fsc_status print_list(fsc_session *s, fsc_err *err)
{
    fsc_history_info *list;
    size_t n;
    char first[FSC_TIME_TEXT], newest[FSC_TIME_TEXT];
    FSC_TRY(fsc_history_list(&list, &n, s->store, s->cli->arena, err));
    (void)printf("%-32s %6s %10s %8s  %-22s %s\n", "SERIES", "STEP", "SAMPLES", "BYTES/S", "FIRST",
                 "NEWEST");
    for (size_t i = 0; i < n; i++)
        (void)printf(
            "%-32s %5ds %10zu %8.2f  %-22s %s\n", list[i].id, (int)list[i].step_s, list[i].samples,
            list[i].samples ? (double)list[i].bytes / (double)list[i].samples : 0.0,
            fsc_time_format(first, list[i].first), fsc_time_format(newest, list[i].newest));
    return FSC_OK;
}

static fsc_status print_history(fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    int64_t from = args->since_given ? s->cli->now - args->since_s : INT64_MIN / 2;
    FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    if (!args->n_words)
        return print_list(s, err);
    (void)printf("series,timestamp,value\n");
    for (size_t i = 0; i < args->n_words; i++) {
        fsc_series one;
        fsc_arena_mark mark = fsc_arena_get_mark(s->cli->arena);
        FSC_TRY(fsc_history_read(&one, s->store, args->words[i], from, s->cli->now + 1,
                                 s->cli->arena, err));
        print_samples(&one);
        fsc_arena_rewind(s->cli->arena, mark);
    }
    return FSC_OK;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    fsc_status status = fsc_session_open(&s, cli, FSC_NEED_STORE, err);
    if (status == FSC_OK)
        status = print_history(&s, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    {"since", 0, FSC_ARG_DURATION, offsetof(fsc_args, since_s), offsetof(fsc_args, since_given),
     "TIME", NULL, "How far back (all)."},
    {0},
};
const fsc_command fsc_cmd_history = {
    "history", "Lists what the store holds, or prints a series as CSV.", "[SERIES...]", args,
    run,       "forescale history -c config.yaml llama --since 1h"};
