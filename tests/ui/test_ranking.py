"""The ranking on a run's page: who may be the best, what is established, and what is not worth its price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from support.app_page import said, settled
from support.recorded_runs import colours_workspace, right, run_colours

CASES = 120


def test_a_run_of_several_versions_says_which_is_best_and_what_is_dominated(
    tmp_path: Path, open_screen: Callable[..., AppTest]
) -> None:
    ws = colours_workspace(
        tmp_path,
        {
            "half": right(CASES, wrong=range(60)),
            "all": right(CASES),
            "dear": right(CASES, wrong=range(30)),
        },
        priced={"half": 0.001, "all": 0.002, "dear": 0.004},
    )
    at = settled(open_screen(ws, "runs", run=run_colours(ws)))
    text = said(at)
    assert "all@1 is the best on accuracy: established as better than each of the 2 others." in text
    assert "Established differences: 3 of 3 pairs" in text
    row = text.split("dear@1 2 2 ")[1].split("half@1")[0]
    assert row.endswith("all@1 (established) "), "as good and dearer: another one is better in everything"
