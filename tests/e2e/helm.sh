#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The chart, installed by the real Helm; then the CronJobs' own commands, run as a pod of the chart's ServiceAccount would.
# Usage: RIG_BIN=FOLDER tests/e2e/helm.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
forescale=$build/forescale
helm() { "$RIG_BIN/helm" "$@"; }
helm package "$top/cronjobs/helm/forescale" -d "$rig/chart" >/dev/null 2>"$rig/package.log" || { cat "$rig/package.log"; fail "helm package"; }
chart=$(ls "$rig"/chart/forescale-*.tgz)

helm lint --strict "$chart" >"$rig/lint.out" 2>&1 || { cat "$rig/lint.out"; fail "helm lint"; }
pass "helm lint --strict: $(tail -n 1 "$rig/lint.out")"
while read -r value says; do
    ! helm template forescale "$chart" --set "$value" >"$rig/bad.out" 2>&1 || fail "--set $value is taken"
    grep -q "$says" "$rig/bad.out" || { cat "$rig/bad.out"; fail "--set $value: nothing says $says"; }
done <<'V'
replicas=2 replicas
schedule=minutely /schedule
image.digest=abc /image/digest
rbac.namespaces=inference /rbac/namespaces
persistence.size=much /persistence/size
shards=2 store.url
V
pass "values.schema.json refuses what is no value, by its name"
! helm template forescale "$chart" --set rbac.nodes=false | grep -q ClusterRole || fail "rbac.nodes=false leaves something cluster-wide"
pass "rbac.nodes=false: nothing is cluster-wide"

start_cluster
# Every key, one way or another: what is rendered is what the API server knows.
helm template forescale "$chart" -n default --skip-tests --set rbac.clusterWide=true,rbac.allPods=true,networkPolicy.enabled=true,dashboards.enabled=true \
    --set persistence.enabled=false,image.pullPolicy=Always,suspend=true,podLabels.team=ml,podAnnotations.note=x,priorityClassName=high \
    --set-json 'env=[{"name":"TOKEN","value":"x"}]' --set-json 'tolerations=[{"key":"gpu","operator":"Exists"}]' \
    --set-json 'nodeSelector={"disk":"ssd"}' --set-json 'imagePullSecrets=[{"name":"registry"}]' --set-json 'affinity={"nodeAffinity":{}}' \
    --set-json 'extraVolumes=[{"name":"secret","secret":{"secretName":"s"}}]' \
    --set-json 'extraVolumeMounts=[{"name":"secret","mountPath":"/secret"}]' \
    --set-json 'networkPolicy.extraEgress=[{"ports":[{"port":9091}]}]' >"$rig/all.yaml"
k apply --dry-run=server --validate=strict -f "$rig/all.yaml" >"$rig/all.out" 2>&1 || { cat "$rig/all.out"; fail "the API server refuses the chart"; }
k create --dry-run=client -o json -f "$rig/all.yaml" | jq -r 'if .kind == "List" then .items[] else . end
    | select(.metadata.name == "forescale-dashboards").data["forescale.json"]' | diff -B - "$top/cronjobs/monitoring/dashboard.json" >/dev/null || fail "the dashboard is another"
pass "with every value set the API server takes the chart: $(grep -c dry "$rig/all.out") objects"
helm template forescale "$chart" --set prometheusRule.enabled=true -s templates/prometheusrule.yaml | sed -n '/^  groups:/,$s/^  //p' >"$rig/rules.yml"
promtool check rules --lint-fatal "$rig/rules.yml" >"$rig/rules.out" 2>&1 || { cat "$rig/rules.yml" "$rig/rules.out"; fail "promtool check rules"; }
pass "PrometheusRule: promtool: $(grep -o '[0-9]* rules found' "$rig/rules.out")"

helm template forescale "$chart" -n default --skip-tests --set shards=3,persistence.enabled=false >"$rig/shards.yaml"
k create --dry-run=client -o json -f "$rig/shards.yaml" | jq -s -e 'any(.[] | if .kind == "List" then .items[] else . end
    | select(.kind == "CronJob" and .metadata.name == "forescale") | .spec.jobTemplate.spec; .completionMode == "Indexed"
        and .completions == 3 and .parallelism == 3 and .template.spec.containers[0].args[:3] == ["run", "--shard", "3"])' >/dev/null ||
    fail "three shards are no Indexed Job"
[ "$(grep -c '^  name: forescale-[012]$' "$rig/shards.yaml")" = 3 ] || fail "not every shard's lease is held while the release is uninstalled"
pass "three shards are an Indexed Job of three, each with its lease"

# The plain manifests and the chart's defaults are the same but for what marks a chart's objects.
objects() { # manifests on standard input, as one sorted list
    k create --dry-run=client --validate=false -o json -f - | jq -S '(if .kind == "List" then .items[] else . end)
        | select(.kind != "Namespace") | .metadata |= {name, namespace}' | jq -S -s 'sort_by(.kind, .metadata.name)'
}
k create namespace inference >/dev/null
k create namespace forescale >/dev/null
k kustomize "$top/cronjobs" | objects >"$rig/plain.json"
helm template forescale "$chart" -n forescale --no-hooks | objects >"$rig/chart.json"
[ "$(jq length "$rig/plain.json")" -gt 6 ] || fail "cronjobs/ holds $(jq length "$rig/plain.json") objects"
diff "$rig/plain.json" "$rig/chart.json" >"$rig/same.diff" || { cat "$rig/same.diff"; fail "cronjobs/*.yaml and the chart differ"; }
pass "cronjobs/*.yaml and the chart's defaults are the same $(jq length "$rig/plain.json") objects"

start_nodes 1 8
start_demand "$build"
k apply -f - >/dev/null <<Y
apiVersion: v1
kind: PersistentVolume
metadata: {name: store}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOncePod]
  hostPath: {path: $rig/volume}
---
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
mkdir "$rig/pod"
cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/pod/forescale.db}
prometheus: {url: "http://127.0.0.1:$p_prom"}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h, lead: 345s}]
workloads:
  - name: llama
    target: {kind: ScaledObject, namespace: inference, name: llama}
    mode: enforce
    lead: 63s
    pools: [gpu]
C
# Suspended: kwok only plays the pods, the commands are run below.
helm install forescale "$chart" -n forescale --set-file config="$rig/config.yaml" --set suspend=true --wait --wait-for-jobs --timeout 60s >"$rig/install.out" 2>&1 ||
    { cat "$rig/install.out"; fail "helm install"; }
pass "helm install: $(helm list -n forescale -o json | jq -r '.[0] | .chart + " " + .status')"
k get configmap forescale -n forescale -o jsonpath='{.data.config\.yaml}' >"$rig/pod/config.yaml"
diff "$rig/config.yaml" "$rig/pod/config.yaml" >/dev/null || fail "the ConfigMap is not the file of --set-file"
k create job once --from=cronjob/forescale -n forescale >/dev/null
k wait --for=condition=Complete job/once -n forescale --timeout=60s >"$rig/once.out" 2>&1 ||
    { k describe pods -n forescale | tail -n 20; fail "a Job of the CronJob cannot be scheduled"; }
pass "a Job of the CronJob is scheduled, its claim bound"
helm test forescale -n forescale --timeout 60s >"$rig/test.out" 2>&1 || { cat "$rig/test.out"; fail "helm test"; }
pass "helm test: $(grep Phase "$rig/test.out")"

# A command of the chart, as its pod would run it: its own arguments, and a token of its ServiceAccount at the usual place.
own_mounts=$([ "$(id -u)" = 0 ] || echo --map-root-user)
# shellcheck disable=SC2086
unshare $own_mounts --mount true 2>/dev/null || own_mounts=none
[ "$own_mounts" != none ] || echo "SKIPPED: the login from a pod's own files, for which a mount namespace is not to be had here; a kubeconfig with the same token instead"
as_pod() { # JSON of a pod's spec on standard input
    local spec account args
    spec=$(cat)
    account=$(jq -r .serviceAccountName <<<"$spec")
    readarray -t args < <(jq -r '.containers[0].args[]' <<<"$spec" | sed "s|^/etc/forescale|$rig/pod|")
    k create token "$account" -n forescale --duration=1h >"$rig/pod/token"
    if [ "$own_mounts" = none ]; then
        kubeconfig "$rig/pod.kubeconfig" "$(cat "$rig/pod/token")" forescale
        KUBECONFIG=$rig/pod.kubeconfig "$forescale" "${args[@]}"
        return
    fi
    # shellcheck disable=SC2086
    unshare $own_mounts --mount sh -c '
        pod=$1 && shift && mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount &&
            cp "$pod/token" "$pod/ca.crt" "$pod/namespace" /run/secrets/kubernetes.io/serviceaccount/ && exec "$@"' \
        sh "$rig/pod" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$p_api" "$forescale" "${args[@]}"
}
cp "$rig/ca.crt" "$rig/pod/"
printf forescale >"$rig/pod/namespace"
cronjob() { k get cronjob "$1" -n forescale -o json | jq .spec.jobTemplate.spec.template.spec; }
hook() { # KIND NAME: one of the chart's hooks
    helm get hooks forescale -n forescale | k create --dry-run=client -o json -f - |
        jq --arg kind "$1" --arg name "$2" '(if .kind == "List" then .items[] else . end) | select(.kind == $kind and .metadata.name == $name)'
}
min_of() { k get scaledobject llama -n inference -o jsonpath='{.spec.minReplicaCount}'; }

cronjob forescale | as_pod >"$rig/run.out" 2>&1 || { cat "$rig/run.out"; fail "the CronJob's command as its ServiceAccount"; }
raised=$(min_of)
[ "$raised" -gt 2 ] || { cat "$rig/run.out"; fail "the CronJob's command raised nothing"; }
pass "the CronJob's command, as its ServiceAccount in a pod, raises minReplicaCount 2 -> $raised"
cronjob forescale-restore | as_pod >"$rig/restore.out" 2>&1 || { cat "$rig/restore.out"; fail "the restore CronJob's command"; }
[ "$(min_of)" = "$raised" ] || fail "restore --expired took a floor in force"
pass "the restore CronJob's command: $(tail -n 1 "$rig/restore.out")"
hook Job forescale-check | jq .spec.template.spec | as_pod >"$rig/check.out" 2>&1 || { cat "$rig/check.out"; fail "helm test's command"; }
pass "helm test's command: $(grep -c '^ok' "$rig/check.out") findings are well"

hook Lease forescale | k replace --force -f - >/dev/null
code=0
cronjob forescale | as_pod >"$rig/held.out" 2>&1 || code=$?
[ $code = 75 ] || { cat "$rig/held.out"; fail "a run during the uninstall ends with $code, not 75"; }
pass "while the release is uninstalled no run acts: exit 75"
hook Job forescale-uninstall | jq .spec.template.spec | as_pod >"$rig/all.out" 2>&1 || { cat "$rig/all.out"; fail "the pre-delete hook's command"; }
[ "$(min_of)" = 2 ] || fail "the pre-delete hook leaves minReplicaCount at $(min_of)"
pass "the pre-delete hook's command puts the baseline back"
helm uninstall forescale -n forescale --wait --timeout 60s >"$rig/uninstall.out" 2>&1 || { cat "$rig/uninstall.out"; fail "helm uninstall"; }
left=$(k get cronjobs,jobs,leases,configmaps,serviceaccounts,roles,rolebindings -n forescale -o name | grep forescale || true)
[ -z "$left" ] || fail "helm uninstall leaves $left"
k get pvc forescale -n forescale >/dev/null || fail "helm uninstall takes the store along"
pass "helm uninstall leaves the store's claim alone"
echo "$passed passed, 0 failed"
