"""What judging is expected to cost before a run: its calls counted, held against what the run then asks and pays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.openai_server import OpenAIServer
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.__main__ import main
from workbench.jobs import process, worker

# The server counts a token a word.
PRICES = "models:\n  openai/tiny: {input: 100, output: 100}\n  openai/judge: {input: 1000, output: 1000}\n"


def answer(body: dict) -> str:
    if body["model"] != "judge":
        return f"{body['messages'][0]['content'][:3]} answers {body['messages'][-1]['content']}"
    text = " ".join(str(m["content"]) for m in body["messages"])
    return '{"reason": "seen", "better": "A"}' if "better" in text else '{"reason": "seen", "score": 4}'


@pytest.fixture
def server():
    with OpenAIServer(answer=answer) as running:
        yield running


@pytest.fixture
def workspace(tmp_path, server, monkeypatch):
    launch = lambda root, state, run_id: worker.main([str(root), run_id])  # noqa: E731
    monkeypatch.setattr(process, "launch", launch)
    for name in ("one", "two"):
        write_prompt(tmp_path, name)
        path = tmp_path / "prompts" / f"{name}.prompt.yml"
        path.write_text(
            path.read_text(encoding="utf-8").replace("Answer with", f"{name} says, with"), "utf-8"
        )
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    write_suite(tmp_path, server)
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def write_suite(root: Path, server: OpenAIServer, **more: Any) -> None:
    folder = root / "evals" / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = [{"id": f"c{n}", "vars": {"question": f"Is it {n}?"}} for n in range(8)]
    rows[3]["scorers"] = [{"type": "rubric", "name": "kind", "rubric": "It is kind"}]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    suite = {
        "cases": "cases.jsonl",
        "prompts": ["one", "two"],
        "models": [{"id": "openai/tiny", "api_base": server.base_url, "params": {"max_tokens": 20}}],
        "judge": {"id": "openai/judge", "api_base": server.base_url, "params": {"max_tokens": 50}},
        "scorers": [
            {
                "any": [{"type": "rubric", "rubric": "It is right"}, {"type": "length", "max": 1}],
                "name": "good",
            },
            {"type": "pairwise", "name": "better"},
        ],
        **more,
    }
    (folder / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")


def foreseen(workspace: Workspace, **options: Any):
    return workspace.runs.estimate(workspace.runs.plan(workspace.suites.load("judged")), **options)


def test_judging_is_estimated_apart_and_holds_what_the_run_then_asks_and_pays(workspace, server):
    before = foreseen(workspace)
    assert server.received == 0
    # Each of 16 answers by the group's rubric, two by their case's own, 8 pairs in both orders.
    assert (before.judging.calls, before.judging.kept, before.judging.unknown) == (16 + 2 + 16, 0, 0)
    record = workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    assert record.status == "complete" and record.judging_calls == before.judging.calls
    assert 0 < record.judging_usd <= before.judging.high and before.judging.low < before.judging.expected
    total = before.together
    assert total is not None and total[2] == pytest.approx(before.high + before.judging.high)
    assert 0 < record.spent_usd + record.judging_usd <= total[2]
    again = foreseen(workspace)
    assert (again.asked, again.judging.calls, again.judging.kept) == (0, 0, 34)
    assert again.sentence == "$0" and "34 judgements are there already" in again.judging_sentence
    fresh = foreseen(workspace, use_cache=False).judging
    assert fresh.calls == 34 and fresh.output_tokens[1] < before.judging.output_tokens[1]
    assert "34 earlier answers" in " ".join(foreseen(workspace, use_cache=False).why)


def test_a_changed_rubric_is_estimated_by_the_answers_that_are_there(workspace, server):
    workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    write_suite(workspace.root, server, scorers=[{"type": "rubric", "rubric": "It is short"}])
    found = foreseen(workspace)
    assert (found.asked, found.judging.calls, found.judging.kept) == (0, 18 - 2, 2)
    record = workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    assert record.judging_calls == 16 and 0 < record.judging_usd <= found.judging.high


def test_a_judge_without_a_price_is_unknown_and_never_nothing(workspace, server, capsys, tmp_path):
    (workspace.root / "prices.yaml").write_text(PRICES.replace("judge", "other"), encoding="utf-8")
    judging = foreseen(workspace).judging
    assert (judging.expected, judging.unknown) == (None, 34) and judging.input_tokens[1] > 0
    assert main(["run", "judged", "--dry-run", "--workspace", str(workspace.root)]) == 0
    assert "Judging         unknown, for no judge's price is known, 34 calls" in capsys.readouterr().out


def test_a_dry_run_counts_judging_where_it_says_which_cap_is_likely_to_stop_the_run(
    workspace, server, capsys
):
    found = foreseen(workspace)
    between = (found.expected + found.together[1]) / 2
    where = ["--workspace", str(workspace.root), "--json", "-"]
    assert main(["run", "judged", "--dry-run", "--max-cost", f"{between:.6f}", *where]) == 0
    said = capsys.readouterr()
    data = json.loads(said.out)
    assert "is likely to stop it before the end" in " ".join(said.err.split())
    assert data["cap_warning"] in " ".join(said.err.split())
    assert data["judging"]["calls"] == 34 and data["together"]["expected"] > between > data["expected"]
    assert server.received == 0


def test_what_a_case_costs_in_a_plan_has_its_judging_in_it(workspace):
    from workbench.workspace.planning import foresee

    suite = workspace.suites.load("judged")
    judging = foreseen(workspace, use_cache=False).judging
    planned = foresee(workspace.runs, suite)
    assert planned.usd_a_case > judging.expected / 8 > 0 and "judging" in " ".join(planned.rests_on)
    (workspace.root / "prices.yaml").write_text(PRICES.replace("judge", "other"), encoding="utf-8")
    assert foresee(workspace.runs, suite).usd_a_case is None, "unknown is not nothing"
