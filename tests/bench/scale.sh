#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# 100, 1,000 and 10,000 workloads in one store: what one more minute costs, against a real Prometheus on this machine.
# One query feeds all of them. Seconds on the core are those of this program, whoever else uses the machine.
# Usage: tests/bench/scale.sh BUILD_FOLDER [COUNT...]
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
shift
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
bench=$build/tests/bench/bench_scale
end=$(($(date +%s) / 60 * 60)) # plans from stored states are of now
shapes=20 # as bench_scale has them
port=$(free_ports 1)
counts=("${@:-100 1000 10000}")
# shellcheck disable=SC2206
counts=(${counts[*]})
most=${counts[-1]}

config() { # COUNT
    cat <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $rig/$1.db}
prometheus: {url: "http://127.0.0.1:$port"}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h}]
budgets: [{name: all, ceiling: 100000000 USD, window: day}]
workloads:
C
    awk -v n="$1" 'BEGIN {for (k = 0; k < n; k++) printf "  - {name: w%05d, target: {kind: None}, demand: {query: \"sum by (model) (demand)\", by: model, value: w%05d, perReplica: 8}, minReplicas: 1, maxReplicas: 40, pools: [gpu]}\n", k, k}'
}

utc() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

timed() { # COUNT WHAT BAR COMMAND...: one core; the time, and the memory at its most
    local n=$1 what=$2 bar=$3
    shift 3
    taskset -c 0 /usr/bin/time -f '%e %U %S %M' -o "$rig/time" "$@" >"$rig/out" 2>"$rig/err" || { tail -n 3 "$rig/err" >&2; fail "$what of $n workloads"; }
    read -r s user sys kb <"$rig/time"
    awk -v n="$n" -v what="$what" -v s="$s" -v cpu="$(awk -v u="$user" -v s="$sys" 'BEGIN {print u + s}')" -v kb="$kb" -v bar="$bar" 'BEGIN {
        printf "%6d workloads: %-31s %7.2f s, of it %7.2f s on the core, %5.2f ms a workload, %5d MB%s\n", n, what, s, cpu, 1000 * cpu / n, kb / 1024, n == 10000 ? "   (to reach " bar ")" : ""}'
}

"$bench" metrics "$most" $end >"$rig/demand.om"
promtool tsdb create-blocks-from openmetrics "$rig/demand.om" "$rig/tsdb" >"$rig/promtool.log" 2>&1 || { tail "$rig/promtool.log"; fail promtool; }
echo 'global: {scrape_interval: 15s}' >"$rig/prometheus.yml"
start prometheus prometheus --config.file="$rig/prometheus.yml" --storage.tsdb.path="$rig/tsdb" --storage.tsdb.retention.time=4000d \
    --web.listen-address="127.0.0.1:$port" --log.level=warn
wait_for 60 "Prometheus" curl -fs "http://127.0.0.1:$port/-/ready"

for n in "${counts[@]}"; do
    learned=$((n < shapes ? n : shapes))
    config "$n" >"$rig/$n.yaml"
    config $learned | sed "s|$learned.db|$n.db|" >"$rig/learned.yaml"
    "$bench" history "$rig/$n.db" "$n" $((end - 300))
    "$forescale" collect -c "$rig/$n.yaml" --at "$(utc $end)" >/dev/null 2>"$rig/err" || { tail -n 3 "$rig/err"; fail "collect"; }
    timed "$n" "collect one new minute" "10 s" "$forescale" collect -c "$rig/$n.yaml" --at "$(utc $((end + 60)))" --log-level warn
    "$forescale" run -c "$rig/learned.yaml" --log-level warn >"$rig/out" 2>"$rig/err" || { tail -n 3 "$rig/err"; fail "the first run"; }
    "$bench" states "$rig/$n.db" "$n"
    timed "$n" "run" "60 s, 512 MB" "$forescale" run -c "$rig/$n.yaml" -o json --log-level warn
    timed "$n" "plan from stored states" "20 s, 512 MB" "$forescale" plan -c "$rig/$n.yaml" -o json --log-level warn
    [ "$(jq '[.workloads[] | select(.hold | not)] | length' "$rig/out")" = "$n" ] || fail "workloads are held: $(jq -r '.workloads[] | select(.hold) | .reason' "$rig/out" | sort | uniq -c | sort -n | tail -n 1)"
    timed "$n" "run --dry-run" "40 s, 512 MB" "$forescale" run --dry-run -c "$rig/$n.yaml" -o json --log-level warn
    timed "$n" "retire and roll up 7 of 14 days" "-" "$bench" retire "$rig/$n.db" $((end - 7 * 86400))
    stat -c %s "$rig/$n.db" | awk -v n="$n" '{printf "%6d workloads: the store is %.1f MB, %.1f KB a workload\n", n, $1 / 1e6, $1 / 1e3 / n}'
    rm -f "$rig/$n".db*
done
