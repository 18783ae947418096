/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prom_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the tokenizer expects next. */
enum {
    VALUE,
    FIRST_ELEMENT,
    FIRST_KEY,
    KEY,
    COLON,
    AFTER,
    STRING,
    ESCAPE,
    UNICODE,
    NUMBER,
    LITERAL,
    DONE
};

/* Which part of an answer a container is. */
enum { SKIP, ROOT, DATA, RESULT, SERIES, METRIC, VALUES, SAMPLE, WARNINGS };

/* Keys that matter, by the container they stand in. */
enum {
    K_OTHER,
    K_STATUS,
    K_ERROR_TYPE,
    K_ERROR,
    K_DATA,
    K_PARTIAL,
    K_WARNINGS,
    K_RESULT_TYPE,
    K_RESULT,
    K_METRIC,
    K_VALUES,
    K_VALUE,
    K_HISTOGRAMS,
    K_LABEL
};
static const struct known_key {
    uint8_t where;
    const char *name;
    uint8_t key;
} known_keys[] = {
    {ROOT, "status", K_STATUS},
    {ROOT, "errorType", K_ERROR_TYPE},
    {ROOT, "error", K_ERROR},
    {ROOT, "data", K_DATA},
    {ROOT, "isPartial", K_PARTIAL}, /* VictoriaMetrics */
    {ROOT, "warnings", K_WARNINGS},
    {ROOT, "infos", K_WARNINGS},
    {DATA, "resultType", K_RESULT_TYPE},
    {DATA, "result", K_RESULT},
    {SERIES, "metric", K_METRIC},
    {SERIES, "values", K_VALUES},
    {SERIES, "value", K_VALUE},
    {SERIES, "histograms", K_HISTOGRAMS},
    {SERIES, "histogram", K_HISTOGRAMS},
};

static const char no_object[] = "no object (check prometheus.url)";

enum { REPLACEMENT = 0xFFFD }; /* U+FFFD, for what is no character */

static fsc_status bad(fsc_prom_scan *s, const char *what)
{
    return fsc_fail(s->err, FSC_DATA, "the answer is not Prometheus's: %s at byte %zu", what,
                    s->offset);
}

void fsc_prom_scan_begin(fsc_prom_scan *s, const fsc_sink *sink, const char *by)
{
    memset(s, 0, sizeof *s);
    s->sink = sink;
    s->by = by;
    s->state = VALUE;
}

/* ---- meaning ---- */

static uint8_t where_of(const fsc_prom_scan *s)
{
    return s->depth ? s->stack[s->depth - 1].where : SKIP;
}

static void take_key(fsc_prom_scan *s)
{
    uint8_t where = where_of(s);
    s->key = K_OTHER;
    s->text[s->n_text] = '\0';
    if (where == METRIC)
        s->key = s->by && !strcmp(s->text, s->by) ? K_LABEL : K_OTHER;
    for (size_t i = 0; i < sizeof known_keys / sizeof *known_keys && where != METRIC; i++)
        if (known_keys[i].where == where && !strcmp(known_keys[i].name, s->text))
            s->key = known_keys[i].key;
}

static uint8_t child_of_root(uint8_t key, bool is_map)
{
    return key == K_DATA && is_map ? DATA : key == K_WARNINGS && !is_map ? WARNINGS : SKIP;
}

static uint8_t child_of_series(uint8_t key, bool is_map)
{
    return key == K_METRIC && is_map    ? METRIC
           : key == K_VALUES && !is_map ? VALUES
           : key == K_VALUE && !is_map  ? SAMPLE
                                        : SKIP;
}

static uint8_t child_of(const fsc_prom_scan *s, bool is_map)
{
    if (s->depth == 0)
        return is_map ? ROOT : SKIP;
    switch (where_of(s)) {
    case ROOT:
        return child_of_root(s->key, is_map);
    case DATA:
        return s->key == K_RESULT && !is_map ? RESULT : SKIP;
    case RESULT:
        return is_map ? SERIES : SKIP;
    case SERIES:
        return child_of_series(s->key, is_map);
    case VALUES:
        return is_map ? SKIP : SAMPLE;
    default:
        return SKIP;
    }
}

static fsc_status open_series(fsc_prom_scan *s)
{
    if (s->series_open)
        return FSC_OK;
    s->series_open = true;
    return s->sink->series(s->sink->ctx, s->label, s->err);
}

static fsc_status begin(fsc_prom_scan *s, bool is_map)
{
    uint8_t where = child_of(s, is_map);
    if (s->depth == FSC_SCAN_DEPTH)
        return bad(s, "nesting is too deep");
    if (s->depth == 0 && !is_map)
        return bad(s, no_object);
    if (where == RESULT)
        s->has_result = true;
    if (where == SERIES) {
        s->label[0] = '\0';
        s->series_open = s->has_histograms = false;
    }
    if (where == METRIC && s->series_open)
        return bad(s, "a series's labels come after its values");
    if (where == VALUES || (where == SAMPLE && where_of(s) == SERIES))
        FSC_TRY(open_series(s));
    if (where_of(s) == SERIES && s->key == K_HISTOGRAMS)
        s->has_histograms = true;
    if (where == SAMPLE)
        s->has_t = s->has_v = false;
    s->stack[s->depth].where = where;
    s->stack[s->depth].is_map = is_map;
    s->stack[s->depth++].count = 0;
    s->state = is_map ? FIRST_KEY : FIRST_ELEMENT;
    return FSC_OK;
}

static fsc_status end(fsc_prom_scan *s)
{
    uint8_t where = where_of(s);
    s->depth--;
    s->state = s->depth ? AFTER : DONE;
    if (where == SERIES && s->has_histograms && !s->series_open)
        return fsc_fail(
            s->err, FSC_DATA,
            "the query returns native histograms: make it a number, as with histogram_quantile()");
    if (where != SAMPLE)
        return FSC_OK;
    if (!s->has_t || !s->has_v)
        return bad(s, "a sample is not [time, \"value\"]");
    return s->sink->sample(s->sink->ctx, s->t, s->v, s->err);
}

/* Beside digits only these: strtod() alone would also take blanks, hexadecimals and more names. */
static bool is_number_text(const char *p)
{
    return p[strspn(p, "0123456789+-.eE")] == '\0' || !strcmp(p, "NaN") || !strcmp(p, "+Inf") ||
           !strcmp(p, "-Inf");
}

/* A short decimal is exact as integer / power of ten (Clinger 1990); others go to strtod. */
static bool to_number(double *out, const char *p)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *p == '-';
    const char *q = p + negative;
    uint64_t digits = 0;
    unsigned count = 0, decimals = 0;
    for (; *q >= '0' && *q <= '9' && count < 16; q++, count++)
        digits = 10 * digits + (uint64_t)(*q - '0');
    if (*q == '.')
        for (q++; *q >= '0' && *q <= '9' && count < 16; q++, count++, decimals++)
            digits = 10 * digits + (uint64_t)(*q - '0');
    if (!*q && count && count <= 15) {
        double v = (double)digits / powers[decimals];
        *out = negative ? -v : v;
        return true;
    }
    char *stop;
    *out = strtod(p, &stop);
    return stop != p && !*stop && is_number_text(p);
}

static void copy_text(char *out, size_t cap, const fsc_prom_scan *s)
{
    size_t n = s->n_text < cap - 1 ? s->n_text : cap - 1;
    memcpy(out, s->text, n);
    out[n] = '\0';
}

static fsc_status take_sample_part(fsc_prom_scan *s, bool is_string)
{
    double v;
    bool is_time = s->stack[s->depth - 1].count == 1;
    if (s->text_cut || !to_number(&v, s->text))
        return bad(s, "a sample holds no number");
    if (is_time && !is_string && fabs(v) < 1e15) {
        s->t = (int64_t)floor(v);
        s->has_t = true;
    } else if (!is_time && is_string && s->stack[s->depth - 1].count == 2) {
        s->v = v;
        s->has_v = true;
    } else {
        return bad(s, "a sample is not [time, \"value\"]");
    }
    return FSC_OK;
}

static fsc_status take_scalar(fsc_prom_scan *s, bool is_string)
{
    s->text[s->n_text] = '\0';
    switch (where_of(s)) {
    case SAMPLE:
        return take_sample_part(s, is_string);
    case ROOT:
        if (s->key == K_STATUS) {
            s->success = !strcmp(s->text, "success");
            s->failed = !strcmp(s->text, "error");
        }
        if (s->key == K_PARTIAL)
            s->partial = !strcmp(s->text, "true");
        if (s->key == K_ERROR_TYPE)
            copy_text(s->error_type, sizeof s->error_type, s);
        if (s->key == K_ERROR)
            copy_text(s->error, sizeof s->error, s);
        return FSC_OK;
    case DATA:
        if (s->key == K_RESULT_TYPE && strcmp(s->text, "matrix") && strcmp(s->text, "vector"))
            return fsc_fail(s->err, FSC_DATA,
                            "the query returns a %.20s: make it a series, as with vector()",
                            s->text);
        return FSC_OK;
    case METRIC:
        if (s->key == K_LABEL)
            copy_text(s->label, sizeof s->label, s);
        return FSC_OK;
    case WARNINGS:
        if (s->sink->warning)
            s->sink->warning(s->sink->ctx, s->text);
        return FSC_OK;
    default:
        return FSC_OK;
    }
}

/* ---- tokens ---- */

static void add_char(fsc_prom_scan *s, char c)
{
    if (s->n_text < FSC_SCAN_TEXT)
        s->text[s->n_text++] = c;
    else
        s->text_cut = true;
}

static void add_code_point(fsc_prom_scan *s, unsigned c)
{
    if (c < 0x80) {
        add_char(s, (char)c);
    } else if (c < 0x800) {
        add_char(s, (char)(0xC0 | c >> 6));
        add_char(s, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        add_char(s, (char)(0xE0 | c >> 12));
        add_char(s, (char)(0x80 | (c >> 6 & 0x3F)));
        add_char(s, (char)(0x80 | (c & 0x3F)));
    } else {
        add_char(s, (char)(0xF0 | c >> 18));
        add_char(s, (char)(0x80 | (c >> 12 & 0x3F)));
        add_char(s, (char)(0x80 | (c >> 6 & 0x3F)));
        add_char(s, (char)(0x80 | (c & 0x3F)));
    }
}

/* Half of a pair whose other half did not follow. */
static void end_surrogate(fsc_prom_scan *s)
{
    if (s->high_surrogate)
        add_code_point(s, REPLACEMENT);
    s->high_surrogate = 0;
}

static void begin_text(fsc_prom_scan *s, int state)
{
    s->state = state;
    s->n_text = 0;
    s->text_cut = false;
    s->high_surrogate = 0;
}

static fsc_status end_string(fsc_prom_scan *s)
{
    end_surrogate(s);
    if (s->is_key) {
        take_key(s);
        s->state = COLON;
        return FSC_OK;
    }
    s->state = AFTER;
    return take_scalar(s, true);
}

static void add_escaped(fsc_prom_scan *s, unsigned u)
{
    bool is_low = u >= 0xDC00 && u < 0xE000;
    if (is_low && s->high_surrogate) {
        add_code_point(s, 0x10000 + ((s->high_surrogate - 0xD800) << 10) + (u - 0xDC00));
        s->high_surrogate = 0;
        return;
    }
    end_surrogate(s);
    if (u >= 0xD800 && u < 0xDC00)
        s->high_surrogate = u;
    else
        add_code_point(s, is_low || !u ? REPLACEMENT : u);
}

static fsc_status on_unicode(fsc_prom_scan *s, char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *d = c ? strchr(digits, c) : NULL;
    if (!d)
        return bad(s, "a wrong \\u escape");
    s->unicode = s->unicode << 4 | (unsigned)((d - digits) & 15);
    if (++s->literal_at < 4)
        return FSC_OK;
    s->state = STRING;
    add_escaped(s, s->unicode);
    return FSC_OK;
}

static fsc_status on_escape(fsc_prom_scan *s, char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;
    s->state = STRING;
    if (c == 'u') {
        s->state = UNICODE;
        s->unicode = 0;
        s->literal_at = 0;
        return FSC_OK;
    }
    if (!at)
        return bad(s, "a wrong escape");
    end_surrogate(s);
    add_char(s, to[at - from]);
    return FSC_OK;
}

static fsc_status begin_value(fsc_prom_scan *s, char c)
{
    if (s->depth)
        s->stack[s->depth - 1].count++;
    if (c == '{' || c == '[')
        return begin(s, c == '{');
    if (!s->depth)
        return bad(s, no_object);
    s->is_key = false;
    if (c == '"') {
        begin_text(s, STRING);
        return FSC_OK;
    }
    begin_text(s, c == '-' || (c >= '0' && c <= '9') ? NUMBER : LITERAL);
    if (s->state == LITERAL && c != 't' && c != 'f' && c != 'n')
        return bad(s, "no value");
    add_char(s, c);
    return FSC_OK;
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

static fsc_status after_value(fsc_prom_scan *s, char c)
{
    bool is_map = s->stack[s->depth - 1].is_map;
    if (c == ',') {
        s->state = is_map ? KEY : VALUE;
        return FSC_OK;
    }
    if (c == (is_map ? '}' : ']'))
        return end(s);
    return bad(s, "no comma");
}

static fsc_status on_key(fsc_prom_scan *s, char c)
{
    if (c == '}' && s->state == FIRST_KEY)
        return end(s);
    if (c != '"')
        return bad(s, "no key");
    begin_text(s, STRING);
    s->is_key = true;
    return FSC_OK;
}

static const char *digits_after(const char *p)
{
    return p + strspn(p, "0123456789");
}

/* RFC 8259, section 6. */
static bool is_json_number(const char *p)
{
    p += *p == '-';
    const char *q = *p == '0' ? p + 1 : digits_after(p);
    if (q == p)
        return false;
    if (*q == '.') {
        p = q + 1;
        q = digits_after(p);
        if (q == p)
            return false;
    }
    if (*q == 'e' || *q == 'E') {
        p = q + 1;
        p += *p == '-' || *p == '+';
        q = digits_after(p);
        if (q == p)
            return false;
    }
    return !*q;
}

static fsc_status end_number(fsc_prom_scan *s)
{
    s->text[s->n_text] = '\0';
    if (s->text_cut || !is_json_number(s->text))
        return bad(s, "no number");
    s->state = AFTER;
    return take_scalar(s, false);
}

static fsc_status end_literal(fsc_prom_scan *s)
{
    s->text[s->n_text] = '\0';
    if (strcmp(s->text, "true") && strcmp(s->text, "false") && strcmp(s->text, "null"))
        return bad(s, "no value");
    s->state = AFTER;
    return take_scalar(s, false);
}

/* One byte that is no blank, outside of texts. */
static fsc_status on_structure(fsc_prom_scan *s, char c)
{
    switch (s->state) {
    case FIRST_ELEMENT:
        if (c == ']')
            return end(s);
        return begin_value(s, c);
    case VALUE:
        return begin_value(s, c);
    case FIRST_KEY:
    case KEY:
        return on_key(s, c);
    case COLON:
        s->state = VALUE;
        return c == ':' ? FSC_OK : bad(s, "no colon");
    case AFTER:
        return after_value(s, c);
    default:
        return bad(s, "text after the end");
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Takes what belongs to a string from p; returns where it stopped. */
static fsc_status in_string(fsc_prom_scan *s, const char **p, const char *stop)
{
    const char *from = *p, *q = from;
    while (q < stop && *q != '"' && *q != '\\' && (unsigned char)*q >= 0x20)
        q++;
    if (q > from)
        end_surrogate(s);
    size_t n = (size_t)(q - from), room = FSC_SCAN_TEXT - s->n_text;
    s->text_cut |= n > room;
    memcpy(s->text + s->n_text, from, n < room ? n : room);
    s->n_text += n < room ? n : room;
    s->offset += n;
    *p = q;
    if (q == stop)
        return FSC_OK;
    s->offset++;
    *p = q + 1;
    if (*q == '"')
        return end_string(s);
    if (*q != '\\')
        return bad(s, "a control character in a text");
    s->state = ESCAPE;
    return FSC_OK;
}

static fsc_status step(fsc_prom_scan *s, const char **p, const char *stop)
{
    char c = **p;
    if (s->state == STRING)
        return in_string(s, p, stop);
    if (s->state == NUMBER && !is_number_char(c))
        return end_number(s);
    if (s->state == LITERAL && !(c >= 'a' && c <= 'z'))
        return end_literal(s);
    ++*p;
    s->offset++;
    switch (s->state) {
    case NUMBER:
    case LITERAL:
        add_char(s, c);
        return FSC_OK;
    case ESCAPE:
        return on_escape(s, c);
    case UNICODE:
        return on_unicode(s, c);
    default:
        return is_blank(c) ? FSC_OK : on_structure(s, c);
    }
}

fsc_status fsc_prom_scan_feed(fsc_prom_scan *s, const char *data, size_t n, fsc_err *err)
{
    const char *p = data, *stop = data + n;
    s->err = err;
    while (p < stop)
        FSC_TRY(step(s, &p, stop));
    return FSC_OK;
}

fsc_status fsc_prom_scan_end(fsc_prom_scan *s, fsc_err *err)
{
    s->err = err;
    if (s->offset == 0)
        return fsc_fail_retryable(err, FSC_REMOTE, "the answer is empty");
    if (s->state != DONE)
        return fsc_fail_retryable(err, FSC_DATA, "the answer is cut off after %zu bytes",
                                  s->offset);
    if (s->failed)
        return fsc_fail(err, FSC_REMOTE, "%s: %s", s->error_type[0] ? s->error_type : "error",
                        s->error);
    if (s->partial)
        return fsc_fail_retryable(err, FSC_REMOTE,
                                  "a part of the storage did not answer: half of a demand must not "
                                  "pass for all of it");
    return s->success && s->has_result ? FSC_OK : bad(s, "no status and result");
}
