/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of the valid UTF-8 sequence at p (Unicode 15, table 3-7); 0 where there is none. */
static size_t utf8_length(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

void fsc_json_string(fsc_buf *out, const char *text)
{
    fsc_buf_puts(out, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = utf8_length(p);
        if (*p == '"' || *p == '\\')
            fsc_buf_printf(out, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7F)
            fsc_buf_printf(out, "\\u%04x", *p);
        else if (n == 0)
            fsc_buf_puts(out, "\\ufffd");
        else
            fsc_buf_add(out, p, n);
        p += n ? n : 1;
    }
    fsc_buf_puts(out, "\"");
}

void fsc_json_number(fsc_buf *out, double v)
{
    char text[40];
    if (!isfinite(v)) {
        fsc_buf_puts(out, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fsc_buf_puts(out, text);
}
