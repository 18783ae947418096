/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session.h"
#include "cli/shard.h"
#include "forescale/apply.h"

#include <string.h>

static fsc_status restore(fsc_session *s, fsc_apply_counts *counts, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    if (args->all == args->expired)
        return fsc_fail(
            err, FSC_USAGE,
            "restore what? --expired (what has run out) or --all (everything, to uninstall)");
    const char *dry = args->dry_run;
    fsc_dry_run mode = !dry                     ? FSC_DRY_NONE
                       : !strcmp(dry, "server") ? FSC_DRY_SERVER
                                                : FSC_DRY_CLIENT;
    FSC_TRY(fsc_session_open(s, s->cli, FSC_NEED_TARGET, err));
    FSC_TRY(fsc_session_kube(s, err));
    int64_t *last_runs;
    if (args->all) /* whatever their age */
        last_runs = FSC_NEW(s->cli->arena, s->config.n_workloads, int64_t, err);
    else
        FSC_TRY(fsc_shard_last_runs(&last_runs, s, err));
    if (!last_runs)
        return FSC_NOMEM;
    fsc_restore(counts, s->kube, &s->config, last_runs, s->cli->now,
                args->all ? FSC_RESTORE_ALL : FSC_RESTORE_EXPIRED, mode, &s->cli->log,
                s->cli->arena);
    return FSC_OK;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s = {.cli = cli};
    fsc_apply_counts counts = {0};
    fsc_status status = restore(&s, &counts, err);
    fsc_session_close(&s);
    if (status != FSC_OK)
        return fsc_exit_of(status, err->retryable);
    (void)printf("restored %zu, unchanged %zu, failed %zu\n", counts.applied + counts.planned,
                 counts.unchanged, counts.failed);
    if (!counts.failed)
        return FSC_EXIT_OK;
    return counts.applied ? FSC_EXIT_PARTLY : FSC_EXIT_TRY_AGAIN_LATER;
}

static const char *const dry_run_words[] = {"client", "server", NULL};
static const fsc_arg args[] = {
    {"expired", 0, FSC_ARG_FLAG, offsetof(fsc_args, expired), 0, NULL, NULL,
     "What is past its expiry: floors to the baseline, a cap to what is safe."},
    {"all", 0, FSC_ARG_FLAG, offsetof(fsc_args, all), 0, NULL, NULL,
     "Every baseline, now: the way to uninstall."},
    {"dry-run", 0, FSC_ARG_OPTIONAL, offsetof(fsc_args, dry_run), 0, "client|server", dry_run_words,
     "Writes nothing."},
    {0},
};
const fsc_command fsc_cmd_restore = {
    "restore", "Puts baselines back, with nothing but the Kubernetes API.",
    NULL,      args,
    run,       "forescale restore -c config.yaml --expired"};
