/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CSV reader: whatever the text, its series are ascending and finite or gaps, or it says why.
 */
#include "fuzz/fuzz.h"

#include "forescale/source.h"

#include <math.h>

static fsc_status one(const char *text, size_t n, fsc_arena *a, fsc_err *err)
{
    fsc_csv csv;
    FSC_TRY(fsc_csv_parse(&csv, "fuzz.csv", text, n, 0, a, err));
    for (size_t i = 0; i < csv.n; i++) {
        if (csv.series[i].step_s <= 0 || !csv.series[i].n)
            abort();
        for (size_t k = 0; k < csv.series[i].n; k++)
            if (isinf(csv.series[i].values[k]))
                abort();
    }
    return FSC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
