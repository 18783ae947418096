/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every model on every public trace. FORESCALE_SHARED names the folder above `data`; where it is
 * absent, there is nothing to test. */
#include "forescale/forecast.h"
#include "forescale/model.h"
#include "forescale/source.h"
#include "suite.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TRACES = 64, LEAST_STEP_S = 300, N_H = 4, N_Q = 6 };
enum { Q95 = 3, Q99, Q998 };

static const double levels[N_Q] = {0.05, 0.5, 0.9, 0.95, 0.99, 0.998};

/* The last `days` of a trace at steps of step_s, or its own where they are longer. */
typedef struct look {
    int32_t step_s, horizon[N_H];
    int days, scored_days, stride;
} look;

static const look minutes = {LEAST_STEP_S, {1, 2, 3, 6}, 16, 2, 1},
                  weeks = {FSC_HOUR_S, {1, 24, 7 * 24, 14 * 24}, 84, 28, 29};

static char *paths[MAX_TRACES];
static int n_paths;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_traces(void)
{
    const char *shared = getenv("FORESCALE_SHARED");
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s/data", shared ? shared : "../shared");
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) && n_paths < MAX_TRACES;) {
        size_t n = strlen(e->d_name);
        char path[1024];
        if (n < 5 || strcmp(e->d_name + n - 4, ".csv"))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        paths[n_paths++] = strdup(path);
    }
    if (d)
        closedir(d);
    qsort(paths, (size_t)n_paths, sizeof *paths, by_text);
}

static fsc_series read_trace(const char *path, const look *l)
{
    fsc_csv csv;
    fsc_series s;
    OK(fsc_csv_read(&csv, path, 0, arena, &err));
    s = csv.series[0];
    if (s.step_s < l->step_s)
        OK(fsc_series_resample(&s, &csv.series[0], l->step_s, 0.8, arena, &err));
    return fsc_series_cut(&s, fsc_series_end(&s) - l->days * FSC_DAY_S, INT64_MAX);
}

typedef struct seen {
    double n, held[N_Q], highest; /* highest: of the last level, relative to all of the past */
} seen;

static void check(seen *out, const fsc_forecast *f, const fsc_series *s, size_t origin, double top)
{
    for (size_t h = 0; h < N_H; h++) {
        size_t at = origin + (size_t)f->horizon[h];
        double actual = at < s->n ? s->values[at] : NAN;
        ck_assert_double_finite(f->mean[h]);
        ck_assert_double_ge(f->mean[h], 0);
        for (size_t j = 0; j < N_Q; j++) {
            double v = f->v[h * N_Q + j];
            ck_assert_double_finite(v);
            ck_assert_double_ge(v, j ? f->v[h * N_Q + j - 1] : 0);
            out->held[j] += actual <= v;
        }
        out->n += !isnan(actual);
        out->highest = fmax(out->highest, f->v[h * N_Q + Q998] / top);
    }
}

static seen walk(const fsc_series *s, const look *l, const char *model)
{
    const fsc_forecaster_config cfg = {.id = s->id,
                                       .model = model,
                                       .step_s = s->step_s,
                                       .request = {N_H, l->horizon, N_Q, levels}};
    size_t scored = (size_t)(l->scored_days * FSC_DAY_S / s->step_s), fed = 0;
    double top = 0;
    fsc_forecaster *f;
    seen out = {0};
    OK(fsc_forecaster_open(&f, &cfg, arena, &err));
    for (size_t i = s->n > scored ? s->n - scored : s->n / 2; i < s->n; i += (size_t)l->stride) {
        fsc_series part = *s;
        fsc_forecast said;
        part.n = i + 1;
        for (; fed <= i; fed++)
            top = fmax(top, s->values[fed]);
        OK(fsc_forecaster_feed(f, &part, &err));
        fsc_arena_mark mark = fsc_arena_get_mark(arena);
        OK(fsc_forecaster_run(&said, f, arena, &err));
        check(&out, &said, s, i, top);
        fsc_arena_rewind(arena, mark);
    }
    return out;
}

/* What the regressions and the course of the week say lies within the reach of the past, which is
 * 1.5 times the largest rise, at most all of the past. */
static void check_reach(const fsc_model_ops *m, const seen *o)
{
    if (m->uses_features)
        ck_assert_msg(o->highest <= 2.5, "%s reaches %.3g times the largest value", m->name,
                      o->highest);
}

START_TEST(every_model_is_sound_minutes_ahead)
{
    fsc_series s = read_trace(paths[_i], &minutes);
    for (const fsc_model_ops *const *m = fsc_models(); *m; m++) {
        seen o = walk(&s, &minutes, (*m)->name);
        check_reach(*m, &o);
        if (*m != &fsc_model_mix)
            continue;
        ck_assert_double_ge(o.held[Q95] / o.n, 0.92);
        ck_assert_double_le(o.held[Q95] / o.n, 0.98);
        ck_assert_double_ge(o.held[Q99] / o.n, 0.97);
        ck_assert_double_ge(o.held[Q998] / o.n, 0.985);
    }
}
END_TEST

START_TEST(every_model_is_sound_weeks_ahead)
{
    fsc_series s = read_trace(paths[_i], &weeks);
    for (const fsc_model_ops *const *m = fsc_models(); *m; m++) {
        seen o = walk(&s, &weeks, (*m)->name);
        check_reach(*m, &o);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, every_model_is_sound_minutes_ahead, 0, n_paths);
    tcase_add_loop_test(t, every_model_is_sound_weeks_ahead, 0, n_paths);
}

int main(void)
{
    find_traces();
    if (!n_paths)
        (void)printf("SKIPPED: the public traces are not there: FORESCALE_SHARED=FOLDER\n");
    return n_paths ? run_suite("traces", add) : EXIT_SUCCESS;
}
