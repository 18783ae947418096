/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/backtest.h"
#include "forescale/model.h"

#include <math.h>
#include <string.h>

enum {
    SHORT_S = 2 * FSC_HOUR_S,
    RUN_LIMIT_MIB = 1024,
    EVALUATED_DAYS = 14,
    FULL_DAYS = 28, /* of history, that allow for so many to learn from: */
    FULL_WARM_DAYS = 14,
    WARM_DAYS = 7,
    SHORT_DAYS = 9,
    SHORT_WARM_DAYS = 5
};

/* ---- losses
 * ------------------------------------------------------------------------------------------------------------------------
 */

void fsc_tally_add(fsc_tally *t, double actual, double point, const double *v, const double *q,
                   size_t n_q)
{
    double size = fabs(actual) + fabs(point);
    t->n++;
    t->absolute += fabs(actual - point);
    t->actual += fabs(actual);
    t->symmetric += size > 0 ? 200 * fabs(actual - point) / size : 0;
    for (size_t j = 0; j < n_q; j++) {
        t->pinball[j] += fsc_pinball(actual, v[j], q[j]);
        t->covered[j] += actual <= v[j];
    }
}

static void tally_sum(fsc_tally *t, const fsc_tally *o, size_t n_q)
{
    t->n += o->n;
    t->absolute += o->absolute;
    t->actual += o->actual;
    t->symmetric += o->symmetric;
    for (size_t j = 0; j < n_q; j++) {
        t->pinball[j] += o->pinball[j];
        t->covered[j] += o->covered[j];
    }
}

double fsc_seasonal_scale(const double *y, size_t n, size_t m)
{
    double sum = 0, count = 0;
    for (size_t i = m; i < n; i++)
        if (!isnan(y[i]) && !isnan(y[i - m])) {
            sum += fabs(y[i] - y[i - m]);
            count++;
        }
    return count > 0 ? sum / count : NAN;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static fsc_status settle(fsc_scores *out, const fsc_tally *t, double scale, size_t n_q,
                         fsc_arena *a, fsc_err *err)
{
    double n = (double)t->n, *pinball = FSC_NEW(a, n_q, double, err),
           *coverage = FSC_NEW(a, n_q, double, err);
    if (!pinball || !coverage)
        return FSC_NOMEM;
    for (size_t j = 0; j < n_q; j++) {
        pinball[j] = ratio(ratio(t->pinball[j], n), scale);
        coverage[j] = ratio(t->covered[j], n);
    }
    *out = (fsc_scores){.n = t->n,
                        .mase = ratio(ratio(t->absolute, n), scale),
                        .wape = ratio(t->absolute, t->actual),
                        .smape = ratio(t->symmetric, n),
                        .pinball = pinball,
                        .coverage = coverage};
    return FSC_OK;
}

/* ---- running
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static const fsc_node week_word = {.kind = FSC_NODE_SCALAR, .scalar = "week"};
static const fsc_pair week_pair = {.key = "season", .value = &week_word};
static const fsc_node no_options = {.kind = FSC_NODE_MAP},
                      week_options = {.kind = FSC_NODE_MAP, .n = 1, .pairs = &week_pair};

static const struct baseline {
    const char *model, *key, *words;
    const fsc_node *options;
    size_t days; /* before which it knows nothing */
} baselines[FSC_N_BASELINES] = {
    {"last_value", "last_value", "the last value", &no_options, 0},
    {"seasonal_naive", "seasonal_naive", "the same time yesterday", &no_options, 1},
    {"seasonal_naive", "last_week", "the same time last week", &week_options, 7}};

typedef struct trial {
    const fsc_series *s;
    const fsc_backtest_config *cfg;
    size_t day, from, to, stride; /* origins from <= i <= to */
    size_t median, recorded, n_origins;
    fsc_tally *tally; /* [method][horizon] */
    fsc_backtest_record *record;
    double *recorded_v;
} trial;

static fsc_status read_options(const void **out, const struct baseline *b, fsc_arena *a,
                               fsc_err *err)
{
    const fsc_model_ops *const *m = fsc_models();
    const fsc_opt_ctx ctx = {.file = b->model, .arena = a};
    while (*m && strcmp((*m)->name, b->model))
        m++;
    if (!*m || !(*m)->opts)
        return FSC_OK;
    void *opts = fsc_arena_alloc(a, 1, (*m)->opts_size, err);
    *out = opts;
    return opts ? fsc_options_read(opts, (*m)->opts, b->options, &ctx, err) : FSC_NOMEM;
}

static fsc_status open_method(fsc_forecaster **out, const trial *t, size_t method, fsc_arena *a,
                              fsc_err *err)
{
    fsc_forecaster_config cfg = {.id = t->s->id,
                                 .model = t->cfg->model,
                                 .step_s = t->s->step_s,
                                 .request = t->cfg->request,
                                 .calendar = t->cfg->calendar,
                                 .max_history_s = t->cfg->max_history_s};
    if (method < FSC_N_BASELINES) {
        cfg.model = baselines[method].model;
        FSC_TRY(read_options(&cfg.model_opts, &baselines[method], a, err));
    }
    return fsc_forecaster_open(out, &cfg, a, err);
}

static bool is_known(const trial *t, size_t method)
{
    size_t days = method < FSC_N_BASELINES ? baselines[method].days : 0;
    return !days || (FSC_DAY_S % t->s->step_s == 0 && t->from >= days * t->day);
}

static fsc_status feed(fsc_forecaster *f, const trial *t, size_t from, size_t to, fsc_err *err)
{
    fsc_series part = *t->s;
    part.start += (int64_t)from * part.step_s;
    part.values += from;
    part.n = to - from;
    return fsc_forecaster_feed(f, &part, err);
}

static void score(trial *t, size_t method, size_t origin, const fsc_forecast *f)
{
    const fsc_forecast_request *r = &t->cfg->request;
    for (size_t k = 0; k < r->n_horizons; k++) {
        double actual = t->s->values[origin + (size_t)r->horizon[k]];
        const double *v = f->v + k * r->n_q;
        if (!isnan(actual))
            fsc_tally_add(&t->tally[method * r->n_horizons + k], actual, v[t->median], v, r->q,
                          r->n_q);
    }
}

static void keep_record(trial *t, size_t i, size_t origin, const fsc_forecast *f)
{
    size_t n_q = f->n_q, at = origin + (size_t)f->horizon[t->recorded];
    double *v = t->recorded_v + i * n_q;
    memcpy(v, f->v + t->recorded * n_q, n_q * sizeof *v);
    t->record[i] = (fsc_backtest_record){
        .t = t->s->start + (int64_t)at * t->s->step_s, .actual = t->s->values[at], .v = v};
}

/* What a run would do from the newest point. */
static fsc_status pass_gate(fsc_backtest *out, fsc_forecaster *f, const trial *t, size_t fed,
                            fsc_arena *own, fsc_arena *a, fsc_err *err)
{
    fsc_forecast now;
    FSC_TRY(feed(f, t, fed, t->s->n, err));
    FSC_TRY(fsc_forecaster_run(&now, f, own, err));
    out->gate_skill = now.skill;
    out->hold = now.hold ? fsc_arena_strdup(a, now.hold, err) : NULL;
    return now.hold && !out->hold ? FSC_NOMEM : FSC_OK;
}

static fsc_status walk(fsc_backtest *out, trial *t, size_t method, fsc_arena *own, fsc_arena *a,
                       fsc_err *err)
{
    fsc_forecaster *f;
    size_t fed = 0, i = 0;
    FSC_TRY(open_method(&f, t, method, own, err));
    for (size_t origin = t->from; origin <= t->to; origin += t->stride, i++) {
        fsc_forecast said;
        FSC_TRY(feed(f, t, fed, origin + 1, err));
        fed = origin + 1;
        fsc_arena_mark mark = fsc_arena_get_mark(own);
        FSC_TRY(fsc_forecaster_run(&said, f, own, err));
        score(t, method, origin, &said);
        if (method == FSC_METHOD_MODEL) {
            out->method[method] = said.model; /* a registered model's name */
            keep_record(t, i, origin, &said);
        }
        fsc_arena_rewind(own, mark);
        if (t->cfg->progress)
            t->cfg->progress(t->cfg->progress_ctx, method * t->n_origins + i + 1,
                             FSC_N_METHODS * t->n_origins);
    }
    return method == FSC_METHOD_MODEL ? pass_gate(out, f, t, fed, own, a, err) : FSC_OK;
}

static fsc_status run_method(fsc_backtest *out, trial *t, size_t method, fsc_arena *a, fsc_err *err)
{
    fsc_arena *own = NULL;
    if (!is_known(t, method))
        return FSC_OK;
    FSC_TRY(fsc_arena_open(&own, (size_t)RUN_LIMIT_MIB << 20, err));
    fsc_status status = walk(out, t, method, own, a, err);
    fsc_arena_close(own);
    return status;
}

/* ---- the protocol
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static size_t warm_days(size_t n, size_t day)
{
    return n >= FULL_DAYS * day   ? FULL_WARM_DAYS
           : n < SHORT_DAYS * day ? SHORT_WARM_DAYS
                                  : WARM_DAYS;
}

static int64_t protocol_stride_s(int64_t furthest_s)
{
    static const struct stride {
        int64_t up_to_s, stride_s;
    } strides[] = {{SHORT_S, 600}, {FSC_DAY_S, FSC_HOUR_S}, {INT64_MAX, 7 * FSC_HOUR_S}};
    size_t i = 0;
    while (furthest_s > strides[i].up_to_s)
        i++;
    return strides[i].stride_s;
}

/* The horizon nearest to what people ask about: 10 minutes, or a day where days are asked for. */
static size_t find_recorded(const fsc_forecast_request *r, int32_t step_s)
{
    int64_t furthest_s = (int64_t)r->horizon[r->n_horizons - 1] * step_s;
    int64_t wanted_s = furthest_s > FSC_DAY_S ? FSC_DAY_S : 600;
    size_t k = 0;
    while (k + 1 < r->n_horizons && (int64_t)r->horizon[k] * step_s < wanted_s)
        k++;
    return k;
}

static fsc_status find_median(size_t *out, const fsc_forecast_request *r, fsc_err *err)
{
    for (size_t j = 0; j < r->n_q && r->n_q <= FSC_MAX_SCORED_LEVELS; j++)
        if (r->q[j] == 0.5) {
            *out = j;
            return FSC_OK;
        }
    return fsc_fail(err, FSC_BUG, "a backtest needs the median among at most %d levels",
                    FSC_MAX_SCORED_LEVELS);
}

static fsc_status plan_trial(trial *t, const fsc_series *s, const fsc_backtest_config *cfg,
                             fsc_err *err)
{
    const fsc_forecast_request *r = &cfg->request;
    size_t day = (size_t)(FSC_DAY_S / s->step_s), furthest = (size_t)r->horizon[r->n_horizons - 1];
    int64_t furthest_s = (int64_t)furthest * s->step_s;
    *t = (trial){.s = s, .cfg = cfg, .day = day ? day : 1};
    FSC_TRY(find_median(&t->median, r, err));
    size_t warm = warm_days(s->n, t->day) * t->day;
    if (s->n < warm + furthest + 1) {
        char have[FSC_TIME_TEXT], need[FSC_TIME_TEXT], ahead[FSC_TIME_TEXT];
        return fsc_fail(err, FSC_DATA,
                        "%s of history is too short for a backtest %s ahead: it needs %s (%zu days "
                        "to learn from come first), or a nearer horizon",
                        fsc_duration_format(have, (int64_t)s->n * s->step_s),
                        fsc_duration_format(ahead, furthest_s),
                        fsc_duration_format(need, (int64_t)(warm + furthest + 1) * s->step_s),
                        warm / t->day);
    }
    /* The last 14 days of values for near horizons, of origins for far ones. */
    size_t span = EVALUATED_DAYS * t->day + (furthest > t->day ? furthest : 0);
    int64_t stride_s = cfg->stride_s ? cfg->stride_s : protocol_stride_s(furthest_s);
    t->from = s->n > span && s->n - span > warm ? s->n - span : warm;
    t->to = s->n - furthest - 1;
    t->stride = stride_s > s->step_s ? (size_t)(stride_s / s->step_s) : 1;
    t->n_origins = (t->to - t->from) / t->stride + 1;
    t->recorded = find_recorded(r, s->step_s);
    return FSC_OK;
}

static fsc_status allocate(trial *t, fsc_arena *a, fsc_err *err)
{
    const fsc_forecast_request *r = &t->cfg->request;
    t->tally = FSC_NEW(a, FSC_N_METHODS * r->n_horizons, fsc_tally, err);
    t->record = FSC_NEW(a, t->n_origins, fsc_backtest_record, err);
    t->recorded_v = FSC_NEW(a, t->n_origins * r->n_q, double, err);
    return t->tally && t->record && t->recorded_v ? FSC_OK : FSC_NOMEM;
}

/* ---- the verdict
 * ----------------------------------------------------------------------------------------------------------------------------
 */

static void find_skill(fsc_backtest_at *at, double *pinball_skill, size_t n_q)
{
    const fsc_scores *own = &at->by[FSC_METHOD_MODEL];
    at->best = FSC_BASELINE_LAST_VALUE;
    for (size_t b = 1; b < FSC_N_BASELINES; b++)
        if (at->by[b].mase < at->by[at->best].mase)
            at->best = (fsc_baseline)b;
    at->skill = 1 - ratio(own->mase, at->by[at->best].mase);
    for (size_t j = 0; j < n_q; j++) {
        double best = INFINITY;
        for (size_t b = 0; b < FSC_N_BASELINES; b++)
            best = at->by[b].n && at->by[b].pinball[j] < best ? at->by[b].pinball[j] : best;
        pinball_skill[j] = 1 - ratio(own->pinball[j], best);
    }
    at->pinball_skill = pinball_skill;
}

static fsc_status settle_at(fsc_backtest_at *at, const fsc_tally *const tallies[FSC_N_METHODS],
                            const fsc_backtest *b, fsc_arena *a, fsc_err *err)
{
    double *pinball_skill = FSC_NEW(a, b->n_q, double, err);
    if (!pinball_skill)
        return FSC_NOMEM;
    for (size_t m = 0; m < FSC_N_METHODS; m++)
        FSC_TRY(settle(&at->by[m], tallies[m], b->scale, b->n_q, a, err));
    find_skill(at, pinball_skill, b->n_q);
    return FSC_OK;
}

static fsc_status judge(fsc_backtest *out, const trial *t, fsc_arena *a, fsc_err *err)
{
    const fsc_forecast_request *r = &t->cfg->request;
    size_t n = r->n_horizons;
    fsc_backtest_at *at = FSC_NEW(a, n, fsc_backtest_at, err);
    fsc_tally *sum = FSC_NEW(a, FSC_N_METHODS, fsc_tally, err);
    const fsc_tally *tallies[FSC_N_METHODS];
    if (!at || !sum)
        return FSC_NOMEM;
    for (size_t k = 0; k < n; k++) {
        for (size_t m = 0; m < FSC_N_METHODS; m++) {
            tallies[m] = &t->tally[m * n + k];
            tally_sum(&sum[m], tallies[m], r->n_q);
        }
        at[k].ahead_s = (int64_t)r->horizon[k] * out->step_s;
        FSC_TRY(settle_at(&at[k], tallies, out, a, err));
    }
    for (size_t m = 0; m < FSC_N_METHODS; m++)
        tallies[m] = &sum[m];
    out->at = at;
    out->all.ahead_s = at[n - 1].ahead_s;
    return settle_at(&out->all, tallies, out, a, err);
}

fsc_status fsc_backtest_run(fsc_backtest *out, const fsc_series *s, const fsc_backtest_config *cfg,
                            fsc_arena *a, fsc_err *err)
{
    const fsc_forecast_request *r = &cfg->request;
    trial t;
    FSC_TRY(plan_trial(&t, s, cfg, err));
    FSC_TRY(allocate(&t, a, err));
    *out = (fsc_backtest){.id = s->id,
                          .step_s = s->step_s,
                          .n_points = s->n,
                          .n_origins = t.n_origins,
                          .first = s->start + (int64_t)t.from * s->step_s,
                          .stride_s = (int64_t)t.stride * s->step_s,
                          .scale = fsc_seasonal_scale(s->values, t.from, t.day),
                          .n_q = r->n_q,
                          .q = r->q,
                          .n_horizons = r->n_horizons,
                          .recorded = t.recorded,
                          .record = t.record};
    out->last = out->first + (int64_t)(t.n_origins - 1) * out->stride_s;
    for (size_t b = 0; b < FSC_N_BASELINES; b++)
        out->method[b] = baselines[b].key;
    for (size_t m = 0; m < FSC_N_METHODS; m++)
        FSC_TRY(run_method(out, &t, m, a, err));
    return judge(out, &t, a, err);
}

/* ---- for people
 * -----------------------------------------------------------------------------------------------------------------------------
 */

fsc_status fsc_backtest_horizons(fsc_forecast_request *out, int32_t step_s, size_t to, fsc_arena *a,
                                 fsc_err *err)
{
    static const int64_t ladder_s[] = {60,
                                       300,
                                       600,
                                       900,
                                       1200,
                                       1500,
                                       1800,
                                       FSC_HOUR_S,
                                       2 * FSC_HOUR_S,
                                       3 * FSC_HOUR_S,
                                       6 * FSC_HOUR_S,
                                       12 * FSC_HOUR_S,
                                       FSC_DAY_S,
                                       2 * FSC_DAY_S,
                                       3 * FSC_DAY_S,
                                       7 * FSC_DAY_S,
                                       14 * FSC_DAY_S,
                                       28 * FSC_DAY_S};
    size_t n = 0, rungs = sizeof ladder_s / sizeof *ladder_s;
    int32_t *h = FSC_NEW(a, rungs + 1, int32_t, err);
    if (!h)
        return FSC_NOMEM;
    for (size_t i = 0; i < rungs; i++) {
        int64_t steps = ladder_s[i] / step_s;
        if (steps > (n ? h[n - 1] : 0) && steps < (int64_t)to)
            h[n++] = (int32_t)steps;
    }
    h[n++] = (int32_t)to;
    out->horizon = h;
    out->n_horizons = n;
    return FSC_OK;
}

const char *fsc_method_words(const fsc_backtest *b, size_t method)
{
    return method < FSC_N_BASELINES ? baselines[method].words : b->method[method];
}

static const char *verb_of(const fsc_backtest_at *at)
{
    static const double as_good = 0.005;
    return at->skill > as_good ? "beats" : at->skill < -as_good ? "loses to" : "equals";
}

static void say_at(fsc_buf *out, const fsc_backtest_at *at, const fsc_backtest_at *before)
{
    char ahead[FSC_TIME_TEXT];
    bool same = before && before->best == at->best && !strcmp(verb_of(before), verb_of(at));
    if (!same)
        fsc_buf_printf(out, " %s %s", verb_of(at), baselines[at->best].words);
    if (strcmp(verb_of(at), "equals"))
        fsc_buf_printf(out, " by %.0f%%", 100 * fabs(at->skill));
    fsc_buf_printf(out, " %s ahead", fsc_duration_format(ahead, at->ahead_s));
}

void fsc_backtest_say(fsc_buf *out, const fsc_backtest *b)
{
    const fsc_backtest_at *near = &b->at[b->recorded], *far = &b->at[b->n_horizons - 1];
    const fsc_scores *own = &b->all.by[FSC_METHOD_MODEL];
    fsc_buf_puts(out, b->method[FSC_METHOD_MODEL]);
    if (isnan(near->skill) || isnan(far->skill)) {
        fsc_buf_puts(out, " cannot be compared: what came is all gaps, or the naive forecasts make "
                          "no error.");
        return;
    }
    say_at(out, near, NULL);
    if (far != near) {
        fsc_buf_puts(out, " and");
        say_at(out, far, near);
    }
    fsc_buf_printf(out, "; %.1f%% of the values came at or below its P%g.",
                   100 * own->coverage[b->n_q - 1], 100 * b->q[b->n_q - 1]);
}
