#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The main job on embedded defaults: a generated trace, a temporary store, a forecast, a plan, a picture of it.
# Usage: scripts/demo.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
folder=$(mktemp -d -t forescale-demo.XXXXXX)
forescale=$build/forescale
at=2026-10-26T08:54:00Z
common=(-c data/demo.yaml --store "$folder/demo.db" --at "$at")

echo "Three weeks of minutes into $folder/demo.db:"
"$forescale" collect "${common[@]}" --from-csv "$build/data/demo.csv"
"$forescale" history "${common[@]}"
echo
echo "Monday, six minutes before the daily spike. What comes:"
"$forescale" forecast "${common[@]}" --horizon 20m --step 1m
echo
echo "What a run would do about it:"
"$forescale" plan "${common[@]}" --replicas llama=4 --ready llama=4 --nodes gpu-spot=1 --spent gpu=96.00 --picture "$folder/plan.html"
echo
echo "picture: $folder/plan.html"
