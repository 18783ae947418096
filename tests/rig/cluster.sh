# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced after lib.sh: a real control plane with KEDA, all on loopback. RIG_BIN: the built programs.
# start_cluster is enough where objects are read and written; with start_external_metrics KEDA scales on demand,
# with start_nodes pods are scheduled and become Ready.
: "${RIG_BIN:?}"
rig_source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -r p_etcd p_peer p_api p_kcm p_scheduler p_kwok p_keda_m p_keda_h p_keda_g p_metrics p_prom <<<"$(free_ports 11)"
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

start_demand() { # BUILD_FOLDER [TARGET]: the demo's demand in Prometheus; it ends $now, three minutes before its $spike
    spike=$(date -u -d 2026-10-26T08:57:00Z +%s)
    now=$(($(date +%s) / 60 * 60))
    awk -F, -v to="$spike" 'NR == 1 || $1 <= to' "$1/data/demo.csv" >"$rig/trace.csv"
    start_prometheus "$rig/trace.csv" $((now - spike)) "$p_prom" "${2:-}"
}

start_cluster() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$rig/ca.key" -subj /CN=rig -days 2 -out "$rig/ca.crt" 2>/dev/null
    certificate server /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"
    mkdir -p "$rig/keda"
    certificate tls /CN=keda "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:keda-metrics.keda.svc\nextendedKeyUsage=serverAuth,clientAuth\n"
    certificate aggregator /CN=aggregator "extendedKeyUsage=clientAuth\n"
    cp "$rig/ca.crt" "$rig/tls.crt" "$rig/tls.key" "$rig/keda/"
    openssl ecparam -name prime256v1 -genkey -noout -out "$rig/accounts.key" 2>/dev/null
    openssl ec -in "$rig/accounts.key" -pubout -out "$rig/accounts.pub" 2>/dev/null
    login admin system:masters
    login system:kube-controller-manager ""
    login system:kube-scheduler ""
    login kwok system:masters
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
        --service-account-signing-key-file="$rig/accounts.key" --profiling=false --enable-aggregator-routing=false \
        --proxy-client-cert-file="$rig/aggregator.crt" --proxy-client-key-file="$rig/aggregator.key" \
        --requestheader-client-ca-file="$rig/ca.crt" --requestheader-allowed-names=aggregator \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra-
    wait_for 90 "API server" k get --raw /readyz
    start controllers "$RIG_BIN/hyperkube" kube-controller-manager --kubeconfig="$rig/system:kube-controller-manager.kubeconfig" \
        --authentication-kubeconfig="$rig/system:kube-controller-manager.kubeconfig" \
        --authorization-kubeconfig="$rig/system:kube-controller-manager.kubeconfig" --bind-address=127.0.0.1 --secure-port="$p_kcm" \
        --cert-dir="$rig/kcm" --leader-elect=false --service-account-private-key-file="$rig/accounts.key" --root-ca-file="$rig/ca.crt" \
        --use-service-account-credentials=true --horizontal-pod-autoscaler-sync-period=2s \
        --horizontal-pod-autoscaler-downscale-stabilization=10s
    k apply --server-side -f "$RIG_BIN/crds" >/dev/null
    wait_for 30 "KEDA's CRDs" k wait --for=condition=Established crd/scaledobjects.keda.sh --timeout=1s
    start keda env WATCH_NAMESPACE= POD_NAMESPACE=keda KEDA_CLUSTER_OBJECT_NAMESPACE=keda "$RIG_BIN/keda-operator" \
        --kubeconfig="$rig/keda.kubeconfig" --leader-elect=false --metrics-bind-address="127.0.0.1:$p_keda_m" \
        --health-probe-bind-address="127.0.0.1:$p_keda_h" --metrics-service-bind-address="127.0.0.1:$p_keda_g" --cert-dir="$rig/keda"
    wait_for 60 "KEDA" curl -fs "http://127.0.0.1:$p_keda_h/readyz"
}

# KEDA's metrics API, by which the HPA reads what its triggers measure.
start_external_metrics() {
    local login=$rig/keda.kubeconfig
    start keda-metrics "$RIG_BIN/keda-metrics" --kubeconfig="$login" --lister-kubeconfig="$login" --authentication-kubeconfig="$login" \
        --authorization-kubeconfig="$login" --bind-address=127.0.0.1 --secure-port="$p_metrics" --cert-dir="$rig/keda" \
        --tls-cert-file="$rig/tls.crt" --tls-private-key-file="$rig/tls.key" --operator="127.0.0.1:$p_keda_g"
    sed "s/@PORT@/$p_metrics/; s/@CA@/$(base64 -w 0 "$rig/ca.crt")/" "$rig_source/manifests/external-metrics.yaml" | k apply -f - >/dev/null
    wait_for 60 "external metrics" k wait --for=condition=Available apiservice/v1beta1.external.metrics.k8s.io --timeout=1s
}

# The scheduler and kwok, which plays the nodes of a pool: their kubelets, and the pods' life by manifests/stages.yaml.
start_nodes() { # COUNT GPUS
    local i
    start scheduler "$RIG_BIN/hyperkube" kube-scheduler --kubeconfig="$rig/system:kube-scheduler.kubeconfig" \
        --authentication-kubeconfig="$rig/system:kube-scheduler.kubeconfig" --authorization-kubeconfig="$rig/system:kube-scheduler.kubeconfig" \
        --bind-address=127.0.0.1 --secure-port="$p_scheduler" --cert-dir="$rig/scheduler" --leader-elect=false
    start kwok "$RIG_BIN/kwok" --kubeconfig="$rig/kwok.kubeconfig" --config="$rig_source/manifests/stages.yaml" \
        --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake --node-lease-duration-seconds=40 \
        --server-address="127.0.0.1:$p_kwok" --node-port="$p_kwok"
    for i in $(seq "$1"); do
        add_node "gpu-$i" "$2"
    done
    [ "$1" = 0 ] || wait_for 60 "$1 nodes" k wait --for=condition=Ready node -l rig/pool=gpu --timeout=1s
    wait_for 60 "default ServiceAccount" k get serviceaccount default
}

add_node() { # NAME GPUS [BOOT]: Ready after BOOT
    k apply -f - >/dev/null <<N
apiVersion: v1
kind: Node
metadata:
  name: $1
  annotations: {kwok.x-k8s.io/node: fake, rig/boot: "${3:-0s}"}
  labels: {rig/pool: gpu, kubernetes.io/hostname: $1, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
status:
  capacity: {cpu: "96", memory: 1152Gi, pods: "110", nvidia.com/gpu: "$2"}
  allocatable: {cpu: "96", memory: 1152Gi, pods: "110", nvidia.com/gpu: "$2"}
N
}

# Karpenter with its kwok provider (tests/rig/build.sh FOLDER karpenter) and two pools. It listens on every interface: only
# in a network of its own (own_network).
start_karpenter() {
    local health metrics
    read -r health metrics <<<"$(free_ports 2)"
    k apply --server-side -f "$RIG_BIN/karpenter-crds" >/dev/null
    k wait --for=condition=Established crd/nodepools.karpenter.sh crd/nodeclaims.karpenter.sh crd/kwoknodeclasses.karpenter.kwok.sh --timeout=20s >/dev/null
    start karpenter env KUBECONFIG="$rig/kwok.kubeconfig" SYSTEM_NAMESPACE=kube-system DISABLE_LEADER_ELECTION=true \
        METRICS_PORT="$metrics" HEALTH_PROBE_PORT="$health" FEATURE_GATES=StaticCapacity=true \
        INSTANCE_TYPES_FILE_PATH="$rig_source/manifests/karpenter-types.json" "$RIG_BIN/karpenter"
    wait_for 60 Karpenter curl -fs "http://127.0.0.1:$health/readyz"
    k apply -f "$rig_source/manifests/karpenter.yaml" >/dev/null
    wait_for 60 "the pools' first node" k wait --for=condition=Ready node -l rig/pool=ahead --timeout=1s
}
