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
    char behind[sizeof err->msg];
    memcpy(behind, err->msg, sizeof behind);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof err->msg ? (size_t)n : sizeof err->msg - 1;
    (void)snprintf(err->msg + used, sizeof err->msg - used, ": %s", behind);
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
