/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

/* ---- reading
 * --------------------------------------------------------------------------------------- */

static fsc_status convert(const fsc_node **out, const cJSON *item, int depth, fsc_arena *a,
                          fsc_err *err);

static fsc_status convert_scalar(fsc_node *n, const cJSON *item, fsc_arena *a, fsc_err *err)
{
    char number[40];
    fsc_buf text;
    n->kind = FSC_NODE_SCALAR;
    n->quoted = cJSON_IsString(item);
    if (cJSON_IsNumber(item)) {
        fsc_buf_init(&text, a, sizeof number);
        fsc_json_number(&text, item->valuedouble);
        n->scalar = fsc_buf_str(&text);
        return fsc_buf_status(&text, err);
    }
    const char *value = cJSON_IsString(item)  ? item->valuestring
                        : cJSON_IsTrue(item)  ? "true"
                        : cJSON_IsFalse(item) ? "false"
                                              : "null";
    n->scalar = fsc_arena_strdup(a, value, err);
    return n->scalar ? FSC_OK : FSC_NOMEM;
}

static fsc_status convert_list(fsc_node *n, const cJSON *item, int depth, fsc_arena *a,
                               fsc_err *err)
{
    size_t i = 0;
    const cJSON *child;
    const fsc_node **items = FSC_NEW(a, n->n, const fsc_node *, err);
    if (!items)
        return FSC_NOMEM;
    cJSON_ArrayForEach(child, item) FSC_TRY(convert(&items[i++], child, depth + 1, a, err));
    n->kind = FSC_NODE_LIST;
    n->items = items;
    return FSC_OK;
}

static fsc_status convert_map(fsc_node *n, const cJSON *item, int depth, fsc_arena *a, fsc_err *err)
{
    size_t i = 0;
    const cJSON *child;
    fsc_pair *pairs = FSC_NEW(a, n->n, fsc_pair, err);
    if (!pairs)
        return FSC_NOMEM;
    cJSON_ArrayForEach(child, item)
    {
        pairs[i].key = fsc_arena_strdup(a, child->string, err);
        if (!pairs[i].key)
            return FSC_NOMEM;
        FSC_TRY(convert(&pairs[i++].value, child, depth + 1, a, err));
    }
    n->kind = FSC_NODE_MAP;
    n->pairs = pairs;
    return FSC_OK;
}

static fsc_status convert(const fsc_node **out, const cJSON *item, int depth, fsc_arena *a,
                          fsc_err *err)
{
    if (depth > MAX_DEPTH)
        return fsc_fail(err, FSC_DATA, "JSON nests deeper than %d", MAX_DEPTH);
    fsc_node *n = FSC_NEW(a, 1, fsc_node, err);
    if (!n)
        return FSC_NOMEM;
    *out = n;
    if (!cJSON_IsArray(item) && !cJSON_IsObject(item))
        return convert_scalar(n, item, a, err);
    const cJSON *child;
    cJSON_ArrayForEach(child, item) n->n++;
    return cJSON_IsArray(item) ? convert_list(n, item, depth, a, err)
                               : convert_map(n, item, depth, a, err);
}

static bool only_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p >= end;
}

fsc_status fsc_json_parse(const fsc_node **out, const char *text, size_t n, fsc_arena *a,
                          fsc_err *err)
{
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, n, &end, 0);
    if (!root)
        return fsc_fail(err, FSC_DATA, "this is not JSON (byte %zu)",
                        end ? (size_t)(end - text) : 0);
    fsc_status status = only_blanks(end, text + n)
                            ? convert(out, root, 0, a, err)
                            : fsc_fail(err, FSC_DATA, "JSON goes on after its end (byte %zu)",
                                       (size_t)(end - text));
    cJSON_Delete(root);
    return status;
}

/* ---- looking
 * --------------------------------------------------------------------------------------- */

const fsc_node *fsc_node_at(const fsc_node *n, ...)
{
    va_list keys;
    va_start(keys, n);
    for (const char *key; n && (key = va_arg(keys, const char *));) {
        const fsc_node *below = NULL;
        for (size_t i = 0; n->kind == FSC_NODE_MAP && i < n->n && !below; i++)
            if (!strcmp(n->pairs[i].key, key))
                below = n->pairs[i].value;
        n = below;
    }
    va_end(keys);
    return n;
}

const char *fsc_node_text(const fsc_node *n, const char *fallback)
{
    bool is_null = n && n->kind == FSC_NODE_SCALAR && !n->quoted && !strcmp(n->scalar, "null");
    return n && n->kind == FSC_NODE_SCALAR && !is_null ? n->scalar : fallback;
}

double fsc_node_real(const fsc_node *n, double fallback)
{
    char *end;
    if (!n || n->kind != FSC_NODE_SCALAR)
        return fallback;
    double v = strtod(n->scalar, &end);
    return end == n->scalar || *end ? fallback : v;
}

int64_t fsc_node_int(const fsc_node *n, int64_t fallback)
{
    double v = fsc_node_real(n, NAN);
    return isfinite(v) && fabs(v) < 9e15 && v == floor(v) ? (int64_t)v : fallback;
}
