/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/file.h"
#include "forescale/ical.h"
#include "forescale/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 4 << 20, MAX_HOLIDAYS = 20000 };

static const char *read_env(void *io, const char *name)
{
    (void)io;
    return getenv(name);
}

static fsc_status read_zone(const void **out, void *io, const char *name, fsc_arena *a,
                            fsc_err *err)
{
    const fsc_zone *zone;
    (void)io;
    FSC_TRY(fsc_zone_load(&zone, name, a, err));
    *out = zone;
    return FSC_OK;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* A file that the configuration names and that is wrong makes the configuration wrong. */
static fsc_status as_config(fsc_status status, fsc_err *err)
{
    if (status == FSC_OK || status == FSC_NOMEM)
        return status;
    if (err)
        err->code = FSC_CONFIG;
    return FSC_CONFIG;
}

static fsc_status read_calendar(fsc_civil *dates, size_t *n, const char *path, fsc_arena *a,
                                fsc_err *err)
{
    const char *text;
    size_t length;
    FSC_TRY(fsc_file_read(&text, &length, path, FILE_LIMIT, a, err));
    return fsc_ical_read(dates, n, MAX_HOLIDAYS, path, text, err);
}

static fsc_status collect_dates(fsc_civil *dates, size_t *n, const fsc_config *c, fsc_arena *a,
                                fsc_err *err)
{
    for (size_t i = 0; i < c->holiday_dates.n; i++) {
        int64_t t;
        if (*n == MAX_HOLIDAYS)
            return fsc_fail(err, FSC_CONFIG, "more than %d dates", (int)MAX_HOLIDAYS);
        FSC_TRY(fsc_time_parse_local(&t, &fsc_zone_utc, c->holiday_dates.v[i], err));
        dates[(*n)++] = fsc_civil_at(NULL, t);
    }
    for (size_t i = 0; i < c->holiday_files.n; i++)
        FSC_TRY(read_calendar(dates, n, c->holiday_files.v[i], a, err));
    return FSC_OK;
}

static fsc_status load_holidays(fsc_config *c, fsc_arena *a, fsc_err *err)
{
    size_t n = 0;
    fsc_civil *dates = FSC_NEW(a, MAX_HOLIDAYS, fsc_civil, err);
    if (!dates)
        return FSC_NOMEM;
    fsc_status status = as_config(collect_dates(dates, &n, c, a, err), err);
    if (status != FSC_OK) {
        (void)fsc_context(err, "%s: holidays", c->file);
        return status;
    }
    int64_t *days = FSC_NEW(a, n, int64_t, err);
    if (!days)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        days[i] = fsc_zone_local_to_utc(c->zone, &dates[i]);
    qsort(days, n, sizeof *days, by_time);
    for (size_t i = 0; i < n; i++) /* a day in two calendars is one holiday */
        if (!c->calendar.n_holidays || days[c->calendar.n_holidays - 1] != days[i])
            days[c->calendar.n_holidays++] = days[i];
    c->calendar.holidays = days;
    return FSC_OK;
}

fsc_status fsc_config_load_text(fsc_config *out, const char *name, const char *text, size_t n,
                                fsc_arena *a, fsc_err *err)
{
    const fsc_node *root;
    FSC_TRY(fsc_yaml_parse(&root, name, text, n, a, err));
    const fsc_opt_ctx ctx = {.file = name, .arena = a, .env = read_env, .zone = read_zone};
    FSC_TRY(fsc_config_parse(out, root, &ctx, err));
    return out->holiday_dates.n + out->holiday_files.n ? load_holidays(out, a, err) : FSC_OK;
}

fsc_status fsc_config_load(fsc_config *out, const char *path, fsc_arena *a, fsc_err *err)
{
    const char *text;
    size_t n;
    fsc_status status = as_config(fsc_file_read(&text, &n, path, FILE_LIMIT, a, err), err);
    if (status != FSC_OK) {
        (void)fsc_context(err, "configuration");
        return status;
    }
    return fsc_config_load_text(out, strcmp(path, "-") ? path : "standard input", text, n, a, err);
}

fsc_status fsc_config_require(const fsc_config *c, unsigned needs, fsc_err *err)
{
    if ((needs & FSC_NEED_STORE) && !c->store.path && !c->store.url)
        return fsc_fail(err, FSC_CONFIG,
                        "%s: store.path is missing: give it, store.url, or --store FILE", c->file);
    if ((needs & FSC_NEED_PROMETHEUS) && !c->prometheus.url)
        return fsc_fail(err, FSC_CONFIG, "%s: prometheus.url is missing: where demand is read",
                        c->file);
    for (size_t i = 0; i < c->n_workloads && (needs & FSC_NEED_TARGET); i++) {
        const fsc_workload_config *w = &c->workloads[i];
        if (w->mode != FSC_MODE_OBSERVE && !strcmp(w->target.kind_name, "None"))
            return fsc_fail(
                err, FSC_CONFIG,
                "%s: workload %s is enforced but has no target: give one, or mode: observe",
                c->file, w->name);
    }
    return FSC_OK;
}
