"""A suite written for promptfoo: promptfoo itself, and this when it reads the config back, find what the suite finds.

The config is `exported` in `promptfoo_configs.yaml`, and what promptfoo says of it stands in `promptfoo_results.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.files import dump_yaml, load_yaml
from workbench.jobs.case_scorers import SuiteScorers
from workbench.llm.echo import echo
from workbench.prompts.templates import Renderer
from workbench.workspace import Workspace
from workbench.workspace.promptfoo import import_config
from workbench.workspace.promptfoo_export import export_suite

HERE = Path(__file__).parent
PROMPTS = {
    "say": 'messages: [{role: user, content: "Say {{word}} to {{who}}: {{n}} {# n #} {%"}]\n',
    "short": 'messages: [{role: user, content: "{{word}}"}]\n',
}
SUITE = {
    "description": "What comes back",
    "prompts": ["say", "short"],
    "models": ["offline/echo"],
    "cases": [
        {
            "id": "Case.1",
            "vars": {
                "word": "hi {{nobody}} there",
                "aside": "see {{who}}",
                "who": "Ü😀",
                "n": [1, {"k": "v"}],
            },
            "expected": "Ü😀",
        },
        {
            "id": "two",
            "vars": {"word": '{"a": 1}', "who": "{{nobody}} {% if %}", "n": 2.5},
            "expected": '{"a": 1}',
        },
        {
            "id": "three",
            "vars": {"word": "a\nb (c)", "who": "", "n": None},
            "expected": "b (c)",
            "metadata": {"topic": "lines", "tags": ["x"]},
            "scorers": [
                {"type": "contains", "value": "{{expected}}", "name": "own"},
                {"type": "override", "scorer": "overall", "set": {"threshold": 0.3}},
            ],
        },
    ],
    "scorers": [
        {"type": "exact", "strip": False, "weight": 3},
        {"type": "contains", "name": "has it", "weight": 0.5},
        {"type": "not_contains", "value": "zzz {{"},
        {"type": "contains_any", "value": ["Ü", "{{who}}{"]},
        {"type": "contains_all", "value": ["a"], "ignore_case": True},
        {"type": "starts_with", "value": "Say", "strip": False},
        {"type": "ends_with", "value": "b (c)"},
        {"type": "regex", "pattern": "^\\W*(\\w+)"},
        {"type": "json"},
        {"type": "json_schema", "schema": {"type": "object", "required": ["a"]}},
        {"type": "levenshtein", "max": 4},
        {"type": "word_count", "max": 3},
        {
            "type": "all",
            "name": "both",
            "threshold": 0.6,
            "of": [{"type": "contains", "value": "a", "weight": 2}, "json"],
        },
        {"type": "promptfoo", "assertion": "bleu", "value": ["hi there"], "threshold": 0.1, "negate": True},
        {"type": "fuzzy", "name": "nearly", "threshold": 0.5, "weight": 0},
    ],
    "gate": {"baseline": "say", "candidate": "short", "metric": "exact"},
}
#: What the command says of this suite: all that is left out, and what may come out otherwise.
NOTES = {
    "patterns are read by JavaScript in promptfoo",
    "`word_count` counts words as readers see them here, and what spaces divide in promptfoo",
    'the scorer "nearly" is left out: promptfoo has no assertion that means the same',
    'the variable "aside" of the case Case.1 holds {{, {% or {#, which promptfoo renders as a template',
    "the gate has no counterpart and is left out",
}


@pytest.fixture
def ws(tmp_path):
    """A workspace with the suite in it."""
    for name, text in PROMPTS.items():
        (tmp_path / "prompts").mkdir(exist_ok=True)
        (tmp_path / "prompts" / f"{name}.prompt.yml").write_text(text, "utf-8")
    (tmp_path / "evals" / "s").mkdir(parents=True)
    (tmp_path / "evals" / "s" / "suite.yaml").write_text(dump_yaml(SUITE), "utf-8")
    return Workspace.open(tmp_path)


def found(plan, scorers):
    """Return (prompt, output, passed, value by scorer) of each cell."""
    cases, rows = {case.id: case for case in plan.cases}, []
    with Renderer() as renderer:
        for cell in plan.cells():
            completion = echo(plan.request(cell, cases[cell.case_id], renderer))
            scores = scorers.score_case(cases[cell.case_id], completion)
            whole = next(s for s in scores if s.scorer == "overall")
            rows.append(
                (cell.prompt_index, cell.case_id, completion.text, whole.passed, round(whole.value, 6))
            )
    return sorted(rows)


def test_a_suite_gets_the_same_outputs_passes_and_scores_from_promptfoo_and_when_it_is_read_back(
    ws, tmp_path
):
    exported = export_suite(ws, "s")
    recorded = load_yaml((HERE / "promptfoo_configs.yaml").read_text("utf-8")).data["exported"]["config"]
    assert exported.config == recorded, (
        "write what is exported into promptfoo_configs.yaml, and ask promptfoo again"
    )
    assert set(exported.notes) == NOTES

    suite = ws.suites.load("s")
    mine = found(ws.runs.plan(suite), SuiteScorers(suite.scorers, None, with_overall=True))
    theirs = json.loads((HERE / "promptfoo_results.json").read_text("utf-8"))["configs"]["exported"]
    told = [(t, p, pytest.approx(v, abs=1e-5)) for _, t, p, v in sorted(theirs)]
    assert told == sorted((text, passed, value) for _, _, text, passed, value in mine)

    (tmp_path / "promptfooconfig.yaml").write_text(exported.text, "utf-8")
    back = import_config(tmp_path / "promptfooconfig.yaml")
    assert not back.losses
    again = found(ws.runs.plan(back.suite), SuiteScorers(back.suite.scorers, None, with_overall=True))
    assert [row[:2] for row in again] == [row[:2] for row in mine]
    assert [case.metadata for case in back.suite.dataset.cases] == [{}, {}, {"topic": "lines", "tags": ["x"]}]
    assert sorted((p, v) for *_, p, v in again) == sorted((p, v) for *_, p, v in mine)
