/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/forms.h"

#include <string.h>

/* What Markdown or HTML in it would take for markup is escaped. */
static void add_text(fsc_buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_[]<>|#", *text))
            fsc_buf_puts(out, "\\");
        fsc_buf_add(out, *text == '\n' ? " " : text, 1);
    }
}

static void add_cell(fsc_buf *out, const fsc_doc *d, fsc_unit unit, const fsc_cell *c)
{
    fsc_buf_puts(out, " ");
    if (unit == FSC_UNIT_TEXT && c->text)
        add_text(out, c->text);
    else
        fsc_cell_say(out, d, unit, c);
    fsc_buf_puts(out, " |");
}

static void add_table(fsc_buf *out, const fsc_doc *d, const fsc_table *t)
{
    fsc_buf_puts(out, "**");
    add_text(out, t->title);
    fsc_buf_puts(out, "**\n\n|");
    for (size_t i = 0; i < t->n_columns; i++) {
        fsc_buf_puts(out, " ");
        add_text(out, t->columns[i].title);
        fsc_buf_puts(out, " |");
    }
    fsc_buf_puts(out, "\n|");
    for (size_t i = 0; i < t->n_columns; i++)
        fsc_buf_puts(out, !i || t->columns[i].unit == FSC_UNIT_TEXT ? "---|" : "---:|");
    for (size_t row = 0; row < t->n_rows; row++) {
        fsc_buf_puts(out, "\n|");
        for (size_t i = 0; i < t->n_columns; i++)
            add_cell(out, d, t->columns[i].unit, fsc__cell(t, row, i));
    }
    fsc_buf_puts(out, "\n\n");
}

void fsc__doc_markdown(fsc_buf *out, const fsc_doc *d)
{
    char at[FSC_TIME_TEXT];
    fsc_buf_puts(out, "# ");
    add_text(out, d->title);
    fsc_buf_printf(out, ", %s\n\n", fsc_time_format(at, d->at));
    for (const fsc_section *s = d->first; s; s = s->next) {
        fsc_buf_puts(out, s->below ? "### " : "## ");
        add_text(out, s->title);
        fsc_buf_puts(out, "\n\n");
        for (const fsc_part *p = s->first; p; p = p->next) {
            if (p->kind == FSC_PART_TEXT) {
                add_text(out, p->text);
                fsc_buf_puts(out, "\n\n");
            } else if (p->kind == FSC_PART_TABLE && !p->table->is_long) {
                add_table(out, d, p->table);
            }
        }
    }
}
