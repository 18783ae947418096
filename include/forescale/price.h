/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node costs, read or configured. A new reader is one file in collector/, one word in its
 * CMakeLists and its row in core/config_sources.c. A reader that is silent never leaves a pool
 * without a price while any was known: the last one heard counts, else the configured amount, else
 * the dearest that another pool has for a GPU.
 */
#ifndef FORESCALE_PRICE_H
#define FORESCALE_PRICE_H

#include "forescale/http.h"
#include "forescale/store.h"

typedef struct fsc_price_ops {
    const char *name, *summary; /* name is the `source` of the configuration */
    /* Micros of one node of the pool for an hour, as of `at`, in the price's currency. FSC_MISSING:
     * it does not know the pool. */
    fsc_status (*quote)(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err);
} fsc_price_ops;
const fsc_price_ops *const *fsc_prices(void); /* ends with NULL */

typedef struct fsc_quote {
    fsc_money price;    /* of a node for an hour; micros 0: nobody knows */
    const char *source; /* who says so; "" where nobody does */
    int64_t as_of;      /* since when that is so; 0: not said */
    bool fresh;         /* a reader said it just now */
    const char *note;   /* NULL, or what is wrong with it, in one line */
} fsc_quote;

typedef struct fsc_quote_input {
    const fsc_config *config;
    fsc_http *http;   /* NULL: no reader is asked (a replay, a plan without a network) */
    fsc_store *store; /* NULL: nothing is remembered */
    int64_t now;
} fsc_quote_input;

/* A quote for each pool of the configuration; no failure but memory's and the store's. */
fsc_status fsc_price_quote_all(fsc_quote *out, const fsc_quote_input *in, fsc_arena *a,
                               fsc_err *err) FSC_CHECKED;

/* Writes what readers said into the ledger: where it changed, else once an hour. */
fsc_status fsc_price_remember(fsc_store *s, const fsc_quote_input *in, const fsc_quote *quotes,
                              const char *run_id, fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* "16.00 USD/h", "0.0042 USD" and the like are doubles where APIs give them: rounded up to a micro.
 * FSC_DATA where it is no price at all: negative, not finite, absurd. */
fsc_status fsc_price_micros(int64_t *micros, double units, fsc_err *err) FSC_CHECKED;

#endif
