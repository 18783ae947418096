/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suite.h"

#include "forescale/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char hello_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                         0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0x00,
                                         0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00};

static char folder[32], path[64];

static void enter(void)
{
    setup();
    (void)snprintf(folder, sizeof folder, "/tmp/fsc-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/f", folder);
}

static void leave(void)
{
    (void)remove(path);
    ck_assert_int_eq(remove(folder), 0); /* nothing was left beside the file */
    teardown();
}

START_TEST(what_is_written_is_read)
{
    const char *text;
    size_t n;
    struct stat st;
    OK(fsc_file_write(path, "a\0b", 3, &err));
    OK(fsc_file_write(path, "new", 3, &err));
    OK(fsc_file_read(&text, &n, path, 100, arena, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(text, "new");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    OK(fsc_file_write(path, "", 0, &err));
    OK(fsc_file_read(&text, &n, path, 0, arena, &err));
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(gzip_is_inflated_and_a_cut_one_refused)
{
    const char *text;
    size_t n;
    OK(fsc_file_write(path, hello_gz, sizeof hello_gz, &err));
    OK(fsc_file_read(&text, &n, path, 100, arena, &err));
    ck_assert_str_eq(text, "hello\n");
    ck_assert_int_eq(fsc_file_read(&text, &n, path, 5, arena, &err), FSC_DATA);
    for (size_t cut = 12; cut < sizeof hello_gz; cut++) {
        OK(fsc_file_write(path, hello_gz, cut, &err));
        ck_assert_msg(fsc_file_read(&text, &n, path, 100, arena, &err) == FSC_IO, "cut at %zu",
                      cut);
        ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
    }
}
END_TEST

START_TEST(a_limit_is_said)
{
    const char *text;
    size_t n;
    char *big = calloc(3, 1 << 20);
    ck_assert_ptr_nonnull(big);
    OK(fsc_file_write(path, big, 3 << 20, &err));
    free(big);
    ck_assert_int_eq(fsc_file_read(&text, &n, path, 2 << 20, arena, &err), FSC_DATA);
    ck_assert_msg(strstr(err.msg, "more than 2 MiB") != NULL, "%s", err.msg);
    OK(fsc_file_read(&text, &n, path, 3 << 20, arena, &err));
    ck_assert_uint_eq(n, 3 << 20);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    const char *text;
    size_t n;
    ck_assert_int_eq(fsc_file_read(&text, &n, path, 100, arena, &err), FSC_IO);
    ck_assert_msg(strstr(err.msg, path) && strstr(err.msg, "No such file"), "%s", err.msg);
    ck_assert_int_eq(fsc_file_read(&text, &n, folder, 100, arena, &err), FSC_IO);
    ck_assert_msg(strstr(err.msg, "is a folder") != NULL, "%s", err.msg);
    (void)snprintf(path, sizeof path, "%s/none/f", folder);
    ck_assert_int_eq(fsc_file_write(path, "x", 1, &err), FSC_IO);
    ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
}
END_TEST

/* rename() onto a folder fails at the last step; leave() sees that no temporary file stayed. */
START_TEST(a_failed_write_leaves_nothing_behind)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(fsc_file_write(path, "x", 1, &err), FSC_IO);
    ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_secret_loses_its_line_end)
{
    const char *secret;
    OK(fsc_file_write(path, " t0ken \r\n\n", 10, &err));
    OK(fsc_file_read_secret(&secret, path, arena, &err));
    ck_assert_str_eq(secret, " t0ken");
}
END_TEST

START_TEST(standard_input_is_a_file)
{
    const char *text;
    size_t n;
    OK(fsc_file_write(path, hello_gz, sizeof hello_gz, &err));
    int fd = open(path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    ck_assert_int_eq(close(fd), 0);
    OK(fsc_file_read(&text, &n, "-", 100, arena, &err));
    ck_assert_str_eq(text, "hello\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("file");
    TCase *t = tcase_create("file");
    tcase_add_checked_fixture(t, enter, leave);
    tcase_add_test(t, what_is_written_is_read);
    tcase_add_test(t, gzip_is_inflated_and_a_cut_one_refused);
    tcase_add_test(t, a_limit_is_said);
    tcase_add_test(t, what_cannot_be_read_is_named);
    tcase_add_test(t, a_failed_write_leaves_nothing_behind);
    tcase_add_test(t, a_secret_loses_its_line_end);
    tcase_add_test(t, standard_input_is_a_file);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
