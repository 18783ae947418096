/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the account's instances (or those of a name) cost now; each run adds a sample of that rate.
 */
#include "forescale/lambda_cloud.h"
#include "forescale/meter.h"

#include <string.h>

static fsc_status collect(const fsc_meter_input *in, fsc_arena *a, fsc_err *err)
{
    fsc_lambda_instance *list;
    size_t n;
    int64_t micros_per_h = 0;
    FSC_TRY(fsc_lambda_list(&list, &n, in->http, &in->config->lambda_cloud, a, err));
    const char *name = in->budget->meter.name;
    for (size_t i = 0; i < n; i++)
        if (!name || !strcmp(list[i].name, name))
            micros_per_h += list[i].micros_per_h;
    const double rate = (double)micros_per_h / 1e6;
    return fsc_history_write(in->store,
                             &(fsc_series){.id = in->series_id,
                                           .start = in->now - in->now % FSC_METER_STEP_S,
                                           .step_s = FSC_METER_STEP_S,
                                           .n = 1,
                                           .values = &rate},
                             err);
}

const fsc_meter_ops fsc_meter_lambda = {
    .name = "LambdaCloud",
    .summary = "The running instances of a Lambda account, at their prices.",
    .source = FSC_METER_LAMBDA_CLOUD,
    .collect = collect,
};
