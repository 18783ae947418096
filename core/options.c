/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/options_types.h"
#include "forescale/money.h"
#include "forescale/time.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 64, MAX_EXPANDED = 64 * 1024 };

fsc_status fsc_options_fail(fsc_err *err, const fsc_opt_ctx *ctx, const fsc_node *at,
                            const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return fsc_fail(err, FSC_CONFIG, "%s:%d:%d: %s", ctx->file, at->line, at->column, text);
}

/* ---- one value ----------------------------------------------------------------------------------
 */

typedef struct reader {
    const fsc_opt *row;
    const fsc_opt_ctx *ctx;
    fsc_err *err;
} reader;

static fsc_status parse_bool(void *field, const char *text, const reader *r)
{
    *(bool *)field = !strcmp(text, "true");
    if (*(bool *)field || !strcmp(text, "false"))
        return FSC_OK;
    return fsc_fail(r->err, FSC_CONFIG, "%s is true or false, not \"%.60s\"", r->row->key, text);
}

static fsc_status check_range(double v, const char *text, const reader *r)
{
    const fsc_opt *row = r->row;
    char min[FSC_TIME_TEXT], max[FSC_TIME_TEXT];
    if (row->min >= row->max || (v >= row->min && v <= row->max))
        return FSC_OK;
    return fsc_fail(r->err, FSC_CONFIG, "%s: %.60s is out of range: from %s to %s", row->key, text,
                    fsc__option_bound(min, row, row->min), fsc__option_bound(max, row, row->max));
}

static fsc_status parse_int(void *field, const char *text, const reader *r)
{
    int64_t v = 0;
    const char *p = text + (*text == '-');
    const char *first = p;
    for (; *p >= '0' && *p <= '9' && v < (int64_t)1e15; p++)
        v = 10 * v + (*p - '0');
    bool is_octal_looking = first[0] == '0' && first[1];
    if (p == first || *p || is_octal_looking)
        return fsc_fail(r->err, FSC_CONFIG, "%s is a whole number, not \"%.60s\"", r->row->key,
                        text);
    *(int64_t *)field = *text == '-' ? -v : v;
    return check_range((double)*(int64_t *)field, text, r);
}

static fsc_status parse_real(void *field, const char *text, const reader *r)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || strpbrk(text, "xX"))
        return fsc_fail(r->err, FSC_CONFIG, "%s is a number, not \"%.60s\"", r->row->key, text);
    *(double *)field = v;
    return check_range(v, text, r);
}

static fsc_status parse_ratio(void *field, const char *text, const reader *r)
{
    FSC_TRY(parse_real(field, text, r));
    double v = *(double *)field;
    if (v < 0 || v > 1)
        return fsc_fail(r->err, FSC_CONFIG, "%s: %.60s is no ratio: from 0 to 1", r->row->key,
                        text);
    return FSC_OK;
}

static fsc_status parse_quantile(void *field, const char *text, const reader *r)
{
    FSC_TRY(parse_real(field, text, r));
    double v = *(double *)field;
    if (v <= 0 || v >= 1)
        return fsc_fail(r->err, FSC_CONFIG,
                        "%s: %.60s is no quantile level: between 0 and 1, as 0.95", r->row->key,
                        text);
    return FSC_OK;
}

/* What is wrong with a value is wrong with the configuration; only a lack of memory is not. */
static fsc_status named(fsc_status status, const reader *r)
{
    if (status == FSC_OK || status == FSC_NOMEM)
        return status;
    fsc_context(r->err, "%s", r->row->key);
    r->err->code = FSC_CONFIG;
    return FSC_CONFIG;
}

static fsc_status parse_duration(void *field, const char *text, const reader *r)
{
    FSC_TRY(named(fsc_duration_parse(field, text, r->err), r));
    return check_range((double)*(int64_t *)field, text, r);
}

static fsc_status parse_time(void *field, const char *text, const reader *r)
{
    return named(fsc_time_parse(field, text, r->err), r);
}

static fsc_status parse_money(void *field, const char *text, const reader *r)
{
    return named(fsc_money_parse(field, text, r->err), r);
}

static fsc_status parse_rate(void *field, const char *text, const reader *r)
{
    return named(fsc_money_rate_parse(field, text, r->err), r);
}

static fsc_status parse_text(void *field, const char *text, const reader *r)
{
    if (!*text)
        return fsc_fail(r->err, FSC_CONFIG, "%s is empty", r->row->key);
    *(const char **)field = text;
    return FSC_OK;
}

/* Relative paths are seen from the folder of the file that names them. */
static fsc_status parse_path(void *field, const char *text, const reader *r)
{
    const char *slash = strrchr(r->ctx->file, '/');
    FSC_TRY(parse_text(field, text, r));
    if (text[0] == '/' || !slash)
        return FSC_OK;
    *(const char **)field = fsc_arena_printf(r->ctx->arena, r->err, "%.*s/%s",
                                             (int)(slash - r->ctx->file), r->ctx->file, text);
    return *(const char **)field ? FSC_OK : FSC_NOMEM;
}

static fsc_status parse_local_time(void *field, const char *text, const reader *r)
{
    int64_t t;
    FSC_TRY(named(fsc_time_parse_local(&t, &fsc_zone_utc, text, r->err), r));
    return parse_text(field, text, r);
}

static fsc_status parse_url(void *field, const char *text, const reader *r)
{
    size_t scheme = !strncmp(text, "http://", 7) ? 7 : !strncmp(text, "https://", 8) ? 8 : 0;
    const char *host = strstr(text, "://");
    host = host ? host + 3 : text;
    if (host[strcspn(host, "/?#@")] == '@') /* URLs are shown, logins are not: this one neither */
        return fsc_fail(r->err, FSC_CONFIG,
                        "%s: the URL holds a login: take it out, and use username and passwordFile",
                        r->row->key);
    if (!scheme)
        return fsc_fail(r->err, FSC_CONFIG, "%s: \"%.60s\" does not begin with http:// or https://",
                        r->row->key, text);
    if (!text[scheme] || strchr("/:?#", text[scheme]))
        return fsc_fail(r->err, FSC_CONFIG, "%s: \"%.60s\" names no host", r->row->key, text);
    if (strpbrk(text, " \t\r\n"))
        return fsc_fail(r->err, FSC_CONFIG, "%s: a URL has no blanks", r->row->key);
    return parse_text(field, text, r);
}

/* Replaces every ${NAME} by the environment's value. The message names NAME, never a value. */
static fsc_status expand(const char **out, const char *text, const reader *r)
{
    fsc_buf b;
    fsc_buf_init(&b, r->ctx->arena, MAX_EXPANDED);
    for (const char *from; (from = strstr(text, "${")); text += strcspn(text, "}") + 1) {
        fsc_buf_add(&b, text, (size_t)(from - text));
        text = from;
        const char *end = strchr(text, '}');
        if (!end || end == text + 2)
            return fsc_fail(r->err, FSC_CONFIG, "%s: ${ begins no ${NAME}", r->row->key);
        char *name = fsc_arena_strndup(r->ctx->arena, text + 2, (size_t)(end - text) - 2, r->err);
        if (!name)
            return FSC_NOMEM;
        const char *value = r->ctx->env ? r->ctx->env(r->ctx->io, name) : NULL;
        if (!value || !*value)
            return fsc_fail(r->err, FSC_CONFIG, "%s: the environment has no %.60s: set it",
                            r->row->key, name);
        fsc_buf_puts(&b, value);
    }
    fsc_buf_puts(&b, text);
    *out = fsc_buf_str(&b);
    return fsc_buf_status(&b, r->err);
}

static fsc_status parse_secret(void *field, const char *text, const reader *r)
{
    size_t n = strlen(text);
    if (n < 4 || strncmp(text, "${", 2) || text[n - 1] != '}')
        return fsc_fail(
            r->err, FSC_CONFIG,
            "%s: secrets do not stand in the file: write ${NAME} of an environment variable",
            r->row->key);
    return expand(field, text, r);
}

/* The quote that ends the text begun at `p`, or NULL; only a backtick knows no escapes. */
static const char *closing_quote(const char *p)
{
    const char quote = *p;
    while (*++p && *p != quote)
        if (*p == '\\' && quote != '`' && p[1])
            p++;
    return *p ? p : NULL;
}

static char closing_bracket(char c)
{
    return c == '(' ? ')' : c == '[' ? ']' : '}';
}

/* Brackets and quotes must balance; PromQL itself is the server's to judge. */
static fsc_status parse_promql(void *field, const char *text, const reader *r)
{
    char open[MAX_KEYS];
    size_t depth = 0;
    char missing = 0;
    if (!text[strspn(text, " \t\r\n")])
        return fsc_fail(r->err, FSC_CONFIG, "%s is empty", r->row->key);
    for (const char *p = text; *p; p++) {
        if (*p == '#') {
            p += strcspn(p, "\n") - 1; /* a comment may hold anything */
        } else if (strchr("\"'`", *p)) {
            missing = *p;
            if (!(p = closing_quote(p)))
                break;
            missing = 0;
        } else if (strchr("([{", *p)) {
            if (depth == sizeof open)
                return fsc_fail(r->err, FSC_CONFIG, "%s: brackets nest too deep", r->row->key);
            open[depth++] = closing_bracket(*p);
        } else if (strchr(")]}", *p) && (!depth || open[--depth] != *p)) {
            return fsc_fail(r->err, FSC_CONFIG, "%s: \"%c\" closes nothing in %.80s", r->row->key,
                            *p, text);
        }
    }
    if (!missing && depth)
        missing = open[depth - 1];
    if (missing)
        return fsc_fail(r->err, FSC_CONFIG, "%s: %c is missing in %.80s", r->row->key, missing,
                        text);
    return parse_text(field, text, r);
}

static fsc_status parse_enum(void *field, const char *text, const reader *r)
{
    size_t n = 0;
    for (; r->row->words[n]; n++)
        if (!strcmp(r->row->words[n], text)) {
            *(int *)field = (int)n;
            return FSC_OK;
        }
    const char *near = fsc_suggest(text, r->row->words, n);
    if (near)
        return fsc_fail(r->err, FSC_CONFIG, "%s cannot be \"%.60s\", did you mean \"%s\"?",
                        r->row->key, text, near);
    char list[200] = "";
    for (size_t i = 0, used = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 r->row->words[i]);
    return fsc_fail(r->err, FSC_CONFIG, "%s cannot be \"%.60s\": it is one of %s", r->row->key,
                    text, list);
}

static fsc_status parse_zone(void *field, const char *text, const reader *r)
{
    const void *zone;
    FSC_TRY(named(r->ctx->zone(&zone, r->ctx->io, text, r->ctx->arena, r->err), r));
    *(const void **)field = zone;
    return FSC_OK;
}

/* "USD" or "USD/h": the text is kept, the section that has it splits it. */
static fsc_status parse_currency_unit(void *field, const char *text, const reader *r)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (n != 3 || (text[3] && strcmp(text + 3, "/h")))
        return fsc_fail(r->err, FSC_CONFIG,
                        "%s: \"%.40s\" is no unit: write USD/h for a rate or USD for a sum",
                        r->row->key, text);
    return parse_text(field, text, r);
}

typedef fsc_status (*scalar_parser)(void *field, const char *text, const reader *r);

/* Of scalars; the others have a reader of their own below. */
static const scalar_parser parsers[] = {
    [FSC_OPT_STRING] = parse_text,
    [FSC_OPT_PROMQL] = parse_promql,
    [FSC_OPT_URL] = parse_url,
    [FSC_OPT_PATH] = parse_path,
    [FSC_OPT_SECRET_FILE] = parse_path,
    [FSC_OPT_SECRET] = parse_secret,
    [FSC_OPT_BOOL] = parse_bool,
    [FSC_OPT_INT] = parse_int,
    [FSC_OPT_REAL] = parse_real,
    [FSC_OPT_RATIO] = parse_ratio,
    [FSC_OPT_QUANTILE] = parse_quantile,
    [FSC_OPT_DURATION] = parse_duration,
    [FSC_OPT_TIME] = parse_time,
    [FSC_OPT_LOCAL_TIME] = parse_local_time,
    [FSC_OPT_MONEY] = parse_money,
    [FSC_OPT_RATE] = parse_rate,
    [FSC_OPT_CURRENCY_RATE_UNIT] = parse_currency_unit,
    [FSC_OPT_ENUM] = parse_enum,
    [FSC_OPT_ZONE] = parse_zone,
};

static bool takes_quotes(fsc_opt_type t)
{
    return t != FSC_OPT_BOOL && t != FSC_OPT_INT && t != FSC_OPT_REAL && t != FSC_OPT_RATIO &&
           t != FSC_OPT_QUANTILE;
}

/* ---- composites ---------------------------------------------------------------------------------
 */

static fsc_status at_node(const reader *r, const fsc_node *n, fsc_status status)
{
    if (status != FSC_OK && status != FSC_NOMEM && r->err) {
        char text[sizeof r->err->msg];
        memcpy(text, r->err->msg, sizeof text);
        return fsc_options_fail(r->err, r->ctx, n, "%s", text);
    }
    return status;
}

static fsc_status read_strings(fsc_strings *out, const fsc_node *n, const reader *r)
{
    if (n->kind != FSC_NODE_LIST)
        return fsc_options_fail(r->err, r->ctx, n, "%s is a list: write [a, b]", r->row->key);
    if (!n->n)
        return fsc_options_fail(r->err, r->ctx, n, "%s is empty: name some or remove the key",
                                r->row->key);
    const char **v = FSC_NEW(r->ctx->arena, n->n, const char *, r->err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n->n; i++) {
        if (n->items[i]->kind != FSC_NODE_SCALAR || !*n->items[i]->scalar)
            return fsc_options_fail(r->err, r->ctx, n->items[i], "%s: an entry is a text",
                                    r->row->key);
        v[i] = n->items[i]->scalar;
    }
    *out = (fsc_strings){n->n, v};
    return FSC_OK;
}

static bool has_control(const char *p)
{
    for (; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return true;
    return false;
}

/* Values may hold ${NAME} of the environment: headers carry tokens. */
static fsc_status read_string_map(fsc_string_map *out, const fsc_node *n, const reader *r)
{
    if (n->kind != FSC_NODE_MAP)
        return fsc_options_fail(r->err, r->ctx, n, "%s is a map: write {Name: value}", r->row->key);
    const char **k = FSC_NEW(r->ctx->arena, n->n, const char *, r->err);
    const char **v = FSC_NEW(r->ctx->arena, n->n, const char *, r->err);
    if (!k || !v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n->n; i++) {
        k[i] = n->pairs[i].key;
        if (n->pairs[i].value->kind != FSC_NODE_SCALAR)
            return fsc_options_fail(r->err, r->ctx, n->pairs[i].value, "%s.%s is a text",
                                    r->row->key, k[i]);
        FSC_TRY(at_node(r, n->pairs[i].value, expand(&v[i], n->pairs[i].value->scalar, r)));
        if (has_control(k[i]) || has_control(v[i]))
            return fsc_options_fail(r->err, r->ctx, n->pairs[i].value,
                                    "%s.%s holds a line end or another control character",
                                    r->row->key, k[i]);
    }
    *out = (fsc_string_map){n->n, k, v};
    return FSC_OK;
}

static fsc_status read_sections(fsc_list *out, const fsc_node *n, const reader *r)
{
    if (n->kind != FSC_NODE_LIST)
        return fsc_options_fail(r->err, r->ctx, n, "%s is a list: each entry begins with \"- \"",
                                r->row->key);
    char *v = fsc_arena_alloc(r->ctx->arena, n->n, r->row->size, r->err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n->n; i++)
        FSC_TRY(fsc_options_read(v + i * r->row->size, r->row->rows, n->items[i], r->ctx, r->err));
    *out = (fsc_list){n->n, v};
    return FSC_OK;
}

static fsc_status read_scalar(void *field, const fsc_node *n, const reader *r)
{
    const char *label = fsc__option_labels[r->row->type];
    if (n->kind != FSC_NODE_SCALAR)
        return fsc_options_fail(r->err, r->ctx, n, "%s is a single value (%s), not a %s",
                                r->row->key, label, n->kind == FSC_NODE_MAP ? "map" : "list");
    if (n->quoted && !takes_quotes(r->row->type))
        return fsc_options_fail(r->err, r->ctx, n, "%s is a %s: write it without quotes",
                                r->row->key, label);
    if (!n->quoted && (!strcmp(n->scalar, "~") || !strcmp(n->scalar, "null") || !*n->scalar))
        return fsc_options_fail(r->err, r->ctx, n, "%s has no value: give one or remove the key",
                                r->row->key);
    return at_node(r, n, parsers[r->row->type](field, n->scalar, r));
}

static const fsc_opt *find_row(const fsc_opt *rows, const char *key)
{
    for (; rows->key; rows++)
        if (!strcmp(rows->key, key))
            return rows;
    return NULL;
}

static fsc_status read_row(char *out, const fsc_opt *row, const fsc_node *n, const fsc_opt_ctx *ctx,
                           fsc_err *err);

/* A single value stands for one key of the section, and is named as the section in messages. */
static fsc_status read_section(void *field, const fsc_node *n, const reader *r)
{
    if (n->kind == FSC_NODE_SCALAR && r->row->short_for) {
        fsc_opt only = *find_row(r->row->rows, r->row->short_for);
        only.key = r->row->key;
        FSC_TRY(fsc_options_default(field, r->row->rows, r->ctx, r->err));
        return read_row(field, &only, n, r->ctx, r->err);
    }
    if (n->kind != FSC_NODE_MAP)
        return fsc_options_fail(r->err, r->ctx, n, "%s is a map: write {key: value}", r->row->key);
    return fsc_options_read(field, r->row->rows, n, r->ctx, r->err);
}

static fsc_status read_value(void *field, const fsc_node *n, const reader *r)
{
    switch (r->row->type) {
    case FSC_OPT_STRINGS:
        return read_strings(field, n, r);
    case FSC_OPT_STRING_MAP:
        return read_string_map(field, n, r);
    case FSC_OPT_SECTION:
        return read_section(field, n, r);
    case FSC_OPT_SECTIONS:
        return read_sections(field, n, r);
    case FSC_OPT_CUSTOM:
        return r->row->parse(field, n, r->ctx, r->err);
    default:
        return read_scalar(field, n, r);
    }
}

static fsc_status read_row(char *out, const fsc_opt *row, const fsc_node *n, const fsc_opt_ctx *ctx,
                           fsc_err *err)
{
    FSC_TRY(read_value(out + row->offset, n, &(reader){row, ctx, err}));
    if (row->present)
        *(bool *)(out + row->present) = true;
    return FSC_OK;
}

static fsc_status set_default(char *out, const reader *r)
{
    const fsc_opt *row = r->row;
    if (row->type == FSC_OPT_SECTION)
        return fsc_options_default(out + row->offset, row->rows, r->ctx, r->err);
    return row->def ? parsers[row->type](out + row->offset, row->def, r) : FSC_OK;
}

/* ---- a map
 * --------------------------------------------------------------------------------------- */

static fsc_status unknown_key(const fsc_opt *rows, const fsc_pair *p, const fsc_opt_ctx *ctx,
                              fsc_err *err)
{
    const char *keys[MAX_KEYS] = {NULL};
    size_t n = 0;
    for (; rows->key && n < MAX_KEYS; rows++)
        keys[n++] = rows->key;
    const fsc_node at = {.line = p->line, .column = p->column};
    const char *near = fsc_suggest(p->key, keys, n);
    if (near)
        return fsc_options_fail(err, ctx, &at, "unknown key \"%.60s\", did you mean \"%s\"?",
                                p->key, near);
    char list[240] = "";
    for (size_t i = 0, used = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", keys[i]);
    return fsc_options_fail(err, ctx, &at, "unknown key \"%.60s\": known here are %s", p->key,
                            list);
}

fsc_status fsc_options_default(void *out, const fsc_opt *rows, const fsc_opt_ctx *ctx, fsc_err *err)
{
    for (const fsc_opt *row = rows; row->key; row++)
        FSC_TRY(set_default(out, &(reader){row, ctx, err}));
    return FSC_OK;
}

fsc_status fsc_options_read(void *out, const fsc_opt *rows, const fsc_node *map,
                            const fsc_opt_ctx *ctx, fsc_err *err)
{
    if (map->kind != FSC_NODE_MAP)
        return fsc_options_fail(err, ctx, map, "a section is a map of keys and values");
    FSC_TRY(fsc_options_default(out, rows, ctx, err));
    for (size_t i = 0; i < map->n; i++) {
        const fsc_opt *row = find_row(rows, map->pairs[i].key);
        if (!row)
            return unknown_key(rows, &map->pairs[i], ctx, err);
        FSC_TRY(read_row(out, row, map->pairs[i].value, ctx, err));
    }
    for (const fsc_opt *row = rows; row->key; row++) {
        bool given = false;
        for (size_t i = 0; i < map->n; i++)
            given |= !strcmp(map->pairs[i].key, row->key);
        if (!given && !row->def && !row->optional && row->type != FSC_OPT_SECTION)
            return fsc_options_fail(err, ctx, map, "%s is missing (%s)", row->key, row->doc);
    }
    return FSC_OK;
}
