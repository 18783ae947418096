#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Secrets are planted in every place that takes one, and every command runs against servers that refuse and repeat what
# they were sent: nothing that is written may hold one. Then TLS that is not verified, and how the binary is hardened.
# Usage: tests/e2e/secrets.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
forescale=$build/forescale
read -r p_echo p_tls p_none <<<"$(free_ports 3)"
mkdir "$rig/secret" "$rig/written"
cd "$rig"
start echo python3 "$top/tests/e2e/echo_server.py" "$p_echo"
wait_for 10 "echo server" curl -s "http://127.0.0.1:$p_echo/401"

plant() { # NAME: a secret of that name, in a file
    echo "planted-$1-$RANDOM$RANDOM" >"secret/$1"
}
for name in bearer password header kube lambda database url aws-secret aws-session; do plant $name; done
# Basic authentication sends it in another form.
printf 'bob:%s' "$(cat secret/password)" | base64 -w 0 | tr -d = >secret/basic
cat secret/* >patterns
export API_KEY=$(cat secret/header) AWS_ACCESS_KEY_ID=AKIAPLANTED AWS_SECRET_ACCESS_KEY=$(cat secret/aws-secret) \
    AWS_SESSION_TOKEN=$(cat secret/aws-session) AWS_EC2_METADATA_DISABLED=true HOME=$rig

config() { # URL LOGIN
    export AWS_ENDPOINT_URL=$1
    cat >config.yaml <<C
apiVersion: forescale.dev/v1
kind: Config
store: {path: written/s.db}
interval: 60s
prometheus: {url: "$1", timeout: 2s, $2}
metrics: {pushgateway: "$1", timeout: 2s, $2}
lambdaCloud: {url: "$1", apiKeyFile: secret/lambda}
openCost: {url: "$1", bearerTokenFile: secret/bearer}
aws: {region: us-east-1}
pools:
  - {name: metrics, gpusPerNode: 8, instanceType: p5.48xlarge, price: {amount: 9 USD/h, source: Prometheus}}
  - {name: opencost, gpusPerNode: 8, instanceType: p5.48xlarge, price: {amount: 9 USD/h, source: OpenCost}}
  - {name: lambda, gpusPerNode: 8, instanceType: gpu_8x_h100, price: {amount: 9 USD/h, source: LambdaCloud}}
  - {name: spot, gpusPerNode: 8, instanceType: p5.48xlarge, price: {amount: 9 USD/h, source: EC2Spot}}
workloads:
  - name: llama
    mode: enforce
    target: {kind: HorizontalPodAutoscaler, namespace: inference, name: llama}
    demand: {query: demand, perReplica: 8}
    minReplicas: 2
    maxReplicas: 40
    pools: [metrics, opencost, lambda, spot]
budgets: [{name: gpu, ceiling: 400 USD, window: 6h, workloads: [llama], meter: {query: bill, unit: USD}}]
C
    cat >kubeconfig <<K
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "$1"}}]
users: [{name: u, user: {token: "$(cat secret/kube)"}}]
K
}
newest=$(tail -n 1 "$build/data/demo.csv" | cut -d, -f1)
awk -F, -v OFS=, -v s=$((($(date +%s) - newest) / 60 * 60)) -v after=$((newest - 2 * 86400)) 'NR == 1 {print} NR > 1 && $1 > after {$1 += s; print}' \
    "$build/data/demo.csv" >demand.csv
calls=0
call() { # COMMAND...: fails or not, but does not crash; what it says is kept
    local code=0
    calls=$((calls + 1))
    timeout 60 "$forescale" "$@" >"written/$calls.out" 2>"written/$calls.err" </dev/null || code=$?
    [ $code -lt 124 ] || { tail -n 20 "written/$calls.err"; fail "forescale $*: exit $code"; }
    echo "$code" >"written/$calls.code"
}
every_command() {
    local log="-c config.yaml --kubeconfig kubeconfig --log-level debug"
    call collect $log --since 1h
    call check $log --log-format json
    call plan $log -o json
    call run $log
    call run $log --dry-run=server --metrics written/metrics.prom
    call status $log
    call explain $log llama
    call report $log --output written/report.html
    call report $log --format json
    call restore $log --all
}
no_secret() { # WHAT
    local found
    found=$(grep -raoFf patterns written echo.log) && { echo "$found"; grep -rahFf patterns written | cut -c1-400 | head -n 3; fail "$1: a secret is written"; }
    find written -name '*.db*' ! -perm 600 | grep . && fail "$1: others may read the store"
    pass "$1: $(find written -type f | wc -l) files without a secret"
}
basic="username: bob, passwordFile: secret/password"
token="bearerTokenFile: secret/bearer, headers: {X-Api-Key: \"\${API_KEY}\"}"
config "http://127.0.0.1:$p_echo/200" "$token"
call collect -c config.yaml --from-csv demand.csv
[ "$(cat written/$calls.code)" = 0 ] || fail "collect --from-csv: $(cat written/$calls.err)"
for code in 200 400 401 302; do
    config "http://127.0.0.1:$p_echo/$code" "$token"
    every_command
done
config "http://127.0.0.1:$p_echo/403" "$basic"
every_command
grep -raq '\*\*\*\*\*\*' written || fail "nothing was repeated at all: the test tests nothing"
no_secret "servers that repeat what they were sent, in answers 200, 302, 400, 401, 403"
grep -q elsewhere echo.log || fail "no redirect was followed at all"
pass "redirects lead no secret to another host"
config "http://127.0.0.1:$p_none" "$token"
call collect -c config.yaml --kubeconfig kubeconfig --log-level debug
call check -c config.yaml --kubeconfig kubeconfig --log-level debug
no_secret "nobody listens"

planted=$(cat secret/url)
for url in "http://bob:$planted@127.0.0.1:$p_none" "ftp://bob:$planted@h"; do
    config "$url" "timeout: 2s"
    call check -c config.yaml
    [ "$(cat written/$calls.code)" = 2 ] || fail "a login in a URL passes"
done
config "http://127.0.0.1:$p_none" "timeout: 2s"
sed -i "s|headers: .*|headers: {X: \"\${NOT_SET}\"}|; s|prometheus: {|&headers: {X-Api-Key: \"\${API_KEY}\${NOT_SET}\"}, |" config.yaml
call check -c config.yaml
call run -c config.yaml --metrics "http://bob:$planted@127.0.0.1:$p_none"
config "http://127.0.0.1:$p_none" "timeout: 2s"
call run -c config.yaml --kubeconfig kubeconfig --metrics "http://bob:$planted@127.0.0.1:$p_none"
for store in "url: \"postgresql://bob:$planted@127.0.0.1:$p_none/x\"" "url: \"postgresql://bob@127.0.0.1:$p_none/x?sslmode=disable\", passwordFile: secret/database"; do
    sed "s|^store: .*|store: {$store}|" config.yaml >store.yaml
    call status -c store.yaml --log-level debug
    [ "$(cat written/$calls.code)" != 0 ] || fail "a store that is not there"
done
no_secret "logins in URLs, a database that is not there"

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=elsewhere -keyout key.pem -out cert.pem 2>openssl.log
cat key.pem >>cert.pem
start tls python3 "$top/tests/e2e/echo_server.py" "$p_tls" cert.pem
wait_for 10 "TLS" curl -sk "https://127.0.0.1:$p_tls/401"
warned() { grep -c 'TLS certificates are not verified' "written/$calls.err" || true; }
config "https://127.0.0.1:$p_tls/401" "$token"
call run -c config.yaml --kubeconfig kubeconfig
grep -qi 'certificate' "written/$calls.err" && [ "$(warned)" = 0 ] || { cat "written/$calls.err"; fail "an unknown certificate passes"; }
sed -i 's|cluster: {server|cluster: {insecure-skip-tls-verify: true, server|' kubeconfig
for i in 1 2; do
    call restore -c config.yaml --kubeconfig kubeconfig --expired
    [ "$(warned)" -ge 1 ] || { cat "written/$calls.err"; fail "a kubeconfig that verifies nothing is not told"; }
done
config "https://127.0.0.1:$p_tls/401" "$token, insecureSkipVerify: true"
for command in collect run; do
    call $command -c config.yaml --kubeconfig kubeconfig
    [ "$(warned)" -ge 1 ] || { cat "written/$calls.err"; fail "$command does not tell that TLS is not verified"; }
done
no_secret "TLS that is not verified is told in each run"

"$top/tests/rig/hardened.sh" "$forescale" || fail "the binary is not hardened"
pass "position-independent, read-only relocations, no executable stack, stack protector, _FORTIFY_SOURCE"
echo "$passed passed, 0 failed"
