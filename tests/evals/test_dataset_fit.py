"""Cases are held against prompts, schema and windows before anything is sent, and exports never leak the test split."""

from __future__ import annotations

import json

import pytest

from workbench.errors import DatasetError, SuiteError
from workbench.evals.datasets.export import ExportReport, finetune_lines
from workbench.evals.datasets.fit import Asked, Windows, check_cases
from workbench.evals.datasets.splits import DEFAULT_SHARES, split_of
from workbench.evals.plan import PinnedPrompt, build_plan
from workbench.evals.suite import load_suite
from workbench.evals.types import Case
from workbench.files import dump_yaml
from workbench.llm.types import ModelSpec
from workbench.prompts.content import Prompt, PromptMessage, Variable

PROMPT = Prompt(
    "p",
    (PromptMessage("user", "{{question}} {{number}} {{tone}}"),),
    variables=(Variable("number", "integer"), Variable("tone", required=False)),
)


def test_missing_ill_typed_and_extra_fields_are_listed_by_row():
    cases = [
        Case("good", {"question": "q", "number": "7"}),
        Case("missing", {"number": 1}),
        Case("typed", {"question": "q", "number": "seven"}),
        Case("extra", {"question": "q", "number": 1, "note": "x"}),
    ]
    fit = check_cases(cases, Asked({"p@1": PROMPT}))
    assert [(m.row, m.case_id, m.kind, m.field, m.error) for m in fit.misfits] == [
        (2, "missing", "missing", "vars.question", True),
        (3, "typed", "type", "vars.number", True),
        (4, "extra", "extra", "vars.note", False),
    ]
    assert (fit.ok, fit.rows, fit.bad_rows) == (False, 4, 2)


def test_a_million_faults_are_counted_and_only_the_first_are_listed():
    fit = check_cases((Case(str(n)) for n in range(400)), Asked({"p@1": PROMPT}))
    assert (fit.counts["missing"], fit.bad_rows, len(fit.misfits)) == (800, 400, 50)


def test_a_case_longer_than_a_models_window_is_an_error_and_one_that_may_be_a_warning():
    prompt = Prompt("p", (PromptMessage("user", "{{q}}"),))
    models = [(ModelSpec("some/model"), 1000)]
    cases = [
        Case("short", {"q": "word " * 100}),
        Case("may", {"q": "word " * 750}),
        Case("long", {"q": "word " * 2000}),
    ]
    fit = check_cases(cases, Asked({"p": prompt}), Windows({"p": prompt}, models))
    assert [(m.case_id, m.kind, m.error) for m in fit.misfits] == [
        ("may", "window", False),
        ("long", "window", True),
    ]
    assert "reads 1,000" in fit.misfits[1].message


def _suite(folder, schema, rows):
    folder.mkdir(parents=True, exist_ok=True)
    suite = {"cases": rows, "scorers": ["exact"], "schema": schema, "models": ["offline/rules"]}
    (folder / "suite.yaml").write_text(dump_yaml(suite))
    return load_suite(folder, root=folder.parent)


def test_a_suites_schema_keeps_a_run_from_starting_and_names_the_rows(tmp_path):
    rows = [
        {"id": "a", "vars": {"age": 3}, "expected": "x"},
        {"id": "b", "vars": {"age": "3"}, "expected": "x"},
    ]
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    pinned = PinnedPrompt("p", "p", 1, Prompt("p", (PromptMessage("user", "{{age}}"),)))
    suite = _suite(tmp_path / "s", schema, rows)
    with pytest.raises(DatasetError, match=r"1 of 2 cases of s do not fit its schema: b \(vars: age: '3'"):
        build_plan(suite, (pinned,), root=tmp_path)
    by_part = {"vars": schema, "expected": {"enum": ["x"]}, "metadata": {"type": "object"}}
    good = _suite(tmp_path / "s", by_part, rows[:1])
    assert build_plan(good, (pinned,), root=tmp_path)
    assert good.sha256 != _suite(tmp_path / "s", schema, rows[:1]).sha256
    (tmp_path / "s" / "case.json").write_text(json.dumps(schema))
    assert _suite(tmp_path / "s", "case.json", rows).schema == {"vars": schema}
    for bad, says in (
        ({"type": "objekt"}, "schema is not valid"),
        ("../../x.json", "leads out"),
        (["vars"], "must be a mapping"),
        ({"$ref": "http://x/y"}, "refers to http"),
    ):
        with pytest.raises(SuiteError, match=says):
            _suite(tmp_path / "s", bad, rows)


def _cases():
    for n in range(600):
        yield Case(
            f"c{n}", {"q": f"What does article {n * 7919} of the contract say on {n * 104729}?"}, str(n)
        )


def test_nothing_of_the_test_split_leaks_into_what_a_model_is_trained_on():
    test = {case.id: case for case in _cases() if split_of(case, DEFAULT_SHARES) == "test"}
    asked = next(iter(test.values())).vars["q"]
    near = [
        Case("near", {"q": asked.replace("What", "what") + "!"}, "x", {"split": "train"}),
        Case("open", {"q": "Nothing is expected of this one"}, None, {"split": "train"}),
    ]
    prompt = Prompt("p", (PromptMessage("system", "Be brief"), PromptMessage("user", "{{q}}")))

    def lines(report, split="train"):
        return list(
            finetune_lines(
                lambda: [*_cases(), *near], prompt, split=split, shares=DEFAULT_SHARES, seed=0, report=report
            )
        )

    report = ExportReport()
    rows = [json.loads(line) for line in lines(report)]
    assert [m["role"] for m in rows[0]["messages"]] == ["system", "user", "assistant"]
    trained = {row["messages"][1]["content"] for row in rows}
    assert not trained & {case.vars["q"] for case in test.values()}
    assert ("near", next(iter(test))) in report.near_test
    assert report.left_out["in the split test"] == len(test)
    assert report.left_out["no expected answer"] == 1
    assert report.written + sum(report.left_out.values()) == 602
    with pytest.raises(DatasetError, match="test split cannot be trained on"):
        lines(ExportReport(), split="test")
