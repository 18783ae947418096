/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Money and late minutes of the planner in a closed loop, beside the autoscaler alone and beside
 * foresight. bench_budget scenarios [NUMBER]... runs all of tests/sim/scenario.c, or those;
 * bench_budget traces FOLDER [held|minutes|sloped] the recorded ones there; bench_budget spares
 * what spare nodes are worth where nodes are interrupted, to one who knows the demand but no
 * interruption.
 */
#include "forescale/replay.h"
#include "forescale/yaml.h"
#include "tests/sim/scenario.h"

#include <glob.h>
#include <math.h>
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
    return units(r->all.cost_micros - o->cost_micros +
                 LATE_MINUTE_MICROS * (r->all.late_minutes - o->late_minutes));
}

typedef struct sums {
    double reactive, planner, worst; /* regret; the largest share of one trace's score */
} sums;

static fsc_status run(sums *sum, const fsc_scenario *s, fsc_arena *a, fsc_err *err)
{
    fsc_config config;
    fsc_sim_result ours, reactive;
    fsc_sim_oracle oracle;
    double begin = seconds();
    FSC_TRY(fsc_config_load_text(&config, s->name, s->yaml, strlen(s->yaml), a, err));
    fsc_replay_workload w = {
        .metric = &s->metric, .told_after_s = FSC_MINUTE_S, .demand = &s->demand};
    fsc_replay_input in = {.config = &config, .workloads = &w, .from = s->from, .to = s->to};
    fsc_sim_params p;
    const fsc_forecast *forecasts;
    FSC_TRY(fsc_replay_world(&p, &in, a, err));
    FSC_TRY(fsc_replay_run(&reactive, &in, NULL, a, err));
    FSC_TRY(fsc_replay_forecasts(&forecasts, &in, 0, a, err));
    in.policy = FSC_REPLAY_PREDICTIVE;
    in.with_budget = true;
    FSC_TRY(fsc_replay_run(&ours, &in, &forecasts, a, err));
    FSC_TRY(fsc_sim_oracle_run(&oracle, &p, LATE_MINUTE_MICROS, a, err));
    double theirs = regret(&reactive, &oracle), own = regret(&ours, &oracle);
    printf("%-34.34s %8.0f %6lld %8.0f %6lld %8.0f %6lld %8.0f %8.0f", s->name,
           units(oracle.cost_micros), (long long)oracle.late_minutes,
           units(reactive.all.cost_micros), (long long)reactive.all.late_minutes,
           units(ours.all.cost_micros), (long long)ours.all.late_minutes, theirs, own);
    if (s->ceiling)
        printf("  %.4f of the ceiling (reactive %.4f)",
               units(fsc_sim_largest_window(&ours, s->window_s)) / (double)s->ceiling,
               units(fsc_sim_largest_window(&reactive, s->window_s)) / (double)s->ceiling);
    printf("  %.1f s\n", seconds() - begin);
    (void)fflush(stdout);
    sum->reactive += theirs;
    sum->planner += own;
    sum->worst = fmax(sum->worst, own / theirs);
    return FSC_OK;
}

static void print_head(void)
{
    printf("%-34s %15s %15s %15s %8s %8s\n", "", "foresight  late", "reactive   late",
           "planner    late", "regret r", "regret p");
}

static fsc_status run_scenarios(int n, char **numbers, fsc_arena *a, fsc_err *err)
{
    sums sum = {0};
    print_head();
    for (size_t k = 0; k < (n ? (size_t)n : fsc_scenario_count()); k++) {
        fsc_scenario s;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        FSC_TRY(fsc_scenario_make(&s, n ? (size_t)strtoul(numbers[k], NULL, 10) : k, a, err));
        FSC_TRY(run(&sum, &s, a, err));
        fsc_arena_rewind(a, mark);
    }
    return FSC_OK;
}

static fsc_status find_view(fsc_trace_view *out, const char *name, fsc_err *err)
{
    static const char *const names[FSC_TRACE_VIEWS] = {"held", "minutes", "sloped"};
    for (int v = 0; v < FSC_TRACE_VIEWS; v++)
        if (!name || !strcmp(names[v], name)) {
            *out = (fsc_trace_view)v;
            return FSC_OK;
        }
    return fsc_fail(err, FSC_USAGE, "there is no view %s: held, minutes, sloped", name);
}

static fsc_status run_traces(const char *folder, const char *view_name, fsc_arena *a, fsc_err *err)
{
    sums sum = {0};
    glob_t files;
    fsc_trace_view view = FSC_TRACE_HELD;
    FSC_TRY(find_view(&view, view_name, err));
    const char *pattern = fsc_arena_printf(a, err, "%s/*.csv", folder);
    if (!pattern)
        return FSC_NOMEM;
    if (glob(pattern, 0, NULL, &files))
        return fsc_fail(err, FSC_USAGE, "no traces in %s", folder);
    print_head();
    fsc_status status = FSC_OK;
    for (size_t i = 0; status == FSC_OK && i < files.gl_pathc; i++) {
        fsc_scenario s;
        fsc_arena_mark mark = fsc_arena_get_mark(a);
        status = fsc_scenario_trace(&s, files.gl_pathv[i], view, a, err);
        status = status == FSC_OK ? run(&sum, &s, a, err) : status;
        fsc_arena_rewind(a, mark);
    }
    globfree(&files);
    printf("all traces: regret %.0f, %.3f of the autoscaler's alone (bar 0.38); the worst %.3f\n",
           sum.planner, sum.planner / sum.reactive, sum.worst);
    return status;
}

/* ---- spares
 * ------------------------------------------------------------------------------------------- */

enum { SPOT_SCENARIO = 3, SPARE_SEEDS = 12, MOST_SPARES = 2 };

/* Who knows the demand: nodes for it and so many more, at all times or while several are needed. */
typedef struct knowing {
    const fsc_sim_params *p;
    int64_t spares, from_nodes;
} knowing;

static int64_t nodes_within(const fsc_sim_params *p, int64_t from, int64_t span_s)
{
    const fsc_sim_workload *w = &p->workloads[0];
    fsc_series part = fsc_series_cut(w->demand, from, from + span_s + 1);
    double most = 0;
    for (size_t i = 0; i < part.n; i++)
        most = fmax(most, part.values[i]);
    return (int64_t)ceil(most / (w->per_replica * (double)p->pools[0].gpus));
}

static fsc_status follow_demand(const fsc_sim_orders *out, void *ctx, const fsc_sim_seen *seen,
                                fsc_err *err)
{
    const knowing *k = ctx;
    const fsc_sim_params *p = k->p;
    int64_t pod_s = p->workloads[0].lead_pod_s + p->tick_s, node_s = pod_s + p->pools[0].lead_s;
    int64_t served = nodes_within(p, seen->now, pod_s), there = nodes_within(p, seen->now, node_s);
    int64_t more = there >= k->from_nodes ? k->spares : 0;
    (void)err;
    out->workloads[0].min = out->workloads[0].max = (served + more) * p->pools[0].gpus;
    out->pools[0].min = there + more + seen->pools[0].leaving;
    return FSC_OK;
}

static fsc_status run_spares(fsc_arena *a, fsc_err *err)
{
    fsc_scenario s;
    fsc_config config;
    fsc_sim_params p;
    fsc_sim_oracle oracle;
    FSC_TRY(fsc_scenario_make(&s, SPOT_SCENARIO, a, err));
    FSC_TRY(fsc_config_load_text(&config, s.name, s.yaml, strlen(s.yaml), a, err));
    fsc_replay_workload w = {.metric = &s.metric, .demand = &s.demand};
    fsc_replay_input in = {.config = &config, .workloads = &w, .from = s.from, .to = s.to};
    FSC_TRY(fsc_replay_world(&p, &in, a, err));
    FSC_TRY(fsc_sim_oracle_run(&oracle, &p, LATE_MINUTE_MICROS, a, err));
    printf("%-34s %8s %8s %8s   of %d seeds\n", s.name, "mean", "least", "most", SPARE_SEEDS);
    for (int64_t from_nodes = 1; from_nodes <= 3; from_nodes += 2)
        for (int64_t spares = from_nodes > 1; spares <= MOST_SPARES; spares++) {
            double sum = 0, least = INFINITY, most = 0;
            for (p.seed = 0; p.seed < SPARE_SEEDS; p.seed++) {
                fsc_sim_result r;
                knowing k = {&p, spares, from_nodes};
                fsc_arena_mark mark = fsc_arena_get_mark(a);
                FSC_TRY(fsc_simulate(&r, &p, follow_demand, &k, a, err));
                double own = regret(&r, &oracle);
                fsc_arena_rewind(a, mark);
                sum += own;
                least = fmin(least, own);
                most = fmax(most, own);
            }
            printf("%lld spare%-27s %8.0f %8.0f %8.0f\n", (long long)spares,
                   from_nodes > 1 ? " while 3 are needed" : " at all times", sum / SPARE_SEEDS,
                   least, most);
        }
    return FSC_OK;
}

int main(int argc, char **argv)
{
    fsc_err err = FSC_ERR_INIT;
    fsc_arena *a;
    if (fsc_arena_open(&a, (size_t)2 << 30, &err) != FSC_OK)
        return EXIT_FAILURE;
    fsc_status status;
    if (argc > 2 && !strcmp(argv[1], "traces"))
        status = run_traces(argv[2], argv[3], a, &err);
    else if (argc > 1 && !strcmp(argv[1], "scenarios"))
        status = run_scenarios(argc - 2, argv + 2, a, &err);
    else if (argc > 1 && !strcmp(argv[1], "spares"))
        status = run_spares(a, &err);
    else
        status = fsc_fail(&err, FSC_USAGE,
                          "bench_budget scenarios [NUMBER]... | traces FOLDER | spares");
    if (status != FSC_OK)
        (void)fprintf(stderr, "%s\n", err.msg);
    fsc_arena_close(a);
    return status == FSC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
