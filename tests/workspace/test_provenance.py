"""A comparison of two runs says what else has changed between them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.small_workspace import make_workspace, write_suite

from workbench.store.tables import completions
from workbench.workspace import Workspace

#: What is true of these samples: the weak prompt fails on odd cases.
SLICE = "kind=odd carries the effect: on the other 20 cases the difference is 0.0 points."
EVERY, HALF = set(range(40)), set(range(0, 40, 2))


@pytest.fixture
def ws(tmp_path):
    workspace = Workspace.open(make_workspace(tmp_path))
    yield workspace
    workspace.close()


def ran(ws: Workspace, prompt: str) -> str:
    return ws.runs.follow(ws.runs.start("passes", prompts=[prompt]).id).id


def changed_suite(root: Path, **fields) -> None:
    file = root / "evals" / "passes" / "suite.yaml"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_two_runs_of_one_suite_need_no_warning_and_a_shared_run_does(ws):
    first, second = ran(ws, "weak"), ran(ws, "strong")
    assert ws.runs.compare(first, second).warnings == [SLICE]
    again = ran(ws, "strong")
    said = ws.runs.compare(second, again).warnings
    assert (
        said[0]
        == "The two runs share all outputs, on every one of 40 cases: nothing that differs was measured."
    )


def test_changed_cases_and_scorers_are_said(ws, tmp_path):
    first = ran(ws, "weak")
    write_suite(tmp_path, "passes", {"weak": HALF, "strong": EVERY}, cases=39)
    cases = tmp_path / "evals" / "passes" / "cases.jsonl"
    rows = [json.loads(line) for line in cases.read_text().splitlines()]
    rows[0]["expected"] = "something else"
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows))
    changed_suite(tmp_path, scorers=[{"type": "exact", "name": "accuracy", "ignore_case": True}])
    said = ws.runs.compare(first, ran(ws, "strong")).warnings
    assert said[:3] == [
        "The cases were changed between the runs: 1 of 39 cases in both have other variables or another "
        "expected answer.",
        "The runs have different cases: 1 are in A alone and 0 in B alone.",
        "The scorer accuracy was changed between the runs: score one of them again.",
    ]


def test_another_price_or_snapshot_behind_one_name_is_said(ws):
    """The models here are recorded, so the answers are rewritten as if a provider had given them."""
    first, second = ran(ws, "weak"), ran(ws, "strong")
    for run, price, name in ((first, 1e-6, "gpt-x-0807"), (second, 2e-6, "gpt-x-1101")):
        _pretend(ws, run, price, name)
    said = ws.runs.compare(first, second).warnings
    assert "Another model answered behind openai/gpt-x: gpt-x-0807 for A and gpt-x-1101 for B." in said
    assert any("the same tokens cost 2.00 times as much in B" in w for w in said)
    _pretend(ws, second, 1e-6, "gpt-x-0807")
    assert ws.runs.compare(first, second).warnings == [SLICE]


def _pretend(ws: Workspace, run: str, price: float, name: str) -> None:
    from workbench.store.tables import runs

    plan = ws.store.runs.get(run).plan
    plan = plan | {"models": [{"id": "openai/gpt-x"}]}
    with ws.store.engine.begin() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == run).values(plan=plan))
        for number, (row,) in enumerate(
            connection.execute(sa.select(completions.c.id).where(completions.c.run_id == run)).all()
        ):
            used = {"input": 100 + number, "output": 20 + number * number % 13}
            cost = price * (used["input"] + 5 * used["output"])
            values = {"usage": used, "cost_usd": cost, "resolved_model": name}
            connection.execute(sa.update(completions).where(completions.c.id == row).values(**values))
    ws.runs._plan.cache_clear()


def test_versions_that_were_tuned_on_the_same_cases_are_counted(ws, tmp_path):
    for words in ("please", "briefly", "at once", "in Greek"):
        newest = ws.prompts.get("strong")
        message = replace(newest.prompt.messages[0], content=f"{newest.prompt.messages[0].content} {words}")
        changed = replace(newest.prompt, messages=(message, *newest.prompt.messages[1:]))
        ws.prompts.save(changed, parent=newest.number)
    runs = [ran(ws, f"strong@{number}") for number in (1, 2, 2, 3, 4, 5)]

    def said(a: str, b: str) -> list[str]:
        return [w for w in ws.runs.compare(a, b).warnings if "descends from" in w]

    assert said(runs[0], runs[4]) == [], "two between are no tuning"
    assert said(runs[4], runs[5]) == [
        "3 versions that strong@5 descends from were scored on these 40 cases before (in 4 runs), so a part of its "
        "score may be luck with just these: a held-out split that no version was tuned on would tell (`workbench "
        "dataset split`)."
    ]
    assert said(runs[5], runs[4])[0].startswith("3 versions that strong@4 descends from"), "on either side"
    assert len(said(runs[0], runs[5])) == 1
    write_suite(tmp_path, "passes", {"weak": HALF, "strong": EVERY}, cases=38)
    assert said(ran(ws, "strong@4"), ran(ws, "strong@5")) == [], "other cases were not seen"
