#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What people see on a terminal and scripts do not: charts, colours that mean something, a thousand workloads; and a
# decision told down to its samples. Usage: tests/e2e/terminal.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
demo=$build/data/demo.csv
config=$top/data/demo.yaml
at=2026-10-26T08:54:00Z
esc=$(printf '\033')
red="$esc\[1;31m" green="$esc\[32m" yellow="$esc\[33m" magenta="$esc\[35m"
cd "$rig"

# ENVIRONMENT... -- COMMAND...: a terminal of 50 lines and 100 columns
on_terminal() {
    local environment=()
    while [ "$1" != -- ]; do
        environment+=("$1")
        shift
    done
    shift
    script -qec "stty rows 50 cols 100; env -u NO_COLOR -u CLICOLOR TERM=xterm LC_ALL=C.UTF-8 ${environment[*]} '$forescale' $*" /dev/null </dev/null | tr -d '\r'
}
sed 's/^interval/store: {path: s.db}\ninterval/; s/400 USD/100 USD/' "$config" >store.yaml
grep -q '100 USD' store.yaml || fail "the demo's ceiling is another one"
"$forescale" collect -c store.yaml --from-csv "$demo" 2>/dev/null || fail "collect"
"$forescale" run -c store.yaml --dry-run --at $at >run.out 2>run.err || { cat run.err; fail "a dry run"; }

on_terminal -- forecast --input "$demo" --horizon 5m >tty || fail "forecast on a terminal"
grep -q '█.*░' tty || { cat tty; fail "no bars with bands on a terminal"; }
on_terminal -- explain -c store.yaml --at $at >tty && grep -q 'last 3 h *[▁▂▃▄▅▆▇█]' tty || fail "no chart in explain"
on_terminal -- plan -c "$config" --input "$demo" --at $at --spent gpu=200 >tty && grep -q '50 % of the ceiling spent' tty || fail "no bar of the budget"
on_terminal -- status -c store.yaml --at $at >tty && grep -q 'llama .*[▁▂▃▄▅▆▇█] ' tty || { cat tty; fail "no chart of the day in status"; }
on_terminal -- simulate --scenario foreseen >tty && grep -q '^demand .*[▁▂▃▄▅▆▇█]' tty || fail "no chart in simulate"
on_terminal LC_ALL=C -- forecast --input "$demo" --horizon 5m >tty && ! grep -q '█' tty || fail "blocks on a terminal without UTF-8"
"$forescale" forecast --input "$demo" --horizon 5m >plain && ! grep -q '█' plain || fail "bars in a pipe"
pass "charts on a terminal, plain text elsewhere"

on_terminal -- plan -c store.yaml --at $at --spent gpu=150 >tty
grep -q "$red *150.00 USD$esc" tty && grep -q "$red *the promise is void" tty || { cat -v tty; fail "what is over the ceiling is not told by its colour"; }
on_terminal -- plan -c store.yaml --at $at >tty
grep -q "$magenta$(awk '$1 == "gpu" {print $2}' run.out) *$esc" tty || { cat -v tty; fail "a budget that limits has no colour of its own"; }
on_terminal -- plan -c "$config" --input "$demo" --at $at >tty && grep -q "${green}closed *$esc" tty || { cat -v tty; fail "a budget that is fine has no colour"; }
head -n 500 "$demo" >short.csv
on_terminal -- forecast --input short.csv --horizon 5m >tty && grep -q "${yellow}warn:" tty || { cat -v tty; fail "a warning has no colour"; }
on_terminal -- plan -c "$config" --input short.csv --at 2026-10-05T08:00:00Z >tty && grep -q "${yellow}held: " tty || { cat -v tty; fail "a workload that is held has no colour"; }
on_terminal -- status -c store.yaml --at 2026-10-27T00:00:00Z >tty && grep -q "$esc\[31m12h" tty || { cat -v tty; fail "history that is late has no colour"; }
on_terminal -- check -c store.yaml --at $at >tty || true # it finds what to complain about
grep -q "^${green}ok" tty && grep -q "^${red}FAIL" tty || { cat -v tty; fail "the doctor's findings have no colour"; }
pass "colours mean: fine, held, limited, late, over the ceiling"
for quiet in NO_COLOR=1 CLICOLOR=0 TERM=dumb TERM=; do
    for command in "plan -c store.yaml --at $at" "status -c store.yaml --at $at" "explain -c store.yaml --at $at" "check -c store.yaml --at $at" "forecast --input short.csv --horizon 5m"; do
        on_terminal $quiet -- $command >tty || [ "${command%% *}" = check ] || fail "$quiet forescale $command"
        [ -s tty ] && ! grep -q "$esc" tty || { cat -v tty; fail "$quiet forescale $command shows colours"; }
    done
done
on_terminal NO_COLOR= -- plan -c store.yaml --at $at >tty && grep -q "$magenta" tty || fail "an empty NO_COLOR takes colours away"
for command in plan status explain check; do
    ! "$forescale" $command -c store.yaml --at $at 2>&1 | grep -q "$esc" || fail "$command colours a pipe"
done
pass "no colour for NO_COLOR, CLICOLOR=0, a dumb terminal and a pipe"

# A thousand workloads: three grow, the others have too little history.
{
    sed -n '1,/^workloads:/p' "$config"
    for i in $(seq 1000); do echo "  - {name: inference-model-number-$i, demand: {perReplica: 8}, minReplicas: 1, maxReplicas: 9, lead: 63s, pools: [gpu-spot]}"; done
} >many.yaml
{
    echo series,timestamp,value
    for i in 500 700 900; do awk -F, -v i=$i 'NR > 1 && $1 % 600 == 0 {print "inference-model-number-" i "," $0}' "$demo"; done
    for i in $(seq 1000); do case $i in 500 | 700 | 900) ;; *) echo "inference-model-number-$i,1793004000,5"; echo "inference-model-number-$i,1793004600,6" ;; esac; done
} >many.csv
"$forescale" plan -c many.yaml --input many.csv --at $at >plain || fail "a plan of a thousand workloads"
[ "$(grep -c '^inference-model-number-' plain)" = 1000 ] || fail "a pipe misses rows: $(grep -c '^inference' plain)"
[ "$(sed -n 4,6p plain | cut -d' ' -f1 | tr '\n' ' ')" = "inference-model-number-500 inference-model-number-700 inference-model-number-900 " ] || { head plain; fail "what changes is not first"; }
[ "$(awk '/^(WORKLOAD|inference-model)/ {print index($0, "observe") + index($0, "MODE")}' plain | sort -u | wc -l)" = 1 ] || fail "the columns of long names do not stand in a line"
grep -q '^1000 workloads: 3 change, 997 held, 0 stay as they are$' plain || { tail plain; fail "no sum of the rows"; }
"$forescale" plan -c many.yaml --input many.csv --at $at -o csv | sed -n 2p | grep -q 'inference-model-number-1,' || fail "the CSV has another order than the configuration"
on_terminal NO_COLOR=1 -- plan -c many.yaml --input many.csv --at $at >tty
[ "$(wc -l <tty)" -le 50 ] || fail "a plan of a thousand workloads takes $(wc -l <tty) lines of a terminal of 50"
[ "$(sed 's/█\|░/x/g' tty | awk '/^inference|^gpu/ && length > 100' | wc -l)" = 0 ] || fail "rows wrap"
[ "$(sed -n 4p tty | cut -d' ' -f1)" = inference-model-number-500 ] && grep -qE '^and 9[0-9]{2} more: \| less, or -o csv$' tty && grep -q '^1000 workloads: 3 change' tty || { head tty; fail "a screen does not show what changes, or how much is left out"; }
pass "a thousand workloads: what changes first, one screen on a terminal, every row in a pipe"

"$forescale" explain -c store.yaml --at $at >out || fail "explain"
for minute in 0 1 2 3 4; do
    t=$(($(date -u -d $at +%s) - 60 * minute))
    grep -q "its newest samples: .*$(awk -F, -v t=$t '$1 == t {printf "%.6g", $2}' "$demo") at $(date -u -d @$t +%FT%TZ)" out || { cat out; fail "the sample of $(date -u -d @$t +%T) is not named"; }
done
for span in day week; do
    t=$(date -u -d "$at - 1 $span" +%s)
    grep -q "a $span before: $(awk -F, -v t="$t" '$1 == t {printf "%.6g", $2}' "$demo") at $(date -u -d "@$t" +%FT%TZ)" out || { cat out; fail "the sample of a $span before is not named"; }
done
expected=$(sed -n 's/.*  demand \([0-9.]*\) (q0.95) by \([0-9:]*\),.*/\2:00Z: .*q0.95 \1/p' run.out)
grep -q "at 2026-10-26T$expected" out || { cat out; fail "the forecast that decides is not told: $expected"; }
reason=$(awk '$1 == "llama" {print}' run.out | sed 's/.*  demand/demand/')
grep -qF "planned; its reason: $reason" out || { cat out; fail "what the run wrote is not told with its reason: $reason"; }
moved=$(sed -n 's/^gpu  *\([a-z_]*\) .*/\1/p' run.out)
grep -qE "closed -> $moved: spent .*; spent 0\.00 USD, p50 [0-9.]+ USD, p95 [0-9.]+ USD, at the worst [0-9.]+ USD, ceiling 100\.00 USD, chance of passing it [0-9]+ %" out ||
    { cat out; fail "the budget's transition is not told with its figures"; }
p95=$(awk '$1 == "gpu" {print $7}' run.out)
grep -q "p95 $p95 USD, at the worst" out || { cat run.out out; fail "the transition's P95 is not the run's, $p95"; }
pass "explain: samples, the forecast that decides, and the budget's transitions, each with its figures"
echo "$passed passed, 0 failed"
