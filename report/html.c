/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTML that stands alone: no script, nothing fetched, one style that the page's own policy names by
 * its hash. Tables that are drawn are left out, long ones folded.
 */
#include "report/forms.h"

enum { FOLDED_ROWS = 14 };

extern const char fsc__report_css[];

static void add_table(fsc_buf *out, const fsc_doc *d, const fsc_table *t)
{
    bool folded = t->n_rows > FOLDED_ROWS;
    if (folded) {
        fsc_buf_puts(out, "<details><summary>");
        fsc__add_escaped(out, t->title);
        fsc_buf_puts(out, "</summary>\n");
    }
    fsc_buf_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    fsc__add_escaped(out, t->title);
    fsc_buf_puts(out, "\"><table><caption>");
    fsc__add_escaped(out, t->title);
    fsc_buf_puts(out, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < t->n_columns; i++) {
        fsc_buf_printf(out, "<th scope=\"col\"%s>",
                       i && t->columns[i].unit == FSC_UNIT_TEXT ? " class=\"t\"" : "");
        fsc__add_escaped(out, t->columns[i].title);
        fsc_buf_puts(out, "</th>");
    }
    fsc_buf_puts(out, "</tr></thead>\n<tbody>\n");
    for (size_t row = 0; row < t->n_rows; row++) {
        fsc_buf_puts(out, "<tr>");
        for (size_t i = 0; i < t->n_columns; i++) {
            const fsc_cell *c = fsc__cell(t, row, i);
            bool is_text = t->columns[i].unit == FSC_UNIT_TEXT;
            fsc_buf_puts(out, !i ? "<th scope=\"row\">" : is_text ? "<td class=\"t\">" : "<td>");
            if (is_text && c->text)
                fsc__add_escaped(out, c->text);
            else
                fsc_cell_say(out, d, t->columns[i].unit, c);
            fsc_buf_puts(out, i ? "</td>" : "</th>");
        }
        fsc_buf_puts(out, "</tr>\n");
    }
    fsc_buf_printf(out, "</tbody></table></div>%s\n", folded ? "</details>" : "");
}

static void add_chart(fsc_buf *out, const fsc_doc *d, const fsc_chart *c, size_t number)
{
    if (!c->table->n_rows)
        return;
    fsc_buf_puts(out, "<figure><figcaption>");
    fsc__add_escaped(out, c->title);
    fsc_buf_puts(
        out, "</figcaption>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    fsc__add_escaped(out, c->title);
    fsc_buf_puts(out, "\">\n");
    fsc__chart_svg(out, d, c, number);
    fsc_buf_puts(out, "</div>\n");
    for (size_t i = 0; i < c->n_layers; i++) {
        fsc_buf_printf(out, "%s<b class=\"%s\">", i ? " " : "<p class=\"key\">",
                       fsc__mark_class(c->layers[i].mark));
        fsc__add_escaped(out, c->layers[i].label);
        fsc_buf_puts(out, "</b>");
    }
    fsc_buf_printf(out, "%s</figure>\n", c->n_layers ? "</p>\n" : "");
}

static void add_section(fsc_buf *out, const fsc_doc *d, const fsc_section *s, size_t *charts)
{
    fsc_buf_puts(out, "<section id=\"");
    fsc__add_escaped(out, s->id);
    fsc_buf_puts(out, s->below ? "\"><h3>" : "\"><h2>");
    fsc__add_escaped(out, s->title);
    fsc_buf_puts(out, s->below ? "</h3>\n" : "</h2>\n");
    for (const fsc_part *p = s->first; p; p = p->next) {
        if (p->kind == FSC_PART_CHART) {
            add_chart(out, d, p->chart, ++*charts);
        } else if (p->kind == FSC_PART_TABLE && !p->table->is_long) {
            add_table(out, d, p->table);
        } else if (p->kind == FSC_PART_TEXT) {
            fsc_buf_puts(out, "<p>");
            fsc__add_escaped(out, p->text);
            fsc_buf_puts(out, "</p>\n");
        }
    }
    fsc_buf_puts(out, "</section>\n");
}

static void add_contents(fsc_buf *out, const fsc_doc *d)
{
    fsc_buf_puts(out, "<nav aria-label=\"Sections\"><ul>");
    for (const fsc_section *s = d->first; s; s = s->next) {
        if (s->below)
            continue;
        fsc_buf_puts(out, "<li><a href=\"#");
        fsc__add_escaped(out, s->id);
        fsc_buf_puts(out, "\">");
        fsc__add_escaped(out, s->title);
        fsc_buf_puts(out, "</a></li>");
    }
    fsc_buf_puts(out, "</ul></nav>\n");
}

void fsc__doc_html(fsc_buf *out, const fsc_doc *d)
{
    const fsc_cell at = fsc_cell_number((double)d->at);
    size_t charts = 0;
    fsc_buf_puts(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'sha256-" FSC_REPORT_CSS_SHA256
                      "'; base-uri 'none'; form-action 'none'\">\n<title>");
    fsc__add_escaped(out, d->title);
    fsc_buf_puts(out, "</title>\n<style>");
    fsc_buf_puts(out, fsc__report_css);
    fsc_buf_puts(out, "</style></head>\n<body><header><h1>");
    fsc__add_escaped(out, d->title);
    fsc_buf_puts(out, "</h1>\n<p>");
    fsc_cell_say(out, d, FSC_UNIT_TIME, &at);
    fsc_buf_puts(out, " ");
    fsc__add_escaped(out, d->zone ? d->zone->name : "UTC");
    fsc_buf_puts(out, "</p></header>\n");
    add_contents(out, d);
    fsc_buf_puts(out, "<main>\n");
    for (const fsc_section *s = d->first; s; s = s->next)
        add_section(out, d, s, &charts);
    fsc_buf_puts(out, "</main></body></html>\n");
}
