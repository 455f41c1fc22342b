"""Comparing and releasing from the command line."""

from __future__ import annotations

import os
import subprocess

import pytest

COMPARISON_KEYS = {"a", "b", "metrics", "cost", "latency", "regressions", "improvements"}
METRIC_KEYS = {
    "scorer",
    "slice",
    "n",
    "a",
    "b",
    "diff",
    "ci_low",
    "ci_high",
    "p",
    "p_adjusted",
    "verdict",
    "cases_to_decide",
}


def test_a_comparisons_json_has_what_others_call_for(call, finished):
    run = finished.runs["passes"]
    compared = call("compare", f"{run}:weak", f"{run}:strong@1", "--json", "-")

    assert compared.code == 0
    data = compared.data
    assert data.keys() >= COMPARISON_KEYS
    assert all(metric.keys() >= METRIC_KEYS for metric in data["metrics"])
    assert data["cost"].keys() >= {"a", "b", "ratio"}
    assert data["latency"].keys() >= {"a", "b"}
    assert data["latency"]["a"].keys() >= {"p50", "p95"}
    whole = data["metrics"][0]
    assert (whole["slice"], whole["n"], whole["diff"], whole["verdict"]) == (None, 40, 0.5, "better")
    assert {metric["slice"] for metric in data["metrics"]} == {None, "kind=even", "kind=odd"}
    assert data["regressions"] == []
    assert sorted(data["improvements"]) == sorted(f"c{n}" for n in range(1, 40, 2))


def test_worse_is_decided_too_and_undecided_exits_with_3(call, finished):
    passes, close = finished.runs["passes"], finished.runs["close"]
    worse = call("compare", f"{passes}:strong", f"{passes}:weak", "--json", "-")
    assert (worse.code, worse.data["metrics"][0]["verdict"]) == (0, "worse")
    assert len(worse.data["regressions"]) == 20
    undecided = call("compare", f"{close}:weak", f"{close}:strong")
    assert undecided.code == 3 and "undecided" in undecided.out


def test_two_runs_are_compared_where_each_has_one_version(call, here):
    first = call("run", "passes", "--prompt", "weak", "--json", "-").data["run"]
    second = call("run", "passes", "--prompt", "strong", "--json", "-").data["run"]
    compared = call("compare", first, second, "--json", "-")
    assert (compared.code, compared.data["metrics"][0]["verdict"]) == (0, "better")
    by_model = call("compare", f"{first}:recorded/m", f"{second}:recorded/m", "--json", "-")
    assert by_model.data["metrics"][0]["diff"] == 0.5


def test_a_margin_makes_equivalence_possible_and_a_negative_one_is_refused(call, finished):
    run = finished.runs["passes"]
    wide = call("compare", f"{run}:weak", f"{run}:strong", "--margin", "0.9", "--json", "-")
    assert (wide.code, wide.data["margin"]) == (0, 0.9)
    assert call("compare", f"{run}:weak", f"{run}:strong", "--margin", "-1").code == 2


def test_a_comparison_is_legible_at_80_columns_and_leads_with_the_verdict(call, finished, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run = finished.runs["passes"]
    printed = call("compare", f"{run}:weak", f"{run}:strong", "--slices").out
    assert printed.startswith("strong@1 is better than weak@1 on accuracy")
    assert max(map(len, printed.splitlines())) <= 80
    rows = [line.split() for line in printed.splitlines()]
    assert next(row for row in rows if row[:1] == ["accuracy"])[1:6] == ["50.0", "%", "100.0", "%", "+50.0"]


@pytest.fixture
def product(tmp_path_factory) -> str:
    """A git repository with one commit and an unsaved file."""
    folder = tmp_path_factory.mktemp("product")
    _git(folder, "init", "-q", "-b", "main")
    (folder / "README").write_text("product\n")
    _git(folder, "add", "README")
    _git(folder, "commit", "-q", "-m", "Begin")
    (folder / "unsaved").write_text("mine\n")
    return folder


def _git(folder, *arguments: str) -> str:
    env = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def identity(monkeypatch):
    """Who commits."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


def test_a_dry_run_shows_the_diff_and_changes_nothing(call, finished, product, identity):
    before = _git(product, "for-each-ref")
    planned = call("release", "strong", "--repo", product, "--dry-run", "--json", "-")
    assert planned.code == 0
    assert planned.data.keys() >= {
        "branch",
        "base",
        "base_commit",
        "path",
        "diff",
        "message",
        "commit",
        "created",
        "dry_run",
    }
    assert (planned.data["dry_run"], planned.data["commit"]) == (True, None)
    printed = call("release", "strong", "--repo", product, "--dry-run").out
    assert "+name: strong" in printed and "Prompt-Version: 1" in printed
    assert _git(product, "for-each-ref") == before


def test_a_release_is_a_commit_with_evidence_on_a_branch_of_its_own(call, finished, product, identity):
    status = _git(product, "status", "--porcelain")
    done = call("release", "strong@1", "--repo", product, "--run", finished.runs["passes"], "--json", "-")

    assert (done.code, done.data["created"]) == (0, True)
    branch = done.data["branch"]
    assert branch.startswith("prompts/strong/v1-")
    assert _git(product, "rev-parse", branch).strip() == done.data["commit"]
    trailers = _git(product, "log", "-1", "--format=%(trailers:only,unfold)", branch)
    assert "Prompt-Name: strong" in trailers and "Eval-Suite: passes" in trailers
    assert "Eval-Result: strong@1 is better than weak@1" in trailers
    assert _git(product, "diff", "--name-only", "main", branch).split() == ["prompts/strong.prompt.yml"]
    assert _git(product, "status", "--porcelain") == status
    again = call("release", "strong@1", "--repo", product, "--json", "-").data
    assert (again["created"], again["commit"]) == (False, done.data["commit"])


def test_a_release_into_what_is_no_repository_is_refused(call, finished, tmp_path):
    refused = call("release", "strong", "--repo", tmp_path)
    assert refused.code == 2 and len(refused.err.strip().splitlines()) == 1


def test_one_run_alone_is_ranked(call, finished, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run = finished.runs["passes"]
    ranked = call("compare", run, "--json", "-")
    assert ranked.code == 0
    assert (ranked.data["best"], ranked.data["baseline"]) == ("strong@1", "weak@1")
    rows = [(row["name"], row["rank_low"], row["rank_high"], row["verdict"]) for row in ranked.data["rows"]]
    assert rows == [("strong@1", 1, 1, "better"), ("weak@1", 2, 2, None)]
    assert [row["dominated_by"] for row in ranked.data["frontier"]] == [[], ["strong@1"]]
    printed = call("compare", run).out
    assert printed.startswith("strong@1 is the best on accuracy")
    assert "strong@1 (established)" in printed and "strong@1 over weak@1: +50.0 points" in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert call("compare", finished.runs["close"]).code == 3


def test_what_cannot_be_ranked_is_said(call, finished):
    alone = call("compare", finished.runs["holes"])
    assert alone.code == 2 and "one version and one model" in alone.err
    side = call("compare", f"{finished.runs['passes']}:weak")
    assert side.code == 2 and "name what to compare it with" in side.err
    assert call("compare", finished.runs["passes"], "--metric", "none").code == 2
