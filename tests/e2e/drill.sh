#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The drill of docs/drill.md: a spike that nobody foresaw runs the bill towards its ceiling, pushed through a real
# Pushgateway; the real KEDA scales, and `forescale run` lets the spike have what is affordable and no more.
# Usage: RIG_BIN=FOLDER tests/e2e/drill.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale
ceiling=20 window_s=300 pod_usd_per_h=60
read -r p_gateway <<<"$(free_ports 1)"

start_cluster
start_external_metrics
start pushgateway prometheus-pushgateway --web.listen-address="127.0.0.1:$p_gateway"
wait_for 30 "Pushgateway" curl -fs "http://127.0.0.1:$p_gateway/-/ready"
now=$(($(date +%s) / 60 * 60))
awk -v to="$now" 'BEGIN {print "timestamp,value"; for (at = to - 3 * 86400; at <= to; at += 60) printf "%d,%g\n", at, 8 + (at / 60 * 7 % 5) / 10}' >"$rig/past.csv"
start_prometheus "$rig/past.csv" 0 "$p_prom" "127.0.0.1:$p_gateway"

k create namespace inference >/dev/null
k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: llama, namespace: inference}
spec:
  replicas: 1
  strategy: {type: Recreate} # of so small a ceiling nothing is kept back for a rollout's pods
  selector: {matchLabels: {app: llama}}
  template:
    metadata: {labels: {app: llama}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: model, image: model, resources: {limits: {nvidia.com/gpu: 1}}}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: llama, namespace: inference}
spec:
  scaleTargetRef: {name: llama}
  minReplicaCount: 1
  maxReplicaCount: 10
  triggers:
    - {type: prometheus, name: demand, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: sum(demand), threshold: "8"}}
Y
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale
cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/drill.db}
interval: 10s
missedRuns: 0
prometheus: {url: "http://127.0.0.1:$p_prom", scrapeInterval: 1s}
pools: [{name: gpu, gpusPerNode: 1, price: $pod_usd_per_h USD/h, maxNodes: 12, lead: 5s, idle: 10s}]
workloads:
  - name: llama
    target: {kind: ScaledObject, namespace: inference, name: llama}
    mode: enforce
    lead: 5s
    pools: [gpu]
    objective: {quantile: 0.9}
budgets:
  - name: gpu
    ceiling: $ceiling USD
    window: ${window_s}s
    meter: {query: sum(gpu_cost_usd_per_hour), unit: USD/h}
metrics: {file: $rig/forescale.prom}
C
replicas() { k get deployment llama -n inference -o jsonpath='{.spec.replicas}'; }
push() { printf '%s %s\n' "$1" "$2" | curl -fs --data-binary @- "http://127.0.0.1:$p_gateway/metrics/job/$1"; }
echo 8 >"$rig/demand"
bill() { # what the pods cost, each second; and the demand beside it
    local n
    while sleep 1; do
        n=$(replicas) || continue
        push gpu_cost_usd_per_hour $((n * pod_usd_per_h)) && push demand "$(cat "$rig/demand")"
        echo "$(date +%s) $n"
    done >"$rig/bill.txt" 2>/dev/null
}
bill &
pids+=($!)
wait_for 60 "the meter in Prometheus" sh -c "curl -fs 'http://127.0.0.1:$p_prom/api/v1/query?query=gpu_cost_usd_per_hour' | jq -e '.data.result | length > 0'"

state= state_before=
run() { # one run of the CronJob; each change of the budget's state is shown with its figures
    "$forescale" run -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -o json >"$rig/run.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run"; }
    state=$(jq -r '.budgets[0].state' "$rig/run.json")
    [ "$state" = "$state_before" ] || jq -r --arg n "$(replicas)" '.budgets[0] as $b | .workloads[0] as $w |
        "   \(.at) \($b.state): spent \($b.spent), p95 \($b.forecast.p95), at the worst \($b.worstCase) of \($b.ceiling); max \($w.maxReplicas), \($n) pods"' "$rig/run.json"
    state_before=$state
}
run_until() { # SECONDS STATE...
    local end=$((SECONDS + $1)) s
    shift
    while [ $SECONDS -lt $end ]; do
        run
        for s in "$@"; do [ "$state" != "$s" ] || return 0; done
        sleep 8
    done
    cat "$rig/run.json"
    fail "the budget is $state, not $*"
}
max_of() { k get scaledobject llama -n inference -o jsonpath='{.spec.maxReplicaCount}'; }

run
[ "$state" = closed ] || { cat "$rig/run.json"; fail "in quiet hours the budget is $state"; }
pass "quiet: closed"
echo 80 >"$rig/demand"
wait_for 60 "replicas for the spike" sh -c "[ \$('$RIG_BIN/hyperkube' kubectl get deployment llama -n inference -o jsonpath='{.spec.replicas}') -ge 4 ]"
pass "KEDA scales for the spike: $(replicas) pods"
run_until 240 throttled open
run_until 300 open
max=$(max_of)
[ "$max" -lt 10 ] || fail "the budget is open and maxReplicaCount is still $max"
wait_for 60 "fewer pods" sh -c "[ \$('$RIG_BIN/hyperkube' kubectl get deployment llama -n inference -o jsonpath='{.spec.replicas}') -le $max ]"
pass "open: maxReplicaCount 10 -> $max, and KEDA's HPA follows to $(replicas) pods"
grep -q '^forescale_budget_state{.*state="open"} 1' "$rig/forescale.prom" || grep '^forescale_budget' "$rig/forescale.prom"
k get events.events.k8s.io -n inference -o json | jq -r '.items[] | "   Event \(.reason): \(.note)"' | sort | uniq | head -n 12
echo 8 >"$rig/demand"
run_until 480 half_open closed
pass "the window moves on: $state"
run_until 480 closed
[ "$(max_of)" = 10 ] || fail "the budget is closed and maxReplicaCount is $(max_of)"
pass "closed again: maxReplicaCount is back at 10"
largest=$(awk -v w=$window_s -v rate=$pod_usd_per_h '{t[NR] = $1; cost[NR] = NR > 1 ? $2 * rate / 3600 * ($1 - t[NR - 1]) : 0; sum += cost[NR]
    while (t[NR] - t[first + 1] > w) sum -= cost[++first]; if (sum > most) most = sum} END {printf "%.2f", most}' "$rig/bill.txt")
awk -v l="$largest" -v c=$ceiling 'BEGIN {exit !(l <= c)}' || fail "the pods of a window of $window_s s cost $largest USD of $ceiling"
pass "the dearest window cost $largest USD of $ceiling"
echo "$passed passed, 0 failed"
