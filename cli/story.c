/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/story.h"
#include "forescale/json.h"
#include "forescale/paths.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_TOLD = 5, STARTS_TOLD = 8, TRANSITIONS_TOLD = 5, LEDGER_ROWS = 50 };

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
    t->out->lines[t->out->n].meaning = FSC_MEANS_NOTHING;
    t->out->lines[t->out->n].text = fsc_arena_strdup(t->a, text, err);
    return t->out->lines[t->out->n++].text ? FSC_OK : FSC_NOMEM;
}

/* What the newest line means. */
static void mark(teller *t, fsc_meaning m)
{
    t->out->lines[t->out->n - 1].meaning = m;
}

static double per_replica(const teller *t)
{
    double configured = t->config->demand.per_replica;
    return configured > 0 ? configured : t->s->workloads[t->w].per_replica;
}

/* The newest samples one by one, and those that stood there a day and a week before. */
static fsc_status tell_samples(teller *t, fsc_err *err)
{
    static const struct {
        int64_t before_s;
        const char *words;
    } earlier[] = {{FSC_DAY_S, "a day"}, {FSC_WEEK_S, "a week"}};
    const fsc_series *h = &t->s->history[t->w];
    char at[FSC_TIME_TEXT];
    fsc_buf b;
    fsc_buf_init(&b, t->a, 1024);
    size_t told = 0;
    for (size_t i = h->n; i-- > 0 && told < SAMPLES_TOLD;) {
        int64_t when = h->start + (int64_t)i * h->step_s;
        if (isnan(h->values[i]) || when > t->plan->at)
            continue;
        fsc_buf_printf(&b, "%s%.6g at %s", told++ ? ", " : "", h->values[i],
                       fsc_time_format(at, when));
    }
    if (!told)
        return FSC_OK;
    FSC_TRY(fsc_buf_status(&b, err));
    FSC_TRY(say(t, err, "demand", "its newest samples: %s", fsc_buf_str(&b)));
    for (size_t k = 0; k < sizeof earlier / sizeof *earlier; k++) {
        int64_t when = t->plan->at - t->plan->at % h->step_s - earlier[k].before_s;
        fsc_series there = fsc_series_cut(h, when, when + h->step_s);
        if (there.n && !isnan(there.values[0]))
            FSC_TRY(say(t, err, "demand", "%s before: %.6g at %s", earlier[k].words,
                        there.values[0], fsc_time_format(at, when)));
    }
    return FSC_OK;
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
    FSC_TRY(say(t, err, "demand",
                "%.4g at %s, %s before the plan; from %.4g to %.4g over the last day", newest,
                fsc_time_format(at, when), fsc_duration_format(age, t->plan->at - when), least,
                most));
    return tell_samples(t, err);
}

static int64_t time_of(const fsc_forecast *f, size_t h)
{
    return f->origin + (int64_t)f->horizon[h] * f->step_s;
}

/* The horizon nearest to a moment: the one that decides. */
static size_t horizon_at(const fsc_forecast *f, int64_t when)
{
    size_t best = 0;
    for (size_t h = 1; h < f->n_horizons; h++)
        if (llabs((long long)(time_of(f, h) - when)) < llabs((long long)(time_of(f, best) - when)))
            best = h;
    return best;
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
    mark(t, f->hold ? FSC_MEANS_HELD : FSC_MEANS_NOTHING);
    if (!f->n_horizons)
        return FSC_OK;
    const size_t told[] = {0, horizon_at(f, t->decided->demand_at), f->n_horizons - 1};
    for (size_t k = 0; k < 3; k++) {
        size_t h = told[k];
        if (k && h == told[k - 1])
            continue;
        FSC_TRY(say(t, err, "forecast", "at %s: q0.05 %.4g, q0.5 %.4g, q%.3g %.4g",
                    fsc_time_format(at, time_of(f, h)), fsc_forecast_level(f, h, 0.05),
                    fsc_forecast_level(f, h, 0.5), t->decided->quantile,
                    fsc_forecast_level(f, h, t->decided->quantile)));
    }
    return FSC_OK;
}

static fsc_status tell_quantile(teller *t, fsc_err *err)
{
    const fsc_objective *o = &t->config->objective;
    char money[FSC_MONEY_TEXT], price[FSC_MONEY_TEXT] = "no price";
    if (o->quantile_given)
        return say(t, err, "quantile", "%.3g, as the objective says", o->quantile);
    if (!(t->decided->quantile > 0))
        return say(t, err, "quantile", "none: there is no forecast to choose a level of");
    if (t->config->pools.n)
        for (size_t p = 0; p < t->plan->n_pools; p++)
            if (!strcmp(t->plan->pools[p].name, t->config->pools.v[0]))
                (void)fsc_money_format(price, t->plan->pools[p].price);
    return say(t, err, "quantile",
               "%.3g is where one node more (%s an hour) costs as much as the late minutes that it "
               "saves, at %s each",
               t->decided->quantile, price, fsc_money_format(money, o->late_minute));
}

/* The starts that a lead was learned from, newest first. */
static fsc_status tell_starts(teller *t, const char *what, const char *name, const fsc_leads *l,
                              fsc_err *err)
{
    char text[FSC_TIME_TEXT];
    fsc_buf b;
    if (!l->n)
        return FSC_OK;
    fsc_buf_init(&b, t->a, 1024);
    for (int32_t back = 0; back < l->n && back < STARTS_TOLD; back++) {
        size_t i = fsc_leads_at(l, back);
        fsc_buf_printf(&b, "%s%s", back ? ", " : "", fsc_duration_format(text, l->seconds[i]));
        if (l->ready[i])
            fsc_buf_printf(&b, " (ready %s)", fsc_time_format(text, l->ready[i]));
    }
    FSC_TRY(fsc_buf_status(&b, err));
    if (!l->in_force)
        return say(t, err, "lead", "%s starts of %s seen so far: %d of the %d that teach: %s", what,
                   name, (int)l->n, FSC_LEADS_ENOUGH, fsc_buf_str(&b));
    return say(t, err, "lead", "%d %% of %d %s starts of %s took %s or less; the newest: %s",
               FSC_LEADS_PERCENT, (int)l->n, what, name, fsc_duration_format(text, l->in_force),
               fsc_buf_str(&b));
}

static fsc_status tell_lead(teller *t, fsc_err *err)
{
    const fsc_config *c = &t->s->config;
    const fsc_workload_plan *d = t->decided;
    char pod[FSC_TIME_TEXT], node[FSC_TIME_TEXT], all[FSC_TIME_TEXT], next[FSC_TIME_TEXT];
    const fsc_pool_config *first =
        t->config->pools.n ? fsc_config_pool(c, t->config->pools.v[0]) : NULL;
    bool learned_pod = t->s->workloads[t->w].lead_pod_s > 0,
         learned_node = first && t->s->pools[first - c->pools].lead_node_s > 0;
    FSC_TRY(say(t, err, "lead",
                "%s: a node %s (%s) and a pod %s (%s); the next chance to order comes within %s",
                fsc_duration_format(all, d->lead_pod_s + d->lead_node_s),
                fsc_duration_format(node, d->lead_node_s), learned_node ? "learned" : "configured",
                fsc_duration_format(pod, d->lead_pod_s), learned_pod ? "learned" : "configured",
                fsc_duration_format(next, c->interval_s * (1 + c->missed_runs))));
    if (t->s->cli->args.at_given && t->s->store)
        FSC_TRY(say(t, err, "lead",
                    "of a past moment the configured ones are told; what that run had learned "
                    "stands in its reason below"));
    FSC_TRY(tell_starts(t, "pod", t->config->name, &t->s->pod_leads[t->w], err));
    for (size_t k = 0; k < t->config->pools.n; k++) {
        const fsc_pool_config *p = fsc_config_pool(c, t->config->pools.v[k]);
        FSC_TRY(tell_starts(t, "node", p->name, &t->s->node_leads[p - c->pools], err));
    }
    return FSC_OK;
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

/* "spent 96.00 USD, p50 ..." of a transition's receipt; "" where a run of before did not say. */
static fsc_status add_figures(fsc_buf *out, const fsc_ledger_entry *e, const fsc_budget_plan *b,
                              fsc_arena *a, fsc_err *err)
{
    static const struct {
        const char *key, *words;
    } figures[] = {{"spent", "spent"},
                   {"p50", "p50"},
                   {"p95", "p95"},
                   {"worstCase", "at the worst"},
                   {"ceiling", "ceiling"}};
    const fsc_node *receipt;
    char text[FSC_MONEY_TEXT];
    if (!e->receipt || !*e->receipt)
        return FSC_OK;
    FSC_TRY(fsc_json_parse(&receipt, e->receipt, strlen(e->receipt), a, err));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        fsc_buf_printf(
            out, "%s %s %s", i ? "," : ";", figures[i].words,
            amount(text, b,
                   llround(1e6 * fsc_node_real(fsc_node_at(receipt, figures[i].key, NULL), 0))));
    fsc_buf_printf(out, ", chance of passing it %.0f %%",
                   100 * fsc_node_real(fsc_node_at(receipt, "probabilityOver", NULL), 0));
    return FSC_OK;
}

/* How the budget came to its state: the newest transitions, each with its figures. */
static fsc_status tell_transitions(teller *t, const fsc_budget_plan *b, fsc_err *err)
{
    fsc_ledger_entry *rows;
    size_t n, told = 0;
    char at[FSC_TIME_TEXT];
    if (!t->s->store)
        return FSC_OK;
    FSC_TRY(fsc_ledger_read(&rows, &n, t->s->store, NULL, b->name, INT64_MIN, t->plan->at,
                            LEDGER_ROWS, t->a, err));
    for (size_t i = 0; i < n && told < TRANSITIONS_TOLD; i++) {
        const fsc_ledger_row *row = &rows[i].row;
        fsc_buf figures;
        if (strcmp(row->kind, "budget"))
            continue;
        fsc_buf_init(&figures, t->a, 1024);
        FSC_TRY(add_figures(&figures, &rows[i], b, t->a, err));
        FSC_TRY(fsc_buf_status(&figures, err));
        FSC_TRY(say(t, err, "budget", "%s, run %.12s%s: %s -> %s: %s%s",
                    fsc_time_format(at, row->at), row->run_id, row->dry_run ? ", dry" : "",
                    row->before, row->after, row->why, fsc_buf_str(&figures)));
        told++;
    }
    return FSC_OK;
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
    if (b->state != FSC_BUDGET_CLOSED)
        mark(t, fsc_budget_meaning(b->state));
    FSC_TRY(say(t, err, "budget",
                "the chance of passing it is %.0f %%; money is worth %.2f times its amount: %s",
                100 * b->probability_over, 1 + b->shadow_price, b->reason ? b->reason : "free"));
    if (b->void_why) {
        FSC_TRY(say(t, err, "budget", "the promise is void: %s", b->void_why));
        mark(t, FSC_MEANS_OVER);
    }
    return tell_transitions(t, b, err);
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
        FSC_TRY(say(t, err, "written", "%s, run %.12s, %s of %s: %s -> %s: %s; its reason: %s",
                    fsc_time_format(at, e->row.at), e->row.run_id, e->row.op, e->row.object,
                    e->row.before ? e->row.before : "", e->row.after ? e->row.after : "",
                    e->outcome ? e->outcome : "not settled: the run was killed",
                    e->row.why && *e->row.why ? e->row.why : "none"));
        mark(t, fsc_outcome_meaning(e->outcome));
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
