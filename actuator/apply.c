/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/apply.h"

#include <stdio.h>
#include <string.h>

enum { BOUNDS_TEXT = 96 };

/* What became of one workload; the names are the ledger's. */
typedef enum end { END_APPLIED, END_UNCHANGED, END_FAILED, END_HELD, END_PLANNED, END_N } end;
static const char *const end_names[END_N] = {"applied", "unchanged", "failed", "held", "planned"};

typedef struct task {
    fsc_kube *kube;
    fsc_store *store;
    const fsc_apply_input *in;
    const fsc_workload_config *config;
    const fsc_workload_plan *plan;
    const fsc_target_seen *seen;
} task;

static size_t *count_of(fsc_apply_counts *c, end e)
{
    size_t *const counts[END_N] = {&c->applied, &c->unchanged, &c->failed, &c->held, &c->planned};
    return counts[e];
}

/* ---- apply ----------------------------------------------------------------------------------- */

static const char *bounds_text(char out[BOUNDS_TEXT], int64_t min, int64_t max)
{
    (void)snprintf(out, BOUNDS_TEXT, "{\"minReplicas\":%lld,\"maxReplicas\":%lld}", (long long)min,
                   (long long)max);
    return out;
}

/* NULL, or why nothing is written whatever the plan says. */
static const char *left_alone(const task *t)
{
    if (!t->seen->exists)
        return "its target could not be read";
    return t->seen->hold ? t->seen->hold : t->seen->paused ? t->seen->paused_why : NULL;
}

static bool is_journalled_only(const task *t)
{
    return t->plan->mode == FSC_MODE_OBSERVE || t->in->dry == FSC_DRY_CLIENT ||
           !strcmp(t->config->target.kind_name, "None");
}

static fsc_status intend(int64_t *id, const task *t, const char *alone, fsc_arena *a, fsc_err *err)
{
    char before[BOUNDS_TEXT], after[BOUNDS_TEXT];
    const char *key = fsc_arena_printf(a, err, "%s/%s", t->in->plan->run_id, t->plan->name);
    if (!key)
        return FSC_NOMEM;
    return fsc_ledger_intend(
        id, t->store,
        &(fsc_ledger_row){
            .at = t->in->now,
            .run_id = t->in->plan->run_id,
            .kind = "act",
            .object = t->plan->name,
            .op = "set-bounds",
            .before = bounds_text(before, t->seen->min_replicas, t->seen->max_replicas),
            .after = bounds_text(after, t->plan->min_replicas, t->plan->max_replicas),
            .verdict = alone || t->plan->hold ? FSC_VERDICT_HELD : FSC_VERDICT_ALLOWED,
            .why = alone ? alone : t->plan->reason,
            .dry_run = t->in->dry != FSC_DRY_NONE || is_journalled_only(t),
            .key = key,
        },
        err);
}

/* After a run that does not renew, the record still outlasts the runs that may be missed and the
 * one after them; and an object is not written, nor KEDA's copy of it, at every run. */
static int64_t renew_s(const fsc_config *c)
{
    return (2 + c->missed_runs) * c->interval_s;
}

/* A plan's hold is written too: it renews the floor that stands, and the guard's cap with it. */
static end write_bounds(const task *t, fsc_arena *a, fsc_err *err)
{
    const fsc_target_ops *ops = fsc_target_find(t->config->target.kind_name);
    const fsc_workload_plan *p = t->plan;
    fsc_outcome outcome = FSC_UNCHANGED;
    if (!ops) {
        fsc_fail(err, FSC_CONFIG, "this version cannot scale a %s", t->config->target.kind_name);
        return END_FAILED;
    }
    fsc_status status = ops->apply(&outcome, t->kube, &t->config->target, t->seen,
                                   &(fsc_target_write){.now = t->in->now,
                                                       .min_replicas = p->min_replicas,
                                                       .max_replicas = p->max_replicas,
                                                       .baseline_min = p->baseline_min,
                                                       .baseline_max = p->baseline_max,
                                                       .safe_max = p->safe_max,
                                                       .expires_at = p->expires_at,
                                                       .renew_s = renew_s(t->in->config),
                                                       .run_id = t->in->plan->run_id,
                                                       .dry = t->in->dry},
                                   a, err);
    if (status == FSC_CONFLICT && !err->retryable)
        return END_HELD;
    if (status != FSC_OK)
        return END_FAILED;
    return outcome == FSC_APPLIED   ? END_APPLIED
           : outcome == FSC_PLANNED ? END_PLANNED
                                    : END_UNCHANGED;
}

static void tell(const task *t, end e, const char *why)
{
    char bounds[BOUNDS_TEXT];
    fsc_log_level level = e == END_FAILED      ? FSC_LOG_ERROR
                          : e == END_HELD      ? FSC_LOG_WARN
                          : e == END_UNCHANGED ? FSC_LOG_DEBUG
                                               : FSC_LOG_INFO;
    (void)snprintf(bounds, sizeof bounds, "%lld-%lld", (long long)t->plan->min_replicas,
                   (long long)t->plan->max_replicas);
    fsc_log_write(t->in->log, level, end_names[e], "workload", t->plan->name, "bounds", bounds,
                  "why", why, NULL);
    if (t->seen->note && (e == END_APPLIED || e == END_PLANNED))
        fsc_log_write(t->in->log, FSC_LOG_WARN, t->seen->note, "workload", t->plan->name, NULL);
}

static fsc_status act_on(fsc_apply_counts *out, const task *t, fsc_arena *a, fsc_err *err)
{
    int64_t id = 0;
    fsc_err one = FSC_ERR_INIT;
    const char *alone = strcmp(t->config->target.kind_name, "None") ? left_alone(t) : NULL;
    FSC_TRY(intend(&id, t, alone, a, err));
    end e = alone ? END_HELD : is_journalled_only(t) ? END_PLANNED : write_bounds(t, a, &one);
    const char *receipt = *one.msg ? one.msg : alone ? alone : t->plan->reason;
    tell(t, e, receipt);
    ++*count_of(out, e);
    if (t->plan->hold && e != END_HELD && e != END_FAILED)
        out->held++;
    return fsc_ledger_settle(t->store, id, t->in->now, end_names[e], receipt, err);
}

fsc_status fsc_apply(fsc_apply_counts *out, fsc_kube *k, fsc_store *s, const fsc_apply_input *in,
                     fsc_arena *a, fsc_err *err)
{
    *out = (fsc_apply_counts){0};
    for (int raises = 0; raises <= 1;
         raises++) { /* lowered caps first: the money that raises need */
        for (size_t w = 0; w < in->plan->n_workloads; w++) {
            const task t = {k,           s, in, &in->config->workloads[w], &in->plan->workloads[w],
                            &in->seen[w]};
            bool lowers_cap = t.seen->exists && t.plan->max_replicas < t.seen->max_replicas;
            if (lowers_cap == (raises == 1))
                continue;
            fsc_arena_mark mark = fsc_arena_get_mark(a);
            FSC_TRY(act_on(out, &t, a, err));
            fsc_arena_rewind(a, mark);
        }
    }
    return FSC_OK;
}

/* ---- restore --------------------------------------------------------------------------------- */

static end restore_one(fsc_kube *k, const fsc_target_ref *ref, int64_t now, fsc_restore_kind kind,
                       fsc_dry_run dry, fsc_arena *a, fsc_err *err)
{
    const fsc_target_ops *ops = fsc_target_find(ref->kind_name);
    fsc_outcome outcome = FSC_UNCHANGED;
    if (!ops) {
        fsc_fail(err, FSC_CONFIG, "this version cannot scale a %s", ref->kind_name);
        return END_FAILED;
    }
    fsc_status status = ops->restore(&outcome, k, ref, now, kind == FSC_RESTORE_ALL, dry, a, err);
    if (status == FSC_MISSING) /* gone, and our record with it */
        return END_UNCHANGED;
    if (status != FSC_OK)
        return END_FAILED;
    return outcome == FSC_APPLIED   ? END_APPLIED
           : outcome == FSC_PLANNED ? END_PLANNED
                                    : END_UNCHANGED;
}

fsc_status fsc_restore(fsc_apply_counts *out, fsc_kube *k, const fsc_config *config, int64_t now,
                       fsc_restore_kind kind, fsc_dry_run dry, const fsc_log *log, fsc_arena *a,
                       fsc_err *err)
{
    (void)err;
    *out = (fsc_apply_counts){0};
    for (size_t w = 0; w < config->n_workloads; w++) {
        const fsc_workload_config *wl = &config->workloads[w];
        fsc_err one = FSC_ERR_INIT;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        end e = restore_one(k, &wl->target, now, kind, dry, a, &one);
        fsc_log_write(log, e == END_FAILED ? FSC_LOG_ERROR : FSC_LOG_INFO,
                      e == END_FAILED ? one.msg : end_names[e], "workload", wl->name, NULL);
        ++*count_of(out, e);
        fsc_arena_rewind(a, mark);
    }
    return FSC_OK;
}
