"""Real answers that nobody here wrote: the published figures, and the verdicts that follow from them."""

from __future__ import annotations

import pytest
from support.real_data import GSM8K_SYSTEMS, bbh_workspace, gsm8k_workspace

from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def bbh(tmp_path_factory):
    root = tmp_path_factory.mktemp("bbh")
    published = bbh_workspace(root)
    workspace = Workspace.open(root)
    run = workspace.runs.follow(workspace.runs.start("bbh").id)
    yield workspace, run, published
    workspace.close()


@pytest.fixture(scope="module")
def gsm8k(tmp_path_factory):
    root = tmp_path_factory.mktemp("gsm8k")
    flags = gsm8k_workspace(root)
    workspace = Workspace.open(root)
    run = workspace.runs.follow(workspace.runs.start("gsm8k").id)
    yield workspace, run, flags
    workspace.close()


def test_eighteen_accuracies_equal_the_published_ones_to_the_item(bbh):
    workspace, run, published = bbh
    assert (run.status, run.errors, run.message) == ("complete", 0, None)
    results = workspace.runs.report(run.id)["results"]
    by_task = {
        (row["prompt"].removeprefix("bbh-"), row["slice"].removeprefix("task=")): row
        for row in results
        if row["slice"] is not None
    }
    assert len(by_task) == 18 == len(published)
    for key, percent in published.items():
        row = by_task[key]
        assert round(row["mean"] * row["n"]) == round(percent / 100 * row["n"]), key
        assert row["mean"] * 100 == pytest.approx(percent, abs=0.05), key


def test_chain_of_thought_is_better_overall_and_worse_at_sorting_words(bbh):
    workspace, run, _ = bbh
    comparison = workspace.runs.compare(f"{run.id}:bbh-direct", f"{run.id}:bbh-cot").to_dict()
    verdicts = {row["slice"]: row["verdict"] for row in comparison["metrics"]}
    assert verdicts[None] == "better"
    assert verdicts["task=word_sorting"] == "worse"
    assert len(comparison["regressions"]) + len(comparison["improvements"]) > 500
    assert run.gate["status"] == "passed"


def test_four_systems_solve_what_their_authors_published(gsm8k):
    workspace, run, flags = gsm8k
    assert (run.status, run.errors) == ("complete", 0)
    means = {row["model"]: row["mean"] * 100 for row in workspace.runs.report(run.id)["results"]}
    assert [round(means[name], 2) for name in GSM8K_SYSTEMS] == [21.68, 39.04, 34.72, 56.25]
    scores = workspace.runs.outcome(run.id).scores
    found = {(row.model, row.case_id): bool(row.value) for row in scores.itertuples()}
    assert len(found) == 5276
    assert found == flags


@pytest.mark.parametrize(
    ("a", "b", "losses", "wins"),
    [("6b_finetuning", "6b_verification", 64, 293), ("175b_finetuning", "175b_verification", 76, 360)],
)
def test_the_discordant_pairs_between_systems_are_the_published_ones(gsm8k, a, b, losses, wins):
    workspace, run, _ = gsm8k
    primary = workspace.runs.compare(f"{run.id}:{a}", f"{run.id}:{b}").primary
    assert (primary.losses, primary.wins, primary.verdict) == (losses, wins, "better")
