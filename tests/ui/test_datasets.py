"""Datasets in the app: which version a suite has, how it was read, and one click from an answer to a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from support.app_page import said, settled
from support.recorded_runs import colours_workspace, right, run_colours

Open = Callable[..., AppTest]


def test_one_click_makes_a_regression_test_of_a_wrong_answer_and_says_so(
    tmp_path: Path, open_screen: Open
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(4, wrong=[2], says="mauve")})
    run_id = run_colours(ws)
    at = open_screen(ws, "runs", run=run_id, case="case-002")
    assert at.button(key="add_case").label == "Add as regression test"
    at.button(key="add_case").click()
    at = settled(at.run())
    assert "Added case-002-regression to cases.jsonl" in at.toast[0].value.replace("\\", "")
    [added] = [case for case in ws.suites.load("colours").dataset.cases if case.id == "case-002-regression"]
    assert (added.expected, added.metadata["regression"]["output"]) == ("blue", "mauve")
    good = open_screen(ws, "runs", run=run_id, case="case-001")
    assert good.button(key="add_case").label == "Add as new case"


def test_a_suite_shows_its_version_its_columns_and_its_split(tmp_path: Path, open_screen: Open) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(2)})
    folder = tmp_path / "evals" / "colours"
    rows = "".join(f"{n};thing {n};red;warm\n" for n in range(60))
    (folder / "t.csv").write_bytes(
        ("nr;ding;answer;metadata.colour\n" + rows + "x;Größe;red;warm\n").encode("cp1252")
    )
    suite = (folder / "suite.yaml").read_text()
    lines = [line for line in suite.splitlines() if not line.startswith("cases:")]
    cases = "cases: {file: t.csv, id: nr, columns: {ding: vars.thing}, split: train}"
    (folder / "suite.yaml").write_text("\n".join([*lines, cases]) + "\n")
    text = said(open_screen(ws, "suites", suite="colours")).replace("\\", "")
    assert f"Version {ws.suites.load('colours').dataset.sha256[:12]} of t.csv" in text
    assert "Read as csv, cp1252" in text and "ding → vars.thing" in text
    assert "Split train of train" in text and "so it was read as cp1252" in text
