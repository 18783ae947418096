/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_suite.h"

static const fsc_ledger_row an_action = {.at = 100,
                                         .run_id = "r1",
                                         .kind = "act",
                                         .object = "llama",
                                         .op = "set-bounds",
                                         .before = "{\"min\":1}",
                                         .after = "{\"min\":4}",
                                         .verdict = FSC_VERDICT_CLAMPED,
                                         .why = "spike",
                                         .micros = 5,
                                         .currency = "USD",
                                         .dry_run = true,
                                         .key = "k"};

static int64_t intend(fsc_store *s, const fsc_ledger_row *row)
{
    int64_t id;
    OK(fsc_ledger_intend(&id, s, row, &err));
    return id;
}

static size_t read_rows(fsc_ledger_entry **rows, fsc_store *s, const char *run, const char *object)
{
    size_t n;
    OK(fsc_ledger_read(rows, &n, s, run, object, INT64_MIN, INT64_MAX, 10, arena, &err));
    return n;
}

START_TEST(a_row_comes_back_whole)
{
    fsc_store *s = open_store();
    fsc_ledger_entry *rows;
    int64_t id = intend(s, &an_action);
    ck_assert_uint_eq(read_rows(&rows, s, NULL, NULL), 1);
    const fsc_ledger_row *r = &rows[0].row;
    ck_assert_int_eq(r->id, id);
    ck_assert_int_eq(r->at, 100);
    ck_assert_str_eq(r->run_id, "r1");
    ck_assert_str_eq(r->kind, "act");
    ck_assert_str_eq(r->object, "llama");
    ck_assert_str_eq(r->op, "set-bounds");
    ck_assert_str_eq(r->before, "{\"min\":1}");
    ck_assert_str_eq(r->after, "{\"min\":4}");
    ck_assert_int_eq(r->verdict, FSC_VERDICT_CLAMPED);
    ck_assert_str_eq(r->why, "spike");
    ck_assert_int_eq(r->micros, 5);
    ck_assert_str_eq(r->currency, "USD");
    ck_assert(r->dry_run);
    ck_assert_str_eq(r->key, "k");
    ck_assert_ptr_null(rows[0].outcome); /* a run that was killed in between */
    fsc_store_close(s);
}
END_TEST

START_TEST(an_intent_is_settled_once)
{
    fsc_store *s = open_store();
    fsc_ledger_entry *rows;
    int64_t id = intend(s, &an_action);
    ck_assert_int_eq(fsc_ledger_settle(s, id + 1, 101, "applied", "", &err), FSC_STORE);
    OK(fsc_ledger_settle(s, id, 0, "applied", "ok", &err));
    ck_assert_int_eq(fsc_ledger_settle(s, id, 102, "failed", "", &err), FSC_STORE);
    ck_assert_uint_eq(read_rows(&rows, s, NULL, NULL), 1);
    ck_assert_str_eq(rows[0].outcome, "applied");
    ck_assert_str_eq(rows[0].receipt, "ok");
    ck_assert_int_eq(rows[0].settled_at, 0);
    fsc_store_close(s);
}
END_TEST

START_TEST(rows_are_found_by_run_object_time_and_number)
{
    fsc_store *s = open_store();
    fsc_ledger_entry *rows;
    size_t n;
    for (int i = 0; i < 20; i++) {
        fsc_ledger_row row = an_action;
        row.at = 100 + i;
        row.run_id = i % 2 ? "odd" : "even";
        row.object = i % 4 ? "llama" : "mistral";
        intend(s, &row);
    }
    ck_assert_uint_eq(read_rows(&rows, s, NULL, NULL), 10); /* the limit */
    ck_assert_int_eq(rows[0].row.at, 119);                  /* newest first */
    ck_assert_int_eq(rows[9].row.at, 110);
    ck_assert_uint_eq(read_rows(&rows, s, "even", "llama"), 5);
    ck_assert_uint_eq(read_rows(&rows, s, "odd", "mistral"), 0);
    OK(fsc_ledger_read(&rows, &n, s, NULL, "mistral", 104, 112, 10, arena, &err));
    ck_assert_uint_eq(n, 3);
    fsc_store_close(s);
}
END_TEST

static const struct tampering {
    const char *sql;
    const fsc_engine *only; /* NULL: any knows the words */
} tamperings[] = {
    {"UPDATE ledger SET micros = 0", NULL},
    {"DELETE FROM ledger", NULL},
    {"UPDATE receipt SET outcome = 'applied'", NULL},
    {"DELETE FROM receipt", NULL},
    {"UPDATE spend SET micros = 0", NULL},
    {"DELETE FROM spend", NULL},
    {"INSERT INTO spend SELECT budget, from_t, to_t, 0, currency FROM spend WHERE true "
     "ON CONFLICT (budget, to_t) DO UPDATE SET micros = 0",
     NULL},
    {"REPLACE INTO ledger SELECT id, 1, '', '', '', '', '', '', 0, '', 0, '', 0, '' FROM ledger",
     &fsc__sqlite},
    {"TRUNCATE spend", &fsc__pg},
};

START_TEST(the_ledger_is_append_only)
{
    fsc_store *s = open_store();
    fsc_ledger_entry *rows;
    int64_t micros;
    bool others;
    const struct tampering *t = &tamperings[_i];
    OK(fsc_ledger_settle(s, intend(s, &an_action), 101, "failed", "", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 0, 60, 1000, "USD", &err));
    if (!t->only || t->only == s->engine) {
        ck_assert_int_eq(fsc__db_exec(s, t->sql, &err), FSC_STORE);
        ck_assert_msg(strstr(err.msg, "append-only") != NULL, "%s", err.msg);
    }
    ck_assert_uint_eq(read_rows(&rows, s, NULL, NULL), 1);
    ck_assert_str_eq(rows[0].outcome, "failed");
    ck_assert_int_eq(rows[0].row.micros, 5);
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 0, 60, &err));
    ck_assert_int_eq(micros, 1000);
    fsc_store_close(s);
}
END_TEST

START_TEST(spend_counts_each_run_once)
{
    fsc_store *s = open_store();
    int64_t micros;
    bool others;
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 0, 120, &err));
    ck_assert_int_eq(micros, 0);
    OK(fsc_ledger_spend_add(s, "gpu", 0, 60, 1000, "USD", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 60, 120, 500, "USD", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 60, 120, 999, "USD", &err)); /* the same run again */
    OK(fsc_ledger_spend_add(s, "other", 60, 120, 7, "USD", &err));
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 60, 120, &err));
    ck_assert_int_eq(micros, 500);
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 0, 120, &err));
    ck_assert_int_eq(micros, 1500);
    fsc_store_close(s);
}
END_TEST

START_TEST(spend_is_of_one_currency_and_counts_by_its_share_at_an_edge)
{
    fsc_store *s = open_store();
    int64_t micros;
    bool others;
    OK(fsc_ledger_spend_add(s, "gpu", 0, 60, 1000, "USD", &err));
    OK(fsc_ledger_spend_add(s, "gpu", 60, 120, 500, "USD", &err));
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 45, 100, &err));
    ck_assert_int_eq(micros, 250 + 334); /* 333.33, rounded up */
    ck_assert(!others);
    OK(fsc_ledger_spend_add(s, "gpu", 120, 180, 9, "EUR", &err));
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "USD", 0, 180, &err));
    ck_assert_int_eq(micros, 1500);
    ck_assert(others);
    OK(fsc_ledger_spend_sum(&micros, &others, s, "gpu", "EUR", 120, 180, &err));
    ck_assert_int_eq(micros, 9);
    ck_assert(!others);
    fsc_store_close(s);
}
END_TEST

START_TEST(the_newest_row_of_a_kind_is_found)
{
    fsc_store *s = open_store();
    fsc_ledger_row row = an_action;
    fsc_ledger_entry found;
    row.kind = "price";
    row.object = "pool";
    for (row.at = 100; row.at < 400; row.at += 100) {
        row.micros = row.at;
        (void)intend(s, &row);
    }
    (void)intend(s, &an_action);
    OK(fsc_ledger_newest(&found, s, "price", "pool", 250, arena, &err));
    ck_assert_int_eq(found.row.micros, 200);
    OK(fsc_ledger_newest(&found, s, "price", "pool", 1000, arena, &err));
    ck_assert_int_eq(found.row.micros, 300);
    ck_assert_int_eq(fsc_ledger_newest(&found, s, "price", "pool", 99, arena, &err), FSC_MISSING);
    fsc_store_close(s);
}
END_TEST

static void act(fsc_store *s, int64_t at, const char *after, const char *outcome)
{
    fsc_ledger_row row = an_action;
    row.at = at;
    row.after = after;
    row.verdict = strcmp(outcome, "held") ? FSC_VERDICT_ALLOWED : FSC_VERDICT_HELD;
    OK(fsc_ledger_settle(s, intend(s, &row), at, outcome, "", &err));
}

START_TEST(acts_are_counted_and_their_changes_found)
{
    fsc_store *s = open_store();
    fsc_ledger_sums sums;
    fsc_ledger_change *c;
    size_t n;
    act(s, 100, "a", "applied");
    act(s, 160, "a", "unchanged");
    act(s, 220, "b", "failed"); /* never in force */
    act(s, 280, "b", "planned");
    act(s, 340, "b", "held");
    act(s, 1000, "b", "applied"); /* after a pause */
    act(s, 2000, "c", "applied"); /* too late to be read */
    OK(fsc_ledger_count(&sums, s, "act", "llama", 0, 1500, &err));
    ck_assert_uint_eq(sums.rows, 6);
    ck_assert_uint_eq(sums.applied, 2);
    ck_assert_uint_eq(sums.planned, 1);
    ck_assert_uint_eq(sums.held, 1);
    ck_assert_uint_eq(sums.failed, 1);
    ck_assert_int_eq(sums.newest, 1000);
    OK(fsc_ledger_changes(&c, &n, s, "llama", 0, 1500, 300, arena, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(c[0].at, 100);
    ck_assert_int_eq(c[0].before_at, 0);
    ck_assert_int_eq(c[1].at, 280);
    ck_assert_int_eq(c[1].before_at, 160);
    ck_assert_str_eq(c[1].after, "b");
    ck_assert_int_eq(c[2].at, 1000);
    ck_assert_int_eq(c[2].before_at, 280);
    /* What a run let stand has no row of its own. */
    fsc_ledger_row run = {.at = 900, .kind = "run", .object = FSC_LEDGER_RUNS};
    (void)intend(s, &run);
    OK(fsc_ledger_changes(&c, &n, s, "llama", 0, 1500, 300, arena, &err));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(c[1].before_at, 160);
    run.at = 250;
    (void)intend(s, &run);
    OK(fsc_ledger_changes(&c, &n, s, "llama", 0, 1500, 300, arena, &err));
    ck_assert_int_eq(c[1].before_at, 250);
    OK(fsc_ledger_count(&sums, s, "act", "nobody", 0, 1500, &err));
    ck_assert_uint_eq(sums.rows, 0);
    fsc_store_close(s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_row_comes_back_whole);
    tcase_add_test(t, an_intent_is_settled_once);
    tcase_add_test(t, rows_are_found_by_run_object_time_and_number);
    tcase_add_loop_test(t, the_ledger_is_append_only, 0, sizeof tamperings / sizeof *tamperings);
    tcase_add_test(t, spend_counts_each_run_once);
    tcase_add_test(t, spend_is_of_one_currency_and_counts_by_its_share_at_an_edge);
    tcase_add_test(t, the_newest_row_of_a_kind_is_found);
    tcase_add_test(t, acts_are_counted_and_their_changes_found);
}

int main(void)
{
    return run_store_suite("ledger", add);
}
