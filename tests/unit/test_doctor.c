/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor's rules: each finds what it is for, and keeps silent on an object in order. */
#include "suite.h"

#include "cli/doctor.h"
#include "forescale/json.h"

#include <stdio.h>
#include <string.h>

static const fsc_workload_config workload = {.name = "llama", .gpus_per_replica = 1, .lead_s = 63};

static const fsc_node *parse(const char *text)
{
    const fsc_node *n;
    OK(fsc_json_parse(&n, text, strlen(text), arena, &err));
    return n;
}

typedef struct heard {
    size_t n;
    char wrong[8][128];
} heard;

static void hear(void *ctx, const fsc_finding *f)
{
    heard *h = ctx;
    ck_assert_uint_lt(h->n, 8);
    ck_assert(*f->why && *f->remedy && *f->what);
    (void)snprintf(h->wrong[h->n++], sizeof h->wrong[0], "%s", f->wrong);
}

static heard examine(const char *scaler, const char *scaled)
{
    heard h = {0};
    const fsc_doctor_object o = {&workload, scaler ? parse(scaler) : NULL,
                                 scaled ? parse(scaled) : NULL};
    fsc_doctor_examine(&o, hear, &h);
    return h;
}

#define TRIGGER(min, rest)                                                                         \
    "{\"spec\":{\"minReplicaCount\":" #min ",\"triggers\":[{\"type\":\"prometheus\","              \
    "\"metadata\":{" rest "}}]}}"
#define POD(rest) "{\"spec\":{\"template\":{\"spec\":{" rest "}}}}"
#define GPU       "\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"1\"}}"

static const struct {
    const char *scaler, *scaled, *wrong; /* wrong NULL: nothing */
} cases[] = {
    {TRIGGER(1, "\"query\":\"sum(vllm:num_requests_running + vllm:num_requests_waiting)\""), NULL,
     NULL},
    {TRIGGER(1, "\"query\":\"sum(node_total_hourly_cost)\""), NULL, "a cost trigger cannot block"},
    {TRIGGER(1, "\"query\":\"sum(queue) < 0.95\""), NULL, "filters by a comparison"},
    {TRIGGER(1, "\"query\":\"sum(queue) < bool 5\""), NULL, NULL},
    {TRIGGER(1, "\"query\":\"sum(queue{a=~\\\"x<y\\\"}[5m])\""), NULL, NULL},
    {TRIGGER(1, "\"query\":\"avg(vllm:kv_cache_usage_perc)\""), NULL, "a share, not demand"},
    {TRIGGER(1, "\"query\":\"sum(rate(vllm:request_success_total[2m]))\""), NULL,
     "counts what was completed"},
    {TRIGGER(1, "\"query\":\"sum(q)\",\"activationThreshold\":\"5\""), NULL,
     "activationThreshold does nothing"},
    {TRIGGER(0, "\"query\":\"sum(q)\",\"activationThreshold\":\"5\""), NULL, NULL},
    {TRIGGER(0, "\"query\":\"sum(q)\",\"stabilizationWindowSeconds\":\"60\""), NULL,
     "in a trigger's metadata"},
    {"{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
     "\"{\\\"spec\\\":{\\\"advanced\\\":{\\\"stabilizationWindowSeconds\\\":60}}}\"}},\"spec\":{}}",
     NULL, "at the wrong place"},
    {NULL, POD("\"containers\":[{" GPU "}]"), NULL},
    {NULL, POD("\"containers\":[{\"name\":\"a\"}]"), "no container asks for nvidia.com/gpu"},
    {NULL, POD("\"containers\":[{" GPU ",\"readinessProbe\":{\"initialDelaySeconds\":120}}]"),
     "initialDelaySeconds is longer than the lead"},
    {NULL, POD("\"containers\":[{" GPU ",\"readinessProbe\":{\"initialDelaySeconds\":60}}]"), NULL},
    {NULL,
     POD("\"topologySpreadConstraints\":[{\"whenUnsatisfiable\":\"ScheduleAnyway\"}],"
         "\"containers\":[{" GPU "}]"),
     "are a wish"},
    {NULL,
     POD("\"containers\":[{" GPU ",\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":45}}}}]"),
     "no longer than the preStop sleep"},
    {NULL,
     POD("\"containers\":[{" GPU
         ",\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"sh\",\"-c\","
         "\"sleep 40; kill 1\"]}}}}]"),
     "no longer than the preStop sleep"},
    {NULL,
     POD("\"terminationGracePeriodSeconds\":90,\"containers\":[{" GPU ",\"lifecycle\":{\"preStop\":"
         "{\"exec\":{\"command\":[\"sleep\",\"45\"]}}}}]"),
     NULL},
};

START_TEST(a_rule_finds_its_case_alone)
{
    heard h = examine(cases[_i].scaler, cases[_i].scaled);
    if (!cases[_i].wrong) {
        ck_assert_msg(h.n == 0, "case %d: %s", _i, h.wrong[0]);
        return;
    }
    ck_assert_msg(h.n == 1, "case %d: %zu findings, the last is %s", _i, h.n,
                  h.n ? h.wrong[h.n - 1] : "none");
    ck_assert_msg(strstr(h.wrong[0], cases[_i].wrong), "case %d: %s", _i, h.wrong[0]);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_rule_finds_its_case_alone, 0, sizeof cases / sizeof *cases);
}

int main(void)
{
    return run_suite("doctor", add);
}
