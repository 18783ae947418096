# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands before a real API server and makes weather: POST /storm takes a list of rules, GET /storm tells what came since.
A rule: method, path (a pattern), times (absent: always), run (a command before the request goes on), and code, body and
headers of an answer instead (code 0: the connection breaks). Usage: storm_proxy.py PORT SERVER CA_FILE"""
import http.server
import json
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

port, server, authorities = int(sys.argv[1]), sys.argv[2], sys.argv[3]
trust = ssl.create_default_context(cafile=authorities)
rules, seen = [], []


class Storm(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def control(self, body):
        global rules
        told = json.dumps(seen).encode()
        if body:
            rules = json.loads(body)
            seen.clear()
        self.answer(200, told)

    def forward(self, body):
        keep = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding", "content-length")}
        request = urllib.request.Request(server + self.path, data=body or None, headers=keep, method=self.command)
        try:
            with urllib.request.urlopen(request, context=trust) as r:
                return r.status, r.read(), r.headers
        except urllib.error.HTTPError as e:
            return e.code, e.read(), e.headers

    def weather(self):
        for rule in rules:
            if rule.get("times", 1) > 0 and rule["method"] == self.command and re.search(rule["path"], self.path):
                if "times" in rule:
                    rule["times"] -= 1
                return rule
        return {}

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/storm":
            return self.control(body)
        entry = {"at": time.monotonic(), "method": self.command, "path": self.path, "auth": self.headers.get("Authorization", "")}
        rule = self.weather()
        if "run" in rule:
            subprocess.run(rule["run"], shell=True, check=True, stdout=subprocess.DEVNULL)
        if rule.get("code") == 0:
            self.close_connection = True
            return None
        if "code" in rule:
            code, told, headers = rule["code"], json.dumps(rule.get("body", {})).encode(), list(rule.get("headers", {}).items())
        else:
            code, told, answered = self.forward(body)
            headers = [(k, answered[k]) for k in ("Content-Type", "Retry-After") if answered[k]]
        seen.append({**entry, "code": code})
        return self.answer(code, told, headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


http.server.ThreadingHTTPServer(("127.0.0.1", port), Storm).serve_forever()
