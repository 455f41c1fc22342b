"""How often the verdict is right where the truth is known; the full tables are made by the benchmark used here.

Every test can fail: its tolerance is three and a half standard errors of the number of simulations, far less than
the faults that it looks for (repeats counted as cases give 13 % false alarms, a t interval of partial scores
covers 77 %).
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest
from support.frames import side

from workbench.analysis.compare import compare

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "simulate_statistics.py"
SIMS = 400


def _benchmark():
    spec = importlib.util.spec_from_file_location("simulate_statistics", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()


def most(rate: float, sims: int = SIMS) -> float:
    """The highest share out of ``sims`` that chance explains."""
    return rate + 3.5 * math.sqrt(rate * (1 - rate) / sims)


def least(rate: float, sims: int = SIMS) -> float:
    return 1 - most(1 - rate, sims)


@pytest.mark.parametrize("n", [10, 20, 50, 100])
def test_pass_fail_errs_no_more_than_promised_at_any_rate(n):
    exact = bench.exact_pass_fail(n)
    assert exact.coverage > 0.95
    assert exact.least_coverage > (0.93 if n < 20 else 0.944)
    assert exact.false_alarm < 0.051
    assert exact.false_pass < 0.05
    assert exact.false_equivalent < 0.05


@pytest.mark.parametrize(
    ("win", "lose", "margin"),
    [(0.2, 0.1, 0), (0.1, 0.05, 0), (0.06, 0.01, 0), (0.1, 0.1, 0.1), (0.05, 0.05, 0.05), (0.02, 0.02, 0.02)],
)
def test_the_suggested_number_of_cases_decides_about_four_times_in_five(win, lose, margin):
    n, decided = bench.power_at_suggestion(win, lose, margin)
    assert 100 < n < 1000
    assert 0.77 < decided < 0.83


@pytest.mark.parametrize(
    ("draw", "truth", "n"),
    [
        (bench.repeated(0.7, 0.2, 0, 0.1, 1), 0.0, 40),
        (bench.repeated(0.5, 0.3, 0, 0.2, 5), 0.0, 40),
        (bench.smooth(0, 0.1), 0.0, 40),
        (bench.partial(0.3, 0.5), 0.0, 80),
    ],
    ids=["pass/fail", "repeats", "smooth scores", "partial scores"],
)
def test_equal_versions_are_told_apart_at_most_five_times_in_a_hundred(draw, truth, n):
    found = bench.measure(bench.Scenario("", draw, truth, n), SIMS)
    assert found.coverage >= least(0.95)
    assert found.established <= most(0.05)
    assert found.gate_passed <= most(0.05)


@pytest.mark.parametrize(
    ("draw", "truth", "n"),
    [
        (bench.repeated(0.6, 0.2, -0.1, 0.1, 1), -0.1, 100),
        (bench.repeated(0.9, 0.02, -0.05, 0.03, 5), -0.05, 40),
        (bench.smooth(-0.02, 0.1), -0.02, 40),
        (bench.partial(0.1, 0.0), -0.05, 50),
        (bench.partial(0.4, 0.0), -0.2, 50),
    ],
    ids=["pass/fail", "repeats", "smooth scores", "few partial losses", "many partial losses"],
)
def test_a_version_worse_by_the_margin_passes_the_gate_at_most_five_times_in_a_hundred(draw, truth, n):
    found = bench.measure(bench.Scenario("", draw, truth, n), SIMS)
    assert found.coverage >= least(0.95)
    assert found.gate_passed <= most(0.05)


def test_ten_slices_of_equal_versions_raise_one_false_alarm_at_most_five_times_in_a_hundred():
    found = bench.measure(bench.Scenario("", bench.repeated(0.7, 0.2, 0, 0.1, 1), 0.0, 200, 10), 250)
    assert found.slice_alarm <= most(0.05, 250)


@pytest.mark.parametrize("scenario", [a for a in bench.alone() if a.cases == 50], ids=lambda a: a.name)
def test_the_interval_of_one_version_holds_its_true_mean(scenario):
    coverage, _ = bench.measure_alone(scenario, 250)
    assert coverage >= least(0.95, 250)


def test_a_verdict_is_reached_where_a_difference_is_plain():
    found = bench.measure(bench.Scenario("", bench.repeated(0.6, 0.1, 0.25, 0.1, 1), 0.25, 150), 60)
    assert found.established > 0.9


def test_repeats_are_not_counted_as_cases():
    once = compare(side("A", [0.0] * 6 + [1.0] * 14), side("B", [1.0] * 11 + [0.0] * 9)).primary
    again = [[v] * 5 for v in [0.0] * 6 + [1.0] * 14], [[v] * 5 for v in [1.0] * 11 + [0.0] * 9]
    repeated = compare(side("A", again[0]), side("B", again[1])).primary
    assert (repeated.n, repeated.diff) == (once.n, once.diff)
    assert (repeated.ci_low, repeated.ci_high) == pytest.approx((once.ci_low, once.ci_high))
    assert repeated.p >= once.p


@pytest.mark.parametrize(
    "scenario",
    [c for c in bench.in_clusters() if c.clusters == 20],
    ids=["even", "uneven", "rare differences"],
)
def test_intervals_over_clusters_hold_the_truth_where_those_over_cases_do_not(scenario):
    coverage, established, gate_passed, naive, _ = bench.measure_clusters(scenario, 250)
    assert coverage >= least(0.95, 250)
    assert naive < 0.93
    if scenario.win == scenario.lose:
        assert established <= most(0.05, 250)
    if scenario.win <= scenario.lose:
        assert gate_passed <= most(0.05, 250)
