"""What a large run says is worked out once; it is never told of other results than those that are there."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.jobs import findings
from workbench.store.results import ResultRepository
from workbench.workspace import Workspace

CASES = 40


@pytest.fixture
def all_runs_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LARGE", 1)


def test_what_was_found_is_told_again_without_reading_the_scores(tmp_path: Path, all_runs_are_large) -> None:
    ws = colours_workspace(tmp_path, {"half": right(CASES, wrong=range(20)), "all": right(CASES)})
    run = run_colours(ws)
    sides = f"{run}:half", f"{run}:all"
    first = ws.runs.compare(*sides), ws.runs.ranking(run), ws.runs.outcome(run).summaries()
    again = Workspace.open(tmp_path)
    with mock.patch.object(ResultRepository, "frames", side_effect=AssertionError("the scores were read")):
        second = again.runs.compare(*sides), again.runs.ranking(run), again.runs.outcome(run).summaries()
        assert second == first
        with pytest.raises(AssertionError, match="were read"):
            again.runs.compare(*reversed(sides))
    assert second[0].primary.diff == 0.5


def test_new_scores_are_looked_at_anew(tmp_path: Path, all_runs_are_large) -> None:
    ws = colours_workspace(tmp_path, {"half": right(CASES, wrong=range(20)), "all": right(CASES)})
    run = run_colours(ws)
    assert ws.runs.compare(f"{run}:half", f"{run}:all").primary.diff == 0.5
    suite = tmp_path / "evals" / "colours" / "suite.yaml"
    text = suite.read_text()
    assert "type: exact" in text
    suite.write_text(text.replace("type: exact", "type: not_empty"))
    ws.runs.rescore(run)
    assert ws.runs.compare(f"{run}:half", f"{run}:all").primary.diff == 0.0
