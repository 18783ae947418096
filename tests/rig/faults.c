/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded into a program under test: lets the Nth call of a kind go wrong, and says what time it
 * is.
 *
 *   FAULT_TIME=SECONDS   what time() answers
 *   FAULT=HOW:KIND:N     from main() on, counted over all threads. HOW: `once` fails the Nth call,
 *                        `after` that and all later ones, `kill` ends the process before it
 *   FAULT_COUNT=FILE     at the end the file has a line "KIND CALLS" for each kind
 *
 * Kinds: alloc (ENOMEM), write (ENOSPC; standard error is let through), sync (EIO), sql (SQLite's
 * errors of a disk and of memory by turns; of libpq none is made).
 */
#undef _FILE_OFFSET_BITS /* pwrite and pwrite64 are two */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { SQL_NOMEM = 7, SQL_IOERR = 10, SQL_FULL = 13 };
typedef enum kind { ALLOC, WRITE, SYNC, SQL, KINDS } kind;
static const char *const names[KINDS] = {"alloc", "write", "sync", "sql"};

static atomic_long calls[KINDS];
static atomic_bool armed;
static kind chosen = KINDS;
static long nth;
static bool after, kills;

static void read_fault(void)
{
    char how[8], what[8];
    const char *text = getenv("FAULT");
    if (!text)
        return;
    if (sscanf(text, "%7[a-z]:%7[a-z]:%ld", how, what, &nth) != 3 || nth < 1)
        abort();
    while (chosen > 0 && strcmp(names[chosen - 1], what))
        chosen--;
    if (chosen-- == 0)
        abort();
    after = !strcmp(how, "after");
    kills = !strcmp(how, "kill");
}

/* Counts a call; true: it is to fail. */
static bool fails(kind k)
{
    if (!armed)
        return false;
    long n = atomic_fetch_add(&calls[k], 1) + 1;
    if (k != chosen || n < nth || (n > nth && !after))
        return false;
    if (kills)
        (void)raise(SIGKILL);
    return true;
}

static void tell(void)
{
    const char *path = getenv("FAULT_COUNT");
    armed = false;
    FILE *f = path ? fopen(path, "w") : NULL;
    for (int k = 0; f && k < KINDS; k++)
        (void)fprintf(f, "%s %ld\n", names[k], atomic_load(&calls[k]));
    if (f)
        (void)fclose(f);
}

/* Finds the definition that comes after this one. */
static void resolve(void **out, const char *name)
{
    if (!*out)
        *out = dlsym(RTLD_NEXT, name);
    if (!*out)
        abort();
}

/* Declares `next`: the function itself, that takes these arguments. */
#define NEXT(type, name, ...)                                                                      \
    static type (*next)(__VA_ARGS__);                                                              \
    resolve((void **)&next, name)

/* ---- the program's begin --------------------------------------------------------------------- */

static int (*program)(int, char **, char **);

static int counted_program(int argc, char **argv, char **env)
{
    read_fault();
    (void)atexit(tell);
    armed = true;
    return program(argc, argv, env);
}

int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                      void (*)(void), void *);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                      void (*begin)(void), void (*end)(void), void (*unload)(void), void *stack)
{
    NEXT(int, "__libc_start_main", int (*)(int, char **, char **), int, char **, void (*)(void),
         void (*)(void), void (*)(void), void *);
    program = main;
    return next(counted_program, argc, argv, begin, end, unload, stack);
}

time_t time(time_t *out)
{
    const char *text = getenv("FAULT_TIME");
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    time_t t = text ? (time_t)strtoll(text, NULL, 10) : now.tv_sec;
    if (out)
        *out = t;
    return t;
}

/* ---- memory: the C library's own names, for dlsym() may allocate ----------------------------- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static bool no_memory(void)
{
    bool fail = fails(ALLOC);
    if (fail)
        errno = ENOMEM;
    return fail;
}

void *malloc(size_t n)
{
    return no_memory() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return no_memory() ? NULL : __libc_realloc(p, n);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool no_space(int fd)
{
    bool fail = fd != STDERR_FILENO && fails(WRITE);
    if (fail)
        errno = ENOSPC;
    return fail;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    return no_space(fd) ? -1 : next(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return no_space(fd) ? -1 : next(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return no_space(fd) ? -1 : next(fd, bytes, n, at);
}

static bool no_disk(void)
{
    bool fail = fails(SYNC);
    if (fail)
        errno = EIO;
    return fail;
}

int fsync(int fd)
{
    NEXT(int, "fsync", int);
    return no_disk() ? -1 : next(fd);
}

int fdatasync(int fd)
{
    NEXT(int, "fdatasync", int);
    return no_disk() ? -1 : next(fd);
}

/* ---- SQL ------------------------------------------------------------------------------------- */

int sqlite3_step(void *statement);
int sqlite3_exec(void *db, const char *sql, int (*row)(void *, int, char **, char **), void *ctx,
                 char **message);
int sqlite3_prepare_v3(void *db, const char *sql, int n, unsigned flags, void **out,
                       const char **tail);

static _Thread_local bool in_exec; /* which takes steps of its own, and would lose their errors */

/* 0: let it through. */
static int sql_failure(void)
{
    static const int codes[] = {SQL_IOERR, SQL_NOMEM, SQL_FULL};
    return !in_exec && fails(SQL) ? codes[nth % 3] : 0;
}

int sqlite3_step(void *statement)
{
    NEXT(int, "sqlite3_step", void *);
    int code = sql_failure();
    return code ? code : next(statement);
}

int sqlite3_exec(void *db, const char *sql, int (*row)(void *, int, char **, char **), void *ctx,
                 char **message)
{
    NEXT(int, "sqlite3_exec", void *, const char *, int (*)(void *, int, char **, char **), void *,
         char **);
    int code = sql_failure();
    if (code)
        return code;
    in_exec = true;
    code = next(db, sql, row, ctx, message);
    in_exec = false;
    return code;
}

int sqlite3_prepare_v3(void *db, const char *sql, int n, unsigned flags, void **out,
                       const char **tail)
{
    NEXT(int, "sqlite3_prepare_v3", void *, const char *, int, unsigned, void **, const char **);
    int code = sql_failure();
    return code ? code : next(db, sql, n, flags, out, tail);
}
