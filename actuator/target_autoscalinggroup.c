/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An Auto Scaling group's minimum. Raising it starts machines, with or without a node autoscaler;
 * lowering it stops none: the autoscaler removes what is empty, where the group itself would take
 * any machine. */
#include "actuator/record.h"
#include "forescale/aws.h"

#include <stdio.h>
#include <string.h>

extern const fsc_target_ops fsc_target_autoscalinggroup;

static fsc_status set_minimum(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                              const fsc_target_seen *seen, int64_t size, fsc_dry_run dry,
                              fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *answer;
    char number[24];
    (void)kind;
    (void)seen;
    if (dry != FSC_DRY_NONE) /* the API cannot try */
        return FSC_OK;
    (void)snprintf(number, sizeof number, "%lld", (long long)size);
    const char *const keys[] = {"AutoScalingGroupName", "MinSize"};
    const char *const values[] = {ref->name, number};
    FSC_TRY(fsc_aws_open(&aws, fsc_kube_http(k), ref->cloud.aws_region, a, err));
    return fsc_aws_query(&answer, aws, &fsc_aws_autoscaling, "UpdateAutoScalingGroup",
                         (fsc_string_map){2, keys, values}, a, err);
}

static const fsc__kind autoscalinggroup = {.write = fsc__write_size, .set = set_minimum};

/* Machines that bill, and those that serve. */
static void count(fsc_target_seen *out, const fsc_node *instances)
{
    for (size_t i = 0; instances && instances->kind == FSC_NODE_MAP && i < instances->n; i++) {
        const char *state =
            fsc_node_text(fsc_node_at(instances->pairs[i].value, "LifecycleState", NULL), "");
        out->replicas += strncmp(state, "Warmed:", 7) != 0 && strcmp(state, "Terminated") != 0;
        out->ready += !strcmp(state, "InService");
    }
    out->replicas_known = out->ready_known = true;
}

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *answer;
    const char *const keys[] = {"AutoScalingGroupNames.member.1"};
    *out = (fsc_target_seen){.resource_version = ""};
    FSC_TRY(fsc_aws_open(&aws, fsc_kube_http(k), ref->cloud.aws_region, a, err));
    FSC_TRY(fsc_aws_query(&answer, aws, &fsc_aws_autoscaling, "DescribeAutoScalingGroups",
                          (fsc_string_map){1, keys, &ref->name}, a, err));
    const fsc_node *group =
        fsc_node_at(answer, "DescribeAutoScalingGroupsResult", "AutoScalingGroups", "member", NULL);
    int64_t min = fsc_node_int(fsc_node_at(group, "MinSize", NULL), -1);
    if (min < 0)
        return fsc_fail(err, FSC_MISSING, "there is no Auto Scaling group %s", ref->name);
    out->exists = true;
    out->min_replicas = out->max_replicas = min;
    count(out, fsc_node_at(group, "Instances", NULL));
    return fsc__record_map_read(out, k, ref, a, err);
}

const fsc_target_ops fsc_target_autoscalinggroup = {
    .name = "AutoScalingGroup",
    .summary = "the minimum of an AWS Auto Scaling group",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_WHOLE,
    .observe = observe,
    .writer = &autoscalinggroup,
};
