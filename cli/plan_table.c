/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/stages.h"

#include <string.h>

enum { BAR_WIDTH = 40 };

static const char *const mode_names[] = {"observe", "enforce", "no-drift"};

static void print_workloads(FILE *f, const fsc_plan *p)
{
    (void)fprintf(f, "%-20s %-8s %5s %5s %5s  %s\n", "WORKLOAD", "MODE", "NOW", "MIN", "MAX",
                  "WHY");
    for (size_t i = 0; i < p->n_workloads; i++) {
        const fsc_workload_plan *w = &p->workloads[i];
        char now[24] = "?";
        if (w->current_known)
            (void)snprintf(now, sizeof now, "%lld", (long long)w->current_replicas);
        (void)fprintf(f, "%-20s %-8s %5s %5lld %5lld  %s%s\n", w->name, mode_names[w->mode], now,
                      (long long)w->min_replicas, (long long)w->max_replicas,
                      w->hold ? "held: " : "", w->reason);
    }
}

static void print_pools(FILE *f, const fsc_plan *p)
{
    if (!p->n_pools)
        return;
    (void)fprintf(f, "\n%-20s %5s %5s %5s %14s  %s\n", "POOL", "WARM", "MIN", "MAX", "NODE-HOUR",
                  "WHY");
    for (size_t i = 0; i < p->n_pools; i++) {
        const fsc_pool_plan *q = &p->pools[i];
        char price[FSC_MONEY_TEXT];
        (void)fprintf(f, "%-20s %5lld %5lld %5lld %14s  %s\n", q->name, (long long)q->warm_nodes,
                      (long long)q->min_nodes, (long long)q->max_nodes,
                      fsc_money_format(price, q->price), q->reason ? q->reason : "");
    }
}

static const char *money(char out[FSC_MONEY_TEXT], int64_t micros, const fsc_money *like)
{
    fsc_money m = *like;
    m.micros = micros;
    return fsc_money_format(out, m);
}

void fsc_plan_budgets(FILE *f, const fsc_plan *p)
{
    if (!p->n_budgets)
        return;
    (void)fprintf(f, "\n%-12s %-9s %13s %13s %13s %13s %13s  %s\n", "BUDGET", "STATE", "SPENT",
                  "FORECAST P50", "P95", "WORST CASE", "CEILING", "WHY");
    for (size_t i = 0; i < p->n_budgets; i++) {
        const fsc_budget_plan *b = &p->budgets[i];
        char t[5][FSC_MONEY_TEXT];
        (void)fprintf(f, "%-12s %-9s %13s %13s %13s %13s %13s  %s\n", b->name,
                      fsc_budget_state_name(b->state), money(t[0], b->spent_micros, &b->ceiling),
                      money(t[1], b->forecast_p50_micros, &b->ceiling),
                      money(t[2], b->forecast_p95_micros, &b->ceiling),
                      money(t[3], b->worst_case_micros, &b->ceiling),
                      fsc_money_format(t[4], b->ceiling), b->reason ? b->reason : "");
        if (fsc_chart_wanted()) {
            (void)fprintf(f, "%-12s ", "");
            fsc_chart_bar(f, (double)b->spent_micros, (double)b->ceiling.micros, BAR_WIDTH);
            (void)fprintf(f, "| %.0f %% of the ceiling spent\n",
                          100.0 * (double)b->spent_micros / (double)b->ceiling.micros);
        }
        if (b->void_why)
            (void)fprintf(f, "%-12s the promise is void: %s\n", "", b->void_why);
    }
}

void fsc_plan_table(FILE *f, const fsc_plan *p)
{
    char at[FSC_TIME_TEXT];
    (void)fprintf(f, "Plan at %s (run %.12s)\n\n", fsc_time_format(at, p->at), p->run_id);
    print_workloads(f, p);
    print_pools(f, p);
    fsc_plan_budgets(f, p);
}

static void print_csv(const fsc_plan *p)
{
    char at[FSC_TIME_TEXT];
    (void)printf("at,workload,mode,min_replicas,max_replicas,hold\n");
    for (size_t i = 0; i < p->n_workloads; i++) {
        const fsc_workload_plan *w = &p->workloads[i];
        (void)printf("%s,%s,%s,%lld,%lld,%s\n", fsc_time_format(at, p->at), w->name,
                     mode_names[w->mode], (long long)w->min_replicas, (long long)w->max_replicas,
                     w->hold ? "true" : "false");
    }
}

fsc_status fsc_plan_print(const fsc_plan *p, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    fsc_buf json;
    FSC_TRY(fsc_args_output(&form, cli, err));
    switch (form) {
    case FSC_OUT_JSON:
        fsc_buf_init(&json, cli->arena, (size_t)256 << 20);
        fsc_plan_json(&json, p);
        FSC_TRY(fsc_buf_status(&json, err));
        (void)printf("%s\n", fsc_buf_str(&json));
        break;
    case FSC_OUT_CSV:
        print_csv(p);
        break;
    case FSC_OUT_TABLE:
        fsc_plan_table(stdout, p);
        break;
    }
    return FSC_OK;
}

static bool pending(const fsc_workload_now *now, const fsc_workload_plan *w)
{
    return (now->min_known && now->min_replicas != w->min_replicas) ||
           (now->max_known && now->max_replicas != w->max_replicas);
}

fsc_exit fsc_plan_exit(const fsc_session *s, const fsc_plan *p)
{
    if (!s->cli->args.detailed_exitcode)
        return FSC_EXIT_OK;
    for (size_t i = 0; i < p->n_budgets; i++)
        if (p->budgets[i].state != FSC_BUDGET_CLOSED)
            return FSC_EXIT_BUDGET;
    for (size_t i = 0; i < p->n_workloads; i++)
        if (p->workloads[i].hold)
            return FSC_EXIT_HELD;
    for (size_t i = 0; i < p->n_workloads; i++)
        if (pending(&s->workloads[i], &p->workloads[i]))
            return FSC_EXIT_CHANGES;
    return FSC_EXIT_OK;
}
