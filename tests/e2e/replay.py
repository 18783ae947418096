# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a CSV of minutes (timestamp,value) as a Prometheus gauge on wall time. Usage: replay.py CSV PORT"""
import bisect
import csv
import http.server
import sys
import time

with open(sys.argv[1]) as file:
    rows = [(int(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
times = [at for at, _ in rows]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        value = rows[bisect.bisect(times, time.time()) - 1][1]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"# TYPE demand gauge\ndemand %g\n" % value)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
