# SPDX-License-Identifier: GPL-3.0-or-later
"""One call after another goes wrong in a whole run that raises a pool and two workloads: allocations, writes, syncs, SQL,
requests to Prometheus and to the API server; each fails, or the process is killed before it. Whatever it is: the run ends by
itself and says why, the ledger has every change and no other, each raised floor carries its baseline and its expiry, the
next run does what it would have done anyway, and an expired floor goes back.
Usage: faults.py BUILD_FOLDER [POINTS [KIND...]]: at most POINTS points in each loop, spread evenly, or all; of these kinds"""
import calendar
import copy
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1])
most = None if sys.argv[2:3] in ([], ["all"]) else int(sys.argv[2])
chosen = sys.argv[3:] or ["alloc", "write", "sync", "sql", "request"]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rig"))
from world import World, daily, forescale  # noqa: E402

CEILING = 3000  # so high that no budget binds: what goes wrong is alone
AT = calendar.timegm((2026, 10, 26, 8, 58, 0))  # two minutes before the daily spike, and the run before was long ago
LOOPS = [("once", "alloc"), ("once", "write"), ("after", "write"), ("kill", "write"), ("once", "sync"), ("kill", "sync"),
         ("once", "sql"), ("kill", "sql"), ("once", "request")]
ANSWERS = [500, 503, 429, 401, 403, 404, 409, "drop", "lost", "half", "nonsense"]

folder = tempfile.TemporaryDirectory(prefix="forescale-faults.")
os.chdir(folder.name)
world = World(lambda t: daily(t) if t >= AT - 7 * 86400 else None, AT)
world.config("config.yaml", "{path: s.db}", CEILING, model="seasonal_naive")
world.login(".")
start = copy.deepcopy((world.version, world.objects, world.pods, world.nodes, world.born))


def call(*args, **how):
    world.by = args[0]
    return forescale(build, args[0], "-c", "config.yaml", "--kubeconfig", "kubeconfig", *args[1:], at=world.now, **how)


def begin():
    world.version, world.objects, world.pods, world.nodes, world.born = copy.deepcopy(start)
    world.now, world.writes, world.requests, world.fault = AT, [], 0, None
    for name in os.listdir("."):
        if name.startswith("s.db"):
            os.unlink(name)
    if os.path.exists("first.db"):
        shutil.copy("first.db", "s.db")


def fail(what, *words):
    print(*words, sep="\n", file=sys.stderr)
    sys.exit("FAILED: " + what)


def check(what, code, errors):
    wrong = world.untrue("s.db", code == 0) or world.unsafe()
    if wrong:
        fail(what, wrong, errors)
    held = sqlite3.connect("s.db").execute("SELECT min(samples) FROM series").fetchone()[0]
    if held < samples:
        fail(what, "samples are lost")


def examine(what, fault=None, answer=None, killed=False):
    """A run with one fault, the run a minute later, and the end of all floors."""
    begin()
    world.fault = answer
    code, _, errors = call("run", fault=fault)
    world.fault = None
    if killed and code == 0:
        killed = False  # it ended before the point came
    if code != -9 if killed else code not in (0, 1, 6, 75):
        fail(what, "the run ends with %d" % code, errors)
    if code > 0 and not re.search("^(forescale|error): .", errors, re.M):
        fail(what, "exit %d without a word" % code, errors)
    check(what, code, errors)
    world.now += 60
    code, out, errors = call("run", "-o", "json")
    if code:
        fail(what, "the next run ends with %d" % code, errors)
    if world.floors() != expected:
        fail(what, "the next run leaves %s instead of %s" % (world.floors(), expected), errors)
    budget = json.loads(out)["budgets"][0]
    if budget["worstCase"] > CEILING or budget["spent"] < spent:
        fail(what, "the budget: %s instead of %s spent" % (budget, spent))
    check(what, code, errors)
    world.now += 3600
    code, _, errors = call("restore", "--expired")
    if code or world.raised():
        fail(what, "restore --expired ends with %d, floors are at %s" % (code, world.floors()), errors)


def points(n):
    count = n if most is None else min(n, most)
    return sorted({1 + i * (n - 1) // max(count - 1, 1) for i in range(count)})


begin()
world.now -= 18 * 60
code, _, errors = call("run")
if code or world.writes:
    fail("the run before", "exit %d, wrote %s" % (code, world.writes), errors)
os.rename("s.db", "first.db")
samples = sqlite3.connect("first.db").execute("SELECT min(samples) FROM series").fetchone()[0]
begin()
code, _, errors = call("run", count="count")
if code or len(world.writes) != 3:
    fail("a run without a fault", "exit %d, wrote %s" % (code, world.writes), errors)
calls = {name: int(n) for name, n in (line.split() for line in open("count").read().splitlines())}
calls["request"] = world.requests
world.now += 60
code, out, errors = call("run", "-o", "json")
expected, spent = world.floors(), json.loads(out)["budgets"][0]["spent"]
if code or samples < 7 * 1440 - 30 or not spent > 0:
    fail("the second run without a fault", code, samples, spent, errors)

loops = [loop for loop in LOOPS if loop[1] in chosen]
for how, kind in loops:
    since = time.monotonic()
    of = calls[kind] * (len(ANSWERS) if kind == "request" else 1)
    tried = points(of)
    for i in tried:
        if kind == "request":
            n, answer = 1 + (i - 1) % calls[kind], ANSWERS[(i - 1) // calls[kind]]
            examine("request %d: %s" % (n, answer), answer=(n, answer))
        else:
            examine("%s %s %d" % (how, kind, i), fault="%s:%s:%d" % (how, kind, i), killed=how == "kill")
    print("ok: %-14s %4d of %d points in %d s" % (how + " " + kind, len(tried), of, time.monotonic() - since), flush=True)
world.stop()
print("%d passed, 0 failed" % len(loops))
