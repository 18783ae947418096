/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/sections.h"

#include <math.h>
#include <stdlib.h>

static const fsc_workload_config *config_of(const fsc_report_view *v, size_t w)
{
    return &v->r->config->workloads[w];
}

/* The column of a level in a forecast; n_q when it has none. */
static size_t level_of(const fsc_forecast *f, double level)
{
    size_t q = 0;
    while (q < f->n_q && fabs(f->q[q] - level) > 1e-9)
        q++;
    return q;
}

static double at_level(const fsc_forecast *f, size_t h, double level)
{
    size_t q = level_of(f, level);
    return q < f->n_q ? f->v[h * f->n_q + q] : NAN;
}

/* ---- demand and forecast ----------------------------------------------------------------------
 */

enum { C_AT, C_DEMAND, C_LOW, C_MEDIAN, C_HIGH, C_REPLICAS50, C_REPLICAS95, C_N };
static const fsc_column course_columns[C_N] = {{"at", "Time", FSC_UNIT_TIME},
                                               {"demand", "Demand", FSC_UNIT_NUMBER},
                                               {"q0.05", "Demand P5", FSC_UNIT_NUMBER},
                                               {"q0.5", "Demand P50", FSC_UNIT_NUMBER},
                                               {"q0.95", "Demand P95", FSC_UNIT_NUMBER},
                                               {"replicas50", "Replicas P50", FSC_UNIT_COUNT},
                                               {"replicas95", "Replicas P95", FSC_UNIT_COUNT}};

static void add_past(fsc_doc *d, fsc_table *t, const fsc_series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[C_AT].number = (double)(s->start + (int64_t)i * s->step_s);
        row[C_DEMAND].number = s->values[i];
    }
}

static void add_future(fsc_doc *d, fsc_table *t, const fsc_forecast *f, const fsc_report_view *v,
                       size_t w)
{
    bool whole_hours = f->step_s == FSC_REPORT_STEP_S && v->r->workloads[w].per_replica > 0;
    for (size_t h = 0; h < f->n_horizons; h++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[C_AT].number = (double)(f->origin + (int64_t)f->horizon[h] * f->step_s);
        row[C_LOW].number = at_level(f, h, 0.05);
        row[C_MEDIAN].number = at_level(f, h, 0.5);
        row[C_HIGH].number = at_level(f, h, 0.95);
        if (whole_hours) {
            row[C_REPLICAS50].number = fsc__outlook_replicas(v->r, w, row[C_MEDIAN].number);
            row[C_REPLICAS95].number = fsc__outlook_replicas(v->r, w, row[C_HIGH].number);
        }
    }
}

static void add_course(fsc_doc *d, const fsc_report_view *v, size_t w, const char *id,
                       const char *title, const fsc_series *past, const fsc_forecast *f,
                       bool is_drawn)
{
    fsc_table *t = fsc_doc_table(d, id, config_of(v, w)->name, title, course_columns, C_N);
    if (!t)
        return;
    t->is_long = true;
    add_past(d, t, past);
    if (f)
        add_future(d, t, f, v, w);
    if (!is_drawn)
        return;
    fsc_doc_chart(d,
                  &(fsc_chart){.kind = FSC_CHART_LINES,
                               .title = title,
                               .what = "Demand as it was, then the forecast's likely course with "
                                       "the band between P5 and P95.",
                               .table = t,
                               .n_layers = 3,
                               .layers = {{FSC_MARK_BAND, C_LOW, C_HIGH, "P5 to P95"},
                                          {FSC_MARK_MEDIAN, C_MEDIAN, 0, "forecast P50"},
                                          {FSC_MARK_PAST, C_DEMAND, 0, "demand"}},
                               .now = v->r->at});
}

/* The highest hour of each local day to come. */
static void add_days(fsc_doc *d, const fsc_report_view *v, size_t w, bool is_drawn)
{
    static const fsc_column columns[] = {{"day", "Day", FSC_UNIT_TIME},
                                         {"busiest", "Busiest hour", FSC_UNIT_TIME},
                                         {"q0.5", "Demand P50", FSC_UNIT_NUMBER},
                                         {"q0.95", "Demand P95", FSC_UNIT_NUMBER},
                                         {"replicas50", "Replicas P50", FSC_UNIT_COUNT},
                                         {"replicas95", "Replicas P95", FSC_UNIT_COUNT}};
    const fsc_report_workload *f = &v->r->workloads[w];
    bool countable = f->per_replica > 0;
    fsc_table *t = fsc_doc_table(d, "days", config_of(v, w)->name, "Day by day: the busiest hour",
                                 FSC_COLUMNS(columns));
    fsc_cell *row = NULL;
    if (t)
        t->is_long = !is_drawn;
    for (size_t h = 0; t && h < f->hours->n_horizons; h++) {
        int64_t at = f->hours->origin + (int64_t)f->hours->horizon[h] * f->hours->step_s;
        double day = (double)fsc_period_start(d->zone, FSC_PERIOD_DAY, at);
        double high = at_level(f->hours, h, 0.95);
        if (!row || row[0].number != day)
            row = fsc_doc_row(d, t);
        row[0].number = day;
        if (!isnan(row[3].number) && high <= row[3].number)
            continue;
        row[1].number = (double)at;
        row[2].number = at_level(f->hours, h, 0.5);
        row[3].number = high;
        row[4].number = countable ? fsc__outlook_replicas(v->r, w, row[2].number) : NAN;
        row[5].number = countable ? fsc__outlook_replicas(v->r, w, high) : NAN;
    }
}

/* What a workload needs at its busiest hour, in GPUs. */
static double most_gpus(const fsc_report_view *v, size_t w)
{
    const fsc_report_workload *f = &v->r->workloads[w];
    double most = 0;
    for (size_t h = 0; f->hours && f->per_replica > 0 && h < f->hours->n_horizons; h++)
        most = fmax(most, at_level(f->hours, h, 0.95));
    return f->per_replica > 0
               ? fsc__outlook_replicas(v->r, w, most) * (double)config_of(v, w)->gpus_per_replica
               : 0;
}

typedef struct place {
    double gpus;
    size_t w;
} place;

static int largest_first(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->gpus != y->gpus)
        return x->gpus > y->gpus ? -1 : 1;
    return (x->w > y->w) - (x->w < y->w);
}

/* drawn[w]: a page of a thousand workloads shows those that need the most; NULL after a failure. */
static const bool *choose(fsc_doc *d, const fsc_report_view *v)
{
    size_t n = v->r->config->n_workloads;
    bool *drawn = FSC_NEW(d->arena, n, bool, &d->err);
    place *places = FSC_NEW(d->arena, n, place, &d->err);
    if (!drawn || !places)
        return NULL;
    for (size_t w = 0; w < n; w++)
        places[w] = (place){most_gpus(v, w), w};
    qsort(places, n, sizeof *places, largest_first);
    for (size_t i = 0; i < n && i < FSC_REPORT_DRAWN; i++)
        drawn[places[i].w] = true;
    return drawn;
}

static void add_workload(fsc_doc *d, const fsc_report_view *v, size_t w, bool is_drawn)
{
    const fsc_report_workload *f = &v->r->workloads[w];
    const fsc_workload_plan *p = &v->r->plan->workloads[w];
    fsc_doc_section(d, fsc_arena_printf(d->arena, &d->err, "workload-%s", p->name), p->name, true);
    fsc_doc_text(d, "Now planned: %lld to %lld replicas (%s).", (long long)p->min_replicas,
                 (long long)p->max_replicas, p->reason);
    if (f->recent.n)
        add_course(d, v, w, "minutes", "The last and the next hours", &f->recent, f->near,
                   is_drawn);
    if (f->hourly.n)
        add_course(d, v, w, "hours", "The past weeks and the next", &f->hourly, f->hours, is_drawn);
    if (f->hours) {
        fsc_doc_text(d, "Within an hour, demand rises to %.2f times its mean.", f->peak);
        add_days(d, v, w, is_drawn);
    } else {
        fsc_doc_text(d, "Too little history to look further ahead.");
    }
}

void fsc__report_workloads(fsc_doc *d, const fsc_report_view *v)
{
    size_t n = v->r->config->n_workloads;
    const bool *drawn = choose(d, v);
    fsc_doc_section(d, "workloads", "Demand and forecast", false);
    fsc_doc_text(d, "Minutes: what a run sees and plans by. Hours: means, for the look ahead; "
                    "replicas serve the peak within an hour.");
    if (n > FSC_REPORT_DRAWN)
        fsc_doc_text(d,
                     "Drawn are the %d of the %zu workloads that need the most GPUs; the numbers "
                     "of all are in --format json and csv.",
                     (int)FSC_REPORT_DRAWN, n);
    for (size_t w = 0; drawn && w < n; w++)
        add_workload(d, v, w, drawn[w]);
}

/* ---- accuracy ---------------------------------------------------------------------------------
 */

static const fsc_backtest_at *ahead(const fsc_backtest *b, int64_t ahead_s)
{
    for (size_t h = 0; b && h < b->n_horizons; h++)
        if (b->at[h].ahead_s == ahead_s)
            return &b->at[h];
    return NULL;
}

/* Three cells: our error, the best naive one's, and how much better that is. */
static void put_scores(fsc_cell *row, const fsc_backtest_at *at)
{
    if (!at)
        return;
    row[0].number = at->by[FSC_METHOD_MODEL].wape;
    row[1].number = at->by[at->best].wape;
    row[2].number = at->skill;
}

void fsc__report_accuracy(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {
        {"workload", "Workload", FSC_UNIT_TEXT},
        {"skill", "Minutes ahead: better than the last value", FSC_UNIT_SHARE},
        {"wape24h", "A day ahead: error", FSC_UNIT_SHARE},
        {"naive24h", "best naive error", FSC_UNIT_SHARE},
        {"skill24h", "better by", FSC_UNIT_SHARE},
        {"below95", "values below P95", FSC_UNIT_SHARE},
        {"note", "Note", FSC_UNIT_TEXT}};
    fsc_doc_section(d, "accuracy", "Accuracy", false);
    fsc_doc_text(d,
                 "Forecasts made again, as they would have been, over the last two weeks; errors "
                 "are absolute ones by the sum of demand. Naive: the last value, the day and the "
                 "week before.");
    fsc_table *t = fsc_doc_table(d, "accuracy", NULL, "Errors, ours and the best naive one's",
                                 FSC_COLUMNS(columns));
    for (size_t w = 0; t && w < v->r->config->n_workloads; w++) {
        const fsc_report_workload *f = &v->r->workloads[w];
        const fsc_backtest_at *day = ahead(f->backtest, FSC_DAY_S);
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = config_of(v, w)->name;
        row[1].number = f->near ? f->near->skill : NAN;
        put_scores(row + 2, day);
        for (size_t q = 0; day && q < f->backtest->n_q; q++)
            if (fabs(f->backtest->q[q] - 0.95) < 1e-9)
                row[5].number = day->by[FSC_METHOD_MODEL].coverage[q];
        row[6].text = f->near && f->near->hold ? f->near->hold : f->backtest_why;
    }
}

/* ---- decisions --------------------------------------------------------------------------------
 */

void fsc__report_decisions(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {
        {"workload", "Workload", FSC_UNIT_TEXT},
        {"raised", "Floor raised", FSC_UNIT_COUNT},
        {"lowered", "lowered", FSC_UNIT_COUNT},
        {"written", "Written", FSC_UNIT_COUNT},
        {"journalled", "only journalled", FSC_UNIT_COUNT},
        {"held", "held", FSC_UNIT_COUNT},
        {"failed", "failed", FSC_UNIT_COUNT},
        {"reactive", "Bill, autoscaler alone", FSC_UNIT_MONEY},
        {"ours", "with our floors", FSC_UNIT_MONEY},
        {"saved", "saved", FSC_UNIT_MONEY},
        {"reactiveLate", "Late minutes, autoscaler alone", FSC_UNIT_COUNT},
        {"oursLate", "with our floors", FSC_UNIT_COUNT}};
    fsc_doc_section(d, "decisions", "Decisions", false);
    fsc_doc_text(d,
                 "What runs decided since %s, and the same demand played again in the same "
                 "simulated cluster: by the autoscaler alone, and with the floors that were "
                 "written or journalled.",
                 fsc__say(d, FSC_UNIT_TIME, fsc_cell_number((double)v->r->from)));
    fsc_table *t = fsc_doc_table(d, "decisions", NULL, "Decisions, and what they were worth",
                                 FSC_COLUMNS(columns));
    for (size_t w = 0; t && w < v->r->config->n_workloads; w++) {
        const fsc_report_acts *a = &v->r->workloads[w].acts;
        const fsc_report_replay *p = &v->r->workloads[w].replay;
        const double counts[] = {(double)a->raised,  (double)a->lowered, (double)a->applied,
                                 (double)a->planned, (double)a->held,    (double)a->failed};
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = config_of(v, w)->name;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            row[i + 1].number = counts[i];
        if (!p->known)
            continue;
        const char *currency =
            fsc_config_pool(v->r->config, config_of(v, w)->pools.v[0])->price.currency;
        row[7] = fsc_cell_money((double)p->reactive_micros / 1e6, currency);
        row[8] = fsc_cell_money((double)p->ours_micros / 1e6, currency);
        row[9] = fsc_cell_money((double)(p->reactive_micros - p->ours_micros) / 1e6, currency);
        row[10].number = (double)p->reactive_late_minutes;
        row[11].number = (double)p->ours_late_minutes;
    }
}

/* ---- data and leads ---------------------------------------------------------------------------
 */

void fsc__report_quality(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {{"workload", "Workload", FSC_UNIT_TEXT},
                                         {"first", "History since", FSC_UNIT_TIME},
                                         {"newest", "Newest", FSC_UNIT_TIME},
                                         {"age", "Its age", FSC_UNIT_DURATION},
                                         {"samples", "Minutes seen", FSC_UNIT_COUNT},
                                         {"missing", "missing", FSC_UNIT_SHARE},
                                         {"gaps", "Gaps", FSC_UNIT_COUNT},
                                         {"longest", "the longest", FSC_UNIT_DURATION}};
    fsc_doc_section(d, "quality", "Data quality", false);
    fsc_table *t = fsc_doc_table(d, "quality", NULL, "Demand that is stored", FSC_COLUMNS(columns));
    for (size_t w = 0; t && w < v->r->config->n_workloads; w++) {
        const fsc_report_workload *f = &v->r->workloads[w];
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = config_of(v, w)->name;
        row[4].number = (double)f->samples;
        if (!f->samples)
            continue;
        row[1].number = (double)f->first;
        row[2].number = (double)f->newest;
        row[3].number = (double)(v->r->at > f->newest ? v->r->at - f->newest : 0);
        row[5].number = (double)f->gaps / (double)(f->samples + f->gaps);
        row[6].number = (double)f->gap_spans;
        row[7].number = (double)f->longest_gap_s;
    }
}

void fsc__report_leads(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {{"object", "Workload or pool", FSC_UNIT_TEXT},
                                         {"lead", "Lead", FSC_UNIT_TEXT},
                                         {"configured", "Configured", FSC_UNIT_DURATION},
                                         {"used", "Planned with", FSC_UNIT_DURATION},
                                         {"seen", "Starts seen", FSC_UNIT_COUNT}};
    const fsc_config *c = v->r->config;
    fsc_doc_section(d, "leads", "Lead times", false);
    fsc_doc_text(d,
                 "From an order to what it was for: a pod on a warm node until Ready, a node until "
                 "ready. The configured one counts until enough starts were seen.");
    fsc_table *t = fsc_doc_table(d, "leads", NULL, "Lead times", FSC_COLUMNS(columns));
    for (size_t i = 0; t && i < c->n_workloads + c->n_pools; i++) {
        bool is_pod = i < c->n_workloads;
        size_t p = i - c->n_workloads;
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = is_pod ? c->workloads[i].name : c->pools[p].name;
        row[1].text = is_pod ? "pod" : "node";
        row[2].number = (double)(is_pod ? c->workloads[i].lead_s : c->pools[p].lead_s);
        row[3].number =
            (double)(is_pod ? v->r->plan->workloads[i].lead_pod_s : v->r->pools[p].lead_s);
        row[4].number =
            (double)(is_pod ? v->r->workloads[i].leads_seen : v->r->pools[p].leads_seen);
    }
}
