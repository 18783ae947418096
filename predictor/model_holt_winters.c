/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holt-Winters' additive method with a damped trend and a daily season, in the innovations form
 * ETS(A,Ad,A) (Hyndman, Koehler, Ord, Snyder 2008, table 2.1):
 *   e = y - (l + phi b + s[t-m]);  l' = l + phi b + alpha e;  b' = phi b + beta e;  s' = s + gamma
 * e The smoothing parameters minimise the squared one-step error of the last FIT_DAYS, on
 * transformed parameters by GSL's simplex. Quantiles come from its own errors at each horizon.
 */
#include "errors.h"
#include "fit.h"
#include "linear.h"

#include <math.h>
#include <string.h>

enum { FIT_DAYS = 14, BEGIN_DAYS = 8, MAX_ROUNDS = 120, N_PARAMETERS = 4 };

static const struct bound {
    double low, high, start;
} bounds[N_PARAMETERS] = {
    {1e-4, 0.9999, 0.3}, {1e-5, 0.5, 0.01}, {1e-4, 0.9999, 0.1}, {0.8, 0.998, 0.97}};

/* The state is this header, the season, then the error quantiles. */
typedef struct smoothing {
    double alpha, beta, gamma, phi;
    double level, trend;
    size_t phase; /* index in the season of the next point */
} smoothing;

typedef struct pass {
    const double *y;     /* gaps filled */
    const double *known; /* NaN where there was none: no innovation there */
    size_t n, m;
    double *season; /* [m] */
    const double *first_season;
    double first_level;
} pass;

static size_t season_steps(const fsc_model_spec *spec)
{
    return (size_t)(FSC_DAY_S / spec->step_s);
}

static double *season_of(void *state)
{
    return (double *)(void *)((char *)state + sizeof(smoothing));
}

static size_t state_bytes(const fsc_model_spec *spec)
{
    size_t errors = spec->request.n_horizons * spec->request.n_q;
    return sizeof(smoothing) + (season_steps(spec) + errors) * sizeof(double);
}

static void step(smoothing *s, double *season, size_t m, double y)
{
    double damped = s->phi * s->trend, e = y - (s->level + damped + season[s->phase]);
    if (isnan(e))
        e = 0;
    s->level += damped + s->alpha * e;
    s->trend = damped + s->beta * e;
    season[s->phase] += s->gamma * e;
    s->phase = s->phase + 1 == m ? 0 : s->phase + 1;
}

static void set_parameters(smoothing *s, const double *x)
{
    double v[N_PARAMETERS];
    for (size_t i = 0; i < N_PARAMETERS; i++)
        v[i] = fsc_fit_bound(x[i], bounds[i].low, bounds[i].high);
    s->alpha = v[0];
    s->beta = v[1];
    s->gamma = v[2];
    s->phi = v[3];
}

static double squared_error(const double *x, void *ctx)
{
    pass *p = ctx;
    smoothing s = {.level = p->first_level};
    double sum = 0;
    set_parameters(&s, x);
    memcpy(p->season, p->first_season, p->m * sizeof *p->season);
    for (size_t i = 0; i < p->n; i++) {
        double e = p->known[i] - (s.level + s.phi * s.trend + p->season[s.phase]);
        sum += isnan(e) ? 0 : e * e;
        step(&s, p->season, p->m, p->known[i]);
    }
    return sum;
}

/* The season begins as the mean deviation from a centred moving average over the first days, which
 * a drifting level disturbs least (Hyndman and Athanasopoulos, Forecasting, 3rd ed., 3.4). */
static void begin(pass *p, double *first_season)
{
    size_t m = p->m, half = m / 2, span = p->n < BEGIN_DAYS * m ? p->n : BEGIN_DAYS * m;
    double around = 0, mean = 0;
    for (size_t i = 0; i < m; i++)
        around += p->y[i];
    p->first_level = around / (double)m;
    for (size_t i = half; i + m - half < span; i++) {
        size_t seen = (i - half) / m + 1;
        double deviation = p->y[i] - around / (double)m, *s = &first_season[i % m];
        *s += (deviation - *s) / (double)seen;
        around += p->y[i + m - half] - p->y[i - half];
    }
    for (size_t i = 0; i < m; i++)
        mean += first_season[i] / (double)m;
    for (size_t i = 0; i < m; i++)
        first_season[i] -= mean;
    p->first_season = first_season;
}

static double ahead(const smoothing *s, const double *season, size_t m, size_t h)
{
    double damped = s->phi < 1 ? s->phi * (1 - pow(s->phi, (double)h)) / (1 - s->phi) : (double)h;
    return s->level + damped * s->trend + season[(s->phase + h - 1) % m];
}

/* Runs the recursion again and gathers the errors at each horizon over the second half of the span.
 */
static fsc_status error_quantiles(void *state, const pass *p, const fsc_model_spec *spec,
                                  fsc_arena *scratch, fsc_err *err)
{
    const fsc_forecast_request *r = &spec->request;
    smoothing *s = state;
    double *season = season_of(state), *out = season + p->m;
    size_t from = p->n / 2, cap = p->n - from;
    double *e = FSC_NEW(scratch, r->n_horizons * cap, double, err),
           *w = FSC_NEW(scratch, cap, double, err);
    size_t *count = FSC_NEW(scratch, r->n_horizons, size_t, err);
    if (!e || !w || !count)
        return FSC_NOMEM;
    memcpy(season, p->first_season, p->m * sizeof *season);
    s->level = p->first_level;
    s->trend = 0;
    s->phase = 0;
    for (size_t i = 0; i < p->n; i++) {
        step(s, season, p->m, p->known[i]);
        for (size_t k = 0; i >= from && k < r->n_horizons; k++) {
            size_t h = (size_t)r->horizon[k];
            if (i + h < p->n && !isnan(p->known[i + h]))
                e[k * cap + count[k]++] = p->known[i + h] - ahead(s, season, p->m, h);
        }
    }
    for (size_t k = 0; k < r->n_horizons; k++) {
        for (size_t i = 0; i < count[k]; i++)
            w[i] = 1.0;
        memset(out + k * r->n_q, 0, r->n_q * sizeof *out);
        if (count[k])
            FSC_TRY(fsc_weighted_quantiles(out + k * r->n_q, r->q, r->n_q, e + k * cap, w, count[k],
                                           scratch, err));
    }
    return FSC_OK;
}

static fsc_status fit(void *state, fsc_past *past, const fsc_model_spec *spec, fsc_arena *scratch,
                      fsc_err *err)
{
    size_t m = past->day, span = past->n < FIT_DAYS * m ? past->n : FIT_DAYS * m;
    double x[N_PARAMETERS];
    pass p = {
        .y = past->filled + past->n - span, .known = past->y + past->n - span, .n = span, .m = m};
    double *first_season = FSC_NEW(scratch, m, double, err);
    p.season = FSC_NEW(scratch, m, double, err);
    if (!first_season || !p.season)
        return FSC_NOMEM;
    begin(&p, first_season);
    for (size_t i = 0; i < N_PARAMETERS; i++)
        x[i] = fsc_fit_free(bounds[i].start, bounds[i].low, bounds[i].high);
    FSC_TRY(fsc_fit_simplex(x, N_PARAMETERS, 1.0, MAX_ROUNDS, 1e-3, squared_error, &p, err));
    set_parameters(state, x);
    return error_quantiles(state, &p, spec, scratch, err);
}

static void observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    step(state, season_of(state), season_steps(spec), past->y[past->n - 1]);
}

static void predict(fsc_prediction *out, const void *state, const fsc_past *past,
                    const fsc_model_spec *spec)
{
    const fsc_forecast_request *r = &spec->request;
    const smoothing *s = state;
    const double *season = (const double *)(const void *)((const char *)state + sizeof(smoothing));
    size_t m = season_steps(spec);
    const double *errors = season + m;
    (void)past;
    for (size_t k = 0; k < r->n_horizons; k++) {
        out->mean[k] = ahead(s, season, m, (size_t)r->horizon[k]);
        for (size_t j = 0; j < r->n_q; j++)
            out->v[k * r->n_q + j] = out->mean[k] + errors[k * r->n_q + j];
    }
}

static double skill(const void *state, const fsc_model_spec *spec)
{
    (void)state;
    (void)spec;
    return NAN;
}

const fsc_model_ops fsc_model_holt_winters = {
    .name = "holt_winters",
    .summary = "Additive Holt-Winters with a damped trend and a daily season, ETS(A,Ad,A).",
    .min_days = 3,
    .seasonal = true,
    .state_bytes = state_bytes,
    .fit = fit,
    .observe = observe,
    .predict = predict,
    .skill = skill,
};
