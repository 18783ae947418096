# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy that knows CONNECT alone, and writes a line for each. Usage: connect_proxy.py PORT"""
import select
import socket
import socketserver
import sys


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, place, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        print(method, place, flush=True)
        host, port = place.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = {there: self.connection, self.connection: there}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Tunnel).serve_forever()
