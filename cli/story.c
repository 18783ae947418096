/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/story.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

typedef struct teller {
    fsc_story *out;
    const fsc_session *s;
    const fsc_plan *plan;
    size_t w;
    const fsc_workload_config *config;
    const fsc_workload_plan *decided;
    const fsc_ledger_entry *rows;
    size_t n_rows;
    fsc_arena *a;
} teller;

__attribute__((format(printf, 4, 5))) static fsc_status say(teller *t, fsc_err *err,
                                                            const char *topic, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (t->out->n == FSC_STORY_LINES)
        return FSC_OK;
    t->out->lines[t->out->n].topic = topic;
    t->out->lines[t->out->n].text = fsc_arena_strdup(t->a, text, err);
    return t->out->lines[t->out->n++].text ? FSC_OK : FSC_NOMEM;
}

static double per_replica(const teller *t)
{
    double configured = t->config->demand.per_replica;
    return configured > 0 ? configured : t->s->workloads[t->w].per_replica;
}

static fsc_status tell_demand(teller *t, fsc_err *err)
{
    char at[FSC_TIME_TEXT], age[FSC_TIME_TEXT];
    fsc_series day = fsc_series_cut(&t->s->history[t->w], t->plan->at - FSC_DAY_S, t->plan->at + 1);
    double least = NAN, most = NAN, newest = NAN;
    for (size_t i = 0; i < day.n; i++) {
        least = fmin(least, day.values[i]);
        most = fmax(most, day.values[i]);
        newest = isnan(day.values[i]) ? newest : day.values[i];
    }
    if (isnan(newest))
        return say(t, err, "demand", "no sample within the last day");
    int64_t when = fsc_series_newest(&day);
    return say(t, err, "demand",
               "%.4g at %s, %s before the plan; from %.4g to %.4g over the last day", newest,
               fsc_time_format(at, when), fsc_duration_format(age, t->plan->at - when), least,
               most);
}

static fsc_status tell_forecast(teller *t, fsc_err *err)
{
    const fsc_forecast *f = t->s->forecasts[t->w];
    char skill[64] = "its skill is not known yet", at[FSC_TIME_TEXT];
    if (!f)
        return say(t, err, "forecast", "none: there is no history to forecast from");
    if (!isnan(f->skill))
        (void)snprintf(skill, sizeof skill, "skill %.2f against the last value on its recent past",
                       f->skill);
    FSC_TRY(say(t, err, "forecast", "model %s, %s%s%s", f->model, skill, f->hold ? "; held: " : "",
                f->hold ? f->hold : ""));
    for (size_t k = 0; k < 3 && f->n_horizons; k++) { /* near, middle and far */
        size_t h = k * (f->n_horizons - 1) / 2, middle = f->n_q / 2;
        FSC_TRY(say(t, err, "forecast", "at %s: q%g %.4g, q%g %.4g, q%g %.4g",
                    fsc_time_format(at, f->origin + (int64_t)f->horizon[h] * f->step_s), f->q[0],
                    f->v[h * f->n_q], f->q[middle], f->v[h * f->n_q + middle], f->q[f->n_q - 1],
                    f->v[h * f->n_q + f->n_q - 1]));
    }
    return FSC_OK;
}

static fsc_status tell_quantile(teller *t, fsc_err *err)
{
    const fsc_objective *o = &t->config->objective;
    char money[FSC_MONEY_TEXT], price[FSC_MONEY_TEXT] = "no price";
    if (o->quantile_given)
        return say(t, err, "quantile", "%.3g, as the objective says", o->quantile);
    if (t->config->pools.n)
        for (size_t p = 0; p < t->plan->n_pools; p++)
            if (!strcmp(t->plan->pools[p].name, t->config->pools.v[0]))
                (void)fsc_money_format(price, t->plan->pools[p].price);
    return say(t, err, "quantile",
               "%.3g is where one node more (%s an hour) costs as much as the late minutes that it "
               "saves, at %s each",
               t->decided->quantile, price, fsc_money_format(money, o->late_minute));
}

static fsc_status tell_lead(teller *t, fsc_err *err)
{
    const fsc_config *c = &t->s->config;
    const fsc_workload_plan *d = t->decided;
    char pod[FSC_TIME_TEXT], node[FSC_TIME_TEXT], all[FSC_TIME_TEXT], next[FSC_TIME_TEXT];
    bool learned_pod = t->s->workloads[t->w].lead_pod_s > 0, learned_node = false;
    for (size_t p = 0; p < c->n_pools; p++)
        if (t->config->pools.n && !strcmp(c->pools[p].name, t->config->pools.v[0]))
            learned_node = t->s->pools[p].lead_node_s > 0;
    return say(t, err, "lead",
               "%s: a node %s (%s) and a pod %s (%s); the next chance to order comes within %s",
               fsc_duration_format(all, d->lead_pod_s + d->lead_node_s),
               fsc_duration_format(node, d->lead_node_s), learned_node ? "learned" : "configured",
               fsc_duration_format(pod, d->lead_pod_s), learned_pod ? "learned" : "configured",
               fsc_duration_format(next, c->interval_s * (1 + c->missed_runs)));
}

static fsc_status tell_replicas(teller *t, fsc_err *err)
{
    const fsc_workload_plan *d = t->decided;
    double each = per_replica(t);
    char at[FSC_TIME_TEXT], pod[FSC_TIME_TEXT];
    if (each > 0 && d->demand > 0)
        FSC_TRY(say(t, err, "replicas",
                    "%.4g expected by %s / %.4g a replica = %.0f: nodes are ordered for it now, "
                    "pods follow %s ahead",
                    d->demand, fsc_time_format(at, d->demand_at), each, ceil(d->demand / each),
                    fsc_duration_format(pod, d->lead_pod_s)));
    return say(t, err, "replicas", "min %lld, max %lld, with your own bounds %lld to %lld: %s",
               (long long)d->min_replicas, (long long)d->max_replicas, (long long)d->baseline_min,
               (long long)d->baseline_max, d->reason);
}

static fsc_status tell_nodes(teller *t, fsc_err *err)
{
    for (size_t k = 0; k < t->config->pools.n; k++)
        for (size_t p = 0; p < t->plan->n_pools; p++) {
            const fsc_pool_plan *q = &t->plan->pools[p];
            char price[FSC_MONEY_TEXT];
            if (strcmp(q->name, t->config->pools.v[k]))
                continue;
            FSC_TRY(say(t, err, "nodes",
                        "%s: %lld to %lld, %lld of them warm ahead of pods, %s an "
                        "hour each: %s",
                        q->name, (long long)q->min_nodes, (long long)q->max_nodes,
                        (long long)q->warm_nodes, fsc_money_format(price, q->price),
                        q->reason ? q->reason : "nothing is needed"));
        }
    return FSC_OK;
}

static const char *amount(char out[FSC_MONEY_TEXT], const fsc_budget_plan *b, int64_t micros)
{
    fsc_money m = b->ceiling;
    m.micros = micros;
    return fsc_money_format(out, m);
}

static fsc_status tell_budget(teller *t, const fsc_budget_plan *b, fsc_err *err)
{
    char m[5][FSC_MONEY_TEXT];
    FSC_TRY(say(t, err, "budget",
                "%s: %s (before: %s); spent %s, by the window's end p50 %s and p95 %s, at the "
                "worst %s, of %s",
                b->name, fsc_budget_state_name(b->state), fsc_budget_state_name(b->state_before),
                amount(m[0], b, b->spent_micros), amount(m[1], b, b->forecast_p50_micros),
                amount(m[2], b, b->forecast_p95_micros), amount(m[3], b, b->worst_case_micros),
                fsc_money_format(m[4], b->ceiling)));
    FSC_TRY(say(t, err, "budget",
                "the chance of passing it is %.0f %%; money is worth %.2f times its amount: %s",
                100 * b->probability_over, 1 + b->shadow_price, b->reason ? b->reason : "free"));
    return b->void_why ? say(t, err, "budget", "the promise is void: %s", b->void_why) : FSC_OK;
}

static fsc_status tell_budgets(teller *t, fsc_err *err)
{
    for (size_t b = 0; b < t->plan->n_budgets; b++)
        if (fsc_budget_covers(&t->s->config.budgets[b], t->config->name))
            FSC_TRY(tell_budget(t, &t->plan->budgets[b], err));
    return FSC_OK;
}

static fsc_status tell_written(teller *t, fsc_err *err)
{
    char at[FSC_TIME_TEXT];
    size_t told = 0;
    for (size_t i = 0; i < t->n_rows; i++) {
        const fsc_ledger_entry *e = &t->rows[i];
        bool mine = !strcmp(e->row.object, t->config->name);
        for (size_t k = 0; k < t->config->pools.n; k++)
            mine |= !strcmp(e->row.object, t->config->pools.v[k]);
        if (!mine || strcmp(e->row.kind, "act"))
            continue;
        told++;
        FSC_TRY(say(t, err, "written", "%s, run %.12s, %s of %s: %s -> %s: %s",
                    fsc_time_format(at, e->row.at), e->row.run_id, e->row.op, e->row.object,
                    e->row.before ? e->row.before : "", e->row.after ? e->row.after : "",
                    e->outcome ? e->outcome : "not settled: the run was killed"));
    }
    if (told)
        return FSC_OK;
    return say(t, err, "written", "%s",
               t->decided->mode == FSC_MODE_OBSERVE
                   ? "nothing: the workload is only observed; set mode: enforce to act"
                   : "nothing is in the ledger for this moment");
}

fsc_status fsc_story_tell(fsc_story *out, const fsc_session *s, const fsc_plan *plan, size_t w,
                          const fsc_ledger_entry *rows, size_t n_rows, fsc_err *err)
{
    static fsc_status (*const chapters[])(teller *, fsc_err *) = {
        tell_demand,   tell_forecast, tell_quantile, tell_lead,
        tell_replicas, tell_nodes,    tell_budgets,  tell_written};
    teller t = {.out = out,
                .s = s,
                .plan = plan,
                .w = w,
                .config = &s->config.workloads[w],
                .decided = &plan->workloads[w],
                .rows = rows,
                .n_rows = n_rows,
                .a = s->cli->arena};
    out->name = t.config->name;
    out->n = 0;
    for (size_t i = 0; i < sizeof chapters / sizeof *chapters; i++)
        FSC_TRY(chapters[i](&t, err));
    return FSC_OK;
}
