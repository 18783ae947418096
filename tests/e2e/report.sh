#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The report and the plan's picture as people see them, in a real Chromium; the same numbers in every form; the ledger's
# sums against rows that runs wrote. Usage: tests/e2e/report.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
cd "$rig"
sed 's|^interval|store: {path: s.db}\ninterval|; s|trim: true|trim: false|' "$top/data/demo.yaml" >c.yaml
"$forescale" collect -c c.yaml --from-csv "$build/data/demo.csv" 2>/dev/null
at=2026-10-26T11:00:00Z
for t in 2026-10-26T08:38:00Z 2026-10-26T08:54:00Z 2026-10-26T08:58:00Z; do # journalled, a dry run each
    "$forescale" run -c c.yaml --dry-run --at $t >/dev/null 2>&1 || fail "a dry run at $t"
done
for format in html md json csv; do
    "$forescale" report -c c.yaml --at $at --format $format --output report.$format 2>err || { cat err; fail "report --format $format"; }
done
"$forescale" report -c c.yaml --at $at --format csv | cmp -s - report.csv || fail "standard output differs from the file"
pass "one report in four forms, the same bytes again"

jq -e '.kind == "Report" and ([.sections[].id] | contains(["summary", "capacity", "money", "reserve", "workloads", "accuracy", "decisions", "quality", "leads"]))' report.json >/dev/null || fail "sections of the JSON"
# Every number of the CSV is in the JSON at its place, and the other way round.
jq -r '.sections[] | .id as $s | .tables[] | .id as $t | (.subject // "") as $u | .rows[] | to_entries as $e | $e[0].value as $r
    | $e[1:][] | select(.key | endswith("Currency") | not) | [$s, $t, $u, $r, .key, (.value // "" | tostring)] | join(",")' report.json | sort >from.json
python3 -c '
import csv, sys
for row in list(csv.reader(open("report.csv")))[1:]:
    print(",".join(row[:6]))' | sort >from.csv
cmp -s from.json from.csv || { diff from.json from.csv | head -n 5; fail "JSON and CSV differ"; }
pass "$(wc -l <from.csv) numbers, the same in JSON and CSV"
for words in $(jq -r '.sections[] | select(.id == "summary") | .text[]' report.json | grep -oE '[0-9][0-9,]*\.?[0-9]*' | sort -u); do
    grep -qF -- "$words" report.md && grep -qF -- "$words" report.html || fail "$words of the summary is not in every form"
done
jq -e '.sections[] | select(.id == "decisions").tables[0].rows[0] | .journalled == 2 and .raised == 1 and .reactive > 0 and .ours > 0' report.json >/dev/null ||
    { jq -c '.sections[] | select(.id == "decisions").tables[0].rows' report.json; fail "the two decisions that three runs noted"; }
pass "the summary's figures stand in every form; the decisions are the ledger's"

"$forescale" plan -c c.yaml --at $at --picture plan.html >/dev/null 2>&1 || fail "plan --picture"
"$forescale" simulate --scenario bill --picture simulate.html >/dev/null 2>&1 || fail "simulate --picture"
for page in report plan simulate; do
    awk -v page=$page '/<svg/ {n++; on = 1} on {print > page "." n ".svg"} /<\/svg>/ {on = 0}' $page.html
    xmllint --noout $page.*.svg || fail "the SVG of $page.html is no XML"
    ! grep -liE 'nan|inf' $page.*.svg || fail "a number of $page.html is none"
    for look in "390 light" "390 dark" "1280 light" "1280 dark"; do
        python3 "$top/tests/e2e/page.py" $page.html ${look% *} ${look#* } $page-${look% *}-${look#* }.png || fail "$page.html at $look"
        [ "$(head -c 4 $page-${look% *}-${look#* }.png | tail -c 3)" = PNG ] || fail "no picture of $page.html"
    done
    pass "$page.html: $(ls $page.*.svg | wc -l) charts; no complaint from Chromium on a phone and a desktop, light and dark"
done
sed 's/--soft:#[0-9a-f]*/--soft:#b2c0cd/' report.html >bad.html
! python3 "$top/tests/e2e/page.py" bad.html 390 light bad.png >complaints || fail "a page with another style than its policy's passes"
grep -q 'Content Security Policy' complaints || { cat complaints; fail "the policy lets any style through"; }
pass "the page's policy refuses what is not its own"

code=0
"$forescale" report -c c.yaml --horizon 5m >out 2>err || code=$?
[ $code = 2 ] && grep -q 'from 1d to 366d' err || { cat err; fail "--horizon 5m ends with $code"; }
sed 's|s.db|empty.db|' c.yaml >empty.yaml
printf 'timestamp,value\n1793004000,5\n1793004060,7\n' >two.csv
"$forescale" collect -c empty.yaml --from-csv two.csv 2>/dev/null
"$forescale" report -c empty.yaml --at $at --format md >out 2>err || { cat err; fail "a report on two minutes of history"; }
grep -q 'run forescale collect' out || { head -n 8 out; fail "nothing says that history is missing"; }
pass "too little history, and a horizon that makes no sense, are said"
echo "$passed passed, 0 failed"
