/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States of forecaster and planner, as --state and the store hand them back: refused, or loaded and
 * then planned with. The first byte chooses: even, a planner's state follows; odd, the number of a
 * model, two bytes each for the lengths of the day's part and the newest, and its forecaster's
 * parts: these two and the past. */
#include "fuzz/fuzz.h"

#include "forescale/plan.h"
#include "forescale/yaml.h"

enum { NOW = 1793000040, STEP_S = 60, HEAD = 5 };

static const char yaml[] =
    "apiVersion: forescale.dev/v1\nkind: Config\n"
    "pools: [{name: p, gpusPerNode: 8, price: 16 USD/h}]\n"
    "workloads:\n- {name: w, target: {kind: None}, minReplicas: 1, maxReplicas: 9, "
    "demand: {perReplica: 5}, pools: [p]}\nbudgets: [{name: b, ceiling: 90 USD, window: 6h}]\n";

static const char *const models[] = {"last_value", "holt_winters"};

static fsc_status forecast(fsc_forecast *out, const fsc_planner *p, const uint8_t *bytes, size_t n,
                           fsc_arena *a, fsc_err *err)
{
    fsc_forecaster *f;
    fsc_forecaster_config fc = {.id = "w", .step_s = STEP_S, .model = models[bytes[0] / 2u % 2]};
    size_t day = (size_t)(bytes[1] | bytes[2] << 8), now = (size_t)(bytes[3] | bytes[4] << 8);
    if (day + now > n - HEAD)
        return fsc_fail(err, FSC_DATA, "no such part");
    bytes += HEAD;
    const fsc_saved_part saved[FSC_N_STATE_PARTS] = {
        [FSC_STATE_DAY] = {bytes, day},
        [FSC_STATE_NOW] = {bytes + day, now},
        [FSC_STATE_PAST] = {bytes + day + now, n - HEAD - day - now}};
    FSC_TRY(fsc_planner_request(&fc.request, p, 0, STEP_S, a, err));
    FSC_TRY(fsc_forecaster_open(&f, &fc, a, err));
    FSC_TRY(fsc_forecaster_load(f, saved, NULL, err));
    return fsc_forecaster_run(out, f, a, err);
}

/* Loaded once, for it is most of the time. */
static fsc_status configuration(const fsc_config **out, fsc_err *err)
{
    static fsc_config c;
    static fsc_arena *kept;
    *out = &c;
    if (kept)
        return FSC_OK;
    FSC_TRY(fsc_arena_open(&kept, FUZZ_LIMIT_BYTES, err));
    return fsc_config_load_text(&c, "fuzz", yaml, sizeof yaml - 1, kept, err);
}

static fsc_status one(const char *bytes, size_t n, fsc_arena *a, fsc_err *err)
{
    const fsc_config *c;
    fsc_planner *p;
    fsc_forecast f;
    fsc_plan plan;
    fsc_workload_now workload = {.replicas_known = true, .replicas = 2};
    fsc_pool_now pool = {.nodes_known = true, .nodes = 1};
    fsc_budget_now budget = {0};
    const fsc_forecast *forecasts[1] = {NULL};
    FSC_TRY(configuration(&c, err));
    FSC_TRY(fsc_planner_open(&p, c, a, err));
    if (n >= HEAD && bytes[0] & 1) {
        FSC_TRY(forecast(&f, p, (const uint8_t *)bytes, n, a, err));
        forecasts[0] = &f;
    } else {
        FSC_TRY(fsc_planner_load(p, bytes + (n > 0), n - (n > 0), err));
    }
    return fsc_planner_run(&plan, p,
                           &(fsc_plan_input){.now = NOW,
                                             .config = c,
                                             .workloads = &workload,
                                             .pools = &pool,
                                             .budgets = &budget,
                                             .forecasts = forecasts},
                           a, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
