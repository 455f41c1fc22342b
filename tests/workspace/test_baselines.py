"""An approved run as a file: later runs are held against it as if its answers were still there, or not at all."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.errors import BadInput, NotFound
from workbench.evals.baseline import Baseline, BaselineError, load_baseline
from workbench.files import dump_yaml, load_yaml
from workbench.jobs import outcome as outcomes
from workbench.jobs.gating import judge_outcome
from workbench.workspace import Workspace

N = 120
RULES: dict[str, Any] = {
    "metrics": [{"metric": "accuracy", "margin": 0.1}],
    "floors": {"accuracy": 0.7},
    "slices": ["colour"],
    "must_pass": ["case-100", "colour=white"],
    "max_new_failures": 6,
    "max_cost_ratio": 1.5,
    "max_latency_ratio": 1.5,
}


def workspace(root: Path, **gate: Any) -> Workspace:
    """Two versions that fail on other cases; one answer of the first is missing."""
    first: list[str | None] = [*right(N, wrong=range(0, 20, 2))]
    first[50] = None
    return colours_workspace(
        root,
        {"first": first, "second": right(N, wrong=[1, 4, 5, 60, 61])},
        priced={"first": 0.001, "second": 0.0012},
        gate={**RULES, **gate},
    )


def edit(ws: Workspace, **fields: Any) -> None:
    path = ws.root / "evals" / "colours" / "suite.yaml"
    path.write_text(dump_yaml({**load_yaml(path.read_text()).data, **fields}))


@pytest.fixture
def approved(tmp_path: Path) -> Workspace:
    ws = workspace(tmp_path)
    ws.baselines.set(run_colours(ws, prompts=["first"]), why="the first that was good enough")
    return ws


def test_a_file_gives_the_gate_that_the_stored_answers_give(tmp_path):
    stored = workspace(tmp_path / "stored", baseline="first", candidate="second")
    of_both = stored.runs.get(run_colours(stored)).gate
    filed = workspace(tmp_path / "filed")
    filed.baselines.set(run_colours(filed, prompts=["first"]))
    of_file = filed.runs.get(run_colours(filed, prompts=["second"])).gate

    assert len(of_both["rules"]) == 7
    assert of_file["rules"] == of_both["rules"]
    assert (of_file["status"], of_file["error_rate"]) == (of_both["status"], of_both["error_rate"])


def test_a_baseline_has_one_case_a_line_says_who_and_why_and_holds_no_outputs(approved, monkeypatch):
    path = approved.baselines.path("colours")
    text = path.read_text()
    assert sum('"case": ' in line for line in text.splitlines()) == N
    found = approved.baselines.get("colours")
    assert found.approved["why"] == "the first that was good enough" and found.approved["at"]
    assert (found.title, found.model_names) == ("first@1", ["recorded/painter"])
    assert "grey" not in text and "painter was away" not in text
    # Approving the same answers again changes the head of the file alone.
    monkeypatch.setenv("WORKBENCH_AUTHOR", "Grace")
    approved.baselines.set(run_colours(approved, prompts=["first"]), why="again")
    changed = [a for a, b in zip(text.splitlines(), path.read_text().splitlines(), strict=True) if a != b]
    assert len(changed) <= 6 and not any('"case": ' in line for line in changed)


def test_a_run_is_judged_by_the_baseline_it_began_with_and_rescoring_by_the_present_one(approved):
    run = run_colours(approved, prompts=["second"])
    gate = approved.runs.get(run).gate
    assert gate["rule"]["candidate"] == "second@1" and gate["baseline"]["approved"]["why"]
    approved.baselines.set(run, why="better")
    assert approved.runs.plan_of(run).baseline["prompt"]["name"] == "first"
    approved.runs.rescore(run)
    assert approved.runs.get(run).gate["baseline"]["prompt"]["name"] == "second"


@pytest.mark.parametrize(
    "change", [('"passed": {"accuracy": [false]}', '"passed": {"accuracy": [true]}'), ("first", "worst")]
)
def test_a_baseline_that_was_tampered_with_is_refused(approved, change):
    path = approved.baselines.path("colours")
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(BaselineError, match="checksum does not fit"):
        approved.runs.plan(approved.suites.load("colours"), prompts=["second"], strict=True)
    # A run that nobody asked to be judged is still possible: it may become the next baseline.
    assert approved.runs.plan(approved.suites.load("colours"), prompts=["second"]).gate is None


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"format": "workbench-baseline/1"}', '{"format": 7, "checksum": ""}']
)
def test_what_is_no_baseline_is_refused_in_a_sentence(approved, text):
    path = approved.baselines.path("colours")
    path.write_text(text)
    with pytest.raises(BaselineError):
        load_baseline(path)


def test_other_cases_scorers_or_models_are_refused_with_what_is_different(approved):
    def reason(**options: Any) -> str:
        with pytest.raises(BaselineError) as refused:
            approved.runs.plan(
                approved.suites.load("colours"),
                prompts=options.pop("prompts", ["second"]),
                strict=True,
                **options,
            )
        return str(refused.value)

    painter = {"id": "recorded/painter", "outputs": "outputs_{prompt}.jsonl"}
    edit(approved, models=[painter, {**painter, "label": "twin"}])
    assert "answered by recorded/painter, and this run by recorded/painter, twin" in reason()
    edit(approved, models=[painter], scorers=[{"type": "exact", "name": "accuracy", "ignore_case": True}])
    assert "`ignore_case` of accuracy was null and is true" in reason()
    edit(
        approved,
        scorers=[{"type": "exact", "name": "accuracy"}, {"type": "length", "name": "brief", "max": 3}],
    )
    assert approved.runs.plan(approved.suites.load("colours"), prompts=["second"], strict=True).gate
    assert "which one is held against the baseline is not said" in reason(prompts=["first", "second"])
    cases = approved.root / "evals" / "colours" / "cases.jsonl"
    cases.write_text(cases.read_text().replace("thing number 7", "thing number seven"))
    assert "approved on other cases" in reason()


def rewritten(ws: Workspace, change: Any) -> None:
    """Change the baseline and write the checksum that fits, as somebody who means to deceive would."""
    path = ws.baselines.path("colours")
    data = load_baseline(path).to_dict()
    change(data)
    path.write_text(Baseline(**data).to_text())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.update(suite="shapes"), "is of the suite shapes, not of colours"),
        (lambda data: data["prompt"].update(sha256="ab" * 32), "another first@1 than the one here.*abababab"),
        (
            lambda data: [row["scores"].update(accuracy=[0]) for row in data["cases"][:30]],
            "contradicts itself: its cases do not give its mean of accuracy",
        ),
        (lambda data: data["means"].update(accuracy=0.5), "do not give its mean of accuracy"),
        (lambda data: data.update(cases=[{"case": "c"}]), "cannot be read"),
    ],
    ids=["another suite", "another prompt", "edited scores", "an edited mean", "no scores"],
)
def test_a_baseline_with_a_new_checksum_is_refused_where_it_contradicts_what_is_here(
    approved, change, reason
):
    rewritten(approved, change)
    with pytest.raises(BaselineError, match=reason):
        approved.runs.plan(approved.suites.load("colours"), prompts=["second"], strict=True)


def test_a_scorer_whose_code_changed_is_another_scorer(approved, monkeypatch):
    from dataclasses import replace

    from workbench.evals.scorers import SCORERS

    monkeypatch.setitem(SCORERS, "exact", replace(SCORERS["exact"], version=2))
    with pytest.raises(BaselineError, match="version 1 of `exact`, now 2"):
        approved.runs.plan(approved.suites.load("colours"), prompts=["second"], strict=True)


def test_only_one_version_of_a_complete_run_is_approved_and_a_removed_baseline_is_gone(tmp_path):
    ws = workspace(tmp_path)
    both = run_colours(ws)
    with pytest.raises(BadInput, match="several prompts"):
        ws.baselines.set(both)
    assert ws.baselines.find("colours") is None
    _, found = ws.baselines.set(f"{both}:second")
    assert found.title == "second@1"
    ws.baselines.remove("colours")
    with pytest.raises(NotFound, match="has no baseline"):
        ws.baselines.get("colours")
    with pytest.raises(BaselineError, match="no baseline yet"):
        ws.runs.plan(ws.suites.load("colours"), prompts=["second"], strict=True)


def test_a_run_with_many_errors_is_not_approved(tmp_path):
    ws = colours_workspace(tmp_path, {"only": [None] * 5 + right(40)[5:]}, gate=RULES | {"must_pass": []})
    with pytest.raises(BadInput, match=r"12\.5 % of the answers"):
        ws.baselines.set(run_colours(ws))


def test_two_thousand_stored_cells_are_held_against_a_file_in_far_less_than_ten_seconds(tmp_path):
    first, second = right(2000, wrong=range(100)), right(2000, wrong=range(50, 140))
    ws = colours_workspace(
        tmp_path, {"first": first, "second": second}, gate={"metric": "accuracy", "margin": 0.05}
    )
    ws.baselines.set(run_colours(ws, prompts=["first"]))
    run = run_colours(ws, prompts=["second"])
    begun = time.perf_counter()
    plan = ws.runs.plan(ws.suites.load("colours"), prompts=["second"], strict=True)
    gate = judge_outcome(outcomes.load_outcome(ws.store, run, plan))
    assert gate.status == "passed"
    assert time.perf_counter() - begun < 10
    assert ws.baselines.path("colours").stat().st_size < 400_000


def test_a_copy_without_a_database_is_judged_alike(approved, tmp_path_factory):
    clone = tmp_path_factory.mktemp("clone") / "ws"
    shutil.copytree(approved.root, clone, ignore=shutil.ignore_patterns(".workbench"))
    here = approved.runs.get(run_colours(approved, prompts=["second"])).gate
    other = Workspace.open(clone)
    there = other.runs.get(run_colours(other, prompts=["second"])).gate
    assert json.dumps(there["rules"]) == json.dumps(here["rules"])


def test_limits_of_the_whole_run_are_among_the_gates_reasons_and_fail_it(tmp_path):
    both = {"first": [None] * 2 + right(40)[2:], "second": right(40)}
    held = {"baseline": "first", "candidate": "second", "metric": "accuracy", "margin": 0.5}
    limits = {"errors": 1, "total_tokens": 10}
    ws = colours_workspace(tmp_path, both, gate={**held, "limits": limits})
    gate = ws.runs.get(run_colours(ws)).gate
    statuses = {rule["name"]: rule["status"] for rule in gate["rules"]}
    assert (statuses["limit errors"], statuses["limit tokens"]) == ("failed", "undecided")
    assert gate["status"] == "failed" and "2 failed answers, 1 allowed" in gate["sentence"]
