#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Alerts by promtool, their runbooks, and the dashboard: every metric that they name is told, every query is PromQL.
# Usage: tests/e2e/monitoring.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/rig/lib.sh"
cd "$top"
alerts=cronjobs/monitoring/alerts.yaml
dashboard=cronjobs/monitoring/dashboard.json

promtool check rules $alerts >"$rig/checked" 2>&1 || { cat "$rig/checked"; fail "promtool refuses the alerts"; }
(cd tests/e2e && promtool test rules alerts_test.yaml) >"$rig/tested" 2>&1 || { cat "$rig/tested"; fail "an alert fires when it should not, or does not"; }
names=$(sed -n 's/^ *- alert: //p' $alerts)
for name in $names; do
    grep -q "alertname: $name\b" tests/e2e/alerts_test.yaml || fail "no test is about $name"
    [ -f "docs/runbooks/$name.md" ] || fail "$name has no runbook"
    grep -q "runbook_url: docs/runbooks/$name.md" $alerts || fail "$name does not link its runbook"
    grep -qF "[$name]" docs/runbooks/README.md || fail "$name is not in the runbooks' list"
done
for page in docs/runbooks/Forescale*.md; do
    grep -q "alert: $(basename "$page" .md)$" $alerts || fail "$page is about no alert"
    for command in $(grep -o '`forescale [a-z]*' "$page" | cut -d' ' -f2 | sort -u); do
        [ -f cli/cmd_"$command".c ] || fail "$page names a command $command that is none"
    done
done
pass "$(wc -w <<<"$names") alerts, each with tests and a runbook"

# From the CronJob's operator to the plain file: the same rules.
sed -n '/^spec:/,$ {1d; p}; ' cronjobs/monitoring/prometheusrule.yaml | sed -n '/^  groups:/,$ s/^  //p' >"$rig/rules"
diff "$rig/rules" <(sed -n '/^groups:/,$p' $alerts) >"$rig/differ" || { head -n 5 "$rig/differ"; fail "prometheusrule.yaml is not alerts.yaml"; }
pass "the PrometheusRule has the same rules as the plain file"

for metric in $(cat $alerts $dashboard | grep -oE 'forescale_[a-z_0-9]+' | sort -u); do
    grep -q "{\"${metric#forescale_}\"," report/metrics.c || fail "$metric is named and never told"
done
{
    printf 'groups:\n  - name: dashboard\n    rules:\n'
    jq -r '.. | .expr? // empty' $dashboard | sed 's/\$workload/.*/g; s/\$budget/.*/g' | awk '{gsub(/\047/, "\047\047"); printf "      - {record: panel:%d, expr: \047%s\047}\n", NR, $0}'
} >"$rig/panels.yaml"
promtool check rules "$rig/panels.yaml" >"$rig/checked" 2>&1 || { cat "$rig/checked"; fail "a panel's query is no PromQL"; }
jq -e '[.panels[] | select(.type != "row")] | length > 10 and all(.title and .description and (.targets | length > 0) and .datasource.uid == "${datasource}")' $dashboard >/dev/null || fail "a panel lacks a title, a description, a query or the data source's variable"
jq -e '[.panels[] | .gridPos | .x + .w <= 24] | all' $dashboard >/dev/null || fail "a panel is wider than the grid"
jq -e '([.panels[].id] | length) == ([.panels[].id] | unique | length)' $dashboard >/dev/null || fail "two panels share an id"
pass "the dashboard: $(grep -c record: "$rig/panels.yaml") queries are PromQL, and every metric of ours is told"
echo "$passed passed, 0 failed"
