/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/metrics.h"
#include "cli/shard.h"
#include "cli/stages.h"
#include "forescale/apply.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RUN_SINCE_S = 14 * FSC_DAY_S, MIN_LEASE_S = 60 };

typedef struct outcome {
    size_t collect_failed, observe_failed;
    fsc_apply_counts acts;
    fsc_plan plan;
    bool planned;
    double phase_s[FSC_PHASE_N];
} outcome;

static double clock_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends a phase that began at *from; the next one begins. */
static void end_phase(outcome *o, fsc_run_phase phase, double *from)
{
    double now = clock_s();
    o->phase_s[phase] = now - *from;
    *from = now;
}

static fsc_status read_dry_run(fsc_dry_run *out, const fsc_cli *cli, fsc_err *err)
{
    const char *text = cli->args.dry_run;
    *out = !text ? FSC_DRY_NONE : !strcmp(text, "server") ? FSC_DRY_SERVER : FSC_DRY_CLIENT;
    if (*out != FSC_DRY_NONE && cli->args.at_given)
        return FSC_OK;
    if (cli->args.at_given)
        return fsc_fail(err, FSC_USAGE,
                        "run acts now: --at goes with --dry-run, or with forescale plan");
    return FSC_OK;
}

static const char *holder_name(fsc_cli *cli, fsc_err *err)
{
    char host[64] = "unknown";
    (void)gethostname(host, sizeof host - 1);
    return fsc_arena_printf(cli->arena, err, "%s-%ld", host, (long)getpid());
}

static int64_t lease_s(const fsc_config *c)
{
    return c->interval_s > MIN_LEASE_S ? c->interval_s : MIN_LEASE_S;
}

static fsc_status spend_since_last_run(fsc_session *s, const fsc_plan *plan, fsc_err *err)
{
    for (size_t b = 0; b < plan->n_budgets; b++) {
        const fsc_budget_plan *p = &plan->budgets[b];
        if (p->spent_since_micros > 0)
            FSC_TRY(fsc_ledger_spend_add(s->store, fsc_shard_payer(s, b), p->spent_since, plan->at,
                                         p->spent_since_micros, p->ceiling.currency, err));
    }
    return FSC_OK;
}

/* The figures by which a budget changed its state, for forescale explain. */
static void add_figures(fsc_buf *out, const fsc_budget_plan *p)
{
    fsc_buf_printf(out,
                   "{\"spent\":%.6f,\"p50\":%.6f,\"p95\":%.6f,\"worstCase\":%.6f,"
                   "\"ceiling\":%.6f,\"probabilityOver\":%.4f,\"shadowPrice\":%.6f}",
                   (double)p->spent_micros / 1e6, (double)p->forecast_p50_micros / 1e6,
                   (double)p->forecast_p95_micros / 1e6, (double)p->worst_case_micros / 1e6,
                   fsc_money_units(p->ceiling), p->probability_over, p->shadow_price);
}

static fsc_status journal_budgets(fsc_session *s, const fsc_plan *plan, bool dry, fsc_err *err)
{
    for (size_t b = 0; b < plan->n_budgets; b++) {
        const fsc_budget_plan *p = &plan->budgets[b];
        int64_t id;
        if (p->state == p->state_before)
            continue;
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, "budget changes state", "budget", p->name, "from",
                      fsc_budget_state_name(p->state_before), "to", fsc_budget_state_name(p->state),
                      "why", p->reason, NULL);
        FSC_TRY(
            fsc_ledger_intend(&id, s->store,
                              &(fsc_ledger_row){.at = plan->at,
                                                .run_id = plan->run_id,
                                                .kind = "budget",
                                                .object = p->name,
                                                .op = "transition",
                                                .before = fsc_budget_state_name(p->state_before),
                                                .after = fsc_budget_state_name(p->state),
                                                .verdict = FSC_VERDICT_CLAMPED,
                                                .why = p->reason,
                                                .micros = p->spent_micros,
                                                .currency = p->ceiling.currency,
                                                .dry_run = dry,
                                                .key = ""},
                              err));
        fsc_buf figures;
        fsc_buf_init(&figures, s->cli->arena, 4096);
        add_figures(&figures, p);
        FSC_TRY(fsc_buf_status(&figures, err));
        FSC_TRY(fsc_ledger_settle(s->store, id, plan->at, "applied", fsc_buf_str(&figures), err));
    }
    return FSC_OK;
}

/* The run's own row: what its decisions left as it was has no other. */
static fsc_status journal_run(int64_t *id, fsc_session *s, const fsc_plan *plan, bool dry,
                              fsc_err *err)
{
    return fsc_ledger_intend(id, s->store,
                             &(fsc_ledger_row){.at = plan->at,
                                               .run_id = plan->run_id,
                                               .kind = "run",
                                               .object = dry ? "dry runs" : FSC_LEDGER_RUNS,
                                               .op = "act",
                                               .verdict = FSC_VERDICT_ALLOWED,
                                               .dry_run = dry},
                             err);
}

static fsc_status settle_run(fsc_session *s, int64_t id, const fsc_apply_counts *acts, fsc_err *err)
{
    const char *receipt = fsc_arena_printf(
        s->cli->arena, err, "%zu applied, %zu unchanged, %zu journalled, %zu held, %zu failed",
        acts->applied, acts->unchanged, acts->planned, acts->held, acts->failed);
    return receipt ? fsc_ledger_settle(s->store, id, s->cli->now, acts->failed ? "partly" : "done",
                                       receipt, err)
                   : FSC_NOMEM;
}

/* A pool that stops to deliver, or does again. */
static fsc_status journal_pools(fsc_session *s, const fsc_plan *plan, bool dry, fsc_err *err)
{
    static const char *const words[] = {"delivers", "does not deliver"};
    for (size_t i = 0; i < plan->n_pools; i++) {
        const fsc_pool_plan *p = &plan->pools[i];
        bool was = p->undelivered_before > 0, is = p->undelivered > 0;
        int64_t id;
        if (is == was)
            continue;
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, words[is], "pool", p->name, "why", p->reason,
                      NULL);
        FSC_TRY(fsc_ledger_intend(&id, s->store,
                                  &(fsc_ledger_row){.at = plan->at,
                                                    .run_id = plan->run_id,
                                                    .kind = "pool",
                                                    .object = p->name,
                                                    .op = "delivery",
                                                    .before = words[was],
                                                    .after = words[is],
                                                    .verdict = FSC_VERDICT_ALLOWED,
                                                    .why = p->reason,
                                                    .dry_run = dry,
                                                    .key = ""},
                                  err));
        FSC_TRY(fsc_ledger_settle(s->store, id, plan->at, "applied", "", err));
    }
    return FSC_OK;
}

static fsc_status act(fsc_session *s, const fsc_plan *plan, fsc_dry_run dry, outcome *o,
                      fsc_err *err)
{
    if (dry == FSC_DRY_NONE)
        FSC_TRY(fsc_shard_use(s, plan, err));
    int64_t id;
    FSC_TRY(journal_run(&id, s, plan, dry != FSC_DRY_NONE, err));
    FSC_TRY(journal_budgets(s, plan, dry != FSC_DRY_NONE, err));
    FSC_TRY(journal_pools(s, plan, dry != FSC_DRY_NONE, err));
    if (dry == FSC_DRY_NONE) {
        FSC_TRY(fsc_stage_prices_journal(s, plan->run_id, err));
        FSC_TRY(fsc_stage_spend_journal(s, plan->run_id, err));
        FSC_TRY(spend_since_last_run(s, plan, err));
    }
    FSC_TRY(fsc_apply(&o->acts, s->kube, s->store,
                      &(fsc_apply_input){.now = s->cli->now,
                                         .config = &s->config,
                                         .plan = plan,
                                         .seen = s->seen,
                                         .pool_targets = s->pool_targets,
                                         .pool_nodes = s->pool_nodes,
                                         .dry = dry,
                                         .log = &s->cli->log},
                      s->cli->arena, err));
    FSC_TRY(settle_run(s, id, &o->acts, err));
    /* A cap that was not written is not in force: then all that was taken stays committed. */
    return dry == FSC_DRY_NONE && !o->acts.failed ? fsc_shard_settle(s, plan, err) : FSC_OK;
}

/* Collect, forecast, plan, act. A source that is down leaves what is stored: the guard always runs.
 */
static fsc_status stages(fsc_session *s, fsc_dry_run dry, outcome *o, fsc_err *err)
{
    double from = clock_s();
    size_t meters_failed; /* told; the own estimate counts instead */
    FSC_TRY(fsc_stage_observe(s, &o->observe_failed, err));
    end_phase(o, FSC_PHASE_OBSERVE, &from);
    if (s->config.prometheus.url)
        FSC_TRY(fsc_stage_collect(s, RUN_SINCE_S, &o->collect_failed, err));
    FSC_TRY(fsc_stage_prices(s, !s->cli->args.at_given, err));
    FSC_TRY(fsc_stage_meters(s, &meters_failed, err));
    end_phase(o, FSC_PHASE_COLLECT, &from);
    s->keeps_states = dry == FSC_DRY_NONE;
    FSC_TRY(fsc_stage_history(s, err));
    FSC_TRY(fsc_session_plan(&o->plan, s, s->cli->now, s->cli->arena, err));
    FSC_TRY(fsc_shard_share_pools(s, &o->plan, err));
    o->planned = true;
    end_phase(o, FSC_PHASE_PLAN, &from);
    FSC_TRY(act(s, &o->plan, dry, o, err));
    if (!fsc_metrics_take_stdout(s->cli))
        FSC_TRY(fsc_plan_print(&o->plan, s, err));
    if (dry == FSC_DRY_NONE)
        FSC_TRY(fsc_stage_history_save(s, err));
    end_phase(o, FSC_PHASE_ACT, &from);
    return FSC_OK;
}

static fsc_status with_lease(fsc_session *s, fsc_dry_run dry, outcome *o, fsc_err *err)
{
    fsc_lease lease;
    fsc_err release = FSC_ERR_INIT;
    if (dry != FSC_DRY_NONE || !fsc_session_has_targets(s))
        return stages(s, dry, o, err);
    const fsc_lease_ask ask = {.name = fsc_shard_lease(s, &s->holder, err),
                               .holder = holder_name(s->cli, err),
                               .now = s->cli->now,
                               .duration_s = lease_s(&s->config),
                               .shards = s->holder.shards};
    if (!ask.holder || !ask.name)
        return FSC_NOMEM;
    FSC_TRY(fsc_session_kube(s, err));
    FSC_TRY(fsc_lease_take(&lease, s->kube, &ask, s->cli->arena, err));
    fsc_status status = stages(s, dry, o, err);
    if (fsc_lease_release(s->kube, &lease, s->cli->now, status == FSC_OK, s->cli->arena,
                          &release) != FSC_OK)
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, release.msg, NULL);
    return status;
}

static fsc_exit exit_code(const fsc_session *s, const outcome *o)
{
    size_t failed = o->collect_failed + o->observe_failed + o->acts.failed;
    if (!failed)
        return FSC_EXIT_OK;
    if (o->acts.applied)
        return FSC_EXIT_PARTLY;
    return s->failed_for_good ? FSC_EXIT_FAILED : FSC_EXIT_TRY_AGAIN_LATER;
}

static fsc_exit end_of(const fsc_session *s, const outcome *o, fsc_status status,
                       const fsc_err *err)
{
    if (status == FSC_OK)
        return exit_code(s, o);
    return o->acts.applied ? FSC_EXIT_PARTLY : fsc_exit_of(status, err->retryable);
}

static void tell_metrics(fsc_session *s, fsc_dry_run dry, const outcome *o, fsc_exit code)
{
    fsc_metrics_run r = {.at = s->cli->now,
                         .exit_code = (int)code,
                         .outcomes = {[FSC_RUN_APPLIED] = o->acts.applied,
                                      [FSC_RUN_UNCHANGED] = o->acts.unchanged,
                                      [FSC_RUN_FAILED] = o->acts.failed,
                                      [FSC_RUN_HELD] = o->acts.held,
                                      [FSC_RUN_PLANNED] = o->acts.planned},
                         .failed_queries = o->collect_failed,
                         .config = &s->config,
                         .plan = o->planned ? &o->plan : NULL,
                         .forecasts = s->forecasts,
                         .workloads = s->workloads,
                         .pools = s->pools};
    memcpy(r.phase_s, o->phase_s, sizeof r.phase_s);
    fsc_metrics_send(s, &r, dry != FSC_DRY_NONE);
}

static fsc_exit run(fsc_cli *cli, fsc_err *err)
{
    fsc_session s = {0};
    fsc_dry_run dry = FSC_DRY_NONE;
    outcome o = {0};
    fsc_status status = read_dry_run(&dry, cli, err);
    if (status == FSC_OK)
        status = fsc_session_open(&s, cli, FSC_NEED_STORE | FSC_NEED_TARGET, err);
    bool opened = status == FSC_OK;
    if (status == FSC_OK)
        status = fsc_session_store(&s, FSC_STORE_WRITE, err);
    if (status == FSC_OK)
        status = with_lease(&s, dry, &o, err);
    fsc_exit code = end_of(&s, &o, status, err);
    if (opened)
        tell_metrics(&s, dry, &o, code);
    fsc_session_close(&s);
    return code;
}

static const char *const dry_run_words[] = {"client", "server", NULL};
static const fsc_arg args[] = {
    {"dry-run", 0, FSC_ARG_OPTIONAL, offsetof(fsc_args, dry_run), 0, "client|server", dry_run_words,
     "Writes nothing; server lets the API server judge the writes."},
    {"metrics", 0, FSC_ARG_TEXT, offsetof(fsc_args, metrics), 0, "FILE|-|URL", NULL,
     "Where metrics go, instead of the configuration's: a file, standard output in place of the "
     "plan, or a Pushgateway."},
    {0},
};
const fsc_command fsc_cmd_run = {"run", "Collects, plans and acts: the CronJob's command.",
                                 NULL,  args,
                                 run,   "forescale run -c config.yaml --dry-run"};
