/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An EKS node group's minimum, by the same reasons as an Auto Scaling group's. Its API takes all
 * three sizes at once: the others are read anew just before. */
#include "actuator/record.h"
#include "forescale/aws.h"

#include <string.h>

extern const fsc_target_ops fsc_target_nodegroup;

static fsc_status group_path(const char **out, const fsc_target_ref *ref, const char *below,
                             fsc_arena *a, fsc_err *err)
{
    *out = fsc_arena_printf(a, err, "/clusters/%s/node-groups/%s%s", ref->cloud.cluster, ref->name,
                            below);
    return *out ? FSC_OK : FSC_NOMEM;
}

static fsc_status read_group(const fsc_node **group, fsc_aws **aws, fsc_kube *k,
                             const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const char *path;
    const fsc_node *answer;
    FSC_TRY(fsc_aws_open(aws, fsc_kube_http(k), ref->cloud.aws_region, a, err));
    FSC_TRY(group_path(&path, ref, "", a, err));
    FSC_TRY(fsc_aws_json(&answer, *aws, "eks", path, NULL, a, err));
    *group = fsc_node_at(answer, "nodegroup", NULL);
    return FSC_OK;
}

static int64_t size_of(const fsc_node *group, const char *key)
{
    return fsc_node_int(fsc_node_at(group, "scalingConfig", key, NULL), -1);
}

static fsc_status set_minimum(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                              const fsc_target_seen *seen, int64_t size, fsc_dry_run dry,
                              fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *group, *answer;
    const char *path;
    (void)kind;
    FSC_TRY(read_group(&group, &aws, k, ref, a, err));
    int64_t min = size_of(group, "minSize"), max = size_of(group, "maxSize"),
            desired = size_of(group, "desiredSize");
    if (min != seen->min_replicas)
        return fsc_fail_retryable(err, FSC_CONFLICT, "node group %s was changed meanwhile",
                                  ref->name);
    if (size > max)
        return fsc_fail(err, FSC_CONFIG,
                        "node group %s has maxSize %lld, %lld are wanted: raise it, or give "
                        "pools.maxNodes",
                        ref->name, (long long)max, (long long)size);
    if (dry != FSC_DRY_NONE) /* the API cannot try */
        return FSC_OK;
    const char *body = fsc_arena_printf(
        a, err, "{\"scalingConfig\":{\"minSize\":%lld,\"maxSize\":%lld,\"desiredSize\":%lld}}",
        (long long)size, (long long)max, (long long)(desired > size ? desired : size));
    if (!body)
        return FSC_NOMEM;
    FSC_TRY(group_path(&path, ref, "/update-config", a, err));
    return fsc_aws_json(&answer, aws, "eks", path, body, a, err);
}

static const fsc__kind nodegroup = {.write = fsc__write_size, .set = set_minimum};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *group;
    *out = (fsc_target_seen){.resource_version = ""};
    FSC_TRY(read_group(&group, &aws, k, ref, a, err));
    int64_t min = size_of(group, "minSize");
    if (min < 0)
        return fsc_fail(err, FSC_DATA, "node group %s tells no sizes", ref->name);
    out->exists = true;
    out->min_replicas = out->max_replicas = min;
    out->replicas_known = true;
    out->replicas = size_of(group, "desiredSize");
    if (!strcmp(fsc_node_text(fsc_node_at(group, "status", NULL), ""), "UPDATING"))
        out->note = "it is being updated: EKS refuses another change until that is done";
    return fsc__record_map_read(out, k, ref, a, err);
}

const fsc_target_ops fsc_target_nodegroup = {
    .name = "NodeGroup",
    .summary = "the minimum of an EKS managed node group",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_WHOLE,
    .node_label = "eks.amazonaws.com/nodegroup",
    .observe = observe,
    .writer = &nodegroup,
};
