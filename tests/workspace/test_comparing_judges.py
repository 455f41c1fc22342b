"""Judges that compare answers, on runs against a server on loopback: both orders, policies, resuming, preferences."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from support.openai_server import OpenAIServer
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.errors import BadInput
from workbench.jobs import process, worker
from workbench.jobs.preferences import preferences_of
from workbench.reports.comment import to_markdown
from workbench.reports.content import Options
from workbench.reports.markdown import comparison_comment
from workbench.reports.page import to_html
from workbench.reports.preferences import preference_lines
from workbench.reports.ranking import ranking_view
from workbench.reports.terminal import comparison_view
from workbench.workspace.labelling import write_pairs
from workbench.workspace.pair_import import holds_pairs, import_pairs
from workbench.workspace.reporting import content_of, report_of

MODELS = ("good", "fair", "poor")


def answer(body: dict) -> str:
    """Answer with the model's name; judge by it, but call the first better where one is fair and one is poor."""
    text = " ".join(str(m["content"]) for m in body["messages"])
    if body["model"] != "judge":
        return f"{body['model']} says hello"
    said = re.findall(r"(good|fair|poor) says", text)
    if "by number" in text:
        return json.dumps({"reason": "r", "best": [said.index("good") + 1]})
    if "good" not in said:
        return '{"reason": "position", "better": "A"}'
    return json.dumps({"reason": "r", "better": "AB"[said.index("good")]})


@pytest.fixture
def server():
    with OpenAIServer(answer=answer) as running:
        yield running


@pytest.fixture
def workspace(tmp_path, server, monkeypatch):
    launch = lambda root, state, run_id: worker.main([str(root), run_id])  # noqa: E731
    monkeypatch.setattr(process, "launch", launch)
    write_prompt(tmp_path, "ask")
    write_suite(
        tmp_path, server, [{"type": "pairwise", "name": "better"}, {"type": "select_best", "name": "best"}]
    )
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def write_suite(root: Path, server: OpenAIServer, scorers: list[dict], models=MODELS, cases: int = 5) -> None:
    folder = root / "evals" / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    suite = {
        "cases": [{"id": f"c{n}", "vars": {"question": f"Is it {n}?"}} for n in range(cases)],
        "prompts": ["ask"],
        "models": [{"id": f"openai/{m}", "label": m, "api_base": server.base_url} for m in models],
        "judge": {"id": "openai/judge", "api_base": server.base_url},
        "scorers": [*scorers, {"type": "length", "max": 60}],
    }
    (folder / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")


def run(workspace: Workspace):
    return workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)


def judged(server: OpenAIServer) -> int:
    return sum(call.body["model"] == "judge" for call in server.calls)


def means(workspace: Workspace, run_id: str, scorer: str) -> dict[str, float]:
    rows = workspace.runs.report(run_id)["results"]
    return {r["model"]: r["mean"] for r in rows if r["scorer"] == scorer and r["slice"] is None}


def test_each_pair_is_judged_in_both_orders_and_the_preferences_are_told_without_asking_again(
    workspace, server
):
    record = run(workspace)
    # Five cases: three pairs in two orders each, and one question about all three answers.
    assert record.status == "complete", record.message
    assert judged(server) == 5 * (3 * 2 + 1) == record.judging_calls
    # The judge that takes the first where both are worse makes that pair a tie.
    assert means(workspace, record.id, "better") == {"good": 1.0, "fair": 0.25, "poor": 0.25}
    assert means(workspace, record.id, "best") == {"good": 1.0, "fair": 0.0, "poor": 0.0}
    server.reset()
    (found,) = preferences_of(workspace.store, record.id, workspace.runs.plan_of(record.id))
    rates = {(pair.a, pair.b): (pair.rate, pair.wins, pair.ties, pair.losses) for pair in found.pairs}
    assert rates == {
        ("good", "fair"): (0.0, 0, 0, 10),
        ("good", "poor"): (0.0, 0, 0, 10),
        ("fair", "poor"): (0.5, 0, 5, 0),
    }
    # In both orders a judge with an eye for quality favours no place; one of three pairs went by place.
    assert found.order.rate == pytest.approx(0.5 + 1 / 6) and found.order.agreed == pytest.approx(2 / 3)
    assert found.strengths[0].name == "good" and found.strengths[0].ci_low > found.strengths[1].ci_high
    assert (found.disagreed, found.errors) == (5, 0)
    lines = preference_lines(report_of(workspace, record.id)["preferences"])
    assert "better: poor is preferred to good in 0.0 % (95 %: " in lines[1] and "of 5 cases" in lines[1]
    assert "both orders agreed on 67 % of pairs" in lines[3] and "Bradley–Terry): good +" in lines[4]
    assert lines[5] == "better: of 30 verdicts, 5 pairs on which the two orders disagree taken as a tie."
    again = workspace.runs.rescore(record.id)
    assert server.received == 0 and again.judging_usd == record.judging_usd
    assert means(workspace, record.id, "better")["good"] == 1.0


def test_a_comparison_and_a_ranking_tell_what_the_judge_prefers_in_every_format(workspace, server):
    record = run(workspace)
    found = workspace.runs.compare(f"{record.id}:fair", f"{record.id}:good", metric="better")
    (told,) = found.to_dict()["preferences"]
    (pair,) = told["pairs"]
    # The judge took the good one in both orders of all five cases; of the other pairs nothing is counted here.
    assert (pair["a"], pair["b"], pair["rate"], pair["wins"], pair["n"]) == ("fair", "good", 1.0, 10, 5)
    assert pair["ci_low"] > 0.5 and told["verdicts"] == 10
    assert told["order"]["rate"] == 0.5 and told["order"]["agreed"] == 1.0
    assert told["strengths"][0]["name"] == "good" and len(told["strengths"]) == 3
    turned = workspace.runs.compare(f"{record.id}:good", f"{record.id}:fair").preferences[0]["pairs"][0]
    assert (turned["b"], turned["rate"]) == ("fair", 0.0)
    said = "good is preferred to fair in 100.0 %"
    assert said in shown(comparison_view(found)) and said in "\n".join(comparison_comment(found))
    content = content_of(workspace, f"{record.id}:good", ["fair"])
    page, comment = to_html(content, Options()), to_markdown(content)
    assert "<h3>Preferences</h3>" in page and "<td>good</td><td>fair</td>" in page and "10 / 0 / 0" in page
    # The other pairs stand below, for the comparison says nothing of them.
    assert "poor is preferred to good in 0.0 %" in comment and "All versions and models" in page
    ranking = workspace.runs.ranking(record.id, "better")
    assert [len(one["pairs"]) for one in ranking.to_dict()["preferences"]] == [3]
    assert "Bradley–Terry" in shown(ranking_view(ranking))


def test_peoples_choices_are_drawn_blind_and_stand_beside_the_judges_with_how_far_both_agree(
    workspace, server, tmp_path
):
    record = run(workspace)
    file = tmp_path / "pairs.jsonl"
    assert write_pairs(workspace, record.id, file, cases=5) == (5, 15)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert set(rows[0]) == {
        *("case", "input", "expected", "first", "second", "output_1", "output_2", "winner", "rater")
    }
    for row in rows:
        outputs = [row["output_1"].split()[0], row["output_2"].split()[0]]
        # This person likes the poor one best, then the good one; the judge the good one.
        row["winner"] = 1 + outputs.index("poor" if "poor" in outputs else "good")
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert holds_pairs(file)
    made = import_pairs(workspace, record.id, file, rater="ann")
    assert (made.labels, made.replaced, made.answers) == (15, 0, 15)
    people, judge = workspace.runs.compare(f"{record.id}:poor", f"{record.id}:good").preferences
    assert (people["scorer"], people["pairs"][0]["rate"], people["pairs"][0]["n"]) == ("people", 0.0, 5)
    assert people["strengths"][0]["name"] == "poor" and people["order"]["agreed"] is None
    assert (judge["pairs"][0]["rate"], judge["people"]["agreed"], judge["people"]["n"]) == (1.0, 0.0, 5)
    lines = preference_lines(report_of(workspace, record.id)["preferences"])
    # On good against fair both say good; on poor against fair the judge's two orders make a tie.
    assert "better: it chooses what people choose in 33 % of 15 choices, kappa " in "\n".join(lines)

    named = [{"case": "c1", "first": "good", "second": "poor", "winner": "good"}]
    file.write_text(json.dumps(named[0]) + "\n")
    assert import_pairs(workspace, record.id, file, rater="ann").replaced == 1
    for wrong, said in (
        ({"second": "good"}, "no two answers"),
        ({"first": "great"}, "no such answer for first"),
        ({"winner": "maybe"}, "is no winner"),
        ({"output_1": "another"}, "output_1 is not the answer"),
        ({"run": "2020"}, "another run"),
    ):
        file.write_text(json.dumps(named[0]) + "\n" + json.dumps({**named[0], "case": "c2", **wrong}) + "\n")
        with pytest.raises(BadInput, match=said):
            import_pairs(workspace, record.id, file, rater="bob")
    assert len(workspace.store.human_labels.preferences(record.id)) == 15
    assert workspace.store.human_labels.remove(record.id, scorer="people") == 15


def shown(view) -> str:
    console = Console(width=400, file=io.StringIO())
    console.print(view)
    return console.file.getvalue()


def test_the_policies_decide_what_a_reply_without_sense_and_two_orders_that_disagree_become(
    workspace, server
):
    record = run(workspace)
    server.answer = lambda body: "hm" if "good" in str(body["messages"]) else answer(body)
    entry = {"type": "pairwise", "name": "better", "question": "Which is shorter?"}
    write_suite(workspace.root, server, [{**entry, "on_unparsable": "tie", "on_disagreement": "error"}])
    workspace.runs.rescore(record.id)
    scores = workspace.runs.outcome(record.id).scores
    mine = scores[scores["scorer"] == "better"].groupby("model")
    assert set(mine.get_group("good")["value"]) == {0.5}
    assert mine.get_group("fair")["value"].isna().all()
    assert set(mine.get_group("fair")["error"]) == {"the two orders disagree"}
    (found,) = preferences_of(workspace.store, record.id, workspace.runs.plan_of(record.id))
    assert (found.unparsable, found.errors, found.disagreed) == (20, 0, 5)
    write_suite(workspace.root, server, [{**entry, "on_unparsable": "error", "against": "first"}])
    workspace.runs.rescore(record.id)
    scores = workspace.runs.outcome(record.id).scores
    broken = scores[scores["scorer"] == "better"]
    assert broken["value"].isna().all() and broken["error"].str.startswith("unparsable: ").all()


def test_one_version_of_one_model_has_nothing_to_be_compared_with(workspace, server):
    write_suite(workspace.root, server, [{"type": "pairwise"}], models=("good",))
    with pytest.raises(BadInput, match="compares answers"):
        run(workspace)


def test_a_run_until_decided_is_refused_where_a_judge_that_compares_would_decide(tmp_path, workspace, server):
    write_suite(tmp_path, server, [{"type": "pairwise", "name": "better"}], models=("good", "fair"))
    with pytest.raises(BadInput, match="better compares answers when all are there, so a run cannot stop"):
        workspace.runs.start("judged", until_decided=True)
    assert server.calls == [] and workspace.runs.list() == []


def test_a_run_until_decided_by_another_scorer_compares_the_answers_that_it_asked_for(
    tmp_path, workspace, server
):
    scorers = [{"type": "icontains", "name": "good", "value": "good"}, {"type": "pairwise", "name": "better"}]
    write_suite(tmp_path, server, scorers, models=("fair", "good"), cases=40)
    done = workspace.runs.follow(workspace.runs.start("judged", until_decided=True, concurrency=2).id)
    assert (done.status, done.sequential["verdict"]) == ("complete", "better")
    assert done.done < 40 and judged(server) == 2 * (done.done // 2), "both orders of each pair asked"
    found = workspace.runs.compare(f"{done.id}:fair", f"{done.id}:good")
    assert found.primary.n == done.sequential["used"]
