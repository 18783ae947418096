# SPDX-License-Identifier: GPL-3.0-or-later
"""A Prometheus on a bad night: GET /mode/NAME chooses how queries are answered. Usage: bad_prometheus.py PORT"""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODE = "ok"
MATRIX = '{"status":"success","data":{"resultType":"matrix","result":[%s]}}'
SERIES = '{"metric":{"a":"%s"},"values":[[0,"1"]]}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, text, kind="application/json", length=None):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        global MODE
        MODE = self.path.rsplit("/", 1)[-1]
        self.answer(200, MODE)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if MODE == "html":
            self.answer(200, "<html>login</html>", "text/html")
        elif MODE == "half":
            whole = MATRIX % (SERIES % "x")
            self.answer(200, whole[: len(whole) // 2], length=len(whole))
            self.close_connection = True
        elif MODE == "400":
            self.answer(400, '{"status":"error","errorType":"bad_data","error":"parse error: unexpected end"}')
        elif MODE == "503":
            self.answer(503, "overloaded", "text/plain")
        elif MODE == "slow":
            time.sleep(10)
        elif MODE == "two":
            self.answer(200, MATRIX % (SERIES % "x" + "," + SERIES % "y"))
        else:
            self.answer(200, MATRIX % "")

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
