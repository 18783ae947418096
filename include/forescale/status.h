/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one error rule. A function that can fail returns fsc_status and takes a caller-owned fsc_err
 * as its last parameter. The layer that fails fills it once with fsc_fail(); layers above may put
 * context in front with fsc_context(), and never replace it. A message is one line that says what
 * is wrong and, where it can, what to do.
 */
#ifndef FORESCALE_STATUS_H
#define FORESCALE_STATUS_H

#include <stdbool.h>

typedef enum fsc_status {
    FSC_OK = 0,
    FSC_USAGE,    /* the command line is wrong */
    FSC_CONFIG,   /* the configuration is wrong */
    FSC_DATA,     /* input data are wrong, too short, or full of gaps */
    FSC_REMOTE,   /* a remote part failed or answered with an error */
    FSC_DENIED,   /* a remote part refused us: 401, 403, a webhook */
    FSC_MISSING,  /* a remote object does not exist */
    FSC_CONFLICT, /* somebody else changed it first, or holds the lease */
    FSC_BUDGET,   /* a budget forbids it */
    FSC_STORE,    /* the store failed */
    FSC_IO,       /* a local file could not be read or written */
    FSC_NOMEM,    /* memory limit reached */
    FSC_BUG,      /* cannot happen; please report */
    FSC_STATUS_N
} fsc_status;

typedef struct fsc_err {
    fsc_status code;
    bool retryable; /* the same call may succeed later */
    char msg[480];
} fsc_err;

#define FSC_ERR_INIT                                                                               \
    {                                                                                              \
        FSC_OK, false, ""                                                                          \
    }

#if defined(__GNUC__)
#define FSC_CHECKED      __attribute__((warn_unused_result))
#define FSC_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define FSC_CHECKED
#define FSC_PRINTF(f, a)
#endif

/* Fills err (which may be NULL) and returns code. */
fsc_status fsc_fail(fsc_err *err, fsc_status code, const char *fmt, ...) FSC_PRINTF(3, 4);

/* As fsc_fail(), for a failure that may pass by itself. */
fsc_status fsc_fail_retryable(fsc_err *err, fsc_status code, const char *fmt, ...) FSC_PRINTF(3, 4);

/* Puts "context: " in front of err's message; returns err's code. */
fsc_status fsc_context(fsc_err *err, const char *fmt, ...) FSC_PRINTF(2, 3);

/* The status's name in lower case, as docs/errors.md lists it ("config"). Never NULL. */
const char *fsc_status_name(fsc_status code);

/* Leaves the calling function with the status of a failed call; for functions that own nothing. */
#define FSC_TRY(call)                                                                              \
    do {                                                                                           \
        fsc_status fsc_try_status = (call);                                                        \
        if (fsc_try_status != FSC_OK)                                                              \
            return fsc_try_status;                                                                 \
    } while (0)

#endif
