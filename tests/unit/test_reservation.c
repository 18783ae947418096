/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Budgets that several processes spend: never more than the ceiling, whatever dies. */
#include "store_suite.h"

#include "forescale/time.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { SHARDS = 8, TICKS = 40, NOW = 1795424400 };
static const int64_t ceiling = 800 * INT64_C(1000000);

static fsc_reservation_ask ask_of(int64_t shard, int64_t shards, int64_t now)
{
    return (fsc_reservation_ask){.budget = "gpu",
                                 .currency = "USD",
                                 .holder = {"", shard, shards},
                                 .ceiling_micros = ceiling,
                                 .weight = 1.0 / (double)shards,
                                 .window_from = now - 6 * FSC_HOUR_S,
                                 .now = now};
}

static fsc_reservation take(fsc_store *s, int64_t shard, int64_t shards, int64_t now)
{
    fsc_reservation r;
    const fsc_reservation_ask ask = ask_of(shard, shards, now);
    OK(fsc_reservation_take(&r, s, &ask, &err));
    return r;
}

static void settle(fsc_store *s, const fsc_reservation *r, int64_t committed, int64_t wanted,
                   int64_t rate, int64_t now)
{
    OK(fsc_reservation_use(s, r, rate, &err));
    OK(fsc_reservation_settle(s, r, &(fsc_commitment){committed, wanted, rate}, now, &err));
}

static int64_t read_sum(fsc_store *s, const char *sql)
{
    int64_t sum;
    fsc_stmt *st = fsc__db_prepare(s, sql, &err);
    ck_assert_ptr_nonnull(st);
    OK(fsc__db_run_int(&sum, st, &err));
    return sum;
}

static int64_t reserved(fsc_store *s)
{
    return read_sum(s, "SELECT CAST(coalesce(sum(micros), 0) AS BIGINT) FROM reservation");
}

START_TEST(parts_follow_what_each_wants)
{
    fsc_store *s = open_store();
    fsc_reservation a, b;
    a = take(s, 0, 2, NOW);
    ck_assert_int_eq(a.micros, ceiling / 2); /* nobody knows yet what the other wants */
    b = take(s, 1, 2, NOW);
    ck_assert_int_eq(b.micros, ceiling / 2);
    settle(s, &a, 100, 3 * ceiling, 0, NOW);
    settle(s, &b, ceiling / 4, ceiling, 0, NOW);
    a = take(s, 0, 2, NOW + 60); /* what b has reserved is still b's */
    ck_assert_int_eq(a.micros, ceiling / 2);
    settle(s, &a, 100, 3 * ceiling, 0, NOW + 60);
    b = take(s, 1, 2, NOW + 60);
    ck_assert_int_eq(b.micros, ceiling / 4); /* in proportion, and above what it committed */
    settle(s, &b, ceiling / 4, ceiling, 0, NOW + 60);
    a = take(s, 0, 2, NOW + 120);
    ck_assert_int_eq(a.micros, ceiling / 4 * 3);
    ck_assert_int_eq(reserved(s), ceiling);
    fsc_store_close(s);
}
END_TEST

START_TEST(what_is_committed_stays)
{
    fsc_store *s = open_store();
    fsc_reservation a = take(s, 0, 2, NOW);
    settle(s, &a, ceiling / 2, 1, 0, NOW); /* it wants next to nothing, but owes half */
    fsc_reservation b = take(s, 1, 2, NOW);
    settle(s, &b, 0, 10 * ceiling, 0, NOW);
    a = take(s, 0, 2, NOW + 60);
    ck_assert_int_eq(a.micros, ceiling / 2);
    a = take(s, 0, 2, NOW + 120); /* killed before it settled: all of it counts */
    ck_assert_int_eq(a.micros, ceiling / 2);
    fsc_store_close(s);
}
END_TEST

START_TEST(a_run_that_was_overtaken_stops)
{
    fsc_store *s = open_store();
    fsc_reservation late = take(s, 0, 2, NOW), other = take(s, 1, 2, NOW),
                    next = take(s, 0, 2, NOW + 60);
    ck_assert_int_eq(fsc_reservation_use(s, &late, 0, &err), FSC_CONFLICT);
    ck_assert(err.retryable);
    ck_assert_int_eq(fsc_reservation_settle(s, &late, &(fsc_commitment){0}, NOW, &err),
                     FSC_CONFLICT);
    OK(fsc_reservation_use(s, &other, 0, &err));
    OK(fsc_reservation_use(s, &next, 0, &err));
    fsc_store_close(s);
}
END_TEST

START_TEST(another_number_of_shards_takes_over)
{
    fsc_store *s = open_store();
    const int64_t spent = 20 * INT64_C(1000000), rate = 60 * INT64_C(1000000);
    for (int64_t i = 0; i < 4; i++) {
        fsc_reservation r = take(s, i, 4, NOW);
        OK(fsc_ledger_spend_add(s, r.payer, NOW - 60, NOW, spent, "USD", &err));
        settle(s, &r, ceiling / 4, ceiling, rate, NOW);
    }
    /* A minute later there are two: what the four spent, and may have spent since, is gone. */
    fsc_reservation a = take(s, 0, 2, NOW + 60), b = take(s, 1, 2, NOW + 60);
    int64_t gone = 4 * (spent + rate / 60 + 1);
    ck_assert_int_eq(a.micros + b.micros, ceiling - gone);
    ck_assert_int_eq(a.spent_micros, 0);
    /* It leaves with the window. */
    a = take(s, 0, 2, NOW + 7 * FSC_HOUR_S);
    b = take(s, 1, 2, NOW + 7 * FSC_HOUR_S);
    a = take(s, 0, 2, NOW + 7 * FSC_HOUR_S + 60);
    ck_assert_int_eq(a.micros + b.micros, ceiling);
    fsc_store_close(s);
}
END_TEST

START_TEST(clusters_share_too)
{
    fsc_store *s = open_store();
    fsc_reservation_ask east = ask_of(0, 1, NOW), west = ask_of(0, 1, NOW);
    fsc_reservation e, w;
    east.holder.cluster = "east";
    west.holder.cluster = "west";
    OK(fsc_reservation_take(&e, s, &east, &err));
    ck_assert_int_eq(e.micros, ceiling);
    settle(s, &e, ceiling / 8, ceiling / 2, 0, NOW);
    OK(fsc_reservation_take(&w, s, &west, &err));
    ck_assert_int_eq(w.micros, 0); /* held until the first has looked again */
    OK(fsc_reservation_take(&e, s, &east, &err));
    settle(s, &e, ceiling / 8, ceiling / 2, 0, NOW);
    OK(fsc_reservation_take(&w, s, &west, &err));
    ck_assert_int_ge(w.micros, ceiling / 8);
    ck_assert_int_le(reserved(s), ceiling);
    fsc_store_close(s);
}
END_TEST

START_TEST(what_only_a_meter_saw_is_taken_from_all)
{
    fsc_store *s = open_store();
    fsc_reservation_ask ask = ask_of(0, 2, NOW);
    fsc_reservation r;
    ask.metered_micros = ceiling / 2;
    OK(fsc_reservation_take(&r, s, &ask, &err));
    ck_assert_int_eq(r.micros, ceiling / 4);
    OK(fsc_ledger_spend_add(s, r.payer, NOW - 60, NOW, ceiling / 2, "USD", &err));
    OK(fsc_reservation_take(&r, s, &ask, &err)); /* now it is known whose it was */
    ck_assert_int_eq(r.spent_micros, ceiling / 2);
    ck_assert_int_eq(r.micros, ceiling / 2);
    fsc_store_close(s);
}
END_TEST

START_TEST(claims_on_nodes_add_up)
{
    fsc_store *s = open_store();
    fsc_claim sum;
    const fsc_claim c = {3, 2, 1};
    for (int64_t i = 0; i < 3; i++)
        OK(fsc_claim_put(s, "spot", (fsc_holder){"", i, 3}, &c, &err));
    OK(fsc_claim_put(s, "spot", (fsc_holder){"", 1, 3}, &c, &err));
    OK(fsc_claim_others(&sum, s, "spot", (fsc_holder){"", 0, 3}, &err));
    ck_assert(sum.nodes == 6 && sum.min_nodes == 4 && sum.warm_nodes == 2);
    OK(fsc_claim_others(&sum, s, "spot", (fsc_holder){"", 0, 2}, &err));
    ck_assert_int_eq(sum.nodes, 0);
    fsc_store_close(s);
}
END_TEST

/* A shard's life: it takes, spends what it took, and settles; two are killed wherever they are. */
static void live(int64_t shard)
{
    for (int64_t tick = 0; tick < TICKS; tick++) {
        fsc_store *s;
        fsc_reservation r;
        int64_t now = NOW + tick * 60;
        const fsc_reservation_ask ask = ask_of(shard, SHARDS, now);
        fsc_status status = fsc_store_open(&s, path, FSC_STORE_WRITE, &err);
        if (status == FSC_OK)
            status = fsc_reservation_take(&r, s, &ask, &err);
        int64_t rest = status == FSC_OK ? r.micros - r.spent_micros : 0;
        if (rest > 0)
            status =
                fsc_ledger_spend_add(s, r.payer, now - 60, now,
                                     1 + (int64_t)(next_random() % (uint64_t)rest), "USD", &err);
        if (status == FSC_OK && rest > 0)
            status = fsc_reservation_settle(
                s, &r, &(fsc_commitment){r.micros, (int64_t)(next_random() % (uint64_t)ceiling), 0},
                now, &err);
        fsc_store_close(s);
        if (status != FSC_OK && !err.retryable)
            _exit(1);
    }
    _exit(0);
}

START_TEST(eight_processes_keep_one_ceiling_whoever_dies)
{
    pid_t pids[SHARDS];
    fsc_store *s = open_store();
    for (int64_t i = 0; i < SHARDS; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        for (int64_t k = 0; pids[i] == 0 && k < i; k++)
            (void)next_random();
        if (!pids[i])
            live(i);
    }
    for (int64_t look = 0; look < 20; look++) {
        const struct timespec t = {0, 10 * 1000 * 1000};
        (void)nanosleep(&t, NULL);
        if (look == 5)
            (void)kill(pids[2], SIGKILL);
        if (look == 9)
            (void)kill(pids[5], SIGKILL);
        ck_assert_int_le(reserved(s), ceiling);
    }
    for (int64_t i = 0; i < SHARDS; i++) {
        int code;
        ck_assert_int_eq(waitpid(pids[i], &code, 0), pids[i]);
        ck_assert_msg(WIFSIGNALED(code) || WEXITSTATUS(code) == 0, "shard %d failed", (int)i);
    }
    ck_assert_int_le(reserved(s), ceiling);
    int64_t spent = read_sum(s, "SELECT CAST(coalesce(sum(micros), 0) AS BIGINT) FROM spend");
    ck_assert_int_gt(spent, 0);
    ck_assert_int_le(spent, ceiling); /* all ticks lie in one window */
    fsc_store_close(s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, parts_follow_what_each_wants);
    tcase_add_test(t, what_is_committed_stays);
    tcase_add_test(t, a_run_that_was_overtaken_stops);
    tcase_add_test(t, another_number_of_shards_takes_over);
    tcase_add_test(t, clusters_share_too);
    tcase_add_test(t, what_only_a_meter_saw_is_taken_from_all);
    tcase_add_test(t, claims_on_nodes_add_up);
    tcase_add_test(t, eight_processes_keep_one_ceiling_whoever_dies);
}

int main(void)
{
    return run_store_suite("reservation", add);
}
