# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced after lib.sh: a real control plane with KEDA's operator, all on loopback. RIG_BIN: the built programs.
: "${RIG_BIN:?}"
read -r p_etcd p_peer p_api p_kcm p_keda_m p_keda_h p_keda_g p_prom <<<"$(free_ports 8)"
export KUBECONFIG=$rig/admin.kubeconfig

k() { "$RIG_BIN/hyperkube" kubectl "$@"; }

certificate() { # NAME SUBJECT EXTENSIONS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$rig/$1.key" -subj "$2" -out "$rig/$1.csr" 2>/dev/null
    openssl x509 -req -in "$rig/$1.csr" -CA "$rig/ca.crt" -CAkey "$rig/ca.key" -CAcreateserial -days 2 \
        -extfile <(printf '%b' "$3") -out "$rig/$1.crt" 2>/dev/null
}

kubeconfig() { # FILE TOKEN
    cat >"$1" <<K
apiVersion: v1
kind: Config
clusters: [{name: rig, cluster: {server: "https://127.0.0.1:$p_api", certificate-authority: $rig/ca.crt}}]
users: [{name: user, user: {token: "$2"}}]
contexts: [{name: rig, context: {cluster: rig, user: user, namespace: ${3:-default}}}]
current-context: rig
K
}

login() { # NAME GROUPS: a static token and its kubeconfig
    local token
    token=$(openssl rand -hex 16)
    echo "$token,$1,$1,\"$2\"" >>"$rig/tokens.csv"
    kubeconfig "$rig/$1.kubeconfig" "$token"
}

start_cluster() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$rig/ca.key" -subj /CN=rig -days 2 -out "$rig/ca.crt" 2>/dev/null
    certificate server /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"
    mkdir -p "$rig/keda"
    certificate tls /CN=keda "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n"
    cp "$rig/ca.crt" "$rig/tls.crt" "$rig/tls.key" "$rig/keda/"
    openssl ecparam -name prime256v1 -genkey -noout -out "$rig/accounts.key" 2>/dev/null
    openssl ec -in "$rig/accounts.key" -pubout -out "$rig/accounts.pub" 2>/dev/null
    login admin system:masters
    login system:kube-controller-manager ""
    login keda system:masters

    start etcd "$RIG_BIN/etcd" --data-dir "$rig/etcd" --unsafe-no-fsync --log-level error \
        --listen-client-urls "http://127.0.0.1:$p_etcd" --advertise-client-urls "http://127.0.0.1:$p_etcd" \
        --listen-peer-urls "http://127.0.0.1:$p_peer" --initial-advertise-peer-urls "http://127.0.0.1:$p_peer" \
        --initial-cluster "default=http://127.0.0.1:$p_peer"
    wait_for 30 etcd curl -fs "http://127.0.0.1:$p_etcd/health"
    start apiserver "$RIG_BIN/hyperkube" kube-apiserver --etcd-servers="http://127.0.0.1:$p_etcd" --bind-address=127.0.0.1 \
        --advertise-address=127.0.0.1 --secure-port="$p_api" --endpoint-reconciler-type=none --authorization-mode=RBAC \
        --tls-cert-file="$rig/server.crt" --tls-private-key-file="$rig/server.key" --client-ca-file="$rig/ca.crt" \
        --token-auth-file="$rig/tokens.csv" --service-cluster-ip-range=10.96.0.0/16 \
        --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$rig/accounts.pub" \
        --service-account-signing-key-file="$rig/accounts.key" --profiling=false
    wait_for 90 "API server" k get --raw /readyz
    start controllers "$RIG_BIN/hyperkube" kube-controller-manager --kubeconfig="$rig/system:kube-controller-manager.kubeconfig" \
        --authentication-kubeconfig="$rig/system:kube-controller-manager.kubeconfig" \
        --authorization-kubeconfig="$rig/system:kube-controller-manager.kubeconfig" --bind-address=127.0.0.1 --secure-port="$p_kcm" \
        --cert-dir="$rig/kcm" --leader-elect=false --service-account-private-key-file="$rig/accounts.key" --root-ca-file="$rig/ca.crt" \
        --use-service-account-credentials=true --horizontal-pod-autoscaler-sync-period=2s
    k apply --server-side -f "$RIG_BIN/crds" >/dev/null
    wait_for 30 "KEDA's CRDs" k wait --for=condition=Established crd/scaledobjects.keda.sh --timeout=1s
    start keda env WATCH_NAMESPACE= POD_NAMESPACE=keda KEDA_CLUSTER_OBJECT_NAMESPACE=keda "$RIG_BIN/keda-operator" \
        --kubeconfig="$rig/keda.kubeconfig" --leader-elect=false --metrics-bind-address="127.0.0.1:$p_keda_m" \
        --health-probe-bind-address="127.0.0.1:$p_keda_h" --metrics-service-bind-address="127.0.0.1:$p_keda_g" --cert-dir="$rig/keda"
    wait_for 60 "KEDA" curl -fs "http://127.0.0.1:$p_keda_h/readyz"
}
