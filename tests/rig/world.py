# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world for tests that need thousands of runs: a Prometheus over a function of time, an API server that keeps
objects by compare-and-set as the real one does, and an autoscaler that follows the bounds. Its clock is the test's, and any
request can be made to go wrong. (Against real ones: tests/e2e/history.sh, cluster.sh, traps.sh.)"""
import copy
import json
import math
import os
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCALED = "/apis/keda.sh/v1alpha1/namespaces/inference/scaledobjects/llama"
HPA = "/apis/autoscaling/v2/namespaces/inference/horizontalpodautoscalers/mistral"
DEPLOYMENTS = "/apis/apps/v1/namespaces/inference/deployments/"
RECORD = "/api/v1/namespaces/forescale/configmaps/forescale-record"
TARGETS = {SCALED: ("llama", (2, 40)), HPA: ("mistral", (2, 40)), DEPLOYMENTS + "warm": ("gpu", (0, 0))}  # name, baseline
PER_REPLICA, GPUS, POD_START_S, NODE_START_S = 6.4, 8, 63, 345
CEILING = 900

CONFIG = """apiVersion: forescale.dev/v1
kind: Config
store: {store}
interval: 60s
timeZone: {zone}
prometheus: {{url: "{url}", timeout: 2s}}
pools:
  - {{name: gpu, gpusPerNode: 8, price: 16 USD/h, maxNodes: 12, lead: 345s, nodeSelector: {{pool: gpu}},
     prewarm: {{kind: Placeholder, namespace: inference, name: warm}}}}
workloads:
  - {{name: llama, target: {{kind: ScaledObject, namespace: inference, name: llama}}, mode: enforce, lead: 63s, pools: [gpu], model: {model},
     demand: {{query: demand, perReplica: 8}}, objective: {{quantile: 0.95}}}}
  - {{name: mistral, target: {{kind: HorizontalPodAutoscaler, namespace: inference, name: mistral}}, mode: enforce, lead: 63s, pools: [gpu],
     model: {model}, demand: {{query: demand, perReplica: 16}}, objective: {{quantile: 0.9}}}}
budgets: [{{name: gpu, ceiling: {ceiling} USD, window: 6h}}]
"""


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def daily(t):
    """Quiet days with one hour of work, in full five minutes after nine: when pods are due, nodes for more are ordered."""
    minute = t // 60 % 1440
    return 6 + minute % 7 / 10 + (150 if 545 <= minute < 600 else 50 if 540 <= minute < 545 else 0)


def after_of(text):
    """Bounds as the ledger writes them."""
    bounds = json.loads(text)
    return (bounds["nodes"],) * 2 if "nodes" in bounds else (bounds["minReplicas"], bounds["maxReplicas"])


def merge(into, patch):
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            into[key] = merge(into[key] if isinstance(into.get(key), dict) else {}, value)
        else:
            into[key] = value
    return into


def deployment(name, replicas):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "inference"},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}}, "status": {}}


class World:
    """demand(t): the series `demand`, or None. Objects are by path; `writes` has each change of a size or a bound."""

    def __init__(self, demand, now):
        self.demand, self.now = demand, now
        self.lock = threading.RLock()
        self.fault = None  # (request, how): the Nth request goes wrong; (request, how, "after"): and all later ones
        self.requests = 0
        self.by = "run"  # the command that is at work: `restore` needs no store, and tells no ledger
        self.reset()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"world": self}))
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.version, self.objects, self.writes = 0, {}, []
        target = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment"}}
        for path, api, kind, bounds in ((SCALED, "keda.sh/v1alpha1", "ScaledObject", ("minReplicaCount", "maxReplicaCount")),
                                        (HPA, "autoscaling/v2", "HorizontalPodAutoscaler", ("minReplicas", "maxReplicas"))):
            name = path.rsplit("/", 1)[1]
            spec = merge(copy.deepcopy(target), {"scaleTargetRef": {"name": name}, bounds[0]: 2, bounds[1]: 40})
            self.put(path, {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "inference"}, "spec": spec})
            self.put(DEPLOYMENTS + name, deployment(name, 4))
        self.put(DEPLOYMENTS + "warm", deployment("warm", 0))
        self.pods, self.nodes, self.born = {}, {}, 0
        self.settle()
        for kept in (self.pods, self.nodes):  # these have been there for long
            for thing in kept.values():
                thing["created"] -= 86400

    def put(self, path, body):
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        body["metadata"].setdefault("uid", "uid-" + path.rsplit("/", 1)[1])
        self.objects[path] = body

    # ---- the autoscaler, pods and nodes

    def bounds(self, path):
        spec = self.objects[path]["spec"]
        if path.startswith(DEPLOYMENTS):
            return spec["replicas"], spec["replicas"]
        least, most = ("minReplicaCount", "maxReplicaCount") if path == SCALED else ("minReplicas", "maxReplicas")
        return spec[least], spec[most]

    def settle(self):
        """What a minute does: replicas follow demand within their bounds, down by one; pods and nodes come and go."""
        for path, share in ((SCALED, 1), (HPA, 2)):
            name = path.rsplit("/", 1)[1]
            least, most = self.bounds(path)
            had = self.objects[DEPLOYMENTS + name]["spec"]["replicas"]
            wanted = math.ceil((self.demand(self.now) or 0) / PER_REPLICA / share)
            self.resize(name, min(most, max(least, wanted, had - 1)))
        self.resize("warm", self.objects[DEPLOYMENTS + "warm"]["spec"]["replicas"])
        replicas = sum(len(self.pods_of(name)) for name in ("llama", "mistral"))
        wanted = max(math.ceil(replicas / GPUS) + len(self.pods_of("warm")), 1)
        while len(self.nodes) < wanted:
            self.born += 1
            self.nodes["node-%d" % self.born] = {"created": self.now}
        while len(self.nodes) > wanted:
            self.nodes.popitem()
        names = list(self.nodes)
        for i, pod in enumerate(p for p in self.pods.values() if p["app"] != "warm"):
            if pod["node"] not in self.nodes:
                pod["node"] = names[i // GPUS % len(names)]

    def pods_of(self, name):
        return [p for p in self.pods.values() if p["app"] == name]

    def resize(self, name, replicas):
        self.objects[DEPLOYMENTS + name]["spec"]["replicas"] = replicas
        while len(self.pods_of(name)) < replicas:
            self.born += 1
            self.pods["%s-%d" % (name, self.born)] = {"app": name, "created": self.now, "node": ""}
        for pod in [p for p, v in self.pods.items() if v["app"] == name][replicas:]:
            del self.pods[pod]
        ready = sum(p["created"] + POD_START_S <= self.now for p in self.pods_of(name))
        self.objects[DEPLOYMENTS + name]["status"] = {"replicas": replicas, "readyReplicas": ready}

    def list(self, resource, labels):
        def shown(name, made, labels, ready_s, spec):
            status = {"conditions": [{"type": t, "status": "True", "lastTransitionTime": stamp(made + s)}
                                     for t, s in (("PodScheduled", 0), ("Ready", ready_s)) if made + s <= self.now]}
            return {"metadata": {"name": name, "uid": name, "creationTimestamp": stamp(made), "labels": labels}, "spec": spec, "status": status}
        things = {"pods": [shown(n, p["created"], {"app": p["app"]}, POD_START_S, {"nodeName": p["node"]}) for n, p in self.pods.items()],
                  "nodes": [shown(n, v["created"], {"pool": "gpu"}, NODE_START_S, {}) for n, v in self.nodes.items()]}
        return [t for t in things.get(resource, []) if all(t["metadata"]["labels"].get(k) == v for k, v in labels)]

    # ---- what must always be so

    def floors(self):
        return {name: self.bounds(path) for path, (name, _) in TARGETS.items()}

    def raised(self):
        """Whose floor stands above its baseline. (A cap never rises by itself.)"""
        return [name for path, (name, baseline) in TARGETS.items() if self.bounds(path)[0] > baseline[0]]

    def unsafe(self):
        """None, or what could not be taken back with nothing but the API, or stands where it may not."""
        sized = json.loads(self.objects.get(RECORD, {}).get("data", {}).get("Placeholder.inference.warm", "{}"))
        for path, (name, baseline) in TARGETS.items():
            notes = self.objects[path]["metadata"].get("annotations", {})
            had, until = notes.get("forescale.dev/baseline"), notes.get("forescale.dev/expires-at")
            if name == "gpu":
                had, until = "%s-%s" % ((sized.get("baseline"),) * 2), sized.get("expiresAt")
            least, most = self.bounds(path)
            if (least, most) != baseline and (had != "%d-%d" % baseline or not until):
                return "%s stands at %s with the record %s until %s" % (name, (least, most), had, until)
            if not baseline[0] <= least <= most or most > max(baseline[1], 12):
                return "%s stands at %s" % (name, (least, most))
        return None

    def untrue(self, store, ended_well):
        """None, or what the ledger of a store in a file does not tell of this world, or tells wrongly."""
        db = sqlite3.connect(store)
        if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return "the store is damaged"
        rows = [(name, before != after and after_of(after), outcome, run) for name, before, after, outcome, run in db.execute(
            "SELECT object, before, after, outcome, run_id FROM ledger LEFT JOIN receipt ON ledger.id = ledger_id WHERE kind = 'act' ORDER BY ledger.id")]
        db.close()
        intents = {(name, after) for name, after, _, _ in rows if after}
        applied = {(name, after) for name, after, outcome, _ in rows if after and outcome == "applied"}
        written = {(TARGETS[path][0], new) for _, path, _, new, by in self.writes if by == "run"}
        if not written <= intents or not applied <= written:
            return "written %s, intents %s, applied %s" % (written, intents, applied)
        if ended_well and None in {outcome for _, _, outcome, run in rows if run == rows[-1][3]}:
            return "a run that ended well left an intent without a receipt"
        return None

    # ---- requests

    def query(self, form):
        start, end, step = (int(float(form[k][0])) for k in ("start", "end", "step"))
        points = [[t, "%g" % v] for t in range(start, min(end, self.now) + 1, step) for v in [self.demand(t)] if v is not None]
        result = [{"metric": {}, "values": points}] if points else []
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}

    def refuse(self, code, reason):
        return code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason}

    def write(self, method, path, body, dry):
        at = path[: -len("/scale")] if path.endswith("/scale") else path
        old = self.objects.get(at)
        if method == "POST":
            if not body["metadata"].keys() & {"name", "generateName"}:
                return self.refuse(422, "Invalid")
            name = body["metadata"].get("name") or body["metadata"]["generateName"] + str(self.version)
            at = path + "/" + name
            if at in self.objects:
                return self.refuse(409, "AlreadyExists")
        elif old is None:
            return self.refuse(404, "NotFound")
        elif body["metadata"].get("resourceVersion", old["metadata"]["resourceVersion"]) != old["metadata"]["resourceVersion"]:
            return self.refuse(409, "Conflict")
        new = merge(copy.deepcopy(old), body) if method == "PATCH" else body
        if new == old:
            return 200, old
        if not dry:
            before = self.bounds(at) if at in (SCALED, HPA, DEPLOYMENTS + "warm") else None
            self.put(at, copy.deepcopy(new))
            if before and before != self.bounds(at):
                self.writes.append((self.now, at, before, self.bounds(at), self.by))
        return 201 if method == "POST" else 200, self.objects.get(at, new)

    def answer(self, method, url, body):
        path, query = url.path, urllib.parse.parse_qs(url.query)
        if path == "/api/v1/query_range":
            return self.query(urllib.parse.parse_qs(body.decode()))
        if method == "GET":
            if path in self.objects:
                return 200, self.objects[path]
            if path.rsplit("/", 1)[1] in ("pods", "nodes"):
                labels = [tuple(pair.split("=", 1)) for pair in query.get("labelSelector", [""])[0].split(",") if pair]
                return 200, {"kind": "List", "metadata": {}, "items": self.list(path.rsplit("/", 1)[1], labels)}
            return self.refuse(404, "NotFound")
        return self.write(method, path, json.loads(body), "dryRun" in query)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- login and configuration

    def login(self, folder):
        path = os.path.join(folder, "kubeconfig")
        with open(path, "w") as f:
            f.write("apiVersion: v1\nkind: Config\ncurrent-context: w\ncontexts: [{name: w, context: {cluster: w, user: w, namespace: forescale}}]\n"
                    "clusters: [{name: w, cluster: {server: \"%s\"}}]\nusers: [{name: w, user: {token: t}}]\n" % self.url)
        return path

    def config(self, path, store, ceiling=CEILING, zone="Etc/UTC", model="mix"):
        with open(path, "w") as f:
            f.write(CONFIG.format(store=store, url=self.url, ceiling=ceiling, zone=zone, model=model))
        return path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet
    disable_nagle_algorithm = True
    world = None

    def log_message(self, *args):
        pass

    def send(self, code, body, headers=(), cut=0):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])
        self.wfile.flush()

    def drop(self):
        """No word, and the connection is reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def serve(self):
        w = self.world
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        with w.lock:
            w.requests += 1
            how = None
            if w.fault and (w.requests == w.fault[0] or (len(w.fault) > 2 and w.requests > w.fault[0])):
                how = w.fault[1]
            if isinstance(how, int):
                code, answer = w.refuse(how, "Failed")
            elif how == "drop":
                return self.drop()
            else:
                code, answer = w.answer(self.command, url, body)
            data = json.dumps(answer).encode()
        if how == "lost":  # it was done, and nobody is told
            self.drop()
        elif how == "half":
            self.close_connection = True
            self.send(code, data, cut=len(data) // 2)
        elif how == "nonsense":
            self.send(200, b"<p>" + data[:40])
        else:
            self.send(code, data, [("Retry-After", "0")] if how in (429, 503) else [])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve


def forescale(build, *args, at, fault=None, count=None, cwd=None, timeout=120):
    """A run of the program at a time of the test's: (exit code, output, errors, kibibytes)."""
    env = dict(os.environ, FAULT_TIME=str(at), LD_PRELOAD=os.path.join(build, "tests/libfaults.so"))
    for key, value in (("FAULT", fault), ("FAULT_COUNT", count)):
        if value:
            env[key] = value
    done = subprocess.run([os.path.join(build, "forescale"), *args], env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    return done.returncode, done.stdout.decode(), done.stderr.decode()
