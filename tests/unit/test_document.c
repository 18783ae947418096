/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/document.h"
#include "forescale/json.h"

#include <math.h>
#include <string.h>

static const fsc_column columns[] = {
    {"name", "Name", FSC_UNIT_TEXT},    {"n", "Count", FSC_UNIT_COUNT},
    {"share", "Share", FSC_UNIT_SHARE}, {"bill", "Bill", FSC_UNIT_MONEY},
    {"at", "When", FSC_UNIT_TIME},      {"lead", "Lead", FSC_UNIT_DURATION},
    {"level", "Level", FSC_UNIT_NUMBER}};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static fsc_table *a_table(fsc_doc *d)
{
    fsc_doc_init(d, arena, "Report", "A <title> & more", 1793004840, &fsc_zone_utc);
    fsc_doc_section(d, "one", "First", false);
    fsc_doc_text(d, "It is <%d> & \"%s\".", 7, "so");
    fsc_table *t = fsc_doc_table(d, "things", "subject", "Things", columns, N_COLUMNS);
    fsc_cell *row = fsc_doc_row(d, t);
    row[0].text = "a,\"b\"|<c>";
    row[1].number = 12345;
    row[2].number = 0.125;
    row[3] = fsc_cell_money(1234.5, "USD");
    row[4].number = 1793004840;
    row[5].number = 408;
    row[6].number = 39.2781;
    fsc_doc_row(d, t)[0].text = "unknown";
    return t;
}

static const char *render(const fsc_doc *d, const char *form)
{
    fsc_buf out;
    fsc_buf_init(&out, arena, 1 << 22);
    for (const fsc_form *const *f = fsc_forms; *f; f++)
        if (!strcmp((*f)->name, form)) {
            OK(fsc_doc_render(&out, d, *f, &err));
            return fsc_buf_str(&out);
        }
    ck_abort_msg("no form %s", form);
    return NULL;
}

static void has(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in:\n%s", words, text);
}

START_TEST(every_form_has_the_same_numbers)
{
    fsc_doc d;
    (void)a_table(&d);
    static const char *const people[] = {"12,345", "12.5 %", "1,234.50 USD", "Mon 2026-10-26 08:54",
                                         "6m48s",  "39.28"};
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        has(render(&d, "html"), people[i]);
        has(render(&d, "md"), people[i]);
    }
    const char *csv = render(&d, "csv");
    has(csv, "section,table,subject,row,measure,value,unit\n");
    has(csv, "one,things,subject,\"a,\"\"b\"\"|<c>\",n,12345,count\n");
    has(csv, ",share,0.125,ratio\n");
    has(csv, ",bill,1234.5,USD\n");
    has(csv, ",at,2026-10-26T08:54:00Z,time\n");
    has(csv, ",lead,408,seconds\n");
    has(csv, ",level,39.2781,number\n");
    has(csv, "unknown,n,,count\n");
}
END_TEST

START_TEST(json_holds_every_cell_by_its_key)
{
    fsc_doc d;
    const fsc_node *root;
    (void)a_table(&d);
    const char *text = render(&d, "json");
    OK(fsc_json_parse(&root, text, strlen(text), arena, &err));
    const fsc_node *section = fsc_node_at(root, "sections", NULL)->items[0];
    const fsc_node *rows =
        fsc_node_at(fsc_node_at(section, "tables", NULL)->items[0], "rows", NULL);
    ck_assert_uint_eq(rows->n, 2);
    const fsc_node *row = rows->items[0];
    ck_assert_str_eq(fsc_node_text(fsc_node_at(row, "name", NULL), ""), "a,\"b\"|<c>");
    ck_assert_int_eq(fsc_node_int(fsc_node_at(row, "n", NULL), 0), 12345);
    ck_assert_double_eq(fsc_node_real(fsc_node_at(row, "bill", NULL), 0), 1234.5);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(row, "billCurrency", NULL), ""), "USD");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(row, "at", NULL), ""), "2026-10-26T08:54:00Z");
    ck_assert_str_eq(fsc_node_at(rows->items[1], "level", NULL)->scalar, "null");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(section, "text", NULL)->items[0], ""),
                     "It is <7> & \"so\".");
}
END_TEST

START_TEST(names_are_no_markup)
{
    fsc_doc d;
    (void)a_table(&d);
    const char *html = render(&d, "html");
    ck_assert_ptr_null(strstr(html, "<c>"));
    ck_assert_ptr_null(strstr(html, "<title> &"));
    has(html, "a,&quot;b&quot;|&lt;c&gt;");
    has(render(&d, "md"), "a,\"b\"\\|\\<c\\>");
}
END_TEST

START_TEST(a_gap_lifts_the_pen)
{
    static const fsc_column course[] = {{"at", "At", FSC_UNIT_TIME},
                                        {"v", "V", FSC_UNIT_NUMBER},
                                        {"low", "Low", FSC_UNIT_NUMBER},
                                        {"high", "High", FSC_UNIT_NUMBER}};
    fsc_doc d;
    fsc_doc_init(&d, arena, "Report", "T", 0, &fsc_zone_utc);
    fsc_doc_section(&d, "s", "S", false);
    fsc_table *t = fsc_doc_table(&d, "t", NULL, "T", course, 4);
    for (int i = 0; i < 6; i++) {
        fsc_cell *row = fsc_doc_row(&d, t);
        row[0].number = 3600.0 * i;
        row[1].number = i == 2 ? NAN : 10;
        row[2].number = i == 4 ? NAN : 5;
        row[3].number = 15;
    }
    t->is_long = true;
    fsc_doc_chart(
        &d, &(fsc_chart){.kind = FSC_CHART_LINES,
                         .title = "Chart",
                         .what = "What",
                         .table = t,
                         .n_layers = 2,
                         .layers = {{FSC_MARK_PAST, 1, 0, "past"}, {FSC_MARK_BAND, 2, 3, "band"}}});
    const char *html = render(&d, "html"), *line = strstr(html, "class=\"past\" d=\"");
    ck_assert_ptr_nonnull(line);
    line += strlen("class=\"past\" d=\"");
    size_t pieces = 0, areas = 0;
    for (const char *p = line; *p != '"'; p++)
        pieces += *p == 'M';
    ck_assert_uint_eq(pieces, 2);
    const char *band = strstr(html, "class=\"band\" d=\"") + strlen("class=\"band\" d=\"");
    for (const char *p = band; *p != '"'; p++)
        areas += *p == 'z';
    ck_assert_uint_eq(areas, 2);
    ck_assert_ptr_null(strstr(html, "nan"));
    /* What is drawn is not printed, and is in JSON. */
    ck_assert_ptr_null(strstr(html, "<table>"));
    has(render(&d, "json"), "\"v\":10");
}
END_TEST

START_TEST(a_full_arena_is_told_once_at_the_end)
{
    fsc_doc d;
    fsc_arena *small;
    fsc_buf out;
    OK(fsc_arena_open(&small, 1 << 14, &err));
    fsc_doc_init(&d, small, "Report", "T", 0, &fsc_zone_utc);
    fsc_doc_section(&d, "s", "S", false);
    fsc_table *t = fsc_doc_table(&d, "t", NULL, "T", columns, N_COLUMNS);
    for (int i = 0; i < 10000; i++)
        fsc_doc_row(&d, t)[1].number = i;
    fsc_doc_text(&d, "behind the failure");
    fsc_buf_init(&out, arena, 1 << 20);
    ck_assert_int_eq(fsc_doc_render(&out, &d, fsc_forms[0], &err), FSC_NOMEM);
    fsc_arena_close(small);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, every_form_has_the_same_numbers);
    tcase_add_test(t, json_holds_every_cell_by_its_key);
    tcase_add_test(t, names_are_no_markup);
    tcase_add_test(t, a_gap_lifts_the_pen);
    tcase_add_test(t, a_full_arena_is_told_once_at_the_end);
}

int main(void)
{
    return run_suite("document", add_tests);
}
