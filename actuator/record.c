/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "actuator/record.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WRITES = 3, PATCH_BYTES = 64 * 1024 };

const fsc_target_ops *fsc_target_find(const char *kind)
{
    for (const fsc_target_ops *const *t = fsc_targets(); *t; t++)
        if (!strcmp((*t)->name, kind))
            return *t;
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

const char *fsc__kind_path(const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                           fsc_err *err)
{
    if (kind->is_cluster_wide)
        return fsc_arena_printf(a, err, "%s/%s/%s", kind->group, kind->resource, ref->name);
    return fsc_arena_printf(a, err, "%s/namespaces/%s/%s/%s", kind->group, ref->namespace_,
                            kind->resource, ref->name);
}

fsc_status fsc_target_object(const fsc_node **out, fsc_kube *k, const fsc_target_ref *ref,
                             fsc_arena *a, fsc_err *err)
{
    const fsc_target_ops *ops = fsc_target_find(ref->kind_name);
    if (!ops || !ops->writer || !ops->writer->group)
        return fsc_fail(err, FSC_CONFIG, "a %s is no object of Kubernetes'", ref->kind_name);
    const char *path = fsc__kind_path(ops->writer, ref, a, err);
    return path ? fsc_kube_get(out, k, path, a, err) : FSC_NOMEM;
}

fsc_status fsc__object_read(fsc_target_seen *seen, const fsc_node **object, fsc_kube *k,
                            const fsc__kind *kind, const fsc_target_ref *ref, fsc_arena *a,
                            fsc_err *err)
{
    const char *path = fsc__kind_path(kind, ref, a, err);
    *seen = (fsc_target_seen){0};
    if (!path)
        return FSC_NOMEM;
    FSC_TRY(fsc_kube_get(object, k, path, a, err));
    seen->exists = true;
    seen->api_version = fsc_node_text(fsc_node_at(*object, "apiVersion", NULL), NULL);
    seen->kind = fsc_node_text(fsc_node_at(*object, "kind", NULL), NULL);
    seen->uid = fsc_node_text(fsc_node_at(*object, "metadata", "uid", NULL), NULL);
    seen->resource_version =
        fsc_node_text(fsc_node_at(*object, "metadata", "resourceVersion", NULL), "");
    return FSC_OK;
}

const char *fsc__annotation(const fsc_node *object, const char *key)
{
    return fsc_node_text(fsc_node_at(object, "metadata", "annotations", key, NULL), NULL);
}

/* "6-16" */
static bool read_pair(int64_t *min, int64_t *max, const char *text)
{
    char *end = NULL;
    if (!text || *text < '0' || *text > '9')
        return false;
    *min = strtoll(text, &end, 10);
    if (*end != '-' || end[1] < '0' || end[1] > '9')
        return false;
    *max = strtoll(end + 1, &end, 10);
    return *end == '\0';
}

fsc_status fsc__record_edited(fsc_target_seen *seen, int64_t min, int64_t max, fsc_arena *a,
                              fsc_err *err)
{
    seen->hold =
        fsc_arena_printf(a, err,
                         "edited since the last write (now %lld to %lld, written %lld to %lld): "
                         "forescale restore takes these bounds as the new baseline",
                         (long long)seen->min_replicas, (long long)seen->max_replicas,
                         (long long)min, (long long)max);
    return seen->hold ? FSC_OK : FSC_NOMEM;
}

fsc_status fsc__record_read(fsc_target_seen *seen, const fsc_node *object, fsc_arena *a,
                            fsc_err *err)
{
    int64_t min = 0, max = 0;
    const char *baseline = fsc__annotation(object, FSC_ANNOTATION "baseline");
    const char *expires = fsc__annotation(object, FSC_ANNOTATION "expires-at");
    fsc_err unread = FSC_ERR_INIT;
    if (!baseline)
        return FSC_OK;
    seen->ours = true;
    seen->run_id = fsc__annotation(object, FSC_ANNOTATION "run-id");
    bool whole = read_pair(&seen->baseline_min, &seen->baseline_max, baseline) &&
                 read_pair(&min, &max, fsc__annotation(object, FSC_ANNOTATION "written")) &&
                 expires && fsc_time_parse(&seen->expires_at, expires, &unread) == FSC_OK;
    seen->safe_max = fsc_node_int(
        fsc_node_at(object, "metadata", "annotations", FSC_ANNOTATION "safe-max", NULL), -1);
    if (!whole || seen->safe_max < 0)
        return fsc_fail(err, FSC_REMOTE,
                        "its " FSC_ANNOTATION
                        " annotations cannot be read: set the bounds that you "
                        "want and remove these annotations");
    if (seen->min_replicas == min && seen->max_replicas == max)
        return FSC_OK;
    return fsc__record_edited(seen, min, max, a, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_annotations(fsc_buf *b, const fsc__desired *d)
{
    static const char *const keys[] = {"baseline", "written", "safe-max", "expires-at", "run-id"};
    char expires[FSC_TIME_TEXT];
    if (!d->recorded) {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            fsc_buf_printf(b, "%s\"" FSC_ANNOTATION "%s\":null", i ? "," : "", keys[i]);
        return;
    }
    fsc_buf_printf(b,
                   "\"" FSC_ANNOTATION "baseline\":\"%lld-%lld\",\"" FSC_ANNOTATION
                   "written\":\"%lld-%lld\",",
                   (long long)d->baseline_min, (long long)d->baseline_max, (long long)d->min,
                   (long long)d->max);
    fsc_buf_printf(
        b, "\"" FSC_ANNOTATION "safe-max\":\"%lld\",\"" FSC_ANNOTATION "expires-at\":\"%s\",",
        (long long)d->safe_max, fsc_time_format(expires, d->expires_at));
    fsc_buf_puts(b, "\"" FSC_ANNOTATION "run-id\":");
    fsc_json_string(b, d->run_id ? d->run_id : "");
}

/* Bounds that do not change are left out: who owns a field is GitOps's business. */
fsc_status fsc__write_bounds(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                             const fsc_target_seen *seen, const fsc__desired *d, fsc_dry_run dry,
                             fsc_arena *a, fsc_err *err)
{
    fsc_buf patch;
    const fsc_node *answer = NULL;
    const char *path = fsc__kind_path(kind, ref, a, err);
    bool set_min = d->min != seen->min_replicas;
    bool set_max = kind->max_key && d->max != seen->max_replicas;
    if (!path)
        return FSC_NOMEM;
    fsc_buf_init(&patch, a, PATCH_BYTES);
    fsc_buf_puts(&patch, "{\"metadata\":{\"resourceVersion\":");
    fsc_json_string(&patch, seen->resource_version);
    fsc_buf_puts(&patch, ",\"annotations\":{");
    add_annotations(&patch, d);
    fsc_buf_puts(&patch, "}},\"spec\":{");
    if (set_min)
        fsc_buf_printf(&patch, "\"%s\":%lld", kind->min_key, (long long)d->min);
    if (set_max)
        fsc_buf_printf(&patch, "%s\"%s\":%lld", set_min ? "," : "", kind->max_key,
                       (long long)d->max);
    fsc_buf_puts(&patch, "}}");
    FSC_TRY(fsc_buf_status(&patch, err));
    return fsc_kube_merge_patch(&answer, k, path, fsc_buf_str(&patch), dry, a, err);
}

/* Tells in *out whether it was written or only would have been. */
static fsc_status write_once(fsc_outcome *out, fsc_kube *k, const fsc__kind *kind,
                             const fsc_target_ref *ref, const fsc_target_seen *seen,
                             const fsc__desired *d, fsc_dry_run dry, fsc_arena *a, fsc_err *err)
{
    if (dry != FSC_DRY_CLIENT)
        FSC_TRY(kind->write(k, kind, ref, seen, d, dry, a, err));
    *out = dry == FSC_DRY_NONE ? FSC_APPLIED : FSC_PLANNED;
    return FSC_OK;
}

static const char *left_alone(const fsc_target_seen *s)
{
    return s->hold ? s->hold : s->paused ? s->paused_why : NULL;
}

/* ---- apply ----------------------------------------------------------------------------------- */

static fsc__desired desired_of(const fsc_target_write *w)
{
    return (fsc__desired){
        .min = w->min_replicas,
        .max = w->max_replicas,
        .recorded = w->min_replicas != w->baseline_min || w->max_replicas != w->baseline_max ||
                    w->safe_max < w->max_replicas,
        .baseline_min = w->baseline_min,
        .baseline_max = w->baseline_max,
        .safe_max = w->safe_max,
        .expires_at = w->expires_at,
        .run_id = w->run_id,
    };
}

/* A recorded safe max that is lower than today's stays until the next write: it fails closed. */
static bool is_whole(const fsc_target_seen *s, const fsc__desired *d, const fsc_target_write *w)
{
    if (s->min_replicas != d->min || s->max_replicas != d->max || s->ours != d->recorded)
        return false;
    return !d->recorded ||
           (s->baseline_min == d->baseline_min && s->baseline_max == d->baseline_max &&
            s->safe_max <= d->safe_max && s->expires_at - w->now >= w->renew_s);
}

static fsc_status check_write(const fsc_target_seen *s, const fsc_target_write *w, fsc_err *err)
{
    if (w->min_replicas < 0 || w->min_replicas > w->max_replicas)
        return fsc_fail(err, FSC_BUG, "a min of %lld and a max of %lld cannot be written",
                        (long long)w->min_replicas, (long long)w->max_replicas);
    if (left_alone(s))
        return fsc_fail(err, FSC_CONFLICT, "left alone: %s", left_alone(s));
    if (s->never_lower && (w->min_replicas < s->min_replicas || w->max_replicas < s->max_replicas))
        return fsc_fail(err, FSC_CONFLICT,
                        "left alone: scale-in is paused, and %lld to %lld would lower %lld to %lld",
                        (long long)w->min_replicas, (long long)w->max_replicas,
                        (long long)s->min_replicas, (long long)s->max_replicas);
    return FSC_OK;
}

bool fsc_target_stands(const fsc_target_seen *seen, const fsc_target_write *w)
{
    const fsc__desired d = desired_of(w);
    return is_whole(seen, &d, w);
}

/* The plan stands on the bounds and the record that were seen: of these nothing may have changed,
 * but by this run itself. */
static bool still_as_planned(const fsc_target_seen *then, const fsc_target_seen *now,
                             const char *run_id)
{
    if (then->min_replicas != now->min_replicas || then->max_replicas != now->max_replicas)
        return false;
    if (now->run_id && run_id && !strcmp(now->run_id, run_id))
        return true;
    return then->ours == now->ours && then->expires_at == now->expires_at &&
           then->baseline_min == now->baseline_min && then->baseline_max == now->baseline_max;
}

fsc_status fsc_target_apply(fsc_outcome *out, fsc_kube *k, const fsc_target_ops *ops,
                            const fsc_target_ref *ref, const fsc_target_seen *seen,
                            const fsc_target_write *w, fsc_arena *a, fsc_err *err)
{
    fsc_target_seen now = *seen;
    fsc__desired d = desired_of(w);
    *out = FSC_UNCHANGED;
    for (int i = 0; i < MAX_WRITES; i++) {
        if (i)
            FSC_TRY(ops->observe(&now, k, ref, a, err));
        FSC_TRY(check_write(&now, w, err));
        if (is_whole(&now, &d, w))
            return FSC_OK;
        if (!still_as_planned(seen, &now, w->run_id))
            return fsc_fail_retryable(
                err, FSC_CONFLICT, "its bounds changed during this run: the next run plans anew");
        fsc_status status = write_once(out, k, ops->writer, ref, &now, &d, w->dry, a, err);
        if (status != FSC_CONFLICT)
            return status;
    }
    err->retryable = true;
    return fsc_context(err, "it changed under each of %d writes", MAX_WRITES);
}

/* ---- restore --------------------------------------------------------------------------------- */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* With this record and these bounds; recorded until both are the user's own. */
static fsc__desired with_record(const fsc_target_seen *s, int64_t min, int64_t max)
{
    return (fsc__desired){.min = min,
                          .max = max,
                          .recorded = min != s->baseline_min || max != s->baseline_max,
                          .baseline_min = s->baseline_min,
                          .baseline_max = s->baseline_max,
                          .safe_max = s->safe_max,
                          .expires_at = s->expires_at,
                          .run_id = s->run_id};
}

/* What a restore makes of an object that carries our record. A max that is there may be lower than
 * the baseline because of a cap, which nothing but a run lifts; a size is no cap. */
static fsc__desired restored(const fsc_target_seen *s, bool is_sized, bool all)
{
    int64_t highest = is_sized ? s->baseline_max : s->max_replicas;
    int64_t max = all ? s->baseline_max : smaller(highest, s->safe_max);
    if (s->hold) /* a human's bounds: they stay, our record goes */
        return (fsc__desired){.min = s->min_replicas, .max = s->max_replicas};
    return with_record(s, smaller(s->baseline_min, max), max);
}

/* False: nothing is due. */
static bool plan_restore(fsc__desired *d, const fsc_target_seen *s, bool is_sized, int64_t now,
                         fsc_restore_kind kind)
{
    bool over = kind == FSC_RESTORE_ALL || s->expires_at <= now;
    if (!s->ours || (!over && (kind != FSC_RESTORE_CAPS || is_sized || s->hold)))
        return false;
    int64_t max = smaller(s->max_replicas, s->safe_max);
    *d = over ? restored(s, is_sized, kind == FSC_RESTORE_ALL)
              : with_record(s, smaller(s->min_replicas, max), max);
    return !d->recorded || d->min != s->min_replicas || d->max != s->max_replicas;
}

fsc_status fsc_target_restore(fsc_outcome *out, fsc_target_seen *seen, fsc_kube *k,
                              const fsc_target_ops *ops, const fsc_target_ref *ref, int64_t now,
                              fsc_restore_kind kind, fsc_dry_run dry, fsc_arena *a, fsc_err *err)
{
    *out = FSC_UNCHANGED;
    for (int i = 0; i < MAX_WRITES; i++) {
        fsc__desired d = {0};
        FSC_TRY(ops->observe(seen, k, ref, a, err));
        if (!plan_restore(&d, seen, ops->is_sized, now, kind))
            return FSC_OK;
        fsc_status status = write_once(out, k, ops->writer, ref, seen, &d, dry, a, err);
        if (status != FSC_CONFLICT)
            return status;
    }
    err->retryable = true;
    return fsc_context(err, "it changed under each of %d writes", MAX_WRITES);
}
