/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct element {
    struct element *before; /* its elder sibling */
    fsc_pair pair;
} element;

typedef struct open_element { /* one that has not ended yet */
    const char *name;
    element *last; /* of its children */
    size_t n;
    fsc_buf text;
} open_element;

typedef struct reader {
    XML_Parser parser;
    open_element open[MAX_DEPTH + 1]; /* [0] is the document */
    int depth;
    size_t limit;
    fsc_arena *arena;
    fsc_status status;
    fsc_err *err;
} reader;

static void stop(reader *r, fsc_status status)
{
    if (r->status == FSC_OK)
        r->status = status;
    XML_StopParser(r->parser, XML_FALSE);
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
                       const XML_Char *pubid, int internal)
{
    reader *r = ctx;
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)internal;
    stop(r, fsc_fail(r->err, FSC_DATA, "XML with a document type is refused"));
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    reader *r = ctx;
    const char *prefix = strrchr(name, ':');
    (void)attributes;
    if (r->depth == MAX_DEPTH) {
        stop(r, fsc_fail(r->err, FSC_DATA, "XML nests deeper than %d", MAX_DEPTH));
        return;
    }
    open_element *e = &r->open[++r->depth];
    *e = (open_element){.name = fsc_arena_strdup(r->arena, prefix ? prefix + 1 : name, r->err)};
    fsc_buf_init(&e->text, r->arena, r->limit);
    if (!e->name)
        stop(r, FSC_NOMEM);
}

static void on_text(void *ctx, const XML_Char *text, int n)
{
    reader *r = ctx;
    fsc_buf_add(&r->open[r->depth].text, text, (size_t)n);
}

static fsc_status close_element(fsc_node *out, open_element *e, fsc_arena *a, fsc_err *err)
{
    FSC_TRY(fsc_buf_status(&e->text, err));
    if (!e->n) {
        *out = (fsc_node){.kind = FSC_NODE_SCALAR, .scalar = fsc_buf_str(&e->text), .quoted = true};
        return FSC_OK;
    }
    fsc_pair *pairs = FSC_NEW(a, e->n, fsc_pair, err);
    if (!pairs)
        return FSC_NOMEM;
    for (size_t i = e->n; i-- > 0; e->last = e->last->before)
        pairs[i] = e->last->pair;
    *out = (fsc_node){.kind = FSC_NODE_MAP, .n = e->n, .pairs = pairs};
    return FSC_OK;
}

static void on_end(void *ctx, const XML_Char *name)
{
    reader *r = ctx;
    open_element *e = &r->open[r->depth], *parent = e - 1;
    element *done = FSC_NEW(r->arena, 1, element, r->err);
    fsc_node *node = FSC_NEW(r->arena, 1, fsc_node, r->err);
    fsc_status status = done && node ? close_element(node, e, r->arena, r->err) : FSC_NOMEM;
    (void)name;
    if (status != FSC_OK) {
        stop(r, status);
        return;
    }
    *done = (element){.before = parent->last, .pair = {.key = e->name, .value = node}};
    parent->last = done;
    parent->n++;
    r->depth--;
}

static fsc_status parse(fsc_node *out, reader *r, const char *text, size_t n)
{
    if (n > INT_MAX)
        return fsc_fail(r->err, FSC_DATA, "XML of %zu bytes is too long", n);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status parsed = XML_Parse(r->parser, text, (int)n, XML_TRUE);
    if (r->status != FSC_OK)
        return r->status;
    if (parsed != XML_STATUS_OK)
        return fsc_fail(r->err, FSC_DATA, "this is not XML: %s (line %lu)",
                        XML_ErrorString(XML_GetErrorCode(r->parser)),
                        (unsigned long)XML_GetCurrentLineNumber(r->parser));
    return close_element(out, &r->open[0], r->arena, r->err);
}

fsc_status fsc_xml_parse(const fsc_node **out, const char *text, size_t n, fsc_arena *a,
                         fsc_err *err)
{
    reader r = {.parser = XML_ParserCreate(NULL), .arena = a, .limit = n + 1, .err = err};
    fsc_node *root = FSC_NEW(a, 1, fsc_node, err);
    if (!r.parser || !root) {
        XML_ParserFree(r.parser);
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    }
    fsc_buf_init(&r.open[0].text, a, n + 1);
    fsc_status status = parse(root, &r, text, n);
    XML_ParserFree(r.parser);
    *out = root;
    return status;
}
