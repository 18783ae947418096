#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The default model beside LightGBM where jobs run at fixed minutes. Usage: tests/bench/spikes.sh BENCH_TRACES
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../golden/environment.sh"
python=$(peers_python) || { echo "SKIPPED: the peers cannot be installed: $peers_why"; exit 0; }
"$python" "$here/spikes.py" "$1"
