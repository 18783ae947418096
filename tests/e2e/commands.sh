#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every command of the program's own table: its help, its manual page, its completion in three shells, and its example,
# which is run. Every kind of error: what to do stands below it. Usage: tests/e2e/commands.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
read -r port p_kube <<<"$(free_ports 2)"
start_prometheus "$build/data/demo.csv" 0 "$port"
mkdir -p "$rig/place/bin"
ln -s "$build/forescale" "$rig/place/bin/forescale"
cd "$rig/place"
PATH=$PWD/bin:$PATH
cp "$build/data/demo.csv" demand.csv
sed "s|^interval|store: {path: s.db}\nprometheus: {url: \"http://127.0.0.1:$port\"}\ninterval|; s|demand: {|&query: vector(5), |" "$top/data/demo.yaml" >config.yaml
grep -q 'query: vector' config.yaml || fail "the demo's workload has another form"
forescale run -c config.yaml >/dev/null 2>&1 || fail "a first run"

# A cluster in which nothing of ours is left, for the example of restore.
start cluster python3 -c '
import http.server, sys
class Empty(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{\"kind\": \"List\", \"apiVersion\": \"v1\", \"metadata\": {}, \"items\": []}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Empty).serve_forever()' "$p_kube"
cat >"$rig/kubeconfig" <<Y
apiVersion: v1
kind: Config
current-context: empty
clusters: [{name: empty, cluster: {server: "http://127.0.0.1:$p_kube"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: empty, context: {cluster: empty, user: nobody}}]
Y

complete_words() { bash -c '. ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _forescale; echo "${COMPREPLY[*]}"' bash forescale "$@" 2>/dev/null; }
for shell in bash zsh fish; do forescale completion $shell >completion.$shell || fail "completion $shell"; done
commands=$(forescale help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
[ "$(wc -w <<<"$commands")" -ge 16 ] || fail "help lists $commands"
for command in $commands; do
    forescale help "$command" >help.txt || fail "help $command"
    forescale "$command" --help | cmp -s - help.txt || fail "$command --help is not help $command"
    forescale help man "$command" >page && man --warnings=w -l page >page.txt 2>page.err && [ ! -s page.err ] || { cat page.err; fail "the manual page of $command"; }
    [ -s "$build/man/man1/forescale-$command.1" ] && cmp -s page "$build/man/man1/forescale-$command.1" || fail "the package's manual page of $command is another one"
    example=$(sed -n 's/^Example: //p' help.txt)
    [ -n "$example" ] && tr -s ' \n' ' ' <page.txt | sed 's/‐/-/g' | grep -qF -- "$example" || fail "$command has no example, or its page another one"
    [[ " $(complete_words "${command:0:3}") " == *" $command "* ]] && grep -qw -- "$command" completion.zsh && grep -qw -- "$command" completion.fish || fail "$command is not completed"
    for option in $(grep -oE '^ *(-[a-z], )?--[a-z-]+' help.txt | grep -oE -- '--[a-z-]+'); do
        [[ " $(complete_words "$command" "$option") " == *" $option "* ]] || fail "bash does not complete $command $option"
        grep -q -- "${option#--}" completion.zsh && grep -q -- "${option#--}" completion.fish || fail "zsh or fish does not complete $option"
    done
    mkdir -p elsewhere
    (
        [ "$command" != init ] || cd elsewhere # its example writes config.yaml
        [ "$command" != restore ] || export KUBECONFIG=$rig/kubeconfig
        bash -euc "$example" >"$rig/example.out" 2>"$rig/example.err" </dev/null
    ) || { cat "$rig/example.out" "$rig/example.err"; fail "the example of $command fails: $example"; }
    [ -s "$rig/example.out" ] || [ -s report.html ] || [ -s elsewhere/config.yaml ] || fail "the example of $command says nothing"
done
[ -s elsewhere/config.yaml ] && [ -s report.html ] || fail "an example left no file"
pass "$(wc -w <<<"$commands") commands: help, manual page, completion, and an example that runs"

advice() { sed -n "s/^| \`$1\` |.*| *\(.*\) |\$/\1/p" "$top/docs/errors.md" | tr -d '\`'; }
expect() { # STATUS COMMAND...: it fails, and what the manual has for such an error stands below
    local advice
    advice=$(advice "$1")
    [ -n "$advice" ] || fail "docs/errors.md has no advice for $1"
    ! forescale "${@:2}" >out 2>err </dev/null || fail "forescale ${*:2} does not fail"
    [ "$(tail -n 1 err)" = "what to do: $advice" ] && tail -n 2 err | head -n 1 | grep -q '^forescale: ' || { cat err; fail "forescale ${*:2}: not \"$advice\""; }
}
printf 'timestamp,value\n1793004000,five\n' >bad.csv
echo precious >notes.db
sed 's/ceiling: 400 USD/ceiling: 1 USD/' config.yaml >poor.yaml
sed 's/s.db/nothing.db/; /^prometheus/d' config.yaml >nothing.yaml
forescale run -c nothing.yaml >/dev/null 2>&1 || fail "a run without history"
sed 's/interval:/intervall:/' config.yaml >typo.yaml
expect usage plan -c config.yaml --step
expect config plan -c typo.yaml
expect data forecast --input bad.csv
expect missing forecast -c nothing.yaml
expect budget plan -c poor.yaml
expect store plan -c config.yaml --store notes.db
expect io forecast --input nowhere.csv
for status in usage config data remote denied missing conflict budget store io nomem bug; do
    grep -qaF "$(advice $status)" "$build/forescale" || fail "the program and docs/errors.md give other advice for $status"
done
pass "every kind of error says what to do, as docs/errors.md has it"
echo "$passed passed, 0 failed"
