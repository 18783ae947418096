/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"
#include "linear.h"

#include <math.h>

enum { LIKE_DAYS = 5, FEWEST_LIKE_DAYS = 3, LOOK_BACK_DAYS = 21 };

/* Out of step: misfit over so many times the usual one. In step again: misfit under such a share.
 */
static const double out_of_step = 2, in_step = 0.4;

/* What the same local time of the days of the same class before says. */
static double expected(const fsc_past *w, size_t i)
{
    double v[LIKE_DAYS];
    size_t n = 0;
    for (size_t k = 1; k <= LOOK_BACK_DAYS && n < LIKE_DAYS; k++) {
        size_t j = fsc_past_days_before(w, i, k);
        if (j < i && w->class_[j] == w->class_[i] && !isnan(w->y[j]))
            v[n++] = w->y[j];
    }
    return n >= FEWEST_LIKE_DAYS ? fsc_median(v, n) : NAN;
}

/* Sum of absolute differences of the day that begins at `from` to what was expected `later` steps
 * before each point; NaN where too much of either is missing. */
static double misfit(const fsc_past *w, size_t from, ptrdiff_t later)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = from; i < from + w->day; i++) {
        size_t at = (size_t)((ptrdiff_t)i - later);
        double miss = at < w->n ? fabs(w->y[i] - expected(w, at)) : NAN;
        if (isnan(miss))
            continue;
        sum += miss;
        n++;
    }
    return n * 4 >= w->day * 3 ? sum / (double)n : NAN;
}

static uint8_t class_of_day(const fsc_past *w, size_t from)
{
    return w->class_[from + w->day / 2];
}

static double usual_misfit(const fsc_past *w, size_t newest)
{
    double v[LIKE_DAYS];
    size_t n = 0;
    for (size_t k = 1; k <= LOOK_BACK_DAYS && n < LIKE_DAYS && newest >= k * w->day; k++) {
        size_t from = newest - k * w->day;
        if (class_of_day(w, from) != class_of_day(w, newest))
            continue;
        double miss = misfit(w, from, 0);
        if (isnan(miss))
            break;
        v[n++] = miss;
    }
    return n >= FEWEST_LIKE_DAYS ? fsc_median(v, n) : NAN;
}

fsc_clock_move fsc_clock_find_move(const fsc_past *w)
{
    const fsc_clock_move none = {.steps = 0};
    ptrdiff_t hour = FSC_HOUR_S / w->step_s;
    if (!w->day || FSC_HOUR_S % w->step_s || w->n < (FEWEST_LIKE_DAYS + 2) * w->day)
        return none;
    size_t newest = w->n - w->day;
    double as_it_is = misfit(w, newest, 0);
    if (!(as_it_is > out_of_step * usual_misfit(w, newest)))
        return none;
    for (ptrdiff_t later = -hour; later <= hour; later += 2 * hour)
        if (misfit(w, newest, later) < in_step * as_it_is)
            return (fsc_clock_move){.from_t = fsc_past_time(w, newest), .steps = -later};
    return none;
}
