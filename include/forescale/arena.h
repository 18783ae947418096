/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one memory rule: values live in an arena and are never freed one by one; handles (store,
 * HTTP, Kubernetes) are opened and closed. The command opens one arena with a limit and closes it
 * at its end; a loop over many workloads marks and rewinds it. An arena belongs to one thread.
 */
#ifndef FORESCALE_ARENA_H
#define FORESCALE_ARENA_H

#include "forescale/status.h"

#include <stddef.h>

typedef struct fsc_arena fsc_arena;
typedef struct fsc_arena_mark {
    void *chunk;
    size_t used;
} fsc_arena_mark;

/* limit_bytes bounds the sum of all allocations: hostile input ends in FSC_NOMEM, not in swap. */
fsc_status fsc_arena_open(fsc_arena **out, size_t limit_bytes, fsc_err *err) FSC_CHECKED;
void fsc_arena_close(fsc_arena *a); /* NULL is fine */

/* Zeroed storage for n objects of size bytes, aligned for any type. NULL (err filled) at the limit;
 * n = 0 gives a valid pointer. */
void *fsc_arena_alloc(fsc_arena *a, size_t n, size_t size, fsc_err *err) FSC_CHECKED;
char *fsc_arena_strdup(fsc_arena *a, const char *s, fsc_err *err) FSC_CHECKED;
char *fsc_arena_strndup(fsc_arena *a, const char *s, size_t n, fsc_err *err) FSC_CHECKED;
char *fsc_arena_printf(fsc_arena *a, fsc_err *err, const char *fmt, ...)
    FSC_PRINTF(3, 4) FSC_CHECKED;

/* Everything allocated after the mark is given back by the rewind. */
fsc_arena_mark fsc_arena_get_mark(const fsc_arena *a);
void fsc_arena_rewind(fsc_arena *a, fsc_arena_mark mark);

size_t fsc_arena_used(const fsc_arena *a);

#define FSC_NEW(arena, n, type, err) ((type *)fsc_arena_alloc((arena), (n), sizeof(type), (err)))

#endif
