/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

fsc_status fsc_amount_parse(int64_t *micros, const char *text, const char *currency, fsc_err *err)
{
    fsc_money m;
    char with_currency[64];
    int n = snprintf(with_currency, sizeof with_currency, strchr(text, ' ') ? "%s" : "%s %s", text,
                     currency);
    if (n < 0 || (size_t)n >= sizeof with_currency)
        return fsc_fail(err, FSC_USAGE, "\"%.40s...\" is no amount of money", text);
    FSC_TRY(fsc_money_parse(&m, with_currency, err));
    if (strcmp(m.currency, currency))
        return fsc_fail(err, FSC_USAGE, "%s: this budget is in %s", text, currency);
    *micros = m.micros;
    return FSC_OK;
}
