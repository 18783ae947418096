/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenCost's API: what nodes of the instance type cost in the last hour, by the hour. */
#include "forescale/json.h"
#include "forescale/price.h"

#include <math.h>
#include <string.h>

static const char *text_at(const fsc_node *n, const char *key)
{
    return fsc_node_text(fsc_node_at(n, key, NULL), "");
}

/* NaN where the asset is no node of the pool. */
static double hourly_cost(const fsc_node *asset, const fsc_pool_config *pool)
{
    bool is_spot = fsc_node_real(fsc_node_at(asset, "preemptible", NULL), 0) > 0;
    double minutes = fsc_node_real(fsc_node_at(asset, "minutes", NULL), 0);
    if (strcmp(text_at(asset, "type"), "Node") || minutes <= 0 ||
        strcmp(text_at(asset, "nodeType"), pool->instance_type) ||
        is_spot != (pool->capacity_type == FSC_SPOT))
        return NAN;
    return fsc_node_real(fsc_node_at(asset, "totalCost", NULL), NAN) * 60 / minutes;
}

static fsc_status quote(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    double most = NAN;
    const fsc_node *answer;
    size_t n = strlen(cfg->open_cost.url);
    (void)at;
    while (n && cfg->open_cost.url[n - 1] == '/')
        n--;
    const char *url = fsc_arena_printf(a, err, "%.*s/assets?window=1h&accumulate=true", (int)n,
                                       cfg->open_cost.url);
    if (!url)
        return FSC_NOMEM;
    FSC_TRY(fsc_http_json(&answer, http,
                          &(fsc_http_request){.url = url, .auth = &cfg->open_cost.auth}, a, err));
    const fsc_node *sets = fsc_node_at(answer, "data", NULL);
    for (size_t i = 0; sets && sets->kind == FSC_NODE_LIST && i < sets->n; i++)
        for (size_t k = 0; sets->items[i]->kind == FSC_NODE_MAP && k < sets->items[i]->n; k++)
            most = fmax(most, hourly_cost(sets->items[i]->pairs[k].value, pool));
    if (isnan(most))
        return fsc_fail(err, FSC_MISSING, "OpenCost saw no node of type %s in the last hour",
                        pool->instance_type);
    return fsc_price_micros(micros, most, err);
}

const fsc_price_ops fsc_price_opencost = {
    .name = "OpenCost",
    .summary = "OpenCost's API: what nodes of the instance type cost in the last hour.",
    .quote = quote,
};
