#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Prices and meters: OpenCost's and Karpenter's metrics in a real Prometheus, EC2's spot history in moto with its
# signatures checked, Lambda's cloud as a double. Usage: MOTO=VENV tests/e2e/cloud.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
. "$top/tests/e2e/cloud_lib.sh"
forescale=$build/forescale
read -r p_prom p_moto p_lambda p_cost <<<"$(free_ports 4)"
now=$(date +%s)

# Two hours of metrics as the exporters name and label them, a minute apart; `bill` grows by 1.20 a minute.
awk -v now="$now" 'BEGIN {
    begin = now - now % 60 - 7200
    series("node_total_hourly_cost", "instance=\"n1\",node=\"n1\",instance_type=\"p5.48xlarge\",region=\"us-east-1\"", 98.32, 0)
    series("node_total_hourly_cost", "instance=\"n2\",node=\"n2\",instance_type=\"p5.48xlarge\",region=\"us-east-1\"", 31.5, 0)
    series("kubecost_node_is_spot", "instance=\"n1\",node=\"n1\",instance_type=\"p5.48xlarge\"", 0, 0)
    series("kubecost_node_is_spot", "instance=\"n2\",node=\"n2\",instance_type=\"p5.48xlarge\"", 1, 0)
    k = "karpenter_cloudprovider_instance_type_offering_price_estimate"
    series(k, "instance_type=\"p5.48xlarge\",capacity_type=\"spot\",zone=\"us-east-1a\"", 29.25, 0)
    series(k, "instance_type=\"p5.48xlarge\",capacity_type=\"spot\",zone=\"us-east-1b\"", 33.75, 0)
    series(k, "instance_type=\"p5.48xlarge\",capacity_type=\"on-demand\",zone=\"us-east-1a\"", 98.32, 0)
    series("bill", "", 5000, 1.2)
    series("demand", "", 12, 0)
    print "# EOF"
}
function series(name, labels, value, slope,    i) {
    if (!(name in said)) print "# TYPE " name " gauge"
    said[name] = 1
    for (i = 0; i <= 130; i++) print name "{" labels "} " value + slope * i " " begin + 60 * i
}' >"$rig/metrics.om"
promtool tsdb create-blocks-from openmetrics "$rig/metrics.om" "$rig/tsdb" >"$rig/promtool.log" 2>&1 || fail "promtool"
echo 'global: {scrape_interval: 15s}' >"$rig/prometheus.yml"
start prometheus prometheus --config.file="$rig/prometheus.yml" --storage.tsdb.path="$rig/tsdb" --web.listen-address="127.0.0.1:$p_prom" --log.level=warn
wait_for 60 "Prometheus" curl -fs "http://127.0.0.1:$p_prom/-/ready"
start_moto "$p_moto" ""
start_lambda "$p_lambda"
mkdir "$rig/opencost" # its API, as a file: the query is not looked at
cat >"$rig/opencost/assets" <<'J'
{"code":200,"data":[{"a/Node/n1":{"type":"Node","nodeType":"p5.48xlarge","preemptible":0,"minutes":45,"totalCost":73.74},
"a/Node/n2":{"type":"Node","nodeType":"p5.48xlarge","preemptible":1,"minutes":60,"totalCost":31.5},
"a/Disk/d1":{"type":"Disk","minutes":60,"totalCost":400}}]}
J
start opencost python3 -m http.server "$p_cost" --bind 127.0.0.1 --directory "$rig/opencost"
wait_for 10 "OpenCost" curl -fs "http://127.0.0.1:$p_cost/assets"

config() { # FILE [METER] [MORE_OF_POOL_LAMBDA]
    cat >"$1" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/s.db}
interval: 60s
prometheus: {url: "http://127.0.0.1:$p_prom", timeout: 5s}
lambdaCloud: {url: "$lambda_url", apiKeyFile: $rig/lambda.key}
openCost: {url: "http://127.0.0.1:$p_cost"}
aws: {region: us-east-1}
pools:
  - {name: list, gpusPerNode: 8, price: {amount: 16.00 USD/h, source: list price, asOf: 2020-01-01}}
  - {name: metrics, gpusPerNode: 8, instanceType: p5.48xlarge, price: {source: Prometheus}}
  - {name: query, gpusPerNode: 8, price: {source: Prometheus, query: max(node_total_hourly_cost)}}
  - {name: opencost, gpusPerNode: 8, instanceType: p5.48xlarge, capacityType: spot, price: {source: OpenCost}}
  - {name: karpenter, gpusPerNode: 8, instanceType: p5.48xlarge, capacityType: spot, price: {source: Karpenter}}
  - {name: karpenter-a, gpusPerNode: 8, instanceType: p5.48xlarge, capacityType: spot, zone: us-east-1a, price: {source: Karpenter}}
  - {name: lambda, gpusPerNode: 8, instanceType: gpu_8x_h100_sxm5, price: {source: LambdaCloud${3:-}}}
  - {name: spot, gpusPerNode: 8, instanceType: m5.xlarge, capacityType: spot, price: {source: EC2Spot}}
workloads:
  - {name: llama, demand: {query: demand, perReplica: 8}, minReplicas: 1, maxReplicas: 4, pools: [lambda]}
budgets:
  - {name: gpu, ceiling: 9000 USD, window: 1h, workloads: [llama], meter: ${2:-"{query: bill, unit: USD}"}}
C
}
price_of() { # POOL OUTPUT_OF_STATUS
    awk -v pool="$1" '/^POOL / {inside = 1} /^$/ {inside = 0} inside && $1 == pool {print $2}' "$2"
}
expect_price() { # POOL PRICE
    local got
    got=$(price_of "$1" "$rig/status")
    [ "$got" = "$2" ] || { cat "$rig/status" "$rig/status.err"; fail "pool $1 costs $got, not $2"; }
}

config "$rig/c.yaml"
"$forescale" run -c "$rig/c.yaml" >"$rig/run.out" 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run"; }
"$forescale" status -c "$rig/c.yaml" >"$rig/status" 2>"$rig/status.err" || { cat "$rig/status.err"; fail "status"; }
expect_price list 16.00
grep -q 'pool list was looked up .* ago: renew it' "$rig/run.err" || { cat "$rig/run.err"; fail "an old list price is not told"; }
pass "a configured price, and its age"
expect_price metrics 98.32
expect_price query 98.32
pass "OpenCost's metrics in Prometheus: 98.32 USD on demand, 31.50 on spot left out; a query of one's own"
expect_price opencost 31.50
pass "OpenCost's API: a spot node that ran a whole hour"
expect_price karpenter 33.75
expect_price karpenter-a 29.25
pass "Karpenter's offerings: the dearest zone, or the one that is named"
expect_price lambda 23.92
pass "Lambda's cloud: 2392 cents an hour"
spot=$("$forescale" plan -c "$rig/c.yaml" -o json 2>/dev/null | jq '.pools[] | select(.name == "spot").pricePerNodeHour')
"$MOTO/bin/python" - "$spot" <<'P' || { cat "$rig/run.err"; fail "EC2's spot price is $spot, boto3 reads another"; }
import boto3, sys
pages = boto3.client("ec2", region_name="us-east-1").get_paginator("describe_spot_price_history").paginate(
    InstanceTypes=["m5.xlarge"], ProductDescriptions=["Linux/UNIX"])
newest = {}
for h in sorted((h for p in pages for h in p["SpotPriceHistory"]), key=lambda h: h["Timestamp"]):
    newest[h["AvailabilityZone"]] = float(h["SpotPrice"])
sys.exit(not (newest and abs(max(newest.values()) - float(sys.argv[1])) < 1e-6))
P
! grep -qE 'SignatureDoesNotMatch|AuthFailure|AccessDenied' "$rig/run.err" || { cat "$rig/run.err"; fail "moto refuses our signature"; }
pass "EC2's spot price history, signed: $spot, as boto3 reads it"
heard=$(python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("SELECT why FROM ledger WHERE kind = ? ORDER BY why", ("price",)), sep="\n")' "$rig/s.db")
[ "$(wc -l <<<"$heard")" = 7 ] && grep -q 'LambdaCloud: 23.92 USD/h' <<<"$heard" || { echo "$heard"; fail "the ledger has not the seven quotes"; }
pass "what was heard stands in the ledger"

AWS_SECRET_ACCESS_KEY=wrong "$forescale" plan -c "$rig/c.yaml" >/dev/null 2>"$rig/wrong.err" || fail "plan with a wrong key"
grep -qE 'pool spot: DescribeSpotPriceHistory: (SignatureDoesNotMatch|AuthFailure)' "$rig/wrong.err" || { cat "$rig/wrong.err"; fail "a wrong signature passes"; }
pass "a wrong secret is refused by moto, and said"

lambda_is '{"busy": 2}' >/dev/null
"$forescale" status -c "$rig/c.yaml" >"$rig/status" 2>"$rig/status.err"
expect_price lambda 23.92
pass "two answers of 429 are waited out"
lambda_is '{"down": true}' >/dev/null
"$forescale" status -c "$rig/c.yaml" >"$rig/status" 2>"$rig/status.err" || fail "status while a price is dead"
expect_price lambda 23.92
grep -q 'pool lambda: .*its price of .* ago counts: 23.92 USD/h' "$rig/status.err" || { cat "$rig/status.err"; fail "a dead price is not told"; }
pass "a dead price: the last one heard counts, with its age"
config "$rig/d.yaml" "" ", amount: 40.00 USD/h"
"$forescale" status -c "$rig/d.yaml" --store "$rig/fresh.db" >/dev/null 2>&1 || true
"$forescale" collect -c "$rig/d.yaml" --store "$rig/fresh.db" --since 1h >/dev/null 2>&1 || fail "a second store"
"$forescale" status -c "$rig/d.yaml" --store "$rig/fresh.db" >"$rig/status" 2>"$rig/status.err" || fail "status of a second store"
expect_price lambda 40.00
grep -q 'the configured amount counts' "$rig/status.err" || fail "the fall back is not told"
"$forescale" status -c "$rig/c.yaml" --store "$rig/fresh.db" >"$rig/status" 2>"$rig/status.err" || fail "status of a second store"
expect_price lambda 98.32
grep -q 'pool lambda is counted as dear as pool' "$rig/status.err" || fail "the dearest is not told"
pass "never heard: the configured amount, else the dearest pool's GPU"
echo wrong >"$rig/lambda.key"
lambda_is '{"down": false}' >/dev/null
"$forescale" status -c "$rig/c.yaml" >/dev/null 2>"$rig/status.err" || fail "status with a wrong key"
grep -q 'global/invalid-api-key' "$rig/status.err" || { cat "$rig/status.err"; fail "a wrong key is not told"; }
echo lambda-key >"$rig/lambda.key"
pass "a wrong key says Lambda's own words"

# ---- meters
budget() { "$forescale" plan -c "$1" -o json 2>"$rig/plan.err" | jq ".budgets[0]"; }
got=$(budget "$rig/c.yaml" | jq '.spent')
awk -v got="$got" 'BEGIN {exit !(got > 66 && got < 73)}' || { budget "$rig/c.yaml"; fail "a sum of 1.20 a minute came to $got in an hour"; }
pass "a cumulative meter: $got USD of an hour at 1.20 a minute"
config "$rig/rate.yaml" "{query: sum(node_total_hourly_cost), unit: USD/h}"
sed -i "s|^store:.*|store: {path: $rig/rate.db}|" "$rig/rate.yaml"
"$forescale" run -c "$rig/rate.yaml" >/dev/null 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run with a rate"; }
got=$(budget "$rig/rate.yaml" | jq '.spent')
awk -v got="$got" 'BEGIN {exit !(got > 129 && got < 130.5)}' || { budget "$rig/rate.yaml"; fail "98.32 + 31.50 an hour came to $got"; }
"$forescale" status -c "$rig/rate.yaml" 2>/dev/null | grep -q 'metered 129\.[0-9]* USD, own estimate' || { "$forescale" status -c "$rig/rate.yaml"; fail "status does not reconcile"; }
pass "a rate, integrated: $got USD of 129.82 an hour; status shows it beside the estimate"

config "$rig/l.yaml" "{source: LambdaCloud}"
sed -i "s|^store:.*|store: {path: $rig/l.db}|" "$rig/l.yaml"
lambda_is '{"instances": [["gpu_8x_h100_sxm5", "active"], ["gpu_1x_a10", "booting"], ["gpu_8x_h100_sxm5", "terminated"], ["gpu_1x_a10", "unhealthy"], ["gpu_8x_h100_sxm5", "active"]]}' >/dev/null
"$forescale" run -c "$rig/l.yaml" >/dev/null 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run with Lambda's meter"; }
got=$("$forescale" history -c "$rig/l.yaml" meter:gpu | tail -n 1 | cut -d, -f3 | xargs printf %.2f)
awk -v got="$got" 'BEGIN {exit !(got == 49.34)}' || fail "two machines at 23.92 and two at 0.75 an hour are $got"
pass "Lambda's running instances on two pages: $got USD an hour, terminated ones left out"
config "$rig/n.yaml" "{source: LambdaCloud, name: ours}"
sed -i "s|^store:.*|store: {path: $rig/n.db}|" "$rig/n.yaml"
lambda_is '{"instances": [["gpu_1x_a10", "active", "ours"]]}' >/dev/null
"$forescale" run -c "$rig/n.yaml" >/dev/null 2>"$rig/run.err" || { cat "$rig/run.err"; fail "run with Lambda's meter of one name"; }
got=$("$forescale" history -c "$rig/n.yaml" meter:gpu | tail -n 1 | cut -d, -f3 | xargs printf %.2f)
[ "$got" = 0.75 ] || fail "one machine of the name at 0.75 an hour is $got"
pass "of Lambda's instances those of one name: $got USD an hour of 50.09"
lambda_is '{"down": true}' >/dev/null
"$forescale" run -c "$rig/l.yaml" >/dev/null 2>"$rig/run.err" || { cat "$rig/run.err"; fail "a dead meter stops the run"; }
grep -q 'the meter of budget gpu: Lambda Cloud /instances: global/internal-error' "$rig/run.err" || { cat "$rig/run.err"; fail "a dead meter is not told"; }
pass "a dead meter is told, and the run goes on"
"$forescale" plan -c "$rig/l.yaml" --at "$((now + 1800))" -o json 2>"$rig/plan.err" >"$rig/plan.json" || { cat "$rig/plan.err"; fail "plan half an hour later"; }
grep -q 'the meter is silent for' "$rig/plan.err" || { cat "$rig/plan.err"; fail "a silent meter is not told"; }
jq -e '.budgets[0].reason | test("the own estimate counts since")' "$rig/plan.json" >/dev/null || { jq .budgets "$rig/plan.json"; fail "the plan's reason does not say it"; }
pass "a silent meter: the plan says so, and that the estimate counts"
echo "$passed passed, 0 failed"
