/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/document.h"

#include "report/forms.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROWS = 8, MAX_COLUMNS = 32, TEXT_BYTES = 1 << 16 };

void fsc_doc_init(fsc_doc *d, fsc_arena *a, const char *kind, const char *title, int64_t at,
                  const fsc_zone *zone)
{
    *d = (fsc_doc){.arena = a, .kind = kind, .title = title, .at = at, .zone = zone};
}

static bool failed(const fsc_doc *d)
{
    return d->err.code != FSC_OK;
}

void fsc_doc_section(fsc_doc *d, const char *id, const char *title, bool below)
{
    fsc_section *s = failed(d) ? NULL : FSC_NEW(d->arena, 1, fsc_section, &d->err);
    if (!s)
        return;
    *s = (fsc_section){.id = id, .title = title, .below = below};
    *(d->last ? &d->last->next : &d->first) = s;
    d->last = s;
}

static fsc_part *add_part(fsc_doc *d, fsc_part_kind kind)
{
    fsc_part *p = failed(d) ? NULL : FSC_NEW(d->arena, 1, fsc_part, &d->err);
    if (!p)
        return NULL;
    p->kind = kind;
    *(d->last->last ? &d->last->last->next : &d->last->first) = p;
    d->last->last = p;
    return p;
}

void fsc_doc_text(fsc_doc *d, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    fsc_part *p = add_part(d, FSC_PART_TEXT);
    if (!p)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->text = fsc_arena_strdup(d->arena, text, &d->err);
}

fsc_table *fsc_doc_table(fsc_doc *d, const char *id, const char *subject, const char *title,
                         const fsc_column *columns, size_t n_columns)
{
    fsc_part *p = add_part(d, FSC_PART_TABLE);
    fsc_table *t = p ? FSC_NEW(d->arena, 1, fsc_table, &d->err) : NULL;
    if (!t)
        return NULL;
    if (n_columns > MAX_COLUMNS) {
        fsc_fail(&d->err, FSC_BUG, "table %s has %zu columns", id, n_columns);
        return NULL;
    }
    *t = (fsc_table){
        .id = id, .subject = subject, .title = title, .n_columns = n_columns, .columns = columns};
    p->table = t;
    return t;
}

void fsc_doc_chart(fsc_doc *d, const fsc_chart *c)
{
    fsc_part *p = add_part(d, FSC_PART_CHART);
    if (!p)
        return;
    p->chart = FSC_NEW(d->arena, 1, fsc_chart, &d->err);
    if (p->chart)
        *p->chart = *c;
}

fsc_cell *fsc_doc_row(fsc_doc *d, fsc_table *t)
{
    static fsc_cell nowhere[MAX_COLUMNS];
    if (failed(d))
        return nowhere;
    if (t->n_rows == t->room) {
        size_t room = t->room ? 2 * t->room : FIRST_ROWS;
        fsc_cell *cells = FSC_NEW(d->arena, room * t->n_columns, fsc_cell, &d->err);
        if (!cells)
            return nowhere;
        if (t->n_rows)
            memcpy(cells, t->cells, t->n_rows * t->n_columns * sizeof *cells);
        t->cells = cells;
        t->room = room;
    }
    fsc_cell *row = &t->cells[t->n_rows++ * t->n_columns];
    for (size_t i = 0; i < t->n_columns; i++)
        row[i].number = NAN;
    return row;
}

/* ---- as people read it ----------------------------------------------------------------------- */

/* "12,345" */
static void say_whole(fsc_buf *out, double v)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.0f", fabs(v));
    if (v < 0)
        fsc_buf_puts(out, "-");
    for (int i = 0; i < n; i++)
        fsc_buf_printf(out, "%s%c", i && (n - i) % 3 == 0 ? "," : "", digits[i]);
}

static void say_number(fsc_buf *out, double v)
{
    if (fabs(v) >= 1000)
        say_whole(out, v);
    else
        fsc_buf_printf(out, "%.4g", v);
}

static void say_money(fsc_buf *out, const fsc_cell *c)
{
    char text[FSC_MONEY_TEXT];
    fsc_money m = {.micros = (int64_t)llround(1e6 * c->number)};
    (void)snprintf(m.currency, sizeof m.currency, "%s", c->text ? c->text : "");
    fsc_buf_puts(out, fsc_money_format(text, m));
}

static void say_time(fsc_buf *out, const fsc_zone *zone, double t)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    fsc_civil c = fsc_civil_at(zone, (int64_t)t);
    fsc_buf_printf(out, "%s %04d-%02d-%02d", days[c.weekday], c.year, c.month, c.day);
    if (c.hour || c.minute)
        fsc_buf_printf(out, " %02d:%02d", c.hour, c.minute);
}

void fsc_cell_say(fsc_buf *out, const fsc_doc *d, fsc_unit unit, const fsc_cell *c)
{
    char text[FSC_TIME_TEXT];
    if (unit == FSC_UNIT_TEXT ? !c->text : isnan(c->number)) {
        fsc_buf_puts(out, "-");
        return;
    }
    switch (unit) {
    case FSC_UNIT_TEXT:
        fsc_buf_puts(out, c->text);
        return;
    case FSC_UNIT_COUNT:
        say_whole(out, c->number);
        return;
    case FSC_UNIT_SHARE:
        fsc_buf_printf(out, "%.1f %%", 100 * c->number);
        return;
    case FSC_UNIT_MONEY:
        say_money(out, c);
        return;
    case FSC_UNIT_TIME:
        say_time(out, d->zone, c->number);
        return;
    case FSC_UNIT_DURATION:
        fsc_buf_puts(out, fsc_duration_format(text, (int64_t)llround(c->number)));
        return;
    default:
        say_number(out, c->number);
    }
}

/* ---- forms ----------------------------------------------------------------------------------- */

static const fsc_form html = {"html", "one file that opens offline, with charts", fsc__doc_html};
static const fsc_form md = {"md", "Markdown, for tickets and wikis", fsc__doc_markdown};
static const fsc_form json = {"json", "every number, for programs", fsc__doc_json};
static const fsc_form csv = {"csv", "every number, a row each, for spreadsheets", fsc__doc_csv};
const fsc_form *const fsc_forms[] = {&html, &md, &json, &csv, NULL};

fsc_status fsc_doc_render(fsc_buf *out, const fsc_doc *d, const fsc_form *form, fsc_err *err)
{
    if (failed(d)) {
        *err = d->err;
        return err->code;
    }
    form->render(out, d);
    return fsc_buf_status(out, err);
}
