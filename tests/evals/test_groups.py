"""Groups, not_, transform steps, formulas and included scorers: hand-worked values, and what is refused."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from support.scoring import case

from workbench.analysis.derived import MeansFormula, derived_summaries
from workbench.analysis.summary import summarise
from workbench.errors import DatasetError, SuiteError, WorkbenchError
from workbench.evals.formula import parse_formula
from workbench.evals.plan import spec_from_dict
from workbench.evals.scorers import ParamError, build_scorer, parse_scorer, score_completion, scorer_units
from workbench.evals.suite import load_suite
from workbench.evals.transform import build_transform
from workbench.files import dump_yaml
from workbench.llm.types import Completion

A, B, C = ({"type": "contains", "value": letter, "name": letter} for letter in "abc")


def scored(entries, output, expected=None, *, error=None):
    taken: set[str] = set()
    built = [build_scorer(spec_from_dict(parse_scorer(e, taken=taken).to_dict())) for e in entries]
    completion = Completion(text=output, error=error)
    return {s.scorer: s for s in score_completion(built, case(expected), completion)}


@pytest.mark.parametrize(
    ("entry", "output", "value", "passed"),
    [
        ({"all": [A, B]}, "ab", 1.0, True),
        ({"all": [A, B]}, "a", 0.5, False),
        ({"all": [{**A, "weight": 3}, B], "threshold": 0.75}, "a", 0.75, True),
        ({"all": [{**A, "weight": 3}, B], "threshold": 0.75}, "b", 0.25, False),
        ({"all": [A, {**B, "weight": 0}]}, "a", 1.0, True),
        ({"any": [A, B]}, "b", 1.0, True),
        ({"any": [A, B]}, "x", 0.0, False),
        ({"any": [{"type": "fuzzy", "value": "abcd"}], "threshold": 0.7}, "abc", 6 / 7, True),
        ({"at_least": 2, "of": [A, B, C]}, "ac", 1.0, True),
        ({"at_least": 2, "of": [A, B, C]}, "c", 0.0, False),
        ({"any": [{"all": [A, B]}, C]}, "ab", 1.0, True),
        ({"all": [{"type": "latency", "max": 1}, A]}, "a", None, None),
        ({"type": "any", "of": [A], "negate": True}, "a", 0.0, False),
        ({"type": "not_any", "of": [A]}, "x", 1.0, True),
    ],
)
def test_a_group_says_what_was_worked_out_by_hand(entry, output, value, passed):
    score = next(iter(scored([{**entry, "name": "group"}], output).values()))
    assert (score.value, score.passed, score.error) == (
        pytest.approx(value) if value else value,
        passed,
        None,
    )


def test_parts_with_names_have_columns_and_count_only_through_their_group():
    found = scored([{"all": [A, {"type": "contains", "value": "b"}], "name": "both"}, C], "ac")
    assert list(found) == ["both", "a", "c", "overall"]
    assert found["both"].reason == "failed: contains"
    assert found["overall"].value == 0.75
    assert scorer_units([parse_scorer({"all": [A, B], "name": "g"})]).keys() == {"g", "a", "b"}
    broken = scored([{"all": [A, B], "name": "both"}], "", error="timeout")
    assert {s.error for s in broken.values()} == {"timeout"} and broken.keys() == {"both", "a", "b"}


def test_an_error_in_a_part_that_counts_is_an_error_of_the_group_and_never_a_failure():
    assert "nothing expected" in scored([{"any": [A, "exact"], "name": "g"}], "a")["g"].error
    assert scored([{"any": [A, {"type": "exact", "weight": 0}], "name": "g"}], "a")["g"].passed is True


def test_not_in_front_of_a_type_turns_it_round():
    assert scored(["not_contains"], "x", "y")["not_contains"].passed is True
    with pytest.raises(ParamError, match="negated twice"):
        parse_scorer({"type": "not_exact", "negate": True})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"any": []}, "at least 1"),
        ({"at_least": 3, "of": [A, B]}, "3 must pass and 2"),
        ({"all": [A], "of": [B]}, "say the same"),
        ({"all": [A, A]}, 'two scorers are called "a"'),
        ({"all": [{"type": "derived", "formula": "a"}]}, "cannot stand in a group"),
        ({"all": ["exakt"]}, 'perhaps "exact"'),
        ({"type": "exact", "transform": "trimm"}, 'perhaps "trim"'),
        ({"type": "exact", "transform": "after"}, "needs a value"),
        ({"type": "exact", "transform": [{"regex": "("}]}, "not valid"),
        ({"type": "exact", "transform": ["trim"] * 30}, "over 20 steps"),
        ({"type": "derived", "formula": "a.b"}, "only numbers"),
        ({"type": "derived", "formula": "__import__('os')"}, "calls only"),
        ({"type": "derived", "formula": "[a]*9"}, "only numbers"),
        ({"type": "derived", "formula": "'a'*9"}, "no text"),
        ({"type": "derived", "formula": "a+" * 400 + "a"}, "longer than 500"),
        ({"type": "derived", "formula": "(" * 300}, "not a formula"),
        ({"type": "derived", "formula": "1+1"}, "names no scorer"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(entry, says):
    with pytest.raises(ParamError) as refused:
        parse_scorer(entry)
    assert says in str(refused.value)


def test_groups_nested_deeper_than_anyone_reads_are_refused_at_once():
    entry = A
    for _ in range(30):
        entry = {"all": [entry, entry]}
    started = time.process_time()
    with pytest.raises(ParamError, match="nested more than 5 deep"):
        parse_scorer(entry)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("steps", "before", "after"),
    [
        (["trim", "lower"], "  ÄB ", "äb"),
        (["casefold"], "Straße", "strasse"),
        (["collapse_spaces"], " a \n\t b ", "a b"),
        (["normalize"], "ﬁ ＡＢ", "fi AB"),
        (
            ["strip_markdown"],
            "# A **bold** _word_, a [link](http://x) and `code`\n- one\n> two",
            "A bold word, a link and code\none\ntwo",
        ),
        (["strip_markdown"], "2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        (["strip_markdown"], "```json\n{}\n```", "{}"),
        (["code_block"], "see\n```py\nx = 1\n```\nend", "x = 1"),
        (["last_line"], "a\nb\n\n", "b"),
        ([{"after": "Answer:"}], "Answer: no. Answer: 42 ", "42"),
        ([{"after": "never"}], "text", "text"),
        ([{"before": "###"}], "yes ### no", "yes"),
        ([{"json_path": "$.a"}, "upper"], '{"a": "x"}', "X"),
        ([{"regex": r"is (\w+)"}], "it is red, is blue", "blue"),
        ([{"remove": r"<think>(?s:.*?)</think>"}, "trim"], "<think>a\nb</think> c", "c"),
        ([{"replace": {"from": ",", "to": "."}}], "1,5", "1.5"),
    ],
)
def test_a_step_does_what_its_name_says(steps, before, after):
    assert build_transform(steps)(before) == after


@pytest.mark.parametrize("text", ["*" * 50_000, "[" * 50_000, "`" * 50_000, "_a" * 30_000, "# " * 30_000])
def test_stripping_markdown_takes_time_that_grows_with_the_text_only(text):
    started = time.process_time()
    try:
        build_transform(["strip_markdown"])(text)
    except TimeoutError:
        pytest.fail("it ran into the time limit")
    assert time.process_time() - started < 3


def test_a_formula_over_cells_is_a_score_and_its_faults_are_errors_of_the_cell():
    f1 = {"type": "derived", "name": "f1", "formula": "2*a*b_b/(a+b_b)"}
    named = {**B, "name": "b b"}
    assert scored([f1, A, named], "ab")["f1"].value == 1.0
    assert scored([f1, A, named], "x")["f1"].error == "the formula divides by zero"
    assert "outside 0 to 1" in scored([A, {**f1, "formula": "a*7"}], "a")["f1"].error
    assert scored([A, {**f1, "formula": "a*7", "unit": "count"}], "a")["f1"].value == 7
    assert scored([A, {**f1, "formula": "1 if a > 0.5 else 0", "threshold": 1}], "a")["f1"].passed is True
    assert "overall" not in scored([A, {**f1, "formula": "a"}], "a")


@pytest.mark.parametrize(
    "text", ["9**9**9**9**a", "(9.0^9^9)+a", "exp(99999)*a", "a/0", "(0-a)**0.5", "log(0*a)"]
)
def test_a_formula_without_a_number_says_so_at_once(text):
    started = time.process_time()
    assert scored([A, {"type": "derived", "name": "d", "formula": text}], "a")["d"].error.startswith(
        "the formula"
    )
    assert time.process_time() - started < 1


def test_a_metric_over_means_is_the_formula_of_the_means_with_the_delta_methods_interval():
    rows = []
    for i in range(400):
        for name, value in (("p", float(i % 2)), ("r", float(i % 4 != 0))):
            rows.append(
                {"prompt": "x", "version": 1, "model": "m", "case_id": str(i), "repeat": 0, "scorer": name}
                | {"value": value, "error": None, "passed": None}
            )
    frame = pd.DataFrame(rows)
    formula = MeansFormula("ratio", ("p", "r"), lambda means: means[0] / means[1])
    [found] = derived_summaries(frame, [formula], summarise(frame))
    assert (found.n, found.mean) == (400, pytest.approx(0.5 / 0.75))
    # Delta method: the ratio's variance is that of (p - R r) / mean(r), here 0, 1 or 1/3 by thirds of the cases.
    residuals = frame.pivot(index="case_id", columns="scorer", values="value")
    se = (residuals["p"] - found.mean * residuals["r"]).std() / 0.75 / 400**0.5
    assert found.ci_high - found.mean == pytest.approx(1.966 * se, rel=0.01)


def suite_of(tmp_path, data, files=()):
    folder = tmp_path / "evals" / "s"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in dict(files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump_yaml(content))
    cases = [{"id": "x", "vars": {"q": 1}, "expected": "A", "scorers": [{**B, "name": "own"}]}]
    (folder / "suite.yaml").write_text(dump_yaml({"cases": cases, **data}))
    return load_suite(folder, root=tmp_path)


def test_suite_wide_steps_come_before_those_of_each_scorer_and_reach_a_cases_own(tmp_path):
    suite = suite_of(tmp_path, {"transform": "trim", "scorers": [{"type": "exact", "transform": ["lower"]}]})
    assert suite.scorers[0].transform == ("trim", "lower")
    assert suite.dataset.cases[0].scorers[0].transform == ("trim",)
    assert suite.sha256 != suite_of(tmp_path, {"scorers": [{"type": "exact", "transform": ["lower"]}]}).sha256


def test_included_scorers_come_first_and_name_their_own_file_in_errors(tmp_path):
    shared = {"scorers": [{"type": "length", "name": "brief", "max": 9}], "include": "more.yaml"}
    files = {"../shared/one.yaml": shared, "../shared/more.yaml": {"scorers": ["icontains"]}}
    suite = suite_of(tmp_path, {"include": "../shared/one.yaml", "scorers": ["exact"]}, files)
    assert [spec.name for spec in suite.scorers] == ["icontains", "brief", "exact"]
    assert [s.name for s in suite_of(tmp_path, {"include": ["../shared/more.yaml"]}, files).scorers] == [
        "icontains"
    ]
    files["../shared/more.yaml"] = {"scorers": ["icontains", {"type": "length", "maxx": 9}]}
    with pytest.raises(SuiteError) as refused:
        suite_of(tmp_path, {"include": "../shared/one.yaml", "scorers": ["exact"]}, files)
    assert "more.yaml, line 4, field scorers.1.maxx" in str(refused.value)


@pytest.mark.parametrize(
    ("include", "content", "says"),
    [
        ("../../../../etc/passwd", {}, "leads out of the workspace"),
        ("../shared/a.yaml", {"include": "a.yaml"}, "in a circle"),
        ("suite.yaml", {}, "in a circle"),
        ("../shared/none.yaml", {}, "no such included file"),
        ("../shared/a.yaml", {"prompts": ["x"]}, "holds `scorers:`"),
        ({"a": 1}, {}, "valid list"),
    ],
)
def test_an_include_that_cannot_be_followed_is_refused(tmp_path, include, content, says):
    with pytest.raises(SuiteError) as refused:
        suite_of(tmp_path, {"include": include, "scorers": ["exact"]}, {"../shared/a.yaml": content})
    assert says in str(refused.value)


def test_a_formula_over_a_scorer_that_is_not_there_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(SuiteError, match='perhaps "accuracy" is meant'):
        suite_of(
            tmp_path, {"scorers": [{"type": "exact", "name": "accuracy"}], "derived": {"d": "acuracy / 2"}}
        )
    suite = suite_of(tmp_path, {"scorers": ["exact"], "derived": {"d": "exact / 2", "e": "d * 2"}})
    assert [spec.name for spec in suite.scorers] == ["exact", "d", "e"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            {"scorers": ["exact", {"any": ["exact", {"all": ["pairwise"]}]}]},
            "line 15, field scorers.1.any.1.all.0: Pairwise looks at several answers together",
        ),
        (
            {"scorers": ["exact", {"type": "pairwise", "name": "wins"}], "derived": {"d": "wins / 2"}},
            'field derived.d: "wins" looks at several answers together, and a formula at one: compute it `over: means`',
        ),
        (
            {
                "scorers": ["exact"],
                "derived": {"d": {"formula": "exact / 2", "over": "means"}},
                "gate": {"baseline": "a", "candidate": "b", "metrics": [{"metric": "d", "margin": 0}]},
            },
            'field gate.metrics.0.metric: "d" is computed of the means, so no case has a value of it',
        ),
    ],
)
def test_what_has_no_value_of_one_answer_is_refused_where_one_is_needed(tmp_path, data, says):
    with pytest.raises(SuiteError) as refused:
        suite_of(tmp_path, data)
    assert says in str(refused.value)


def test_a_case_that_brings_code_is_refused_with_its_place(tmp_path):
    own = {"type": "own", "file": "x.py", "source": "print(1)"}
    for entry in (own, {"all": ["exact", own]}, {"type": "not_own", "file": "x.py"}):
        with pytest.raises(
            DatasetError, match=r"suite.yaml, line \d+, .*scorers.0.*belongs among the scorers of a suite"
        ):
            suite_of(tmp_path, {"cases": [{"vars": {"q": 1}, "scorers": [entry]}], "scorers": ["exact"]})


def test_cases_with_other_scorers_of_their_own_are_other_cases_for_a_run_is_pinned_to_them(tmp_path):
    plain = suite_of(tmp_path, {"scorers": ["exact"]}).dataset
    assert plain.sha256 == suite_of(tmp_path, {"scorers": ["exact", "icontains"]}).dataset.sha256
    assert plain.sha256 != suite_of(tmp_path, {"scorers": ["exact"], "transform": "trim"}).dataset.sha256


def test_a_formula_is_read_as_calculators_write_it():
    assert parse_formula("a ^ 2 + b").value({"a": 3, "b": 1}) == 10


def overriding(tmp_path, *changes):
    cases = [
        {"id": "plain", "vars": {"q": 0}, "expected": "a"},
        {
            "id": "own",
            "vars": {"q": 1},
            "expected": "a",
            "scorers": [{"type": "override", **c} for c in changes],
        },
    ]
    return suite_of(
        tmp_path, {"cases": cases, "scorers": ["exact", {**B, "name": "b b"}], "derived": {"d": "b_b / 2"}}
    )


def test_a_case_switches_a_scorer_off_or_changes_it_for_itself_alone(tmp_path):
    from workbench.evals.plan import Plan
    from workbench.jobs.scoring import CaseScorers, units_of

    suite = overriding(
        tmp_path,
        {"scorer": "b b", "off": True},
        {"scorer": "exact", "set": {"ignore_case": True, "weight": 2}},
        {"scorer": "overall", "set": {"threshold": 0.5}},
    )
    plan = Plan("s", "", "", (), (), suite.dataset.cases, suite.scorers, (), 1, None, {}, None)
    scorers = CaseScorers(plan, plan.scorers)
    found = {
        case: {s.scorer: (s.value, s.passed) for s in scorers.score(case, Completion(text="A"))}
        for case in ("plain", "own")
    }
    assert found["plain"] == {"exact": (0, False), "b b": (0, False), "d": (0, None), "overall": (0, False)}
    assert found["own"] == {"exact": (1, True), "overall": (1, True)}
    assert units_of(plan, plan.scorers).keys() == {"exact", "b b", "d", "overall"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scorer": "exakt", "off": True}, 'perhaps "exact" is meant'),
        ({"scorer": "exact", "set": {"ignorecase": True}}, 'perhaps "ignore_case" is meant'),
        ({"scorer": "exact"}, "either is off or sets something"),
        ({"scorer": "exact", "set": {"type": "contains"}}, "cannot change a scorer's type"),
        ({"scorer": "overall", "off": True}, "threshold only"),
    ],
)
def test_an_override_that_cannot_be_is_refused(tmp_path, change, says):
    with pytest.raises(WorkbenchError) as refused:
        overriding(tmp_path, change)
    assert says in str(refused.value)
