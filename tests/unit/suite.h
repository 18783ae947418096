/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every test program has in common: an arena, an error, and main(). */
#ifndef FSC_TEST_SUITE_H
#define FSC_TEST_SUITE_H

#include "forescale/arena.h"

#include <check.h>
#include <stdlib.h>

static fsc_arena *arena;
static fsc_err err;

static void setup(void)
{
    err = (fsc_err)FSC_ERR_INIT;
    ck_assert_int_eq(fsc_arena_open(&arena, (size_t)1 << 30, &err), FSC_OK);
}

static void teardown(void)
{
    fsc_arena_close(arena);
}

#define OK(call) ck_assert_msg((call) == FSC_OK, "%s", err.msg)

static inline int run_suite(const char *name, void (*add)(TCase *t))
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    add(t);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
