/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node costs. A new source of prices is one file in collector/ and one word in its
 * CMakeLists. */
#ifndef FORESCALE_PRICE_H
#define FORESCALE_PRICE_H

#include "forescale/http.h"

typedef struct fsc_price_ops {
    const char *name, *summary;
    /* The price of one node of the pool for an hour, as of `at`. FSC_MISSING: it does not know the
     * pool. */
    fsc_status (*quote)(fsc_money *out, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err);
} fsc_price_ops;
const fsc_price_ops *const *fsc_prices(void); /* in order of preference; ends with NULL */

/* The first source that knows the pool answers; FSC_MISSING when none does. A source that fails is
 * passed over, and its failure told only when no other answers. */
fsc_status fsc_price_quote(fsc_money *out, fsc_http *http, const fsc_config *cfg,
                           const fsc_pool_config *pool, int64_t at, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

#endif
