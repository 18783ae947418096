/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A number from a name, the same everywhere and for ever: for turns, and for shards. */
#ifndef FORESCALE_HASH_H
#define FORESCALE_HASH_H

#include <stdint.h>

/* FNV-1a, then the finalizer of MurmurHash3, so that names that differ little lie far apart. `salt`
 * gives independent numbers of one name. */
static inline uint64_t fsc_name_hash(const char *name, uint64_t salt)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ (salt * UINT64_C(0x9E3779B97F4A7C15));
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    h = (h ^ h >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    h = (h ^ h >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return h ^ h >> 33;
}

#endif
