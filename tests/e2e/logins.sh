#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every way in that a kubeconfig knows, on a real API server over TLS: each user may read the target, nobody else may.
# Usage: RIG_BIN=FOLDER tests/e2e/logins.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
k create namespace inference >/dev/null
k apply -f - >/dev/null <<Y
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: llama, namespace: inference}
spec: {scaleTargetRef: {name: llama}, triggers: [{type: cron, metadata: {timezone: Etc/UTC, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: "2"}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
  - {apiGroups: [keda.sh], resources: [scaledobjects], verbs: [get]}
  - {apiGroups: [apps], resources: [deployments], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
$(printf -- '  - {kind: User, apiGroup: rbac.authorization.k8s.io, name: %s}\n' by-file by-data by-token by-plugin by-plugin-file by-name)
  - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: by-group}
Y
cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
workloads: [{name: llama, target: {kind: ScaledObject, namespace: inference, name: llama}, demand: {perReplica: 8}}]
C
for user in by-file by-data by-plugin-file nobody; do
    certificate "$user" "/CN=$user" "extendedKeyUsage=clientAuth\n"
done
admin=$(sed -n 's/.*token: "\(.*\)"}.*/\1/p' "$rig/admin.kubeconfig")
k create serviceaccount by-account -n inference >/dev/null
k create clusterrolebinding by-account --clusterrole=reader --serviceaccount=inference:by-account >/dev/null
k create token by-account -n inference >"$rig/token"
inline() { base64 -w 0 "$rig/$1"; }

plugin() { # NAME STATUS: a credential plugin, which tells its terms to a file
    printf '#!/bin/sh\nprintf "%%s" "$KUBERNETES_EXEC_INFO" >"%s/%s.asked"\ncat <<J\n{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": %s}\nJ\n' \
        "$rig" "$1" "$2" >"$rig/$1"
    chmod 700 "$rig/$1"
}
plugin token-plugin "{\"token\": \"$(cat "$rig/token")\"}"
plugin file-plugin "$(jq -n --rawfile cert "$rig/by-plugin-file.crt" --rawfile key "$rig/by-plugin-file.key" '{clientCertificateData: $cert, clientKeyData: $key}')"

write() { # USER [CLUSTER]: a kubeconfig of that user, in flow style; authorities by a path that is seen from the file
    cat >"$rig/login" <<K
apiVersion: v1
kind: Config
current-context: rig
contexts: [{name: rig, context: {cluster: rig, user: u}}]
clusters: [{name: rig, cluster: {server: "https://127.0.0.1:$p_api", ${2:-certificate-authority: ca.crt}}}]
users: [{name: u, user: $1}]
K
}
try() { # the target is read; what was said is in out
    "$forescale" restore --expired -c "$rig/config.yaml" "$@" >"$rig/out" 2>&1
}
works() { # WHAT USER [CLUSTER]
    write "${@:2}"
    try --kubeconfig "$rig/login" && grep -q 'unchanged 1' "$rig/out" || { cat "$rig/login" "$rig/out"; fail "$1"; }
    pass "$1"
}
refused() { # WHAT SAYS USER [CLUSTER]
    write "${@:3}"
    ! try --kubeconfig "$rig/login" || fail "$1 is let in"
    grep -qi "$2" "$rig/out" || { cat "$rig/out"; fail "$1: nothing says $2"; }
    pass "$1 is refused: $(grep -oi -m 1 ".\{0,30\}$2.\{0,40\}" "$rig/out")"
}

exec="apiVersion: client.authentication.k8s.io/v1, provideClusterInfo: true"
works "client certificate in files" "{client-certificate: by-file.crt, client-key: by-file.key}"
works "client certificate and authorities inline" "{client-certificate-data: $(inline by-data.crt), client-key-data: $(inline by-data.key)}" \
    "certificate-authority-data: $(inline ca.crt)"
works "token in a file" "{tokenFile: token}"
works "exec plugin that gives a token" "{exec: {$exec, command: ./token-plugin}}"
jq -e --arg ca "$(inline ca.crt)" '.spec.cluster["certificate-authority-data"] == $ca' "$rig/token-plugin.asked" >/dev/null || fail "the plugin is not told of the cluster"
works "exec plugin that is told the cluster's own configuration" "{exec: {$exec, command: ./token-plugin}}" \
    "certificate-authority: ca.crt, extensions: [{name: other, extension: {no: 1}}, {name: client.authentication.k8s.io/exec, extension: {audience: prod, depth: 3, scopes: [a, \"1\"]}}]"
jq -e '.spec.cluster.config == {"audience": "prod", "depth": 3, "scopes": ["a", "1"]}' "$rig/token-plugin.asked" >/dev/null || { cat "$rig/token-plugin.asked"; fail "the plugin is not told its configuration"; }
works "exec plugin that gives a certificate" "{exec: {$exec, command: ./file-plugin}}"
works "impersonation of a user" "{token: $admin, as: by-name}"
works "impersonation of a group" "{token: $admin, as: x, as-groups: [by-group], as-uid: u-1, as-user-extra: {scopes: [view]}}"
works "tls-server-name that the certificate has" "{tokenFile: token}" "certificate-authority: ca.crt, tls-server-name: localhost"
works "no verification, when told so" "{tokenFile: token}" "insecure-skip-tls-verify: true"
grep -qi 'warn.*not verified\|warn.*TLS' "$rig/out" || { cat "$rig/out"; fail "nothing warns that TLS is not verified"; }
read -r p_proxy <<<"$(free_ports 1)"
start proxy python3 "$top/tests/e2e/connect_proxy.py" "$p_proxy"
wait_for 10 proxy bash -c ": >/dev/tcp/127.0.0.1/$p_proxy"
no_proxy='*' works "proxy-url, whatever no_proxy says" "{tokenFile: token}" "certificate-authority: ca.crt, proxy-url: \"http://127.0.0.1:$p_proxy\""
grep -q "CONNECT 127.0.0.1:$p_api" "$rig/proxy.log" || fail "the proxy was passed by"

refused "a user without rights" "forbidden" "{client-certificate: nobody.crt, client-key: nobody.key}"
refused "nobody" "HTTP 40[13]" "{}"
refused "a wrong token" "HTTP 401" "{token: wrong}"
refused "a tls-server-name that the certificate lacks" "elsewhere" "{tokenFile: token}" "certificate-authority: ca.crt, tls-server-name: elsewhere"
refused "a server of unknown authorities" "certificate" "{tokenFile: token}" "certificate-authority: by-file.crt"
refused "a key of another certificate" "key" "{client-certificate: by-file.crt, client-key: by-data.key}"

# Of several files the first value wins; the context is chosen by name.
write "{tokenFile: token}"
mkdir "$rig/other"
cat >"$rig/other/contexts" <<K
contexts: [{name: there, context: {cluster: rig, user: file}}]
users: [{name: file, user: {client-certificate: ../by-file.crt, client-key: ../by-file.key}}]
K
KUBECONFIG=$rig/missing:$rig/other/contexts:$rig/login try --context there || { cat "$rig/out"; fail "KUBECONFIG as a list"; }
pass "KUBECONFIG as a list, and --context"

# A rotated token is read anew: within one process by the API server's 401, and by the next run.
write "{tokenFile: rotated}"
echo wrong >"$rig/rotated"
! try --kubeconfig "$rig/login" || fail "a stale token is let in"
cp "$rig/token" "$rig/rotated"
try --kubeconfig "$rig/login" || fail "the rotated token"
pass "a token file is read anew"

mkdir "$rig/path"
ln -s "$forescale" "$rig/path/kubectl-forescale"
PATH=$rig/path:$PATH KUBECONFIG=$rig/login k forescale restore --expired -c "$rig/config.yaml" >"$rig/out" 2>&1 || { cat "$rig/out"; fail "kubectl forescale"; }
pass "kubectl forescale"
echo "$passed passed, 0 failed"
