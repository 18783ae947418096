/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smoothing.h"
#include "fit.h"
#include "lanes.h"
#include "linear.h"

#include <math.h>
#include <string.h>

enum {
    FIT_DAYS = 28,
    WEEKLY_FIT_DAYS = 56, /* or as many as there are */
    BEGIN_DAYS = 8,
    KEPT_AHEAD_S = 28 * FSC_HOUR_S, /* the longest local day, and short horizons behind its end */
    SEARCH_ROUNDS = 24,
    POLISH_ROUNDS = 25
};

static const double first_step = 1, last_step = 0.1, polish_step = 0.2;
static const double least_season = 0.05; /* that an error is divided by */

static const struct bound {
    double low, high;
} bounds[FSC_N_PARAMETERS] = {{1e-4, 0.9999}, {1e-5, 0.5},    {1e-4, 0.9999},
                              {0.8, 0.998},   {1e-4, 0.9999}, {-0.5, 0.98}};

/* Where the search may begin: each lane one, from calm to quick. */
static const double starts[FSC_N_PARAMETERS][FSC_LANES] = {
    {0.3, 0.02, 0.1, 0.3, 0.6, 0.9, 0.95, 0.6},   {0.01, 1e-4, 0.001, 0.1, 0.001, 0.01, 0.2, 0.1},
    {0.1, 0.05, 0.3, 0.05, 0.1, 0.05, 0.02, 0.3}, {0.97, 0.99, 0.9, 0.85, 0.9, 0.97, 0.85, 0.9},
    {0.1, 0.05, 0.1, 0.05, 0.1, 0.05, 0.02, 0.2}, {0.3, 0.8, 0.6, 0.3, 0.1, 0.1, 0.05, 0.2}};

static const fsc_smoothing_kind *kind_of(const fsc_model_spec *spec)
{
    return spec->model->variant;
}

/* ---- the state
 * ---------------------------------------------------------------------------------------------- */

typedef struct layout {
    size_t m, days, week; /* steps of a day; that are kept of its season, and of the week's */
    fsc_smoothing *s;
    double *day_season, *week_season, *quantile; /* [days], [week], [n_q] of standardised errors */
    fsc_smoothing_now *now;
} layout;

static layout lay_out(const void *state, const fsc_model_spec *spec)
{
    const fsc_smoothing_kind *kind = kind_of(spec);
    layout l = {.m = (size_t)(FSC_DAY_S / spec->step_s)};
    /* An integer: without a state this only measures. The caller's const decides what is written.
     */
    uintptr_t p = (uintptr_t)state;
    l.days = kind->for_a_day ? (size_t)(KEPT_AHEAD_S / spec->step_s) : l.m;
    l.week = kind->weekly && !kind->for_a_day ? 7 * l.m : 0;
    l.s = (fsc_smoothing *)p;
    p += sizeof *l.s;
    l.day_season = (double *)p;
    l.week_season = (double *)(p += l.days * sizeof(double));
    l.quantile = (double *)(p += l.week * sizeof(double));
    l.now = (fsc_smoothing_now *)(p + spec->request.n_q * sizeof(double));
    return l;
}

size_t fsc_smoothing_day_bytes(const fsc_model_spec *spec)
{
    layout l = lay_out(NULL, spec);
    return sizeof *l.s + (l.days + l.week + spec->request.n_q) * sizeof(double);
}

size_t fsc_smoothing_state_bytes(const fsc_model_spec *spec)
{
    return fsc_smoothing_day_bytes(spec) + sizeof(fsc_smoothing_now);
}

const double *fsc_smoothing_quantiles(const void *state, const fsc_model_spec *spec)
{
    return lay_out(state, spec).quantile;
}

static double *cell(double *season, size_t m, size_t phase, const layout *l, size_t steps)
{
    return &season[(phase + l->now->age + steps) % m];
}

/* ---- the recursion, on as many sets of parameters as there are lanes
 * ------------------------------------------ */

typedef struct course {
    fsc_lanes parameter[FSC_N_PARAMETERS];
    fsc_lanes level, trend, before;
    double least_level;        /* that an error is divided by */
    fsc_lanes error, relative; /* of the last point: unforeseen; over its season */
} course;

static inline fsc_lanes *at_least(fsc_lanes *v, double least)
{
    for (size_t i = 0; i < FSC_LANES; i++)
        (*v)[i] = (*v)[i] > least ? (*v)[i] : least;
    return v;
}

static inline void advance(course *c, fsc_lanes *day, fsc_lanes *week, double y,
                           const fsc_smoothing_kind *kind)
{
    fsc_lanes trend = c->parameter[FSC_PHI] * c->trend, base = c->level + trend;
    c->error = c->relative = base - base;
    if (!isnan(y) && kind->multiplicative) {
        fsc_lanes season = *day, e = y - base * season, divisor = base;
        at_least(&season, least_season);
        at_least(&divisor, c->least_level);
        c->error = e;
        c->relative = e / season;
        *day += c->parameter[FSC_GAMMA] * e / divisor;
    } else if (!isnan(y)) {
        fsc_lanes e = y - base - *day;
        if (kind->weekly) {
            e -= *week;
            *week += c->parameter[FSC_OMEGA] * e;
        }
        *day += c->parameter[FSC_GAMMA] * e;
        c->relative = e;
        c->error = kind->autoregressive ? e - c->parameter[FSC_RHO] * c->before : e;
    }
    c->before = c->relative;
    c->level = base + c->parameter[FSC_ALPHA] * c->relative;
    c->trend = trend + c->parameter[FSC_BETA] * c->relative;
}

/* What the search measures parameters on. */
typedef struct trial {
    fsc_smoothing_kind kind;
    const double *y; /* NaN where there was none: no innovation there */
    size_t n, m, week;
    double first_level, least_level;
    const double *first_day, *first_week;
    fsc_lanes *day, *week_season;
} trial;

static void begin_course(course *c, trial *t, double x[FSC_N_PARAMETERS][FSC_LANES])
{
    memset(c, 0, sizeof *c);
    for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
        for (size_t lane = 0; lane < FSC_LANES; lane++)
            c->parameter[p][lane] = x[p][lane];
    c->level += t->first_level;
    c->least_level = t->least_level;
    for (size_t i = 0; i < t->m; i++)
        t->day[i] = c->trend + t->first_day[i];
    for (size_t i = 0; i < t->week; i++)
        t->week_season[i] = c->trend + t->first_week[i];
}

/* Sums of squared one-step errors of each lane's parameters. */
FSC_CLONES static void measure(double *sums, trial *t, double x[FSC_N_PARAMETERS][FSC_LANES])
{
    course c;
    begin_course(&c, t, x);
    fsc_lanes sum = c.trend;
    size_t day = 0, week = 0;
    for (size_t i = 0; i < t->n; i++) {
        advance(&c, &t->day[day], &t->week_season[week], t->y[i], &t->kind);
        sum += c.error * c.error;
        day = day + 1 == t->m ? 0 : day + 1;
        week = week + 1 >= t->week ? 0 : week + 1;
    }
    for (size_t lane = 0; lane < FSC_LANES; lane++)
        sums[lane] = isfinite(sum[lane]) ? sum[lane] : INFINITY;
}

/* ---- the search
 * -------------------------------------------------------------------------------------------------
 */

static bool is_free(const fsc_smoothing_kind *k, size_t p)
{
    return p == FSC_OMEGA ? k->weekly : p == FSC_RHO ? k->autoregressive : true;
}

static void bind(double x[FSC_N_PARAMETERS][FSC_LANES], size_t lane, const double *free_x,
                 const fsc_smoothing_kind *kind)
{
    for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
        x[p][lane] = is_free(kind, p) ? fsc_fit_bound(free_x[p], bounds[p].low, bounds[p].high) : 0;
}

typedef struct compass {
    trial *t;
    double best[FSC_N_PARAMETERS], least; /* free; the sum there */
} compass;

/* Measures what is in x, and takes the best lane's free parameters where they are better. */
static void take_best(compass *c, double x[FSC_N_PARAMETERS][FSC_LANES],
                      double free_x[FSC_LANES][FSC_N_PARAMETERS])
{
    double sums[FSC_LANES];
    for (size_t lane = 0; lane < FSC_LANES; lane++)
        bind(x, lane, free_x[lane], &c->t->kind);
    measure(sums, c->t, x);
    for (size_t lane = 0; lane < FSC_LANES; lane++)
        if (sums[lane] < c->least) {
            c->least = sums[lane];
            memcpy(c->best, free_x[lane], sizeof c->best);
        }
}

/* Compass search (Kolda, Lewis, Torczon 2003): a step to either side of each parameter, measured
 * together; the best is taken, or the step halved. */
static void search(compass *c)
{
    double x[FSC_N_PARAMETERS][FSC_LANES], free_x[FSC_LANES][FSC_N_PARAMETERS],
        from[FSC_N_PARAMETERS];
    const fsc_smoothing_kind *kind = &c->t->kind;
    size_t n = kind->weekly || kind->autoregressive ? FSC_N_PARAMETERS : FSC_OMEGA;
    for (size_t lane = 0; lane < FSC_LANES; lane++)
        for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
            free_x[lane][p] = fsc_fit_free(starts[p][lane], bounds[p].low, bounds[p].high);
    memcpy(c->best, free_x[0], sizeof c->best);
    c->least = INFINITY;
    take_best(c, x, free_x);
    double step = first_step;
    for (size_t round = 0; round < SEARCH_ROUNDS && step > last_step; round++) {
        double before = c->least;
        memcpy(from, c->best, sizeof from);
        for (size_t first = 0; first < n; first += FSC_LANES / 2) {
            for (size_t lane = 0; lane < FSC_LANES; lane++) {
                memcpy(free_x[lane], from, sizeof from);
                if (first + lane / 2 < n)
                    free_x[lane][first + lane / 2] += lane % 2 ? step : -step;
            }
            take_best(c, x, free_x);
        }
        step *= c->least < before ? 1 : 0.5;
    }
}

typedef struct polish {
    trial *t;
    const double *from;
    size_t index[FSC_N_PARAMETERS], n;
    double unit; /* of the sum */
} polish;

static double polished(const double *x, void *ctx)
{
    const polish *p = ctx;
    double free_x[FSC_N_PARAMETERS], all[FSC_N_PARAMETERS][FSC_LANES], sums[FSC_LANES];
    memcpy(free_x, p->from, sizeof free_x);
    for (size_t i = 0; i < p->n; i++)
        free_x[p->index[i]] = x[i];
    for (size_t lane = 0; lane < FSC_LANES; lane++)
        bind(all, lane, free_x, &p->t->kind);
    measure(sums, p->t, all);
    return sums[0] / p->unit;
}

/* The search, then GSL's simplex from where it ended. */
static fsc_status find_parameters(double *out, trial *t, fsc_err *err)
{
    double x[FSC_N_PARAMETERS], bound[FSC_N_PARAMETERS][FSC_LANES];
    compass c = {.t = t};
    search(&c);
    polish p = {.t = t, .from = c.best, .unit = c.least > 0 ? c.least : 1};
    for (size_t i = 0; i < FSC_N_PARAMETERS; i++)
        if (is_free(&t->kind, i)) {
            x[p.n] = c.best[i];
            p.index[p.n++] = i;
        }
    if (isfinite(c.least) && c.least > 0)
        FSC_TRY(fsc_fit_simplex(x, p.n, polish_step, POLISH_ROUNDS, 1e-2, polished, &p, err));
    for (size_t i = 0; i < p.n; i++)
        c.best[p.index[i]] = x[i];
    bind(bound, 0, c.best, &t->kind);
    for (size_t i = 0; i < FSC_N_PARAMETERS; i++)
        out[i] = bound[i][0];
    return FSC_OK;
}

/* ---- fit
 * --------------------------------------------------------------------------------------------------------
 */

/* Deviation of a point from the course of the days around it. */
static double deviation(double y, double around, const fsc_smoothing_kind *kind, double least)
{
    return kind->multiplicative ? y / fmax(around, least) : y - around;
}

/* The seasons begin as the mean deviation from a centred moving average, as long as the longest,
 * over the first days, which a drifting level disturbs least (Hyndman and Athanasopoulos,
 * Forecasting, 3rd ed., 3.4): the day's first, the week's as what that leaves. */
static void begin(trial *t, const double *filled, double *day, double *week)
{
    size_t m = t->m, window = t->week ? t->week : m, half = window / 2,
           days = t->week ? WEEKLY_FIT_DAYS : BEGIN_DAYS, span = t->n < days * m ? t->n : days * m;
    double first = 0, mean = 0;
    for (size_t i = 0; i < window; i++)
        first += filled[i] / (double)window;
    t->first_level = first;
    for (size_t pass = 0; pass < (t->week ? 2 : 1); pass++) {
        double around = first;
        for (size_t i = half; i + window - half < span; i++) {
            size_t cycle = pass ? t->week : m, seen = (i - half) / cycle + 1;
            double d = deviation(filled[i], around, &t->kind, 1e-3 * first + 1e-12),
                   *s = pass ? &week[i % cycle] : &day[i % cycle];
            d -= pass ? day[i % m] : 0;
            *s += (d - *s) / (double)seen;
            around += (filled[i + window - half] - filled[i - half]) / (double)window;
        }
    }
    for (size_t i = 0; i < m; i++)
        mean += day[i] / (double)m;
    for (size_t i = 0; i < m; i++)
        day[i] -= t->kind.multiplicative ? mean - 1 : mean;
    t->first_day = day;
    t->first_week = week;
}

static void keep_course(layout *l, const course *c, const trial *t)
{
    *l->now = (fsc_smoothing_now){c->level[0], c->trend[0], c->before[0], 0};
    if (t->kind.for_a_day) {
        for (size_t i = 0; i < l->days; i++)
            l->day_season[i] = t->day[(t->n + i) % t->m][0] +
                               (t->week ? t->week_season[(t->n + i) % t->week][0] : 0);
        return;
    }
    l->s->day_phase = t->n % t->m;
    l->s->week_phase = t->week ? t->n % t->week : 0;
    for (size_t i = 0; i < t->m; i++)
        l->day_season[i] = t->day[i][0];
    for (size_t i = 0; i < t->week; i++)
        l->week_season[i] = t->week_season[i][0];
}

/* Once more through the span, with the parameters found: the state at its end, and the quantiles of
 * the errors in its second half. */
static fsc_status settle(layout *l, trial *t, const fsc_model_spec *spec, fsc_arena *scratch,
                         fsc_err *err)
{
    double x[FSC_N_PARAMETERS][FSC_LANES];
    double *e = FSC_NEW(scratch, t->n, double, err), *w = FSC_NEW(scratch, t->n, double, err);
    size_t n = 0;
    course c;
    if (!e || !w)
        return FSC_NOMEM;
    for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
        for (size_t lane = 0; lane < FSC_LANES; lane++)
            x[p][lane] = l->s->parameter[p];
    begin_course(&c, t, x);
    for (size_t i = 0; i < t->n; i++) {
        advance(&c, &t->day[i % t->m], &t->week_season[t->week ? i % t->week : 0], t->y[i],
                &t->kind);
        if (i < t->n / 2 || isnan(t->y[i]))
            continue;
        e[n] = t->kind.multiplicative ? c.relative[0] : c.error[0];
        w[n++] = 1;
    }
    keep_course(l, &c, t);
    if (!n)
        return FSC_OK;
    return fsc_weighted_quantiles(l->quantile, spec->request.q, spec->request.n_q, e, w, n, scratch,
                                  err);
}

fsc_status fsc_smoothing_fit(void *state, fsc_past *past, const fsc_model_spec *spec,
                             fsc_arena *scratch, fsc_err *err)
{
    layout l = lay_out(state, spec);
    trial t = {.kind = *kind_of(spec), .m = l.m};
    size_t most = (t.kind.weekly ? WEEKLY_FIT_DAYS : FIT_DAYS) * l.m,
           span = past->n < most ? past->n : most, from = past->n - span;
    t.kind.weekly &= span >= FSC_WEEKLY_DAYS * l.m;
    t.y = past->y + from;
    t.n = span;
    t.week = t.kind.weekly ? 7 * l.m : 0;
    double *day = FSC_NEW(scratch, t.m, double, err), *week = FSC_NEW(scratch, t.week, double, err);
    t.day = FSC_NEW(scratch, t.m, fsc_lanes, err);
    t.week_season = FSC_NEW(scratch, t.week + 1, fsc_lanes, err);
    if (!day || !week || !t.day || !t.week_season)
        return FSC_NOMEM;
    memset(state, 0, fsc_smoothing_state_bytes(spec));
    begin(&t, past->filled + from, day, week);
    for (size_t i = 0; i < span; i++)
        t.least_level += least_season * fabs(past->filled[from + i]) / (double)span;
    l.s->least_level = t.least_level;
    FSC_TRY(find_parameters(l.s->parameter, &t, err));
    return settle(&l, &t, spec, scratch, err);
}

/* ---- after the fit
 * ------------------------------------------------------------------------------------------ */

void fsc_smoothing_observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    fsc_smoothing_kind kind = *kind_of(spec);
    course c = {.least_level = l.s->least_level};
    double none = 0, *day_cell = cell(l.day_season, l.days, l.s->day_phase, &l, 0),
           *week_cell = l.week ? cell(l.week_season, l.week, l.s->week_phase, &l, 0) : &none;
    fsc_lanes day = {*day_cell}, week = {*week_cell};
    for (size_t p = 0; p < FSC_N_PARAMETERS; p++)
        c.parameter[p][0] = l.s->parameter[p];
    c.level[0] = l.now->level;
    c.trend[0] = l.now->trend;
    c.before[0] = l.now->before;
    kind.weekly &= !kind.for_a_day; /* the week is in the sum */
    advance(&c, &day, &week, past->y[past->n - 1], &kind);
    *l.now = (fsc_smoothing_now){c.level[0], c.trend[0], c.before[0], l.now->age + 1};
    if (kind.for_a_day)
        return;
    *day_cell = day[0];
    *week_cell = week[0];
}

/* How the forecast goes on from step to step. */
typedef struct path {
    double trend, power;   /* phi + phi^2 + ... + phi^h; phi^h */
    double carried;        /* rho^h */
    double weight, spread; /* with which an error of h steps before counts; sum of their squares */
} path;

static void go_on(path *p, const layout *l, const double *x, size_t h)
{
    p->spread += p->weight * p->weight;
    p->power *= x[FSC_PHI];
    p->trend += p->power;
    p->carried *= x[FSC_RHO];
    double taken_up = x[FSC_ALPHA] + x[FSC_BETA] * p->trend;
    taken_up += h % l->m == 0 ? x[FSC_GAMMA] : 0;
    taken_up += l->week && h % l->week == 0 ? x[FSC_OMEGA] : 0;
    p->weight = x[FSC_RHO] * p->weight + taken_up;
}

void fsc_smoothing_ahead(double *mean, double *unit, const void *state, const fsc_model_spec *spec,
                         size_t h)
{
    layout l = lay_out(state, spec);
    path p = {.power = 1, .carried = 1, .weight = 1};
    for (size_t i = 1; i <= h; i++)
        go_on(&p, &l, l.s->parameter, i);
    double base = l.now->level + p.trend * l.now->trend + p.carried * l.now->before,
           season = *cell(l.day_season, l.days, l.s->day_phase, &l, h - 1);
    bool times = kind_of(spec)->multiplicative;
    if (l.week)
        season += *cell(l.week_season, l.week, l.s->week_phase, &l, h - 1);
    *mean = times ? base * season : base + season;
    *unit = sqrt(p.spread) * (times ? fmax(season, least_season) : 1);
}

void fsc_smoothing_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                           const fsc_model_spec *spec)
{
    const fsc_forecast_request *r = &spec->request;
    const double *quantile = fsc_smoothing_quantiles(state, spec);
    (void)past;
    for (size_t k = 0; k < r->n_horizons; k++) {
        double unit;
        fsc_smoothing_ahead(&out->mean[k], &unit, state, spec, (size_t)r->horizon[k]);
        for (size_t j = 0; j < r->n_q; j++)
            out->v[k * r->n_q + j] = out->mean[k] + unit * quantile[j];
    }
}
