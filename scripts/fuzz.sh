#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each fuzz target (or those named) for a number of executions, or for a time when the amount ends in s. What a run finds is
# kept in BUILD_FOLDER/corpus, and the next goes on from there; a crash ends it with its input.
# Usage: scripts/fuzz.sh BUILD_FOLDER RUNS|SECONDSs [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 amount=$2
shift 2
case $amount in
*[!0-9s]* | *s?* | s | "") echo "fuzz: \"$amount\" is neither a number of runs nor seconds, as in 30s" >&2; exit 2 ;;
*s) bound=-max_total_time=${amount%s} ;;
*) bound=-runs=$amount ;;
esac
# What is freed is seldom missed ten thousand inputs later: ASan's usual quarantine of 256 MiB costs half of the time.
export ASAN_OPTIONS=quarantine_size_mb=8
stat_of() { awk -v name="stat::$1:" '$1 == name {print $2}' "$build/fuzz_$name.log"; } # NAME

printf '%-12s %12s %10s %10s %10s\n' TARGET EXECUTIONS PER-SECOND NEW-UNITS PEAK-MIB
while read -r name seeds; do
    [ $# = 0 ] || [[ " $* " = *" $name "* ]] || continue
    found=$build/corpus/$name
    mkdir -p "$found"
    "$build/fuzz/fuzz_$name" $bound -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/corpus/$name-" "$found" "$seeds" >"$build/fuzz_$name.log" 2>&1 ||
        { grep -aE 'ERROR|SUMMARY|Test unit written' "$build/fuzz_$name.log" | head -n 20 >&2; echo "fuzz_$name failed: $build/fuzz_$name.log" >&2; exit 1; }
    printf '%-12s %12d %10d %10d %10d\n' "$name" "$(stat_of number_of_executed_units)" "$(stat_of average_exec_per_sec)" \
        "$(stat_of new_units_added)" "$(stat_of peak_rss_mb)"
done <"$build/fuzz/targets"
