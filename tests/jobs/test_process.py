"""The process of a run is Workbench's own, whatever lies in the workspace."""

from __future__ import annotations

from support.browser import copy_samples

from workbench.workspace import Workspace


def test_files_of_the_workspace_take_no_module_s_place_in_a_run(tmp_path):
    copy_samples(tmp_path)
    marker = tmp_path / "was imported"
    planted = f"open({str(marker)!r}, 'a').write(__name__)\n"
    (tmp_path / "workbench").mkdir()
    (tmp_path / "workbench" / "__init__.py").write_text(planted)
    (tmp_path / "filelock.py").write_text(planted)
    ws = Workspace.open(tmp_path)
    ended = ws.runs.follow(ws.runs.start("support-triage", prompts=["support-triage@2"]).id)
    assert (ended.status, ended.done, ended.errors) == ("complete", 60, 0)
    assert not marker.exists()
