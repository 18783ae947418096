/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each type of an option row against good and bad text, and the reference made from the rows. */
#include "suite.h"

#include "forescale/json.h"
#include "forescale/money.h"
#include "forescale/time.h"
#include "forescale/yaml.h"

#include <stdio.h>
#include <string.h>

typedef struct values {
    bool flag;
    const char *text;
    int64_t whole;
    double real;
    fsc_money money;
    fsc_strings list;
    fsc_string_map map;
    int word;
    const fsc_zone *zone;
} values;

static const char *const words[] = {"observe", "enforce", NULL};

static const fsc_opt rows[] = {
    {"string", FSC_OPT_STRING, offsetof(values, text), .optional = true, .doc = "A text."},
    {"promql", FSC_OPT_PROMQL, offsetof(values, text), .optional = true, .doc = "A query."},
    {"url", FSC_OPT_URL, offsetof(values, text), .optional = true, .doc = "A \"URL\"."},
    {"path", FSC_OPT_PATH, offsetof(values, text), .optional = true, .doc = "A path."},
    {"secret", FSC_OPT_SECRET, offsetof(values, text), .optional = true, .doc = "A secret."},
    {"bool", FSC_OPT_BOOL, offsetof(values, flag), .optional = true, .doc = "A flag."},
    {"int", FSC_OPT_INT, offsetof(values, whole), .def = "3", .min = -5, .max = 10,
     .doc = "A number."},
    {"real", FSC_OPT_REAL, offsetof(values, real), .optional = true, .doc = "A number."},
    {"ratio", FSC_OPT_RATIO, offsetof(values, real), .optional = true, .doc = "A share."},
    {"quantile", FSC_OPT_QUANTILE, offsetof(values, real), .optional = true, .doc = "A level."},
    {"duration", FSC_OPT_DURATION, offsetof(values, whole), .optional = true, .min = 60,
     .max = 5400, .doc = "A time."},
    {"time", FSC_OPT_TIME, offsetof(values, whole), .optional = true, .doc = "A time."},
    {"local", FSC_OPT_LOCAL_TIME, offsetof(values, text), .optional = true, .doc = "A time."},
    {"money", FSC_OPT_MONEY, offsetof(values, money), .optional = true, .doc = "A sum."},
    {"rate", FSC_OPT_RATE, offsetof(values, money), .optional = true, .doc = "A price."},
    {"unit", FSC_OPT_CURRENCY_RATE_UNIT, offsetof(values, text), .optional = true,
     .doc = "A unit."},
    {"enum", FSC_OPT_ENUM, offsetof(values, word), .def = "observe", .words = words,
     .doc = "A word."},
    {"zone", FSC_OPT_ZONE, offsetof(values, zone), .def = "Etc/UTC", .doc = "A zone."},
    {"list", FSC_OPT_STRINGS, offsetof(values, list), .optional = true, .doc = "Texts."},
    {"map", FSC_OPT_STRING_MAP, offsetof(values, map), .optional = true, .doc = "Texts."},
    {0},
};

static const char *fake_env(void *io, const char *name)
{
    (void)io;
    return !strcmp(name, "TOKEN")    ? "s3cret"
           : !strcmp(name, "BROKEN") ? "two\nlines"
           : !strcmp(name, "EMPTY")  ? ""
                                     : NULL;
}

static fsc_status read_zone(const void **out, void *io, const char *name, fsc_arena *a, fsc_err *e)
{
    (void)io;
    (void)a;
    *out = &fsc_zone_utc;
    return !strcmp(name, "Etc/UTC") ? FSC_OK : fsc_fail(e, FSC_CONFIG, "no zone %s", name);
}

static fsc_status read_yaml(values *v, const char *text)
{
    const fsc_node *root;
    const fsc_opt_ctx ctx = {
        .file = "etc/x.yaml", .arena = arena, .env = fake_env, .zone = read_zone};
    OK(fsc_yaml_parse(&root, "etc/x.yaml", text, strlen(text), arena, &err));
    memset(v, 0, sizeof *v);
    return fsc_options_read(v, rows, root, &ctx, &err);
}

static const struct good_case {
    const char *text;
    const char *string; /* the one field that is compared */
    double number;
} goods[] = {
    {"string: 5", "5", 0},
    {"promql: 'sum(rate(x{a=\"}\"}[5m])) # it''s'", "sum(rate(x{a=\"}\"}[5m])) # it's", 0},
    {"promql: 'x{a=\"\\\"(\"}'", "x{a=\"\\\"(\"}", 0},
    {"url: https://h:9090/p", "https://h:9090/p", 0},
    {"path: a/b", "etc/a/b", 0},
    {"path: /a", "/a", 0},
    {"secret: ${TOKEN}", "s3cret", 0},
    {"unit: USD/h", "USD/h", 0},
    {"local: 2026-11-27T08:00", "2026-11-27T08:00", 0},
    {"int: -5", NULL, -5},
    {"{}", NULL, 3},
    {"duration: 1h30m", NULL, 5400},
    {"duration: \"60s\"", NULL, 60},
    {"time: 1795510800", NULL, 1795510800},
    {"real: 1e3", NULL, 1000},
    {"ratio: 1", NULL, 1},
    {"quantile: 0.95", NULL, 0.95},
};

START_TEST(a_good_value_is_read)
{
    const struct good_case *c = &goods[_i];
    values v;
    fsc_status status = read_yaml(&v, c->text);
    ck_assert_msg(status == FSC_OK, "%s: %s", c->text, err.msg);
    if (c->string)
        ck_assert_str_eq(v.text, c->string);
    else
        ck_assert_double_eq(v.real != 0 ? v.real : (double)v.whole, c->number);
}
END_TEST

static const struct bad_case {
    const char *text, *message; /* the whole message */
} bads[] = {
    {"string: \"\"", "etc/x.yaml:1:9: string is empty"},
    {"string:", "etc/x.yaml:1:8: string has no value: give one or remove the key"},
    {"string: ~", "etc/x.yaml:1:9: string has no value: give one or remove the key"},
    {"string: [a]", "etc/x.yaml:1:9: string is a single value (text), not a list"},
    {"promql: sum(x", "etc/x.yaml:1:9: promql: ) is missing in sum(x"},
    {"promql: sum(x]", "etc/x.yaml:1:9: promql: \"]\" closes nothing in sum(x]"},
    {"promql: \" \"", "etc/x.yaml:1:9: promql is empty"},
    {"url: http://bob:hunter2@x/",
     "etc/x.yaml:1:6: url: the URL holds a login: take it out, and use username and passwordFile"},
    {"url: ftp://x", "etc/x.yaml:1:6: url: \"ftp://x\" does not begin with http:// or https://"},
    {"url: http://", "etc/x.yaml:1:6: url: \"http://\" names no host"},
    {"url: \"http://:9090\"", "etc/x.yaml:1:6: url: \"http://:9090\" names no host"},
    {"secret: abc", "etc/x.yaml:1:9: secret: secrets do not stand in the file: write ${NAME} of an "
                    "environment variable"},
    {"secret: ${NONE}", "etc/x.yaml:1:9: secret: the environment has no NONE: set it"},
    {"secret: ${EMPTY}", "etc/x.yaml:1:9: secret: the environment has no EMPTY: set it"},
    {"bool: yes", "etc/x.yaml:1:7: bool is true or false, not \"yes\""},
    {"int: 11", "etc/x.yaml:1:6: int: 11 is out of range: from -5 to 10"},
    {"int: 1.0", "etc/x.yaml:1:6: int is a whole number, not \"1.0\""},
    {"int: 0x5", "etc/x.yaml:1:6: int is a whole number, not \"0x5\""},
    {"int: 010", "etc/x.yaml:1:6: int is a whole number, not \"010\""},
    {"int: 99999999999999999999", "etc/x.yaml:1:6: int is a whole number, not "
                                  "\"99999999999999999999\""},
    {"int: \"5\"", "etc/x.yaml:1:6: int is a whole number: write it without quotes"},
    {"real: .inf", "etc/x.yaml:1:7: real is a number, not \".inf\""},
    {"real: nan", "etc/x.yaml:1:7: real is a number, not \"nan\""},
    {"real: 0x10", "etc/x.yaml:1:7: real is a number, not \"0x10\""},
    {"ratio: 1.1", "etc/x.yaml:1:8: ratio: 1.1 is no ratio: from 0 to 1"},
    {"quantile: 95",
     "etc/x.yaml:1:11: quantile: 95 is no quantile level: between 0 and 1, as 0.95"},
    {"duration: 60", "etc/x.yaml:1:11: duration: 60 has no unit: write 60s, or with m, h, d, w"},
    {"duration: 59s", "etc/x.yaml:1:11: duration: 59s is out of range: from 1m to 1h30m"},
    {"time: noon", "etc/x.yaml:1:7: time: \"noon\" is no time: write 2026-11-24T09:00:00Z or Unix "
                   "seconds"},
    {"local: 8:00", "etc/x.yaml:1:8: local: \"8:00\" is no time: write 2026-11-24T09:00, with Z or "
                    "an offset if it is not local"},
    {"money: 800", "etc/x.yaml:1:8: money: 800 has no currency: write 800 USD"},
    {"rate: 16 USD", "etc/x.yaml:1:7: rate: \"16 USD\": write 16.00 USD/h"},
    {"unit: usd", "etc/x.yaml:1:7: unit: \"usd\" is no unit: write USD/h for a rate or USD for a "
                  "sum"},
    {"enum: enforced", "etc/x.yaml:1:7: enum cannot be \"enforced\", did you mean \"enforce\"?"},
    {"enum: x", "etc/x.yaml:1:7: enum cannot be \"x\": it is one of observe, enforce"},
    {"zone: Mars", "etc/x.yaml:1:7: zone: no zone Mars"},
    {"list: a", "etc/x.yaml:1:7: list is a list: write [a, b]"},
    {"list: []", "etc/x.yaml:1:7: list is empty: name some or remove the key"},
    {"list: [a, [b]]", "etc/x.yaml:1:11: list: an entry is a text"},
    {"map: a", "etc/x.yaml:1:6: map is a map: write {Name: value}"},
    {"map: {a: [b]}", "etc/x.yaml:1:10: map.a is a text"},
    {"map: {a: \"${NONE}\"}", "etc/x.yaml:1:10: map: the environment has no NONE: set it"},
    {"map: {a: \"${\"}", "etc/x.yaml:1:10: map: ${ begins no ${NAME}"},
    {"map: {a: \"${BROKEN}\"}",
     "etc/x.yaml:1:10: map.a holds a line end or another control character"},
    {"- a", "etc/x.yaml:1:1: a section is a map of keys and values"},
    {"string: a\nstrnig: b", "etc/x.yaml:2:1: unknown key \"strnig\", did you mean \"string\"?"},
};

START_TEST(a_bad_value_is_refused_with_its_place_and_what_to_do)
{
    const struct bad_case *c = &bads[_i];
    values v;
    ck_assert_msg(read_yaml(&v, c->text) == FSC_CONFIG, "%s was taken", c->text);
    ck_assert_str_eq(err.msg, c->message);
}
END_TEST

START_TEST(a_map_takes_variables_inside_its_values)
{
    values v;
    OK(read_yaml(&v,
                 "map: {Authorization: \"Bearer ${TOKEN}!\", Cost: $5, Two: '${TOKEN}${TOKEN}'}"));
    ck_assert_uint_eq(v.map.n, 3);
    ck_assert_str_eq(v.map.k[0], "Authorization");
    ck_assert_str_eq(v.map.v[0], "Bearer s3cret!");
    ck_assert_str_eq(v.map.v[1], "$5");
    ck_assert_str_eq(v.map.v[2], "s3crets3cret");
}
END_TEST

START_TEST(the_reference_names_every_row)
{
    fsc_buf b;
    fsc_buf_init(&b, arena, 1 << 20);
    fsc_options_markdown(&b, "Title", rows);
    ck_assert_ptr_nonnull(strstr(fsc_buf_str(&b), "# Title\n"));
    ck_assert_ptr_nonnull(
        strstr(fsc_buf_str(&b), "\n| `duration` | duration, 1m to 1h30m | | A time. |\n"));
    ck_assert_ptr_nonnull(strstr(
        fsc_buf_str(&b), "\n| `enum` | word: `observe`, `enforce` | `observe` | A word. |\n"));
    for (const fsc_opt *r = rows; r->key; r++) {
        char cell[40];
        (void)snprintf(cell, sizeof cell, "\n| `%s` |", r->key);
        ck_assert_msg(strstr(fsc_buf_str(&b), cell) != NULL, "%s", r->key);
    }
}
END_TEST

START_TEST(the_schema_is_json_and_says_the_same)
{
    fsc_buf b;
    const fsc_node *root;
    fsc_buf_init(&b, arena, 1 << 20);
    fsc_options_json_schema(&b, fsc_config_rows());
    OK(fsc_json_parse(&root, fsc_buf_str(&b), b.len, arena, &err));
    const fsc_node *pool = fsc_node_at(root, "properties", "pools", "items", NULL);
    ck_assert_ptr_nonnull(pool);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(pool, "additionalProperties", NULL), ""), "false");
    const fsc_node *gpus = fsc_node_at(pool, "properties", "gpusPerNode", NULL);
    ck_assert_str_eq(fsc_node_text(fsc_node_at(gpus, "type", NULL), ""), "integer");
    ck_assert_int_eq(fsc_node_int(fsc_node_at(gpus, "minimum", NULL), -1), 1);
    ck_assert_uint_eq(fsc_node_at(pool, "required", NULL)->n, 2);
    const fsc_node *kind =
        fsc_node_at(pool, "properties", "prewarm", "properties", "kind", "enum", NULL);
    ck_assert_ptr_nonnull(kind);
    ck_assert_uint_eq(kind->n, 8);
    fsc_buf_init(&b, arena, 1 << 20);
    fsc_options_json_schema(&b, rows);
    OK(fsc_json_parse(&root, fsc_buf_str(&b), b.len, arena, &err));
    ck_assert_str_eq(fsc_node_text(fsc_node_at(root, "properties", "secret", "pattern", NULL), ""),
                     "^\\$\\{.+\\}$");
}
END_TEST

START_TEST(a_suggestion_is_near_or_none)
{
    static const char *const known[] = {"prometheus", "pools", "workloads", "budgets"};
    ck_assert_str_eq(fsc_suggest("promethues", known, 4), "prometheus");
    ck_assert_str_eq(fsc_suggest("workload", known, 4), "workloads");
    ck_assert_str_eq(fsc_suggest("POOLS", known, 4), "pools");
    ck_assert_ptr_null(fsc_suggest("zzzzzz", known, 4));
    ck_assert_ptr_null(fsc_suggest("", known, 4));
    ck_assert_ptr_null(fsc_suggest("pools", known, 0));
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof *(a)))

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_good_value_is_read, 0, N(goods));
    tcase_add_loop_test(t, a_bad_value_is_refused_with_its_place_and_what_to_do, 0, N(bads));
    tcase_add_test(t, a_map_takes_variables_inside_its_values);
    tcase_add_test(t, the_reference_names_every_row);
    tcase_add_test(t, the_schema_is_json_and_says_the_same);
    tcase_add_test(t, a_suggestion_is_near_or_none);
}

int main(void)
{
    return run_suite("options", add);
}
