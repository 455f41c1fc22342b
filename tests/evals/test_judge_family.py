"""The judges beside the rubric, with values worked by hand."""

from __future__ import annotations

import json
import math

import pytest
from support.judging import ScriptedDesk, judged, scored, similar

from workbench.errors import SuiteError
from workbench.evals.scorers import parse_scorer
from workbench.evals.types import Case
from workbench.llm.types import Completion

CASE = Case(
    "one",
    vars={
        "question": "Who built it?",
        "context": ["Eiffel built it.", "It is tall.", "In 1889."],
        "text": "Long.",
    },
    expected="Eiffel built it in 1889.",
)


def says(**reply) -> ScriptedDesk:
    return ScriptedDesk(lambda text: "Here: " + json.dumps(reply))


def rows(key: str, *values: bool, numbers: bool = False) -> list[dict]:
    return [
        {
            **({"number": n} if numbers else {}),
            "statement": f"s{n}",
            "point": f"s{n}",
            "reason": "r",
            key: value,
        }
        for n, value in enumerate(values, 1)
    ]


STATEMENTS = [("faithfulness", "supported"), ("answer_relevance", "relevant"), ("context_recall", "found")]


@pytest.mark.parametrize(("kind", "flag"), STATEMENTS)
def test_shares_of_statements_name_those_that_fail(kind, flag):
    found = judged(
        {"type": kind}, says(statements=rows(flag, True, False, True, True)), "Eiffel, I think.", CASE
    )
    assert (
        found.value == 0.75 and found.passed is None and "s2 (r)" in found.reason and "s1" not in found.reason
    )
    none = judged({"type": kind}, says(statements=[]), "Hm.", CASE)
    assert (none.value, none.error) == (None, None) and "states nothing" in none.reason


def test_context_precision_is_average_precision_over_the_passages_in_their_order():
    entry = {"type": "context_precision"}
    assert judged(entry, says(passages=rows("useful", True, False, True)), "x", CASE).value == pytest.approx(
        5 / 6
    )
    assert judged(entry, says(passages=rows("useful", False, False, True)), "x", CASE).value == pytest.approx(
        1 / 3
    )
    assert judged(entry, says(passages=rows("useful", False, False, False)), "x", CASE).value == 0.0
    shuffled = rows("useful", True, False, False, numbers=True)[::-1]
    assert judged(entry, says(passages=shuffled), "x", CASE).value == 1.0
    assert "unparsable" in judged(entry, says(passages=rows("useful", True)), "x", CASE).error


def test_a_case_without_what_a_judge_needs_is_an_error_and_nobody_is_asked():
    desk, bare = says(), Case("one", vars={"question": "Who?"})
    for kind, word in (("faithfulness", '"context"'), ("context_recall", '"context"')):
        assert word in judged({"type": kind}, desk, "x", bare).error
    nothing = Case("one", vars={"question": "Who?", "context": "c"})
    assert "no expected answer" in judged({"type": "context_recall"}, desk, "x", nothing).error
    assert desk.asked == []


def test_criteria_pass_where_all_are_met_and_each_needs_its_verdict():
    entry = {"type": "criteria", "criteria": ["It is short.", "It is polite."]}
    good = judged(entry, says(verdicts=rows("met", True, True, numbers=True)), "x")
    assert (good.value, good.passed, good.reason) == (1.0, True, "")
    half = judged(entry, says(verdicts=rows("met", True, False, numbers=True)), "x")
    assert (half.value, half.passed) == (0.5, False) and "It is polite. (r)" in half.reason
    for reply in (rows("met", True), rows("met", True, True, True), rows("met", "perhaps", True)):
        assert "unparsable" in judged(entry, says(verdicts=reply), "x").error


def test_a_class_is_worth_its_value_and_an_unknown_one_is_an_error():
    entry = {"type": "classify", "question": "How helpful?", "choices": {"Very": 1, "A bit": 0.5, "Not": 0}}
    found = judged(entry, says(reason="so so", choice="a  bit."), "x")
    assert (found.value, found.passed, found.reason) == (0.5, False, "A bit: so so")
    assert judged(entry, says(choice="VERY"), "x").passed is True
    assert "none of the classes" in judged(entry, says(choice="somewhat"), "x").error
    with pytest.raises(SuiteError, match="told apart"):
        parse_scorer({**entry, "choices": {"Yes": 1, "yes.": 0}})


def test_a_summary_is_held_against_given_points_or_those_of_the_judge():
    entry = {"type": "summary_coverage", "source": "text"}
    assert judged(entry, says(points=rows("covered", True, False)), "x", CASE).value == 0.5
    given = {**entry, "points": ["a", "b", "c"]}
    assert (
        judged(given, says(points=rows("covered", True, True, False, numbers=True)), "x", CASE).value == 2 / 3
    )
    assert "unparsable" in judged(given, says(points=rows("covered", True)), "x", CASE).error


def test_similarity_is_the_cosine_with_the_nearest_expected_text():
    vectors = {"cat": [1.0, 0.0], "dog": [0.0, 1.0], "kitten": [1.0, 1.0], "anti": [-1.0, 0.0]}
    desk = ScriptedDesk(vector=lambda text: vectors[text])
    entry = {"type": "similar", "embedder": "openai/vectors"}
    assert similar(entry, desk, "kitten", ["cat", "anti"]).value == pytest.approx(math.sqrt(0.5))
    assert similar({**entry, "threshold": 0.8}, desk, "kitten", ["cat"]).passed is False
    assert similar(entry, desk, "cat", ["anti"]).value == 0.0
    assert similar(entry, desk, " ", ["cat"]).value == 0.0


def test_correctness_is_f1_of_statements_and_similarity_where_vectors_are_named():
    reply = {"right": ["a", "b"], "wrong": ["c"], "missing": ["d"]}
    desk = ScriptedDesk(
        lambda text: json.dumps(reply), lambda text: [1.0, 0.0] if "Eiffel" in text else [0.6, 0.8]
    )
    entry = {"type": "answer_correctness"}
    assert judged(entry, desk, "Someone.", CASE).value == pytest.approx(2 / 3)
    mixed = judged({**entry, "embedder": "openai/vectors"}, desk, "Someone.", CASE)
    assert mixed.value == pytest.approx(0.75 * 2 / 3 + 0.25 * 0.6)


def panel(vote: str, *grades: int | str, **more):
    names = [f"openai/j{n}" for n in range(len(grades))]

    class Bench(ScriptedDesk):
        async def complete(self, request):
            self.asked.append(request)
            grade = grades[names.index(request.model.id)]
            return Completion(json.dumps({"score": grade}) if isinstance(grade, int) else grade)

    desk = Bench()
    entry = {
        "type": "panel",
        "judges": names,
        "of": {"type": "rubric", "rubric": "Good."},
        "vote": vote,
        **more,
    }
    return scored(entry, desk, "x"), desk


@pytest.mark.parametrize(
    ("vote", "grades", "value", "passed"),
    [
        ("mean", (5, 1, 2), (1 + 0 + 0.25) / 3, None),
        ("median", (5, 1, 2), 0.25, None),
        ("majority", (5, 1, 3), 2 / 3, True),
        ("majority", (5, 1), 0.5, False),
        ("unanimous", (5, 5, 2), 2 / 3, False),
        ("unanimous", (5, 3, 4), 1.0, True),
    ],
)
def test_a_panel_votes_by_its_rule(vote, grades, value, passed):
    found, desk = panel(vote, *grades)
    assert found.value == pytest.approx(value) and found.passed is passed
    assert len(desk.asked) == len(grades)


def test_a_judge_of_a_panel_that_cannot_be_read_makes_the_whole_an_error():
    found, _ = panel("majority", 5, 5, "no idea")
    assert found.value is None and found.error.startswith("openai/j2: unparsable")


def test_a_panel_of_something_else_is_refused():
    with pytest.raises(SuiteError, match="a panel is of judges"):
        parse_scorer({"type": "panel", "judges": ["a/b", "c/d"], "of": {"type": "exact"}})
    with pytest.raises(SuiteError, match="belongs to the panel"):
        parse_scorer(
            {
                "type": "panel",
                "judges": ["a/b", "c/d"],
                "of": {"type": "rubric", "rubric": "x", "threshold": 1},
            }
        )
