/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A query of the user's own, or OpenCost's exported metrics of the instance type. */
#include "forescale/price.h"
#include "prom_instant.h"

enum { QUERY_LIMIT = 1024 };

static fsc_status quote(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    fsc_buf own;
    double units = 0;
    const char *query = pool->price_from.query;
    fsc_buf_init(&own, a, QUERY_LIMIT);
    if (!query) {
        fsc_buf_puts(&own, "node_total_hourly_cost{");
        fsc__prom_matcher(&own, "instance_type", pool->instance_type);
        fsc_buf_puts(&own, "} and on (node) (kubecost_node_is_spot");
        fsc_buf_printf(&own, " == %d)", pool->capacity_type == FSC_SPOT);
        FSC_TRY(fsc_buf_status(&own, err));
        query = fsc_buf_str(&own);
    }
    FSC_TRY(fsc__prom_largest(&units, http, cfg, query, at, a, err));
    return fsc_price_micros(micros, units, err);
}

const fsc_price_ops fsc_price_prometheus = {
    .name = "Prometheus",
    .summary = "A query of the price of one node, or OpenCost's metrics of the instance type.",
    .quote = quote,
};
