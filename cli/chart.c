/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return strstr(v, "UTF-8") || strstr(v, "utf8");
    }
    return false;
}

bool fsc_chart_wanted(void)
{
    return isatty(STDOUT_FILENO) && is_utf8();
}

void fsc_chart_line(FILE *f, const double *v, size_t n, size_t width, double top)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    for (size_t x = 0; x < width; x++) {
        size_t from = x * n / width, to = (x + 1) * n / width;
        double most = NAN;
        for (size_t i = from; i < (to > from ? to : from + 1) && i < n; i++)
            most = fmax(most, v[i]);
        double height = isnan(most) || !(top > 0) ? 0 : ceil(8 * most / top);
        (void)fputs(blocks[(size_t)fmin(fmax(height, 0), 8)], f);
    }
}

void fsc_chart_band(FILE *f, double part, double upper, double whole, size_t width)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double columns = (double)width / whole;
    double solid = whole > 0 ? fmin(fmax(part * columns, 0), (double)width) : 0;
    double shaded = whole > 0 ? fmin(fmax(upper * columns, 0), (double)width) : 0;
    size_t full = (size_t)solid, rest = (size_t)(8 * (solid - (double)full)), x = 0;
    for (; x < full; x++)
        (void)fputs("█", f);
    if (rest) {
        (void)fputs(eighths[rest], f);
        x++;
    }
    for (; x < (size_t)ceil(shaded); x++)
        (void)fputs("░", f);
    for (; x < width; x++)
        (void)fputc(' ', f);
}
