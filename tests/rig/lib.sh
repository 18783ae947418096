# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the end-to-end tests: a folder of their own, free ports on loopback, programs ended by their pid.
set -euo pipefail
rig=$(mktemp -d -t forescale-rig.XXXXXX)
pids=()

end_rig() {
    local code=$? p
    for p in $(printf '%s\n' "${pids[@]}" | tac); do # newest first: what others stand on goes last
        kill "$p" 2>/dev/null || continue
        for _ in $(seq 30); do [ -e "/proc/$p" ] && sleep 0.1 || break; done
        kill -9 "$p" 2>/dev/null || true
        wait "$p" 2>/dev/null || true
    done
    [ "$code" = 0 ] || tail -n 5 "$rig"/*.log >&2 || true
    rm -rf "$rig"
    exit "$code"
}
trap end_rig EXIT

# The script again, in a network that has loopback alone.
own_network() { # SCRIPT ARGUMENT...
    [ -z "${RIG_NETWORK:-}" ] || return 0
    trap - EXIT
    rm -rf "$rig"
    RIG_NETWORK=own exec unshare $([ "$(id -u)" = 0 ] || echo --map-root-user) --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

fail() { echo "FAILED: $*" >&2; exit 1; }
pass() { passed=$((${passed:-0} + 1)); echo "ok: $*"; }

free_ports() { # COUNT: that many ports that nothing listens on
    python3 - "$1" <<'P'
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s:
    x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))
P
}

start() { # NAME COMMAND...
    local name=$1
    shift
    "$@" >"$rig/$name.log" 2>&1 </dev/null &
    pids+=($!)
}

wait_for() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "no $what in time"
        sleep 0.2
    done
}

# A Prometheus that holds a CSV (timestamp,value; shifted by SECONDS) as the series `demand`, and with a TARGET goes on
# with what is served there.
start_prometheus() { # CSV SHIFT PORT [TARGET]
    awk -F, -v shift="$2" 'BEGIN {print "# TYPE demand gauge"} NR > 1 {print "demand{job=\"model\"}", $2, $1 + shift} END {print "# EOF"}' \
        "$1" >"$rig/demand.om"
    promtool tsdb create-blocks-from openmetrics "$rig/demand.om" "$rig/tsdb" >"$rig/promtool.log" 2>&1
    echo 'global: {scrape_interval: 15s}' >"$rig/prometheus.yml"
    [ -z "${4:-}" ] || cat >>"$rig/prometheus.yml" <<P
scrape_configs:
  - job_name: model
    scrape_interval: 1s
    static_configs: [{targets: ["$4"]}]
    metric_relabel_configs: [{action: labeldrop, regex: instance}]
P
    # A lookback under the step: else each gap would repeat its last value for five minutes.
    start prometheus prometheus --config.file="$rig/prometheus.yml" --storage.tsdb.path="$rig/tsdb" \
        --storage.tsdb.retention.time=400d --web.listen-address="127.0.0.1:$3" --query.lookback-delta=59s --log.level=warn
    wait_for 60 "Prometheus" curl -fs "http://127.0.0.1:$3/-/ready"
}
