/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Against recorded answers; the real API server is the end-to-end test's. */
#include "forescale/apply.h"
#include "tests/unit/scaled_object.h"

static fsc_target_seen observe(const char *object)
{
    fsc_target_seen seen;
    can(join(object, DEPLOY));
    fsc_status status = fsc_target_find("ScaledObject")->observe(&seen, kube, &ref, arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    return seen;
}

static fsc_target_write wanted(int min, int max)
{
    return (fsc_target_write){.now = NOW,
                              .min_replicas = min,
                              .max_replicas = max,
                              .baseline_min = 2,
                              .baseline_max = 30,
                              .safe_max = 12,
                              .expires_at = NOW + 600,
                              .renew_s = 180,
                              .run_id = "r1"};
}

static fsc_status apply(fsc_outcome *out, const fsc_target_seen *seen, fsc_target_write w,
                        const char *answers)
{
    can(answers);
    return fsc_target_apply(out, kube, fsc_target_find("ScaledObject"), &ref, seen, &w, arena,
                            &err);
}

/* ---- observe --------------------------------------------------------------------------------- */

START_TEST(how_a_deployment_replaces_its_pods_is_read)
{
    static const struct {
        const char *spec;
        fsc_rollout rollout;
    } cases[] = {
        {"", {{0.25, 0}, {0.25, 0}, 0}}, /* Kubernetes's own defaults */
        {"\"strategy\": {\"type\": \"Recreate\"}", {{0, 0}, {0, 0}, 0}},
        {"\"strategy\": {\"type\": \"RollingUpdate\", \"rollingUpdate\": {\"maxSurge\": 0, "
         "\"maxUnavailable\": 1}}, \"template\": {\"spec\": {\"terminationGracePeriodSeconds\": "
         "120}}",
         {{0, 0}, {0, 1}, 120}},
        {"\"strategy\": {\"rollingUpdate\": {\"maxSurge\": \"10%\", \"maxUnavailable\": 0}}",
         {{0.1, 0}, {0, 0}, 0}},
    };
    char deployment[400];
    fsc_target_seen seen;
    (void)snprintf(deployment, sizeof deployment, "[200, {\"spec\": {%s}}]", cases[_i].spec);
    can(join(scaled_object("{}", ""), deployment));
    ck_assert_int_eq(fsc_target_find("ScaledObject")->observe(&seen, kube, &ref, arena, &err),
                     FSC_OK);
    const fsc_rollout *want = &cases[_i].rollout, *got = &seen.rollout;
    ck_assert_double_eq(got->surge.share, want->surge.share);
    ck_assert_double_eq(got->away.share, want->away.share);
    ck_assert_int_eq(got->surge.pods, want->surge.pods);
    ck_assert_int_eq(got->away.pods, want->away.pods);
    ck_assert_int_eq(got->grace_s, want->grace_s);
}
END_TEST

START_TEST(bounds_and_replicas_are_read)
{
    fsc_target_seen s = observe(scaled_object("{}", ""));
    ck_assert(s.exists && !s.ours && !s.paused && !s.hold && !s.note);
    ck_assert_int_eq(s.min_replicas, 0); /* KEDA's own defaults */
    ck_assert_int_eq(s.max_replicas, 100);
    ck_assert_int_eq(s.replicas, 5);
    ck_assert_int_eq(s.ready, 4);
    ck_assert_str_eq(s.resource_version, "7");
    ck_assert_str_eq(asked(), "GET " SO_PATH "\nGET " DEPLOY_PATH);
    s = observe(scaled_object(RECORD, bounds(6, 16)));
    ck_assert(s.ours && !s.hold);
    ck_assert_int_eq(s.baseline_min, 2);
    ck_assert_int_eq(s.baseline_max, 30);
    ck_assert_int_eq(s.safe_max, 12);
    ck_assert_int_eq(s.expires_at, NOW + 600);
    ck_assert_str_eq(s.run_id, "r0");
}
END_TEST

START_TEST(the_demand_trigger_is_found)
{
    fsc_target_seen s = observe(
        scaled_object("{}", ", \"triggers\": [{\"type\": \"cpu\"},"
                            "{\"type\": \"prometheus\", \"metricType\": \"Value\", \"metadata\": "
                            "{\"query\": \"cost\", \"threshold\": \"1\"}},"
                            "{\"type\": \"prometheus\", \"metadata\": {\"query\": \"queue\", "
                            "\"threshold\": \"6.5\", \"serverAddress\": \"http://p\"}}]"));
    ck_assert_str_eq(s.query, "queue");
    ck_assert_double_eq(s.threshold, 6.5);
    s = observe(scaled_object(
        "{}",
        ", \"triggers\": [{\"type\": \"prometheus\", \"metricType\": \"Value\", \"metadata\": "
        "{\"query\": \"cost\", \"threshold\": \"1\"}}], \"idleReplicaCount\": 0"));
    ck_assert_str_eq(s.query, "cost");
    ck_assert_ptr_nonnull(strstr(s.note, "idleReplicaCount"));
    ck_assert_double_eq(s.threshold, 0); /* a total's threshold is not one replica's */
    s = observe(scaled_object("{}", ", \"triggers\": [{\"type\": \"cron\"}, {\"type\": \"redis\"}, "
                                    "{\"type\": \"redis\", \"metadata\": {\"listLength\": "
                                    "\"9\"}}]"));
    ck_assert_double_eq(s.threshold, 5); /* KEDA's default */
    ck_assert_ptr_nonnull(
        strstr(s.query, "scaledObject=\"llama\",triggerIndex=\"1\",namespace=\"inference\""));
    ck_assert_str_eq(s.query + strlen(s.query) - 3, ")\n)");
}
END_TEST

static const struct {
    const char *triggers, *query; /* NULL: none */
    double threshold;
    const char *note;
} choices[] = {
    {"{\"type\": \"prometheus\", \"metadata\": {\"query\": \"a\", \"threshold\": \"4\"}}, "
     "{\"type\": \"prometheus\", \"metadata\": {\"query\": \"b\", \"threshold\": \"8\"}}",
     "max(label_replace((a\n) * 1, \"forescale_trigger\", \"0\", \"\", \"\") or "
     "label_replace((b\n) * 0.5, \"forescale_trigger\", \"1\", \"\", \"\")) and on() (a\n) and "
     "on() (b\n)",
     4, NULL},
    {"{\"type\": \"prometheus\", \"metadata\": {\"query\": \"sum(cost)\", \"threshold\": "
     "\"1\"}}, {\"type\": \"prometheus\", \"metadata\": {\"query\": \"b\", \"threshold\": "
     "\"8\"}}",
     "b", 8, "forescale check names them"},
    {"{\"type\": \"prometheus\", \"metadata\": {\"query\": \"sum(cost)\", \"threshold\": "
     "\"1\"}}",
     "sum(cost)", 1, NULL},
    {"{\"type\": \"prometheus\", \"metadata\": {\"query\": \"a < 1\", \"threshold\": "
     "\"1\"}}, {\"type\": \"prometheus\", \"metricType\": \"Value\", \"metadata\": {\"query\": "
     "\"b\", \"threshold\": \"8\"}}",
     NULL, 0, "give demand.query"},
    {"{\"type\": \"cron\", \"metadata\": {\"timezone\": \"Mars/Olympus\", \"start\": \"0 8 * * "
     "*\", \"end\": \"0 9 * * *\", \"desiredReplicas\": \"7\"}}",
     NULL, 0, "cron trigger cannot be read"},
};

START_TEST(of_several_triggers_the_most_is_demand)
{
    fsc_target_seen s = observe(scaled_object(
        "{}", fsc_arena_printf(arena, &err, ", \"triggers\": [%s]", choices[_i].triggers)));
    if (choices[_i].query)
        ck_assert_str_eq(s.query, choices[_i].query);
    else
        ck_assert_ptr_null(s.query);
    ck_assert_double_eq(s.threshold, choices[_i].threshold);
    if (choices[_i].note)
        ck_assert_msg(strstr(s.demand_note, choices[_i].note) != NULL, "%s", s.demand_note);
    else
        ck_assert_ptr_null(s.demand_note);
    ck_assert_uint_eq(s.n_timetables, 0);
}
END_TEST

#define CRON                                                                                       \
    "\"triggers\": [{\"type\": \"cron\", \"metadata\": {\"timezone\": \"Europe/Berlin\", "         \
    "\"start\": \"0 8 * * *\", \"end\": \"0 9 * * *\", \"desiredReplicas\": \"7\"}}]"

START_TEST(a_cron_trigger_is_a_timetable)
{
    fsc_timed_replicas span;
    fsc_target_seen s = observe(scaled_object("{}", ", " CRON));
    ck_assert_ptr_null(s.query);
    ck_assert_ptr_null(s.demand_note);
    ck_assert_uint_eq(s.n_timetables, 1);
    ck_assert_uint_eq(fsc_timetable_spans(&span, 1, s.timetables, NOW, NOW + FSC_DAY_S), 1);
    ck_assert_int_eq(span.from, NOW + 22 * FSC_HOUR_S); /* 08:00 in Berlin */
    ck_assert_int_eq(span.to, span.from + FSC_HOUR_S);
    ck_assert_int_eq(span.replicas, 7);
    s = observe(scaled_object("{}", ", \"advanced\": {\"scalingModifiers\": {\"formula\": \"a + "
                                    "b\"}}, " CRON));
    ck_assert_uint_eq(s.n_timetables, 0);
    ck_assert_ptr_nonnull(strstr(s.demand_note, "formula"));
}
END_TEST

static const struct {
    const char *annotations;
    bool paused, never_lower;
} pauses[] = {
    {"{\"autoscaling.keda.sh/paused\": \"true\"}", true, false},
    {"{\"autoscaling.keda.sh/paused\": \"maybe\"}", true, false},
    {"{\"autoscaling.keda.sh/paused\": \"false\"}", false, false},
    {"{\"autoscaling.keda.sh/paused-replicas\": \"0\"}", true, false},
    {"{\"autoscaling.keda.sh/paused-scale-out\": \"true\"}", true, false},
    {"{\"autoscaling.keda.sh/paused-scale-in\": \"true\"}", false, true},
};

START_TEST(a_pause_is_honoured)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object(pauses[_i].annotations, bounds(2, 30)));
    ck_assert_int_eq(s.paused, pauses[_i].paused);
    ck_assert_int_eq(s.never_lower, pauses[_i].never_lower);
    fsc_status raise = apply(&out, &s, wanted(6, 30), WRITTEN);
    ck_assert_int_eq(raise, pauses[_i].paused ? FSC_CONFLICT : FSC_OK);
    fsc_status lower = apply(&out, &s, wanted(2, 16), WRITTEN);
    ck_assert_int_eq(lower, pauses[_i].paused || pauses[_i].never_lower ? FSC_CONFLICT : FSC_OK);
    if (lower != FSC_OK)
        ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(an_edit_or_a_broken_record_is_seen)
{
    fsc_target_seen s = observe(scaled_object(RECORD, bounds(4, 16)));
    ck_assert_ptr_nonnull(strstr(s.hold, "now 4 to 16, written 6 to 16"));
    can(join(scaled_object("{\"forescale.dev/baseline\": \"two\"}", ""), DEPLOY));
    ck_assert_int_eq(fsc_target_find("ScaledObject")->observe(&s, kube, &ref, arena, &err),
                     FSC_REMOTE);
    ck_assert_ptr_nonnull(strstr(err.msg, "annotations"));
}
END_TEST

START_TEST(an_hpa_that_belongs_to_another_is_left_alone)
{
    fsc_target_seen s;
    fsc_target_ref hpa = {.kind_name = "HorizontalPodAutoscaler",
                          .namespace_ = "inference",
                          .name = "keda-hpa-llama"};
    can("[200, {\"metadata\": {\"resourceVersion\": \"1\", \"annotations\": " RECORD
        ", \"ownerReferences\": [{\"kind\": \"ScaledObject\", \"name\": \"llama\", \"controller\": "
        "true}]}, \"spec\": "
        "{\"maxReplicas\": 9, \"scaleTargetRef\": {\"kind\": \"Deployment\", \"name\": "
        "\"llama\"}}}], " DEPLOY);
    ck_assert_int_eq(fsc_target_find(hpa.kind_name)->observe(&s, kube, &hpa, arena, &err), FSC_OK);
    ck_assert_ptr_nonnull(strstr(s.hold, "{kind: ScaledObject, name: llama}"));
    ck_assert_int_eq(s.min_replicas, 1);
    ck_assert(!s.ours);
}
END_TEST

/* ---- apply ----------------------------------------------------------------------------------- */

START_TEST(a_write_is_one_patch_with_its_record)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object("{}", bounds(2, 30)));
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), WRITTEN), FSC_OK);
    ck_assert_int_eq(out, FSC_APPLIED);
    ck_assert_str_eq(
        asked(),
        "PATCH " SO_PATH
        "?fieldManager=forescale {\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{"
        "\"forescale.dev/baseline\":\"2-30\",\"forescale.dev/written\":\"6-16\","
        "\"forescale.dev/safe-max\":\"12\",\"forescale.dev/expires-at\":\"2026-11-24T09:10:00Z\","
        "\"forescale.dev/"
        "run-id\":\"r1\"}},\"spec\":{\"minReplicaCount\":6,\"maxReplicaCount\":16}}");
    ck_assert_int_eq(apply(&out, &s, wanted(6, 30), WRITTEN),
                     FSC_OK); /* a max that stays is not ours to own */
    ck_assert_ptr_null(strstr(asked(), "maxReplicaCount"));
}
END_TEST

static const struct {
    int min, max, safe_max, renew_s;
    fsc_outcome outcome;
} repeats[] = {
    {6, 16, 12, 180, FSC_UNCHANGED},
    {6, 16, 12, 600, FSC_UNCHANGED},
    {6, 16, 12, 601, FSC_APPLIED},   /* renewed */
    {6, 16, 14, 180, FSC_UNCHANGED}, /* closed is safe */
    {6, 16, 11, 180, FSC_APPLIED},
    {5, 16, 12, 180, FSC_APPLIED},
    {6, 17, 12, 180, FSC_APPLIED},
    {2, 30, 30, 180, FSC_APPLIED} /* the baseline: our record goes */
};

START_TEST(only_a_difference_is_written)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object(RECORD, bounds(6, 16)));
    fsc_target_write w = wanted(repeats[_i].min, repeats[_i].max);
    w.safe_max = repeats[_i].safe_max;
    w.renew_s = repeats[_i].renew_s;
    ck_assert_int_eq(apply(&out, &s, w, WRITTEN), FSC_OK);
    ck_assert_int_eq(out, repeats[_i].outcome);
    ck_assert_int_eq(strlen(asked()) == 0, repeats[_i].outcome == FSC_UNCHANGED);
    ck_assert_int_eq(strstr(asked(), "\"forescale.dev/baseline\":null") != NULL,
                     repeats[_i].safe_max == 30);
}
END_TEST

START_TEST(the_users_own_bounds_need_no_record)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object("{}", bounds(2, 30)));
    fsc_target_write w = wanted(2, 30);
    ck_assert_int_eq(apply(&out, &s, w, WRITTEN), FSC_OK);
    ck_assert_int_eq(out, FSC_APPLIED); /* but a safe max below them does */
    w.safe_max = 30;
    ck_assert_int_eq(apply(&out, &s, w, WRITTEN), FSC_OK);
    ck_assert_int_eq(out, FSC_UNCHANGED);
    ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(a_conflict_is_looked_at_again)
{
    fsc_outcome out;
    const char *same = scaled_object("{}", bounds(2, 30));
    const char *again = join(CONFLICT, join(same, DEPLOY));
    fsc_target_seen s = observe(same);
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), join(again, WRITTEN)), FSC_OK);
    ck_assert_int_eq(out, FSC_APPLIED);
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), join(again, join(again, join(again, WRITTEN)))),
                     FSC_CONFLICT);
    ck_assert(err.retryable);
    const char *other = join(CONFLICT, join(scaled_object("{}", bounds(3, 30)), DEPLOY));
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), join(other, WRITTEN)), FSC_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.msg, "the next run plans anew"));
    const char *paused = scaled_object("{\"autoscaling.keda.sh/paused\": \"\"}", bounds(2, 30));
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), join(CONFLICT, join(paused, DEPLOY))),
                     FSC_CONFLICT);
    ck_assert(!err.retryable);
}
END_TEST

static const struct {
    const char *answers;
    fsc_status status;
} storms[] = {
    {"[503, {}], [503, {}], [200, {}]", FSC_OK},
    {"[429, {}], [504, {}], [200, {}]", FSC_OK},
    {"[500, {\"message\": \"etcdserver: timed out\"}]", FSC_REMOTE},
    {"[403, {\"message\": \"forbidden\"}]", FSC_DENIED},
    {"[422, {\"message\": \"invalid\"}]", FSC_REMOTE},
    {"[404, {\"message\": \"gone\"}]", FSC_MISSING},
};

START_TEST(a_storm_ends_in_a_write_or_an_error)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object("{}", bounds(2, 30)));
    ck_assert_int_eq(apply(&out, &s, wanted(6, 16), storms[_i].answers), storms[_i].status);
    ck_assert_int_eq(out, storms[_i].status == FSC_OK ? FSC_APPLIED : FSC_UNCHANGED);
}
END_TEST

START_TEST(min_above_max_and_dry_runs_write_nothing)
{
    fsc_outcome out;
    fsc_target_seen s = observe(scaled_object("{}", bounds(2, 30)));
    ck_assert_int_eq(apply(&out, &s, wanted(9, 8), WRITTEN), FSC_BUG);
    ck_assert_str_eq(asked(), "");
    fsc_target_write w = wanted(6, 16);
    w.dry = FSC_DRY_CLIENT;
    ck_assert_int_eq(apply(&out, &s, w, WRITTEN), FSC_OK);
    ck_assert_int_eq(out, FSC_PLANNED);
    ck_assert_str_eq(asked(), "");
    w.dry = FSC_DRY_SERVER;
    ck_assert_int_eq(apply(&out, &s, w, WRITTEN), FSC_OK);
    ck_assert_int_eq(out, FSC_PLANNED);
    ck_assert_ptr_nonnull(strstr(asked(), "dryRun=All"));
}
END_TEST

/* ---- restore --------------------------------------------------------------------------------- */

static const struct {
    int min, max, after_s;
    bool all;
    fsc_outcome outcome;
    const char *writes; /* in the patch */
} restores[] = {
    {6, 16, 599, false, FSC_UNCHANGED, ""},
    {6, 16, 600, false, FSC_APPLIED,
     "\"forescale.dev/written\":\"2-12\""}, /* safe, and no higher */
    {6, 16, 600, false, FSC_APPLIED, "\"spec\":{\"minReplicaCount\":2,\"maxReplicaCount\":12}"},
    {6, 16, 0, true, FSC_APPLIED,
     "\"forescale.dev/run-id\":null}},\"spec\":{\"minReplicaCount\":2,\"maxReplicaCount\":30}"},
    {4, 16, 600, false, FSC_APPLIED,
     "\"forescale.dev/run-id\":null}},\"spec\":{}}"}, /* a human's: kept */
    {4, 16, 0, true, FSC_APPLIED, "\"forescale.dev/run-id\":null}},\"spec\":{}}"},
};

START_TEST(a_restore_fails_closed)
{
    fsc_target_seen seen;
    fsc_outcome out;
    can(join(join(scaled_object(RECORD, bounds(restores[_i].min, restores[_i].max)), DEPLOY),
             WRITTEN));
    fsc_status status = fsc_target_restore(
        &out, &seen, kube, fsc_target_find("ScaledObject"), &ref, NOW + restores[_i].after_s,
        restores[_i].all ? FSC_RESTORE_ALL : FSC_RESTORE_EXPIRED, FSC_DRY_NONE, arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    ck_assert_int_eq(out, restores[_i].outcome);
    ck_assert_msg(strstr(asked(), restores[_i].writes) != NULL, "%s", asked());
}
END_TEST

START_TEST(a_dead_runs_cap_is_written_before_its_floor_expires)
{
    fsc_target_seen seen;
    fsc_outcome out;
    can(join(join(scaled_object(RECORD, bounds(6, 16)), DEPLOY), WRITTEN));
    ck_assert_int_eq(fsc_target_restore(&out, &seen, kube, fsc_target_find("ScaledObject"), &ref,
                                        NOW, FSC_RESTORE_CAPS, FSC_DRY_NONE, arena, &err),
                     FSC_OK);
    ck_assert_int_eq(out, FSC_APPLIED);
    const char *lines = asked();
    ck_assert_msg(strstr(lines, "\"forescale.dev/written\":\"6-12\"") != NULL, "%s", lines);
    ck_assert_msg(strstr(lines, "\"spec\":{\"maxReplicaCount\":12}}") != NULL, "%s", lines);
}
END_TEST

START_TEST(an_expired_cap_is_written_once)
{
    fsc_target_seen seen;
    fsc_outcome out;
    const char *record =
        "{\"forescale.dev/baseline\": \"2-30\", \"forescale.dev/written\": \"2-12\", "
        "\"forescale.dev/safe-max\": \"12\", \"forescale.dev/expires-at\": "
        "\"2026-11-24T09:10:00Z\"}";
    can(join(scaled_object(record, bounds(2, 12)), DEPLOY));
    ck_assert_int_eq(fsc_target_restore(&out, &seen, kube, fsc_target_find("ScaledObject"), &ref,
                                        NOW + 900, FSC_RESTORE_EXPIRED, FSC_DRY_NONE, arena, &err),
                     FSC_OK);
    ck_assert_int_eq(out, FSC_UNCHANGED);
    ck_assert_ptr_null(strstr(asked(), "PATCH"));
}
END_TEST

/* ---- lease ----------------------------------------------------------------------------------- */

#define LEASE(holder, renewed)                                                                     \
    "[200, {\"metadata\": {\"resourceVersion\": \"3\"}, \"spec\": {\"holderIdentity\": \"" holder  \
    "\", \"leaseDurationSeconds\": 60, \"leaseTransitions\": 4, \"acquireTime\": "                 \
    "\"2026-11-24T08:00:00.5Z\", \"renewTime\": \"" renewed "\"}}]"

static const struct {
    const char *answers;
    fsc_status status;
    const char *writes;
} leases[] = {
    {"[404, {\"message\": \"none\"}], [201, {}]", FSC_OK,
     "POST /apis/coordination.k8s.io/v1/namespaces/ns1/leases {"},
    {"[404, {\"message\": \"none\"}], " CONFLICT, FSC_CONFLICT, "POST "},
    {LEASE("other", "2026-11-24T08:59:01.5Z"), FSC_CONFLICT, ""},
    {LEASE("other", "2026-11-24T08:59:00Z") ", " WRITTEN, FSC_OK,
     "\"leaseTransitions\":5,\"holderIdentity\":\"me\",\"acquireTime\":\"2026-11-24T09:00:00."
     "000000Z\""},
    {LEASE("other", "2026-11-24T08:00:00Z") ", " CONFLICT, FSC_CONFLICT, "PUT "},
    {LEASE("", "2026-11-24T08:59:59Z") ", " WRITTEN, FSC_OK, "\"resourceVersion\":\"3\""},
    {LEASE("me", "2026-11-24T08:59:59Z") ", " WRITTEN, FSC_OK,
     "\"leaseTransitions\":4,\"holderIdentity\":\"me\",\"acquireTime\":\"2026-11-24T08:00:00."
     "000000Z\""},
    {"[403, {\"message\": \"forbidden\"}]", FSC_DENIED, ""},
};

START_TEST(one_holds_the_lease)
{
    fsc_lease lease;
    can(leases[_i].answers);
    fsc_status status = fsc_lease_take(
        &lease, kube,
        &(fsc_lease_ask){
            .name = "forescale", .holder = "me", .now = NOW, .duration_s = 60, .shards = 1},
        arena, &err);
    ck_assert_msg(status == leases[_i].status, "%s", err.msg);
    ck_assert_msg(strstr(asked(), leases[_i].writes) != NULL, "%s", asked());
    if (status == FSC_CONFLICT)
        ck_assert(err.retryable);
    if (status != FSC_OK)
        return;
    can(WRITTEN);
    ck_assert_int_eq(fsc_lease_release(kube, &lease, NOW + 5, true, arena, &err), FSC_OK);
    ck_assert_ptr_null(strstr(asked(), "holderIdentity"));
    ck_assert_ptr_nonnull(strstr(asked(), "\"forescale.dev/last-run\":\"2026-11-24T09:00:05Z\""));
}
END_TEST

static void add(TCase *tc)
{
    tcase_add_test(tc, bounds_and_replicas_are_read);
    tcase_add_loop_test(tc, how_a_deployment_replaces_its_pods_is_read, 0, 4);
    tcase_add_test(tc, the_demand_trigger_is_found);
    tcase_add_loop_test(tc, of_several_triggers_the_most_is_demand, 0,
                        (int)(sizeof choices / sizeof choices[0]));
    tcase_add_test(tc, a_cron_trigger_is_a_timetable);
    tcase_add_loop_test(tc, a_pause_is_honoured, 0, (int)(sizeof pauses / sizeof pauses[0]));
    tcase_add_test(tc, an_edit_or_a_broken_record_is_seen);
    tcase_add_test(tc, an_hpa_that_belongs_to_another_is_left_alone);
    tcase_add_test(tc, a_write_is_one_patch_with_its_record);
    tcase_add_loop_test(tc, only_a_difference_is_written, 0,
                        (int)(sizeof repeats / sizeof repeats[0]));
    tcase_add_test(tc, the_users_own_bounds_need_no_record);
    tcase_add_test(tc, a_conflict_is_looked_at_again);
    tcase_add_loop_test(tc, a_storm_ends_in_a_write_or_an_error, 0,
                        (int)(sizeof storms / sizeof storms[0]));
    tcase_add_test(tc, min_above_max_and_dry_runs_write_nothing);
    tcase_add_loop_test(tc, a_restore_fails_closed, 0, (int)(sizeof restores / sizeof restores[0]));
    tcase_add_test(tc, a_dead_runs_cap_is_written_before_its_floor_expires);
    tcase_add_test(tc, an_expired_cap_is_written_once);
    tcase_add_loop_test(tc, one_holds_the_lease, 0, (int)(sizeof leases / sizeof leases[0]));
}

int main(void)
{
    return run_kube_suite("actuator", add);
}
