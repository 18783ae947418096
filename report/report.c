/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/sections.h"

#include <math.h>
#include <stdio.h>

/* How often a node must be needed to be worth a reservation: always, and at two usual discounts. */
static const double busy_shares[] = {0.95, 0.7, 0.5};
enum { ALWAYS, N_BUSY = 3 };

const char *fsc__say(fsc_doc *d, fsc_unit unit, fsc_cell c)
{
    fsc_buf b;
    fsc_buf_init(&b, d->arena, 4096);
    fsc_cell_say(&b, d, unit, &c);
    return fsc_buf_str(&b);
}

static const char *say_count(fsc_doc *d, double n)
{
    return fsc__say(d, FSC_UNIT_COUNT, fsc_cell_number(n));
}

static const char *say_time(fsc_doc *d, int64_t t)
{
    return fsc__say(d, FSC_UNIT_TIME, fsc_cell_number((double)t));
}

static const char *say_money(fsc_doc *d, double units, const char *currency)
{
    return fsc__say(d, FSC_UNIT_MONEY, fsc_cell_money(units, currency));
}

size_t fsc__largest(const double *v, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static int64_t hour_at(const fsc_outlook *o, size_t i)
{
    return o->from + (int64_t)i * FSC_REPORT_STEP_S;
}

/* The most nodes that are needed in at least a share of all hours. */
static size_t nodes_busy(const fsc_outlook_pool *p, double share)
{
    size_t k = 0;
    while (k < p->most && p->busy[k + 1] >= share)
        k++;
    return k;
}

/* ---- summary --------------------------------------------------------------------------------- */

static void say_gpus(fsc_doc *d, const fsc_report_view *v)
{
    const fsc_outlook *o = v->o;
    size_t top = fsc__largest(o->gpus95, o->n_hours), usual = fsc__largest(o->gpus50, o->n_hours);
    fsc_doc_text(d,
                 "Until %s all workloads together (%zu) need at most %s GPUs in the likely course "
                 "(%s) and %s in a busy one (P95; %s); in %s of the hours the pools have no room "
                 "for all of it.",
                 say_time(d, v->r->to), v->r->config->n_workloads, say_count(d, o->gpus50[usual]),
                 say_time(d, hour_at(o, usual)), say_count(d, o->gpus95[top]),
                 say_time(d, hour_at(o, top)),
                 fsc__say(d, FSC_UNIT_SHARE, fsc_cell_number(o->short_share)));
}

/* The budget that is likeliest to be passed speaks; without one, the pools' bill does. */
static void say_spend(fsc_doc *d, const fsc_report_view *v)
{
    const fsc_config *c = v->r->config;
    size_t worst = 0;
    for (size_t b = 1; b < c->n_budgets; b++)
        worst = v->o->budgets[b].probability > v->o->budgets[worst].probability ? b : worst;
    if (!c->n_budgets) {
        double likely = 0, high = 0;
        for (size_t p = 0; p < c->n_pools; p++) {
            likely += v->o->pools[p].spend50;
            high += v->o->pools[p].spend95;
        }
        const char *currency = c->n_pools ? v->r->plan->pools[0].price.currency : "";
        fsc_doc_text(d,
                     "That costs %s in the likely course and at most %s in a busy one; no budget "
                     "has a ceiling for it.",
                     say_money(d, likely, currency), say_money(d, high, currency));
        return;
    }
    const fsc_outlook_budget *b = &v->o->budgets[worst];
    const fsc_money ceiling = c->budgets[worst].ceiling;
    fsc_doc_text(d,
                 "That costs budget %s %s (P50) to %s (P95), and would pass its ceiling of %s a "
                 "window with a probability of %s%s%s.",
                 c->budgets[worst].name, say_money(d, b->spend50, ceiling.currency),
                 say_money(d, b->spend95, ceiling.currency),
                 say_money(d, fsc_money_units(ceiling), ceiling.currency),
                 fsc__say(d, FSC_UNIT_SHARE, fsc_cell_number(b->probability)),
                 b->likely_at ? ", most likely by " : "",
                 b->likely_at ? say_time(d, b->likely_at) : "");
}

static void say_rest(fsc_doc *d, const fsc_report_view *v)
{
    const fsc_config *c = v->r->config;
    size_t always = 0, judged = 0, better = 0;
    for (size_t p = 0; p < c->n_pools; p++)
        if (v->o->n_hours)
            always += nodes_busy(&v->o->pools[p], busy_shares[ALWAYS]) *
                      (size_t)c->pools[p].gpus_per_node;
    for (size_t w = 0; w < c->n_workloads; w++) {
        const fsc_forecast *f = v->r->workloads[w].near;
        judged += f && !isnan(f->skill);
        better += f && f->skill > 0;
    }
    fsc_doc_text(d,
                 "%s GPUs are on in at least %.0f %% of the hours and worth reserving; minutes "
                 "ahead the forecast beats the last value for %zu of the %zu workloads that can "
                 "be judged.",
                 say_count(d, (double)always), 100 * busy_shares[ALWAYS], better, judged);
}

void fsc__report_summary(fsc_doc *d, const fsc_report_view *v)
{
    fsc_doc_section(d, "summary", "Summary", false);
    if (!v->o->n_hours) {
        fsc_doc_text(d, "No workload has enough history to look ahead: run forescale collect, and "
                        "see Data quality below.");
        return;
    }
    say_gpus(d, v);
    say_spend(d, v);
    say_rest(d, v);
}

/* ---- GPUs and nodes -------------------------------------------------------------------------- */

static const fsc_column need_columns[] = {{"at", "Hour", FSC_UNIT_TIME},
                                          {"gpus50", "GPUs P50", FSC_UNIT_COUNT},
                                          {"gpus95", "GPUs P95", FSC_UNIT_COUNT},
                                          {"nodes50", "Nodes P50", FSC_UNIT_COUNT},
                                          {"nodes95", "Nodes P95", FSC_UNIT_COUNT},
                                          {"most", "Most that the pool has", FSC_UNIT_COUNT}};

static void add_fleet(fsc_doc *d, const fsc_report_view *v)
{
    const fsc_outlook *o = v->o;
    fsc_table *t = fsc_doc_table(d, "gpus", NULL, "GPUs by hour", need_columns, 3);
    for (size_t i = 0; t && i < o->n_hours; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].number = (double)hour_at(o, i);
        row[1].number = o->gpus50[i];
        row[2].number = o->gpus95[i];
    }
    if (!t)
        return;
    t->is_long = true;
    fsc_doc_chart(d, &(fsc_chart){.kind = FSC_CHART_LINES,
                                  .title = "GPUs needed, all pools",
                                  .what = "GPUs by hour: the likely course, and up to the P95.",
                                  .table = t,
                                  .n_layers = 2,
                                  .layers = {{FSC_MARK_BAND, 1, 2, "P50 to P95"},
                                             {FSC_MARK_MEDIAN, 1, 0, "P50"}}});
}

static void add_pools(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {{"pool", "Pool", FSC_UNIT_TEXT},
                                         {"kind", "Kind", FSC_UNIT_TEXT},
                                         {"price", "A node for an hour", FSC_UNIT_MONEY},
                                         {"nodes50", "Most nodes, P50", FSC_UNIT_COUNT},
                                         {"nodes95", "Most nodes, P95", FSC_UNIT_COUNT},
                                         {"at", "On", FSC_UNIT_TIME},
                                         {"gpuHours", "GPU hours", FSC_UNIT_COUNT},
                                         {"share", "Share of GPU hours", FSC_UNIT_SHARE},
                                         {"spend50", "Bill, P50", FSC_UNIT_MONEY},
                                         {"spend95", "Bill, P95", FSC_UNIT_MONEY}};
    const fsc_config *c = v->r->config;
    fsc_table *t = fsc_doc_table(d, "pools", NULL, "Pools", FSC_COLUMNS(columns));
    double all = 0;
    for (size_t p = 0; p < c->n_pools; p++)
        all += v->o->pools[p].gpu_hours;
    for (size_t p = 0; t && p < c->n_pools; p++) {
        const fsc_outlook_pool *o = &v->o->pools[p];
        const fsc_money *price = &v->r->plan->pools[p].price;
        size_t top = fsc__largest(o->nodes95, v->o->n_hours);
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = c->pools[p].name;
        row[1].text = c->pools[p].interruptions_per_h > 0 ? "spot" : "on demand";
        row[2] = fsc_cell_money(fsc_money_units(*price), price->currency);
        row[3].number = o->nodes50[fsc__largest(o->nodes50, v->o->n_hours)];
        row[4].number = o->nodes95[top];
        row[5].number = (double)hour_at(v->o, top);
        row[6].number = o->gpu_hours;
        row[7].number = all > 0 ? o->gpu_hours / all : NAN;
        row[8] = fsc_cell_money(o->spend50, price->currency);
        row[9] = fsc_cell_money(o->spend95, price->currency);
    }
}

static void add_pool_hours(fsc_doc *d, const fsc_report_view *v, size_t p)
{
    const fsc_pool_config *pool = &v->r->config->pools[p];
    const fsc_outlook_pool *o = &v->o->pools[p];
    fsc_table *t =
        fsc_doc_table(d, "hours", pool->name, "Needed by hour", FSC_COLUMNS(need_columns));
    for (size_t i = 0; t && i < v->o->n_hours; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].number = (double)hour_at(v->o, i);
        row[1].number = o->gpus50[i];
        row[2].number = o->gpus95[i];
        row[3].number = o->nodes50[i];
        row[4].number = o->nodes95[i];
        row[5].number = pool->max_nodes_given ? (double)pool->max_nodes : NAN;
    }
    if (!t)
        return;
    t->is_long = true;
    fsc_doc_chart(d,
                  &(fsc_chart){.kind = FSC_CHART_LINES,
                               .title = "Nodes needed",
                               .what = "Nodes by hour: the likely course, up to the P95, and the "
                                       "most that the pool has.",
                               .table = t,
                               .n_layers = pool->max_nodes_given ? 3 : 2,
                               .layers = {{FSC_MARK_BAND, 3, 4, "P50 to P95"},
                                          {FSC_MARK_MEDIAN, 3, 0, "P50"},
                                          {FSC_MARK_LIMIT, 5, 0, "the pool's maxNodes"}}});
}

static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
enum { DAYS = 7, HOURS = 24 };

/* One column an hour of the local day: "h00" to "h23". */
static fsc_column *hour_columns(fsc_doc *d)
{
    fsc_column *c = FSC_NEW(d->arena, HOURS + 1, fsc_column, &d->err);
    if (!c)
        return NULL;
    c[0] = (fsc_column){"weekday", "Weekday", FSC_UNIT_TEXT};
    for (int h = 0; h < HOURS; h++)
        c[h + 1] = (fsc_column){fsc_arena_printf(d->arena, &d->err, "h%02d", h),
                                fsc_arena_printf(d->arena, &d->err, "%02d:00", h), FSC_UNIT_NUMBER};
    return c;
}

static void add_heat(fsc_doc *d, const fsc_report_view *v, size_t p, const fsc_column *columns)
{
    double sums[DAYS][HOURS] = {{0}}, counts[DAYS][HOURS] = {{0}};
    const double *gpus = v->o->pools[p].gpus95;
    fsc_table *t = fsc_doc_table(d, "weekdays", v->r->config->pools[p].name,
                                 "GPUs by weekday and hour, P95", columns, HOURS + 1);
    if (!t)
        return;
    for (size_t i = 0; i < v->o->n_hours; i++) {
        fsc_civil at = fsc_civil_at(d->zone, hour_at(v->o, i));
        sums[at.weekday][at.hour] += gpus[i];
        counts[at.weekday][at.hour]++;
    }
    for (size_t day = 0; day < DAYS; day++) {
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = weekdays[day];
        for (size_t h = 0; h < HOURS; h++)
            row[h + 1].number = counts[day][h] > 0 ? sums[day][h] / counts[day][h] : NAN;
    }
    t->is_long = true;
    fsc_doc_chart(d,
                  &(fsc_chart){.kind = FSC_CHART_HEAT,
                               .title = "GPUs by weekday and hour (P95, mean of the weeks)",
                               .what = "A grid of weekdays and hours: the darker, the more GPUs.",
                               .table = t});
}

void fsc__report_capacity(fsc_doc *d, const fsc_report_view *v)
{
    const fsc_column *columns = hour_columns(d);
    if (!v->o->n_hours || !columns)
        return;
    fsc_doc_section(d, "capacity", "GPUs and nodes", false);
    fsc_doc_text(d,
                 "What demand needs at the peak of each hour, from %d joint futures of all "
                 "workloads: pools in each workload's order, nodes whole, no cap by a budget.",
                 (int)FSC_OUTLOOK_PATHS);
    add_fleet(d, v);
    add_pools(d, v);
    for (size_t p = 0; p < v->r->config->n_pools; p++) {
        const char *name = v->r->config->pools[p].name;
        fsc_doc_section(d, fsc_arena_printf(d->arena, &d->err, "pool-%s", name), name, true);
        add_pool_hours(d, v, p);
        add_heat(d, v, p, columns);
    }
}

/* ---- money ----------------------------------------------------------------------------------- */

static void add_budgets(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {{"budget", "Budget", FSC_UNIT_TEXT},
                                         {"state", "State", FSC_UNIT_TEXT},
                                         {"ceiling", "Ceiling", FSC_UNIT_MONEY},
                                         {"spent", "Spent in this window", FSC_UNIT_MONEY},
                                         {"window50", "Dearest window, P50", FSC_UNIT_MONEY},
                                         {"window95", "Dearest window, P95", FSC_UNIT_MONEY},
                                         {"probability", "Passes it", FSC_UNIT_SHARE},
                                         {"likelyAt", "Most likely by", FSC_UNIT_TIME},
                                         {"spend50", "Bill, P50", FSC_UNIT_MONEY},
                                         {"spend95", "Bill, P95", FSC_UNIT_MONEY}};
    size_t n = v->o->n_hours;
    fsc_table *t = fsc_doc_table(d, "budgets", NULL, "Budgets", FSC_COLUMNS(columns));
    for (size_t b = 0; t && b < v->r->config->n_budgets; b++) {
        const fsc_budget_plan *p = &v->r->plan->budgets[b];
        const fsc_outlook_budget *o = &v->o->budgets[b];
        const char *currency = p->ceiling.currency;
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = p->name;
        row[1].text = fsc_budget_state_name(p->state);
        row[2] = fsc_cell_money(fsc_money_units(p->ceiling), currency);
        row[3] = fsc_cell_money((double)p->spent_micros / 1e6, currency);
        row[4] = fsc_cell_money(o->window50[fsc__largest(o->window50, n)], currency);
        row[5] = fsc_cell_money(o->window95[fsc__largest(o->window95, n)], currency);
        row[6].number = o->probability;
        row[7].number = o->likely_at ? (double)o->likely_at : NAN;
        row[8] = fsc_cell_money(o->spend50, currency);
        row[9] = fsc_cell_money(o->spend95, currency);
    }
}

static void add_burn(fsc_doc *d, const fsc_report_view *v, size_t b)
{
    static const fsc_column columns[] = {
        {"at", "Hour", FSC_UNIT_TIME},
        {"spent", "Spent in the window", FSC_UNIT_MONEY},
        {"window50", "Window, P50", FSC_UNIT_MONEY},
        {"window95", "Window, P95", FSC_UNIT_MONEY},
        {"ceiling", "Ceiling", FSC_UNIT_MONEY},
        {"passed", "Probability of having passed it", FSC_UNIT_SHARE}};
    const fsc_report *r = v->r;
    const fsc_outlook_budget *o = &v->o->budgets[b];
    const fsc_budget_config *budget = &r->config->budgets[b];
    const char *currency = budget->ceiling.currency;
    fsc_table *t =
        fsc_doc_table(d, "burn", budget->name, "Spend of the window by hour", FSC_COLUMNS(columns));
    for (size_t i = 0; t && i < r->n_past + v->o->n_hours; i++) {
        fsc_cell *row = fsc_doc_row(d, t);
        for (size_t k = 1; k <= 4; k++)
            row[k].text = currency;
        row[0].number = (double)(r->from + (int64_t)(i + 1) * FSC_REPORT_STEP_S);
        row[4].number = fsc_money_units(budget->ceiling);
        if (i < r->n_past) {
            row[1].number = o->past[i];
        } else {
            row[2].number = o->window50[i - r->n_past];
            row[3].number = o->window95[i - r->n_past];
            row[5].number = o->passed[i - r->n_past];
        }
    }
    if (!t)
        return;
    t->is_long = true;
    const char *title = fsc_arena_printf(d->arena, &d->err,
                                         "Budget %s: spend of the window that "
                                         "ends at each hour, in %s",
                                         budget->name, currency);
    fsc_doc_chart(d,
                  &(fsc_chart){.kind = FSC_CHART_LINES,
                               .title = title,
                               .what = "Spend of the past hours' windows, the likely course, the "
                                       "P95, and the ceiling.",
                               .table = t,
                               .n_layers = 4,
                               .layers = {{FSC_MARK_BAND, 2, 3, "P50 to P95"},
                                          {FSC_MARK_MEDIAN, 2, 0, "P50"},
                                          {FSC_MARK_PAST, 1, 0, "spent"},
                                          {FSC_MARK_LIMIT, 4, 0, "ceiling"}},
                               .now = r->at});
}

void fsc__report_money(fsc_doc *d, const fsc_report_view *v)
{
    if (!v->o->n_hours || !v->r->config->n_budgets)
        return;
    fsc_doc_section(d, "money", "Money", false);
    fsc_doc_text(d,
                 "What demand would cost without the guard: where it passes a ceiling, runs lower "
                 "what may start until it fits.");
    add_budgets(d, v);
    for (size_t b = 0; b < v->r->config->n_budgets; b++)
        add_burn(d, v, b);
}

void fsc__report_reserve(fsc_doc *d, const fsc_report_view *v)
{
    static const fsc_column columns[] = {
        {"pool", "Pool", FSC_UNIT_TEXT},
        {"always", "Nodes on in 95 % of the hours", FSC_UNIT_COUNT},
        {"mostly", "in 70 %", FSC_UNIT_COUNT},
        {"half", "in 50 %", FSC_UNIT_COUNT},
        {"alwaysGpus", "GPUs worth reserving", FSC_UNIT_COUNT},
        {"monthly", "Their bill for 30 days now", FSC_UNIT_MONEY}};
    if (!v->o->n_hours)
        return;
    fsc_doc_section(d, "reserve", "Always on", false);
    fsc_doc_text(d, "A node that is needed in a share of the hours is worth reserving when that "
                    "costs less than the share of its price by the hour.");
    fsc_table *t = fsc_doc_table(d, "reserve", NULL, "Nodes by how often they are needed",
                                 FSC_COLUMNS(columns));
    for (size_t p = 0; t && p < v->r->config->n_pools; p++) {
        const fsc_pool_config *pool = &v->r->config->pools[p];
        const fsc_money *price = &v->r->plan->pools[p].price;
        fsc_cell *row = fsc_doc_row(d, t);
        row[0].text = pool->name;
        for (size_t k = 0; k < N_BUSY; k++)
            row[k + 1].number = (double)nodes_busy(&v->o->pools[p], busy_shares[k]);
        row[4].number = row[1].number * (double)pool->gpus_per_node;
        row[5] =
            fsc_cell_money(row[1].number * 30 * HOURS * fsc_money_units(*price), price->currency);
    }
}

/* ---- all --------------------------------------------------------------------------------------
 */

fsc_status fsc_report_build(fsc_doc *d, const fsc_report *r, fsc_err *err)
{
    static void (*const sections[])(fsc_doc *, const fsc_report_view *) = {
        fsc__report_summary,   fsc__report_capacity,  fsc__report_money,
        fsc__report_reserve,   fsc__report_workloads, fsc__report_accuracy,
        fsc__report_decisions, fsc__report_quality,   fsc__report_leads};
    fsc_outlook o;
    FSC_TRY(fsc__outlook_make(&o, r, d->arena, err));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        sections[i](d, &(fsc_report_view){r, &o});
    if (d->err.code != FSC_OK)
        *err = d->err;
    return d->err.code;
}
