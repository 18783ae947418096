# SPDX-License-Identifier: GPL-3.0-or-later
"""Demand of jobs at fixed minutes, in native minutes: the default model beside LightGBM (lags, the same time on days
before, minute of the hour and of the day), both relative to the last value's absolute error and own quantile losses.
Usage: spikes.py BENCH_TRACES"""
import os
import subprocess
import sys
import tempfile
import time
import warnings

import lightgbm
import numpy as np

warnings.filterwarnings("ignore")  # of sklearn, that rows have no names
START, DAYS, WARM, DAY = 1704067200, 12, 7, 1440
AHEAD = np.array([1, 5, 10, 15, 20, 25, 30])
STRIDE, REFIT = 7, 2 * DAY  # 7 meets every minute of an hour
LEVELS = (0.5, 0.9, 0.95)


def world(rng, jobs, jitter):
    """A daily course and its noise; each job: (first minute of a day, period, size), three minutes long."""
    i = np.arange(DAYS * DAY)
    y = 100 + 50 * np.sin(2 * np.pi * i / DAY)
    for first, period, size in jobs:
        for at in range(first, len(y), period):
            at += int(rng.integers(-jitter, jitter + 1))
            y[max(at, 0):at + 3] += size
    return y * (1 + 0.05 * rng.standard_normal(len(y)))


def features(y, t, h):
    i, total = t + h, np.r_[0, np.cumsum(y)]
    look = lambda k: np.where(k >= 0, y[np.clip(k, 0, None)], np.nan)
    x = [np.full(len(t), h), i % 60, i % DAY, i // DAY % 7] + [look(t - k) for k in range(12)]
    x += [look(k - d * DAY) for d in (1, 2, 7) for k in (i, t)] + [look(i - 60), look(t - 60)]
    x += [(total[t + 1] - total[np.clip(t + 1 - w, 0, None)]) / np.minimum(w, t + 1) for w in (5, 15, 60, 360, DAY)]
    return np.stack(x, 1)


def fits(y, to):
    t = np.arange(DAY, to)
    rows = [(features(y, t[t + h < to], h), y[t[t + h < to] + h]) for h in AHEAD]
    x, target = np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])
    made = lambda **kw: lightgbm.LGBMRegressor(
        n_estimators=80, num_leaves=31, learning_rate=0.1, max_bin=63, min_child_samples=40, verbosity=-1, n_jobs=1, **kw)
    return [made(objective="regression_l1").fit(x, target)] + [
        made(objective="quantile", alpha=a).fit(x, target) for a in LEVELS[1:]]


def losses(y):
    """Mean absolute error, and pinball losses, of LightGBM from the backtest's own origins."""
    sums, n, models = np.zeros(3), 0, None
    for begin in range(WARM * DAY, len(y) - AHEAD[-1], REFIT):
        models = fits(y, begin)
        t = np.arange(begin, min(begin + REFIT, len(y) - AHEAD[-1]))
        t = t[(t - WARM * DAY) % STRIDE == 0]
        for h in AHEAD:
            for j, (model, a) in enumerate(zip(models, LEVELS)):
                miss = y[t + h] - model.predict(features(y, t, h))
                sums[j] += np.sum(np.maximum(a * miss, (a - 1) * miss))
            n += len(t)
    return sums / n * np.array([2, 1, 1])


def ours(bench, y, folder):
    """The same of the default model, and of the last value."""
    path = os.path.join(folder, "spikes.csv")
    with open(path, "w") as f:
        f.write("timestamp,value\n" + "".join(f"{START + 60 * i},{v:.6f}\n" for i, v in enumerate(y)))
    out = subprocess.run([bench, "--losses", path], check=True, capture_output=True, text=True).stdout
    return np.array(out.split(), dtype=float).reshape(2, 3)


WORLDS = (
    ("each quarter of an hour", ((0, 15, 200),)),
    ("each hour, on it and at :07", ((0, 60, 300), (7, 60, 150))),
    ("daily at 09:37", ((577, DAY, 1000),)),
    ("all of them", ((0, 15, 100), (7, 60, 150), (577, DAY, 1000))),
)


def main():
    print(f"{'jobs at fixed minutes, native minutes':46} {'MAE':>6} {'P90':>6} {'P95':>6}   LightGBM {lightgbm.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        for name, jobs in WORLDS:
            for jitter in (0, 2):
                y = world(np.random.default_rng(1), jobs, jitter)
                mix, last = ours(sys.argv[1], y, folder)
                start = time.process_time()
                peer = losses(y)
                took = time.process_time() - start
                text = " ".join(f"{v:6.3f}" for v in mix / last) + "   " + " ".join(f"{v:6.3f}" for v in peer / last)
                print(f"{name + (f', {jitter} minutes early to late' if jitter else ''):46} {text}  {took:5.1f} s", flush=True)


main()
