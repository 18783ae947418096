/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/time.h"

static const int32_t utc_offset[] = {0};
const fsc_zone fsc_zone_utc = {.name = "Etc/UTC", .n = 0, .at = NULL, .offset_s = utc_offset};

int32_t fsc_zone_offset_s(const fsc_zone *z, int64_t t)
{
    if (!z || !z->offset_s)
        return 0;
    size_t low = 0, high = z->n; /* the number of transitions at or before t */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (z->at[mid] <= t)
            low = mid + 1;
        else
            high = mid;
    }
    return z->offset_s[low];
}
