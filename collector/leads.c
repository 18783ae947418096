/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/leads.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { STEADY_S = 5, STEADY_SHARE = 10, MAX_COUNTED = 1 << 20 };

/* FNV-1a */
static uint64_t hash(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        h = (h ^ *p) * 1099511628211u;
    return h;
}

static int ascending_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void add(fsc_leads *l, const fsc_start *s)
{
    l->seconds[l->next] = (int32_t)(s->ready - s->ordered);
    l->ready[l->next] = s->ready;
    l->next = (l->next + 1) % FSC_LEADS_KEPT;
    l->n += l->n < FSC_LEADS_KEPT;
}

static int64_t percentile(const int32_t *sorted, int32_t n, int32_t percent)
{
    int64_t s = sorted[(n * percent + 99) / 100 - 1];
    return s > 0 ? s : 1;
}

static void settle(fsc_leads *l)
{
    int32_t sorted[FSC_LEADS_KEPT];
    if (l->n < FSC_LEADS_ENOUGH)
        return;
    memcpy(sorted, l->seconds, sizeof sorted);
    qsort(sorted, (size_t)l->n, sizeof *sorted, ascending);
    int64_t high = percentile(sorted, l->n, FSC_LEADS_PERCENT);
    l->most = percentile(sorted, l->n, FSC_LEADS_MOST_PERCENT);
    int64_t moved = llabs((long long)(high - l->in_force));
    if (!l->in_force || (moved > STEADY_S && moved * STEADY_SHARE > l->in_force))
        l->in_force = high;
}

fsc_status fsc_leads_take(fsc_leads *l, const fsc_start *starts, size_t n, int64_t now,
                          fsc_arena *a, fsc_err *err)
{
    uint64_t *there = FSC_NEW(a, n, uint64_t, err);
    size_t n_there = 0;
    if (!there)
        return FSC_NOMEM;
    if (!l->since)
        l->since = now;
    for (size_t i = 0; i < n; i++) {
        const fsc_start *s = &starts[i];
        uint64_t key = hash(s->uid);
        if (!s->ready)
            continue;
        bool is_new =
            !l->n_counted || !bsearch(&key, l->counted, l->n_counted, sizeof key, ascending_hash);
        there[n_there++] = key;
        if (is_new && s->ordered >= l->since && s->ready >= s->ordered)
            add(l, s);
    }
    qsort(there, n_there, sizeof *there, ascending_hash);
    l->counted = there;
    l->n_counted = n_there;
    settle(l);
    return FSC_OK;
}

/* ---- keeping ----------------------------------------------------------------------------------
 */

typedef struct saved {
    char magic[8];
    int64_t since, in_force;
    int32_t n, next;
    int32_t seconds[FSC_LEADS_KEPT];
    uint64_t n_counted;
    int64_t ready[FSC_LEADS_KEPT]; /* not in the first version */
} saved;

static const char saved_magic[8] = "FSCLD02", first_magic[8] = "FSCLD01";

void fsc_leads_save(fsc_buf *out, const fsc_leads *l)
{
    saved s = {.since = l->since,
               .in_force = l->in_force,
               .n = l->n,
               .next = l->next,
               .n_counted = l->n_counted};
    memcpy(s.magic, saved_magic, sizeof s.magic);
    memcpy(s.seconds, l->seconds, sizeof s.seconds);
    memcpy(s.ready, l->ready, sizeof s.ready);
    fsc_buf_add(out, &s, sizeof s);
    fsc_buf_add(out, l->counted, l->n_counted * sizeof *l->counted);
}

fsc_status fsc_leads_load(fsc_leads *l, const void *bytes, size_t n, fsc_arena *a, fsc_err *err)
{
    saved s = {0};
    bool is_first = n >= sizeof first_magic && !memcmp(bytes, first_magic, sizeof first_magic);
    size_t head = is_first ? offsetof(saved, ready) : sizeof s;
    if (n < head || (!is_first && memcmp(bytes, saved_magic, sizeof saved_magic)))
        return fsc_fail(err, FSC_DATA, "the learned leads are of another version");
    memcpy(&s, bytes, head);
    if (s.n < 0 || s.n > FSC_LEADS_KEPT || s.next < 0 || s.next >= FSC_LEADS_KEPT ||
        s.n_counted > MAX_COUNTED || n != head + s.n_counted * sizeof(uint64_t))
        return fsc_fail(err, FSC_DATA, "the learned leads have another length than they say");
    uint64_t *counted = FSC_NEW(a, (size_t)s.n_counted, uint64_t, err);
    if (!counted)
        return FSC_NOMEM;
    memcpy(counted, (const char *)bytes + head, (size_t)s.n_counted * sizeof *counted);
    *l = (fsc_leads){.since = s.since,
                     .in_force = s.in_force,
                     .n = s.n,
                     .next = s.next,
                     .n_counted = (size_t)s.n_counted,
                     .counted = counted};
    memcpy(l->seconds, s.seconds, sizeof l->seconds);
    memcpy(l->ready, s.ready, sizeof l->ready);
    return FSC_OK;
}
