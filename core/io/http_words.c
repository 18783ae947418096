/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/http_words.h"

#include <string.h>
#include <strings.h>

/* Shorter ones, as a tenant's number, would blot out innocent words, and protect nothing. */
enum { SECRET_MIN_BYTES = 6 };

fsc_status fsc__secret_add(fsc__secret **list, const char *text, fsc_arena *a, fsc_err *err)
{
    if (strlen(text) < SECRET_MIN_BYTES)
        return FSC_OK;
    fsc__secret *one = FSC_NEW(a, 1, fsc__secret, err);
    if (!one)
        return FSC_NOMEM;
    *one = (fsc__secret){text, *list};
    *list = one;
    return FSC_OK;
}

fsc_status fsc__secret_add_header(fsc__secret **list, const char *key, const char *value,
                                  fsc_arena *a, fsc_err *err)
{
    static const char *const open[] = {"Accept", "Content-Type", "Host", "X-Scope-OrgID",
                                       "THANOS-TENANT"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (!strcasecmp(key, open[i]))
            return FSC_OK;
    const char *blank = strchr(value, ' ');
    FSC_TRY(fsc__secret_add(list, value, a, err));
    return blank ? fsc__secret_add(list, blank + 1, a, err) : FSC_OK;
}

fsc_status fsc__secret_add_login(fsc__secret **list, const char *username, const char *password,
                                 fsc_arena *a, fsc_err *err)
{
    fsc_buf sent;
    const char *login = fsc_arena_printf(a, err, "%s:%s", username, password);
    if (!login)
        return FSC_NOMEM;
    fsc_buf_init(&sent, a, SIZE_MAX / 4);
    fsc_buf_base64(&sent, login, "+/");
    FSC_TRY(fsc_buf_status(&sent, err));
    FSC_TRY(fsc__secret_add(list, fsc_buf_str(&sent), a, err));
    return fsc__secret_add(list, password, a, err);
}

/* A text may have been cut in the middle of a secret: at its end a beginning counts, too. */
static void hide(char *text, size_t n, const char *secret)
{
    size_t length = strlen(secret);
    for (size_t i = 0; i + SECRET_MIN_BYTES <= n; i++) {
        size_t same = length < n - i ? length : n - i;
        if (!memcmp(text + i, secret, same))
            memset(text + i, '*', same);
    }
}

fsc_status fsc_http_hide(const fsc_http_response *r, fsc_status status, fsc_err *err)
{
    for (const fsc__secret *one = r->secrets; err && status != FSC_OK && one; one = one->next)
        hide(err->msg, strlen(err->msg), one->text);
    return status;
}

void fsc__secrets_hide(fsc_http_response *r, fsc_status status, fsc_err *err)
{
    for (const fsc__secret *one = r->secrets; one; one = one->next) {
        hide(r->warning, strlen(r->warning), one->text);
        hide(r->content_type, strlen(r->content_type), one->text);
        if (status != FSC_OK)
            hide(r->body.data, r->body.len, one->text);
    }
    (void)fsc_http_hide(r, status, err);
}

void fsc__http_first_line(char *out, size_t n, const fsc_http_response *r)
{
    const unsigned char *p = (const unsigned char *)fsc_buf_str(&r->body);
    size_t length = 0;
    while (*p && *p <= ' ')
        p++;
    if (*p == '<')
        p = (const unsigned char *)"an HTML page";
    while (length < n - 1 && p[length] >= ' ' && p[length] != 0x7F)
        length++;
    while (length && (p[length] & 0xC0) == 0x80) /* never half a character */
        length--;
    memcpy(out, p, length);
    out[length] = '\0';
}
