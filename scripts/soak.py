# SPDX-License-Identifier: GPL-3.0-or-later
"""Weeks of CronJob ticks in a row, as quick as they go: each minute is collected from a CSV into a store and planned by a
call that reads and writes --state, and by one `plan --stream` that lives all the time. Once a day 30 runs are missed and
caught up. Held throughout: both plan the same to the byte; memory, the state and a sample's place in the store do not grow;
nothing passes the maximum; and every four hours a plan from the whole history alone sees the same demand.
Usage: soak.py BUILD_FOLDER TICKS"""
import json
import os
import subprocess
import sys
import tempfile

build, ticks = os.path.abspath(sys.argv[1]), int(sys.argv[2])
top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
forescale, trace = build + "/forescale", build + "/data/demo.csv"
DAY, WEEK, WARM = 1440, 10080, 10080  # minutes; WARM are known before the first tick
MISSED_FROM, MISSED = 700, 30  # of each day
COMPARE = 240
OVERLAP = 10  # rows of a file that are known already, as after a run that was killed
RESIDENT_LIMIT_KIB, STATE_LIMIT, STORE_LIMIT = 64 * 1024, 1 << 20, 128 * 1024  # and 4 bytes a sample


def fail(*words):
    sys.exit("FAILED: " + " ".join(map(str, words)))


with open(trace) as f:
    rows = [line.split(",") for line in f.read().split()[1:]]
begin = int(rows[0][0])
known = {(int(t) - begin) // 60: v for t, v in rows}


def value(minute):
    """The trace, whose last week goes on for ever."""
    while minute > last_minute:
        minute -= WEEK
    return known.get(minute)


last_minute = max(known)
folder = tempfile.TemporaryDirectory(prefix="forescale-soak.")
os.chdir(folder.name)
with open(top + "/data/demo.yaml") as f, open("config.yaml", "w") as out:
    out.write(f.read().replace("\ninterval", "\nstore: {path: s.db}\ninterval").replace("mode: observe", "mode: enforce"))


def write(path, minutes):
    with open(path, "w") as f:
        f.write("timestamp,value\n")
        f.writelines("%d,%s\n" % (begin + 60 * m, value(m)) for m in minutes if value(m) is not None)


def reread(minute):
    """OVERLAP samples back, however long the outage before."""
    left = OVERLAP
    while minute > 0 and left:
        minute -= 1
        left -= value(minute) is not None
    return minute


def demand(workload):
    return workload["reason"].partition(" by ")[0]


largest = {"plan": 0, "collect": 0, "history": 0}


def call(*args):
    """What it printed; its resident memory is remembered."""
    child = subprocess.Popen([forescale, args[0], "-c", "config.yaml", "--log-level", "warn", *args[1:]], stdout=subprocess.PIPE)
    out = child.stdout.read()
    _, status, use = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        fail("forescale", *args, "ends with", os.waitstatus_to_exitcode(status))
    largest[args[0]] = max(largest[args[0]], use.ru_maxrss)
    return out


stream = subprocess.Popen([forescale, "plan", "-c", "config.yaml", "--stream"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
replicas, nodes, planned, compared = 4, 1, 0, 0
fed = -1
for tick in range(ticks):
    now = WARM + tick
    if MISSED_FROM <= tick % DAY < MISSED_FROM + MISSED:
        continue
    new = range(fed + 1, now + 1)
    fed = now
    at = begin + 60 * now
    write("new.csv", range(reread(new[0]), now + 1))
    samples = [[begin + 60 * m, float(value(m))] for m in new if value(m) is not None]
    call("collect", "--from-csv", "new.csv")
    stream.stdin.write((json.dumps({"at": at, "samples": {"llama": samples}, "replicas": {"llama": replicas}, "nodes": {"gpu-spot": nodes}}) + "\n").encode())
    stream.stdin.flush()
    told = stream.stdout.readline()
    seen = ["--at", str(at), "--replicas", "llama=%d" % replicas, "--nodes", "gpu-spot=%d" % nodes, "-o", "json"]
    alone = call("plan", "--input", "new.csv", "--step", "60s", "--state", "state", *seen)
    if told != alone:
        fail("tick", tick, "the stream and a call with --state differ:\n", told.decode(), alone.decode())
    plan = json.loads(told)
    if plan["kind"] != "Plan":
        fail("tick", tick, told.decode())
    llama, pool, budget = plan["workloads"][0], plan["pools"][0], plan["budgets"][0]
    if llama["minReplicas"] > llama["maxReplicas"] or llama["maxReplicas"] > 40 or pool["maxNodes"] > 6:
        fail("tick", tick, "passes its maximum:", told.decode())
    if budget["worstCase"] > 400 and not budget.get("promiseVoid"):
        fail("tick", tick, "the promise is broken:", told.decode())
    planned += 1
    if tick % COMPARE == COMPARE - 1:
        write("all.csv", range(now + 1))
        again = json.loads(call("plan", "--input", "all.csv", *seen))["workloads"][0]
        compared += 1
        if demand(again) != demand(llama):
            fail("tick", tick, "has drifted:", llama["reason"], "is", again["reason"], "by the whole history")
    replicas = max(replicas - 1, min(llama["maxReplicas"], llama["minReplicas"]))
    nodes = max(pool["minNodes"], (replicas + 7) // 8)
stream.stdin.close()
use = os.wait4(stream.pid, 0)
stream.returncode = use[1]
state, size = os.path.getsize("state"), sum(os.path.getsize(name) for name in os.listdir(".") if name.startswith("s.db"))
times = [line.split(",")[1:] for line in call("history", "llama", "--at", str(begin + 60 * (fed + 1))).decode().split()[1:]]
wanted = [float(value(m)) for m in range(fed + 1) if value(m) is not None]
if [float(row[1]) for row in times if row[1]] != wanted[-len(times):] or len(times) < min(len(wanted), DAY):
    fail("the store holds other samples than it was given")
print("%d of %d ticks planned twice, byte for byte the same; %d equal a plan from the whole history" % (planned, ticks, compared))
print("resident: stream %d KiB, calls %s KiB at most; state %d bytes; store %d bytes, %.2f a sample"
      % (use[2].ru_maxrss, largest, state, size, size / (fed + 1)))
if use[1] or max(use[2].ru_maxrss, *largest.values()) > RESIDENT_LIMIT_KIB or state > STATE_LIMIT or size > STORE_LIMIT + 4 * fed:
    fail("the stream's end, memory, the state or the store")
print("1 passed, 0 failed")
