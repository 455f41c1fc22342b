"""Watching for drift: no alarm without a change, an alarm and a plain sentence with one."""

from __future__ import annotations

import math

import numpy as np

from workbench.analysis.clusters import Clusters
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
    rest = 1 / math.log(200_005) / 0.5867
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


def lossy(rng: np.random.Generator, chance: np.ndarray, before: int, after: int, lost: float) -> list[Look]:
    shares = [chance] * before + [np.clip(chance - lost, 0, 1)] * after
    return [look(f"r{k}", score=rng.random(chance.size) < share) for k, share in enumerate(shares)]


def test_a_small_loss_that_stays_is_found_within_thirty_looks_and_dated_rightly():
    """Ten points of a hundred noisy cases, after ten quiet looks; the benchmark has the whole table."""
    rng, found = np.random.default_rng(8), []
    for _ in range(12):
        runs = lossy(rng, rng.beta(2, 1, 100), 11, 30, 0.1)
        found += [m for m in judge(runs[0], runs[1:]).moved if m.still]
    assert len(found) >= 10
    assert 9 <= np.median([m.since for m in found]) <= 13, "the change began at the eleventh look"


def test_a_change_is_found_from_the_second_run_on_without_any_history():
    runs = [look("a", score=np.r_[np.ones(50), np.zeros(10)]), look("b", score=np.zeros(60))]
    assert [m.what for m in judge(runs[0], runs[1:]).moved] == ["score"]


def test_cases_of_one_cluster_that_fall_together_are_one_observation():
    rng = np.random.default_rng(9)
    of = {f"c{i}": i // 20 for i in range(80)}
    runs = [look(f"r{k}", score=np.repeat(rng.random(4) < 0.5, 20)) for k in range(40)]
    assert judge(runs[0], runs[1:], clusters=Clusters("topic", of)).moved == []
    assert judge(runs[0], runs[1:]).moved, "as eighty cases it would look like a change"


def test_a_look_that_knows_less_than_the_reference_is_held_against_what_it_knows():
    rng = np.random.default_rng(10)
    chance = np.full(60, 0.8)
    few = look("few", score=(rng.random(60) < chance)[:20])
    assert judge(noisy(rng, "r", chance), [few, look("none"), noisy(rng, "z", chance)]).moved == []


def test_a_score_that_is_no_share_is_told_as_what_it_is():
    runs = [look(f"r{k}", score=np.arange(40) + (100.0 if k == 2 else 0)) for k in range(3)]
    moved = judge(runs[0], runs[1:], metric_name="steps", percent=False).moved
    assert moved[0].message == "steps is 119.5 where it was 19.5; in this run."
