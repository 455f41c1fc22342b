"""The same pass and fail for each assertion as promptfoo's own, on hard outputs and on a config run with ``echo``.

`promptfoo_results.json` was written by promptfoo (its version is in it), and every run of the tests is held against it.
Where ``PROMPTFOO_DIR`` names a folder with promptfoo installed, that one is asked again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workbench.evals.datasets.promptfoo import promptfoo_row
from workbench.evals.scorers import build_scorer, parse_scorer, score_completion
from workbench.evals.types import Case
from workbench.files import dump_yaml, load_yaml
from workbench.formats.promptfoo import read_config
from workbench.llm.types import Completion
from workbench.workspace.promptfoo import import_config

HERE = Path(__file__).parent
CASES: dict[str, list[dict[str, Any]]] = load_yaml((HERE / "promptfoo_cases.yaml").read_text("utf-8")).data
RECORDED: dict[str, Any] = json.loads((HERE / "promptfoo_results.json").read_text("utf-8"))
INSTALLED = os.environ.get("PROMPTFOO_DIR", "")
NODE = shutil.which("node")
#: Where this differs from promptfoo, with the reason; docs/promptfoo.md tells of each.
KNOWN: dict[tuple[str, int], str] = {
    ("is-json", 12): "`format` in a JSON Schema is checked by promptfoo and not here",
    ("is-xml", 1): "promptfoo's parser takes tags that are not closed",
    ("is-xml", 7): "promptfoo's parser takes several roots",
    ("is-refusal", 4): "other phrases: here in twelve languages",
}
EACH = [(kind, number) for kind, cases in CASES.items() for number in range(len(cases))]

needs_promptfoo = pytest.mark.skipif(
    not (INSTALLED and NODE), reason="needs node, and PROMPTFOO_DIR with promptfoo installed in it"
)


def ours(kind: str, one: dict[str, Any], folder: Path) -> tuple[bool | None, float | None]:
    """Return what an imported config says of one case."""
    assertion = {"type": f"not-{kind}" if one.get("not") else kind}
    assertion |= {key: one[key] for key in ("value", "threshold") if key in one}
    path = folder / "promptfooconfig.yaml"
    path.write_text(dump_yaml({"tests": [{"vars": one.get("vars", {}), "assert": [assertion]}]}), "utf-8")
    config = read_config(path, csv_row=promptfoo_row)
    [[entry]] = config.scorers
    calls = tuple(
        {"id": str(n), "type": "function", "function": {"name": name, "arguments": "{}"}}
        for n, name in enumerate(one.get("calls", ()))
    )
    completion = Completion(
        text=one.get("output", ""),
        cost_usd=one.get("cost"),
        latency_s=one["latency"] / 1000 if "latency" in one else None,
        finish_reason=one.get("finish"),
        tool_calls=calls,
        logprobs=[{"token": "x", "logprob": value} for value in one["logprobs"]]
        if "logprobs" in one
        else None,
    )
    [score] = score_completion([build_scorer(parse_scorer(entry))], Case("c"), completion)
    return score.passed, score.value


@pytest.mark.parametrize(("kind", "number"), EACH, ids=[f"{kind}-{number}" for kind, number in EACH])
def test_an_assertion_passes_and_fails_as_promptfoo_recorded_it(tmp_path, kind, number):
    recorded = RECORDED["results"][kind][number]
    passed, value = ours(kind, CASES[kind][number], tmp_path)

    expected = None if "error" in recorded else recorded["pass"]
    if (kind, number) in KNOWN:
        assert passed != expected, (
            "this is no difference any more: take it out of KNOWN and of the documentation"
        )
        return
    assert passed == expected
    if kind in ("bleu", "gleu", "rouge-n"):
        assert value == pytest.approx(recorded["score"], abs=1e-9)


def test_each_assertion_type_has_at_least_five_cases():
    assert {kind for kind, cases in CASES.items() if len(cases) < 5} == set()
    assert {kind: len(found) for kind, found in RECORDED["results"].items()} == {
        kind: len(cases) for kind, cases in CASES.items()
    }


CONFIG = {
    "prompts": [
        "Say {{ word }} to {{who.name}}: {{ list }}, {{ flag }}{{ missing }}!\n{# note #}Ünïcode 😀",
        '[{"role": "system", "content": "Be {{word}}"}, {"role": "user", "content": "{{other}}\\n{{word}}"}]',
        "{% for x in items %}{{ x }}-{% endfor %}{% if word == 'hi' %}yes{% else %}no{% endif %}",
        "literal {{ '{{braces}}' }} {{word | upper}}",
    ],
    "providers": ["echo"],
    "defaultTest": {
        "vars": {"tone": "kind"},
        "options": {"suffix": " Be {{tone}}."},
        "assert": [{"type": "contains", "value": "{{word}}"}],
    },
    "tests": [
        {
            "vars": {
                "word": ["hi", "{{other}} there"],
                "other": "ho\n",
                "who": {"name": "Ada"},
                "list": [1, 2],
                "items": [3, 4],
                "flag": True,
            },
            "assert": [
                {"type": "icontains", "value": "SAY HI", "weight": 2, "metric": "says"},
                {"type": "regex", "value": "^(Say|\\[)", "metric": "says"},
                {
                    "type": "assert-set",
                    "threshold": 0.5,
                    "assert": [{"type": "is-json"}, {"type": "contains", "value": "ho"}],
                },
                {"type": "not-contains", "value": "{{ '{{' }}"},
            ],
            "threshold": 0.6,
        },
        {"vars": {"word": "x", "other": "", "who": {"name": "B"}, "list": [], "items": [1], "flag": False}},
    ],
}


@needs_promptfoo
def test_the_results_on_record_are_what_the_installed_promptfoo_says(tmp_path):
    out = tmp_path / "results.json"
    environment = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    environment["PROMPTFOO_CONFIG_DIR"] = str(tmp_path)
    command = [NODE, str(HERE / "promptfoo_results.mjs"), INSTALLED, str(out)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    assert json.loads(out.read_text("utf-8"))["results"] == RECORDED["results"]


@needs_promptfoo
def test_a_config_with_echo_gives_the_same_texts_passes_and_scores(tmp_path):
    path = tmp_path / "promptfooconfig.yaml"
    path.write_text(dump_yaml(CONFIG), "utf-8")
    theirs = {(r[0], r[1]): r[2:] for r in promptfoos(path, tmp_path)}
    mine = list(echoed(path))

    assert len(mine) == len(theirs) == 12
    for prompt, text, passed, score in mine:
        assert (prompt, text) in theirs, text
        assert theirs[prompt, text] == (passed, pytest.approx(score)), text


def promptfoos(path: Path, folder: Path):
    """Yield (prompt's number, output, passed, score) of each row as promptfoo has it."""
    out = folder / "out.json"
    environment = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    environment["PROMPTFOO_CONFIG_DIR"] = str(folder)
    program = str(Path(INSTALLED) / "node_modules" / ".bin" / "promptfoo")
    command = [NODE, program, "eval", "--no-cache", "-c", str(path), "-o", str(out)]
    subprocess.run(command, env=environment, capture_output=True, timeout=120)
    for row in json.loads(out.read_text("utf-8"))["results"]["results"]:
        yield row["promptIdx"], row["response"]["output"], row["success"], row["score"]


def echoed(path: Path):
    """Yield the same of an imported config."""
    from workbench.jobs.case_scorers import SuiteScorers
    from workbench.llm.echo import echo
    from workbench.llm.types import ModelSpec, Request
    from workbench.prompts.templates import render

    suite = import_config(path).suite
    scorers = SuiteScorers(suite.scorers, None, with_overall=True)
    for case in suite.dataset.cases:
        for number, name in enumerate(suite.prompts):
            messages = render(suite.own_prompts[name], case.vars)
            completion = echo(Request(ModelSpec("offline/echo"), messages))
            scores = scorers.score_case(case, completion)
            whole = next((s for s in scores if s.scorer == "overall"), scores[0])
            yield number, completion.text, whole.passed, whole.value
