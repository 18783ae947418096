/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects of the Kubernetes API: read as JSON, and looked through by what reads them. */
#include "actuator/record.h"
#include "cli/doctor.h"
#include "fuzz/fuzz.h"

#include "forescale/json.h"

static void hear(void *ctx, const fsc_finding *f)
{
    (void)ctx;
    if (!*f->wrong || !*f->remedy)
        abort();
}

static fsc_status one(const char *text, size_t n, fsc_arena *a, fsc_err *err)
{
    static const fsc_workload_config workload = {.name = "w", .gpus_per_replica = 1, .lead_s = 60};
    const fsc_node *object;
    fsc_target_seen seen = {.min_replicas = 1, .max_replicas = 9};
    FSC_TRY(fsc_json_parse(&object, text, n, a, err));
    const fsc_doctor_object o = {&workload, object, object};
    fsc_doctor_examine(&o, hear, NULL);
    return fsc__record_read(&seen, object, a, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
