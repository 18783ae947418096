/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session's state as bytes: a first line, then for each part a line "KIND NAME STEP_S LENGTH" and
 * LENGTH bytes. The parts check themselves.
 */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "forescale state 3\n";

const char *const fsc_state_names[FSC_N_STATE_PARTS] = {
    [FSC_STATE_PAST] = "forecaster-past",
    [FSC_STATE_DAY] = "forecaster-day",
    [FSC_STATE_NOW] = "forecaster",
};

static void add_part(fsc_buf *out, const char *kind, const char *name, int32_t step_s,
                     const fsc_buf *bytes)
{
    fsc_buf_printf(out, "%s %s %d %zu\n", kind, name, (int)step_s, bytes->len);
    fsc_buf_add(out, bytes->data, bytes->len);
}

fsc_status fsc_session_save(fsc_buf *out, const fsc_session *s, fsc_err *err)
{
    fsc_buf part;
    fsc_buf_puts(out, magic);
    fsc_buf_init(&part, out->arena, out->limit);
    FSC_TRY(fsc_planner_save(&part, s->planner, err));
    add_part(out, "planner", "-", 0, &part);
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        if (!s->forecasters[w])
            continue;
        for (fsc_state_part k = 0; k < FSC_N_STATE_PARTS; k++) {
            fsc_buf_init(&part, out->arena, out->limit);
            FSC_TRY(fsc_forecaster_save(&part, s->forecasters[w], k, err));
            add_part(out, fsc_state_names[k], s->config.workloads[w].name, s->step_s[w], &part);
        }
    }
    return fsc_buf_status(out, err);
}

typedef struct part {
    char kind[32], name[256];
    int step_s;
    const char *bytes;
    size_t n;
} part;

/* Reads one part's line; *p moves behind its bytes. */
static fsc_status next_part(part *out, const char **p, const char *end, fsc_err *err)
{
    const char *eol = memchr(*p, '\n', (size_t)(end - *p));
    char line[320];
    unsigned long long n = 0;
    if (!eol || (size_t)(eol - *p) >= sizeof line)
        return fsc_fail(err, FSC_DATA, "the state is cut off");
    memcpy(line, *p, (size_t)(eol - *p));
    line[eol - *p] = '\0';
    if (sscanf(line, "%31s %255s %d %llu", out->kind, out->name, &out->step_s, &n) != 4)
        return fsc_fail(err, FSC_DATA, "the state holds a line that is not one: %.40s", line);
    if (n > (size_t)(end - eol - 1))
        return fsc_fail(err, FSC_DATA, "the state is cut off");
    out->bytes = eol + 1;
    out->n = (size_t)n;
    *p = eol + 1 + n;
    return FSC_OK;
}

/* A forecaster's parts come one behind the other. */
typedef struct gathered {
    char name[256];
    size_t n;
    fsc_saved_part saved[FSC_N_STATE_PARTS];
} gathered;

static fsc_status load_part(fsc_session *s, const part *p, gathered *g, fsc_err *err)
{
    if (!strcmp(p->kind, "planner"))
        return fsc_planner_load(s->planner, p->bytes, p->n, err);
    if (!strcmp(p->kind, fsc_state_names[0])) {
        *g = (gathered){.n = 0};
        memcpy(g->name, p->name, sizeof g->name);
    }
    if (g->n == FSC_N_STATE_PARTS || strcmp(p->kind, fsc_state_names[g->n]) ||
        strcmp(p->name, g->name))
        return fsc_fail(err, FSC_DATA, "the state of workload %s is not whole", p->name);
    g->saved[g->n++] = (fsc_saved_part){p->bytes, p->n};
    if (g->n < FSC_N_STATE_PARTS)
        return FSC_OK;
    for (size_t w = 0; w < s->config.n_workloads; w++) {
        if (strcmp(s->config.workloads[w].name, p->name))
            continue;
        FSC_TRY(fsc_session_step(s, w, p->step_s, err));
        return fsc_forecaster_load(s->forecasters[w], g->saved, NULL, err);
    }
    return FSC_OK; /* a workload that the configuration has no longer */
}

fsc_status fsc_session_load(fsc_session *s, const void *bytes, size_t n, fsc_err *err)
{
    const char *p = bytes, *end = p + n;
    if (n < sizeof magic - 1 || memcmp(p, magic, sizeof magic - 1))
        return fsc_fail(err, FSC_DATA,
                        "this is no state of this version of forescale: remove it to start anew");
    p += sizeof magic - 1;
    gathered g = {.n = 0};
    for (part one; p < end;) {
        FSC_TRY(next_part(&one, &p, end, err));
        FSC_TRY(load_part(s, &one, &g, err));
    }
    return FSC_OK;
}
