/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/simulate.h"
#include "forescale/json.h"

#include <math.h>

enum { CHART_WIDTH = 72, JSON_LIMIT = 64 << 20 };

static fsc_money money_of(const fsc_simulated *x, int64_t micros)
{
    fsc_money m = x->config.pools[0].price;
    m.micros = micros;
    return m;
}

/* ---- what a replay takes for granted, said with every result ------------------------------ */

enum { N_ASSUMPTIONS = 8 };

static fsc_status assume(const char *out[N_ASSUMPTIONS], fsc_arena *a, fsc_err *err)
{
    const fsc_sim_hpa *h = &fsc_sim_hpa_default;
    const fsc_replay_rules *r = &fsc_replay_rules_default;
    const char *made[N_ASSUMPTIONS] = {
        fsc_arena_printf(
            a, err,
            "the autoscaler: sync %d s, metric %d s old, tolerance %g %%, up %d pods in %d s, down "
            "%d pod in %d s after %d s; bounds go before rates",
            (int)h->sync_s, (int)h->metric_lag_s, 100 * h->tolerance, (int)h->up_pods,
            (int)h->up_period_s, (int)h->down_pods, (int)h->down_period_s, (int)h->stabilization_s),
        fsc_arena_printf(a, err,
                         "a replica serves perReplica requests a second, first come first served; "
                         "one that waits over %d s is lost",
                         (int)r->drop_after_s),
        fsc_arena_printf(a, err,
                         "a minute is late when over %g %% of its requests waited over %d s",
                         100 * r->late_share, (int)r->late_after_s),
        "it begins with the pods that the first demand takes; a node bills from its order until it "
        "is gone; leads, idle times and prices are the configuration's",
        fsc_arena_printf(a, err,
                         "interruptions come at random at the pool's rate, always the same ones, "
                         "%d s after their notice",
                         (int)r->notice_s),
        "cron: floors as the same hours a week before needed them, a lead ahead",
        "workloads that share budgets or pools are played together, with nobody beside them; pods "
        "that wait for room get it in the configuration's order; a node's bill is shared by the "
        "GPUs of the pods on it, an empty node's is of the workload that used it last",
        "the budgets see the bill of each minute as it ends; gaps in the history lie on the line "
        "between their ends"};
    for (size_t i = 0; i < N_ASSUMPTIONS; i++)
        if (!(out[i] = made[i]))
            return FSC_NOMEM;
    return FSC_OK;
}

/* ---- table -------------------------------------------------------------------------------- */

static void print_runs(const fsc_simulated *x, size_t w)
{
    (void)printf("%-20s %17s %10s %9s %8s %8s %16s\n", "POLICY", "COST", "GPU-HOURS", "UNSERVED",
                 "LATE MIN", "SCALINGS", "PEAK AN HOUR");
    for (size_t run = 0; run < x->n_runs; run++) {
        const fsc_sim_part *r = fsc_simulated_part(x, run, w);
        char name[32], cost[FSC_MONEY_TEXT], peak[FSC_MONEY_TEXT];
        (void)printf("%-20s %17s %10.1f %8.2f%% %8lld %8lld %16s\n", fsc_simulated_name(name, run),
                     fsc_money_format(cost, money_of(x, r->cost_micros)), r->gpu_hours,
                     100 * r->unserved_share, (long long)r->late_minutes,
                     (long long)r->scale_operations,
                     fsc_money_format(peak, money_of(x, r->peak_micros_per_h)));
    }
}

static void print_windows(const fsc_simulated *x)
{
    if (!x->config.n_budgets)
        return;
    (void)printf("%-12s %16s  %s\n", "BUDGET", "CEILING", "LARGEST WINDOW UNDER EACH POLICY");
    for (size_t b = 0; b < x->config.n_budgets; b++) {
        char text[FSC_MONEY_TEXT], name[32];
        fsc_money ceiling = x->config.budgets[b].ceiling;
        (void)printf("%-12s %16s", x->config.budgets[b].name, fsc_money_format(text, ceiling));
        for (size_t run = 0; run < x->n_runs; run++) {
            int64_t most = x->windows[run][b];
            (void)printf("%s %s %s%s", run ? ";" : " ", fsc_simulated_name(name, run),
                         fsc_money_format(text, money_of(x, most)),
                         most > ceiling.micros ? " (over)" : "");
        }
        (void)printf("\n");
    }
    (void)printf("\n");
}

static void print_line(const char *label, const double *v, size_t n, double top)
{
    (void)printf("%-20s ", label);
    fsc_chart_line(stdout, v, n, CHART_WIDTH, top);
    (void)printf(" %g\n", top);
}

static fsc_status print_charts(const fsc_simulated *x, size_t w, fsc_arena *a, fsc_err *err)
{
    size_t n = x->runs[0].n_minutes;
    double *v = FSC_NEW(a, n, double, err), top = 0;
    char name[32];
    if (!v)
        return FSC_NOMEM;
    fsc_series part = fsc_series_cut(&x->workloads[w].demand, x->from, x->to);
    for (size_t i = 0; i < part.n; i++)
        top = fmax(top, part.values[i]);
    (void)printf("\n");
    print_line("demand", part.values, part.n, top);
    top = 0;
    for (size_t run = 0; run < x->n_runs; run++)
        for (size_t m = 0; m < n; m++)
            top = fmax(top, (double)fsc_simulated_part(x, run, w)->minute_ready[m]);
    for (size_t run = 0; run < x->n_runs; run++) {
        for (size_t m = 0; m < n; m++)
            v[m] = (double)fsc_simulated_part(x, run, w)->minute_ready[m];
        print_line(fsc_simulated_name(name, run), v, n, top);
    }
    return FSC_OK;
}

/* What the figures say, for the one who reads one line only. */
static void print_verdict(const fsc_simulated *x)
{
    const fsc_sim_part *reactive = &x->runs[FSC_REPLAY_REACTIVE].all,
                       *ours = &x->runs[FSC_REPLAY_PREDICTIVE].all;
    (void)printf("Without a ceiling the predictive scaler is late for %lld minutes instead of "
                 "%lld, at %.0f %% of the reactive bill.\n",
                 (long long)ours->late_minutes, (long long)reactive->late_minutes,
                 100.0 * (double)ours->cost_micros / (double)reactive->cost_micros);
    if (!x->config.n_budgets)
        return;
    const fsc_sim_part *kept = &x->runs[FSC_REPLAY_POLICIES + FSC_REPLAY_PREDICTIVE].all;
    (void)printf(
        "Under its ceilings it is late for %lld minutes and leaves %.2f %% of the requests "
        "unserved: that is what they cost.\n",
        (long long)kept->late_minutes, 100 * kept->unserved_share);
}

static void print_learned(const fsc_simulated *x, const fsc_simulated_workload *one)
{
    char learned[FSC_TIME_TEXT];
    (void)printf("after %s to learn from",
                 fsc_duration_format(learned, x->from - one->metric.start));
    if (one->filled_gaps)
        (void)printf(", %zu gaps filled", one->filled_gaps);
    (void)printf("\n\n");
}

static fsc_status print_workload(const fsc_simulated *x, size_t w, fsc_arena *a, fsc_err *err)
{
    if (x->n > 1)
        (void)printf("%s: ", x->workloads[w].name);
    print_learned(x, &x->workloads[w]);
    print_runs(x, w);
    if (fsc_chart_wanted())
        FSC_TRY(print_charts(x, w, a, err));
    (void)printf("\n");
    return FSC_OK;
}

static fsc_status print_table(const fsc_simulated *x, fsc_arena *a, fsc_err *err)
{
    char from[FSC_TIME_TEXT], to[FSC_TIME_TEXT];
    const char *names = fsc_simulated_names(x, ", ", a, err);
    if (!names)
        return FSC_NOMEM;
    (void)printf("%s: replayed %sfrom %s to %s%s", names, x->n > 1 ? "together " : "",
                 fsc_time_format(from, x->from), fsc_time_format(to, x->to),
                 x->n > 1 ? "\n\n" : ", ");
    for (size_t w = 0; w < x->n; w++)
        FSC_TRY(print_workload(x, w, a, err));
    if (x->n > 1) {
        (void)printf("All of them:\n\n");
        print_runs(x, x->n);
        (void)printf("\n");
    }
    print_windows(x);
    print_verdict(x);
    return FSC_OK;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void add_budgets(fsc_buf *out, const fsc_simulated *x, size_t run, size_t w)
{
    bool first = true;
    fsc_buf_puts(out, ",\"budgets\":[");
    for (size_t b = 0; b < x->config.n_budgets; b++) {
        const fsc_budget_config *budget = &x->config.budgets[b];
        if (w < x->n && !fsc_budget_covers(budget, x->workloads[w].name))
            continue;
        fsc_buf_puts(out, first ? "{\"name\":" : ",{\"name\":");
        fsc_json_string(out, budget->name);
        fsc_buf_printf(out, ",\"maxWindowSpend\":%.6f,\"ceiling\":%.6f}",
                       fsc_money_units(money_of(x, x->windows[run][b])),
                       fsc_money_units(budget->ceiling));
        first = false;
    }
    fsc_buf_puts(out, "]}");
}

static void add_run(fsc_buf *out, const fsc_simulated *x, size_t run, size_t w)
{
    const fsc_sim_part *r = fsc_simulated_part(x, run, w);
    fsc_buf_printf(out, "{\"policy\":\"%s\",\"budget\":%s,\"cost\":%.6f,\"currency\":\"%s\"",
                   fsc_replay_policy_name(fsc_simulated_policy(run)),
                   fsc_simulated_budgeted(run) ? "true" : "false",
                   fsc_money_units(money_of(x, r->cost_micros)), x->config.pools[0].price.currency);
    fsc_buf_puts(out, ",\"gpuHours\":");
    fsc_json_number(out, r->gpu_hours);
    fsc_buf_puts(out, ",\"unservedFraction\":");
    fsc_json_number(out, r->unserved_share);
    fsc_buf_printf(out, ",\"lateMinutes\":%lld,\"scaleOperations\":%lld,\"peakSpendRate\":%.6f",
                   (long long)r->late_minutes, (long long)r->scale_operations,
                   fsc_money_units(money_of(x, r->peak_micros_per_h)));
    if (w == x->n || x->n == 1)
        fsc_buf_printf(out, ",\"nodeStarts\":%lld", (long long)x->runs[run].node_starts);
    add_budgets(out, x, run, w);
}

static void add_runs(fsc_buf *out, const fsc_simulated *x, size_t w)
{
    char from[FSC_TIME_TEXT], to[FSC_TIME_TEXT];
    fsc_buf_printf(out, ",\"from\":\"%s\",\"to\":\"%s\",\"policies\":[",
                   fsc_time_format(from, x->from), fsc_time_format(to, x->to));
    for (size_t run = 0; run < x->n_runs; run++) {
        fsc_buf_puts(out, run ? "," : "");
        add_run(out, x, run, w);
    }
    fsc_buf_puts(out, "]}");
}

static void add_workloads(fsc_buf *out, const fsc_simulated *x, bool first)
{
    for (size_t w = 0; w < x->n; w++) {
        fsc_buf_puts(out, first && !w ? "{\"name\":" : ",{\"name\":");
        fsc_json_string(out, x->workloads[w].name);
        fsc_buf_printf(out, ",\"filledGaps\":%zu", x->workloads[w].filled_gaps);
        add_runs(out, x, w);
    }
}

static void add_together(fsc_buf *out, const fsc_simulated *x, bool first)
{
    fsc_buf_puts(out, first ? "{\"workloads\":" : ",{\"workloads\":");
    for (size_t w = 0; w < x->n; w++) {
        fsc_buf_puts(out, w ? "," : "[");
        fsc_json_string(out, x->workloads[w].name);
    }
    fsc_buf_puts(out, "]");
    add_runs(out, x, x->n);
}

static fsc_status print_json(const fsc_simulated *all, size_t n, const char *const *assumed,
                             fsc_arena *a, fsc_err *err)
{
    fsc_buf out;
    bool first = true;
    fsc_buf_init(&out, a, JSON_LIMIT);
    fsc_buf_puts(&out, "{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"Simulation\","
                       "\"assumptions\":[");
    for (size_t i = 0; i < N_ASSUMPTIONS; i++) {
        fsc_buf_puts(&out, i ? "," : "");
        fsc_json_string(&out, assumed[i]);
    }
    fsc_buf_puts(&out, "],\"workloads\":[");
    for (size_t i = 0; i < n; i++)
        add_workloads(&out, &all[i], !i);
    fsc_buf_puts(&out, "],\"together\":[");
    for (size_t i = 0; i < n; i++)
        if (all[i].n > 1) {
            add_together(&out, &all[i], first);
            first = false;
        }
    fsc_buf_puts(&out, "]}\n");
    FSC_TRY(fsc_buf_status(&out, err));
    (void)fputs(fsc_buf_str(&out), stdout);
    return FSC_OK;
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void print_rows(const fsc_simulated *x, size_t w, const char *name)
{
    for (size_t run = 0; run < x->n_runs; run++) {
        const fsc_sim_part *r = fsc_simulated_part(x, run, w);
        (void)printf("%s,%s,%s,%.6f,%s,%.6f,%.9f,%lld,%lld,%.6f\n", name,
                     fsc_replay_policy_name(fsc_simulated_policy(run)),
                     fsc_simulated_budgeted(run) ? "true" : "false",
                     fsc_money_units(money_of(x, r->cost_micros)),
                     x->config.pools[0].price.currency, r->gpu_hours, r->unserved_share,
                     (long long)r->late_minutes, (long long)r->scale_operations,
                     fsc_money_units(money_of(x, r->peak_micros_per_h)));
    }
}

static fsc_status print_csv(const fsc_simulated *all, size_t n, fsc_arena *a, fsc_err *err)
{
    (void)printf("workload,policy,budget,cost,currency,gpuHours,unservedFraction,lateMinutes,"
                 "scaleOperations,peakSpendRate\n");
    for (size_t i = 0; i < n; i++) {
        const fsc_simulated *x = &all[i];
        for (size_t w = 0; w < x->n; w++)
            print_rows(x, w, x->workloads[w].name);
        const char *names = fsc_simulated_names(x, "+", a, err);
        if (!names)
            return FSC_NOMEM;
        if (x->n > 1)
            print_rows(x, x->n, names);
    }
    return FSC_OK;
}

fsc_status fsc_simulate_print(const fsc_simulated *all, size_t n, fsc_cli *cli, fsc_err *err)
{
    fsc_output form;
    const char *assumed[N_ASSUMPTIONS];
    FSC_TRY(fsc_args_output(&form, cli, err));
    FSC_TRY(assume(assumed, cli->arena, err));
    if (form == FSC_OUT_JSON)
        return print_json(all, n, assumed, cli->arena, err);
    if (form == FSC_OUT_CSV)
        return print_csv(all, n, cli->arena, err);
    for (size_t i = 0; i < n; i++) {
        FSC_TRY(print_table(&all[i], cli->arena, err));
        (void)printf("\n");
    }
    (void)printf("Assumed:\n");
    for (size_t i = 0; i < N_ASSUMPTIONS; i++)
        (void)printf("- %s\n", assumed[i]);
    return FSC_OK;
}
