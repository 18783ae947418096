/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/price.h"

fsc_status fsc_price_quote(fsc_money *out, fsc_http *http, const fsc_config *cfg,
                           const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    fsc_err failure = FSC_ERR_INIT;
    for (const fsc_price_ops *const *p = fsc_prices(); *p; p++) {
        fsc_err one = FSC_ERR_INIT;
        if ((*p)->quote(out, http, cfg, pool, at, a, &one) == FSC_OK)
            return FSC_OK;
        if (one.code != FSC_MISSING && failure.code == FSC_OK)
            failure = one;
    }
    if (failure.code == FSC_OK)
        return fsc_fail(err, FSC_MISSING, "pool %s has no price: give pools.price", pool->name);
    *err = failure;
    return fsc_context(err, "the price of pool %s", pool->name);
}
