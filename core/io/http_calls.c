/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands on fsc_http_do_all() alone. */
#include "forescale/http.h"
#include "forescale/json.h"

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

fsc_status fsc_http_do(fsc_http *h, fsc_http_response *out, const fsc_http_request *req,
                       fsc_arena *a, fsc_err *err)
{
    fsc_status result = FSC_OK;
    fsc_err one = FSC_ERR_INIT;
    fsc_status status = fsc_http_do_all(h, out, req, &result, &one, 1, 1, a, err);
    if (status != FSC_OK)
        return status;
    if (result != FSC_OK && err)
        *err = one;
    return result;
}

fsc_status fsc_http_json(const fsc_node **out, fsc_http *h, const fsc_http_request *req,
                         fsc_arena *a, fsc_err *err)
{
    fsc_http_response response;
    FSC_TRY(fsc_http_do(h, &response, req, a, err));
    fsc_status status = fsc_json_parse(out, fsc_buf_str(&response.body), response.body.len, a, err);
    return status == FSC_OK ? FSC_OK
                            : fsc_http_hide(&response, fsc_context(err, "the answer"), err);
}
