/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local files: read whole with a limit, inflated where they are gzip (the only user of zlib's
 * streams). */
#ifndef FORESCALE_FILE_H
#define FORESCALE_FILE_H

#include "forescale/arena.h"

/* path "-" is standard input; gzip content is inflated. *bytes ends with a 0 byte that *n does not
 * count. FSC_IO names the path and the cause; FSC_DATA when there are more than limit bytes. */
fsc_status fsc_file_read(const char **bytes, size_t *n, const char *path, size_t limit,
                         fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* A token or password: the text without the blanks and line ends behind it. */
fsc_status fsc_file_read_secret(const char **out, const char *path, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;

/* Replaces the file as a whole or not at all (mode 0600): a temporary beside it, fsync, rename. */
fsc_status fsc_file_write(const char *path, const void *bytes, size_t n, fsc_err *err) FSC_CHECKED;
/* As above for what others shall read: mode 0644. */
fsc_status fsc_file_publish(const char *path, const void *bytes, size_t n,
                            fsc_err *err) FSC_CHECKED;

#endif
