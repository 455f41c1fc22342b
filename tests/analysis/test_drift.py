"""Watching for drift: no alarm without a change, an alarm and a plain sentence with one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.analysis import drift
from workbench.analysis.drift import Look, judge, weight


def look(name: str, models: str = "m-1", words: float = 30.0, **values: np.ndarray) -> Look:
    by_case = {k: {f"c{i}": float(v) for i, v in enumerate(column)} for k, column in values.items()}
    return Look(name, "", by_case, frozenset({models}), words)


def noisy(rng: np.random.Generator, name: str, chance: np.ndarray, length: float = 1.0) -> Look:
    n = chance.size
    return look(
        name,
        score=rng.random(n) < chance,
        length=200 * length * rng.lognormal(0, 0.3, n),
        latency=rng.lognormal(0, 0.3, n),
        output=rng.random(n) < 0.3,
    )


def test_the_error_of_all_looks_together_is_what_was_allowed():
    spent = sum(weight(k) for k in range(1, 200_000))
    rest = 1 / math.log(200_000) / 2.1098
    assert 0.99 < spent + rest <= 1


def test_a_hundred_looks_at_a_noisy_model_that_does_not_move_raise_no_alarm():
    """Fresh noise on every look and one reference for all; the benchmark repeats it."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        chance = rng.beta(2, 1, 40)
        looks = [noisy(rng, f"r{k}", chance) for k in range(100)]
        assert judge(noisy(rng, "r", chance), looks).moved == []


def test_a_reference_that_was_lucky_is_no_drift_however_often_one_looks():
    """All looks share the reference's noise; evidence that multiplied over looks would find it."""
    rng = np.random.default_rng(4)
    reference = look("r", score=np.r_[np.ones(36), np.zeros(24)])
    looks = [look(f"r{k}", score=rng.random(60) < 0.5) for k in range(150)]
    assert judge(reference, looks).moved == []


def test_what_moved_is_said_with_numbers_and_since_when():
    rng = np.random.default_rng(5)
    chance = np.full(80, 0.9)
    looks = [noisy(rng, f"r{k}", chance) for k in range(5)]
    looks += [noisy(rng, f"n{k}", chance - 0.6, 1.5) for k in range(3)]
    found = judge(noisy(rng, "r", chance), looks, metric_name="accuracy")
    moved = {m.what: m for m in found.moved}
    assert set(moved) == {"score", "length"}
    assert (moved["score"].since, moved["score"].run, moved["score"].still) == (6, "n0", True)
    assert moved["score"].message.startswith("accuracy is ")
    assert moved["score"].message.endswith("since 3 runs, this one included.")


def test_a_change_that_went_away_is_still_told_but_as_past():
    good, bad = (look("g", score=np.ones(60)), look("bad", score=np.zeros(60)))
    found = judge(good, [good, bad, good, good])
    assert [(m.what, m.since, m.still) for m in found.moved] == [("score", 2, False)]
    assert "not clearly so in the last run" in found.moved[0].message


def test_another_model_behind_the_name_is_told_at_once():
    first, second = look("a", score=np.ones(5)), look("b", "m-2", score=np.ones(5))
    assert judge(first, [second]).moved[0].message == "m-2 answers where m-1 did; in this run."


@pytest.mark.parametrize("metric", drift.METRICS)
def test_exchanging_the_sides_turns_the_sign_and_nothing_else(metric):
    """What the validity rests on: under no change a difference is as likely as its opposite."""
    rng = np.random.default_rng(6)
    a, b = rng.uniform(0.01, 1, 50), rng.uniform(0.01, 1, 50)
    assert drift.differences(metric, a, b) == pytest.approx(-drift.differences(metric, b, a))
    assert np.abs(drift.differences(metric, a * 1e-9, b * 1e9)).max() <= 1
