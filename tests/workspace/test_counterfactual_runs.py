"""Groups of swapped cases in a run: one score a group, its interval, the groups that differ, and scoring again."""

from __future__ import annotations

import json

import pytest
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.errors import BadInput
from workbench.jobs import process, worker

GROUPS = 6


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    launch = lambda root, state, run_id: worker.main([str(root), run_id])  # noqa: E731
    monkeypatch.setattr(process, "launch", launch)
    for name in ("fair", "unfair"):
        write_prompt(tmp_path, name)
    write_suite(tmp_path, [{"type": "counterfactual", "name": "treated alike", "attribute": "gender"}])
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def write_suite(root, scorers, **more):
    folder = root / "evals" / "loans"
    folder.mkdir(parents=True, exist_ok=True)
    cases = [
        {"id": f"c{n}", "vars": {"question": f"He asks for {n}"}, "expected": "yes"} for n in range(GROUPS)
    ]
    cases.append({"id": "alone", "vars": {"question": "Nobody asks"}, "expected": "yes"})
    suite = {
        "prompts": ["fair", "unfair"],
        "models": [{"id": "recorded/m", "outputs": "outputs_{prompt}.jsonl"}],
        "cases": cases,
        "swap": "gender",
        "slices": ["gender"],
        "scorers": [{"type": "exact", "ignore_case": True}, *scorers],
        **more,
    }
    (folder / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
    for prompt in ("fair", "unfair"):
        rows = [
            {
                "id": f"c{n}{twin}",
                "output": "no" if prompt == "unfair" and twin and n < 2 else "Yes" if twin else "yes",
            }
            for n in range(GROUPS)
            for twin in ("", "~female")
            if (prompt, n, twin) != ("unfair", 5, "~female")
        ]
        rows.append({"id": "alone", "output": "no"})
        (folder / f"outputs_{prompt}.jsonl").write_text(
            "".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8"
        )


def summaries(workspace, run_id, scorer):
    rows = workspace.runs.report(run_id)["results"]
    return {r["prompt"]: r for r in rows if r["scorer"] == scorer and r["slice"] is None}


def test_a_group_counts_once_with_an_interval_and_the_groups_that_differ_are_named(workspace):
    record = workspace.runs.follow(workspace.runs.start("loans").id)
    assert record.planned == 2 * (2 * GROUPS + 1)
    found = summaries(workspace, record.id, "treated alike")
    fair, unfair = found["fair"], found["unfair"]
    assert (fair["mean"], fair["n"], fair["errors"]) == (1.0, GROUPS, 0)
    # Two of five groups differ; in the sixth, one was not answered.
    assert (unfair["mean"], unfair["n"], unfair["errors"]) == (pytest.approx(3 / 5), GROUPS - 1, 1)
    assert 0 < unfair["ci_low"] < 3 / 5 < unfair["ci_high"] <= 1
    _, differing = workspace.store.results.page(
        record.id,
        workspace.store.results.current_scoring(record.id).id,
        only="failed",
        scorer="treated alike",
    )
    assert [one.cell.case_id for one in differing] == ["c0", "c1"]
    (reason,) = [s.reason for s in differing[0].scores if s.scorer == "treated alike"]
    assert reason == '"yes" for male (c0), but "no" for female (c0~female)'
    comparison = workspace.runs.compare(f"{record.id}:fair", f"{record.id}:unfair", metric="treated alike")
    assert comparison.primary.n == GROUPS - 1 and comparison.primary.losses == 2
    exact = next(m for m in comparison.metrics if m.scorer == "exact" and m.slice is None)
    assert exact.clusters == GROUPS + 1 and exact.n == 2 * GROUPS


def test_scoring_again_compares_the_groups_by_the_new_rule(workspace):
    record = workspace.runs.follow(workspace.runs.start("loans").id)
    write_suite(workspace.root, [{"type": "counterfactual", "name": "alike", "of": "exact"}])
    workspace.runs.rescore(record.id)
    found = summaries(workspace, record.id, "alike")
    assert (found["fair"]["mean"], found["unfair"]["mean"]) == (1.0, pytest.approx(3 / 5))
    assert not summaries(workspace, record.id, "treated alike")


def test_a_metric_of_the_means_can_be_made_of_it_and_says_that_nothing_can_be_compared_by_that(workspace):
    alike = {"type": "counterfactual", "name": "alike", "of": "exact"}
    write_suite(workspace.root, [alike], derived={"differ": {"formula": "1 - alike", "over": "means"}})
    record = workspace.runs.follow(workspace.runs.start("loans").id)
    assert summaries(workspace, record.id, "differ")["unfair"]["mean"] == pytest.approx(2 / 5)
    sides = f"{record.id}:fair", f"{record.id}:unfair"
    with pytest.raises(BadInput, match='"differ" is computed of the means'):
        workspace.runs.compare(*sides, metric="differ")
    with pytest.raises(BadInput, match='There is no scorer "nothing" in these runs: there are alike, exact'):
        workspace.runs.compare(*sides, metric="nothing")
