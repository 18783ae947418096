/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/yaml.h"

#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 32, MAX_ENTRIES = 20000, MAX_KEYS = 1000 };

typedef struct builder {
    yaml_parser_t parser;
    const char *file, *text;
    size_t n;
    fsc_arena *arena;
    fsc_err *err;
} builder;

static fsc_status fail_at(builder *b, yaml_mark_t at, const char *what)
{
    return fsc_fail(b->err, FSC_CONFIG, "%s:%zu:%zu: %s", b->file, at.line + 1, at.column + 1,
                    what);
}

/* libyaml reads ahead: only the offset of a bad byte tells where it stands. */
static yaml_mark_t mark_of_byte(const builder *b, size_t offset)
{
    yaml_mark_t at = {0};
    for (size_t i = 0; i < offset && i < b->n; i++) {
        bool continues = ((unsigned char)b->text[i] & 0xC0) == 0x80;
        at.line += b->text[i] == '\n';
        at.column = b->text[i] == '\n' ? 0 : at.column + !continues;
    }
    return at;
}

static fsc_status next(builder *b, yaml_event_t *e)
{
    if (yaml_parser_parse(&b->parser, e))
        return FSC_OK;
    if (b->parser.error == YAML_MEMORY_ERROR || b->parser.error == YAML_NO_ERROR)
        return fsc_fail(b->err, FSC_NOMEM, "%s: out of memory", b->file);
    const char *problem = b->parser.problem ? b->parser.problem : "this is not YAML";
    if (b->parser.error == YAML_READER_ERROR)
        return fail_at(b, mark_of_byte(b, b->parser.problem_offset), problem);
    if (!strcmp(problem, "found character that cannot start any token"))
        problem = "a tab, @ or ` cannot stand here: indent with blanks, put such a text in quotes";
    return fail_at(b, b->parser.problem_mark, problem);
}

/* What a list or map is gathered in until its length is known. */
typedef struct entry {
    struct entry *older;
    fsc_pair pair; /* of a list: only the value */
} entry;

static fsc_status build(builder *b, const fsc_node **out, yaml_event_t *e, int depth);

static fsc_node *new_node(builder *b, fsc_node_kind kind, yaml_mark_t at)
{
    fsc_node *n = FSC_NEW(b->arena, 1, fsc_node, b->err);
    if (n)
        *n = (fsc_node){.kind = kind, .line = (int)at.line + 1, .column = (int)at.column + 1};
    return n;
}

static fsc_status build_scalar(builder *b, const fsc_node **out, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t length = e->data.scalar.length;
    if (e->data.scalar.anchor || e->data.scalar.tag)
        return fail_at(b, e->start_mark, "anchors and tags are not used here");
    if (memchr(text, 0, length))
        return fail_at(b, e->start_mark, "a text holds a 0 byte");
    fsc_node *n = new_node(b, FSC_NODE_SCALAR, e->start_mark);
    if (!n)
        return FSC_NOMEM;
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->scalar = fsc_arena_strndup(b->arena, text, length, b->err);
    *out = n;
    return n->scalar ? FSC_OK : FSC_NOMEM;
}

static fsc_status finish_list(builder *b, fsc_node *n, const entry *newest, size_t count)
{
    const fsc_node **items = FSC_NEW(b->arena, count, const fsc_node *, b->err);
    if (!items)
        return FSC_NOMEM;
    for (size_t i = count; i-- > 0; newest = newest->older)
        items[i] = newest->pair.value;
    n->n = count;
    n->items = items;
    return FSC_OK;
}

static fsc_status finish_map(builder *b, fsc_node *n, const entry *newest, size_t count)
{
    fsc_pair *pairs = FSC_NEW(b->arena, count, fsc_pair, b->err);
    if (!pairs)
        return FSC_NOMEM;
    for (size_t i = count; i-- > 0; newest = newest->older)
        pairs[i] = newest->pair;
    n->n = count;
    n->pairs = pairs;
    return FSC_OK;
}

static fsc_status check_key(builder *b, const fsc_node *key, const entry *known, yaml_mark_t at)
{
    if (!strcmp(key->scalar, "<<") && !key->quoted)
        return fail_at(b, at, "merge keys are not used here");
    for (; known; known = known->older)
        if (!strcmp(known->pair.key, key->scalar)) {
            char text[160];
            (void)snprintf(text, sizeof text, "the key \"%.80s\" comes twice (first in line %d)",
                           key->scalar, known->pair.line);
            return fail_at(b, at, text);
        }
    return FSC_OK;
}

/* Reads a key, unless the map ends here, and moves e to the event after it. */
static fsc_status read_key(builder *b, entry *one, const entry *known, yaml_event_t *e)
{
    const fsc_node *key = NULL;
    if (e->type != YAML_SCALAR_EVENT)
        return fail_at(b, e->start_mark, "a key is a plain text");
    yaml_mark_t at = e->start_mark;
    FSC_TRY(build_scalar(b, &key, e));
    FSC_TRY(check_key(b, key, known, at));
    one->pair = (fsc_pair){.key = key->scalar, .line = key->line, .column = key->column};
    yaml_event_delete(e);
    return next(b, e);
}

static fsc_status build_children(builder *b, fsc_node *n, yaml_event_type_t end, int depth)
{
    entry *newest = NULL;
    size_t count = 0;
    const size_t max = n->kind == FSC_NODE_MAP ? MAX_KEYS : MAX_ENTRIES;
    for (;; count++) {
        yaml_event_t e;
        FSC_TRY(next(b, &e));
        if (e.type == end) {
            yaml_event_delete(&e);
            return n->kind == FSC_NODE_MAP ? finish_map(b, n, newest, count)
                                           : finish_list(b, n, newest, count);
        }
        entry *one = FSC_NEW(b->arena, 1, entry, b->err);
        fsc_status status = !one           ? FSC_NOMEM
                            : count == max ? fail_at(b, e.start_mark, "too many entries")
                                           : FSC_OK;
        if (status == FSC_OK && n->kind == FSC_NODE_MAP)
            status = read_key(b, one, newest, &e);
        if (status == FSC_OK)
            status = build(b, &one->pair.value, &e, depth + 1);
        yaml_event_delete(&e); /* one that was deleted before is empty */
        if (status != FSC_OK)
            return status;
        one->older = newest;
        newest = one;
    }
}

/* Builds the node that begins with e; e stays the caller's. */
static fsc_status build(builder *b, const fsc_node **out, yaml_event_t *e, int depth)
{
    bool is_map = e->type == YAML_MAPPING_START_EVENT;
    if (e->type == YAML_SCALAR_EVENT)
        return build_scalar(b, out, e);
    if (e->type == YAML_ALIAS_EVENT)
        return fail_at(b, e->start_mark, "aliases are not used here");
    if (!is_map && e->type != YAML_SEQUENCE_START_EVENT)
        return fail_at(b, e->start_mark, "a value is missing");
    if (is_map ? e->data.mapping_start.anchor || e->data.mapping_start.tag
               : e->data.sequence_start.anchor || e->data.sequence_start.tag)
        return fail_at(b, e->start_mark, "anchors and tags are not used here");
    if (depth >= MAX_DEPTH)
        return fail_at(b, e->start_mark, "the file nests too deep");
    fsc_node *n = new_node(b, is_map ? FSC_NODE_MAP : FSC_NODE_LIST, e->start_mark);
    if (!n)
        return FSC_NOMEM;
    *out = n;
    return build_children(b, n, is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth);
}

static fsc_status expect(builder *b, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t e;
    FSC_TRY(next(b, &e));
    yaml_event_type_t got = e.type;
    yaml_mark_t at = e.start_mark;
    yaml_event_delete(&e);
    return got == type ? FSC_OK : fail_at(b, at, otherwise);
}

static fsc_status build_document(builder *b, const fsc_node **out)
{
    yaml_event_t e;
    FSC_TRY(expect(b, YAML_STREAM_START_EVENT, "this is not YAML"));
    FSC_TRY(expect(b, YAML_DOCUMENT_START_EVENT, "the file is empty"));
    FSC_TRY(next(b, &e));
    fsc_status status = build(b, out, &e, 0);
    yaml_event_delete(&e);
    FSC_TRY(status);
    FSC_TRY(expect(b, YAML_DOCUMENT_END_EVENT, "the document does not end here"));
    return expect(b, YAML_STREAM_END_EVENT, "a second document: one file holds one");
}

/* libyaml's nesting of [[[[ is unbounded and quadratic: look before it does. */
static fsc_status check_nesting(const char *file, const char *text, size_t n, fsc_err *err)
{
    size_t run = 0, line = 1;
    for (size_t i = 0; i < n; i++) {
        line += text[i] == '\n';
        run = text[i] == '[' || text[i] == '{'    ? run + 1
              : text[i] == ' ' || text[i] == '\n' ? run
                                                  : 0;
        if (run > 4 * MAX_DEPTH)
            return fsc_fail(err, FSC_CONFIG, "%s:%zu:1: the file nests too deep", file, line);
    }
    return FSC_OK;
}

fsc_status fsc_yaml_parse(const fsc_node **out, const char *file, const char *text, size_t n,
                          fsc_arena *a, fsc_err *err)
{
    builder b = {.file = file, .text = text, .n = n, .arena = a, .err = err};
    FSC_TRY(check_nesting(file, text, n, err));
    if (!yaml_parser_initialize(&b.parser))
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, n);
    fsc_status status = build_document(&b, out);
    yaml_parser_delete(&b.parser);
    return status;
}
