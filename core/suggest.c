/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/options.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WORD = 64 };

/* Optimal string alignment distance (Damerau-Levenshtein without overlap), case ignored. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][MAX_WORD + 1] = {{0}};
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            size_t best = above[j - 1] + (ca != cb);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            bool swapped = i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                           cb == tolower((unsigned char)a[i - 2]);
            if (swapped && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[na % 3][nb];
}

const char *fsc_suggest(const char *word, const char *const *candidates, size_t n)
{
    size_t length = strlen(word), best = length / 3 + 2;
    const char *nearest = NULL;
    if (length > MAX_WORD)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        if (other > MAX_WORD)
            continue;
        size_t d = distance(word, length, candidates[i], other);
        if (d < best && d < other) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
