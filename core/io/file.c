/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_CHUNK = 256 * 1024, MAX_SECRET_BYTES = 1024 * 1024 };

static gzFile open_for_read(const char *path)
{
    if (strcmp(path, "-"))
        return gzopen(path, "rb");
    int fd = dup(STDIN_FILENO);
    return fd < 0 ? NULL : gzdopen(fd, "rb");
}

static fsc_status unreadable(gzFile f, const char *path, fsc_err *err)
{
    int code;
    const char *why = gzerror(f, &code);
    return fsc_fail(err, code == Z_MEM_ERROR ? FSC_NOMEM : FSC_IO, "%s: %s", path, why);
}

/* Grows by doubling outside the arena, so that the arena holds the bytes only once. */
static fsc_status read_all(char **out, size_t *n, gzFile f, const char *path, size_t limit,
                           fsc_err *err)
{
    size_t cap = 0;
    for (;;) {
        if (cap - *n < READ_CHUNK) {
            cap = cap ? 2 * cap : READ_CHUNK;
            char *grown = realloc(*out, cap);
            if (!grown)
                return fsc_fail(err, FSC_NOMEM, "%s: out of memory", path);
            *out = grown;
        }
        int got = gzread(f, *out + *n, READ_CHUNK);
        if (got < 0)
            return unreadable(f, path, err);
        *n += (size_t)got;
        if (*n > limit)
            return fsc_fail(err, FSC_DATA, "%s: more than %zu MiB", path, limit >> 20);
        if (got == 0) {
            int code; /* a cut gzip file ends like a whole one */
            (void)gzerror(f, &code);
            return code == Z_OK || code == Z_STREAM_END ? FSC_OK : unreadable(f, path, err);
        }
    }
}

fsc_status fsc_file_read(const char **bytes, size_t *n, const char *path, size_t limit,
                         fsc_arena *a, fsc_err *err)
{
    struct stat st;
    char *data = NULL;
    *n = 0;
    if (strcmp(path, "-") && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return fsc_fail(err, FSC_IO, "%s is a folder", path);
    gzFile f = open_for_read(path);
    if (!f)
        return fsc_fail(err, errno == ENOMEM ? FSC_NOMEM : FSC_IO, "cannot read %s: %s", path,
                        strerror(errno));
    fsc_status status = read_all(&data, n, f, path, limit, err);
    gzclose(f);
    if (status == FSC_OK) {
        *bytes = fsc_arena_strndup(a, data, *n, err);
        status = *bytes ? FSC_OK : FSC_NOMEM;
    }
    free(data);
    return status;
}

fsc_status fsc_file_read_secret(const char **out, const char *path, fsc_arena *a, fsc_err *err)
{
    const char *bytes;
    size_t n;
    FSC_TRY(fsc_file_read(&bytes, &n, path, MAX_SECRET_BYTES, a, err));
    while (n && (unsigned char)bytes[n - 1] <= ' ')
        n--;
    *out = fsc_arena_strndup(a, bytes, n, err);
    return *out ? FSC_OK : FSC_NOMEM;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t did = write(fd, p, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return false;
        p += did;
        n -= (size_t)did;
    }
    return true;
}

static fsc_status replace(const char *path, const void *bytes, size_t n, mode_t mode, fsc_err *err)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return fsc_fail(err, FSC_IO, "%.60s...: the path is too long", path);
    int fd = mkstemp(temporary);
    if (fd < 0)
        return fsc_fail(err, FSC_IO, "cannot write %s: %s", path, strerror(errno));
    bool good = write_all(fd, bytes, n) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int cause = errno;
    good = close(fd) == 0 && good;
    if (good && rename(temporary, path) == 0)
        return FSC_OK;
    cause = good ? errno : cause;
    (void)unlink(temporary);
    return fsc_fail(err, FSC_IO, "cannot write %s: %s", path, strerror(cause));
}

fsc_status fsc_file_write(const char *path, const void *bytes, size_t n, fsc_err *err)
{
    return replace(path, bytes, n, 0600, err);
}

fsc_status fsc_file_publish(const char *path, const void *bytes, size_t n, fsc_err *err)
{
    return replace(path, bytes, n, 0644, err);
}
