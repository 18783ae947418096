/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "actuator/event.h"

#include <string.h>

enum { NOTE_BYTES = 1000, BODY_BYTES = 8 * 1024 };

#define REPORTER "forescale.dev/forescale"

static void add_text(fsc_buf *b, const char *key, const char *value)
{
    fsc_buf_printf(b, "%s\"%s\":", b->data[b->len - 1] == '{' ? "" : ",", key);
    fsc_json_string(b, value);
}

static fsc_status post(fsc_kube *k, const fsc_target_ref *ref, const fsc_target_seen *seen,
                       const fsc__event *e, fsc_arena *a, fsc_err *err)
{
    fsc_buf b;
    char at[FSC_TIME_TEXT];
    const fsc_node *answer = NULL;
    /* What has no namespace has its events in `default`. */
    bool is_cluster_wide = !strcmp(ref->kind_name, "NodePool");
    const char *ns = is_cluster_wide ? "default" : ref->namespace_;
    const char *path = fsc_arena_printf(a, err, "/apis/events.k8s.io/v1/namespaces/%s/events", ns);
    const char *note = fsc_arena_strndup(a, e->note, strnlen(e->note, NOTE_BYTES), err);
    if (!path || !note)
        return FSC_NOMEM;
    fsc_buf_init(&b, a, BODY_BYTES);
    fsc_buf_puts(&b, "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{");
    fsc_buf_printf(&b, "\"generateName\":\"%.200s-\"", ref->name);
    add_text(&b, "namespace", ns);
    fsc_buf_printf(&b, "},\"eventTime\":\"%.*s.000000Z\"",
                   (int)strcspn(fsc_time_format(at, e->at), "Z"), at);
    add_text(&b, "reportingController", REPORTER);
    add_text(&b, "reportingInstance", e->run_id && *e->run_id ? e->run_id : "restore");
    add_text(&b, "type", e->is_warning ? "Warning" : "Normal");
    add_text(&b, "reason", e->reason);
    add_text(&b, "action", e->action);
    add_text(&b, "note", note);
    fsc_buf_puts(&b, ",\"regarding\":{");
    add_text(&b, "apiVersion", seen->api_version);
    add_text(&b, "kind", seen->kind);
    add_text(&b, "name", ref->name);
    if (!is_cluster_wide)
        add_text(&b, "namespace", ns);
    add_text(&b, "uid", seen->uid ? seen->uid : "");
    fsc_buf_puts(&b, "}}");
    FSC_TRY(fsc_buf_status(&b, err));
    return fsc_kube_send(&answer, k, FSC_POST, path, fsc_buf_str(&b), a, err);
}

void fsc__event_post(fsc_kube *k, const fsc_target_ref *ref, const fsc_target_seen *seen,
                     const fsc__event *e, const fsc_log *log, fsc_arena *a)
{
    fsc_err err = FSC_ERR_INIT;
    if (!seen->exists || !seen->api_version || !seen->kind)
        return;
    if (post(k, ref, seen, e, a, &err) != FSC_OK)
        fsc_log_write(log, FSC_LOG_WARN, "an Event could not be posted", "object", ref->name, "why",
                      err.msg, NULL);
}

const fsc__event *fsc__event_of_change(fsc__event *e, const fsc_target_ops *ops,
                                       const fsc_target_seen *seen, int64_t min, int64_t max)
{
    bool is_pool = ops->is_pool;
    e->action = "Scale";
    if (!ops->is_sized && max < seen->max_replicas)
        e->reason = "CapLowered";
    else if (min > seen->min_replicas)
        e->reason = is_pool ? "NodesWarmed" : "FloorRaised";
    else if (min < seen->min_replicas)
        e->reason = is_pool ? "NodesReleased" : "FloorReleased";
    else if (!ops->is_sized && max > seen->max_replicas)
        e->reason = "CapRaised";
    else
        return NULL;
    return e;
}
