#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a run tells monitoring: judged by promtool, put in a file, pushed to a real Pushgateway and scraped from it by a
# real Prometheus. Usage: tests/e2e/metrics.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
read -r p_gateway p_prom <<<"$(free_ports 2)"
cd "$rig"
config() { # FILE METRICS
    sed "s|^interval|store: {path: s.db}\nmetrics: $2\ninterval|" "$top/data/demo.yaml" >"$1"
}
# The demo's minutes, moved so that the newest is now: a run acts on wall time.
newest=$(tail -n 1 "$build/data/demo.csv" | cut -d, -f1)
shift_s=$((($(date +%s) - newest) / 60 * 60))
awk -F, -v OFS=, -v s=$shift_s 'NR > 1 {$1 += s} {print}' "$build/data/demo.csv" >demand.csv
config quiet.yaml '{}'
"$forescale" collect -c quiet.yaml --from-csv demand.csv 2>/dev/null
run() { "$forescale" run "$@" >out 2>err; }
value() { awk -v name="$1" '$1 == name {print $2}' "$2"; }

run -c quiet.yaml --dry-run --metrics - || { cat err; fail "run --metrics -"; }
promtool check metrics <out >judged 2>&1 || { cat judged; fail "promtool refuses the metrics"; }
[ "$(value 'forescale_planned_min_replicas{workload="llama"}' out)" -ge 2 ] || fail "no floor in the metrics"
[ -z "$(value 'forescale_pool_nodes{pool="gpu-spot"}' out)" ] || fail "nodes that nobody counted have a sample"
pass "standard output carries $(grep -c '^# TYPE' out) families, and promtool has no complaint"

config file.yaml '{file: f.prom}'
run -c file.yaml --dry-run && [ ! -e f.prom ] || fail "a dry run wrote the file"
run -c file.yaml || { cat err; fail "run with metrics.file"; }
promtool check metrics <f.prom >judged 2>&1 || { cat judged; fail "promtool refuses the file"; }
[ "$(stat -c %a f.prom)" = 644 ] || fail "the exporter cannot read the file"
success=$(value forescale_last_success_timestamp_seconds f.prom)
[ "$success" -ge $(($(date +%s) - 60)) ] || fail "last success at $success"
cp s.db whole.db
echo damaged >s.db
code=0
run -c file.yaml || code=$?
[ $code = 1 ] || fail "a damaged store ends with $code"
[ "$(value forescale_last_run_exit_code f.prom)" = 1 ] || fail "the failure is not in the file"
[ "$(value forescale_last_success_timestamp_seconds f.prom)" = "$success" ] || fail "a failed run lost the last success"
[ -n "$(value 'forescale_planned_min_replicas{workload="llama"}' f.prom)" ] || fail "a failed run lost the floor"
mv whole.db s.db
pass "a file for the textfile collector; a failed run keeps what the last good one said"

run -c quiet.yaml --metrics nowhere/f.prom || fail "metrics that cannot be written changed the exit code"
grep -q 'error: cannot write nowhere/f.prom' err || { cat err; fail "nothing says that the file cannot be written"; }
pass "a file that cannot be written is said, and what the run did stays done"

start pushgateway prometheus-pushgateway --web.listen-address="127.0.0.1:$p_gateway"
wait_for 30 "Pushgateway" curl -fs "http://127.0.0.1:$p_gateway/-/ready"
config push.yaml "{pushgateway: \"http://127.0.0.1:$p_gateway/\", labels: {cluster: eu/west 1, shard: \"\"}}"
run -c push.yaml || { cat err; fail "run with metrics.pushgateway"; }
! grep -q error: err || { cat err; fail "the Pushgateway refused"; }
curl -fs "http://127.0.0.1:$p_gateway/metrics" >scraped
grep -q '^forescale_planned_min_replicas{cluster="eu/west 1",instance="",job="forescale",shard="",workload="llama"} ' scraped || { grep planned_min scraped; fail "the group's labels"; }
grep -q '^push_failure_time_seconds{.*cluster="eu/west 1".*} 0' scraped || fail "the Pushgateway notes a failed push"
pass "a real Pushgateway takes it, with a label that holds a slash and one that is empty"

cat >prometheus.yml <<C
global: {scrape_interval: 1s}
scrape_configs: [{job_name: pushgateway, honor_labels: true, static_configs: [{targets: ["127.0.0.1:$p_gateway"]}]}]
C
start prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb --web.listen-address="127.0.0.1:$p_prom" --log.level=warn
# What a trigger asks for where nothing may be written on the object.
floor() { curl -fs "http://127.0.0.1:$p_prom/api/v1/query" -d 'query=max(forescale_planned_min_replicas{workload="llama"})' | jq -e '.data.result[0].value[1] | tonumber >= 2'; }
wait_for 30 "floor in Prometheus" floor
pass "Prometheus scrapes the planned floor, as a trigger would ask for it"
run -c quiet.yaml --metrics "http://127.0.0.1:1" || fail "a Pushgateway that is down changed the exit code"
grep -q 'error: .*127.0.0.1:1' err || { cat err; fail "nothing says that the Pushgateway is down"; }
pass "a Pushgateway that is down is said"
echo "$passed passed, 0 failed"
