/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States of forecaster and planner, as --state and the store hand them back: loaded or refused, and
 * then still able to plan. */
#include "fuzz/fuzz.h"

#include "forescale/plan.h"
#include "forescale/yaml.h"

static const char yaml[] =
    "apiVersion: forescale.dev/v1\nkind: Config\n"
    "pools: [{name: p, gpusPerNode: 8, price: 16 USD/h}]\n"
    "workloads:\n- {name: w, target: {kind: None}, minReplicas: 1, maxReplicas: 9, "
    "demand: {perReplica: 5}, pools: [p]}\nbudgets: [{name: b, ceiling: 90 USD, window: 6h}]\n";

static fsc_status forecast(fsc_forecaster **out, const fsc_planner *p, const char *bytes, size_t n,
                           fsc_arena *a, fsc_err *err)
{
    fsc_forecaster_config fc = {.id = "w", .step_s = 60};
    FSC_TRY(fsc_planner_request(&fc.request, p, 0, 60, a, err));
    FSC_TRY(fsc_forecaster_open(out, &fc, a, err));
    size_t day = n ? (uint8_t)bytes[0] % n : 0; /* where the second part begins */
    return fsc_forecaster_load(*out, bytes, day, bytes + day, n - day, err);
}

static fsc_status one(const char *bytes, size_t n, fsc_arena *a, fsc_err *err)
{
    fsc_config c;
    fsc_planner *p;
    fsc_forecaster *f;
    fsc_err refused = FSC_ERR_INIT;
    FSC_TRY(fsc_config_load_text(&c, "fuzz", yaml, sizeof yaml - 1, a, err));
    FSC_TRY(fsc_planner_open(&p, &c, a, err));
    if (forecast(&f, p, bytes, n, a, &refused) != FSC_OK && !refused.msg[0])
        abort();
    return fsc_planner_load(p, bytes, n, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
