"""A suite from a stranger, through the command line: it harms nothing, and is refused with one sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.jobs import process, worker

CANARY = "canary-of-another-folder"
LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
PLAIN: dict[str, Any] = {
    "prompts": ["ask"],
    "models": [{"id": "recorded/m", "outputs": "outputs.jsonl"}],
    "scorers": ["exact"],
    "cases": "cases.jsonl",
}
CASE = {"id": "one", "vars": {"question": "why"}, "expected": "yes"}
BOMB = "^(a|aa)+$"


@pytest.fixture
def suite(tmp_path: Path):
    """Return what writes the suite ``evil``: over recorded answers, with some fields in place of the plain ones."""
    root = tmp_path / "workspace"
    write_prompt(root, "ask")
    (tmp_path / "outside").mkdir()
    for name in ("cases.jsonl", "outputs.jsonl", "shared.yaml", "schema.json", "p.prompt.yml", "own.py"):
        (tmp_path / "outside" / name).write_text(json.dumps({**CASE, "output": CANARY}) + "\n")
    folder = root / "evals" / "evil"
    folder.mkdir(parents=True)
    (folder / "cases.jsonl").write_text(json.dumps(CASE) + "\n")
    (folder / "outputs.jsonl").write_text(json.dumps({"id": "one", "output": "a" * 60 + "!"}) + "\n")
    (folder / "link.jsonl").symlink_to(tmp_path / "outside" / "cases.jsonl")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('owned')\n")

    def write(text: str = "", **fields: Any) -> Path:
        data = {**PLAIN, **fields}
        (folder / "suite.yaml").write_text(text or json.dumps(data))
        return root

    return write


REFUSED: dict[str, dict[str, Any]] = {
    "aliases that multiply": {"text": LAUGHS + "\ncases: *a11\n"},
    "an alias of itself": {"text": "cases: &me [*me]\nprompts: [ask]\n"},
    "a mapping of itself": {"text": "cases: cases.jsonl\nscorers: &me\n  - all: *me\n"},
    "ten thousand brackets": {"text": "cases: " + "[" * 10_000 + "]" * 10_000},
    "a tag that makes objects": {"text": "cases: !!python/object/apply:os.system ['touch ran']\n"},
    "a number with 10,000 digits": {"text": "cases: cases.jsonl\nrepeats: " + "9" * 10_000 + "\n"},
    "a trillion repeats": {"repeats": 10**12},
    "repeats below nothing": {"repeats": -1},
    "endless calls at once": {"concurrency": 10**9},
    "a limit without end": {"text": "cases: cases.jsonl\nprompts: [ask]\nlimits: {cost_usd: .inf}\n"},
    "a threshold that is no number": {
        "text": "cases: cases.jsonl\nprompts: [ask]\nscorers: [{type: fuzzy, threshold: .nan}]\n"
    },
    "a weight beyond all numbers": {
        "text": "cases: cases.jsonl\nprompts: [ask]\nscorers: [{type: exact, weight: 1e999}]\n"
    },
    "k beyond the repeats": {"reducer": {"pass_at_k": 10**9}},
    "cases above the workspace": {"cases": "../../../outside/cases.jsonl"},
    "cases by a link": {"cases": "link.jsonl"},
    "cases at the root": {"cases": "/etc/passwd"},
    "cases in a url": {"cases": "file:///etc/passwd"},
    "scorers above the workspace": {"include": "../../../outside/shared.yaml"},
    "a schema above the workspace": {"schema": "../../../outside/schema.json"},
    "answers above the workspace": {
        "models": [{"id": "recorded/m", "outputs": "../../../outside/outputs.jsonl"}]
    },
    "a prompt above the workspace": {"prompts": ["../../../outside/p.prompt.yml"]},
    "code of its own": {"scorers": [{"type": "own", "file": "own.py"}]},
    "code above the workspace": {"scorers": [{"type": "own", "file": "../../../outside/own.py"}]},
    "a formula that imports": {
        "derived": {"x": "__import__('os').system('touch ran')"},
    },
    "a formula that calls what it is not given": {"derived": {"x": "exact.__class__.__mro__"}},
    "a formula without end": {"derived": {"x": "9**9**9**9"}},
    "a key in plain sight": {"models": [{"id": "openai/x", "api_key": "sk-1234567890"}]},
    "a schema that refers outside": {"schema": {"vars": {"$ref": "http://127.0.0.1:9/schema.json"}}},
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_suite_is_refused_with_one_sentence_before_anything_runs(call, suite, tmp_path, what):
    root = suite(**REFUSED[what])
    begun = time.process_time()
    refused = call("run", "evil", "--workspace", root)
    assert time.process_time() - begun < 5
    assert refused.code == 2, (refused.out, refused.err)
    said = refused.err.strip()
    assert said.endswith(".") and len(said) < 700 and CANARY not in refused.out + said, said
    assert not (tmp_path / "ran").exists() and not list(root.rglob("ran"))
    assert call("runs", "--workspace", root, "--json", "-").data in ([], {"runs": []})


ENDLESS = {
    "a regular expression": {"scorers": [{"type": "regex", "pattern": BOMB}]},
    "what is extracted": {"scorers": [{"type": "exact", "extract": "^(a|aa)+b"}]},
    "a step": {"transform": [{"remove": BOMB}]},
    "a pattern of a schema": {
        "scorers": [{"type": "json_schema", "schema": {"type": "string", "pattern": BOMB}}],
        "answer": json.dumps("a" * 60 + "!"),
    },
    "a formula": {"derived": {"tower": "exact + 9 ** 9 ** 9 ** 9"}},
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_expression_costs_its_answer_a_sentence_and_the_run_ends(call, suite, what, monkeypatch):
    monkeypatch.setattr(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id]))
    fields = dict(ENDLESS[what])
    answer = fields.pop("answer", "a" * 60 + "!")
    root = suite(**fields)
    (root / "evals" / "evil" / "outputs.jsonl").write_text(json.dumps({"id": "one", "output": answer}) + "\n")
    run = call("run", "evil", "--workspace", root, "--json", "-")
    assert (run.code, run.data["status"]) == (3, "complete")
    workspace = Workspace.open(root)
    scoring = workspace.store.results.current_scoring(run.data["run"])
    [cell] = workspace.store.results.page(run.data["run"], scoring.id)[1]
    workspace.close()
    [said] = {score.error for score in cell.scores if score.error}
    assert cell.completion.ok and 10 < len(said) < 300 and "\n" not in said, said
