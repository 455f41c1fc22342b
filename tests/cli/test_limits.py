"""Limits of a suite without a gate: every run is held to them, and with --gate they decide the exit code."""

from __future__ import annotations

import json

import pytest

# Each recorded answer costs 0.001 USD and takes 0.5 s; the time to its first token is not known.
FITS = {"cost_usd": 0.08, "p95_latency_s": 1, "errors": 0}


@pytest.fixture
def limited(here):
    """Return what gives a suite of the workspace limits and takes its gate away."""

    def write(suite: str, **limits) -> None:
        path = here / "evals" / suite / "suite.yaml"
        data = json.loads(path.read_text(encoding="utf-8"))
        data.pop("gate", None)
        path.write_text(json.dumps({**data, "limits": limits}), encoding="utf-8")

    return write


def test_a_run_without_a_gate_says_how_it_is_held_to_the_limits(call, limited):
    limited("passes", **FITS)
    run = call("run", "passes", "--json", "-")
    assert run.code == 0
    assert [(r["name"], r["status"]) for r in run.data["run_limits"]] == [
        ("limit cost", "passed"),
        ("limit latency", "passed"),
        ("limit errors", "passed"),
    ]
    shown = call("show", run.data["run"]).out
    assert "Limits of the suite" in shown and "passed the run's cost: $0.0800, at most $0.0800" in shown


@pytest.mark.parametrize(
    ("suite", "limits", "plain", "gated", "said"),
    [
        ("passes", FITS, 0, 0, "passed"),
        ("passes", {**FITS, "cost_usd": 0.07}, 0, 1, "failed the run's cost: $0.0800, above"),
        (
            "passes",
            {"p95_ttft_s": 1},
            0,
            3,
            "undecided the run's 95th percentile of the time to the first token",
        ),
        ("holes", {"errors": 1}, 3, 1, "failed the run's errors: 2 failed answers, 1 allowed"),
    ],
)
def test_with_gate_the_limits_alone_decide_the_exit_code(call, limited, suite, limits, plain, gated, said):
    limited(suite, **limits)
    run = call("run", suite)
    assert run.code == plain and said in " ".join(run.out.split())
    assert call("run", suite, "--gate").code == gated


def test_a_gate_has_the_suite_s_limits_among_its_rules_and_its_own_instead_of_them(call, here):
    path = here / "evals" / "passes" / "suite.yaml"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["gate"]["limits"] = {"cost_usd": 0.09}
    path.write_text(json.dumps({**data, "limits": {"cost_usd": 0.01, "errors": 0}}), encoding="utf-8")
    run = call("run", "passes", "--gate", "--json", "-")
    rules = {rule["name"]: rule["status"] for rule in run.data["gate"]["rules"]}
    assert run.code == 0 and rules["limit cost"] == rules["limit errors"] == "passed"
    assert run.data["run_limits"] == []


def test_a_misspelt_limit_is_refused(call, limited):
    limited("passes", p95_latency=1)
    refused = call("run", "passes")
    assert refused.code == 2 and 'perhaps "p95_latency_s" is meant' in " ".join(refused.err.split())


def test_every_report_of_a_run_without_a_gate_says_how_it_is_held_to_the_limits(call, limited):
    limited("passes", **{**FITS, "cost_usd": 0.07})
    run = call("run", "passes", "--json", "-").data["run"]
    written = {
        kind: call("report", run, "--format", kind).out for kind in ("markdown", "html", "junit", "github")
    }
    assert "- failed: the run's cost: $0.0800, above" in written["markdown"].replace("\\", "")
    assert '<span class="word failed">failed</span> the run&#x27;s cost: $0.0800, above' in written["html"]
    assert '<testsuite name="limits" tests="3" failures="1"' in written["junit"]
    assert "limits failed::the run's cost" in written["github"]
