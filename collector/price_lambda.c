/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/lambda_cloud.h"
#include "forescale/price.h"

static fsc_status quote(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    (void)at;
    return fsc_lambda_price(micros, http, &cfg->lambda_cloud, pool->instance_type, a, err);
}

const fsc_price_ops fsc_price_lambda = {
    .name = "LambdaCloud",
    .summary = "Lambda's price of the instance type.",
    .quote = quote,
};
