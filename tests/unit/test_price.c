/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What counts while a price's source is silent. Port 1 of this host answers nobody. */
#include "forescale/price.h"
#include "tests/unit/store_suite.h"

enum { NOW = 1800000000 };

static fsc_http *http;
static fsc_store *s;
static fsc_pool_config pools[2];
static fsc_config config = {.n_pools = 1, .pools = pools};
static fsc_quote q[2];

static void begin(void)
{
    s = open_store();
    OK(fsc_http_open(&http, NULL, &err));
    config.open_cost.url = "http://127.0.0.1:1";
    pools[0] = (fsc_pool_config){.name = "gpu",
                                 .gpus_per_node = 8,
                                 .instance_type = "p5",
                                 .price = {.currency = "USD"},
                                 .price_from = {.source = "OpenCost", .is_read = true}};
}

static void quote_at(int64_t now, bool ask)
{
    OK(fsc_price_quote_all(
        q, &(fsc_quote_input){.config = &config, .http = ask ? http : NULL, .store = s, .now = now},
        arena, &err));
}

static void heard(int64_t at, int64_t micros)
{
    q[0] = (fsc_quote){.price = {micros, "USD"}, .source = "OpenCost", .as_of = at, .fresh = true};
    OK(fsc_price_remember(s, &(fsc_quote_input){.config = &config, .store = s, .now = at}, q, "r",
                          arena, &err));
}

static void end(void)
{
    fsc_http_close(http);
    fsc_store_close(s);
}

static void says(const char *note, const char *words)
{
    ck_assert_msg(note && strstr(note, words) != NULL, "%s: no \"%s\"", note ? note : "NULL",
                  words);
}

START_TEST(an_amount_counts_and_its_age_is_told)
{
    begin();
    pools[0].price = (fsc_money){16000000, "USD"};
    pools[0].price_given = true;
    pools[0].price_from =
        (fsc_price_config){.source = "list price", .as_of = "x", .as_of_t = NOW - 31 * FSC_DAY_S};
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 16000000);
    ck_assert_str_eq(q[0].source, "list price");
    says(q[0].note, "looked up 31d ago");
    quote_at(NOW - 2 * FSC_DAY_S, true);
    ck_assert_ptr_null(q[0].note);
    end();
}
END_TEST

START_TEST(no_price_at_all_is_told)
{
    begin();
    pools[0].price_from = (fsc_price_config){0};
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 0);
    says(q[0].note, "pool gpu has no price");
    end();
}
END_TEST

START_TEST(the_last_price_heard_outlives_its_source)
{
    begin();
    pools[0].price = (fsc_money){16000000, "USD"};
    pools[0].price_given = true;
    heard(NOW - 7200, 20000000);
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 20000000);
    ck_assert(!q[0].fresh);
    says(q[0].note, "its price of 2h ago counts: 20.00 USD/h");
    end();
}
END_TEST

START_TEST(a_source_never_heard_leaves_the_amount)
{
    begin();
    pools[0].price = (fsc_money){16000000, "USD"};
    pools[0].price_given = true;
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 16000000);
    says(q[0].note, "the configured amount counts");
    end();
}
END_TEST

START_TEST(a_pool_never_priced_is_as_dear_as_the_dearest)
{
    begin();
    pools[1] = (fsc_pool_config){
        .name = "four", .gpus_per_node = 4, .price = {10000000, "USD"}, .price_given = true};
    config.n_pools = 2;
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 20000000); /* 8 GPUs at 2.50 */
    says(q[0].note, "as dear as pool four");
    memcpy(pools[1].price.currency, "EUR", 4);
    quote_at(NOW, true);
    ck_assert_int_eq(q[0].price.micros, 0); /* never by another currency's figure */
    end();
}
END_TEST

START_TEST(a_replay_uses_the_price_of_its_time)
{
    begin();
    heard(NOW - 7200, 20000000);
    heard(NOW - 3600, 30000000);
    quote_at(NOW - 5000, false);
    ck_assert_int_eq(q[0].price.micros, 20000000);
    ck_assert_ptr_null(q[0].note);
    quote_at(NOW, false);
    ck_assert_int_eq(q[0].price.micros, 30000000);
    end();
}
END_TEST

START_TEST(without_a_network_a_price_never_heard_is_told)
{
    begin();
    quote_at(NOW, false);
    ck_assert_int_eq(q[0].price.micros, 0);
    says(q[0].note, "nothing was ever heard of its price");
    end();
}
END_TEST

START_TEST(a_price_is_journalled_when_it_changes_and_once_an_hour)
{
    fsc_ledger_entry *rows;
    size_t n;
    begin();
    for (int i = 0; i < 61; i++)
        heard(NOW + i * 60, 20000000);
    heard(NOW + 3660, 21000000);
    OK(fsc_ledger_read(&rows, &n, s, NULL, "gpu", 0, INT64_MAX, 100, arena, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(rows[0].row.why, "OpenCost: 21.00 USD/h");
    ck_assert_str_eq(rows[0].row.kind, "price");
    end();
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, an_amount_counts_and_its_age_is_told);
    tcase_add_test(t, no_price_at_all_is_told);
    tcase_add_test(t, the_last_price_heard_outlives_its_source);
    tcase_add_test(t, a_source_never_heard_leaves_the_amount);
    tcase_add_test(t, a_pool_never_priced_is_as_dear_as_the_dearest);
    tcase_add_test(t, a_replay_uses_the_price_of_its_time);
    tcase_add_test(t, without_a_network_a_price_never_heard_is_told);
    tcase_add_test(t, a_price_is_journalled_when_it_changes_and_once_an_hour);
}

int main(void)
{
    return run_store_suite("price", add);
}
