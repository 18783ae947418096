/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can go wrong around a store: other files, damage, kills, full disks, other processes. */
#include "store_suite.h"

#include "forescale/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void write_file(const char *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static const char *file_bytes(size_t *n)
{
    const char *bytes;
    OK(fsc_file_read(&bytes, n, path, (size_t)1 << 26, arena, &err));
    return bytes;
}

static void patch(long at, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "r+");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void sleep_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000 * 1000};
    (void)nanosleep(&t, NULL);
}

static int exit_code(pid_t child)
{
    int code;
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static size_t files_in_folder(void)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* ---- files that are not ours ---- */

static void make_text(void)
{
    static const char text[] = "these are precious notes, and they are longer than one hundred "
                               "bytes, so that the header of a database would fit\n";
    write_file(text, sizeof text - 1);
}

static void make_short_text(void)
{
    write_file("a\n", 2);
}

static void make_foreign_database(void)
{
    fsc_store_close(open_store());
    patch(68, "\0\0\0\0", 4); /* application_id */
}

static void make_newer_schema(void)
{
    fsc_store_close(open_store());
    patch(60, "\0\0\0\x9", 4); /* user_version, big-endian */
}

static void make_scrambled(void)
{
    fsc_store_close(open_store());
    patch(16, "\0\x11", 2); /* a page size that cannot be */
}

static const struct stranger {
    void (*make)(void);
    const char *says;
    bool opened; /* by SQLite, which leaves an empty log beside what it only reads */
} strangers[] = {
    {make_text, "no forescale store", false},
    {make_short_text, "no forescale store", false},
    {make_foreign_database, "another program's database", false},
    {make_newer_schema, "newer", false},
    {make_scrambled, "no forescale store", true},
};

START_TEST(a_foreign_file_is_refused_and_left_alone)
{
    size_t n, m;
    strangers[_i].make();
    const char *before = file_bytes(&n);
    for (int access = FSC_STORE_READ; access <= FSC_STORE_WRITE; access++) {
        fsc_store *s;
        ck_assert_int_eq(fsc_store_open(&s, path, (fsc_store_access)access, &err), FSC_STORE);
        ck_assert_ptr_null(s);
        ck_assert_msg(strstr(err.msg, strangers[_i].says) != NULL, "%s", err.msg);
        ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
        const char *after = file_bytes(&m);
        ck_assert(n == m && memcmp(before, after, n) == 0);
        ck_assert(strangers[_i].opened || files_in_folder() == 1);
    }
}
END_TEST

START_TEST(what_cannot_be_opened_is_said)
{
    fsc_store *s;
    ck_assert_int_eq(fsc_store_open(&s, "/nowhere/at/all.db", FSC_STORE_WRITE, &err), FSC_STORE);
    ck_assert_msg(strstr(err.msg, "check the path") != NULL, "%s", err.msg);
    ck_assert_int_eq(fsc_store_open(&s, path, FSC_STORE_READ, &err), FSC_STORE);
    ck_assert_msg(strstr(err.msg, "check the path") != NULL, "%s", err.msg);
    ck_assert_int_eq(fsc_store_open(&s, folder, FSC_STORE_WRITE, &err), FSC_STORE);
    write_file("", 0); /* a run that was killed at its very beginning */
    ck_assert_int_eq(fsc_store_open(&s, path, FSC_STORE_READ, &err), FSC_STORE);
    ck_assert_msg(strstr(err.msg, "still empty") != NULL, "%s", err.msg);
    OK(fsc_store_open(&s, path, FSC_STORE_WRITE, &err));
    OK(fsc_store_check(s, &err));
    fsc_store_close(s);
}
END_TEST

START_TEST(the_file_is_private)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    mode_t before = umask(0);
    fsc_store *s = open_store();
    OK(fsc_blob_put(s, "k", "k", "x", 1, 0, &err));
    for (size_t i = 0; i < 3; i++) {
        char name[sizeof path + 8];
        struct stat st;
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        ck_assert_int_eq(stat(name, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0600);
    }
    fsc_store_close(s);
    (void)umask(before);
}
END_TEST

/* As a user who may not write there; root may write anywhere and takes another's rights first. */
START_TEST(a_read_only_folder_is_said)
{
    fsc_store_close(open_store());
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        fsc_store *s;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        fsc_status status = fsc_store_open(&s, path, FSC_STORE_WRITE, &err);
        if (status == FSC_OK)
            status = fsc_blob_put(s, "k", "k", "x", 1, 0, &err);
        _exit(status == FSC_STORE && strstr(err.msg, "permissions") ? 0 : 1);
    }
    ck_assert_int_eq(exit_code(child), 0);
    ck_assert_int_eq(chmod(folder, 0700), 0);
}
END_TEST

/* ---- damage ---- */

START_TEST(damage_in_any_page_is_an_error_and_no_crash)
{
    enum { POINTS = 20000, PAGE = 4096 };
    static double v[POINTS];
    fsc_store *s = open_store();
    size_t n, found = 0;
    for (size_t i = 0; i < POINTS; i++)
        v[i] = (double)(next_random() % 100000);
    const fsc_series p = piece(0, 60, POINTS, v);
    OK(fsc_history_write(s, &p, &err));
    fsc_store_close(s);
    const char *whole = file_bytes(&n);
    char *copy = fsc_arena_strndup(arena, whole, n, &err);
    ck_assert_ptr_nonnull(copy);
    for (size_t page = 0; page < n / PAGE; page++) {
        memcpy(copy, whole, n);
        for (size_t i = 0; i < 64; i++) /* of the first page the header stays, which is looked at */
            copy[page * PAGE + 100 + next_random() % (PAGE - 100)] ^=
                (char)(1 + next_random() % 255);
        write_file(copy, n);
        if (fsc_store_open(&s, path, FSC_STORE_WRITE, &err) != FSC_OK ||
            fsc_store_check(s, &err) != FSC_OK) {
            found++;
        } else { /* damage that is not found has hit nothing that counts */
            fsc_series back;
            OK(fsc_history_read(&back, s, "x", 0, INT64_C(60) * POINTS, arena, &err));
            ck_assert_uint_eq(back.n, POINTS);
            ck_assert_int_eq(memcmp(back.values, v, sizeof v), 0);
        }
        fsc_store_close(s);
    }
    ck_assert_uint_ge(2 * found, n / PAGE);
}
END_TEST

/* What is read without a check first gives an error or an answer, and never a crash. */
START_TEST(reading_a_damaged_store_does_no_harm)
{
    enum { POINTS = 3000 };
    static double v[POINTS];
    fsc_store *s = open_store();
    const fsc_series p = piece(0, 60, POINTS, v);
    const fsc_ledger_row row = {.run_id = "r", .object = "o", .key = "k"};
    size_t n, m;
    int64_t id;
    for (size_t i = 0; i < POINTS; i++)
        v[i] = (double)(next_random() % 100000);
    OK(fsc_history_write(s, &p, &err));
    OK(fsc_ledger_intend(&id, s, &row, &err));
    fsc_store_close(s);
    const char *whole = file_bytes(&n);
    char *copy = fsc_arena_strndup(arena, whole, n, &err);
    ck_assert_ptr_nonnull(copy);
    for (int round = 0; round < 400; round++) {
        fsc_arena_mark mark = fsc_arena_get_mark(arena);
        memcpy(copy, whole, n);
        for (size_t i = 0; i < 40; i++)
            copy[100 + next_random() % (n - 100)] = (char)next_random();
        write_file(copy, n);
        if (fsc_store_open(&s, path, FSC_STORE_WRITE, &err) == FSC_OK) {
            fsc_series back;
            fsc_history_info *list;
            fsc_ledger_entry *rows;
            fsc_span *gaps;
            static const int64_t end = INT64_C(60) * POINTS;
            (void)!fsc_history_list(&list, &m, s, arena, &err);
            (void)!fsc_history_read(&back, s, "x", 0, end, arena, &err);
            (void)!fsc_history_read_hourly(&back, s, "x", 0, end, arena, &err);
            (void)!fsc_history_gaps(&gaps, &m, s, "x", 60, 0, end, 0, arena, &err);
            (void)!fsc_ledger_read(&rows, &m, s, NULL, NULL, 0, 1, 9, arena, &err);
            (void)!fsc_history_retire(s, end, &err);
            (void)!fsc_history_write(s, &p, &err);
        }
        fsc_store_close(s);
        fsc_arena_rewind(arena, mark);
    }
}
END_TEST

/* ---- kills ---- */

/* Writes until killed: piece k holds the value k everywhere; k goes to the pipe once committed. */
static void write_forever(int told)
{
    static double v[100];
    fsc_store *s = open_store();
    for (int32_t k = 0;; k++) {
        for (size_t i = 0; i < 100; i++)
            v[i] = (double)k;
        const fsc_series p = piece(INT64_C(6000) * k, 60, 100, v);
        if (fsc_store_begin(s, &err) != FSC_OK || fsc_history_write(s, &p, &err) != FSC_OK ||
            fsc_store_commit(s, &err) != FSC_OK || write(told, &k, sizeof k) != sizeof k)
            _exit(1);
    }
}

/* How many pieces the child told of before it died. */
static int32_t kill_a_writer(long after_ms)
{
    int ends[2];
    int32_t k, last = -1;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        write_forever(ends[1]);
    close(ends[1]);
    sleep_ms(after_ms);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    while (read(ends[0], &k, sizeof k) == sizeof k)
        last = k;
    close(ends[0]);
    return last + 1;
}

START_TEST(a_killed_writer_loses_nothing_that_it_told_of)
{
    int32_t most = 0;
    for (int round = 0; round < 30; round++) {
        int32_t told = kill_a_writer(round == 0 ? 400 : 1 + (long)(next_random() % 60));
        most = told > most ? told : most;
        fsc_store *s = open_store();
        fsc_series back = {.n = 0};
        OK(fsc_store_check(s, &err));
        fsc_status status =
            fsc_history_read(&back, s, "x", INT64_MIN / 2, INT64_MAX / 2, arena, &err);
        ck_assert(status == FSC_OK || (status == FSC_MISSING && most == 0));
        ck_assert_uint_eq(back.n % 100, 0); /* whole pieces */
        ck_assert_uint_ge(back.n, 100 * (size_t)most);
        for (size_t i = 0; i < back.n; i++)
            ck_assert_msg(back.values[i] == (double)(i / 100), "point %zu is %g", i,
                          back.values[i]);
        fsc_store_close(s);
    }
    ck_assert_int_ge(most, 1);
}
END_TEST

/* ---- full disk ---- */

START_TEST(a_full_disk_is_said_and_loses_nothing)
{
    enum { POINTS = 20000 };
    static double v[POINTS];
    fsc_store *s = open_store();
    const fsc_series first = piece(0, 60, 100, v), big = piece(60000, 60, POINTS - 1000, v);
    OK(fsc_history_write(s, &first, &err));
    fsc_store_close(s);
    for (size_t i = 0; i < POINTS; i++)
        v[i] = sqrt((double)i); /* no decimals: seven bytes each */
    pid_t child = fork();
    if (child == 0) { /* a limit on a file's size stands in for the disk's */
        const struct rlimit limit = {(rlim_t)(64 + 16 * _i) * 1024, (rlim_t)(64 + 16 * _i) * 1024};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        fsc_store *t;
        fsc_status status = fsc_store_open(&t, path, FSC_STORE_WRITE, &err);
        if (status == FSC_OK)
            status = fsc_history_write(t, &big, &err);
        fsc_store_close(t);
        _exit(status == FSC_STORE && strstr(err.msg, "disk") ? 0 : 1);
    }
    ck_assert_int_eq(exit_code(child), 0);
    s = open_store();
    fsc_series back;
    OK(fsc_store_check(s, &err));
    OK(fsc_history_read(&back, s, "x", INT64_MIN / 2, INT64_MAX / 2, arena, &err));
    ck_assert_uint_eq(back.n, 100);
    OK(fsc_history_write(s, &big, &err)); /* and there is room again */
    fsc_store_close(s);
}
END_TEST

/* A real one, where the machine lets us mount it. */
START_TEST(a_full_file_system_is_said_and_loses_nothing)
{
    static double v[20000];
    size_t whole = 0;
    if (mount("tmpfs", folder, "tmpfs", 0, "size=400k") != 0) {
        (void)printf("SKIP a_full_file_system_is_said_and_loses_nothing: cannot mount: %s\n",
                     strerror(errno));
        return;
    }
    fsc_store *s = open_store();
    fsc_status status = FSC_OK;
    for (size_t i = 0; i < 20000; i++)
        v[i] = sqrt((double)i);
    for (; status == FSC_OK && whole < 1000; whole += status == FSC_OK) {
        const fsc_series p = piece(60 * 500 * (int64_t)whole, 60, 500, v);
        status = fsc_history_write(s, &p, &err);
    }
    bool said = status == FSC_STORE && strstr(err.msg, "the disk is full") != NULL;
    fsc_store_close(s);
    fsc_status open = fsc_store_open(&s, path, FSC_STORE_WRITE, &err);
    fsc_status check = open == FSC_OK ? fsc_store_check(s, &err) : open;
    fsc_series back = {.n = 0};
    if (check == FSC_OK)
        check = fsc_history_read(&back, s, "x", 0, INT64_MAX / 2, arena, &err);
    fsc_store_close(s);
    ck_assert_int_eq(umount(folder), 0); /* before any assertion leaves it mounted */
    ck_assert(said);
    ck_assert_msg(check == FSC_OK, "%s", err.msg);
    ck_assert_uint_ge(whole, 1);
    ck_assert_uint_eq(back.n, 500 * whole);
}
END_TEST

/* ---- several processes ---- */

START_TEST(two_writers_wait_for_each_other)
{
    fsc_store_close(open_store());
    pid_t child = fork(); /* before any connection: SQLite's do not survive a fork */
    if (child == 0) {
        sleep_ms(100);
        fsc_store *c = open_store();
        _exit(fsc_store_begin(c, &err) == FSC_OK && fsc_store_commit(c, &err) == FSC_OK ? 0 : 1);
    }
    fsc_store *a = open_store();
    OK(fsc_store_begin(a, &err));
    sleep_ms(400);
    OK(fsc_store_commit(a, &err));
    ck_assert_int_eq(exit_code(child), 0);
    fsc_store_close(a);
}
END_TEST

START_TEST(a_store_that_is_held_is_worth_another_try)
{
    fsc_store *holder = open_store(), *other = open_store();
    OK(fsc_store_begin(holder, &err));
    ck_assert_int_eq(fsc_store_begin(other, &err), FSC_STORE);
    ck_assert(err.retryable);
    ck_assert_msg(strstr(err.msg, "another process holds the store") != NULL, "%s", err.msg);
    OK(fsc_store_commit(holder, &err));
    OK(fsc_store_begin(other, &err));
    OK(fsc_store_commit(other, &err));
    fsc_store_close(holder);
    fsc_store_close(other);
}
END_TEST

/* All make the store at once, and each adds its own series. */
START_TEST(many_processes_make_one_store)
{
    enum { PROCESSES = 6, PIECES = 20 };
    pid_t children[PROCESSES];
    for (int c = 0; c < PROCESSES; c++) {
        children[c] = fork();
        if (children[c])
            continue;
        static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
        fsc_store *s;
        if (fsc_store_open(&s, path, FSC_STORE_WRITE, &err) != FSC_OK)
            _exit(1);
        for (int k = 0; k < PIECES; k++) {
            const double v = k;
            fsc_series p = piece(60 * k, 60, 1, &v);
            p.id = ids[c];
            if (fsc_history_write(s, &p, &err) != FSC_OK)
                _exit(2);
        }
        fsc_store_close(s);
        _exit(0);
    }
    for (int c = 0; c < PROCESSES; c++)
        ck_assert_int_eq(exit_code(children[c]), 0);
    fsc_store *s = open_store();
    fsc_history_info *list;
    size_t n;
    OK(fsc_history_list(&list, &n, s, arena, &err));
    ck_assert_uint_eq(n, PROCESSES);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(list[i].samples, PIECES);
    OK(fsc_store_check(s, &err));
    fsc_store_close(s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_foreign_file_is_refused_and_left_alone, 0,
                        sizeof strangers / sizeof *strangers);
    tcase_add_test(t, what_cannot_be_opened_is_said);
    tcase_add_test(t, the_file_is_private);
    tcase_add_test(t, a_read_only_folder_is_said);
    tcase_add_test(t, damage_in_any_page_is_an_error_and_no_crash);
    tcase_add_test(t, reading_a_damaged_store_does_no_harm);
    tcase_add_test(t, a_killed_writer_loses_nothing_that_it_told_of);
    tcase_add_loop_test(t, a_full_disk_is_said_and_loses_nothing, 0, 4);
    tcase_add_test(t, a_full_file_system_is_said_and_loses_nothing);
    tcase_add_test(t, two_writers_wait_for_each_other);
    tcase_add_test(t, a_store_that_is_held_is_worth_another_try);
    tcase_add_test(t, many_processes_make_one_store);
}

int main(void)
{
    return run_store_suite("store_faults", add);
}
