/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lead times, learned: how long starts took, of one workload's pods or one pool's nodes. Only what
 * was ordered since the first look counts, each once when it is first seen ready, for a condition's
 * last transition is a start's end only until the object flaps. Pure: times come in, bytes go out.
 */
#ifndef FORESCALE_LEADS_H
#define FORESCALE_LEADS_H

#include "forescale/buf.h"

#include <stdint.h>

enum {
    FSC_LEADS_KEPT = 200,  /* the newest starts */
    FSC_LEADS_ENOUGH = 10, /* fewer teach nothing */
    FSC_LEADS_PERCENT = 90,
    FSC_LEADS_MOST_PERCENT = 99
};

typedef struct fsc_start {
    const char *uid;
    int64_t ordered; /* 0: not known; it does not count */
    int64_t ready;   /* 0: not yet */
} fsc_start;

typedef struct fsc_leads {
    int64_t since;    /* the first look; 0: none yet */
    int64_t in_force; /* seconds; 0: too few starts */
    int64_t most;     /* likewise, FSC_LEADS_MOST_PERCENT: who takes longer is not coming */
    int32_t n, next;  /* of the ring */
    int32_t seconds[FSC_LEADS_KEPT];
    int64_t
        ready[FSC_LEADS_KEPT]; /* when each of them was; 0: kept by a version that did not say */
    size_t n_counted;
    const uint64_t *counted; /* of objects that are there still, in the arena */
} fsc_leads;

/* Takes in what is there now. `in_force` follows the percentile where it has moved by more than a
 * tenth and five seconds: what is planned by it does not flutter. */
fsc_status fsc_leads_take(fsc_leads *l, const fsc_start *starts, size_t n, int64_t now,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The start that was `back` starts ago in the ring; back < n. */
static inline size_t fsc_leads_at(const fsc_leads *l, int32_t back)
{
    return (size_t)((l->next - 1 - back + FSC_LEADS_KEPT) % FSC_LEADS_KEPT);
}

void fsc_leads_save(fsc_buf *out, const fsc_leads *l);
fsc_status fsc_leads_load(fsc_leads *l, const void *bytes, size_t n, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;

#endif
