/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/metrics.h"

#include "forescale/json.h"
#include "forescale/version.h"

#include <math.h>
#include <string.h>

/* What the samples of a family are about: one sample, or one for each of these. */
typedef enum scope { OF_RUN, OF_WORKLOAD, OF_POOL, OF_BUDGET, SCOPE_N } scope;
static const char *const scope_labels[SCOPE_N] = {NULL, "workload", "pool", "budget"};

/* A further label: its name and its values, ending with NULL. */
typedef struct split {
    const char *label;
    const char *const *words;
} split;

/* Where a gauge is read: item i of its scope, at word k of its first split and l of its second. */
typedef struct place {
    const fsc_metrics_run *r;
    size_t i, k, l;
} place;

typedef bool (*reader)(double *out, const place *at); /* false: not known */

typedef struct family {
    const char *name, *help; /* the name without "forescale_" */
    scope of;
    reader read;
    bool money; /* labelled with its currency */
    split by, and_by;
} family;

/* A gauge is an expression over its place, and whether it is known. */
#define GAUGE(function, known, expression)                                                         \
    static bool function(double *out, const place *at)                                             \
    {                                                                                              \
        *out = (double)(expression);                                                               \
        return (known);                                                                            \
    }
#define PLAN(field)     at->r->plan->workloads[at->i].field
#define NOW(field)      at->r->workloads[at->i].field
#define POOL(field)     at->r->plan->pools[at->i].field
#define POOL_NOW(field) at->r->pools[at->i].field
#define BUDGET(field)   at->r->plan->budgets[at->i].field

GAUGE(build_info, at->r, 1)
GAUGE(run_at, true, at->r->at)
GAUGE(success_at, at->r->exit_code == 0, at->r->at)
GAUGE(exit_code, true, at->r->exit_code)
GAUGE(phase_s, true, at->r->phase_s[at->k])
GAUGE(outcome, at->r->plan, at->r->outcomes[at->k])
GAUGE(failed_queries, true, at->r->failed_queries)

GAUGE(planned_min, true, PLAN(min_replicas))
GAUGE(planned_max, true, PLAN(max_replicas))
GAUGE(planned_demand, true, PLAN(demand))
GAUGE(baseline_min, true, PLAN(baseline_min))
GAUGE(hold, true, PLAN(hold))
GAUGE(enforced, true, PLAN(mode) == FSC_MODE_ENFORCE)
GAUGE(lead_pod_s, true, PLAN(lead_pod_s))
GAUGE(lead_node_s, true, PLAN(lead_node_s))
GAUGE(replicas, NOW(replicas_known), NOW(replicas))
GAUGE(ready, NOW(ready_known), NOW(ready))
GAUGE(backlog, NOW(backlog_known), NOW(backlog))
GAUGE(min_replicas, NOW(min_known), NOW(min_replicas))
GAUGE(max_replicas, NOW(max_known), NOW(max_replicas))
GAUGE(paused, true, NOW(paused))

GAUGE(pool_nodes, POOL_NOW(nodes_known), POOL_NOW(nodes))
GAUGE(pool_leaving, POOL_NOW(nodes_known), POOL_NOW(nodes_leaving))
GAUGE(pool_undelivered, true, POOL(undelivered))
GAUGE(pool_needed, true, POOL(nodes_needed))
GAUGE(pool_warm, true, POOL(warm_nodes))
GAUGE(pool_min, true, POOL(min_nodes))
GAUGE(pool_max, true, POOL(max_nodes))
GAUGE(pool_price, POOL(price.micros) > 0, fsc_money_units(POOL(price)))

static double units(int64_t micros)
{
    return fsc_money_units((fsc_money){.micros = micros});
}

GAUGE(ceiling, true, fsc_money_units(BUDGET(ceiling)))
GAUGE(spent, true, units(BUDGET(spent_micros)))
GAUGE(worst_case, true, units(BUDGET(worst_case_micros)))
GAUGE(forecast_spend, true,
      units(at->k ? BUDGET(forecast_p95_micros) : BUDGET(forecast_p50_micros)))
GAUGE(over_probability, true, BUDGET(probability_over))
GAUGE(shadow_price, true, BUDGET(shadow_price))
GAUGE(state, true, BUDGET(state) == (fsc_budget_state)at->k)
GAUGE(promise_void, true, BUDGET(void_why) != NULL)
GAUGE(window_end, true, BUDGET(window_end))

/* ---- forecasts: a workload may have none ---------------------------------------------------- */

static const double shown_levels[] = {0.05, 0.5, 0.95};

static const fsc_forecast *forecast_of(const place *at)
{
    return at->r->forecasts[at->i];
}

static bool demand(double *out, const place *at)
{
    *out = forecast_of(at) ? forecast_of(at)->newest : NAN;
    return !isnan(*out);
}

static bool newest_at(double *out, const place *at)
{
    bool known = demand(out, at);
    *out = known ? (double)forecast_of(at)->origin : NAN;
    return known;
}

static bool skill(double *out, const place *at)
{
    *out = forecast_of(at) ? forecast_of(at)->skill : NAN;
    return !isnan(*out);
}

static bool forecast_demand(double *out, const place *at)
{
    const fsc_forecast *f = forecast_of(at);
    size_t h = 0, q = 0;
    if (!f)
        return false;
    /* A pod needs its own lead on a warm node, and the node's before it where one must be ordered.
     */
    int64_t lead = PLAN(lead_pod_s) + (at->l ? PLAN(lead_node_s) : 0);
    while (h + 1 < f->n_horizons && (int64_t)f->horizon[h] * f->step_s < lead)
        h++;
    while (q < f->n_q && fabs(f->q[q] - shown_levels[at->k]) > 1e-9)
        q++;
    *out = q < f->n_q ? f->v[h * f->n_q + q] : NAN;
    return q < f->n_q;
}

static const char *const phase_words[] = {"observe", "collect", "plan", "act", NULL};
static const char *const outcome_words[] = {"applied", "unchanged", "failed",
                                            "held",    "planned",   NULL};
static const char *const version_words[] = {FSC_VERSION, NULL};
static const char *const level_words[] = {"0.05", "0.5", "0.95", NULL};
static const char *const lead_words[] = {"pod", "node", NULL};
static const char *const spend_level_words[] = {"0.5", "0.95", NULL};
static const char *const state_words[] = {"closed", "throttled", "open", "half_open", NULL};

static const family families[] = {
    {"build_info", "The version that ran.", OF_RUN, .read = build_info,
     .by = {"version", version_words}},
    {"last_run_timestamp_seconds", "When the last run began, however it ended.", OF_RUN,
     .read = run_at},
    {"last_success_timestamp_seconds", "When the last run began that ended with exit code 0.",
     OF_RUN, .read = success_at},
    {"last_run_exit_code", "Exit code of the last run.", OF_RUN, .read = exit_code},
    {"last_run_duration_seconds", "How long each phase of the last run took.", OF_RUN,
     .read = phase_s, .by = {"phase", phase_words}},
    {"last_run_objects", "Workloads and pools by what became of them in the last run.", OF_RUN,
     .read = outcome, .by = {"outcome", outcome_words}},
    {"last_run_failed_queries", "Demand queries that failed in the last run.", OF_RUN,
     .read = failed_queries},
    {"enforced", "1: the workload's plan is written; 0: it is only observed.", OF_WORKLOAD,
     .read = enforced},
    {"demand", "The newest demand that was seen, in the unit of the workload's trigger.",
     OF_WORKLOAD, .read = demand},
    {"newest_sample_timestamp_seconds", "Time of the newest demand.", OF_WORKLOAD,
     .read = newest_at},
    {"backlog", "Requests that wait.", OF_WORKLOAD, .read = backlog},
    {"forecast_demand",
     "Demand forecast for when a pod ordered now serves: on a warm node, or on one ordered with "
     "it.",
     OF_WORKLOAD, .read = forecast_demand, .by = {"level", level_words},
     .and_by = {"horizon", lead_words}},
    {"forecast_skill_ratio", "1 minus the forecast's loss by the last value's loss, lately.",
     OF_WORKLOAD, .read = skill},
    {"planned_demand", "The demand that the planned floor stands ready for.", OF_WORKLOAD,
     .read = planned_demand},
    {"planned_min_replicas", "The floor that the plan wants.", OF_WORKLOAD, .read = planned_min},
    {"planned_max_replicas", "The most that the plan allows.", OF_WORKLOAD, .read = planned_max},
    {"baseline_min_replicas", "The user's own minimum.", OF_WORKLOAD, .read = baseline_min},
    {"min_replicas", "The minimum that stood on the object when the run looked.", OF_WORKLOAD,
     .read = min_replicas},
    {"max_replicas", "The maximum that stood on the object when the run looked.", OF_WORKLOAD,
     .read = max_replicas},
    {"replicas", "Pods that exist.", OF_WORKLOAD, .read = replicas},
    {"ready_replicas", "Pods that serve.", OF_WORKLOAD, .read = ready},
    {"hold", "1: the present floor is kept, for the forecast cannot be acted on.", OF_WORKLOAD,
     .read = hold},
    {"paused", "1: a human paused the autoscaler.", OF_WORKLOAD, .read = paused},
    {"lead_pod_seconds", "From a pod on a warm node to Ready, as planned with.", OF_WORKLOAD,
     .read = lead_pod_s},
    {"lead_node_seconds", "From a node's order to Ready, as planned with.", OF_WORKLOAD,
     .read = lead_node_s},
    {"pool_nodes", "Nodes that bill.", OF_POOL, .read = pool_nodes},
    {"pool_leaving_nodes", "Nodes under a termination notice.", OF_POOL, .read = pool_leaving},
    {"pool_undelivered_nodes",
     "Nodes asked for that did not come in time: the next pool is asked for them.", OF_POOL,
     .read = pool_undelivered},
    {"pool_needed_nodes", "Nodes that present and forecast demand need.", OF_POOL,
     .read = pool_needed},
    {"pool_planned_warm_nodes", "Ready, empty nodes that the plan keeps.", OF_POOL,
     .read = pool_warm},
    {"pool_planned_min_nodes", "The fewest nodes that the plan wants.", OF_POOL, .read = pool_min},
    {"pool_planned_max_nodes", "The most nodes that the plan allows.", OF_POOL, .read = pool_max},
    {"pool_node_price_per_hour", "Price of one node for an hour.", OF_POOL, .read = pool_price,
     .money = true},
    {"budget_ceiling", "What may be spent in the window.", OF_BUDGET, .read = ceiling,
     .money = true},
    {"budget_spent", "What was spent in the window.", OF_BUDGET, .read = spent, .money = true},
    {"budget_forecast_spend", "Spend forecast to the window's end.", OF_BUDGET,
     .read = forecast_spend, .money = true, .by = {"level", spend_level_words}},
    {"budget_worst_case_spend", "The largest bill of any window until a cut has worked.", OF_BUDGET,
     .read = worst_case, .money = true},
    {"budget_over_probability", "Probability of passing the ceiling by the window's end.",
     OF_BUDGET, .read = over_probability},
    {"budget_shadow_price", "How much dearer money counts than it is: 0 where nothing is short.",
     OF_BUDGET, .read = shadow_price},
    {"budget_state", "1 for the state that the budget is in.", OF_BUDGET, .read = state,
     .by = {"state", state_words}},
    {"budget_promise_void", "1: a condition of the ceiling's promise does not hold now.", OF_BUDGET,
     .read = promise_void},
    {"budget_window_end_timestamp_seconds", "When the window closes.", OF_BUDGET,
     .read = window_end},
};

/* ---- text ----------------------------------------------------------------------------------- */

static size_t items(const fsc_metrics_run *r, scope of)
{
    const size_t counts[SCOPE_N] = {1, r->config->n_workloads, r->config->n_pools,
                                    r->config->n_budgets};
    return of == OF_RUN || r->plan ? counts[of] : 0;
}

static const char *item_name(const fsc_metrics_run *r, scope of, size_t i)
{
    return of == OF_WORKLOAD ? r->config->workloads[i].name
           : of == OF_POOL   ? r->config->pools[i].name
                             : r->config->budgets[i].name;
}

static const char *currency(const fsc_metrics_run *r, scope of, size_t i)
{
    return of == OF_POOL ? r->plan->pools[i].price.currency : r->plan->budgets[i].ceiling.currency;
}

static void add_label(fsc_buf *out, bool *open, const char *name, const char *value)
{
    fsc_buf_printf(out, "%s%s=\"", *open ? "," : "{", name);
    *open = true;
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            fsc_buf_printf(out, "\\%c", *value);
        else if (*value == '\n')
            fsc_buf_puts(out, "\\n");
        else
            fsc_buf_add(out, value, 1);
    }
    fsc_buf_puts(out, "\"");
}

static void add_head(fsc_buf *out, const family *f)
{
    fsc_buf_printf(out, "# HELP forescale_%s %s\n# TYPE forescale_%s gauge\n", f->name, f->help,
                   f->name);
}

static void add_sample(fsc_buf *out, const family *f, const place *at, double v)
{
    bool open = false;
    fsc_buf_printf(out, "forescale_%s", f->name);
    if (f->of != OF_RUN)
        add_label(out, &open, scope_labels[f->of], item_name(at->r, f->of, at->i));
    if (f->money)
        add_label(out, &open, "currency", currency(at->r, f->of, at->i));
    if (f->by.label)
        add_label(out, &open, f->by.label, f->by.words[at->k]);
    if (f->and_by.label)
        add_label(out, &open, f->and_by.label, f->and_by.words[at->l]);
    fsc_buf_puts(out, open ? "} " : " ");
    fsc_json_number(out, v);
    fsc_buf_puts(out, "\n");
}

static size_t words(const split *s)
{
    size_t n = 0;
    while (s->label && s->words[n])
        n++;
    return n ? n : 1;
}

static void add_family(fsc_buf *out, const family *f, const fsc_metrics_run *r)
{
    bool headed = false; /* a family without samples is left out */
    double v;
    size_t n = items(r, f->of), n_k = words(&f->by), n_l = words(&f->and_by);
    for (size_t m = 0; m < n * n_k * n_l; m++) {
        place at = {r, m / (n_k * n_l), m / n_l % n_k, m % n_l};
        if (!f->read(&v, &at))
            continue;
        if (!headed)
            add_head(out, f);
        headed = true;
        add_sample(out, f, &at, v);
    }
}

void fsc_metrics_text(fsc_buf *out, const fsc_metrics_run *r)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        add_family(out, &families[i], r);
}

static const char head_words[] = "# HELP ";

/* The block of a family begins with its HELP line and ends before the next one. */
static const char *next_block(const char *p)
{
    for (p = p ? strchr(p, '\n') : NULL; p; p = strchr(p, '\n'))
        if (!strncmp(++p, head_words, sizeof head_words - 1))
            return p;
    return NULL;
}

static bool has_block(const char *text, const char *head)
{
    size_t name = strcspn(head + sizeof head_words - 1, " \n") + sizeof head_words - 1;
    for (const char *p = text; p; p = next_block(p))
        if (!strncmp(p, head, name) && (p[name] == ' ' || p[name] == '\n'))
            return true;
    return false;
}

void fsc_metrics_merge(fsc_buf *out, const char *old, const char *fresh)
{
    fsc_buf_puts(out, fresh);
    if (!old || strncmp(old, head_words, sizeof head_words - 1))
        return;
    for (const char *p = old, *next; p; p = next) {
        next = next_block(p);
        if (!has_block(fresh, p))
            fsc_buf_add(out, p, next ? (size_t)(next - p) : strlen(p));
    }
}
