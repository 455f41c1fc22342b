"""The relative change of a score, with an interval that holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from support.frames import pass_fail, side

from workbench.analysis.compare import compare
from workbench.analysis.relative import relative_change, relative_sentence

SIMS = 400


def test_against_a_baseline_that_never_varies_it_is_the_t_interval():
    rng = np.random.default_rng(1)
    b = rng.uniform(0.4, 1, 60)
    found = relative_change(np.full(60, 0.5), b)
    low, high = stats.t.interval(0.95, 59, b.mean(), stats.sem(b))
    assert found == pytest.approx((b.mean() / 0.5 - 1, low / 0.5 - 1, high / 0.5 - 1))


def test_turning_the_sides_round_turns_the_ratio_round():
    rng = np.random.default_rng(2)
    a, b = (rng.random(80) < 0.6).astype(float), (rng.random(80) < 0.7).astype(float)
    there, back = relative_change(a, b, pass_fail=True), relative_change(b, a, pass_fail=True)
    assert 1 + there[0] == pytest.approx(1 / (1 + back[0]))
    assert (1 + there[1], 1 + there[2]) == pytest.approx((1 / (1 + back[2]), 1 / (1 + back[1])))


@pytest.mark.parametrize(("a", "b"), [(0.05, 0.1), (0.5, 0.6), (0.95, 0.98)])
@pytest.mark.parametrize("n", [50, 200])
def test_the_interval_of_a_ratio_of_pass_rates_holds_the_true_one(a, b, n):
    rng = np.random.default_rng(3)
    both = min(a * b + 0.5 * math.sqrt(a * (1 - a) * b * (1 - b)), a, b)
    held, known = 0, 0
    for _ in range(SIMS):
        kind = rng.choice(4, n, p=[both, b - both, a - both, 1 - a - b + both])
        _, low, high = relative_change(
            np.isin(kind, (0, 2)) * 1.0, np.isin(kind, (0, 1)) * 1.0, pass_fail=True
        )
        if low is not None:
            known, held = known + 1, held + (low <= b / a - 1 <= high)
    assert held / known >= 0.945 - 3.5 * math.sqrt(0.055 * 0.945 / known)


def test_what_is_not_known_has_no_interval_and_is_not_made_up():
    zero, some = np.zeros(30), np.ones(30)
    assert relative_change(zero, some, pass_fail=True) == (None, None, None)
    assert relative_change(-some, some) == (None, None, None)
    assert relative_change(some / 2, np.r_[some[:25] / 2, some[:5]])[1:] == (None, None), "five cases differ"


def test_a_comparison_says_it_in_words_and_in_its_json():
    found = compare(*pass_fail(30, 10, 200, 100))
    m = found.primary
    assert m.relative == pytest.approx(130 / 110 - 1)
    assert m.relative_low < m.relative < m.relative_high
    assert relative_sentence(m, 0.95).startswith("Relative change of accuracy: +18.2 % of A (95 % interval +")
    assert found.to_dict()["metrics"][0]["relative"] == m.relative
    alone = compare(side("A", [0.0] * 30), side("B", [1.0] * 30)).primary
    assert (alone.relative, relative_sentence(alone, 0.95)) == (None, None)
