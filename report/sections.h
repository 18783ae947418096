/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sections of the capacity report, in its order. Each appends to the document. */
#ifndef FSC_REPORT_SECTIONS_H
#define FSC_REPORT_SECTIONS_H

#include "report/outlook.h"

enum { FSC_REPORT_DRAWN = 60 }; /* workloads with charts of their own, at most */

typedef struct fsc_report_view {
    const fsc_report *r;
    const fsc_outlook *o;
} fsc_report_view;

void fsc__report_summary(fsc_doc *d, const fsc_report_view *v);
void fsc__report_capacity(fsc_doc *d, const fsc_report_view *v);
void fsc__report_money(fsc_doc *d, const fsc_report_view *v);
void fsc__report_reserve(fsc_doc *d, const fsc_report_view *v);
void fsc__report_workloads(fsc_doc *d, const fsc_report_view *v);
void fsc__report_accuracy(fsc_doc *d, const fsc_report_view *v);
void fsc__report_decisions(fsc_doc *d, const fsc_report_view *v);
void fsc__report_quality(fsc_doc *d, const fsc_report_view *v);
void fsc__report_leads(fsc_doc *d, const fsc_report_view *v);

/* A value as people read it, in the document's arena; "" after a failure. */
const char *fsc__say(fsc_doc *d, fsc_unit unit, fsc_cell c);

/* The index of the largest of n values (the first of them); n 0: 0. */
size_t fsc__largest(const double *v, size_t n);

#define FSC_COLUMNS(c) c, sizeof(c) / sizeof *(c)

#endif
