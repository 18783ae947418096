/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/meter.h"
#include "forescale/source.h"

enum { EDGE_S = FSC_HOUR_S };

/* The longest that the budget's window can be. */
static int64_t window_s(const fsc_window *w)
{
    static const int64_t days[] = {
        [FSC_WINDOW_DAY] = 1, [FSC_WINDOW_WEEK] = 7, [FSC_WINDOW_MONTH] = 31};
    return w->kind == FSC_WINDOW_ROLLING ? w->length_s : days[w->kind] * FSC_DAY_S;
}

static fsc_status collect(const fsc_meter_input *in, fsc_arena *a, fsc_err *err)
{
    fsc_collect_result result;
    const fsc_collect_query query = {.series_id = in->series_id, .query = in->budget->meter.query};
    FSC_TRY(fsc_collect(&result, in->store, in->http,
                        &(fsc_collect_input){.now = in->now,
                                             .since_s = window_s(&in->budget->window) + EDGE_S,
                                             .step_s = FSC_METER_STEP_S,
                                             .config = in->config,
                                             .queries = &query,
                                             .n = 1},
                        a, err));
    if (result.status != FSC_OK && err)
        *err = result.err;
    return result.status;
}

const fsc_meter_ops fsc_meter_prometheus = {
    .name = "Prometheus",
    .summary = "A query of what is being spent.",
    .source = FSC_METER_PROMETHEUS,
    .collect = collect,
};
