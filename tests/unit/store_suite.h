/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store of its own for each test: a file in a folder that goes away with it, or, beside a
 * PostgreSQL server (tests/rig/with_postgres.sh), a schema. */
#ifndef FSC_TEST_STORE_SUITE_H
#define FSC_TEST_STORE_SUITE_H

#include "suite.h"

#include "core/store/db.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[64], path[256];

static inline fsc_store *open_store(void)
{
    fsc_store *s;
    OK(fsc_store_open(&s, path, FSC_STORE_WRITE, &err));
    return s;
}

static inline void make_schema(const char *server)
{
    char create[64];
    (void)snprintf(path, sizeof path, "%s", server);
    fsc_store *s = open_store();
    (void)snprintf(create, sizeof create, "CREATE SCHEMA t%ld", (long)getpid());
    OK(fsc__db_exec(s, create, &err));
    fsc_store_close(s);
    (void)snprintf(path, sizeof path, "%s&options=-csearch_path%%3Dt%ld", server, (long)getpid());
}

static void store_setup(void)
{
    const char *server = getenv("FORESCALE_POSTGRES");
    setup();
    (void)snprintf(folder, sizeof folder, "/tmp/store.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s.db", folder);
    if (server)
        make_schema(server);
}

static void store_teardown(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            (void)unlink(name);
    }
    if (d)
        closedir(d);
    (void)rmdir(folder);
    teardown();
}

static inline fsc_series piece(int64_t start, int32_t step_s, size_t n, const double *v)
{
    return (fsc_series){.id = "x", .start = start, .step_s = step_s, .n = n, .values = v};
}

static inline uint64_t next_random(void)
{
    static uint64_t state = 1;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static inline bool same_bits(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static inline int run_store_suite(const char *name, void (*add)(TCase *t))
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, store_setup, store_teardown);
    add(t);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
