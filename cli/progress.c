/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 30 };

void fsc_progress_begin(fsc_progress *p, const char *what)
{
    p->on = isatty(STDERR_FILENO);
    p->what = what;
    atomic_init(&p->percent, -1);
    fsc_progress_at(p, 0);
}

void fsc_progress_at(fsc_progress *p, double share)
{
    static const char bar[] = "##############################";
    int percent = (int)(100 * share), before = atomic_load(&p->percent);
    if (!p->on || percent <= before ||
        !atomic_compare_exchange_strong(&p->percent, &before, percent))
        return;
    (void)fprintf(stderr, "\r%s [%-*.*s] %3d%%", p->what, WIDTH, WIDTH * percent / 100, bar,
                  percent);
}

void fsc_progress_end(fsc_progress *p)
{
    if (p->on)
        (void)fprintf(stderr, "\r\033[K");
}
