/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/stages.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/shard.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { STATE_LIMIT_MIB = 1024 };

/* ---- CSV and state files -----------------------------------------------------------------------
 */

static fsc_status feed_named(fsc_session *s, const fsc_csv *csv, fsc_err *err)
{
    bool only = csv->n == 1 && s->config.n_workloads == 1;
    for (size_t i = 0; i < csv->n; i++) {
        fsc_series rows = fsc_series_cut(&csv->series[i], INT64_MIN, s->cli->now + 1);
        size_t w = 0;
        fsc_err unknown = FSC_ERR_INIT;
        if (!only && fsc_session_workload(&w, s, rows.id, &unknown) != FSC_OK) {
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, "the input's series is no workload", "series",
                          rows.id, NULL);
            continue;
        }
        if (rows.n)
            FSC_TRY(fsc_session_feed(s, w, &rows, err));
    }
    return FSC_OK;
}

fsc_status fsc_stage_csv(fsc_session *s, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_input_csv(&csv, s->cli, err));
    return feed_named(s, &csv, err);
}

fsc_status fsc_stage_state_read(fsc_session *s, fsc_err *err)
{
    const char *path = s->cli->args.state;
    const char *bytes;
    size_t n;
    if (!path || (access(path, F_OK) != 0 && errno == ENOENT))
        return FSC_OK;
    FSC_TRY(fsc_file_read(&bytes, &n, path, (size_t)STATE_LIMIT_MIB << 20, s->cli->arena, err));
    if (fsc_session_load(s, bytes, n, err) != FSC_OK)
        return fsc_context(err, "%s", path);
    return FSC_OK;
}

fsc_status fsc_stage_state_write(const fsc_session *s, fsc_err *err)
{
    fsc_buf bytes;
    if (!s->cli->args.state)
        return FSC_OK;
    fsc_buf_init(&bytes, s->cli->arena, (size_t)STATE_LIMIT_MIB << 20);
    FSC_TRY(fsc_session_save(&bytes, s, err));
    return fsc_file_write(s->cli->args.state, fsc_buf_str(&bytes), bytes.len, err);
}

/* ---- store -------------------------------------------------------------------------------------
 */

/* A state of another version, or a damaged one, must not stop every run to come: the ledger, which
 * each run has written, says what was spent. */
static fsc_status load_planner(fsc_session *s, fsc_err *err)
{
    const void *bytes;
    size_t n;
    fsc_err found = FSC_ERR_INIT, unread = FSC_ERR_INIT;
    const char *key = fsc_shard_name(s, "-", err);
    if (!key)
        return FSC_NOMEM;
    fsc_status status = fsc_blob_get(&bytes, &n, s->store, "planner", key, s->cli->arena, &found);
    if (status == FSC_MISSING)
        return FSC_OK;
    if (status != FSC_OK) { /* it is there: without it the spend since the last run would be lost */
        *err = found;
        return status;
    }
    if (fsc_planner_load(s->planner, bytes, n, &unread) == FSC_OK)
        return FSC_OK;
    fsc_log_write(&s->cli->log, FSC_LOG_ERROR,
                  "the stored planner state is made anew; the ledger's spend counts", "why",
                  unread.msg, NULL);
    return fsc_planner_open(&s->planner, &s->config, s->cli->arena, err);
}

fsc_status fsc_stage_history(fsc_session *s, fsc_err *err)
{
    FSC_TRY(fsc_stage_spend(s, err));
    FSC_TRY(fsc_shard_count_nodes(s, err));
    FSC_TRY(fsc_shard_reserve(s, err));
    /* A replay starts from history alone: the stored states are of a later time. */
    if (!s->cli->args.at_given)
        FSC_TRY(load_planner(s, err));
    return fsc_stage_forecasts(s, err);
}

static fsc_status save_leads(fsc_session *s, const char *what, const char *name,
                             const fsc_leads *leads, fsc_err *err)
{
    fsc_buf bytes;
    if (!leads->since) /* never looked */
        return FSC_OK;
    const char *key = fsc_arena_printf(s->cli->arena, err, "%s/%s", what, name);
    if (!key)
        return FSC_NOMEM;
    fsc_buf_init(&bytes, s->cli->arena, (size_t)STATE_LIMIT_MIB << 20);
    fsc_leads_save(&bytes, leads);
    FSC_TRY(fsc_buf_status(&bytes, err));
    return fsc_blob_put(s->store, "leads", key, fsc_buf_str(&bytes), bytes.len, s->cli->now, err);
}

fsc_status fsc_stage_history_save(fsc_session *s, fsc_err *err)
{
    fsc_buf bytes;
    fsc_buf_init(&bytes, s->cli->arena, (size_t)STATE_LIMIT_MIB << 20);
    FSC_TRY(fsc_planner_save(&bytes, s->planner, err));
    const char *key = fsc_shard_name(s, "-", err);
    if (!key)
        return FSC_NOMEM;
    FSC_TRY(fsc_store_begin(s->store, err));
    fsc_status status =
        fsc_blob_put(s->store, "planner", key, fsc_buf_str(&bytes), bytes.len, s->cli->now, err);
    for (size_t w = 0; w < s->config.n_workloads && status == FSC_OK; w++) {
        fsc_arena_mark mark = fsc_arena_get_mark(s->cli->arena);
        status = save_leads(s, "pod", s->config.workloads[w].name, &s->pod_leads[w], err);
        fsc_arena_rewind(s->cli->arena, mark);
    }
    for (size_t p = 0; p < s->config.n_pools && status == FSC_OK; p++)
        status = save_leads(s, "node", s->config.pools[p].name, &s->node_leads[p], err);
    if (status == FSC_OK)
        return fsc_store_commit(s->store, err);
    fsc_store_rollback(s->store);
    return status;
}

/* ---- collect ------------------------------------------------------------------------------------
 */

static fsc_status resolve_query(fsc_collect_query *out, fsc_session *s, size_t w, fsc_err *err)
{
    const fsc_workload_config *wl = &s->config.workloads[w];
    const char *query = wl->demand.query ? wl->demand.query : s->seen[w].query;
    if (!query)
        return fsc_fail(err, FSC_CONFIG, "workload %s has no demand query: %s", wl->name,
                        s->seen[w].demand_note
                            ? s->seen[w].demand_note
                            : "give demand.query, or a prometheus trigger on its target");
    *out = (fsc_collect_query){
        .series_id = wl->name, .query = query, .by = wl->demand.by, .value = wl->demand.value};
    return FSC_OK;
}

static void log_results(fsc_session *s, const fsc_collect_result *r, size_t n, size_t *failed)
{
    for (size_t i = 0; i < n; i++) {
        char samples[32];
        (void)snprintf(samples, sizeof samples, "%zu", r[i].samples);
        if (r[i].warning[0])
            fsc_log_write(&s->cli->log, FSC_LOG_WARN, r[i].warning, "series", r[i].series_id, NULL);
        if (r[i].status == FSC_OK) {
            fsc_log_write(&s->cli->log, FSC_LOG_INFO, "collected", "series", r[i].series_id,
                          "samples", samples, NULL);
            continue;
        }
        ++*failed;
        s->failed_for_good |= !r[i].err.retryable;
        fsc_log_write(&s->cli->log, FSC_LOG_ERROR, r[i].err.msg, "series", r[i].series_id, NULL);
    }
}

static void show_progress(void *ctx, size_t done, size_t total)
{
    fsc_progress_at(ctx, (double)done / (double)total);
}

fsc_status fsc_stage_collect(fsc_session *s, int64_t since_s, size_t *failed, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    size_t n = 0;
    fsc_progress bar;
    fsc_collect_query *queries = FSC_NEW(a, s->config.n_workloads, fsc_collect_query, err);
    fsc_collect_result *results = FSC_NEW(a, s->config.n_workloads, fsc_collect_result, err);
    *failed = 0;
    if (!queries || !results)
        return FSC_NOMEM;
    FSC_TRY(fsc_session_http(s, err));
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        fsc_err one = FSC_ERR_INIT;
        if (resolve_query(&queries[n], s, w, &one) == FSC_OK) {
            n++;
            continue;
        }
        ++*failed;
        s->failed_for_good = true;
        fsc_log_write(&s->cli->log, FSC_LOG_ERROR, one.msg, NULL);
    }
    fsc_progress_begin(&bar, "collect");
    fsc_status status =
        fsc_collect(results, s->store, s->http,
                    &(fsc_collect_input){.now = s->cli->now,
                                         /* What is retired is not asked for again. */
                                         .since_s = since_s < s->config.store.retention_s
                                                        ? since_s
                                                        : s->config.store.retention_s,
                                         .step_s = FSC_COLLECT_STEP_S,
                                         .config = &s->config,
                                         .queries = queries,
                                         .n = n,
                                         .progress = show_progress,
                                         .progress_ctx = &bar},
                    a, err);
    fsc_progress_end(&bar);
    FSC_TRY(status);
    log_results(s, results, n, failed);
    return fsc_history_retire(s->store, s->cli->now - s->config.store.retention_s, err);
}

fsc_status fsc_stage_gather(fsc_session *s, fsc_err *err)
{
    size_t failed;
    const fsc_args *args = &s->cli->args;
    FSC_TRY(fsc_session_overrides(s, err));
    if (args->input) {
        FSC_TRY(fsc_stage_prices(s, false, err));
        FSC_TRY(fsc_stage_state_read(s, err));
        return fsc_stage_csv(s, err);
    }
    if (!s->store)
        FSC_TRY(fsc_session_store(s, FSC_STORE_READ, err));
    if (!args->at_given)
        FSC_TRY(fsc_stage_observe(s, &failed, err));
    FSC_TRY(fsc_stage_prices(s, !args->at_given, err));
    return fsc_stage_history(s, err);
}
