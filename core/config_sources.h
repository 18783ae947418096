/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prices and the services that know them, as the configuration says it. */
#ifndef FSC_CORE_CONFIG_SOURCES_H
#define FSC_CORE_CONFIG_SOURCES_H

#include "forescale/config.h"

extern const fsc_opt fsc__price_rows[];                               /* of fsc_pool_config */
extern const fsc_opt fsc__lambda_cloud_rows[], fsc__open_cost_rows[]; /* of fsc_api_config */
extern const fsc_opt fsc__meter_rows[];                               /* of fsc_meter_config */
extern const fsc_opt fsc__aws_rows[];                                 /* of a const char * */

/* Tells a reader's name from a remark, and gives the price its currency. */
void fsc__price_settle(fsc_pool_config *pool);
/* Gives a pool's prewarm what its cloud needs to be asked. */
void fsc__prewarm_settle(fsc_pool_config *pool, const fsc_api_config *lambda_cloud,
                         const char *aws_region);
/* FSC_CONFIG where it lacks a key that its kind needs. */
fsc_status fsc__prewarm_check(const fsc_target_ref *prewarm, fsc_err *err) FSC_CHECKED;
/* FSC_CONFIG where a price lacks what its source needs. */
fsc_status fsc__price_check(const fsc_config *c, const fsc_pool_config *pool,
                            fsc_err *err) FSC_CHECKED;

fsc_status fsc__meter_check(const fsc_config *c, const fsc_budget_config *budget,
                            fsc_err *err) FSC_CHECKED;

#endif
