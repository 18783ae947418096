/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The warm pool of an Auto Scaling group: machines that have booted once and wait, stopped or not,
 * beside the group; the group takes them before it makes new ones. Only its size is ours: that
 * there is one, and in which state its machines wait, is the user's, and written back as it was
 * read. */
#include "actuator/record.h"
#include "forescale/aws.h"

#include <stdio.h>

extern const fsc_target_ops fsc_target_warmpool;

enum { MAX_PARAMS = 5 };

static fsc_status read_pool(const fsc_node **pool, fsc_aws **aws, fsc_kube *k,
                            const fsc_target_ref *ref, fsc_arena *a, fsc_err *err)
{
    const fsc_node *answer;
    const char *const keys[] = {"AutoScalingGroupName"};
    FSC_TRY(fsc_aws_open(aws, fsc_kube_http(k), ref->cloud.aws_region, a, err));
    FSC_TRY(fsc_aws_query(&answer, *aws, &fsc_aws_autoscaling, "DescribeWarmPool",
                          (fsc_string_map){1, keys, &ref->name}, a, err));
    *pool = fsc_node_at(answer, "DescribeWarmPoolResult", "WarmPoolConfiguration", NULL);
    if (fsc_node_at(*pool, "PoolState", NULL))
        return FSC_OK;
    return fsc_fail(err, FSC_MISSING,
                    "Auto Scaling group %s has no warm pool: make one (aws autoscaling "
                    "put-warm-pool --pool-state Stopped --min-size 0)",
                    ref->name);
}

/* What is left out of PutWarmPool may become its default: all of it is sent. */
static fsc_status set_size(fsc_kube *k, const fsc__kind *kind, const fsc_target_ref *ref,
                           const fsc_target_seen *seen, int64_t size, fsc_dry_run dry, fsc_arena *a,
                           fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *pool, *answer;
    char number[24];
    (void)kind;
    FSC_TRY(read_pool(&pool, &aws, k, ref, a, err));
    if (fsc_node_int(fsc_node_at(pool, "MinSize", NULL), 0) != seen->min_replicas)
        return fsc_fail_retryable(err, FSC_CONFLICT, "the warm pool of %s was changed meanwhile",
                                  ref->name);
    if (dry != FSC_DRY_NONE) /* the API cannot try */
        return FSC_OK;
    (void)snprintf(number, sizeof number, "%lld", (long long)size);
    const struct {
        const char *key, *value;
    } all[MAX_PARAMS] = {
        {"AutoScalingGroupName", ref->name},
        {"MinSize", number},
        {"PoolState", fsc_node_text(fsc_node_at(pool, "PoolState", NULL), NULL)},
        {"MaxGroupPreparedCapacity",
         fsc_node_text(fsc_node_at(pool, "MaxGroupPreparedCapacity", NULL), NULL)},
        {"InstanceReusePolicy.ReuseOnScaleIn",
         fsc_node_text(fsc_node_at(pool, "InstanceReusePolicy", "ReuseOnScaleIn", NULL), NULL)}};
    const char *keys[MAX_PARAMS], *values[MAX_PARAMS];
    fsc_string_map params = {0, keys, values};
    for (size_t i = 0; i < MAX_PARAMS; i++)
        if (all[i].value && *all[i].value) {
            keys[params.n] = all[i].key;
            values[params.n++] = all[i].value;
        }
    return fsc_aws_query(&answer, aws, &fsc_aws_autoscaling, "PutWarmPool", params, a, err);
}

static const fsc__kind warmpool = {.write = fsc__write_size, .set = set_size};

static fsc_status observe(fsc_target_seen *out, fsc_kube *k, const fsc_target_ref *ref,
                          fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    const fsc_node *pool;
    *out = (fsc_target_seen){.resource_version = ""};
    FSC_TRY(read_pool(&pool, &aws, k, ref, a, err));
    out->exists = true;
    out->min_replicas = out->max_replicas = fsc_node_int(fsc_node_at(pool, "MinSize", NULL), 0);
    return fsc__record_map_read(out, k, ref, a, err);
}

const fsc_target_ops fsc_target_warmpool = {
    .name = "WarmPool",
    .summary = "the warm pool of an AWS Auto Scaling group: machines that wait beside it",
    .is_pool = true,
    .is_sized = true,
    .pool_size = FSC_SIZE_EXTRA,
    .observe = observe,
    .writer = &warmpool,
};
