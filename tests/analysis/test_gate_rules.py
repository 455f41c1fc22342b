"""Each rule of a gate has its own outcome, and the whole errs no more often than it says."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.frames import pass_fail, side, together

from workbench.analysis.compare import compare
from workbench.analysis.floors import hold_to_floor
from workbench.analysis.gate import MoreRules, judge_gate
from workbench.errors import BadInput


def judged(a, b, *, slices=None, margin=0.05, costs=None, **more):
    comparison = compare(a, b, slices=slices, margin=margin, metric="accuracy")
    gate = judge_gate(comparison, margin=margin, more=MoreRules(**more), sides=(a, b), **(costs or {}))
    return gate, {rule.name: rule.status for rule in gate.rules}


def two_metrics(accuracy, brief):
    """Two sides with two scorers, each given as ``(wins, losses)`` of 400 cases."""
    sides = []
    for n, name in enumerate("AB"):
        values = []
        for wins, losses in (accuracy, brief):
            ours, theirs = (wins, losses) if n else (losses, wins)
            values.append([float(n)] * wins + [1.0 - n] * losses + [1.0] * (400 - ours - theirs))
        sides.append(together(side(name, values[0]), side(name, values[1], scorer="brief")))
    return sides


def test_every_named_metric_must_hold_its_own_margin():
    a, b = two_metrics((12, 12), (10, 14))
    gate, rules = judged(a, b, metrics={"brief": 0.05})
    assert rules == {"quality": "passed", "quality brief": "passed"} and gate.passed
    assert judged(a, b, metrics={"brief": 0.01})[1]["quality brief"] == "undecided"
    worse, rules = judged(*two_metrics((12, 12), (0, 60)), metrics={"brief": 0.05})
    assert (worse.status, rules) == ("failed", {"quality": "passed", "quality brief": "failed"})
    assert "brief: established as worse" in worse.sentence


def test_what_a_further_metric_does_not_ask_is_not_judged():
    assert judged(*two_metrics((12, 12), (0, 60)))[0].passed


def test_a_floor_is_held_by_the_lower_end_not_by_the_mean():
    a, b = pass_fail(0, 0, 100, 85)
    assert judged(a, b, floors={"accuracy": 0.7})[1]["floor accuracy"] == "passed"
    assert judged(a, b, floors={"accuracy": 0.8})[1]["floor accuracy"] == "undecided"
    assert judged(a, b, floors={"accuracy": 0.95})[1]["floor accuracy"] == "failed"


@pytest.mark.parametrize(("passes", "n", "floor"), [(85, 100, 0.8), (20, 20, 0.9), (0, 30, 0.1), (3, 9, 0.5)])
def test_a_floor_of_a_pass_rate_is_judged_exactly_as_scipy_does(passes, n, floor):
    found = hold_to_floor(pass_fail(0, 0, n, passes)[1].scores, "accuracy", floor)
    for p, way in ((found.p_reached, "greater"), (found.p_missed, "less")):
        assert p == pytest.approx(stats.binomtest(passes, n, floor, alternative=way).pvalue)
    exact = stats.binomtest(passes, n, alternative="greater").proportion_ci(0.95, method="exact")
    assert found.bound == pytest.approx(exact.low)


def test_seconds_have_a_ceiling_and_lost_answers_leave_a_floor_undecided():
    rng = np.random.default_rng(1)
    quick = side("B", rng.normal(1.0, 0.2, 60).tolist(), scorer="latency").scores
    limits = {
        limit: hold_to_floor(quick, "latency", limit, lower_is_better=True, unit="seconds")
        for limit in (0.5, 1.2)
    }
    assert limits[1.2].p_reached < 0.01 and limits[1.2].bound > limits[1.2].mean
    assert limits[0.5].p_missed < 0.01
    a, b = side("A", [1.0] * 50), side("B", [1.0] * 47 + ["timeout"] * 3)
    assert judged(a, b, floors={"accuracy": 0.5})[1]["floor accuracy"] == "undecided"


def sliced(n, lost_in_first):
    a, b = (
        side("A", [1.0] * n),
        side("B", [0.0 if i % 4 == 0 and i < 4 * lost_in_first else 1.0 for i in range(n)]),
    )
    return a, b, {"lang": {f"c{i}": f"l{i % 4}" for i in range(n)}}


def test_a_slice_that_falls_fails_a_gate_whose_whole_is_within_the_margin():
    a, b, slices = sliced(1200, 12)
    assert judged(a, b, slices=slices)[0].passed
    gate, rules = judged_slices(a, b, slices, None)
    assert (gate.status, rules["slices lang"]) == ("failed", "failed")
    assert "lang=l0 established as worse" in gate.sentence


def judged_slices(a, b, values, margin):
    comparison = compare(a, b, slices=values, margin=0.05)
    gate = judge_gate(comparison, margin=0.05, more=MoreRules(slices={"lang": margin}), sides=(a, b))
    return gate, {rule.name: rule.status for rule in gate.rules}


def test_slices_without_a_margin_only_fail_and_with_one_must_be_shown_to_hold_it():
    a, b, values = sliced(80, 1)
    assert judged_slices(a, b, values, None)[1]["slices lang"] == "passed"
    assert judged_slices(a, b, values, 0.05)[1]["slices lang"] == "undecided"
    assert judged_slices(a, b, values, 0.5)[1]["slices lang"] == "passed"
    with pytest.raises(BadInput):
        judged_slices(a, b, {"task": {}}, None)


def test_cases_that_must_pass_and_new_failures_are_counted():
    a, b = pass_fail(0, 2, 100, 90)  # c0 and c1 fail now; c92 and later always did
    assert judged(a, b, must_pass=("c5", "c50"))[1]["must_pass"] == "passed"
    gate, rules = judged(a, b, must_pass=("c0", "c5"), max_new_failures=2)
    assert (rules["must_pass"], rules["new_failures"]) == ("failed", "passed")
    assert "must pass: 1 (c0) of 2 cases failed" in gate.sentence
    assert judged(a, b, max_new_failures=1)[1]["new_failures"] == "failed"


def test_every_repeat_of_a_case_must_pass_and_most_repeats_say_whether_it_failed_anew():
    a = side("A", [[1.0, 1.0, 1.0]] * 20)
    b = side("B", [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]] + [[1.0, 1.0, 1.0]] * 18)
    _, rules = judged(a, b, must_pass=("c0",), max_new_failures=1)
    assert (rules["must_pass"], rules["new_failures"]) == ("failed", "passed")


def test_a_missing_answer_neither_passes_nor_fails_a_case():
    a, b = side("A", [1.0] * 100), side("B", ["timeout"] + [1.0] * 99)
    _, rules = judged(a, b, must_pass=("c0",), max_new_failures=0)
    assert (rules["must_pass"], rules["new_failures"]) == ("undecided", "undecided")
    assert judged(a, b, must_pass=("nowhere",))[1]["must_pass"] == "undecided"


def test_a_score_that_neither_passes_nor_fails_cannot_be_asked_to_pass():
    a, b = side("A", [0.4, 0.7] * 20), side("B", [0.4, 0.8] * 20)
    _, rules = judged(a, b, must_pass=("c0",), max_new_failures=3)
    assert (rules["must_pass"], rules["new_failures"]) == ("undecided", "undecided")


def test_the_sentence_states_the_error_rate_and_what_is_only_counted():
    gate, _ = judged(*pass_fail(0, 0, 100, 90), floors={"accuracy": 0.5}, max_new_failures=0)
    assert "truly breaks a margin or a floor of this gate passes at most 5 times in 100" in gate.sentence
    assert "fails by chance at most 5 times in 100" in gate.error_rate
    assert gate.to_dict()["rules"][0].keys() == {"name", "status", "reason"}


# -- how often it errs ---------------------------------------------------------------------------------

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "simulate_gate.py"
GATES = 250
#: Three standard errors above 5 % of that many gates.
ALLOWED = 0.05 + 3 * math.sqrt(0.05 * 0.95 / GATES)


def _benchmark():
    spec = importlib.util.spec_from_file_location("simulate_gate", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()


@pytest.mark.parametrize("broken", bench.BROKEN)
def test_a_candidate_that_breaks_any_one_rule_passes_at_most_5_times_in_100(broken):
    assert bench.share(lambda rng: bench.breaking(rng, broken), "passed", GATES) <= ALLOWED


def test_a_candidate_that_breaks_nothing_fails_by_chance_at_most_5_times_in_100_over_all_rules():
    assert bench.share(bench.sound, "failed", GATES) <= ALLOWED


def partial(rng, n):
    """Scores of which most are 1 and some lose half or all."""
    return np.where(rng.random(n) < 0.85, 1.0, rng.choice([0.0, 0.5], n)), 1 - 0.15 * 0.75


def repeated(rng, n):
    """Three repeats a case; the cases differ in how easy they are."""
    easy = rng.beta(9, 1, n)
    return (rng.random((n, 3)) < easy[:, None]).astype(float), 0.9


def smooth(rng, n):
    """Scores such as ROUGE."""
    return rng.beta(6, 3, n), 6 / 9


@pytest.mark.parametrize("kind", [partial, repeated, smooth], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("n", [20, 50, 200])
def test_a_mean_exactly_at_the_floor_is_rarely_taken_to_have_reached_it(kind, n):
    rng = np.random.default_rng(n)
    passed, tries = 0, 600
    for _ in range(tries):
        values, truth = kind(rng, n)
        found = hold_to_floor(side("B", values.tolist()).scores, "accuracy", truth)
        passed += found.p_reached is not None and found.p_reached <= 0.05
    assert passed / tries <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / tries)


def test_clusters_make_a_floor_harder_to_reach():
    values = ([1.0] * 9 + [0.0]) * 4 + [1.0] * 60
    scores = side("B", values).scores
    alone = hold_to_floor(scores, "accuracy", 0.8)
    by_document = {f"c{i}": i // 10 for i in range(100)}
    belonging = hold_to_floor(scores, "accuracy", 0.8, clusters=by_document)
    assert belonging.bound < alone.bound
