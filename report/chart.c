/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Charts as SVG: well-formed XML without styles or scripts of its own; colours are classes. Paths
 * are relative and in whole tenths of a unit, which keeps a month of hours small.
 */
#include "report/forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 720,
    HEIGHT = 220,
    LEFT = 58,
    RIGHT = 12,
    TOP = 12,
    BOTTOM = 26,
    BAR = 26,       /* a bar and the space below it */
    BAR_LEFT = 170, /* room for its label */
    BAR_RIGHT = 130,
    CELL = 24,
    SHADES = 8,
    MAX_TICKS = 9
};

typedef struct frame {
    fsc_buf *out;
    const fsc_doc *doc;
    const fsc_chart *chart;
    int64_t from, to;
    double top;
} frame;

const char *fsc__mark_class(fsc_mark mark)
{
    static const char *const classes[FSC_MARK_N] = {"past", "median", "band", "limit"};
    return classes[mark];
}

void fsc__add_escaped(fsc_buf *out, const char *text)
{
    static const char marks[] = "<>&\"'";
    static const char *const as[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    for (; *text; text++) {
        const char *mark = strchr(marks, *text);
        if (mark)
            fsc_buf_puts(out, as[mark - marks]);
        else if ((unsigned char)*text >= ' ' || *text == '\n')
            fsc_buf_add(out, text, 1);
    }
}

static double value(const fsc_chart *c, size_t row, size_t column)
{
    return fsc__cell(c->table, row, column)->number;
}

static int64_t time_of(const fsc_chart *c, size_t row)
{
    return (int64_t)value(c, row, 0);
}

static double x_of(const frame *f, int64_t t)
{
    return LEFT + (double)(t - f->from) / (double)(f->to - f->from) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const frame *f, double v)
{
    return HEIGHT - BOTTOM - v / f->top * (HEIGHT - TOP - BOTTOM);
}

/* A round step that gives about five lines. */
static double round_step(double range)
{
    double step = pow(10, floor(log10(range / 5)));
    while (range / step > 6)
        step *= range / step > 12 ? 5 : 2;
    return step;
}

static void add_text(const frame *f, double x, double y, const char *anchor, const char *text)
{
    fsc_buf_printf(f->out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">", x, y, anchor);
    fsc__add_escaped(f->out, text);
    fsc_buf_puts(f->out, "</text>\n");
}

/* Money and counts are plain numbers at a grid line: the chart's title has their unit. */
static void add_value(const frame *f, double x, double y, const char *anchor, fsc_unit unit,
                      const fsc_cell *c)
{
    fsc_buf_printf(f->out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">", x, y, anchor);
    fsc_cell_say(f->out, f->doc, unit, c);
    fsc_buf_puts(f->out, "</text>\n");
}

/* ---- lines over time ------------------------------------------------------------------------- */

static void draw_levels(const frame *f)
{
    double step = round_step(f->top);
    fsc_unit unit = f->chart->table->columns[f->chart->layers[0].column].unit;
    for (double v = 0; v <= f->top; v += step) {
        const fsc_cell c = fsc_cell_number(v);
        fsc_buf_printf(f->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y_of(f, v),
                       WIDTH - RIGHT);
        add_value(f, LEFT - 6, y_of(f, v) + 4, "end",
                  unit == FSC_UNIT_SHARE ? unit : FSC_UNIT_NUMBER, &c);
    }
}

static const int64_t tick_steps[] = {5 * FSC_MINUTE_S, 15 * FSC_MINUTE_S, 30 * FSC_MINUTE_S,
                                     FSC_HOUR_S,       3 * FSC_HOUR_S,    6 * FSC_HOUR_S,
                                     FSC_DAY_S,        2 * FSC_DAY_S,     FSC_WEEK_S,
                                     4 * FSC_WEEK_S,   13 * FSC_WEEK_S};

static void tick_text(char out[24], const fsc_civil *c, int64_t step)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (step >= FSC_DAY_S || (!c->hour && !c->minute))
        (void)snprintf(out, 24, "%d %s", c->day, months[c->month - 1]);
    else
        (void)snprintf(out, 24, "%02d:%02d", c->hour, c->minute);
}

/* Ticks stand on local time: whole days begin at local midnight whatever the clocks do. */
static void draw_times(const frame *f)
{
    const fsc_zone *zone = f->doc->zone;
    size_t i = 0, n = sizeof tick_steps / sizeof *tick_steps;
    while (i + 1 < n && (f->to - f->from) / tick_steps[i] > MAX_TICKS)
        i++;
    int64_t step = tick_steps[i], t = fsc_period_start(zone, FSC_PERIOD_DAY, f->from);
    while (t < f->to) {
        if (t >= f->from) {
            char text[24];
            fsc_civil c = fsc_civil_at(zone, t);
            tick_text(text, &c, step);
            bool at_edge = x_of(f, t) > WIDTH - RIGHT - CELL;
            add_text(f, x_of(f, t), HEIGHT - 8, at_edge ? "end" : "middle", text);
        }
        int64_t next = t + step;
        t = step < FSC_DAY_S
                ? next
                : fsc_period_start(zone, FSC_PERIOD_DAY, next + 12 * (int64_t)FSC_HOUR_S);
    }
}

typedef struct pen {
    fsc_buf *out;
    bool down;
    long x, y; /* in tenths */
} pen;

static void draw_to(pen *p, double x, double y)
{
    long to_x = lround(10 * x), to_y = lround(10 * y);
    if (p->down)
        fsc_buf_printf(p->out, "%ld%s%ld", to_x - p->x, to_y < p->y ? "" : " ", to_y - p->y);
    else
        fsc_buf_printf(p->out, "M%ld %ldl", to_x, to_y);
    if (p->down)
        fsc_buf_puts(p->out, " ");
    p->down = true;
    p->x = to_x;
    p->y = to_y;
}

static void draw_line(const frame *f, const fsc_layer *l)
{
    pen p = {.out = f->out};
    fsc_buf_printf(f->out, "<path class=\"%s\" d=\"", fsc__mark_class(l->mark));
    for (size_t row = 0; row < f->chart->table->n_rows; row++) {
        double v = value(f->chart, row, l->column);
        if (isnan(v))
            p.down = false;
        else
            draw_to(&p, x_of(f, time_of(f->chart, row)), y_of(f, v));
    }
    fsc_buf_puts(f->out, "\"/>\n");
}

/* Along the lower edge and back along the upper one, for each run of rows that have both. */
static void draw_band(const frame *f, const fsc_layer *l)
{
    const fsc_chart *c = f->chart;
    size_t n = c->table->n_rows;
    fsc_buf_printf(f->out, "<path class=\"%s\" d=\"", fsc__mark_class(l->mark));
    for (size_t row = 0, end; row < n; row = end + 1) {
        pen p = {.out = f->out};
        for (end = row; end < n && !isnan(value(c, end, l->column) + value(c, end, l->upper));
             end++)
            draw_to(&p, x_of(f, time_of(c, end)), y_of(f, value(c, end, l->column)));
        for (size_t back = end; back-- > row;)
            draw_to(&p, x_of(f, time_of(c, back)), y_of(f, value(c, back, l->upper)));
        if (end > row)
            fsc_buf_puts(f->out, "z");
    }
    fsc_buf_puts(f->out, "\"/>\n");
}

static double highest(const fsc_chart *c)
{
    double top = 0;
    for (size_t i = 0; i < c->n_layers; i++)
        for (size_t row = 0; row < c->table->n_rows; row++) {
            size_t column =
                c->layers[i].mark == FSC_MARK_BAND ? c->layers[i].upper : c->layers[i].column;
            top = fmax(top, value(c, row, column)); /* fmax passes NaN over */
        }
    return top > 0 ? top : 1;
}

static void draw_lines(frame *f)
{
    const fsc_chart *c = f->chart;
    f->from = time_of(c, 0);
    f->to = time_of(c, c->table->n_rows - 1);
    f->to += f->to == f->from;
    f->top = 1.06 * highest(c);
    draw_levels(f);
    draw_times(f);
    fsc_buf_puts(f->out, "<g transform=\"scale(.1)\">\n");
    for (size_t i = 0; i < c->n_layers; i++)
        (c->layers[i].mark == FSC_MARK_BAND ? draw_band : draw_line)(f, &c->layers[i]);
    fsc_buf_puts(f->out, "</g>\n");
    if (c->now >= f->from && c->now <= f->to)
        fsc_buf_printf(f->out, "<path class=\"now\" d=\"M%.1f %dV%d\"/>\n", x_of(f, c->now), TOP,
                       HEIGHT - BOTTOM);
}

/* ---- bars ------------------------------------------------------------------------------------ */

static void draw_bars(frame *f)
{
    const fsc_chart *c = f->chart;
    size_t column = c->layers[0].column;
    double scale = (WIDTH - BAR_LEFT - BAR_RIGHT) / highest(c);
    for (size_t row = 0; row < c->table->n_rows; row++) {
        const fsc_cell *v = fsc__cell(c->table, row, column), *label = fsc__cell(c->table, row, 0);
        double width = isnan(v->number) ? 0 : scale * v->number, y = TOP + (double)(BAR * row);
        add_text(f, BAR_LEFT - 8, y + 13, "end", label->text ? label->text : "");
        fsc_buf_printf(f->out,
                       "<rect class=\"bar\" x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"18\"/>",
                       BAR_LEFT, y, width);
        add_value(f, BAR_LEFT + width + 6, y + 13, "start", c->table->columns[column].unit, v);
        for (size_t i = 1; i < c->n_layers; i++)
            fsc_buf_printf(f->out, "<path class=\"limit\" d=\"M%.1f %.0fv22\"/>\n",
                           BAR_LEFT + scale * value(c, row, c->layers[i].column), y - 2);
    }
}

/* ---- heat ------------------------------------------------------------------------------------ */

static double hottest(const fsc_table *t)
{
    double top = 0;
    for (size_t row = 0; row < t->n_rows; row++)
        for (size_t i = 1; i < t->n_columns; i++)
            top = fmax(top, fsc__cell(t, row, i)->number);
    return top > 0 ? top : 1;
}

static void draw_cell(const frame *f, size_t row, size_t i, double top)
{
    const fsc_cell *c = fsc__cell(f->chart->table, row, i);
    int shade = (int)ceil(SHADES * c->number / top - 1e-9);
    if (isnan(c->number))
        return;
    fsc_buf_printf(
        f->out, "<rect class=\"h%d\" x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\"><title>",
        shade < 0 ? 0 : shade, LEFT + CELL * (i - 1), TOP + CELL * row, CELL - 2, CELL - 2);
    fsc__add_escaped(f->out, fsc__cell(f->chart->table, row, 0)->text);
    fsc_buf_puts(f->out, " ");
    fsc__add_escaped(f->out, f->chart->table->columns[i].title);
    fsc_buf_puts(f->out, ": ");
    fsc_cell_say(f->out, f->doc, f->chart->table->columns[i].unit, c);
    fsc_buf_puts(f->out, "</title></rect>\n");
}

static void draw_heat(frame *f)
{
    const fsc_table *t = f->chart->table;
    double top = hottest(t);
    for (size_t row = 0; row < t->n_rows; row++) {
        add_text(f, LEFT - 8, (double)(TOP + CELL * row + 16), "end", fsc__cell(t, row, 0)->text);
        for (size_t i = 1; i < t->n_columns; i++)
            draw_cell(f, row, i, top);
    }
    for (size_t i = 1; i < t->n_columns; i += 3)
        add_text(f, (double)(LEFT + CELL * (i - 1)), (double)(TOP + CELL * t->n_rows + 16), "start",
                 t->columns[i].title);
}

typedef struct drawing {
    void (*draw)(frame *f);
    size_t head, row; /* height: head + row * rows */
} drawing;
static const drawing drawings[FSC_CHART_N] = {
    {draw_lines, HEIGHT, 0}, {draw_bars, TOP, BAR}, {draw_heat, TOP + BOTTOM, CELL}};

void fsc__chart_svg(fsc_buf *out, const fsc_doc *d, const fsc_chart *c, size_t number)
{
    frame f = {.out = out, .doc = d, .chart = c};
    const drawing *how = &drawings[c->kind];
    fsc_buf_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" role=\"img\" "
                   "aria-labelledby=\"t%zu d%zu\"><title id=\"t%zu\">",
                   WIDTH, how->head + how->row * c->table->n_rows, number, number, number);
    fsc__add_escaped(out, c->title);
    fsc_buf_printf(out, "</title><desc id=\"d%zu\">", number);
    fsc__add_escaped(out, c->what);
    fsc_buf_puts(out, "</desc>\n");
    how->draw(&f);
    fsc_buf_puts(out, "</svg>\n");
}
