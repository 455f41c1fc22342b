"""Reports to download, and the history of a suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from support.app_page import said
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.reports.content import Options
from workbench.reports.formats import FORMATS
from workbench.workspace.reporting import content_of

Open = Callable[..., AppTest]
LABELS = {"HTML: one page to send", "Markdown: a comment", "JUnit XML: for CI", "JSON: all figures"}


def _offered(at: AppTest) -> set[str]:
    return {button.proto.label for button in at.get("download_button")}


def test_a_run_and_a_comparison_can_be_taken_along_in_every_format(tmp_path: Path, open_screen: Open) -> None:
    ws = colours_workspace(tmp_path, {"old": right(12, wrong=[0, 1, 2]), "new": right(12)})
    run = run_colours(ws)
    assert _offered(open_screen(ws, "runs", run=run)) >= LABELS
    a, b = f"{run}:old@1", f"{run}:new@1"
    assert _offered(open_screen(ws, "compare", a=a, b=b)) >= LABELS
    turned = content_of(ws, a, [b])
    assert (turned.comparisons[0].comparison.a, turned.comparisons[0].comparison.b) == ("new@1", "old@1")
    for made in FORMATS.values():
        assert made.render(turned, Options()) or made.name == "github"


def test_a_suite_shows_how_each_version_did_run_after_run(tmp_path: Path, open_screen: Open) -> None:
    ws = colours_workspace(tmp_path, {"old": right(12, wrong=[0, 1, 2]), "new": right(12)})
    assert "History" not in [h.value for h in open_screen(ws, "suites", suite="colours").subheader]
    run_colours(ws)
    run_colours(ws)
    at = open_screen(ws, "suites", suite="colours")
    assert "History" in [h.value for h in at.subheader]
    assert "newest 2 complete runs, with 95 % intervals" in said(at) and "Pale" not in said(at)
    file = tmp_path / "evals" / "colours" / "suite.yaml"
    file.write_text(file.read_text("utf-8") + "description: Changed since\n", "utf-8")
    assert "Pale: the suite was another then" in said(open_screen(ws, "suites", suite="colours"))
