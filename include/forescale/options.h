/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One table row describes one option: the row parses it, checks it, gives its default, documents it
 * (help, docs/options, JSON Schema). A section of the configuration, a model, a price source or a
 * target has such a table; nothing else in the program knows the key.
 */
#ifndef FORESCALE_OPTIONS_H
#define FORESCALE_OPTIONS_H

#include "forescale/buf.h"

#include <stddef.h>
#include <stdint.h>

/* What libyaml (or another reader) turns a file into. Lives in the arena. line and column from 1.
 */
typedef enum fsc_node_kind { FSC_NODE_SCALAR, FSC_NODE_LIST, FSC_NODE_MAP } fsc_node_kind;
typedef struct fsc_node fsc_node;
typedef struct fsc_pair {
    const char *key;
    int line, column; /* of the key */
    const fsc_node *value;
} fsc_pair;
struct fsc_node {
    fsc_node_kind kind;
    int line, column;
    const char *scalar;           /* SCALAR */
    bool quoted;                  /* SCALAR */
    size_t n;                     /* LIST, MAP */
    const fsc_node *const *items; /* LIST */
    const fsc_pair *pairs;        /* MAP */
};

/* The C type of the field at `offset` is given behind each. */
typedef enum fsc_opt_type {
    FSC_OPT_STRING,      /* const char * */
    FSC_OPT_PROMQL,      /* const char *; not blank, brackets and quotes balanced */
    FSC_OPT_URL,         /* const char *; http or https */
    FSC_OPT_PATH,        /* const char *; relative to the config file's folder */
    FSC_OPT_SECRET_FILE, /* const char *; as PATH, its content never kept or logged */
    FSC_OPT_SECRET,      /* const char *; only as ${ENV}; never logged */
    FSC_OPT_BOOL,        /* bool; true or false, nothing else */
    FSC_OPT_INT,         /* int64_t */
    FSC_OPT_REAL,        /* double */
    FSC_OPT_RATIO,       /* double in [0,1] */
    FSC_OPT_QUANTILE,    /* double in (0,1) */
    FSC_OPT_DURATION,    /* int64_t seconds */
    FSC_OPT_TIME,        /* int64_t UTC seconds */
    FSC_OPT_LOCAL_TIME,  /* const char *; checked form, read in the configured zone or with its own
                            offset */
    FSC_OPT_MONEY,       /* fsc_money */
    FSC_OPT_RATE,        /* fsc_money for an hour */
    FSC_OPT_CURRENCY_RATE_UNIT, /* const char *; "USD/h" or "USD" */
    FSC_OPT_ENUM,               /* int: index in `words` */
    FSC_OPT_ZONE,               /* const fsc_zone *; by the loader's zone reader */
    FSC_OPT_STRINGS,            /* fsc_strings */
    FSC_OPT_STRING_MAP,         /* fsc_string_map */
    FSC_OPT_SECTION,            /* the struct itself, by `rows` */
    FSC_OPT_SECTIONS,           /* fsc_list of structs, by `rows` */
    FSC_OPT_CUSTOM              /* by `parse` */
} fsc_opt_type;

typedef struct fsc_strings {
    size_t n;
    const char *const *v;
} fsc_strings;
typedef struct fsc_string_map {
    size_t n;
    const char *const *k;
    const char *const *v;
} fsc_string_map;
typedef struct fsc_list {
    size_t n;
    void *v; /* array of structs, cast to the section's type */
} fsc_list;

typedef struct fsc_opt_ctx fsc_opt_ctx; /* file name, arena, environment and zone readers */
typedef struct fsc_opt fsc_opt;
struct fsc_opt {
    const char *key;
    fsc_opt_type type;
    size_t offset;
    const char *def; /* as it would be written; NULL: required unless `optional` */
    bool optional;   /* absent leaves zero; `present` tells */
    size_t present;  /* offset of a bool that tells whether it was given, never the first field; 0:
                        none */
    double min, max; /* of numbers and durations, where min < max */
    const char *const *words; /* ENUM, ends with NULL */
    const fsc_opt *rows;      /* SECTION(S), ends with a key of NULL */
    const char *short_for;    /* SECTION: NULL, or the key for which a single value stands */
    size_t size;              /* SECTIONS: of one struct */
    fsc_status (*parse)(void *field, const fsc_node *n, const fsc_opt_ctx *ctx, fsc_err *err);
    const char *doc; /* one sentence, ends with a period */
    const char *example;
};

struct fsc_opt_ctx {
    const char *file; /* as messages name it */
    fsc_arena *arena;
    const char *(*env)(void *io, const char *name);
    fsc_status (*zone)(const void **out, void *io, const char *name, fsc_arena *a, fsc_err *err);
    void *io;
};

/* Fills the struct at `out` (zeroed before) from a MAP node by rows. The error names
 * file:line:column, what was expected, and the nearest known key. */
fsc_status fsc_options_read(void *out, const fsc_opt *rows, const fsc_node *map,
                            const fsc_opt_ctx *ctx, fsc_err *err) FSC_CHECKED;
/* Fills `out` from the rows' defaults alone. */
fsc_status fsc_options_default(void *out, const fsc_opt *rows, const fsc_opt_ctx *ctx,
                               fsc_err *err) FSC_CHECKED;

/* FSC_CONFIG with "file:line:column: ..." in front. */
fsc_status fsc_options_fail(fsc_err *err, const fsc_opt_ctx *ctx, const fsc_node *at,
                            const char *fmt, ...) FSC_PRINTF(4, 5);

/* The candidate nearest to `word` by edit distance, if near enough to suggest; else NULL. */
const char *fsc_suggest(const char *word, const char *const *candidates, size_t n);

/* Reference text of rows in Markdown, and their JSON Schema. */
void fsc_options_markdown(fsc_buf *out, const char *title, const fsc_opt *rows);
void fsc_options_json_schema(fsc_buf *out, const fsc_opt *rows);

#endif
