/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A kubeconfig: a login or a reason. No plugin is run and nothing is connected to. */
#include "core/io/kube_login.h"
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The reader wants a file: one of this process, overwritten for each input. */
static const char *file_of(const char *text, size_t n)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        (void)snprintf(path, sizeof path, "/tmp/forescale-fuzz.XXXXXX");
        fd = mkstemp(path);
        if (fd < 0)
            abort();
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, n, 0) != (ssize_t)n)
        abort();
    return path;
}

static fsc_status one(const char *text, size_t n, fsc_arena *a, fsc_err *err)
{
    fsc__kube_login login;
    FSC_TRY(
        fsc__kube_login_read(&login, &(fsc_kube_options){.kubeconfig = file_of(text, n)}, a, err));
    if (!login.server || !login.namespace_)
        abort();
    return FSC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_run(one, data, n);
}
