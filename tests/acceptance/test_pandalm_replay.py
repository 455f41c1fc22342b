"""PandaLM's judges, as recorded, through a run of our own: the published accuracies under policies that have names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.analysis.agreement import judge_accuracy
from workbench.jobs import process, worker

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "pandalm" / "testset_judgments.jsonl"
pytestmark = pytest.mark.skipif(
    not SOURCE.exists(), reason="needs ../shared/data/pandalm beside the repository"
)
#: Scorer → whose verdicts it replays, and what it makes of those that cannot be read.
JUDGES = {"pandalm": ("pandalm7b", "error"), "gpt": ("gpt35", "error"), "gpt-ties": ("gpt35", "tie")}


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Answer and judge all 999 pairs from what was recorded, in this process."""
    root = tmp_path_factory.mktemp("pandalm")
    rows = [json.loads(line) for line in SOURCE.read_text(encoding="utf-8").splitlines()]
    folder = root / "evals" / "pandalm"
    folder.mkdir(parents=True)
    write_prompt(root, "ask")

    def write(name: str, found: list[dict]) -> None:
        (folder / name).write_text("\n".join(map(json.dumps, found)), encoding="utf-8")

    ids = [f"pair-{row['idx']}" for row in rows]
    write(
        "cases.jsonl",
        [{"id": i, "vars": {"question": r["instruction"]}} for i, r in zip(ids, rows, strict=True)],
    )
    for side in ("1", "2"):
        write(
            f"{side}.jsonl",
            [{"id": i, "output": r[f"response{side}"]} for i, r in zip(ids, rows, strict=True)],
        )
    for judge in ("gpt35", "pandalm7b"):
        pair = {"first": "one", "second": "two"}
        write(
            f"{judge}.jsonl", [{"id": i, **pair, "output": r[judge]} for i, r in zip(ids, rows, strict=True)]
        )
    suite = {
        "cases": "cases.jsonl",
        "prompts": ["ask"],
        "models": [
            {"id": f"recorded/{n}", "label": n, "outputs": f"{s}.jsonl"} for n, s in (("one", 1), ("two", 2))
        ],
        "scorers": [
            {
                "type": "pairwise",
                "name": name,
                "orders": "listed",
                "on_unparsable": policy,
                "judge": {"id": f"recorded/{judge}", "outputs": f"{judge}.jsonl"},
            }
            for name, (judge, policy) in JUDGES.items()
        ],
    }
    (folder / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id]))
        workspace = Workspace.open(root)
        record = workspace.runs.follow(workspace.runs.start("pandalm", concurrency=8).id)
        yield workspace, record, {i: row["majority"] for i, row in zip(ids, rows, strict=True)}
        workspace.close()


def said(workspace: Workspace, run_id: str, scorer: str) -> dict[str, str | None]:
    """Return the verdict on each pair as people gave theirs, None where none could be read."""
    scoring = workspace.store.results.current_scoring(run_id)
    found = [v for v in workspace.store.comparisons.verdicts(scoring.id) if v.scorer == scorer]
    word = lambda v: "0" if v.winner is None else "1" if v.winner == v.first else "2"  # noqa: E731
    return {v.case_id: None if v.error else word(v) for v in found}


@pytest.mark.parametrize(
    ("scorer", "unparsed", "accuracy", "n"),
    [
        ("pandalm", "wrong", 66.77, 999),
        ("gpt-ties", "wrong", 71.07, 999),  # as published: 25 replies without a verdict were taken as ties
        ("gpt", "tie", 71.07, 999),
        ("gpt", "wrong", 69.77, 999),
        ("gpt", "dropped", 71.56, 974),
    ],
)
def test_the_published_accuracies_come_out_under_their_policies_and_others_under_others(
    replayed, scorer, unparsed, accuracy, n
):
    workspace, record, people = replayed
    verdicts = said(workspace, record.id, scorer)
    assert verdicts.keys() == people.keys()
    found = judge_accuracy([verdicts[i] for i in people], list(people.values()), tie="0", unparsed=unparsed)
    assert (round(100 * found.value, 2), found.n) == (accuracy, n)


def test_replies_without_a_verdict_are_told_apart_and_cost_the_pair_its_score(replayed):
    workspace, record, _ = replayed
    from workbench.jobs.preferences import preferences_of

    plan = workspace.runs.plan_of(record.id)
    found = {one.scorer: one for one in preferences_of(workspace.store, record.id, plan)}
    assert {n: (p.errors, p.unparsable) for n, p in found.items()} == {
        "pandalm": (0, 0),
        "gpt": (25, 0),
        "gpt-ties": (0, 25),
    }
    (pair,) = found["pandalm"].pairs
    assert (pair.losses, pair.wins, pair.ties) == (433, 459, 107)
    scores = workspace.runs.outcome(record.id).scores
    assert scores[scores["error"].notna()].groupby("scorer").size().to_dict() == {"gpt": 50}


def test_a_recorded_judge_that_changed_since_the_start_stops_the_run(replayed, monkeypatch):
    workspace, _, _ = replayed
    file = workspace.root / "evals" / "pandalm" / "gpt35.jsonl"
    before = file.read_bytes()

    def launch(root, state, run_id):
        file.write_bytes(before.replace(b'"output": "1"', b'"output": "2"', 1))
        return worker.main([str(root), run_id])

    monkeypatch.setattr(process, "launch", launch)
    try:
        record = workspace.runs.follow(workspace.runs.start("pandalm").id)
    finally:
        file.write_bytes(before)
    assert record.status == "failed" and "gpt35.jsonl" in record.message and "changed" in record.message
    assert record.done == 0
