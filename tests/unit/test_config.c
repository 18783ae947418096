/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Data-file cases: each tests/cases/config/NAME.yaml begins with "# ok" or with "# error: " and the
 * whole refusal behind the file's name: "LINE:COLUMN: what is wrong, and what to do".
 */
#include "suite.h"

#include "forescale/file.h"
#include "forescale/yaml.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "tests/cases/config";

static void check_case(const char *name, size_t *n_ok, size_t *n_bad)
{
    char path[512], words[480] = "", wanted[1000];
    const char *text;
    size_t n;
    fsc_config c;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    OK(fsc_file_read(&text, &n, path, 1 << 22, arena, &err));
    const char *bom = !strncmp(text, "\xEF\xBB\xBF", 3) ? text + 3 : text;
    bool good = !strncmp(bom, "# ok", 4);
    if (!good)
        ck_assert_msg(sscanf(bom, "# error: %479[^\r\n]", words) == 1,
                      "%s says neither ok nor error", name);
    fsc_status status = fsc_config_load(&c, path, arena, &err);
    if (good) {
        ck_assert_msg(status == FSC_OK, "%s: %s", name, err.msg);
        ++*n_ok;
        return;
    }
    bool has_place =
        words[0] >= '0' && words[0] <= '9'; /* what is wrong in another file has none */
    (void)snprintf(wanted, sizeof wanted, "%s:%s%s", path, has_place ? "" : " ", words);
    ck_assert_msg(status == FSC_CONFIG, "%s: status %d: %s", name, (int)status, err.msg);
    ck_assert_msg(!strcmp(err.msg, wanted), "%s\n  says:   %s\n  wanted: %s", name, err.msg,
                  wanted);
    ++*n_bad;
}

START_TEST(every_case_is_as_it_says)
{
    size_t n_ok = 0, n_bad = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".yaml"))
            check_case(e->d_name, &n_ok, &n_bad);
    closedir(d);
    ck_assert_uint_ge(n_ok, 3);
    ck_assert_uint_ge(n_bad, 80);
}
END_TEST

START_TEST(the_sample_loads)
{
    fsc_config c;
    OK(fsc_config_load(&c, "data/config.sample.yaml", arena, &err));
    OK(fsc_config_require(&c, FSC_NEED_STORE | FSC_NEED_PROMETHEUS | FSC_NEED_TARGET, &err));
    OK(fsc_config_load(&c, "data/demo.yaml", arena, &err));
    ck_assert_int_eq(fsc_config_require(&c, FSC_NEED_STORE, &err), FSC_CONFIG);
}
END_TEST

START_TEST(the_example_is_read_value_by_value)
{
    fsc_config c;
    OK(fsc_config_load(&c, "tests/cases/config/full.yaml", arena, &err));
    const fsc_workload_config *w = fsc_config_workload(&c, "llama");
    const fsc_pool_config *p = fsc_config_pool(&c, "gpu-spot");
    const fsc_budget_config *b = fsc_config_budget(&c, "gpu");
    ck_assert_int_eq(c.interval_s, 60);
    ck_assert_str_eq(c.zone->name, "Europe/Berlin");
    ck_assert_int_eq(p->price.micros, 16000000);
    ck_assert_int_eq(p->lead_s, 345);
    ck_assert_str_eq(p->prewarm.kind_name, "CapacityBuffer");
    ck_assert_str_eq(w->target.kind_name, "ScaledObject");
    ck_assert_double_eq(w->demand.per_replica, 8);
    ck_assert(w->min_given && w->max_given && w->trim && w->objective.late_minute_given &&
              !w->objective.quantile_given);
    ck_assert_int_eq(w->objective.late_minute.micros, 30000000);
    ck_assert_uint_eq(w->pools.n, 2);
    ck_assert_int_eq(b->ceiling.micros, 800000000);
    ck_assert_int_eq(b->window.kind, FSC_WINDOW_ROLLING);
    ck_assert_int_eq(b->window.length_s, 21600);
    ck_assert_str_eq(b->meter.unit, "USD/h");
    ck_assert_uint_eq(c.prometheus.auth.headers.n, 1);
    ck_assert_str_eq(c.prometheus.auth.headers.v[0], "team-a");
    /* Midnight in Berlin on Christmas is 23:00 UTC of the day before. */
    int64_t christmas, from;
    OK(fsc_time_parse(&christmas, "2026-12-24T23:00:00Z", &err));
    ck_assert_uint_eq(c.calendar.n_holidays, 1 + 75); /* each New Year to 2100 */
    ck_assert_int_eq(c.calendar.holidays[1], christmas);
    OK(fsc_time_parse(&from, "2026-11-27T07:00:00Z", &err));
    ck_assert_int_eq(c.calendar.events[0].from_t, from);
    OK(fsc_time_parse(&from, "2026-10-02T09:00:00Z", &err));
    ck_assert_int_eq(c.calendar.excludes[0].from_t, from);
    ck_assert_int_eq(c.calendar.events[0].to_t - c.calendar.events[0].from_t, 4 * 3600);
}
END_TEST

START_TEST(a_header_takes_its_token_from_the_environment)
{
    static const char text[] =
        "apiVersion: forescale.dev/v1\nkind: Config\nprometheus: {url: "
        "'http://h', headers: {Authorization: \"Bearer ${FSC_TEST_TOKEN}\"}}\n"
        "workloads: [{name: w, target: {kind: ScaledObject, name: w}}]\n";
    char path[] = "/tmp/fsc-config-XXXXXX";
    fsc_config c;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(close(fd), 0);
    OK(fsc_file_write(path, text, sizeof text - 1, &err));
    ck_assert_int_eq(unsetenv("FSC_TEST_TOKEN"), 0);
    ck_assert_int_eq(fsc_config_load(&c, path, arena, &err), FSC_CONFIG);
    ck_assert_int_eq(setenv("FSC_TEST_TOKEN", "t0ken", 1), 0);
    OK(fsc_config_load(&c, path, arena, &err));
    ck_assert_int_eq(remove(path), 0);
    ck_assert_str_eq(c.prometheus.auth.headers.v[0], "Bearer t0ken");
}
END_TEST

START_TEST(what_a_command_needs_is_asked_for)
{
    fsc_config c;
    OK(fsc_config_load(&c, "tests/cases/config/small.yaml", arena, &err));
    OK(fsc_config_require(&c, 0, &err));
    ck_assert_int_eq(fsc_config_require(&c, FSC_NEED_STORE, &err), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "store.path is missing"));
    ck_assert_int_eq(fsc_config_require(&c, FSC_NEED_PROMETHEUS, &err), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "prometheus.url is missing"));
    OK(fsc_config_require(&c, FSC_NEED_TARGET, &err)); /* nothing is enforced */
    fsc_workload_config w = c.workloads[0];
    w.mode = FSC_MODE_ENFORCE;
    c.workloads = &w;
    ck_assert_int_eq(fsc_config_require(&c, FSC_NEED_TARGET, &err), FSC_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "is enforced but has no target"));
}
END_TEST

START_TEST(a_lack_of_memory_is_no_error_of_the_file)
{
    fsc_config c;
    fsc_arena *small;
    fsc_status status = FSC_NOMEM;
    size_t limit = 1 << 10;
    for (; status == FSC_NOMEM; limit += limit / 4) {
        OK(fsc_arena_open(&small, limit, &err));
        status = fsc_config_load(&c, "tests/cases/config/full.yaml", small, &err);
        ck_assert_msg(status == FSC_OK || status == FSC_NOMEM, "%s", err.msg);
        fsc_arena_close(small);
    }
    ck_assert_uint_gt(limit, 1 << 14);
}
END_TEST

static void check_docs(const fsc_opt *rows, const char *text)
{
    for (; rows->key; rows++) {
        ck_assert_msg(rows->doc && rows->doc[0], "%s has no doc", rows->key);
        ck_assert_msg(rows->doc[strlen(rows->doc) - 1] == '.', "%s: its doc is no sentence",
                      rows->key);
        ck_assert_msg(strstr(text, rows->doc) != NULL, "%s is not in docs/options.md", rows->key);
        if (rows->rows)
            check_docs(rows->rows, text);
    }
}

START_TEST(the_options_page_is_what_the_rows_say)
{
    fsc_buf b;
    const char *text;
    size_t n;
    fsc_buf_init(&b, arena, 1 << 20);
    fsc_options_markdown(&b, "Options of the configuration", fsc_config_rows());
    if (getenv("FORESCALE_UPDATE"))
        OK(fsc_file_write("docs/options.md", fsc_buf_str(&b), b.len, &err));
    OK(fsc_file_read(&text, &n, "docs/options.md", 1 << 20, arena, &err));
    check_docs(fsc_config_rows(), text);
    ck_assert_msg(!strcmp(text, fsc_buf_str(&b)),
                  "docs/options.md is old: run the test with FORESCALE_UPDATE=1");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_case_is_as_it_says);
    tcase_add_test(t, the_sample_loads);
    tcase_add_test(t, the_example_is_read_value_by_value);
    tcase_add_test(t, a_header_takes_its_token_from_the_environment);
    tcase_add_test(t, what_a_command_needs_is_asked_for);
    tcase_add_test(t, a_lack_of_memory_is_no_error_of_the_file);
    tcase_add_test(t, the_options_page_is_what_the_rows_say);
}

int main(void)
{
    return run_suite("config", add);
}
