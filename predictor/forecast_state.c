/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forecaster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Layout of a saved state; a change of any struct in it needs another version. The model's bytes
 * of the day follow the first, its others the second. */
typedef struct saved_day {
    char magic[8];
    char model[24];
    uint64_t n, state_bytes; /* n points of the past are of the days before */
    int64_t start;           /* of the past */
    int32_t step_s, fitted;
    uint64_t request; /* horizons and levels: what a model learns is of these */
    uint64_t n_notes;
    fsc_past_note note[FSC_MAX_NOTES];
} saved_day;

typedef struct saved_now {
    char magic[8];
    uint64_t n, n_day, state_bytes; /* n points of the past in all */
    int64_t start;
} saved_now;

static const char day_magic[8] = "FSCFD08", now_magic[8] = "FSCFN04";

static const int64_t furthest = INT64_C(1) << 40; /* that a past may begin: the year 36812 */

/* FNV-1a */
static uint64_t request_hash(const fsc_forecast_request *r)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < r->n_horizons; i++)
        h = (h ^ (uint64_t)r->horizon[i]) * 1099511628211u;
    for (size_t i = 0; i < r->n_q; i++)
        h = (h ^ (uint64_t)(r->q[i] * 1e6)) * 1099511628211u;
    return h;
}

static size_t day_bytes(const fsc_forecaster *f)
{
    return f->model->day_bytes ? f->model->day_bytes(&f->spec) : 0;
}

bool fsc_forecaster_day_is_stored(const fsc_forecaster *f)
{
    return f->day_stored;
}

static void save_day(fsc_buf *out, const fsc_forecaster *f)
{
    saved_day h = {.n = f->day_n,
                   .state_bytes = day_bytes(f),
                   .start = f->past.start,
                   .step_s = f->cfg.step_s,
                   .fitted = f->fitted,
                   .request = request_hash(&f->cfg.request),
                   .n_notes = f->past.n_notes};
    memcpy(h.note, f->past.note, sizeof h.note);
    memcpy(h.magic, day_magic, sizeof h.magic);
    (void)snprintf(h.model, sizeof h.model, "%s", f->model->name);
    fsc_buf_add(out, &h, sizeof h);
    fsc_buf_add(out, f->state, h.state_bytes);
}

static void save_now(fsc_buf *out, const fsc_forecaster *f)
{
    size_t skip = day_bytes(f);
    saved_now h = {.n = f->past.n,
                   .n_day = f->day_n,
                   .state_bytes = f->state_bytes - skip,
                   .start = f->past.start};
    memcpy(h.magic, now_magic, sizeof h.magic);
    fsc_buf_add(out, &h, sizeof h);
    fsc_buf_add(out, (const char *)f->state + skip, h.state_bytes);
}

static void save_past(fsc_buf *out, const fsc_forecaster *f)
{
    fsc_buf_add(out, f->past.y, f->past.n * sizeof *f->past.y);
}

fsc_status fsc_forecaster_save(fsc_buf *out, const fsc_forecaster *f, fsc_state_part part,
                               fsc_err *err)
{
    static void (*const savers[])(fsc_buf * out, const fsc_forecaster *f) = {
        [FSC_STATE_PAST] = save_past, [FSC_STATE_DAY] = save_day, [FSC_STATE_NOW] = save_now};
    savers[part](out, f);
    return fsc_buf_status(out, err);
}

static fsc_status read_heads(saved_day *day, saved_now *now, const fsc_saved_part *saved,
                             fsc_err *err)
{
    const fsc_saved_part *d = &saved[FSC_STATE_DAY], *w = &saved[FSC_STATE_NOW];
    if (d->n < sizeof *day || w->n < sizeof *now)
        return fsc_fail(err, FSC_DATA, "the forecast state is cut off");
    memcpy(day, d->bytes, sizeof *day);
    memcpy(now, w->bytes, sizeof *now);
    if (memcmp(day->magic, day_magic, sizeof day->magic) ||
        memcmp(now->magic, now_magic, sizeof now->magic))
        return fsc_fail(err, FSC_DATA, "the forecast state is of another version");
    if (now->start != day->start || now->n_day != day->n)
        return fsc_fail(err, FSC_DATA, "the two parts of the forecast state are of two days");
    if (day->start < -furthest || day->start > furthest)
        return fsc_fail(err, FSC_DATA, "the forecast state is of an impossible time");
    if (day->n_notes > FSC_MAX_NOTES || d->n != sizeof *day + day->state_bytes ||
        w->n != sizeof *now + now->state_bytes)
        return fsc_fail(err, FSC_DATA, "the forecast state has another length than it says");
    return FSC_OK;
}

fsc_status fsc_forecaster_saved_from(int64_t *from, const fsc_saved_part saved[FSC_N_STATE_PARTS],
                                     fsc_err *err)
{
    saved_day day;
    saved_now now;
    FSC_TRY(read_heads(&day, &now, saved, err));
    *from = day.start;
    return FSC_OK;
}

static bool is_of(const fsc_forecaster *f, const saved_day *day, const saved_now *now)
{
    char model[sizeof day->model + 1] = "";
    memcpy(model, day->model, sizeof day->model);
    return day->step_s == f->cfg.step_s && !strcmp(model, f->model->name) &&
           day->state_bytes == day_bytes(f) && now->state_bytes == f->state_bytes - day_bytes(f) &&
           day->request == request_hash(&f->cfg.request);
}

/* Into a past that is open, and empty. */
static fsc_status load_past(fsc_past *p, size_t n, const fsc_saved_part *saved,
                            const fsc_series *history, fsc_err *err)
{
    static const double gap = NAN;
    if (n >= p->cap)
        return fsc_fail(err, FSC_DATA, "the forecast state is longer than its history may be");
    if (!history && saved->n != n * sizeof *p->y)
        return fsc_fail(err, FSC_DATA, "the forecast state has another past than it says");
    if (!history) {
        fsc_past_restore(p, saved->bytes, n);
        return FSC_OK;
    }
    int64_t end = fsc_past_time(p, n);
    fsc_series known = fsc_series_cut(history, p->start, end);
    if (!known.n || known.step_s != p->step_s || (known.start - p->start) % p->step_s)
        return fsc_fail(err, FSC_DATA, "the history that the forecast state is of is gone");
    while (fsc_past_time(p, p->n) < known.start)
        fsc_past_append(p, &gap, 1);
    fsc_past_append(p, known.values, known.n);
    while (p->n < n)
        fsc_past_append(p, &gap, 1);
    return FSC_OK;
}

fsc_status fsc_forecaster_load(fsc_forecaster *f, const fsc_saved_part saved[FSC_N_STATE_PARTS],
                               const fsc_series *history, fsc_err *err)
{
    saved_day day;
    saved_now now;
    FSC_TRY(read_heads(&day, &now, saved, err));
    if (!is_of(f, &day, &now))
        return fsc_fail(err, FSC_DATA, "the forecast state is of another model, step or lead");
    if (!now.n)
        return FSC_OK;
    FSC_TRY(fsc__forecaster_open_past(f, day.start, err));
    fsc_past_set_notes(&f->past, day.note, (size_t)day.n_notes);
    FSC_TRY(load_past(&f->past, (size_t)now.n, &saved[FSC_STATE_PAST], history, err));
    memcpy(f->state, (const char *)saved[FSC_STATE_DAY].bytes + sizeof day, day.state_bytes);
    memcpy((char *)f->state + day.state_bytes,
           (const char *)saved[FSC_STATE_NOW].bytes + sizeof now, now.state_bytes);
    f->day_n = (size_t)day.n;
    f->day_stored = true;
    f->fitted = day.fitted != 0;
    if (f->fitted && f->model->resume)
        f->model->resume(f->state, &f->past, &f->spec);
    return FSC_OK;
}
