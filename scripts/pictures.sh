#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The pictures of docs/maths.md, from real runs on the demo's data and the scenario of the bill: each is one chart of a page that
# the program drew, with the page's own style. Usage: scripts/pictures.sh BUILD_FOLDER OUTPUT_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
mkdir -p "$2"
to=$(cd "$2" && pwd)
folder=$(mktemp -d -t forescale-pictures.XXXXXX)
trap 'rm -rf "$folder"' EXIT
at=2026-10-26T08:54:00Z
style=$(sed -n '1,2p; /^svg{/,/^\.h0/p' report/report.css | tr -d '\n')

draw() { # NAME TITLE PAGE: the first chart of the page whose title begins so
    awk -v title=">$2" -v style="$style" '
        /<svg/ {on = 1; text = ""; hit = 0}
        on {if (/<title id/) {hit = index($0, title); sub(/<title id/, "<style>" style "</style><title id")}; text = text $0 "\n"}
        /<\/svg>/ {if (hit) {printf "%s", text; found = 1; exit}; on = 0}
        END {exit !found}' "$folder/$3.html" >"$to/$1.svg" || { echo "no chart \"$2\" in the page of $3" >&2; exit 1; }
}

sed 's/^interval/store: {path: demo.db}\ninterval/' data/demo.yaml >"$folder/demo.yaml"
cp "$build/data/demo.csv" "$folder/llama.csv"
cd "$folder"
forescale=$build/forescale
"$forescale" collect -c demo.yaml --from-csv llama.csv 2>/dev/null
"$forescale" plan -c demo.yaml --at $at --replicas llama=4 --ready llama=4 --nodes gpu-spot=1 --spent gpu=96.00 --picture plan.html >/dev/null
"$forescale" backtest --input llama.csv --step 5m --horizon 1h --picture backtest.html >/dev/null
"$forescale" report -c demo.yaml --at $at --output report.html 2>/dev/null
"$forescale" simulate -c demo.yaml --input llama.csv --since 4h --picture spike.html >/dev/null
"$forescale" simulate --scenario bill --picture bill.html >/dev/null
cd - >/dev/null
draw forecast "What was forecast" backtest
draw errors "Absolute error by method" backtest
draw plan "Demand, and what is forecast" plan
draw weeks "GPUs needed, all pools" report
draw heat "GPUs by weekday and hour" report
draw window "Budget gpu: spend of the window" report
draw reactive "reactive: demand" spike
draw predictive "predictive: demand" spike
draw bill "reactive: spent so far" bill
draw kept "reactive, budget: spent so far" bill
