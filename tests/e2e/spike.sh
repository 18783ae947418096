#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A daily spike on wall time: two equal Deployments get the same demand from a real Prometheus and are scaled by the real
# KEDA and HPA; for one of them `forescale run` raises the floor before. A third one's scaler is killed: its floor expires.
# With `karpenter` there are no nodes for it yet: for the first they are ordered ahead too, in a static NodePool of the real
# Karpenter; for the others it orders what pending pods need. Usage: RIG_BIN=FOLDER tests/e2e/spike.sh BUILD_FOLDER [karpenter]
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale
declare -A pool_of
served=10 threshold=8 low=8 high=96 # demand that a pod serves, at which the HPA adds one, before and in the spike

if [ -z "${2:-}" ]; then
    pool_of=([llama]=gpu [reactive]=gpu [killed]=gpu) prewarm="{kind: None}" node_lead=0s
else
    own_network "$0" "$@"
    pool_of=([llama]=ahead [reactive]=demand [killed]=demand) prewarm="{kind: NodePool, name: ahead}" node_lead=25s
fi
start_cluster
start_external_metrics
if [ -z "${2:-}" ]; then
    start_nodes 6 8
else
    start_nodes 0 0
    start_karpenter
fi

# Each day at the same minute demand is twelvefold for two minutes: for 15 days, and once more in the live minutes.
now=$(date +%s)
spike=$(((now + 160) / 60 * 60)) end=$((spike + 120))
awk -v from=$(((now / 1440 / 60 - 15) * 1440 * 60)) -v to=$((end + 3600)) -v spike=$spike -v low=$low -v high=$high 'BEGIN {
    print "timestamp,value"
    for (at = from; at < to; at += 60) {
        since = (at - spike) % 86400
        if (since < 0) since += 86400
        printf "%d,%g\n", at, (since < 120 ? high : low) * (1 + 0.04 * sin(at / 60 * 2.4))
    }
}' >"$rig/trace.csv"
awk -F, -v to="$now" 'NR == 1 || $1 <= to' "$rig/trace.csv" >"$rig/past.csv"
read -r p_live <<<"$(free_ports 1)"
start replay python3 "$top/tests/e2e/replay.py" "$rig/trace.csv" "$p_live"
start_prometheus "$rig/past.csv" 0 "$p_prom" "127.0.0.1:$p_live"

k create namespace inference >/dev/null
for name in llama reactive killed; do
    k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, namespace: inference}
spec:
  replicas: 1
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name}, annotations: {rig/load: 5s}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {rig/pool: ${pool_of[$name]}}
      containers: [{name: model, image: model, resources: {limits: {nvidia.com/gpu: 1}}}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: $name, namespace: inference}
spec:
  scaleTargetRef: {name: $name}
  minReplicaCount: 1
  maxReplicaCount: 15
  triggers:
    - {type: prometheus, name: demand, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: demand, threshold: "$threshold"}}
Y
done
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale
for name in llama killed; do
    cat >"$rig/$name.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/$name.db}
interval: 10s
prometheus: {url: "http://127.0.0.1:$p_prom", scrapeInterval: 1s}
pools:
  - {name: gpu, gpusPerNode: $([ -z "${2:-}" ] && echo 8 || echo 2), price: 16.00 USD/h, maxNodes: 8, lead: $node_lead, idle: 10s,
     nodeSelector: {rig/pool: ${pool_of[$name]}}, prewarm: $([ "$name" = llama ] && echo "$prewarm" || echo "{kind: None}")}
workloads:
  - name: $name
    target: {kind: ScaledObject, namespace: inference, name: $name}
    mode: enforce
    lead: 8s
    pools: [gpu]
    objective: {quantile: 0.95}
C
done
run() { "$forescale" "$1" -c "$rig/llama.yaml" --kubeconfig "$rig/sa.kubeconfig"; }
run_killed() { "$forescale" "$1" -c "$rig/killed.yaml" --kubeconfig "$rig/admin.kubeconfig" -n inference "${@:2}"; } # a lease of its own
min_of() { k get scaledobject "$1" -n inference -o jsonpath='{.spec.minReplicaCount}'; }
token=$(sed -n 's/.*token: "\(.*\)"}.*/\1/p' "$rig/admin.kubeconfig")
ready_of() { # NAME...: the Ready pods of each, on one line
    curl -fs --cacert "$rig/ca.crt" -H "Authorization: Bearer $token" "https://127.0.0.1:$p_api/apis/apps/v1/namespaces/inference/deployments" |
        jq -r --args '[.items[] | {(.metadata.name): (.status.readyReplicas // 0)}] | add | [.[$ARGS.positional[]]] | join(" ")' "$@"
}
wait_for 60 "Ready pods" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get pods -n inference -o jsonpath='{.items[*].status.containerStatuses[*].ready}')\" = 'true true true' ]"
wait_for 60 "live demand" sh -c "curl -fs 'http://127.0.0.1:$p_prom/api/v1/query?query=demand' | jq -e '.data.result | length == 1' "

every_10_s() { # the CronJob
    while sleep 10; do
        run run >>"$rig/runs.out" 2>>"$rig/runs.log" || true
    done
}
watch_ready() { # what was asked for and what was Ready, each second
    while sleep 1; do
        echo "$(date +%s) $(curl -fs "http://127.0.0.1:$p_live" | awk '/^demand/ {print $2}') $(ready_of llama reactive)"
    done >"$rig/seconds.txt"
}
run collect >"$rig/first.out" 2>&1 || { cat "$rig/first.out"; fail "collect"; }
every_10_s &
pids+=($!)
watch_ready &
pids+=($!)

# Runs with another store and lease; the one that raises the floor for the spike is killed the moment the object shows it.
killed_min=1 raised=$((high / served / 2))
while [ "$killed_min" -lt $raised ]; do
    [ "$(date +%s)" -lt "$spike" ] || { cat "$rig/killed.out"; fail "no run of the killed scaler raises the floor"; }
    # Not by the function, whose shell alone would be killed.
    "$forescale" run -c "$rig/killed.yaml" --kubeconfig "$rig/admin.kubeconfig" -n inference >"$rig/killed.out" 2>&1 &
    one=$!
    while kill -0 $one 2>/dev/null && [ "$killed_min" -lt $raised ]; do killed_min=$(min_of killed); done
    kill -9 $one 2>/dev/null || true
    wait $one 2>/dev/null || true
    [ "$killed_min" -ge $raised ] || sleep 5
done
expires=$(date -d "$(k get scaledobject killed -n inference -o jsonpath='{.metadata.annotations.forescale\.dev/expires-at}')" +%s)
pass "kill -9 in the run that raised the floor to $killed_min, $((spike - $(date +%s))) s before the spike; it expires $((expires - spike)) s after its beginning"

sleep $((spike + 20 - $(date +%s)))
run_killed restore --expired >/dev/null 2>&1 || fail "restore --expired"
if [ -n "${2:-}" ]; then
    ordered=$(k get nodepool ahead -o jsonpath='{.spec.replicas}')
    [ "$ordered" -gt 1 ] || { tail -n 5 "$rig/runs.log"; fail "no nodes were ordered ahead"; }
    pass "nodes ordered ahead: 1 -> $ordered; nodes that Karpenter made for pending pods: $(k get nodes -l rig/pool=demand -o name | wc -l)"
fi
if [ "$(date +%s)" -lt "$expires" ]; then
    [ "$(min_of killed)" = "$killed_min" ] || fail "a floor in force was taken back"
fi
late() { # COLUMN: seconds in which the Ready pods served less than the demand, and pods Ready in the spike's first second
    awk -v column="$1" -v served=$served -v from=$spike -v to=$end '
        $1 >= from && $1 < to {
            if (!asked++) first = $column
            if ($column * served < $2) short++
        }
        END {print short + 0, first, asked + 0}' "$rig/seconds.txt"
}
sleep $((end + 5 - $(date +%s)))
read -r llama_late llama_first seconds <<<"$(late 3)"
read -r reactive_late reactive_first _ <<<"$(late 4)"
[ "$seconds" -gt 30 ] || fail "only $seconds seconds of the spike were seen"
pass "seconds of the spike with too few Ready pods, of $seconds seen: $llama_late with forescale, $reactive_late without"
pass "pods Ready as demand arrives: $llama_first with forescale, $reactive_first without"
[ "$llama_late" -lt "$reactive_late" ] || { cat "$rig/seconds.txt"; fail "forescale is not sooner"; }
[ "$llama_first" -gt "$reactive_first" ] && [ $((llama_first * served * 10)) -ge $((high * 9)) ] || fail "the pods were not Ready before the demand"

wait_for 150 "release of the floor" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get scaledobject llama -n inference -o jsonpath='{.spec.minReplicaCount}')\" = 1 ]"
pass "$(($(date +%s) - end)) s after the spike the floor is released"
if [ -n "${2:-}" ]; then
    wait_for 150 "release of the nodes" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get nodepool ahead -o jsonpath='{.spec.replicas}')\" = 1 ]"
    pass "the nodes that were ordered are given back"
fi
[ "$(date +%s)" -ge "$expires" ] || sleep $((expires + 1 - $(date +%s)))
run_killed restore --expired >/dev/null 2>&1 || fail "restore --expired"
[ "$(min_of killed)" = 1 ] || fail "an expired floor stays at $(min_of killed)"
pass "the killed scaler's floor is gone after its expiry, by restore --expired"
run_killed run >"$rig/killed.out" 2>&1 || { cat "$rig/killed.out"; fail "the run after the kill"; }
pass "the next run after the kill is whole"
wait_for 60 "scale-in" sh -c "[ \"\$('$RIG_BIN/hyperkube' kubectl get deploy llama -n inference -o jsonpath='{.spec.replicas}')\" -le 2 ]"
pass "the HPA scales in once the floor is gone"
echo "$passed passed, 0 failed"
