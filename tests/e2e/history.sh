#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real Prometheus is backfilled with two weeks of minutes; what `collect` stores is the trace, sample by sample.
# Then everything that can be wrong with a Prometheus. Usage: tests/e2e/history.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
trace=$build/data/demo.csv
at=2026-10-26T12:00:00Z
end=$(date -u -d "$at" +%s)
read -r p_prom p_bad <<<"$(free_ports 2)"

config() { # FILE STORE PORT
    cat >"$1" <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: $2}
prometheus: {url: "http://127.0.0.1:$3", timeout: 2s}
pools: [{name: gpu, gpusPerNode: 8, price: 16.00 USD/h}]
workloads:
  - name: model
    demand: {query: demand, perReplica: 8}
    minReplicas: 2
    maxReplicas: 40
    pools: [gpu]
C
}

# What is stored, as the trace has it: the same times, the same values.
expect_trace() { # CONFIG FROM
    "$forescale" history -c "$1" model --at "$at" | awk -F, 'NR > 1 {print $2 "," $3}' >"$rig/stored"
    awk -F, -v from="$2" -v to="$end" 'NR > 1 && $1 >= from && $1 < to' "$trace" >"$rig/wanted"
    # The newest scrapes are left out: at most the last minute may be missing.
    head -n -1 "$rig/wanted" >"$rig/sure"
    diff -q <(head -n "$(wc -l <"$rig/sure")" "$rig/stored") "$rig/sure" >/dev/null || { diff "$rig/stored" "$rig/sure" | head -n 5; fail "the store differs from the trace"; }
    [ "$(wc -l <"$rig/stored")" -le "$(wc -l <"$rig/wanted")" ] || fail "the store holds samples that the trace has not"
}

start_prometheus "$trace" 0 "$p_prom"
from=$((end - 14 * 86400))
config "$rig/a.yaml" "$rig/a.db" "$p_prom"
began=$(date +%s%N)
"$forescale" collect -c "$rig/a.yaml" --at "$at" --since 14d 2>"$rig/collect.err" || { cat "$rig/collect.err"; fail "collect"; }
took=$(($(date +%s%N) - began))
expect_trace "$rig/a.yaml" "$from"
pass "14 days of minutes, $(wc -l <"$rig/stored") samples, equal the trace sample by sample"

sum=$(sha256sum <"$rig/stored")
"$forescale" collect -c "$rig/a.yaml" --at "$at" --since 14d 2>/dev/null
expect_trace "$rig/a.yaml" "$from"
[ "$sum" = "$(sha256sum <"$rig/stored")" ] || fail "collecting twice changed the store"
config "$rig/bar.yaml" "$rig/bar.db" "$p_prom"
script -qec "'$forescale' collect -c '$rig/bar.yaml' --at '$at' --since 14d" /dev/null </dev/null >"$rig/bar" && grep -q 'collect \[#*\] *100%' "$rig/bar" || fail "no bar on a terminal"
pass "collecting twice changes nothing; the bar on a terminal"

config "$rig/b.yaml" "$rig/b.db" "$p_prom"
killed=0
for i in 1 2 3 4 5 6 7 8 9; do # at each tenth of what a whole collect takes
    "$forescale" collect -c "$rig/b.yaml" --at "$at" --since 14d 2>/dev/null &
    victim=$!
    sleep "$(awk -v ns="$took" -v i="$i" 'BEGIN {print ns * i / 10 / 1e9}')"
    ! kill -9 $victim 2>/dev/null || killed=$((killed + 1))
    wait $victim 2>/dev/null || true
done
[ $killed -ge 1 ] || fail "none was killed before it was done"
"$forescale" collect -c "$rig/b.yaml" --at "$at" --since 14d 2>/dev/null || fail "collect after kill -9"
expect_trace "$rig/b.yaml" "$from"
pass "killed $killed times in the middle, the next run completes"

config "$rig/c.yaml" "$rig/c.db" "$p_prom"
"$forescale" collect -c "$rig/c.yaml" --at "$(date -u -d "@$((end - 3 * 86400))" +%Y-%m-%dT%H:%M:%SZ)" --since 2d 2>/dev/null
"$forescale" collect -c "$rig/c.yaml" --at "$at" --since 14d 2>/dev/null
expect_trace "$rig/c.yaml" "$from"
pass "a gap of days, and what lies before, is filled later"

"$forescale" collect -c "$rig/c.yaml" --at "$(date -u -d "@$((end - 5 * 86400))" +%Y-%m-%dT%H:%M:%SZ)" --since 2d 2>/dev/null || fail "a clock that went back"
expect_trace "$rig/c.yaml" "$from"
pass "a clock that went back loses nothing"

# Everything below must fail clearly, leave the store alone, and end with 75 (try again later) or as said.
refused() { # WHAT PORT WORDS EXIT
    local code=0
    config "$rig/bad.yaml" "$rig/a.db" "$2"
    "$forescale" collect -c "$rig/bad.yaml" --at "$at" --since 15d >"$rig/bad.out" 2>&1 || code=$?
    grep -q "$3" "$rig/bad.out" || { cat "$rig/bad.out"; fail "$1: no \"$3\""; }
    [ $code = "$4" ] || fail "$1: exit $code, not $4"
    "$forescale" history -c "$rig/a.yaml" model --at "$at" | awk -F, 'NR > 1 {print $2 "," $3}' | sha256sum | diff -q - <(echo "$sum") >/dev/null || fail "$1 changed the store"
    pass "$1: $(grep -m1 -o "$3.*" "$rig/bad.out" | cut -c1-90)"
}
start bad python3 "$top/tests/e2e/bad_prometheus.py" "$p_bad"
wait_for 10 "double" curl -fs "http://127.0.0.1:$p_bad/mode/ok"
mode() { curl -fs "http://127.0.0.1:$p_bad/mode/$1" >/dev/null; }
refused "Prometheus is down" 1 "127.0.0.1:1" 75
mode html && refused "it answers a web page" "$p_bad" "web page" 1
mode half && refused "half a body" "$p_bad" "127.0.0.1" 75
mode 400 && refused "400" "$p_bad" "bad_data: parse error" 1
mode 503 && refused "503" "$p_bad" "503" 75
mode slow && refused "it is slow" "$p_bad" "127.0.0.1" 75
mode two && refused "two series" "$p_bad" "more than one series" 1
mode nothing && config "$rig/none.yaml" "$rig/none.db" "$p_bad"
"$forescale" collect -c "$rig/none.yaml" --at "$at" --since 1h 2>/dev/null || fail "an empty answer is no error"
[ "$("$forescale" history -c "$rig/none.yaml" | wc -l)" = 1 ] || fail "an empty answer was stored as samples"
pass "an empty answer is a gap, never 0"

curl -s "http://127.0.0.1:$p_prom/api/v1/query_range" -d query=demand -d start=0 -d end=$((11001 * 60)) -d step=60 | grep -q bad_data || fail "11,002 points pass"
pass "Prometheus refuses 11,002 points; windows keep under it"
echo "$passed passed, 0 failed"
