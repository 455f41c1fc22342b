"""A case that no model can read whole keeps a run from starting, before anything is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.recorded_runs import colours_workspace, right

from workbench.errors import DatasetError
from workbench.files import dump_yaml


def test_a_case_beyond_the_models_window_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(2)})
    rows = [{"id": "short", "vars": {"thing": "x"}}, {"id": "book", "vars": {"thing": "word " * 200_000}}]
    suite = {"prompts": ["plain"], "models": ["openai/gpt-4o"], "scorers": ["latency"], "cases": rows}
    (tmp_path / "evals" / "colours" / "suite.yaml").write_text(dump_yaml(suite))
    with pytest.raises(DatasetError, match=r"Case book is longer than the model reads .* reads 128,000"):
        ws.runs.start("colours")
    assert ws.store.runs.count() == 0
