#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A store in PostgreSQL as users meet it: what is stored and planned equals what a file gives, TLS and the login are
# checked, and no password is anywhere. Usage: tests/rig/with_postgres.sh tests/e2e/postgres.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
demo=$build/data/demo.csv
cd "$rig"
password=$(cat "$FORESCALE_POSTGRES_FOLDER/password")
host=localhost:$FORESCALE_POSTGRES_PORT
ca=$FORESCALE_POSTGRES_FOLDER/ca.pem
printf 'wrong\n' >wrong
at=2026-10-26T08:54:00Z

config() { # FILE STORE
    { cat "$top/data/demo.yaml"; echo "store: $2"; } >"$1"
}
expect() { # EXIT WORDS COMMAND...
    local code=0 exit=$1 words=$2
    shift 2
    "$forescale" "$@" >out 2>err </dev/null || code=$?
    cat out err >>everything
    [ $code = "$exit" ] || { cat err; fail "forescale $*: exit $code, not $exit"; }
    grep -qF -- "$words" out err || { head -n 5 out err; fail "forescale $*: no \"$words\""; }
}

config file.yaml "{path: $rig/file.db}"
config tls.yaml "{url: \"postgresql://locked@$host/locked?hostaddr=127.0.0.1&sslrootcert=$ca\", passwordFile: $FORESCALE_POSTGRES_FOLDER/password}"
config wrong.yaml "{url: \"postgresql://locked@$host/locked?hostaddr=127.0.0.1&sslrootcert=$ca\", passwordFile: $rig/wrong}"
config open.yaml "{url: \"postgresql://locked:$password@$host/locked\"}"
config other.yaml "{url: \"postgresql://locked@127.0.0.1:$FORESCALE_POSTGRES_PORT/locked?sslrootcert=$ca\", passwordFile: $FORESCALE_POSTGRES_FOLDER/password}"
config nowhere.yaml "{url: \"postgresql://locked@$host/nowhere?hostaddr=127.0.0.1&sslrootcert=$ca\", passwordFile: $FORESCALE_POSTGRES_FOLDER/password}"
config down.yaml "{url: \"postgresql://locked@127.0.0.1:1/locked\", passwordFile: $rig/wrong}"

expect 1 "it is still empty" plan -c tls.yaml
for store in file tls; do
    expect 0 "" collect -c $store.yaml --from-csv "$demo" --at "$at"
    expect 0 "" history -c $store.yaml llama --at "$at"
    mv out $store.history
    "$forescale" plan -c $store.yaml --at "$at" -o json >$store.plan 2>>everything || fail "plan from $store"
done
[ "$(wc -l <tls.history)" -gt 20000 ] || fail "the history is $(wc -l <tls.history) lines"
diff -q file.history tls.history >/dev/null || fail "PostgreSQL's history is another"
diff -q file.plan tls.plan >/dev/null || fail "the plan from PostgreSQL is another"
expect 1 "store        postgresql://locked@$host/locked is whole" check -c tls.yaml --at "$at"
pass "history and plan of PostgreSQL, over verified TLS, equal the file's byte by byte"

expect 1 "the server refuses the login" plan -c wrong.yaml
expect 2 "store.url holds a password" plan -c open.yaml
expect 1 "TLS is verified" plan -c other.yaml
expect 1 "create it, or name another" plan -c nowhere.yaml
expect 75 "no connection" plan -c down.yaml
expect 2 "no PostgreSQL URL" plan -c file.yaml --store "postgresql://a/b?colour=red"
expect 1 "names no schema that is there" collect -c file.yaml --from-csv "$demo" --store "$FORESCALE_POSTGRES&options=-csearch_path%3Dnone"
pass "what a server refuses is said: login, certificate, database; down is try again later"

killed=0
for i in 1 2 3 4 5; do
    "$forescale" collect -c tls.yaml --from-csv "$demo" --at "$at" 2>>everything &
    victim=$!
    sleep 0.0"$i"
    ! kill -9 $victim 2>/dev/null || killed=$((killed + 1))
    wait $victim 2>/dev/null || true
done
[ $killed -ge 1 ] || fail "none was killed before it was done"
expect 0 "" history -c tls.yaml llama --at "$at"
diff -q file.history out >/dev/null || fail "a kill changed the history"
pass "killed $killed times while writing, nothing is lost"

! grep -qF -- "$password" everything || fail "the password was written"
! grep -arqF --exclude=open.yaml -- "$password" "$rig" || fail "the password is in a file"
pass "the password is nowhere"
echo "$passed passed, 0 failed"
