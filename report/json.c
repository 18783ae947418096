/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/forms.h"

#include "forescale/json.h"

#include <math.h>

void fsc__cell_json(fsc_buf *out, fsc_unit unit, const fsc_cell *c)
{
    char text[FSC_TIME_TEXT];
    if (unit == FSC_UNIT_TEXT ? !c->text : isnan(c->number))
        fsc_buf_puts(out, "null");
    else if (unit == FSC_UNIT_TEXT)
        fsc_json_string(out, c->text);
    else if (unit == FSC_UNIT_TIME)
        fsc_buf_printf(out, "\"%s\"", fsc_time_format(text, (int64_t)c->number));
    else
        fsc_json_number(out, c->number);
}

static void add_key(fsc_buf *out, const char *key, const char *value)
{
    fsc_json_string(out, key);
    fsc_buf_puts(out, ":");
    if (value)
        fsc_json_string(out, value);
    else
        fsc_buf_puts(out, "null");
}

static void add_row(fsc_buf *out, const fsc_table *t, size_t row)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const fsc_cell *c = fsc__cell(t, row, i);
        fsc_buf_puts(out, i ? "," : "{");
        fsc_json_string(out, t->columns[i].key);
        fsc_buf_puts(out, ":");
        fsc__cell_json(out, t->columns[i].unit, c);
        if (t->columns[i].unit == FSC_UNIT_MONEY) {
            fsc_buf_printf(out, ",\"%sCurrency\":", t->columns[i].key);
            fsc__cell_json(out, FSC_UNIT_TEXT, c);
        }
    }
    fsc_buf_puts(out, "}");
}

static void add_table(fsc_buf *out, const fsc_table *t)
{
    fsc_buf_puts(out, "{");
    add_key(out, "id", t->id);
    fsc_buf_puts(out, ",");
    add_key(out, "subject", t->subject);
    fsc_buf_puts(out, ",\"rows\":[");
    for (size_t row = 0; row < t->n_rows; row++) {
        fsc_buf_puts(out, row ? ",\n" : "\n");
        add_row(out, t, row);
    }
    fsc_buf_puts(out, "]}");
}

static void add_section(fsc_buf *out, const fsc_section *s)
{
    const char *sep = "";
    fsc_buf_puts(out, "{");
    add_key(out, "id", s->id);
    fsc_buf_puts(out, ",");
    add_key(out, "title", s->title);
    fsc_buf_puts(out, ",\"text\":[");
    for (const fsc_part *p = s->first; p; p = p->next)
        if (p->kind == FSC_PART_TEXT) {
            fsc_buf_puts(out, sep);
            fsc_json_string(out, p->text);
            sep = ",";
        }
    fsc_buf_puts(out, "],\"tables\":[");
    sep = "";
    for (const fsc_part *p = s->first; p; p = p->next)
        if (p->kind == FSC_PART_TABLE) {
            fsc_buf_puts(out, sep);
            add_table(out, p->table);
            sep = ",";
        }
    fsc_buf_puts(out, "]}");
}

void fsc__doc_json(fsc_buf *out, const fsc_doc *d)
{
    char at[FSC_TIME_TEXT];
    fsc_buf_puts(out, "{\"apiVersion\":\"forescale.dev/v1\",");
    add_key(out, "kind", d->kind);
    fsc_buf_printf(out, ",\"at\":\"%s\",\"sections\":[", fsc_time_format(at, d->at));
    for (const fsc_section *s = d->first; s; s = s->next) {
        fsc_buf_puts(out, s == d->first ? "\n" : ",\n");
        add_section(out, s);
    }
    fsc_buf_puts(out, "]}\n");
}
