/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes instead of bounds: workloads without an autoscaler, node pools, and the ConfigMap that
 * keeps their record. */
#include "forescale/apply.h"
#include "tests/unit/kube_double.h"

enum { NOW = 1795510800 }; /* 2026-11-24T09:00:00Z */

#define MAP_PATH "/api/v1/namespaces/ns1/configmaps/forescale-record"
#define NO_MAP   "[404, {\"message\": \"none\"}]"
#define NO_LIST  "[200, {\"items\": []}]"
#define CONFLICT "[409, {\"message\": \"the object has been modified\"}]"
#define WRITTEN  "[200, {\"metadata\": {\"resourceVersion\": \"9\"}}]"
#define DEPLOY(replicas)                                                                           \
    "[200, {\"metadata\": {\"resourceVersion\": \"7\"}, \"spec\": {\"replicas\": " #replicas       \
    ", \"selector\": {\"matchLabels\": {\"app\": \"llama\"}, \"matchExpressions\": [{\"key\": "    \
    "\"tier\", \"operator\": \"In\", \"values\": [\"a\", \"b\"]}, {\"key\": \"old\", "             \
    "\"operator\": \"DoesNotExist\"}]}}, \"status\": {\"replicas\": 5, \"readyReplicas\": 4}}]"
/* A record of KEY: from 2 to TO, with a baseline of 2, until 09:10. */
#define MAP(key, to)                                                                               \
    "[200, {\"metadata\": {\"resourceVersion\": \"8\"}, \"data\": {\"" key                         \
    "\": \"{\\\"baseline\\\":2,\\\"from\\\":2,\\\"to\\\":" #to ",\\\"safe\\\":5,"                  \
    "\\\"expiresAt\\\":\\\"2026-11-24T09:10:00Z\\\",\\\"runId\\\":\\\"r0\\\"}\"}}]"

static const fsc_target_ref deployment = {
    .kind_name = "Deployment", .namespace_ = "inference", .name = "llama"};
static const fsc_target_ref placeholder = {
    .kind_name = "Placeholder", .namespace_ = "inference", .name = "warm"};
static const fsc_target_ref nodepool = {
    .kind_name = "NodePool", .namespace_ = "default", .name = "gpu"};
static const fsc_target_ref buffer = {
    .kind_name = "CapacityBuffer", .namespace_ = "inference", .name = "gpu"};

static fsc_target_seen observe(const fsc_target_ref *ref, const char *answers)
{
    fsc_target_seen seen;
    can(answers);
    fsc_status status = fsc_target_find(ref->kind_name)->observe(&seen, kube, ref, arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    return seen;
}

static fsc_target_write sized(int size, int baseline)
{
    return (fsc_target_write){.now = NOW,
                              .min_replicas = size,
                              .max_replicas = size,
                              .baseline_min = baseline,
                              .baseline_max = baseline,
                              .safe_max = baseline,
                              .expires_at = NOW + 600,
                              .renew_s = 180,
                              .run_id = "r1"};
}

static fsc_outcome apply(const fsc_target_ref *ref, const fsc_target_seen *seen, fsc_target_write w,
                         fsc_status wanted, const char *answers)
{
    fsc_outcome out = FSC_UNCHANGED;
    can(answers);
    fsc_status status =
        fsc_target_apply(&out, kube, fsc_target_find(ref->kind_name), ref, seen, &w, arena, &err);
    ck_assert_msg(status == wanted, "%s", err.msg);
    return out;
}

START_TEST(a_size_is_read_with_its_pods_and_its_record)
{
    fsc_target_seen s = observe(&deployment, DEPLOY(2) ", " NO_MAP ", " NO_LIST ", " NO_LIST);
    ck_assert(s.exists && !s.ours && !s.hold && !s.record_version);
    ck_assert_int_eq(s.min_replicas, 2);
    ck_assert_int_eq(s.max_replicas, 2);
    ck_assert_int_eq(s.ready, 4);
    ck_assert_str_eq(s.pod_selector, "app=llama,tier in (a,b),!old");
    s = observe(&placeholder, DEPLOY(6) ", " MAP("Placeholder.inference.warm", 6));
    ck_assert(s.ours && !s.hold);
    ck_assert_int_eq(s.baseline_min, 2);
    ck_assert_int_eq(s.safe_max, 5);
    ck_assert_int_eq(s.expires_at, NOW + 600);
    s = observe(&placeholder, DEPLOY(2) ", " MAP("Placeholder.inference.warm", 6));
    ck_assert(s.ours && !s.hold); /* killed between the record and the write */
    s = observe(&placeholder, DEPLOY(4) ", " MAP("Placeholder.inference.warm", 6));
    ck_assert_ptr_nonnull(strstr(s.hold, "now 4 to 4, written 6 to 6"));
    s = observe(&placeholder, DEPLOY(4) ", " MAP("Placeholder.inference.other", 6));
    ck_assert(!s.ours && !s.hold);
    can(DEPLOY(4) ", [200, {\"data\": {\"Placeholder.inference.warm\": \"{}\"}}]");
    ck_assert_int_eq(fsc_target_find("Placeholder")->observe(&s, kube, &placeholder, arena, &err),
                     FSC_REMOTE);
    ck_assert_ptr_nonnull(strstr(err.msg, "forescale-record"));
}
END_TEST

START_TEST(what_another_scales_is_refused_with_its_name)
{
    fsc_target_seen s = observe(
        &deployment,
        DEPLOY(2) ", " NO_MAP ", [200, {\"items\": [{\"metadata\": {\"name\": \"other\"}, "
                  "\"spec\": {\"scaleTargetRef\": {\"name\": \"x\"}}}, {\"metadata\": {\"name\": "
                  "\"so\"}, \"spec\": {\"scaleTargetRef\": {\"name\": \"llama\"}}}]}]");
    ck_assert_str_eq(
        s.hold,
        "ScaledObject so scales it: give that as the target ({kind: ScaledObject, name: so})");
    s = observe(&deployment, /* no KEDA; the HPA on the second page */
                DEPLOY(2) ", " NO_MAP ", [404, {\"message\": \"no such kind\"}], [200, {\"items\": "
                          "[], \"metadata\": {\"continue\": \"n/1\"}}], [200, {\"items\": "
                          "[{\"metadata\": {\"name\": \"hpa\"}, \"spec\": {\"scaleTargetRef\": "
                          "{\"kind\": \"Deployment\", \"name\": \"llama\"}}}]}]");
    ck_assert_ptr_nonnull(strstr(s.hold, "HorizontalPodAutoscaler hpa scales it"));
    ck_assert_ptr_nonnull(strstr(asked(), "horizontalpodautoscalers?limit=500&continue=n%2F1"));
}
END_TEST

START_TEST(a_size_is_written_through_scale_between_two_records)
{
    fsc_target_seen s = observe(&deployment, DEPLOY(2) ", " NO_MAP ", " NO_LIST ", " NO_LIST);
    fsc_outcome out =
        apply(&deployment, &s, sized(6, 2), FSC_OK,
              "[201, {\"metadata\": {\"resourceVersion\": \"8\"}}], " WRITTEN ", " WRITTEN);
    ck_assert_int_eq(out, FSC_APPLIED);
    const char *lines = asked();
    ck_assert_msg(!strncmp(lines, "POST /api/v1/namespaces/ns1/configmaps ", 39), "%s", lines);
    ck_assert_msg(strstr(lines, "Deployment.inference.llama\":\"{\\\"baseline\\\":2,\\\"from\\\":2,"
                                "\\\"to\\\":6,") != NULL,
                  "%s", lines);
    const char *scale =
        strstr(lines, "\nPATCH /apis/apps/v1/namespaces/inference/deployments/llama/"
                      "scale?fieldManager=forescale {\"metadata\":"
                      "{\"resourceVersion\":\"7\"},\"spec\":{\"replicas\":6}}");
    ck_assert_msg(scale != NULL, "%s", lines);
    const char *settled = strstr(scale, "PATCH " MAP_PATH);
    ck_assert_ptr_nonnull(settled);
    ck_assert_ptr_nonnull(strstr(settled, "\"resourceVersion\":\"8\""));
    ck_assert_ptr_nonnull(strstr(settled, "\\\"from\\\":6,\\\"to\\\":6"));
}
END_TEST

START_TEST(the_users_own_size_ends_the_record)
{
    fsc_target_seen s = observe(&placeholder, DEPLOY(6) ", " MAP("Placeholder.inference.warm", 6));
    ck_assert_int_eq(apply(&placeholder, &s, sized(2, 2), FSC_OK, WRITTEN ", " WRITTEN),
                     FSC_APPLIED);
    const char *lines = asked();
    const char *forgotten = strstr(lines, "{\"Placeholder.inference.warm\":null}");
    ck_assert_msg(forgotten && strstr(lines, "\"replicas\":2") < forgotten, "%s", lines);
    fsc_target_write same = sized(6, 2);
    same.safe_max = 5;
    ck_assert_int_eq(apply(&placeholder, &s, same, FSC_OK, ""), FSC_UNCHANGED);
    ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(a_conflict_on_scale_is_looked_at_again)
{
    fsc_target_seen s = observe(&placeholder, DEPLOY(2) ", " NO_MAP);
    const char *again = fsc_arena_printf(
        arena, &err,
        "%s, %s, %s, [200, {\"metadata\": {\"resourceVersion\": \"8\"}, \"data\": "
        "{\"Placeholder.inference.warm\": \"{\\\"baseline\\\":2,\\\"from\\\":2,"
        "\\\"to\\\":6,\\\"safe\\\":2,\\\"expiresAt\\\":\\\"2026-11-24T09:10:00Z\\\","
        "\\\"runId\\\":\\\"r1\\\"}\"}}], %s, %s, %s",
        WRITTEN, CONFLICT, DEPLOY(2), WRITTEN, WRITTEN, WRITTEN);
    ck_assert_int_eq(apply(&placeholder, &s, sized(6, 2), FSC_OK, again), FSC_APPLIED);
    /* Somebody else's new size is not ours to write over. */
    s = observe(&placeholder, DEPLOY(2) ", " NO_MAP);
    (void)apply(&placeholder, &s, sized(6, 2), FSC_CONFLICT,
                WRITTEN ", " CONFLICT ", " DEPLOY(3) ", " NO_MAP);
    ck_assert(err.retryable);
}
END_TEST

static const struct {
    int size, after_s;
    bool all;
    fsc_outcome outcome;
    const char *writes;
} restores[] = {
    {6, 0, false, FSC_UNCHANGED, ""},
    {6, 600, false, FSC_APPLIED, "\"replicas\":2"},
    {6, 0, true, FSC_APPLIED, "\"replicas\":2"},
    {4, 600, false, FSC_APPLIED, "{\"Placeholder.inference.warm\":null}"}, /* a human's: kept */
};

START_TEST(a_size_is_put_back)
{
    fsc_target_seen seen;
    fsc_outcome out;
    char deploy[512];
    (void)snprintf(deploy, sizeof deploy,
                   "[200, {\"metadata\": {\"resourceVersion\": \"7\"}, \"spec\": {\"replicas\": "
                   "%d}}], %s, %s, %s",
                   restores[_i].size, MAP("Placeholder.inference.warm", 6), WRITTEN, WRITTEN);
    can(deploy);
    fsc_status status = fsc_target_restore(
        &out, &seen, kube, fsc_target_find("Placeholder"), &placeholder, NOW + restores[_i].after_s,
        restores[_i].all ? FSC_RESTORE_ALL : FSC_RESTORE_EXPIRED, FSC_DRY_NONE, arena, &err);
    ck_assert_msg(status == FSC_OK, "%s", err.msg);
    ck_assert_int_eq(out, restores[_i].outcome);
    ck_assert_msg(strstr(asked(), restores[_i].writes) != NULL, "%s", asked());
    if (restores[_i].size == 4)
        ck_assert_ptr_null(strstr(asked(), "/scale"));
}
END_TEST

START_TEST(a_buffer_carries_its_record_and_a_nodepool_must_be_static)
{
    fsc_target_seen s = observe(&buffer, "[200, {\"metadata\": {\"resourceVersion\": \"7\"}, "
                                         "\"spec\": {\"replicas\": 1, \"percentage\": 5}}]");
    ck_assert_int_eq(s.min_replicas, 1);
    ck_assert_ptr_nonnull(strstr(s.note, "percentage"));
    ck_assert_int_eq(apply(&buffer, &s, sized(3, 1), FSC_OK, WRITTEN), FSC_APPLIED);
    const char *lines = asked();
    ck_assert_msg(strstr(lines, "\"forescale.dev/baseline\":\"1-1\"") != NULL, "%s", lines);
    ck_assert_msg(strstr(lines, "\"spec\":{\"replicas\":3}}") != NULL, "%s", lines);
    s = observe(&nodepool,
                "[200, {\"metadata\": {\"resourceVersion\": \"7\"}, \"spec\": {}}], " NO_MAP);
    ck_assert_ptr_nonnull(strstr(s.hold, "static"));
    ck_assert_ptr_nonnull(strstr(asked(), "GET /apis/karpenter.sh/v1/nodepools/gpu\n"));
}
END_TEST

/* ---- nodes ------------------------------------------------------------------------------------
 */

#define READY(at)                                                                                  \
    "\"status\": {\"conditions\": [{\"type\": \"PodScheduled\", \"status\": \"True\", "            \
    "\"lastTransitionTime\": \"2026-11-24T08:59:00Z\"}, {\"type\": \"Ready\", \"status\": "        \
    "\"True\", \"lastTransitionTime\": \"" at "\"}]}"
static const char *object(const char *name, const char *spec, const char *status)
{
    return fsc_arena_printf(arena, &err,
                            "{\"metadata\": {\"name\": \"%s\", \"uid\": \"u-%s\", "
                            "\"creationTimestamp\": \"2026-11-24T08:50:00Z\"}, \"spec\": {%s}, %s}",
                            name, name, spec, status);
}

static const char *list(const char *one, const char *two, const char *three, const char *four)
{
    return fsc_arena_printf(arena, &err, "[200, {\"items\": [%s, %s, %s, %s]}]", one, two, three,
                            four);
}

START_TEST(nodes_and_pods_are_listed_and_counted)
{
    fsc_nodes_seen nodes;
    fsc_pods_seen pods;
    const char *key = "pool", *value = "gpu";
    fsc_string_map labels = {1, &key, &value};
    const char *up = READY("2026-11-24T08:56:00Z"), *none = "\"status\": {}";
    const char *drained = "\"taints\": [{\"key\": \"x\"}, {\"key\": \"karpenter.sh/disrupted\"}]";
    const char *all_nodes = list(object("a", "", up), object("b", "\"unschedulable\": true", up),
                                 object("c", drained, none),
                                 object("d", "\"taints\": [{\"key\": \"nvidia.com/gpu\"}]", none));
    const char *all_pods =
        list(object("p", "\"nodeName\": \"a\"", READY("2026-11-24T08:59:50Z")),
             object("q", "", "\"status\": {\"phase\": \"Pending\"}"),
             object("r", "\"nodeName\": \"d\"", "\"status\": {\"phase\": \"Succeeded\"}"),
             object("s", "\"nodeName\": \"b\"", none));
    can(fsc_arena_printf(arena, &err, "%s, %s", all_nodes, all_pods));
    ck_assert_int_eq(fsc_nodes_read(&nodes, kube, &labels, arena, &err), FSC_OK);
    ck_assert_int_eq(fsc_pods_read(&pods, kube, "inference", "app=llama", arena, &err), FSC_OK);
    ck_assert_str_eq(asked(), "GET /api/v1/nodes?limit=500&labelSelector=pool%3Dgpu\n"
                              "GET /api/v1/namespaces/inference/pods?limit=500&labelSelector="
                              "app%3Dllama");
    ck_assert_uint_eq(nodes.n, 4);
    ck_assert_uint_eq(pods.n, 3);
    ck_assert_int_eq(pods.v[0].scheduled, NOW - 60);
    ck_assert_int_eq(pods.v[0].ready_at, NOW - 10);
    ck_assert_int_eq(nodes.v[0].created, NOW - 600);
    fsc_pool_seen pool = fsc_pool_count(&nodes, &pods, 1);
    ck_assert(pool.known);
    ck_assert_int_eq(pool.nodes, 4);
    ck_assert_int_eq(pool.ready, 1);
    ck_assert_int_eq(pool.leaving, 2);
    ck_assert_int_eq(pool.used, 1);
}
END_TEST

/* ---- a pool's plan ----------------------------------------------------------------------------
 */

static const char *const uses_gpu[] = {"gpu"};
static fsc_workload_config workload = {
    .name = "llama", .target = {"None", NULL, NULL}, .pools = {1, uses_gpu}};

/* Six nodes wanted, two of them warm; the object holds 1, the user's own. */
static const struct {
    const char *kind;
    fsc_mode mode;
    fsc_pool_seen nodes;
    const char *after, *outcome;
} pool_plans[] = {
    {"Placeholder", FSC_MODE_ENFORCE, {true, 5, 5, 0, true, 3}, "{\"nodes\":2}", "applied"},
    {"Placeholder", FSC_MODE_ENFORCE, {true, 6, 6, 0, true, 5}, "{\"nodes\":1}", "unchanged"},
    {"Placeholder", FSC_MODE_ENFORCE, {false, 0, 0, 0, false, 0}, "{\"nodes\":2}", "applied"},
    {"Placeholder", FSC_MODE_OBSERVE, {true, 5, 5, 0, true, 3}, "{\"nodes\":2}", "planned"},
    {"NodePool", FSC_MODE_ENFORCE, {true, 5, 5, 0, true, 3}, "{\"nodes\":6}", "applied"},
    {"NodePool", FSC_MODE_ENFORCE, {true, 9, 9, 0, true, 8}, "{\"nodes\":8}", "applied"},
    {"NodePool", FSC_MODE_ENFORCE, {true, 5, 5, 0, false, 0}, "{\"nodes\":6}", "held"},
    {"NodePool", FSC_MODE_ENFORCE, {false, 0, 0, 0, false, 0}, "{\"nodes\":6}", "held"},
};

static void act_on(const fsc_pool_config *pool, const fsc_workload_plan *user,
                   const fsc_target_seen *target, const fsc_pool_seen *nodes,
                   fsc_ledger_entry **rows)
{
    fsc_apply_counts counts;
    fsc_store *s = NULL;
    size_t n;
    const fsc_config config = {.n_workloads = 1,
                               .workloads = &workload,
                               .n_pools = 1,
                               .pools = pool,
                               .interval_s = 60,
                               .missed_runs = 1};
    const fsc_pool_plan wanted = {.name = "gpu",
                                  .enforced_nodes = 6,
                                  .enforced_held = 4,
                                  .max_nodes = 20,
                                  .reason = "6 nodes wanted"};
    const fsc_target_seen none = {0};
    const fsc_plan plan = {.at = NOW,
                           .run_id = "r1",
                           .n_workloads = 1,
                           .workloads = user,
                           .n_pools = 1,
                           .pools = &wanted};
    const fsc_apply_input in = {.now = NOW,
                                .config = &config,
                                .plan = &plan,
                                .seen = &none,
                                .pool_targets = target,
                                .pool_nodes = nodes};
    ck_assert_int_eq(fsc_store_open(&s, in_folder("store.db"), FSC_STORE_WRITE, &err), FSC_OK);
    can(WRITTEN ", " WRITTEN ", " WRITTEN);
    ck_assert_int_eq(fsc_apply(&counts, kube, s, &in, arena, &err), FSC_OK);
    ck_assert_int_eq(fsc_ledger_read(rows, &n, s, "r1", "gpu", 0, NOW, 10, arena, &err), FSC_OK);
    ck_assert_uint_eq(n, 1);
    fsc_store_close(s);
}

START_TEST(a_pool_gets_what_its_kind_counts)
{
    fsc_ledger_entry *rows;
    const fsc_pool_config pool = {.name = "gpu", .prewarm = {pool_plans[_i].kind, "ns", "gpu"}};
    const fsc_workload_plan user = {
        .name = "llama", .mode = pool_plans[_i].mode, .reason = "demand", .expires_at = NOW + 600};
    const fsc_target_seen target = {.exists = true,
                                    .min_replicas = 1,
                                    .max_replicas = 1,
                                    .resource_version = "7",
                                    .record_version = "8"};
    act_on(&pool, &user, &target, &pool_plans[_i].nodes, &rows);
    ck_assert_str_eq(rows[0].row.before, "{\"nodes\":1}");
    ck_assert_str_eq(rows[0].row.after, pool_plans[_i].after);
    ck_assert_str_eq(rows[0].outcome, pool_plans[_i].outcome);
}
END_TEST

/* The object holds nine, by our record; a plan without demand would leave fewer. */
static const struct {
    const char *kind;
    fsc_pool_seen nodes;
    const char *after;
} held_pools[] = {
    {"NodePool", {true, 9, 9, 0, true, 3}, "{\"nodes\":9}"},
    {"Placeholder", {true, 9, 9, 0, true, 4}, "{\"nodes\":5}"},
    {"Placeholder", {true, 9, 9, 0, false, 0}, "{\"nodes\":9}"},
    {"Placeholder", {true, 9, 9, 0, true, 9}, "{\"nodes\":1}"},
};

START_TEST(a_hold_lets_no_node_go)
{
    fsc_ledger_entry *rows;
    const fsc_pool_config pool = {.name = "gpu", .prewarm = {held_pools[_i].kind, "ns", "gpu"}};
    const fsc_workload_plan user = {.name = "llama",
                                    .mode = FSC_MODE_ENFORCE,
                                    .hold = true,
                                    .reason = "no demand",
                                    .expires_at = NOW + 900};
    const fsc_target_seen target = {.exists = true,
                                    .min_replicas = 9,
                                    .max_replicas = 9,
                                    .ours = true,
                                    .baseline_min = 1,
                                    .baseline_max = 1,
                                    .safe_max = 1,
                                    .expires_at = NOW + 60,
                                    .resource_version = "7",
                                    .record_version = "8"};
    act_on(&pool, &user, &target, &held_pools[_i].nodes, &rows);
    ck_assert_str_eq(rows[0].row.after, held_pools[_i].after);
    if (!strcmp(rows[0].row.after, "{\"nodes\":9}")) /* and what runs out is not renewed */
        ck_assert_str_eq(rows[0].outcome, "unchanged");
}
END_TEST

static void add(TCase *tc)
{
    tcase_add_test(tc, a_size_is_read_with_its_pods_and_its_record);
    tcase_add_test(tc, what_another_scales_is_refused_with_its_name);
    tcase_add_test(tc, a_size_is_written_through_scale_between_two_records);
    tcase_add_test(tc, the_users_own_size_ends_the_record);
    tcase_add_test(tc, a_conflict_on_scale_is_looked_at_again);
    tcase_add_loop_test(tc, a_size_is_put_back, 0, (int)(sizeof restores / sizeof restores[0]));
    tcase_add_test(tc, a_buffer_carries_its_record_and_a_nodepool_must_be_static);
    tcase_add_test(tc, nodes_and_pods_are_listed_and_counted);
    tcase_add_loop_test(tc, a_pool_gets_what_its_kind_counts, 0,
                        (int)(sizeof pool_plans / sizeof pool_plans[0]));
    tcase_add_loop_test(tc, a_hold_lets_no_node_go, 0,
                        (int)(sizeof held_pools / sizeof held_pools[0]));
}

int main(void)
{
    return run_kube_suite("sized", add);
}
