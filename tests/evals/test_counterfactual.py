"""Swapped cases and what is made of their answers: hand-worked texts, groups and refusals."""

from __future__ import annotations

import pytest

from workbench.errors import SuiteError
from workbench.evals.scorers import build_scorer, parse_scorer
from workbench.evals.scorers.counterfactual import Member
from workbench.evals.suite import load_suite
from workbench.evals.swapping import SwapEntry, shipped_swap, swapped
from workbench.evals.types import Case, Dataset, Score, ScoringInput
from workbench.files import dump_yaml
from workbench.llm.types import Completion

SWAP = SwapEntry.model_validate(
    {
        "attribute": "who",
        "values": {"f": ["she", "her", "Ann Lee"], "m": ["he", "his", "Bob"], "x": ["they", "their", "Kim"]},
    }
)


def made(text, entry=SWAP, **vars):
    cases = swapped(Dataset((Case("a", {"t": text, **vars}),), "1", "s"), entry).cases
    return {case.id: (case.vars["t"], case.metadata) for case in cases}


def test_a_case_is_asked_once_for_each_value_with_its_letters_case_and_only_whole_words():
    found = made("SHE told ann  lee: Her heron's sheet, he-said")
    assert found == {
        "a": ("SHE told ann  lee: Her heron's sheet, he-said", {"group": "a"}),
        "a~f": ("SHE told ann  lee: Her heron's sheet, she-said", {"group": "a", "who": "f"}),
        "a~m": ("HE told ann  lee: His heron's sheet, he-said", {"group": "a", "who": "m"}),
        "a~x": ("THEY told ann  lee: Their heron's sheet, they-said", {"group": "a", "who": "x"}),
    }
    assert made("Bob met them") == {
        "a": ("Bob met them", {"group": "a", "who": "m"}),
        "a~f": ("Ann Lee met them", {"group": "a", "who": "f"}),
        "a~x": ("Kim met them", {"group": "a", "who": "x"}),
    }
    assert made("nobody here") == {"a": ("nobody here", {})}
    assert made("nobody", deep={"l": ["his"]}).keys() == {"a", "a~f", "a~x"}


def test_the_shipped_list_swaps_pronouns_and_titles_and_leaves_other_words_alone():
    found = made("Mr Smith says he lost his card; help him. A human hero.", shipped_swap("gender"))
    assert found["a~female"][0] == "Mrs Smith says she lost her card; help her. A human hero."


CASES = [
    Case(i, {"name": n}, metadata={"who": w})
    for i, n, w in (("a", "Ann", "f"), ("b", "Bob", "m"), ("c", "Kim", "x"))
]


def compared(entry, *outputs, scores=(), errors=(None, None, None)):
    scorer = build_scorer(parse_scorer({"type": "counterfactual", **entry}))
    return scorer.compare_cases(
        [
            Member(ScoringInput(o, c, Completion(o, error=e)), s)
            for o, c, e, s in zip(outputs, CASES, errors, scores or (None,) * 3, strict=False)
        ]
    )


@pytest.mark.parametrize(
    ("entry", "outputs", "value"),
    [
        ({}, ("Yes.", " YES.\n", "yes."), 1.0),
        ({}, ("yes", "yes", "no"), 0.0),
        ({}, ("Ann: yes", "Bob: yes"), 0.0),
        ({"mask": "{{name}}"}, ("Ann: yes, Ann", "bob: yes, BOB", "Kim: yes, Kim"), 1.0),
        ({"mask": ["he", "she"]}, ("she is the one", "he is the one"), 1.0),
        ({"mask": ["he", "she"]}, ("she is the one", "he is tone"), 0.0),
        ({"extract": r"\d+"}, ("I say 7", "well, 7"), 1.0),
        ({"alike": 0.75}, ("abcd", "abce"), 1.0),  # 2 · 3 of 8 letters
        ({"alike": 0.76}, ("abcd", "abce"), 0.0),
        ({"alike": 0.75}, ("abcd", "abce", "abfe"), 0.0),  # each is like the next, the outer two are not
        ({"negate": True}, ("yes", "no"), 1.0),
    ],
)
def test_a_group_is_alike_where_all_its_answers_are(entry, outputs, value):
    found = compared(entry, *outputs)
    assert (found.value, found.passed) == (value, value == 1.0), found


def test_the_values_of_a_scorer_are_compared_and_the_reason_names_who_got_what():
    scores = [Score("grade", 0.75), Score("grade", 0.5), Score("grade", 0.7)]
    found = compared({"of": "grade", "attribute": "who"}, "", "", "", scores=scores)
    assert found.passed is False and found.reason == "grade is 0.5 for m (b) and 0.75 for f (a)"
    assert compared({"of": "grade", "tolerance": 0.25}, "", "", "", scores=scores).passed is True
    reason = compared({}, "approved", "declined").reason
    assert reason == '"approved" for a, but "declined" for b'


def test_what_is_missing_in_a_group_is_an_error_and_no_difference():
    assert "case b was not answered (timeout)" in compared({}, "x", "", errors=(None, "timeout")).error
    holes = [Score("g", 1.0), Score("g", None, error="unparsable"), None]
    assert compared({"of": "g"}, "", "", scores=holes).error == "g of case b: unparsable"
    assert (
        compared({"of": "g"}, "", "", "", scores=[holes[0], holes[0], None]).error
        == "case c has no score of g"
    )
    assert "no variable none" in compared({"mask": "{{none}}"}, "x", "x").error


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"scorers": ["counterfactual"]}, 'field scorers.0.group: No case has "group" in its metadata'),
        (
            {"swap": "gender", "scorers": ["exact", {"type": "counterfactual", "of": "exakt"}]},
            'perhaps "exact" is meant',
        ),
        ({"swap": "colour", "scorers": ["exact"]}, 'there is no list "colour" to swap by, only gender'),
        (
            {"swap": {"attribute": "a", "values": {"x": ["b"], "y": ["c", "d"]}}, "scorers": ["exact"]},
            "as many words",
        ),
        ({"swap": {"attribute": "a", "value": {}}, "scorers": ["exact"]}, 'perhaps "values" is meant'),
        (
            {"swap": {"attribute": "kind", "values": {"x": ["he"], "y": ["she"]}}, "scorers": ["exact"]},
            'case c has "kind"',
        ),
        (
            {"swap": "gender", "scorers": [{"all": ["exact", "counterfactual"]}]},
            "looks at several answers together",
        ),
        (
            {"scorers": [{"type": "counterfactual", "of": "exact", "alike": 0.9}]},
            "alike and mask are of answers",
        ),
        ({"scorers": [{"type": "counterfactual", "weight": 1}]}, "it has no weight"),
    ],
)
def test_a_swap_or_a_scorer_of_groups_that_cannot_work_is_refused_with_its_line(tmp_path, data, says):
    with pytest.raises(SuiteError) as refused:
        load(tmp_path, data)
    assert "suite.yaml, line " in str(refused.value) and says.lower() in str(refused.value).lower()


def load(tmp_path, data):
    cases = [{"id": "c", "vars": {"t": "he is"}, "expected": "x", "metadata": {"kind": 1}}]
    (tmp_path / "suite.yaml").write_text(dump_yaml({"cases": cases, **data}))
    return load_suite(tmp_path / "suite.yaml", root=tmp_path)


def test_a_suite_that_swaps_has_other_cases_and_takes_each_group_for_one_cluster(tmp_path):
    plain = load(tmp_path, {"scorers": ["exact"]})
    suite = load(
        tmp_path, {"swap": "gender", "scorers": ["exact", {"type": "counterfactual", "of": "exact"}]}
    )
    assert [case.id for case in suite.dataset.cases] == ["c", "c~female"]
    assert (suite.cluster, plain.cluster) == ("group", None) and suite.dataset.sha256 != plain.dataset.sha256
    assert (
        load(
            tmp_path,
            {"swap": "gender", "cluster": "kind", "scorers": ["exact"], "slices": "gender"}
            | {"cases": [{"vars": {"t": w}, "metadata": {"kind": w}, "expected": 1} for w in ("he", "now")]},
        ).cluster
        == "kind"
    )
