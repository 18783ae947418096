/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/metrics.h"

#include <math.h>
#include <string.h>

static const fsc_workload_config workload_configs[] = {{.name = "llama"}, {.name = "a\"b\\c\nd"}};
static const fsc_budget_config budget_configs[] = {{.name = "gpu"}};
static const fsc_config config = {
    .n_workloads = 2, .workloads = workload_configs, .n_budgets = 1, .budgets = budget_configs};
static const fsc_workload_plan workload_plans[] = {
    {.min_replicas = 8, .lead_pod_s = 60, .lead_node_s = 120}, {.min_replicas = 1, .hold = true}};
static const fsc_budget_plan budget_plans[] = {
    {.state = FSC_BUDGET_OPEN, .ceiling = {400000000, "USD"}, .spent_micros = 96500000}};
static const fsc_plan plan = {
    .n_workloads = 2, .workloads = workload_plans, .n_budgets = 1, .budgets = budget_plans};
static const int32_t horizons[] = {1, 2, 3};
static const double levels[] = {0.05, 0.5, 0.95};
static const double values[] = {1, 2, 3, 11, 12, 13, 21, 22, 23};
static const fsc_forecast forecast = {.origin = 600,
                                      .step_s = 60,
                                      .n_horizons = 3,
                                      .horizon = horizons,
                                      .n_q = 3,
                                      .q = levels,
                                      .v = values,
                                      .newest = 7,
                                      .skill = NAN};
static const fsc_forecast *const forecasts[] = {&forecast, NULL};
static const fsc_workload_now nows[2] = {{.replicas_known = true, .replicas = 5}};

static const char *text_of(int exit_code, const fsc_plan *p)
{
    fsc_buf out;
    fsc_buf_init(&out, arena, 1 << 20);
    fsc_metrics_text(&out, &(fsc_metrics_run){.at = 660,
                                              .exit_code = exit_code,
                                              .config = &config,
                                              .plan = p,
                                              .forecasts = forecasts,
                                              .workloads = nows});
    OK(fsc_buf_status(&out, &err));
    return fsc_buf_str(&out);
}

static bool has_line(const char *text, const char *line)
{
    size_t n = strlen(line);
    for (const char *p = strstr(text, line); p; p = strstr(p + 1, line))
        if ((p == text || p[-1] == '\n') && p[n] == '\n')
            return true;
    return false;
}

START_TEST(what_is_known_is_told)
{
    const char *text = text_of(0, &plan);
    ck_assert(has_line(text, "forescale_planned_min_replicas{workload=\"llama\"} 8"));
    ck_assert(has_line(text, "forescale_replicas{workload=\"llama\"} 5"));
    ck_assert(has_line(text, "forescale_demand{workload=\"llama\"} 7"));
    ck_assert(has_line(text, "forescale_newest_sample_timestamp_seconds{workload=\"llama\"} 600"));
    ck_assert(has_line(text, "forescale_budget_spent{budget=\"gpu\",currency=\"USD\"} 96.5"));
    ck_assert(has_line(text, "forescale_budget_state{budget=\"gpu\",state=\"open\"} 1"));
    ck_assert(has_line(text, "forescale_budget_state{budget=\"gpu\",state=\"closed\"} 0"));
    ck_assert(has_line(text, "forescale_last_success_timestamp_seconds 660"));
}
END_TEST

START_TEST(what_is_not_known_has_no_sample)
{
    const char *text = text_of(0, &plan);
    ck_assert_ptr_null(strstr(text, "nan"));
    ck_assert_ptr_null(strstr(text, "null"));
    ck_assert_ptr_null(strstr(text, "skill")); /* not even its head */
    ck_assert_ptr_null(strstr(text, "forescale_pool"));
    ck_assert_ptr_null(strstr(text, "forescale_replicas{workload=\"a"));
}
END_TEST

START_TEST(the_forecast_is_told_for_each_lead)
{
    const char *text = text_of(0, &plan);
    ck_assert(has_line(
        text, "forescale_forecast_demand{workload=\"llama\",level=\"0.95\",horizon=\"pod\"} 3"));
    ck_assert(has_line(
        text, "forescale_forecast_demand{workload=\"llama\",level=\"0.5\",horizon=\"node\"} 22"));
}
END_TEST

START_TEST(labels_are_escaped)
{
    ck_assert(has_line(text_of(0, &plan), "forescale_hold{workload=\"a\\\"b\\\\c\\nd\"} 1"));
}
END_TEST

START_TEST(a_failed_run_keeps_what_the_last_good_one_said)
{
    fsc_buf merged;
    fsc_buf_init(&merged, arena, 1 << 20);
    fsc_metrics_merge(&merged, text_of(0, &plan), text_of(75, NULL));
    const char *text = fsc_buf_str(&merged);
    ck_assert(has_line(text, "forescale_last_run_exit_code 75"));
    ck_assert(!has_line(text, "forescale_last_run_exit_code 0"));
    ck_assert(has_line(text, "forescale_last_success_timestamp_seconds 660"));
    ck_assert(has_line(text, "forescale_planned_min_replicas{workload=\"llama\"} 8"));
    /* The same again changes nothing. */
    fsc_buf again;
    fsc_buf_init(&again, arena, 1 << 20);
    fsc_metrics_merge(&again, text, text_of(75, NULL));
    ck_assert_str_eq(fsc_buf_str(&again), text);
}
END_TEST

START_TEST(a_file_that_is_no_exposition_is_replaced)
{
    fsc_buf merged;
    fsc_buf_init(&merged, arena, 1 << 20);
    fsc_metrics_merge(&merged, "hello\n", text_of(0, &plan));
    ck_assert_str_eq(fsc_buf_str(&merged), text_of(0, &plan));
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, what_is_known_is_told);
    tcase_add_test(t, what_is_not_known_has_no_sample);
    tcase_add_test(t, the_forecast_is_told_for_each_lead);
    tcase_add_test(t, labels_are_escaped);
    tcase_add_test(t, a_failed_run_keeps_what_the_last_good_one_said);
    tcase_add_test(t, a_file_that_is_no_exposition_is_replaced);
}

int main(void)
{
    return run_suite("metrics", add_tests);
}
