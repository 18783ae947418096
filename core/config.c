/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/config_check.h"
#include "core/config_sources.h"

#include <stddef.h>
#include <string.h>

#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

static const char *const capacity_words[] = {"on-demand", "spot", NULL};
static const char *const mode_words[] = {"observe", "enforce", "no-drift", NULL};
static const char *const eviction_words[] = {"at-ceiling", "never", NULL};
static const char *const api_versions[] = {"forescale.dev/v1", NULL};
static const char *const kinds[] = {"Config", NULL};
static const char *const target_kinds[] = {"None",       "ScaledObject", "HorizontalPodAutoscaler",
                                           "Deployment", "StatefulSet",  NULL};
static const char *const prewarm_kinds[] = {"None",      "CapacityBuffer",   "Placeholder",
                                            "NodePool",  "AutoScalingGroup", "WarmPool",
                                            "NodeGroup", "LambdaCloud",      NULL};

/* ---- custom values
 * ------------------------------------------------------------------------------- */

static fsc_status parse_kind(void *field, const fsc_node *n, const fsc_opt_ctx *ctx,
                             const char *const *words, fsc_err *err)
{
    size_t count = 0;
    if (n->kind != FSC_NODE_SCALAR)
        return fsc_options_fail(err, ctx, n, "kind is a word");
    for (; words[count]; count++)
        if (!strcmp(words[count], n->scalar)) {
            *(const char **)field = words[count];
            return FSC_OK;
        }
    const char *near = fsc_suggest(n->scalar, words, count);
    return fsc_options_fail(err, ctx, n, "unknown kind \"%.60s\"%s%s%s", n->scalar,
                            near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static fsc_status parse_target_kind(void *field, const fsc_node *n, const fsc_opt_ctx *ctx,
                                    fsc_err *err)
{
    return parse_kind(field, n, ctx, target_kinds, err);
}

static fsc_status parse_prewarm_kind(void *field, const fsc_node *n, const fsc_opt_ctx *ctx,
                                     fsc_err *err)
{
    return parse_kind(field, n, ctx, prewarm_kinds, err);
}

static fsc_status parse_window(void *field, const fsc_node *n, const fsc_opt_ctx *ctx, fsc_err *err)
{
    static const char *const words[] = {"", "day", "week", "month"};
    fsc_window *w = field;
    fsc_err cause = FSC_ERR_INIT;
    if (n->kind != FSC_NODE_SCALAR)
        return fsc_options_fail(err, ctx, n,
                                "window is 6h (rolling), or day, week, month (calendar)");
    for (int k = FSC_WINDOW_DAY; k <= FSC_WINDOW_MONTH; k++)
        if (!strcmp(words[k], n->scalar)) {
            w->kind = (fsc_window_kind)k;
            return FSC_OK;
        }
    if (fsc_duration_parse(&w->length_s, n->scalar, &cause) != FSC_OK)
        return fsc_options_fail(err, ctx, n, "window: %.200s; or day, week, month", cause.msg);
    if (w->length_s < FSC_MINUTE_S || w->length_s > 366 * (int64_t)FSC_DAY_S)
        return fsc_options_fail(err, ctx, n, "window: %s is out of range: from 1m to 366d",
                                n->scalar);
    return FSC_OK;
}

static fsc_status parse_store_url(void *field, const fsc_node *n, const fsc_opt_ctx *ctx,
                                  fsc_err *err)
{
    if (n->kind != FSC_NODE_SCALAR ||
        (strncmp(n->scalar, "postgresql://", 13) && strncmp(n->scalar, "postgres://", 11)))
        return fsc_options_fail(err, ctx, n, "url is postgresql://USER@HOST:5432/DATABASE");
    *(const char **)field = n->scalar;
    return FSC_OK;
}

typedef struct holidays {
    fsc_strings dates, files;
} holidays;

static fsc_status parse_date(const char **out, const fsc_node *n, const fsc_opt_ctx *ctx,
                             fsc_err *err)
{
    int64_t t;
    fsc_err cause = FSC_ERR_INIT;
    if (strlen(n->scalar) != 10 ||
        fsc_time_parse_local(&t, &fsc_zone_utc, n->scalar, &cause) != FSC_OK)
        return fsc_options_fail(err, ctx, n,
                                "holidays: \"%.40s\" is no date: write 2026-12-25 or {ics: FILE}",
                                n->scalar);
    *out = n->scalar;
    return FSC_OK;
}

typedef struct ics_ref {
    const char *path;
} ics_ref;
static const fsc_opt ics_rows[] = {
    {"ics", FSC_OPT_PATH, offsetof(ics_ref, path), .doc = "An iCalendar file of all-day events.",
     .example = "holidays.ics"},
    END,
};

static fsc_status parse_holidays(void *field, const fsc_node *n, const fsc_opt_ctx *ctx,
                                 fsc_err *err)
{
    holidays *h = field;
    if (n->kind != FSC_NODE_LIST)
        return fsc_options_fail(err, ctx, n, "holidays is a list of dates and {ics: FILE}");
    const char **dates = FSC_NEW(ctx->arena, n->n, const char *, err);
    const char **files = FSC_NEW(ctx->arena, n->n, const char *, err);
    if (!dates || !files)
        return FSC_NOMEM;
    for (size_t i = 0; i < n->n; i++) {
        ics_ref ref = {0};
        if (n->items[i]->kind == FSC_NODE_SCALAR) {
            FSC_TRY(parse_date(&dates[h->dates.n++], n->items[i], ctx, err));
            continue;
        }
        FSC_TRY(fsc_options_read(&ref, ics_rows, n->items[i], ctx, err));
        files[h->files.n++] = ref.path;
    }
    h->dates.v = dates;
    h->files.v = files;
    return FSC_OK;
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

typedef struct raw_calendar {
    holidays holidays;
    fsc_list events, excludes;
} raw_calendar;

typedef struct raw_config {
    int api_version, kind;
    fsc_store_config store;
    int64_t interval_s, missed_runs;
    const fsc_zone *zone;
    fsc_prometheus_config prometheus;
    fsc_metrics_config metrics;
    fsc_api_config lambda_cloud, open_cost;
    const char *aws_region;
    fsc_list pools, workloads, budgets;
    raw_calendar calendar;
} raw_config;

#define AT(type, field) offsetof(type, field)

static const fsc_opt store_rows[] = {
    {"path", FSC_OPT_PATH, AT(fsc_store_config, path), .optional = true, .doc = "The SQLite file."},
    {"retention", FSC_OPT_DURATION, AT(fsc_store_config, retention_s), .def = "90d",
     .min = FSC_DAY_S, .max = 3650 * FSC_DAY_S,
     .doc = "How long single samples are kept; hourly means stay."},
    {"url", FSC_OPT_CUSTOM, AT(fsc_store_config, url), .optional = true, .parse = parse_store_url,
     .doc = "A PostgreSQL database instead, without its password; TLS is verified unless "
            "sslmode says otherwise.",
     .example = "postgresql://forescale@db.internal/forescale?sslrootcert=/etc/ssl/ca.pem"},
    {"passwordFile", FSC_OPT_SECRET_FILE, AT(fsc_store_config, password_file), .optional = true,
     .doc = "The database's password."},
    {"cluster", FSC_OPT_STRING, AT(fsc_store_config, cluster), .optional = true,
     .doc = "This cluster's name, where several spend the same budgets in one store; workloads' "
            "names must differ between them."},
    END,
};

/* The rows of a fsc_http_auth named `auth` in a section. */
#define AUTH_ROWS(section)                                                                         \
    {"timeout", FSC_OPT_DURATION, AT(section, auth.timeout_s), .def = "30s",                       \
     .min = 1,  .max = 3600,      .doc = "For one request."},                                      \
        {"headers", FSC_OPT_STRING_MAP, AT(section, auth.headers), .optional = true,               \
         .doc = "Further headers, as a tenant's; a value may hold ${NAME} of the environment."},   \
        {"bearerTokenFile", FSC_OPT_SECRET_FILE, AT(section, auth.bearer_token_file),              \
         .optional = true, .doc = "Read anew for each request."},                                  \
        {"username", FSC_OPT_STRING, AT(section, auth.username), .optional = true,                 \
         .doc = "For basic authentication."},                                                      \
        {"passwordFile", FSC_OPT_SECRET_FILE, AT(section, auth.password_file), .optional = true,   \
         .doc = "For basic authentication."},                                                      \
        {"caFile", FSC_OPT_PATH, AT(section, auth.ca_file), .optional = true,                      \
         .doc = "PEM of the authorities to trust."},                                               \
        {"certFile", FSC_OPT_PATH, AT(section, auth.cert_file), .optional = true,                  \
         .doc = "PEM of the client certificate."},                                                 \
        {"keyFile", FSC_OPT_SECRET_FILE, AT(section, auth.key_file), .optional = true,             \
         .doc = "PEM of its key."},                                                                \
    {                                                                                              \
        "insecureSkipVerify", FSC_OPT_BOOL, AT(section, auth.insecure_skip_verify),                \
            .def = "false", .doc = "Does not verify TLS; every run warns of it."                   \
    }

static const fsc_opt prometheus_rows[] = {
    {"url", FSC_OPT_URL, AT(fsc_prometheus_config, url), .optional = true,
     .doc = "Base URL of Prometheus, Thanos, Mimir or VictoriaMetrics, without /api/v1."},
    {"scrapeInterval", FSC_OPT_DURATION, AT(fsc_prometheus_config, scrape_interval_s), .def = "15s",
     .min = 1, .max = 3600,
     .doc = "The newest two scrapes may still change: they are left out and read again."},
    AUTH_ROWS(fsc_prometheus_config),
    END,
};

static const fsc_opt metrics_rows[] = {
    {"file", FSC_OPT_PATH, AT(fsc_metrics_config, file), .optional = true,
     .doc = "Written as a whole after each run, for the node exporter's textfile collector.",
     .example = "/var/lib/node_exporter/textfile/forescale.prom"},
    {"pushgateway", FSC_OPT_URL, AT(fsc_metrics_config, pushgateway), .optional = true,
     .doc = "Base URL of a Pushgateway, without /metrics; scrape it with honor_labels: true.",
     .example = "http://pushgateway.monitoring.svc:9091"},
    {"labels", FSC_OPT_STRING_MAP, AT(fsc_metrics_config, labels), .optional = true,
     .doc = "Further labels of the group that is pushed, beside job=\"forescale\": one for each "
            "configuration or shard that pushes to the same place, never a pod's name."},
    AUTH_ROWS(fsc_metrics_config),
    END,
};

static const fsc_opt prewarm_rows[] = {
    {"kind", FSC_OPT_CUSTOM, AT(fsc_target_ref, kind_name), .parse = parse_prewarm_kind,
     .words = prewarm_kinds, .doc = "None plans without writing."},
    {"namespace", FSC_OPT_STRING, AT(fsc_target_ref, namespace_), .def = "default",
     .doc = "Where the object lives."},
    {"name", FSC_OPT_STRING, AT(fsc_target_ref, name), .optional = true,
     .doc = "The object's name; of LambdaCloud the name that its machines bear."},
    {"cluster", FSC_OPT_STRING, AT(fsc_target_ref, cloud.cluster), .optional = true,
     .doc = "Of a NodeGroup: the EKS cluster."},
    {"region", FSC_OPT_STRING, AT(fsc_target_ref, cloud.region), .optional = true,
     .doc = "Of LambdaCloud: where machines are launched."},
    {"sshKey", FSC_OPT_STRING, AT(fsc_target_ref, cloud.ssh_key), .optional = true,
     .doc = "Of LambdaCloud: the name of the one SSH key that it asks for."},
    {"userDataFile", FSC_OPT_SECRET_FILE, AT(fsc_target_ref, cloud.user_data_file),
     .optional = true,
     .doc = "Of LambdaCloud: the cloud-init script that makes a machine join the cluster."},
    END,
};

static const fsc_opt pool_rows[] = {
    {"name", FSC_OPT_STRING, AT(fsc_pool_config, name), .doc = "Name of the pool.",
     .example = "gpu-spot"},
    {"gpusPerNode", FSC_OPT_INT, AT(fsc_pool_config, gpus_per_node), .min = 1, .max = 1024,
     .doc = "GPUs of one node."},
    {"instanceType", FSC_OPT_STRING, AT(fsc_pool_config, instance_type), .optional = true,
     .doc = "The provider's name of the machine, as p5.48xlarge; prices are looked up by it."},
    {"capacityType", FSC_OPT_ENUM, AT(fsc_pool_config, capacity_type), .def = "on-demand",
     .words = capacity_words, .doc = "How the nodes are bought."},
    {"zone", FSC_OPT_STRING, AT(fsc_pool_config, zone), .optional = true,
     .doc = "Where the nodes are; the dearest zone's price counts when absent."},
    {"price", FSC_OPT_SECTION, 0, .rows = fsc__price_rows, .short_for = "amount",
     .doc = "Of one node for an hour."},
    {"minNodes", FSC_OPT_INT, AT(fsc_pool_config, min_nodes), .def = "0", .min = 0, .max = 100000,
     .doc = "Never fewer."},
    {"maxNodes", FSC_OPT_INT, AT(fsc_pool_config, max_nodes), .optional = true,
     .present = AT(fsc_pool_config, max_nodes_given), .min = 0, .max = 100000,
     .doc = "Never more."},
    {"interruptionsPerHour", FSC_OPT_REAL, AT(fsc_pool_config, interruptions_per_h), .def = "0",
     .min = 0, .max = 60, .doc = "How often one spot node is taken away."},
    {"lead", FSC_OPT_DURATION, AT(fsc_pool_config, lead_s), .def = "6m", .min = 0, .max = 86400,
     .doc = "From ordering a node until it is ready."},
    {"idle", FSC_OPT_DURATION, AT(fsc_pool_config, idle_s), .def = "10m", .min = 0, .max = 86400,
     .doc = "How long the node autoscaler keeps an empty node, which bills."},
    {"prewarm", FSC_OPT_SECTION, AT(fsc_pool_config, prewarm), .rows = prewarm_rows,
     .doc = "How nodes are ordered ahead."},
    {"nodeSelector", FSC_OPT_STRING_MAP, AT(fsc_pool_config, node_selector), .optional = true,
     .doc = "Labels of the pool's nodes, by which those that bill are counted; a NodePool and a "
            "NodeGroup have their own.",
     .example = "{node.kubernetes.io/instance-type: p4d.24xlarge}"},
    END,
};

static const fsc_opt target_rows[] = {
    {"kind", FSC_OPT_CUSTOM, AT(fsc_target_ref, kind_name), .parse = parse_target_kind,
     .words = target_kinds, .doc = "None plans without writing."},
    {"namespace", FSC_OPT_STRING, AT(fsc_target_ref, namespace_), .def = "default",
     .doc = "Where the object lives."},
    {"name", FSC_OPT_STRING, AT(fsc_target_ref, name), .optional = true,
     .doc = "The object's name."},
    END,
};

static const fsc_opt demand_rows[] = {
    {"query", FSC_OPT_PROMQL, AT(fsc_demand_config, query), .optional = true,
     .doc = "PromQL of demand in the unit of the scaling trigger; read from the target's trigger "
            "when absent."},
    {"perReplica", FSC_OPT_REAL, AT(fsc_demand_config, per_replica), .def = "0", .min = 0,
     .max = 1e12, .doc = "What one replica serves; read from the trigger when absent."},
    {"by", FSC_OPT_STRING, AT(fsc_demand_config, by), .optional = true,
     .doc = "A label by which one query feeds many workloads."},
    {"value", FSC_OPT_STRING, AT(fsc_demand_config, value), .optional = true,
     .doc = "This workload's value of that label."},
    END,
};

static const fsc_opt objective_rows[] = {
    {"lateMinute", FSC_OPT_MONEY, AT(fsc_objective, late_minute), .optional = true,
     .present = AT(fsc_objective, late_minute_given),
     .doc = "What a minute of being short is worth."},
    {"quantile", FSC_OPT_QUANTILE, AT(fsc_objective, quantile), .optional = true,
     .present = AT(fsc_objective, quantile_given),
     .doc = "The level of demand to be ready for; 0.95 when there is no objective."},
    END,
};

static const fsc_opt workload_rows[] = {
    {"name", FSC_OPT_STRING, AT(fsc_workload_config, name), .doc = "Name of the workload.",
     .example = "llama"},
    {"target", FSC_OPT_SECTION, AT(fsc_workload_config, target), .rows = target_rows,
     .doc = "What is scaled."},
    {"mode", FSC_OPT_ENUM, AT(fsc_workload_config, mode), .def = "observe", .words = mode_words,
     .doc = "observe plans and journals only; enforce writes; no-drift publishes the floor as the "
            "metric forescale_planned_min_replicas, for a KEDA trigger, and never writes the "
            "target."},
    {"demand", FSC_OPT_SECTION, AT(fsc_workload_config, demand), .rows = demand_rows,
     .doc = "What is forecast."},
    {"utilization", FSC_OPT_RATIO, AT(fsc_workload_config, utilization), .def = "0.8", .min = 0.01,
     .max = 1, .doc = "Share of perReplica at which the autoscaler below adds a replica."},
    {"gpusPerReplica", FSC_OPT_INT, AT(fsc_workload_config, gpus_per_replica), .def = "1", .min = 0,
     .max = 1024, .doc = "GPUs of one pod."},
    {"minReplicas", FSC_OPT_INT, AT(fsc_workload_config, min_replicas), .optional = true,
     .present = AT(fsc_workload_config, min_given), .min = 0, .max = 100000,
     .doc = "The user's own baseline; read from the object when absent."},
    {"maxReplicas", FSC_OPT_INT, AT(fsc_workload_config, max_replicas), .optional = true,
     .present = AT(fsc_workload_config, max_given), .min = 1, .max = 100000,
     .doc = "The user's own limit; read from the object when absent."},
    {"lead", FSC_OPT_DURATION, AT(fsc_workload_config, lead_s), .def = "60s", .min = 0,
     .max = 86400, .doc = "From a pod on a warm node to Ready."},
    {"pools", FSC_OPT_STRINGS, AT(fsc_workload_config, pools), .optional = true,
     .doc = "Pools in order of preference."},
    {"maxSkew", FSC_OPT_INT, AT(fsc_workload_config, max_skew), .def = "0", .min = 0, .max = 100000,
     .doc = "How many nodes one of its pools may hold more than another that has room; 0: any."},
    {"objective", FSC_OPT_SECTION, AT(fsc_workload_config, objective), .rows = objective_rows,
     .doc = "How much is enough."},
    {"trim", FSC_OPT_BOOL, AT(fsc_workload_config, trim), .def = "false",
     .doc = "May lower max and nodes after a peak, not only raise floors."},
    {"priority", FSC_OPT_INT, AT(fsc_workload_config, priority), .def = "0", .min = -1000,
     .max = 1000, .doc = "Who is served first when money is short: the higher."},
    {"model", FSC_OPT_STRING, AT(fsc_workload_config, model), .optional = true,
     .doc = "The forecasting model; the default when absent (forescale help model)."},
    END,
};

static const fsc_opt budget_rows[] = {
    {"name", FSC_OPT_STRING, AT(fsc_budget_config, name), .doc = "Name of the budget."},
    {"ceiling", FSC_OPT_MONEY, AT(fsc_budget_config, ceiling),
     .doc = "What may be spent in a window, with its currency.", .example = "800 USD"},
    {"rate", FSC_OPT_RATE, AT(fsc_budget_config, rate), .optional = true,
     .present = AT(fsc_budget_config, rate_given),
     .doc = "What all nodes together may cost an hour at any one time; a node under notice and its "
            "successor count as one. No limit when absent.",
     .example = "96 USD/h"},
    {"window", FSC_OPT_CUSTOM, AT(fsc_budget_config, window), .parse = parse_window,
     .doc = "6h is rolling; day, week, month follow the calendar in timeZone."},
    {"workloads", FSC_OPT_STRINGS, AT(fsc_budget_config, workloads), .optional = true,
     .doc = "Which it covers; all when absent."},
    {"eviction", FSC_OPT_ENUM, AT(fsc_budget_config, eviction), .def = "at-ceiling",
     .words = eviction_words,
     .doc = "Whether running pods give way at the ceiling; never makes the ceiling a target, and "
            "every run says so."},
    {"meter", FSC_OPT_SECTION, AT(fsc_budget_config, meter), .rows = fsc__meter_rows,
     .doc = "Where to read what was spent; the own estimate counts where it is larger."},
    END,
};

static const fsc_opt event_rows[] = {
    {"from", FSC_OPT_LOCAL_TIME, AT(fsc_event_config, from),
     .doc = "Begin, local time or with an offset."},
    {"to", FSC_OPT_LOCAL_TIME, AT(fsc_event_config, to), .doc = "End."},
    {"factor", FSC_OPT_REAL, AT(fsc_event_config, factor), .min = 0, .max = 1000,
     .doc = "Demand is multiplied by it."},
    {"workloads", FSC_OPT_STRINGS, AT(fsc_event_config, workloads), .optional = true,
     .doc = "Which; all when absent."},
    END,
};

static const fsc_opt exclude_rows[] = {
    {"from", FSC_OPT_LOCAL_TIME, AT(fsc_exclude_config, from),
     .doc = "Begin, local time or with an offset."},
    {"to", FSC_OPT_LOCAL_TIME, AT(fsc_exclude_config, to), .doc = "End."},
    {"why", FSC_OPT_STRING, AT(fsc_exclude_config, why), .optional = true, .doc = "For people."},
    END,
};

static const fsc_opt calendar_rows[] = {
    {"holidays", FSC_OPT_CUSTOM, AT(raw_calendar, holidays), .optional = true,
     .parse = parse_holidays,
     .doc = "Dates that follow no weekday: a list of 2026-12-25 and {ics: FILE}."},
    {"events", FSC_OPT_SECTIONS, AT(raw_calendar, events), .optional = true, .rows = event_rows,
     .size = sizeof(fsc_event_config), .doc = "One-off times of known extra demand."},
    {"exclude", FSC_OPT_SECTIONS, AT(raw_calendar, excludes), .optional = true,
     .rows = exclude_rows, .size = sizeof(fsc_exclude_config),
     .doc = "Past windows not to learn from."},
    END,
};

static const fsc_opt config_rows[] = {
    {"apiVersion", FSC_OPT_ENUM, AT(raw_config, api_version), .words = api_versions,
     .doc = "Version of this file's shape."},
    {"kind", FSC_OPT_ENUM, AT(raw_config, kind), .words = kinds, .doc = "Kind of document."},
    {"store", FSC_OPT_SECTION, AT(raw_config, store), .rows = store_rows,
     .doc = "Where history and ledger are kept."},
    {"interval", FSC_OPT_DURATION, AT(raw_config, interval_s), .def = "60s", .min = 5, .max = 86400,
     .doc = "How often a run happens: the CronJob's schedule."},
    {"missedRuns", FSC_OPT_INT, AT(raw_config, missed_runs), .def = "1", .min = 0, .max = 1000,
     .doc = "How many runs in a row may fail to happen without breaking the promise."},
    {"timeZone", FSC_OPT_ZONE, AT(raw_config, zone), .def = "Etc/UTC",
     .doc = "Of seasons, calendar windows and holidays."},
    {"prometheus", FSC_OPT_SECTION, AT(raw_config, prometheus), .rows = prometheus_rows,
     .doc = "Where demand is read."},
    {"metrics", FSC_OPT_SECTION, AT(raw_config, metrics), .rows = metrics_rows,
     .doc = "Where each run tells monitoring what it saw and decided."},
    {"lambdaCloud", FSC_OPT_SECTION, AT(raw_config, lambda_cloud), .rows = fsc__lambda_cloud_rows,
     .doc = "Lambda's cloud, for prices, meters and pools there."},
    {"openCost", FSC_OPT_SECTION, AT(raw_config, open_cost), .rows = fsc__open_cost_rows,
     .doc = "OpenCost's own API, for prices."},
    {"aws", FSC_OPT_SECTION, AT(raw_config, aws_region), .rows = fsc__aws_rows,
     .doc = "Amazon, for prices and pools there; logins are found as its own tools find them."},
    {"pools", FSC_OPT_SECTIONS, AT(raw_config, pools), .optional = true, .rows = pool_rows,
     .size = sizeof(fsc_pool_config), .doc = "Node pools."},
    {"workloads", FSC_OPT_SECTIONS, AT(raw_config, workloads), .rows = workload_rows,
     .size = sizeof(fsc_workload_config), .doc = "What is scaled."},
    {"budgets", FSC_OPT_SECTIONS, AT(raw_config, budgets), .optional = true, .rows = budget_rows,
     .size = sizeof(fsc_budget_config), .doc = "Ceilings of money."},
    {"calendar", FSC_OPT_SECTION, AT(raw_config, calendar), .rows = calendar_rows,
     .doc = "What the clock does not tell."},
    END,
};

const fsc_opt *fsc_config_rows(void)
{
    return config_rows;
}

/* ---- assembling
 * ------------------------------------------------------------------------------------ */

static fsc_calendar calendar_of(const raw_config *raw)
{
    return (fsc_calendar){.zone = raw->zone,
                          .n_events = raw->calendar.events.n,
                          .events = raw->calendar.events.v,
                          .n_excludes = raw->calendar.excludes.n,
                          .excludes = raw->calendar.excludes.v};
}

/* Local times are read once the zone is known, wherever it stands in the file. */
static fsc_status resolve_times(const raw_config *raw, fsc_err *err)
{
    fsc_event_config *events = raw->calendar.events.v;
    fsc_exclude_config *excludes = raw->calendar.excludes.v;
    fsc_pool_config *pools = raw->pools.v;
    for (size_t i = 0; i < raw->pools.n; i++)
        if (pools[i].price_from.as_of)
            FSC_TRY(fsc_time_parse_local(&pools[i].price_from.as_of_t, raw->zone,
                                         pools[i].price_from.as_of, err));
    for (size_t i = 0; i < raw->calendar.events.n; i++) {
        FSC_TRY(fsc_time_parse_local(&events[i].from_t, raw->zone, events[i].from, err));
        FSC_TRY(fsc_time_parse_local(&events[i].to_t, raw->zone, events[i].to, err));
    }
    for (size_t i = 0; i < raw->calendar.excludes.n; i++) {
        FSC_TRY(fsc_time_parse_local(&excludes[i].from_t, raw->zone, excludes[i].from, err));
        FSC_TRY(fsc_time_parse_local(&excludes[i].to_t, raw->zone, excludes[i].to, err));
    }
    return FSC_OK;
}

static fsc_status settle(const raw_config *raw, fsc_arena *a, fsc_err *err)
{
    fsc_pool_config *pools = raw->pools.v;
    fsc_workload_config *workloads = raw->workloads.v;
    fsc_api_config *lambda_cloud = FSC_NEW(a, 1, fsc_api_config, err);
    if (!lambda_cloud)
        return FSC_NOMEM;
    *lambda_cloud = raw->lambda_cloud;
    for (size_t i = 0; i < raw->pools.n; i++) {
        fsc__price_settle(&pools[i]);
        fsc__prewarm_settle(&pools[i], lambda_cloud, raw->aws_region);
        if (!pools[i].prewarm.kind_name)
            pools[i].prewarm.kind_name = prewarm_kinds[0];
    }
    for (size_t i = 0; i < raw->workloads.n; i++) {
        fsc_objective *o = &workloads[i].objective;
        if (!workloads[i].target.kind_name)
            workloads[i].target.kind_name = target_kinds[0];
        if (!o->quantile_given && !o->late_minute_given)
            o->quantile = 0.95;
    }
    return FSC_OK;
}

fsc_status fsc_config_parse(fsc_config *out, const fsc_node *root, const fsc_opt_ctx *ctx,
                            fsc_err *err)
{
    raw_config raw = {0};
    FSC_TRY(fsc_options_read(&raw, config_rows, root, ctx, err));
    FSC_TRY(settle(&raw, ctx->arena, err));
    FSC_TRY(resolve_times(&raw, err));
    *out = (fsc_config){.file = ctx->file,
                        .store = raw.store,
                        .interval_s = raw.interval_s,
                        .missed_runs = raw.missed_runs,
                        .zone = raw.zone,
                        .prometheus = raw.prometheus,
                        .metrics = raw.metrics,
                        .lambda_cloud = raw.lambda_cloud,
                        .open_cost = raw.open_cost,
                        .aws_region = raw.aws_region,
                        .n_pools = raw.pools.n,
                        .pools = raw.pools.v,
                        .n_workloads = raw.workloads.n,
                        .workloads = raw.workloads.v,
                        .n_budgets = raw.budgets.n,
                        .budgets = raw.budgets.v,
                        .holiday_dates = raw.calendar.holidays.dates,
                        .holiday_files = raw.calendar.holidays.files,
                        .calendar = calendar_of(&raw)};
    return fsc__config_check(out, root, ctx, err);
}

const fsc_workload_config *fsc_config_workload(const fsc_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_workloads; i++)
        if (!strcmp(c->workloads[i].name, name))
            return &c->workloads[i];
    return NULL;
}

const fsc_pool_config *fsc_config_pool(const fsc_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_pools; i++)
        if (!strcmp(c->pools[i].name, name))
            return &c->pools[i];
    return NULL;
}

const fsc_budget_config *fsc_config_budget(const fsc_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_budgets; i++)
        if (!strcmp(c->budgets[i].name, name))
            return &c->budgets[i];
    return NULL;
}

bool fsc_budget_covers(const fsc_budget_config *b, const char *workload)
{
    for (size_t i = 0; i < b->workloads.n; i++)
        if (!strcmp(b->workloads.v[i], workload))
            return true;
    return b->workloads.n == 0;
}

bool fsc_config_has_budget(const fsc_config *c, const char *workload)
{
    for (size_t b = 0; b < c->n_budgets; b++)
        if (fsc_budget_covers(&c->budgets[b], workload))
            return true;
    return false;
}
