#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Lead times learned from a real API server and scheduler, with kwok's nodes: pods on a warm node, and nodes that pods wait
# for. What is learned must be what the API's own times say. Usage: RIG_BIN=FOLDER tests/e2e/leads.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
start_nodes 1 12
k create namespace inference >/dev/null
k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: llama, namespace: inference}
spec:
  replicas: 0
  selector: {matchLabels: {app: llama}}
  template:
    metadata: {labels: {app: llama}, annotations: {rig/load: 3s}}
    spec: {containers: [{name: model, image: model, resources: {limits: {nvidia.com/gpu: 1}}}]}
Y
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale
cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
pools: [{name: gpu, gpusPerNode: 1, price: 2.00 USD/h, lead: 345s, nodeSelector: {rig/pool: gpu}}]
workloads:
  - {name: llama, target: {kind: Deployment, namespace: inference, name: llama}, demand: {query: demand, perReplica: 8}, minReplicas: 1, maxReplicas: 40, lead: 63s, pools: [gpu]}
C
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale "${@:2}"; }
lead_of() { run status 2>/dev/null | awk -v name="$1" -v what="$2" '$1 == name && $2 == what {print $4, $5}'; }
ready() { wait_for 90 "$1 pods that are Ready" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get deploy llama -n inference -o jsonpath='{.status.readyReplicas}')\" = $1 ]"; }
seconds='def at(t): .status.conditions[] | select(.type == t and .status == "True") | .lastTransitionTime | fromdate;'
p90='sort | .[((length * 90 + 99) / 100 | floor) - 1]'

run run >"$rig/first.out" 2>&1 || { cat "$rig/first.out"; fail "the first run"; }
[ "$(lead_of llama pod)" = "- 0" ] || { run status; fail "something is learned from nothing"; }
k scale deploy llama -n inference --replicas=9 >/dev/null
ready 9
run run >/dev/null 2>&1 || fail "run"
[ "$(lead_of llama pod)" = "- 9" ] || { run status; fail "nine starts are not counted, or are taken for enough"; }
[ "$(run plan -o json 2>/dev/null | jq -c '.workloads[0].leadSeconds')" = '{"pod":63,"node":345}' ] || fail "the configured leads do not stand"
pass "nine starts are counted and teach nothing yet"

k scale deploy llama -n inference --replicas=12 >/dev/null
ready 12
run run >/dev/null 2>&1 || fail "run"
want=$(k get pods -n inference -l app=llama -o json | jq "$seconds [.items[] | at(\"Ready\") - at(\"PodScheduled\")] | $p90")
[ "$(run plan -o json 2>/dev/null | jq '.workloads[0].leadSeconds.pod')" = "$want" ] || { run status; fail "the pods' lead is not the $want s of the API"; }
pass "a pod's lead is what the API says, from scheduled to Ready: $want s at p90 of $(lead_of llama pod | cut -d' ' -f2) starts"
newest=$(k get pods -n inference -l app=llama -o json | jq -r "$seconds [.items[] | at(\"Ready\")] | max | todate")
run explain >"$rig/explain.out" 2>/dev/null && grep -qF "90 % of 12 pod starts of llama took ${want}s or less; the newest: " "$rig/explain.out" && grep -qF "(ready $newest)" "$rig/explain.out" ||
    { cat "$rig/explain.out"; fail "explain does not name the starts that the lead is from, ready up to $newest"; }
pass "explain names the starts that a lead is from"
run run >/dev/null 2>&1 || fail "run"
[ "$(lead_of llama pod | cut -d' ' -f2)" = 12 ] || fail "starts are counted twice"
pass "a start counts once"

k scale deploy llama -n inference --replicas=24 >/dev/null
wait_for 30 "pods that wait" sh -c "[ \$('$RIG_BIN/hyperkube' kubectl get pods -n inference -l app=llama -o name | wc -l) = 24 ]"
for i in $(seq 12); do add_node "late-$i" 1 2s; done
ready 24
run run >/dev/null 2>&1 || fail "run"
k get nodes -o json >"$rig/nodes.json"
want=$(k get pods -n inference -l app=llama -o json | jq --slurpfile nodes "$rig/nodes.json" "$seconds
    (\$nodes[0].items | map({key: .metadata.name, value: at(\"Ready\")}) | from_entries) as \$up |
    [.items[] | select(.spec.nodeName | startswith(\"late\")) |
        ([at(\"PodScheduled\"), \$up[.spec.nodeName]] | max) - (.metadata.creationTimestamp | fromdate)] | $p90")
own=$(jq "$seconds [.items[] | select(.metadata.name | startswith(\"late\")) | at(\"Ready\") - (.metadata.creationTimestamp | fromdate)] | $p90" "$rig/nodes.json")
[ "$(run plan -o json 2>/dev/null | jq '.workloads[0].leadSeconds.node')" = "$want" ] || { run status; k get nodes; fail "the nodes' lead is not the $want s that pods waited"; }
[ "$want" -ge "$own" ] || fail "the node's lead of $want s is under the node's own $own s"
pass "a node's lead begins with the pod that waits for it: $want s at p90 (the node's own age at Ready says $own s)"
run status | sed -n '/^LEAD/,/^$/p'
echo "$passed passed, 0 failed"
