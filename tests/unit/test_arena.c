/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/buf.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static fsc_arena *arena;
static fsc_err err;

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, 1 << 20, &err), FSC_OK);
}

static void teardown(void)
{
    fsc_arena_close(arena);
}

START_TEST(storage_is_zeroed_and_aligned)
{
    for (size_t n = 0; n < 200; n++) {
        unsigned char *p = fsc_arena_alloc(arena, n, 3, &err);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < 3 * n; i++)
            ck_assert_uint_eq(p[i], 0);
        memset(p, 0xAA, 3 * n);
    }
}
END_TEST

START_TEST(the_limit_is_a_clean_error)
{
    ck_assert_ptr_null(fsc_arena_alloc(arena, 2, 1 << 20, &err));
    ck_assert_int_eq(err.code, FSC_NOMEM);
    ck_assert_ptr_null(fsc_arena_alloc(arena, SIZE_MAX, 16, &err));
    ck_assert_ptr_nonnull(fsc_arena_alloc(arena, 1, 1000, &err)); /* what fits still fits */
}
END_TEST

START_TEST(a_rewind_gives_back_what_came_after_the_mark)
{
    char *kept = fsc_arena_strdup(arena, "kept", &err);
    fsc_arena_mark mark = fsc_arena_get_mark(arena);
    size_t before = fsc_arena_used(arena);
    for (int i = 0; i < 100; i++) {
        ck_assert_ptr_nonnull(fsc_arena_alloc(arena, 1, 500 * 1000, &err));
        fsc_arena_rewind(arena, mark);
        ck_assert_uint_eq(fsc_arena_used(arena), before);
    }
    ck_assert_str_eq(kept, "kept");
}
END_TEST

START_TEST(a_rewind_to_the_beginning_frees_all)
{
    fsc_arena_mark mark = fsc_arena_get_mark(arena);
    ck_assert_ptr_nonnull(fsc_arena_alloc(arena, 1, 100000, &err));
    fsc_arena_rewind(arena, mark);
    ck_assert_uint_eq(fsc_arena_used(arena), 0);
}
END_TEST

START_TEST(a_buffer_grows_and_ends_with_0)
{
    fsc_buf b;
    fsc_buf_init(&b, arena, 1 << 16);
    ck_assert_str_eq(fsc_buf_str(&b), "");
    for (int i = 0; i < 1000; i++)
        fsc_buf_printf(&b, "%03d,", i);
    ck_assert_uint_eq(b.len, 4000);
    ck_assert_uint_eq(strlen(fsc_buf_str(&b)), 4000);
    ck_assert_int_eq(strncmp(fsc_buf_str(&b) + 3996, "999,", 4), 0);
    ck_assert_int_eq(fsc_buf_status(&b, &err), FSC_OK);
}
END_TEST

START_TEST(a_buffer_keeps_its_first_failure)
{
    fsc_buf b;
    fsc_buf_init(&b, arena, 10);
    fsc_buf_puts(&b, "12345");
    fsc_buf_puts(&b, "1234567");
    fsc_buf_puts(&b, "x");
    ck_assert_str_eq(fsc_buf_str(&b), "12345");
    ck_assert_int_eq(fsc_buf_status(&b, &err), FSC_DATA);
}
END_TEST

START_TEST(context_goes_in_front)
{
    fsc_fail_retryable(&err, FSC_REMOTE, "answer %d", 503);
    ck_assert_int_eq(fsc_context(&err, "pool %s", "gpu"), FSC_REMOTE);
    ck_assert_str_eq(err.msg, "pool gpu: answer 503");
    ck_assert(err.retryable);
    for (int i = 0; i < 100; i++)
        fsc_context(&err, "a long context that goes on and on, number %d", i);
    ck_assert_uint_lt(strlen(err.msg), sizeof err.msg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("arena");
    TCase *t = tcase_create("arena");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, storage_is_zeroed_and_aligned);
    tcase_add_test(t, the_limit_is_a_clean_error);
    tcase_add_test(t, a_rewind_gives_back_what_came_after_the_mark);
    tcase_add_test(t, a_rewind_to_the_beginning_frees_all);
    tcase_add_test(t, a_buffer_grows_and_ends_with_0);
    tcase_add_test(t, a_buffer_keeps_its_first_failure);
    tcase_add_test(t, context_goes_in_front);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
