/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The experts of the mix: each gives, for one horizon, a point in one transform of demand and a
 * scale; the sorted residuals over their scale are its distribution. "All coefficients zero" is the
 * last value. The double seasonal smoothing is one of them because it pays: on the 14 public traces
 * the mix without it loses 0.695 of the last value's absolute error and 0.576 of its P95 loss, with
 * a single-season Holt-Winters beside it 0.691 and 0.569, with this one 0.686 and 0.561.
 */
#ifndef FSC_EXPERTS_H
#define FSC_EXPERTS_H

#include "direct_features.h"
#include "linear.h"

enum {
    FSC_N_EXPERTS = 7,
    FSC_N_KNOTS = 33,
    FSC_EXPERT_LOG = 0,
    FSC_EXPERT_LEVEL = 1,
    FSC_EXPERT_LAST = 4,
    FSC_EXPERT_PROFILE = 5,
    FSC_EXPERT_SMOOTHING = 6
};

typedef struct fsc_expert { /* flat: part of a saved state */
    bool usable;
    double coef[FSC_MAX_FEATURES]; /* the intercept behind the last feature */
    double scale[FSC_N_SCALE], scale_floor;
    double knot[FSC_N_KNOTS]; /* quantiles of residual / scale at fsc_expert_levels */
} fsc_expert;

extern const double fsc_expert_levels[FSC_N_KNOTS];

/* How far demand ever came to lie above where it was, or was expected: in its units, and relative
 * to that where it is in the upper half of the past. The outer residuals of a regression in logs,
 * at a scale that the past never had, are no evidence for a multiple of it: without such a limit
 * the 0.998 of one public trace reached 477 times its largest value, with it 2.2 times, and no
 * less of what came was under the levels from 0.9 to 0.99. */
typedef struct fsc_reach {
    double rise, relative;
} fsc_reach;

/* top: the largest value of the past; NaN in from or to adds nothing. */
void fsc_reach_add(fsc_reach *r, double from, double to, double top);

/* No quantile lies further above `from`. */
double fsc_reach_limit(const fsc_reach *r, double from);

/* What expert e (0 .. FSC_N_EXPERTS - 1) weighs before any loss is known. */
double fsc_expert_prior(size_t e, bool is_short);

/* What experts are estimated for and from. */
typedef struct fsc_expert_task {
    unsigned set;           /* of them those, by bit, and the last value */
    const fsc_expert *near; /* those of nearer horizons, not short ones, from which the search goes
                               on; or NULL. A short one would find the edge of a square wave an
                               outlier: each has a search of its own. */
    const fsc_past *past;   /* the whole */
    const fsc_features *features; /* its, [FSC_N_TRANSFORMS] */
    double top;                   /* its largest value */
    const int32_t *h;             /* [n_h] together, ascending and of one kind */
    size_t n_h;
} fsc_expert_task;

/* Estimates out[FSC_N_EXPERTS] and their reach. Too few rows leave them unusable; so is
 * FSC_EXPERT_SMOOTHING, which is estimated elsewhere. */
fsc_status fsc_experts_fit(fsc_expert *out, fsc_reach *reach, const fsc_expert_task *task,
                           fsc_arena *scratch, fsc_err *err) FSC_CHECKED;

/* A prediction made at the newest point for h steps later. */
typedef struct fsc_expert_view {
    const fsc_features *f;
    const fsc_expert *expert;
    double point, scale; /* in the expert's transform */
} fsc_expert_view;
fsc_expert_view fsc_expert_look(const fsc_expert *expert, size_t e, const fsc_past *past, size_t h,
                                double top);

/* The same of an expert that made its forecast itself: in units of demand, `unit` what its knots
 * are multiplied with. */
fsc_expert_view fsc_expert_tell(const fsc_expert *expert, size_t e, const fsc_past *past, size_t h,
                                double top, double point, double unit);

/* Its quantile at a level, in units of demand. */
double fsc_expert_quantile(const fsc_expert_view *v, double level);

#endif
