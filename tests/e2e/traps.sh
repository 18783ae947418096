#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What goes wrong in real clusters, on a real API server, KEDA, Redis and Prometheus: pauses, refusals, objects that are
# gone or denied, kills at any moment. One bad workload never stops the others.
# Usage: RIG_BIN=FOLDER tests/e2e/traps.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
start_demand "$build" "127.0.0.1:$p_keda_m"
read -r p_redis <<<"$(free_ports 1)"
start redis redis-server --port "$p_redis" --bind 127.0.0.1 --save '' --dir "$rig"

k create namespace inference >/dev/null
k create namespace elsewhere >/dev/null
deployment() { # NAME NAMESPACE REPLICAS
    k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, namespace: $2}
spec:
  replicas: $3
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec: {containers: [{name: $1, image: $1}]}
Y
}
scaled() { # NAME NAMESPACE [ANNOTATIONS [SPEC [TRIGGER]]]
    deployment "$1" "$2" 2
    k apply -f - >/dev/null <<Y
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: $1, namespace: $2, annotations: {${3:-}}}
spec:
  scaleTargetRef: {name: $1}
  minReplicaCount: 2
  maxReplicaCount: 40
  ${4:-}
  triggers:
  - ${5:-"{type: prometheus, metadata: {serverAddress: \"http://127.0.0.1:$p_prom\", query: demand, threshold: \"6.4\"}}"}
Y
}
entry() { # NAME KIND NAMESPACE [MODE]
    echo "  - {name: $1, target: {kind: $2, namespace: $3, name: $1}, mode: ${4:-enforce}, demand: {query: demand, perReplica: 8}, lead: 63s, pools: [gpu], objective: {quantile: 0.95}}"
}
config() { # WORKLOADS on standard input
    cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/${store:-forescale}.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h, lead: 345s}]
workloads:
$(cat)
C
}
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale "${@:2}"; }
min_of() { k get scaledobject "$1" -n "${2:-inference}" -o jsonpath='{.spec.minReplicaCount}'; }
max_of() { k get scaledobject "$1" -n "${2:-inference}" -o jsonpath='{.spec.maxReplicaCount}'; }
later() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }
reasons() { k get events -n inference -o json | jq -r --arg name "$1" '[.items[] | select(.reportingComponent == "forescale.dev/forescale" and .involvedObject.name == $name) | .reason] | sort | join(" ")'; }

scaled good inference
scaled good2 inference
scaled paused inference 'autoscaling.keda.sh/paused: "true"'
scaled pausedn inference 'autoscaling.keda.sh/paused-replicas: "3"'
scaled pausedout inference 'autoscaling.keda.sh/paused-scale-out: "true"'
scaled pausedin inference 'autoscaling.keda.sh/paused-scale-in: "true"'
scaled idle inference '' 'idleReplicaCount: 0'
scaled denied elsewhere
scaled refused inference
scaled gone inference
deployment halted inference 0
k apply -f - >/dev/null <<Y
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: halted, namespace: inference}
spec: {minReplicas: 2, maxReplicas: 40, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: halted}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: bounds}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [keda.sh], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [scaledobjects]}]}
  validations:
    - {expression: "object.spec.minReplicaCount <= object.spec.maxReplicaCount", message: "min is above max"}
    - {expression: "object.metadata.name != 'refused' || object.spec.minReplicaCount == 2", message: "its owner wants two"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: bounds}
spec: {policyName: bounds, validationActions: [Deny]}
Y
k apply -k "$top/cronjobs" >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale
wait_for 60 "a policy that refuses" sh -c "! '$RIG_BIN/hyperkube' kubectl patch scaledobject refused -n inference --dry-run=server --type=merge -p '{\"spec\":{\"minReplicaCount\":3}}'"
k delete scaledobject gone -n inference >/dev/null
{
    for n in gone refused paused pausedn pausedout pausedin idle good good2; do entry $n ScaledObject inference; done
    entry denied ScaledObject elsewhere
    entry halted HorizontalPodAutoscaler inference
} | config
code=0
run run -o json >"$rig/plan.json" 2>"$rig/run.err" || code=$?
[ $code = 6 ] || { cat "$rig/run.err"; fail "ten workloads, some of them bad: exit $code, not 6"; }
planned=$(jq '.workloads[] | select(.name == "good") | .minReplicas' "$rig/plan.json")
[ "$planned" -gt 2 ] && [ "$(min_of good) $(min_of good2)" = "$planned $planned" ] || { cat "$rig/run.err"; fail "the good ones are at $(min_of good) and $(min_of good2), planned $planned"; }
pass "among bad ones the good ones are raised to $planned: exit 6"
told() { grep -q "$1" "$rig/run.err" || { cat "$rig/run.err"; fail "nothing tells: $1"; }; }
for n in paused pausedn pausedout; do [ "$(min_of $n)" = 2 ] || fail "$n was written"; done
told 'workload=paused .*annotation autoscaling.keda.sh/paused'
told 'paused-replicas'
told 'paused-scale-out'
[ "$(min_of pausedin)" = "$planned" ] || fail "paused-scale-in forbids to lower, not to raise"
pass "paused, paused-replicas and paused-scale-out are left alone; under paused-scale-in the floor is raised"
[ "$(min_of idle)" = "$planned" ] && told 'idleReplicaCount is set' && pass "idleReplicaCount: raised, and what KEDA makes of it is said"
told 'scaled to 0, which switches an HPA off'
[ "$(k get hpa halted -n inference -o jsonpath='{.spec.minReplicas}')" = 2 ] || fail "an HPA that is off was written"
pass "an HPA whose target stands at 0 is left alone"
told 'its owner wants two'
[ "$(min_of refused)" = 2 ] || fail "a refused write was written"
! k patch scaledobject good -n inference --type=merge -p '{"spec":{"minReplicaCount":41}}' >"$rig/bounds.out" 2>&1 && grep -q 'min is above max' "$rig/bounds.out" || { cat "$rig/bounds.out"; fail "the policy lets a min above max through"; }
pass "a policy's refusal is told with its words; under one that refuses a min above max everything is written"
told 'is forbidden'
told 'scaledobjects.*"gone" not found'
pass "a namespace without the Role, and an object that is gone, are told"
run status >"$rig/status.out" 2>/dev/null || true
python3 - "$rig/forescale.db" >"$rig/ledger" <<'P'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT ledger.object, receipt.outcome FROM ledger JOIN receipt ON receipt.ledger_id = ledger.id ORDER BY ledger.id"):
    print(*row)
P
grep -q '^refused failed$' "$rig/ledger" && grep -q '^good applied$' "$rig/ledger" && grep -q '^paused held$' "$rig/ledger" || { cat "$rig/ledger"; fail "the ledger does not tell who was who"; }
pass "the ledger has each outcome: $(awk '{n[$2]++} END {for (o in n) printf "%d %s, ", n[o], o}' "$rig/ledger")"

k get scaledobject good -n inference -o json | jq 'del(.status, .spec.minReplicaCount, .metadata.annotations, .metadata.managedFields, .metadata.resourceVersion, .metadata.uid, .metadata.generation, .metadata.creationTimestamp)' >"$rig/gitops.json"
for _ in 1 2; do k apply --server-side --force-conflicts --field-manager=argocd-controller -f "$rig/gitops.json" >/dev/null || fail "a server-side apply beside us"; done
[ "$(min_of good)" = "$planned" ] && k get scaledobject good -n inference -o json | jq -e '.metadata.annotations["forescale.dev/baseline"] == "2-40"' >/dev/null || fail "a GitOps tool that leaves minReplicaCount to us takes it away"
pass "server-side apply by a GitOps tool that leaves minReplicaCount out: our floor and its record stay"
[ "$(reasons good)" = FloorRaised ] && [ "$(reasons paused)" = Held ] || { grep Event "$rig/run.err"; fail "events: good has \"$(reasons good)\", paused \"$(reasons paused)\""; }
run run >/dev/null 2>&1 || true
# Minutes go on: a changed plan is a change of the spec. Nothing else has an event.
changes=$(($(k get scaledobject good -n inference -o jsonpath='{.metadata.generation}') - 1))
[ "$(reasons good | wc -w)" = "$changes" ] && [ "$(reasons paused)" = Held ] || fail "after $changes changes: $(reasons good); paused: $(reasons paused)"
pass "Events: one for each change of the spec, Held once"

k annotate scaledobject pausedin -n inference autoscaling.keda.sh/paused-scale-in- >/dev/null
{ entry good ScaledObject inference; entry good2 ScaledObject inference; } | config
run restore --all >/dev/null 2>&1 || fail "restore --all"
[ "$(min_of good)" = 2 ] && [[ "$(reasons good)" = *Restored* ]] || fail "no Restored event: $(reasons good)"
run run >/dev/null 2>&1 || fail "run"
k annotate scaledobject good -n inference --overwrite forescale.dev/safe-max=12 >/dev/null
run restore --expired --at "$(later '+90 seconds')" >/dev/null 2>&1 || fail "restore --expired, soon"
[ "$(k get scaledobject good -n inference -o jsonpath='{.spec.maxReplicaCount}')" = 40 ] || fail "a cap was written while runs may be missed"
run restore --expired --at "$(later '+3 minutes')" >/dev/null 2>&1 || fail "restore --expired, after missed runs"
[ "$(k get scaledobject good -n inference -o jsonpath='{.spec.minReplicaCount} {.spec.maxReplicaCount}')" = "$(min_of good2) 12" ] || { k get scaledobject good -n inference -o yaml; fail "the dead run's cap is not the safe one, or its floor is gone"; }
[ "$(k get scaledobject good2 -n inference -o jsonpath='{.spec.maxReplicaCount}')" = 40 ] || fail "a cap came from nowhere"
pass "no run for longer than missedRuns allows: the cap is the recorded safe one, the floor stays until it expires"
run restore --all >/dev/null 2>&1 || fail "restore --all"

# A ceiling's safe cap is recorded while nothing is wrong yet; whose shard is dead, the shard's own lease tells.
{ entry good ScaledObject inference; entry good2 ScaledObject inference | sed 's/{name: good2, target/{name: second, target/'; } | config
sed -i 's/gpusPerNode: 8/gpusPerNode: 1/' "$rig/config.yaml"
echo 'budgets: [{name: gpu, ceiling: 1600 USD, window: 6h, workloads: [good, second]}]' >>"$rig/config.yaml"
shard() { "$forescale" run -c "$rig/config.yaml" -n forescale --shard "$1/2" -o json 2>"$rig/shard.err"; }
shard 0 >"$rig/zero.json" || { cat "$rig/shard.err"; fail "shard 0"; }
shard 1 >"$rig/one.json" || { cat "$rig/shard.err"; fail "shard 1"; }
[ "$(jq -c '[.workloads[].name]' "$rig/zero.json" "$rig/one.json" | tr -d '\n')" = '["good"]["second"]' ] || fail "the shards have not one workload each"
dead=good2 lives=good
safe=$(jq '.workloads[0].safeMaxReplicas' "$rig/one.json") most=$(jq '.workloads[0].maxReplicas' "$rig/one.json")
[ "$safe" -lt "$most" ] && [ "$(k get scaledobject "$dead" -n inference -o jsonpath='{.metadata.annotations.forescale\.dev/safe-max}')" = "$safe" ] || { cat "$rig/one.json"; fail "safe is $safe of $most"; }
k annotate lease forescale-0 -n forescale --overwrite "forescale.dev/last-run=$(later '+2 minutes')" >/dev/null
k delete lease forescale -n forescale --ignore-not-found >/dev/null
"$forescale" restore --expired -c "$rig/config.yaml" -n forescale --at "$(later '+3 minutes')" >"$rig/shard.err" 2>&1 || { cat "$rig/shard.err"; fail "restore --expired beside shards"; }
[ "$(max_of "$dead")" = "$safe" ] && [ "$(max_of "$lives")" = "$(jq '.workloads[0].maxReplicas' "$rig/zero.json")" ] || { cat "$rig/shard.err"; fail "max is $(max_of "$dead") of the dead shard's, safe $safe; $(max_of "$lives") of the other's"; }
pass "of two shards one is dead: its workload's max goes $most -> $safe, which the ceiling bears without a run; the other's stays"
"$forescale" restore --all -c "$rig/config.yaml" -n forescale >/dev/null 2>&1 || fail "restore --all"
for n in good good2; do entry $n ScaledObject inference; done | config

for i in $(seq 12); do
    # Not by the function, whose shell alone would be killed.
    "$forescale" run -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale >/dev/null 2>&1 &
    killed=$!
    sleep "0.$((i * 7 % 10))$((i * 3 % 10))"
    kill -9 $killed 2>/dev/null || true
    wait $killed 2>/dev/null || true
    k delete lease forescale -n forescale --ignore-not-found >/dev/null
    # A write that was on its way when its sender was killed may land after: the next restore, a minute later, has it.
    for _ in 1 2; do run restore --expired --at "$(later '+1 hour')" >/dev/null 2>&1 || fail "restore after kill $i"; done
    [ "$(min_of good) $(min_of good2)" = "2 2" ] || fail "after kill $i the floors are $(min_of good) and $(min_of good2)"
done
pass "killed 12 times at other moments: after the expiry every floor is at its baseline"

entry good ScaledObject inference no-drift | config
generation=$(k get scaledobject good -n inference -o jsonpath='{.metadata.generation}')
run run -o json >"$rig/plan.json" 2>/dev/null || fail "run in no-drift mode"
[ "$(jq '.workloads[0].minReplicas' "$rig/plan.json")" -gt 2 ] && [ "$(k get scaledobject good -n inference -o jsonpath='{.metadata.generation}')" = "$generation" ] || fail "no-drift wrote the object, or plans nothing"
run run --metrics - 2>/dev/null | grep '^forescale_planned_min_replicas' | awk '{exit $2 > 2 ? 0 : 1}' || fail "no-drift publishes no floor"
pass "no-drift: the floor of $(jq '.workloads[0].minReplicas' "$rig/plan.json") is a metric, the object is not touched"

store=several
trigger() { echo "{type: prometheus, metadata: {serverAddress: \"http://127.0.0.1:$p_prom\", query: \"$1\", threshold: \"$2\"}}"; }
scaled several inference '' '' "$(trigger "demand # the first" 6.4)
  - $(trigger '3 * demand' 6.4)
  - $(trigger '8 * demand' 64)
  - $(trigger 'sum(node_total_hourly_cost) < 800' 1)"
entry several ScaledObject inference observe | sed 's/demand: {[^}]*}, //' | config
run collect --since 2h >"$rig/several.err" 2>&1 || { cat "$rig/several.err"; fail "collect by several triggers"; }
last_of() { "$forescale" forecast -c "$rig/config.yaml" -o csv --model last_value --horizon 1m --quantiles 0.5 "$@" 2>/dev/null | tail -n 1 | cut -d, -f3; }
once=$(last_of --input "$rig/trace.csv" --at "$spike") most=$(last_of)
awk -v a="$once" -v b="$most" 'BEGIN {exit b / a > 2.99 && b / a < 3.01 ? 0 : 1}' || fail "demand is $most by several triggers, $once by the first"
grep -q 'no demand by replicas and not planned for' "$rig/several.err" || { cat "$rig/several.err"; fail "a cost trigger is not said to be left out"; }
pass "of several demand triggers the most is demand, each by its threshold: $most where the first alone says $once; a cost trigger is none"

start=$(date -u -d '+4 minutes' '+%-M %-H * * *') end=$(date -u -d '+34 minutes' '+%-M %-H * * *')
scaled timed inference '' '' "{type: cron, metadata: {timezone: Etc/UTC, start: \"$start\", end: \"$end\", desiredReplicas: \"39\"}}"
store=timed
entry timed ScaledObject inference observe | config
run run -o json >"$rig/timed.json" 2>"$rig/timed.err" || { cat "$rig/timed.err"; fail "run beside a cron trigger"; }
[ "$(jq '.pools[0].minNodes' "$rig/timed.json")" = 5 ] && [ "$(jq '.workloads[0].minReplicas' "$rig/timed.json")" -lt 39 ] &&
    jq -e '.workloads[0].reason | contains("its timetable asks for 39 from")' "$rig/timed.json" >/dev/null || { cat "$rig/timed.json" "$rig/timed.err"; fail "a cron trigger is not reckoned with"; }
pass "a cron trigger's nodes are planned before its time: $(jq -r '.workloads[0].reason' "$rig/timed.json")"

store=queue
scaled queue inference '' 'pollingInterval: 1' "{type: redis, metadata: {address: \"127.0.0.1:$p_redis\", listName: jobs, listLength: \"5\"}}"
redis-cli -p "$p_redis" rpush jobs $(seq 30) >/dev/null
wait_for 60 "KEDA's metric of the list" sh -c "curl -fs 'http://127.0.0.1:$p_prom/api/v1/query' --data-urlencode 'query=keda_scaler_metrics_value{scaledObject=\"queue\"} == 30' | jq -e '.data.result | length > 0'"
echo "  - {name: queue, target: {kind: ScaledObject, namespace: inference, name: queue}, pools: [gpu], lead: 63s}" | config
sleep 1
"$forescale" check -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale >"$rig/check.out" 2>&1 || true
curl -fs "http://127.0.0.1:$p_prom/api/v1/query" --data-urlencode 'query=max(keda_scaler_metrics_value{scaledObject="queue",triggerIndex="0",exported_namespace="inference"} or keda_scaler_metrics_value{scaledObject="queue",triggerIndex="0",namespace="inference"})' |
    jq -e '.data.result[0].value[1] == "30"' >/dev/null || fail "the query of a redis trigger finds nothing"
run run >"$rig/queue.err" 2>&1 || true
! grep -q 'has no demand query' "$rig/queue.err" || { cat "$rig/queue.err"; fail "a redis trigger gives no demand query"; }
pass "a redis trigger: demand is what KEDA measured, 30 waiting at 5 a replica"
echo "$passed passed, 0 failed"
