#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the golden files anew (they are kept in the repository; run this only to change them).
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh
"$(peers_python)" make_golden.py
