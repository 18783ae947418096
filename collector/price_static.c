/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/price.h"

static fsc_status quote(fsc_money *out, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    (void)http;
    (void)cfg;
    (void)at;
    (void)a;
    *out = pool->price;
    return pool->price_given ? FSC_OK
                             : fsc_fail(err, FSC_MISSING,
                                        "the configuration has no price of pool %s", pool->name);
}

const fsc_price_ops fsc_price_static = {
    .name = "static",
    .summary = "pools.price of the configuration.",
    .quote = quote,
};
