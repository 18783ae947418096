/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/forms.h"

#include <math.h>
#include <string.h>

static const char *const unit_words[FSC_UNIT_N] = {"text", "number", "count",  "ratio",
                                                   NULL,   "time",   "seconds"};

/* RFC 4180: quoted where it must be. */
static void add_field(fsc_buf *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fsc_buf_puts(out, text);
        return;
    }
    fsc_buf_puts(out, "\"");
    for (; *text; text++)
        fsc_buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    fsc_buf_puts(out, "\"");
}

static void add_value(fsc_buf *out, fsc_unit unit, const fsc_cell *c)
{
    char time[FSC_TIME_TEXT];
    if (unit == FSC_UNIT_TEXT)
        add_field(out, c->text ? c->text : "");
    else if (unit == FSC_UNIT_TIME && !isnan(c->number))
        fsc_buf_puts(out, fsc_time_format(time, (int64_t)c->number));
    else if (!isnan(c->number))
        fsc__cell_json(out, unit, c);
}

/* The first column tells the row: a time, a name, a day. */
static void add_table(fsc_buf *out, const fsc_section *s, const fsc_table *t)
{
    for (size_t row = 0; row < t->n_rows; row++)
        for (size_t i = 1; i < t->n_columns; i++) {
            const fsc_cell *c = fsc__cell(t, row, i);
            fsc_unit unit = t->columns[i].unit;
            fsc_buf_printf(out, "%s,%s,", s->id, t->id);
            add_field(out, t->subject ? t->subject : "");
            fsc_buf_puts(out, ",");
            add_value(out, t->columns[0].unit, fsc__cell(t, row, 0));
            fsc_buf_printf(out, ",%s,", t->columns[i].key);
            add_value(out, unit, c);
            fsc_buf_printf(out, ",%s\n", unit_words[unit] ? unit_words[unit] : c->text);
        }
}

void fsc__doc_csv(fsc_buf *out, const fsc_doc *d)
{
    fsc_buf_puts(out, "section,table,subject,row,measure,value,unit\n");
    for (const fsc_section *s = d->first; s; s = s->next)
        for (const fsc_part *p = s->first; p; p = p->next)
            if (p->kind == FSC_PART_TABLE)
                add_table(out, s, p->table);
}
