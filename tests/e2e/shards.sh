#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Eight processes share the workloads and one budget, in a file and in PostgreSQL; two are killed at random. The parts stay
# under the ceiling, and every workload is planned by exactly one. Usage: tests/rig/with_postgres.sh tests/e2e/shards.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
cd "$rig"
shards=8 workloads=24 ceiling=2600

config() { # STORE
    cat <<C
apiVersion: forescale.dev/v1
kind: Config
store: $1
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h}]
budgets: [{name: all, ceiling: $ceiling USD, window: 6h}]
workloads:
C
    for i in $(seq $workloads); do
        echo "  - {name: w$i, target: {kind: None}, model: last_value, demand: {perReplica: 8}, minReplicas: 1, maxReplicas: 40, pools: [gpu]}"
    done
}
awk -v now="$(($(date +%s) / 60 * 60))" -v n=$workloads 'BEGIN {print "series,timestamp,value"; for (w = 1; w <= n; w++) for (i = 180; i > 0; i--) printf "w%d,%d,%g\n", w, now - 60 * i, 40 + 5 * w + i % 7}' >demand.csv

tick() { # CONFIG [VICTIM...]: all shards at once; the plans of those that lived are SHARD.json
    local config=$1 i pids_now=()
    shift
    rm -f ./*.json
    for ((i = 0; i < shards; i++)); do
        "$forescale" run -c "$config" --shard $i/$shards -o json --log-level warn >"$i.out" 2>"$i.err" &
        pids_now[i]=$!
    done
    for i in "$@"; do
        sleep "0.0$((RANDOM % 9))"
        kill -9 "${pids_now[i]}" 2>/dev/null || true
    done
    for ((i = 0; i < shards; i++)); do
        local code=0
        wait "${pids_now[i]}" 2>/dev/null || code=$?
        case $code in
        0) mv $i.out $i.json ;;
        75 | 137) ;; # another holds the store; killed
        *) cat $i.err; fail "shard $i ends with $code" ;;
        esac
    done
}

check_money() { # of all that ran
    jq -s -e --argjson most $ceiling 'def micros: map(. * 1000000 | round) | add; [.[].budgets[]] | (map(.ceiling) | micros) <= $most * 1000000 and (map(.worstCase) | micros) <= $most * 1000000' ./*.json >/dev/null ||
        fail "more than the ceiling: $(jq -s -c '[.[].budgets[] | [.ceiling, .worstCase, .state]]' ./*.json)"
}

check_once() { # no workload twice; and ALL: none is missing
    jq -r '.workloads[].name' ./*.json | sort >planned
    [ -z "$(uniq -d planned)" ] || fail "planned twice: $(uniq -d planned | tr '\n' ' ')"
    [ -z "${1:-}" ] || [ "$(wc -l <planned)" = $workloads ] || fail "$(wc -l <planned) of $workloads workloads are planned"
}

for kind in file postgresql; do
    if [ $kind = file ]; then store="{path: $rig/shards.db}"; else store="{url: \"$FORESCALE_POSTGRES\"}"; fi
    config "$store" >$kind.yaml
    "$forescale" collect -c $kind.yaml --from-csv demand.csv --log-level warn
    tick $kind.yaml
    check_once all
    check_money
    limited=$(jq -s '[.[].budgets[] | select(.state != "closed")] | length' ./*.json)
    [ "$limited" -ge 1 ] || fail "the ceiling limits nobody: the test shows nothing"
    pass "$kind: $shards processes, $workloads workloads once each, $limited limited by their part, all under one ceiling"
    for round in 1 2 3; do
        tick $kind.yaml $((RANDOM % shards)) $((RANDOM % shards))
        check_once
        check_money
    done
    tick $kind.yaml
    check_once all
    check_money
    pass "$kind: two killed at random, three times: never over the ceiling, and all are planned again"
    shards=3
    tick $kind.yaml
    check_once all
    check_money
    shards=8
    pass "$kind: three shards take over from eight"
done

code=0
JOB_COMPLETION_INDEX=2 "$forescale" plan -c file.yaml --shard 3 -o json 2>/dev/null | jq -r '.workloads[].name' | sort >indexed
"$forescale" plan -c file.yaml --shard 2/3 -o json 2>/dev/null | jq -r '.workloads[].name' | sort >named
[ -s named ] && diff -q indexed named >/dev/null || fail "JOB_COMPLETION_INDEX is not heeded"
"$forescale" plan -c file.yaml --shard 3/3 2>err || code=$?
[ $code = 2 ] && grep -q "shards count from 0" err || fail "shard 3 of 3: $(cat err)"
pass "an Indexed Job's index; a shard that cannot be is refused"
echo "$passed passed, 0 failed"
