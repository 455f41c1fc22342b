"""How unusual a run is among those before it: by counting every order, and without a change as rare as is said."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from workbench.analysis.exchange import newest_unusual, tail, weights


def counted(values: np.ndarray) -> tuple[float, float]:
    """The chances that the last row's sum is exceeded, and met, over all uniform draws of every column."""
    sums = [sum(draw) for draw in product(*values.T)]
    last = values[-1].sum()
    return np.mean([s > last + 1e-9 for s in sums]), np.mean([abs(s - last) < 1e-9 for s in sums])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_mean_quantile_of_the_counted_chances(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (4, 5)).astype(float) if seed % 2 else rng.integers(0, 4, (3, 6)) / 3
    more, same = counted(values)
    between = (np.arange(20_000) + 0.5) / 20_000
    assert newest_unusual(values, range(values.shape[1])) == pytest.approx(
        float(stats.norm.isf(more + same * between).mean()), abs=2e-3
    )


def test_where_nothing_varies_nothing_is_said():
    assert newest_unusual(np.ones((5, 30)), range(30)) == pytest.approx(0, abs=1e-9)


def test_what_is_exchanged_together_counts_once():
    """Thirty copies of one case are not thirty cases."""
    one = np.array([[0.0], [0.0], [1.0]])
    many = np.repeat(one, 30, axis=1)
    assert newest_unusual(many, [0] * 30) == pytest.approx(newest_unusual(one, [0]), abs=1e-6)
    assert newest_unusual(many, range(30)) > 6


def test_thousands_of_cases_and_unknown_ones_are_as_usual_as_they_look():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6, 1500))
    values[rng.random(values.shape) < 0.002] = np.nan
    values[-1, :30] = np.nan
    assert abs(newest_unusual(values, range(1500))) < 3
    values[-1] += 0.2
    assert newest_unusual(values, range(1500)) > 4


@pytest.mark.parametrize("kind", ["passes", "rare", "seconds"])
def test_without_a_change_looks_together_are_never_oftener_extreme_than_said(kind):
    """Of 400 series, the last four of eight looks, held against the bound at 20 %, 5 % and 1 %."""
    rng = np.random.default_rng(2)
    counts, extreme = weights(5, 4), []
    for _ in range(400):
        chance = rng.beta(2, 1, 25) if kind == "passes" else np.full(25, 0.02)
        values = rng.lognormal(size=(9, 25)) if kind == "seconds" else (rng.random((9, 25)) < chance) * 1.0
        extreme.append(float(counts @ [newest_unusual(values[: k + 1], range(25)) for k in range(5, 9)]))
    for share in (0.2, 0.05, 0.01):
        beyond = np.mean([tail(value) <= share for value in extreme])
        assert beyond <= share + 3 * np.sqrt(share / 400)
