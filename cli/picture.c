/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/picture.h"

#include "forescale/document.h"

enum { PAST_S = 3 * FSC_HOUR_S, AHEAD_S = 30 * FSC_MINUTE_S, BYTES_LIMIT = 16 << 20 };

static const double levels[] = {0.05, 0.5, 0.95};

static fsc_status dense_forecast(fsc_forecast *out, const fsc_session *s, size_t w, fsc_arena *a,
                                 fsc_err *err)
{
    const fsc_series *history = &s->history[w];
    size_t n = (size_t)(AHEAD_S / history->step_s > 0 ? AHEAD_S / history->step_s : 1);
    int32_t *h = FSC_NEW(a, n, int32_t, err);
    if (!h)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        h[i] = (int32_t)i + 1;
    const fsc_forecaster_config cfg = {.id = s->config.workloads[w].name,
                                       .model = s->cli->args.model ? s->cli->args.model
                                                                   : s->config.workloads[w].model,
                                       .step_s = history->step_s,
                                       .request = {n, h, sizeof levels / sizeof *levels, levels},
                                       .calendar = &s->config.calendar};
    return fsc_forecast_series(out, history, &cfg, a, err);
}

static double per_replica(const fsc_session *s, size_t w)
{
    double configured = s->config.workloads[w].demand.per_replica;
    return configured > 0 ? configured : s->workloads[w].per_replica;
}

enum { C_AT, C_DEMAND, C_LOW, C_MEDIAN, C_HIGH, C_FLOOR, C_N };

static void add_rows(fsc_doc *d, fsc_table *t, const fsc_series *past, const fsc_forecast *f,
                     double floor)
{
    for (size_t i = 0; i < past->n; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[C_AT].number = (double)(past->start + (int64_t)i * past->step_s);
        row[C_DEMAND].number = past->values[i];
    }
    for (size_t h = 0; h < f->n_horizons; h++) {
        const double *v = f->v + h * f->n_q;
        fsc_cell *row = fsc_doc_row(d, t);
        row[C_AT].number = (double)(f->origin + (int64_t)f->horizon[h] * f->step_s);
        row[C_LOW].number = v[0];
        row[C_MEDIAN].number = v[1];
        row[C_HIGH].number = v[2];
        row[C_FLOOR].number = floor;
    }
}

static fsc_status add_workload(fsc_doc *d, const fsc_session *s, size_t w, const fsc_plan *plan,
                               fsc_err *err)
{
    static const fsc_column columns[C_N] = {
        {"at", "Time", FSC_UNIT_TIME},     {"demand", "Demand", FSC_UNIT_NUMBER},
        {"q0.05", "P5", FSC_UNIT_NUMBER},  {"q0.5", "P50", FSC_UNIT_NUMBER},
        {"q0.95", "P95", FSC_UNIT_NUMBER}, {"floor", "Floor serves", FSC_UNIT_NUMBER}};
    const fsc_workload_plan *p = &plan->workloads[w];
    fsc_forecast f;
    FSC_TRY(dense_forecast(&f, s, w, d->arena, err));
    fsc_series past = fsc_series_cut(&s->history[w], plan->at - PAST_S, INT64_MAX);
    fsc_doc_section(d, p->name, p->name, false);
    fsc_doc_text(d, "min %lld, max %lld: %s", (long long)p->min_replicas,
                 (long long)p->max_replicas, p->reason);
    fsc_table *t = fsc_doc_table(d, "demand", p->name, "Demand and forecast", columns, C_N);
    if (!t)
        return FSC_OK; /* the document remembers */
    t->is_long = true;
    add_rows(d, t, &past, &f, (double)p->min_replicas * per_replica(s, w));
    fsc_doc_chart(
        d, &(fsc_chart){.kind = FSC_CHART_LINES,
                        .title = "Demand, and what is forecast",
                        .what = "The last hours of demand, the forecast of the next half "
                                "hour with its band, and what the floor serves.",
                        .table = t,
                        .n_layers = 4,
                        .layers = {{FSC_MARK_BAND, C_LOW, C_HIGH, "P5 to P95"},
                                   {FSC_MARK_MEDIAN, C_MEDIAN, 0, "forecast P50"},
                                   {FSC_MARK_PAST, C_DEMAND, 0, "demand"},
                                   {FSC_MARK_LIMIT, C_FLOOR, 0, "what the planned floor serves"}},
                        .now = plan->at});
    return FSC_OK;
}

static void add_budget(fsc_doc *d, const fsc_budget_plan *b)
{
    static const fsc_column columns[] = {{"what", "", FSC_UNIT_TEXT},
                                         {"amount", "Amount", FSC_UNIT_MONEY},
                                         {"ceiling", "Ceiling", FSC_UNIT_MONEY}};
    const struct bar {
        const char *label;
        int64_t micros;
    } bars[] = {{"spent", b->spent_micros},
                {"forecast P50", b->forecast_p50_micros},
                {"forecast P95", b->forecast_p95_micros},
                {"worst case", b->worst_case_micros}};
    fsc_doc_section(d, b->name, b->name, false);
    fsc_doc_text(d, "Budget, %s: %s", fsc_budget_state_name(b->state), b->reason);
    fsc_table *t = fsc_doc_table(d, "spend", b->name, "Spend against the ceiling", columns, 3);
    for (size_t i = 0; t && i < sizeof bars / sizeof *bars; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[0] = fsc_cell_text(bars[i].label);
        row[1] = fsc_cell_money((double)bars[i].micros / 1e6, b->ceiling.currency);
        row[2] = fsc_cell_money(fsc_money_units(b->ceiling), b->ceiling.currency);
    }
    fsc_doc_chart(d, &(fsc_chart){.kind = FSC_CHART_BARS,
                                  .title = "Spend against the ceiling",
                                  .what = "Bars of what is spent, forecast and possible at worst.",
                                  .table = t,
                                  .n_layers = 2,
                                  .layers = {{FSC_MARK_MEDIAN, 1, 0, "in this window"},
                                             {FSC_MARK_LIMIT, 2, 0, "ceiling"}}});
}

fsc_status fsc_picture_write(const char *path, fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    fsc_doc d;
    fsc_buf out;
    fsc_doc_init(&d, s->cli->arena, "Picture", "Plan", plan->at, s->config.zone);
    for (size_t w = 0; w < plan->n_workloads; w++)
        if (s->history[w].n)
            FSC_TRY(add_workload(&d, s, w, plan, err));
    for (size_t b = 0; b < plan->n_budgets; b++)
        add_budget(&d, &plan->budgets[b]);
    fsc_buf_init(&out, s->cli->arena, BYTES_LIMIT);
    FSC_TRY(fsc_doc_render(&out, &d, fsc_forms[0], err));
    return fsc_file_publish(path, fsc_buf_str(&out), out.len, err);
}
