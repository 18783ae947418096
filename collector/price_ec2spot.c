/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EC2's spot price history: the newest price of each zone, of these the dearest. A price stands
 * until the next entry, so the one before a time is the one at that time. */
#include "forescale/aws.h"
#include "forescale/json.h"
#include "forescale/price.h"

#include <math.h>
#include <string.h>

enum { MAX_PAGES = 20, MAX_ZONES = 32 };

typedef struct newest_of_zone {
    const char *zone;
    int64_t at;
    double units;
} newest_of_zone;

typedef struct zones {
    size_t n;
    newest_of_zone v[MAX_ZONES];
} zones;

static fsc_status take(zones *z, const fsc_node *item, fsc_err *err)
{
    int64_t at = 0;
    size_t i = 0;
    const char *zone = fsc_node_text(fsc_node_at(item, "availabilityZone", NULL), "");
    FSC_TRY(fsc_time_parse(&at, fsc_node_text(fsc_node_at(item, "timestamp", NULL), ""), err));
    while (i < z->n && strcmp(z->v[i].zone, zone))
        i++;
    if (i == MAX_ZONES || (i < z->n && z->v[i].at >= at))
        return FSC_OK;
    z->n += i == z->n;
    z->v[i] = (newest_of_zone){zone, at, fsc_node_real(fsc_node_at(item, "spotPrice", NULL), NAN)};
    return FSC_OK;
}

static fsc_status read_page(zones *z, const char **next, fsc_aws *aws, const fsc_pool_config *pool,
                            const char *now, fsc_arena *a, fsc_err *err)
{
    const fsc_node *answer;
    const char *k[6] = {"InstanceType.1", "ProductDescription.1", "StartTime", "EndTime"};
    const char *v[6] = {pool->instance_type, "Linux/UNIX", now, now};
    size_t n = 4;
    if (pool->zone) {
        k[n] = "AvailabilityZone";
        v[n++] = pool->zone;
    }
    if (*next) {
        k[n] = "NextToken";
        v[n++] = *next;
    }
    FSC_TRY(fsc_aws_query(&answer, aws, &fsc_aws_ec2, "DescribeSpotPriceHistory",
                          (fsc_string_map){n, k, v}, a, err));
    const fsc_node *set = fsc_node_at(answer, "spotPriceHistorySet", NULL);
    for (size_t i = 0; set && set->kind == FSC_NODE_MAP && i < set->n; i++)
        FSC_TRY(take(z, set->pairs[i].value, err));
    *next = fsc_node_text(fsc_node_at(answer, "nextToken", NULL), "");
    return FSC_OK;
}

static fsc_status quote(int64_t *micros, fsc_http *http, const fsc_config *cfg,
                        const fsc_pool_config *pool, int64_t at, fsc_arena *a, fsc_err *err)
{
    fsc_aws *aws;
    zones z = {0};
    char now[FSC_TIME_TEXT];
    double most = NAN;
    const char *next = NULL;
    FSC_TRY(fsc_aws_open(&aws, http, cfg->aws_region, a, err));
    for (int page = 0; page < MAX_PAGES && (!next || *next); page++)
        FSC_TRY(read_page(&z, &next, aws, pool, fsc_time_format(now, at), a, err));
    for (size_t i = 0; i < z.n; i++)
        most = fmax(most, z.v[i].units);
    if (isnan(most))
        return fsc_fail(err, FSC_MISSING, "EC2 has no spot price of %s%s%s", pool->instance_type,
                        pool->zone ? " in " : "", pool->zone ? pool->zone : "");
    return fsc_price_micros(micros, most, err);
}

const fsc_price_ops fsc_price_ec2spot = {
    .name = "EC2Spot",
    .summary = "EC2's spot price of the instance type, in the dearest zone.",
    .quote = quote,
};
