/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fsc_buf_init(fsc_buf *b, fsc_arena *a, size_t limit_bytes)
{
    *b = (fsc_buf){.arena = a, .limit = limit_bytes};
}

/* Room for n more bytes and the final 0; false after a failure. */
static bool reserve(fsc_buf *b, size_t n)
{
    if (b->err.code != FSC_OK)
        return false;
    if (n > b->limit || b->len > b->limit - n) {
        fsc_fail(&b->err, FSC_DATA, "more than %zu bytes", b->limit);
        return false;
    }
    if (b->len + n + 1 <= b->cap)
        return true;
    size_t cap = b->cap ? 2 * b->cap : 256;
    while (cap < b->len + n + 1)
        cap *= 2;
    char *data = fsc_arena_alloc(b->arena, cap, 1, &b->err);
    if (!data)
        return false;
    if (b->len)
        memcpy(data, b->data, b->len);
    b->data = data;
    b->cap = cap;
    return true;
}

void fsc_buf_add(fsc_buf *b, const void *data, size_t n)
{
    if (!n || !reserve(b, n))
        return;
    memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void fsc_buf_puts(fsc_buf *b, const char *s)
{
    fsc_buf_add(b, s, strlen(s));
}

void fsc_buf_printf(fsc_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n == 0 || (n > 0 && !reserve(b, (size_t)n)))
        return;
    if (n > 0) {
        va_start(ap, fmt);
        n = vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    if (n > 0)
        b->len += (size_t)n;
    else if (b->err.code == FSC_OK) /* it allocates for long fields */
        fsc_fail(&b->err, FSC_NOMEM, "out of memory");
}

void fsc_buf_base64(fsc_buf *b, const char *text, const char *last_two)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i += 3) {
        char four[4] = {'=', '=', '=', '='};
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < n ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4 && i + k <= n; k++) {
            unsigned six = bits >> (18 - 6 * k) & 63;
            four[k] = six < 62 ? alphabet[six] : last_two[six - 62];
        }
        fsc_buf_add(b, four, sizeof four);
    }
}

const char *fsc_buf_str(const fsc_buf *b)
{
    return b->data ? b->data : "";
}

fsc_status fsc_buf_status(const fsc_buf *b, fsc_err *err)
{
    if (b->err.code != FSC_OK && err)
        *err = b->err;
    return b->err.code;
}
