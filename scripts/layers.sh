#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The layers, checked from facts: what each folder includes, and what the predictor's archive calls.
# Usage: scripts/layers.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
failed=0
complain() { echo "layers: $*" >&2; failed=1; }

# Foreign headers, each in its one adapter.
one_adapter() { # HEADER FILE...
    local header=$1 file
    shift
    for file in $(grep -lE "#include <$header" -r core predictor collector actuator report cli || true); do
        case " $* " in *" $file "*) ;; *) complain "$file includes <$header>: only $* may" ;; esac
    done
}
one_adapter curl/ core/io/http.c
one_adapter cjson/ core/io/json.c
one_adapter expat.h core/io/xml.c
one_adapter yaml.h core/io/yaml.c
one_adapter sqlite3.h core/store/sqlite.c
one_adapter libpq-fe.h core/store/pg.c
one_adapter gsl/ predictor/fit.c
one_adapter zlib.h core/io/file.c core/store/chunk.c
one_adapter pthread.h cli/parallel.c core/io/http.c

# Our own headers: no layer looks at one above it or beside it.
forbid() { # FOLDER PATTERN
    local hit
    hit=$(grep -nE "#include \"forescale/($2)\.h\"" -r "$1" --include='*.[ch]' || true)
    [ -z "$hit" ] || complain "$1 may not use: $hit"
}
forbid predictor 'http|kube|store|source|price|target|apply|file|yaml'
forbid collector 'model|target|apply|kube'
forbid actuator 'model|source|price'
forbid report 'http|kube|store|source|price|target|apply|file|yaml|model'
forbid core/store 'http|kube|json|yaml|model|source|target'

# The predictor is pure: its archive calls nothing that knows a clock, a file, a socket or the environment.
allowed='^(fsc_|gsl_|mem(cpy|move|set|cmp|chr)$|str(cmp|ncmp|len|chr)$|qsort$|v?snprintf$|_?_?GLOBAL_OFFSET_TABLE_$)'
allowed="$allowed|^(exp|exp2|log|pow|sqrt|floor|ceil|fabs|fmax|fmin|cos|sin|llround|lround|round|trunc|log1p|expm1|erf|erfc|cbrt)f?$"
# __cpu: which registers the processor has, for functions compiled for several kinds.
allowed="$allowed|^__(cpu_(model|indicator_init)$|stack_chk_fail|memcpy_chk|memmove_chk|memset_chk|v?snprintf_chk|asan_|ubsan_)"
calls=$(nm -u "$build/predictor/libfsc_predictor.a" | awk '$1 == "U" {print $2}' | sort -u)
impure=$(grep -vE "$allowed" <<<"$calls" || true)
[ -z "$impure" ] || complain "the predictor calls: $impure"
[ $failed = 0 ] && echo "layers: ok"
exit $failed
