/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/log.h"

#include <stddef.h>

void fsc_log_write(const fsc_log *log, fsc_log_level level, const char *msg, ...)
{
    if (!log || level > log->level)
        return;
    va_list fields;
    va_start(fields, msg);
    log->write(log->ctx, level, msg, fields);
    va_end(fields);
}
