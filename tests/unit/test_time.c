/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/ical.h"
#include "forescale/money.h"
#include "forescale/yaml.h"

#include <string.h>

static const struct time_case {
    const char *text;
    int64_t t; /* -1: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-24T09:00:00Z", 1795510800},
    {"2026-11-24T10:00:00+01:00", 1795510800},
    {"2026-11-24T09:00:00.750Z", 1795510800},
    {"2024-02-29T00:00:00Z", 1709164800},
    {"1795510800", 1795510800},
    {"1795510800.5", 1795510800},
    {"2023-02-29T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-11-24T09:00:00", -1},
    {"2026-11-24", -1},
    {"tomorrow", -1},
    {"", -1},
    {"12 ", -1},
};

START_TEST(a_time_is_read)
{
    const struct time_case *c = &times[_i];
    int64_t t;
    fsc_status status = fsc_time_parse(&t, c->text, &err);
    ck_assert_msg((status == FSC_OK) == (c->t >= 0), "\"%s\": %s", c->text, err.msg);
    if (status == FSC_OK)
        ck_assert_int_eq(t, c->t);
}
END_TEST

START_TEST(a_time_survives_its_text)
{
    char text[FSC_TIME_TEXT];
    for (int64_t t = -3000000000; t < 9000000000; t += 86399 * 37) {
        int64_t back;
        OK(fsc_time_parse(&back, fsc_time_format(text, t), &err));
        ck_assert_int_eq(back, t);
    }
}
END_TEST

static const struct duration_case {
    const char *text;
    int64_t s;
    const char *words; /* of the refusal */
} durations[] = {
    {"90s", 90, NULL},           {"5m", 300, NULL},
    {"6h", 21600, NULL},         {"14d", 1209600, NULL},
    {"1h30m", 5400, NULL},       {"1w", 604800, NULL},
    {"60", 0, "write 60s"},      {"", 0, "empty"},
    {"5x", 0, "no duration"},    {"m", 0, "no duration"},
    {"30m1h", 0, "no duration"}, {"1.5h", 0, "no duration"},
    {"-5m", 0, "no duration"},
};

START_TEST(a_duration_is_read)
{
    const struct duration_case *c = &durations[_i];
    int64_t s = -1;
    fsc_status status = fsc_duration_parse(&s, c->text, &err);
    ck_assert_int_eq(status == FSC_OK, c->words == NULL);
    if (c->words)
        ck_assert_msg(strstr(err.msg, c->words) != NULL, "%s", err.msg);
    else
        ck_assert_int_eq(s, c->s);
}
END_TEST

START_TEST(a_duration_is_written_exactly)
{
    char text[FSC_TIME_TEXT];
    ck_assert_str_eq(fsc_duration_format(text, 345), "5m45s");
    ck_assert_str_eq(fsc_duration_format(text, 0), "0s");
    ck_assert_str_eq(fsc_duration_format(text, 86400 * 15 + 60), "15d1m");
    for (int64_t s = 1; s < 1000000; s += 997) {
        int64_t back;
        OK(fsc_duration_parse(&back, fsc_duration_format(text, s), &err));
        ck_assert_int_eq(back, s);
    }
}
END_TEST

static const struct offset_case {
    const char *zone, *at;
    int offset_s;
} offsets[] = {
    {"Europe/Berlin", "2026-01-15T12:00:00Z", 3600},
    {"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
    {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
    {"Europe/Berlin", "2026-10-25T00:59:59Z", 7200},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
    {"Europe/Berlin", "2055-07-01T00:00:00Z", 7200},
    {"America/New_York", "2026-07-01T00:00:00Z", -14400},
    {"Asia/Kolkata", "2026-07-01T00:00:00Z", 19800},
    {"Australia/Lord_Howe", "2060-01-01T00:00:00Z", 39600},
    {"UTC", "2026-07-01T00:00:00Z", 0},
};

START_TEST(a_zone_knows_its_offsets)
{
    const struct offset_case *c = &offsets[_i];
    const fsc_zone *z;
    int64_t t;
    OK(fsc_zone_load(&z, c->zone, arena, &err));
    OK(fsc_time_parse(&t, c->at, &err));
    ck_assert_int_eq(fsc_zone_offset_s(z, t), c->offset_s);
}
END_TEST

START_TEST(a_wrong_zone_is_refused)
{
    const fsc_zone *z;
    ck_assert_int_eq(fsc_zone_load(&z, "Europe/Berlim", arena, &err), FSC_CONFIG);
    ck_assert_int_eq(fsc_zone_load(&z, "../../etc/passwd", arena, &err), FSC_CONFIG);
    ck_assert_int_eq(fsc_zone_load(&z, "/etc/localtime", arena, &err), FSC_CONFIG);
    ck_assert_int_eq(fsc_zone_load(&z, "", arena, &err), FSC_CONFIG);
}
END_TEST

START_TEST(local_days_follow_the_clock_change)
{
    const fsc_zone *z;
    int64_t t;
    OK(fsc_zone_load(&z, "Europe/Berlin", arena, &err));
    OK(fsc_time_parse(&t, "2026-03-29T12:00:00Z", &err));
    ck_assert_int_eq(fsc_period_end(z, FSC_PERIOD_DAY, t) - fsc_period_start(z, FSC_PERIOD_DAY, t),
                     23 * 3600);
    OK(fsc_time_parse(&t, "2026-10-25T12:00:00Z", &err));
    ck_assert_int_eq(fsc_period_end(z, FSC_PERIOD_DAY, t) - fsc_period_start(z, FSC_PERIOD_DAY, t),
                     25 * 3600);
    ck_assert_int_eq(fsc_period_end(z, FSC_PERIOD_WEEK, t) -
                         fsc_period_start(z, FSC_PERIOD_WEEK, t),
                     169 * 3600);
    for (int64_t at = t - 400 * FSC_DAY_S; at < t; at += 7333) {
        ck_assert_int_le(fsc_period_start(z, FSC_PERIOD_MONTH, at), at);
        ck_assert_int_gt(fsc_period_end(z, FSC_PERIOD_MONTH, at), at);
        ck_assert_int_eq(fsc_civil_at(z, fsc_period_start(z, FSC_PERIOD_DAY, at)).hour, 0);
    }
}
END_TEST

START_TEST(a_local_time_in_a_gap_or_a_fold_is_found)
{
    const fsc_zone *z;
    int64_t t, wanted;
    OK(fsc_zone_load(&z, "Europe/Berlin", arena, &err));
    OK(fsc_time_parse_local(&t, z, "2026-03-29T02:30", &err)); /* does not exist */
    OK(fsc_time_parse(&wanted, "2026-03-29T01:00:00Z", &err));
    ck_assert_int_eq(t, wanted);
    OK(fsc_time_parse_local(&t, z, "2026-10-25T02:30", &err)); /* comes twice: the first */
    OK(fsc_time_parse(&wanted, "2026-10-25T00:30:00Z", &err));
    ck_assert_int_eq(t, wanted);
}
END_TEST

static const struct money_case {
    const char *text;
    int64_t micros; /* -1: refused */
    const char *words;
} moneys[] = {
    {"800 USD", 800000000, NULL}, {"16.00 USD", 16000000, NULL},
    {"0.000001 EUR", 1, NULL},    {"800", -1, "write 800 USD"},
    {"800 usd", -1, "capital"},   {"-5 USD", -1, "no amount"},
    {"1e3 USD", -1, "capital"},   {"0.0000001 USD", -1, "no amount"},
    {"800 USD/h", -1, "800 USD"}, {"9999999999999 USD", -1, "no amount"},
    {" 5 USD", -1, "no amount"},
};

START_TEST(money_is_read_to_the_micro)
{
    const struct money_case *c = &moneys[_i];
    fsc_money m = {0};
    fsc_status status = fsc_money_parse(&m, c->text, &err);
    ck_assert_msg((status == FSC_OK) == (c->micros >= 0), "\"%s\" %s", c->text, err.msg);
    if (status == FSC_OK)
        ck_assert_int_eq(m.micros, c->micros);
    else
        ck_assert_msg(strstr(err.msg, c->words) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_cost_is_never_understated)
{
    ck_assert_int_eq(fsc_money_over(16000000, 3600, 1), 16000000);
    ck_assert_int_eq(fsc_money_over(1, 1, 1), 1);
    ck_assert_int_eq(fsc_money_over(16000000, 5400, 2), 48000000);
    ck_assert_int_eq(fsc_money_over(0, 5400, 2), 0);
    ck_assert_int_eq(fsc_money_over(INT64_MAX / 2, INT64_MAX / 2, 5), INT64_MAX);
    char text[FSC_MONEY_TEXT];
    ck_assert_str_eq(fsc_money_format(text, (fsc_money){1234567890000, "USD"}), "1,234,567.89 USD");
    ck_assert_str_eq(fsc_money_format(text, (fsc_money){-5000, "EUR"}), "-0.01 EUR");
}
END_TEST

START_TEST(all_day_events_are_read)
{
    static const char text[] = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:"
                               "20261225\r\nRRULE:FREQ=YEA\r\n RLY\r\n"
                               "END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260406\r\nEND:"
                               "VEVENT\r\nEND:VCALENDAR\r\n";
    fsc_civil days[200];
    size_t n = 0;
    OK(fsc_ical_read(days, &n, 200, "x.ics", text, &err));
    ck_assert_uint_eq(n, 2100 - 2026 + 1 + 1);
    ck_assert_int_eq(days[1].year, 2027);
    ck_assert_int_eq(days[n - 1].month, 4);
    ck_assert_int_eq(fsc_ical_read(days, &n, 200, "x.ics", "hello", &err), FSC_DATA);
    ck_assert_int_eq(fsc_ical_read(days, &n, 200, "x.ics",
                                   "BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY\n", &err),
                     FSC_DATA);
    ck_assert_msg(strstr(err.msg, "x.ics:3") != NULL, "%s", err.msg);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof *(a)))

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_time_is_read, 0, N(times));
    tcase_add_test(t, a_time_survives_its_text);
    tcase_add_loop_test(t, a_duration_is_read, 0, N(durations));
    tcase_add_test(t, a_duration_is_written_exactly);
    tcase_add_loop_test(t, a_zone_knows_its_offsets, 0, N(offsets));
    tcase_add_test(t, a_wrong_zone_is_refused);
    tcase_add_test(t, local_days_follow_the_clock_change);
    tcase_add_test(t, a_local_time_in_a_gap_or_a_fold_is_found);
    tcase_add_loop_test(t, money_is_read_to_the_micro, 0, N(moneys));
    tcase_add_test(t, a_cost_is_never_understated);
    tcase_add_test(t, all_day_events_are_read);
}

int main(void)
{
    return run_suite("time and money", add);
}
