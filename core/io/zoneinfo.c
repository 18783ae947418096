/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads TZif files (RFC 8536): the 64-bit block, then the footer's rule for the years after it. */
#include "forescale/file.h"
#include "forescale/yaml.h"

#include <stdlib.h>
#include <string.h>

enum {
    LAST_YEAR = 2100,
    FILE_LIMIT = 1 << 20,
    HEADER_BYTES = 44,
    MAX_TRANSITIONS = 4096,
    MAX_FILE_COUNT = 3000,
    MAX_LISTED = 1000
};

typedef struct tzif {
    const unsigned char *p, *end;
    fsc_err *err;
    const char *name;
} tzif;

static fsc_status broken(const tzif *z)
{
    return fsc_fail(z->err, FSC_DATA, "the zone file of %s is broken", z->name);
}

static int64_t big_endian(const unsigned char *p, int bytes)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

typedef struct counts {
    size_t isut, isstd, leap, times, types, chars;
} counts;

static fsc_status read_header(tzif *z, counts *c)
{
    if (z->end - z->p < HEADER_BYTES || memcmp(z->p, "TZif", 4) || z->p[4] < '2')
        return broken(z);
    size_t v[6];
    for (int i = 0; i < 6; i++) {
        int64_t n = big_endian(z->p + 20 + 4 * i, 4);
        if (n < 0 || n > MAX_FILE_COUNT)
            return broken(z);
        v[i] = (size_t)n;
    }
    *c = (counts){v[0], v[1], v[2], v[3], v[4], v[5]};
    z->p += HEADER_BYTES;
    return c->types ? FSC_OK : broken(z);
}

static size_t block_bytes(const counts *c, size_t time_bytes)
{
    return c->times * time_bytes + c->times + c->types * 6 + c->chars + c->leap * (time_bytes + 4) +
           c->isstd + c->isut;
}

/* ---- the footer: "CET-1CEST,M3.5.0,M10.5.0/3"
 * ---------------------------------------------------- */

typedef struct rule {
    int month, week, weekday; /* weekday 0 = Sunday */
    int32_t time_s;
} rule;

typedef struct footer {
    int32_t standard_s, summer_s;
    bool has_summer;
    rule to_summer, to_standard;
} footer;

static bool skip_name(const char **p)
{
    const char *from = *p;
    if (**p == '<') {
        const char *close = strchr(*p, '>');
        *p = close ? close + 1 : *p;
        return close != NULL;
    }
    while ((**p >= 'a' && **p <= 'z') || (**p >= 'A' && **p <= 'Z'))
        (*p)++;
    return *p != from;
}

static bool read_hms(const char **p, int32_t *out)
{
    int sign = **p == '-' ? -1 : 1;
    char *end;
    *p += **p == '-' || **p == '+';
    if (**p < '0' || **p > '9')
        return false;
    long h = strtol(*p, &end, 10), m = 0, s = 0;
    if (*end == ':')
        m = strtol(end + 1, &end, 10);
    if (*end == ':')
        s = strtol(end + 1, &end, 10);
    *p = end;
    *out = (int32_t)(sign * (h * 3600 + m * 60 + s));
    return h <= 167 && m <= 59 && s <= 59;
}

static bool read_rule(const char **p, rule *r)
{
    char *end;
    if (**p != ',' || (*p)[1] != 'M')
        return false; /* no zone of today uses the Julian forms */
    r->month = (int)strtol(*p + 2, &end, 10);
    r->week = *end == '.' ? (int)strtol(end + 1, &end, 10) : 0;
    r->weekday = *end == '.' ? (int)strtol(end + 1, &end, 10) : -1;
    *p = end;
    r->time_s = 7200;
    if (**p == '/') {
        (*p)++;
        if (!read_hms(p, &r->time_s))
            return false;
    }
    return r->month >= 1 && r->month <= 12 && r->week >= 1 && r->week <= 5 && r->weekday >= 0 &&
           r->weekday <= 6;
}

static bool read_footer(footer *f, const char *p)
{
    if (!skip_name(&p) || !read_hms(&p, &f->standard_s))
        return false;
    f->standard_s = -f->standard_s;
    f->summer_s = f->standard_s + 3600;
    if (!*p)
        return true;
    f->has_summer = true;
    if (!skip_name(&p))
        return false;
    if (*p != ',') {
        if (!read_hms(&p, &f->summer_s))
            return false;
        f->summer_s = -f->summer_s;
    }
    return read_rule(&p, &f->to_summer) && read_rule(&p, &f->to_standard) && !*p;
}

static int64_t rule_instant(const rule *r, int year, int32_t offset_s)
{
    fsc_civil first = {.year = year, .month = r->month, .day = 1};
    int64_t t = fsc_zone_local_to_utc(&fsc_zone_utc, &first);
    int weekday = (fsc_civil_at(NULL, t).weekday + 1) % 7;
    int64_t day = (r->weekday - weekday + 7) % 7 + 7 * (r->week - 1);
    int64_t at = t + day * FSC_DAY_S;
    if (fsc_civil_at(NULL, at).month != r->month) /* week 5 is the last one */
        at -= 7 * FSC_DAY_S;
    return at + r->time_s - offset_s;
}

typedef struct building {
    size_t n;
    int64_t *at;
    int32_t *offset_s;
} building;

static void add(building *b, int64_t at, int32_t offset_s)
{
    if (b->n + 1 >= MAX_TRANSITIONS || (b->n && at <= b->at[b->n - 1]))
        return;
    b->at[b->n++] = at;
    b->offset_s[b->n] = offset_s;
}

static void add_footer_years(building *b, const footer *f)
{
    int64_t newest = b->n ? b->at[b->n - 1] : 0;
    int from = newest > 0 ? fsc_civil_at(NULL, newest).year : 1970;
    for (int year = from; f->has_summer && year <= LAST_YEAR; year++) {
        int64_t summer = rule_instant(&f->to_summer, year, f->standard_s);
        int64_t standard = rule_instant(&f->to_standard, year, f->summer_s);
        if (summer < standard) {
            add(b, summer, f->summer_s);
            add(b, standard, f->standard_s);
        } else {
            add(b, standard, f->standard_s);
            add(b, summer, f->summer_s);
        }
    }
}

static fsc_status read_block(tzif *z, const counts *c, building *b)
{
    const unsigned char *times = z->p, *indexes = times + 8 * c->times, *types = indexes + c->times;
    b->offset_s[0] = (int32_t)big_endian(types, 4);
    for (size_t i = 0; i < c->times; i++) {
        int64_t at = big_endian(times + 8 * i, 8);
        if (indexes[i] >= c->types || (b->n && at <= b->at[b->n - 1]))
            return broken(z);
        add(b, at, (int32_t)big_endian(types + 6 * (size_t)indexes[i], 4));
    }
    return FSC_OK;
}

static fsc_status read_zone(fsc_zone *out, tzif *z, fsc_arena *a)
{
    counts c;
    building b = {.at = FSC_NEW(a, MAX_TRANSITIONS, int64_t, z->err),
                  .offset_s = FSC_NEW(a, MAX_TRANSITIONS + 1, int32_t, z->err)};
    if (!b.at || !b.offset_s)
        return FSC_NOMEM;
    FSC_TRY(read_header(z, &c));
    if ((size_t)(z->end - z->p) < block_bytes(&c, 4))
        return broken(z);
    z->p += block_bytes(&c, 4);
    FSC_TRY(read_header(z, &c));
    if ((size_t)(z->end - z->p) < block_bytes(&c, 8))
        return broken(z);
    FSC_TRY(read_block(z, &c, &b));
    const char *text = (const char *)z->p + block_bytes(&c, 8);
    const char *close = *text == '\n' ? strchr(text + 1, '\n') : NULL;
    footer f = {0};
    char rule_text[128] = "";
    if (close && close - text - 1 < (int)sizeof rule_text)
        memcpy(rule_text, text + 1, (size_t)(close - text - 1));
    if (rule_text[0] && !read_footer(&f, rule_text))
        return fsc_fail(z->err, FSC_DATA, "the rule \"%s\" of the zone %s is not understood",
                        rule_text, z->name);
    add_footer_years(&b, &f);
    *out = (fsc_zone){.name = z->name, .n = b.n, .at = b.at, .offset_s = b.offset_s};
    return FSC_OK;
}

/* The known zone nearest to a wrong name, from the database's own list (tab-separated: the third
 * column is the name); NULL where it has none. */
static const char *nearest_zone(const char *folder, const char *name, fsc_arena *a)
{
    const char *text, *names[MAX_LISTED];
    size_t length, n = 0;
    char *path = fsc_arena_printf(a, NULL, "%s/zone1970.tab", folder);
    if (!path || fsc_file_read(&text, &length, path, FILE_LIMIT, a, NULL) != FSC_OK)
        return NULL;
    for (const char *line = text; *line && n < MAX_LISTED; line += strcspn(line, "\n")) {
        line += *line == '\n';
        const char *tab = *line == '#' ? NULL : memchr(line, '\t', strcspn(line, "\n"));
        tab = tab ? memchr(tab + 1, '\t', strcspn(tab + 1, "\n")) : NULL;
        if (tab && !(names[n++] = fsc_arena_strndup(a, tab + 1, strcspn(tab + 1, "\t\n"), NULL)))
            return NULL;
    }
    return fsc_suggest(name, names, n);
}

static bool is_zone_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              strchr("/_+-", *p)))
            return false;
    return *name && *name != '/';
}

fsc_status fsc_zone_load(const fsc_zone **out, const char *name, fsc_arena *a, fsc_err *err)
{
    const char *folder = getenv("TZDIR");
    const char *bytes;
    size_t n;
    if (!strcmp(name, "UTC") || !strcmp(name, fsc_zone_utc.name)) {
        *out = &fsc_zone_utc;
        return FSC_OK;
    }
    if (!is_zone_name(name))
        return fsc_fail(err, FSC_CONFIG, "\"%.60s\" is no time zone: write one as Europe/Berlin",
                        name);
    folder = folder && *folder ? folder : "/usr/share/zoneinfo";
    char *path = fsc_arena_printf(a, err, "%s/%s", folder, name);
    fsc_zone *zone = FSC_NEW(a, 1, fsc_zone, err);
    if (!path || !zone)
        return FSC_NOMEM;
    fsc_status status = fsc_file_read(&bytes, &n, path, FILE_LIMIT, a, err);
    if (status == FSC_NOMEM)
        return status;
    if (status != FSC_OK) {
        const char *near = nearest_zone(folder, name, a);
        return near
                   ? fsc_fail(err, FSC_CONFIG, "there is no time zone %s, did you mean \"%s\"?",
                              name, near)
                   : fsc_fail(err, FSC_CONFIG,
                              "there is no time zone %s in %s: is tzdata installed?", name, folder);
    }
    tzif z = {(const unsigned char *)bytes, (const unsigned char *)bytes + n, err, name};
    *out = zone;
    return read_zone(zone, &z, a);
}
