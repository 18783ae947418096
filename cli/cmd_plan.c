/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/picture.h"
#include "cli/shard.h"
#include "cli/stages.h"

static fsc_status plan_once(fsc_plan *plan, fsc_session *s, fsc_err *err)
{
    s->keeps_history = s->cli->args.picture != NULL;
    FSC_TRY(fsc_plan_check(&s->config, err));
    FSC_TRY(fsc_stage_gather(s, err));
    FSC_TRY(fsc_session_plan(plan, s, s->cli->now, s->cli->arena, err));
    if (s->store)
        FSC_TRY(fsc_shard_share_pools(s, plan, err));
    FSC_TRY(fsc_plan_print(plan, s, err));
    if (s->cli->args.picture)
        FSC_TRY(fsc_picture_write(s->cli->args.picture, s, plan, err));
    return s->cli->args.input ? fsc_stage_state_write(s, err) : FSC_OK;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    fsc_plan plan = {0};
    bool alone = cli->args.input || cli->args.stream;
    fsc_exit code;
    fsc_status status = FSC_OK;
    if (cli->args.stream && (cli->args.input || cli->args.state))
        status = fsc_fail(err, FSC_USAGE,
                          "--stream reads standard input: leave --input and --state away");
    else if (cli->args.state && !cli->args.input)
        status = fsc_fail(err, FSC_USAGE,
                          "--state goes with --input; without it the store keeps the state");
    if (status != FSC_OK)
        return FSC_EXIT_USAGE;
    status = fsc_session_open(&s, cli, alone ? 0 : FSC_NEED_STORE, err);
    if (status == FSC_OK && cli->args.stream)
        status = fsc_stage_prices(&s, false, err);
    if (status == FSC_OK && cli->args.stream) {
        code = fsc_stream(&s, stdin, stdout, err);
    } else {
        if (status == FSC_OK)
            status = plan_once(&plan, &s, err);
        code = status == FSC_OK ? fsc_plan_exit(&s, &plan) : fsc_exit_of(status, err->retryable);
    }
    fsc_session_close(&s);
    return code;
}

static const fsc_arg args[] = {
    {"input", 0, FSC_ARG_TEXT, offsetof(fsc_args, input), 0, "CSV", NULL,
     "History from a file (- for standard input): needs no store and no cluster."},
    {"step", 0, FSC_ARG_TEXT, offsetof(fsc_args, step), 0, "TIME", NULL,
     "The input's step (inferred)."},
    {"model", 0, FSC_ARG_TEXT, offsetof(fsc_args, model), 0, "NAME", NULL,
     "The model: see forescale help model."},
    {"replicas", 0, FSC_ARG_PAIR, offsetof(fsc_args, replicas), 0, "W=N", NULL,
     "Pods that workload W has."},
    {"ready", 0, FSC_ARG_PAIR, offsetof(fsc_args, ready), 0, "W=N", NULL,
     "Pods of workload W that serve."},
    {"nodes", 0, FSC_ARG_PAIR, offsetof(fsc_args, nodes), 0, "POOL=N", NULL,
     "Nodes of a pool that bill."},
    {"spent", 0, FSC_ARG_PAIR, offsetof(fsc_args, spent), 0, "B=AMOUNT", NULL,
     "Spend in budget B's window that ends now."},
    {"state", 0, FSC_ARG_TEXT, offsetof(fsc_args, state), 0, "FILE", NULL,
     "Reads and writes the planner's memory: calls in a row equal the stream."},
    {"picture", 0, FSC_ARG_TEXT, offsetof(fsc_args, picture), 0, "FILE", NULL,
     "Draws demand, forecast, floor and spend into one HTML file."},
    {"stream", 0, FSC_ARG_FLAG, offsetof(fsc_args, stream), 0, NULL, NULL,
     "One JSON object a line on standard input, one plan a line on standard output."},
    {"detailed-exitcode", 0, FSC_ARG_FLAG, offsetof(fsc_args, detailed_exitcode), 0, NULL, NULL,
     "Exit 3 held, 4 limited by a budget, 10 changes pending."},
    {0},
};
const fsc_command fsc_cmd_plan = {
    "plan", "Says what a run would do now, and why; changes nothing.",
    NULL,   args,
    run,    "forescale plan -c config.yaml --input demand.csv --at 2026-10-26T08:55:00Z"};
