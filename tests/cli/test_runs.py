"""Runs from the command line: what they print, their JSON, and their exit codes."""

from __future__ import annotations

import json

import pytest
from support.small_workspace import write_suite

RUN_KEYS = {"run", "suite", "status", "cells", "cost_usd", "results", "gate"}
CELL_KEYS = {"planned", "done", "errors", "cached"}
RESULT_KEYS = {"prompt", "version", "model", "scorer", "slice", "n", "errors", "mean", "ci_low", "ci_high"}


def test_a_run_whose_gate_passes_exits_with_0_and_its_json_has_what_ci_reads(call, here):
    done = call("run", "passes", "--gate", "--json", "-")

    assert done.code == 0
    data = done.data
    assert data.keys() >= RUN_KEYS
    assert data["cells"].keys() >= CELL_KEYS
    assert (data["suite"], data["status"], data["cells"]["planned"]) == ("passes", "complete", 80)
    assert data["gate"]["status"] == "passed"
    assert data["cost_usd"] == pytest.approx(0.08)
    assert all(row.keys() >= RESULT_KEYS for row in data["results"])
    whole = {row["prompt"]: row for row in data["results"] if row["slice"] is None}
    assert (whole["weak"]["mean"], whole["strong"]["mean"]) == (0.5, 1.0)
    assert {row["slice"] for row in data["results"]} == {None, "kind=even", "kind=odd"}


@pytest.mark.parametrize(
    ("suite", "code"),
    [("passes", 0), ("fails", 1), ("close", 3), ("holes", 3)],
    ids=["passed", "failed", "undecided", "cells without an answer"],
)
def test_the_exit_code_of_show_with_gate_says_what_the_gate_said(call, finished, suite, code):
    assert call("show", finished.runs[suite], "--gate").code == code


def test_a_failed_gate_is_no_failure_where_nobody_asked_for_the_gate(call, finished):
    assert call("show", finished.runs["fails"]).code == 0


def test_missing_answers_are_listed_and_never_scored_as_0(call, finished):
    shown = call("show", finished.runs["holes"], "--json", "-")

    assert shown.data["cells"]["errors"] == 2
    assert [cell["case"] for cell in shown.data["error_cells"]] == ["c6", "c7"]
    whole = next(row for row in shown.data["results"] if row["slice"] is None)
    assert (whole["n"], whole["errors"], whole["mean"]) == (6, 2, 0.5)
    printed = call("show", finished.runs["holes"])
    assert "case c6" in printed.out and "missing_recording" in printed.out
    assert "Record what is missing and start a new run" in printed.err


def test_a_page_of_a_run_is_legible_at_80_columns_and_plain_in_a_pipe(call, finished, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for command in (("show", finished.runs["passes"], "--slices"), ("runs",), ("models",)):
        printed = call(*command).out
        assert "\x1b" not in printed
        assert max(map(len, printed.splitlines())) <= 80
        assert not any(line.endswith(" ") for line in printed.splitlines())
    rows = [line.split() for line in call("show", finished.runs["passes"]).out.splitlines()]
    assert ["weak@1", "accuracy", "50.0", "%", "34.1", "to", "65.9", "%", "40", "0"] in rows


def test_runs_are_listed_newest_first_each_with_its_id(call, finished):
    listed = call("runs", "--json", "-").data

    assert [row["run"] for row in listed] == list(finished.runs.values())[::-1]
    assert all({"run", "suite", "status", "cells", "cost_usd", "gate"} <= row.keys() for row in listed)
    assert [row["suite"] for row in call("runs", "--suite", "close", "--json", "-").data] == ["close"]
    assert len(call("runs", "--limit", "2", "--json", "-").data) == 2
    assert call("runs", "--search", "nothing-like-it").out.strip() == "No run fits."


def test_json_goes_to_a_file_and_the_page_to_the_terminal(call, finished, tmp_path):
    target = tmp_path / "out" / "run.json"
    shown = call("show", finished.runs["passes"], "--json", target)

    assert "Gate passed" in shown.out
    assert json.loads(target.read_text())["run"] == finished.runs["passes"]


def test_the_beginning_of_a_runs_id_is_enough_where_only_one_has_it(call, finished):
    run = finished.runs["passes"]
    assert call("show", run[:-1], "--json", "-").data["run"] == run
    several = call("show", run[:8])
    assert several.code == 2 and "Several runs start with" in several.err


def test_a_detached_run_prints_its_id_alone_and_can_be_followed_by_show(call, here):
    started = call("run", "close", "--detach")
    assert started.code == 0
    run = started.out.strip()
    assert call("runs", "--json", "-").data[0]["run"] == run
    cancelled = call("cancel", run, "--json", "-")
    assert cancelled.code == 0 and cancelled.data["run"] == run


def test_prompts_and_models_of_the_command_line_take_the_place_of_the_suites(call, here):
    chosen = call(
        "run", "passes", "--prompt", "strong@1", "--model", "offline/rules", "--repeats", "2", "--json", "-"
    )

    assert chosen.data["cells"]["planned"] == 80
    assert {(row["prompt"], row["version"], row["model"]) for row in chosen.data["results"]} == {
        ("strong", 1, "offline/rules")
    }


def test_a_gate_that_the_chosen_versions_cannot_answer_is_refused_before_anything_is_asked(call, here):
    refused = call("run", "passes", "--prompt", "strong", "--gate")
    assert refused.code == 2 and "does not have both" in refused.err
    without = call("run", "holes", "--gate")
    assert without.code == 2 and "has no gate" in without.err
    assert call("runs", "--json", "-").data == []


def test_answers_are_scored_again_with_the_suites_present_scorers(call, here):
    run = call("run", "fails", "--json", "-").data["run"]
    write_suite(here, "fails", {"strong": set(), "weak": set()}, gate=("weak", "strong"))

    again = call("rescore", run, "--gate", "--json", "-")
    assert again.code == 0, "the gate is turned round, and the answers are the old ones"
    assert again.data["gate"]["status"] == "passed"
    other = call("rescore", run, "--suite", "passes", "--gate", "--json", "-")
    assert (other.code, other.data["run"]) == (0, run)


def test_what_is_complete_is_not_resumed_and_what_ended_is_not_cancelled(call, finished):
    resumed = call("resume", finished.runs["passes"])
    assert resumed.code == 2 and "nothing to resume" in resumed.err
    cancelled = call("cancel", finished.runs["passes"])
    assert cancelled.code == 0 and "had ended already (complete)" in cancelled.out


def test_a_run_is_not_resumed_on_recordings_that_changed_meanwhile(call, here):
    run = call("run", "holes", "--json", "-").data["run"]
    write_suite(here, "holes", {"weak": set(range(8))}, cases=8)

    resumed = call("resume", run)
    assert resumed.code == 3
    # Where the lines are broken depends on how long the file's path is.
    assert "The recorded outputs changed since this run was started" in " ".join(resumed.out.split())


@pytest.mark.parametrize("option", [("--concurrency", "0"), ("--repeats", "0"), ("--max-cost", "-1")])
def test_limits_that_make_no_sense_are_refused(call, here, option):
    refused = call("run", "close", *option)
    assert refused.code == 2
    assert refused.out == "" and len(refused.err.strip().splitlines()) == 1
