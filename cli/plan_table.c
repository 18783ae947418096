/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/chart.h"
#include "cli/colour.h"
#include "cli/stages.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    BAR_WIDTH = 40,
    NAME_WIDTH = 20,
    COUNTED_FROM = 10, /* workloads; fewer are counted by eye */
    BELOW_ROWS = 12    /* of a screen: pools, budgets, the prompt */
};

static const char *const mode_names[] = {"observe", "enforce", "no-drift"};

/* What changes is read first, then what is held; each in the configuration's order. */
typedef enum rank { RANK_CHANGES, RANK_HELD, RANK_STAYS, RANK_N } rank;

typedef struct row {
    size_t w;
    rank rank;
    char min[44], max[44];
} row;

typedef struct table {
    const fsc_session *s;
    const fsc_plan *p;
    row *rows;
    size_t counts[RANK_N];
    int name, min, max;    /* widths */
    size_t columns, lines; /* of the terminal; 0: none, or one that does not say */
} table;

static bool moves(const fsc_workload_now *now, const fsc_workload_plan *w)
{
    return (now->min_known && now->min_replicas != w->min_replicas) ||
           (now->max_known && now->max_replicas != w->max_replicas);
}

/* Where nothing is known of the object, by the user's own bounds. */
static bool differs(const fsc_workload_now *now, const fsc_workload_plan *w)
{
    return moves(now, w) || (!now->min_known && w->min_replicas != w->baseline_min) ||
           (!now->max_known && w->max_replicas != w->baseline_max);
}

static int by_rank(const void *a, const void *b)
{
    const row *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->w > y->w) - (x->w < y->w);
}

static int widest(int width, const char *text)
{
    int n = (int)strlen(text);
    return n > width ? n : width;
}

/* "8", or "2->8" where the object is known to have another one. */
static int put_bound(char out[44], bool known, int64_t now, int64_t planned, int width)
{
    if (known && now != planned)
        (void)snprintf(out, 44, "%lld->%lld", (long long)now, (long long)planned);
    else
        (void)snprintf(out, 44, "%lld", (long long)planned);
    return widest(width, out);
}

static fsc_status arrange(table *t, fsc_err *err)
{
    struct winsize size;
    t->rows = FSC_NEW(t->s->cli->arena, t->p->n_workloads, row, err);
    if (!t->rows)
        return FSC_NOMEM;
    if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
        t->columns = size.ws_col;
        t->lines = size.ws_row;
    }
    t->name = NAME_WIDTH;
    t->min = t->max = 5;
    for (size_t i = 0; i < t->p->n_workloads; i++) {
        const fsc_workload_plan *w = &t->p->workloads[i];
        const fsc_workload_now *now = &t->s->workloads[i];
        row *r = &t->rows[i];
        r->w = i;
        r->rank = differs(now, w) ? RANK_CHANGES : w->hold ? RANK_HELD : RANK_STAYS;
        t->counts[r->rank]++;
        t->name = widest(t->name, w->name);
        t->min = put_bound(r->min, now->min_known, now->min_replicas, w->min_replicas, t->min);
        t->max = put_bound(r->max, now->max_known, now->max_replicas, w->max_replicas, t->max);
    }
    qsort(t->rows, t->p->n_workloads, sizeof *t->rows, by_rank);
    return FSC_OK;
}

static bool is_limited(const table *t, const fsc_workload_plan *w)
{
    for (size_t b = 0; b < t->p->n_budgets; b++)
        if (t->p->budgets[b].state != FSC_BUDGET_CLOSED && w->max_replicas < w->baseline_max &&
            fsc_budget_covers(&t->s->config.budgets[b], w->name))
            return true;
    return false;
}

/* A terminal's rows do not wrap. */
static void print_why(const table *t, fsc_meaning m, int used, const char *before, const char *why)
{
    size_t length = strlen(before) + strlen(why), room = length;
    if (t->columns)
        room = t->columns > (size_t)used + 10 ? t->columns - (size_t)used : 10;
    if (length <= room)
        fsc_paint(stdout, m, "%s%s", before, why);
    else
        fsc_paint(stdout, m, "%s%.*s...", before,
                  (int)(room > strlen(before) + 3 ? room - strlen(before) - 3 : 0), why);
    (void)putchar('\n');
}

static void print_workload(const table *t, const row *r)
{
    const fsc_workload_plan *w = &t->p->workloads[r->w];
    char now[24] = "?";
    if (w->current_known)
        (void)snprintf(now, sizeof now, "%lld", (long long)w->current_replicas);
    int used = printf("%-*s %-8s %5s %*s %*s  ", t->name, w->name, mode_names[w->mode], now, t->min,
                      r->min, t->max, r->max);
    print_why(t,
              w->hold            ? FSC_MEANS_HELD
              : is_limited(t, w) ? FSC_MEANS_LIMITED
                                 : FSC_MEANS_NOTHING,
              used, w->hold ? "held: " : "", w->reason);
}

/* What changes is listed whole; of the others, on a terminal, what leaves a screen readable. */
static size_t rows_shown(const table *t)
{
    size_t n = t->p->n_workloads, most = n;
    if (t->lines && n > t->lines)
        most = t->lines > BELOW_ROWS + COUNTED_FROM ? t->lines - BELOW_ROWS : COUNTED_FROM;
    return most > t->counts[RANK_CHANGES] ? most : t->counts[RANK_CHANGES];
}

static void print_workloads(const table *t)
{
    size_t n = t->p->n_workloads, shown = rows_shown(t);
    (void)printf("%-*s %-8s %5s %*s %*s  %s\n", t->name, "WORKLOAD", "MODE", "NOW", t->min, "MIN",
                 t->max, "MAX", "WHY");
    for (size_t i = 0; i < shown; i++)
        print_workload(t, &t->rows[i]);
    if (shown < n)
        (void)printf("and %zu more: | less, or -o csv\n", n - shown);
    if (n >= COUNTED_FROM)
        (void)printf("%zu workloads: %zu change, %zu held, %zu stay as they are\n", n,
                     t->counts[RANK_CHANGES], t->counts[RANK_HELD], t->counts[RANK_STAYS]);
}

static void print_pools(const table *t)
{
    const fsc_plan *p = t->p;
    int name = NAME_WIDTH;
    if (!p->n_pools)
        return;
    for (size_t i = 0; i < p->n_pools; i++)
        name = widest(name, p->pools[i].name);
    (void)printf("\n%-*s %5s %5s %5s %14s  %s\n", name, "POOL", "WARM", "MIN", "MAX", "NODE-HOUR",
                 "WHY");
    for (size_t i = 0; i < p->n_pools; i++) {
        const fsc_pool_plan *q = &p->pools[i];
        char price[FSC_MONEY_TEXT];
        int used = printf("%-*s %5lld %5lld %5lld %14s  ", name, q->name, (long long)q->warm_nodes,
                          (long long)q->min_nodes, (long long)q->max_nodes,
                          fsc_money_format(price, q->price));
        print_why(t, FSC_MEANS_NOTHING, used, "", q->reason ? q->reason : "");
    }
}

static const char *money(char out[FSC_MONEY_TEXT], int64_t micros, const fsc_money *like)
{
    fsc_money m = *like;
    m.micros = micros;
    return fsc_money_format(out, m);
}

/* Spent is solid, what the P95 adds is shaded: what is beyond the bar is over the ceiling. */
static void print_bar(const fsc_budget_plan *b, int width)
{
    double ceiling = (double)b->ceiling.micros;
    (void)printf("%-*s ", width, "");
    fsc_chart_band(stdout, (double)b->spent_micros, (double)b->forecast_p95_micros, ceiling,
                   BAR_WIDTH);
    (void)printf("| %.0f %% of the ceiling spent, %.0f %% by the window's end (P95)\n",
                 100.0 * (double)b->spent_micros / ceiling,
                 100.0 * (double)b->forecast_p95_micros / ceiling);
}

static void print_amount(int64_t micros, const fsc_money *ceiling)
{
    char text[FSC_MONEY_TEXT];
    fsc_paint(stdout, micros > ceiling->micros ? FSC_MEANS_OVER : FSC_MEANS_NOTHING, " %13s",
              money(text, micros, ceiling));
}

static void print_void(const char *why, int width)
{
    fsc_paint(stdout, FSC_MEANS_OVER, "%-*s the promise is void: %s", width, "", why);
    (void)putchar('\n');
}

void fsc_plan_budgets(const fsc_plan *p)
{
    int name = 12;
    if (!p->n_budgets)
        return;
    for (size_t i = 0; i < p->n_budgets; i++)
        name = widest(name, p->budgets[i].name);
    (void)printf("\n%-*s %-9s %13s %13s %13s %13s %13s  %s\n", name, "BUDGET", "STATE", "SPENT",
                 "FORECAST P50", "P95", "WORST CASE", "CEILING", "WHY");
    for (size_t i = 0; i < p->n_budgets; i++) {
        const fsc_budget_plan *b = &p->budgets[i];
        char ceiling[FSC_MONEY_TEXT];
        (void)printf("%-*s ", name, b->name);
        fsc_paint(stdout, fsc_budget_meaning(b->state), "%-9s", fsc_budget_state_name(b->state));
        print_amount(b->spent_micros, &b->ceiling);
        print_amount(b->forecast_p50_micros, &b->ceiling);
        print_amount(b->forecast_p95_micros, &b->ceiling);
        print_amount(b->worst_case_micros, &b->ceiling);
        (void)printf(" %13s  %s\n", fsc_money_format(ceiling, b->ceiling),
                     b->reason ? b->reason : "");
        if (fsc_chart_wanted())
            print_bar(b, name);
        if (b->void_why)
            print_void(b->void_why, name);
    }
}

static fsc_status print_table(const fsc_plan *p, const fsc_session *s, fsc_err *err)
{
    char at[FSC_TIME_TEXT];
    table t = {.s = s, .p = p};
    FSC_TRY(arrange(&t, err));
    (void)printf("Plan at %s (run %.12s)\n\n", fsc_time_format(at, p->at), p->run_id);
    print_workloads(&t);
    print_pools(&t);
    fsc_plan_budgets(p);
    return FSC_OK;
}

static void print_csv(const fsc_plan *p)
{
    char at[FSC_TIME_TEXT];
    (void)printf("at,workload,mode,min_replicas,max_replicas,hold\n");
    for (size_t i = 0; i < p->n_workloads; i++) {
        const fsc_workload_plan *w = &p->workloads[i];
        (void)printf("%s,%s,%s,%lld,%lld,%s\n", fsc_time_format(at, p->at), w->name,
                     mode_names[w->mode], (long long)w->min_replicas, (long long)w->max_replicas,
                     w->hold ? "true" : "false");
    }
}

fsc_status fsc_plan_print(const fsc_plan *p, const fsc_session *s, fsc_err *err)
{
    fsc_output form;
    fsc_buf json;
    FSC_TRY(fsc_args_output(&form, s->cli, err));
    switch (form) {
    case FSC_OUT_JSON:
        fsc_buf_init(&json, s->cli->arena, (size_t)256 << 20);
        fsc_plan_json(&json, p);
        FSC_TRY(fsc_buf_status(&json, err));
        (void)printf("%s\n", fsc_buf_str(&json));
        break;
    case FSC_OUT_CSV:
        print_csv(p);
        break;
    case FSC_OUT_TABLE:
        return print_table(p, s, err);
    }
    return FSC_OK;
}

fsc_exit fsc_plan_exit(const fsc_session *s, const fsc_plan *p)
{
    if (!s->cli->args.detailed_exitcode)
        return FSC_EXIT_OK;
    for (size_t i = 0; i < p->n_budgets; i++)
        if (p->budgets[i].state != FSC_BUDGET_CLOSED)
            return FSC_EXIT_BUDGET;
    for (size_t i = 0; i < p->n_workloads; i++)
        if (p->workloads[i].hold)
            return FSC_EXIT_HELD;
    for (size_t i = 0; i < p->n_workloads; i++)
        if (moves(&s->workloads[i], &p->workloads[i]))
            return FSC_EXIT_CHANGES;
    return FSC_EXIT_OK;
}
