/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/file.h"
#include "forescale/ical.h"
#include "forescale/money.h"
#include "forescale/yaml.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
    ck_assert_str_eq(err.msg,
                     "there is no time zone Europe/Berlim, did you mean \"Europe/Berlin\"?");
    ck_assert_int_eq(fsc_zone_load(&z, "../../etc/passwd", arena, &err), FSC_CONFIG);
    ck_assert_int_eq(fsc_zone_load(&z, "/etc/localtime", arena, &err), FSC_CONFIG);
    ck_assert_int_eq(fsc_zone_load(&z, "", arena, &err), FSC_CONFIG);
}
END_TEST

/* Every zone of the system's list against the C library, far beyond the last listed transition. */
START_TEST(every_zone_agrees_with_the_c_library)
{
    char line[256], name[128];
    size_t n = 0;
    FILE *list = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
    ck_assert_ptr_nonnull(list);
    while (fgets(line, sizeof line, list)) {
        const fsc_zone *z;
        if (line[0] == '#' || sscanf(line, "%*s %*s %127s", name) != 1)
            continue;
        OK(fsc_zone_load(&z, name, arena, &err));
        ck_assert_int_eq(setenv("TZ", name, 1), 0);
        tzset();
        for (int64_t t = 0; t < 4070908800; t += 17 * FSC_DAY_S + 4567) { /* to 2099 */
            time_t at = (time_t)t;
            struct tm tm;
            ck_assert_ptr_nonnull(localtime_r(&at, &tm));
            fsc_civil c = fsc_civil_at(z, t);
            ck_assert_msg(c.hour == tm.tm_hour && c.minute == tm.tm_min && c.day == tm.tm_mday &&
                              c.weekday == (tm.tm_wday + 6) % 7,
                          "%s at %lld: %02d:%02d, not %02d:%02d", name, (long long)t, c.hour,
                          c.minute, tm.tm_hour, tm.tm_min);
        }
        n++;
    }
    ck_assert_int_eq(fclose(list), 0);
    ck_assert_uint_gt(n, 200);
}
END_TEST

START_TEST(a_broken_zone_file_is_refused)
{
    char folder[] = "/tmp/fsc-zone-XXXXXX", path[64];
    char bytes[88] = "TZif2";
    const fsc_zone *z;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(setenv("TZDIR", folder, 1), 0);
    (void)snprintf(path, sizeof path, "%s/Cut", folder);
    for (size_t n = 0; n <= sizeof bytes; n += 11) {
        OK(fsc_file_write(path, bytes, n, &err));
        ck_assert_int_eq(fsc_zone_load(&z, "Cut", arena, &err), FSC_DATA);
    }
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(remove(folder), 0);
    ck_assert_int_eq(fsc_zone_load(&z, "Cut", arena, &err), FSC_CONFIG);
    ck_assert_msg(strstr(err.msg, "is tzdata installed?") != NULL, "%s", err.msg);
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

#define CALENDAR(events) "BEGIN:VCALENDAR\r\n" events "END:VCALENDAR\r\n"
#define EVENT(lines)     "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

static const struct ical_case {
    const char *text;
    size_t n;
    const char *first, *last; /* dates */
    const char *words;        /* of the refusal */
} icals[] = {
    {CALENDAR(EVENT("DTSTART;VALUE=DATE:20260406\r\n")), 1, "2026-04-06", "2026-04-06", NULL},
    {CALENDAR(EVENT("DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEA\r\n RLY\r\n")), 75, "2026-12-25",
     "2100-12-25", NULL},
    {CALENDAR(EVENT("DTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY;WKST=SU;UNTIL=20030101\n")), 4,
     "2000-01-01", "2003-01-01", NULL},
    {CALENDAR(EVENT("RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=2;BYMONTHDAY=29\nDTSTART:20240229\n")), 2,
     "2024-02-29", "2028-02-29", NULL},
    {CALENDAR(EVENT("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20270101\n")), 8, "2026-12-24",
     "2026-12-31", NULL},
    {CALENDAR(EVENT("DTSTART:20261224\nDTEND:20261226\nSTATUS:CANCELLED\n")), 0, NULL, NULL, NULL},
    {CALENDAR(EVENT("DTSTART:20261224T090000Z\nRRULE:FREQ=WEEKLY\n")), 0, NULL, NULL, NULL},
    {CALENDAR("BEGIN:VTIMEZONE\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU\n"), 0, NULL,
     NULL, NULL},
    {CALENDAR(""), 0, NULL, NULL, NULL},
    {"hello", 0, NULL, NULL, "BEGIN:VCALENDAR"},
    {"BEGIN:VCALENDAR\n" EVENT("DTSTART:20261224\n"), 0, NULL, NULL, "END:VCALENDAR"},
    {CALENDAR(EVENT("DTSTART:20261224\nRRULE:FREQ=DAILY\n")), 0, NULL, NULL, "x.ics:4: this RRULE"},
    {CALENDAR(EVENT("SUMMARY:a\n b\nDTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=4TH\n")), 0, NULL,
     NULL, "x.ics:6: this RRULE"},
    {CALENDAR(EVENT("DTSTART:20261224\nRRULE:FREQ=YEARLY;INTERVAL=2\n")), 0, NULL, NULL, "RRULE"},
    {CALENDAR(EVENT("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYMONTH=11\n")), 0, NULL, NULL,
     "x.ics:5: the event that ends here does not begin"},
    {CALENDAR(EVENT("DTSTART:20261224\nDTEND:20291224\n")), 0, NULL, NULL, "longer than a year"},
    {CALENDAR(EVENT("DTSTART:20261232\n")), 0, NULL, NULL, "x.ics:3: this DTSTART"},
    {CALENDAR(EVENT("DTSTART:20250229\n")), 0, NULL, NULL, "x.ics:3: this DTSTART"},
    {CALENDAR(EVENT("DTSTART:today\n")), 0, NULL, NULL, "x.ics:3: this DTSTART"},
    {CALENDAR(EVENT("DTSTART:20261224\nEXDATE:20271224\n")), 0, NULL, NULL, "EXDATE"},
    {CALENDAR(EVENT("DTSTART:20200101\nDTEND:20210101\nRRULE:FREQ=YEARLY\n")), 0, NULL, NULL,
     "more than 1000 days"},
};

static void check_day(const char *wanted, const fsc_civil *c)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", c->year, c->month, c->day);
    ck_assert_str_eq(text, wanted);
}

START_TEST(all_day_events_are_read)
{
    const struct ical_case *c = &icals[_i];
    fsc_civil days[1000];
    size_t n = 0;
    fsc_status status = fsc_ical_read(days, &n, 1000, "x.ics", c->text, &err);
    ck_assert_msg((status == FSC_OK) == (c->words == NULL), "%s: %s", c->text, err.msg);
    if (c->words) {
        ck_assert_int_eq(status, FSC_DATA);
        ck_assert_msg(strstr(err.msg, c->words) != NULL, "%s: %s", c->text, err.msg);
        return;
    }
    ck_assert_uint_eq(n, c->n);
    if (c->first) {
        check_day(c->first, &days[0]);
        check_day(c->last, &days[n - 1]);
    }
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
    tcase_add_test(t, every_zone_agrees_with_the_c_library);
    tcase_add_test(t, a_broken_zone_file_is_refused);
    tcase_add_test(t, local_days_follow_the_clock_change);
    tcase_add_test(t, a_local_time_in_a_gap_or_a_fold_is_found);
    tcase_add_loop_test(t, money_is_read_to_the_micro, 0, N(moneys));
    tcase_add_test(t, a_cost_is_never_understated);
    tcase_add_loop_test(t, all_day_events_are_read, 0, N(icals));
}

int main(void)
{
    return run_suite("time and money", add);
}
