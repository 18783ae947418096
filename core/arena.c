/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

typedef struct chunk {
    struct chunk *older;
    size_t cap, used;
    max_align_t data[];
} chunk;

struct fsc_arena {
    chunk *newest;
    size_t limit, used; /* used counts whole chunks: what the process really holds */
};

fsc_status fsc_arena_open(fsc_arena **out, size_t limit_bytes, fsc_err *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    (*out)->limit = limit_bytes;
    return FSC_OK;
}

static void drop_newest(fsc_arena *a)
{
    chunk *c = a->newest;
    a->newest = c->older;
    a->used -= c->cap;
    free(c);
}

void fsc_arena_close(fsc_arena *a)
{
    if (!a)
        return;
    while (a->newest)
        drop_newest(a);
    free(a);
}

static chunk *grow(fsc_arena *a, size_t need, fsc_err *err)
{
    size_t cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    if (cap > a->limit - a->used && need <= a->limit - a->used)
        cap = need;
    if (cap > a->limit - a->used) {
        fsc_fail(err, FSC_NOMEM, "memory limit of %zu MiB reached", a->limit >> 20);
        return NULL;
    }
    chunk *c = malloc(sizeof *c + cap);
    if (!c) {
        fsc_fail(err, FSC_NOMEM, "out of memory");
        return NULL;
    }
    *c = (chunk){.older = a->newest, .cap = cap};
    a->newest = c;
    a->used += cap;
    return c;
}

void *fsc_arena_alloc(fsc_arena *a, size_t n, size_t size, fsc_err *err)
{
    const size_t align = sizeof(max_align_t);
    if (size && n > (SIZE_MAX - align) / size) {
        fsc_fail(err, FSC_NOMEM, "an allocation of %zu x %zu bytes is too large", n, size);
        return NULL;
    }
    size_t bytes = n * size;
    size_t need = bytes > 0 ? (bytes + align - 1) / align * align : align;
    chunk *c = a->newest;
    if (!c || need > c->cap - c->used)
        c = grow(a, need, err);
    if (!c)
        return NULL;
    void *p = (char *)c->data + c->used;
    c->used += need;
    return memset(p, 0, need);
}

char *fsc_arena_strndup(fsc_arena *a, const char *s, size_t n, fsc_err *err)
{
    char *p = fsc_arena_alloc(a, n + 1, 1, err);
    if (p)
        memcpy(p, s, n);
    return p;
}

char *fsc_arena_strdup(fsc_arena *a, const char *s, fsc_err *err)
{
    return fsc_arena_strndup(a, s, strlen(s), err);
}

char *fsc_arena_printf(fsc_arena *a, fsc_err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : fsc_arena_alloc(a, (size_t)n + 1, 1, err);
    if (p) {
        va_start(ap, fmt);
        n = vsnprintf(p, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    if (n >= 0)
        return p;
    fsc_fail(err, FSC_NOMEM, "out of memory"); /* it allocates for long fields */
    return NULL;
}

fsc_arena_mark fsc_arena_get_mark(const fsc_arena *a)
{
    return (fsc_arena_mark){a->newest, a->newest ? a->newest->used : 0};
}

void fsc_arena_rewind(fsc_arena *a, fsc_arena_mark mark)
{
    while (a->newest && a->newest != mark.chunk)
        drop_newest(a);
    if (a->newest)
        a->newest->used = mark.used;
}

size_t fsc_arena_used(const fsc_arena *a)
{
    return a->used;
}
