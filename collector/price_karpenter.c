/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Karpenter's own estimate of its offerings, as Prometheus scrapes it; of several zones the
 * dearest. */
#include "forescale/price.h"
#include "prom_instant.h"

enum { QUERY_LIMIT = 1024 };

static fsc_status quote(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    fsc_buf query;
    double units = 0;
    fsc_buf_init(&query, a, QUERY_LIMIT);
    fsc_buf_puts(&query, "karpenter_cloudprovider_instance_type_offering_price_estimate{");
    fsc__prom_matcher(&query, "instance_type", pool->instance_type);
    fsc_buf_puts(&query, ",");
    fsc__prom_matcher(&query, "capacity_type",
                      pool->capacity_type == FSC_SPOT ? "spot" : "on-demand");
    if (pool->zone) {
        fsc_buf_puts(&query, ",");
        fsc__prom_matcher(&query, "zone", pool->zone);
    }
    fsc_buf_puts(&query, "}");
    FSC_TRY(fsc_buf_status(&query, err));
    FSC_TRY(fsc__prom_largest(&units, http, cfg, fsc_buf_str(&query), at, a, err));
    return fsc_price_micros(micros, units, err);
}

const fsc_price_ops fsc_price_karpenter = {
    .name = "Karpenter",
    .summary = "Karpenter's price estimate of an offering, in Prometheus.",
    .quote = quote,
};
