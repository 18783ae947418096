/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * YAML as configuration needs it (the only user of libyaml): one document of maps, lists and
 * scalars. Duplicate keys, anchors, aliases, merge keys, tags, further documents and deep nesting
 * are refused.
 */
#ifndef FORESCALE_YAML_H
#define FORESCALE_YAML_H

#include "forescale/config.h"

/* FSC_CONFIG with "file:line:column: ..."; a BOM and CRLF are simply read. */
fsc_status fsc_yaml_parse(const fsc_node **out, const char *file, const char *text, size_t n,
                          fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Reads a configuration file with its calendars; relative paths in it are seen from its folder. */
fsc_status fsc_config_load(fsc_config *out, const char *path, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

/* The same from a text that lies in memory; `name` stands for the file in messages. */
fsc_status fsc_config_load_text(fsc_config *out, const char *name, const char *text, size_t n,
                                fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* What a command cannot do without. */
enum { FSC_NEED_STORE = 1, FSC_NEED_PROMETHEUS = 2, FSC_NEED_TARGET = 4 };
fsc_status fsc_config_require(const fsc_config *c, unsigned needs, fsc_err *err) FSC_CHECKED;

/* Reads a zone of the system's zone database ($TZDIR, else /usr/share/zoneinfo). */
fsc_status fsc_zone_load(const fsc_zone **out, const char *name, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;

#endif
