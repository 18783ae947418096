# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the tests of clouds: moto's AWS with its signatures checked, and the double of Lambda's cloud. MOTO is a
# virtual environment with moto[server].
[ -x "${MOTO:-}/bin/moto_server" ] || { echo "SKIPPED: MOTO names no virtual environment with moto[server] (./dev test makes one)"; exit 0; }
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 HOME=$rig
unset AWS_PROFILE AWS_SESSION_TOKEN

signatures_unchecked() { # CALLS: so many of the next ones
    curl -fs -X POST -H 'Content-Type: application/octet-stream' --data-binary "$1" "$AWS_ENDPOINT_URL/moto-api/reset-auth" >/dev/null || fail "moto's reset-auth"
}

start_moto() { # PORT SETUP: runs the python SETUP with `client(service)`, then checks every signature
    start moto env INITIAL_NO_AUTH_ACTION_COUNT=1000000 "$MOTO/bin/moto_server" -H 127.0.0.1 -p "$1"
    wait_for 60 "moto" curl -fs "http://127.0.0.1:$1/moto-api/"
    export AWS_ENDPOINT_URL=http://127.0.0.1:$1
    AWS_ACCESS_KEY_ID=setup AWS_SECRET_ACCESS_KEY=setup "$MOTO/bin/python" - >"$rig/keys" <<P || fail "moto's setup"
import boto3, json
def client(service):
    return boto3.client(service, region_name="us-east-1")
$2
iam = client("iam")
iam.create_user(UserName="forescale")
iam.put_user_policy(UserName="forescale", PolicyName="all", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ec2:*", "autoscaling:*", "eks:*"], "Resource": "*"}]}))
key = iam.create_access_key(UserName="forescale")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
P
    signatures_unchecked 0
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY <"$rig/keys"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}

start_lambda() { # PORT [SECONDS_BETWEEN_LAUNCHES]
    echo "lambda-key" >"$rig/lambda.key"
    start lambda python3 "$top/tests/e2e/lambda_cloud.py" "$1" lambda-key "${2:-10}"
    lambda_url=http://127.0.0.1:$1
    wait_for 10 "Lambda's cloud" curl -fs -d '{}' "$lambda_url/control"
}
lambda_is() { curl -fs -d "$1" "$lambda_url/control"; }
