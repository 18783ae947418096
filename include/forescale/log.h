/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging is a callback owned by the command line; nothing below cli/ prints. Fields are key, value
 * pairs of strings that end with NULL: fsc_log(log, FSC_LOG_WARN, "meter stale", "budget", name,
 * NULL).
 */
#ifndef FORESCALE_LOG_H
#define FORESCALE_LOG_H

#include <stdarg.h>

typedef enum fsc_log_level {
    FSC_LOG_ERROR,
    FSC_LOG_WARN,
    FSC_LOG_INFO,
    FSC_LOG_DEBUG
} fsc_log_level;

typedef struct fsc_log {
    void *ctx;
    fsc_log_level level; /* the most verbose that is written */
    void (*write)(void *ctx, fsc_log_level level, const char *msg, va_list fields);
} fsc_log;

void fsc_log_write(const fsc_log *log, fsc_log_level level, const char *msg,
                   ...); /* log may be NULL */

#endif
