# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses everything and repeats what it was sent, as debugging proxies do: /CODE/... is answered with CODE, a 302 leads
to the same server by another name. Where the host is not 127.0.0.1, the request is printed. Usage: echo_server.py PORT [CERT]"""
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        sent = "; ".join("%s: %s" % header for header in self.headers.items())
        if not self.headers["Host"].startswith("127."):
            print("elsewhere:", sent, flush=True)
        code = int((self.path.split("/") + ["200"])[1] or 200)
        text = json.dumps({"kind": "Status", "status": "error", "errorType": "denied", "error": sent, "message": sent, "sent": body})
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Warning", sent)
        if code == 302:
            self.send_header("Location", "%s://localhost:%d/401/" % ("https" if len(sys.argv) > 2 else "http", PORT))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
