/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Money is an integer count of millionths of a currency unit, and its currency. Never a double. */
#ifndef FORESCALE_MONEY_H
#define FORESCALE_MONEY_H

#include "forescale/status.h"

#include <stdint.h>

typedef struct fsc_money {
    int64_t micros;
    char currency[4]; /* ISO 4217, "" while unset */
} fsc_money;

/* "800 USD", "16.00 USD"; a missing currency is refused and said. */
fsc_status fsc_money_parse(fsc_money *out, const char *text, fsc_err *err) FSC_CHECKED;
/* As above with "/h": a rate for an hour. */
fsc_status fsc_money_rate_parse(fsc_money *out, const char *text, fsc_err *err) FSC_CHECKED;

#define FSC_MONEY_TEXT 40
/* "1,234.50 USD" is for people, two decimals, half away from zero; returns out. */
const char *fsc_money_format(char out[FSC_MONEY_TEXT], fsc_money m);

double fsc_money_units(fsc_money m);
/* Rounded up to a whole micro: what something costs is never understated. rate is for an hour. */
int64_t fsc_money_over(int64_t micros_per_h, int64_t seconds, int64_t count);

#endif
