"""Suite files: what they mean, and errors that name file, line, field and the likely meaning."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from workbench.errors import DatasetError, SuiteError
from workbench.evals.suite import find_suites, load_suite, suite_schema
from workbench.files import load_yaml

GOOD = """\
description: Which team answers
prompts: [triage@1, triage]
models:
  - offline/rules
  - {id: openai/gpt-5-mini, params: {temperature: 0}, api_key_env: MY_KEY, label: mini}
  - id: recorded/old
    outputs: outputs_{prompt}.jsonl
cases:
  - {id: a, vars: {message: hi}, expected: billing, metadata: {lang: de}}
  - {id: b, vars: {message: ho}, expected: other, metadata: {lang: en}}
scorers:
  - {type: exact, name: accuracy}
  - {type: length, max: 3}
slices: [lang]
repeats: 2
concurrency: 4
gate: {baseline: triage@1, candidate: triage, metric: overall, margin: 0.02, max_cost_ratio: 2}
"""


def _write(root: Path, text: str, name: str = "triage") -> Path:
    folder = root / "evals" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text(text, encoding="utf-8")
    return folder


def _refused(root: Path, text: str) -> SuiteError:
    with pytest.raises(SuiteError) as refused:
        load_suite(_write(root, text), root=root)
    return refused.value


def test_every_field_of_a_suite_is_read(tmp_path):
    suite = load_suite(_write(tmp_path, GOOD), root=tmp_path)
    assert (suite.name, suite.prompts, suite.repeats) == ("triage", ("triage@1", "triage"), 2)
    assert [model.name for model in suite.models] == ["offline/rules", "mini", "recorded/old"]
    assert suite.models[2].recorded and suite.models[1].params == {"temperature": 0}
    assert [spec.name for spec in suite.scorers] == ["accuracy", "length"]
    assert (suite.gate.metric, suite.gate.margin, suite.gate.max_latency_ratio) == ("overall", 0.02, None)
    assert (suite.slices, suite.concurrency) == (("lang",), 4)


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_the_same_suite(tmp_path):
    first = load_suite(_write(tmp_path, GOOD), root=tmp_path)
    (tmp_path / "evals/triage/suite.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_suite(tmp_path / "evals/triage/suite.yaml", root=tmp_path).sha256 == first.sha256


def test_the_hash_changes_with_a_scorer_or_a_case_and_not_with_a_comment(tmp_path):
    def sha(text):
        return load_suite(_write(tmp_path, text), root=tmp_path).sha256

    assert sha(GOOD) == sha("# a comment\n" + GOOD)
    assert len({sha(GOOD), sha(GOOD.replace("max: 3", "max: 4")), sha(GOOD.replace("ho}", "he}"))}) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("description:", "descripton:", 1, "descripton", 'perhaps "description" is meant'),
        ("cases:", "tests:", 8, "tests", 'perhaps "cases" is meant'),
        ("name: accuracy", "nmae: accuracy", 12, "scorers.0.nmae", 'perhaps "name" is meant'),
        ("type: exact", "type: exat", 12, "scorers.0.type", 'perhaps "exact" is meant'),
        ("max: 3", "max: three", 13, "scorers.1.max", "integer"),
        ("max: 3", "extract: '(', max: 3", 13, "scorers.1.extract", "not valid"),
        ("slices: [lang]", "slices: [lnag]", 14, "slices.0", 'perhaps "lang" is meant'),
        ("repeats: 2", "repeats: 0", 15, "repeats", "greater than or equal to 1"),
        ("repeats: 2", "repeats: two", 15, "repeats", "integer"),
        ("metric: overall", "metric: acuracy", 17, "gate.metric", 'perhaps "accuracy" is meant'),
        ("candidate: triage,", "candidate: tirage,", 17, "gate.candidate", "no prompt or model"),
        ("candidate: triage,", "candidate: triage@1,", 17, "gate.candidate", "are the same"),
        ("margin: 0.02", "margn: 0.02", 17, "gate.margn", 'perhaps "margin" is meant'),
        ("margin: 0.02", "margin: -1", 17, "gate.margin", "greater than or equal to 0"),
        ("label: mini", "api_key: sk-123", 5, "models.1", "does not belong in a suite"),
        ("api_key_env: MY_KEY", "api_key_env: sk-123", 5, "models.1.api_key_env", "name of an environment"),
        ("label: mini", "label: offline/rules", 5, "models.1", "two models"),
        ("outputs_{prompt}", "../../../x", 7, "models.2.outputs", "out of the workspace"),
        ("    outputs: outputs_{prompt}.jsonl\n", "", 6, "models.2", "no file of recorded outputs"),
        ("[triage@1, triage]", "[triage, triage]", 2, "prompts.1", "listed twice"),
        ("[triage@1, triage]", "['triage@', triage]", 2, "prompts.0", ""),
    ],
)
def test_a_fault_names_line_field_and_what_was_probably_meant(tmp_path, old, new, line, field, says):
    assert old in GOOD
    error = _refused(tmp_path, GOOD.replace(old, new))
    assert (error.line, error.field) == (line, field)
    assert says.lower() in str(error).lower()
    assert "suite.yaml" in str(error) and "sk-123" not in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a suite"),
        ("- a list\n", "not a suite"),
        ("prompts: [a\n", "line 2"),
        ("cases: []\nscorers: [exact]\n", "There is no case"),
        ("cases: [{id: a}]\nscorers: [exact]\n", "no case has `expected`"),
        ("cases: [{id: a}]\nscorers: [{type: json, fields: all}]\n", "no case has `expected`"),
        ("cases: [{id: a}]\nscorers: []\n", "scorers"),
        ("cases: [{id: a}]\ncases: [{id: b}]\nscorers: [json]\n", "cases"),
        ("cases: c.jsonl\nscorers: [json]\n", "no such file of cases"),
        ("cases: ../../../etc/passwd\nscorers: [json]\n", "out of the workspace"),
        ("cases: [{id: a}]\nscorers: [{type: json, schema: none.json}]\n", "There is no such schema"),
    ],
)
def test_a_file_that_is_no_suite_says_so_in_one_sentence(tmp_path, text, says):
    with pytest.raises((SuiteError, DatasetError)) as refused:
        load_suite(_write(tmp_path, text), root=tmp_path)
    assert says in str(refused.value)
    assert "Traceback" not in str(refused.value) and str(refused.value).endswith(".")


def test_a_schema_in_a_file_becomes_part_of_the_suite(tmp_path):
    text = "cases: [{id: a}]\nscorers: [{type: json, schema: order.json}]\n"
    folder = _write(tmp_path, text)
    (folder / "order.json").write_text('{"type": "object"}')
    first = load_suite(folder, root=tmp_path)
    assert first.scorers[0].params["schema"] == {"type": "object"}
    (folder / "order.json").write_text('{"type": "array"}')
    assert load_suite(folder, root=tmp_path).sha256 != first.sha256


def test_a_cases_own_scorers_may_not_take_the_name_of_the_suites(tmp_path):
    text = "cases: [{id: a, expected: x, scorers: [%s]}]\nscorers: [exact]\n"
    suite = load_suite(_write(tmp_path, text % "{type: contains, value: y}"), root=tmp_path)
    assert suite.dataset.cases[0].scorers[0].name == "contains"
    with pytest.raises(DatasetError, match='Two scorers are called "exact"'):
        load_suite(_write(tmp_path, text % "{type: contains, value: y, name: exact}"), root=tmp_path)


def test_suites_are_found_and_a_broken_one_hides_no_other(tmp_path):
    _write(tmp_path, GOOD, "b")
    _write(tmp_path, "scorers: [", "broken")
    _write(tmp_path, GOOD, "ü-1")
    (tmp_path / "evals" / "empty").mkdir()
    entries, problems = find_suites(tmp_path / "evals")
    assert [entry.name for entry in entries] == ["b", "ü-1"]
    assert entries[0].description == "Which team answers"
    assert len(problems) == 1 and "broken" in str(problems[0])
    assert find_suites(tmp_path / "none") == ([], [])


def test_editors_can_check_a_suite_with_the_schema(tmp_path):
    schema = suite_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    assert not list(check.iter_errors(load_yaml(GOOD).data))
    assert list(check.iter_errors(load_yaml(GOOD.replace("max: 3", "maxx: 3")).data))
    json.dumps(schema)
