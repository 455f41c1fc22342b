"""Looking after every case: false alarms stay rare however often one looks, and real differences are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis.sequential import (
    Watch,
    always_valid_p,
    cases_to_decide,
    confidence_sequence,
    first_decision,
)


def stop(differences, margin: float = 0.0) -> tuple[str | None, int]:
    """Look after each case and return what was established first, and after how many cases."""
    watch = Watch(margin=margin)
    for difference in differences:
        watch.add(difference)
        if watch.established():
            break
    return watch.established(), watch.n


def test_all_looks_at_once_find_what_one_after_the_other_finds():
    rng = np.random.default_rng(4)
    for margin in (0.0, 0.05):
        for better in (0.02, 0.1, 0.3):
            differences = pass_fail(rng, better, 0.05, 200)
            assert first_decision(differences, margin=margin) == stop(differences, margin)


def pass_fail(rng, better: float, worse: float, n: int) -> np.ndarray:
    return rng.choice([1.0, -1.0, 0.0], n, p=[better, worse, 1 - better - worse])


def discordant(a: float, b: float, phi: float = 0.5) -> tuple[float, float]:
    """Shares of cases that only B and only A passes, for two pass rates with correlation phi."""
    both = a * b + phi * np.sqrt(a * (1 - a) * b * (1 - b))
    return b - both, a - both


@pytest.mark.parametrize("kind", ["pass/fail", "rare", "smooth", "skewed"])
def test_equal_versions_are_called_different_at_most_5_times_in_100_however_often_one_looks(kind):
    rng = np.random.default_rng(5)
    draw = {
        "pass/fail": lambda: pass_fail(rng, 0.15, 0.15, 300),
        "rare": lambda: pass_fail(rng, 0.01, 0.01, 300),
        "smooth": lambda: rng.normal(0, 0.2, 300).clip(-1, 1),
        "skewed": lambda: rng.choice([0.1, -0.9], 300, p=[0.9, 0.1]),
    }[kind]
    alarms = [first_decision(draw())[0] is not None for _ in range(200)]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize(("better", "worse"), [(0.05, 0.10), (0.15, 0.20), (0.0, 0.05)])
def test_a_loss_of_the_margin_is_called_equivalent_at_most_5_times_in_100(better, worse):
    rng = np.random.default_rng(6)
    ends = [first_decision(pass_fail(rng, better, worse, 400), margin=0.05)[0] for _ in range(200)]
    assert np.mean([end == "equivalent" for end in ends]) <= 0.05


@pytest.mark.parametrize(
    ("a", "b", "power", "cases"), [(0.7, 0.8, 0.83, 175), (0.6, 0.8, 0.99, 60), (0.5, 0.8, 0.99, 36)]
)
def test_a_real_difference_stops_a_run_of_300_cases_early(a, b, power, cases):
    rng = np.random.default_rng(7)
    ends = [first_decision(pass_fail(rng, *discordant(a, b), 300)) for _ in range(200)]
    assert np.mean([end == "higher" for end, _ in ends]) >= power
    assert np.mean([n for _, n in ends]) <= cases


def test_alike_versions_stop_as_equivalent():
    assert stop(np.zeros(300), margin=0.05) == ("equivalent", stop(np.zeros(300), margin=0.05)[1])
    assert stop(np.zeros(300), margin=0.05)[1] < 150
    assert stop(np.zeros(300))[0] is None


def test_the_interval_covers_the_true_difference_at_every_number_of_cases():
    rng = np.random.default_rng(8)
    missed = 0
    for _ in range(100):
        differences = pass_fail(rng, 0.2, 0.1, 200)
        looks = [confidence_sequence(differences[:n]) for n in (5, 10, 20, 40, 80, 140, 200)]
        missed += any(not low <= 0.1 <= high for low, high in looks)
    assert missed <= 5


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1, 1).map(lambda d: round(d, 3)), min_size=1, max_size=120))
def test_interval_p_and_watch_say_the_same(values):
    differences = np.array(values)
    low, high = confidence_sequence(differences)
    p = always_valid_p(differences)
    watch = Watch()
    for difference in values:
        watch.add(difference)
    assert -1 <= low <= differences.mean() + 1e-9 and differences.mean() - 1e-9 <= high <= 1
    if abs(p - 0.05) > 1e-6:
        assert (p < 0.05) == (low > 1e-9 or high < -1e-9) == (watch.established() is not None)
    mirrored = confidence_sequence(-differences)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)


def test_the_order_of_the_cases_does_not_change_what_they_say_together():
    differences = pass_fail(np.random.default_rng(9), 0.2, 0.1, 100)
    assert confidence_sequence(differences) == confidence_sequence(np.sort(differences))


def test_an_undecided_one_says_how_many_cases_would_decide():
    differences = np.array([1.0] * 20 + [-1.0] * 10 + [0.0] * 70)
    assert always_valid_p(differences) > 0.05
    needed = cases_to_decide(differences)
    assert needed is not None and 150 < needed < 500
    assert cases_to_decide(np.zeros(10)) is None
    assert cases_to_decide(np.zeros(10), margin=0.05) == stop(np.zeros(300), margin=0.05)[1]


def test_a_difference_outside_its_bounds_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Watch().add(1.5)
