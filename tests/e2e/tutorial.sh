#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/tutorial.md, word for word: each sh block runs, in one shell, and each line of the text block behind it must be
# in what came out. Usage: tests/e2e/tutorial.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
mkdir -p "$rig/checkout/build"
ln -s "$build" "$rig/checkout/build/release"
cd "$rig/checkout"
awk -v rig="$rig" '/^```sh/ {n++; file = sprintf("%s/%02d.sh", rig, n); printf "" >file; next} /^```text/ {file = sprintf("%s/%02d.text", rig, n); printf "" >file; next}
    /^```/ {file = ""; next} file {print >file}' "$top/docs/tutorial.md"
for block in "$rig"/??.sh; do
    expected=${block%.sh}.text
    . "$block" >"$rig/out" 2>"$rig/err" || { cat "$block" "$rig/err"; fail "a block of the tutorial fails"; }
    [ -s "$rig/out" ] || { cat "$block"; fail "a block of the tutorial prints nothing"; }
    while IFS= read -r line; do
        grep -qF -- "$line" "$rig/out" || { cat "$block" "$rig/out"; fail "the tutorial promises: $line"; }
    done <"$expected"
    pass "$(grep -m 1 -oE 'forescale [a-z]+|head' "$block")"
done
[ "$passed" = 6 ] || fail "$passed blocks ran"
echo "$passed passed, 0 failed"
