"""A run with repeats: reducers hold in its results and comparisons, and flaky cases are named wherever it is shown."""

from __future__ import annotations

import json

import pytest
from support.small_workspace import write_prompt

from workbench.cli.entry import call
from workbench.errors import BadInput, SuiteError
from workbench.workspace import Workspace

#: Prompt → case → how many of its three answers are right.
RIGHT = {"weak": {"c0": 1, "c1": 0, "c2": 2}, "strong": {"c0": 3, "c1": 2, "c2": 3}}


@pytest.fixture
def ws(tmp_path):
    for name in RIGHT:
        write_prompt(tmp_path, name)
        rows = [
            {"id": case, "repeat": r, "output": "yes" if r < right else "no"}
            for case, right in RIGHT[name].items()
            for r in range(3)
        ]
        folder = tmp_path / "evals" / "three"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write(tmp_path, reducer="majority")
    workspace = Workspace.open(tmp_path)
    yield workspace
    workspace.close()


def write(root, **fields):
    suite = {
        "prompts": ["weak", "strong"],
        "models": [{"id": "recorded/r", "outputs": "{prompt}.jsonl"}],
        "cases": [{"id": f"c{n}", "vars": {"question": str(n)}, "expected": "yes"} for n in range(3)],
        "repeats": 3,
        "scorers": [
            {"type": "exact", "name": "right"},
            {"type": "exact", "name": "two", "reducer": {"pass_at_k": 2}, "weight": 0},
            {"type": "exact", "name": "plain", "reducer": "mean", "weight": 0},
            {"type": "latency"},
        ],
    }
    (root / "evals" / "three" / "suite.yaml").write_text(json.dumps({**suite, **fields}))


def test_reducers_and_flaky_cases_reach_results_comparison_command_and_page(ws, capsys):
    run = ws.runs.follow(ws.runs.start("three").id).id
    report = ws.runs.report(run)
    assert report["status"] == "complete", report["message"]
    means = {(r["prompt"], r["scorer"]): (r["mean"], r["n"]) for r in report["results"]}
    assert means["weak", "right"] == (pytest.approx(1 / 3), 3) and means["strong", "right"] == (1.0, 3)
    assert means["weak", "plain"] == (pytest.approx(1 / 3), 3)
    assert means["weak", "two"] == (pytest.approx((2 / 3 + 0 + 1) / 3), 3)
    flaky = {(f["prompt"], f["scorer"]): f["cases"] for f in report["flaky"]}
    assert flaky["weak", "right"] == ["c0", "c2"] and flaky["strong", "right"] == ["c1"]
    comparison = ws.runs.compare(f"{run}:weak", f"{run}:strong", metric="right")
    assert comparison.primary.diff == pytest.approx(2 / 3)
    assert any("on 2 cases of A and 1 of B" in warning for warning in comparison.warnings)
    scoring = ws.store.results.current_scoring(run).id
    total, rows = ws.store.results.page(run, scoring, only="flaky", scorer="right")
    assert total == 9 and {(r.cell.prompt_index, r.cell.case_id) for r in rows} == {
        (0, "c0"),
        (0, "c2"),
        (1, "c1"),
    }
    assert call("show", [run, "--workspace", str(ws.root)]) == 0
    assert "Flaky on right: 2 cases of weak@1" in capsys.readouterr().out


def test_a_reducer_that_cannot_hold_is_refused_before_anything_is_asked(ws, tmp_path):
    for reducer, says in (
        ({"pass_at_k": 4}, "needs 4 answers"),
        ("mode", "reducer is mean"),
        ({"at_least": 0}, "whole"),
    ):
        write(tmp_path, reducer=reducer)
        with pytest.raises(SuiteError, match=says):
            ws.suites.load("three")
    write(tmp_path, reducer="majority")
    with pytest.raises(BadInput, match="reducer: mean"):
        ws.runs.start("three", until_decided=True)


def test_scoring_again_with_a_changed_suite_shows_which_scores_moved_on_which_cases(ws, tmp_path, capsys):
    run = ws.runs.follow(ws.runs.start("three").id).id
    assert ws.runs.moved(run) == []
    write(
        tmp_path,
        scorers=[
            {"type": "exact", "name": "right", "value": ["yes", "no"]},
            {"type": "icontains", "name": "new"},
        ],
    )
    assert call("rescore", [run, "--workspace", str(ws.root)]) == 0
    page = capsys.readouterr().out
    assert "Scores that moved" in page and "right moved on: c0, c1, c2" in page
    moved = {m.scorer: m for m in ws.runs.moved(run)}
    right = moved["right"]
    assert (right.up, right.down, right.changed, right.answers) == (7, 0, 0, 18)
    assert (right.before, right.after) == (pytest.approx(11 / 18), 1.0)
    assert (moved["new"].status, moved["plain"].status) == ("new", "gone")
    assert ws.runs.get(run).spent_usd == 0
