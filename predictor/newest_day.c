/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "newest_day.h"
#include "linear.h"

#include <math.h>

enum { LIKE_DAYS = 5, FEWEST_LIKE_DAYS = 3, LOOK_BACK_DAYS = 7 };

/* Misfits over so many times the usual one; in step again: under such a share of that. */
static const double out_of_step = 2, odd = 7, in_step = 0.4;

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

/* Root mean square of the differences of the day that begins at `from` to what was expected `later`
 * steps before each point, or NaN where too much of either is missing: an hour far off says more
 * than a day a little off. */
static double misfit(const fsc_past *w, size_t from, ptrdiff_t later)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = from; i < from + w->day; i++) {
        size_t at = (size_t)((ptrdiff_t)i - later);
        double miss = at < w->n ? fabs(w->y[i] - expected(w, at)) : NAN;
        if (isnan(miss))
            continue;
        sum += miss * miss;
        n++;
    }
    return n * 4 >= w->day * 3 ? sqrt(sum / (double)n) : NAN;
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
        if (!isnan(miss))
            v[n++] = miss;
    }
    return n >= FEWEST_LIKE_DAYS ? fsc_median(v, n) : NAN;
}

/* The day of its class before was odd. */
static bool follows_odd_day(const fsc_past *w, size_t newest)
{
    size_t from = newest;
    do
        from -= w->day;
    while (from >= w->day && class_of_day(w, from) != class_of_day(w, newest));
    for (size_t i = 0; i < w->n_notes; i++)
        if (!w->note[i].clock_steps && w->note[i].from_t == fsc_past_time(w, from))
            return true;
    return false;
}

bool fsc_newest_day_note(fsc_past_note *out, const fsc_past *w)
{
    ptrdiff_t hour = FSC_HOUR_S / w->step_s;
    if (!w->day || FSC_HOUR_S % w->step_s || w->n < (FEWEST_LIKE_DAYS + 2) * w->day)
        return false;
    size_t newest = w->n - w->day;
    double as_it_is = misfit(w, newest, 0), usual = usual_misfit(w, newest);
    *out = (fsc_past_note){.from_t = fsc_past_time(w, newest)};
    if (!(as_it_is > out_of_step * usual))
        return false;
    for (ptrdiff_t later = -hour; later <= hour; later += 2 * hour)
        if (misfit(w, newest, later) < in_step * as_it_is)
            out->clock_steps = -later;
    return out->clock_steps || (as_it_is > odd * usual && !follows_odd_day(w, newest));
}
