/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON: a writer, and a reader for small documents (the only user of cJSON) that copies what it
 * read into fsc_node in the arena: a number is its shortest text, null is the scalar "null"
 * unquoted.
 */
#ifndef FORESCALE_JSON_H
#define FORESCALE_JSON_H

#include "forescale/options.h"

/* Appends text as a JSON string with its quotes; control characters and invalid UTF-8 are escaped.
 */
void fsc_json_string(fsc_buf *out, const char *text);
/* Shortest text that reads back as the same double; null for NaN and infinities. */
void fsc_json_number(fsc_buf *out, double v);

/* A whole document, of YAML too: plain scalars that JSON knows (numbers, true, false, null) stay
 * what they are, others are strings. */
void fsc_json_node(fsc_buf *out, const fsc_node *n);

/* FSC_DATA on malformed text, nesting over 64, or trailing junk. */
fsc_status fsc_json_parse(const fsc_node **out, const char *text, size_t n, fsc_arena *a,
                          fsc_err *err) FSC_CHECKED;

/* Walks keys from a node ("spec", "minReplicaCount", NULL); NULL where one is absent. */
const fsc_node *fsc_node_at(const fsc_node *n, ...);
/* Their values, or the fallback where absent or of another kind. */
const char *fsc_node_text(const fsc_node *n, const char *fallback);
int64_t fsc_node_int(const fsc_node *n, int64_t fallback);
double fsc_node_real(const fsc_node *n, double fallback);

#endif
