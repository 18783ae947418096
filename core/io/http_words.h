/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a server's answer may be repeated in messages: one line of it, and never our own secrets,
 * which a server may echo. */
#ifndef FORESCALE_HTTP_WORDS_H
#define FORESCALE_HTTP_WORDS_H

#include "forescale/http.h"

/* What a request carries to prove who asks; the newest first. Texts are the caller's. */
typedef struct fsc__secret fsc__secret;
struct fsc__secret {
    const char *text;
    fsc__secret *next;
};

fsc_status fsc__secret_add(fsc__secret **list, const char *text, fsc_arena *a,
                           fsc_err *err) FSC_CHECKED;

/* A header's value, and the credential behind its scheme; headers that hold no secret are none. */
fsc_status fsc__secret_add_header(fsc__secret **list, const char *key, const char *value,
                                  fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* The password, and the form in which basic authentication sends it. */
fsc_status fsc__secret_add_login(fsc__secret **list, const char *username, const char *password,
                                 fsc_arena *a, fsc_err *err) FSC_CHECKED;

/* Stars over every one of r->secrets in an answer's headers; where it failed, in its body and in
 * err. */
void fsc__secrets_hide(fsc_http_response *r, fsc_status status, fsc_err *err);

/* The first line of an error answer, cut, on one line; "" where it is no text. */
void fsc__http_first_line(char *out, size_t n, const fsc_http_response *r);

#endif
