"""Ranks are as sure as they say, and a dominated choice is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import side

from workbench.analysis.compare import compare
from workbench.analysis.frontier import Point, frontier
from workbench.analysis.paired import holm
from workbench.analysis.ranking import rank
from workbench.errors import BadInput

EXAMPLES = settings(max_examples=25, deadline=None)
SCORES = st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=12, max_size=12), min_size=2, max_size=5)
FIGURE = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]))
POINTS = st.lists(st.tuples(FIGURE, FIGURE, FIGURE), min_size=1, max_size=7)


def three():
    rng = np.random.default_rng(5)
    hard = rng.random(200)
    return [
        side(name, [float(h < rate) for h in hard], cost=cost, latency=latency)
        for name, rate, cost, latency in (
            ("low", 0.3, 0.002, 2.0),
            ("top", 0.9, 0.001, 1.0),
            ("high", 0.86, 0.004, 3.0),
        )
    ]


def test_the_best_is_named_only_where_it_is_better_than_every_other():
    ranking = rank(three(), metric="accuracy")
    assert [row.name for row in ranking.rows] == ["top", "high", "low"]
    assert [(row.rank, row.rank_low, row.rank_high) for row in ranking.rows] == [
        (1, 1, 1),
        (2, 2, 2),
        (3, 3, 3),
    ]
    assert ranking.best == "top" and "established as better than each of the 2 others" in ranking.sentence
    close = rank(
        [s for s in three() if s.name != "low"] + [side("twin", three()[1].scores["value"].tolist())],
        metric="accuracy",
    )
    assert close.best is None
    assert {row.name: (row.rank_low, row.rank_high) for row in close.rows} == {
        "top": (1, 2),
        "twin": (1, 2),
        "high": (3, 3),
    }


def test_pairs_are_corrected_together_and_those_with_the_baseline_apart():
    sides = three()
    ranking = rank(sides, metric="accuracy", baseline="high")
    alone = {
        (p.a, p.b): compare(*(next(s for s in sides if s.name == n) for n in (p.a, p.b))).primary
        for p in ranking.pairs
    }
    assert [p.p for p in ranking.pairs] == [m.p for m in alone.values()]
    assert [p.p_adjusted for p in ranking.pairs] == holm([m.p for m in alone.values()]).tolist()
    rows = {row.name: row for row in ranking.rows}
    assert rows["high"].verdict is None
    assert (rows["low"].verdict, rows["top"].verdict) == ("worse", "better")
    assert rows["low"].diff == pytest.approx(rows["low"].mean - rows["high"].mean)
    assert rows["low"].diff_low < rows["low"].diff < rows["low"].diff_high < 0
    few = holm([alone["low", "high"].p, alone["top", "high"].p])
    assert [rows["low"].p_adjusted, rows["top"].p_adjusted] == pytest.approx(few.tolist())


@EXAMPLES
@given(SCORES)
def test_a_rank_lies_in_its_interval_and_identical_versions_are_never_told_apart(values):
    ranking = rank([side(f"v{i}", v) for i, v in enumerate(values)], metric="accuracy")
    for row in ranking.rows:
        assert 1 <= row.rank_low <= row.rank_high <= len(values)
        assert row.rank_low <= row.rank <= row.rank_high
    same = rank([side(f"v{i}", values[0]) for i in range(3)], metric="accuracy")
    assert {(r.rank, r.rank_low, r.rank_high) for r in same.rows} == {(1, 1, 3)}


def test_less_is_better_where_seconds_are_ranked():
    sides = [
        side("slow", [2.0 + i / 100 for i in range(30)]),
        side("fast", [1.0 + i / 90 for i in range(30)]),
    ]
    ranking = rank(sides, metric="accuracy", unit="seconds")
    assert [row.name for row in ranking.rows] == ["fast", "slow"] and ranking.best == "fast"
    assert ranking.frontier[1].dominated_by == ["fast"]


def test_rank_intervals_of_equal_versions_hold_at_least_95_times_in_100():
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(80):
        hard = rng.random(60)
        sides = [side(f"v{i}", (rng.random(60) < 0.5 + 0.5 * hard).astype(float).tolist()) for i in range(4)]
        wrong += any((r.rank_low, r.rank_high) != (1, 4) for r in rank(sides, metric="accuracy").rows)
    assert wrong <= 10  # 5 % and three and a half standard errors


def test_lost_answers_leave_a_rank_open():
    lost = side("lost", [1.0] * 180 + ["timeout"] * 20)
    ranking = rank([side("zero", [0.0] * 200), lost], metric="accuracy")
    assert [(r.rank_low, r.rank_high) for r in ranking.rows] == [(1, 2), (1, 2)]
    assert ranking.rows[0].errors == 20 and "too many answers" in ranking.warnings[0]
    none = rank([side("zero", [0.0] * 30), side("none", ["timeout"] * 30)], metric="accuracy")
    assert none.rows[-1].name == "none" and none.rows[-1].rank is None


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(BadInput, match="nothing to rank"):
        rank([side("one", [1.0])], metric="accuracy")
    with pytest.raises(BadInput, match="no scores for speed"):
        rank(three(), metric="speed")
    with pytest.raises(BadInput, match="There is no other to rank against"):
        rank(three(), metric="accuracy", baseline="other")


def test_a_version_that_is_worse_dearer_and_slower_is_dominated():
    ranking = rank(three(), metric="accuracy")
    found = {row.name: (row.dominated_by, row.established) for row in ranking.frontier}
    assert found == {"top": ([], []), "high": (["top"], ["top"]), "low": (["top"], ["top"])}


def test_the_cheaper_and_the_faster_both_stay_on_the_frontier():
    points = [
        Point("good", 0.9, 0.01, 2.0),
        Point("cheap", 0.7, 0.001, 2.0),
        Point("fast", 0.7, 0.01, 0.5),
        Point("neither", 0.7, 0.01, 2.0),
        Point("same as good", 0.9, 0.01, 2.0),
        Point("unpriced", 0.5, None, 3.0),
    ]
    found = {row.name: row.dominated_by for row in frontier(points)}
    assert found["neither"] == ["good", "cheap", "fast", "same as good"]
    assert all(not found[name] for name in ("good", "cheap", "fast", "same as good", "unpriced"))


@EXAMPLES
@given(POINTS)
def test_domination_is_an_order(figures):
    points = [Point(str(i), *f) for i, f in enumerate(figures)]
    above = {row.name: set(row.dominated_by) for row in frontier(points)}
    for name, others in above.items():
        assert name not in others
        for other in others:
            assert name not in above[other]
            assert above[other] <= others
    assert any(not others for others in above.values())
