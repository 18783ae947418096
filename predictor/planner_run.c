/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "planner_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static bool uses_pool(const fsc_workload_config *w, const char *pool)
{
    for (size_t i = 0; i < w->pools.n; i++)
        if (!strcmp(w->pools.v[i], pool))
            return true;
    return false;
}

bool fsc__shares_pool(const fsc_workload_config *v, const fsc_workload_config *w)
{
    for (size_t i = 0; i < v->pools.n; i++)
        if (uses_pool(w, v->pools.v[i]))
            return true;
    return false;
}

bool fsc__pays_for_pool(const fsc_budget_config *b, const fsc_config *c, const char *pool)
{
    for (size_t w = 0; w < c->n_workloads; w++)
        if (fsc_budget_covers(b, c->workloads[w].name) && uses_pool(&c->workloads[w], pool))
            return true;
    return false;
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
