#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a command beside a PostgreSQL server of its own, which is gone afterwards: on loopback, in a temporary folder, by a
# user that is not root. FORESCALE_POSTGRES is its URL (user forescale, who needs no password); user locked has the
# password in $FORESCALE_POSTGRES_FOLDER/password, and TLS by $FORESCALE_POSTGRES_FOLDER/ca.pem.
# Usage: tests/rig/with_postgres.sh COMMAND...
set -euo pipefail
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | while read -r d; do [ ! -x "$d/initdb" ] || echo "$d"; done | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || { echo "SKIPPED: no PostgreSQL server: install postgresql" >&2; exit 77; }
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid postgres --regid postgres --init-groups --) # no process stands between

folder=$(mktemp -d -t forescale-pg.XXXXXX)
server=
end() {
    local code=$?
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true # a fast shutdown
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
    exit "$code"
}
trap end EXIT
trap 'exit 143' TERM INT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/ca.pem" 2>/dev/null
head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$folder/password"
chmod 755 "$folder"
chmod 600 "$folder/key.pem"
mkdir "$folder/socket"
[ "$(id -u)" != 0 ] || chown postgres "$folder" "$folder/socket" "$folder/key.pem"
"${as[@]}" "$bin/initdb" -D "$folder/data" -U forescale -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
"${as[@]}" tee "$folder/data/pg_hba.conf" >/dev/null <<'C'
local all all trust
hostssl all locked 127.0.0.1/32 scram-sha-256
host all forescale 127.0.0.1/32 trust
C
for _ in 1 2 3; do # another program may take the port between our look and the server's
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "${as[@]}" "$bin/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$folder/socket" \
        -c fsync=off -c max_connections=50 -c ssl=on -c ssl_cert_file="$folder/ca.pem" -c ssl_key_file="$folder/key.pem" >"$folder/server.log" 2>&1 &
    server=$!
    for _ in $(seq 100); do
        ! "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" || break 2
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    wait "$server" || true
    server=
done
[ -n "$server" ] || { cat "$folder/server.log" >&2; exit 1; }
"$bin/psql" -qX -h "$folder/socket" -p "$port" -U forescale postgres \
    -c "CREATE ROLE locked LOGIN PASSWORD '$(cat "$folder/password")'" -c "CREATE DATABASE locked OWNER locked"
export FORESCALE_POSTGRES="postgresql://forescale@127.0.0.1:$port/postgres?sslmode=disable"
export FORESCALE_POSTGRES_FOLDER=$folder FORESCALE_POSTGRES_PORT=$port FORESCALE_POSTGRES_SERVER=$server
"$@"
