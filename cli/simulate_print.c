/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/simulate.h"
#include "forescale/json.h"

#include <math.h>
#include <string.h>

enum { CHART_WIDTH = 72, JSON_LIMIT = 64 << 20 };

static fsc_money money_of(const fsc_simulated *x, int64_t micros)
{
    fsc_money m = x->config.pools[0].price;
    m.micros = micros;
    return m;
}

static double gpu_hours(const fsc_simulated *x, size_t run)
{
    double sum = 0;
    for (size_t p = 0; p < x->config.n_pools; p++)
        sum += x->runs[run].pool_hours[p] * (double)x->config.pools[p].gpus_per_node;
    return sum;
}

static const char *run_name(char out[32], size_t run)
{
    (void)snprintf(out, 32, "%s%s", fsc_replay_policy_name(fsc_simulated_policy(run)),
                   fsc_simulated_budgeted(run) ? ", budget" : "");
    return out;
}

/* ---- what a replay takes for granted, said with every result ------------------------------ */

static const char *const assumptions[] = {
    "the autoscaler: sync 15 s, tolerance 10 %, up 4 pods in 90 s, down 1 pod in 60 s after 300 s",
    "a replica serves perReplica requests a second, first come first served; one that waits over "
    "60 s is lost",
    "a minute is late when over 1 % of its requests waited over 10 s",
    "a node bills from its order until it is gone; leads, idle times and prices are the "
    "configuration's",
    "cron: floors as the same hours a week before needed them, a lead ahead",
    "the workload has its nodes to itself; gaps in the history lie on the line between their ends",
};
enum { N_ASSUMPTIONS = sizeof assumptions / sizeof *assumptions };

/* ---- table -------------------------------------------------------------------------------- */

static void print_runs(const fsc_simulated *x)
{
    (void)printf("%-20s %17s %10s %9s %8s %8s %16s\n", "POLICY", "COST", "GPU-HOURS", "UNSERVED",
                 "LATE MIN", "SCALINGS", "PEAK AN HOUR");
    for (size_t run = 0; run < x->n_runs; run++) {
        const fsc_sim_result *r = &x->runs[run];
        char name[32], cost[FSC_MONEY_TEXT], peak[FSC_MONEY_TEXT];
        (void)printf("%-20s %17s %10.1f %8.2f%% %8lld %8lld %16s\n", run_name(name, run),
                     fsc_money_format(cost, money_of(x, r->cost_micros)), gpu_hours(x, run),
                     100 * r->unserved_share, (long long)r->late_minutes,
                     (long long)r->scale_operations,
                     fsc_money_format(peak, money_of(x, r->peak_micros_per_h)));
    }
}

static void print_windows(const fsc_simulated *x)
{
    if (!x->config.n_budgets)
        return;
    (void)printf("\n%-12s %16s  %s\n", "BUDGET", "CEILING", "LARGEST WINDOW UNDER EACH POLICY");
    for (size_t b = 0; b < x->config.n_budgets; b++) {
        char text[FSC_MONEY_TEXT], name[32];
        fsc_money ceiling = x->config.budgets[b].ceiling;
        (void)printf("%-12s %16s", x->config.budgets[b].name, fsc_money_format(text, ceiling));
        for (size_t run = 0; run < x->n_runs; run++) {
            fsc_money most = fsc_simulated_window(x, run, b);
            (void)printf("%s %s %s%s", run ? ";" : " ", run_name(name, run),
                         fsc_money_format(text, most),
                         most.micros > ceiling.micros ? " (over)" : "");
        }
        (void)printf("\n");
    }
}

static void print_line(const char *label, const double *v, size_t n, double top)
{
    (void)printf("%-20s ", label);
    fsc_chart_line(stdout, v, n, CHART_WIDTH, top);
    (void)printf(" %g\n", top);
}

static fsc_status print_charts(const fsc_simulated *x, fsc_arena *a, fsc_err *err)
{
    size_t n = x->runs[0].n_minutes;
    double *v = FSC_NEW(a, n, double, err), top = 0;
    char name[32];
    if (!v)
        return FSC_NOMEM;
    fsc_series part = fsc_series_cut(&x->demand, x->from, x->to);
    for (size_t i = 0; i < part.n; i++)
        top = fmax(top, part.values[i]);
    (void)printf("\n");
    print_line("demand", part.values, part.n, top);
    top = 0;
    for (size_t run = 0; run < x->n_runs; run++)
        for (size_t m = 0; m < n; m++)
            top = fmax(top, (double)x->runs[run].minute_ready[m]);
    for (size_t run = 0; run < x->n_runs; run++) {
        for (size_t m = 0; m < n; m++)
            v[m] = (double)x->runs[run].minute_ready[m];
        print_line(run_name(name, run), v, n, top);
    }
    return FSC_OK;
}

/* What the figures say, for the one who reads one line only. */
static void print_verdict(const fsc_simulated *x)
{
    const fsc_sim_result *reactive = &x->runs[FSC_REPLAY_REACTIVE],
                         *ours = &x->runs[FSC_REPLAY_PREDICTIVE];
    (void)printf("\nWithout a ceiling the predictive scaler is late for %lld minutes instead of "
                 "%lld, at %.0f %% of the reactive bill.\n",
                 (long long)ours->late_minutes, (long long)reactive->late_minutes,
                 100.0 * (double)ours->cost_micros / (double)reactive->cost_micros);
    if (!x->config.n_budgets)
        return;
    const fsc_sim_result *kept = &x->runs[FSC_REPLAY_POLICIES + FSC_REPLAY_PREDICTIVE];
    (void)printf(
        "Under its ceilings it is late for %lld minutes and leaves %.2f %% of the requests "
        "unserved: that is what they cost.\n",
        (long long)kept->late_minutes, 100 * kept->unserved_share);
}

static fsc_status print_table(const fsc_simulated *x, fsc_arena *a, fsc_err *err)
{
    char from[FSC_TIME_TEXT], to[FSC_TIME_TEXT], learned[FSC_TIME_TEXT];
    (void)printf("%s: replayed from %s to %s, after %s to learn from", x->name,
                 fsc_time_format(from, x->from), fsc_time_format(to, x->to),
                 fsc_duration_format(learned, x->from - x->metric.start));
    if (x->filled_gaps)
        (void)printf(", %zu gaps filled", x->filled_gaps);
    (void)printf("\n\n");
    print_runs(x);
    print_windows(x);
    if (fsc_chart_wanted())
        FSC_TRY(print_charts(x, a, err));
    print_verdict(x);
    return FSC_OK;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void add_budgets(fsc_buf *out, const fsc_simulated *x, size_t run)
{
    fsc_buf_puts(out, ",\"budgets\":[");
    for (size_t b = 0; b < x->config.n_budgets; b++) {
        fsc_buf_puts(out, b ? ",{\"name\":" : "{\"name\":");
        fsc_json_string(out, x->config.budgets[b].name);
        fsc_buf_printf(out, ",\"maxWindowSpend\":%.6f,\"ceiling\":%.6f}",
                       fsc_money_units(fsc_simulated_window(x, run, b)),
                       fsc_money_units(x->config.budgets[b].ceiling));
    }
    fsc_buf_puts(out, "]}");
}

static void add_run(fsc_buf *out, const fsc_simulated *x, size_t run)
{
    const fsc_sim_result *r = &x->runs[run];
    fsc_buf_printf(out, "{\"policy\":\"%s\",\"budget\":%s,\"cost\":%.6f,\"currency\":\"%s\"",
                   fsc_replay_policy_name(fsc_simulated_policy(run)),
                   fsc_simulated_budgeted(run) ? "true" : "false",
                   fsc_money_units(money_of(x, r->cost_micros)), x->config.pools[0].price.currency);
    fsc_buf_puts(out, ",\"gpuHours\":");
    fsc_json_number(out, gpu_hours(x, run));
    fsc_buf_puts(out, ",\"unservedFraction\":");
    fsc_json_number(out, r->unserved_share);
    fsc_buf_printf(out,
                   ",\"lateMinutes\":%lld,\"scaleOperations\":%lld,\"nodeStarts\":%lld,"
                   "\"peakSpendRate\":%.6f",
                   (long long)r->late_minutes, (long long)r->scale_operations,
                   (long long)r->node_starts, fsc_money_units(money_of(x, r->peak_micros_per_h)));
    add_budgets(out, x, run);
}

static void add_workload(fsc_buf *out, const fsc_simulated *x)
{
    char from[FSC_TIME_TEXT], to[FSC_TIME_TEXT];
    fsc_buf_puts(out, "{\"name\":");
    fsc_json_string(out, x->name);
    fsc_buf_printf(out, ",\"from\":\"%s\",\"to\":\"%s\",\"filledGaps\":%zu,\"policies\":[",
                   fsc_time_format(from, x->from), fsc_time_format(to, x->to), x->filled_gaps);
    for (size_t run = 0; run < x->n_runs; run++) {
        fsc_buf_puts(out, run ? "," : "");
        add_run(out, x, run);
    }
    fsc_buf_puts(out, "]}");
}

static fsc_status print_json(const fsc_simulated *all, size_t n, fsc_arena *a, fsc_err *err)
{
    fsc_buf out;
    fsc_buf_init(&out, a, JSON_LIMIT);
    fsc_buf_puts(&out, "{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Simulation\","
                       "\"assumptions\":[");
    for (size_t i = 0; i < N_ASSUMPTIONS; i++) {
        fsc_buf_puts(&out, i ? "," : "");
        fsc_json_string(&out, assumptions[i]);
    }
    fsc_buf_puts(&out, "],\"workloads\":[");
    for (size_t i = 0; i < n; i++) {
        fsc_buf_puts(&out, i ? "," : "");
        add_workload(&out, &all[i]);
    }
    fsc_buf_puts(&out, "]}\n");
    FSC_TRY(fsc_buf_status(&out, err));
    (void)fputs(fsc_buf_str(&out), stdout);
    return FSC_OK;
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void print_csv(const fsc_simulated *x)
{
    for (size_t run = 0; run < x->n_runs; run++) {
        const fsc_sim_result *r = &x->runs[run];
        (void)printf("%s,%s,%s,%.6f,%s,%.6f,%.9f,%lld,%lld,%.6f\n", x->name,
                     fsc_replay_policy_name(fsc_simulated_policy(run)),
                     fsc_simulated_budgeted(run) ? "true" : "false",
                     fsc_money_units(money_of(x, r->cost_micros)),
                     x->config.pools[0].price.currency, gpu_hours(x, run), r->unserved_share,
                     (long long)r->late_minutes, (long long)r->scale_operations,
                     fsc_money_units(money_of(x, r->peak_micros_per_h)));
    }
}

fsc_status fsc_simulate_print(const fsc_simulated *all, size_t n, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    FSC_TRY(fsc_args_output(&form, cli, err));
    if (form == FSC_OUT_JSON)
        return print_json(all, n, cli->arena, err);
    if (form == FSC_OUT_CSV)
        (void)printf("workload,policy,budget,cost,currency,gpuHours,unservedFraction,lateMinutes,"
                     "scaleOperations,peakSpendRate\n");
    for (size_t i = 0; i < n; i++) {
        if (form == FSC_OUT_CSV) {
            print_csv(&all[i]);
            continue;
        }
        (void)printf("%s", i ? "\n" : "");
        FSC_TRY(print_table(&all[i], cli->arena, err));
    }
    if (form == FSC_OUT_TABLE) {
        (void)printf("\nAssumed:\n");
        for (size_t i = 0; i < N_ASSUMPTIONS; i++)
            (void)printf("- %s\n", assumptions[i]);
    }
    return FSC_OK;
}
