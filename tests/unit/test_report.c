/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A world so simple that every number of the report can be told beforehand: demand is 80 in every
 * hour of two days, a replica serves 8 and takes a GPU, a node of 8 GPUs costs 16 USD an hour. */
#include "suite.h"

#include "forescale/report.h"
#include "report/outlook.h"
#include "report/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_PAST = 48, N_AHEAD = 48, FROM = 1793000000 - 1793000000 % 86400 };

static const char *const pool_names[] = {"spot", "on-demand"};
static fsc_pool_config pools[2];
static fsc_workload_config workload;
static fsc_budget_config budget;
static fsc_config config;
static fsc_plan plan;
static fsc_workload_plan workload_plan;
static fsc_pool_plan pool_plans[2];
static fsc_budget_plan budget_plan;
static fsc_report_workload facts;
static fsc_report_pool pool_facts[2];
static fsc_report_budget budget_facts;
static fsc_forecast forecast;
static double past[N_PAST], spent[N_PAST], values[3 * N_AHEAD], means[N_AHEAD];
static int32_t horizons[N_AHEAD];
static const double levels[] = {0.05, 0.5, 0.95};

static fsc_report make(double demand)
{
    for (int i = 0; i < N_PAST; i++)
        past[i] = demand;
    for (int i = 0; i < N_AHEAD; i++) {
        horizons[i] = i + 1;
        means[i] = values[3 * i] = values[3 * i + 1] = values[3 * i + 2] = demand;
    }
    pools[0] = (fsc_pool_config){.name = "spot",
                                 .gpus_per_node = 8,
                                 .price = {16000000, "USD"},
                                 .max_nodes = 4,
                                 .max_nodes_given = true,
                                 .interruptions_per_h = 0.05};
    pools[1] = (fsc_pool_config){
        .name = "on-demand", .gpus_per_node = 8, .price = {96000000, "USD"}, .lead_s = 345};
    workload = (fsc_workload_config){.name = "llama",
                                     .gpus_per_replica = 1,
                                     .lead_s = 63,
                                     .min_given = true,
                                     .min_replicas = 1,
                                     .max_given = true,
                                     .max_replicas = 100,
                                     .pools = {2, pool_names}};
    budget = (fsc_budget_config){
        .name = "gpu", .ceiling = {100000000, "USD"}, .window = {FSC_WINDOW_ROLLING, 21600}};
    config = (fsc_config){.n_pools = 2,
                          .pools = pools,
                          .n_workloads = 1,
                          .workloads = &workload,
                          .n_budgets = 1,
                          .budgets = &budget,
                          .zone = &fsc_zone_utc};
    workload_plan = (fsc_workload_plan){.name = "llama", .reason = "so", .lead_pod_s = 63};
    pool_plans[0] = (fsc_pool_plan){.name = "spot", .price = pools[0].price};
    pool_plans[1] = (fsc_pool_plan){.name = "on-demand", .price = pools[1].price};
    budget_plan = (fsc_budget_plan){.name = "gpu", .ceiling = budget.ceiling};
    plan = (fsc_plan){.n_workloads = 1,
                      .n_pools = 2,
                      .n_budgets = 1,
                      .workloads = &workload_plan,
                      .pools = pool_plans,
                      .budgets = &budget_plan};
    forecast = (fsc_forecast){.id = "llama",
                              .origin = FROM + (N_PAST - 1) * 3600,
                              .step_s = 3600,
                              .n_horizons = N_AHEAD,
                              .horizon = horizons,
                              .n_q = 3,
                              .q = levels,
                              .mean = means,
                              .v = values,
                              .skill = NAN};
    facts = (fsc_report_workload){
        .hourly = {.id = "llama", .start = FROM, .step_s = 3600, .n = N_PAST, .values = past},
        .hours = &forecast,
        .peak = 1,
        .per_replica = 8,
        .samples = 90,
        .gaps = 10,
        .newest = FROM + N_PAST * 3600};
    pool_facts[1].lead_s = 345;
    budget_facts.spent = spent;
    return (fsc_report){.at = FROM + N_PAST * 3600,
                        .from = FROM,
                        .to = FROM + (N_PAST + N_AHEAD) * 3600,
                        .n_past = N_PAST,
                        .config = &config,
                        .plan = &plan,
                        .workloads = &facts,
                        .pools = pool_facts,
                        .budgets = &budget_facts};
}

static fsc_outlook look(double demand)
{
    fsc_outlook o;
    fsc_report r = make(demand);
    memset(spent, 0, sizeof spent);
    OK(fsc__outlook_make(&o, &r, arena, &err));
    return o;
}

START_TEST(nodes_are_whole_and_paid_by_the_hour)
{
    fsc_outlook o = look(80);
    ck_assert_uint_eq(o.n_hours, N_AHEAD);
    ck_assert_double_eq(o.pools[0].gpus50[0], 10);
    ck_assert_double_eq(o.pools[0].nodes95[N_AHEAD - 1], 2);
    ck_assert_double_eq_tol(o.pools[0].spend50, 48 * 2 * 16, 1e-6);
    ck_assert_double_eq_tol(o.pools[0].gpu_hours, 480, 1e-6);
    ck_assert_double_eq(o.pools[1].spend95, 0);
    ck_assert_double_eq_tol(o.pools[0].busy[2], 1, 1e-9);
    ck_assert_double_eq(o.short_share, 0);
}
END_TEST

START_TEST(what_a_pool_has_no_room_for_goes_to_the_next)
{
    fsc_outlook o = look(8 * 40); /* 40 GPUs: 32 fit in the first pool */
    ck_assert_double_eq(o.pools[0].gpus50[5], 32);
    ck_assert_double_eq(o.pools[1].gpus50[5], 8);
    ck_assert_double_eq(o.gpus50[5], 40);
    ck_assert_double_eq_tol(o.budgets[0].spend50, 48 * (4 * 16 + 96), 1e-6);
}
END_TEST

START_TEST(a_window_holds_what_was_spent_before)
{
    fsc_outlook o = look(80); /* 32 USD an hour: 192 in 6 h, over a ceiling of 100 in the fourth */
    ck_assert_double_eq_tol(o.budgets[0].window50[0], 32, 1e-6);
    ck_assert_double_eq_tol(o.budgets[0].window50[10], 192, 1e-6);
    ck_assert_double_eq_tol(o.budgets[0].probability, 1, 1e-9);
    ck_assert_int_eq(o.budgets[0].likely_at, FROM + (N_PAST + 3) * 3600);
    for (int i = 0; i < N_PAST; i++)
        spent[i] = 10;
    fsc_report r = make(80);
    OK(fsc__outlook_make(&o, &r, arena, &err));
    ck_assert_double_eq_tol(o.budgets[0].past[N_PAST - 1], 60, 1e-6);
    ck_assert_double_eq_tol(o.budgets[0].window50[0], 50 + 32, 1e-6);
    ck_assert_int_eq(o.budgets[0].likely_at, FROM + (N_PAST + 1) * 3600); /* 40 + 64 */
}
END_TEST

START_TEST(a_calendar_window_begins_anew)
{
    fsc_outlook o;
    fsc_report r = make(80);
    budget.window = (fsc_window){.kind = FSC_WINDOW_DAY};
    memset(spent, 0, sizeof spent);
    OK(fsc__outlook_make(&o, &r, arena, &err));
    ck_assert_double_eq_tol(o.budgets[0].window95[23], 24 * 32, 1e-6);
    ck_assert_double_eq_tol(o.budgets[0].window95[24], 32, 1e-6);
}
END_TEST

START_TEST(replicas_serve_the_hours_peak_within_the_users_bounds)
{
    fsc_report r = make(80);
    ck_assert_double_eq(fsc__outlook_replicas(&r, 0, 81), 11);
    facts.peak = 1.5;
    ck_assert_double_eq(fsc__outlook_replicas(&r, 0, 80), 15);
    ck_assert_double_eq(fsc__outlook_replicas(&r, 0, 0), 1);
    ck_assert_double_eq(fsc__outlook_replicas(&r, 0, 1e6), 100);
}
END_TEST

static const char *report_as(const fsc_report *r, size_t form)
{
    fsc_doc d;
    fsc_buf out;
    fsc_doc_init(&d, arena, "Report", "Capacity report", r->at, config.zone);
    OK(fsc_report_build(&d, r, &err));
    fsc_buf_init(&out, arena, 1 << 24);
    OK(fsc_doc_render(&out, &d, fsc_forms[form], &err));
    return fsc_buf_str(&out);
}

START_TEST(the_report_says_it_in_every_form)
{
    fsc_report r = make(80);
    memset(spent, 0, sizeof spent);
    for (size_t form = 0; form < 2; form++) { /* HTML, Markdown */
        const char *text = report_as(&r, form);
        ck_assert_ptr_nonnull(strstr(text, "at most 10 GPUs in the likely course"));
        ck_assert_ptr_nonnull(strstr(text, "1,536.00 USD"));
        ck_assert_ptr_nonnull(strstr(text, "16 GPUs are on in at least 95 %"));
        ck_assert_ptr_nonnull(strstr(text, "probability of 100.0 %"));
        ck_assert_ptr_nonnull(strstr(text, "10.0 %")); /* of the minutes are missing */
    }
    ck_assert_ptr_nonnull(strstr(report_as(&r, 2), "\"spend50\":1536"));
    ck_assert_ptr_nonnull(strstr(report_as(&r, 3), "money,budgets,,gpu,spend50,1536,USD\n"));
}
END_TEST

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

START_TEST(of_very_many_workloads_those_with_the_most_gpus_are_drawn)
{
    enum { N = FSC_REPORT_DRAWN + 10 };
    static fsc_workload_config many[N];
    static fsc_workload_plan plans[N];
    static fsc_report_workload all[N];
    fsc_report r = make(80);
    for (size_t i = 0; i < N; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "w%zu", i);
        many[i] = workload;
        plans[i] = workload_plan;
        all[i] = facts;
        many[i].name = plans[i].name = fsc_arena_strdup(arena, name, &err);
        many[i].gpus_per_replica = i < 10 ? 1 : 2; /* the first ten are the smallest */
    }
    config.workloads = many;
    config.n_workloads = plan.n_workloads = N;
    plan.workloads = plans;
    r.workloads = all;
    const char *page = report_as(&r, 0), *csv = report_as(&r, 3);
    ck_assert_uint_eq(count(page, ">The past weeks and the next</figcaption"), FSC_REPORT_DRAWN);
    ck_assert_ptr_nonnull(strstr(page, "Drawn are the 60 of the 70 workloads"));
    ck_assert_ptr_nonnull(strstr(csv, "workload-w3,hours,w3,"));
    const char *small = strstr(page, "id=\"workload-w9\""),
               *large = strstr(page, "id=\"workload-w10\"");
    ck_assert(small && large && small < large);
    ck_assert(strstr(small, "<svg") > large);
}
END_TEST

START_TEST(without_history_it_says_what_to_do)
{
    fsc_report r = make(80);
    facts = (fsc_report_workload){.peak = 1, .backtest_why = "too short"};
    const char *text = report_as(&r, 1);
    ck_assert_ptr_nonnull(strstr(text, "run forescale collect"));
    ck_assert_ptr_nonnull(strstr(text, "too short"));
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, nodes_are_whole_and_paid_by_the_hour);
    tcase_add_test(t, what_a_pool_has_no_room_for_goes_to_the_next);
    tcase_add_test(t, a_window_holds_what_was_spent_before);
    tcase_add_test(t, a_calendar_window_begins_anew);
    tcase_add_test(t, replicas_serve_the_hours_peak_within_the_users_bounds);
    tcase_add_test(t, the_report_says_it_in_every_form);
    tcase_add_test(t, of_very_many_workloads_those_with_the_most_gpus_are_drawn);
    tcase_add_test(t, without_history_it_says_what_to_do);
}

int main(void)
{
    return run_suite("report", add_tests);
}
