#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Is a binary built as the threat model says? Its symbols may be stripped. Usage: tests/rig/hardened.sh BINARY
set -euo pipefail
header=$(readelf -hW "$1") dynamic=$(readelf -dW "$1") symbols=$(readelf --dyn-syms -W "$1") segments=$(readelf -lW "$1")
bad() { echo "$1: $2" >&2; exit 1; }
grep -q 'DYN (Position-Independent' <<<"$header" || bad "$1" "no position-independent executable"
grep -q GNU_RELRO <<<"$segments" && grep -Eq 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || bad "$1" "relocations are not read-only"
grep -Eq 'GNU_STACK +.* RW +0x' <<<"$segments" || bad "$1" "the stack can be executed"
! grep -Eq 'LOAD .* RWE ' <<<"$segments" || bad "$1" "a segment is writable and executable"
! grep -Eq 'RPATH|RUNPATH|TEXTREL' <<<"$dynamic" || bad "$1" "libraries are looked for in a path of the build, or code is relocated"
grep -q __stack_chk_fail <<<"$symbols" || bad "$1" "no stack protector"
grep -Eq '__(memcpy|snprintf|vsnprintf|fprintf|printf)_chk' <<<"$symbols" || bad "$1" "no _FORTIFY_SOURCE"
