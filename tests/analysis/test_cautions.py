"""A comparison says what a careful colleague would, and nothing where there is nothing to say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support.frames import side

from workbench.analysis.cautions import Lengths, output_cautions, regression
from workbench.analysis.compare import compare


def test_a_slice_that_carries_the_whole_difference_is_named():
    a = side("A", [0.0] * 200)
    b = side("B", [1.0] * 38 + [0.0] * 161 + [1.0])
    tasks = {"task": {f"c{i}": "sorting" if i < 40 else f"other{i % 3}" for i in range(200)}}
    found = compare(a, b, slices=tasks)
    assert found.verdict == "better"
    [said] = [w for w in found.warnings if "carries the effect" in w]
    assert said == "task=sorting carries the effect: on the other 160 cases the difference is +0.6 points."


def test_an_effect_that_all_slices_share_is_nobodys():
    a, b = side("A", [0.0] * 200), side("B", [float(i % 3 == 0) for i in range(200)])
    found = compare(a, b, slices={"task": {f"c{i}": i % 4 for i in range(200)}})
    assert found.verdict == "better"
    assert not any("carries" in w for w in found.warnings)


def judged(gain_by_length: bool):
    """A comparison in which B is longer and better; either because it is longer, or whether or not."""
    rng = np.random.default_rng(11)
    grown = rng.uniform(0, 1.2, 150)
    gain = (0.3 * grown if gain_by_length else 0.18) + rng.normal(0, 0.1, 150)
    found = compare(side("A", [0.4] * 150), side("B", (0.4 + gain).clip(0, 1).tolist()))
    return found, {f"c{i}": Lengths(100, 100 * float(np.exp(g)), False) for i, g in enumerate(grown)}


def test_a_score_that_only_grew_with_length_is_said():
    found, lengths = judged(gain_by_length=True)
    [said] = output_cautions(found, lengths, runs=1)
    assert said.startswith("The score may have grown with length alone: the answers of B are 1.")


def test_a_score_that_grew_with_and_without_length_is_left_alone():
    assert output_cautions(*judged(gain_by_length=False), runs=1) == []
    found, lengths = judged(gain_by_length=True)
    equal = {case: Lengths(100, 101, False) for case in lengths}
    assert output_cautions(found, equal, runs=1) == []


def test_shared_outputs_are_said_only_where_all_are_shared():
    found = compare(side("A", [1.0] * 30), side("B", [1.0] * 30))
    lengths = {f"c{i}": Lengths(9, 9, True) for i in range(30)}
    assert (
        "Both sides gave the same outputs, on every one of 30 cases"
        in output_cautions(found, lengths, runs=1)[0]
    )
    assert "The two runs share all outputs" in output_cautions(found, lengths, runs=2)[0]
    assert output_cautions(found, lengths | {"c3": Lengths(9, 9, False)}, runs=2) == []
    assert output_cautions(found, {}, runs=2) == []


def test_the_line_is_that_of_scipy():
    rng = np.random.default_rng(4)
    x, y = rng.normal(1, 1, 40), rng.normal(0, 1, 40)
    ours, theirs = regression(x, y), stats.linregress(x, y)
    t = stats.t.ppf(0.975, 38)
    assert (ours.slope, ours.level) == pytest.approx((theirs.slope, theirs.intercept))
    assert ours.slope_low == pytest.approx(theirs.slope - t * theirs.stderr)
    assert ours.level_low == pytest.approx(theirs.intercept - t * theirs.intercept_stderr)
    assert regression(np.ones(9), rng.normal(0, 1, 9)) is None
