"""Quantiles of latency come with intervals, and errors and cached answers stand apart."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from support.frames import side

from workbench.analysis.compare import compare
from workbench.analysis.quantiles import latency_of, quantile_interval, quantiles
from workbench.reports.terminal import spending_table


def test_the_interval_has_the_ranks_of_the_textbook():
    """Hahn and Meeker, table of distribution-free intervals: the median of 20 lies between ranks 6 and 15."""
    values = np.arange(1.0, 21.0)
    assert quantile_interval(values, 0.5) == (6.0, 15.0)
    assert quantile_interval(np.arange(1.0, 101.0), 0.5) == (40.0, 61.0)
    assert quantile_interval(values, 0.99)[1] is None
    assert quantile_interval(values[:1], 0.5) == (None, None)


@pytest.mark.parametrize(("q", "n"), [(0.5, 20), (0.5, 200), (0.9, 100), (0.95, 300), (0.99, 1000)])
def test_it_holds_the_true_quantile_of_skewed_times(q, n):
    rng = np.random.default_rng(1)
    truth, held = -np.log(1 - q), 0
    for _ in range(400):
        low, high = quantile_interval(rng.exponential(1, n), q)
        held += (low is None or low <= truth) and (high is None or truth <= high)
    assert held / 400 >= 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / 400)


def test_repeats_of_one_case_are_not_counted_as_independent():
    rng = np.random.default_rng(2)
    held = naive = 0
    for _ in range(200):
        cases = np.repeat(np.arange(40), 5)
        values = np.exp(rng.normal(0, 1, 40)[cases] + rng.normal(0, 0.1, 200))
        for found, given in (("aware", cases), ("naive", None)):
            low, high = quantile_interval(values, 0.5, cases=given)
            holds = low <= 1.0 <= high
            held, naive = held + (holds and found == "aware"), naive + (holds and found == "naive")
    assert held / 200 >= 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / 200)
    assert naive / 200 < 0.8


def test_errors_and_cached_answers_stand_apart():
    cells = side("A", [1.0] * 30).cells.assign(latency_s=np.arange(1.0, 31.0), ttft_s=np.arange(30) / 10)
    cells["error"] = pd.Series([None] * 28 + ["timeout"] * 2, dtype=object)
    cells.loc[:4, "cached"] = True
    found = latency_of(cells)
    assert (found["n"], found["cached"], found["errors"]) == (28, 5, {"n": 2, "p50": 29.5})
    assert found["p50"] == pytest.approx(np.percentile(np.arange(1.0, 29.0), 50))
    assert found["first_token"]["p50"] == pytest.approx(1.35)
    assert found["p50_ci"][0] < found["p50"] < found["p50_ci"][1]
    assert latency_of(cells.assign(ttft_s=None))["first_token"] is None
    assert latency_of(cells.assign(ttft_s=None))["rate"] is None
    # Five tokens in each answer of the frame, so four after the first.
    assert found["rate"]["p50"] == pytest.approx(
        np.percentile(4 / (np.arange(1.0, 29.0) - np.arange(28) / 10), 50)
    )
    assert found["rate"]["n"] == 28 and latency_of(cells.assign(ttft_s=cells["latency_s"]))["rate"] is None
    assert quantiles(cells[:0], "latency_s")["p99"] is None


def test_a_comparison_shows_them_for_both_sides():
    found = compare(side("A", [1.0] * 30), side("B", [1.0] * 30, latency=2.0)).latency
    assert (found["a"]["p99"], found["b"]["p99"], found["ratio"]) == (1.0, 2.0, pytest.approx(2.0))


def test_the_terminal_shows_quantiles_with_intervals_first_tokens_and_rate_apart():
    sides = [side(name, [1.0] * 40, latency=2.0) for name in "AB"]
    for one in sides:
        one.cells["latency_s"], one.cells["ttft_s"] = np.arange(1.0, 41.0), 0.5
    console = Console(width=140, file=io.StringIO())
    console.print(spending_table(compare(*sides)))
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert any(line.startswith("Latency, p90 36.1 s (32.0 s to 40.0 s)") for line in lines), lines
    assert any("Latency, p99 39.6 s (38.0 s up)" in line for line in lines), lines
    assert any(line.startswith("First token, p50 500 ms") for line in lines)
    assert any(line.startswith("Tokens a second, p50 0.2") for line in lines)
