/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/json.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static fsc_arena *arena;
static fsc_err err;
static fsc_buf buf;

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, 16 << 20, &err), FSC_OK);
    fsc_buf_init(&buf, arena, 1 << 20);
}

static void teardown(void)
{
    fsc_arena_close(arena);
}

static const struct {
    const char *in, *out;
} strings[] = {
    {"", "\"\""},
    {"a \"b\" \\", "\"a \\\"b\\\" \\\\\""},
    {"tab\t nl\n", "\"tab\\u0009 nl\\u000a\""},
    {"\x01\x7f", "\"\\u0001\\u007f\""},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
    {"\xff\xfe", "\"\\ufffd\\ufffd\""},
    {"cut \xe2\x82", "\"cut \\ufffd\\ufffd\""},
    {"overlong \xc0\xaf", "\"overlong \\ufffd\\ufffd\""},
    {"surrogate \xed\xa0\x80", "\"surrogate \\ufffd\\ufffd\\ufffd\""},
};

START_TEST(a_string_is_escaped)
{
    fsc_json_string(&buf, strings[_i].in);
    ck_assert_str_eq(fsc_buf_str(&buf), strings[_i].out);
}
END_TEST

START_TEST(a_number_is_the_shortest_that_reads_back)
{
    static const double values[] = {0,
                                    -0.0,
                                    1,
                                    0.1,
                                    1.0 / 3,
                                    1e300,
                                    5e-324,
                                    800,
                                    0.30000000000000004,
                                    1795424340,
                                    9007199254740993.0};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        fsc_buf_init(&buf, arena, 100);
        fsc_json_number(&buf, values[i]);
        ck_assert_double_eq(strtod(fsc_buf_str(&buf), NULL), values[i]);
    }
    fsc_buf_init(&buf, arena, 100);
    fsc_json_number(&buf, 0.1);
    fsc_json_number(&buf, NAN);
    fsc_json_number(&buf, INFINITY);
    ck_assert_str_eq(fsc_buf_str(&buf), "0.1nullnull");
}
END_TEST

START_TEST(a_document_can_be_walked)
{
    static const char text[] = "{\"spec\":{\"min\":3,\"f\":2.5,\"s\":\"x\",\"q\":\"7\",\"no\":null,"
                               "\"yes\":true,\"list\":[1,[],{}]},\"big\":9007199254740992} \n";
    const fsc_node *n;
    ck_assert_int_eq(fsc_json_parse(&n, text, strlen(text), arena, &err), FSC_OK);
    ck_assert_int_eq(fsc_node_int(fsc_node_at(n, "spec", "min", NULL), -1), 3);
    ck_assert_int_eq(fsc_node_int(fsc_node_at(n, "spec", "q", NULL), -1), 7);
    ck_assert_int_eq(fsc_node_int(fsc_node_at(n, "spec", "f", NULL), -1), -1);
    ck_assert_double_eq(fsc_node_real(fsc_node_at(n, "spec", "f", NULL), -1), 2.5);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "spec", "s", NULL), ""), "x");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "spec", "no", NULL), "none"), "none");
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "spec", "yes", NULL), ""), "true");
    ck_assert_int_eq(fsc_node_at(n, "spec", "list", NULL)->kind, FSC_NODE_LIST);
    ck_assert_uint_eq(fsc_node_at(n, "spec", "list", NULL)->n, 3);
    ck_assert_int_eq(fsc_node_int(fsc_node_at(n, "big", NULL), -1),
                     -1); /* beyond what a double holds surely */
    ck_assert_ptr_null(fsc_node_at(n, "spec", "absent", "deeper", NULL));
    ck_assert_ptr_null(fsc_node_at(n, "big", "deeper", NULL));
    ck_assert_ptr_null(fsc_node_at(NULL, "x", NULL));
    ck_assert_str_eq(fsc_node_text(fsc_node_at(n, "spec", NULL), "a map"), "a map");
}
END_TEST

static const char *const broken[] = {"",      " ",     "{",      "[1,",         "{\"a\"}",   "nul",
                                     "{} {}", "[1] x", "<html>", "\"\\ud800\"", "{\"a\":1,}"};

START_TEST(broken_text_is_refused)
{
    const fsc_node *n;
    ck_assert_int_eq(fsc_json_parse(&n, broken[_i], strlen(broken[_i]), arena, &err), FSC_DATA);
    ck_assert_uint_gt(strlen(err.msg), 0);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char text[400];
    const fsc_node *n;
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    ck_assert_int_eq(fsc_json_parse(&n, text, sizeof text, arena, &err), FSC_DATA);
    ck_assert_int_eq(fsc_json_parse(&n, text + 140, 120, arena, &err), FSC_OK);
}
END_TEST

START_TEST(only_the_given_bytes_are_read)
{
    const fsc_node *n;
    ck_assert_int_eq(fsc_json_parse(&n, "[1]garbage", 3, arena, &err), FSC_OK);
    ck_assert_uint_eq(n->n, 1);
}
END_TEST

static const struct {
    const char *scalar;
    bool quoted;
    const char *out;
} scalars[] = {
    {"12", false, "12"},       {"-2.5e+3", false, "-2.5e+3"}, {"0", false, "0"},
    {"12", true, "\"12\""},    {"007", false, "\"007\""},     {"1.", false, "\"1.\""},
    {".5", false, "\".5\""},   {"+1", false, "\"+1\""},       {"1e", false, "\"1e\""},
    {"-", false, "\"-\""},     {"true", false, "true"},       {"true", true, "\"true\""},
    {"yes", false, "\"yes\""}, {"~", false, "null"},          {"", false, "null"},
    {"", true, "\"\""},
};

START_TEST(a_plain_scalar_is_what_json_knows_or_a_string)
{
    const fsc_node n = {.scalar = scalars[_i].scalar, .quoted = scalars[_i].quoted};
    fsc_json_node(&buf, &n);
    ck_assert_str_eq(fsc_buf_str(&buf), scalars[_i].out);
}
END_TEST

START_TEST(a_document_is_written_as_it_was_read)
{
    static const char text[] = "{\"a\":[1,-2.5,\"1\",true,null,{}],\"b \\\"\":[]}";
    const fsc_node *n;
    ck_assert_int_eq(fsc_json_parse(&n, text, sizeof text - 1, arena, &err), FSC_OK);
    fsc_json_node(&buf, n);
    ck_assert_str_eq(fsc_buf_str(&buf), text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tc = tcase_create("json");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_string_is_escaped, 0, (int)(sizeof strings / sizeof strings[0]));
    tcase_add_test(tc, a_number_is_the_shortest_that_reads_back);
    tcase_add_test(tc, a_document_can_be_walked);
    tcase_add_loop_test(tc, broken_text_is_refused, 0, (int)(sizeof broken / sizeof broken[0]));
    tcase_add_loop_test(tc, a_plain_scalar_is_what_json_knows_or_a_string, 0,
                        (int)(sizeof scalars / sizeof scalars[0]));
    tcase_add_test(tc, a_document_is_written_as_it_was_read);
    tcase_add_test(tc, deep_nesting_is_refused);
    tcase_add_test(tc, only_the_given_bytes_are_read);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
