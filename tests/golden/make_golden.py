# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the golden files beside it from published libraries: tests/golden/make.sh runs it in an
environment of its own. tests/unit/test_golden.c compares the product with them."""
import json
import os
import sys

import numpy as np
import pandas as pd
from statsforecast.models import Naive, SeasonalNaive
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from utilsforecast import losses

DAY, WEEK, AHEAD = 24, 168, 48
rng = np.random.default_rng(20240101)


def write(name, document):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)

    def plain(v):
        return [float(f"{x:.12g}") for x in v] if isinstance(v, np.ndarray) else float(v)

    with open(path, "w") as f:
        f.write("{\n")
        f.write(",\n".join(f" {json.dumps(k)}: {json.dumps(plain(v))}" for k, v in document.items()))
        f.write("\n}\n")


def naive():
    y = np.round(100 + 50 * np.sin(2 * np.pi * np.arange(15 * DAY) / DAY) + rng.normal(0, 9, 15 * DAY), 3)
    forecast = lambda model: model.forecast(y, h=AHEAD)["mean"]
    write("naive.json", {
        "y": y, "last_value": forecast(Naive()), "day": forecast(SeasonalNaive(DAY)),
        "week": forecast(SeasonalNaive(WEEK))})


def metrics():
    """Two forecasts of one series, as the M4 competition scores them, and the quantiles of the first."""
    past = 100 + 30 * np.sin(2 * np.pi * np.arange(10 * DAY) / DAY) + rng.normal(0, 8, 10 * DAY)
    actual = 100 + 30 * np.sin(2 * np.pi * np.arange(AHEAD) / DAY) + rng.normal(0, 8, AHEAD)
    ours, other = actual + rng.normal(0, 6, AHEAD), actual + rng.normal(3, 12, AHEAD)
    levels = np.array([0.5, 0.9, 0.95])
    quantiles = np.stack([ours, ours + 8, ours + 11], axis=1)
    frame = pd.DataFrame({"unique_id": 1, "ds": np.arange(AHEAD), "y": actual, "ours": ours, "other": other})
    train = pd.DataFrame({"unique_id": 1, "ds": np.arange(len(past)), "y": past})
    for j in range(3):
        frame[f"q{j}"] = quantiles[:, j]
    one = lambda table, column="ours": float(table[column].iloc[0])
    models = ["ours", "other"]
    mase = losses.mase(frame, models, DAY, train)
    smape = losses.smape(frame, models)
    out = {
        "past": past, "actual": actual, "ours": ours, "other": other, "levels": levels,
        "quantiles": quantiles.ravel(), "mase": one(mase), "mase_other": one(mase, "other"),
        "smape": 200 * one(smape), "smape_other": 200 * one(smape, "other"),
        "wape": one(losses.nd(frame, ["ours"])),
        "owa": 0.5 * (one(mase) / one(mase, "other") + one(smape) / one(smape, "other")),
        "pinball": np.array([one(losses.quantile_loss(frame, {"ours": f"q{j}"}, q=levels[j])) for j in range(3)]),
        "covered": np.array([one(losses.calibration(frame, {"ours": f"q{j}"})) for j in range(3)]),
    }
    write("metrics.json", out)


def holt_winters():
    """A series that ETS(A,Ad,A) made, and what the model at the true parameters and initial states
    knows after it: its level and trend, its forecasts, and the quantiles of its Gaussian errors."""
    alpha, beta, gamma, phi, sigma = 0.3, 0.02, 0.1, 0.95, 6.0
    level, trend = 500.0, 1.0
    season = 80 * np.sin(2 * np.pi * np.arange(DAY) / DAY) + 30 * np.cos(4 * np.pi * np.arange(DAY) / DAY)
    season -= season.mean()
    n = 28 * DAY
    y, l, b, s = np.empty(n), level, trend, season.copy()
    for i in range(n):
        e = sigma * rng.standard_normal()
        fitted = l + phi * b + s[i % DAY]
        y[i] = round(fitted + e, 4)
        e = y[i] - fitted
        l, b = l + phi * b + alpha * e, phi * b + beta * e
        s[i % DAY] += gamma * e
    model = ETSModel(pd.Series(y), error="add", trend="add", damped_trend=True, seasonal="add",
                     seasonal_periods=DAY, initialization_method="known", initial_level=level,
                     initial_trend=trend, initial_seasonal=season)
    # statsmodels counts beta and gamma as they stand in the state equations.
    names = {"smoothing_level": alpha, "smoothing_trend": beta, "smoothing_seasonal": gamma, "damping_trend": phi}
    result = model.smooth([names.get(name, value) for name, value in zip(model.param_names, model.start_params)])
    predicted = result.get_prediction(start=n, end=n + DAY - 1)
    bands = predicted.summary_frame(alpha=0.1)  # 5 % and 95 %
    write("holt_winters.json", {
        "y": y, "parameters": np.array([alpha, beta, gamma, phi]), "first_level": level, "first_trend": trend,
        "first_season": season, "sigma": sigma, "level": np.asarray(result.level)[-1], "trend": np.asarray(result.slope)[-1],
        "mean": np.asarray(bands["mean"]), "low": np.asarray(bands["pi_lower"]),
        "high": np.asarray(bands["pi_upper"])})


naive()
metrics()
holt_winters()
print("made by", " ".join(f"{m} {sys.modules[m].__version__}" for m in ("statsforecast", "statsmodels", "utilsforecast")))
