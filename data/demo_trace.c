/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the demand trace of the demo and of many tests to standard output: requests in flight each
 * minute of three weeks and a morning, from Monday 2026-10-05 00:00 UTC. Seeded: the same bytes
 * each time. What is in it, and why: a daily curve and quiet weekends       what any seasonal model
 * should learn a spike at 09:00 on weekdays           ten times the night within five minutes, for
 * two hours growth of 3 % a week                   yesterday is not enough noise that grows with
 * demand           quantiles must follow the level an outage on 2026-10-13 (missing rows) a gap is
 * not zero a flash crowd on 2026-10-17 15:20      must not be learned
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum {
    MINUTES_PER_DAY = 24 * 60,
    DAYS = 21,
    LAST_MORNING_MINUTES = 12 * 60,
    OUTAGE_FROM = 8 * MINUTES_PER_DAY + 13 * 60,
    OUTAGE_MINUTES = 190,
    FLASH_FROM = 12 * MINUTES_PER_DAY + 15 * 60 + 20,
    FLASH_MINUTES = 45,
    SPIKE_FROM = 9 * 60,
    SPIKE_RAMP = 5,
    SPIKE_MINUTES = 120
};

static const int64_t start_s = 1791158400; /* 2026-10-05T00:00:00Z, a Monday */

static uint64_t random_state = 20261005;

/* splitmix64 (Steele, Lea, Flood 2014), uniform in (0,1). */
static double uniform(void)
{
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

/* Box-Muller. */
static double normal(void)
{
    double radius = sqrt(-2.0 * log(uniform()));
    return radius * cos(6.283185307179586 * uniform());
}

static double daily_curve(int minute)
{
    return 1.0 + 0.45 * sin(6.283185307179586 * (minute - 7 * 60) / MINUTES_PER_DAY);
}

/* 0 outside the spike, 1 at its top; linear ramps on both sides. */
static double spike(int minute)
{
    int since = minute - SPIKE_FROM;
    if (since < 0 || since >= SPIKE_MINUTES + SPIKE_RAMP)
        return 0.0;
    if (since < SPIKE_RAMP)
        return (double)(since + 1) / SPIKE_RAMP;
    return since < SPIKE_MINUTES ? 1.0 : 1.0 - (double)(since - SPIKE_MINUTES + 1) / SPIKE_RAMP;
}

static double demand(int at)
{
    int day = at / MINUTES_PER_DAY, minute = at % MINUTES_PER_DAY;
    int weekend = day % 7 >= 5;
    double growth = pow(1.03, at / (7.0 * MINUTES_PER_DAY));
    double mean = 24.0 * daily_curve(minute) * (weekend ? 0.5 : 1.0);
    mean += weekend ? 0.0 : 170.0 * spike(minute);
    if (at >= FLASH_FROM && at < FLASH_FROM + FLASH_MINUTES)
        mean *= 5.0;
    mean *= growth;
    double noisy = mean + sqrt(mean) * normal();
    return noisy > 0 ? floor(noisy + 0.5) : 0.0;
}

int main(void)
{
    (void)puts("timestamp,value");
    for (int at = 0; at < DAYS * MINUTES_PER_DAY + LAST_MORNING_MINUTES; at++) {
        double value = demand(at); /* drawn in the outage too, so that what follows does not move */
        if (at < OUTAGE_FROM || at >= OUTAGE_FROM + OUTAGE_MINUTES)
            (void)printf("%lld,%.0f\n", (long long)(start_s + 60LL * at), value);
    }
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
