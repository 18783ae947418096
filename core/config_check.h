/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FSC_CORE_CONFIG_CHECK_H
#define FSC_CORE_CONFIG_CHECK_H

#include "forescale/config.h"

/* What no single row can see: references, names, currencies, spans. FSC_CONFIG points at the value
 * in `root` that is to be changed. */
fsc_status fsc__config_check(const fsc_config *c, const fsc_node *root, const fsc_opt_ctx *ctx,
                             fsc_err *err) FSC_CHECKED;

#endif
