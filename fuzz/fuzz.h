/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the targets share: an arena for one input, and the rule that a failure says why. */
#ifndef FSC_FUZZ_H
#define FSC_FUZZ_H

#include "forescale/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FUZZ_LIMIT_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One input as a text that ends with a NUL. */
typedef fsc_status (*fuzz_one)(const char *text, size_t n, fsc_arena *a, fsc_err *err);

static inline int fuzz_run(fuzz_one one, const uint8_t *data, size_t n)
{
    fsc_arena *arena;
    fsc_err err = FSC_ERR_INIT;
    if (fsc_arena_open(&arena, FUZZ_LIMIT_BYTES, &err) != FSC_OK)
        abort();
    char *text = fsc_arena_strndup(arena, (const char *)data, n, &err);
    if (!text)
        abort();
    fsc_status status = one(text, n, arena, &err);
    if (status != FSC_OK && (status != err.code || !err.msg[0]))
        abort();
    fsc_arena_close(arena);
    return 0;
}

#endif
