/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Joint futures of many series: what a sum over time or over workloads needs and marginal quantiles
 * cannot give. Each path is one future of all series at once.
 *
 * A path's level at each horizon comes from what happened on a past date: the deviation from the
 * usual course of the day, less what its value at the origin let expect, ranked among the dates
 * drawn; the forecast's own quantile at that level is the value. The dates are the same for all
 * series, so that workloads that peak together keep doing so (the Schaake shuffle of Clark et al.
 * 2004, J. Hydrometeorology 5, on deviations). Futures longer than an eighth of the past are put
 * together from several dates; each goes on from where the one before ended.
 *
 *   fsc_paths_source src[2] = {{&forecast_a, fsc_forecaster_past(a)}, {&forecast_b, ...}};
 *   FSC_TRY(fsc_paths_draw(&p, src, 2, zone, 200, seed, arena, err));
 *   for (size_t k = 0; k < p.n; k++)
 *       spend[k] = cost of fsc_paths_of(&p, 0, k)[h] and fsc_paths_of(&p, 1, k)[h] over all h;
 *   sort spend: its quantiles are those of the sum.
 */
#ifndef FORESCALE_PATHS_H
#define FORESCALE_PATHS_H

#include "forescale/forecast.h"

typedef struct fsc_paths_source {
    const fsc_forecast *forecast; /* levels from below 0.1 to above 0.9 tell the tails apart */
    fsc_series past;              /* up to the origin, on the forecast's grid; gaps NaN */
} fsc_paths_source;

typedef struct fsc_paths {
    size_t n, n_series; /* paths; series */
    const size_t *n_horizons;
    const double *const *v; /* v[series][path * n_horizons[series] + h], as in the forecasts */
} fsc_paths;

/*
 * n paths, the same for the same input and seed; a source's values depend on its own past and the
 * seed alone. At each horizon the n values are the quantiles (i + 1/2) / n of the marginal, so
 * never negative where it is not. With fewer than 4 points of past a path keeps one level
 * throughout: the widest sums.
 */
fsc_status fsc_paths_draw(fsc_paths *out, const fsc_paths_source *src, size_t n_series,
                          const fsc_zone *zone, size_t n, uint64_t seed, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;

static inline const double *fsc_paths_of(const fsc_paths *p, size_t series, size_t path)
{
    return p->v[series] + path * p->n_horizons[series];
}

/* The marginal's value at a level in (0,1): linear between the forecast's levels, exponential tails
 * beyond them (above, the one that fsc_forecast_exceed() has), never negative. */
double fsc_forecast_level(const fsc_forecast *f, size_t h, double level);

#endif
