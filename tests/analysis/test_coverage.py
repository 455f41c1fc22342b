"""No interval of a pass rate, or of the difference of two, holds the truth less often than it says."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "simulate_coverage.py"
SIMS = 60


def _benchmark():
    spec = importlib.util.spec_from_file_location("simulate_coverage", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
def test_a_pass_rate_is_covered_near_0_one_half_and_1(n):
    row = bench.one_rate(n)
    assert row.least >= 0.945 > row.score_least or n == 1000


@pytest.mark.parametrize("n", [20, 50, 200])
def test_a_paired_difference_is_covered_by_an_interval_no_wider_than_the_score_interval(n):
    row = bench.two_rates(n)
    assert row.least >= 0.945
    assert row.width <= row.score_width


@pytest.mark.parametrize("n", [20, 23, 50])
def test_a_paired_difference_is_covered_however_many_cases_differ(n):
    for band in bench.everywhere(n, (0.1, 0.3, 0.5, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)):
        assert band.least[0] >= 0.945, band
        assert band.width[0] <= (1.03 if band.differ == "up to half" else 1.2)
        if band.differ == "85 % and more":
            assert band.least[1] < 0.935, "the bare interval would do"


@pytest.mark.parametrize(("repeats", "size"), [(5, 1), (1, 5)], ids=["repeats", "clusters"])
def test_repeats_and_clusters_leave_the_coverage_as_it_is(repeats, size):
    least = 0.945 - 3.5 * math.sqrt(0.055 * 0.945 / SIMS)
    for row in bench.simulated("", 50, repeats, size, SIMS):
        assert row.least >= least, row
