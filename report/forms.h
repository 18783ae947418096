/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms of a document, one file each, and the drawing that HTML uses. */
#ifndef FSC_REPORT_FORMS_H
#define FSC_REPORT_FORMS_H

#include "forescale/document.h"

void fsc__doc_html(fsc_buf *out, const fsc_doc *d);
void fsc__doc_markdown(fsc_buf *out, const fsc_doc *d);
void fsc__doc_json(fsc_buf *out, const fsc_doc *d);
void fsc__doc_csv(fsc_buf *out, const fsc_doc *d);

const char *fsc__mark_class(fsc_mark mark);
/* chart.c: an <svg> element; its colours are classes of report.css. */
void fsc__chart_svg(fsc_buf *out, const fsc_doc *d, const fsc_chart *c, size_t number);
/* Text with what HTML and XML take for markup escaped. */
void fsc__add_escaped(fsc_buf *out, const char *text);

/* A cell as programs read it: JSON's own value. */
void fsc__cell_json(fsc_buf *out, fsc_unit unit, const fsc_cell *c);

static inline const fsc_cell *fsc__cell(const fsc_table *t, size_t row, size_t column)
{
    return &t->cells[row * t->n_columns + column];
}

#endif
