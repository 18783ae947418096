/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/simulate.h"

#include "forescale/document.h"

enum { POINTS = 1440, BYTES_LIMIT = 256 << 20 };

static const char *name_of(fsc_doc *d, size_t run)
{
    char name[32];
    return fsc_arena_strdup(d->arena, fsc_simulated_name(name, run), &d->err);
}

/* Every so many minutes a point: a month is drawn as finely as a screen shows it. */
static size_t stride(const fsc_sim_result *r)
{
    return 1 + r->n_minutes / POINTS;
}

static void add_bills(fsc_doc *d, const fsc_simulated *x, size_t w, const char *names)
{
    static const fsc_column columns[] = {{"policy", "Policy", FSC_UNIT_TEXT},
                                         {"cost", "Bill", FSC_UNIT_MONEY},
                                         {"lateMinutes", "Late minutes", FSC_UNIT_COUNT},
                                         {"unserved", "Unserved", FSC_UNIT_SHARE},
                                         {"scalings", "Scalings", FSC_UNIT_COUNT}};
    fsc_table *t = fsc_doc_table(d, "policies", names, "Policies", columns, 5);
    for (size_t run = 0; t && run < x->n_runs; run++) {
        const fsc_sim_part *r = fsc_simulated_part(x, run, w);
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = name_of(d, run);
        row[1] = fsc_cell_money((double)r->cost_micros / 1e6, x->config.pools[0].price.currency);
        row[2].number = (double)r->late_minutes;
        row[3].number = r->unserved_share;
        row[4].number = (double)r->scale_operations;
    }
    const fsc_chart bills = {.kind = FSC_CHART_BARS,
                             .title = "Bill of each policy",
                             .what = "A bar for each policy: the same demand, the same prices.",
                             .table = t,
                             .n_layers = 1,
                             .layers = {{FSC_MARK_MEDIAN, 1, 0, "bill"}}};
    fsc_chart late = bills;
    late.title = "Late minutes of each policy";
    late.layers[0] = (fsc_layer){FSC_MARK_MEDIAN, 2, 0, "late minutes"};
    if (t) {
        fsc_doc_chart(d, &bills);
        fsc_doc_chart(d, &late);
    }
}

static void add_course(fsc_doc *d, const fsc_simulated *x, size_t run, size_t w)
{
    static const fsc_column columns[] = {{"at", "Time", FSC_UNIT_TIME},
                                         {"demand", "Demand", FSC_UNIT_NUMBER},
                                         {"serves", "What ready pods serve", FSC_UNIT_NUMBER}};
    const fsc_sim_result *r = &x->runs[run];
    const fsc_simulated_workload *one = &x->workloads[w];
    const char *name = name_of(d, run);
    fsc_table *t = fsc_doc_table(d, "course", one->name, name, columns, 3);
    for (size_t m = 0; t && m < r->n_minutes; m += stride(r)) {
        int64_t at = x->from + (int64_t)m * FSC_MINUTE_S;
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].number = (double)at;
        row[1].number = one->demand.values[(at - one->demand.start) / one->demand.step_s];
        row[2].number =
            (double)r->workloads[w].minute_ready[m] * x->config.workloads[w].demand.per_replica;
    }
    if (!t)
        return;
    t->is_long = true;
    fsc_doc_chart(
        d, &(fsc_chart){.kind = FSC_CHART_LINES,
                        .title = fsc_arena_printf(d->arena, &d->err,
                                                  "%s: demand, and what ready pods serve", name),
                        .what = "Demand, and the capacity of the pods that are ready.",
                        .table = t,
                        .n_layers = 2,
                        .layers = {{FSC_MARK_PAST, 1, 0, "demand"},
                                   {FSC_MARK_LIMIT, 2, 0, "ready pods serve"}}});
}

static void add_spent(fsc_doc *d, const fsc_simulated *x, size_t run, const char *names)
{
    static const fsc_column columns[] = {{"at", "Time", FSC_UNIT_TIME},
                                         {"spent", "Spent so far", FSC_UNIT_MONEY}};
    const fsc_sim_result *r = &x->runs[run];
    const char *currency = x->config.pools[0].price.currency, *name = name_of(d, run);
    fsc_table *t = fsc_doc_table(d, "spent", names, name, columns, 2);
    int64_t spent = 0;
    for (size_t m = 0; t && m < r->n_minutes; m++) {
        spent += r->minute_micros[m];
        if (m % stride(r))
            continue;
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].number = (double)(x->from + (int64_t)m * FSC_MINUTE_S);
        row[1] = fsc_cell_money((double)spent / 1e6, currency);
    }
    if (!t)
        return;
    t->is_long = true;
    fsc_doc_chart(d, &(fsc_chart){.kind = FSC_CHART_LINES,
                                  .title = fsc_arena_printf(
                                      d->arena, &d->err, "%s: spent so far, in %s", name, currency),
                                  .what = "The bill as it grows.",
                                  .table = t,
                                  .n_layers = 1,
                                  .layers = {{FSC_MARK_MEDIAN, 1, 0, "spent so far"}}});
}

/* Of those played together each has its section, and all of them one. */
static void add_group(fsc_doc *d, const fsc_simulated *x)
{
    const char *names = fsc_simulated_names(x, ", ", d->arena, &d->err);
    for (size_t w = 0; w < x->n; w++) {
        const char *name = x->workloads[w].name;
        fsc_doc_section(d, name, name, false);
        add_bills(d, x, w, name);
        for (size_t run = 0; run < x->n_runs; run++)
            add_course(d, x, run, w);
    }
    if (x->n > 1) {
        fsc_doc_section(d, fsc_simulated_names(x, "+", d->arena, &d->err), names, false);
        add_bills(d, x, x->n, names);
    }
    for (size_t run = 0; run < x->n_runs; run++)
        add_spent(d, x, run, names);
}

fsc_status fsc_simulate_picture(const char *path, const fsc_simulated *all, size_t n, fsc_cli *cli,
                                fsc_err *err)
{
    fsc_doc d;
    fsc_buf out;
    fsc_doc_init(&d, cli->arena, "Picture", "Replay", n ? all[0].to : 0,
                 n ? all[0].config.zone : NULL);
    for (size_t i = 0; i < n; i++)
        add_group(&d, &all[i]);
    fsc_buf_init(&out, cli->arena, BYTES_LIMIT);
    FSC_TRY(fsc_doc_render(&out, &d, fsc_forms[0], err));
    return fsc_file_publish(path, fsc_buf_str(&out), out.len, err);
}
