"""Answers that are not there, and quantities that nobody knows."""

from __future__ import annotations

import pandas as pd
import pytest
from support.frames import side, together

from workbench.analysis.compare import Side, compare
from workbench.analysis.gate import judge_gate
from workbench.analysis.summary import summarise
from workbench.errors import BadInput

GOOD, BAD = [1.0] * 100, [0.0] * 100


def test_two_in_a_hundred_lost_answers_are_left_out_and_three_end_the_verdict():
    two = compare(side("A", BAD), side("B", ["timeout"] * 2 + [1.0] * 98))
    assert (two.verdict, two.primary.n, two.primary.errors) == ("better", 98, 2)
    assert any("2 pairs of 100 miss an answer" in w for w in two.warnings)
    three = compare(side("A", BAD), side("B", ["timeout"] * 3 + [1.0] * 97))
    assert (three.verdict, three.primary.n, three.primary.errors) == ("no verdict", 97, 3)
    assert three.headline.startswith("No verdict between A and B on accuracy: 3 of 100 pairs miss an answer")
    assert judge_gate(three, margin=0.5).status == "undecided"


def test_cells_that_were_never_answered_count_as_lost():
    a, b = side("A", GOOD), side("B", GOOD)
    gone = Side("B", b.scores.iloc[:90], b.cells.iloc[:90])
    m = compare(a, gone).primary
    assert (m.verdict, m.n, m.pairs, m.errors) == ("no verdict", 90, 100, 10)


def test_the_bounds_say_what_the_lost_answers_could_have_changed():
    m = compare(side("A", GOOD), side("B", ["refusal"] * 10 + [1.0] * 90)).primary
    assert (m.diff, m.bound_low, m.bound_high) == (0.0, pytest.approx(-0.1), pytest.approx(0.0))


def test_a_lost_repeat_counts_as_its_share_of_the_case():
    m = compare(side("A", [[1.0, 1.0]] * 50), side("B", [[1.0, "timeout"]] + [[1.0, 1.0]] * 49)).primary
    assert (m.n, m.errors, m.error_share) == (50, 1, pytest.approx(0.01))


def test_an_error_in_one_slice_leaves_the_others_their_verdict():
    values = ["timeout"] + [1.0] * 59
    slices = {"half": {f"c{i}": "first" if i < 20 else "rest" for i in range(60)}}
    comparison = compare(side("A", [0.0] * 60), side("B", values), slices=slices)
    verdicts = {m.slice: m.verdict for m in comparison.metrics}
    assert verdicts == {None: "better", "half=first": "no verdict", "half=rest": "better"}


def test_an_unknown_price_is_unknown_and_no_error():
    a = together(side("A", [1.0] * 30), side("A", [None] * 30, scorer="cost"))
    b = together(side("B", [0.0] * 30), side("B", [0.01] * 30, scorer="cost"))
    comparison = compare(a, b, units={"cost": "usd"})
    cost = comparison.metric("cost")
    assert (cost.n, cost.unknown, cost.errors, cost.verdict, cost.diff) == (0, 30, 0, "undecided", None)
    assert any(w.startswith("cost: unknown for 30 of 30 pairs") for w in comparison.warnings)


def test_less_is_better_for_seconds():
    a, b = (
        side(n, v, scorer="latency") for n, v in (("A", [2.0 + i / 50 for i in range(30)]), ("B", [1.0] * 30))
    )
    comparison = compare(a, b, units={"latency": "seconds"})
    assert (comparison.verdict, comparison.primary.wins) == ("better", 30)
    assert len(comparison.improvements) == 30


def test_cost_and_latency_are_compared_on_the_same_cases_and_unknown_is_not_zero():
    cost_b = {f"c{i}": 0.003 + i / 1e6 if i < 40 else None for i in range(50)}
    a = side("A", [1.0] * 50, cost=0.001, latency={f"c{i}": 1 + i / 100 for i in range(50)})
    b = side("B", [1.0] * 50, cost=cost_b, latency={f"c{i}": (1 + i / 100) * (2 + i % 2) for i in range(50)})
    comparison = compare(a, b)
    cost, latency = comparison.cost, comparison.latency
    assert (cost.n, cost.unknown) == (40, 10)
    assert cost.a == pytest.approx(0.04)
    assert cost.ratio_low < cost.ratio < cost.ratio_high
    assert cost.ratio == pytest.approx(3.0195)
    assert latency["ratio"] == pytest.approx(6**0.5)
    assert (latency["a"]["p50"], latency["n"]) == (pytest.approx(1.245), 50)


def test_free_and_unpriced_models_are_not_confused():
    def spend(cost_a, cost_b):
        return compare(side("A", [1.0] * 9, cost=cost_a), side("B", [1.0] * 9, cost=cost_b))

    assert (spend(0.0, 0.0).cost.note, spend(0.0, 0.0).cost.ratio) == ("both free", None)
    assert spend(0.0, 0.1).cost.note == "the baseline is free"
    assert (spend(None, 0.1).cost.note, spend(None, 0.1).cost.unknown) == ("cost unknown", 9)
    assert "cost unknown" in spend(None, 0.1).headline
    assert spend(0.1, 0.0).cost.ratio == 0


def test_several_models_are_each_compared_with_themselves():
    a = together(side("A", [1.0] * 20, model="x"), side("A", [0.0] * 20, model="y"), cells=True)
    b = together(side("B", [1.0] * 20, model="x"), side("B", [1.0] * 20, model="y"), cells=True)
    assert compare(a, b).primary.diff == pytest.approx(0.5)
    more = together(b, side("B", [0.0] * 20, model="z"), cells=True)
    comparison = compare(a, more)
    assert comparison.primary.diff == pytest.approx(0.5)
    assert any("left out: z" in w for w in comparison.warnings)


@pytest.mark.parametrize(
    ("a", "b", "options", "said"),
    [
        (side("A", [1.0]), side("B", [1.0], scorer="other"), {}, "A and B share no scorer"),
        (side("A", [1.0]), side("B", [1.0]), {"metric": "f1"}, "There is no metric f1"),
        (side("A", [1.0]), side("B", [1.0]), {"margin": -0.1}, "margin of -0.1"),
        (side("A", [1.0]), side("B", [1.0]), {"margin": float("nan")}, "margin of nan"),
        (side("A", [1.0]), side("B", [1.0]), {"confidence": 95}, "confidence of 95"),
        (Side("A", pd.DataFrame({"x": [1]}), pd.DataFrame()), side("B", [1.0]), {}, "The scores of A lack"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(a, b, options, said):
    with pytest.raises(BadInput, match=said):
        compare(a, b, **options)


def test_one_case_gives_a_difference_but_no_verdict():
    m = compare(side("A", [0.3]), side("B", [0.9])).primary
    assert (m.n, m.verdict, m.cases_to_decide) == (1, "undecided", None)
    assert compare(side("A", [0.0]), side("B", [1.0]), margin=0.5).verdict == "undecided"


def test_slices_have_natural_order_a_name_for_no_value_and_a_limit():
    level = {f"c{i}": i for i in range(12)} | {"c12": None}
    scores = side("A", [1.0] * 14).scores
    labels = [s.slice for s in summarise(scores, {"level": level})]
    assert labels == [None, *(f"level={i}" for i in range(12)), "level=(none)"]
    many = compare(side("A", GOOD), side("B", GOOD), slices={"id": {f"c{i}": i for i in range(100)}})
    assert sum(m.slice is not None for m in many.metrics) == 50
    assert any("id has 100 values" in w for w in many.warnings)


def test_a_summary_counts_errors_and_unknown_apart_from_the_mean():
    summary = summarise(side("A", [1.0, 0.0, "timeout", None, [1.0, "refusal"]]).scores)[0]
    assert (summary.n, summary.errors, summary.unknown, summary.answers) == (3, 2, 1, 3)
    assert summary.mean == pytest.approx(2 / 3)
    assert summarise(side("A", ["timeout"]).scores)[0].mean is None
