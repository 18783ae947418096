/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The default model: for each horizon a mix of experts (experts.h), weighted by their recent losses
 * for each part of the distribution (exponentially weighted aggregation, Cesa-Bianchi and Lugosi
 * 2006, 2.1; weights exp(-ETA x relative discounted loss)), then calibrated: the distance of the
 * upper quantiles from the median is scaled online so that coverage comes right (adaptive conformal
 * inference, Gibbs and Candes 2021). Losses count once their target is known.
 *
 * Minutes are forecast as they are: on the two public traces of minutes the absolute error 5 to 30
 * minutes ahead is 0.80 and 0.75 of the last value's on single minutes, 0.82 and 0.80 on means of
 * five. Every short horizon has its own fit (sharing them made a square wave's edge late in a
 * replay) and steep rows weigh more; of the minute of the hour nothing is kept. That settles jobs
 * that keep to their minutes (0.12 to 0.14 of the last value's error where they are frequent,
 * LightGBM's is 0.11 to 0.14); where they are minutes early or late the upper levels of a LightGBM
 * that knows the minute are better (P90 0.58 against 0.44 for all kinds together):
 * tests/bench/spikes.py.
 */
#include "mix.h"
#include "smoothing.h"

#include <math.h>
#include <string.h>

enum { N_TAUS = 3, MAX_TRACKED = 128, N_TRACKS = FSC_N_EXPERTS + 1 };

/* Forecasts of one horizon that wait for their targets: more of them say the same. */
enum { MOST_WAITING = 8 };

/* Far horizons within a sixth of a day share a fit, and any neighbours where there are too many of
 * a kind. */
enum { MAX_FITS = 64, FAR_FITS_A_DAY = 6 };

/* A tracker starts empty at each local midnight and is in force once it is WARM_DAYS old: what was
 * learned depends on so many days alone, however the history came in. */
enum { WARM_DAYS = FSC_MIX_WARM_DAYS, N_TRACKERS = WARM_DAYS + 1 };

static const double taus[N_TAUS] = {0.5, 0.9, 0.95};
static const double eta = 5, half_life_days = 0.15, calibration_rate = 0.03,
                    calibration_limit = 1.5;

typedef struct learned {           /* about one horizon */
    double loss[N_TRACKS][N_TAUS]; /* discounted; the last track is the mix itself */
    double weight;                 /* of the discounted losses: how much is known */
    double log_stretch[N_TAUS];
    double mix_loss, last_loss; /* sums since the tracker began, of the median and the top level */
} learned;

typedef struct header {
    double log_offset, linear_unit, top; /* top: largest value of the past */
    size_t n_trackers;
    fsc_recent recent[FSC_N_TRANSFORMS];
} header;

typedef double said[FSC_N_EXPERTS][N_TAUS]; /* by the experts; NaN by one that cannot */
typedef double own[N_TAUS];                 /* by the mix, as one tracker weighs it */

typedef struct tracker {
    size_t *points;   /* observed since it started */
    learned *horizon; /* [n_tracked] */
    own *ring;        /* waiting for their targets: of each tracked horizon n_waiting() of them */
} tracker;

/* Fits by number: those of the short horizons first. */
typedef struct fits {
    size_t n_short, n_short_fits, n;
    size_t first_far, far_width; /* steps that share one; the first such span */
} fits;

/* A state: the experts, which last a day, then all that moves with each point. */
typedef struct layout {
    size_t n, n_tracked, n_ring, tracker_bytes;
    const int32_t *horizon; /* [n] */
    fsc_expert_set experts; /* that may weigh */
    fits fits;
    fsc_expert *expert; /* [number of fits][FSC_N_EXPERTS] */
    fsc_reach *reach;   /* [number of fits] */
    void *smoothing;    /* a state of the model smoothing_spec() tells of: in both parts */
    header *head;
    said *ring;     /* [n_ring], by horizon as the trackers' */
    char *trackers; /* oldest first, from the last n_trackers of N_TRACKERS */
} layout;

static bool is_tracked(const fsc_model_spec *spec, size_t k)
{
    int32_t h = spec->request.horizon[k];
    return h <= MAX_TRACKED && fsc_horizon_is_short(spec->step_s, (size_t)h);
}

/* Of a horizon of h steps each so manieth point is forecast and scored. */
static size_t stride_of(size_t h)
{
    return (h + MOST_WAITING - 1) / MOST_WAITING;
}

static size_t n_waiting(size_t h)
{
    return (h + stride_of(h) - 1) / stride_of(h);
}

static size_t count_short(const fsc_model_spec *spec)
{
    size_t n = 0;
    while (n < spec->request.n_horizons &&
           fsc_horizon_is_short(spec->step_s, (size_t)spec->request.horizon[n]))
        n++;
    return n;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static fits count_fits(const fsc_model_spec *spec)
{
    const fsc_forecast_request *r = &spec->request;
    fits f = {.n_short = count_short(spec), .far_width = 1};
    f.n = f.n_short_fits = least(f.n_short, MAX_FITS);
    if (f.n_short == r->n_horizons)
        return f;
    size_t first = (size_t)r->horizon[f.n_short] - 1, spans,
           last = (size_t)r->horizon[r->n_horizons - 1] - 1;
    if (spec->step_s < FSC_DAY_S / FAR_FITS_A_DAY)
        f.far_width = (size_t)(FSC_DAY_S / FAR_FITS_A_DAY / spec->step_s);
    while ((spans = last / f.far_width - first / f.far_width + 1) > MAX_FITS)
        f.far_width *= 2;
    f.first_far = first / f.far_width;
    f.n += spans;
    return f;
}

/* One more expert, with the knots as levels; for short horizons alone, and not before it knows
 * weeks: one season alone is wrong each weekend. */
static fsc_model_spec smoothing_spec(const fsc_model_spec *spec)
{
    return (fsc_model_spec){.model = &fsc_model_double_seasonal_day,
                            .step_s = spec->step_s,
                            .request = {.n_horizons = spec->request.n_horizons,
                                        .horizon = spec->request.horizon,
                                        .n_q = FSC_N_KNOTS,
                                        .q = fsc_expert_levels}};
}

static size_t expert_bytes(const fsc_model_spec *spec)
{
    return count_fits(spec).n * (FSC_N_EXPERTS * sizeof(fsc_expert) + sizeof(fsc_reach));
}

size_t fsc_mix_day_bytes(const fsc_model_spec *spec)
{
    const fsc_model_spec smoothing = smoothing_spec(spec);
    return expert_bytes(spec) + (count_short(spec) ? fsc_smoothing_day_bytes(&smoothing) : 0);
}

/* Of the mix's state, up to the end of the smoothing's. */
static size_t smoothed_bytes(const fsc_model_spec *spec)
{
    const fsc_model_spec smoothing = smoothing_spec(spec);
    return expert_bytes(spec) + (count_short(spec) ? fsc_smoothing_state_bytes(&smoothing) : 0);
}

static layout lay_out(const void *state, const fsc_model_spec *spec)
{
    layout l = {.n = spec->request.n_horizons,
                .fits = count_fits(spec),
                .horizon = spec->request.horizon,
                .experts = *(const fsc_expert_set *)spec->model->variant};
    /* An integer: without a state this only measures. The caller's const decides what is written.
     */
    uintptr_t p = (uintptr_t)state;
    for (; l.n_tracked < l.n && is_tracked(spec, l.n_tracked); l.n_tracked++)
        l.n_ring += n_waiting((size_t)spec->request.horizon[l.n_tracked]);
    l.tracker_bytes = sizeof(size_t) + l.n_tracked * sizeof(learned) + l.n_ring * sizeof(own);
    l.expert = (fsc_expert *)p;
    l.reach = (fsc_reach *)(void *)(l.expert + l.fits.n * FSC_N_EXPERTS);
    l.smoothing = (void *)(p + expert_bytes(spec));
    l.head = (header *)(p + smoothed_bytes(spec));
    l.ring = (said *)(void *)(l.head + 1);
    l.trackers = (char *)(void *)(l.ring + l.n_ring);
    return l;
}

size_t fsc_mix_state_bytes(const fsc_model_spec *spec)
{
    layout l = lay_out(NULL, spec);
    return smoothed_bytes(spec) + sizeof(header) + l.n_ring * sizeof(said) +
           N_TRACKERS * l.tracker_bytes;
}

static tracker tracker_at(const layout *l, size_t i)
{
    char *p = l->trackers + i * l->tracker_bytes;
    tracker t = {.points = (size_t *)(void *)p, .horizon = (learned *)(void *)(p + sizeof(size_t))};
    t.ring = (own *)(void *)(t.horizon + l->n_tracked);
    return t;
}

static const learned *in_force(const layout *l, size_t k)
{
    static const learned nothing = {.weight = 0};
    return k < l->n_tracked ? &tracker_at(l, N_TRACKERS - l->head->n_trackers).horizon[k]
                            : &nothing;
}

/* The fit of request horizon k. */
static size_t fit_of(const layout *l, size_t k)
{
    const fits *f = &l->fits;
    if (k < f->n_short)
        return k * f->n_short_fits / f->n_short;
    return f->n_short_fits + ((size_t)l->horizon[k] - 1) / f->far_width - f->first_far;
}

static const fsc_expert *experts_of(const layout *l, size_t k)
{
    return l->expert + fit_of(l, k) * FSC_N_EXPERTS;
}

/* ---- one horizon's mixture
 * ------------------------------------------------------------------------------ */

typedef struct mixture {
    fsc_expert_view view[FSC_N_EXPERTS];
    double weight[N_TAUS][FSC_N_EXPERTS];
    double limit; /* of what is said */
    const learned *s;
} mixture;

static double prior_of(const layout *l, size_t e, bool is_short)
{
    unsigned set = is_short ? l->experts.near : l->experts.far;
    return set >> e & 1 ? fsc_expert_prior(e, is_short) : 0;
}

static void weigh(double *out, const learned *s, const layout *l, size_t k, size_t tau,
                  bool is_short)
{
    const fsc_expert *experts = experts_of(l, k);
    double best = INFINITY, sum = 0;
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        if (experts[e].usable && prior_of(l, e, is_short) > 0 && s->loss[e][tau] < best)
            best = s->loss[e][tau];
    for (size_t e = 0; e < FSC_N_EXPERTS; e++) {
        double relative = s->weight > 0 ? (s->loss[e][tau] + 1e-12) / (best + 1e-12) - 1 : 0,
               prior = prior_of(l, e, is_short);
        out[e] = experts[e].usable && prior > 0 ? prior * exp(-eta * relative) : 0;
        sum += out[e];
    }
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        out[e] = sum > 0 ? out[e] / sum : 0;
}

/* What the experts say; then what is known about them makes the weights. */
static mixture look(const layout *l, const fsc_past *past, const fsc_model_spec *spec, size_t k)
{
    const fsc_expert *experts = experts_of(l, k);
    size_t h = (size_t)l->horizon[k];
    mixture m = {.limit =
                     fsc_reach_limit(&l->reach[fit_of(l, k)], fmax(past->filled[past->n - 1], 0))};
    for (size_t e = 0; e < FSC_EXPERT_SMOOTHING; e++)
        if (experts[e].usable)
            m.view[e] = fsc_expert_look(&experts[e], e, past, h, l->head->top);
    const fsc_expert *smoothing = &experts[FSC_EXPERT_SMOOTHING];
    if (smoothing->usable) {
        const fsc_model_spec its = smoothing_spec(spec);
        double mean, unit;
        fsc_smoothing_ahead(&mean, &unit, l->smoothing, &its, h);
        m.view[FSC_EXPERT_SMOOTHING] =
            fsc_expert_tell(smoothing, FSC_EXPERT_SMOOTHING, past, h, l->head->top, mean, unit);
    }
    return m;
}

static void judge(mixture *m, const learned *s, const layout *l, size_t k, bool is_short)
{
    m->s = s;
    for (size_t tau = 0; tau < N_TAUS; tau++)
        weigh(m->weight[tau], s, l, k, tau, is_short);
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
            y += w * fmin(fsc_expert_quantile(&m->view[e], level), m->limit);
    }
    return y;
}

static double quantile(const mixture *m, double level, double median)
{
    double y = raw_quantile(m, level);
    if (level <= 0.5)
        return y;
    return fmin(median + exp(blend(m->s->log_stretch, 1, level)) * fmax(y - median, 0), m->limit);
}

static bool any_usable(const mixture *m)
{
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        if (m->view[e].expert && m->weight[0][e] > 0)
            return true;
    return false;
}

/* ---- tracking
 * ------------------------------------------------------------------------------------------ */

/* An expert that could not say counts as the mix. */
static void learn(learned *s, const said by_experts, const own by_mix, double y, double keep,
                  double rate)
{
    for (size_t i = 0; i < N_TRACKS; i++)
        for (size_t tau = 0; tau < N_TAUS; tau++) {
            double q = i < FSC_N_EXPERTS ? by_experts[i][tau] : by_mix[tau];
            double loss = fsc_pinball(y, isnan(q) ? by_mix[tau] : q, taus[tau]);
            s->loss[i][tau] = keep * s->loss[i][tau] + (1 - keep) * loss;
            s->mix_loss += i == FSC_N_EXPERTS && tau != 1 ? loss : 0;
            s->last_loss += i == FSC_EXPERT_LAST && tau != 1 ? loss : 0;
        }
    s->weight = keep * s->weight + (1 - keep);
    for (size_t tau = 1; tau < N_TAUS; tau++) {
        bool missed = y > by_mix[tau];
        double g = s->log_stretch[tau] + rate * ((missed ? 1.0 : 0.0) - (1 - taus[tau]));
        s->log_stretch[tau] = fmin(calibration_limit, fmax(-calibration_limit, g));
    }
}

static void predict_mix(own out, const mixture *m)
{
    double median = raw_quantile(m, 0.5);
    for (size_t tau = 0; tau < N_TAUS; tau++)
        out[tau] = quantile(m, taus[tau], median);
}

static void predict_experts(said out, const mixture *m)
{
    for (size_t e = 0; e < FSC_N_EXPERTS; e++)
        for (size_t tau = 0; tau < N_TAUS; tau++)
            out[e][tau] = m->view[e].expert ? fsc_expert_quantile(&m->view[e], taus[tau]) : NAN;
}

/* A place in a ring is a matter of time alone: of the points since 1970 each stride is one. */
typedef struct lane {
    size_t k, h, stride, begin, n; /* its horizon; the ring's part */
    int64_t tick;
} lane;

static bool is_turn(const lane *n, int64_t tick)
{
    return tick % (int64_t)n->stride == 0;
}

static size_t place(const lane *n, int64_t tick)
{
    int64_t turn = tick / (int64_t)n->stride, of = (int64_t)n->n;
    return n->begin + (size_t)((turn % of + of) % of);
}

/* Every tracker sees every point, or what waits in its ring would meet the wrong targets. */
static void score(const layout *l, const lane *n, double y, double day, size_t oldest)
{
    size_t at = place(n, n->tick - (int64_t)n->h);
    double turn = (double)n->stride, keep = exp2(-turn / (half_life_days * day));
    for (size_t i = oldest; i < N_TRACKERS; i++) {
        tracker t = tracker_at(l, i);
        if (*t.points >= n->h && !isnan(t.ring[at][0]))
            learn(&t.horizon[n->k], (const double(*)[N_TAUS])l->ring[at], t.ring[at], y, keep,
                  turn * calibration_rate);
    }
}

static void forecast(const layout *l, const lane *n, const fsc_past *past,
                     const fsc_model_spec *spec, size_t oldest)
{
    size_t at = place(n, n->tick);
    mixture m = look(l, past, spec, n->k);
    for (size_t i = oldest; i < N_TRACKERS; i++) {
        tracker t = tracker_at(l, i);
        judge(&m, &t.horizon[n->k], l, n->k, true);
        t.ring[at][0] = NAN;
        if (any_usable(&m))
            predict_mix(t.ring[at], &m);
    }
    predict_experts(l->ring[at], &m);
}

static void track_all(const layout *l, const fsc_past *past, const fsc_model_spec *spec)
{
    double y = past->y[past->n - 1];
    size_t oldest = N_TRACKERS - l->head->n_trackers;
    lane n = {.tick = fsc_past_time(past, past->n - 1) / past->step_s};
    for (; n.k < l->n_tracked; n.k++, n.begin += n.n) {
        n.h = (size_t)spec->request.horizon[n.k];
        n.stride = stride_of(n.h);
        n.n = n_waiting(n.h);
        if (!isnan(y) && is_turn(&n, n.tick - (int64_t)n.h))
            score(l, &n, y, (double)past->day, oldest);
        if (is_turn(&n, n.tick))
            forecast(l, &n, past, spec, oldest);
    }
    for (size_t i = oldest; i < N_TRACKERS; i++)
        ++*tracker_at(l, i).points;
}

void fsc_mix_observe(void *state, fsc_past *past, const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    double y = past->y[past->n - 1];
    for (size_t i = 0; i < FSC_N_TRANSFORMS; i++) {
        fsc_features_extend(&past->features[i], past);
        l.head->recent[i] = *fsc_recent_at(&past->features[i], past->n - 1);
    }
    l.head->top = y > l.head->top ? y : l.head->top;
    if (l.fits.n_short) {
        const fsc_model_spec its = smoothing_spec(spec);
        fsc_smoothing_observe(l.smoothing, past, &its);
    }
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

void fsc_mix_resume(const void *state, fsc_past *past, const fsc_model_spec *spec)
{
    const header *h = lay_out(state, spec).head;
    for (size_t i = 0; i < FSC_N_TRANSFORMS; i++)
        fsc_features_resume(&past->features[i], past, h->log_offset, h->linear_unit, &h->recent[i]);
}

static fsc_status fit_smoothing(const layout *l, fsc_past *past, const fsc_model_spec *spec,
                                fsc_arena *scratch, fsc_err *err)
{
    const fsc_model_spec its = smoothing_spec(spec);
    bool usable = past->n >= FSC_WEEKLY_DAYS * past->day;
    if (!l->fits.n_short)
        return FSC_OK;
    memset(l->smoothing, 0, fsc_smoothing_state_bytes(&its));
    if (usable)
        FSC_TRY(fsc_smoothing_fit(l->smoothing, past, &its, scratch, err));
    for (size_t k = 0; k < l->fits.n_short_fits && usable; k++) {
        fsc_expert *x = &l->expert[k * FSC_N_EXPERTS + FSC_EXPERT_SMOOTHING];
        memcpy(x->knot, fsc_smoothing_quantiles(l->smoothing, &its), sizeof x->knot);
        x->usable = true;
    }
    return FSC_OK;
}

fsc_status fsc_mix_fit(void *state, fsc_past *past, const fsc_model_spec *spec, fsc_arena *scratch,
                       fsc_err *err)
{
    layout l = lay_out(state, spec);
    fsc_features all[FSC_N_TRANSFORMS];
    start_tracker(&l);
    for (size_t i = 0; i < FSC_N_TRANSFORMS; i++) {
        FSC_TRY(fsc_features_open(&all[i], (fsc_transform)i, past, &spec->request, past->n, scratch,
                                  err));
        fsc_features_rebuild(&all[i], past);
        l.head->recent[i] = *fsc_recent_at(&all[i], past->n - 1);
    }
    l.head->log_offset = all[FSC_LOG].offset;
    l.head->linear_unit = all[FSC_LINEAR].unit;
    l.head->top = 0;
    for (size_t i = 0; i < past->n; i++)
        l.head->top = past->y[i] > l.head->top ? past->y[i] : l.head->top;
    const fsc_expert *near = NULL;
    for (size_t k = 0, end; k < l.n; k = end) {
        for (end = k + 1; end < l.n && fit_of(&l, end) == fit_of(&l, k);)
            end++;
        size_t fit = fit_of(&l, k);
        bool is_short = k < l.fits.n_short;
        const fsc_expert_task task = {.set = is_short ? l.experts.near : l.experts.far,
                                      .near = near,
                                      .past = past,
                                      .features = all,
                                      .top = l.head->top,
                                      .h = spec->request.horizon + k,
                                      .n_h = end - k};
        fsc_expert *out = l.expert + fit * FSC_N_EXPERTS;
        FSC_TRY(fsc_experts_fit(out, &l.reach[fit], &task, scratch, err));
        near = is_short ? NULL : out;
    }
    FSC_TRY(fit_smoothing(&l, past, spec, scratch, err));
    fsc_mix_resume(state, past, spec);
    track_all(&l, past, spec);
    return FSC_OK;
}

static double mean_of(const mixture *m, double median)
{
    enum { POINTS = 10 };
    double sum = 0;
    for (size_t i = 0; i < POINTS; i++)
        sum += quantile(m, ((double)i + 0.5) / POINTS, median);
    return sum / POINTS;
}

void fsc_mix_predict(fsc_prediction *out, const void *state, const fsc_past *past,
                     const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    const fsc_forecast_request *r = &spec->request;
    for (size_t k = 0; k < l.n; k++) {
        size_t h = (size_t)r->horizon[k];
        mixture m = look(&l, past, spec, k);
        judge(&m, in_force(&l, k), &l, k, fsc_horizon_is_short(past->step_s, h));
        bool usable = any_usable(&m);
        double median = usable ? raw_quantile(&m, 0.5) : past->filled[past->n - 1];
        if (!r->quantiles_only)
            out->mean[k] = usable ? mean_of(&m, median) : median;
        for (size_t j = 0; j < r->n_q; j++)
            out->v[k * r->n_q + j] = usable ? quantile(&m, r->q[j], median) : median;
    }
}

/* Over the tracked horizons and days, of the median and the upper tail alike: an hour that
 * surprised everybody is no reason to give up what days have shown. */
double fsc_mix_skill(const void *state, const fsc_model_spec *spec)
{
    layout l = lay_out(state, spec);
    double mix = 0, last = 0;
    for (size_t k = 0; k < l.n; k++) { /* losses of horizons not tracked stay 0 */
        mix += in_force(&l, k)->mix_loss;
        last += in_force(&l, k)->last_loss;
    }
    return last > 0 ? 1 - mix / last : NAN;
}

static const fsc_expert_set all = {(1U << FSC_N_EXPERTS) - 1,
                                   1U << FSC_EXPERT_LOG | 1U << FSC_EXPERT_LEVEL};

const fsc_model_ops fsc_model_mix = {
    .name = "mix",
    .summary = "Direct robust regressions on seasonal profiles, mixed online and calibrated (the "
               "default).",
    .variant = &all,
    FSC_MIX_FUNCTIONS,
};
