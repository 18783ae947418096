#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each fuzz target for a bounded time. What a run finds is kept in BUILD_FOLDER/corpus; a crash ends it with its input.
# Usage: scripts/fuzz.sh BUILD_FOLDER SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
while read -r name seeds; do
    found=$build/corpus/$name
    mkdir -p "$found"
    echo "fuzz_$name for $2 s"
    "$build/fuzz/fuzz_$name" -max_total_time="$2" -timeout=5 -rss_limit_mb=1024 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$build/corpus/$name-" "$found" "$seeds" >"$build/fuzz_$name.log" 2>&1 ||
        { grep -aE 'ERROR|SUMMARY|Test unit written' "$build/fuzz_$name.log" | head -n 20 >&2; echo "fuzz_$name failed: $build/fuzz_$name.log" >&2; exit 1; }
    awk '/^stat::number_of_executed_units|^stat::new_units_added|^stat::peak_rss_mb/ {print "  " $1, $2}' "$build/fuzz_$name.log"
done <"$build/fuzz/targets"
