/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/stages.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_SINCE_S = 14 * FSC_DAY_S };

/* A one-series file feeds the only workload; else a series keeps its own name. */
static fsc_status import_csv(fsc_session *s, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_csv_read(&csv, s->cli->args.from_csv, 0, s->cli->arena, err));
    FSC_TRY(fsc_store_begin(s->store, err));
    for (size_t i = 0; i < csv.n; i++) {
        fsc_series *one = &csv.series[i];
        /* Finer samples, and those beside the grid, are laid on the grid that Prometheus will be
         * read on. */
        if (FSC_COLLECT_STEP_S % one->step_s == 0)
            FSC_TRY(fsc_series_resample(one,
                                        &(fsc_series){.id = one->id,
                                                      .start = one->start,
                                                      .step_s = one->step_s,
                                                      .n = one->n,
                                                      .values = one->values},
                                        FSC_COLLECT_STEP_S, 0, s->cli->arena, err));
        if (csv.n == 1 && s->config.n_workloads == 1)
            one->id = s->config.workloads[0].name;
        if (fsc_history_write(s->store, one, err) != FSC_OK) {
            fsc_store_rollback(s->store);
            return fsc_context(err, "series %s", one->id);
        }
        char samples[32];
        (void)snprintf(samples, sizeof samples, "%zu", one->n - fsc_series_gaps(one));
        fsc_log_write(&s->cli->log, FSC_LOG_INFO, "imported", "series", one->id, "samples", samples,
                      NULL);
    }
    return fsc_store_commit(s->store, err);
}

static fsc_status collect(fsc_session *s, size_t *failed, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    size_t unread = 0;
    FSC_TRY(fsc_session_store(s, FSC_STORE_WRITE, err));
    if (args->from_csv)
        return import_csv(s, err);
    bool from_trigger =
        false; /* a query comes from the target's trigger only where the configuration has none */
    for (size_t w = 0; w < s->config.n_workloads; w++)
        from_trigger |= !s->config.workloads[w].demand.query;
    if (from_trigger)
        FSC_TRY(fsc_stage_observe(s, &unread, err));
    return fsc_stage_collect(s, args->since_given ? args->since_s : DEFAULT_SINCE_S, failed, err);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    size_t failed = 0;
    unsigned needs = FSC_NEED_STORE | (cli->args.from_csv ? 0u : FSC_NEED_PROMETHEUS);
    fsc_status status = fsc_session_open(&s, cli, needs, err);
    if (status == FSC_OK)
        status = collect(&s, &failed, err);
    fsc_exit code = fsc_exit_of(status, err->retryable);
    if (status == FSC_OK && failed)
        code = failed < s.config.n_workloads ? FSC_EXIT_PARTLY
               : s.failed_for_good           ? FSC_EXIT_FAILED
                                             : FSC_EXIT_TRY_AGAIN_LATER;
    fsc_session_close(&s);
    return code;
}

static const fsc_arg args[] = {
    {"since", 0, FSC_ARG_DURATION, offsetof(fsc_args, since_s), offsetof(fsc_args, since_given),
     "TIME", NULL, "How far back history is wanted (14d)."},
    {"from-csv", 0, FSC_ARG_TEXT, offsetof(fsc_args, from_csv), 0, "FILE", NULL,
     "Imports a file instead of asking Prometheus."},
    {0},
};
const fsc_command fsc_cmd_collect = {"collect", "Pulls the history that the store lacks.",
                                     NULL,      args,
                                     run,       "forescale collect -c config.yaml --since 14d"};
