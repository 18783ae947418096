/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what is stored to forecasts, some workloads after the others: their forecasters are in
 * memory together, no more, and are saved in one transaction.
 */
#include "cli/stages.h"
#include "forescale/hash.h"

#include <string.h>

enum {
    STATE_LIMIT_MIB = 64,
    SCRATCH_LIMIT_MIB = 4096,
    HISTORY_S = 29 * FSC_DAY_S,
    TOGETHER = 32,
    SAVES_A_RUN = 500 /* states that only grew; others are fed what they lack the next time */
};

/* The two parts of a forecaster's state, as kinds of blobs: the first is written once a day. */
static const char day_kind[] = "forecaster-day", now_kind[] = "forecaster";

/* A state that this version cannot read is made anew from history: slower once, never wrong. */
static void load(fsc_session *s, size_t w, fsc_arena *a)
{
    const void *day, *now;
    size_t n_day, n_now;
    fsc_err err = FSC_ERR_INIT;
    const char *name = s->config.workloads[w].name;
    if (fsc_blob_get(&now, &n_now, s->store, now_kind, name, a, &err) != FSC_OK)
        return;
    if (fsc_session_step(s, w, FSC_COLLECT_STEP_S, &err) == FSC_OK &&
        fsc_blob_get(&day, &n_day, s->store, day_kind, name, a, &err) == FSC_OK &&
        fsc_forecaster_load(s->forecasters[w], day, n_day, now, n_now, &err) == FSC_OK)
        return;
    s->forecasters[w] = NULL;
    fsc_log_write(&s->cli->log, FSC_LOG_INFO, "the stored forecast state is made anew", "workload",
                  name, "why", err.msg, NULL);
}

static fsc_status feed(fsc_session *s, size_t w, fsc_arena *a, fsc_err *err)
{
    fsc_series rows;
    const char *name = s->config.workloads[w].name;
    int64_t to = s->cli->now + 1, from = s->cli->now - HISTORY_S;
    fsc_err read = FSC_ERR_INIT;
    if (s->keeps_history) {
        a = s->cli->arena;
    } else if (s->forecasters[w]) {
        int64_t newest = fsc_forecaster_newest(s->forecasters[w]);
        from = newest >= from ? newest + 1 : from;
    }
    fsc_status status = fsc_history_read(&rows, s->store, name, from, to, a, &read);
    if (status == FSC_MISSING || (status == FSC_OK && !rows.n && !s->forecasters[w])) {
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, "no history: run forescale collect", "workload",
                      name, NULL);
        return FSC_OK;
    }
    if (status != FSC_OK) {
        *err = read;
        return status;
    }
    return rows.n ? fsc_session_feed(s, w, &rows, err) : FSC_OK;
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

static fsc_status save(fsc_session *s, size_t w, fsc_arena *a, fsc_err *err)
{
    fsc_buf day, now;
    const char *name = s->config.workloads[w].name;
    fsc_buf_init(&day, a, (size_t)STATE_LIMIT_MIB << 20);
    fsc_buf_init(&now, a, (size_t)STATE_LIMIT_MIB << 20);
    if (!fsc_forecaster_day_is_stored(s->forecasters[w])) {
        FSC_TRY(fsc_forecaster_save_day(&day, s->forecasters[w], err));
        FSC_TRY(
            fsc_blob_put(s->store, day_kind, name, fsc_buf_str(&day), day.len, s->cli->now, err));
    }
    FSC_TRY(fsc_forecaster_save_now(&now, s->forecasters[w], err));
    return fsc_blob_put(s->store, now_kind, name, fsc_buf_str(&now), now.len, s->cli->now, err);
}

static fsc_status save_some(fsc_session *s, size_t from, size_t to, fsc_arena *a, fsc_err *err)
{
    fsc_status status = fsc_store_begin(s->store, err);
    for (size_t w = from; w < to && status == FSC_OK; w++)
        if (s->forecasters[w] && is_due(s, w))
            status = save(s, w, a, err);
    if (status == FSC_OK)
        return fsc_store_commit(s->store, err);
    fsc_store_rollback(s->store);
    return status;
}

static fsc_status forecast_some(fsc_session *s, size_t from, size_t to, fsc_err *err)
{
    fsc_arena *a = s->forecaster_arena;
    for (size_t w = from; w < to; w++) {
        /* A replay starts from history alone: the stored states are of a later time. */
        if (!s->cli->args.at_given)
            load(s, w, a);
        FSC_TRY(feed(s, w, a, err));
        FSC_TRY(fsc_session_forecast(s, w, s->cli->now, s->cli->arena, err));
        FSC_TRY(keep_forecast(s, w, err));
    }
    if (s->keeps_states)
        FSC_TRY(save_some(s, from, to, a, err));
    for (size_t w = from; w < to; w++)
        s->forecasters[w] = NULL;
    return FSC_OK;
}

fsc_status fsc_stage_forecasts(fsc_session *s, fsc_err *err)
{
    fsc_arena *lasting = s->forecaster_arena;
    FSC_TRY(fsc_arena_open(&s->forecaster_arena, (size_t)SCRATCH_LIMIT_MIB << 20, err));
    fsc_status status = FSC_OK;
    for (size_t w = 0; w < s->config.n_workloads && status == FSC_OK; w += TOGETHER) {
        size_t to = w + TOGETHER < s->config.n_workloads ? w + TOGETHER : s->config.n_workloads;
        fsc_arena_mark mark = fsc_arena_get_mark(s->forecaster_arena);
        status = forecast_some(s, w, to, err);
        fsc_arena_rewind(s->forecaster_arena, mark);
    }
    fsc_arena_close(s->forecaster_arena);
    s->forecaster_arena = lasting;
    return status;
}
