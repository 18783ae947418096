/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/backtest_picture.h"
#include "forescale/document.h"
#include "forescale/file.h"

#include <math.h>
#include <string.h>

enum { SHOWN_S = 3 * FSC_DAY_S, BYTES_LIMIT = 256 << 20 };

/* ---- what was said, what came ---------------------------------------------------------------- */

enum { C_AT, C_CAME, C_LOW, C_MEDIAN, C_HIGH, C_N };

static void add_records(fsc_doc *d, const fsc_backtest *b)
{
    char low[24], high[24], ahead[FSC_TIME_TEXT];
    (void)snprintf(low, sizeof low, "P%g", 100 * b->q[0]);
    (void)snprintf(high, sizeof high, "P%g", 100 * b->q[b->n_q - 1]);
    const char *band = fsc_arena_printf(d->arena, &d->err, "%s to %s", low, high),
               *title =
                   fsc_arena_printf(d->arena, &d->err, "What was forecast %s ahead, and what came",
                                    fsc_duration_format(ahead, b->at[b->recorded].ahead_s));
    static const fsc_column columns[C_N] = {{"at", "Time", FSC_UNIT_TIME},
                                            {"actual", "What came", FSC_UNIT_NUMBER},
                                            {"low", "Lowest level", FSC_UNIT_NUMBER},
                                            {"median", "Median", FSC_UNIT_NUMBER},
                                            {"high", "Highest level", FSC_UNIT_NUMBER}};
    fsc_table *t = fsc_doc_table(d, "course", b->id, title, columns, C_N);
    size_t median = 0, rows = b->n_origins;
    if (!t)
        return;
    t->is_long = true;
    while (b->q[median] < 0.5)
        median++;
    if (b->stride_s < FSC_HOUR_S && rows > (size_t)(SHOWN_S / b->stride_s))
        rows = (size_t)(SHOWN_S / b->stride_s);
    for (size_t i = b->n_origins - rows; i < b->n_origins; i++) {
        const fsc_backtest_record *r = &b->record[i];
        fsc_cell *row = fsc_doc_row(d, t);
        row[C_AT].number = (double)r->t;
        row[C_CAME].number = r->actual;
        row[C_LOW].number = r->v[0];
        row[C_MEDIAN].number = r->v[median];
        row[C_HIGH].number = r->v[b->n_q - 1];
    }
    fsc_doc_chart(d, &(fsc_chart){.kind = FSC_CHART_LINES,
                                  .title = title,
                                  .what = "What came, with the median of the forecast and the band "
                                          "between its lowest and highest level.",
                                  .table = t,
                                  .n_layers = 3,
                                  .layers = {{FSC_MARK_BAND, C_LOW, C_HIGH, band},
                                             {FSC_MARK_PAST, C_CAME, 0, "what came"},
                                             {FSC_MARK_MEDIAN, C_MEDIAN, 0, "median"}}});
}

/* ---- errors ---------------------------------------------------------------------------------- */

enum { E_METHOD, E_MASE, E_WAPE, E_LOSS, E_COVERED, E_N };

static void add_errors(fsc_doc *d, const fsc_backtest *b)
{
    const char *level = fsc_arena_printf(d->arena, &d->err, "P%g", 100 * b->q[b->n_q - 1]);
    fsc_column *columns = FSC_NEW(d->arena, E_N, fsc_column, &d->err);
    if (!columns || !level)
        return;
    const fsc_column all[E_N] = {
        {"method", "Method", FSC_UNIT_TEXT},
        {"mase", "Error over a day's change", FSC_UNIT_NUMBER},
        {"wape", "Error over demand", FSC_UNIT_SHARE},
        {"pinball", fsc_arena_printf(d->arena, &d->err, "Loss of %s", level), FSC_UNIT_NUMBER},
        {"coverage", fsc_arena_printf(d->arena, &d->err, "Values at or below %s", level),
         FSC_UNIT_SHARE}};
    memcpy(columns, all, sizeof all);
    fsc_table *t = fsc_doc_table(d, "errors", b->id, "Errors over all horizons", columns, E_N);
    for (size_t m = FSC_N_METHODS; t && m-- > 0;) {
        const fsc_scores *s = &b->all.by[m];
        if (!s->n)
            continue;
        fsc_cell *row = fsc_doc_row(d, t);
        row[E_METHOD] = fsc_cell_text(fsc_method_words(b, m));
        row[E_MASE].number = s->mase;
        row[E_WAPE].number = s->wape;
        row[E_LOSS].number = s->pinball[b->n_q - 1];
        row[E_COVERED].number = s->coverage[b->n_q - 1];
    }
    if (t)
        fsc_doc_chart(d, &(fsc_chart){.kind = FSC_CHART_BARS,
                                      .title = "Absolute error by method",
                                      .what = "The shorter the bar, the better the forecast.",
                                      .table = t,
                                      .n_layers = 1,
                                      .layers = {{FSC_MARK_MEDIAN, E_MASE, 0, "error"}}});
}

static void add_series(fsc_doc *d, const fsc_backtest *b)
{
    fsc_buf say;
    fsc_buf_init(&say, d->arena, 4096);
    fsc_backtest_say(&say, b);
    fsc_doc_section(d, b->id, b->id, false);
    fsc_doc_text(d, "%s", fsc_buf_str(&say));
    fsc_doc_text(d, b->hold ? "A run would hold: %s." : "A run would act on it.", b->hold);
    add_records(d, b);
    add_errors(d, b);
}

fsc_status fsc_backtest_picture(const char *path, const fsc_backtest *list,
                                const fsc_status *results, size_t n, const fsc_zone *zone,
                                fsc_cli *cli, fsc_err *err)
{
    fsc_doc d;
    fsc_buf out;
    fsc_doc_init(&d, cli->arena, "Backtest", "Forecasts against what came", cli->now, zone);
    for (size_t i = 0; i < n; i++)
        if (results[i] == FSC_OK)
            add_series(&d, &list[i]);
    fsc_buf_init(&out, cli->arena, BYTES_LIMIT);
    FSC_TRY(fsc_doc_render(&out, &d, fsc_forms[0], err));
    return fsc_file_write(path, fsc_buf_str(&out), out.len, err);
}
