"""What the limits of a run did is kept with it, and can be read when it has ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, rate_limited

from workbench.llm.limit_history import THIS_MACHINE, LimitChange, LimitHistory
from workbench.workspace import Workspace


def _workspace(root: Path, base_url: str, cells: int) -> Workspace:
    (root / "prompts").mkdir()
    (root / "evals" / "s").mkdir(parents=True)
    (root / "prompts" / "p.prompt.yml").write_text("messages: [{role: user, content: 'Say {{n}}'}]\n")
    (root / "evals" / "s" / "suite.yaml").write_text(
        "prompts: [p]\nscorers: [exact]\ncases: cases.jsonl\nconcurrency: 40\n"
        f"models: [{{id: openai/m, api_base: '{base_url}'}}]\n"
    )
    rows = [{"id": f"c{n}", "vars": {"n": n}, "expected": "x"} for n in range(cells)]
    (root / "evals" / "s" / "cases.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return Workspace.open(root)


def test_a_run_that_was_refused_tells_afterwards_how_far_it_backed_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from workbench.__main__ import main

    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    with OpenAIServer() as server:
        server.script(rate_limited(retry_after=0.05))
        ws = _workspace(tmp_path, server.base_url, cells=30)
        record = ws.runs.follow(ws.runs.start("s").id)
    changes = ws.runs.limits(record.id)
    assert record.status == "complete"
    assert (changes[0].lane, changes[0].reason) == ("openai/m", "the start")
    refused = next(change for change in changes if "refused" in change.reason)
    assert refused.limit < changes[0].limit
    assert main(["show", record.id, "--workspace", str(tmp_path)]) == 0
    assert "the server refused: too many calls" in capsys.readouterr().out


def test_a_process_keeps_so_many_changes_and_no_more() -> None:
    history = LimitHistory(most=3)
    for limit in range(10):
        history.note(THIS_MACHINE, limit, "because")
    kept = history.take()
    assert [change.limit for change in kept] == [0, 1, 2]
    assert "not kept" in kept[-1].reason
    assert isinstance(kept[0], LimitChange)
    assert history.take() == []
