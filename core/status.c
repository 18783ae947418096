/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    char front[sizeof err->msg], whole[2 * sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(front, sizeof front, fmt, ap);
    va_end(ap);
    (void)snprintf(whole, sizeof whole, "%s: %s", front, err->msg);
    memcpy(err->msg, whole, sizeof err->msg - 1);
    err->msg[sizeof err->msg - 1] = '\0';
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
