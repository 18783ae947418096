/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/file.h"
#include "forescale/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 3, LIMIT_MIB = 2048, MAX_SERIES = 1000000 };

static const int64_t latest_s = 100000000000; /* the year 5138; milliseconds since 1973 are later */

/* One header is one row: which column is what. */
static const struct form {
    const char *names[MAX_FIELDS];
    int n, series, time, value; /* series -1: the file's name */
} forms[] = {
    {{"series", "timestamp", "value"}, 3, 0, 1, 2},
    {{"timestamp", "value", NULL}, 2, -1, 0, 1},
    {{"unique_id", "ds", "y"}, 3, 0, 1, 2},
};

typedef struct field {
    const char *p;
    size_t n;
} field;

/* Samples of one series while rows may still be interleaved. */
typedef struct growing {
    const char *id;
    fsc_sample *v; /* malloc */
    size_t n, cap;
    size_t next_same_hash; /* index + 1 of the next in its bucket */
} growing;

typedef struct csv_reader {
    const char *path, *p, *end;
    size_t line;
    const struct form *form;
    fsc_time_form time_form;
    bool time_form_known;
    growing *series; /* malloc */
    size_t n, cap;
    size_t *buckets; /* malloc; index + 1 */
    size_t n_buckets;
    size_t newest; /* the series of the row before: most files are sorted by series */
    fsc_arena *arena;
    fsc_err *err;
} csv_reader;

static const char too_many[] = "more fields than the header has";

static fsc_status bad(csv_reader *r, const char *what)
{
    return fsc_fail(r->err, FSC_DATA, "%s:%zu: %s", r->path, r->line, what);
}

/* ---- fields (RFC 4180) ---- */

/* A copy in which doubled quotes are single; most fields have none and stay where they are. */
static fsc_status undouble(csv_reader *r, field *f)
{
    char *text = fsc_arena_alloc(r->arena, f->n, 1, r->err);
    if (!text)
        return FSC_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        text[n++] = f->p[i];
        i += f->p[i] == '"'; /* its twin */
    }
    *f = (field){text, n};
    return FSC_OK;
}

static fsc_status quoted_field(csv_reader *r, field *out)
{
    const char *from = ++r->p;
    bool doubled = false;
    for (; r->p < r->end && *r->p != '\n'; r->p++) {
        if (*r->p != '"')
            continue;
        if (r->p + 1 == r->end || r->p[1] != '"') {
            *out = (field){from, (size_t)(r->p++ - from)};
            return doubled ? undouble(r, out) : FSC_OK;
        }
        doubled = true;
        r->p++;
    }
    return bad(r, "a quote is not closed");
}

static fsc_status next_field(csv_reader *r, field *out)
{
    if (r->p < r->end && *r->p == '"')
        return quoted_field(r, out);
    const char *from = r->p;
    while (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r')
        r->p++;
    *out = (field){from, (size_t)(r->p - from)};
    return FSC_OK;
}

/* Reads one line's fields; *n is 0 for a blank line. */
static fsc_status next_row(csv_reader *r, field *out, int *n)
{
    *n = 0;
    r->line++;
    for (;;) {
        field f = {0};
        FSC_TRY(next_field(r, &f));
        if (*n == MAX_FIELDS)
            return bad(r, too_many);
        out[(*n)++] = f;
        if (r->p < r->end && *r->p == ',') {
            r->p++;
            continue;
        }
        break;
    }
    r->p += r->p < r->end && *r->p == '\r' ? 1 : 0;
    if (r->p < r->end && *r->p != '\n')
        return bad(r, "text behind a closing quote or a carriage return");
    r->p += r->p < r->end ? 1 : 0;
    if (*n == 1 && out[0].n == 0)
        *n = 0;
    return FSC_OK;
}

static bool is_text(field f, const char *text)
{
    return f.n == strlen(text) && !memcmp(f.p, text, f.n);
}

static fsc_status read_header(csv_reader *r)
{
    field f[MAX_FIELDS] = {{0}};
    int n = 0;
    if (r->end - r->p >= 3 && !memcmp(r->p, "\xEF\xBB\xBF", 3))
        r->p += 3;
    if (r->p >= r->end)
        return fsc_fail(r->err, FSC_DATA, "%s is empty", r->path);
    fsc_status status = next_row(r, f, &n);
    for (size_t i = 0; status == FSC_OK && i < sizeof forms / sizeof *forms; i++) {
        bool same = n == forms[i].n;
        for (int k = 0; same && k < n; k++)
            same = is_text(f[k], forms[i].names[k]);
        if (same) {
            r->form = &forms[i];
            return FSC_OK;
        }
    }
    return bad(r,
               "the header is none of: series,timestamp,value / timestamp,value / unique_id,ds,y");
}

/* ---- values ---- */

static bool short_text(char out[64], field f)
{
    if (f.n >= 64 || memchr(f.p, 0, f.n))
        return false;
    memcpy(out, f.p, f.n);
    out[f.n] = '\0';
    return true;
}

static fsc_status read_time(csv_reader *r, field f, int64_t *out)
{
    char text[64];
    fsc_err cause = FSC_ERR_INIT;
    if (!short_text(text, f))
        return bad(r, "this is no timestamp");
    fsc_time_form form = f.n > 4 && text[4] == '-' ? FSC_TIME_RFC3339 : FSC_TIME_UNIX;
    if (fsc_time_parse(out, text, &cause) != FSC_OK)
        return bad(r, cause.msg);
    if (*out > latest_s)
        return bad(r, "this timestamp is no second of our age: give seconds, not milliseconds");
    if (!r->time_form_known)
        r->time_form = form;
    r->time_form_known = true;
    return FSC_OK;
}

/* Most values are short decimals: exact while digits and exponent fit a double (Clinger 1990). */
static bool fast_number(field f, double *out)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    uint64_t digits = 0;
    size_t i = f.n && f.p[0] == '-' ? 1 : 0, count = 0, decimals = 0;
    bool dot = false;
    for (; i < f.n; i++) {
        if (f.p[i] == '.' && !dot) {
            dot = true;
            continue;
        }
        if (f.p[i] < '0' || f.p[i] > '9' || ++count > 15)
            return false;
        digits = 10 * digits + (uint64_t)(f.p[i] - '0');
        decimals += dot;
    }
    if (!count)
        return false;
    double v = (double)digits / powers[decimals];
    *out = f.p[0] == '-' ? -v : v;
    return true;
}

static fsc_status read_value(csv_reader *r, field f, double *out)
{
    char text[64], *end;
    *out = NAN;
    if (f.n == 0 || is_text(f, "NaN") || is_text(f, "nan"))
        return FSC_OK;
    if (fast_number(f, out))
        return FSC_OK;
    if (!short_text(text, f))
        return bad(r, "the value is no number");
    *out = strtod(text, &end);
    if (end == text || *end || strpbrk(text, "xX")) {
        char message[128];
        (void)snprintf(message, sizeof message,
                       "the value \"%s\" is no number (leave it empty for a gap)", text);
        return bad(r, message);
    }
    *out = isfinite(*out) ? *out : NAN;
    return FSC_OK;
}

/* ---- series ---- */

static size_t hash(const char *p, size_t n)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 1099511628211u;
    return (size_t)h;
}

static bool same_id(const growing *g, field f)
{
    return strlen(g->id) == f.n && !memcmp(g->id, f.p, f.n);
}

static bool grow_table(csv_reader *r)
{
    size_t cap = r->cap ? 2 * r->cap : 64, n_buckets = 2 * cap;
    growing *series = realloc(r->series, cap * sizeof *series);
    if (series)
        r->series = series;
    size_t *buckets = calloc(n_buckets, sizeof *buckets);
    if (!series || !buckets) {
        free(buckets);
        return false;
    }
    free(r->buckets);
    r->cap = cap;
    r->buckets = buckets;
    r->n_buckets = n_buckets;
    for (size_t i = 0; i < r->n; i++) {
        size_t b = hash(series[i].id, strlen(series[i].id)) % n_buckets;
        series[i].next_same_hash = buckets[b];
        buckets[b] = i + 1;
    }
    return true;
}

static fsc_status find_series(csv_reader *r, field id, growing **out)
{
    if (r->n && same_id(&r->series[r->newest], id)) {
        *out = &r->series[r->newest];
        return FSC_OK;
    }
    if (r->n == r->cap && (r->n >= MAX_SERIES || !grow_table(r)))
        return fsc_fail(r->err, FSC_NOMEM, "%s:%zu: too many series", r->path, r->line);
    size_t b = hash(id.p, id.n) % r->n_buckets;
    for (size_t i = r->buckets[b]; i; i = r->series[i - 1].next_same_hash)
        if (same_id(&r->series[i - 1], id)) {
            r->newest = i - 1;
            *out = &r->series[r->newest];
            return FSC_OK;
        }
    const char *name = fsc_arena_strndup(r->arena, id.p, id.n, r->err);
    if (!name)
        return FSC_NOMEM;
    if (!id.n)
        return bad(r, "the series has no name");
    r->series[r->n] = (growing){.id = name, .next_same_hash = r->buckets[b]};
    r->buckets[b] = r->n + 1;
    r->newest = r->n++;
    *out = &r->series[r->newest];
    return FSC_OK;
}

static fsc_status append(csv_reader *r, growing *g, fsc_sample s)
{
    if (g->n && s.t <= g->v[g->n - 1].t)
        return bad(r,
                   s.t == g->v[g->n - 1].t
                       ? "this timestamp comes twice"
                       : "this timestamp is older than the one before it: sort the rows by time");
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 256;
        fsc_sample *v = realloc(g->v, cap * sizeof *v);
        if (!v)
            return fsc_fail(r->err, FSC_NOMEM, "out of memory");
        g->v = v;
        g->cap = cap;
    }
    g->v[g->n++] = s;
    return FSC_OK;
}

static fsc_status read_rows(csv_reader *r, field file_name)
{
    while (r->p < r->end) {
        field f[MAX_FIELDS] = {{0}};
        int n = 0;
        growing *g = NULL;
        fsc_sample s;
        FSC_TRY(next_row(r, f, &n));
        if (n == 0)
            continue;
        if (n != r->form->n)
            return bad(r, n < r->form->n ? "fewer fields than the header has" : too_many);
        FSC_TRY(read_time(r, f[r->form->time], &s.t));
        FSC_TRY(read_value(r, f[r->form->value], &s.v));
        FSC_TRY(find_series(r, r->form->series < 0 ? file_name : f[r->form->series], &g));
        FSC_TRY(append(r, g, s));
    }
    return r->n ? FSC_OK : fsc_fail(r->err, FSC_DATA, "%s has a header but no rows", r->path);
}

static fsc_status finish(fsc_csv *out, csv_reader *r, int32_t step_s)
{
    out->n = r->n;
    out->form = r->time_form;
    out->series = FSC_NEW(r->arena, r->n, fsc_series, r->err);
    if (!out->series)
        return FSC_NOMEM;
    for (size_t i = 0; i < r->n; i++)
        if (fsc_series_from_samples(&out->series[i], r->series[i].id, r->series[i].v,
                                    r->series[i].n, step_s, r->arena, r->err) != FSC_OK)
            return fsc_context(r->err, "%s", r->path);
    return FSC_OK;
}

static size_t without(const char *name, size_t n, const char *extension)
{
    size_t k = strlen(extension);
    return n > k && !memcmp(name + n - k, extension, k) ? n - k : n;
}

/* "dir/demand.csv.gz" names the series "demand". */
static field series_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!strcmp(path, "-"))
        return (field){"stdin", 5};
    size_t n = without(name, strlen(name), ".gz");
    return (field){name, without(name, n, ".csv")};
}

fsc_status fsc_csv_parse(fsc_csv *out, const char *path, const char *text, size_t n, int32_t step_s,
                         fsc_arena *a, fsc_err *err)
{
    csv_reader r = {.path = strcmp(path, "-") ? path : "standard input",
                    .p = text,
                    .end = text + n,
                    .arena = a,
                    .err = err};
    fsc_status status = read_header(&r);
    if (status == FSC_OK)
        status = read_rows(&r, series_name(path));
    if (status == FSC_OK)
        status = finish(out, &r, step_s);
    for (size_t i = 0; i < r.n; i++)
        free(r.series[i].v);
    free(r.series);
    free(r.buckets);
    return status;
}

fsc_status fsc_csv_read(fsc_csv *out, const char *path, int32_t step_s, fsc_arena *a, fsc_err *err)
{
    const char *text;
    size_t n;
    FSC_TRY(fsc_file_read(&text, &n, path, (size_t)LIMIT_MIB << 20, a, err));
    return fsc_csv_parse(out, path, text, n, step_s, a, err);
}
