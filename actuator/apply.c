/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/apply.h"

#include "actuator/event.h"

#include <stdio.h>
#include <string.h>

enum { BOUNDS_TEXT = 96 };

/* What became of one object; the names are the ledger's. */
typedef enum end { END_APPLIED, END_UNCHANGED, END_FAILED, END_HELD, END_PLANNED, END_N } end;
static const char *const end_names[END_N] = {"applied", "unchanged", "failed", "held", "planned"};

static size_t *count_of(fsc_apply_counts *c, end e)
{
    size_t *const counts[END_N] = {&c->applied, &c->unchanged, &c->failed, &c->held, &c->planned};
    return counts[e];
}

static end end_of(fsc_status status, fsc_outcome outcome, const fsc_err *err)
{
    if (status == FSC_CONFLICT && !err->retryable)
        return END_HELD;
    if (status != FSC_OK)
        return END_FAILED;
    return outcome == FSC_APPLIED   ? END_APPLIED
           : outcome == FSC_PLANNED ? END_PLANNED
                                    : END_UNCHANGED;
}

static bool is_none(const fsc_target_ref *ref)
{
    return !strcmp(ref->kind_name, "None");
}

/* ---- apply ----------------------------------------------------------------------------------- */

/* One object that the plan is about. */
typedef struct act {
    const char *what; /* "workload", "pool" */
    const char *name, *op, *why;
    const fsc_target_ref *ref;
    const fsc_target_ops *ops; /* NULL: this version knows no such kind */
    const fsc_target_seen *seen;
    fsc_target_write write;
    const char *alone; /* NULL, or why nothing is written whatever the plan says */
    bool hold;         /* the plan holds it: written all the same, to renew what stands */
    bool journal_only;
} act;

static const char *bounds_text(char out[BOUNDS_TEXT], const act *t, int64_t min, int64_t max)
{
    if (t->ops && t->ops->is_sized)
        (void)snprintf(out, BOUNDS_TEXT, "{\"%s\":%lld}", t->ops->is_pool ? "nodes" : "replicas",
                       (long long)min);
    else
        (void)snprintf(out, BOUNDS_TEXT, "{\"minReplicas\":%lld,\"maxReplicas\":%lld}",
                       (long long)min, (long long)max);
    return out;
}

static const char *left_alone(const fsc_target_ref *ref, const fsc_target_seen *seen)
{
    if (is_none(ref))
        return NULL;
    if (!seen->exists)
        return "its target could not be read";
    return seen->hold ? seen->hold : seen->paused ? seen->paused_why : NULL;
}

/* After a run that does not renew, the record still outlasts the runs that may be missed and the
 * one after them; and an object is not written, nor KEDA's copy of it, at every run. */
static int64_t renew_s(const fsc_config *c)
{
    return (2 + c->missed_runs) * c->interval_s;
}

/* One number: what the plan wants at least. Held, it stays within the plan's bounds: with no
 * forecast there is no better one. What the user had is the baseline that is recorded. */
static void size_workload(act *t, const fsc_workload_plan *p)
{
    int64_t size = p->min_replicas, now = t->seen->min_replicas;
    if (p->hold)
        size = now < p->min_replicas   ? p->min_replicas
               : now > p->max_replicas ? p->max_replicas
                                       : now;
    t->write.min_replicas = t->write.max_replicas = size;
    t->write.baseline_min = t->write.baseline_max = t->seen->ours ? t->seen->baseline_min : now;
}

static act workload_act(const fsc_apply_input *in, size_t w)
{
    const fsc_workload_plan *p = &in->plan->workloads[w];
    const fsc_target_ref *ref = &in->config->workloads[w].target;
    act t = {.what = "workload",
             .name = p->name,
             .op = "set-bounds",
             .why = p->reason,
             .ref = ref,
             .ops = fsc_target_find(ref->kind_name),
             .seen = &in->seen[w],
             .write = {.now = in->now,
                       .min_replicas = p->min_replicas,
                       .max_replicas = p->max_replicas,
                       .baseline_min = p->baseline_min,
                       .baseline_max = p->baseline_max,
                       .safe_max = p->safe_max,
                       .expires_at = p->expires_at,
                       .renew_s = renew_s(in->config),
                       .run_id = in->plan->run_id,
                       .dry = in->dry},
             .alone = left_alone(ref, &in->seen[w]),
             .hold = p->hold,
             .journal_only =
                 p->mode != FSC_MODE_ENFORCE || in->dry == FSC_DRY_CLIENT || is_none(ref)};
    if (t.ops && t.ops->is_sized)
        size_workload(&t, p);
    return t;
}

static bool uses(const fsc_workload_config *w, const char *pool)
{
    for (size_t i = 0; i < w->pools.n; i++)
        if (!strcmp(w->pools.v[i], pool))
            return true;
    return false;
}

/* The number that a pool's object is to hold, never below the user's own: nodes that hold pods, or
 * are about to by a floor of this plan, are not ordered a second time, and are not let go. */
static int64_t pool_size(const fsc_pool_plan *q, const fsc_pool_seen *nodes, fsc_pool_size form,
                         int64_t baseline)
{
    int64_t held =
        nodes->used_known && nodes->used > q->enforced_held ? nodes->used : q->enforced_held;
    int64_t size = form == FSC_SIZE_EXTRA ? q->enforced_nodes - held : q->enforced_nodes;
    if (form == FSC_SIZE_WHOLE && size < held)
        size = held;
    return size > baseline ? size : baseline;
}

/* What the plan says of the workloads that use a pool and are not only observed. */
typedef struct pool_users {
    bool any;
    const char *held; /* NULL, or why one of them is held */
    bool limited;     /* a budget of theirs is not closed */
    int64_t expires_at;
} pool_users;

static bool is_limited(const fsc_apply_input *in, const char *workload)
{
    for (size_t b = 0; b < in->plan->n_budgets; b++)
        if (in->plan->budgets[b].state != FSC_BUDGET_CLOSED &&
            fsc_budget_covers(&in->config->budgets[b], workload))
            return true;
    return false;
}

static pool_users users_of(const fsc_apply_input *in, const char *pool)
{
    pool_users u = {.expires_at = in->now};
    for (size_t w = 0; w < in->plan->n_workloads; w++) {
        const fsc_workload_plan *user = &in->plan->workloads[w];
        if (!uses(&in->config->workloads[w], pool) || user->mode == FSC_MODE_OBSERVE)
            continue;
        u.any = true;
        u.held = user->hold ? user->reason : u.held;
        u.limited |= is_limited(in, user->name);
        u.expires_at = user->expires_at > u.expires_at ? user->expires_at : u.expires_at;
    }
    return u;
}

/* A hold knows no demand, and lets no node go: what is there stays until its record runs out, which
 * a hold does not renew. Of extra nodes those stay that are empty; none is ordered in their place.
 */
static void keep_pool(act *t, const pool_users *u, const fsc_pool_seen *nodes)
{
    int64_t kept = t->seen->min_replicas, empty = nodes->ready - nodes->used;
    if (!u->held || u->limited || !t->seen->ours)
        return;
    if (t->ops->pool_size == FSC_SIZE_EXTRA && nodes->used_known && empty < kept)
        kept = empty;
    if (kept <= t->write.min_replicas)
        return;
    t->hold = true;
    t->why = u->held;
    t->write.min_replicas = t->write.max_replicas = kept;
    t->write.expires_at = t->seen->expires_at;
    t->write.renew_s = 0;
}

static act pool_act(const fsc_apply_input *in, size_t p)
{
    const fsc_pool_plan *q = &in->plan->pools[p];
    const fsc_target_ref *ref = &in->config->pools[p].prewarm;
    const fsc_target_seen *seen = &in->pool_targets[p];
    const pool_users users = users_of(in, q->name);
    act t = {.what = "pool",
             .name = q->name,
             .op = "set-nodes",
             .why = q->reason,
             .ref = ref,
             .ops = fsc_target_find(ref->kind_name),
             .seen = seen,
             .alone = left_alone(ref, seen),
             .journal_only = !users.any || in->dry == FSC_DRY_CLIENT || is_none(ref)};
    int64_t baseline = seen->ours ? seen->baseline_min : seen->min_replicas;
    fsc_pool_size form = t.ops ? t.ops->pool_size : FSC_SIZE_EXTRA;
    const fsc_pool_seen *nodes = &in->pool_nodes[p];
    if (!t.alone && !is_none(ref) && form == FSC_SIZE_WHOLE && !(nodes->known && nodes->used_known))
        t.alone = nodes->known ? "the pods on its nodes cannot be listed, so that none is known to "
                                 "be empty"
                               : "its nodes are not counted, so that none is known to be empty: "
                                 "give the pool a nodeSelector";
    int64_t size = pool_size(q, nodes, form, baseline);
    t.write = (fsc_target_write){.now = in->now,
                                 .min_replicas = size,
                                 .max_replicas = size,
                                 .baseline_min = baseline,
                                 .baseline_max = baseline,
                                 .safe_max = baseline,
                                 .expires_at = users.expires_at,
                                 .renew_s = renew_s(in->config),
                                 .run_id = in->plan->run_id,
                                 .dry = in->dry};
    if (t.ops)
        keep_pool(&t, &users, nodes);
    return t;
}

static fsc_verdict verdict_of(const act *t)
{
    return t->alone || t->hold ? FSC_VERDICT_HELD : FSC_VERDICT_ALLOWED;
}

static bool is_dry(const act *t)
{
    return t->write.dry != FSC_DRY_NONE || t->journal_only;
}

static fsc_status intend(int64_t *id, fsc_store *s, const act *t, fsc_arena *a, fsc_err *err)
{
    char before[BOUNDS_TEXT], after[BOUNDS_TEXT];
    const char *key = fsc_arena_printf(a, err, "%s/%s/%s", t->write.run_id, t->what, t->name);
    if (!key)
        return FSC_NOMEM;
    return fsc_ledger_intend(
        id, s,
        &(fsc_ledger_row){
            .at = t->write.now,
            .run_id = t->write.run_id,
            .kind = "act",
            .object = t->name,
            .op = t->op,
            .before = bounds_text(before, t, t->seen->min_replicas, t->seen->max_replicas),
            .after = bounds_text(after, t, t->write.min_replicas, t->write.max_replicas),
            .verdict = verdict_of(t),
            .why = t->alone ? t->alone : t->why,
            .dry_run = is_dry(t),
            .key = key,
        },
        err);
}

static end write_target(const act *t, fsc_kube *k, fsc_arena *a, fsc_err *err)
{
    fsc_outcome outcome = FSC_UNCHANGED;
    if (!t->ops) {
        fsc_fail(err, FSC_CONFIG, "this version cannot scale a %s", t->ref->kind_name);
        return END_FAILED;
    }
    fsc_status status = fsc_target_apply(&outcome, k, t->ops, t->ref, t->seen, &t->write, a, err);
    return end_of(status, outcome, err);
}

static void tell(const act *t, end e, const char *why, const fsc_log *log)
{
    char after[BOUNDS_TEXT];
    fsc_log_level level = e == END_FAILED      ? FSC_LOG_ERROR
                          : e == END_HELD      ? FSC_LOG_WARN
                          : e == END_UNCHANGED ? FSC_LOG_DEBUG
                                               : FSC_LOG_INFO;
    (void)bounds_text(after, t, t->write.min_replicas, t->write.max_replicas);
    fsc_log_write(log, level, end_names[e], t->what, t->name, "bounds", after, "why", why, NULL);
    if (t->seen->note && (e == END_APPLIED || e == END_PLANNED))
        fsc_log_write(log, FSC_LOG_WARN, t->seen->note, t->what, t->name, NULL);
}

/* What comes of an act that needs no write; END_FAILED: it needs one. */
static end without_write(const act *t)
{
    if (t->alone)
        return END_HELD;
    if (t->journal_only)
        return END_PLANNED;
    return t->ops && fsc_target_stands(t->seen, &t->write) ? END_UNCHANGED : END_FAILED;
}

/* Does the ledger say so already, and not too long ago? */
static bool is_told(const act *t, end e, const fsc_ledger_entry *last)
{
    char after[BOUNDS_TEXT];
    const fsc_ledger_row *row = &last->row;
    if (e == END_FAILED || !last->outcome || t->write.now - row->at >= FSC_LEDGER_REPEAT_S ||
        row->dry_run != is_dry(t) || row->verdict != verdict_of(t) || strcmp(row->op, t->op) ||
        strcmp(row->after, bounds_text(after, t, t->write.min_replicas, t->write.max_replicas)))
        return false;
    if (e == END_UNCHANGED && !strcmp(last->outcome, end_names[END_APPLIED]))
        return true;
    return !strcmp(last->outcome, end_names[e]) && (!t->alone || !strcmp(row->why, t->alone));
}

/* Only what a human would want to see beside the object: bounds that changed, a hold that began. */
static void announce(const act *t, end e, bool held_before, fsc_kube *k, const fsc_log *log,
                     fsc_arena *a)
{
    char text[BOUNDS_TEXT];
    fsc__event event = {.at = t->write.now, .run_id = t->write.run_id};
    const fsc__event *what = NULL;
    if (t->journal_only || t->write.dry != FSC_DRY_NONE)
        return;
    if (e == END_APPLIED) {
        what = fsc__event_of_change(&event, t->ops, t->seen, t->write.min_replicas,
                                    t->write.max_replicas);
        event.note = fsc_arena_printf(
            a, NULL, "%s: %s", bounds_text(text, t, t->write.min_replicas, t->write.max_replicas),
            t->why);
    } else if ((t->alone || t->hold) && !held_before) {
        event.reason = "Held";
        event.action = "Hold";
        event.is_warning = true;
        event.note = t->alone ? t->alone : t->why;
        what = &event;
    }
    if (what && what->note)
        fsc__event_post(k, t->ref, t->seen, what, log, a);
}

static fsc_status record(end *e, const char **receipt, fsc_kube *k, fsc_store *s, const act *t,
                         fsc_arena *a, fsc_err *err)
{
    int64_t id = 0;
    fsc_err one = FSC_ERR_INIT;
    FSC_TRY(intend(&id, s, t, a, err));
    *e = t->alone ? END_HELD : t->journal_only ? END_PLANNED : write_target(t, k, a, &one);
    if (*one.msg)
        *receipt = fsc_arena_strdup(a, one.msg, err);
    return *receipt ? fsc_ledger_settle(s, id, t->write.now, end_names[*e], *receipt, err)
                    : FSC_NOMEM;
}

static fsc_status carry_out(fsc_apply_counts *out, fsc_kube *k, fsc_store *s, const act *t,
                            const fsc_log *log, fsc_arena *a, fsc_err *err)
{
    fsc_err none = FSC_ERR_INIT;
    fsc_ledger_entry last = {.row = {.verdict = FSC_VERDICT_ALLOWED}};
    fsc_arena_mark mark = fsc_arena_get_mark(a);
    fsc_status status = fsc_ledger_newest(&last, s, "act", t->name, t->write.now, a, &none);
    if (status != FSC_OK && status != FSC_MISSING) {
        *err = none;
        return status;
    }
    const char *receipt = t->alone ? t->alone : t->why;
    end e = without_write(t);
    if (status == FSC_MISSING || !is_told(t, e, &last))
        FSC_TRY(record(&e, &receipt, k, s, t, a, err));
    tell(t, e, receipt, log);
    announce(t, e, last.row.verdict == FSC_VERDICT_HELD, k, log, a);
    ++*count_of(out, e);
    if (t->hold && e != END_HELD && e != END_FAILED)
        out->held++;
    fsc_arena_rewind(a, mark);
    return FSC_OK;
}

/* What is only journalled; then lowered caps, the money that raises need; nodes before the pods
 * that they are for. */
typedef enum phase { PHASE_JOURNAL, PHASE_LOWER, PHASE_RAISE } phase;

static phase phase_of(const act *t)
{
    if (t->journal_only)
        return PHASE_JOURNAL;
    return t->seen->exists && t->write.max_replicas < t->seen->max_replicas ? PHASE_LOWER
                                                                            : PHASE_RAISE;
}

static fsc_status act_on_workloads(fsc_apply_counts *out, fsc_kube *k, fsc_store *s,
                                   const fsc_apply_input *in, phase wanted, fsc_arena *a,
                                   fsc_err *err)
{
    for (size_t w = 0; w < in->plan->n_workloads; w++) {
        const act t = workload_act(in, w);
        if (phase_of(&t) == wanted)
            FSC_TRY(carry_out(out, k, s, &t, in->log, a, err));
    }
    return FSC_OK;
}

static const char *const budget_reasons[] = {
    [FSC_BUDGET_CLOSED] = "BudgetClosed",
    [FSC_BUDGET_THROTTLED] = "BudgetThrottled",
    [FSC_BUDGET_OPEN] = "BudgetOpen",
    [FSC_BUDGET_HALF_OPEN] = "BudgetHalfOpen",
};

/* A budget's new state, on the objects that it covers. */
static void announce_budgets(const fsc_apply_input *in, fsc_kube *k, fsc_arena *a)
{
    for (size_t b = 0; b < in->plan->n_budgets && in->dry == FSC_DRY_NONE; b++) {
        const fsc_budget_plan *p = &in->plan->budgets[b];
        const char *note = fsc_arena_printf(a, NULL, "budget %s: %s", p->name, p->reason);
        if (p->state == p->state_before || !note)
            continue;
        for (size_t w = 0; w < in->plan->n_workloads; w++) {
            const fsc_workload_config *wl = &in->config->workloads[w];
            if (wl->mode == FSC_MODE_ENFORCE &&
                fsc_budget_covers(&in->config->budgets[b], wl->name))
                fsc__event_post(k, &wl->target, &in->seen[w],
                                &(fsc__event){.at = in->now,
                                              .run_id = in->plan->run_id,
                                              .reason = budget_reasons[p->state],
                                              .action = "Budget",
                                              .note = note,
                                              .is_warning = p->state != FSC_BUDGET_CLOSED},
                                in->log, a);
        }
    }
}

/* A pool that no longer delivers, on its own object, or where that is none on what waits for it. */
static void announce_pools(const fsc_apply_input *in, fsc_kube *k, fsc_arena *a)
{
    for (size_t p = 0; p < in->plan->n_pools && in->dry == FSC_DRY_NONE; p++) {
        const fsc_pool_plan *q = &in->plan->pools[p];
        const fsc__event event = {.at = in->now,
                                  .run_id = in->plan->run_id,
                                  .reason = "NodesNotDelivered",
                                  .action = "Scale",
                                  .note =
                                      fsc_arena_printf(a, NULL, "pool %s: %s", q->name, q->reason),
                                  .is_warning = true};
        if (!q->undelivered || q->undelivered_before || !event.note)
            continue;
        if (in->pool_targets[p].kind)
            fsc__event_post(k, &in->config->pools[p].prewarm, &in->pool_targets[p], &event, in->log,
                            a);
        for (size_t w = 0; w < in->plan->n_workloads && !in->pool_targets[p].kind; w++)
            if (in->config->workloads[w].mode == FSC_MODE_ENFORCE &&
                uses(&in->config->workloads[w], q->name))
                fsc__event_post(k, &in->config->workloads[w].target, &in->seen[w], &event, in->log,
                                a);
    }
}

/* Nothing outside follows these rows: they need no disk of their own each. */
static fsc_status journal(fsc_apply_counts *out, fsc_kube *k, fsc_store *s,
                          const fsc_apply_input *in, fsc_arena *a, fsc_err *err)
{
    FSC_TRY(fsc_store_begin(s, err));
    fsc_status status = act_on_workloads(out, k, s, in, PHASE_JOURNAL, a, err);
    if (status == FSC_OK)
        return fsc_store_commit(s, err);
    fsc_store_rollback(s);
    return status;
}

fsc_status fsc_apply(fsc_apply_counts *out, fsc_kube *k, fsc_store *s, const fsc_apply_input *in,
                     fsc_arena *a, fsc_err *err)
{
    *out = (fsc_apply_counts){0};
    FSC_TRY(journal(out, k, s, in, a, err));
    FSC_TRY(act_on_workloads(out, k, s, in, PHASE_LOWER, a, err));
    for (size_t p = 0; p < in->plan->n_pools; p++) {
        const act t = pool_act(in, p);
        if (!is_none(t.ref))
            FSC_TRY(carry_out(out, k, s, &t, in->log, a, err));
    }
    FSC_TRY(act_on_workloads(out, k, s, in, PHASE_RAISE, a, err));
    announce_budgets(in, k, a);
    announce_pools(in, k, a);
    return FSC_OK;
}

/* ---- restore --------------------------------------------------------------------------------- */

typedef struct undo {
    fsc_kube *kube;
    int64_t now;
    fsc_restore_kind kind;
    fsc_dry_run dry;
    const fsc_log *log;
    fsc_arena *arena;
} undo;

static const char *const restore_notes[] = {
    [FSC_RESTORE_EXPIRED] = "no run renewed it: what had run out was put back",
    [FSC_RESTORE_CAPS] = ("no run came for longer than missedRuns allows: what had run out was put "
                          "back, and the cap is the safe one"),
    [FSC_RESTORE_ALL] = "the user's own bounds were put back",
};

static end restore_target(const undo *u, const fsc_target_ref *ref, fsc_err *err)
{
    const fsc_target_ops *ops = fsc_target_find(ref->kind_name);
    fsc_outcome outcome = FSC_UNCHANGED;
    if (!ops) {
        fsc_fail(err, FSC_CONFIG, "this version cannot scale a %s", ref->kind_name);
        return END_FAILED;
    }
    fsc_target_seen seen = {0};
    fsc_status status = fsc_target_restore(&outcome, &seen, u->kube, ops, ref, u->now, u->kind,
                                           u->dry, u->arena, err);
    if (outcome == FSC_APPLIED)
        fsc__event_post(u->kube, ref, &seen,
                        &(fsc__event){.at = u->now,
                                      .reason = "Restored",
                                      .action = "Restore",
                                      .note = restore_notes[u->kind],
                                      .is_warning = u->kind != FSC_RESTORE_ALL},
                        u->log, u->arena);
    if (status == FSC_MISSING) /* gone, and our record with it */
        return END_UNCHANGED;
    return status == FSC_OK ? end_of(status, outcome, err) : END_FAILED;
}

static void restore_one(fsc_apply_counts *out, const undo *u, const char *what, const char *name,
                        const fsc_target_ref *ref)
{
    fsc_err one = FSC_ERR_INIT;
    fsc_arena_mark mark = fsc_arena_get_mark(u->arena);
    end e = is_none(ref) ? END_UNCHANGED : restore_target(u, ref, &one);
    fsc_log_write(u->log, e == END_FAILED ? FSC_LOG_ERROR : FSC_LOG_INFO,
                  e == END_FAILED ? one.msg : end_names[e], what, name, NULL);
    ++*count_of(out, e);
    fsc_arena_rewind(u->arena, mark);
}

void fsc_restore(fsc_apply_counts *out, fsc_kube *k, const fsc_config *config,
                 const int64_t *last_runs, int64_t now, fsc_restore_kind kind, fsc_dry_run dry,
                 const fsc_log *log, fsc_arena *a)
{
    int64_t oldest = now - config->interval_s * (1 + config->missed_runs);
    undo u = {k, now, kind, dry, log, a};
    *out = (fsc_apply_counts){0};
    for (size_t w = 0; w < config->n_workloads; w++) {
        bool overdue = last_runs[w] && last_runs[w] < oldest;
        u.kind = overdue && kind == FSC_RESTORE_EXPIRED ? FSC_RESTORE_CAPS : kind;
        restore_one(out, &u, "workload", config->workloads[w].name, &config->workloads[w].target);
    }
    u.kind = kind;
    for (size_t p = 0; p < config->n_pools; p++)
        if (!is_none(&config->pools[p].prewarm))
            restore_one(out, &u, "pool", config->pools[p].name, &config->pools[p].prewarm);
}
