/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A document of numbers, apart from its form: sections of sentences, tables and charts. A chart
 * draws columns of a table, so that every form (HTML, Markdown, JSON, CSV) carries the same
 * numbers. Builders append and remember the first failure; fsc_doc_render() returns it. Everything
 * lives in the document's arena.
 */
#ifndef FORESCALE_DOCUMENT_H
#define FORESCALE_DOCUMENT_H

#include "forescale/buf.h"
#include "forescale/money.h"
#include "forescale/time.h"

typedef enum fsc_unit {
    FSC_UNIT_TEXT,
    FSC_UNIT_NUMBER,
    FSC_UNIT_COUNT,    /* whole */
    FSC_UNIT_SHARE,    /* 0 to 1; people read per cent */
    FSC_UNIT_MONEY,    /* in units of the cell's currency */
    FSC_UNIT_TIME,     /* UTC seconds; people read the document's zone */
    FSC_UNIT_DURATION, /* seconds */
    FSC_UNIT_N
} fsc_unit;

typedef struct fsc_column {
    const char *key;   /* in JSON and CSV */
    const char *title; /* for people */
    fsc_unit unit;
} fsc_column;

typedef struct fsc_cell {
    double number;    /* NaN: not known */
    const char *text; /* of TEXT; the currency of MONEY */
} fsc_cell;

typedef struct fsc_table {
    const char *id, *subject, *title; /* subject: the workload, pool or budget; NULL: none */
    size_t n_columns, n_rows, room;
    const fsc_column *columns;
    fsc_cell *cells; /* [n_rows * n_columns] */
    bool is_long;    /* people see its chart; JSON and CSV carry it */
} fsc_table;

typedef enum fsc_mark {
    FSC_MARK_PAST,   /* what was */
    FSC_MARK_MEDIAN, /* what is likely */
    FSC_MARK_BAND,   /* between two columns */
    FSC_MARK_LIMIT,  /* what must not be passed, or what is held ready */
    FSC_MARK_N
} fsc_mark;

typedef struct fsc_layer {
    fsc_mark mark;
    size_t column, upper; /* upper: of a band */
    const char *label;
} fsc_layer;

typedef enum fsc_chart_kind {
    FSC_CHART_LINES, /* column 0 is the time */
    FSC_CHART_BARS,  /* column 0 is the label, layers[0].column the length */
    FSC_CHART_HEAT,  /* column 0 is the label, the others are shades */
    FSC_CHART_N
} fsc_chart_kind;

enum { FSC_MAX_LAYERS = 6 };
typedef struct fsc_chart {
    fsc_chart_kind kind;
    const char *title, *what; /* what is to be seen, for those who cannot see it */
    const fsc_table *table;
    size_t n_layers;
    fsc_layer layers[FSC_MAX_LAYERS];
    int64_t now; /* LINES: where past and future meet; 0: not drawn */
} fsc_chart;

typedef enum fsc_part_kind { FSC_PART_TEXT, FSC_PART_TABLE, FSC_PART_CHART } fsc_part_kind;
typedef struct fsc_part {
    fsc_part_kind kind;
    const char *text; /* a paragraph without markup */
    fsc_table *table;
    fsc_chart *chart;
    struct fsc_part *next;
} fsc_part;

typedef struct fsc_section {
    const char *id, *title;
    bool below; /* belongs to the section before that is not: a workload under its heading */
    fsc_part *first, *last;
    struct fsc_section *next;
} fsc_section;

typedef struct fsc_doc {
    fsc_arena *arena;
    const char *kind, *title; /* kind: as in JSON's "kind" */
    int64_t at;
    const fsc_zone *zone;
    fsc_section *first, *last;
    fsc_err err; /* the first failure */
} fsc_doc;

void fsc_doc_init(fsc_doc *d, fsc_arena *a, const char *kind, const char *title, int64_t at,
                  const fsc_zone *zone);
void fsc_doc_section(fsc_doc *d, const char *id, const char *title, bool below);
/* These append to the newest section. */
void fsc_doc_text(fsc_doc *d, const char *fmt, ...) FSC_PRINTF(2, 3);
fsc_table *fsc_doc_table(fsc_doc *d, const char *id, const char *subject, const char *title,
                         const fsc_column *columns, size_t n_columns); /* NULL after a failure */
void fsc_doc_chart(fsc_doc *d, const fsc_chart *c);                    /* copied */

/* Appends a row of t's columns, all unknown, and returns it; a row to write to and forget after a
 * failure. */
fsc_cell *fsc_doc_row(fsc_doc *d, fsc_table *t);
static inline fsc_cell fsc_cell_text(const char *text)
{
    return (fsc_cell){0, text};
}
static inline fsc_cell fsc_cell_number(double v)
{
    return (fsc_cell){v, 0};
}
static inline fsc_cell fsc_cell_money(double units, const char *currency)
{
    return (fsc_cell){units, currency};
}

/* As people read it: rounded, with its unit. */
void fsc_cell_say(fsc_buf *out, const fsc_doc *d, fsc_unit unit, const fsc_cell *c);

/* Forms, in the order of help; ends with NULL. */
typedef struct fsc_form {
    const char *name, *summary;
    void (*render)(fsc_buf *out, const fsc_doc *d);
} fsc_form;
extern const fsc_form *const fsc_forms[];

/* name: of a form. The document's own failure, or the buffer's. */
fsc_status fsc_doc_render(fsc_buf *out, const fsc_doc *d, const fsc_form *form,
                          fsc_err *err) FSC_CHECKED;

#endif
