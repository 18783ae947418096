#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Node pools on a real API server, with no more rights than cronjobs/ give: nodes counted, warmed and given back through
# a Placeholder, a CapacityBuffer and a static NodePool (their real CRDs; no controller acts on them here), and a
# Deployment without an autoscaler. Usage: RIG_BIN=FOLDER tests/e2e/pools.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
k apply --server-side -f "$RIG_BIN/node-crds" >/dev/null
start_demand "$build"

deployment() { # NAME REPLICAS
    cat <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, namespace: inference}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec: {containers: [{name: $1, image: $1}]}
---
Y
}
k create namespace inference >/dev/null
{
    deployment llama 2
    deployment warm 1
    cat <<Y
apiVersion: autoscaling.x-k8s.io/v1beta1
kind: CapacityBuffer
metadata: {name: gpu, namespace: inference}
spec: {podTemplateRef: {name: gpu}, replicas: 1}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: gpu}
spec: &pool
  replicas: 1
  template:
    spec:
      nodeClassRef: {group: karpenter.test, kind: Nodes, name: gpu}
      requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: dynamic}
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.test, kind: Nodes, name: gpu}
      requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
Y
} | k apply -f - >/dev/null
for n in a b c; do
    k apply -f - >/dev/null <<Y
apiVersion: v1
kind: Node
metadata: {name: node-$n, labels: {pool: gpu, karpenter.sh/nodepool: gpu}}
Y
    k patch node "node-$n" --subresource=status --type=merge -p "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}]}}" >/dev/null
done
pods_of() { k get pods -n inference -l "app=$1" -o name; }
wait_for 60 "pods" sh -c "[ \$('$RIG_BIN/hyperkube' kubectl get pods -n inference -l app=llama -o name | wc -l) = 2 ]"
on_node() { # POD NODE: bound, as the scheduler does
    printf '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"%s"},"target":{"apiVersion":"v1","kind":"Node","name":"%s"}}' "${1#pod/}" "$2" |
        k create --raw "/api/v1/namespaces/inference/pods/${1#pod/}/binding" -f - >/dev/null
}
for pod in $(pods_of llama); do on_node "$pod" node-a; done
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale

config() { # PREWARM [MODE]: one pool of two GPUs a node, one workload without an autoscaler
    cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools: [{name: gpu, gpusPerNode: 2, price: 4.00 USD/h, lead: 345s, maxNodes: 20, prewarm: $1, nodeSelector: {pool: gpu}}]
workloads:
  - name: llama
    target: {kind: Deployment, namespace: inference, name: llama}
    mode: ${2:-enforce}
    demand: {query: demand, perReplica: 8}
    minReplicas: 2
    maxReplicas: 40
    lead: 63s
    pools: [gpu]
    objective: {quantile: 0.95}
budgets: [{name: gpu, ceiling: 4000 USD, window: 6h}]
C
}
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale "${@:2}"; }
placeholder="{kind: Placeholder, namespace: inference, name: warm}"
size_of() { k get "$@" -o jsonpath='{.spec.replicas}'; }
entry() { k get configmap forescale-record -n forescale -o json 2>/dev/null | jq -r --arg k "$1" '.data[$k] // empty'; }

config "$placeholder" observe
run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run, observing"; }
[ "$(size_of deploy warm -n inference) $(size_of deploy llama -n inference)" = "1 2" ] || fail "an observed workload's pool was written"
jq -e '.budgets[0].promiseVoid | contains("only observed")' "$rig/plan.json" >/dev/null || fail "the promise is not void for an observed workload"
pass "observing: nothing is written, and the promise is void for it"

config "$placeholder"
run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run"; }
wanted=$(jq '.workloads[0].minReplicas' "$rig/plan.json")
nodes=$(jq '.pools[0].minNodes' "$rig/plan.json")
warm=$(size_of deploy warm -n inference)
[ "$wanted" -gt 2 ] && [ "$(size_of deploy llama -n inference)" = "$wanted" ] || { cat "$rig/run.err"; fail "the Deployment has $(size_of deploy llama -n inference) replicas, planned $wanted"; }
[ "$warm" = "$(jq '[.pools[0].minNodes - ([(.workloads[0].minReplicas / 2 | ceil), 1] | max), 1] | max' "$rig/plan.json")" ] || { cat "$rig/plan.json"; fail "$warm placeholders for $nodes nodes"; }
pass "a run scales the Deployment 2 -> $wanted through /scale and keeps $warm of $nodes nodes warm by placeholders"
jq -e '.budgets[0].promiseVoid == null' "$rig/plan.json" >/dev/null || { jq .budgets "$rig/plan.json"; fail "the promise is void"; }
pass "the nodes are counted: the promise holds"
[ "$(entry Deployment.inference.llama | jq '.baseline, .from, .to' | tr '\n' ' ')" = "2 $wanted $wanted " ] || { entry Deployment.inference.llama; fail "no whole record"; }
generation=$(k get deploy llama warm -n inference -o jsonpath='{.items[*].metadata.generation}')
map=$(k get configmap forescale-record -n forescale -o jsonpath='{.metadata.resourceVersion}')
run run >/dev/null 2>&1 || fail "the second run"
[ "$(k get deploy llama warm -n inference -o jsonpath='{.items[*].metadata.generation}')" = "$generation" ] &&
    [ "$(k get configmap forescale-record -n forescale -o jsonpath='{.metadata.resourceVersion}')" = "$map" ] || fail "a second run wrote the same again"
pass "a second run writes nothing"

run status 2>/dev/null | grep -q '^gpu .*Placeholder .*3 nodes: 3 ready, 0 leaving, 1 with pods' || { run status; fail "status does not show the pool"; }
pass "status shows the pool's size, its baseline, its expiry, and its nodes"

k scale deploy llama -n inference --replicas=3 >/dev/null
run run >"$rig/human.out" 2>&1 || true
[ "$(size_of deploy llama -n inference)" = 3 ] && grep -q 'edited since' "$rig/human.out" || { cat "$rig/human.out"; fail "a human's size was overwritten"; }
pass "a human's size is left alone"
k scale deploy llama -n inference --replicas="$wanted" >/dev/null

sign() { # WHAT: node-b is about to go, and not
    case $1 in
    taint) k taint node node-b aws-node-termination-handler/spot-itn:NoSchedule ;;
    -taint) k taint node node-b aws-node-termination-handler/spot-itn- ;;
    cordon) k cordon node-b ;;
    -cordon) k uncordon node-b ;;
    deletion) k patch node node-b --type=merge -p '{"metadata":{"finalizers":["rig/stays"]}}' && k delete node node-b --wait=false ;;
    esac >/dev/null
}
for notice in taint cordon deletion; do
    sign $notice
    run run -o json >"$rig/leaving.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run beside a node under notice"; }
    [ "$(jq '.pools[0].minNodes' "$rig/leaving.json") $(size_of deploy warm -n inference)" = "$((nodes + 1)) $((warm + 1))" ] || { cat "$rig/leaving.json"; fail "$notice: a node under notice is not replaced: $(size_of deploy warm -n inference) placeholders, $warm before"; }
    [ $notice = deletion ] || sign -$notice
    [ $notice = deletion ] || run run >/dev/null 2>&1 || fail "run once the notice is gone"
    [ $notice = deletion ] || [ "$(size_of deploy warm -n inference)" = "$warm" ] || fail "$notice: the successor stays ordered"
done
k patch node node-b --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
pass "a node that is tainted, cordoned or deleted counts as lost at once: $warm -> $((warm + 1)) placeholders in that run"

run restore --expired --at "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)" >/dev/null 2>&1 || fail "restore --expired"
[ "$(size_of deploy warm -n inference) $(size_of deploy llama -n inference)" = "1 2" ] || fail "what has run out stays"
[ -z "$(entry Deployment.inference.llama)$(entry Placeholder.inference.warm)" ] || fail "the record stays"
pass "restore --expired puts the Deployment and the placeholders back, and forgets"

for kind in "CapacityBuffer capacitybuffer/gpu" "NodePool nodepool/gpu"; do
    read -r name object <<<"$kind"
    config "{kind: $name, namespace: inference, name: gpu}"
    run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run with a $name"; }
    had=1 got=$(size_of "$object" -n inference)
    [ "$got" -gt $had ] || { cat "$rig/run.err" "$rig/plan.json"; fail "the $name stays at $got"; }
    run restore --all >/dev/null 2>&1 || fail "restore --all with a $name"
    [ "$(size_of "$object" -n inference)" = $had ] || fail "the $name is not put back"
    pass "$name: $had -> $got of $(jq '.pools[0].minNodes' "$rig/plan.json") nodes, and back"
done
[ "$(k get capacitybuffer gpu -n inference -o json | jq '[.metadata.annotations // {} | keys[] | select(startswith("forescale.dev/"))] | length')" = 0 ] || fail "the buffer keeps our record"

config "{kind: NodePool, name: dynamic}"
run run >"$rig/dynamic.out" 2>&1 || true
grep -q 'no static NodePool' "$rig/dynamic.out" || { cat "$rig/dynamic.out"; fail "a dynamic NodePool is not refused"; }
pass "a dynamic NodePool is refused with what to use instead"
run restore --all >/dev/null 2>&1 || fail "restore --all"

# Two pools, of which the first gets no node any more.
k scale nodepool gpu --replicas=0 >/dev/null
config "$placeholder"
sed -i "s/^pools:.*/interval: 10s\nmissedRuns: 0\npools:\n  - {name: spot, gpusPerNode: 2, price: 4.00 USD\/h, lead: 1s, maxNodes: 20, prewarm: $placeholder, nodeSelector: {pool: gpu}}\n  - {name: steady, gpusPerNode: 2, price: 9.00 USD\/h, lead: 1s, maxNodes: 20, prewarm: {kind: NodePool, name: gpu}, nodeSelector: {pool: steady}}/
    /^interval: 60s/d; s/pools: \[gpu\]/pools: [spot, steady]/; s/lead: 63s/lead: 400s/" "$rig/config.yaml"
undelivered() {
    run run -o json --metrics "$rig/pools.prom" >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; return 2; }
    [ "$(jq '.pools[0].undeliveredNodes' "$rig/plan.json")" -gt 0 ]
}
run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run with two pools"; }
asked=$(jq '.pools[0].minNodes' "$rig/plan.json")
[ "$asked" -gt 2 ] && [ "$(size_of nodepool gpu)" = 0 ] || { cat "$rig/plan.json"; fail "the first pool is not asked for all: $asked"; }
for _ in $(seq 30); do
    undelivered && break
    sleep 5
done
undelivered || { cat "$rig/plan.json" "$rig/run.err"; fail "nodes that do not come are not missed"; }
next=$(size_of nodepool gpu)
[ "$next" -gt 0 ] && [ "$(jq '.pools[0].minNodes' "$rig/plan.json")" -lt "$asked" ] || { cat "$rig/plan.json"; fail "the next pool is not asked"; }
grep -q '^forescale_pool_undelivered_nodes{.*pool="spot".*} [1-9]' "$rig/pools.prom" || { grep pool_ "$rig/pools.prom"; fail "no metric tells"; }
run status 2>/dev/null | grep -q 'pool spot does not deliver: .* did not come' || { run status; fail "status does not tell"; }
run status 2>/dev/null | grep -q 'pool  *spot  *delivery  *applied' || { run status; fail "the ledger does not tell"; }
k get events -n inference -o json | jq -e '[.items[] | select(.reason == "NodesNotDelivered" and .involvedObject.name == "warm" and .type == "Warning")] | length == 1' >/dev/null || fail "no Event tells, or more than one"
pass "a pool without nodes to give, the next NodePool goes 0 -> $next: $(jq -r '.pools[0].reason' "$rig/plan.json")"
run restore --all >/dev/null 2>&1 || fail "restore --all"

k apply -f - >/dev/null <<Y
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: llama, namespace: inference}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: llama}}
Y
run run >"$rig/owned.out" 2>&1 || true
grep -q 'HorizontalPodAutoscaler llama scales it' "$rig/owned.out" || { cat "$rig/owned.out"; fail "two scalers of one Deployment"; }
pass "a Deployment that an HPA scales is refused with the HPA's name"
echo "$passed passed, 0 failed"
