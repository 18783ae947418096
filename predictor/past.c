/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "past.h"

#include <math.h>
#include <string.h>

static bool is_holiday(const fsc_calendar *c, int64_t t)
{
    size_t low = 0, high = c->n_holidays;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->holidays[mid] <= t)
            low = mid + 1;
        else
            high = mid;
    }
    return low && t < fsc_period_end(c->zone, FSC_PERIOD_DAY, c->holidays[low - 1]);
}

static int64_t clock_moved(const fsc_past *w, int64_t t)
{
    int64_t steps = 0;
    for (size_t i = 0; i < w->n_notes && w->note[i].from_t <= t; i++)
        steps += w->note[i].clock_steps;
    return steps;
}

static bool is_odd(const fsc_past *w, int64_t t)
{
    for (size_t i = 0; i < w->n_notes; i++)
        if (!w->note[i].clock_steps && t >= w->note[i].from_t && t < w->note[i].from_t + FSC_DAY_S)
            return true;
    return false;
}

/* Local days are marked as wholes; one that holds a clock change point by point. */
static void mark_calendar(fsc_past *w, size_t from, size_t to)
{
    const fsc_zone *zone = w->calendar ? w->calendar->zone : NULL;
    for (size_t i = from, end; i < to; i = end) {
        int64_t t = fsc_past_time(w, i);
        int32_t offset_s = fsc_zone_offset_s(zone, t);
        int64_t local = t + offset_s, day = local / FSC_DAY_S - (local % FSC_DAY_S < 0);
        int64_t left = ((day + 1) * FSC_DAY_S - local - 1) / w->step_s + 1;
        int weekday = (int)(((day + 3) % 7 + 7) % 7);
        bool holiday = w->calendar && w->calendar->n_holidays && is_holiday(w->calendar, t);
        end = (int64_t)(to - i) < left ? to : i + (size_t)left;
        if (fsc_zone_offset_s(zone, fsc_past_time(w, end - 1)) != offset_s)
            end = i + 1;
        memset(w->class_ + i, weekday >= 5 || holiday, end - i);
        for (; i < end; i++)
            w->shift[i] = (int16_t)(offset_s / w->step_s + clock_moved(w, fsc_past_time(w, i)));
    }
}

fsc_status fsc_past_open(fsc_past *w, const char *id, const fsc_calendar *calendar, int32_t step_s,
                         int64_t start, size_t cap, size_t ahead, fsc_arena *a, fsc_err *err)
{
    size_t day = FSC_DAY_S % step_s == 0 && step_s < FSC_DAY_S ? (size_t)(FSC_DAY_S / step_s) : 0;
    *w = (fsc_past){.id = id,
                    .calendar = calendar,
                    .start = start,
                    .step_s = step_s,
                    .day = day,
                    .week = 7 * day,
                    .cap = cap,
                    .ahead = ahead};
    w->y = FSC_NEW(a, cap, double, err);
    w->filled = FSC_NEW(a, cap, double, err);
    w->shift = FSC_NEW(a, cap + ahead + 1, int16_t, err);
    w->class_ = FSC_NEW(a, cap + ahead + 1, uint8_t, err);
    if (!w->y || !w->filled || !w->shift || !w->class_)
        return FSC_NOMEM;
    mark_calendar(w, 0, ahead + 1);
    return FSC_OK;
}

double fsc_past_factor(const fsc_past *w, int64_t t)
{
    double factor = 1.0;
    for (size_t e = 0; w->calendar && e < w->calendar->n_events; e++) {
        const fsc_event_config *event = &w->calendar->events[e];
        bool covers = event->workloads.n == 0;
        for (size_t k = 0; k < event->workloads.n; k++)
            covers |= !strcmp(event->workloads.v[k], w->id);
        if (covers && t >= event->from_t && t < event->to_t)
            factor *= event->factor;
    }
    return factor;
}

static bool is_excluded(const fsc_calendar *c, int64_t t)
{
    for (size_t i = 0; c && i < c->n_excludes; i++)
        if (t >= c->excludes[i].from_t && t < c->excludes[i].to_t)
            return true;
    return false;
}

static double fill(const fsc_past *w, size_t i)
{
    for (size_t k = 1; k <= 7; k++) {
        size_t j = fsc_past_days_before(w, i, k);
        if (j < i && w->class_[j] == w->class_[i])
            return w->filled[j];
    }
    size_t yesterday = fsc_past_days_before(w, i, 1);
    if (yesterday < i)
        return w->filled[yesterday];
    return i ? w->filled[i - 1] : NAN;
}

/* Point i, after all before it. A gap at the very beginning takes the first value that comes. */
static void fill_in(fsc_past *w, size_t i)
{
    bool known = !isnan(w->y[i]);
    w->filled[i] = known ? w->y[i] : fill(w, i);
    for (size_t k = i; known && k > 0 && isnan(w->filled[k - 1]); k--)
        w->filled[k - 1] = w->y[i];
}

/* The n points of y behind the newest are set. */
static void take_in(fsc_past *w, size_t n)
{
    mark_calendar(w, w->n + w->ahead, w->n + n + w->ahead);
    for (size_t end = w->n + n; w->n < end; w->n++)
        fill_in(w, w->n);
}

void fsc_past_append(fsc_past *w, const double *values, size_t n)
{
    const fsc_calendar *c = w->calendar;
    bool plain = !w->n_notes && (!c || (!c->n_events && !c->n_excludes));
    for (size_t i = 0; i < n; i++) {
        int64_t t = fsc_past_time(w, w->n + i);
        double factor = plain ? 1 : fsc_past_factor(w, t);
        bool usable =
            isfinite(values[i]) && factor > 0 && (plain || (!is_excluded(c, t) && !is_odd(w, t)));
        w->y[w->n + i] = usable ? values[i] / factor : NAN;
    }
    take_in(w, n);
}

void fsc_past_restore(fsc_past *w, const void *y, size_t n)
{
    memcpy(w->y + w->n, y, n * sizeof *w->y);
    take_in(w, n);
}

void fsc_past_set_notes(fsc_past *w, const fsc_past_note *note, size_t n)
{
    memcpy(w->note, note, n * sizeof *note);
    w->n_notes = n;
    mark_calendar(w, 0, w->n + w->ahead + 1);
    for (size_t i = 0; i < w->n; i++) {
        if (is_odd(w, fsc_past_time(w, i)))
            w->y[i] = NAN;
        fill_in(w, i);
    }
}

void fsc_past_drop(fsc_past *w, size_t steps)
{
    size_t left = w->n - steps, marks = left + w->ahead + 1;
    memmove(w->y, w->y + steps, left * sizeof *w->y);
    memmove(w->shift, w->shift + steps, marks * sizeof *w->shift);
    memmove(w->class_, w->class_ + steps, marks * sizeof *w->class_);
    w->n = left;
    w->start += (int64_t)steps * w->step_s;
    for (size_t i = 0; i < left; i++)
        fill_in(w, i);
}
