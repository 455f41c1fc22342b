"""A real request log as recorded outputs: its published percentiles, means and error counts come out of a run."""

from __future__ import annotations

import ast
import json

import pytest
from support.real_data import data_folder, rows
from support.small_workspace import write_prompt

from workbench import Workspace

#: The log's names of what a recorded answer has under ours.
QUANTITIES = {
    "end_to_end_latency_s": "latency_s",
    "ttft_s": "ttft_s",
    "number_input_tokens": "input_tokens",
    "number_output_tokens": "output_tokens",
}
PERCENTILES = ("p25", "p50", "p75", "p90", "p95", "p99")
KINDS = {429: "rate_limit", -100: "provider"}


def recorded(request: dict) -> dict:
    """Return a line of the log as a row of recorded outputs; what had arrived before an error stays in it."""
    row = {
        "id": f"r{request['i']}",
        "output": "",
        "latency_s": request["end_to_end_latency_s"],
        "ttft_s": request["ttft_s"],
        "usage": {"input": request["number_input_tokens"], "output": request["number_output_tokens"]},
    }
    if request["error_code"] is not None:
        row["error"] = {"kind": KINDS[request["error_code"]], "message": request["error_msg"] or "Refused"}
    return row


@pytest.fixture(scope="module")
def published() -> dict[str, dict]:
    return json.loads((data_folder("llmperf") / "published_summaries.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> dict[str, dict]:
    """Return the figures of a run over the log, by endpoint."""
    root = tmp_path_factory.mktemp("llmperf")
    write_prompt(root, "stream")
    folder = root / "evals" / "llmperf"
    folder.mkdir(parents=True)
    endpoints: dict[str, list[str]] = {}
    for request in rows(data_folder("llmperf") / "requests.jsonl"):
        name = f"{request['provider']}_{request['size']}"
        endpoints.setdefault(name, []).append(json.dumps(recorded(request)))
    for name, lines in endpoints.items():
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    cases = [json.dumps({"id": f"r{i}", "vars": {"question": "?"}}) for i in range(150)]
    (folder / "cases.jsonl").write_text("\n".join(cases), encoding="utf-8")
    models = "\n".join(f"  - {{id: recorded/{n}, label: {n}, outputs: {n}.jsonl}}" for n in endpoints)
    (folder / "suite.yaml").write_text(
        f"cases: cases.jsonl\nprompts: [stream]\nscorers: [latency]\nmodels:\n{models}\n", encoding="utf-8"
    )
    workspace = Workspace.open(root)
    try:
        record = workspace.runs.follow(workspace.runs.start("llmperf", concurrency=50).id)
        assert (record.status, record.done, record.errors) == ("complete", 1050, 229)
        return {row["model"]: row for row in workspace.runs.report(record.id)["figures"]}
    finally:
        workspace.close()


def test_every_published_percentile_mean_and_spread_comes_out(reported, published):
    compared = 0
    assert set(reported) == set(published)
    for endpoint, summary in published.items():
        for theirs, ours in QUANTITIES.items():
            spread = reported[endpoint]["spreads"][ours]
            for statistic in ("mean", "min", "max", "stddev"):
                assert spread[statistic] == pytest.approx(summary[f"results_{theirs}_{statistic}"], rel=1e-9), (
                    endpoint, ours, statistic,
                )  # fmt: skip
                compared += 1
            for percentile in PERCENTILES:
                expected = summary[f"results_{theirs}_quantiles_{percentile}"]
                assert spread["percentiles"][percentile] == pytest.approx(expected, rel=1e-9)
                compared += 1
    assert compared == 7 * 4 * 10


def test_errors_are_counted_by_kind_and_stay_outside_the_latency_figures(reported, published):
    for endpoint, summary in published.items():
        row = reported[endpoint]
        assert row["errors"] == summary["results_number_errors"]
        assert row["answers"] == summary["results_num_completed_requests"] == row["spreads"]["latency_s"]["n"]
        codes = ast.literal_eval(summary["results_error_code_frequency"])
        assert row["error_kinds"] == {KINDS[code]: number for code, number in codes.items()}
