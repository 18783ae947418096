/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/stages.h"
#include "cli/story.h"
#include "forescale/json.h"

#include <math.h>
#include <string.h>

enum { LEDGER_ROWS = 20000, CHART_S = 3 * FSC_HOUR_S, CHART_WIDTH = 60, JSON_LIMIT = 64 << 20 };

/* The run whose id begins so, among the newest rows: its moment is what is explained. */
static fsc_status find_run(fsc_session *s, const char *run, fsc_err *err)
{
    fsc_ledger_entry *rows;
    size_t n;
    FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    FSC_TRY(fsc_ledger_read(&rows, &n, s->store, NULL, NULL, INT64_MIN, INT64_MAX, LEDGER_ROWS,
                            s->cli->arena, err));
    for (size_t i = 0; i < n; i++)
        if (!strncmp(rows[i].row.run_id, run, strlen(run))) {
            s->cli->now = rows[i].row.at;
            s->cli->args.at_given = true;
            return FSC_OK;
        }
    return fsc_fail(err, FSC_USAGE, "the ledger has no run %s: see forescale status", run);
}

static fsc_status add_newest(fsc_ledger_entry *rows, size_t *n, fsc_session *s, const char *object,
                             fsc_err *err)
{
    fsc_err none = FSC_ERR_INIT;
    fsc_status status = fsc_ledger_newest(&rows[*n], s->store, "act", object, s->cli->now + 1,
                                          s->cli->arena, &none);
    *n += status == FSC_OK;
    if (status == FSC_OK || status == FSC_MISSING)
        return FSC_OK;
    *err = none;
    return status;
}

/* What the ledger says last, until the moment, of the workloads and pools: it stands until it is
 * said anew. */
static fsc_status read_rows(fsc_ledger_entry **rows, size_t *n, fsc_session *s, fsc_err *err)
{
    const fsc_config *c = &s->config;
    *n = 0;
    *rows = FSC_NEW(s->cli->arena, c->n_workloads + c->n_pools, fsc_ledger_entry, err);
    if (!*rows)
        return FSC_NOMEM;
    for (size_t w = 0; s->store && w < c->n_workloads; w++)
        FSC_TRY(add_newest(*rows, n, s, c->workloads[w].name, err));
    for (size_t p = 0; s->store && p < c->n_pools; p++)
        FSC_TRY(add_newest(*rows, n, s, c->pools[p].name, err));
    return FSC_OK;
}

static void print_story(const fsc_story *story)
{
    const char *before = "";
    (void)printf("%s\n", story->name);
    for (size_t i = 0; i < story->n; i++) {
        const char *topic = story->lines[i].topic;
        (void)printf("  %-10s ", strcmp(topic, before) ? topic : "");
        fsc_paint(stdout, story->lines[i].meaning, "%s", story->lines[i].text);
        (void)putchar('\n');
        before = topic;
    }
}

static void print_chart(const fsc_session *s, size_t w)
{
    fsc_series past = fsc_series_cut(&s->history[w], s->cli->now - CHART_S, s->cli->now + 1);
    double top = 0;
    for (size_t i = 0; i < past.n; i++)
        top = fmax(top, past.values[i]);
    if (!past.n || !fsc_chart_wanted())
        return;
    (void)printf("  %-10s ", "last 3 h");
    fsc_chart_line(stdout, past.values, past.n, CHART_WIDTH, top);
    (void)printf(" %.4g\n", top);
}

static void add_json(fsc_buf *out, const fsc_story *story)
{
    fsc_buf_puts(out, "{\"name\":");
    fsc_json_string(out, story->name);
    fsc_buf_puts(out, ",\"story\":[");
    for (size_t i = 0; i < story->n; i++) {
        fsc_buf_puts(out, i ? ",{\"topic\":" : "{\"topic\":");
        fsc_json_string(out, story->lines[i].topic);
        fsc_buf_puts(out, ",\"text\":");
        fsc_json_string(out, story->lines[i].text);
        fsc_buf_puts(out, "}");
    }
    fsc_buf_puts(out, "]}");
}

static fsc_status print_json(const fsc_story *stories, size_t n, const fsc_plan *plan, fsc_arena *a,
                             fsc_err *err)
{
    fsc_buf out;
    fsc_buf_init(&out, a, JSON_LIMIT);
    fsc_buf_puts(&out, "{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Explanation\",\"plan\":");
    fsc_plan_json(&out, plan);
    fsc_buf_puts(&out, ",\"workloads\":[");
    for (size_t i = 0; i < n; i++) {
        fsc_buf_puts(&out, i ? "," : "");
        add_json(&out, &stories[i]);
    }
    fsc_buf_puts(&out, "]}\n");
    FSC_TRY(fsc_buf_status(&out, err));
    (void)fputs(fsc_buf_str(&out), stdout);
    return FSC_OK;
}

static fsc_status choose(size_t *chosen, size_t *n, const fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    *n = args->n_words ? args->n_words : s->config.n_workloads;
    for (size_t i = 0; i < *n; i++) {
        chosen[i] = i;
        if (args->n_words)
            FSC_TRY(fsc_session_workload(&chosen[i], s, args->words[i], err));
    }
    return FSC_OK;
}

static fsc_status tell_all(fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    fsc_ledger_entry *rows = NULL;
    size_t n, n_rows, most = s->cli->args.n_words + s->config.n_workloads;
    fsc_output form;
    fsc_story *stories = FSC_NEW(a, most, fsc_story, err);
    size_t *chosen = FSC_NEW(a, most, size_t, err);
    if (!stories || !chosen)
        return FSC_NOMEM;
    FSC_TRY(fsc_args_output(&form, s->cli, err));
    FSC_TRY(choose(chosen, &n, s, err));
    FSC_TRY(read_rows(&rows, &n_rows, s, err));
    for (size_t i = 0; i < n; i++)
        FSC_TRY(fsc_story_tell(&stories[i], s, plan, chosen[i], rows, n_rows, err));
    if (form == FSC_OUT_JSON)
        return print_json(stories, n, plan, a, err);
    char at[FSC_TIME_TEXT];
    (void)printf("At %s\n\n", fsc_time_format(at, plan->at));
    for (size_t i = 0; i < n; i++) {
        print_story(&stories[i]);
        print_chart(s, chosen[i]);
    }
    return FSC_OK;
}

static fsc_status explain(fsc_session *s, fsc_err *err)
{
    fsc_plan plan;
    if (s->cli->args.run)
        FSC_TRY(find_run(s, s->cli->args.run, err));
    s->keeps_history = true;
    FSC_TRY(fsc_stage_gather(s, err));
    FSC_TRY(fsc_session_plan(&plan, s, s->cli->now, s->cli->arena, err));
    return tell_all(s, &plan, err);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s = {0};
    if (cli->args.run && cli->args.at_given) {
        fsc_fail(err, FSC_USAGE, "give --at or --run, not both");
        return FSC_EXIT_USAGE;
    }
    fsc_status status = fsc_session_open(&s, cli, cli->args.input ? 0 : FSC_NEED_STORE, err);
    if (status == FSC_OK)
        status = explain(&s, err);
    fsc_session_close(&s);
    return fsc_exit_of(status, err->retryable);
}

static const fsc_arg args[] = {
    {"run", 0, FSC_ARG_TEXT, offsetof(fsc_args, run), 0, "ID", NULL,
     "The run to explain, by the beginning of its id; --at TIME names a moment instead."},
    {"input", 0, FSC_ARG_TEXT, offsetof(fsc_args, input), 0, "CSV", NULL,
     "History from a file (- for standard input): needs no store and no cluster."},
    {"step", 0, FSC_ARG_TEXT, offsetof(fsc_args, step), 0, "TIME", NULL,
     "The input's step (inferred)."},
    {"replicas", 0, FSC_ARG_PAIR, offsetof(fsc_args, replicas), 0, "W=N", NULL,
     "Pods that workload W has."},
    {"nodes", 0, FSC_ARG_PAIR, offsetof(fsc_args, nodes), 0, "POOL=N", NULL,
     "Nodes of a pool that bill."},
    {"spent", 0, FSC_ARG_PAIR, offsetof(fsc_args, spent), 0, "B=AMOUNT", NULL,
     "Spend in budget B's window that ends now."},
    {0},
};
const fsc_command fsc_cmd_explain = {
    "explain",
    "Tells one decision number by number, from the demand to what was written.",
    "[WORKLOAD...]",
    args,
    run,
    "forescale explain -c config.yaml --at 2026-10-26T08:54:00Z"};
