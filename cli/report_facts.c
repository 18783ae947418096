/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report_facts.h"

#include "cli/stages.h"
#include "forescale/json.h"
#include "forescale/replay.h"

#include <math.h>
#include <string.h>

enum {
    STEP_S = FSC_REPORT_STEP_S,
    LEARN_S = 112 * FSC_DAY_S, /* hours that the look ahead learns from */
    MIN_KNOWN_HOURS = 48,      /* below, there is no day to compare with a day */
    RECENT_S = 6 * FSC_HOUR_S,
    REPLAY_S = 7 * FSC_DAY_S
};

static const double levels[] = {0.05, 0.25, 0.5, 0.75, 0.95};
static const double tested_levels[] = {0.05, 0.5, 0.95};
static const int32_t tested_hours[] = {24}; /* minutes ahead, the runs' own skill tells */

/* What one workload's facts are made from; everything is read before threads start. */
typedef struct source {
    fsc_series minutes; /* of the report's past */
    fsc_series learned; /* hours up to the hour of now, on one grid for all workloads */
    fsc_ledger_change *changes;
    size_t n_changes;
    int64_t last_act_at, lasting_s; /* how long an act is in force when no run renews it */
} source;

typedef struct gathering {
    fsc_session *s;
    fsc_report *r;
    fsc_report_workload *workloads;
    source *sources;
    int64_t last_run_at; /* 0: none has its row */
    size_t n_ahead;
    const int32_t *ahead; /* [n_ahead] 1, 2, ... */
} gathering;

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The series on the grid from..to, with gaps where it has nothing. */
static fsc_status on_grid(fsc_series *out, const fsc_series *s, int64_t from, int64_t to,
                          fsc_arena *a, fsc_err *err)
{
    size_t n = (size_t)((to - from) / STEP_S);
    double *v = FSC_NEW(a, n, double, err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        v[i] = NAN;
    for (size_t i = 0; i < s->n; i++) {
        int64_t t = s->start + (int64_t)i * s->step_s;
        if (t >= from && t < to)
            v[(t - from) / STEP_S] = s->values[i];
    }
    *out = (fsc_series){.id = s->id, .start = from, .step_s = STEP_S, .n = n, .values = v};
    return FSC_OK;
}

static fsc_status read_hours(source *out, const gathering *g, size_t w, fsc_err *err)
{
    fsc_session *s = g->s;
    const char *name = s->config.workloads[w].name;
    int64_t to = g->r->from + (int64_t)g->r->n_past * STEP_S;
    fsc_series hours = {.id = name, .step_s = STEP_S};
    fsc_err missing = FSC_ERR_INIT;
    fsc_status status =
        fsc_history_read_hourly(&hours, s->store, name, to - LEARN_S, to, s->cli->arena, &missing);
    if (status != FSC_OK && status != FSC_MISSING) {
        *err = missing;
        return status;
    }
    int64_t first = hours.n ? hours.start - hours.start % STEP_S : to;
    return on_grid(&out->learned, &hours, first < g->r->from ? first : g->r->from, to,
                   s->cli->arena, err);
}

static fsc_status read_minutes(source *out, const gathering *g, size_t w, fsc_err *err)
{
    fsc_session *s = g->s;
    const char *name = s->config.workloads[w].name;
    fsc_err missing = FSC_ERR_INIT;
    out->minutes = (fsc_series){.id = name, .step_s = FSC_COLLECT_STEP_S};
    fsc_status status = fsc_history_read(&out->minutes, s->store, name, g->r->from, g->r->at + 1,
                                         s->cli->arena, &missing);
    if (status == FSC_OK || status == FSC_MISSING)
        return FSC_OK;
    *err = missing;
    return status;
}

static fsc_status read_workload(gathering *g, size_t w, fsc_err *err)
{
    fsc_session *s = g->s;
    const char *name = s->config.workloads[w].name;
    fsc_report_workload *out = &g->workloads[w];
    fsc_ledger_sums sums;
    FSC_TRY(read_minutes(&g->sources[w], g, w, err));
    FSC_TRY(read_hours(&g->sources[w], g, w, err));
    FSC_TRY(fsc_ledger_count(&sums, s->store, "act", name, g->r->from, g->r->at, err));
    out->acts = (fsc_report_acts){
        .applied = sums.applied, .planned = sums.planned, .held = sums.held, .failed = sums.failed};
    source *src = &g->sources[w];
    src->last_act_at = g->last_run_at > sums.newest ? g->last_run_at : sums.newest;
    src->lasting_s = g->r->plan->workloads[w].expires_at - g->r->plan->at;
    return fsc_ledger_changes(&src->changes, &src->n_changes, s->store, name, g->r->from, g->r->at,
                              src->lasting_s, s->cli->arena, err);
}

static fsc_status read_history_infos(gathering *g, fsc_err *err)
{
    fsc_history_info *list;
    size_t n;
    FSC_TRY(fsc_history_list(&list, &n, g->s->store, g->s->cli->arena, err));
    for (size_t i = 0; i < n; i++) {
        const fsc_workload_config *wl = fsc_config_workload(&g->s->config, list[i].id);
        if (!wl)
            continue;
        fsc_report_workload *out = &g->workloads[wl - g->s->config.workloads];
        out->first = list[i].first;
        out->newest = list[i].newest;
    }
    return FSC_OK;
}

static fsc_status read_last_run(gathering *g, fsc_err *err)
{
    fsc_ledger_entry run = {.row = {.at = 0}};
    fsc_err none = FSC_ERR_INIT;
    fsc_status status = fsc_ledger_newest(&run, g->s->store, "run", FSC_LEDGER_RUNS, g->r->at,
                                          g->s->cli->arena, &none);
    g->last_run_at = run.row.at;
    if (status == FSC_OK || status == FSC_MISSING)
        return FSC_OK;
    *err = none;
    return status;
}

static fsc_status read_budget(fsc_report_budget *out, const gathering *g, size_t b, fsc_err *err)
{
    const fsc_report *r = g->r;
    const char *name = g->s->config.budgets[b].name;
    double *spent = FSC_NEW(g->s->cli->arena, r->n_past, double, err);
    const char *currency = g->s->config.budgets[b].ceiling.currency;
    bool others; /* spend in another currency: runs warn of it */
    fsc_ledger_sums sums;
    if (!spent)
        return FSC_NOMEM;
    for (size_t i = 0; i < r->n_past; i++) {
        int64_t from = r->from + (int64_t)i * STEP_S, micros;
        FSC_TRY(fsc_ledger_spend_sum(&micros, &others, g->s->store, name, currency, from,
                                     from + STEP_S, err));
        spent[i] = (double)micros / 1e6;
    }
    FSC_TRY(fsc_ledger_count(&sums, g->s->store, "budget", name, r->from, r->at, err));
    *out = (fsc_report_budget){.spent = spent, .transitions = sums.rows};
    return FSC_OK;
}

/* ---- one workload, in a thread of its own ------------------------------------------------------
 */

/* The sum of the hours' highest minutes by the sum of their means: quiet hours count little. */
static double peak_of(const fsc_series *minutes)
{
    double means = 0, peaks = 0;
    size_t per_hour = minutes->n ? (size_t)(STEP_S / minutes->step_s) : 0;
    for (size_t first = 0; per_hour && first + per_hour <= minutes->n; first += per_hour) {
        double sum = 0, top = 0;
        size_t n = 0;
        for (size_t i = first; i < first + per_hour; i++)
            if (!isnan(minutes->values[i])) {
                sum += minutes->values[i];
                top = fmax(top, minutes->values[i]);
                n++;
            }
        if (2 * n < per_hour)
            continue;
        means += sum / (double)n;
        peaks += top;
    }
    return means > 0 ? peaks / means : 1;
}

static void count_gaps(fsc_report_workload *out, const fsc_series *minutes)
{
    size_t run = 0;
    for (size_t i = 0; i < minutes->n; i++) {
        bool gap = isnan(minutes->values[i]);
        out->gaps += gap;
        out->samples += !gap;
        out->gap_spans += gap && !run;
        run = gap ? run + 1 : 0;
        int64_t length = (int64_t)run * minutes->step_s;
        out->longest_gap_s = length > out->longest_gap_s ? length : out->longest_gap_s;
    }
}

static const char *model_of(const fsc_session *s, size_t w)
{
    return s->cli->args.model ? s->cli->args.model : s->config.workloads[w].model;
}

static fsc_status look_ahead(fsc_report_workload *out, const gathering *g, size_t w, fsc_arena *a,
                             fsc_err *err)
{
    const fsc_series *past = &g->sources[w].learned;
    if (past->n - fsc_series_gaps(past) < MIN_KNOWN_HOURS)
        return FSC_OK;
    fsc_forecast *f = FSC_NEW(a, 1, fsc_forecast, err);
    if (!f)
        return FSC_NOMEM;
    FSC_TRY(fsc_forecast_series(
        f, past,
        &(fsc_forecaster_config){
            .id = past->id,
            .model = model_of(g->s, w),
            .step_s = STEP_S,
            .request = {g->n_ahead, g->ahead, sizeof levels / sizeof *levels, levels},
            .calendar = &g->s->config.calendar},
        a, err));
    out->hours = f;
    return FSC_OK;
}

/* Too short a history is no failure of the report: it is said in its place. */
static fsc_status look_back(fsc_report_workload *out, const gathering *g, size_t w, fsc_arena *a,
                            fsc_err *err)
{
    fsc_backtest *b = FSC_NEW(a, 1, fsc_backtest, err);
    fsc_err why = FSC_ERR_INIT;
    if (!b)
        return FSC_NOMEM;
    fsc_status status = fsc_backtest_run(
        b, &g->sources[w].learned,
        &(fsc_backtest_config){.model = model_of(g->s, w),
                               .request = {sizeof tested_hours / sizeof *tested_hours, tested_hours,
                                           sizeof tested_levels / sizeof *tested_levels,
                                           tested_levels},
                               .calendar = &g->s->config.calendar,
                               .stride_s = 7 * FSC_HOUR_S},
        a, &why);
    if (status == FSC_OK)
        out->backtest = b;
    else if (status == FSC_DATA)
        out->backtest_why = fsc_arena_strdup(a, why.msg, err);
    else
        *err = why;
    return status == FSC_DATA ? FSC_OK : status;
}

/* ---- the past again ----------------------------------------------------------------------------
 */

typedef struct floors {
    const source *acts;
    size_t next;
    fsc_sim_bounds baseline;
    fsc_arena *a;
} floors;

static fsc_status read_bounds(int64_t *min, int64_t *max, const fsc_ledger_change *c, fsc_arena *a,
                              fsc_err *err)
{
    const fsc_node *after;
    FSC_TRY(fsc_json_parse(&after, c->after, strlen(c->after), a, err));
    *min = fsc_node_int(fsc_node_at(after, "minReplicas", NULL), 0);
    *max = fsc_node_int(fsc_node_at(after, "maxReplicas", NULL), 0);
    return FSC_OK;
}

/* Where runs ceased for longer than their floors last, the user's own bounds count again. */
static fsc_status follow(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                         fsc_err *err)
{
    floors *f = ctx;
    const source *acts = f->acts;
    for (; f->next < acts->n_changes && acts->changes[f->next].at <= seen->now; f->next++)
        FSC_TRY(read_bounds(&out->workloads[0].min, &out->workloads[0].max, &acts->changes[f->next],
                            f->a, err));
    int64_t renewed =
        f->next < acts->n_changes ? acts->changes[f->next].before_at : acts->last_act_at;
    if (f->next && seen->now > renewed + acts->lasting_s)
        out->workloads[0] = f->baseline;
    return FSC_OK;
}

static fsc_status count_moves(fsc_report_acts *out, const source *from, fsc_arena *a, fsc_err *err)
{
    int64_t before = 0, min, max;
    for (size_t i = 0; i < from->n_changes; i++) {
        FSC_TRY(read_bounds(&min, &max, &from->changes[i], a, err));
        out->raised += i && min > before;
        out->lowered += i && min < before;
        before = min;
    }
    return FSC_OK;
}

/* A configuration that leaves open what a world needs, or a hole of days, leaves the replay out. */
static fsc_status play_again(fsc_report_replay *out, const gathering *g, size_t w, fsc_arena *a,
                             fsc_err *err)
{
    fsc_config one;
    fsc_series metric, demand;
    size_t filled;
    fsc_err why = FSC_ERR_INIT;
    fsc_sim_result alone, ours;
    const source *src = &g->sources[w];
    int64_t to = g->r->at - g->r->at % FSC_MINUTE_S;
    metric = fsc_series_cut(&src->minutes, to - REPLAY_S, to);
    if (!src->n_changes || metric.n < 2 ||
        fsc_replay_config(&one, &g->s->config, &w, 1, a, &why) != FSC_OK ||
        fsc_replay_demand(&demand, &filled, &metric, a, &why) != FSC_OK)
        return why.code == FSC_NOMEM ? FSC_NOMEM : FSC_OK;
    const fsc_replay_workload past = {.metric = &metric, .demand = &demand};
    const fsc_replay_input in = {
        .config = &one, .workloads = &past, .from = metric.start, .to = fsc_series_end(&metric)};
    fsc_sim_params world;
    FSC_TRY(fsc_replay_world(&world, &in, a, err));
    floors f = {.acts = src,
                .baseline = {world.workloads[0].min_replicas, world.workloads[0].max_replicas},
                .a = a};
    FSC_TRY(fsc_simulate(&alone, &world, NULL, NULL, a, err));
    FSC_TRY(fsc_simulate(&ours, &world, follow, &f, a, err));
    *out = (fsc_report_replay){true,
                               in.from,
                               in.to,
                               alone.all.cost_micros,
                               ours.all.cost_micros,
                               alone.all.late_minutes,
                               ours.all.late_minutes};
    return FSC_OK;
}

static fsc_status gather_one(void *ctx, size_t w, fsc_arena *a, fsc_err *err)
{
    gathering *g = ctx;
    fsc_session *s = g->s;
    fsc_report_workload *out = &g->workloads[w];
    const fsc_series *minutes = &g->sources[w].minutes;
    double configured = s->config.workloads[w].demand.per_replica;
    out->recent = fsc_series_cut(minutes, g->r->at - RECENT_S, INT64_MAX);
    out->near = s->forecasts[w];
    out->hourly = fsc_series_cut(&g->sources[w].learned, g->r->from, INT64_MAX);
    out->per_replica = configured > 0 ? configured : s->workloads[w].per_replica;
    out->peak = peak_of(minutes);
    out->leads_seen = (size_t)s->pod_leads[w].n;
    count_gaps(out, minutes);
    if (out->samples)
        out->newest = fsc_series_newest(minutes);
    FSC_TRY(look_ahead(out, g, w, a, err));
    FSC_TRY(look_back(out, g, w, a, err));
    FSC_TRY(count_moves(&out->acts, &g->sources[w], a, err));
    return play_again(&out->replay, g, w, a, err);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

/* A report may be written far from the cluster: then the configuration and the store tell all. */
static void look_at_cluster(fsc_session *s)
{
    size_t failed; /* each is logged */
    fsc_err err = FSC_ERR_INIT;
    if (fsc_stage_observe(s, &failed, &err) != FSC_OK)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, err.msg, "report",
                      "without what the cluster would tell", NULL);
}

static fsc_status read_all(gathering *g, fsc_err *err)
{
    fsc_session *s = g->s;
    fsc_plan *plan = FSC_NEW(s->cli->arena, 1, fsc_plan, err);
    fsc_report_budget *budgets =
        FSC_NEW(s->cli->arena, s->config.n_budgets, fsc_report_budget, err);
    fsc_report_pool *pools = FSC_NEW(s->cli->arena, s->config.n_pools, fsc_report_pool, err);
    if (!plan || !budgets || !pools)
        return FSC_NOMEM;
    FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    look_at_cluster(s);
    FSC_TRY(fsc_stage_history(s, err));
    FSC_TRY(fsc_session_plan(plan, s, s->cli->now, s->cli->arena, err));
    g->r->plan = plan;
    FSC_TRY(read_history_infos(g, err));
    FSC_TRY(read_last_run(g, err));
    for (size_t w = 0; w < s->config.n_workloads; w++)
        FSC_TRY(read_workload(g, w, err));
    for (size_t b = 0; b < s->config.n_budgets; b++)
        FSC_TRY(read_budget(&budgets[b], g, b, err));
    for (size_t p = 0; p < s->config.n_pools; p++)
        pools[p] = (fsc_report_pool){s->pools[p].lead_node_s ? s->pools[p].lead_node_s
                                                             : s->config.pools[p].lead_s,
                                     (size_t)s->node_leads[p].n};
    g->r->budgets = budgets;
    g->r->pools = pools;
    return FSC_OK;
}

static fsc_status count_ahead(gathering *g, int64_t horizon_s, fsc_err *err)
{
    int32_t *ahead = FSC_NEW(g->s->cli->arena, (size_t)(horizon_s / STEP_S), int32_t, err);
    if (!ahead)
        return FSC_NOMEM;
    /* The newest whole hour ends at the hour of now: the first one ahead is the one under way. */
    for (g->n_ahead = 0; (int64_t)g->n_ahead < horizon_s / STEP_S; g->n_ahead++)
        ahead[g->n_ahead] = (int32_t)g->n_ahead + 1;
    g->ahead = ahead;
    return FSC_OK;
}

fsc_status fsc_report_gather(fsc_report_gathered *out, fsc_session *s, int64_t horizon_s,
                             fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    int64_t hour = s->cli->now - s->cli->now % STEP_S;
    size_t n = s->config.n_workloads;
    fsc_report *r = &out->report;
    *r = (fsc_report){.at = s->cli->now,
                      .from = hour - horizon_s,
                      .to = hour + horizon_s,
                      .n_past = (size_t)(horizon_s / STEP_S),
                      .config = &s->config};
    gathering g = {.s = s, .r = r};
    g.workloads = FSC_NEW(a, n, fsc_report_workload, err);
    g.sources = FSC_NEW(a, n, source, err);
    fsc_status *results = FSC_NEW(a, n, fsc_status, err);
    fsc_err *errs = FSC_NEW(a, n, fsc_err, err);
    if (!g.workloads || !g.sources || !results || !errs)
        return FSC_NOMEM;
    FSC_TRY(count_ahead(&g, horizon_s, err));
    FSC_TRY(read_all(&g, err));
    r->workloads = g.workloads;
    FSC_TRY(fsc_parallel_run(&out->work, n, gather_one, &g, results, errs, err));
    for (size_t w = 0; w < n; w++)
        if (results[w] != FSC_OK) {
            *err = errs[w];
            return fsc_context(err, "workload %s", s->config.workloads[w].name);
        }
    return FSC_OK;
}
