/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The default model: for each horizon a mix of experts (experts.h), weighted by their recent losses
 * for each part of the distribution (exponentially weighted aggregation, Cesa-Bianchi and Lugosi
 * 2006, 2.1; weights exp(-ETA x relative discounted loss)), then calibrated: the distance of the
 * upper quantiles from the median is scaled online so that coverage comes right (adaptive conformal
 * inference, Gibbs and Candes 2021). Losses count once their target is known.
 */
#include "experts.h"
#include "forescale/model.h"

#include <math.h>
#include <string.h>

enum {
    N_TAUS = 3,
    MAX_TRACKED = 128,
    MAX_FITTED = 64,
    N_TRACKS = FSC_N_EXPERTS + 1,
    SLOT = N_TRACKS * N_TAUS
};

/* A tracker starts empty at each local midnight and is in force once it is WARM_DAYS old: what was
 * learned depends on so many days alone, however the history came in. */
enum { WARM_DAYS = 3, N_TRACKERS = WARM_DAYS + 1 };

static const double taus[N_TAUS] = {0.5, 0.9, 0.95};
static const double eta = 5, half_life_days = 0.2, calibration_rate = 0.03, calibration_limit = 1.5;

typedef struct learned {           /* about one horizon */
    double loss[N_TRACKS][N_TAUS]; /* discounted; the last track is the mix itself */
    double weight;                 /* of the discounted losses: how much is known */
    double log_stretch[N_TAUS];
} learned;

typedef struct header {
    double log_offset, linear_unit, top; /* top: largest value of the past */
    size_t n_trackers;
} header;

typedef struct tracker {
    size_t *points;   /* observed since it started */
    learned *horizon; /* [n] */
    double *ring;     /* predictions waiting for their targets */
} tracker;

typedef struct layout {
    size_t n, n_fitted, tracker_bytes;
    header *head;
    fsc_expert *expert; /* [n_fitted][FSC_N_EXPERTS] */
    char *trackers;     /* oldest first, from the last n_trackers of N_TRACKERS */
} layout;

static size_t count_fitted(const fsc_model_spec *spec)
{
    size_t n = spec->request.n_horizons;
    return n < MAX_FITTED ? n : MAX_FITTED;
}

static bool is_tracked(const fsc_model_spec *spec, size_t k)
{
    int32_t h = spec->request.horizon[k];
    return h <= MAX_TRACKED && fsc_horizon_is_short(spec->step_s, (size_t)h);
}

static size_t ring_doubles(const fsc_model_spec *spec)
{
    size_t sum = 0;
    for (size_t k = 0; k < spec->request.n_horizons; k++)
        sum += is_tracked(spec, k) ? (size_t)spec->request.horizon[k] * SLOT : 0;
    return sum;
}

static layout lay_out(const void *state, const fsc_model_spec *spec)
{
    layout l = {.n = spec->request.n_horizons, .n_fitted = count_fitted(spec)};
    char *p = (char *)(uintptr_t)state; /* the caller's const decides what is written */
    l.tracker_bytes = sizeof(size_t) + l.n * sizeof(learned) + ring_doubles(spec) * sizeof(double);
    l.head = (header *)(void *)p;
    l.expert = (fsc_expert *)(void *)(p + sizeof(header));
    l.trackers = (char *)(l.expert + l.n_fitted * FSC_N_EXPERTS);
    return l;
}

static size_t state_bytes(const fsc_model_spec *spec)
{
    layout l = lay_out(NULL, spec);
    return sizeof(header) + l.n_fitted * FSC_N_EXPERTS * sizeof(fsc_expert) +
           N_TRACKERS * l.tracker_bytes;
}

static tracker tracker_at(const layout *l, size_t i)
{
    char *p = l->trackers + i * l->tracker_bytes;
    tracker t = {.points = (size_t *)(void *)p, .horizon = (learned *)(void *)(p + sizeof(size_t))};
    t.ring = (double *)(void *)(t.horizon + l->n);
    return t;
}

static const learned *in_force(const layout *l, size_t k)
{
    return &tracker_at(l, N_TRACKERS - l->head->n_trackers).horizon[k];
}

/* Request horizon k uses the fit of the nearest fitted one at or above its share. */
static size_t fitted_index(const layout *l, size_t k)
{
    return l->n == l->n_fitted ? k : (k * l->n_fitted + l->n_fitted / 2) / l->n;
}

static size_t horizon_of_fit(const layout *l, size_t j, const fsc_model_spec *spec)
{
    size_t k = l->n == l->n_fitted ? j : (j * l->n) / l->n_fitted;
    return (size_t)spec->request.horizon[k];
}

/* ---- one horizon's mixture
 * ------------------------------------------------------------------------------ */

typedef struct mixture {
    fsc_expert_view view[FSC_N_EXPERTS];
    double weight[N_TAUS][FSC_N_EXPERTS];
    const learned *s;
} mixture;

static void weigh(double *out, const learned *s, const fsc_expert *experts, size_t tau,
                  bool is_short)
{
    double best = INFINITY, sum = 0;
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        if (experts[e].usable && fsc_expert_prior(e, is_short) > 0 && s->loss[e][tau] < best)
            best = s->loss[e][tau];
    for (size_t e = 0; e < FSC_N_EXPERTS; e++) {
        double relative = s->weight > 0 ? (s->loss[e][tau] + 1e-12) / (best + 1e-12) - 1 : 0;
        out[e] = experts[e].usable ? fsc_expert_prior(e, is_short) * exp(-eta * relative) : 0;
        sum += out[e];
    }
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        out[e] = sum > 0 ? out[e] / sum : 0;
}

/* What the experts say; then what is known about them makes the weights. */
static mixture look(const layout *l, const fsc_past *past, size_t k, size_t h)
{
    const fsc_expert *experts = l->expert + fitted_index(l, k) * FSC_N_EXPERTS;
    mixture m = {.s = NULL};
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        if (experts[e].usable)
            m.view[e] = fsc_expert_look(&experts[e], e, past, past->n - 1, h, l->head->top);
    return m;
}

static void judge(mixture *m, const learned *s, const layout *l, size_t k, bool is_short)
{
    m->s = s;
    for (size_t tau = 0; tau < N_TAUS; tau++)
        weigh(m->weight[tau], s, l->expert + fitted_index(l, k) * FSC_N_EXPERTS, tau, is_short);
}

/* Position of a level among the taus: below 0.5 the median's weights, above 0.95 those of 0.95. */
static double blend(const double *at_tau, size_t stride, double level)
{
    if (level <= taus[0])
        return at_tau[0];
    for (size_t i = 1; i < N_TAUS; i++)
        if (level <= taus[i]) {
            double share = (level - taus[i - 1]) / (taus[i] - taus[i - 1]);
            return at_tau[(i - 1) * stride] +
                   share * (at_tau[i * stride] - at_tau[(i - 1) * stride]);
        }
    return at_tau[(N_TAUS - 1) * stride];
}

/* The quantiles of the mix are the weighted means of the experts' quantiles. */
static double raw_quantile(const mixture *m, double level)
{
    double y = 0;
    for (size_t e = 0; e < FSC_N_EXPERTS; e++) {
        double w = blend(&m->weight[0][e], FSC_N_EXPERTS, level);
        if (w > 0 && m->view[e].expert)
            y += w * fsc_expert_quantile(&m->view[e], level);
    }
    return y;
}

static double quantile(const mixture *m, double level, double median)
{
    double y = raw_quantile(m, level);
    return level <= 0.5 ? y
                        : median + exp(blend(m->s->log_stretch, 1, level)) * fmax(y - median, 0);
}

static bool any_usable(const mixture *m)
{
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        if (m->view[e].expert)
            return true;
    return false;
}

/* ---- tracking
 * ------------------------------------------------------------------------------------------ */

static double pinball(double y, double q, double tau)
{
    return y > q ? tau * (y - q) : (1 - tau) * (q - y);
}

static void learn(learned *s, const double *predicted, double y, double keep)
{
    for (size_t i = 0; i < N_TRACKS; i++)
        for (size_t tau = 0; tau < N_TAUS; tau++)
            s->loss[i][tau] = keep * s->loss[i][tau] +
                              (1 - keep) * pinball(y, predicted[i * N_TAUS + tau], taus[tau]);
    s->weight = keep * s->weight + (1 - keep);
    for (size_t tau = 1; tau < N_TAUS; tau++) {
        bool missed = y > predicted[FSC_N_EXPERTS * N_TAUS + tau];
        double g =
            s->log_stretch[tau] + calibration_rate * ((missed ? 1.0 : 0.0) - (1 - taus[tau]));
        s->log_stretch[tau] = fmin(calibration_limit, fmax(-calibration_limit, g));
    }
}

static void predict_mix(double *slot, const mixture *m)
{
    double *own = slot + FSC_N_EXPERTS * N_TAUS, median = raw_quantile(m, 0.5);
    for (size_t tau = 0; tau < N_TAUS; tau++)
        own[tau] = quantile(m, taus[tau], median);
    for (size_t i = 0; i < SLOT; i++) /* an expert that cannot say counts as the mix */
        slot[i] = isnan(slot[i]) ? own[i % N_TAUS] : slot[i];
}

static void predict_experts(double *slot, const mixture *m)
{
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        for (size_t tau = 0; tau < N_TAUS; tau++)
            slot[e * N_TAUS + tau] =
                m->view[e].expert ? fsc_expert_quantile(&m->view[e], taus[tau]) : NAN;
}

/* One horizon of one tracker: scores what was said h steps ago, and notes what is said now. */
static void track(const layout *l, tracker *t, size_t k, size_t h, double y, double keep,
                  mixture *m, const double *said)
{
    double *slot = t->ring + *t->points % h * SLOT;
    if (!isnan(y) && *t->points >= h && !isnan(slot[0]))
        learn(&t->horizon[k], slot, y, keep);
    memcpy(slot, said, SLOT * sizeof *slot);
    judge(m, &t->horizon[k], l, k, true);
    if (any_usable(m))
        predict_mix(slot, m);
}

/* Every tracker sees every point, or what waits in its ring would meet the wrong targets. */
static void track_all(const layout *l, const fsc_past *past, const fsc_model_spec *spec)
{
    double y = past->y[past->n - 1], keep = exp2(-1 / (half_life_days * (double)past->day));
    tracker trackers[N_TRACKERS];
    for (size_t i = 0; i < N_TRACKERS; i++)
        trackers[i] = tracker_at(l, i);
    for (size_t k = 0; k < l->n; k++) {
        size_t h = (size_t)spec->request.horizon[k];
        double said[SLOT] = {0};
        if (!is_tracked(spec, k))
            continue;
        mixture m = look(l, past, k, h);
        predict_experts(said, &m);
        for (size_t i = N_TRACKERS - l->head->n_trackers; i < N_TRACKERS; i++) {
            track(l, &trackers[i], k, h, y, keep, &m, said);
            trackers[i].ring += h * SLOT;
        }
    }
    for (size_t i = N_TRACKERS - l->head->n_trackers; i < N_TRACKERS; i++)
        ++*trackers[i].points;
}

static void observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    double y = past->y[past->n - 1];
    fsc_features_extend(past->log, past);
    fsc_features_extend(past->linear, past);
    l.head->top = y > l.head->top ? y : l.head->top;
    track_all(&l, past, spec);
}

/* ---- fit and predict
 * ------------------------------------------------------------------------------------ */

static void start_tracker(layout *l)
{
    memmove(l->trackers, l->trackers + l->tracker_bytes, WARM_DAYS * l->tracker_bytes);
    memset(l->trackers + WARM_DAYS * l->tracker_bytes, 0, l->tracker_bytes);
    l->head->n_trackers += l->head->n_trackers < N_TRACKERS;
}

static fsc_status fit(void *state, fsc_past *past, const fsc_model_spec *spec, fsc_arena *scratch,
                      fsc_err *err)
{
    layout l = lay_out(state, spec);
    fsc_features_rebuild(past->log, past);
    fsc_features_rebuild(past->linear, past);
    start_tracker(&l);
    l.head->log_offset = past->log->offset;
    l.head->linear_unit = past->linear->unit;
    l.head->top = 0;
    for (size_t i = 0; i < past->n; i++)
        l.head->top = past->y[i] > l.head->top ? past->y[i] : l.head->top;
    for (size_t j = 0; j < l.n_fitted; j++)
        for (size_t e = 0; e < FSC_N_EXPERTS; e++)
            FSC_TRY(fsc_expert_fit(&l.expert[j * FSC_N_EXPERTS + e], e, past,
                                   horizon_of_fit(&l, j, spec), scratch, err));
    track_all(&l, past, spec);
    return FSC_OK;
}

static void resume(const void *state, fsc_past *past)
{
    const header *h = state;
    fsc_features_set_transform(past->log, h->log_offset, 1);
    fsc_features_set_transform(past->linear, 1, h->linear_unit);
    fsc_features_refill(past->log, past);
    fsc_features_refill(past->linear, past);
}

static double mean_of(const mixture *m, double median)
{
    enum { POINTS = 10 };
    double sum = 0;
    for (size_t i = 0; i < POINTS; i++)
        sum += quantile(m, ((double)i + 0.5) / POINTS, median);
    return sum / POINTS;
}

static void predict(fsc_prediction *out, const void *state, const fsc_past *past,
                    const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    const fsc_forecast_request *r = &spec->request;
    for (size_t k = 0; k < l.n; k++) {
        size_t h = (size_t)r->horizon[k];
        mixture m = look(&l, past, k, h);
        judge(&m, in_force(&l, k), &l, k, fsc_horizon_is_short(past->step_s, h));
        bool usable = any_usable(&m);
        double median = usable ? raw_quantile(&m, 0.5) : past->filled[past->n - 1];
        out->mean[k] = usable ? mean_of(&m, median) : median;
        for (size_t j = 0; j < r->n_q; j++)
            out->v[k * r->n_q + j] = usable ? quantile(&m, r->q[j], median) : median;
    }
}

/* Over the tracked horizons, of the median and the upper tail alike. */
static double skill(const void *state, const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    double own = 0, last = 0;
    for (size_t k = 0; k < l.n; k++)
        for (size_t tau = 0; tau < N_TAUS; tau += 2) { /* losses of horizons not tracked stay 0 */
            own += in_force(&l, k)->loss[FSC_N_EXPERTS][tau];
            last += in_force(&l, k)->loss[FSC_EXPERT_LAST][tau];
        }
    return last > 0 ? 1 - own / last : NAN;
}

const fsc_model_ops fsc_model_mix = {
    .name = "mix",
    .summary = "Direct robust regressions on seasonal profiles, mixed online and calibrated (the "
               "default).",
    .min_days = 2,
    .seasonal = true,
    .uses_features = true,
    .warm_days = WARM_DAYS,
    .state_bytes = state_bytes,
    .fit = fit,
    .observe = observe,
    .predict = predict,
    .resume = resume,
    .skill = skill,
};
