/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "planner_run.h"

#include <stdarg.h>
#include <stdio.h>

int64_t fsc__tick_s(const fsc_config *c)
{
    return c->interval_s * (1 + c->missed_runs);
}

const char *fsc__plan_text(const fsc_plan_run *r, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    const char *copy = fsc_arena_strdup(r->a, line, r->err);
    return copy ? copy : "out of memory";
}

size_t fsc__pool_index(const fsc_config *c, const char *name)
{
    return (size_t)(fsc_config_pool(c, name) - c->pools);
}

int64_t fsc__pool_price(const fsc_plan_run *r, size_t pool)
{
    const fsc_pool_now *now = &r->in->pools[pool];
    return now->price.micros ? now->price.micros : r->in->config->pools[pool].price.micros;
}
