#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad weather between a run and a real API server: tokens that run out, 429, 403, 404 between read and write, 409 storms,
# webhooks, missing CRDs, broken connections. One bad workload never stops the others; exit code and ledger tell.
# Usage: RIG_BIN=FOLDER tests/e2e/storms.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale

start_cluster
start_demand "$build"
read -r p_storm p_hook p_dead <<<"$(free_ports 3)"
start storm python3 "$top/tests/e2e/storm_proxy.py" "$p_storm" "https://127.0.0.1:$p_api" "$rig/ca.crt"
wait_for 20 "the proxy" curl -fs "http://127.0.0.1:$p_storm/storm"

k create namespace inference >/dev/null
object() { # NAME [BOUNDS]
    k apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, namespace: inference}
spec:
  replicas: 2
  selector: {matchLabels: {app: $1}}
  template: {metadata: {labels: {app: $1}}, spec: {containers: [{name: $1, image: $1}]}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: $1, namespace: inference}
spec:
  scaleTargetRef: {name: $1}
  ${2-minReplicaCount: 2}
  triggers: [{type: prometheus, metadata: {serverAddress: "http://127.0.0.1:$p_prom", query: demand, threshold: "6.4"}}]
Y
}
for n in a b c; do object $n; done
object bare ''
object low 'maxReplicaCount: 4'
k apply -k "$top/cronjobs" >/dev/null
k create token -n forescale forescale --duration=1h >"$rig/token"
login_by() { # SERVER: the token is in a file
    cat >"$rig/sa.kubeconfig" <<K
apiVersion: v1
kind: Config
current-context: rig
contexts: [{name: rig, context: {cluster: rig, user: user, namespace: forescale}}]
clusters: [{name: rig, cluster: {server: "$1"}}]
users: [{name: user, user: {tokenFile: $rig/rotated}}]
K
}
login_by "http://127.0.0.1:$p_storm"
cp "$rig/token" "$rig/rotated"
config() { # WORKLOADS [PREWARM]
    cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h, lead: 345s, prewarm: ${2:-"{kind: None}"}}]
workloads:
$(for n in $1; do echo "  - {name: $n, target: {kind: ScaledObject, namespace: inference, name: $n}, mode: enforce, demand: {query: demand, perReplica: 8}, lead: 63s, pools: [gpu], objective: {quantile: 0.95}}"; done)
C
}
by() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$2" -n forescale "${@:3}"; }
storm() { curl -fs "http://127.0.0.1:$p_storm/storm" -d "$1" >/dev/null || fail "the proxy takes no rules: $1"; }
came() { curl -fs "http://127.0.0.1:$p_storm/storm" | jq "$@"; }
afresh() { # as before the first run, and fair weather
    storm '[]'
    by restore "$KUBECONFIG" --all >"$rig/afresh.out" 2>&1 || { cat "$rig/afresh.out"; fail "restore --all"; }
    k delete lease forescale -n forescale --ignore-not-found >/dev/null
}
ends() { # CODE SAYS: a run ends with CODE, and SAYS why
    local code=0
    by run "$rig/sa.kubeconfig" -o json >"$rig/plan.json" 2>"$rig/run.err" || code=$?
    [ $code = "$1" ] && grep -q "$2" "$rig/run.err" || { cat "$rig/run.err"; fail "exit $code, not $1, or nothing says: $2"; }
}
became() { # OBJECT OUTCOME...: receipts of the last run, and the floor is as they say
    python3 - "$rig/forescale.db" "$@" <<'P' || fail "the ledger does not say: $*"
import sqlite3, sys
told = dict(sqlite3.connect(sys.argv[1]).execute(
    "SELECT ledger.object, receipt.outcome FROM ledger JOIN receipt ON receipt.ledger_id = ledger.id WHERE ledger.kind = 'act' ORDER BY ledger.id"))
wanted = dict(zip(sys.argv[2::2], sys.argv[3::2]))
bad = {name: told.get(name) for name, outcome in wanted.items() if told.get(name) != outcome}
sys.exit(f"told {bad}, wanted {wanted}" if bad else 0)
P
    while [ $# -gt 1 ]; do
        local min planned
        min=$(k get scaledobject "$1" -n inference -o jsonpath='{.spec.minReplicaCount}' --ignore-not-found)
        planned=$(jq --arg n "$1" '.workloads[] | select(.name == $n) | .minReplicas' "$rig/plan.json")
        case $2 in
        applied) [ "$planned" -gt 2 ] && [ "$min" = "$planned" ] || fail "$1 was applied and stands at $min, planned $planned" ;;
        *) [ "${min:-2}" = 2 ] || fail "$1 was $2 and stands at $min" ;;
        esac
        shift 2
    done
}
of() { echo "scaledobjects/$1"; }
# KEDA writes these objects too, at moments of its own: a write of ours may meet a 409 that no rule made.
writes_of() { came -c --arg p "$(of "$1")" '[.[] | select(.method == "PATCH" and (.path | contains($p)))]'; }
conflicts_of() { writes_of "$1" | jq '[.[] | select(.code == 409)] | length'; }

config "a b c"
echo wrong >"$rig/rotated"
storm "[{\"method\": \"GET\", \"path\": \"leases\", \"times\": 1, \"run\": \"cp $rig/token $rig/rotated\"}]"
ends 0 applied
became a applied b applied c applied
[ "$(came '[.[] | select(.code == 401)] | length')" = 1 ] || fail "there was no 401"
pass "a token that runs out while a run goes on is read anew: one 401, and all is applied"
afresh
echo wrong >"$rig/rotated"
ends 1 'HTTP 401'
for n in a b c; do [ "$(k get scaledobject $n -n inference -o jsonpath='{.spec.minReplicaCount}')" = 2 ] || fail "$n was written without a login"; done
cp "$rig/token" "$rig/rotated"
pass "a token that stays wrong: exit 1, nothing is written"

storm "[{\"method\": \"PATCH\", \"path\": \"$(of a)\", \"times\": 2, \"code\": 429, \"headers\": {\"Retry-After\": \"1\"}}]"
ends 0 applied
became a applied b applied c applied
writes_of a | jq -e '(map(.code) | .[:2] == [429, 429] and .[-1] == 200) and .[1].at - .[0].at >= 1 and .[2].at - .[1].at >= 1' >/dev/null ||
    fail "Retry-After is not honoured: $(writes_of a)"
pass "429 with Retry-After: waited for, then applied"
afresh
storm "[{\"method\": \"PATCH\", \"path\": \"$(of a)\", \"code\": 429, \"headers\": {\"Retry-After\": \"600\"}}]"
ends 6 'HTTP 429'
became a failed b applied c applied
storm '[]'
ends 0 applied
became a applied
pass "429 for longer than a request may wait: exit 6, the others are applied; the next run is whole"

afresh
storm "[{\"method\": \"PATCH\", \"path\": \"$(of b)\", \"code\": 403, \"body\": {\"kind\": \"Status\", \"message\": \"b is forbidden\"}}]"
ends 6 'b is forbidden'
became a applied b failed c applied
pass "403 on one of three: exit 6"
afresh
storm "[{\"method\": \"PATCH\", \"path\": \"$(of b)\", \"times\": 1, \"run\": \"$RIG_BIN/hyperkube kubectl delete scaledobject b -n inference\"}]"
ends 6 'scaledobjects.*"b" not found'
became a applied b failed c applied
object b
pass "deleted between read and write: the real 404, exit 6"
afresh
touch_b="\"run\": \"$RIG_BIN/hyperkube kubectl annotate scaledobject b -n inference --overwrite touched=\$(date +%N)\""
storm "[{\"method\": \"PATCH\", \"path\": \"$(of b)\", \"times\": 1, $touch_b}]"
ends 0 applied
became a applied b applied c applied
[ "$(conflicts_of b)" -ge 1 ] || fail "there was no 409: $(writes_of b)"
afresh
storm "[{\"method\": \"PATCH\", \"path\": \"$(of b)\", $touch_b}]"
ends 6 'changed under each of 3 writes'
became a applied b failed c applied
[ "$(conflicts_of b)" = 3 ] || fail "$(conflicts_of b) writes in a 409 storm"
pass "a real 409 is read and decided anew; a storm of them ends after three, exit 6"

afresh
certificate hook /CN=hook "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"
start hook python3 "$top/tests/e2e/deny_webhook.py" "$p_hook" "$rig/hook.crt" "$rig/hook.key"
hook=$!
k apply -f - >/dev/null <<Y
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: freeze}
webhooks:
  - name: freeze.example.com
    clientConfig: {url: "https://127.0.0.1:$p_hook/", caBundle: $(base64 -w 0 "$rig/ca.crt")}
    rules: [{apiGroups: [keda.sh], apiVersions: [v1alpha1], operations: [UPDATE], resources: [scaledobjects]}]
    matchConditions: [{name: only-b, expression: "object.metadata.name == 'b' && request.userInfo.username.startsWith('system:serviceaccount:forescale:')"}]
    sideEffects: None
    admissionReviewVersions: [v1]
    timeoutSeconds: 2
Y
as_account() { k patch scaledobject b -n inference --as=system:serviceaccount:forescale:forescale --dry-run=server --type=merge -p '{"spec":{"minReplicaCount":3}}' 2>&1; }
wait_for 60 "a webhook that denies" bash -c "$(declare -f k as_account); RIG_BIN='$RIG_BIN'; as_account | grep -q freeze"
ends 6 'denied the request: no change in the freeze'
became a applied b failed c applied
kill $hook
wait $hook 2>/dev/null || true
afresh
ends 6 'failed calling webhook'
became a applied b failed c applied
k delete validatingwebhookconfiguration freeze >/dev/null
pass "a webhook that denies, and one that is down: its words, exit 6"

afresh
config "a bare low" "{kind: CapacityBuffer, namespace: inference, name: gpu}"
ends 6 'the server has no such API: install its CRD'
became a applied bare applied
[ "$(k get scaledobject low -n inference -o jsonpath='{.spec.minReplicaCount} {.spec.maxReplicaCount}')" = "4 4" ] || fail "an object with max 4 is at $(k get scaledobject low -n inference -o jsonpath='{.spec.minReplicaCount} {.spec.maxReplicaCount}')"
pass "a pool whose CRD is missing: exit 6, workloads are applied; a floor above max is max"
afresh
[ "$(k get scaledobject bare -n inference -o json | jq -c '[.spec.minReplicaCount // 0, .spec.maxReplicaCount // 100]')" = '[0,100]' ] || fail "an object without bounds does not get KEDA's own back"
pass "an object without the fields is raised, and has KEDA's own bounds again"

config "a b c"
storm '[{"method": "PATCH", "path": "scaledobjects", "code": 0}]'
ends 75 'scaledobjects'
became a failed b failed c failed
pass "connections that break at each write: exit 75, floors as they were"
storm '[]'
login_by "http://127.0.0.1:$p_dead"
ends 75 'Could not connect\|Failed to connect\|refused'
pass "no API server: exit 75"
echo "$passed passed, 0 failed"
