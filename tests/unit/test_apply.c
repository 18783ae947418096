/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole plan, and a whole restore, against recorded answers. */
#include "forescale/apply.h"
#include "tests/unit/scaled_object.h"

enum { N = 4 };
static fsc_workload_config workloads[N];
static fsc_workload_plan plans[N];
static fsc_target_seen seen[N];

static fsc_plan three_and_a_paused_one(void)
{
    static const char *const names[N] = {"raise", "cap", "broken", "paused"};
    for (size_t i = 0; i < N; i++) {
        workloads[i] =
            (fsc_workload_config){.name = names[i], .target = {"ScaledObject", "ns", names[i]}};
        seen[i] = (fsc_target_seen){
            .exists = true, .min_replicas = 2, .max_replicas = 30, .resource_version = "7"};
        plans[i] = (fsc_workload_plan){.name = names[i],
                                       .mode = FSC_MODE_ENFORCE,
                                       .min_replicas = 6,
                                       .max_replicas = i == 1 ? 16 : 30,
                                       .baseline_min = 2,
                                       .baseline_max = 30,
                                       .safe_max = 16,
                                       .reason = "demand",
                                       .expires_at = NOW + 600};
    }
    seen[3].paused = true;
    seen[3].paused_why = "paused by a human";
    return (fsc_plan){.at = NOW, .run_id = "r1", .n_workloads = N, .workloads = plans};
}

static fsc_store *open_store(void)
{
    fsc_store *s = NULL;
    fsc_status status = fsc_store_open(&s, in_folder("store.db"), FSC_STORE_WRITE, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    return s;
}

static fsc_apply_counts carry_out_at(int64_t now, fsc_store *s, const fsc_plan *plan,
                                     fsc_dry_run dry)
{
    fsc_apply_counts counts;
    fsc_config config = {.n_workloads = N, .workloads = workloads};
    fsc_status status = fsc_apply(
        &counts, kube, s,
        &(fsc_apply_input){.now = now, .config = &config, .plan = plan, .seen = seen, .dry = dry},
        arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    return counts;
}

static fsc_apply_counts carry_out(fsc_store *s, const fsc_plan *plan, fsc_dry_run dry)
{
    return carry_out_at(NOW, s, plan, dry);
}

START_TEST(caps_go_first_and_one_failure_stops_nothing)
{
    fsc_store *s = open_store();
    fsc_plan plan = three_and_a_paused_one();
    can("[200, {}], [200, {}], [422, {\"message\": \"no\"}]");
    fsc_apply_counts counts = carry_out(s, &plan, FSC_DRY_NONE);
    ck_assert_uint_eq(counts.applied, 2);
    ck_assert_uint_eq(counts.failed, 1);
    ck_assert_uint_eq(counts.held, 1);
    ck_assert_uint_eq(counts.unchanged + counts.planned, 0);
    const char *cap = strstr(asked(), "/cap?"), *raise = strstr(asked(), "/raise?");
    ck_assert(cap && raise);
    ck_assert_ptr_null(strstr(asked(), "/paused?"));
    ck_assert_int_eq(
        strncmp(asked(), "PATCH /apis/keda.sh/v1alpha1/namespaces/ns/scaledobjects/cap?", 61), 0);
    static const char *const outcomes[N] = {"applied", "applied", "failed", "held"};
    for (size_t i = 0; i < N; i++) {
        fsc_ledger_entry *rows;
        size_t n;
        ck_assert_int_eq(
            fsc_ledger_read(&rows, &n, s, "r1", workloads[i].name, 0, NOW, 10, arena, &err),
            FSC_OK);
        ck_assert_uint_eq(n, 1);
        ck_assert_str_eq(rows[0].outcome, outcomes[i]);
        ck_assert_str_eq(rows[0].row.before, "{\"minReplicas\":2,\"maxReplicas\":30}");
        ck_assert_int_eq(rows[0].row.verdict, i == 3 ? FSC_VERDICT_HELD : FSC_VERDICT_ALLOWED);
        ck_assert(!rows[0].row.dry_run);
    }
    fsc_store_close(s);
}
END_TEST

START_TEST(what_is_only_observed_is_only_journalled)
{
    fsc_store *s = open_store();
    fsc_plan plan = three_and_a_paused_one();
    plans[0].mode = plans[1].mode = FSC_MODE_OBSERVE;
    workloads[2].target.kind_name = "None";
    seen[2].exists = false;
    can("");
    fsc_apply_counts counts = carry_out(s, &plan, FSC_DRY_NONE);
    ck_assert_uint_eq(counts.planned, 3);
    ck_assert_uint_eq(counts.held, 1);
    ck_assert_str_eq(asked(), "");
    fsc_ledger_entry *rows;
    size_t n;
    ck_assert_int_eq(fsc_ledger_read(&rows, &n, s, "r1", NULL, 0, NOW, 10, arena, &err), FSC_OK);
    ck_assert_uint_eq(n, N);
    fsc_store_close(s);
}
END_TEST

static size_t acts_in(fsc_store *s)
{
    fsc_ledger_entry *rows;
    size_t n;
    fsc_status status = fsc_ledger_read(&rows, &n, s, NULL, NULL, 0, INT64_MAX, 100, arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    for (size_t i = 0; i < n; i++)
        ck_assert_ptr_nonnull(rows[i].outcome);
    return n;
}

START_TEST(what_stands_is_told_once_an_hour)
{
    fsc_store *s = open_store();
    fsc_plan plan = three_and_a_paused_one();
    plans[0].mode = FSC_MODE_OBSERVE;
    plans[1].max_replicas = plans[1].safe_max = 30; /* as it is, and as the user has it */
    plans[1].min_replicas = 2;
    can("[422, {\"message\": \"no\"}], [422, {\"message\": \"no\"}], [422, {\"message\": "
        "\"no\"}], [422, {\"message\": \"no\"}]");
    fsc_apply_counts counts = carry_out_at(NOW, s, &plan, FSC_DRY_NONE);
    ck_assert_uint_eq(acts_in(s), N);
    for (int64_t minute = 1; minute <= 2; minute++) {
        fsc_apply_counts again = carry_out_at(NOW + 60 * minute, s, &plan, FSC_DRY_NONE);
        ck_assert_mem_eq(&again, &counts, sizeof counts);
        ck_assert_uint_eq(acts_in(s), N + (size_t)minute); /* what fails is tried, and told */
    }
    plans[0].min_replicas = 7;
    seen[3].paused_why = "paused by another human";
    (void)carry_out_at(NOW + 3600, s, &plan, FSC_DRY_NONE);
    ck_assert_uint_eq(acts_in(s), 2 * N + 2);
    fsc_store_close(s);
}
END_TEST

START_TEST(a_whole_restore_goes_on_past_failures)
{
    fsc_apply_counts counts;
    (void)three_and_a_paused_one();
    workloads[3].target.kind_name = "Rollout"; /* not in this version */
    fsc_config config = {.n_workloads = N, .workloads = workloads};
    can(join("[500, {\"message\": \"no\"}], [404, {\"message\": \"gone\"}]",
             join(scaled_object(RECORD, bounds(6, 16)), DEPLOY ", " WRITTEN)));
    fsc_restore(&counts, kube, &config, (int64_t[N]){0}, NOW, FSC_RESTORE_ALL, FSC_DRY_NONE, NULL,
                arena);
    ck_assert_uint_eq(counts.failed, 2);
    ck_assert_uint_eq(counts.unchanged, 1);
    ck_assert_uint_eq(counts.applied, 1);
}
END_TEST

START_TEST(a_cap_comes_where_the_workload_s_own_run_is_overdue)
{
    fsc_apply_counts counts;
    (void)three_and_a_paused_one();
    const fsc_config config = {
        .n_workloads = 2, .workloads = workloads, .interval_s = 60, .missed_runs = 1};
    const char *both = join(scaled_object(RECORD, bounds(6, 16)), DEPLOY);
    can(join(both, join(both, WRITTEN)));
    fsc_restore(&counts, kube, &config, (int64_t[]){NOW - 120, NOW - 121}, NOW, FSC_RESTORE_EXPIRED,
                FSC_DRY_NONE, NULL, arena);
    ck_assert_uint_eq(counts.unchanged, 1);
    ck_assert_uint_eq(counts.applied, 1);
    ck_assert_ptr_nonnull(strstr(asked(), "\"spec\":{\"maxReplicaCount\":12}}"));
}
END_TEST

static void add(TCase *tc)
{
    tcase_add_test(tc, caps_go_first_and_one_failure_stops_nothing);
    tcase_add_test(tc, what_is_only_observed_is_only_journalled);
    tcase_add_test(tc, what_stands_is_told_once_an_hour);
    tcase_add_test(tc, a_whole_restore_goes_on_past_failures);
    tcase_add_test(tc, a_cap_comes_where_the_workload_s_own_run_is_overdue);
}

int main(void)
{
    return run_kube_suite("apply", add);
}
