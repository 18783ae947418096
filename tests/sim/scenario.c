/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/sim/scenario.h"

#include <math.h>

/* Monday 2026-10-05 00:00 UTC; the clocks of Berlin go back on Sunday 2026-10-25. */
enum { FIRST_T = 1791158400, HISTORY_DAYS = 14, DAY_MINUTES = 1440, DST_DAY = 20 };

typedef struct recipe {
    const char *name;
    int start_minute, days;
    double growth;    /* a week */
    int holiday;      /* a weekday without a spike, from the first judged day; 0: none */
    int hole, flash;  /* days likewise */
    bool dst, once;   /* once: quiet until one spike of six hours on the first judged day */
    double peak;      /* 0: 300 */
    const char *pool; /* the pools, objective and interval that differ */
    int interval_s;
    int ceiling, window_h;
} recipe;

#define ON_DEMAND                                                                                  \
    "[{name: gpu, gpusPerNode: 8, price: 96.00 USD/h, lead: 345s, idle: 10m, maxNodes: 20}]"
#define SPOT                                                                                       \
    "[{name: spot, gpusPerNode: 8, price: 16.00 USD/h, lead: 345s, idle: 10m, maxNodes: 20, "      \
    "interruptionsPerHour: 0.05}, {name: gpu, gpusPerNode: 8, price: 96.00 USD/h, lead: 345s, "    \
    "idle: 10m, maxNodes: 20}]"

static const recipe recipes[] = {
    {.name = "spike at 09:00", .start_minute = 540, .days = 21},
    {.name = "spike at 09:37", .start_minute = 577, .days = 21},
    {.name = "the same, a run each 300 s", .start_minute = 540, .days = 21, .interval_s = 300},
    {.name = "on spot nodes", .start_minute = 540, .days = 21, .pool = SPOT},
    {.name = "growth of 5 % a week", .start_minute = 540, .days = 21, .growth = 0.05},
    {.name = "a holiday", .start_minute = 540, .days = 14, .holiday = 9},
    {.name = "clocks go back, zone not told", .start_minute = 540, .days = 14, .dst = true},
    {.name = "no metrics over a spike", .start_minute = 540, .days = 7, .hole = 3},
    {.name = "a flash crowd", .start_minute = 540, .days = 7, .flash = 3},
    {.name = "09:00, 3,300 USD a day",
     .start_minute = 540,
     .days = 21,
     .ceiling = 3300,
     .window_h = 24},
    {.name = "09:00, 2,800 USD in 24 h",
     .start_minute = 540,
     .days = 21,
     .ceiling = 2800,
     .window_h = 24},
    {.name = "09:00, 800 USD in 6 h",
     .start_minute = 540,
     .days = 21,
     .ceiling = 800,
     .window_h = 6},
    {.name = "the 12,000 USD spike, 800 in 6 h",
     .start_minute = 540,
     .days = 1,
     .once = true,
     .peak = 400,
     .ceiling = 800,
     .window_h = 6},
};

size_t fsc_scenario_count(void)
{
    return sizeof recipes / sizeof *recipes;
}

static double uniform(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (double)(*random >> 11) / 9007199254740992.0;
}

static double noise(uint64_t *random) /* near enough to normal */
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(random);
    return sum;
}

/* A trapezoid: up within 5 minutes, two hours, down within 5. */
static double spike(int minute, int start, int length)
{
    double up = (minute - start + 1) / 5.0, down = (start + length - minute) / 5.0;
    return fmax(0, fmin(fmin(up, down), 1));
}

static double level_at(const recipe *r, int day, int minute)
{
    int judged = day - HISTORY_DAYS;
    double base = 30, peak = r->peak > 0 ? r->peak : 300;
    int start = r->start_minute + (r->dst && day >= DST_DAY ? 60 : 0);
    bool works = r->once ? judged == 0 : day % 7 < 5 && !(r->holiday && judged == r->holiday);
    double up = works ? spike(minute, start, r->once ? 360 : 120) : 0;
    if (r->flash && judged == r->flash)
        up = fmax(up, 0.7 * spike(minute, 900, 40));
    return (base + (peak - base) * up) * pow(1 + r->growth, day / 7.0);
}

static void fill(double *demand, double *metric, const recipe *r, int days)
{
    uint64_t random = 20261124;
    for (int day = 0; day < days; day++)
        for (int m = 0; m < DAY_MINUTES; m++) {
            size_t i = (size_t)day * DAY_MINUTES + (size_t)m;
            double x = level_at(r, day, m);
            demand[i] = fmax(x + noise(&random) * (0.01 * x + sqrt(x / 60)), 0);
            bool seen = !(r->hole && day - HISTORY_DAYS == r->hole && m >= r->start_minute - 30 &&
                          m < r->start_minute + 150);
            metric[i] = seen ? demand[i] : NAN;
        }
}

static const char *config_text(const recipe *r, fsc_arena *a, fsc_err *err)
{
    const char *budget =
        r->ceiling
            ? fsc_arena_printf(a, err, "budgets: [{name: b, ceiling: %d USD, window: %dh}]\n",
                               r->ceiling, r->window_h)
            : "";
    if (!budget)
        return NULL;
    return fsc_arena_printf(
        a, err,
        "apiVersion: forescale.dev/v1\nkind: Config\ninterval: %ds\nmissedRuns: 0\npools: %s\n"
        "workloads:\n  - name: w\n    target: {kind: None}\n    mode: enforce\n"
        "    demand: {perReplica: 10}\n    utilization: 0.8\n    minReplicas: 1\n"
        "    maxReplicas: 48\n    lead: 63s\n    pools: [%s]\n"
        "    objective: {lateMinute: 30 USD}\n    trim: true\n%s",
        r->interval_s ? r->interval_s : 60, r->pool ? r->pool : ON_DEMAND,
        r->pool ? "spot, gpu" : "gpu", budget);
}

const char *fsc_scenario_yaml(int interval_s, fsc_arena *a, fsc_err *err)
{
    return config_text(&(recipe){.interval_s = interval_s}, a, err);
}

fsc_status fsc_scenario_make(fsc_scenario *out, size_t i, fsc_arena *a, fsc_err *err)
{
    if (i >= fsc_scenario_count())
        return fsc_fail(err, FSC_USAGE, "there are %zu scenarios", fsc_scenario_count());
    const recipe *r = &recipes[i];
    int days = HISTORY_DAYS + r->days;
    size_t n = (size_t)days * DAY_MINUTES;
    double *demand = FSC_NEW(a, n, double, err), *metric = FSC_NEW(a, n, double, err);
    const char *yaml = config_text(r, a, err);
    if (!demand || !metric || !yaml)
        return FSC_NOMEM;
    fill(demand, metric, r, days);
    *out = (fsc_scenario){
        .name = r->name,
        .yaml = yaml,
        .from = FIRST_T + (int64_t)HISTORY_DAYS * FSC_DAY_S,
        .to = FIRST_T + (int64_t)days * FSC_DAY_S,
        .demand = {.id = "w", .start = FIRST_T, .step_s = 60, .n = n, .values = demand},
        .metric = {.id = "w", .start = FIRST_T, .step_s = 60, .n = n, .values = metric},
        .window_s = (int64_t)r->window_h * FSC_HOUR_S,
        .ceiling = r->ceiling};
    return FSC_OK;
}
