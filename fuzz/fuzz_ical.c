/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calendar reader: bounded days, all of them real dates. */
#include "fuzz/fuzz.h"

#include "forescale/ical.h"

enum { CAP = 4000 };

static fsc_status one(const char *text, size_t n, fsc_arena *a, fsc_err *err)
{
    fsc_civil *days = FSC_NEW(a, CAP, fsc_civil, err);
    size_t count = 0;
    (void)n;
    if (!days)
        return FSC_NOMEM;
    FSC_TRY(fsc_ical_read(days, &count, CAP, "fuzz.ics", text, err));
    if (count > CAP)
        abort();
    for (size_t i = 0; i < count; i++)
        if (days[i].month < 1 || days[i].month > 12 || days[i].day < 1 || days[i].day > 31)
            abort();
    return FSC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
