#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Figures beside their anchors. Usage: scripts/bench.sh BUILD_FOLDER [forecast|store|parse|budget|scale|report]...
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
shared=${FORESCALE_SHARED:-../shared}/data
[ $# -gt 0 ] || set -- store parse forecast budget report

# The default model's speed over M4 Hourly in units of its peers', of the same run.
beside_peers() { # PEERS OURS
    awk 'FNR == NR {for (i = 2; i <= NF; i++) if ($i == "series/s") speed[$2] = $(i - 1); next}
        {for (i = 2; i < NF; i++) if ($i == "a" && $(i + 1) == "second") ours = $(i - 1)}
        END {for (peer in speed) if (peer ~ /MSTL|MFLES/) printf "%.1f times the speed of %s (to reach: 20 times MSTL; MFLES is the fastest competitive model)\n", ours / speed[peer], peer}' "$1" "$2"
}

for part in "$@"; do
    case $part in
    store) "$build/tests/bench/bench_store" "$build/data/demo.csv" "$shared" ;;
    parse) "$build/tests/bench/bench_parse" ;;
    scale) tests/bench/scale.sh "$build" ;;
    report) tests/bench/report.sh "$build" ;;
    budget)
        "$build/tests/bench/bench_budget" scenarios
        "$build/tests/bench/bench_budget" spares
        calibrated=()
        [ ! -d "$shared" ] || calibrated=("$shared"/{dc,nab,llm}_*.csv)
        "$build/tests/bench/bench_spend" "${calibrated[@]}"
        [ -d "$shared" ] || { echo "SKIPPED: bench budget's traces: FORESCALE_SHARED=FOLDER"; continue; }
        "$build/tests/bench/bench_budget" traces "$shared" ;;
    forecast)
        [ -d "$shared" ] || { echo "SKIPPED: bench forecast needs the traces: FORESCALE_SHARED=FOLDER"; continue; }
        "$build/tests/bench/bench_forecast" speed "$shared"
        tests/bench/peers.sh "$shared" | tee "$build/peers.txt"
        "$build/tests/bench/bench_traces" "$shared"
        "$build/tests/bench/bench_forecast" m4 "$shared" | tee "$build/m4.txt"
        beside_peers "$build/peers.txt" "$build/m4.txt"
        tests/bench/spikes.sh "$build/tests/bench/bench_traces"
        "$build/tests/bench/bench_longrange" "$shared"/*.csv ;;
    *) echo "there is no bench $part: forecast, store, parse, budget, scale, report" >&2; exit 2 ;;
    esac
done
