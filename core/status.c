/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static fsc_status fill(fsc_err *err, fsc_status code, bool retryable, const char *fmt, va_list ap)
    FSC_PRINTF(4, 0);
static fsc_status fill(fsc_err *err, fsc_status code, bool retryable, const char *fmt, va_list ap)
{
    if (err) {
        err->code = code;
        err->retryable = retryable;
        (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    }
    return code;
}

fsc_status fsc_fail(fsc_err *err, fsc_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, false, fmt, ap);
    va_end(ap);
    return code;
}

fsc_status fsc_fail_retryable(fsc_err *err, fsc_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, true, fmt, ap);
    va_end(ap);
    return code;
}

fsc_status fsc_context(fsc_err *err, const char *fmt, ...)
{
    if (!err)
        return FSC_BUG;
    char front[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(front, sizeof front - 2, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : strlen(front);
    front[used++] = ':';
    front[used++] = ' ';
    /* What does not fit is cut behind: the front says where. */
    size_t room = sizeof err->msg - used - 1, behind = strlen(err->msg);
    behind = behind < room ? behind : room;
    memmove(err->msg + used, err->msg, behind);
    memcpy(err->msg, front, used);
    err->msg[used + behind] = '\0';
    return err->code;
}

const char *fsc_status_name(fsc_status code)
{
    static const char *const names[FSC_STATUS_N] = {
        "ok",       "usage",  "config", "data", "remote", "denied", "missing",
        "conflict", "budget", "store",  "io",   "nomem",  "bug",
    };
    return code < FSC_STATUS_N ? names[code] : "bug";
}
