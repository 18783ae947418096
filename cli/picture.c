/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/picture.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 880,
    HEIGHT = 260,
    LEFT = 64,
    RIGHT = 12,
    TOP = 14,
    BOTTOM = 30,
    PAST_S = 3 * FSC_HOUR_S,
    AHEAD_S = 30 * FSC_MINUTE_S,
    BYTES_LIMIT = 16 << 20
};

static const double levels[] = {0.05, 0.5, 0.95};

/* One chart: times across, values up. */
typedef struct chart {
    fsc_buf *out;
    int64_t from, to;
    double top;
    const fsc_zone *zone;
} chart;

static double x_of(const chart *c, int64_t t)
{
    return LEFT + (double)(t - c->from) / (double)(c->to - c->from) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const chart *c, double v)
{
    return HEIGHT - BOTTOM - v / c->top * (HEIGHT - TOP - BOTTOM);
}

static void add_escaped(fsc_buf *out, const char *text)
{
    for (; *text; text++) {
        const char *as = *text == '<'   ? "&lt;"
                         : *text == '&' ? "&amp;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as)
            fsc_buf_puts(out, as);
        else
            fsc_buf_add(out, text, 1);
    }
}

/* A round step that gives about five lines. */
static double round_step(double range)
{
    double step = pow(10, floor(log10(range / 5)));
    while (range / step > 6)
        step *= range / step > 12 ? 5 : 2;
    return step;
}

static void draw_grid(const chart *c)
{
    fsc_buf *out = c->out;
    double step = round_step(c->top);
    for (double v = 0; v <= c->top; v += step)
        fsc_buf_printf(
            out,
            "<path class=grid d=\"M%d %.1fH%d\"/><text x=%d y=\"%.1f\" text-anchor=end>%g</text>\n",
            LEFT, y_of(c, v), WIDTH - RIGHT, LEFT - 6, y_of(c, v) + 4, v);
    for (int64_t t = c->from - c->from % 1800 + 1800; t < c->to; t += 1800) {
        fsc_civil at = fsc_civil_at(c->zone, t);
        fsc_buf_printf(out, "<text x=\"%.1f\" y=%d text-anchor=middle>%02d:%02d</text>\n",
                       x_of(c, t), HEIGHT - 10, at.hour, at.minute);
    }
}

static void begin(const chart *c, const char *title)
{
    fsc_buf_printf(c->out, "<svg viewBox=\"0 0 %d %d\" role=img><title>", WIDTH, HEIGHT);
    add_escaped(c->out, title);
    fsc_buf_puts(c->out, "</title>\n");
    draw_grid(c);
}

static void draw_past(const chart *c, const fsc_series *s)
{
    bool pen = false;
    fsc_buf_puts(c->out, "<path class=past d=\"");
    for (size_t i = 0; i < s->n; i++) {
        int64_t t = s->start + (int64_t)i * s->step_s;
        if (isnan(s->values[i])) {
            pen = false;
            continue;
        }
        fsc_buf_printf(c->out, "%s%.1f %.1f", pen ? "L" : "M", x_of(c, t), y_of(c, s->values[i]));
        pen = true;
    }
    fsc_buf_puts(c->out, "\"/>\n");
}

static int64_t time_at(const fsc_forecast *f, size_t h)
{
    return f->origin + (int64_t)f->horizon[h] * f->step_s;
}

static void draw_forecast(const chart *c, const fsc_forecast *f)
{
    fsc_buf_puts(c->out, "<path class=band d=\"");
    for (size_t h = 0; h < f->n_horizons; h++)
        fsc_buf_printf(c->out, "%s%.1f %.1f", h ? "L" : "M", x_of(c, time_at(f, h)),
                       y_of(c, f->v[h * f->n_q + 2]));
    for (size_t h = f->n_horizons; h-- > 0;)
        fsc_buf_printf(c->out, "L%.1f %.1f", x_of(c, time_at(f, h)), y_of(c, f->v[h * f->n_q]));
    fsc_buf_puts(c->out, "Z\"/>\n<path class=median d=\"");
    for (size_t h = 0; h < f->n_horizons; h++)
        fsc_buf_printf(c->out, "%s%.1f %.1f", h ? "L" : "M", x_of(c, time_at(f, h)),
                       y_of(c, f->v[h * f->n_q + 1]));
    fsc_buf_puts(c->out, "\"/>\n");
}

static fsc_status dense_forecast(fsc_forecast *out, const fsc_session *s, size_t w, fsc_arena *a,
                                 fsc_err *err)
{
    const fsc_series *history = &s->history[w];
    size_t n = (size_t)(AHEAD_S / history->step_s > 0 ? AHEAD_S / history->step_s : 1);
    int32_t *h = FSC_NEW(a, n, int32_t, err);
    if (!h)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++)
        h[i] = (int32_t)i + 1;
    const fsc_forecaster_config cfg = {.id = s->config.workloads[w].name,
                                       .model = s->cli->args.model ? s->cli->args.model
                                                                   : s->config.workloads[w].model,
                                       .step_s = history->step_s,
                                       .request = {n, h, sizeof levels / sizeof *levels, levels},
                                       .calendar = &s->config.calendar};
    return fsc_forecast_series(out, history, &cfg, a, err);
}

static fsc_status draw_workload(fsc_buf *out, const fsc_session *s, size_t w, const fsc_plan *plan,
                                fsc_arena *a, fsc_err *err)
{
    const fsc_workload_plan *p = &plan->workloads[w];
    fsc_forecast f;
    FSC_TRY(dense_forecast(&f, s, w, a, err));
    fsc_series past = fsc_series_cut(&s->history[w], plan->at - PAST_S, INT64_MAX);
    double per_replica = s->config.workloads[w].demand.per_replica > 0
                             ? s->config.workloads[w].demand.per_replica
                             : s->workloads[w].per_replica;
    double floor = (double)p->min_replicas * per_replica;
    chart c = {.out = out,
               .from = plan->at - PAST_S,
               .to = plan->at + AHEAD_S,
               .zone = s->config.zone,
               .top = floor};
    for (size_t i = 0; i < past.n; i++)
        c.top = past.values[i] > c.top ? past.values[i] : c.top;
    for (size_t h = 0; h < f.n_horizons; h++)
        c.top = f.v[h * f.n_q + 2] > c.top ? f.v[h * f.n_q + 2] : c.top;
    c.top = 1.08 * (c.top > 0 ? c.top : 1);
    fsc_buf_puts(out, "<h2>");
    add_escaped(out, p->name);
    fsc_buf_printf(out, ": min %lld, max %lld</h2><p>", (long long)p->min_replicas,
                   (long long)p->max_replicas);
    add_escaped(out, p->reason);
    fsc_buf_puts(out, "</p>\n");
    begin(&c, p->name);
    draw_forecast(&c, &f);
    draw_past(&c, &past);
    fsc_buf_printf(
        out, "<path class=floor d=\"M%.1f %.1fH%d\"/><path class=now d=\"M%.1f %dV%d\"/></svg>\n",
        x_of(&c, plan->at), y_of(&c, floor), WIDTH - RIGHT, x_of(&c, plan->at), TOP,
        HEIGHT - BOTTOM);
    fsc_buf_puts(out, "<p class=key><b class=past>demand</b> <b class=median>forecast P50</b> <b "
                      "class=band>P5 to P95</b> "
                      "<b class=floor>what the planned floor serves</b></p>\n");
    return FSC_OK;
}

static void draw_budget(fsc_buf *out, const fsc_budget_plan *b)
{
    const struct bar {
        const char *label;
        int64_t micros;
    } bars[] = {{"spent", b->spent_micros},
                {"forecast P50", b->forecast_p50_micros},
                {"forecast P95", b->forecast_p95_micros},
                {"worst case", b->worst_case_micros},
                {"ceiling", b->ceiling.micros}};
    double top = 0;
    char money[FSC_MONEY_TEXT];
    for (size_t i = 0; i < 5; i++)
        top = fmax(top, (double)bars[i].micros);
    fsc_buf_puts(out, "<h2>budget ");
    add_escaped(out, b->name);
    fsc_buf_printf(out, ": %s</h2><p>", fsc_budget_state_name(b->state));
    add_escaped(out, b->reason);
    fsc_buf_printf(
        out,
        "</p>\n<svg viewBox=\"0 0 %d 140\" role=img><title>spend against the ceiling</title>\n",
        WIDTH);
    for (size_t i = 0; i < 5; i++) {
        fsc_money m = b->ceiling;
        m.micros = bars[i].micros;
        double width = (double)m.micros / top * (WIDTH - 300);
        fsc_buf_printf(out,
                       "<text x=100 y=%zu text-anchor=end>%s</text><rect class=\"%s\" x=108 y=%zu "
                       "width=\"%.1f\" height=16 />"
                       "<text x=\"%.1f\" y=%zu>%s</text>\n",
                       22 + 26 * i, bars[i].label, i == 4 ? "ceiling" : "bar", 10 + 26 * i, width,
                       114 + width, 22 + 26 * i, fsc_money_format(money, m));
    }
    fsc_buf_puts(out, "</svg>\n");
}

static const char style[] =
    "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport "
    "content=\"width=device-width,initial-scale=1\">\n"
    "<title>forescale plan</title>\n<style>\n"
    ":root{color-scheme:light "
    "dark;--ink:#1c2733;--soft:#5a6875;--line:#d5dbe1;--page:#fff;--past:#1c2733;--blue:#1f6fb2;"
    "--band:#1f6fb233;--floor:#b3430f}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#a6b3bf;--line:#36424d;--page:#"
    "12181e;--past:#e6ebf0;"
    "--blue:#63aee8;--band:#63aee844;--floor:#f0925c}}\n"
    "body{font:15px/1.5 "
    "system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:920px;margin:2em "
    "auto;padding:0 1em}\n"
    "svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--soft)}path{fill:none}\n"
    ".grid{stroke:var(--line)}path.past{stroke:var(--past);stroke-width:1.2}path.median{stroke:var("
    "--blue);stroke-width:2}\n"
    "path.band{fill:var(--band)}path.floor{stroke:var(--floor);stroke-width:2}.now{stroke:var(--"
    "soft);stroke-dasharray:4 3}\n"
    "rect.bar{fill:var(--blue)}rect.ceiling{fill:var(--floor)}p{margin:.3em "
    "0}.key{color:var(--soft)}\n"
    ".key b{font-weight:normal;padding-left:.5em;margin-right:1em;border-left:1em solid "
    "var(--past)}.key b.median{border-color:var(--blue)}"
    ".key b.band{border-color:var(--band)}.key b.floor{border-color:var(--floor)}\n</style>\n";

fsc_status fsc_picture_write(const char *path, fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    fsc_buf out;
    char at[FSC_TIME_TEXT];
    fsc_buf_init(&out, s->cli->arena, BYTES_LIMIT);
    fsc_buf_puts(&out, style);
    fsc_buf_printf(&out, "<h1>Plan at %s</h1>\n", fsc_time_format(at, plan->at));
    for (size_t w = 0; w < plan->n_workloads; w++)
        if (s->history[w].n)
            FSC_TRY(draw_workload(&out, s, w, plan, s->cli->arena, err));
    for (size_t b = 0; b < plan->n_budgets; b++)
        draw_budget(&out, &plan->budgets[b]);
    fsc_buf_puts(&out, "</html>\n");
    FSC_TRY(fsc_buf_status(&out, err));
    return fsc_file_write(path, fsc_buf_str(&out), out.len, err);
}
