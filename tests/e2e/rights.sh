#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The rights in cronjobs/ are enough and the least: with all of them a run over every kind of target meets no refusal; with
# any one verb on any one resource taken away, some run is refused. Usage: RIG_BIN=FOLDER tests/e2e/rights.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
k apply --server-side -f "$RIG_BIN/node-crds" >/dev/null
start_demand "$build"
k create namespace inference >/dev/null

workload() { # KIND NAME
    cat <<Y
apiVersion: apps/v1
kind: $1
metadata: {name: $2, namespace: inference}
spec:
  replicas: 2
  $([ "$1" != StatefulSet ] || echo 'serviceName: none')
  selector: {matchLabels: {app: $2}}
  template:
    metadata: {labels: {app: $2}}
    spec: {containers: [{name: model, image: model}]}
---
Y
}
{
    workload Deployment keda
    workload Deployment hpa
    workload Deployment alone
    workload StatefulSet set
    workload Deployment warm
    cat <<Y
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: keda, namespace: inference}
spec:
  scaleTargetRef: {name: keda}
  minReplicaCount: 2
  maxReplicaCount: 40
  triggers: [{type: prometheus, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: demand, threshold: "6.4"}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: hpa, namespace: inference}
spec: {minReplicas: 2, maxReplicas: 40, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: hpa}}
---
apiVersion: autoscaling.x-k8s.io/v1beta1
kind: CapacityBuffer
metadata: {name: buffer, namespace: inference}
spec: {podTemplateRef: {name: gpu}, replicas: 0}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: nodepool}
spec:
  replicas: 0
  template:
    spec:
      nodeClassRef: {group: karpenter.test, kind: Nodes, name: gpu}
      requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
Y
} | k apply -f - >/dev/null
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale

{
    cat <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools:
  - {name: warm, gpusPerNode: 2, price: 4.00 USD/h, maxNodes: 20, nodeSelector: {pool: warm}, prewarm: {kind: Placeholder, namespace: inference, name: warm}}
  - {name: buffer, gpusPerNode: 2, price: 4.00 USD/h, maxNodes: 20, nodeSelector: {pool: buffer}, prewarm: {kind: CapacityBuffer, namespace: inference, name: buffer}}
  - {name: nodepool, gpusPerNode: 2, price: 4.00 USD/h, maxNodes: 20, nodeSelector: {pool: nodepool}, prewarm: {kind: NodePool, name: nodepool}}
workloads:
C
    while read -r kind name pool; do
        cat <<C
  - name: $name
    target: {kind: $kind, namespace: inference, name: $name}
    mode: enforce
    demand: {query: demand, perReplica: 8}
    minReplicas: 2
    maxReplicas: 40
    pools: [$pool]
C
    done <<'W'
ScaledObject keda warm
HorizontalPodAutoscaler hpa buffer
Deployment alone nodepool
StatefulSet set nodepool
W
} >"$rig/config.yaml"
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/$2.kubeconfig" -n forescale "${@:3}"; }
afresh() { # as before the first run: bounds, record and lease
    run restore admin --all >"$rig/afresh.out" 2>&1 || { cat "$rig/afresh.out"; fail "restore --all by the administrator"; }
    k delete lease/forescale configmap/forescale-record -n forescale --ignore-not-found >/dev/null
}
every_run() { # the first run, one that finds a lease and a record, and the way back
    local code=0
    {
        run run sa || code=1
        run run sa || code=1
        run restore sa --all || code=1
    } >"$rig/run.out" 2>&1
    return $code
}

every_run || { cat "$rig/run.out"; fail "the rights in cronjobs/ are not enough"; }
! grep -qi forbidden "$rig/run.out" || { grep -i forbidden "$rig/run.out"; fail "the rights in cronjobs/ are not enough"; }
[ "$(grep -c applied "$rig/run.out")" -gt 5 ] || { cat "$rig/run.out"; fail "the runs write too little to tell"; }
pass "with the rights in cronjobs/ nothing is refused: $(grep -c applied "$rig/run.out") objects written"

k kustomize "$top/cronjobs" | k create --dry-run=client --validate=false -o json -f - |
    jq -c '(if .kind == "List" then .items[] else . end) | select(.kind == "Role" or .kind == "ClusterRole")' >"$rig/roles.json"
account=system:serviceaccount:forescale:forescale
taken=0
while read -r role; do
    while read -r rule group resource verb name; do
        afresh
        place=$resource$([ "$group" = - ] || echo ".$group") namespace=$(jq -r '.metadata.namespace // "default"' <<<"$role")
        # Rule RULE without VERB on RESOURCE; its other verbs and resources stay.
        jq --argjson rule "$rule" --arg resource "$resource" --arg verb "$verb" '.rules |= [to_entries[] | if .key != $rule then .value else .value |
            (select(.resources != [$resource]) | .resources -= [$resource]), (select(.verbs != [$verb]) | .resources = [$resource] | .verbs -= [$verb]) end]' \
            <<<"$role" | k replace -f - >/dev/null
        read -r plain sub <<<"${resource/\// }"
        can_not() {
            ! k auth can-i "$verb" "${plain}$([ "$group" = - ] || echo ".$group")$([ "$name" = - ] || echo "/$name")" ${sub:+--subresource=$sub} --as="$account" -n "$namespace"
        }
        wait_for 20 "taking away of $verb on $place" can_not
        every_run || true
        grep -qi forbidden "$rig/run.out" || { cat "$rig/run.out"; fail "without $verb on $place nothing is refused: the right is not needed"; }
        taken=$((taken + 1))
        k replace -f - <<<"$role" >/dev/null
    done < <(jq -r '.rules | to_entries[] | .key as $i | .value | .apiGroups[] as $g | .resources[] as $r | .verbs[] as $v
        | "\($i) \(if $g == "" then "-" else $g end) \($r) \($v) \(.resourceNames[0]? // "-")"' <<<"$role")
done <"$rig/roles.json"
[ $taken -gt 20 ] || fail "only $taken rights were tried"
pass "with any one of its $taken rights taken away a run is refused: none is too many"
echo "$passed passed, 0 failed"
