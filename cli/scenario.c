/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/scenario.h"
#include "forescale/options.h"

#include <math.h>
#include <string.h>

extern const char fsc__scenario_bill[], fsc__scenario_foreseen[];

enum { DAY_MINUTES = 1440, NINE = 9 * 60, RAMP_MINUTES = 5, FIRST_T = 1791158400 };

/* From 0 to 1 and back within RAMP_MINUTES. */
static double spike(int minute, int start, int length)
{
    double up = (double)(minute - start + 1) / RAMP_MINUTES,
           down = (double)(start + length - minute) / RAMP_MINUTES;
    return fmax(0, fmin(fmin(up, down), 1));
}

static double bill(int day, int minute)
{
    return 5 + (day == 21 ? 375 * spike(minute, NINE, 6 * 60) : 0);
}

static double foreseen(int day, int minute)
{
    return 5 + (day % 7 < 5 ? 65 * spike(minute, NINE, 60) : 0);
}

const fsc_scenario_row fsc_scenarios[] = {
    {"bill", "A spike of six hours to 40 pods that nobody foresaw, 800 USD in 6 h.",
     fsc__scenario_bill, FSC_DAY_S, bill, 22},
    {"foreseen", "A spike of an hour at nine each weekday, under the same ceiling.",
     fsc__scenario_foreseen, 2 * FSC_WEEK_S, foreseen, 28},
    {0},
};

fsc_status fsc_scenario_find(const fsc_scenario_row **out, const char *name, fsc_err *err)
{
    const char *names[16];
    size_t n = 0;
    for (const fsc_scenario_row *r = fsc_scenarios; r->name; r++) {
        names[n++] = r->name;
        if (!strcmp(r->name, name)) {
            *out = r;
            return FSC_OK;
        }
    }
    const char *near = fsc_suggest(name, names, n);
    return fsc_fail(err, FSC_USAGE, "there is no scenario %s: did you mean %s?", name,
                    near ? near : names[0]);
}

static double uniform(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (double)(*random >> 11) / 9007199254740992.0;
}

fsc_status fsc_scenario_series(fsc_series *out, const fsc_scenario_row *row, const char *id,
                               fsc_arena *a, fsc_err *err)
{
    size_t n = (size_t)row->days * DAY_MINUTES;
    uint64_t random = 20261124;
    double *v = FSC_NEW(a, n, double, err);
    if (!v)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        double mean = row->level((int)(i / DAY_MINUTES), (int)(i % DAY_MINUTES));
        v[i] = mean + 0.2 * sqrt(mean) * (uniform(&random) + uniform(&random) - 1);
    }
    *out = (fsc_series){.id = id, .start = FIRST_T, .step_s = 60, .n = n, .values = v};
    return FSC_OK;
}
