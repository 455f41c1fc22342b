"""docs/suites.md and scorers.md cannot rot: they name every scorer, parameter and field, and all examples work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workbench.evals.datasets import EXPECTED_NAMES, ROW_KEYS, SUFFIXES, load_cases
from workbench.evals.extract import FORMS
from workbench.evals.schema import FIELDS
from workbench.evals.scorers import ParamError, describe_scorers, parse_scorer
from workbench.evals.scorers.other_names import OTHER_NAMES
from workbench.evals.scorers.registry import WRAPPER_KEYS
from workbench.evals.suite import load_suite, suite_schema
from workbench.files import dump_yaml, load_yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "suites.md"
TEXT = PAGE.read_text(encoding="utf-8")
SCORERS_TEXT = (PAGE.parent / "scorers.md").read_text(encoding="utf-8")
DOCS = {doc.type: doc for doc in describe_scorers()}


def _section(heading: str, text: str = TEXT) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    start = text.find(f"\n{heading}\n")
    assert start >= 0, f"there is no heading {heading}"
    body = text[start + len(heading) + 2 :]
    end = re.search(rf"^#{{1,{level}}} ", body, re.MULTILINE)
    return body[: end.start()] if end else body


def _rows(text: str) -> set[str]:
    """Return the names in the first column of all tables; one row may hold several."""
    firsts = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {name for first in firsts for name in re.findall(r"`([^`]+)`", first)}


def _blocks(language: str, text: str = TEXT) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return ["".join(line.removeprefix(indent) for line in body.splitlines(True)) for indent, body in found]


@pytest.mark.parametrize("kind", DOCS)
def test_every_scorer_is_documented_with_each_parameter_and_its_values(kind):
    section = _section(f"### `{kind}`", SCORERS_TEXT)
    assert _rows(section) == {param.name for param in DOCS[kind].params}
    for param in DOCS[kind].params:
        for value in (
            param.type.split(" | ") if param.name not in ("value", "values", "fields", "schema") else ()
        ):
            known = value in ("text", "number", "integer", "true", "false", "list", "mapping", "model")
            assert known or f"`{value}`" in section, f"{kind}.{param.name}: {value}"


@pytest.mark.parametrize("kind", DOCS)
def test_every_scorer_has_an_example_and_each_example_is_accepted(kind):
    entries = [
        entry
        for block in _blocks("yaml", _section(f"### `{kind}`", SCORERS_TEXT))
        for entry in load_yaml(block).data
    ]
    assert entries
    for entry in entries:
        assert parse_scorer(entry).type == kind


def test_no_scorer_is_documented_that_does_not_exist():
    assert set(re.findall(r"^### `(.+)`$", SCORERS_TEXT, re.MULTILINE)) == set(DOCS)


def test_the_names_of_other_tools_are_documented_and_lead_to_ours():
    rows = re.findall(
        r"^\| (`.+`) \| `type: (.+)` \|$", _section("## Under another name", SCORERS_TEXT), re.MULTILINE
    )
    assert {name: ours for names, ours in rows for name in re.findall(r"`([^`]+)`", names)} == OTHER_NAMES
    for name, ours in OTHER_NAMES.items():
        entry = load_yaml(f"{{type: {ours}}}").data
        params = {param.name for param in DOCS[entry.pop("type")].params}
        assert name not in DOCS and entry.keys() <= params
        with pytest.raises(ParamError, match=f"here it is `type: {re.escape(ours)}`"):
            parse_scorer({"type": name.replace("_", "-").upper()})


def test_every_field_of_a_suite_a_model_a_gate_a_scorer_and_a_case_is_documented():
    suite = _rows(_section("## Fields of a suite"))
    assert suite == {*FIELDS[""], *FIELDS["models"]}
    assert _rows(_section("## The gate")) == set(FIELDS["gate"])
    assert _rows(_section("## Limits of a run")) == set(FIELDS["limits"])
    assert _rows(_section("## Scorers").split("### All scorers")[0]) == set(WRAPPER_KEYS)
    cases = _section("## Cases")
    assert _rows(cases) == {*ROW_KEYS, *SUFFIXES}
    for word in (*EXPECTED_NAMES, *ROW_KEYS):
        assert f"`{word}`" in cases, word
    assert all(form in _section("### Score a part of the answer") for form in FORMS)


def test_every_other_example_is_accepted(tmp_path):
    for number, block in enumerate([*_blocks("yaml"), *_blocks("yaml", SCORERS_TEXT)]):
        data = load_yaml(block).data
        if isinstance(data, list):
            for entry in data:
                parse_scorer(entry)
            continue
        rows = [
            {
                "id": document,
                "vars": {"message": "hi"},
                "expected": {"label": "x"},
                "metadata": {"lang": "en", "document": document},
            }
            for document in ("a", "b")
        ]
        folder = tmp_path / "evals" / str(number)
        folder.mkdir(parents=True)
        (folder / "suite.yaml").write_text(dump_yaml({"scorers": ["exact"], **data, "cases": rows}))
        load_suite(folder, root=tmp_path)


def test_every_example_of_cases_is_accepted(tmp_path):
    rows = [json.loads(line) for block in _blocks("json") for line in block.splitlines()]
    cases = [row for row in rows if "output" not in row]
    assert len(load_cases(cases, base=tmp_path).cases) == len(cases) > 2
    [table] = _blocks("csv")
    (tmp_path / "cases.csv").write_text(table)
    [case] = load_cases("cases.csv", base=tmp_path).cases
    assert (case.id, case.expected, case.metadata) == ("double", "billing", {"lang": "en"})


def test_the_published_schema_is_that_of_the_code():
    published = json.loads((PAGE.parent / "schemas" / "suite.schema.json").read_text(encoding="utf-8"))
    assert published == suite_schema(), "write suite_schema() to docs/schemas/suite.schema.json again"


@pytest.mark.parametrize("text", [TEXT, SCORERS_TEXT], ids=["suites", "scorers"])
def test_every_link_to_a_place_on_the_page_leads_somewhere(text):
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
