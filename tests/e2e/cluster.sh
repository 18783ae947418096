#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `forescale run` on a real API server with KEDA, logged in by a ServiceAccount that has no more than our own
# manifests give; history comes from a real Prometheus. Usage: RIG_BIN=FOLDER tests/e2e/cluster.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
start_demand "$build"

k create namespace inference >/dev/null
k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: llama, namespace: inference}
spec:
  replicas: 2
  selector: {matchLabels: {app: llama}}
  template:
    metadata: {labels: {app: llama}}
    spec: {containers: [{name: llama, image: llama}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: llama, namespace: inference}
spec:
  scaleTargetRef: {name: llama}
  minReplicaCount: 2
  maxReplicaCount: 40
  triggers:
  - {type: prometheus, name: demand, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: demand, threshold: "6.4"}}
Y
k apply -k "$top/cronjobs" --validate=strict >/dev/null || fail "the API server refuses cronjobs/"
pass "cronjobs/ is accepted: $(k get cronjobs -n forescale -o name | tr '\n' ' ')"

kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale
cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h, lead: 345s}]
workloads:
  - name: llama
    target: {kind: ScaledObject, namespace: inference, name: llama}
    mode: enforce
    lead: 63s
    pools: [gpu]
    objective: {quantile: 0.95}
budgets: [{name: gpu, ceiling: 800 USD, window: 6h}]
C
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale "${@:2}"; }
min_of() { k get scaledobject llama -n inference -o jsonpath='{.spec.minReplicaCount}'; }
wait_for 30 "KEDA's HPA" k get hpa keda-hpa-llama -n inference

run check >"$rig/check.out" 2>&1 || true
grep -q 'ok    target' "$rig/check.out" || { cat "$rig/check.out"; fail "check does not see the target"; }
grep -q 'ok    rights' "$rig/check.out" || { cat "$rig/check.out"; fail "check misses a right that cronjobs/ gives"; }
grep -q 'no container asks for nvidia.com/gpu' "$rig/check.out" || { cat "$rig/check.out"; fail "check overlooks pods without a GPU"; }
pass "check: $(grep -c '^ok' "$rig/check.out") findings are well"
kubeconfig "$rig/nobody.kubeconfig" "$(k create token -n forescale default --duration=1h)" forescale
"$forescale" check -c "$rig/config.yaml" --kubeconfig "$rig/nobody.kubeconfig" -n forescale >"$rig/nobody.out" 2>&1 && fail "check passes without any right"
grep -q 'may not get scaledobjects llama in inference' "$rig/nobody.out" || { cat "$rig/nobody.out"; fail "check does not name the missing right"; }
pass "check names each right that is missing"

k apply -f - >/dev/null <<Y
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: queue, namespace: inference}
spec: {scaleTargetRef: {name: none}, triggers: [{type: redis, metadata: {address: "127.0.0.1:1", listName: jobs}}]}
---
apiVersion: v1
kind: Node
metadata: {name: bare, labels: {pool: bare}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: llama, namespace: inference}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: llama}}}
Y
sed "s|path: .*|path: $rig/doctor.db}|; s/name: llama}/name: queue}/; s/lead: 345s}/lead: 345s, nodeSelector: {pool: bare}, prewarm: {kind: CapacityBuffer, namespace: inference, name: gpu}}/" "$rig/config.yaml" >"$rig/doctor.yaml"
"$forescale" check -c "$rig/doctor.yaml" --kubeconfig "$KUBECONFIG" -n forescale >"$rig/doctor.out" 2>/dev/null && fail "check passes beside all this"
while read -r says; do
    grep -q "$says" "$rig/doctor.out" || { cat "$rig/doctor.out"; fail "check does not say: $says"; }
done <<'W'
let Prometheus scrape KEDA's operator
1 of 1 nodes of pool gpu advertise no nvidia.com/gpu
a PodDisruptionBudget allows no eviction
the API autoscaling.x-k8s.io/v1beta1 is not served
the replicas of its scale target, Deployment none, cannot be read
W
k delete scaledobject queue -n inference >/dev/null
k delete pdb llama -n inference >/dev/null
k delete node bare >/dev/null
pass "check finds KEDA unscraped, nodes without GPUs, a budget of disruption, an API that is not served, a target that is not there"

k apply -f - >/dev/null <<Y
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: breaker, namespace: inference}
spec:
  scaleTargetRef: {name: llama2}
  triggers: [{type: prometheus, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: sum(node_total_hourly_cost) < 800, threshold: "1"}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: plain, namespace: inference}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: llama3}, maxReplicas: 5}
Y
"$forescale" init --from-cluster -n inference --kubeconfig "$rig/sa.kubeconfig" >"$rig/found.yaml" 2>"$rig/found.err" || { cat "$rig/found.err"; fail "init --from-cluster"; }
grep -q 'query: "demand", perReplica: 8}' "$rig/found.yaml" || { cat "$rig/found.yaml"; fail "init --from-cluster does not take the trigger's query and threshold"; }
grep -q '^# Left out: a cost trigger cannot block' "$rig/found.yaml" && grep -q "^# Left out: an HPA's metrics name no query" "$rig/found.yaml" ||
    { cat "$rig/found.yaml"; fail "init --from-cluster does not say what cannot work"; }
"$forescale" plan -c "$rig/found.yaml" --input "$rig/trace.csv" --at "$spike" >/dev/null || fail "the found configuration does not load"
k delete scaledobject breaker -n inference >/dev/null
k delete hpa plain -n inference >/dev/null
pass "init --from-cluster finds what can work, and says of the rest why it cannot"

run run --dry-run=server -o json >"$rig/dry.json" 2>"$rig/dry.err" || { cat "$rig/dry.err"; fail "run --dry-run=server"; }
[ "$(min_of)" = 2 ] || fail "a dry run wrote"
pass "run --dry-run=server writes nothing"

run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run"; }
planned=$(jq '.workloads[0].minReplicas' "$rig/plan.json")
[ "$planned" -gt 2 ] || { cat "$rig/plan.json" "$rig/run.err"; fail "the plan raises nothing"; }
[ "$(min_of)" = "$planned" ] || fail "planned $planned, the object says $(min_of)"
pass "a run before the spike raises minReplicaCount 2 -> $planned: $(jq -r '.workloads[0].reason' "$rig/plan.json")"
wait_for 20 "HPA with min $planned" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get hpa keda-hpa-llama -n inference -o jsonpath='{.spec.minReplicas}')\" = $planned ]"
wait_for 40 "Deployment with $planned replicas" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get deploy llama -n inference -o jsonpath='{.spec.replicas}')\" = $planned ]"
pass "KEDA's HPA and the Deployment follow to $planned"
k get scaledobject llama -n inference -o json | jq -e '.metadata.annotations["forescale.dev/baseline"]' >/dev/null || fail "no baseline is recorded"

version=$(k get scaledobject llama -n inference -o jsonpath='{.metadata.generation}')
run run >/dev/null 2>&1 || fail "the second run"
[ "$(k get scaledobject llama -n inference -o jsonpath='{.metadata.generation}')" = "$version" ] || fail "a second run wrote the same again"
[ "$(min_of)" = "$planned" ] || fail "the second run changed the floor to $(min_of)"
pass "a second run changes nothing"

# The guard's memory is lost; the ledger is not.
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("DELETE FROM blob WHERE kind = ?", ("planner",)); c.commit()' "$rig/forescale.db"
run plan -o json 2>/dev/null | jq -e '.budgets[0].spent > 0' >/dev/null || fail "the ledger's spend does not count"
pass "the spend is in the ledger: it counts when the guard's memory is lost"

run status >"$rig/status.out" 2>&1 || { cat "$rig/status.out"; fail "status"; }
grep -q applied "$rig/status.out" || fail "status shows no receipt"
pass "status shows the floor, its expiry and the receipt"

k patch scaledobject llama -n inference --type=merge -p '{"spec":{"minReplicaCount":3}}' >/dev/null
run run >"$rig/human.out" 2>&1 || true
[ "$(min_of)" = 3 ] || fail "a human's edit was overwritten with $(min_of)"
pass "a human's edit is left alone"
k patch scaledobject llama -n inference --type=merge -p "{\"spec\":{\"minReplicaCount\":$planned}}" >/dev/null

k replace --force -f - >/dev/null 2>&1 <<Y
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: forescale, namespace: forescale}
spec: {holderIdentity: another, leaseDurationSeconds: 600, renewTime: "$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)"}
Y
code=0
run run >"$rig/lease.out" 2>&1 || code=$?
[ $code = 75 ] || { cat "$rig/lease.out"; fail "a held lease ends with $code, not 75"; }
pass "while another run holds the lease: exit 75"

k delete lease forescale -n forescale >/dev/null
run run >"$rig/one.out" 2>&1 &
one=$!
code=0 other=0
run run >"$rig/two.out" 2>&1 || other=$?
wait $one || code=$?
case "$code $other" in "0 0" | "0 75" | "75 0") ;; *) cat "$rig/one.out" "$rig/two.out"; fail "two runs at once end with $code and $other" ;; esac
[ "$(min_of)" = "$planned" ] || fail "two runs at once leave $(min_of)"
pass "two runs at once end with $code and $other, and the floor stays"

run restore --expired >/dev/null 2>&1 || fail "restore --expired"
[ "$(min_of)" = "$planned" ] || fail "a floor in force was taken back"
run restore --expired --at "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)" >/dev/null 2>&1 || fail "restore --expired, later"
[ "$(min_of)" = 2 ] || fail "an expired floor stays at $(min_of)"
pass "restore --expired takes back what has run out, and nothing else"
run run >/dev/null 2>&1 || fail "the run after"
[ "$(min_of)" -gt 2 ] || fail "the run after raises nothing"
run restore --all >/dev/null 2>&1 || fail "restore --all"
[ "$(min_of)" = 2 ] || fail "restore --all leaves $(min_of)"
[ "$(k get scaledobject llama -n inference -o json | jq '[.metadata.annotations // {} | keys[] | select(startswith("forescale.dev/"))] | length')" = 0 ] || fail "restore --all leaves its record"
pass "restore --all puts the baseline back and removes the record"

k delete rolebinding forescale-targets -n inference >/dev/null
code=0
run run >"$rig/denied.out" 2>&1 || code=$?
[ $code = 1 ] && grep -qi 'forbidden' "$rig/denied.out" || { cat "$rig/denied.out"; fail "without its Role: exit $code"; }
pass "without its Role: exit $code, $(grep -oi -m1 'is forbidden.*' "$rig/denied.out" | cut -c1-60)"
code=0
"$forescale" run -c "$rig/config.yaml" --kubeconfig /dev/null >"$rig/down.out" 2>&1 || code=$?
[ $code != 0 ] || fail "an empty kubeconfig is no login"
pass "no login: exit $code"
echo "$passed passed, 0 failed"
