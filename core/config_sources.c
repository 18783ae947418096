/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/config_sources.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }
#define PRICE(field) offsetof(fsc_pool_config, price_from.field)
#define API(field)   offsetof(fsc_api_config, field)

typedef enum need { NEED_TYPE, NEED_PROMETHEUS, NEED_OPEN_COST, NEED_LAMBDA, NEED_N } need;
static const char *const need_names[NEED_N] = {"the pool's instanceType", "prometheus.url",
                                               "openCost.url", "lambdaCloud.apiKeyFile"};
#define NEEDS(what) (1u << NEED_##what)

typedef struct price_reader {
    const char *name;
    unsigned needs;
} price_reader;
static const price_reader readers[] = {{"Prometheus", NEEDS(PROMETHEUS)},
                                       {"Karpenter", NEEDS(TYPE) | NEEDS(PROMETHEUS)},
                                       {"OpenCost", NEEDS(TYPE) | NEEDS(OPEN_COST)},
                                       {"LambdaCloud", NEEDS(TYPE) | NEEDS(LAMBDA)},
                                       {"EC2Spot", NEEDS(TYPE)}};
enum { N_READERS = sizeof readers / sizeof readers[0] };

const fsc_opt fsc__price_rows[] = {
    {"amount", FSC_OPT_RATE, offsetof(fsc_pool_config, price), .optional = true,
     .present = offsetof(fsc_pool_config, price_given),
     .doc = "The price; with a source that is read, what counts while that is silent and was "
            "never heard."},
    {"source", FSC_OPT_STRING, PRICE(source), .optional = true,
     .doc = "Read at each run from Prometheus (a query, or OpenCost's metrics), Karpenter (its "
            "metrics in Prometheus), OpenCost (its API), LambdaCloud, or EC2Spot; any other text "
            "says where the amount is from."},
    {"asOf", FSC_OPT_LOCAL_TIME, PRICE(as_of), .optional = true,
     .doc = "When the amount was looked up; every run warns once that is a month ago."},
    {"query", FSC_OPT_PROMQL, PRICE(query), .optional = true,
     .doc = "Of source Prometheus: the price of one node for an hour; the largest value counts. "
            "OpenCost's node_total_hourly_cost of the instanceType when absent."},
    {"currency", FSC_OPT_STRING, PRICE(currency), .optional = true,
     .doc = "Of what a source gives; the amount's, else USD, when absent."},
    END,
};

const fsc_opt fsc__lambda_cloud_rows[] = {
    {"url", FSC_OPT_URL, API(url), .def = "https://cloud.lambda.ai/api/v1",
     .doc = "Base URL of the API."},
    {"apiKeyFile", FSC_OPT_SECRET_FILE, API(auth.bearer_token_file), .optional = true,
     .doc = "Holds the API key; read anew for each request."},
    END,
};

const fsc_opt fsc__open_cost_rows[] = {
    {"url", FSC_OPT_URL, API(url), .optional = true,
     .doc = "Base URL, as http://opencost.opencost.svc:9003."},
    {"bearerTokenFile", FSC_OPT_SECRET_FILE, API(auth.bearer_token_file), .optional = true,
     .doc = "Read anew for each request."},
    END,
};

static const char *const meter_words[] = {"Prometheus", "LambdaCloud", NULL};

const fsc_opt fsc__meter_rows[] = {
    {"source", FSC_OPT_ENUM, offsetof(fsc_meter_config, source), .def = "Prometheus",
     .words = meter_words,
     .doc = "Prometheus reads a query; LambdaCloud counts the account's running instances."},
    {"name", FSC_OPT_STRING, offsetof(fsc_meter_config, name), .optional = true,
     .doc = "Of LambdaCloud: only instances of this name, as prewarm.name gives them; the whole "
            "account when absent."},
    {"query", FSC_OPT_PROMQL, offsetof(fsc_meter_config, query), .optional = true,
     .doc = "PromQL of what is being spent."},
    {"unit", FSC_OPT_CURRENCY_RATE_UNIT, offsetof(fsc_meter_config, unit), .optional = true,
     .doc = "Of the query: USD/h for a rate, which is integrated over time; USD for a sum that "
            "only grows, and begins anew at a reset."},
    END,
};

const fsc_opt fsc__aws_rows[] = {
    {"region", FSC_OPT_STRING, 0, .optional = true,
     .doc = "As us-east-1; AWS_REGION, the profile's or the instance's when absent."},
    END,
};

static const price_reader *find_reader(const char *name)
{
    for (size_t i = 0; name && i < N_READERS; i++)
        if (!strcmp(readers[i].name, name))
            return &readers[i];
    return NULL;
}

void fsc__price_settle(fsc_pool_config *pool)
{
    const char *currency = pool->price_from.currency;
    pool->price_from.is_read = find_reader(pool->price_from.source) != NULL;
    if (pool->price_from.is_read && !pool->price_given)
        (void)snprintf(pool->price.currency, sizeof pool->price.currency, "%s",
                       currency ? currency : "USD");
}

static bool is_currency(const char *text)
{
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* A remark that is nearly a reader's name is a mistake: the amount would count for ever. */
static fsc_status check_remark(const fsc_pool_config *pool, fsc_err *err)
{
    const char *names[N_READERS];
    for (size_t i = 0; i < N_READERS; i++)
        names[i] = readers[i].name;
    const char *source = pool->price_from.source,
               *near = source ? fsc_suggest(source, names, N_READERS) : NULL;
    if (near)
        return fsc_fail(err, FSC_CONFIG, "price.source \"%.60s\": did you mean \"%s\"?", source,
                        near);
    if (source && !pool->price_given)
        return fsc_fail(err, FSC_CONFIG,
                        "price.source \"%.60s\" cannot be read: known are Prometheus, Karpenter, "
                        "OpenCost, LambdaCloud, EC2Spot; or give an amount with it",
                        source);
    if (pool->price_from.as_of && !pool->price_given)
        return fsc_fail(err, FSC_CONFIG, "price.asOf belongs to an amount");
    return FSC_OK;
}

static fsc_status check_reader(const fsc_config *c, const fsc_pool_config *pool,
                               const price_reader *r, fsc_err *err)
{
    bool queries = !strcmp(r->name, "Prometheus");
    const char *const given[NEED_N] = {pool->instance_type, c->prometheus.url, c->open_cost.url,
                                       c->lambda_cloud.auth.bearer_token_file};
    for (int i = 0; i < NEED_N; i++)
        if ((r->needs >> i & 1) && !given[i])
            return fsc_fail(err, FSC_CONFIG, "price.source %s needs %s", r->name, need_names[i]);
    if (queries && !pool->price_from.query && !pool->instance_type)
        return fsc_fail(err, FSC_CONFIG, "price.source Prometheus needs a query, or %s",
                        need_names[NEED_TYPE]);
    if (pool->price_from.query && !queries)
        return fsc_fail(err, FSC_CONFIG, "price.query belongs to source Prometheus");
    if (r->needs & NEEDS(LAMBDA) && strcmp(pool->price.currency, "USD"))
        return fsc_fail(err, FSC_CONFIG, "Lambda's cloud bills in USD");
    return FSC_OK;
}

fsc_status fsc__price_check(const fsc_config *c, const fsc_pool_config *pool, fsc_err *err)
{
    const price_reader *r = find_reader(pool->price_from.source);
    const char *currency = pool->price_from.currency;
    if (currency && !is_currency(currency))
        return fsc_fail(err, FSC_CONFIG, "price.currency \"%.20s\": three capital letters, as USD",
                        currency);
    if (currency && pool->price_given && strcmp(currency, pool->price.currency))
        return fsc_fail(err, FSC_CONFIG, "price.currency is %s, but the amount is in %s", currency,
                        pool->price.currency);
    return r ? check_reader(c, pool, r, err) : check_remark(pool, err);
}

bool fsc_meter_given(const fsc_meter_config *m)
{
    return m->query || m->source != FSC_METER_PROMETHEUS;
}

fsc_status fsc__meter_check(const fsc_config *c, const fsc_budget_config *budget, fsc_err *err)
{
    const fsc_meter_config *m = &budget->meter;
    const char *currency = budget->ceiling.currency;
    if (m->source == FSC_METER_LAMBDA_CLOUD) {
        if (m->query || m->unit)
            return fsc_fail(err, FSC_CONFIG, "meter.query and meter.unit belong to Prometheus");
        if (strcmp(currency, "USD"))
            return fsc_fail(err, FSC_CONFIG, "it is in %s, but Lambda's cloud bills in USD",
                            currency);
        if (!c->lambda_cloud.auth.bearer_token_file)
            return fsc_fail(err, FSC_CONFIG,
                            "meter.source LambdaCloud needs lambdaCloud.apiKeyFile");
    }
    if (m->name && m->source != FSC_METER_LAMBDA_CLOUD)
        return fsc_fail(err, FSC_CONFIG, "meter.name belongs to LambdaCloud");
    if (!m->query != !m->unit)
        return fsc_fail(err, FSC_CONFIG, "meter.query and meter.unit go together");
    if (m->unit && strncmp(m->unit, currency, 3))
        return fsc_fail(err, FSC_CONFIG, "it is in %s, its meter in %s", currency, m->unit);
    return FSC_OK;
}

/* ---- pools that a cloud sizes ------------------------------------------------------------------
 */

void fsc__prewarm_settle(fsc_pool_config *pool, const fsc_api_config *lambda_cloud,
                         const char *aws_region)
{
    pool->prewarm.cloud.lambda_cloud = lambda_cloud;
    pool->prewarm.cloud.aws_region = aws_region;
    pool->prewarm.cloud.instance_type = pool->instance_type;
}

fsc_status fsc__prewarm_check(const fsc_target_ref *prewarm, fsc_err *err)
{
    const fsc_cloud_ref *cloud = &prewarm->cloud;
    const struct {
        const char *kind, *value, *key;
    } needs[] = {
        {"NodeGroup", cloud->cluster, "cluster"},
        {"LambdaCloud", cloud->region, "region"},
        {"LambdaCloud", cloud->ssh_key, "sshKey"},
        {"LambdaCloud", cloud->instance_type, "the pool's instanceType"},
        {"LambdaCloud", cloud->lambda_cloud->auth.bearer_token_file, "lambdaCloud.apiKeyFile"}};
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (!needs[i].value && !strcmp(needs[i].kind, prewarm->kind_name))
            return fsc_fail(err, FSC_CONFIG, "a %s needs %s", needs[i].kind, needs[i].key);
    return FSC_OK;
}
