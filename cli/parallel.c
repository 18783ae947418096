/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_WORKERS = 64, WORKER_LIMIT_MIB = 2048 };

typedef struct worker {
    fsc_parallel *all;
    fsc_arena *arena;
    pthread_t thread;
    bool started;
} worker;

struct fsc_parallel {
    size_t n, n_workers;
    atomic_size_t next;
    fsc_parallel_work work;
    void *ctx;
    fsc_status *results;
    fsc_err *errs;
    worker workers[MAX_WORKERS];
};

static void *run_worker(void *arg)
{
    worker *w = arg;
    fsc_parallel *p = w->all;
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->n;)
        p->results[i] = p->work(p->ctx, i, w->arena, &p->errs[i]);
    return NULL;
}

static size_t count_workers(size_t n)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t workers = cores > 1 ? (size_t)cores : 1;
    workers = workers < n ? workers : n;
    return workers < MAX_WORKERS ? workers : MAX_WORKERS;
}

fsc_status fsc_parallel_run(fsc_parallel **out, size_t n, fsc_parallel_work work, void *ctx,
                            fsc_status *results, fsc_err *errs, fsc_err *err)
{
    fsc_parallel *p = *out = calloc(1, sizeof *p);
    if (!p)
        return fsc_fail(err, FSC_NOMEM, "out of memory");
    p->n = n;
    p->work = work;
    p->ctx = ctx;
    p->results = results;
    p->errs = errs;
    p->n_workers = count_workers(n);
    atomic_init(&p->next, 0);
    for (size_t i = 0; i < p->n_workers; i++) {
        p->workers[i].all = p;
        FSC_TRY(fsc_arena_open(&p->workers[i].arena, (size_t)WORKER_LIMIT_MIB << 20, err));
    }
    /* The caller is the first worker; a thread that does not start leaves its share to the others.
     */
    for (size_t i = 1; i < p->n_workers; i++)
        p->workers[i].started =
            !pthread_create(&p->workers[i].thread, NULL, run_worker, &p->workers[i]);
    if (p->n_workers)
        run_worker(&p->workers[0]);
    for (size_t i = 1; i < p->n_workers; i++)
        if (p->workers[i].started)
            pthread_join(p->workers[i].thread, NULL);
    return FSC_OK;
}

void fsc_parallel_close(fsc_parallel *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_workers; i++)
        fsc_arena_close(p->workers[i].arena);
    free(p);
}
