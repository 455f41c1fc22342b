"""A run is approved on its page, and the pages say what is held against what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.app_page import raw_html, said, settled
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.workspace import Workspace

EVIL = "<b>bold</b> **stars** $x$"
Open = Callable[..., AppTest]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return colours_workspace(
        tmp_path,
        {"plain": right(80, wrong=range(4)), "careful": right(80, wrong=[7])},
        gate={"metric": "accuracy", "margin": 0.1, "max_new_failures": 2},
    )


def test_a_version_is_approved_on_the_runs_page_and_the_suite_says_who_and_why(
    ws: Workspace, open_screen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_AUTHOR", "Ada")
    run = run_colours(ws)
    at = open_screen(ws, "runs", run=run)
    assert at.selectbox(key="run_approve_version").options == ["plain@1", "careful@1"]
    at.selectbox(key="run_approve_version").set_value("plain@1")
    at.text_input(key="run_approve_why").set_value(EVIL)
    settled(at.button(key="run_approve").click().run())
    found = ws.baselines.get("colours")
    assert (found.title, found.approved["by"], found.approved["why"]) == ("plain@1", "Ada", EVIL)

    suite = open_screen(ws, "suites", suite="colours")
    assert f"Baseline plain@1 of run {run}, approved by Ada" in said(suite)
    assert EVIL in said(suite) and EVIL not in raw_html(suite)
    assert "not worse than the approved baseline by 10.0 points or more" in said(suite)


def test_a_run_page_lists_every_rule_and_names_the_baseline_it_was_held_against(
    ws: Workspace, open_screen: Open
) -> None:
    ws.baselines.set(run_colours(ws, prompts=["plain"]), why="good enough")
    run = run_colours(ws, prompts=["careful"])
    page = said(open_screen(ws, "runs", run=run))
    assert "Held against the baseline plain@1" in page and "good enough" in page
    assert "accuracy: not worse by more than 10.0 points" in page
    assert "new failures: 1 (case-007), at most 2 allowed" in page


def test_a_baseline_that_was_changed_is_told_on_the_suites_page(ws: Workspace, open_screen: Open) -> None:
    ws.baselines.set(run_colours(ws, prompts=["plain"]))
    path = ws.baselines.path("colours")
    path.write_text(path.read_text().replace('"plain"', '"other"', 1))
    assert "checksum does not fit" in said(open_screen(ws, "suites", suite="colours"))
