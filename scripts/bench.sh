#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Figures beside their anchors. Usage: scripts/bench.sh BUILD_FOLDER [forecast|store|parse|budget|scale|report]...
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
shared=${FORESCALE_SHARED:-../shared}/data
[ $# -gt 0 ] || set -- store parse forecast budget report
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
        tests/bench/peers.sh "$shared"
        "$build/tests/bench/bench_traces" "$shared"
        "$build/tests/bench/bench_forecast" m4 "$shared"
        "$build/tests/bench/bench_longrange" "$shared"/*.csv ;;
    *) echo "there is no bench $part: forecast, store, parse, budget, scale, report" >&2; exit 2 ;;
    esac
done
