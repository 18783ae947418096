# SPDX-License-Identifier: GPL-3.0-or-later
"""Lambda's cloud as its API documents it: instances page by page, types with prices, launch and terminate with their
limits and errors. Usage: lambda_cloud.py PORT KEY [SECONDS_BETWEEN_LAUNCHES]. POST /control {"busy": N} answers 429 to the
next N requests, {"down": true} 503 to all, {"no_capacity": true} refuses launches, {"instances": [[TYPE, STATUS, NAME]...]}
adds what runs, {"lose": N} ends N machines that have a name; its answer says what runs."""
import http.server
import itertools
import json
import sys
import threading
import time
import urllib.parse

port, key = int(sys.argv[1]), sys.argv[2]
pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 10
PAGE = 2
TYPES = {"gpu_8x_h100_sxm5": 2392, "gpu_1x_a10": 75}
ids = itertools.count(1)
state = {"instances": [], "busy": 0, "down": False, "no_capacity": False, "launched": 0.0}
lock = threading.Lock()


def type_of(name):
    return {"name": name, "description": name, "price_cents_per_hour": TYPES[name],
            "specs": {"vcpus": 26, "memory_gib": 200, "storage_gib": 1024, "gpus": int(name.split("_")[1][:-1])}}


def instance(type_name, status="booting", name=None, tags=()):
    number = next(ids)
    return {"id": f"{number:032x}", "name": name, "ip": f"10.0.{number // 256}.{number % 256}", "status": status, "ssh_key_names": ["ops"], "file_system_names": [],
            "tags": list(tags), "region": {"name": "us-east-1", "description": "Virginia, USA"}, "instance_type": type_of(type_name)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, code, name, message):
        self.answer(code, {"error": {"code": f"global/{name}" if "/" not in name else name, "message": message, "suggestion": ""}})

    def control(self, body):
        for type_name, status, *name in body.pop("instances", []):
            state["instances"].append(instance(type_name, status, *name))
        ours = [i for i in state["instances"] if i["name"] and i["status"] != "terminated"]
        lost = ours[:body.pop("lose", 0)]
        for i in lost:
            i["status"] = "terminated"
        state.update(body)
        self.answer(200, {"lost": [i["id"] for i in lost], "addresses": [i["ip"] for i in ours if i not in lost],
                          "running": sum(i["status"] != "terminated" for i in state["instances"]),
                          "names": sorted({i["name"] for i in state["instances"] if i["name"] and i["status"] != "terminated"})})

    def launch(self, body):
        if len(body.get("ssh_key_names", [])) != 1 or body.get("instance_type_name") not in TYPES or not body.get("region_name"):
            return self.refuse(400, "invalid-parameters", "Invalid request data.")
        if state["no_capacity"]:
            return self.refuse(400, "instance-operations/launch/insufficient-capacity", "Not enough capacity to fulfill launch request.")
        if time.monotonic() - state["launched"] < pause_s:
            return self.refuse(429, "rate-limited", "One launch in some seconds.")
        state["launched"] = time.monotonic()
        new = [instance(body["instance_type_name"], "booting", body.get("name"), body.get("tags", [])) for _ in range(body.get("quantity", 1))]
        state["instances"] += new
        return self.answer(200, {"data": {"instance_ids": [i["id"] for i in new]}})

    def terminate(self, body):
        gone = [i for i in state["instances"] if i["id"] in body["instance_ids"] and i["status"] != "terminated"]
        if len(gone) != len(body["instance_ids"]):
            return self.refuse(404, "object-does-not-exist", "Specified instance does not exist.")
        for i in gone:
            i["status"] = "terminated"
        return self.answer(200, {"data": {"terminated_instances": gone}})

    def listing(self, query):
        live = [i for i in state["instances"] if i["status"] != "terminated"]
        start = int(query.get("page_token", "0"))
        token = str(start + PAGE) if start + PAGE < len(live) else None
        self.answer(200, {"data": live[start:start + PAGE], "page_token": token})

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlparse(self.path)
        with lock:
            if url.path == "/control":
                return self.control(json.loads(raw or b"{}"))
            if state["down"]:
                return self.refuse(503, "internal-error", "Down.")
            if state["busy"] > 0:
                state["busy"] -= 1
                return self.refuse(429, "rate-limited", "Too many requests.")
            if self.headers.get("Authorization") != f"Bearer {key}":
                return self.refuse(401, "invalid-api-key", "API key was invalid, expired, or deleted.")
            if self.command == "GET" and url.path == "/instances":
                return self.listing(dict(urllib.parse.parse_qsl(url.query)))
            if self.command == "GET" and url.path == "/instance-types":
                return self.answer(200, {"data": {n: {"instance_type": type_of(n), "regions_with_capacity_available": []} for n in TYPES}})
            if self.command == "POST" and url.path == "/instance-operations/launch":
                return self.launch(json.loads(raw))
            if self.command == "POST" and url.path == "/instance-operations/terminate":
                return self.terminate(json.loads(raw))
            return self.refuse(404, "object-does-not-exist", "No such page.")

    do_GET = do_POST = serve


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
