"""May it ship? The three answers of a gate, and the sentence that says the verdict."""

from __future__ import annotations

import pytest
from support.frames import pass_fail, side

from workbench.analysis.compare import compare
from workbench.analysis.gate import judge_gate
from workbench.errors import BadInput


def judged(wins, losses, n, both=0, **rules):
    return judge_gate(compare(*pass_fail(wins, losses, n, both)), **rules)


def test_an_improvement_passes_without_a_margin_and_a_draw_does_not():
    assert judged(30, 5, 100).status == "passed"
    assert judged(5, 30, 100, margin=0.05).status == "failed"
    draw = judged(5, 5, 100)
    assert draw.status == "undecided"
    assert "with a margin of 0 only an established improvement passes" in draw.sentence


def test_a_small_loss_passes_once_there_are_cases_enough_to_rule_out_a_larger_one():
    assert judged(3, 4, 100, margin=0.05).status == "undecided"
    assert judged(12, 16, 400, margin=0.05).status == "passed"
    # Established as worse, yet by less than was allowed.
    assert judged(0, 12, 1000, margin=0.03).status == "passed"


def test_equivalence_needs_both_ends_inside_the_margin():
    assert compare(*pass_fail(12, 16, 400), margin=0.05).verdict == "equivalent"
    assert compare(*pass_fail(40, 0, 400), margin=0.05).verdict == "better"
    assert compare(*pass_fail(1, 2, 30), margin=0.05).verdict == "undecided"


def spending(cost_b, latency_b=1.0, **rules):
    a, b = side("A", [0.0] * 50), side("B", [1.0] * 50, cost=cost_b, latency=latency_b)
    return judge_gate(compare(a, b), **rules)


def test_cost_and_latency_fail_the_gate_however_good_the_answers():
    assert spending(0.002, max_cost_ratio=3).status == "passed"
    assert spending(0.004, max_cost_ratio=3).status == "failed"
    assert spending(0.001, 2.5, max_latency_ratio=2).status == "failed"
    assert spending(None, max_cost_ratio=3).status == "undecided"
    assert spending({f"c{i}": 0.001 for i in range(48)}, max_cost_ratio=3).status == "undecided"


def test_a_failed_rule_outweighs_an_undecided_one_and_all_are_told():
    gate = spending(0.004, None, max_cost_ratio=3, max_latency_ratio=2)
    assert (gate.status, [r.status for r in gate.rules]) == ("failed", ["passed", "failed", "undecided"])
    assert len(gate.reasons) == 3
    assert "4.00 times the baseline's, above 3.00 times" in gate.sentence
    assert "passes at most 5 times in 100" in gate.sentence


@pytest.mark.parametrize("rules", [{"metric": "f1"}, {"margin": -1}, {"max_cost_ratio": float("inf")}])
def test_an_impossible_rule_is_refused(rules):
    with pytest.raises(BadInput):
        judged(1, 1, 10, **rules)


@pytest.mark.parametrize(
    ("wins", "losses", "n", "margin", "said"),
    [
        (30, 5, 100, 0.0, "B is better than A on accuracy: +25.0 points (95 % interval +13.8 to +35.2; "),
        (5, 30, 100, 0.0, "B is worse than A on accuracy: −25.0 points"),
        (12, 16, 400, 0.05, "B and A are equivalent on accuracy within 5.0 points: −1.0 points"),
        (12, 6, 100, 0.0, "Undecided between A and B on accuracy: +6.0 points"),
        (0, 0, 40, 0.0, "no difference was seen, so no number of cases can be named"),
    ],
)
def test_the_headline_says_the_verdict_its_size_and_what_it_rests_on(wins, losses, n, margin, said):
    comparison = compare(*pass_fail(wins, losses, n), margin=margin)
    assert said in comparison.headline
    assert f"n = {n} cases" in comparison.headline
    assert "at the same cost" in comparison.headline


def test_an_undecided_comparison_names_the_cases_that_would_decide():
    comparison = compare(*pass_fail(12, 6, 100))
    assert f"about {comparison.primary.cases_to_decide:,} cases would decide" in comparison.headline
    assert 300 < comparison.primary.cases_to_decide < 500


def test_regressions_come_worst_first():
    a = side("A", {"c10": 1.0, "c9": 0.5, "c2": 1.0, "c1": 0.0, "same": 0.5})
    b = side("B", {"c10": 0.0, "c9": 0.3, "c2": 0.0, "c1": 1.0, "same": 0.5})
    comparison = compare(a, b)
    assert comparison.regressions == ["c2", "c10", "c9"]
    assert comparison.improvements == ["c1"]
