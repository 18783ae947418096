#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Published forecasters on this machine, now: statsforecast and statsmodels, in an environment of their own under the
# cache folder (from PyPI, at the first call). Usage: tests/bench/peers.sh FOLDER_OF_M4
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../golden/environment.sh"
python=$(peers_python) || { echo "SKIPPED: the peers cannot be installed: $peers_why"; exit 0; }
# A setting for old kernels would slow the peers' linear algebra.
for method in ets mstl mfles hw; do
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$here/peers.py" "$1/m4_hourly_train.csv.gz" $method
done
