/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the API server is reached and who we are there: between kubeconfig.c, kube_exec.c and kube.c.
 */
#ifndef FORESCALE_KUBE_LOGIN_H
#define FORESCALE_KUBE_LOGIN_H

#include "forescale/kube.h"

/* An exec plugin as the kubeconfig describes it (client.authentication.k8s.io v1, v1beta1). */
typedef struct fsc__kube_plugin {
    const char *command, *api_version, *install_hint, *interactive_mode;
    fsc_strings args;
    fsc_string_map env;
    const char *cluster_json; /* spec.cluster of the request; NULL: not wanted */
} fsc__kube_plugin;

typedef struct fsc__kube_login {
    const char *server; /* without a slash at its end */
    const char *namespace_;
    const char *proxy_url;
    const char *token;  /* NULL, or as written */
    fsc_http_auth auth; /* files, insecure_skip_verify, headers */
    fsc_http_tls tls;
    const fsc__kube_plugin *plugin; /* NULL: none */
} fsc__kube_login;

/* client-go's loading rules; all texts live in the arena. FSC_CONFIG names the file and the entry.
 */
fsc_status fsc__kube_login_read(fsc__kube_login *out, const fsc_kube_options *o, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;

/* What a plugin answered: of fixed size, because it is renewed while its owner's arena moves on. */
enum { FSC__CREDENTIAL_BYTES = 64 * 1024 };
typedef struct fsc__kube_credential {
    char token[FSC__CREDENTIAL_BYTES], cert_pem[FSC__CREDENTIAL_BYTES],
        key_pem[FSC__CREDENTIAL_BYTES]; /* "": none */
} fsc__kube_credential;

/* Runs the plugin (no shell; its messages go to our standard error) for at most a minute. */
fsc_status fsc__kube_plugin_run(fsc__kube_credential *out, const fsc__kube_plugin *p, fsc_arena *a,
                                fsc_err *err) FSC_CHECKED;

#endif
