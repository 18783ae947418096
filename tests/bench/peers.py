# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of published forecasters, each in CPU seconds of one thread, fit and forecast: what the
figures of bench_forecast stand beside. Usage: peers.py M4_HOURLY_TRAIN.csv.gz METHOD

One process a method, so that none warms another. A first call is not counted: it compiles."""
import gzip
import os
import sys
import time
import warnings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np

EVERY = 18  # each 18th of the 414 series: 23
AHEAD = 48
LIMIT_S = 20.0
warnings.filterwarnings("ignore")


def m4(path):
    with gzip.open(path, "rt") as f:
        next(f)
        rows = [line.rstrip().split(",")[1:] for line in f]
    return [np.array([float(v.strip('"')) for v in row if v.strip('"')]) for row in rows[::EVERY]]


def minutes():
    """14 days of minutes: a day, a week, and noise."""
    i = np.arange(14 * 1440)
    noise = np.random.default_rng(1).normal(0, 5, len(i))
    return 100 + 50 * np.sin(2 * np.pi * i / 1440) + 10 * np.sin(2 * np.pi * i / 10080) + noise


def ets(season):
    from statsforecast.models import AutoETS

    return AutoETS(season_length=season, model="AAA", damped=True)


def mstl(season):
    from statsforecast.models import MSTL

    return MSTL(season_length=season)


def mfles(season):
    from statsforecast.models import MFLES

    return MFLES(season_length=season)


class StatsmodelsHoltWinters:
    def __init__(self, season):
        self.season = season

    def forecast(self, y, h):
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        model = ExponentialSmoothing(
            y, trend="add", damped_trend=True, seasonal="add", seasonal_periods=self.season,
            initialization_method="heuristic")
        return model.fit().forecast(h)


METHODS = {
    "ets": ("statsforecast ETS(A,Ad,A)", ets, False),
    "mstl": ("statsforecast MSTL", mstl, False),
    "mfles": ("statsforecast MFLES", mfles, False),
    "hw": ("statsmodels Holt-Winters, damped", StatsmodelsHoltWinters, True),
}


def main():
    name, make, fits_minutes = METHODS[sys.argv[2]]
    series = m4(sys.argv[1])
    make(24).forecast(series[0], h=AHEAD)
    done, start = 0, time.process_time()
    for y in series:
        make(24).forecast(y, h=AHEAD)
        done += 1
        if time.process_time() - start > LIMIT_S:
            break
    took = time.process_time() - start
    print(f"{name:36} m = 24: {done / took:8.2f} series/s ({done} series of M4 Hourly)", flush=True)
    if fits_minutes:
        start = time.process_time()
        make(1440).forecast(minutes(), h=AHEAD)
        print(f"{name:36} m = 1440, n = 20,160: {time.process_time() - start:.2f} s", flush=True)


main()
