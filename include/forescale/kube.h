/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Kubernetes API: login by kubeconfig or in-cluster, and the few verbs we use. */
#ifndef FORESCALE_KUBE_H
#define FORESCALE_KUBE_H

#include "forescale/http.h"
#include "forescale/json.h"

typedef struct fsc_kube fsc_kube;

typedef struct fsc_kube_options { /* all may be NULL: client-go's loading rules */
    const char *kubeconfig, *context, *namespace_;
} fsc_kube_options;

/* Reads the login and runs its exec plugin; does not connect. The handle lives in the arena. */
fsc_status fsc_kube_open(fsc_kube **out, fsc_http *http, const fsc_kube_options *o, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;
const char *fsc_kube_server(const fsc_kube *k);
const char *fsc_kube_namespace(const fsc_kube *k); /* the context's, or "default" */

fsc_http *fsc_kube_http(const fsc_kube *k); /* for what scales by another API */

/* path begins with /api or /apis. Status as fsc_http_do, with the API's own message in err; a
 * webhook's refusal is FSC_DENIED. The answer lives in the arena. A 401 renews the login and asks
 * once more. */
fsc_status fsc_kube_get(const fsc_node **out, fsc_kube *k, const char *path, fsc_arena *a,
                        fsc_err *err) FSC_CHECKED;
typedef enum fsc_dry_run { FSC_DRY_NONE, FSC_DRY_CLIENT, FSC_DRY_SERVER } fsc_dry_run;
/* A merge patch. CLIENT asks nothing and leaves *out NULL; SERVER lets webhooks and schemas veto.
 */
fsc_status fsc_kube_merge_patch(const fsc_node **out, fsc_kube *k, const char *path,
                                const char *json, fsc_dry_run dry, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;
/* Calls each() for every item of a list, page by page, as client-go pages. selector NULL: all. An
 * item lives until each() returns. */
typedef fsc_status (*fsc_kube_item)(void *ctx, const fsc_node *item, fsc_err *err);
fsc_status fsc_kube_list(fsc_kube *k, const char *path, const char *selector, fsc_kube_item each,
                         void *ctx, fsc_err *err) FSC_CHECKED;
fsc_status fsc_kube_send(const fsc_node **out, fsc_kube *k, fsc_http_method method,
                         const char *path, const char *json, fsc_arena *a,
                         fsc_err *err) FSC_CHECKED;

#endif
