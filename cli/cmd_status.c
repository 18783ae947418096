/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/colour.h"
#include "cli/stages.h"

#include <math.h>
#include <string.h>

enum { RECENT_ROWS = 10, LEDGER_ROWS = 2000, CHART_WIDTH = 48, STALE_S = 15 * FSC_MINUTE_S };

static void print_target(const fsc_session *s, const char *name, const char *kind,
                         const fsc_target_seen *seen, fsc_meaning m, const char *note)
{
    bool is_over = seen->ours && seen->expires_at <= s->cli->now;
    char expires[FSC_TIME_TEXT] = "-", bounds[48] = "?", baseline[48] = "-";
    if (seen->exists)
        (void)snprintf(bounds, sizeof bounds, "%lld..%lld", (long long)seen->min_replicas,
                       (long long)seen->max_replicas);
    if (seen->ours) {
        (void)snprintf(baseline, sizeof baseline, "%lld..%lld", (long long)seen->baseline_min,
                       (long long)seen->baseline_max);
        (void)fsc_time_format(expires, seen->expires_at);
    }
    (void)printf("%-20s %-24s %10s %10s  ", name, kind, bounds, baseline);
    fsc_paint(stdout, is_over ? FSC_MEANS_LATE : FSC_MEANS_NOTHING, "%-22s ", expires);
    fsc_paint(stdout, m, "%s", note);
    (void)putchar('\n');
}

static void print_floor(const fsc_session *s, size_t w)
{
    const char *hold = s->workloads[w].hold;
    print_target(s, s->config.workloads[w].name, s->config.workloads[w].target.kind_name,
                 &s->seen[w], FSC_MEANS_HELD,
                 hold                ? hold
                 : s->seen[w].paused ? "paused"
                                     : "");
}

static void print_pool(const fsc_session *s, size_t p)
{
    const fsc_pool_seen *n = &s->pool_nodes[p];
    const char *hold = s->pool_targets[p].hold;
    char nodes[96] = "its nodes are not counted";
    if (n->known)
        (void)snprintf(nodes, sizeof nodes, "%lld nodes: %lld ready, %lld leaving, %lld with pods",
                       (long long)n->nodes, (long long)n->ready, (long long)n->leaving,
                       (long long)n->used);
    print_target(s, s->config.pools[p].name, s->config.pools[p].prewarm.kind_name,
                 &s->pool_targets[p], hold ? FSC_MEANS_HELD : FSC_MEANS_NOTHING,
                 hold ? hold : nodes);
}

static void print_lead(const char *what, const char *name, int64_t configured, const fsc_leads *l)
{
    char set[FSC_TIME_TEXT], learned[FSC_TIME_TEXT] = "-", note[64] = "";
    if (l->in_force)
        (void)fsc_duration_format(learned, l->in_force);
    else if (l->n)
        (void)snprintf(note, sizeof note, "learned from %d starts on", FSC_LEADS_ENOUGH);
    (void)printf("%-20s %-6s %12s %12s %8d  %s\n", name, what, fsc_duration_format(set, configured),
                 learned, (int)l->n, note);
}

static void print_leads(const fsc_session *s)
{
    (void)printf("\n%-20s %-6s %12s %12s %8s\n", "LEAD", "OF", "CONFIGURED", "LEARNED P90",
                 "STARTS");
    for (size_t w = 0; w < s->config.n_workloads; w++)
        print_lead("pod", s->config.workloads[w].name, s->config.workloads[w].lead_s,
                   &s->pod_leads[w]);
    for (size_t p = 0; p < s->config.n_pools; p++)
        print_lead("node", s->config.pools[p].name, s->config.pools[p].lead_s, &s->node_leads[p]);
}

/* The day's course, where a terminal can show it. */
static fsc_status print_day(fsc_session *s, const fsc_history_info *h, fsc_err *err)
{
    fsc_series day = {.id = h->id, .step_s = h->step_s};
    double top = 0;
    fsc_arena_mark mark = fsc_arena_get_mark(s->cli->arena);
    FSC_TRY(fsc_history_read(&day, s->store, h->id, s->cli->now - FSC_DAY_S, s->cli->now + 1,
                             s->cli->arena, err));
    for (size_t i = 0; i < day.n; i++)
        top = fmax(top, day.values[i]);
    fsc_chart_line(stdout, day.values, day.n, CHART_WIDTH, top);
    (void)printf(" %.4g", top);
    fsc_arena_rewind(s->cli->arena, mark);
    return FSC_OK;
}

static fsc_status print_history(fsc_session *s, fsc_err *err)
{
    fsc_history_info *list;
    size_t n;
    bool charts = fsc_chart_wanted();
    char newest[FSC_TIME_TEXT], text[FSC_TIME_TEXT];
    FSC_TRY(fsc_history_list(&list, &n, s->store, s->cli->arena, err));
    (void)printf("\n%-20s %10s  %-22s %-9s%s\n", "HISTORY", "SAMPLES", "NEWEST", "AGE",
                 charts ? " LAST DAY, AND ITS HIGHEST" : "");
    for (size_t i = 0; i < n; i++) {
        int64_t age = s->cli->now > list[i].newest ? s->cli->now - list[i].newest : 0;
        (void)printf("%-20s %10zu  %-22s ", list[i].id, list[i].samples,
                     fsc_time_format(newest, list[i].newest));
        fsc_paint(stdout, age > STALE_S ? FSC_MEANS_LATE : FSC_MEANS_NOTHING, "%-9s",
                  fsc_duration_format(text, age));
        if (charts) {
            (void)putchar(' ');
            FSC_TRY(print_day(s, &list[i], err));
        }
        (void)putchar('\n');
    }
    return FSC_OK;
}

static fsc_status print_ledger(fsc_session *s, fsc_err *err)
{
    fsc_ledger_entry *rows;
    size_t n;
    char at[FSC_TIME_TEXT];
    FSC_TRY(fsc_ledger_read(&rows, &n, s->store, NULL, NULL, INT64_MIN, INT64_MAX, LEDGER_ROWS,
                            s->cli->arena, err));
    (void)printf("\n%-22s %-8s %-20s %-14s %-12s %s\n", "RECENT", "KIND", "OBJECT", "OP", "OUTCOME",
                 "WHY");
    bool run_told = false;
    for (size_t i = 0, told = 0; i < n && told < RECENT_ROWS; i++) {
        const fsc_ledger_entry *e = &rows[i];
        bool is_run = !strcmp(e->row.kind, "run");
        if (is_run && run_told) /* of the runs before, what they changed */
            continue;
        run_told |= is_run;
        told++;
        (void)printf("%-22s %-8s %-20s %-14s ", fsc_time_format(at, e->row.at), e->row.kind,
                     e->row.object, e->row.op);
        fsc_paint(stdout, fsc_outcome_meaning(e->outcome), "%-12s",
                  e->outcome ? e->outcome : "not settled");
        (void)printf(" %s\n", is_run && e->receipt ? e->receipt : e->row.why);
    }
    return FSC_OK;
}

static fsc_status print_prices(fsc_session *s, fsc_err *err)
{
    char price[FSC_MONEY_TEXT], origin[FSC_ORIGIN_TEXT];
    FSC_TRY(fsc_stage_prices(s, !s->cli->args.at_given, err));
    (void)printf("\n%-20s %16s  %s\n", "POOL", "NODE-HOUR", "WHO SAYS SO");
    for (size_t p = 0; p < s->config.n_pools; p++)
        (void)printf("%-20s %16s  %s\n", s->config.pools[p].name,
                     fsc_money_format(price, s->quotes[p].price),
                     fsc_quote_origin(origin, &s->quotes[p], s->cli->now));
    return FSC_OK;
}

static fsc_status print_plan(fsc_session *s, fsc_err *err)
{
    fsc_plan plan;
    FSC_TRY(fsc_stage_history(s, err));
    FSC_TRY(fsc_session_plan(&plan, s, s->cli->now, s->cli->arena, err));
    if (plan.n_budgets)
        fsc_plan_budgets(&plan);
    for (size_t p = 0; p < plan.n_pools; p++)
        if (plan.pools[p].undelivered)
            (void)printf("\npool %s does not deliver: %s\n", plan.pools[p].name,
                         plan.pools[p].reason);
    return FSC_OK;
}

static fsc_status print_status(fsc_session *s, size_t *failed, fsc_err *err)
{
    FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    FSC_TRY(fsc_stage_observe(s, failed, err));
    (void)printf("%-20s %-24s %10s %10s  %-22s %s\n", "WORKLOAD", "TARGET", "BOUNDS", "BASELINE",
                 "EXPIRES", "NOTE");
    for (size_t w = 0; w < s->config.n_workloads; w++)
        print_floor(s, w);
    for (size_t p = 0; p < s->config.n_pools; p++)
        print_pool(s, p);
    print_leads(s);
    FSC_TRY(print_prices(s, err));
    FSC_TRY(print_plan(s, err));
    FSC_TRY(print_history(s, err));
    return print_ledger(s, err);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    size_t failed = 0;
    fsc_status status = fsc_session_open(&s, cli, FSC_NEED_STORE, err);
    if (status == FSC_OK)
        status = print_status(&s, &failed, err);
    fsc_session_close(&s);
    if (status != FSC_OK)
        return fsc_exit_of(status, err->retryable);
    return failed ? FSC_EXIT_PARTLY : FSC_EXIT_OK;
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_status = {
    "status", "Shows floors in force, their expiry, budgets, history, and recent decisions.",
    NULL,     args,
    run,      "forescale status -c config.yaml"};
