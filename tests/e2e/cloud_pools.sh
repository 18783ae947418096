#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Node pools that a cloud's API sizes, beside a real Kubernetes API server: an Auto Scaling group and an EKS node group in
# moto with its signatures checked, machines in the double of Lambda's cloud.
# Usage: RIG_BIN=FOLDER MOTO=VENV tests/e2e/cloud_pools.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/rig/cluster.sh"
. "$top/tests/e2e/cloud_lib.sh"
forescale=$build/forescale

start_cluster
start_demand "$build"
read -r p_moto p_lambda <<<"$(free_ports 2)"
start_moto "$p_moto" '
client("autoscaling").create_launch_configuration(LaunchConfigurationName="gpu", ImageId="ami-12c6146b", InstanceType="m5.xlarge")
client("autoscaling").create_auto_scaling_group(AutoScalingGroupName="gpu", LaunchConfigurationName="gpu", MinSize=1, MaxSize=20,
    DesiredCapacity=1, AvailabilityZones=["us-east-1a"])
role = "arn:aws:iam::123456789012:role/nodes"
subnets = [s["SubnetId"] for s in client("ec2").describe_subnets()["Subnets"]][:2]
client("eks").create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
client("eks").create_nodegroup(clusterName="prod", nodegroupName="gpu", nodeRole=role, subnets=subnets,
    scalingConfig={"minSize": 1, "maxSize": 20, "desiredSize": 2})
'
start_lambda "$p_lambda" 4

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
Y
node() { # NAME ADDRESS
    k apply -f - >/dev/null <<<"{apiVersion: v1, kind: Node, metadata: {name: $1, labels: {pool: gpu}}}"
    k patch node "$1" --subresource=status --type=merge -p "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"$2\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}]}}" >/dev/null
}
node a 10.9.9.9
wait_for 60 "pods" sh -c "[ \$('$RIG_BIN/hyperkube' kubectl get pods -n inference -l app=llama -o name | wc -l) = 2 ]"
on_node() { # POD NODE: bound, as the scheduler does
    printf '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"%s"},"target":{"apiVersion":"v1","kind":"Node","name":"%s"}}' "${1#pod/}" "$2" |
        k create --raw "/api/v1/namespaces/inference/pods/${1#pod/}/binding" -f - >/dev/null
}
k apply -k "$top/cronjobs" >/dev/null
# What cronjobs/rbac.yaml has as a comment, for LambdaCloud.
k patch clusterrole forescale-nodes --type=json -p '[{"op": "add", "path": "/rules/-", "value": {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}}]' >/dev/null
kubeconfig "$rig/sa.kubeconfig" "$(k create token -n forescale forescale --duration=1h)" forescale

config() { # PREWARM: one pool of two GPUs a node, one workload without an autoscaler
    cat >"$rig/config.yaml" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/forescale.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom"}
lambdaCloud: {url: "$lambda_url", apiKeyFile: $rig/lambda.key}
pools:
  - name: gpu
    gpusPerNode: 2
    instanceType: gpu_1x_a10
    price: 4.00 USD/h
    maxNodes: ${2:-20}
    nodeSelector: {pool: gpu}
    prewarm: $1
workloads:
  - name: llama
    target: {kind: Deployment, namespace: inference, name: llama}
    mode: enforce
    demand: {query: demand, perReplica: 8}
    minReplicas: 2
    maxReplicas: 40
    lead: 63s
    pools: [gpu]
    objective: {quantile: 0.95}
C
}
run() { "$forescale" "$1" -c "$rig/config.yaml" --kubeconfig "$rig/sa.kubeconfig" -n forescale "${@:2}"; }
entry() { k get configmap forescale-record -n forescale -o json 2>/dev/null | jq -r --arg k "$1" '.data[$k] // empty'; }
aws() { "$MOTO/bin/python" -c "
import boto3
asg, eks = boto3.client('autoscaling', region_name='us-east-1'), boto3.client('eks', region_name='us-east-1')
$1"; }
group_size() { aws "g = asg.describe_auto_scaling_groups()['AutoScalingGroups'][0]; print(g['MinSize'], g['DesiredCapacity'], g['MaxSize'])"; }
nodegroup_size() { aws "s = eks.describe_nodegroup(clusterName='prod', nodegroupName='gpu')['nodegroup']['scalingConfig']; print(s['minSize'], s['desiredSize'], s['maxSize'])"; }
expire() { run restore --expired --at "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)" >"$rig/restore.err" 2>&1 || { cat "$rig/restore.err"; fail "restore --expired"; }; }
plan_run() { run run -o json >"$rig/plan.json" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run: $1"; }; }

for kind in "AutoScalingGroup {kind: AutoScalingGroup, name: gpu} group_size 1" "NodeGroup {kind: NodeGroup, cluster: prod, name: gpu} nodegroup_size 2"; do
    name=${kind%% *} had=${kind##* } size=${kind% *} size=${size##* } prewarm=${kind#* } prewarm=${prewarm% * *}
    config "$prewarm"
    # moto computes another signature of every GET, boto3's too; ours of a GET is computed anew in tests/unit/test_aws.c.
    [ "$name" = AutoScalingGroup ] || signatures_unchecked 1000000
    plan_run "$name"
    wanted=$(jq '.pools[0].minNodes' "$rig/plan.json")
    [ "$wanted" -gt 2 ] && [ "$($size)" = "$wanted $wanted 20" ] || { cat "$rig/run.err"; fail "$name: $($size), planned $wanted"; }
    [ "$(entry "$name.default.gpu" | jq '.baseline, .to' | tr '\n' ' ')" = "1 $wanted " ] || { k get configmap forescale-record -n forescale -o yaml; fail "$name: no record"; }
    pass "$name: the minimum 1 -> $wanted, and the machines with it; recorded"
    plan_run "$name again"
    grep -q '"applied"' "$rig/run.err" && fail "$name: a second run writes again"
    run run --dry-run=server >/dev/null 2>"$rig/run.err" || { cat "$rig/run.err"; fail "$name: --dry-run=server"; }
    expire
    [ "$($size)" = "1 $wanted 20" ] || fail "$name: $($size) after the expiry"
    [ -z "$(entry "$name.default.gpu")" ] || fail "$name: the record stays"
    pass "$name: once expired the minimum is 1 again; no machine is stopped"
done

warm_pool() { aws "p = asg.describe_warm_pool(AutoScalingGroupName='gpu')['WarmPoolConfiguration']; print(p['MinSize'], p['PoolState'], p['MaxGroupPreparedCapacity'])"; }
config "{kind: WarmPool, name: gpu}"
run run >"$rig/run.err" 2>&1 && fail "a group without a warm pool is no error"
grep -q 'has no warm pool: make one' "$rig/run.err" || { cat "$rig/run.err"; fail "a missing warm pool is not told"; }
run restore --all >/dev/null 2>&1 || true
aws "asg.put_warm_pool(AutoScalingGroupName='gpu', MinSize=1, PoolState='Stopped', MaxGroupPreparedCapacity=30)"
plan_run "WarmPool"
warm=$(jq '.pools[0].minNodes - (.workloads[0].minReplicas / 2 | ceil)' "$rig/plan.json")
[ "$warm" -gt 1 ] && [ "$(warm_pool)" = "$warm Stopped 30" ] || { cat "$rig/plan.json" "$rig/run.err"; fail "the warm pool is $(warm_pool), planned $warm"; }
[ "$(entry WarmPool.default.gpu | jq '.baseline, .to' | tr '\n' ' ')" = "1 $warm " ] || { k get configmap forescale-record -n forescale -o yaml; fail "WarmPool: no record"; }
pass "WarmPool: 1 -> $warm machines that wait, its state and capacity as they were; recorded"
aws "asg.put_warm_pool(AutoScalingGroupName='gpu', MinSize=$((warm + 3)), PoolState='Stopped')"
run run >"$rig/run.err" 2>&1 || true
[ "$(aws "print(asg.describe_warm_pool(AutoScalingGroupName='gpu')['WarmPoolConfiguration']['MinSize'])")" = $((warm + 3)) ] && grep -q 'edited since' "$rig/run.err" || { cat "$rig/run.err"; fail "a human's warm pool was overwritten"; }
aws "asg.put_warm_pool(AutoScalingGroupName='gpu', MinSize=$warm, PoolState='Running')"
expire
[ "$(aws "p = asg.describe_warm_pool(AutoScalingGroupName='gpu')['WarmPoolConfiguration']; print(p['MinSize'], p['PoolState'])")" = "1 Running" ] || fail "the warm pool is not given back"
[ -z "$(entry WarmPool.default.gpu)" ] || fail "the record of the warm pool stays"
pass "WarmPool: a human's size is left alone; once expired it is 1 again, in the state that was found"

config "{kind: AutoScalingGroup, name: gpu}"
plan_run "before a human's edit"
aws "asg.update_auto_scaling_group(AutoScalingGroupName='gpu', MinSize=3)"
run run >"$rig/run.err" 2>&1 || true
[ "$(group_size | cut -d' ' -f1)" = 3 ] && grep -q 'edited since' "$rig/run.err" || { cat "$rig/run.err"; fail "a human's minimum was overwritten"; }
pass "a human's minimum is left alone"
run restore --all >/dev/null 2>&1 || fail "restore --all"
[ "$(group_size | cut -d' ' -f1)" = 3 ] || fail "restore --all overwrites a human's minimum"
aws "eks.update_nodegroup_config(clusterName='prod', nodegroupName='gpu', scalingConfig={'minSize': 1, 'maxSize': 2, 'desiredSize': 2})"
config "{kind: NodeGroup, cluster: prod, name: gpu}"
run run >"$rig/run.err" 2>&1 && fail "a node group that is too small is no error"
grep -q 'has maxSize 2, .* are wanted: raise it' "$rig/run.err" || { cat "$rig/run.err"; fail "maxSize is not told"; }
config "{kind: NodeGroup, cluster: prod, name: none}"
run run >"$rig/run.err" 2>&1 && fail "no such node group is no error"
grep -q 'No node group found' "$rig/run.err" || { cat "$rig/run.err"; fail "a missing node group is not told"; }
config "{kind: AutoScalingGroup, name: gpu}"
signatures_unchecked 0
AWS_SECRET_ACCESS_KEY=wrong run run >"$rig/run.err" 2>&1 && fail "a wrong secret is no error"
grep -q 'DescribeAutoScalingGroups: SignatureDoesNotMatch' "$rig/run.err" || { cat "$rig/run.err"; fail "a wrong secret is not told"; }
pass "too small a node group, none at all, and a wrong secret say so"

# ---- Lambda's cloud
running() { lambda_is '{}' | jq .running; }
config "{kind: LambdaCloud, name: gpu-pool, region: us-east-1, sshKey: ops, userDataFile: $rig/join.sh}"
printf '#!/bin/sh\necho "join"\n' >"$rig/join.sh"
lambda_is '{"instances": [["gpu_1x_a10", "active"]]}' >/dev/null # somebody else's
plan_run "LambdaCloud"
wanted=$(jq '.pools[0].minNodes' "$rig/plan.json")
[ "$(running)" = $((wanted + 1)) ] || { cat "$rig/run.err"; fail "$(running) machines, planned $wanted and one of somebody else"; }
[ "$(lambda_is '{}' | jq -c .names)" = '["gpu-pool"]' ] || fail "the machines do not bear the pool's name"
pass "LambdaCloud: $wanted machines launched in one call, by name; another's is not counted"
plan_run "LambdaCloud again"
[ "$(running)" = $((wanted + 1)) ] || fail "a second run launches again"
lost=$(lambda_is '{"lose": 1}' | jq -r '.lost[0]')
[ -n "$lost" ] && [ "$(running)" = "$wanted" ] || fail "no machine was lost"
run run >"$rig/run.err" 2>&1 && lambda_is '{}' | jq -e --argjson n $((wanted + 1)) '.running == $n' >/dev/null || {
    grep -q 'rate-limited' "$rig/run.err" || { cat "$rig/run.err"; fail "a launch too soon is not told"; }
    sleep 4
    plan_run "after the pause between launches"
}
[ "$(running)" = $((wanted + 1)) ] || { cat "$rig/run.err"; fail "a lost machine is not replaced"; }
pass "a machine that was lost is launched again, once the API's pause between launches is over"
busy=$(lambda_is '{}' | jq -r '.addresses[0]')
node busy "$busy"
for pod in $(k get pods -n inference -l app=llama -o name | head -n 1); do on_node "$pod" busy; done
run restore --all >"$rig/restore.err" 2>&1 || true
[ "$(running)" = 2 ] && grep -q "the others' nodes hold pods" "$rig/restore.err" || { cat "$rig/restore.err"; fail "$(running) machines run"; }
pass "restore lets go of machines without pods, and says which stay"
k delete pods -n inference -l app=llama --force --grace-period=0 >/dev/null 2>&1
k delete node busy >/dev/null
run restore --all >"$rig/restore.err" 2>&1 || { cat "$rig/restore.err"; fail "restore once the pods are gone"; }
[ "$(running)" = 1 ] || { cat "$rig/restore.err"; fail "$(running) machines run"; }
[ -z "$(entry LambdaCloud.default.gpu-pool)" ] || fail "the record stays"
pass "once they are empty they go; another's machine runs on"
lambda_is '{"no_capacity": true}' >/dev/null
sleep 4
run run >"$rig/run.err" 2>&1 && fail "no capacity is no error"
grep -q 'insufficient-capacity' "$rig/run.err" || { cat "$rig/run.err"; fail "no capacity is not told"; }
pass "no capacity: Lambda's own words"
echo "$passed passed, 0 failed"
