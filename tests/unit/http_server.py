# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server that misbehaves on demand. Prints its port; ends with its standard input."""
import collections
import http.server
import json
import sys
import threading
import time
import urllib.parse

seen = collections.Counter()  # requests by path and id
canned, asked = [], []  # answers to give under /api, requests that came there


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def start_chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = url.path.strip("/").split("/")
        seen[self.path] += 1
        getattr(self, "do_" + parts[0], self.do_missing)(parts, query, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def do_missing(self, *_):
        self.answer(404, b"no such page\n")

    def do_ok(self, *_):
        self.answer(200, b"hello", Warning='299 - "careful"', Content_Type="text/plain")

    def do_status(self, parts, *_):
        self.answer(int(parts[1]), b"\n code %s it is \nsecond line" % parts[1].encode())

    def do_html(self, parts, *_):
        self.answer(int(parts[1]), b"<!DOCTYPE html><p>Bad gateway", Content_Type="text/html")

    def do_flaky(self, parts, query, _):
        """/flaky/CODE/N: the first N answers are CODE, then 200; ?retry=S adds Retry-After."""
        if seen[self.path] <= int(parts[2]):
            headers = {"Retry_After": query["retry"]} if "retry" in query else {}
            return self.answer(int(parts[1]), b"not yet", **headers)
        self.answer(200, b"tries %d" % seen[self.path])

    def do_half(self, parts, *_):
        """/half/N/ID: the first N answers break off."""
        whole = seen[self.path] > int(parts[1])
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"0123456789" if whole else b"01234")
        self.close_connection = True

    def do_drip(self, *_):
        self.start_chunked()
        for _ in range(100):
            self.chunk(b".")
            time.sleep(0.05)
        self.chunk(b"")

    def do_chunked(self, *_):
        self.start_chunked()
        for piece in (b"one ", b"two ", b"three", b""):
            self.chunk(piece)

    def do_endless(self, *_):
        self.start_chunked()
        while True:
            self.chunk(b"x" * 4096)

    def do_redirect(self, parts, *_):
        left = int(parts[1])
        if left == 0:
            return self.do_echo(parts, {}, b"")
        self.answer(307, Location="/redirect/%d" % (left - 1))

    def do_elsewhere(self, *_):
        """To the same server under another name: credentials must stay behind."""
        self.answer(302, Location="http://localhost:%d/echo" % self.server.server_port)

    def do_file(self, *_):
        self.answer(302, Location="file:///etc/hostname")

    def do_echo(self, _parts, _query, body):
        answer = {"method": self.command, "path": self.path, "body": body.decode(),
                  "headers": {k.lower(): v for k, v in self.headers.items()}}
        self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def do_denied(self, *_):
        """401, and all that was sent once more, in the body and in a header."""
        sent = "; ".join("%s: %s" % h for h in self.headers.items())
        self.answer(401, sent.encode(), Warning=sent)

    def do_can(self, _parts, _query, body):
        """Takes [[code, answer], ...] for the next requests under /api and /apis."""
        canned[:] = json.loads(body)
        asked.clear()
        self.answer(200)

    def do_api(self, _parts, _query, body):
        asked.append(" ".join(filter(None, (self.command, self.path, body.decode()))))
        code, answer = canned.pop(0) if canned else (500, {"message": "nothing is canned"})
        self.answer(code, json.dumps(answer).encode(), Content_Type="application/json")

    do_apis = do_api

    def do_asked(self, *_):
        self.answer(200, "\n".join(asked).encode())

    def do_count(self, _parts, query, _body):
        self.answer(200, str(seen[query["of"]]).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # the client hung up: that is what some tests want
        pass


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
