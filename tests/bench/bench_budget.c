/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Money and late minutes of the planner in a closed loop, beside the autoscaler alone and beside
 * foresight: bench_budget [NUMBER]... runs all scenarios, or those.
 */
#include "forescale/replay.h"
#include "forescale/yaml.h"
#include "tests/sim/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LATE_MINUTE_MICROS = 30000000 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double units(int64_t micros)
{
    return (double)micros / 1e6;
}

static double regret(const fsc_sim_result *r, const fsc_sim_oracle *o)
{
    return units(r->cost_micros - o->cost_micros +
                 LATE_MINUTE_MICROS * (r->late_minutes - o->late_minutes));
}

static fsc_status run(size_t i, fsc_arena *a, fsc_arena *scratch, fsc_err *err)
{
    fsc_scenario s;
    fsc_config config;
    fsc_sim_result ours, reactive;
    fsc_sim_oracle oracle;
    double begin = seconds();
    FSC_TRY(fsc_scenario_make(&s, i, a, err));
    FSC_TRY(fsc_config_load_text(&config, s.name, s.yaml, strlen(s.yaml), a, err));
    fsc_replay_input in = {
        .config = &config, .metric = &s.metric, .demand = &s.demand, .from = s.from, .to = s.to};
    fsc_sim_params p = fsc_replay_world(&in);
    FSC_TRY(fsc_replay_run(&reactive, &in, a, scratch, err));
    FSC_TRY(fsc_replay_forecasts(&in.forecasts, &in, a, err));
    in.policy = FSC_REPLAY_PREDICTIVE;
    in.with_budget = true;
    FSC_TRY(fsc_replay_run(&ours, &in, a, scratch, err));
    FSC_TRY(fsc_sim_oracle_run(&oracle, &p, LATE_MINUTE_MICROS, a, err));
    printf("%2zu %-34s %8.0f %6lld %8.0f %6lld %8.0f %6lld %8.0f %8.0f", i, s.name,
           units(oracle.cost_micros), (long long)oracle.late_minutes, units(reactive.cost_micros),
           (long long)reactive.late_minutes, units(ours.cost_micros), (long long)ours.late_minutes,
           regret(&reactive, &oracle), regret(&ours, &oracle));
    if (s.ceiling)
        printf("  %.4f of the ceiling (reactive %.4f)",
               units(fsc_sim_largest_window(&ours, s.window_s)) / (double)s.ceiling,
               units(fsc_sim_largest_window(&reactive, s.window_s)) / (double)s.ceiling);
    printf("  %.1f s\n", seconds() - begin);
    (void)fflush(stdout);
    return FSC_OK;
}

int main(int argc, char **argv)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_arena *a, *scratch;
    if (fsc_arena_open(&a, (size_t)2 << 30, &err) != FSC_OK ||
        fsc_arena_open(&scratch, (size_t)1 << 30, &err) != FSC_OK)
        return EXIT_FAILURE;
    printf("%-37s %15s %15s %15s %8s %8s\n", "", "foresight  late", "reactive   late",
           "planner    late", "regret r", "regret p");
    size_t n = argc > 1 ? (size_t)argc - 1 : fsc_scenario_count();
    for (size_t k = 0; k < n; k++) {
        size_t i = argc > 1 ? (size_t)strtoul(argv[k + 1], NULL, 10) : k;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        if (run(i, a, scratch, &err) != FSC_OK) {
            (void)fprintf(stderr, "%s\n", err.msg);
            return EXIT_FAILURE;
        }
        fsc_arena_rewind(a, mark);
    }
    fsc_arena_close(scratch);
    fsc_arena_close(a);
    return EXIT_SUCCESS;
}
