/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "direct_features.h"
#include "far.h"
#include "forecaster.h"
#include "gate.h"
#include "newest_day.h"

#include <math.h>
#include <string.h>

/* SPARE_DAYS: between two local midnights, when the oldest days are forgotten, with room for a
 * clock change. */
enum {
    HISTORY_S = 28 * FSC_DAY_S,
    HOURLY_HISTORY_S = 112 * FSC_DAY_S,
    SPARE_DAYS = 3,
    SCRATCH_LIMIT_MIB = 1024
};

/* ---- opening
 * -------------------------------------------------------------------------------------------- */

static fsc_status find_model(const fsc_model_ops **out, const char *name, fsc_err *err)
{
    const char *names[64];
    size_t n = 0;
    *out = &fsc_model_mix;
    if (!name)
        return FSC_OK;
    for (const fsc_model_ops *const *m = fsc_models(); *m && n < 64; m++) {
        *out = *m;
        names[n++] = (*m)->name;
        if (!strcmp((*m)->name, name))
            return FSC_OK;
    }
    const char *near = fsc_suggest(name, names, n);
    return fsc_fail(err, FSC_CONFIG, "there is no model %s%s%s: see forescale help model", name,
                    near ? ", did you mean " : "", near ? near : "");
}

static fsc_status default_options(const void **out, const fsc_model_ops *model, fsc_arena *a,
                                  fsc_err *err)
{
    if (!model->opts)
        return FSC_OK;
    void *opts = fsc_arena_alloc(a, 1, model->opts_size, err);
    const fsc_opt_ctx ctx = {.file = model->name, .arena = a};
    *out = opts;
    return opts ? fsc_options_default(opts, model->opts, &ctx, err) : FSC_NOMEM;
}

static fsc_status copy_request(fsc_forecast_request *r, fsc_arena *a, fsc_err *err)
{
    int32_t *h = FSC_NEW(a, r->n_horizons, int32_t, err);
    double *q = FSC_NEW(a, r->n_q, double, err);
    if (!h || !q)
        return FSC_NOMEM;
    memcpy(h, r->horizon, r->n_horizons * sizeof *h);
    memcpy(q, r->q, r->n_q * sizeof *q);
    r->horizon = h;
    r->q = q;
    return FSC_OK;
}

static fsc_status check_request(const fsc_forecaster_config *cfg, fsc_err *err)
{
    const fsc_forecast_request *r = &cfg->request;
    bool good = cfg->step_s > 0 && r->n_horizons > 0;
    for (size_t i = 0; i < r->n_horizons; i++)
        good &= r->horizon[i] >= 1 && (!i || r->horizon[i] > r->horizon[i - 1]);
    for (size_t i = 0; i < r->n_q; i++)
        good &= r->q[i] > 0 && r->q[i] < 1 && (!i || r->q[i] > r->q[i - 1]);
    return good ? FSC_OK : fsc_fail(err, FSC_BUG, "a forecast request is not ascending");
}

fsc_status fsc_forecaster_open(fsc_forecaster **out, const fsc_forecaster_config *cfg, fsc_arena *a,
                               fsc_err *err)
{
    fsc_forecaster *f = *out = FSC_NEW(a, 1, fsc_forecaster, err);
    if (!f)
        return FSC_NOMEM;
    FSC_TRY(check_request(cfg, err));
    f->cfg = *cfg;
    f->arena = a;
    f->skill = NAN;
    if (!cfg->max_history_s)
        f->cfg.max_history_s = cfg->step_s >= FSC_HOUR_S ? HOURLY_HISTORY_S : HISTORY_S;
    f->fits_daily = fsc_horizon_is_short(cfg->step_s, (size_t)cfg->request.horizon[0]);
    FSC_TRY(find_model(&f->model, cfg->model, err));
    FSC_TRY(copy_request(&f->cfg.request, a, err));
    f->spec = (fsc_model_spec){.model = f->model,
                               .request = f->cfg.request,
                               .step_s = cfg->step_s,
                               .opts = cfg->model_opts};
    if (!f->spec.opts)
        FSC_TRY(default_options(&f->spec.opts, f->model, a, err));
    f->state_bytes = f->model->state_bytes(&f->spec);
    f->state = fsc_arena_alloc(a, 1, f->state_bytes, err);
    return f->state ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc__forecaster_open_past(fsc_forecaster *f, int64_t start, fsc_err *err)
{
    size_t day = FSC_DAY_S % f->cfg.step_s == 0 ? (size_t)(FSC_DAY_S / f->cfg.step_s) : 0;
    size_t furthest = (size_t)f->cfg.request.horizon[f->cfg.request.n_horizons - 1];
    size_t cap = (size_t)((f->cfg.max_history_s + SPARE_DAYS * FSC_DAY_S) / f->cfg.step_s) + 2;
    size_t ahead = (furthest > 7 * day ? furthest : 7 * day) + 2;
    FSC_TRY(fsc_past_open(&f->past, f->cfg.id, f->cfg.calendar, f->cfg.step_s, start, cap, ahead,
                          f->arena, err));
    f->opened = true;
    f->day_stored = false;
    if (!f->model->uses_features || !f->past.day)
        return FSC_OK;
    f->past.features = FSC_NEW(f->arena, FSC_N_TRANSFORMS, fsc_features, err);
    if (!f->past.features)
        return FSC_NOMEM;
    for (size_t i = 0; i < FSC_N_TRANSFORMS; i++)
        FSC_TRY(fsc_features_open(&f->past.features[i], (fsc_transform)i, &f->past, &f->cfg.request,
                                  0, f->arena, err));
    return FSC_OK;
}

/* ---- feeding
 * -------------------------------------------------------------------------------------------- */

static bool can_fit(const fsc_forecaster *f)
{
    if (f->model->seasonal && (!f->past.day || f->past.day < 2))
        return false;
    return f->past.n > 1 && f->past.n >= f->model->min_days * f->past.day;
}

static fsc_status fit_into(void *state, fsc_forecaster *f, fsc_err *err)
{
    fsc_arena *scratch = NULL;
    FSC_TRY(fsc_arena_open(&scratch, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = f->model->fit(state, &f->past, &f->spec, scratch, err);
    fsc_arena_close(scratch);
    return status;
}

static int64_t local_day(const fsc_forecaster *f, int64_t t)
{
    t -= f->cfg.day_starts_s;
    int64_t local = t + fsc_zone_offset_s(f->cfg.calendar ? f->cfg.calendar->zone : NULL, t);
    return local / FSC_DAY_S - (local % FSC_DAY_S < 0);
}

static bool note_newest_day(fsc_past *p)
{
    fsc_past_note note[FSC_MAX_NOTES + 1];
    size_t n = 0;
    for (size_t i = 0; i < p->n_notes; i++)
        if (p->note[i].from_t + FSC_DAY_S > p->start)
            note[n++] = p->note[i];
    if (n == FSC_MAX_NOTES || !fsc_newest_day_note(&note[n], p))
        return false;
    fsc_past_set_notes(p, note, n + 1);
    return true;
}

/* What is older than the history may be is forgotten, and a gap at its begin: as if it began behind
 * them. True where the calendar is another than the day before. */
static bool end_day(fsc_forecaster *f)
{
    size_t n = f->past.n, keep = (size_t)(f->cfg.max_history_s / f->cfg.step_s),
           old = n > keep ? n - keep : 0;
    while (old + 1 < n && isnan(f->past.y[old]))
        old++;
    if (old)
        fsc_past_drop(&f->past, old);
    f->day_n = f->past.n;
    f->day_stored = false;
    return note_newest_day(&f->past);
}

/* A local day begins. What a model learned more than warm_days before `last_day` is forgotten by
 * then, so such a day is passed over without a fit: this keeps a long first history cheap. */
static fsc_status begin_day(fsc_forecaster *f, int64_t day, int64_t last_day, fsc_err *err)
{
    if (!f->fits_daily || !can_fit(f))
        return FSC_OK;
    if (day + (int64_t)f->model->warm_days < last_day) {
        memset(f->state, 0, f->state_bytes);
        f->fitted = false;
        return FSC_OK;
    }
    fsc_status status = fit_into(f->state, f, err);
    f->fitted = status == FSC_OK;
    return status;
}

/* By the calendar as it is noted now: what was learned by another is of no use. */
static fsc_status learn_again(fsc_forecaster *f, fsc_err *err)
{
    fsc_past *p = &f->past;
    size_t n = p->n, span = f->model->warm_days * p->day;
    memset(f->state, 0, f->state_bytes);
    f->fitted = false;
    for (p->n = n > span ? n - span : 0; p->n < n;) {
        int64_t t = fsc_past_time(p, p->n++), day = local_day(f, t);
        if (day != local_day(f, t - p->step_s))
            FSC_TRY(begin_day(f, day, day, err));
        else if (f->fitted)
            f->model->observe(f->state, p, &f->spec);
    }
    return FSC_OK;
}

static fsc_status take(fsc_forecaster *f, double value, int64_t last_day, fsc_err *err)
{
    fsc_past *p = &f->past;
    int64_t t = fsc_past_time(p, p->n), day = local_day(f, t);
    bool new_day = day != local_day(f, t - p->step_s);
    if (new_day && end_day(f) && f->fitted)
        FSC_TRY(learn_again(f, err));
    fsc_past_append(p, &value, 1);
    if (new_day)
        return begin_day(f, day, last_day, err);
    if (f->fitted)
        f->model->observe(f->state, p, &f->spec);
    return FSC_OK;
}

fsc_status fsc_forecaster_feed(fsc_forecaster *f, const fsc_series *s, fsc_err *err)
{
    if (s->step_s != f->cfg.step_s)
        return fsc_fail(err, FSC_DATA, "samples of %d s do not fit a grid of %d s", (int)s->step_s,
                        (int)f->cfg.step_s);
    if (!s->n)
        return FSC_OK;
    if (!f->opened)
        FSC_TRY(fsc__forecaster_open_past(f, s->start, err));
    if ((s->start - f->past.start) % s->step_s != 0)
        return fsc_fail(err, FSC_DATA, "samples do not stand on the grid of those before");
    int64_t next = fsc_past_time(&f->past, f->past.n),
            last_day = local_day(f, fsc_series_end(s) - s->step_s);
    for (int64_t missing = (s->start - next) / s->step_s; missing > 0; missing--)
        FSC_TRY(take(f, NAN, last_day, err));
    fsc_series new = fsc_series_cut(s, next, INT64_MAX);
    for (size_t i = 0; i < new.n; i++)
        FSC_TRY(take(f, new.values[i], last_day, err));
    return FSC_OK;
}

int64_t fsc_forecaster_newest(const fsc_forecaster *f)
{
    return f->opened && f->past.n ? fsc_past_time(&f->past, f->past.n - 1) : INT64_MIN;
}

fsc_series fsc_forecaster_past(const fsc_forecaster *f)
{
    return (fsc_series){.id = f->cfg.id,
                        .start = f->past.start,
                        .step_s = f->cfg.step_s,
                        .n = f->past.n,
                        .values = f->past.y};
}

/* ---- running
 * -------------------------------------------------------------------------------------------- */

static bool allocate(fsc_forecast *out, const fsc_forecaster *f, fsc_prediction *p, fsc_arena *a,
                     fsc_err *err)
{
    const fsc_forecast_request *r = &f->cfg.request;
    p->mean = FSC_NEW(a, r->n_horizons, double, err);
    p->v = FSC_NEW(a, r->n_horizons * r->n_q, double, err);
    *out = (fsc_forecast){.id = f->cfg.id,
                          .origin = fsc_forecaster_newest(f),
                          .step_s = f->cfg.step_s,
                          .n_horizons = r->n_horizons,
                          .horizon = r->horizon,
                          .n_q = r->n_q,
                          .q = r->q,
                          .mean = p->mean,
                          .v = p->v,
                          .newest = f->past.y[f->past.n - 1] *
                                    fsc_past_factor(&f->past, fsc_forecaster_newest(f)),
                          .skill = NAN};
    return p->mean && p->v;
}

/* The simplest model that can answer anything, fitted on the spot. */
static fsc_status fall_back(fsc_forecast *out, fsc_prediction *p, fsc_forecaster *f, fsc_arena *a,
                            fsc_err *err)
{
    const fsc_model_ops *last = &fsc_model_last_value;
    void *state = fsc_arena_alloc(a, 1, last->state_bytes(&f->spec), err);
    char need[FSC_TIME_TEXT], have[FSC_TIME_TEXT];
    if (!state)
        return FSC_NOMEM;
    FSC_TRY(last->fit(state, &f->past, &f->spec, a, err));
    last->predict(p, state, &f->past, &f->spec);
    out->model = last->name;
    if (f->model == last)
        return FSC_OK;
    if (f->model->seasonal && (!f->past.day || f->past.day < 2))
        out->hold = fsc_arena_printf(
            a, err, "a step of %d s has no place in a day: the model %s cannot use it",
            (int)f->cfg.step_s, f->model->name);
    else
        out->hold = fsc_arena_printf(
            a, err, "only %s of history: the model %s needs %s",
            fsc_duration_format(have, (int64_t)f->past.n * f->cfg.step_s), f->model->name,
            fsc_duration_format(need, (int64_t)f->model->min_days * FSC_DAY_S));
    return out->hold ? FSC_OK : FSC_NOMEM;
}

/* Levels ascend, demand is not negative, events multiply. */
static void settle(fsc_prediction *p, const fsc_forecaster *f)
{
    const fsc_forecast_request *r = &f->cfg.request;
    double fallback = f->past.filled[f->past.n - 1];
    fallback = isfinite(fallback) ? fmax(fallback, 0) : 0;
    for (size_t k = 0; k < r->n_horizons; k++) {
        double factor = fsc_past_factor(
            &f->past, fsc_past_time(&f->past, f->past.n - 1 + (size_t)r->horizon[k]));
        double least = 0;
        p->mean[k] = (isfinite(p->mean[k]) ? fmax(p->mean[k], 0) : fallback) * factor;
        for (size_t j = 0; j < r->n_q; j++) {
            double *v = &p->v[k * r->n_q + j];
            *v = (isfinite(*v) ? *v : fallback) * factor;
            least = *v = fmax(*v, least);
        }
    }
}

static const char *reason_to_hold(const fsc_forecaster *f, const fsc_forecast *fc, fsc_arena *a,
                                  fsc_err *err)
{
    const fsc_past *p = &f->past;
    size_t i = p->n, season = p->day ? p->day : 1440;
    while (i > 0 && isnan(p->y[i - 1]))
        i--;
    if (i == 0)
        return "there is no sample at all";
    if (p->n - i > season)
        return fsc_arena_printf(a, err, "no sample for more than a day");
    /* The last value is what an autoscaler acts on anyway: it is not held for another's sake. */
    bool anyway = fc->model == fsc_model_last_value.name;
    return fsc_gate_reason(fc->skill, anyway ? NAN : fsc_gate_naive(p, &f->cfg.request), a, err);
}

/* Once a day, for a model that keeps no scores itself. */
static fsc_status try_model(fsc_forecaster *f, fsc_err *err)
{
    fsc_arena *scratch = NULL;
    if (f->model->skill || !f->fitted || f->tried_n == f->day_n)
        return FSC_OK;
    FSC_TRY(fsc_arena_open(&scratch, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = fsc_gate_try(&f->skill, &f->past, f->day_n, &f->spec, scratch, err);
    fsc_arena_close(scratch);
    f->tried_n = f->day_n;
    return status;
}

static void answer(fsc_forecast *out, fsc_prediction *p, const fsc_forecaster *f, const void *state)
{
    f->model->predict(p, state, &f->past, &f->spec);
    out->model = f->model->name;
    out->skill = f->model->skill ? f->model->skill(state, &f->spec) : f->skill;
}

static fsc_status fit_and_answer(fsc_forecast *out, fsc_prediction *p, fsc_forecaster *f,
                                 fsc_arena *a, fsc_err *err)
{
    void *state = fsc_arena_alloc(a, 1, f->state_bytes, err);
    if (!state)
        return FSC_NOMEM;
    FSC_TRY(fit_into(state, f, err));
    answer(out, p, f, state);
    return FSC_OK;
}

/* The default model hands over to the course of the week where its regressions have no rows. */
static fsc_status look_far(fsc_prediction *p, const fsc_forecast *out, const fsc_forecaster *f,
                           fsc_arena *a, fsc_err *err)
{
    if (out->model != fsc_model_mix.name)
        return FSC_OK;
    fsc_arena_mark mark = fsc_arena_get_mark(a);
    FSC_TRY(fsc_far_blend(p, &f->past, &f->cfg.request, a, err));
    fsc_arena_rewind(a, mark);
    return FSC_OK;
}

fsc_status fsc_forecaster_run(fsc_forecast *out, fsc_forecaster *f, fsc_arena *a, fsc_err *err)
{
    fsc_prediction p;
    if (!f->opened || !f->past.n)
        return fsc_fail(err, FSC_DATA, "series %s has no samples", f->cfg.id);
    if (!allocate(out, f, &p, a, err))
        return FSC_NOMEM;
    FSC_TRY(try_model(f, err));
    if (f->fitted)
        answer(out, &p, f, f->state);
    else if (f->fits_daily || !can_fit(f))
        FSC_TRY(fall_back(out, &p, f, a, err));
    else
        FSC_TRY(fit_and_answer(out, &p, f, a, err));
    FSC_TRY(look_far(&p, out, f, a, err));
    settle(&p, f);
    const char *why = reason_to_hold(f, out, a, err);
    out->hold = why ? why : out->hold;
    out->mean = f->cfg.request.quantiles_only ? NULL : out->mean;
    return FSC_OK;
}

fsc_status fsc_forecast_series(fsc_forecast *out, const fsc_series *s,
                               const fsc_forecaster_config *cfg, fsc_arena *a, fsc_err *err)
{
    fsc_forecaster *f;
    FSC_TRY(fsc_forecaster_open(&f, cfg, a, err));
    FSC_TRY(fsc_forecaster_feed(f, s, err));
    return fsc_forecaster_run(out, f, a, err);
}

double fsc_forecast_exceed(const fsc_forecast *f, size_t h, double x)
{
    const double *v = f->v + h * f->n_q;
    size_t n = f->n_q;
    if (x < v[0])
        return 1;
    for (size_t j = 1; j < n; j++)
        if (x < v[j]) {
            double share = v[j] > v[j - 1] ? (x - v[j - 1]) / (v[j] - v[j - 1]) : 1;
            return 1 - (f->q[j - 1] + share * (f->q[j] - f->q[j - 1]));
        }
    /* An exponential tail with the slope of the last two levels. */
    double tail = 1 - f->q[n - 1];
    if (n < 2 || !(v[n - 1] > v[n - 2]))
        return x > v[n - 1] ? 0 : tail;
    double decay = log((1 - f->q[n - 2]) / tail) / (v[n - 1] - v[n - 2]);
    return tail * exp(-decay * (x - v[n - 1]));
}
