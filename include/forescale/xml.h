/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XML as cloud APIs answer it (the only user of expat), into the nodes of options.h: an element
 * with elements in it is a map of their names, in order and as often as they come; one without is a
 * scalar of its text. Attributes and prefixes are left out.
 */
#ifndef FORESCALE_XML_H
#define FORESCALE_XML_H

#include "forescale/options.h"

/* *out is a map with the root element as its one key. FSC_DATA on malformed text, nesting over 64,
 * and document types, whose entities could grow without bound. */
fsc_status fsc_xml_parse(const fsc_node **out, const char *text, size_t n, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;

#endif
