/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a PromQL text says of itself, without asking for it; and texts made of others. */
#ifndef FORESCALE_PROMQL_H
#define FORESCALE_PROMQL_H

#include "forescale/arena.h"

/* Each by its words or its syntax: a filter is a comparison without bool, which returns the value
 * or nothing; a share does not grow with demand; completions flatten at capacity. */
bool fsc_promql_filters(const char *query);
bool fsc_promql_is_money(const char *query);
bool fsc_promql_is_share(const char *query);
bool fsc_promql_counts_completions(const char *query);
/* Any of these: it cannot be taken for demand. */
bool fsc_promql_is_unfit(const char *query);

typedef struct fsc_promql_part {
    const char *query;
    double weight; /* its value counts so many times */
} fsc_promql_part;

/* The most of several queries, where all have a value: where one has none, the answer has none, as
 * missing demand is not no demand. A single part is taken as it is. */
fsc_status fsc_promql_most(const char **out, const fsc_promql_part *parts, size_t n, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

#endif
