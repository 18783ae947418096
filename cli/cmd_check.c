/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor: each finding with its remedy. */
#include "cli/colour.h"
#include "cli/doctor_cluster.h"
#include "cli/stages.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STALE_S = 15 * FSC_MINUTE_S, CLOCK_SKEW_S = 30 };

typedef struct doctor {
    fsc_session *s;
    size_t failed;
} doctor;

static void good(const char *what, const char *fmt, ...) FSC_PRINTF(2, 3);
static void good(const char *what, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fsc_paint(stdout, FSC_MEANS_OK, "ok");
    (void)printf("    %-12s ", what);
    (void)vprintf(fmt, ap);
    (void)putchar('\n');
    va_end(ap);
}

static void finding(doctor *d, const char *what, const char *finding_text, const char *remedy)
{
    d->failed++;
    fsc_paint(stdout, FSC_MEANS_OVER, "FAIL");
    (void)printf("  %-12s %s\n      %-12s remedy: %s\n", what, finding_text, "", remedy);
}

static void print_known(const fsc_finding *f, fsc_meaning m, const char *word)
{
    fsc_paint(stdout, m, "%s", word);
    (void)printf("  %-12s %s\n      %-12s %s\n      %-12s remedy: %s\n", f->what, f->wrong, "",
                 f->why, "", f->remedy);
}

/* What works and disappoints is said, and fails nothing. */
static void print_finding(void *ctx, const fsc_finding *f)
{
    (void)ctx;
    print_known(f, FSC_MEANS_HELD, "warn");
}

static void count_finding(void *ctx, const fsc_finding *f)
{
    doctor *d = ctx;
    d->failed++;
    print_known(f, FSC_MEANS_OVER, "FAIL");
}

static void check_store(doctor *d)
{
    fsc_err err = FSC_ERR_INIT;
    if (!d->s->config.store.path && !d->s->config.store.url) {
        finding(d, "store", "store.path is missing",
                "add store: {path: ...} to the configuration, or give --store FILE");
        return;
    }
    if (fsc_session_store(d->s, FSC_STORE_WRITE, &err) != FSC_OK ||
        fsc_store_check(d->s->store, &err) != FSC_OK)
        finding(d, "store", err.msg, "see the message; what is stored was left as it is");
    else
        good("store", "%s is whole", fsc_store_name(d->s->store));
}

/* Of triggers that Prometheus does not measure itself it knows by KEDA alone. */
static bool is_measured_by_keda(const doctor *d, size_t w)
{
    const char *query = d->s->seen[w].query;
    return !d->s->config.workloads[w].demand.query && query &&
           strstr(query, "keda_scaler_metrics_value");
}

static void check_history(doctor *d)
{
    fsc_history_info *list;
    size_t n;
    fsc_err err = FSC_ERR_INIT;
    if (!d->s->store || fsc_history_list(&list, &n, d->s->store, d->s->cli->arena, &err) != FSC_OK)
        return;
    for (size_t w = 0; w < d->s->config.n_workloads; w++) {
        const char *name = d->s->config.workloads[w].name;
        const fsc_history_info *h = NULL;
        char age[FSC_TIME_TEXT], text[160];
        for (size_t i = 0; i < n; i++)
            h = !strcmp(list[i].id, name) ? &list[i] : h;
        if (!h) {
            (void)snprintf(text, sizeof text, "workload %s has no history", name);
            finding(d, "history", text,
                    is_measured_by_keda(d, w)
                        ? "let Prometheus scrape KEDA's operator, which exports "
                          "keda_scaler_metrics_value (prometheus.operator.enabled of KEDA's chart)"
                        : "run forescale collect --since 14d");
        } else if (d->s->cli->now - h->newest > STALE_S) {
            (void)snprintf(text, sizeof text, "workload %s: the newest sample is %s old", name,
                           fsc_duration_format(age, d->s->cli->now - h->newest));
            finding(d, "history", text,
                    "see that the query still returns samples and that the CronJob runs");
        } else {
            good("history", "%s: %zu samples", name, h->samples);
        }
    }
}

static void check_rights(doctor *d)
{
    size_t asked = 0, failed = d->failed;
    if (!d->s->kube)
        return;
    fsc_doctor_apis(d->s, count_finding, d);
    fsc_doctor_rights(d->s, &asked, count_finding, d);
    if (!d->s->cli->args.at_given)
        fsc_doctor_clock(d->s, d->s->cli->now, count_finding, d);
    if (d->failed == failed)
        good("rights", "all %zu that a run needs", asked);
}

/* What is known to disappoint in the objects that are scaled. */
static void check_traps(doctor *d)
{
    if (!d->s->kube)
        return;
    for (size_t w = 0; w < d->s->config.n_workloads; w++)
        if (strcmp(d->s->config.workloads[w].target.kind_name, "None"))
            fsc_doctor_workload(d->s, w, print_finding, d);
    fsc_doctor_nodes(d->s, print_finding, d);
    fsc_doctor_disruption(d->s, print_finding, d);
}

static void check_kube(doctor *d)
{
    const fsc_node *version;
    fsc_err err = FSC_ERR_INIT;
    if (!fsc_session_has_targets(d->s)) {
        good("kubernetes", "not needed: every target is of kind None");
        return;
    }
    if (fsc_session_kube(d->s, &err) != FSC_OK ||
        fsc_kube_get(&version, d->s->kube, "/version", d->s->cli->arena, &err) != FSC_OK) {
        finding(d, "kubernetes", err.msg,
                "check --kubeconfig and --context, or the pod's ServiceAccount");
        return;
    }
    good("kubernetes", "%s, %s", fsc_kube_server(d->s->kube),
         fsc_node_text(fsc_node_at(version, "gitVersion", NULL), "?"));
}

static void tell_note(const char *note, const char *why, const char *remedy)
{
    if (note)
        print_finding(NULL, &(fsc_finding){"target", note, why, remedy, false});
}

static void check_targets(doctor *d)
{
    const fsc_session *s = d->s;
    for (size_t w = 0; w < s->config.n_workloads && s->kube; w++) {
        const fsc_workload_config *wl = &s->config.workloads[w];
        const fsc_target_ops *ops = fsc_target_find(wl->target.kind_name);
        fsc_target_seen *seen = &d->s->seen[w];
        fsc_err err = FSC_ERR_INIT;
        if (!strcmp(wl->target.kind_name, "None"))
            continue;
        if (!ops) {
            (void)fsc_fail(&err, FSC_CONFIG, "workload %s: this version cannot scale a %s yet",
                           wl->name, wl->target.kind_name);
            finding(d, "target", err.msg, "use a ScaledObject or a HorizontalPodAutoscaler");
        } else if (ops->observe(seen, s->kube, &wl->target, s->cli->arena, &err) != FSC_OK) {
            finding(d, "target", err.msg,
                    "check target in the configuration and the Role of cronjobs/rbac.yaml");
        } else if (seen->hold || seen->paused) {
            finding(d, "target", seen->hold ? seen->hold : "it is paused",
                    "forescale leaves it alone until that is undone");
        } else {
            good("target", "%s: %s %s, min %lld, max %lld", wl->name, wl->target.kind_name,
                 wl->target.name, (long long)seen->min_replicas, (long long)seen->max_replicas);
        }
        tell_note(seen->note, "a raised floor works less than it says, or is not seen to work",
                  "see the message");
        tell_note(wl->demand.query ? NULL : seen->demand_note,
                  "what is planned for is not all that its autoscaler scales by",
                  "give demand.query, or see the triggers below");
    }
}

static void check_prometheus(doctor *d)
{
    fsc_err err = FSC_ERR_INIT;
    size_t failed = 0;
    if (!d->s->config.prometheus.url) {
        finding(d, "prometheus", "prometheus.url is missing",
                "add prometheus: {url: ...}, or import with collect --from-csv");
        return;
    }
    if (!d->s->store)
        return;
    if (fsc_stage_collect(d->s, FSC_HOUR_S, &failed, &err) != FSC_OK)
        finding(d, "prometheus", err.msg, "check prometheus.url and the store");
    else if (failed)
        finding(d, "prometheus", "a demand query failed, see the log above",
                "try the query in Prometheus's own page");
    else
        good("prometheus", "%s answers every query", d->s->config.prometheus.url);
}

static void check_budgets(doctor *d)
{
    fsc_err err = FSC_ERR_INIT;
    if (fsc_plan_check(&d->s->config, &err) != FSC_OK)
        finding(d, "budgets", err.msg, "no plan keeps this ceiling");
    else if (d->s->config.n_budgets)
        good("budgets", "the minima alone fit");
}

static void check_prices(doctor *d)
{
    fsc_err err = FSC_ERR_INIT;
    if (fsc_stage_prices(d->s, !d->s->cli->args.at_given, &err) != FSC_OK) {
        finding(d, "prices", err.msg, "check the store");
        return;
    }
    for (size_t p = 0; p < d->s->config.n_pools; p++) {
        char price[FSC_MONEY_TEXT], origin[FSC_ORIGIN_TEXT];
        const fsc_quote *q = &d->s->quotes[p];
        if (q->note)
            finding(d, "prices", q->note,
                    "see pools.price in docs/options.md; the budgets count with what is said here");
        else
            good("prices", "%s: %s/h by %s", d->s->config.pools[p].name,
                 fsc_money_format(price, q->price), fsc_quote_origin(origin, q, d->s->cli->now));
    }
}

static void check_meters(doctor *d)
{
    fsc_err err = FSC_ERR_INIT;
    size_t failed = 0;
    if (!d->s->store)
        return;
    if (fsc_stage_meters(d->s, &failed, &err) != FSC_OK || fsc_stage_spend(d->s, &err) != FSC_OK) {
        finding(d, "meter", err.msg, "check the store");
        return;
    }
    for (size_t b = 0; b < d->s->config.n_budgets; b++) {
        const char *note = d->s->budgets[b].meter_note;
        if (note && d->s->meters[b].state != FSC_METER_FRESH)
            finding(d, "meter", note, "see that budgets.meter answers; nothing is lost meanwhile");
        else if (note)
            good("meter", "budget %s: %s", d->s->config.budgets[b].name, note);
    }
}

static void check_clock(doctor *d)
{
    time_t clock = time(NULL);
    if (!d->s->cli->args.at_given &&
        llabs((long long)clock - (long long)d->s->cli->now) > CLOCK_SKEW_S)
        finding(d, "clock", "the clock jumps", "run an NTP client");
    else
        good("clock", "UTC %lld", (long long)clock);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s;
    doctor d = {.s = &s};
    fsc_status status = fsc_session_open(&s, cli, 0, err);
    if (status == FSC_OK) {
        good("config", "%s: %zu workloads, %zu pools, %zu budgets", s.config.file,
             s.config.n_workloads, s.config.n_pools, s.config.n_budgets);
        check_budgets(&d);
        check_clock(&d);
        check_store(&d);
        check_kube(&d);
        check_rights(&d);
        check_targets(&d);
        check_traps(&d);
        check_prometheus(&d);
        check_prices(&d);
        check_meters(&d);
        check_history(&d);
    }
    fsc_session_close(&s);
    if (status != FSC_OK)
        return fsc_exit_of(status, err->retryable);
    return d.failed ? FSC_EXIT_FAILED : FSC_EXIT_OK;
}

static const fsc_arg args[] = {{0}};
const fsc_command fsc_cmd_check = {"check",
                                   "Examines configuration, store, Prometheus, Kubernetes and "
                                   "clock; each finding with its remedy.",
                                   NULL,
                                   args,
                                   run,
                                   "forescale check -c config.yaml"};
