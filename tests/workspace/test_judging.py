"""Judging runs against a server on loopback: nothing paid twice, booked apart, under the caps, and again."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.errors import BadInput
from workbench.jobs import process, worker
from workbench.workspace.run_facts import run_to_dict

# The server counts a token a word.
PRICES = "models:\n  openai/tiny: {input: 100, output: 100}\n  openai/judge: {input: 1000, output: 1000}\n"
JUDGE_PROMPT = """\
messages:
  - {role: user, content: "Judge {{output}} by {{rubric}}; JSON with a score from 1 to 5"}
"""


def answer(body: dict) -> str:
    if body["model"] == "judge":
        text = " ".join(str(m["content"]) for m in body["messages"])
        score = 5 if "is it 1" in text.lower() else 3
        return f'{{"reason": "seen", "score": {score}}}'
    return f"answer to {body['messages'][-1]['content']}"


def asked(server: OpenAIServer, model: str) -> int:
    return sum(call.body["model"] == model for call in server.calls)


@pytest.fixture
def server():
    with OpenAIServer(answer=answer) as running:
        yield running


@pytest.fixture
def here(monkeypatch):
    """Let runs be worked on in this process, which is quicker than one of their own."""
    launch = lambda root, state, run_id: worker.main([str(root), run_id])  # noqa: E731
    monkeypatch.setattr(process, "launch", launch)


@pytest.fixture
def workspace(tmp_path, server):
    write_prompt(tmp_path, "ask")
    (tmp_path / "prompts" / "mine.prompt.yml").write_text(JUDGE_PROMPT, encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    write_suite(tmp_path, server)
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def write_suite(
    root: Path, server: OpenAIServer, *, cases: int = 12, rubric: str = "It is right", **more
) -> None:
    folder = root / "evals" / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"id": f"c{n}", "vars": {"question": f"Is it {n}?"}, "expected": "yes"} for n in range(cases)]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    suite = {
        "cases": "cases.jsonl",
        "prompts": ["ask"],
        "models": [{"id": "openai/tiny", "api_base": server.base_url}],
        "judge": {"id": "openai/judge", "api_base": server.base_url},
        "scorers": [
            {"type": "rubric", "name": "good", "rubric": rubric, **more},
            {"type": "length", "max": 60},
        ],
    }
    (folder / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")


def run(workspace: Workspace, **options):
    return workspace.runs.follow(workspace.runs.start("judged", concurrency=4, **options).id)


def test_a_run_is_judged_while_it_is_answered_and_the_judge_is_booked_apart(workspace, server, here):
    record = run(workspace)
    assert record.status == "complete" and (asked(server, "tiny"), asked(server, "judge")) == (12, 12)
    report = workspace.runs.report(record.id)
    means = {row["scorer"]: row["mean"] for row in report["results"] if row["slice"] is None}
    # Questions 1, 10 and 11 get 5 of 5, the others 3 of 5.
    assert means["good"] == pytest.approx((3 * 1.0 + 9 * 0.5) / 12) and "overall" in means
    usages = [cell.completion.usage for cell in workspace.store.results.page(record.id, None)[1]]
    answering = sum((u.total_input + u.output) * 100e-6 for u in usages)
    assert record.spent_usd == pytest.approx(answering) == record.cost_usd
    judging = run_to_dict(record)["judging"]
    assert judging["calls"] == 12 and judging["cost_unknown"] == 0 and judging["spent_usd"] > 10 * answering
    assert workspace.store.spending.today() == pytest.approx(record.spent_usd + judging["spent_usd"])


def test_scoring_again_with_the_same_judge_asks_nothing_and_with_another_rubric_only_the_judge(
    workspace, server, here
):
    first = run(workspace)
    server.reset()
    again = workspace.runs.rescore(first.id)
    assert server.received == 0 and again.judging_usd == first.judging_usd
    write_suite(workspace.root, server, rubric="It is short")
    changed = workspace.runs.rescore(first.id)
    assert (asked(server, "tiny"), asked(server, "judge")) == (0, 12)
    scorings = workspace.store.results.scorings(first.id)
    assert [s.judging_calls for s in scorings] == [12, 0, 12] and all(s.complete for s in scorings)
    assert changed.judging_usd == pytest.approx(first.judging_usd + scorings[-1].judging_usd)
    assert changed.spent_usd == first.spent_usd


def test_scoring_again_under_a_cap_of_its_own_stops_before_it_and_pays_nothing_twice(workspace, server, here):
    record = run(workspace)
    write_suite(workspace.root, server, rubric="It is short")
    price = record.judging_usd / 12
    limit = record.spent_usd + record.judging_usd + 4.5 * price
    with pytest.raises(BadInput, match="cost cap leaves no room"):
        workspace.runs.rescore(record.id, max_cost_usd=limit)
    capped = workspace.runs.get(record.id)
    assert 12 < capped.judging_calls < 24 and capped.spent_usd + capped.judging_usd <= limit
    again = workspace.runs.rescore(record.id, max_cost_usd=100.0)
    assert again.judging_calls == 24


def test_a_failed_judge_is_an_error_apart_and_scoring_again_asks_only_that_one(workspace, server, here):
    write_suite(workspace.root, server, on_unparsable="error")
    server.answer = lambda body: (
        "hm" if "Is it 3?" in str(body) and body["model"] == "judge" else answer(body)
    )
    record = run(workspace)
    scores = workspace.runs.outcome(record.id).scores
    broken = scores[(scores["scorer"] == "good") & scores["error"].notna()]
    assert list(broken["case_id"]) == ["c3"] and broken["value"].isna().all()
    assert "unparsable" in broken["error"].iloc[0]


def test_a_cost_cap_holds_the_judge_too_and_a_resumed_run_repeats_nothing(workspace, server, here):
    write_suite(workspace.root, server, cases=20)
    capped = run(workspace, max_cost_usd=1.0)
    assert capped.status == "stopped" and "cost cap of $1" in capped.message
    assert capped.spent_usd + capped.judging_usd <= 1.0 + 1e-9
    assert 0 < capped.judging_calls < 20
    resumed = workspace.runs.follow(workspace.runs.resume(capped.id, max_cost_usd=100).id)
    assert resumed.status == "complete" and (asked(server, "tiny"), asked(server, "judge")) == (20, 20)
    assert server.asked_after_answered == 0
    scores = workspace.runs.outcome(capped.id).scores
    assert len(scores[scores["scorer"] == "good"]) == 20 and scores["error"].isna().all()


def test_a_judge_without_a_price_and_one_without_a_name_are_refused_before_anything_is_paid(
    workspace, server, here
):
    (workspace.root / "prices.yaml").write_text("models:\n  openai/tiny: {input: 1, output: 1}\n")
    with pytest.raises(BadInput, match="price of openai/judge is unknown"):
        workspace.runs.start("judged", max_cost_usd=1.0)
    path = workspace.root / "evals" / "judged" / "suite.yaml"
    suite = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in suite.items() if k != "judge"}))
    with pytest.raises(BadInput, match="rubric of judged asks a model, and none is named"):
        workspace.runs.start("judged")
    assert server.received == 0


def test_a_killed_judging_run_repeats_no_judgement_that_was_kept(workspace, server):
    server.delay_s = 0.05
    record = workspace.runs.start("judged", concurrency=2, use_cache=False)
    deadline = time.monotonic() + 30
    while workspace.store.judgements.count(record.id) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(int(workspace.runs.get(record.id).worker.split(":")[1]), signal.SIGKILL)
    server.delay_s = 0.0
    workspace.runs.follow(record.id)
    kept = workspace.store.judgements.count(record.id)
    answered = {call.key for call in server.calls if call.body["model"] == "judge"}
    before = asked(server, "judge")
    resumed = workspace.runs.follow(workspace.runs.resume(record.id).id)
    assert resumed.status == "complete" and kept >= 4
    # What was in flight at the kill may be asked again; what was kept is not.
    assert asked(server, "judge") - before <= 12 - kept and len(answered) >= kept
    assert workspace.store.judgements.count(record.id) == 12
    scores = workspace.runs.outcome(record.id).scores
    assert len(scores[scores["scorer"] == "good"]) == 12 and scores["error"].isna().all()


def test_a_run_is_pinned_to_the_judges_prompt_and_another_version_is_told_in_a_comparison(
    workspace, server, here
):
    write_suite(workspace.root, server, judge_prompt="mine")
    first = run(workspace)
    spec = next(s for s in workspace.runs.plan_of(first.id).scorers if s.name == "good")
    pinned = spec.params["judge_prompt"]
    assert (pinned["name"], pinned["selector"]) == ("mine", "mine") and "Judge {{output}}" in pinned[
        "content"
    ]
    assert spec.params["judge"]["id"] == "openai/judge"
    (workspace.root / "prompts" / "mine.prompt.yml").write_text(JUDGE_PROMPT.replace("Judge", "Weigh"))
    server.reset()
    second = run(workspace)
    assert asked(server, "judge") == 12
    warnings = workspace.runs.compare(first.id, second.id).warnings
    assert any("good was changed between the runs" in warning for warning in warnings)
