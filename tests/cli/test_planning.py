"""Planning and runs until decided from the command line."""

from __future__ import annotations

import pytest


def test_a_plan_rests_on_what_earlier_runs_showed(call, finished):
    planned = call("plan", "passes", "--effect", "0.1", "--json", "-")

    assert planned.code == 0
    data = planned.data
    # Half of the 40 cases differ, with the one case each way that is added; 2 answers a case cost $0.001 each.
    assert 60 < data["needed"] < 420 and data["needed_cells"] == 2 * data["needed"]
    assert data["needed_usd"] == pytest.approx(0.002 * data["needed"])
    assert data["usd"] == pytest.approx(0.08) and data["cases"] == 40
    assert f"From run {finished.runs['passes']}" in data["rests_on"][0]
    assert "50.0 % of the cases" in data["rests_on"][0]
    printed = call("plan", "passes").out
    assert "To find 5.0 points 80 times in 100 takes about" in printed
    assert "equivalent within 2.0 points" in printed


def test_a_plan_without_any_run_says_what_it_assumes(call, here):
    planned = call("plan", "passes")
    assert planned.code == 0
    assert (
        "Assumed, as no finished run of passes holds two sides: they differ on 20 % of the cases."
        in planned.out
    )


def test_an_impossible_wish_is_refused_in_a_sentence(call, finished):
    refused = call("plan", "passes", "--power", "2")
    assert refused.code == 2 and "power of 2" in refused.err


def test_a_run_until_decided_ends_with_0_and_its_comparison_is_labelled(call, here):
    done = call("run", "passes", "--until-decided", "--gate", "--json", "-")
    assert done.code == 0
    used = done.data["sequential"]["used"]
    assert 5 <= used < 30 and done.data["sequential"]["verdict"] == "better"
    assert done.data["message"].startswith(f"Decided after {used} of 40 cases: ")
    assert done.data["cells"]["planned"] == done.data["cells"]["done"] < 80
    assert call("resume", done.data["run"]).code == 2

    run = done.data["run"]
    compared = call("compare", f"{run}:weak", f"{run}:strong", "--json", "-")
    assert compared.code == 0
    assert compared.data["sequential"]["used"] == used
    assert "always-valid interval" in compared.data["headline"]
    assert f"decided after {used} of 40 cases" in call("compare", f"{run}:weak", f"{run}:strong").out.replace(
        "\n", " "
    )


def test_a_run_until_decided_of_one_version_is_refused(call, here):
    refused = call("run", "holes", "--until-decided")
    assert refused.code == 2 and "exactly two versions or two models" in refused.err
