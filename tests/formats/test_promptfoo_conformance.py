"""The same pass and fail for each assertion as promptfoo's own, on hard outputs and on a config run with ``echo``.

`promptfoo_results.json` was written by promptfoo (its version is in it), and every run of the tests is held against it.
Where ``PROMPTFOO_DIR`` names a folder with promptfoo installed, that one is asked again.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.judging import ScriptedDesk

from workbench.evals.judge_setting import JudgeSetting
from workbench.evals.scorers import build_scorer, score_completion
from workbench.evals.scorers.answers import gathered
from workbench.files import dump_yaml, load_yaml
from workbench.formats.promptfoo.judged import JUDGED
from workbench.formats.promptfoo.known import HONOURED, NOT_HONOURED, table
from workbench.llm.types import Completion
from workbench.prompts.prompt_file import prompt_to_yaml
from workbench.workspace.promptfoo import import_config

HERE = Path(__file__).parent
CASES: dict[str, list[dict[str, Any]]] = load_yaml((HERE / "promptfoo_cases.yaml").read_text("utf-8")).data
RECORDED: dict[str, Any] = json.loads((HERE / "promptfoo_results.json").read_text("utf-8"))
CONFIGS: dict[str, dict[str, Any]] = load_yaml((HERE / "promptfoo_configs.yaml").read_text("utf-8")).data
INSTALLED = os.environ.get("PROMPTFOO_DIR", "")
NODE = shutil.which("node")
#: Where this differs from promptfoo, with the reason; docs/promptfoo.md tells of each.
KNOWN: dict[tuple[str, int], str] = {
    ("is-json", 12): "`format` in a JSON Schema is checked by promptfoo and not here",
    ("is-xml", 1): "promptfoo's parser takes tags that are not closed",
    ("is-xml", 7): "promptfoo's parser takes several roots",
    ("is-refusal", 4): "other phrases: here in twelve languages",
    ("is-sql", 2): "promptfoo's parser takes nothing as SQL",
    ("contains-sql", 3): "promptfoo's parser takes nothing as SQL",
    ("is-sql", 10): "promptfoo refuses a column with another name and no AS between",
    ("meteor", 3): "an empty output fails here and is an error there",
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
    test = {"vars": one.get("vars", {}), "assert": [assertion], "options": one.get("options", {})}
    provider = {"id": "openai:x", "config": {"tools": one["tools"]}} if "tools" in one else "echo"
    path.write_text(dump_yaml({"prompts": ["{{q}}"], "providers": [provider], "tests": [test]}), "utf-8")
    suite = import_config(path).suite
    [case], setting = suite.dataset.cases, JudgeSetting(suite.judge, pinned(suite))
    [spec] = [setting.completed(spec) for spec in case.scorers]
    calls = tuple(
        {
            "id": str(n),
            "type": "function",
            "function": call if isinstance(call, dict) else {"name": call, "arguments": "{}"},
        }
        for n, call in enumerate(one.get("calls", ()))
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
    replies = iter(map(replied, one.get("here", one.get("replies", ()))))
    desk = ScriptedDesk(lambda text: next(replies))
    scorers = [build_scorer(spec)]
    said: list[Any] = []

    def score(answers: Any) -> None:
        said[:] = score_completion(scorers, case, completion, with_overall=False, answers=answers)

    answers = asyncio.run(gathered(score, desk))
    score(answers)
    return said[0].passed, said[0].value


def replied(reply: Any) -> str:
    """Return what a judge here replies; where the form is promptfoo's own, it is replied as it is."""
    if isinstance(reply, str):
        return reply if "{" in reply else json.dumps({"choice": reply, "reason": "r"})
    if isinstance(reply, bool):
        return json.dumps({"verdicts": [{"number": 1, "met": reply, "reason": "r"}]})
    return json.dumps({"score": reply, "reason": "r"})


def pinned(suite: Any) -> dict[str, Any]:
    """Return the config's own prompts for judges, as a run pins them."""
    return {
        name: {
            "selector": name,
            "name": name,
            "number": 0,
            "sha256": prompt.sha256,
            "content": prompt_to_yaml(prompt),
        }
        for name, prompt in suite.own_prompts.items()
    }


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
    if kind in ("bleu", "gleu", "rouge-n", "llm-rubric", "g-eval", "factuality"):
        assert value == pytest.approx(recorded["score"], abs=1e-9)


def test_each_assertion_type_has_at_least_five_cases():
    assert {kind for kind, cases in CASES.items() if len(cases) < 5} == set()
    assert HONOURED.keys() - JUDGED - {"assert-set"} <= CASES.keys()
    assert {kind: len(found) for kind, found in RECORDED["results"].items()} == {
        kind: len(cases) for kind, cases in CASES.items()
    }


@needs_promptfoo
def test_the_results_on_record_are_what_the_installed_promptfoo_says(tmp_path):
    out = tmp_path / "results.json"
    environment = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    environment["PROMPTFOO_CONFIG_DIR"] = str(tmp_path)
    command = [NODE, str(HERE / "promptfoo_results.mjs"), INSTALLED, str(out)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    assert json.loads(out.read_text("utf-8")) == RECORDED


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_with_echo_gives_the_texts_passes_and_scores_on_record(tmp_path, name):
    mine = sorted(echoed(CONFIGS[name], tmp_path), key=repr)
    theirs = sorted(((r[0], as_text(r[1]), *r[2:]) for r in RECORDED["configs"][name]), key=repr)

    assert [row[:2] for row in mine] == [row[:2] for row in theirs]
    for ours, other in zip(mine, theirs, strict=True):
        assert ours[2:] == (other[2], pytest.approx(other[3], abs=1e-8)), ours


def as_text(output: str) -> str:
    """Return what `echo` says of a chat here, where promptfoo writes it as JSON."""
    try:
        messages = json.loads(output)
        return messages[0]["content"] if len(messages) == 1 else output
    except (ValueError, TypeError, KeyError):
        return output


def test_every_assertion_type_of_promptfoo_is_scored_here_or_named_with_the_reason(tmp_path):
    assert sorted({*HONOURED, *NOT_HONOURED}) == RECORDED["types"]
    assert not HONOURED.keys() & NOT_HONOURED.keys()
    documented = (HERE.parents[1] / "docs" / "promptfoo.md").read_text("utf-8")
    assert table() in documented, (
        "write the table of workbench.formats.promptfoo.known into docs/promptfoo.md"
    )
    given = {"value": "1", "threshold": 1, "assert": [{"type": "is-json"}]}
    for kind in RECORDED["types"]:
        test = {"vars": {"context": "c", "query": "q"}, "assert": [{"type": kind, **given}]}
        if kind.endswith("json"):
            del test["assert"][0]["value"]
        tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
        providers = [
            {"id": "openai:a", "config": {"tools": tools}},
            {"id": "openai:b", "config": {"tools": tools}},
        ]
        path = tmp_path / "promptfooconfig.yaml"
        path.write_text(
            dump_yaml({"prompts": ["{{query}}"], "providers": providers, "tests": [test]}), "utf-8"
        )
        imported = import_config(path)
        [case] = imported.suite.dataset.cases
        if kind in HONOURED:
            assert len(case.scorers) == 1 and not imported.losses, kind
        else:
            [loss] = imported.losses
            assert f"`{kind}` is left out: {NOT_HONOURED[kind]}" in str(loss) and loss.line


def echoed(one: dict[str, Any], folder: Path):
    """Yield (provider, output, passed, score) of each cell of an imported config; None as output of a failed test."""
    from workbench.evals.plan import PinnedPrompt, build_plan
    from workbench.jobs.case_scorers import SuiteScorers
    from workbench.llm.echo import echo
    from workbench.prompts.templates import Renderer

    for file, text in {**one.get("files", {}), "promptfooconfig.yaml": dump_yaml(one["config"])}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
    suite = import_config(folder / "promptfooconfig.yaml").suite
    plan = build_plan(
        suite, tuple(PinnedPrompt(n, n, 0, suite.own_prompts[n]) for n in suite.prompts), root=folder
    )
    scorers, cases = SuiteScorers(suite.scorers, None, with_overall=True), {c.id: c for c in plan.cases}
    with Renderer() as renderer:
        for cell in plan.cells():
            case, model = cases[cell.case_id], plan.models[cell.model_index]
            completion = echo(plan.request(cell, case, renderer))
            scores = scorers.score_case(case, completion)
            whole = next((s for s in scores if s.scorer == "overall"), scores[0] if scores else None)
            passed, value = (whole.passed, whole.value) if whole else (True, 1.0)
            yield model.label or "echo", completion.text, passed, value
