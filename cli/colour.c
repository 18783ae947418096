/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/colour.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const codes[FSC_MEANS_N] = {
    [FSC_MEANS_OK] = "32",   [FSC_MEANS_HELD] = "33",   [FSC_MEANS_LIMITED] = "35",
    [FSC_MEANS_LATE] = "31", [FSC_MEANS_OVER] = "1;31",
};

/* no-color.org; CLICOLOR as in BSD's ls. */
static bool is_wanted(FILE *f)
{
    const char *no = getenv("NO_COLOR"), *yes = getenv("CLICOLOR"), *term = getenv("TERM");
    return isatty(fileno(f)) && !(no && *no) && !(yes && !strcmp(yes, "0")) && term && *term &&
           strcmp(term, "dumb");
}

void fsc_paint(FILE *f, fsc_meaning m, const char *fmt, ...)
{
    va_list args;
    bool paints = codes[m] && is_wanted(f);
    if (paints)
        (void)fprintf(f, "\033[%sm", codes[m]);
    va_start(args, fmt);
    (void)vfprintf(f, fmt, args);
    va_end(args);
    if (paints)
        (void)fputs("\033[0m", f);
}

fsc_meaning fsc_budget_meaning(fsc_budget_state s)
{
    static const fsc_meaning meanings[] = {[FSC_BUDGET_CLOSED] = FSC_MEANS_OK,
                                           [FSC_BUDGET_THROTTLED] = FSC_MEANS_LIMITED,
                                           [FSC_BUDGET_OPEN] = FSC_MEANS_LIMITED,
                                           [FSC_BUDGET_HALF_OPEN] = FSC_MEANS_LIMITED};
    return meanings[s];
}

fsc_meaning fsc_outcome_meaning(const char *outcome)
{
    static const struct {
        const char *outcome;
        fsc_meaning m;
    } meanings[] = {
        {"applied", FSC_MEANS_OK}, {"held", FSC_MEANS_HELD}, {"failed", FSC_MEANS_OVER}};
    for (size_t i = 0; outcome && i < sizeof meanings / sizeof *meanings; i++)
        if (!strcmp(outcome, meanings[i].outcome))
            return meanings[i].m;
    return outcome ? FSC_MEANS_NOTHING : FSC_MEANS_LATE;
}
