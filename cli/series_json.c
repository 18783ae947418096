/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/series_json.h"

#include <stdio.h>

enum { LIMIT_MIB = 256 /* of one series */ };

fsc_status fsc_series_json_print(const char *kind, const fsc_status *results, size_t n,
                                 fsc_series_json_add add, const void *ctx, fsc_arena *a,
                                 fsc_err *err)
{
    bool first = true;
    (void)printf("{\"apiVersion\":\"forescale.dev/v1\",\"kind\":\"%s\",\"series\":[", kind);
    for (size_t i = 0; i < n; i++) {
        fsc_buf out;
        if (results[i] != FSC_OK)
            continue;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        fsc_buf_init(&out, a, (size_t)LIMIT_MIB << 20);
        add(&out, ctx, i);
        FSC_TRY(fsc_buf_status(&out, err));
        (void)printf("%s%s", first ? "" : ",", fsc_buf_str(&out));
        fsc_arena_rewind(a, mark);
        first = false;
    }
    (void)printf("]}\n");
    return FSC_OK;
}
