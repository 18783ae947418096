#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A report of 50 workloads over 28 days: seconds from the command to the file, and its bytes. The states are those that a
# run has stored, as a CronJob leaves them. Usage: tests/bench/report.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
forescale=$(cd "$1" && pwd)/forescale
folder=$(mktemp -d -t forescale-bench.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    echo 'apiVersion: forescale.dev/v1'
    echo 'kind: Config'
    echo 'store: {path: bench.db}'
    echo 'pools:'
    echo '  - {name: spot, gpusPerNode: 8, price: 16.00 USD/h, maxNodes: 60, interruptionsPerHour: 0.05, lead: 345s, idle: 10m}'
    echo '  - {name: on-demand, gpusPerNode: 8, price: 96.00 USD/h, lead: 345s, idle: 10m}'
    echo 'workloads:'
    for i in $(seq 50); do
        echo "  - {name: model-$i, demand: {perReplica: 8}, minReplicas: 1, maxReplicas: 60, lead: 63s, pools: [spot, on-demand]}"
    done
    echo 'budgets: [{name: all, ceiling: 20000 USD, window: day}]'
} >config.yaml
now=$(($(date +%s) / 60 * 60))
# Weekdays with a peak of their own for each workload, and noise: made by arithmetic alone, the same each time.
awk -v now="$now" 'BEGIN {
    print "series,timestamp,value"
    for (i = 1; i <= 50; i++)
        for (t = now - 29 * 86400; t < now; t += 60) {
            day = int(t / 86400 + 3) % 7; hour = t % 86400 / 3600
            seed = (seed * 1103515245 + 12345) % 2147483648
            peak = exp(-((hour - 8 - i % 9) / 1.5) ^ 2)
            printf "model-%d,%d,%.2f\n", i, t, (5 + i) * (1 + (day < 5 ? 3 : 0.5) * peak + 0.3 * seed / 2147483648)
        }
}' >demand.csv
"$forescale" collect -c config.yaml --from-csv demand.csv 2>/dev/null
"$forescale" run -c config.yaml >/dev/null 2>&1
for format in html md json csv; do
    /usr/bin/time -f '%e %U' -o time "$forescale" report -c config.yaml --format $format --output report.$format
    read -r elapsed user <time
    awk -v f=$format -v s="$elapsed" -v u="$user" -v bytes="$(stat -c %s report.$format)" -v limit="$([ $format = html ] && echo '  (at most 2 s, 2,000,000)')" \
        'BEGIN {printf "report of 50 workloads, 28 days, %-4s %6.2f s, %5.2f s of user time on all cores  %9d bytes%s\n", f, s, u, bytes, limit}'
done
