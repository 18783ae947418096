#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Style as facts: format, limits, headers that stand alone, words that must not be there.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
complain() { echo "check: $*" | head -n 20 >&2; failed=1; }
files=$(git ls-files -co --exclude-standard '*.c' '*.h')
sources=$(grep -vE '^(tests|fuzz)/' <<<"$files")

mkdir -p build
# Another version would lay out some lines differently.
format=$(command -v clang-format-14 || command -v clang-format)
# shellcheck disable=SC2086
if ! "$format" --version | grep -q 'version 14\.'; then
    echo "SKIPPED: the check of format needs clang-format 14"
elif ! "$format" --dry-run -Werror $files 2>build/format.log; then
    head -n 20 build/format.log >&2
    complain "not formatted: run ./dev fmt"
fi
hits=$(git grep -nIE $'\t| +$' -- ':!*go.sum' ':!*go.mod' ':!*.go' ':!LICENSE' ':!tests/cases' ':!fuzz/corpus' || true)
[ -z "$hits" ] || complain "tabs or spaces at a line's end: $hits"

for f in $files; do
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || complain "$f has no SPDX line"
done
long=$(wc -l $sources | awk '$2 != "total" && $1 > 600 {print $2 " (" $1 " lines)"}')
[ -z "$long" ] || complain "files over 600 lines: $long"

# A function's body begins and ends in column 1 (Linux braces): no body over 100 lines, none with over 15 ways through it.
# shellcheck disable=SC2086
awk '
    FNR == 1 {from = 0}
    /^{/ {from = FNR; ways = 1}
    from {
        line = $0
        gsub(/"([^"\\]|\\.)*"|\047([^\047\\]|\\.)\047|\/\*.*\*\//, "", line)
        ways += gsub(/&&|\|\||\?/, "", line)
        ways += gsub(/(^|[^A-Za-z0-9_])(if|for|while|case)[^A-Za-z0-9_]/, " ", line)
    }
    /^}/ {
        if (from && FNR - from > 100) {print FILENAME ":" from " is " FNR - from " lines"; bad = 1}
        if (from && ways > 15) {print FILENAME ":" from " has a complexity of " ways; bad = 1}
        from = 0
    }
    END {exit bad}' $sources >&2 || complain "functions over 100 lines or a complexity of 15"

banned='\b(sprintf|strcpy|strcat|strtok|atoi|atof|gets|system|popen|setlocale|alloca)\s*\('
hits=$(grep -nE "$banned" $sources || true)
[ -z "$hits" ] || complain "banned functions: $hits"
hits=$(grep -nwE 'TODO|FIXME|XXX|HACK' $files || true)
[ -z "$hits" ] || complain "unfinished work: $hits"
hits=$(git grep -nE '(^|[^.A-Za-z0-9])/(root|home|work)/' -- . ':!scripts/check.sh' || true)
[ -z "$hits" ] || complain "paths of a machine: $hits"

for h in include/forescale/*.h; do
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c "$h" || complain "$h does not stand alone"
done
[ $failed = 0 ] && echo "check: ok"
exit $failed
