# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS as far as a client's login goes: instance metadata (v2), a container's endpoint, STS without a signature, and
service calls whose Signature Version 4 is computed anew here. Prints its port; ends with its standard input."""
import hashlib
import hmac
import http.server
import json
import sys
import threading
import urllib.parse

SECRETS = {"AKENV": "secret/env", "AKFILE": "secret+file", "AKWEB": "secretweb", "AKPOD": "secretpod", "AKIMDS": "secretimds"}
TOKENS = {"AKWEB": "web-token", "AKPOD": "pod-token", "AKIMDS": "imds-token"}


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(method, path, headers, names, body, scope, when, secret):
    canonical = "\n".join([method, path, "", *(f"{n}:{' '.join(headers[n].split())}" for n in names), "", ";".join(names), hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = mac(key, part)
    return mac(key, to_sign).hex()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, text):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def keys(self, key_id):
        return json.dumps({"Code": "Success", "AccessKeyId": key_id, "SecretAccessKey": SECRETS[key_id], "Token": TOKENS[key_id]})

    def metadata(self):
        if self.path == "/latest/api/token":
            good = self.command == "PUT" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
            return self.answer(200 if good else 400, "T0K")
        if self.headers.get("X-aws-ec2-metadata-token") != "T0K":
            return self.answer(401, "")
        page = self.path[len("/latest/meta-data/"):]
        pages = {"placement/region": "eu-central-1", "iam/security-credentials/": "node-role", "iam/security-credentials/node-role": self.keys("AKIMDS")}
        return self.answer(200 if page in pages else 404, pages.get(page, ""))

    def sts(self, form):
        if form.get("WebIdentityToken") != "jwt" or "Authorization" in self.headers:
            return self.answer(400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error></ErrorResponse>")
        return self.answer(200, "<AssumeRoleWithWebIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleWithWebIdentityResult>"
                           "<Credentials><AccessKeyId>AKWEB</AccessKeyId><SecretAccessKey>secretweb</SecretAccessKey><SessionToken>web-token</SessionToken>"
                           "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")

    def who(self, body):
        """The key that signed the request; None where the signature is wrong."""
        auth = self.headers.get("Authorization", "")
        if not auth.startswith("AWS4-HMAC-SHA256 "):
            return None, None
        parts = dict(p.strip().split("=", 1) for p in auth[len("AWS4-HMAC-SHA256 "):].split(","))
        key_id, scope = parts["Credential"].split("/", 1)
        headers = {k.lower(): v for k, v in self.headers.items()}
        names = parts["SignedHeaders"].split(";")
        token = TOKENS.get(key_id)
        if token and (headers.get("x-amz-security-token") != token or "x-amz-security-token" not in names):
            return None, scope
        wanted = signature(self.command, self.path, headers, names, body, scope, headers["x-amz-date"], SECRETS.get(key_id, ""))
        return (key_id if hmac.compare_digest(wanted, parts["Signature"]) else None), scope

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(urllib.parse.parse_qsl(body.decode())) if body[:1] != b"{" else {}
        if self.path.startswith("/latest/"):
            return self.metadata()
        if self.path == "/pod-keys":
            good = self.headers.get("Authorization") == "pod-secret"
            return self.answer(200 if good else 403, self.keys("AKPOD"))
        if form.get("Action") == "AssumeRoleWithWebIdentity":
            return self.sts(form)
        key_id, scope = self.who(body)
        if not key_id:
            return self.answer(403, "<Response><Errors><Error><Code>AuthFailure</Code><Message>not by us</Message></Error></Errors></Response>")
        if form.get("Action") == "Busy":
            return self.answer(400, "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>")
        if self.path == "/clusters/gone":
            return self.answer(404, json.dumps({"message": "No cluster found", "code": "ResourceNotFoundException"}))
        if self.path.startswith("/clusters/"):
            return self.answer(200, json.dumps({"who": key_id, "scope": scope, "method": self.command}))
        return self.answer(200, f"<r xmlns='urn:x'><who>{key_id}</who><scope>{scope}</scope><item>{form.get('A.1')}</item><item>{form.get('A.2')}</item></r>")

    do_GET = do_POST = do_PUT = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
