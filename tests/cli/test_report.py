"""Reports on the command line: one command in CI, and no surprise on stdout."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest


def test_a_report_is_markdown_on_stdout_unless_asked_otherwise(call, finished):
    made = call("report", finished.runs["fails"])
    assert made.code == 0
    assert made.out.startswith("## fails\n") and "**weak@1 is worse than strong@1" in made.out
    assert "| accuracy |" in made.out and "**Gate: failed**" in made.out


def test_several_formats_are_written_at_once(call, finished, tmp_path):
    files = {name: tmp_path / f"report.{name}" for name in ("junit", "csv", "parquet", "json", "markdown")}
    options = [word for name, file in files.items() for word in ("--format", f"{name}={file}")]
    made = call("report", finished.runs["fails"], *options)
    assert made.code == 0 and made.out == ""
    assert all(file.stat().st_size for file in files.values())
    assert ElementTree.parse(files["junit"]).getroot().get("name") == "fails"
    same = call("report", finished.runs["fails"], "--json", "-")
    assert same.data == json.loads(files["json"].read_text("utf-8"))


def test_the_baseline_may_be_a_version_or_another_run(call, finished):
    fails, passes = finished.runs["fails"], finished.runs["passes"]
    turned = call("report", fails, "--against", "weak@1", "--json", "-").data["comparisons"]
    assert [(c["a"], c["b"]) for c in turned] == [("weak@1", "strong@1")]
    both = call(
        "report", f"{fails}:weak@1", "--against", "strong@1", "--against", f"{passes}:strong@1", "--json", "-"
    )
    assert [c["verdict"] for c in both.data["comparisons"]] == ["worse", "worse"]
    whole = call("report", finished.runs["holes"], "--against", f"{passes}:strong@1", "--json", "-")
    assert len(whole.data["comparisons"]) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--format", "pdf"), "no report format"),
        (("--format", "junit", "--format", "csv"), "name their files"),
        (("--format", "junit="), "names no file"),
        (("--format", "junit=a", "--format", "csv=a"), "one file"),
        (("--format", "junit=a", "-o", "b"), "exactly one format"),
        (("--rows", "cells"), "answers or results"),
        (("--format", "csv", "--json", "-"), "Stdout"),
        (("--against", "nobody@7"), "no other run"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_sentence(call, finished, options, says):
    made = call("report", finished.runs["fails"], *options)
    assert made.code == 2 and says in made.err and made.out == ""


def test_one_command_in_ci_runs_judges_and_reports(call, here, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here))
    (here / "summary.md").write_text("before\n")
    made = call("run", "fails", "--gate", "--report", "github", "--report", f"junit={here / 'out' / 'j.xml'}")
    assert made.code == 1, "a report does not change what the gate says"
    assert "\n::error file=evals/fails/suite.yaml,line=" in made.out
    written = (here / "summary.md").read_text("utf-8")
    assert written.startswith("before\n## fails\n") and "**Gate: failed**" in written
    assert ElementTree.parse(here / "out" / "j.xml").getroot().find("testsuite").get("name") == "gate"


def test_with_json_on_stdout_annotations_go_where_github_reads_them_too(call, finished):
    made = call("report", finished.runs["fails"], "--format", "github", "--json", "-")
    assert made.data["suite"] == "fails" and "::error " in made.err


@pytest.mark.parametrize(
    "options", [("--report", "junit"), ("--report", "nothing=x"), ("--report", "csv=x", "--detach")]
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(call, here, options):
    made = call("run", "fails", *options)
    assert made.code == 2
    assert call("runs", "--json", "-").data == []
