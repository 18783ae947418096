/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_facts.h"

#include <string.h>

enum { DEFAULT_HORIZON_S = 28 * FSC_DAY_S, MAX_HORIZON_S = 366 * FSC_DAY_S, BYTES_LIMIT = 1 << 30 };

static const char *const form_words[] = {"html", "md", "json", "csv", NULL};

static const fsc_form *form_of(const fsc_cli *cli)
{
    const char *name = cli->args.format ? cli->args.format : form_words[0];
    size_t i = 0;
    while (strcmp(fsc_forms[i]->name, name))
        i++; /* the row of --format lets only these through */
    return fsc_forms[i];
}

static fsc_status read_horizon(int64_t *out, const fsc_cli *cli, fsc_err *err)
{
    *out = DEFAULT_HORIZON_S;
    if (!cli->args.horizon)
        return FSC_OK;
    if (fsc_duration_parse(out, cli->args.horizon, err) != FSC_OK || *out < FSC_DAY_S ||
        *out > MAX_HORIZON_S)
        return fsc_fail(err, FSC_USAGE, "--horizon %s: write a time from 1d to 366d, as 28d",
                        cli->args.horizon);
    *out -= *out % FSC_REPORT_STEP_S;
    return FSC_OK;
}

static fsc_status write_report(fsc_session *s, fsc_err *err)
{
    const fsc_cli *cli = s->cli;
    const char *path = cli->args.output;
    int64_t horizon_s;
    fsc_report_gathered facts = {0};
    fsc_doc d;
    fsc_buf out;
    FSC_TRY(read_horizon(&horizon_s, cli, err));
    fsc_doc_init(&d, cli->arena, "Report", "Capacity report", cli->now, s->config.zone);
    fsc_buf_init(&out, cli->arena, BYTES_LIMIT);
    fsc_status status = fsc_report_gather(&facts, s, horizon_s, err);
    if (status == FSC_OK)
        status = fsc_report_build(&d, &facts.report, err);
    if (status == FSC_OK)
        status = fsc_doc_render(&out, &d, form_of(cli), err);
    fsc_parallel_close(facts.work);
    FSC_TRY(status);
    if (path && strcmp(path, "-"))
        return fsc_file_publish(path, fsc_buf_str(&out), out.len, err);
    (void)fwrite(fsc_buf_str(&out), 1, out.len, stdout);
    return FSC_OK;
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    fsc_status status = fsc_session_open(&s, cli, FSC_NEED_STORE, err);
    if (status == FSC_OK)
        status = write_report(&s, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    {"format", 0, FSC_ARG_TEXT, offsetof(fsc_args, format), 0, "FORM", form_words,
     "Form of the report (html)."},
    {"output", 'o', FSC_ARG_TEXT, offsetof(fsc_args, output), 0, "FILE", NULL,
     "Where it goes (standard output)."},
    {"horizon", 0, FSC_ARG_TEXT, offsetof(fsc_args, horizon), 0, "TIME", NULL,
     "How far ahead, and back (28d)."},
    {"model", 0, FSC_ARG_TEXT, offsetof(fsc_args, model), 0, "NAME", NULL,
     "The forecasting model, instead of the configured ones."},
    {0},
};
const fsc_command fsc_cmd_report = {
    "report", "Writes the capacity report: what is to come, what it costs, how sure that is.",
    NULL,     args,
    run,      "forescale report -c config.yaml --format html --output report.html"};
