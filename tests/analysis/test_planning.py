"""Planning: as many cases as it names find the difference as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.analysis.paired import mcnemar_midp
from workbench.analysis.paired_intervals import adjusted_wald, margin_interval
from workbench.analysis.planning import Spread, cases_for_equivalence, cases_needed, detectable_effect
from workbench.errors import BadInput

SIMS = 3000


@pytest.mark.parametrize(
    ("effect", "differ", "power"), [(0.1, 0.3, 0.8), (0.05, 0.15, 0.8), (0.05, 0.07, 0.9), (0.2, 0.4, 0.9)]
)
def test_the_power_is_as_planned_within_three_points(effect, differ, power):
    n = cases_needed(effect, Spread(differ), power=power)
    better, worse = (differ + effect) / 2, (differ - effect) / 2
    rng = np.random.default_rng(3)
    drawn = rng.multinomial(n, [better, worse, 1 - differ], SIMS)
    found = [
        mcnemar_midp(w, x) < 0.05 and adjusted_wald(np.repeat([1.0, -1.0, 0.0], [w, x, ties]))[0] > 0
        for w, x, ties in drawn
    ]
    assert np.mean(found) == pytest.approx(power, abs=0.03)


def test_equal_sides_are_shown_equivalent_about_as_often_as_planned():
    n = cases_for_equivalence(0.05, Spread(0.1))
    drawn = np.random.default_rng(4).multinomial(n, [0.05, 0.05, 0.9], 1000)
    found = []
    for wins, losses, ties in drawn:
        low, high = margin_interval(np.repeat([1.0, -1.0, 0.0], [wins, losses, ties]))
        found.append(low > -0.05 and high < 0.05)
    assert 0.74 <= np.mean(found) <= 0.85


@pytest.mark.parametrize("spread", [Spread(0.2), Spread(0.03), Spread(0.04, fixed=True)])
def test_what_the_cases_can_find_needs_just_those_cases(spread):
    for n in (20, 200, 5000):
        effect = detectable_effect(n, spread)
        assert cases_needed(effect, spread) == pytest.approx(n, abs=1)


def test_what_cannot_be_planned_is_one_sentence():
    for effect, power in ((0, 0.8), (-1, 0.8), (0.05, 1.0), (0.05, 0.1), (1e-9, 0.8)):
        with pytest.raises(BadInput):
            cases_needed(effect, Spread(), power=power)
    assert detectable_effect(1, Spread()) is None
