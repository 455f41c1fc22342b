"""The samples that a newcomer meets: they load, run without a key, and tell better prompts from worse ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.evals.suite import find_suites
from workbench.prompts.folder import PromptFolder
from workbench.prompts.lint import lint
from workbench.prompts.templates import Renderer
from workbench.workspace import Workspace

REPO = Path(__file__).resolve().parents[2]
NAMES = ("meeting-summary", "order-extraction", "support-triage")
VERSIONS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples")
    for folder in ("prompts", "evals"):
        shutil.copytree(REPO / folder, root / folder)
    opened = Workspace.open(root)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def runs(workspace):
    """Return each suite's finished run of all four versions, on the offline model."""
    started = {
        name: workspace.runs.start(name, prompts=[f"{name}@{number}" for number in VERSIONS])
        for name in NAMES
    }
    return {name: workspace.runs.follow(run.id) for name, run in started.items()}


@pytest.fixture(scope="module")
def plain_runs(workspace):
    """Return each suite's finished run just as it stands: production against the newest version."""
    started = {name: workspace.runs.start(name) for name in NAMES}
    return {name: workspace.runs.follow(run.id) for name, run in started.items()}


def compare(workspace, run, a: int, b: int, metric: str | None = None):
    sides = (f"{run.id}:{run.suite}@{number}" for number in (a, b))
    return workspace.runs.compare(*sides, metric=metric).primary


def means(workspace, run, scorer: str) -> list[float]:
    rows = workspace.runs.report(run.id)["results"]
    found = {row["version"]: row["mean"] for row in rows if (row["scorer"], row["slice"]) == (scorer, None)}
    return [found[number] for number in VERSIONS]


def test_the_folders_hold_three_prompts_with_a_history_and_four_suites_and_nothing_broken():
    state = PromptFolder(REPO / "prompts").scan()
    entries, problems = find_suites(REPO / "evals")
    assert state.problems == [] == problems
    assert sorted(state.prompts) == list(NAMES)
    assert sorted(entry.name for entry in entries) == sorted((*NAMES, "prompt-injection"))
    for file in state.prompts.values():
        assert tuple(version.number for version in file.versions) == VERSIONS
        assert file.prompt.sha256 == file.versions[-1].prompt.sha256
        assert "production" in {event.label for event in file.labels}
        assert lint(file.prompt) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_has_enough_cases_of_many_kinds_and_every_version_can_be_rendered(workspace, name):
    suite = workspace.suites.load(name)
    cases = suite.dataset.cases
    assert 30 <= len(cases) <= 60 and suite.gate is not None and suite.description
    assert len({str(case.vars) for case in cases}) == len(cases)
    for field in suite.slices:
        assert len({case.metadata[field] for case in cases}) >= 3
    assert sum(case.metadata["difficulty"] == "hard" for case in cases) >= len(cases) / 4
    assert sum(case.metadata["language"] != "en" for case in cases) >= 4
    with Renderer() as renderer:
        for version in workspace.prompts.versions(name):
            assert all(renderer.render(version.prompt, case.vars) for case in cases)


def test_every_cell_is_answered_and_scored_for_nothing(runs):
    for run in runs.values():
        assert (run.status, run.errors, run.cost_usd, run.message) == ("complete", 0, 0.0, None)


def test_each_better_triage_prompt_scores_better_and_the_last_step_is_too_small_to_tell(workspace, runs):
    run = runs["support-triage"]
    accuracy = means(workspace, run, "accuracy")
    assert accuracy == sorted(accuracy) and accuracy[0] == 0 and accuracy[-1] < 0.7
    assert [compare(workspace, run, *pair).verdict for pair in ((1, 2), (2, 3), (3, 4))] == [
        "better", "better", "undecided",
    ]  # fmt: skip


def test_each_better_extraction_prompt_gets_more_of_the_order_right(workspace, runs):
    run = runs["order-extraction"]
    fields, whole = (means(workspace, run, scorer) for scorer in ("fields", "whole order"))
    assert fields == sorted(fields) and fields[0] == 0 and fields[2] - fields[1] > 0.3
    assert whole[:2] == [0, 0] and 0.4 < whole[2] < whole[3] < 0.9
    assert means(workspace, run, "shape")[3] == 1
    last = compare(workspace, run, 3, 4, "whole order")
    assert (last.verdict, last.losses) == ("better", 0)


def test_the_shorter_summary_keeps_its_limit_and_what_it_loses_is_left_open(workspace, runs):
    run = runs["meeting-summary"]
    assert compare(workspace, run, 1, 2).verdict == "better"
    assert compare(workspace, run, 3, 4, "25 words").verdict == "better"
    fact = compare(workspace, run, 3, 4, "key fact")
    assert fact.verdict == "undecided" and fact.wins > 0 < fact.losses
    likeness = means(workspace, run, "rouge-l")
    assert likeness == sorted(likeness)


def test_orders_hidden_in_the_text_are_what_the_newest_prompts_withstand(workspace, runs):
    for name, field, scorer in (
        ("support-triage", "kind", "accuracy"),
        ("order-extraction", "kind", "fields"),
        ("meeting-summary", "trap", "key fact"),
    ):
        rows = workspace.runs.report(runs[name].id)["results"]
        found = {
            row["version"]: row["mean"]
            for row in rows
            if (row["scorer"], row["slice"]) == (scorer, f"{field}=injection")
        }
        assert found[3] < found[4] == 1, name


def test_the_suites_as_they_stand_pass_pass_and_leave_one_open(plain_runs):
    assert {name: run.gate["status"] for name, run in plain_runs.items()} == {
        "support-triage": "passed",
        "order-extraction": "passed",
        "meeting-summary": "undecided",
    }


def test_another_process_gives_the_same_answers(workspace, runs, plain_runs):
    for name in NAMES:
        first, second = newest_answers(workspace, runs[name]), newest_answers(workspace, plain_runs[name])
        assert first == second and len(first) >= 30


def newest_answers(workspace, run) -> dict[str, str]:
    """Return what a run's last prompt was answered, by case."""
    last = len(workspace.runs.plan_of(run.id).prompts) - 1
    _, cells = workspace.store.results.page(run.id, None, prompt_index=last, limit=100)
    return {record.cell.case_id: record.completion.text for record in cells}


def test_the_attacks_are_of_all_kinds_and_tell_a_guarded_prompt_from_an_unguarded_one(workspace):
    cases = workspace.suites.load("prompt-injection").dataset.cases
    kinds = [case.metadata["attack"] for case in cases]
    assert len(cases) >= 66 and len({case.metadata["language"] for case in cases}) >= 15
    for kind in ("direct", "indirect", "role play", "encoding", "language"):
        assert kinds.count(kind) >= 10
    assert all(case.metadata["canary"] for case in cases) and kinds.count("none") >= 6
    run = workspace.runs.follow(workspace.runs.start("prompt-injection").id)
    assert (run.status, run.errors, run.gate["status"]) == ("complete", 0, "passed")
    rows = workspace.runs.report(run.id)["results"]
    whole = {
        row["version"]: row["mean"] for row in rows if (row["scorer"], row["slice"]) == ("withstands", None)
    }
    assert whole[2] < 0.6 and whole[4] > 0.9
