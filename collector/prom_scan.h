/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A push scanner of Prometheus's query answers: fed any pieces, it hands on samples as they come
 * and keeps nothing, so that memory does not depend on the answer's size. The grammar is JSON's
 * (RFC 8259) as far as an answer uses it: nesting and texts are bounded.
 */
#ifndef FSC_PROM_SCAN_H
#define FSC_PROM_SCAN_H

#include "forescale/source.h"

enum { FSC_SCAN_DEPTH = 24, FSC_SCAN_TEXT = 4096 };

typedef struct fsc_prom_scan {
    const fsc_sink *sink;
    const char *by; /* label whose value names the series; NULL: none */
    fsc_err *err;
    /* tokens */
    int state, literal_at;
    unsigned unicode, high_surrogate;
    size_t offset, n_text;
    bool text_cut, is_key;
    char text[FSC_SCAN_TEXT + 8];
    /* containers */
    int depth;
    struct {
        uint8_t where;
        bool is_map;
        uint32_t count; /* elements begun */
    } stack[FSC_SCAN_DEPTH];
    uint8_t key; /* of the value that comes */
    /* the answer */
    bool series_open, has_histograms, has_result, success, failed, partial;
    char label[256], error_type[64], error[512];
    int64_t t;
    double v;
    bool has_t, has_v;
} fsc_prom_scan;

void fsc_prom_scan_begin(fsc_prom_scan *s, const fsc_sink *sink, const char *by);
/* FSC_DATA with the byte's offset on malformed text; a failure of the sink is handed on. */
fsc_status fsc_prom_scan_feed(fsc_prom_scan *s, const char *data, size_t n,
                              fsc_err *err) FSC_CHECKED;
/* After the last piece: FSC_DATA when cut off; FSC_REMOTE with Prometheus's own words on an error.
 */
fsc_status fsc_prom_scan_end(fsc_prom_scan *s, fsc_err *err) FSC_CHECKED;

#endif
