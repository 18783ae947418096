/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forescale/http.h"

#include <string.h>

void fsc_http_form_add(fsc_buf *form, const char *key, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    fsc_buf_printf(form, "%s%s=", form->len ? "&" : "", key);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if (strchr(plain, *p))
            fsc_buf_add(form, p, 1);
        else
            fsc_buf_printf(form, "%%%02X", *p);
}
