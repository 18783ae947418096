/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* As RFC 8259 writes a number: no sign but minus, no leading zero, no bare dot. */
static bool is_number(const char *p)
{
    p += *p == '-';
    if (*p == '0' && isdigit((unsigned char)p[1]))
        return false;
    if (!isdigit((unsigned char)*p))
        return false;
    p += strspn(p, "0123456789");
    if (*p == '.') {
        size_t n = strspn(p + 1, "0123456789");
        if (!n)
            return false;
        p += 1 + n;
    }
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '+' || p[1] == '-');
        size_t n = strspn(p, "0123456789");
        return n && !p[n];
    }
    return !*p;
}

static void add_scalar(fsc_buf *out, const fsc_node *n)
{
    bool is_null = !n->quoted && (!*n->scalar || !strcmp(n->scalar, "~"));
    bool as_it_is = !n->quoted && (is_number(n->scalar) || !strcmp(n->scalar, "true") ||
                                   !strcmp(n->scalar, "false") || !strcmp(n->scalar, "null"));
    if (is_null || as_it_is)
        fsc_buf_puts(out, is_null ? "null" : n->scalar);
    else
        fsc_json_string(out, n->scalar);
}

void fsc_json_node(fsc_buf *out, const fsc_node *n)
{
    bool is_map = n->kind == FSC_NODE_MAP;
    if (n->kind == FSC_NODE_SCALAR) {
        add_scalar(out, n);
        return;
    }
    fsc_buf_puts(out, is_map ? "{" : "[");
    for (size_t i = 0; i < n->n; i++) {
        fsc_buf_puts(out, i ? "," : "");
        if (is_map) {
            fsc_json_string(out, n->pairs[i].key);
            fsc_buf_puts(out, ":");
        }
        fsc_json_node(out, is_map ? n->pairs[i].value : n->items[i]);
    }
    fsc_buf_puts(out, is_map ? "}" : "]");
}
