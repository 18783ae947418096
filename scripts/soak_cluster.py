# SPDX-License-Identifier: GPL-3.0-or-later
"""Weeks of CronJob ticks on a cluster, as quick as they go: each minute a `run` collects, plans and writes bounds and nodes
to the small world of tests/rig/world.py, under the world's clock. Once a day 30 runs are missed while `restore --expired`
goes on; every 97th run is killed at one write or another. Held throughout: bounds and money stay within their limits, the
ledger tells of every change, memory and a tick's place in the store do not grow, every four hours a plan from history alone
sees the same demand, and every raise has its release: no floor stays above its baseline for a day, none at the end.
Usage: soak_cluster.py BUILD_FOLDER TICKS"""
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time

top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, top + "/tests/rig")
from world import CEILING, TARGETS, World, after_of, forescale  # noqa: E402

build, ticks = os.path.abspath(sys.argv[1]), int(sys.argv[2])
DAY, WEEK, WARM = 1440, 10080, 10080  # minutes; WARM are known before the first tick
MISSED_FROM, MISSED, COMPARE, KILL = 700, 30, 240, 97
RESIDENT_LIMIT_KIB, LOG_LIMIT, STORE_LIMIT, TICK_LIMIT = 64 * 1024, 16 << 20, 4 << 20, 3 * 1024

with open(build + "/data/demo.csv") as f:
    rows = [line.split(",") for line in f.read().split()[1:]]
begin, last = int(rows[0][0]), int(rows[-1][0])
known = {int(t): float(v) for t, v in rows}


def demand(t):
    """The trace, whose last week goes on for ever."""
    return known.get(t if t <= last else t - ((t - last + WEEK * 60 - 1) // (WEEK * 60)) * WEEK * 60)


def fail(*words):
    sys.exit("FAILED: " + " ".join(map(str, words)))


folder = tempfile.TemporaryDirectory(prefix="forescale-soak.")
os.chdir(folder.name)
world = World(demand, begin + 60 * WARM)
world.config("config.yaml", "{path: s.db}")
world.login(".")
started = time.monotonic()


def call(*args, **how):
    world.by = args[0]
    return forescale(build, args[0], "-c", "config.yaml", "--kubeconfig", "kubeconfig", "--log-level", "warn", *args[1:], at=world.now, **how)


def seen(plan):
    """Demand by workload and the time that decides, which a budget that binds moves: times that only one plan chose tell nothing."""
    return {(w["name"], w["reason"].partition(",")[0].rpartition(" by ")[2]): w["reason"].partition(" by ")[0] for w in plan["workloads"]}


def size():
    return sum(os.path.getsize(name) for name in os.listdir(".") if name.startswith("s.db"))


raised = {}  # since when a floor stands above its baseline
longest, runs, killed, compared, restores, early = 0, 0, 0, 0, 0, None


def look(tick):
    global longest
    if world.unsafe():
        fail("tick", tick, world.unsafe())
    for path, (name, baseline) in TARGETS.items():
        if world.bounds(path)[0] > baseline[0]:
            raised.setdefault(name, world.now)
            longest = max(longest, world.now - raised[name])
        else:
            raised.pop(name, None)
    if longest >= 86400:
        fail("tick", tick, "a floor stands above its baseline for a day:", raised)


for tick in range(ticks):
    world.now += 60
    world.settle()
    if MISSED_FROM <= tick % DAY < MISSED_FROM + MISSED:
        code, _, errors = call("restore", "--expired")
        restores += 1
        if code:
            fail("tick", tick, "restore ends with", code, errors)
        look(tick)
        continue
    kill = tick % KILL == KILL - 1
    code, out, errors = call("run", "-o", "json", fault="kill:write:%d" % (1 + tick * 7 % 100) if kill else None)
    if kill and code == -9:
        killed += 1
    elif code:
        fail("tick", tick, "ends with", code, errors)
    else:
        runs += 1
        plan = json.loads(out)
        budget = plan["budgets"][0]
        if budget["worstCase"] > CEILING and not budget["promiseVoid"]:
            fail("tick", tick, "the promise is broken:", budget)
        if tick % COMPARE == COMPARE - 1:
            code, out, errors = call("plan", "-o", "json", "--at", str(world.now))
            mine, alone = seen(plan), seen(json.loads(out)) if code == 0 else {}
            both = mine.keys() & alone.keys()
            if code or any(mine[key] != alone[key] for key in both):
                fail("tick", tick, "has drifted:", mine, "is", alone, "by history alone", errors)
            compared += len(both)
    look(tick)
    if os.path.exists("s.db-wal") and os.path.getsize("s.db-wal") > LOG_LIMIT:
        fail("tick", tick, "the write-ahead log has", os.path.getsize("s.db-wal"), "bytes")
    if tick == min(ticks, DAY) - 1:
        early = size()

world.now += 3600
code, _, errors = call("restore", "--expired")
look(ticks)
if code or raised:
    fail("at the end floors stay raised:", raised, errors)
db = sqlite3.connect("s.db")
intents = {(name, after_of(after)) for name, after in db.execute("SELECT object, after FROM ledger WHERE kind = 'act'")}
ups = downs = 0
for at, path, (least, _), bounds, by in world.writes:
    name = TARGETS[path][0]
    ups, downs = ups + max(bounds[0] - least, 0), downs + max(least - bounds[0], 0)
    if by == "run" and (name, bounds) not in intents:
        fail("the ledger does not tell of", name, bounds, "at", at)
resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
grown = (size() - early) / (ticks - DAY) if ticks > DAY else 0
print("%d runs, %d killed, %d restores in %d s; %d times the demand is that of a plan from history alone" % (runs, killed, restores, time.monotonic() - started, compared))
print("%d changes: raised by %d in all, released by %d; the longest raise stood %d min" % (len(world.writes), ups, downs, longest // 60))
print("resident %d KiB at most; store %d bytes after a day, %d at the end, %.0f a tick since" % (resident, early, size(), grown))
if ups != downs or not ups or compared < ticks // COMPARE or resident > RESIDENT_LIMIT_KIB or early > STORE_LIMIT or grown > TICK_LIMIT:
    fail("a raise without a release, memory, or the store")
print("1 passed, 0 failed")
