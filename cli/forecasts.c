/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what is stored to forecasts, one workload after the other: one forecaster is in memory at a
 * time. Of those that are saved some wait for the others, to be written in one transaction.
 */
#include "cli/stages.h"
#include "forescale/hash.h"

#include <string.h>

enum {
    STATE_LIMIT_MIB = 64,
    SCRATCH_LIMIT_MIB = 4096,
    TOGETHER = 32,
    SAVES_A_RUN = 500 /* states that only grew; others are fed what they lack the next time */
};

/* Of one workload; the day's bytes are empty where the store has them. */
typedef struct unsaved {
    const char *name;
    fsc_buf day, now;
} unsaved;

typedef struct batch {
    fsc_arena *arena; /* of the bytes */
    size_t n;
    unsaved states[TOGETHER];
} batch;

/* What the store has of a state; the past is the history itself. */
static fsc_status read_state(fsc_saved_part *out, int64_t *from, fsc_session *s, const char *name,
                             fsc_arena *a, fsc_err *err)
{
    for (fsc_state_part k = FSC_STATE_DAY; k < FSC_N_STATE_PARTS; k++)
        FSC_TRY(fsc_blob_get(&out[k].bytes, &out[k].n, s->store, fsc_state_names[k], name, a, err));
    return fsc_forecaster_saved_from(from, out, err);
}

static fsc_status load(fsc_session *s, size_t w, const fsc_saved_part *saved,
                       const fsc_series *history, fsc_err *err)
{
    FSC_TRY(fsc_session_step(s, w, history->step_s, err));
    return fsc_forecaster_load(s->forecasters[w], saved, history, err);
}

/* A state that this version cannot read is made anew from history: slower once, never wrong. */
static void start_anew(fsc_session *s, size_t w, const fsc_err *why)
{
    s->forecasters[w] = NULL;
    fsc_log_write(&s->cli->log, FSC_LOG_INFO, "the stored forecast state is made anew", "workload",
                  s->config.workloads[w].name, "why", why->msg, NULL);
}

/* Reads the state and as much history as it needs, and takes in what is new. */
static fsc_status feed(fsc_session *s, size_t w, fsc_err *err)
{
    fsc_saved_part saved[FSC_N_STATE_PARTS] = {{0}};
    fsc_series rows;
    const char *name = s->config.workloads[w].name;
    int64_t all_from = s->cli->now - FSC_LEARNS_FROM_DAYS * FSC_DAY_S, from = all_from;
    fsc_err read = FSC_ERR_INIT;
    /* A replay starts from history alone: the stored states are of a later time. */
    fsc_status has = s->cli->args.at_given
                         ? FSC_MISSING
                         : read_state(saved, &from, s, name, s->forecaster_arena, &read);
    if (has != FSC_OK && has != FSC_MISSING)
        start_anew(s, w, &read);
    if (has != FSC_OK || (s->keeps_history && from > all_from))
        from = all_from;
    fsc_status status =
        fsc_history_read(&rows, s->store, name, from, s->cli->now + 1,
                         s->keeps_history ? s->cli->arena : s->forecaster_arena, err);
    if (status == FSC_MISSING || (status == FSC_OK && !rows.n)) {
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, "no history: run forescale collect", "workload",
                      name, NULL);
        return FSC_OK;
    }
    FSC_TRY(status);
    if (has == FSC_OK && load(s, w, saved, &rows, &read) != FSC_OK)
        start_anew(s, w, &read);
    return fsc_session_feed(s, w, &rows, err);
}

/* The forecaster goes, with what it lent. */
static fsc_status keep_forecast(fsc_session *s, size_t w, fsc_err *err)
{
    const fsc_forecast *made = s->forecasts[w];
    if (!made)
        return FSC_OK;
    fsc_forecast *kept = FSC_NEW(s->cli->arena, 1, fsc_forecast, err);
    int32_t *horizon = FSC_NEW(s->cli->arena, made->n_horizons, int32_t, err);
    double *q = FSC_NEW(s->cli->arena, made->n_q, double, err);
    if (!kept || !horizon || !q)
        return FSC_NOMEM;
    memcpy(horizon, made->horizon, made->n_horizons * sizeof *horizon);
    memcpy(q, made->q, made->n_q * sizeof *q);
    *kept = *made;
    kept->horizon = horizon;
    kept->q = q;
    s->forecasts[w] = kept;
    return FSC_OK;
}

/* Very many states take turns at being written. */
static bool is_due(const fsc_session *s, size_t w)
{
    uint64_t turns = 1 + s->config.n_workloads / SAVES_A_RUN,
             turn = (uint64_t)(s->cli->now / s->config.interval_s) +
                    fsc_name_hash(s->config.workloads[w].name, 0);
    return turn % turns == 0 || !fsc_forecaster_day_is_stored(s->forecasters[w]);
}

static fsc_status put_aside(batch *b, const fsc_session *s, size_t w, fsc_err *err)
{
    unsaved *u = &b->states[b->n++];
    u->name = s->config.workloads[w].name;
    fsc_buf_init(&u->day, b->arena, (size_t)STATE_LIMIT_MIB << 20);
    fsc_buf_init(&u->now, b->arena, (size_t)STATE_LIMIT_MIB << 20);
    if (!fsc_forecaster_day_is_stored(s->forecasters[w]))
        FSC_TRY(fsc_forecaster_save(&u->day, s->forecasters[w], FSC_STATE_DAY, err));
    return fsc_forecaster_save(&u->now, s->forecasters[w], FSC_STATE_NOW, err);
}

static fsc_status put(fsc_session *s, const char *name, fsc_state_part part, const fsc_buf *bytes,
                      fsc_err *err)
{
    return fsc_blob_put(s->store, fsc_state_names[part], name, fsc_buf_str(bytes), bytes->len,
                        s->cli->now, err);
}

static fsc_status save(batch *b, fsc_session *s, fsc_err *err)
{
    fsc_status status = fsc_store_begin(s->store, err);
    for (size_t i = 0; i < b->n && status == FSC_OK; i++) {
        const unsaved *u = &b->states[i];
        if (u->day.len)
            status = put(s, u->name, FSC_STATE_DAY, &u->day, err);
        if (status == FSC_OK)
            status = put(s, u->name, FSC_STATE_NOW, &u->now, err);
    }
    b->n = 0;
    if (status == FSC_OK)
        return fsc_store_commit(s->store, err);
    fsc_store_rollback(s->store);
    return status;
}

/* The forecaster is gone when this returns. */
static fsc_status forecast_one(batch *b, fsc_session *s, size_t w, fsc_err *err)
{
    FSC_TRY(feed(s, w, err));
    FSC_TRY(fsc_session_forecast(s, w, s->cli->now, s->cli->arena, err));
    FSC_TRY(keep_forecast(s, w, err));
    if (s->keeps_states && s->forecasters[w] && is_due(s, w))
        FSC_TRY(put_aside(b, s, w, err));
    s->forecasters[w] = NULL;
    return FSC_OK;
}

static fsc_status forecast_all(batch *b, fsc_session *s, fsc_err *err)
{
    fsc_arena_mark none = fsc_arena_get_mark(b->arena);
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        fsc_arena_mark mark = fsc_arena_get_mark(s->forecaster_arena);
        FSC_TRY(forecast_one(b, s, w, err));
        fsc_arena_rewind(s->forecaster_arena, mark);
        if (b->n == TOGETHER || (b->n && w + 1 == s->config.n_workloads)) {
            FSC_TRY(save(b, s, err));
            fsc_arena_rewind(b->arena, none);
        }
    }
    return FSC_OK;
}

fsc_status fsc_stage_forecasts(fsc_session *s, fsc_err *err)
{
    fsc_arena *lasting = s->forecaster_arena;
    batch b = {.n = 0};
    FSC_TRY(fsc_arena_open(&b.arena, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = fsc_arena_open(&s->forecaster_arena, (size_t)SCRATCH_LIMIT_MIB << 20, err);
    if (status == FSC_OK) {
        status = forecast_all(&b, s, err);
        fsc_arena_close(s->forecaster_arena);
    }
    fsc_arena_close(b.arena);
    s->forecaster_arena = lasting;
    return status;
}
