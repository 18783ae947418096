/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timetables beside what KEDA 2.19 makes of them. */
#include "suite.h"

#include "forescale/cron.h"
#include "forescale/yaml.h"

#include <string.h>

static int64_t at(const char *text)
{
    int64_t t;
    OK(fsc_time_parse(&t, text, &err));
    return t;
}

static const struct {
    const char *cron, *after, *next;
} nexts[] = {
    {"0 8 * * *", "2026-11-24T07:59:59Z", "2026-11-24T08:00:00Z"},
    {"0 8 * * *", "2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"},
    {"30 8 * * 1-5", "2026-11-27T09:00:00Z", "2026-11-30T08:30:00Z"}, /* Friday to Monday */
    {"*/20 * * * *", "2026-11-24T08:05:00Z", "2026-11-24T08:20:00Z"},
    {"5/20 * * * *", "2026-11-24T08:46:00Z", "2026-11-24T09:05:00Z"},
    {"0 0 1 jan,jul *", "2026-11-24T08:00:00Z", "2027-01-01T00:00:00Z"},
    {"0 12 13 * FRI", "2026-11-09T00:00:00Z", "2026-11-13T12:00:00Z"}, /* either of both */
    {"0 12 13 * Sun", "2026-11-09T00:00:00Z", "2026-11-13T12:00:00Z"},
    {"0 12 ? * sun", "2026-11-09T00:00:00Z", "2026-11-15T12:00:00Z"},
    {"0 0 29 2 *", "2026-11-24T08:00:00Z", "2028-02-29T00:00:00Z"},
    {"0 0 30 2 *", "2026-11-24T08:00:00Z", "-"},
};

START_TEST(the_next_minute_is_found)
{
    fsc_cron c;
    char text[FSC_TIME_TEXT];
    OK(fsc_cron_parse(&c, nexts[_i].cron, &err));
    ck_assert_str_eq(fsc_time_format(text, fsc_cron_next(&c, &fsc_zone_utc, at(nexts[_i].after))),
                     nexts[_i].next);
}
END_TEST

static const struct {
    const char *cron, *says;
} bad[] = {
    {"0 8 * *", "its weekday"},    {"60 8 * * *", "its minute"}, {"0 8 0 * *", "its day"},
    {"0 8 * 13 *", "its month"},   {"0 8 * * 7", "its weekday"}, {"0 8 * * 5-1", "its weekday"},
    {"*/0 8 * * *", "its minute"}, {"a 8 * * *", "its minute"},  {"0 8 * * * *", "five fields"},
    {"@daily", "its minute"},      {"", "its minute"},           {"0, 8 * * *", "its minute"},
};

START_TEST(what_is_no_timetable_is_said)
{
    fsc_cron c;
    ck_assert_int_eq(fsc_cron_parse(&c, bad[_i].cron, &err), FSC_DATA);
    ck_assert_msg(strstr(err.msg, bad[_i].says) != NULL, "%s", err.msg);
}
END_TEST

static const struct {
    const char *start, *end;
    size_t n;
    const char *spans[2][2];
} tables[] = {
    {"0 8 * * *",
     "0 20 * * *",
     2,
     {{"2026-11-24T12:00:00Z", "2026-11-24T20:00:00Z"},
      {"2026-11-25T08:00:00Z", "2026-11-25T20:00:00Z"}}},
    {"0 22 * * *", "0 6 * * *", 1, {{"2026-11-24T22:00:00Z", "2026-11-25T06:00:00Z"}}},
    /* KEDA asks what comes next: between two starts it is not active, between two ends it is. */
    {"*/10 14 * * *", "0 15 * * *", 1, {{"2026-11-24T14:50:00Z", "2026-11-24T15:00:00Z"}}},
    {"0 13 * * *", "0 14,15 * * *", 1, {{"2026-11-24T13:00:00Z", "2026-11-24T15:00:00Z"}}},
    {"0 8 * * 6", "0 9 * * 6", 0, {{NULL}}},
};

START_TEST(spans_are_keda_s)
{
    fsc_timed_replicas s[4];
    fsc_timetable t = {.zone = &fsc_zone_utc, .replicas = 5};
    char text[FSC_TIME_TEXT];
    OK(fsc_cron_parse(&t.start, tables[_i].start, &err));
    OK(fsc_cron_parse(&t.end, tables[_i].end, &err));
    size_t n =
        fsc_timetable_spans(s, 4, &t, at("2026-11-24T12:00:00Z"), at("2026-11-25T12:00:00Z"));
    ck_assert_uint_eq(n, tables[_i].n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(fsc_time_format(text, s[i].from), tables[_i].spans[i][0]);
        ck_assert_str_eq(fsc_time_format(text, s[i].to), tables[_i].spans[i][1]);
        ck_assert_int_eq(s[i].replicas, 5);
    }
    ck_assert_uint_eq(
        fsc_timetable_spans(s, 0, &t, at("2026-11-24T12:00:00Z"), at("2026-11-25T12:00:00Z")), 0);
}
END_TEST

START_TEST(local_time_is_kept_over_a_change_of_the_clock)
{
    fsc_cron c;
    const fsc_zone *berlin;
    char text[FSC_TIME_TEXT];
    OK(fsc_zone_load(&berlin, "Europe/Berlin", arena, &err));
    OK(fsc_cron_parse(&c, "0 8 * * *", &err));
    int64_t t = fsc_cron_next(&c, berlin, at("2026-10-24T00:00:00Z"));
    ck_assert_str_eq(fsc_time_format(text, t), "2026-10-24T06:00:00Z");
    ck_assert_str_eq(fsc_time_format(text, fsc_cron_next(&c, berlin, t)), "2026-10-25T07:00:00Z");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, the_next_minute_is_found, 0, sizeof nexts / sizeof *nexts);
    tcase_add_loop_test(t, what_is_no_timetable_is_said, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(t, spans_are_keda_s, 0, sizeof tables / sizeof *tables);
    tcase_add_test(t, local_time_is_kept_over_a_change_of_the_clock);
}

int main(void)
{
    return run_suite("cron", add);
}
