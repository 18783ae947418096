/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session.h"
#include "cli/scenario.h"
#include "cli/shard.h"
#include "forescale/hash.h"

#include <math.h>
#include <string.h>

/* A sample later than this many steps is taken for a gap; sooner it may only be late. */
enum { LATE_STEPS = 3, PASSWORD_LIMIT = 4096, DAY_MINUTES = 1440 };

/* Refits are spread over the day, one a minute: very many would not fit into one run. */
static int32_t day_start_s(const fsc_session *s, size_t w)
{
    size_t minutes = s->config.n_workloads < DAY_MINUTES ? s->config.n_workloads : DAY_MINUTES;
    return (int32_t)(fsc_name_hash(s->config.workloads[w].name, 0) % minutes) * FSC_MINUTE_S;
}

static fsc_status allocate_seen(fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    size_t n = s->config.n_workloads;
    s->seen = FSC_NEW(a, n, fsc_target_seen, err);
    s->pool_targets = FSC_NEW(a, s->config.n_pools, fsc_target_seen, err);
    s->pool_nodes = FSC_NEW(a, s->config.n_pools, fsc_pool_seen, err);
    s->pod_leads = FSC_NEW(a, n, fsc_leads, err);
    s->node_leads = FSC_NEW(a, s->config.n_pools, fsc_leads, err);
    bool whole = s->seen && s->pool_targets && s->pool_nodes && s->pod_leads && s->node_leads;
    return whole ? FSC_OK : FSC_NOMEM;
}

static fsc_status allocate(fsc_session *s, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    size_t n = s->config.n_workloads;
    s->forecasters = FSC_NEW(a, n, fsc_forecaster *, err);
    s->step_s = FSC_NEW(a, n, int32_t, err);
    s->workloads = FSC_NEW(a, n, fsc_workload_now, err);
    s->pools = FSC_NEW(a, s->config.n_pools, fsc_pool_now, err);
    s->quotes = FSC_NEW(a, s->config.n_pools, fsc_quote, err);
    s->budgets = FSC_NEW(a, s->config.n_budgets, fsc_budget_now, err);
    s->meters = FSC_NEW(a, s->config.n_budgets, fsc_meter_reading, err);
    s->forecasts = FSC_NEW(a, n, const fsc_forecast *, err);
    s->pasts = FSC_NEW(a, n, fsc_plan_past, err);
    s->history = FSC_NEW(a, n, fsc_series, err);
    bool whole = s->forecasters && s->step_s && s->workloads && s->pools && s->quotes &&
                 s->budgets && s->meters && s->forecasts && s->pasts && s->history;
    return whole ? allocate_seen(s, err) : FSC_NOMEM;
}

static fsc_status load_config(fsc_config *out, const fsc_cli *cli, fsc_err *err)
{
    const fsc_scenario_row *scenario;
    if (cli->args.config)
        return fsc_config_load(out, cli->args.config, cli->arena, err);
    if (!cli->args.scenario)
        return fsc_fail(
            err, FSC_USAGE,
            "no configuration: give one with -c FILE, or write one with forescale init");
    FSC_TRY(fsc_scenario_find(&scenario, cli->args.scenario, err));
    return fsc_config_load_text(out, scenario->name, scenario->yaml, strlen(scenario->yaml),
                                cli->arena, err);
}

fsc_status fsc_session_open(fsc_session *s, fsc_cli *cli, unsigned needs, fsc_err *err)
{
    *s = (fsc_session){.cli = cli, .forecaster_arena = cli->arena};
    FSC_TRY(load_config(&s->config, cli, err));
    if (cli->args.store) {
        s->config.store.path = cli->args.store;
        s->config.store.url = NULL;
    }
    FSC_TRY(fsc_config_require(&s->config, needs, err));
    FSC_TRY(fsc_shard_narrow(s, err));
    FSC_TRY(allocate(s, err));
    return fsc_planner_open(&s->planner, &s->config, cli->arena, err);
}

void fsc_session_close(fsc_session *s)
{
    fsc_store_close(s->store);
    fsc_http_close(s->http);
}

fsc_status fsc_session_store(fsc_session *s, fsc_store_access access, fsc_err *err)
{
    const fsc_store_config *c = &s->config.store;
    if (!c->url)
        return fsc_store_open(&s->store, c->path, access, err);
    const char *password = NULL;
    size_t n = 0;
    if (c->password_file)
        FSC_TRY(fsc_file_read(&password, &n, c->password_file, PASSWORD_LIMIT, s->cli->arena, err));
    while (n && (password[n - 1] == '\n' || password[n - 1] == '\r'))
        n--;
    char *trimmed = password ? fsc_arena_strndup(s->cli->arena, password, n, err) : NULL;
    if (password && !trimmed)
        return FSC_NOMEM;
    return fsc_store_connect(&s->store, c->url, trimmed, access, err);
}

fsc_status fsc_session_http(fsc_session *s, fsc_err *err)
{
    return s->http ? FSC_OK : fsc_http_open(&s->http, &s->cli->log, err);
}

fsc_status fsc_session_kube(fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    FSC_TRY(fsc_session_http(s, err));
    return fsc_kube_open(&s->kube, s->http,
                         &(fsc_kube_options){.kubeconfig = args->kubeconfig,
                                             .context = args->context,
                                             .namespace_ = args->namespace_},
                         s->cli->arena, err);
}

typedef const char *(*name_at)(const fsc_config *c, size_t i);

static const char *workload_name(const fsc_config *c, size_t i)
{
    return c->workloads[i].name;
}

static const char *pool_name(const fsc_config *c, size_t i)
{
    return c->pools[i].name;
}

static const char *budget_name(const fsc_config *c, size_t i)
{
    return c->budgets[i].name;
}

static fsc_status find(size_t *out, const fsc_session *s, const char *what, const char *name,
                       size_t n, name_at at, fsc_err *err)
{
    fsc_arena *a = s->cli->arena;
    const char **names = FSC_NEW(a, n, const char *, err);
    if (!names)
        return FSC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        names[i] = at(&s->config, i);
        if (!strcmp(names[i], name)) {
            *out = i;
            return FSC_OK;
        }
    }
    const char *near = fsc_suggest(name, names, n);
    if (near)
        return fsc_fail(err, FSC_USAGE, "the configuration has no %s %s: did you mean %s?", what,
                        name, near);
    return fsc_fail(err, FSC_USAGE, "the configuration has no %s %s", what, name);
}

fsc_status fsc_session_workload(size_t *i, const fsc_session *s, const char *name, fsc_err *err)
{
    return find(i, s, "workload", name, s->config.n_workloads, workload_name, err);
}

fsc_status fsc_session_pool(size_t *i, const fsc_session *s, const char *name, fsc_err *err)
{
    return find(i, s, "pool", name, s->config.n_pools, pool_name, err);
}

fsc_status fsc_session_budget(size_t *i, const fsc_session *s, const char *name, fsc_err *err)
{
    return find(i, s, "budget", name, s->config.n_budgets, budget_name, err);
}

static fsc_status count_parse(int64_t *out, const char *text, const char *option, fsc_err *err)
{
    int64_t v = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && v < 1000000; p++)
        v = 10 * v + (*p - '0');
    if (*p || p == text)
        return fsc_fail(err, FSC_USAGE, "--%s: \"%s\" is no count", option, text);
    *out = v;
    return FSC_OK;
}

static fsc_status override_workload(fsc_session *s, const char *pair, bool is_ready, fsc_err *err)
{
    const char *option = is_ready ? "ready" : "replicas", *name, *value;
    size_t w;
    int64_t count;
    FSC_TRY(fsc_pair_split(&name, &value, pair, option, s->cli->arena, err));
    FSC_TRY(fsc_session_workload(&w, s, name, err));
    FSC_TRY(count_parse(&count, value, option, err));
    fsc_workload_now *now = &s->workloads[w];
    *(is_ready ? &now->ready : &now->replicas) = count;
    *(is_ready ? &now->ready_known : &now->replicas_known) = true;
    return FSC_OK;
}

static fsc_status override_pool(fsc_session *s, const char *pair, fsc_err *err)
{
    const char *name, *value;
    size_t p;
    FSC_TRY(fsc_pair_split(&name, &value, pair, "nodes", s->cli->arena, err));
    FSC_TRY(fsc_session_pool(&p, s, name, err));
    FSC_TRY(count_parse(&s->pools[p].nodes, value, "nodes", err));
    s->pools[p].nodes_known = true;
    return FSC_OK;
}

static fsc_status override_budget(fsc_session *s, const char *pair, fsc_err *err)
{
    const char *name, *value;
    size_t b;
    FSC_TRY(fsc_pair_split(&name, &value, pair, "spent", s->cli->arena, err));
    FSC_TRY(fsc_session_budget(&b, s, name, err));
    FSC_TRY(fsc_amount_parse(&s->budgets[b].spent_micros, value,
                             s->config.budgets[b].ceiling.currency, err));
    s->budgets[b].spent_known = true;
    s->budgets[b].meter_at = s->cli->now;
    return FSC_OK;
}

fsc_status fsc_session_overrides(fsc_session *s, fsc_err *err)
{
    const fsc_args *args = &s->cli->args;
    for (size_t i = 0; i < args->replicas.n; i++)
        FSC_TRY(override_workload(s, args->replicas.v[i], false, err));
    for (size_t i = 0; i < args->ready.n; i++)
        FSC_TRY(override_workload(s, args->ready.v[i], true, err));
    for (size_t i = 0; i < args->nodes.n; i++)
        FSC_TRY(override_pool(s, args->nodes.v[i], err));
    for (size_t i = 0; i < args->spent.n; i++)
        FSC_TRY(override_budget(s, args->spent.v[i], err));
    return FSC_OK;
}

fsc_status fsc_session_step(fsc_session *s, size_t w, int32_t step_s, fsc_err *err)
{
    if (s->forecasters[w])
        return FSC_OK;
    const fsc_workload_config *wl = &s->config.workloads[w];
    fsc_forecaster_config fc = {.id = wl->name,
                                .model = s->cli->args.model ? s->cli->args.model : wl->model,
                                .step_s = step_s,
                                .calendar = &s->config.calendar,
                                .day_starts_s = day_start_s(s, w)};
    FSC_TRY(fsc_planner_request(&fc.request, s->planner, w, step_s, s->forecaster_arena, err));
    s->step_s[w] = step_s;
    return fsc_forecaster_open(&s->forecasters[w], &fc, s->forecaster_arena, err);
}

fsc_status fsc_session_feed(fsc_session *s, size_t w, const fsc_series *series, fsc_err *err)
{
    FSC_TRY(fsc_session_step(s, w, series->step_s, err));
    if (series->n > 1)
        s->history[w] = *series;
    if (fsc_forecaster_feed(s->forecasters[w], series, err) != FSC_OK)
        return fsc_context(err, "workload %s", s->config.workloads[w].name);
    return FSC_OK;
}

fsc_status fsc_session_feed_gap(fsc_session *s, size_t w, int64_t now, fsc_err *err)
{
    if (!s->forecasters[w])
        return FSC_OK;
    static const double gap = NAN;
    int64_t newest = fsc_forecaster_newest(s->forecasters[w]);
    int64_t late = (now - newest) / s->step_s[w] - LATE_STEPS;
    if (late < 1)
        return FSC_OK;
    return fsc_session_feed(s, w,
                            &(fsc_series){.id = s->config.workloads[w].name,
                                          .start = newest + late * s->step_s[w],
                                          .step_s = s->step_s[w],
                                          .n = 1,
                                          .values = &gap},
                            err);
}

/* What the budgets' figures draw their futures from. */
static fsc_status keep_past(fsc_session *s, size_t w, fsc_arena *a, fsc_err *err)
{
    if (!fsc_config_has_budget(&s->config, s->config.workloads[w].name))
        return FSC_OK;
    fsc_series past = fsc_forecaster_past(s->forecasters[w]);
    return fsc_plan_past_of(&s->pasts[w], &past, a, err);
}

fsc_status fsc_session_forecast(fsc_session *s, size_t w, int64_t now, fsc_arena *a, fsc_err *err)
{
    if (!s->forecasters[w])
        return FSC_OK;
    fsc_forecast *f = FSC_NEW(a, 1, fsc_forecast, err);
    fsc_err one = FSC_ERR_INIT;
    s->forecasts[w] = NULL;
    if (!f)
        return FSC_NOMEM;
    FSC_TRY(fsc_session_feed_gap(s, w, now, err));
    if (fsc_forecaster_run(f, s->forecasters[w], a, &one) == FSC_OK)
        s->forecasts[w] = f;
    else /* one bad workload never stops the rest: the planner holds it */
        fsc_log_write(&s->cli->log, FSC_LOG_WARN, one.msg, "workload", s->config.workloads[w].name,
                      NULL);
    return keep_past(s, w, a, err);
}

fsc_status fsc_session_plan(fsc_plan *out, fsc_session *s, int64_t now, fsc_arena *scratch,
                            fsc_err *err)
{
    for (size_t w = 0; w < s->config.n_workloads; w++)
        FSC_TRY(fsc_session_forecast(s, w, now, scratch, err));
    return fsc_planner_run(out, s->planner,
                           &(fsc_plan_input){.now = now,
                                             .config = &s->config,
                                             .workloads = s->workloads,
                                             .pools = s->pools,
                                             .budgets = s->budgets,
                                             .forecasts = s->forecasts,
                                             .pasts = s->pasts},
                           scratch, err);
}
