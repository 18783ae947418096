#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The command line as users and scripts meet it: forms, exit codes, errors that help. Usage: tests/e2e/cli.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
demo=$build/data/demo.csv
config=$top/data/demo.yaml
cd "$rig"

expect() { # EXIT WORDS COMMAND...
    local code=0 exit=$1 words=$2
    shift 2
    "$forescale" "$@" >out 2>err </dev/null || code=$?
    [ $code = "$exit" ] || { cat err; fail "forescale $*: exit $code, not $exit"; }
    grep -qF -- "$words" out err || { head -n 5 out err; fail "forescale $*: no \"$words\""; }
}

for command in $("$forescale" help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'); do
    expect 0 "Example: forescale $command" help "$command"
    expect 0 "Example: forescale $command" "$command" --help
done
pass "every command has its help and an example"
for page in "" config $("$forescale" help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'); do
    "$forescale" help man $page >page || fail "help man $page"
    man --warnings=w -l page >page.txt 2>page.err && [ ! -s page.err ] || { cat page.err; fail "the manual page of ${page:-forescale}"; }
done
grep -q "detailed-exitcode" <("$forescale" help man plan | man -l - 2>&1) || fail "the page of plan misses an option"
for shell in bash zsh fish; do
    "$forescale" completion $shell >completion.$shell || fail "completion $shell"
    $shell -n completion.$shell || fail "$shell does not read its completion"
done
complete_words() { bash -c '. ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _forescale; echo "${COMPREPLY[*]}"' bash forescale "$@" 2>/dev/null; }
[ "$(complete_words simu)" = simulate ] && [ "$(complete_words plan --detail)" = --detailed-exitcode ] && [ "$(complete_words run -o --log-format j)" = json ] ||
    fail "bash completes to: $(complete_words simu), $(complete_words plan --detail), $(complete_words run -o --log-format j)"
pass "a manual page for each command and the configuration; completion for bash, zsh and fish"
expect 2 "did you mean forecast?" forcast
expect 2 "did you mean --horizon?" forecast --horizn 30m
expect 2 "--horizon needs a value" forecast --horizon
expect 2 "it is one of table, json, csv" forecast --input "$demo" -o xml
expect 2 "write ascending levels" forecast --input "$demo" --quantiles 0.9,0.5
expect 2 "there is no model holt" forecast --input "$demo" --model holt
expect 2 "no configuration" plan
expect 2 "configuration: cannot read nowhere.yaml" plan -c nowhere.yaml
expect 1 "cannot read nowhere.csv" forecast --input nowhere.csv
expect 2 "did you mean llama?" plan -c "$config" --input "$demo" --replicas lama=3
expect 2 "is no count" plan -c "$config" --input "$demo" --replicas llama=three
expect 2 "this budget is in USD" plan -c "$config" --input "$demo" --spent "gpu=5 EUR"
expect 2 "store.path is missing" plan -c "$config"
expect 2 "restore what?" restore -c "$config"
pass "wrong calls end with 2 and say what to do"

"$forescale" init >config.yaml
expect 0 "apiVersion" init
grep -q 'kind: Config' config.yaml && "$forescale" help schema | jq -e '.properties.budgets.items.properties.ceiling' >/dev/null || fail "init or the schema"
expect 0 "What is scaled." help option workloads
expect 0 "mix" help model
for preset in vllm sglang triton tgi inference-gateway redis; do
    "$forescale" init --preset $preset >preset.yaml || fail "init --preset $preset"
    printf 'timestamp,value\n1793004000,5\n1793004060,6\n' >few.csv
    sed 's/^    gpusPerReplica/    minReplicas: 1\n    maxReplicas: 9\n&/; s/target: {.*}/target: {kind: None}/' preset.yaml >preset.plan.yaml
    "$forescale" plan -c preset.plan.yaml --input few.csv --at 1793004060 >/dev/null || fail "the configuration of preset $preset"
done
expect 2 "did you mean vllm?" init --preset vlm
expect 2 "there are vllm, sglang" init --preset nothing-like-it
expect 2 "give one of" init --preset vllm --gitops
expect 0 "RespectIgnoreDifferences" init --gitops
pass "init, its presets and GitOps, help option, help schema"

"$forescale" forecast --input "$demo" --horizon 10m --quantiles 0.5,0.9,0.95 -o csv >f.csv
[ "$(head -n 1 f.csv)" = "series,timestamp,mean,q0.5,q0.9,q0.95" ] || fail "the CSV's header is $(head -n 1 f.csv)"
[ "$(wc -l <f.csv)" = 11 ] || fail "10 minutes are $(wc -l <f.csv) lines"
awk -F, 'NR > 1 && !($4 <= $5 && $5 <= $6 && $4 >= 0) {exit 1}' f.csv || fail "quantiles cross"
[ "$(awk -F, 'NR == 2 {print $2}' f.csv)" = "$(($(tail -n 1 "$demo" | cut -d, -f1) + 60))" ] || fail "the first forecast is not one step ahead"
"$forescale" forecast --input - --horizon 2 -o json <"$demo" | jq -e '.series[0].timestamps | length == 2' >/dev/null || fail "standard input, JSON"
gzip -c "$demo" >demand.csv.gz
"$forescale" forecast --input demand.csv.gz --horizon 10m -o csv | sed 's/^demand/demo/' | diff -q - f.csv >/dev/null || fail "a gzip file forecasts otherwise"
{ echo series,timestamp,value; awk -F, 'NR > 1 {print "b," $0}' "$demo"; awk -F, 'NR > 1 {print "a," $0}' "$demo"; } >two.csv
"$forescale" forecast --input two.csv --horizon 10m -o csv >two.out
[ "$(cut -d, -f1 two.out | uniq | tr '\n' ' ')" = "series b a " ] || fail "series do not keep the order given"
diff -q <(sed -n 's/^b,//p' two.out) <(sed -n 's/^demo,//p' f.csv) >/dev/null || fail "many series forecast otherwise than one"
for model in $("$forescale" help model | awk '{print $1}'); do
    "$forescale" forecast --input "$demo" --model "$model" --horizon 30m -o csv | grep -qi nan && fail "model $model says nan"
done
pass "forecast: CSV, JSON, standard input, gzip, many series, every model"

# The last twelve days, in steps of ten minutes: quick.
awk -F, 'NR == 1 || $1 >= 1792000000' "$demo" >short.csv
"$forescale" backtest --input short.csv --step 10m --horizon 30m -o json >b.json
jq -e '.kind == "Backtest" and (.series[0] | .model == "mix" and .stepSeconds == 600 and .hold == null and (.summary | startswith("mix beats ")))
    and (.series[0].horizons | length == 3 and all(.skill > 0 and .methods.mix.mase < .methods.last_value.mase and .methods.mix.coverage["0.95"] > 0.85
        and .methods.mix.pinball["0.9"] > 0 and .methods.seasonal_naive.wape > 0 and .methods.mix.smape > 0))' b.json >/dev/null || { cat b.json; fail "backtest -o json"; }
"$forescale" backtest --input short.csv --step 10m --horizon 30m -o csv --model last_value >b.csv
[ "$(head -n 1 b.csv)" = "series,ahead_seconds,method,n,mase,wape,smape,pinball_q0.5,pinball_q0.9,pinball_q0.95,coverage_q0.5,coverage_q0.9,coverage_q0.95,skill" ] || fail "backtest -o csv: $(head -n 1 b.csv)"
[ "$(grep -c ,last_value, b.csv)" = 3 ] || fail "backtest names a method twice"
expect 0 "0.7" backtest --input short.csv --step 10m --horizon 2 --quantiles 0.7 -o csv
expect 0 "A run would act on it" backtest --input short.csv --step 10m --horizon 30m
expect 1 "is too short for a backtest 30d ahead: it needs" backtest --input short.csv --step 1h --horizon 30d
expect 2 "there is no series lama" backtest --input short.csv lama
[ "$(wc -l <err)" = 2 ] || fail "backtest draws a bar without a terminal"
expect 0 "mix beats" backtest --input short.csv --step 10m --horizon 30m --picture b.html
grep -q '<svg' b.html && grep -q 'mix beats' b.html && grep -q 'P5 to P95' b.html || fail "backtest --picture"
! grep -qE '(src|href)="?http|<script' b.html || fail "the picture asks for something from outside"
expect 0 "so many steps: --step 1h is quicker" forecast --input "$demo" --horizon 7d -o csv
[ "$("$forescale" forecast --input "$demo" --horizon 28d --step 1h -o csv | wc -l)" = 673 ] || fail "28 days by the hour"
pass "backtest: scores by horizon, the verdict, what is too short"

plan() { "$forescale" plan -c "$config" --input "$demo" "$@"; }
plan --at 2026-10-26T08:54:00Z --replicas llama=4 --nodes gpu-spot=1 --spent gpu=96 -o json >a.json
plan --at 2026-10-26T08:54:00Z --replicas llama=4 --nodes gpu-spot=1 --spent gpu=96 -o json | diff -q - a.json >/dev/null || fail "the same inputs give other bytes"
jq -e '.kind == "Plan" and .workloads[0].minReplicas >= 8 and .workloads[0].currentReplicas == 4 and .budgets[0].spent == 96
    and .pools[0].minNodes >= 2 and (.workloads[0].expiresAt | length) == 20' a.json >/dev/null || { cat a.json; fail "the plan"; }
awk -F, 'NR == 1 || $1 <= 1793004840' "$demo" >until.csv # 08:54
"$forescale" plan -c "$config" --input until.csv --at 2026-10-26T08:54:00Z --replicas llama=4 --nodes gpu-spot=1 --spent gpu=96 -o json | diff -q - a.json >/dev/null || fail "rows after --at are used"
code=0
plan --at 2026-10-26T08:54:00Z --detailed-exitcode >/dev/null || code=$?
case $code in 0 | 4 | 10) ;; *) fail "--detailed-exitcode gives $code" ;; esac
pass "plan: the same bytes again, nothing later than --at"

# Single calls with --state are the stream.
from=1793004000
{
    awk -F, -v from=$from 'NR > 1 && $1 <= from {printf "%s[%s,%s]", sep, $1, $2; sep = ","}' "$demo" |
        awk -v from=$from '{printf "{\"at\":%d,\"samples\":{\"llama\":[%s]},\"nodes\":{\"gpu-spot\":1},\"replicas\":{\"llama\":4}}\n", from, $0}'
    for i in $(seq 1 9); do
        t=$((from + 60 * i))
        echo "{\"at\":$t,\"samples\":{\"llama\":[[$t,$(awk -F, -v t=$t '$1 == t {print $2}' "$demo")]]},\"nodes\":{\"gpu-spot\":$((1 + i / 4))},\"replicas\":{\"llama\":$((4 + i))}}"
    done
} >lines
"$forescale" plan -c "$config" --stream <lines >stream.out
for i in $(seq 0 9); do
    n=$((1 + i / 4)) r=$((4 + i))
    plan --at $((from + 60 * i)) --nodes gpu-spot=$n --replicas llama=$r --state state -o json
done >calls.out
diff -q stream.out calls.out >/dev/null || { diff stream.out calls.out | head -n 4 | cut -c1-300; fail "calls with --state differ from the stream"; }
pass "10 calls with --state equal the stream, byte for byte"
printf '%s\n' '{"at":"2026-10-26T08:54:00Z"}' 'not json' '{"at":"2026-10-26T08:53:00Z"}' '{"at":"2026-10-26T08:55:00Z","samples":{"llama":[[1,2],[1,3]]}}' '{"at":"2026-10-26T08:56:00Z"}' |
    "$forescale" plan -c "$config" --stream | jq -r .kind | tr '\n' ' ' | grep -qx 'Plan Error Error Error Plan ' || fail "bad lines"
pass "a bad line gets an error of its own and changes nothing"

cat >store.yaml <<C
$(sed 's/^interval/store: {path: s.db}\ninterval/' "$config")
C
expect 0 "imported" collect -c store.yaml --from-csv "$demo"
[ "$(stat -c %a s.db)" = 600 ] || fail "the store is not private"
printf 'timestamp,value\n1793004030,5\n1793004090,7\n1793004150,9\n' >beside.csv
expect 0 "imported" collect -c store.yaml --store beside.db --from-csv beside.csv
"$forescale" history -c store.yaml --store beside.db llama | grep -qx 'llama,1793004060,7' || fail "samples beside the grid are not laid on it"
expect 0 "A run would" backtest -c store.yaml --at 2026-10-26T08:54:00Z --step 1h --horizon 6h
"$forescale" forecast -c store.yaml --at 2026-10-26T08:54:00Z --step 1h --horizon 7d -o csv >far.csv
[ "$(sed -n 2p far.csv | cut -d, -f2)" = 2026-10-26T08:00:00Z ] || fail "the hour that is not over counts: $(sed -n 2p far.csv)"
awk 'BEGIN {print "timestamp,value"; for (t = 1791158400; t < 1793015940; t += 420) print t "," 50 + int(t / 3600) % 24}' >sevens.csv
expect 0 "imported" collect -c store.yaml --store sevens.db --from-csv sevens.csv
expect 0 "llama,2026-10-26T" forecast -c store.yaml --store sevens.db --at 2026-10-26T08:54:00Z --step 1h --horizon 6h -o csv
expect 0 "llama" plan -c store.yaml --at 2026-10-26T08:54:00Z
expect 0 "llama" run -c store.yaml --dry-run --at 2026-10-26T08:54:00Z
expect 0 "llama" status -c store.yaml
sed 's/s\.db/nothing.db/' store.yaml >nothing.yaml
for command in run status plan explain "report --format md"; do # a first day: a store, and nothing in it
    expect 0 "llama" $command -c nothing.yaml
done
expect 1 "has no series llama: run forescale collect" forecast -c nothing.yaml
expect 2 "--at goes with --dry-run" run -c store.yaml --at 2026-10-26T08:54:00Z
echo "precious" >notes.db
expect 1 "no forescale store" plan -c store.yaml --store notes.db
[ "$(cat notes.db)" = precious ] || fail "a foreign file was touched"
if [ -e /dev/full ]; then
    code=0
    "$forescale" forecast --input "$demo" -o csv >/dev/full 2>err || code=$?
    [ $code = 1 ] && grep -q "cannot write the result" err || fail "a full disk under the output ends with $code"
fi
expect 0 "llama" run -c store.yaml
python3 -c 'import sqlite3; c = sqlite3.connect("s.db"); assert c.execute("UPDATE blob SET bytes = ? WHERE kind = ?", (b"another version", "planner")).rowcount == 1; c.commit()'
expect 0 "the stored planner state is made anew" run -c store.yaml
"$forescale" run -c store.yaml >out 2>err && ! grep -q "made anew" err || fail "a planner state that cannot be read stays"
pass "the store by command, and what is no store; a planner state of another version stops no run"
"$forescale" simulate --scenario bill -o json >bill.json
jq -e '[.workloads[0].policies[] | {(.policy + (if .budget then "+" else "" end)): .}] | add
    | (.reactive.budgets[0].maxWindowSpend | . > 11500 and . < 12500) and (."predictive+".budgets[0] | .maxWindowSpend <= .ceiling)
    and (."reactive+".budgets[0] | .maxWindowSpend <= .ceiling and .ceiling == 800)
    and ([.[] | has("cost", "gpuHours", "unservedFraction", "lateMinutes", "scaleOperations", "peakSpendRate")] | all)' bill.json >/dev/null ||
    fail "the 12,000 USD bill is not what it was: $(jq -c '.workloads[0].policies[] | [.policy, .budget, .cost, .budgets]' bill.json)"
awk -F, 'NR == 1 {print; next} $1 >= 1792368000' "$demo" >recent.csv # two days are enough to compare
expect 0 "LARGEST WINDOW" simulate -c "$config" --input recent.csv --since 1d
expect 2 "did you mean bill?" simulate --scenario bil
expect 1 "an hour is the least" simulate --scenario bill --since 5m
awk -F, 'NR == 1 {print "series,timestamp,value"; next} $1 >= 1792368000 {print "llama," $0; print "mistral," $1 "," $2 / 2}' "$demo" >two.csv
sed 's/workloads: \[llama\]//; /^workloads:/a\  - {name: mistral, target: {kind: None}, demand: {perReplica: 8}, gpusPerReplica: 2, minReplicas: 1, maxReplicas: 40, pools: [gpu-spot]}' \
    "$config" >two.yaml
"$forescale" simulate -c two.yaml --input two.csv --since 1d -o json --picture two.html >two.json
jq -e '(.workloads | map(.name)) == ["mistral", "llama"] and .together[0].workloads == ["mistral", "llama"] and ([range(6) as $p
    | (.together[0].policies[$p] | .budgets[0].maxWindowSpend <= .budgets[0].ceiling or (.budget | not))
    and (([.workloads[].policies[$p].cost] | add) - .together[0].policies[$p].cost | fabs < 0.00001)
    and ([.workloads[].policies[$p].lateMinutes] | add) == .together[0].policies[$p].lateMinutes] | all)' two.json >/dev/null ||
    fail "two workloads under one ceiling: $(jq -c '.together' two.json)"
"$forescale" simulate -c two.yaml --input two.csv --since 1d >two.txt
grep -q '^mistral, llama: replayed together' two.txt && grep -q '^All of them' two.txt && grep -q 'All of them\|mistral, llama' two.html || fail "no sum of both"
"$forescale" simulate -c two.yaml --input two.csv --since 1d -o csv | grep -q '^mistral+llama,predictive,true,' || fail "no sum of both in CSV"
expect 0 "the whole ceiling is for the workloads replayed" simulate -c two.yaml --input two.csv --since 1d llama
script -qec "'$forescale' simulate --scenario bill --since 2h" /dev/null </dev/null >bar && grep -q 'simulate \[#*\] *100%' bar || fail "no bar on a terminal"
pass "simulate: two workloads under one ceiling, planned for at once; the bar on a terminal"
pass "simulate: the bill of 12,000 USD, and under 800 with the ceiling"
expect 0 "skill" explain -c "$config" --input "$demo" --at 2026-10-26T08:54:00Z --replicas llama=4 --nodes gpu-spot=1 --spent gpu=96
for topic in demand forecast quantile lead replicas nodes budget written; do
    grep -qE "^  $topic  " out || fail "explain says nothing of $topic"
done
demand=$(awk -F, '$1 == 1793004840 {print $2}' "$demo")
grep -q "demand     $demand at 2026-10-26T08:54:00Z" out || fail "explain does not begin with the newest sample, $demand"
"$forescale" explain -c "$config" --input "$demo" --at 2026-10-26T08:54:00Z -o json llama |
    jq -e '.workloads[0].story | map(.topic) | index("budget")' >/dev/null || fail "explain as JSON"
expect 2 "the ledger has no run abc" explain -c store.yaml --run abc
expect 2 "not both" explain -c store.yaml --run abc --at 2026-10-26T08:54:00Z
run=$("$forescale" run -c store.yaml --dry-run --at 2026-10-26T08:54:00Z 2>err | sed -n 's/.*(run \([0-9a-f]*\)).*/\1/p')
expect 0 "set-bounds of llama" explain -c store.yaml --run "$run"
pass "explain: a decision number by number, by moment and by run"
echo "$passed passed, 0 failed"
