/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growing text or byte buffer in an arena, with a limit. Appending after a failure does nothing,
 * so a writer appends freely and checks once at the end with fsc_buf_status().
 */
#ifndef FORESCALE_BUF_H
#define FORESCALE_BUF_H

#include "forescale/arena.h"

typedef struct fsc_buf {
    fsc_arena *arena;
    char *data; /* always ends with a 0 byte that len does not count; NULL while empty */
    size_t len, cap, limit;
    fsc_err err; /* the first failure */
} fsc_buf;

void fsc_buf_init(fsc_buf *b, fsc_arena *a, size_t limit_bytes);
void fsc_buf_add(fsc_buf *b, const void *data, size_t n);
void fsc_buf_puts(fsc_buf *b, const char *s);
void fsc_buf_printf(fsc_buf *b, const char *fmt, ...) FSC_PRINTF(2, 3);
/* RFC 4648, padded; last_two are the characters of 62 and 63: "+/", or "-_" in URLs. */
void fsc_buf_base64(fsc_buf *b, const char *text, const char *last_two);
const char *fsc_buf_str(const fsc_buf *b); /* "" while empty */
fsc_status fsc_buf_status(const fsc_buf *b, fsc_err *err) FSC_CHECKED;

#endif
