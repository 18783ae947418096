/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parsed configuration: one YAML file, apiVersion forescale.dev/v1, kind Config. Immutable;
 * everything lives in the arena it was loaded into. The rows in core/config.c are the reference of
 * every key; each struct below is one section.
 */
#ifndef FORESCALE_CONFIG_H
#define FORESCALE_CONFIG_H

#include "forescale/money.h"
#include "forescale/options.h"
#include "forescale/time.h"

typedef struct fsc_store_config {
    const char *path, *url; /* at most one */
    const char *password_file;
    const char *cluster; /* NULL: the only one that spends these budgets */
    int64_t retention_s;
} fsc_store_config;

typedef struct fsc_http_auth { /* shared by all remote parts; every field may be NULL */
    const char *bearer_token_file, *username, *password_file;
    const char *ca_file, *cert_file, *key_file;
    fsc_string_map headers;
    int64_t timeout_s;
    bool insecure_skip_verify;
} fsc_http_auth;

typedef struct fsc_prometheus_config {
    const char *url;           /* NULL: none */
    int64_t scrape_interval_s; /* the newest two are left out and re-read */
    fsc_http_auth auth;
} fsc_prometheus_config;

typedef struct fsc_metrics_config {
    const char *file;        /* NULL: none; text for the node exporter's textfile collector */
    const char *pushgateway; /* NULL: none; its base URL */
    fsc_string_map labels;   /* further labels of the group that is pushed */
    fsc_http_auth auth;
} fsc_metrics_config;
typedef enum fsc_capacity_type { FSC_ON_DEMAND, FSC_SPOT } fsc_capacity_type;

typedef struct fsc_api_config { /* a service with a bearer token */
    const char *url;
    fsc_http_auth auth;
} fsc_api_config;

typedef struct fsc_cloud_ref { /* of a pool that is no object of Kubernetes'; else NULL */
    const char *cluster;       /* of a node group */
    const char *region, *ssh_key, *user_data_file, *instance_type; /* of machines to launch */
    const fsc_api_config *lambda_cloud;
    const char *aws_region; /* NULL: where we run */
} fsc_cloud_ref;

typedef struct fsc_target_ref {
    const char *kind_name, *namespace_, *name; /* kind None: nothing is written */
    fsc_cloud_ref cloud;
} fsc_target_ref;

typedef struct fsc_price_config {
    const char *source;   /* a reader's name; else, with an amount, where that is from */
    bool is_read;         /* source names a reader */
    const char *query;    /* PromQL, of a reader that asks Prometheus */
    const char *currency; /* in which a reader's figures are; NULL: the amount's, else USD */
    const char *as_of;    /* NULL, or when the amount was looked up */
    int64_t as_of_t;      /* resolved */
} fsc_price_config;

typedef struct fsc_pool_config {
    const char *name;
    int64_t gpus_per_node;
    const char *instance_type, *zone; /* NULL: not given */
    int capacity_type;                /* fsc_capacity_type */
    fsc_money price;                  /* of one node for an hour; micros 0 while only its currency
                                         is known */
    bool price_given;
    fsc_price_config price_from;
    int64_t min_nodes, max_nodes;
    bool max_nodes_given;
    double interruptions_per_h;   /* of one node */
    int64_t lead_s;               /* node ordered -> ready */
    int64_t idle_s;               /* an empty node bills for so long before it is removed */
    fsc_target_ref prewarm;       /* kind None: planned, not written */
    fsc_string_map node_selector; /* labels of its nodes; none: by the prewarm's kind, or unknown */
} fsc_pool_config;

typedef enum fsc_mode {
    FSC_MODE_OBSERVE,
    FSC_MODE_ENFORCE,
    FSC_MODE_NO_DRIFT /* the floor is a metric that a trigger takes: the target is never written */
} fsc_mode;

typedef struct fsc_objective {
    fsc_money late_minute; /* what a minute of being short is worth */
    double quantile;
    bool late_minute_given, quantile_given;
} fsc_objective;

typedef struct fsc_demand_config {
    const char *query;      /* NULL: read from the target's trigger */
    double per_replica;     /* C; 0: read from the trigger */
    const char *by, *value; /* one query shared by many workloads: the label and its value */
} fsc_demand_config;

typedef struct fsc_workload_config {
    const char *name;
    fsc_target_ref target;
    int mode; /* fsc_mode */
    fsc_demand_config demand;
    double utilization; /* T = utilization * per_replica is where the autoscaler below adds one */
    int64_t gpus_per_replica;
    int64_t min_replicas, max_replicas; /* the user's own; read from the object when not given */
    bool min_given, max_given;
    int64_t lead_s;    /* pod on a warm node -> ready */
    fsc_strings pools; /* in order of preference */
    int64_t max_skew;  /* nodes that one of these may hold more than another; 0: no limit */
    fsc_objective objective;
    bool trim;
    int64_t priority;
    const char *model;
} fsc_workload_config;

typedef enum fsc_window_kind {
    FSC_WINDOW_ROLLING,
    FSC_WINDOW_DAY,
    FSC_WINDOW_WEEK,
    FSC_WINDOW_MONTH
} fsc_window_kind;

typedef struct fsc_window {
    fsc_window_kind kind;
    int64_t length_s; /* ROLLING */
} fsc_window;

typedef enum fsc_eviction { FSC_EVICTION_AT_CEILING, FSC_EVICTION_NEVER } fsc_eviction;

typedef enum fsc_meter_source { FSC_METER_PROMETHEUS, FSC_METER_LAMBDA_CLOUD } fsc_meter_source;

typedef struct fsc_meter_config {
    int source;        /* fsc_meter_source */
    const char *name;  /* of Lambda's instances; NULL: all of the account */
    const char *query; /* of Prometheus; NULL: the ledger's estimate alone */
    const char *unit;  /* "USD/h" is integrated over time; "USD" is a cumulative figure */
} fsc_meter_config;
bool fsc_meter_given(const fsc_meter_config *m);

typedef struct fsc_budget_config {
    const char *name;
    fsc_money ceiling;
    fsc_money rate; /* what may bill at any one time, for an hour */
    bool rate_given;
    fsc_window window;
    fsc_strings workloads;
    int eviction; /* fsc_eviction */
    fsc_meter_config meter;
} fsc_budget_config;

typedef struct fsc_event_config {
    const char *from, *to; /* local or with an offset */
    int64_t from_t, to_t;  /* resolved */
    double factor;
    fsc_strings workloads; /* none: all */
} fsc_event_config;
typedef struct fsc_exclude_config {
    const char *from, *to, *why;
    int64_t from_t, to_t;
} fsc_exclude_config;

/* Calendar as the predictor sees it; holidays are UTC instants at which a local holiday begins. */
typedef struct fsc_calendar {
    const fsc_zone *zone;
    size_t n_holidays;
    const int64_t *holidays; /* ascending */
    size_t n_events;
    const fsc_event_config *events;
    size_t n_excludes;
    const fsc_exclude_config *excludes;
} fsc_calendar;

typedef struct fsc_config {
    const char *file;
    fsc_store_config store;
    int64_t interval_s, missed_runs;
    const fsc_zone *zone;
    fsc_prometheus_config prometheus;
    fsc_metrics_config metrics;
    fsc_api_config lambda_cloud, open_cost;
    const char *aws_region; /* NULL: where we run */
    size_t n_pools;
    const fsc_pool_config *pools;
    size_t n_workloads;
    const fsc_workload_config *workloads;
    size_t n_budgets;
    const fsc_budget_config *budgets;
    fsc_strings holiday_dates, holiday_files; /* as written; fsc_config_load() resolves them */
    fsc_calendar calendar;
} fsc_config;

/* Reads and checks a parsed file. Cross references (a workload's pool, a budget's workload, one
 * currency in a budget) are checked too. */
fsc_status fsc_config_parse(fsc_config *out, const fsc_node *root, const fsc_opt_ctx *ctx,
                            fsc_err *err) FSC_CHECKED;

/* The rows of the whole file, for help, docs and the schema. */
const fsc_opt *fsc_config_rows(void);

/* NULL when there is none of that name. */
const fsc_workload_config *fsc_config_workload(const fsc_config *c, const char *name);
const fsc_pool_config *fsc_config_pool(const fsc_config *c, const char *name);
const fsc_budget_config *fsc_config_budget(const fsc_config *c, const char *name);
bool fsc_budget_covers(const fsc_budget_config *b, const char *workload);
bool fsc_config_has_budget(const fsc_config *c, const char *workload);

#endif
