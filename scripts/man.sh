#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Manual pages of every command and of the configuration. Usage: scripts/man.sh FORESCALE OUT_FOLDER
set -euo pipefail
forescale=$1 out=$2
mkdir -p "$out/man1" "$out/man5"
"$forescale" help man >"$out/man1/forescale.1"
"$forescale" help man config >"$out/man5/forescale-config.5"
for command in $("$forescale" help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'); do
    "$forescale" help man "$command" >"$out/man1/forescale-$command.1"
done
